"""Training, last view: v · v′ of every pair against PMI − log k, which negative sampling factorizes unasked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, jobs, model_results, results, session, stage
from pages.kit.allowed import Options
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.text import plain
from pages.views.training.lesson import (
    EXPONENT,
    NEGATIVES,
    SET,
    TRAINING_PAGE,
    Ask,
    Lesson,
    beside,
    load,
    named,
    pair_controls,
    staged,
)
from recemb_core import precomputed
from recemb_core.experiments.factorization import (
    AT_LEAST,
    Factorization,
    FactorizationConfig,
    Fit,
    factorization,
    trained_long,
)
from recemb_core.figures.factorization import factorization_figure

SEEDS = 3
PRODUCT = "v · v′ of the pair, trained with noise drawn by count to the power of a; first of the seeds."
OWN_EXPONENT = 0.75  # the classes' default: every training has its exponent set, and results are found by one config
DIMENSIONS = Parameter(
    TRAINING_PAGE,
    "factors",
    "Dimensions",
    Options((2, 4, 8, 16, 32, 64, 128)),
    32,
    help="d, the length of v and v′. The fewer, the less of the table of all pairs they can hold.",
)
SEEN_WORDS = dict(zip(AT_LEAST, ("once", *(f"{n} times" for n in AT_LEAST[1:])), strict=True))
SEEN = Parameter(
    TRAINING_PAGE,
    "seen",
    "Pairs seen at least",
    Options(SEEN_WORDS),
    5,
    help="In one pass over the log. The PMI of a pair that was seen once is mostly chance.",
)


def config_of(lesson: Lesson) -> FactorizationConfig:
    """The trainings that the view shows."""
    exponents = (1.0,) if lesson.exponent == 1.0 else (1.0, lesson.exponent)
    model = replace(lesson.config, dimensions=DIMENSIONS.value(lesson.data), ns_exponent=OWN_EXPONENT)
    asked = FactorizationConfig(model=model, exponents=exponents, seeds=SEEDS)
    key = ("factorization config", lesson.sequences.fingerprint, asked)
    return results.remember(lesson.data, key, lambda: trained_long(lesson.sequences, asked))


def identity(lesson: Lesson, config: FactorizationConfig) -> tuple[str, str, FactorizationConfig]:
    """What a result is found by."""
    return ("factorization", lesson.sequences.fingerprint, config)


def there(lesson: Lesson, config: FactorizationConfig) -> Factorization | None:
    """The trainings of a config, where they are there."""
    found: Factorization | None = results.results(lesson.data).get(identity(lesson, config))
    return found or precomputed.load_factorization(lesson.sequences, config)


def shown(lesson: Lesson) -> Factorization | None:
    """What there is to show; of the last settings until those in use are trained."""
    data, config = lesson.data, config_of(lesson)
    key, model, runs = identity(lesson, config), config.model, len(config.exponents) * config.seeds
    seconds = runs * model_results.model_seconds(data, model, len(data.items))
    job = Job(
        key,
        f"{runs} trainings, {model.dimensions} dimensions, k = {model.negative}",
        seconds,
        lambda report: results.compute(
            data, key, factorization, lesson.sequences, config, seconds=seconds, progress=report, reports=True
        ),
    )
    waiting = "Vectors and their products with these settings are not there yet."
    found, _ = jobs.result(
        data, "factorization", job, ready=lambda key: there(lesson, key[2]), verb="Train", waiting=waiting
    )
    return found


def section(lesson: Lesson, ask: Ask) -> None:
    """The density of one noise exponent beside the other's, and the pairs of the chosen item."""
    main, side, numbers = staged("training-factorization")
    with side:
        NEGATIVES.draw(lesson.data)
        DIMENSIONS.draw(lesson.data)
        least = SEEN.draw(lesson.data)
        ask()
        with st.expander("Noise and pairs"):
            EXPONENT.draw(lesson.data)
            pair_controls(lesson)
        controls.reset_button(lesson.data)
    with main:
        found = shown(lesson)
        if found is None:
            return
        _densities(lesson, found, least)
        _partners(lesson, found)
    frame.metrics(_numbers(found, least), numbers)


def fits_words(fits: list[Fit]) -> str:
    """r, or its range over the seeds where these differ."""
    values = [one.correlation for one in fits]
    if not np.isfinite(values).all():
        return "–"
    return " to ".join(dict.fromkeys(f"{end:.3f}" for end in (min(values), max(values))))


def _mean(fits: list[Fit]) -> str:
    value = float(np.mean([one.correlation for one in fits]))
    return f"{value:.3f}" if np.isfinite(value) else "–"


def _numbers(found: Factorization, least: int) -> list[tuple[str, str, str]]:
    at_one = found.fits(1.0, least)
    k = found.config.model.negative
    told = [
        (
            "r, exponent 1",
            _mean(at_one),
            f"Pearson's correlation of v · v′ and PMI − log k over {at_one[0].pairs:,} pairs, each once; mean of "
            f"{len(at_one)} seeds, from {fits_words(at_one)}.",
        )
    ]
    for exponent in found.config.exponents[1:]:
        fits = found.fits(exponent, least)
        told.append(
            (
                f"r, exponent {exponent:g}",
                _mean(fits),
                f"The same with noise drawn by count to the power of {exponent:g}; seeds from {fits_words(fits)}. By "
                f"this noise's own optimum, log P(j | i) / pₙ(j) − log k, r is "
                f"{fits_words(found.fits(exponent, least, own=True))}.",
            )
        )
    return [
        *told,
        (
            "Slope",
            f"{np.mean([one.slope for one in at_one]):.2f}",
            "Of the line through the left picture, mean of the seeds; 1 at the optimum.",
        ),
        ("log k", f"{np.log(k):.2f}", f"k = {k} negatives a pair: the whole cloud stands lower by so much."),
        (
            "Pairs",
            f"{at_one[0].pairs:,}",
            f"Ordered pairs seen at least {SEEN_WORDS[least]} in a pass, of {found.pairs[0]:,} seen at all.",
        ),
    ]


