"""Training, view of CBOW beside skip-gram: one window, both ways, and which table rows get which gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, results, stage
from pages.kit.allowed import Options
from pages.kit.live_chart import live_chart
from pages.kit.number_table import number_table
from pages.kit.parameters import Parameter
from pages.kit.text import plain
from pages.views.training.lesson import (
    LONGEST,
    SET,
    SHRINK,
    TRAINING_PAGE,
    WIDTH,
    Ask,
    Lesson,
    beside,
    items_of,
    load,
    mode_control,
    named,
    noise_controls,
    sequence_control,
    shown_sequence,
    staged,
)
from pages.views.training.steps import RATE, step_config
from pages.views.training.window import CENTER, pair_places
from recemb_core.arrays import Int64Array
from recemb_core.embeddings.window_steps import (
    WINDOW_METHODS,
    WindowGradients,
    WindowMethod,
    window_gradients,
    window_tables,
)
from recemb_core.figures.window_network import Ball, window_network_figure

TRAINED = Parameter(
    TRAINING_PAGE,
    "windows",
    "Windows trained before",
    Options((0, 100, 1_000, 3_000, 20_000)),
    3_000,
    help="At random places of the log, by each method from the same start, before this window. At 0 every v′ is 0.",
)
WORDS: dict[WindowMethod, str] = {"skip_gram": "Skip-gram", "cbow": "CBOW"}
SECONDS = 4e-5  # of a window, about
LISTED = 6  # rows that a picture names
DRAWS = 6  # of the seed, for the noise of the window shown


@dataclass(frozen=True, eq=False)
class Window:
    """The window shown, with both methods' gradients as things stand."""

    lesson: Lesson
    center: int
    contexts: Int64Array
    before: dict[WindowMethod, Any]
    found: dict[WindowMethod, WindowGradients]

    @property
    def skip_gram(self) -> WindowGradients:
        return self.found["skip_gram"]

    @property
    def cbow(self) -> WindowGradients:
        return self.found["cbow"]

    @property
    def noise(self) -> int:
        """Noise items that CBOW scores here."""
        return len(self.cbow.scored.targets.rows) - 1

    def pushes(self, method: WindowMethod) -> dict[int, float]:
        """Row of v′ → length of its gradient; a row drawn twice has the sum of both."""
        scored = self.found[method].scored
        rows = np.unique(scored.targets.rows)
        return {int(row): float(np.linalg.norm(scored.outputs[scored.targets.rows == row].sum(axis=0))) for row in rows}

    def pulls(self, method: WindowMethod) -> dict[int, float]:
        """Row of v → length of its gradient."""
        found = self.found[method]
        return dict(zip(found.rows.tolist(), np.linalg.norm(found.inputs, axis=1).tolist(), strict=True))


def shown_window(lesson: Lesson) -> Window | None:
    """The window at the place that the session has; None where the chosen item stands in no sequence with two items."""
    index = shown_sequence(lesson)
    if index is None:
        return None
    items = items_of(lesson, index)
    place = CENTER.bind(lesson.data, default=min(3, len(items)))
    at = min(place.value, len(items)) - 1
    centers, others = pair_places(lesson, index)
    contexts = items[others[centers == at]].astype(np.int64)
    if not len(contexts):
        return None
    config, windows = step_config(lesson), TRAINED.value(lesson.data)
    before, found = {}, {}
    for method in WINDOW_METHODS:
        key = ("window tables", lesson.sequences.fingerprint, method, config, lesson.window, windows)
        v, out, noise = results.compute(
            lesson.data,
            key,
            window_tables,
            lesson.sequences,
            method,
            config,
            window=lesson.window,
            windows=windows,
            noise_for=LONGEST,
            draws=DRAWS,
            seconds=windows * SECONDS,
            what="the windows before",
        )
        drawn = noise[:1] if method == "cbow" else noise[: len(contexts)]
        before[method] = v, out
        found[method] = window_gradients(method, int(items[at]), contexts, v, out, drawn)
    return Window(lesson, int(items[at]), contexts, before, found)


