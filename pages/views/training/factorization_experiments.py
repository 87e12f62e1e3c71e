"""What to try in the last view of the Training page; the answers are read off the trainings that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pages.kit.answer_words import counted
from pages.kit.stage import Answer, Experiment, Verdict
from pages.views.training.experiments import NO_MODEL
from pages.views.training.factorization import SEEN, SEEN_WORDS, config_of, fits_words, there
from pages.views.training.lesson import Lesson
from recemb_core.experiments.factorization import AT_LEAST, Factorization, Fit

FEWER = "Fewer under *Pairs seen at least* shows the others."
USUAL = {"factors": 32, "negatives": 5, "seen": 5}


def learned(lesson: Lesson) -> list[Experiment]:
    """Of the view of what is learned."""
    return [
        Experiment(
            "Noise as often as items occur (left), 32 dimensions. **How close do products come to PMI − log k?**",
            ("Close: r above 0.9", "Roughly: r from 0.5 to 0.9", "Hardly: r below 0.5"),
            lambda: _close(lesson), USUAL,
        ),
        Experiment(
            "15 negatives a pair in place of 5. **Where does the cloud go?**",
            ("Up", "Down", "It stays"), lambda: _shifted(lesson), {**USUAL, "negatives": 15},
        ),
        Experiment(
            "8 dimensions in place of 32. **Which pairs come less close to PMI now, all or those seen often?**",
            ("All pairs lose more", "Those seen often lose more", "Neither, by the spread of the seeds"),
            lambda: _narrow(lesson), {**USUAL, "factors": 8},
        ),
        Experiment(
            "All pairs, those seen once included. **What does r do, against pairs seen 5 times?**",
            ("It rises", "It falls", "No change beyond the seeds"), lambda: _once(lesson), {**USUAL, "seen": 1},
        ),
    ]  # fmt: skip


def _trained(lesson: Lesson) -> Factorization | None:
    """What is shown, where it is the trainings that are asked for."""
    return there(lesson, config_of(lesson))


def _r(fits: Sequence[Fit]) -> list[float]:
    return [one.correlation for one in fits]


def _nothing(found: Factorization, least: int) -> str:
    """Why the pairs seen so often have no r that says something; "" where they have."""
    fits = found.fits(1.0, least)
    if fits[0].pairs < 3:  # two points always lie on a line
        few = counted(fits[0].pairs, "pair") if fits[0].pairs else "No pair"
        return f"{few} of this log {'were' if fits[0].pairs == 2 else 'was'} seen {SEEN_WORDS[least]} or more: no r"
    if not np.isfinite(_r(fits)).all():
        return f"All pairs seen at least {SEEN_WORDS[least]} have the same PMI: no r"
    return ""


def _apart(now: Sequence[float], before: Sequence[float]) -> int:
    """0: every seed's value is above every one before, 1: below, 2: they meet."""
    return 0 if min(now) > max(before) else 1 if max(now) < min(before) else 2


def loses_more(one: Sequence[float], other: Sequence[float]) -> int:
    """0: the first loses more by every seed, 1: the other, 2: neither; what gains less has lost nothing."""
    right = _apart(one, other)
    return right if right == 2 or np.mean((one, other)[right]) > 0 else 2


def _close(lesson: Lesson) -> Answer:
    found = _trained(lesson)
    if found is None:
        return Verdict(NO_MODEL)
    least = SEEN.value(lesson.data)
    if missing := _nothing(found, least):
        return Verdict(f"{missing} to speak of. {FEWER}")
    fits = found.fits(1.0, least)
    r = _r(fits)
    more = ""
    for exponent in found.config.exponents[1:]:
        more += (
            f"With exponent {exponent:g} it is {fits_words(found.fits(exponent, least))}: those products follow their "
            f"own noise instead (r {fits_words(found.fits(exponent, least, own=True))} against its optimum)."
        )
    return Verdict(
        f"r is **{fits_words(fits)}** over the {fits[0].pairs:,} pairs seen at least {SEEN_WORDS[least]} "
        f"({len(fits)} seeds), with a slope of {np.mean([one.slope for one in fits]):.2f} where the optimum has 1.",
        tuple(sorted({0 if one > 0.9 else 1 if one >= 0.5 else 2 for one in r})),
        more,
    )