def _densities(lesson: Lesson, found: Factorization, least: int) -> None:
    level, exponents = AT_LEAST.index(least), found.config.exponents
    if not found.pairs[level]:
        st.info(f"No pair of this log was seen {least} times. Choose fewer under *Pairs seen at least*.")
        return
    k = found.config.model.negative
    partners, names = found.partners[lesson.row], lesson.data.titles
    known = partners >= 0
    with stage.picture():
        places = beside("densities", (1,) * len(exponents), "17rem")
    for e, (place, exponent) in enumerate(zip(places, exponents, strict=True)):
        figure = factorization_figure(
            found.density[e, level],
            found.x,
            found.y,
            name=f"noise exponent {exponent:g}",
            across=f"PMI − log {k}",
            own=(
                found.expected[lesson.row][known].tolist(),
                found.products[e, lesson.row][known].tolist(),
                [names[int(one)] for one in partners[known]],
            ),
        )
        with place:
            st.markdown(f"**Noise exponent {exponent:g}**")
            live_chart(figure, key=f"factorization {e}@{lesson.data.key}", height=446, above=272, glide=False)
    st.caption(
        f"{found.pairs[level]:,} pairs of an item and a context, those seen at least {SEEN_WORDS[least]}, by "
        "their place in both; first of the seeds. Dashed: where v · v′ is exactly PMI − log k. Rings: the pairs that "
        f"the log has most of {plain(lesson.name)}, listed below."
    )


def _partners(lesson: Lesson, found: Factorization) -> None:
    rows = [i for i, partner in enumerate(found.partners[lesson.row]) if partner >= 0]
    if not rows:
        st.info(f"**{plain(lesson.name)}** never occurs beside another item, so it has no pair. Choose another item.")
        return
    number = st.column_config.NumberColumn
    st.markdown(f"Contexts that the log has most of {named(lesson, lesson.row)}")
    columns: dict[str, Any] = {
        "Context": [lesson.data.titles[int(found.partners[lesson.row][i])] for i in rows],
        "Times": [float(found.times[lesson.row][i]) for i in rows],
        "PMI − log k": [float(found.expected[lesson.row][i]) for i in rows],
    }
    for e, exponent in enumerate(found.config.exponents):
        columns[f"a = {exponent:g}"] = [float(found.products[e, lesson.row][i]) for i in rows]
    st.dataframe(
        columns,
        hide_index=True,
        height=38 + 35 * len(rows),
        column_config={name: number(format="%.2f", help=PRODUCT) for name in list(columns)[3:]}
        | {
            "PMI − log k": number(format="%.2f", help="What v · v′ is at the optimum with noise exponent 1."),
            "Times": number(format="%.10g", help="In one pass over the log; expected, where windows shrink at random."),
        },
    )


def words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "Nobody tells skip-gram to count anything. Yet for one pair *i, j* alone, negative sampling stops pushing "
        "where $v_i \\cdot v'_j = \\log \\frac{P(j|i)}{p_n(j)} - \\log k$: how much more often *j* stands beside *i* "
        "than the noise draws it, less the logarithm of the number of negatives. With noise drawn as often as an item "
        "occurs (**exponent 1**) that is the pair's *pointwise mutual information*, **PMI − log k** (Levy & Goldberg "
        "2014): the two tables of vectors factorize a table of counts. PPMI-SVD, on the Neighbors page, factorizes it "
        "outright.\n\n"
        "**More negatives**: the cloud sinks by log k and keeps its shape. **Exponent below 1**: rare contexts are "
        "drawn more often than they occur, so their products end lower, and the cloud leaves the line. **Fewer "
        "dimensions**: not every product can have its own value; pairs seen often are met first. **Pairs seen "
        f"once**: their PMI is mostly chance, and a small table cannot learn it. Pairs of {named(lesson, lesson.row)} "
        "that the log never has would have PMI −∞; they are not in the picture."
    )


def as_python(lesson: Lesson) -> list[str]:
    """The trainings, and the correlation by seed."""
    config = config_of(lesson)
    kind = "Item2VecConfig" if lesson.mode == SET else "Word2VecConfig"
    model = config.model
    made = (
        f"{lesson.config_words[:-1]}, dimensions={model.dimensions}, epochs={model.epochs}, negative={model.negative}, "
        f"subsample=0, seed={session.seed()})"
    )
    return [
        *load(
            lesson,
            f"from recemb_core.embeddings import {kind}",
            "from recemb_core.experiments.factorization import FactorizationConfig, factorization",
        ),
        f"model = {made}",
        f"found = factorization(sequences, FactorizationConfig(model=model, exponents={config.exponents!r}, "
        f"seeds={config.seeds}))",
        f"for fit in found.fits(1.0, at_least={SEEN.value(lesson.data)}):",
        "    print(fit.pairs, fit.correlation, fit.slope)",
    ]
