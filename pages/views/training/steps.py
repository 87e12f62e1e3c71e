"""Training, fifth view: skip-gram with negative sampling, one update at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, session, stage
from pages.kit.allowed import Options, Span, Steps
from pages.kit.live_chart import live_chart
from pages.kit.number_table import number_table
from pages.kit.parameters import Bound, Parameter
from pages.kit.text import plain
from pages.views.training.lesson import (
    SET,
    TRAINING_PAGE,
    Ask,
    Lesson,
    beside,
    items_of,
    load,
    named,
    noise_controls,
    pair_controls,
    partner_control,
    sequence_control,
    shown_sequence,
    staged,
)
from recemb_core.embeddings import training_pairs
from recemb_core.embeddings.pair_sources import DrawnPairs, PairSource, RepeatedPairs
from recemb_core.embeddings.training_steps import Gradients, StepConfig, StepTrainer, Watch, sigmoid, train_and_watch
from recemb_core.figures.pair_scores import pair_scores_figure
from recemb_core.figures.step_losses import step_losses_figure

RATES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5)
STEPS = (1, 10, 100, 1_000)
MOST = 20_000  # updates: about two seconds from a fresh start
PAIR, SEQUENCE, LOG = "pair", "sequence", "log"
SOURCES = {PAIR: "this pair", SEQUENCE: "one sequence", LOG: "the whole log"}

RATE = Parameter(
    TRAINING_PAGE,
    "rate",
    "Learning rate η",
    Steps(RATES),
    0.1,
    help="Length of a step. word2vec starts at 0.025; here 0.1, so that a hundred updates show something.",
)
SOURCE = Parameter(
    TRAINING_PAGE,
    "source",
    "Train on",
    Options(SOURCES),
    PAIR,
    help="The pair over and over; the pairs of one sequence, in turn; or pairs of the whole log, drawn anew.",
)
UPDATES = Parameter(TRAINING_PAGE, "updates", "Updates", Span(0, MOST), 100)


@dataclass(eq=False)
class Run:
    """A training as far as it has come; lives in the session."""

    key: tuple[Any, ...]
    trainer: StepTrainer
    watch: Watch
    source: PairSource
    last: Gradients | None = None


def section(lesson: Lesson, ask: Ask) -> None:
    """Buttons, scores, losses, the last update in numbers."""
    data = lesson.data
    main, side, numbers = staged("training-steps")
    index: int | None = None
    with side:
        source_kind = SOURCE.draw(data)
        RATE.draw(data)
        ask()
        partner = partner_control(lesson)
        if source_kind == SEQUENCE:
            index = sequence_control(lesson)
        with st.expander("Negatives and pairs"):
            noise_controls(lesson)
            pair_controls(lesson)
        controls.reset_button(data)
    with main:
        if partner is None:
            st.info(
                f"**{plain(lesson.name)}** never occurs beside another item, so it has no pair. Choose another item."
            )
            return
        source = _source(lesson, partner, index)
        if source is None:
            return
        run = advance(lesson, partner, source, index)
        with stage.picture():
            _buttons(lesson)
            _pictures(lesson, run)
        _last_update(lesson, run)
    scores = run.watch.scores[-1]
    frame.metrics(
        [
            ("Updates", f"{run.trainer.updates:,}", "Steps of gradient descent since the fresh start."),
            (
                "Score of the pair",
                f"{scores[0]:.3f}",
                f"σ(v′·v) of {plain(lesson.name)} with {plain(data.titles[partner])}.",
            ),
            (
                "Noise watched",
                f"{scores[1:].mean():.3f}" if len(scores) > 1 else "–",
                f"Mean σ(v′·v) of {plain(lesson.name)} with {len(scores) - 1} items: the first draw of negatives.",
            ),
            (
                "Loss now",
                f"{np.mean(run.watch.losses[-100:]):.2f}" if run.watch.losses else "–",
                f"Mean E of the last {min(100, len(run.watch.losses))} updates in nats; at the start "
                f"(1 + k)·log 2 = {(1 + lesson.negative) * np.log(2):.2f}.",
            ),
        ],
        numbers,
    )


def _source(lesson: Lesson, partner: int, index: int | None) -> PairSource | None:
    kind = SOURCE.value(lesson.data)
    if kind == LOG:
        return DrawnPairs(lesson.sequences, window=lesson.window, shrink=lesson.shrink, seed=session.seed())
    if kind == SEQUENCE:
        if index is None:
            st.info(f"No {lesson.unit} with **{plain(lesson.name)}** has 2 to 60 items. Train on the pair or the log.")
            return None
        return RepeatedPairs(np.column_stack(training_pairs(items_of(lesson, index), lesson.config)))
    return RepeatedPairs(np.array([[lesson.row, partner]]))


def step_config(lesson: Lesson) -> StepConfig:
    """What the step-by-step trainer is told."""
    return StepConfig(
        negative=lesson.negative,
        ns_exponent=lesson.exponent,
        learning_rate=RATE.value(lesson.data),
        seed=session.seed(),
    )


def advance(lesson: Lesson, partner: int, source: PairSource, index: int | None) -> Run:
    """The session's run, brought to the number of updates asked for; a fresh one where anything else was changed."""
    wanted = UPDATES.value(lesson.data)
    kind, config = SOURCE.value(lesson.data), step_config(lesson)
    drawn_by = (lesson.mode, lesson.width, lesson.shrink) if kind != PAIR else ()
    key = (lesson.sequences.fingerprint, kind, index, lesson.row, partner, config, drawn_by)
    run: Run | None = st.session_state.get("training_run")
    if run is None or run.key != key or run.trainer.updates > wanted:
        trainer = StepTrainer(lesson.sequences.counts, config)
        others = [int(row) for row in dict.fromkeys(trainer.negatives(0).tolist()) if row not in (partner, lesson.row)]
        run = Run(key, trainer, Watch(lesson.row, partner, tuple(others)), source)
    run.last = train_and_watch(run.trainer, run.source, wanted, run.watch) or run.last
    st.session_state["training_run"] = run
    return run


