"""What to try in the last view of the Training page; the answers are read off the trainings that are there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pages.kit.answer_words import signed
from pages.kit.stage import Old as Experiment
from pages.views.training.experiments import NO_MODEL
from pages.views.training.factorization import SEEN, SEEN_WORDS, config_of, fits_words, there
from pages.views.training.lesson import Lesson
from recemb_core.experiments.factorization import AT_LEAST

USUAL = {"factors": 32, "negatives": 5, "seen": 5}


def learned(lesson: Lesson) -> list[Experiment]:
    """Of the view of what is learned."""
    return [
        (
            "Noise as often as items occur (left), 32 dimensions. **How close do products come to PMI − log k?**",
            lambda: _close(lesson),
            {**USUAL, "exponent": 0.75},
        ),
        (
            "15 negatives a pair in place of 5. **Where does the cloud go?**",
            lambda: _shifted(lesson),
            {**USUAL, "negatives": 15, "exponent": 0.75},
        ),
        (
            "8 dimensions in place of 32. **Which lose more of r, all pairs or those seen often?**",
            lambda: _narrow(lesson),
            {**USUAL, "factors": 8, "exponent": 0.75},
        ),
        (
            "All pairs, seen once or oftener. **Is r that of pairs seen 5 times or oftener?**",
            lambda: _once(lesson),
            {**USUAL, "seen": 1, "exponent": 0.75},
        ),
    ]


def _close(lesson: Lesson) -> str:
    found = there(lesson, config_of(lesson))
    if found is None:
        return NO_MODEL
    least = SEEN.value(lesson.data)
    fits = found.fits(1.0, least)
    told = (
        f"r is **{fits_words(fits)}** over the {fits[0].pairs:,} pairs seen at least {SEEN_WORDS[least]} "
        f"({len(fits)} seeds), with a slope of {np.mean([one.slope for one in fits]):.2f} where the optimum has 1."
    )
    for exponent in found.config.exponents[1:]:
        told += (
            f" With exponent {exponent:g} it is {fits_words(found.fits(exponent, least))}: those products follow their "
            f"own noise instead (r {fits_words(found.fits(exponent, least, own=True))} against its optimum)."
        )
    return told


def _shifted(lesson: Lesson) -> str:
    config = config_of(lesson)
    found, usual = there(lesson, config), there(lesson, replace(config, model=replace(config.model, negative=5)))
    if found is None:
        return NO_MODEL
    least = SEEN.value(lesson.data)
    here = f"With k = {config.model.negative}, r is {fits_words(found.fits(1.0, least))}"
    if usual is None:
        return f"{here}. k = 5 is not trained yet, so there is nothing to compare with."
    # Products less PMI − log k stand still where the cloud moves by log k.
    fall = np.log(config.model.negative / 5) - np.mean([a.offset for a in found.fits(1.0, least)])
    fall += np.mean([b.offset for b in usual.fits(1.0, least)])
    return (
        f"Down, by **{fall:.2f}** on average over these pairs; log({config.model.negative}/5) is "
        f"{np.log(config.model.negative / 5):.2f}. {here}; with k = 5 it is {fits_words(usual.fits(1.0, least))}."
    )


def _narrow(lesson: Lesson) -> str:
    config = config_of(lesson)
    found, usual = there(lesson, config), there(lesson, replace(config, model=replace(config.model, dimensions=32)))
    if found is None:
        return NO_MODEL
    often = max((least for least, pairs in zip(AT_LEAST, found.pairs, strict=True) if pairs >= 30), default=1)
    told, lost = [], {}
    for least in dict.fromkeys((1, often)):
        at = "all pairs" if least == 1 else f"pairs seen at least {SEEN_WORDS[least]}"
        narrow = found.fits(1.0, least)
        if usual is None:
            told.append(f"{at}: r {fits_words(narrow)}")
            continue
        wide = usual.fits(1.0, least)
        lost[at] = float(np.mean([one.correlation for one in wide]) - np.mean([one.correlation for one in narrow]))
        told.append(f"{at}: r {fits_words(narrow)}, with 32 dimensions {fits_words(wide)}")
    more = ""
    if len(lost) == 2:
        most = max(lost, key=lambda at: lost[at])
        losses = ", ".join(f"{at} {signed(-loss, '.2f')}" for at, loss in lost.items())
        more = f" In r, {losses}: the larger loss is that of **{most}** (means of {len(found.fits(1.0, 1))} seeds)."
    return f"With {config.model.dimensions} dimensions, {'; '.join(told)}.{more}"


def _once(lesson: Lesson) -> str:
    found = there(lesson, config_of(lesson))
    if found is None:
        return NO_MODEL
    every, often = found.fits(1.0, 1), found.fits(1.0, 5)
    few = 1 - found.pairs[AT_LEAST.index(2)] / max(found.pairs[0], 1)
    return (
        f"Over all {every[0].pairs:,} pairs r is **{fits_words(every)}**, over those seen at least 5 times "
        f"{fits_words(often)}. {few:.0%} of the pairs were seen less than twice: how often they would come again, the "
        "log cannot say."
    )