def section(lesson: Lesson, ask: Ask) -> None:
    """Two pictures of one window, the rows that move, and the numbers of one context."""
    data = lesson.data
    main, side, numbers = staged("training-cbow")
    with side:
        TRAINED.draw(data)
        mode_control(lesson)
        if lesson.mode != SET:
            WIDTH.draw(data)
        ask()
        index = sequence_control(lesson)
        if index is not None:
            length = len(items_of(lesson, index))
            place = CENTER.bind(data, default=min(3, length))
            place.set(min(place.value, length))
            place.draw(offered=(1, max(length, 2)))
        with st.expander("Noise and rate"):
            if lesson.mode != SET:
                SHRINK.draw(data)
            noise_controls(lesson)
            RATE.draw(data)
        controls.reset_button(data)
    with main:
        window = shown_window(lesson) if index is not None else None
        if window is None:
            st.info(
                f"No {lesson.unit} with **{plain(lesson.name)}** has 2 to 60 items and a context here, so there is no "
                "window to show. Choose another item in the sidebar, or another center."
            )
            return
        with stage.picture():
            _pictures(window)
        st.caption(
            "Lines on the left: how far the row of v is moved. On the right: |σ − y|, blue pulls the score up, orange "
            "pushes it down; of noise items, the mean. One step on the tables that each method has trained so far, all "
            "gradients taken before it."
        )
        _rows(window)
        _one_context(window)
    m, k = len(window.contexts), lesson.negative
    frame.metrics(
        [
            ("Contexts m", f"{m}", "Items around the center, in this window."),
            (
                "Rows of v that move",
                f"{_moved(window, 'skip_gram')} · {_moved(window, 'cbow')}",
                "Skip-gram · CBOW: the center's row alone, or the row of every context.",
            ),
            (
                "Scores",
                f"{len(window.skip_gram.scored.scores)} · {len(window.cbow.scored.scores)}",
                f"Inner products with v′, skip-gram · CBOW: m·(1 + k) against 1 + k, k = {k}; a noise item that is the "
                "wanted one is left out.",
            ),
            (
                "Loss by prediction",
                f"{window.skip_gram.scored.loss / m:.2f} · {window.cbow.scored.loss:.2f}",
                f"E in nats, skip-gram (mean over its {m} predictions) · CBOW (its only one); untrained both have "
                f"(1 + k)·log 2 = {(1 + k) * np.log(2):.2f}.",
            ),
        ],
        numbers,
    )


def _moved(window: Window, method: WindowMethod) -> int:
    return sum(length > 0 for length in window.pulls(method).values())


def _pictures(window: Window) -> None:
    data, titles = window.lesson.data, window.lesson.data.titles
    contexts = list(dict.fromkeys(window.contexts.tolist()))
    columns = beside("two-networks", (1, 1), "17rem")
    for column, method in zip(columns, WINDOW_METHODS, strict=True):
        pulls, found = window.pulls(method), window.found[method]
        most = max([*pulls.values(), 1e-12])
        kinds = ("center", "context") if method == "skip_gram" else ("context", "center")
        rows = [window.center] if method == "skip_gram" else contexts
        inputs = _folded(
            [Ball(titles[row], f"|∂E/∂v| {pulls[row]:.3f}", kinds[0], pulls[row] / most) for row in rows], "context"
        )
        scored = found.scored
        wanted = scored.targets.labels == 1
        outputs = _folded(
            [
                Ball(titles[int(row)], f"σ {p:.2f}, wanted 1", kinds[1], 1 - float(p))
                for row, p in zip(scored.targets.rows[wanted], scored.probabilities[wanted], strict=True)
            ],
            "context",
        )
        if not wanted.all():
            p = scored.probabilities[~wanted]
            outputs.append(Ball(f"{len(p)} noise items", f"σ {p.mean():.2f}, wanted 0", "noise", -float(p.mean())))
        middle = "v itself" if method == "skip_gram" else f"h, mean of {len(window.contexts)}"
        told = "the center predicts each context" if method == "skip_gram" else "the contexts' mean predicts the center"
        with column:
            st.markdown(f"**{WORDS[method]}**: {told}")
            figure = window_network_figure(
                inputs, middle, outputs, title=f"{WORDS[method]}: {told}", file_name=f"window {method}"
            )
            live_chart(figure, key=f"{method} window@{data.key}", height=430, above=290, glide=False)


def _folded(balls: list[Ball], kind: str) -> list[Ball]:
    """The first few, and the others as one."""
    if len(balls) <= LISTED:
        return balls
    rest = balls[LISTED - 1 :]
    mean = float(np.mean([abs(ball.force) for ball in rest]))
    return [*balls[: LISTED - 1], Ball(f"{len(rest)} more", "in the table below", kind, mean)]