def _buttons(lesson: Lesson) -> None:
    updates = UPDATES.bind(lesson.data)
    done = updates.value
    with st.container(
        horizontal=True, vertical_alignment="center", key=re.sub(r"[^\w-]", "-", updates.key)
    ):  # as a widget of its own has
        st.markdown("Updates", width="content")
        for by in STEPS:
            st.button(
                f"+ {by:,}",
                key=f"step {by}@{lesson.data.key}",
                on_click=_more,
                args=(updates, by),
                disabled=done >= MOST,
                help=f"{by:,} more update{'s' * (by > 1)}",
                type="primary" if by == 1 else "secondary",
            )
        st.button(
            "Start again",
            key=f"again@{lesson.data.key}",
            on_click=_more,
            args=(updates, -MOST),
            disabled=done == 0,
            help="Back to the random start: v small, v′ zero.",
        )
    if done >= MOST:
        st.caption(f"{MOST:,} updates are the end here; start again, or change something.")


def _more(updates: Bound, by: int) -> None:
    updates.set(min(max(updates.value + by, 0), MOST))


def _pictures(lesson: Lesson, run: Run) -> None:
    data = lesson.data
    names = [data.titles[row] for row in (run.watch.context, *run.watch.others)]
    window = int(np.clip(len(run.watch.losses) // 5, 1, 100))
    scores = f"{named(lesson, lesson.row)} with **its context** and noise"
    for column, words, name, figure in zip(
        beside("scores-and-losses", (1, 1), "17rem"),
        (scores, "Loss of each update"),
        ("scores", "losses"),
        (pair_scores_figure(np.array(run.watch.scores), names), step_losses_figure(np.array(run.watch.losses), window)),
        strict=True,
    ):
        with column:
            st.markdown(words)
            live_chart(figure, key=f"{name}@{data.key}", height=350, above=356, glide=False)


def _last_update(lesson: Lesson, run: Run) -> None:
    trainer, found, data = run.trainer, run.last, lesson.data
    if found is None:
        st.info(
            "Nothing is trained yet: every v′ is zero, so every score is σ(0) = 0.5 and the model knows nothing. "
            "Press a button above."
        )
        return
    center = int(run.source.take(trainer.updates - 1, trainer.updates)[0, 0])
    rows, rate = found.targets.rows, trainer.config.learning_rate
    after = sigmoid(trainer.outputs[rows] @ trainer.vectors[center])
    v = trainer.vectors[center]
    st.markdown(
        f"**Update {trainer.updates:,}**: center {named(lesson, center)}, context {named(lesson, int(rows[0]))}, "
        f"{len(rows) - 1} negative{'s' * (len(rows) != 2)}; E = {found.loss:.3f}"
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        {
            "Scored item": [data.titles[int(row)] for row in rows],
            "y": [1] + [0] * (len(rows) - 1),
            "σ before": found.probabilities,
            "σ − y": found.errors,
            "Push on v′": rate * np.linalg.norm(found.outputs, axis=1),
            "σ after": after,
        },
        hide_index=True,
        height=38 + 35 * len(rows),
        column_config={
            "y": number(width=36, help="Wanted: 1 for the true context, 0 for noise."),
            "σ before": number(format="%.4f", help="σ(v′·v), before this update."),
            "σ − y": number(format="%.4f", help="Below 0: the score is too low and is pushed up."),
            "Push on v′": number(format="%.5f", help="η·|∂E/∂v′| = η·|σ − y|·|v|: how far the output vector moved."),
            "σ after": number(format="%.4f", help="σ(v′·v) with both vectors moved."),
        },
    )
    moved = -rate * found.center
    st.html(
        number_table(
            [f"{data.titles[center]} ", *(str(c + 1) for c in range(len(v)))],
            [("v before", v - moved), ("− η · ∂E/∂v", moved), ("v after", v)],
            digits=3,
        )
    )
    if trainer.updates == 1:
        st.caption("In the first update v cannot move: its gradient is Σ (σ − y)·v′, and every v′ is still zero.")


def words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "Training starts from nothing: each input vector *v* is small and random, each output vector *v′* zero. One "
        "**update** takes a pair (*c*, *o*) and *k* noise items $w_j$, computes the loss $E = -\\log \\sigma(v'_o "
        "\\cdot v_c) - \\sum_j \\log \\sigma(-v'_{w_j} \\cdot v_c)$ and moves each vector a little way down its slope. "
        "$\\sigma(x) = 1/(1 + e^{-x})$ turns an inner product into a score between 0 and 1; the wanted answer *y* is 1 "
        "for the true context and 0 for noise.\n\n"
        "The slope is simple: **∂E/∂v′ = (σ − y)·v** and **∂E/∂v = Σ (σ − y)·v′**. The error σ − y is negative for the "
        "true context, whose v′ is pulled towards *v*, and positive for noise, which is pushed away. Where the score "
        "is right, the error is near 0 and nothing moves.\n\n"
        "**Larger η**: faster, and from some point on it overshoots. **More negatives**: more pushes for each pull. "
        f"These are true updates in {step_config(lesson).dimensions} dimensions, the same for the same seed; the "
        "trainers make millions of them in compiled code."
    )


def as_python(lesson: Lesson) -> list[str]:
    """The same run."""
    partner = partner_control(lesson, draw=False)
    if partner is None:
        return [*load(lesson), "print(sequences.counts)"]
    kind, config = SOURCE.value(lesson.data), step_config(lesson)
    index = shown_sequence(lesson) if kind == SEQUENCE else None
    if kind == SEQUENCE and index is None:
        return [*load(lesson), "print(sequences.lengths)"]
    items = lesson.data.items
    made = {
        PAIR: "source = RepeatedPairs(np.array([[center, context]]))",
        SEQUENCE: f"source = RepeatedPairs(np.column_stack(training_pairs(sequences[{index}], config)))",
        LOG: f"source = DrawnPairs(sequences, window={lesson.window}, shrink={lesson.shrink}, seed={session.seed()})",
    }
    source = "DrawnPairs" if kind == LOG else "RepeatedPairs"
    pairs = "Item2VecConfig" if lesson.mode == SET else "Word2VecConfig"
    return [
        "import numpy as np",
        *load(
            lesson,
            *([f"from recemb_core.embeddings import {pairs}, training_pairs"] if kind == SEQUENCE else []),
            f"from recemb_core.embeddings.pair_sources import {source}",
            "from recemb_core.embeddings.training_steps import StepConfig, StepTrainer, Watch, train_and_watch",
        ),
        f"center, context = sequences.items.rows([{items[lesson.row]!r}, {items[partner]!r}]).tolist()",
        *([f"config = {lesson.config_words}"] if kind == SEQUENCE else []),
        made[kind],
        f"steps = StepConfig(negative={config.negative}, ns_exponent={config.ns_exponent:g}, "
        f"learning_rate={config.learning_rate:g}, seed={config.seed})",
        "trainer = StepTrainer(sequences.counts, steps)",
        "watch = Watch(center, context, tuple(trainer.negatives(0).tolist()))",
        f"last = train_and_watch(trainer, source, {UPDATES.value(lesson.data)}, watch)",
        "print(watch.scores[-1], watch.losses[-1:])",
    ]