def _shifted(lesson: Lesson) -> Answer:
    config = config_of(lesson)
    found, usual = there(lesson, config), there(lesson, replace(config, model=replace(config.model, negative=5)))
    if found is None:
        return Verdict(NO_MODEL)
    least = SEEN.value(lesson.data)
    if not found.fits(1.0, least)[0].pairs:
        return Verdict(f"No pair of this log was seen {SEEN_WORDS[least]} or more: there is no cloud. {FEWER}")
    here = f"With k = {config.model.negative}, r is {fits_words(found.fits(1.0, least))}"
    if usual is None:
        return Verdict(f"{here}. k = 5 is not trained yet, so there is nothing to compare with.")
    # Products less PMI − log k stand still where the cloud moves by log k.
    falls = np.log(config.model.negative / 5) - np.array([one.offset for one in found.fits(1.0, least)])
    falls = falls + np.array([one.offset for one in usual.fits(1.0, least)])
    return Verdict(
        f"By **{falls.mean():.2f}** on average over these pairs ({falls.min():.2f} to {falls.max():.2f} by seed); "
        f"log({config.model.negative}/5) is {np.log(config.model.negative / 5):.2f}.",
        1 if falls.min() > 0 else 0 if falls.max() < 0 else 2,
        f"{here}; with k = 5 it is {fits_words(usual.fits(1.0, least))}.",
    )


def _narrow(lesson: Lesson) -> Answer:
    config = config_of(lesson)
    found, usual = there(lesson, config), there(lesson, replace(config, model=replace(config.model, dimensions=32)))
    if found is None:
        return Verdict(NO_MODEL)
    often = max((least for least, pairs in zip(AT_LEAST, found.pairs, strict=True) if pairs >= 30), default=1)
    told, lost = [], []
    for least in dict.fromkeys((1, often)):
        at = f"seen at least {SEEN_WORDS[least]}: r {fits_words(found.fits(1.0, least))}"
        wide = "" if usual is None else f", with 32 dimensions {fits_words(usual.fits(1.0, least))}"
        told.append(at + wide)
        if usual is not None:
            lost.append(np.array(_r(usual.fits(1.0, least))) - np.array(_r(found.fits(1.0, least))))
    said = f"With {config.model.dimensions} dimensions, {'; '.join(told)}."
    if often == 1:
        return Verdict(f"{said} Fewer than 30 pairs were seen twice or more, too few to be compared with all.")
    if len(lost) < 2 or not all(np.isfinite(one).all() for one in lost):
        return Verdict(said)
    return Verdict(said, loses_more(lost[0].tolist(), lost[1].tolist()))


def _once(lesson: Lesson) -> Answer:
    found = _trained(lesson)
    if found is None:
        return Verdict(NO_MODEL)
    every, often = found.fits(1.0, 1), found.fits(1.0, 5)
    few = 1 - found.pairs[AT_LEAST.index(2)] / max(found.pairs[0], 1)
    missing = _nothing(found, 1) or _nothing(found, 5)
    if missing:
        return Verdict(f"Over all {every[0].pairs:,} pairs r is **{fits_words(every)}**. {missing} to compare with.")
    return Verdict(
        f"Over all {every[0].pairs:,} pairs r is **{fits_words(every)}**, over those seen at least 5 times "
        f"{fits_words(often)} ({len(every)} seeds).",
        _apart(_r(every), _r(often)),
        f"{few:.0%} of the pairs were seen less than twice: how often they would come again, the log cannot say.",
    )