def _rows(window: Window) -> None:
    titles = window.lesson.data.titles
    st.markdown("**Which rows of the two tables get a gradient**, and how long it is")
    rows: list[tuple[str, str, str, float | None, float | None]] = []
    contexts = list(dict.fromkeys(window.contexts.tolist()))
    for table, lengths in (
        ("v", {method: window.pulls(method) for method in WINDOW_METHODS}),
        ("v′", {method: window.pushes(method) for method in WINDOW_METHODS}),
    ):
        every = list(dict.fromkeys([window.center, *contexts]))
        others = sorted({row for found in lengths.values() for row in found} - set(every))
        for row in [*every, *others]:
            role = "center" if row == window.center else "context" if row in contexts else "noise"
            rows.append((table, titles[row], role, lengths["skip_gram"].get(row), lengths["cbow"].get(row)))
    number = st.column_config.NumberColumn
    st.dataframe(
        {name: [row[i] for row in rows] for i, name in enumerate(("Table", "Row", "Role", "Skip-gram", "CBOW"))},
        hide_index=True,
        placeholder="–",
        height=min(38 + 35 * len(rows), 320),
        column_config={
            "Table": st.column_config.TextColumn(width=60),
            "Skip-gram": number(format="%.4f", help="|∂E/∂row|; – where the row takes no part."),
            "CBOW": number(format="%.4f", help="|∂E/∂row|; – where the row takes no part."),
        },
    )


def _one_context(window: Window) -> None:
    context, titles = int(window.contexts[0]), window.lesson.data.titles
    share = window.cbow.inputs[int(np.flatnonzero(window.cbow.rows == context)[0])]
    rate, m = step_config(window.lesson).learning_rate, len(window.contexts)
    v = window.before["cbow"][0][context]
    st.markdown(f"**The first context**, {named(window.lesson, context)}, in CBOW's step (η = {rate:g})")
    st.html(
        number_table(
            [f"{titles[context]} ", *(str(c + 1) for c in range(len(v)))],
            [
                ("∂E/∂h", window.cbow.undivided),
                (f"∂E/∂v = its share, 1/{m}", share),
                ("v before", v),
                ("v after", v - rate * share),
            ],
            digits=3,
        )
    )
    st.caption(
        f"The mean has {m} parts, so each gets 1/{m} of ∂E/∂h. word2vec's own program and gensim, which trains CBOW "
        f"in this app too, add the undivided ∂E/∂h to every context: {m} times this step (İrsoy et al. 2021)."
    )


def words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "Both methods slide the same window and have the same two tables. **Skip-gram** takes the center's row *v* and "
        "scores every context with it: *m* predictions, each with *k* noise items of its own, and one row of v that "
        "gets the sum of all their gradients. **CBOW** averages the contexts, $h = \\frac{1}{m} \\sum_o v_o$, and "
        "scores the center once: $E = -\\log \\sigma(v'_c \\cdot h) - \\sum_j \\log \\sigma(-v'_{w_j} \\cdot h)$. "
        "Every context gets the same gradient, $\\frac{\\partial E}{\\partial v_o} = \\frac{1}{m} \\sum_r "
        "(\\sigma_r - y_r) v'_r$: what one of them alone says of the center is lost in the mean.\n\n"
        "**Larger window**: skip-gram makes more predictions; CBOW makes one still, from a mean of more, so each "
        "context's share shrinks. **More negatives**: skip-gram draws k for each context, CBOW k in all. (word2vec's "
        "code, and so the trainers here, feeds the context and predicts the center in skip-gram too: over a whole log "
        "that is the same pairs.)"
    )


def as_python(lesson: Lesson) -> list[str]:
    """The same two steps."""
    window = shown_window(lesson)
    if window is None:
        return [*load(lesson), "print(sequences.lengths)"]
    items, config = lesson.data.items, step_config(lesson)
    around = ", ".join(repr(items[int(row)]) for row in window.contexts)
    return [
        *load(
            lesson,
            "from recemb_core.embeddings.training_steps import StepConfig",
            "from recemb_core.embeddings.window_steps import window_gradients, window_tables",
        ),
        f"center = sequences.items.row({items[window.center]!r})",
        f"contexts = sequences.items.rows([{around}])",
        f"config = StepConfig(negative={config.negative}, ns_exponent={config.ns_exponent:g}, "
        f"learning_rate={config.learning_rate:g}, seed={config.seed})",
        "found = {}",
        'for method in ("skip_gram", "cbow"):',
        "    v, out, noise = window_tables(",
        f"        sequences, method, config, window={lesson.window}, windows={TRAINED.value(lesson.data)}, "
        f"noise_for={LONGEST}, draws={DRAWS}",
        "    )",
        '    noise = noise[:1] if method == "cbow" else noise[: len(contexts)]',
        "    found[method] = window_gradients(method, center, contexts, v, out, noise)",
        "    print(method, found[method].scored.loss, found[method].rows, found[method].inputs)",
    ]
