"""Training, first view: the window slides over a sequence and every stop yields (center, context) pairs."""

from __future__ import annotations

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import controls, frame, session
from pages.kit.allowed import Span
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.views.training.lesson import (
    LONGEST,
    SET,
    TRAINING_PAGE,
    Lesson,
    beside,
    items_of,
    load,
    named,
    pair_controls,
    sequence_control,
)
from recemb_core.embeddings import training_pairs
from recemb_core.figures.window_strip import ROW, window_strip_figure

AROUND = 9  # items shown to each side of the center in a long sequence
SECONDS = 0.9
CENTER = Parameter(
    TRAINING_PAGE,
    "center",
    "Center of the window (position)",
    Span(1, LONGEST),
    help="Where the window stands. Each position is the center once in every pass.",
)


def section(lesson: Lesson) -> None:
    """The strip, the pairs, the counts."""
    numbers = st.container()
    main, side = frame.side_by_side("training-window", (3, 1), "11rem")
    with side:
        index = sequence_control(lesson)
        pair_controls(lesson)
        controls.reset_button(lesson.data)
    with main:
        if index is None:
            st.info(
                f"No {lesson.unit} with **{lesson.name}** has 2 to 60 items, so it has no pair to show. "
                "Choose another item in the sidebar."
            )
            return
        st.session_state["training_index"] = index
        _slide(lesson, index)
    length, total = pairs_of(lesson, index)
    whole = length * (length - 1)
    everything = f"{lesson.pairs:,.0f}" if lesson.pairs < 1e6 else f"{lesson.pairs / 1e6:,.1f} M"
    frame.metrics(
        [
            ("Items here", f"{length}", f"In this {lesson.unit}" + (", each once." if lesson.mode == SET else ".")),
            ("Pairs here", f"{total}", f"(center, context) pairs that this {lesson.unit} yields in one pass."),
            ("All with all", f"{whole}", "Ordered pairs i ≠ j of these positions: n·(n − 1), what item2vec trains on."),
            (
                "Pairs of the log",
                everything,
                f"In one pass over all {len(lesson.sequences):,} {lesson.unit}s"
                + (", expected: the reach is drawn anew each time." if lesson.shrink and lesson.mode != SET else "."),
            ),
        ],
        numbers,
    )


def pairs_of(lesson: Lesson, index: int) -> tuple[int, int]:
    """(items, pairs) of a sequence."""
    return len(items_of(lesson, index)), len(_pairs(lesson, index)[0])


def _pairs(lesson: Lesson, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions (centers, contexts): the library's own pairs of a sequence whose items are its positions."""
    rng = np.random.default_rng([session.seed(), index]) if lesson.shrink else None
    return training_pairs(np.arange(len(items_of(lesson, index))), lesson.config, rng=rng)


def _slide(lesson: Lesson, index: int) -> None:
    data = lesson.data
    rows = items_of(lesson, index)
    titles = [data.titles[int(row)] for row in rows]
    centers, contexts = _pairs(lesson, index)
    last = len(rows)
    playing = f"sliding@{data.key}"
    place = CENTER.bind(data, default=min(3, last))
    place.set(min(place.value, last))

    def draw() -> None:
        if st.session_state.get(playing):
            place.set(min(place.value + 1, last))
        center = place.value - 1
        with st.container(horizontal=True):
            for label, by, text, dead in (
                ("◀", -1, "One item back", center == 0),
                ("▶", 1, "One item on", center == last - 1),
            ):
                st.button(
                    label,
                    key=f"window {by}@{data.key}",
                    on_click=_move,
                    args=(place, by, last),
                    disabled=dead,
                    help=text,
                )
            pressed = st.button("Pause" if st.session_state.get(playing) else "Play", key=f"slide@{data.key}")
        place.draw(offered=(1, max(last, 2)))
        if pressed:
            st.session_state[playing] = not st.session_state.get(playing)
            if st.session_state[playing] and center == last - 1:
                st.session_state[place.key + " restart"] = True
            st.rerun()
        now = contexts[centers == center].tolist()
        left, right = beside("strip-and-pairs", (3, 2), "13rem")
        with left:
            low, high = max(0, center - AROUND), min(last, center + AROUND + 1)
            figure = window_strip_figure(
                titles[low:high],
                list(range(low, high)),
                center,
                [at for at in now if low <= at < high],
                window=lesson.window,
                chosen=[at for at in range(low, high) if rows[at] == lesson.row],
                ordered=lesson.sequences.ordered,
            )
            live_chart(
                figure,
                key=f"strip@{data.key}",
                height=70 + ROW * (high - low),
                glide=False,
                on_click=lambda at: place.set(int(at) + 1),
            )
            if high - low < last:
                st.caption(f"Showing items {low + 1} to {high} of {last}.")
        with right:
            st.markdown(f"Center {named(lesson, int(rows[center]))} yields **{len(now)} pair{'s' * (len(now) != 1)}**:")
            so_far = centers <= center
            order = np.argsort(-centers[so_far], kind="stable")
            st.dataframe(
                pl.DataFrame(
                    {
                        "Center": [titles[at] for at in centers[so_far][order]],
                        "Context": [titles[at] for at in contexts[so_far][order]],
                    }
                ),
                hide_index=True,
                # Of long names both columns show their beginnings.
                column_config={name: st.column_config.TextColumn(width=100) for name in ("Center", "Context")},
                height=min(36 + 35 * max(int(so_far.sum()), 1), 60 + ROW * (high - low)),
            )
        reach = max((abs(at - center) for at in now), default=0)
        shrunk = ""
        if lesson.shrink and lesson.mode != SET:
            shrunk = f" Here the reach drawn is {reach} of {lesson.width}; another seed draws others."
        st.caption(
            f"{int((centers <= center).sum()):,} of {len(centers):,} pairs so far, newest first.{shrunk} "
            "Click an item to make it the center."
        )
        if st.session_state.get(playing) and center == last - 1:
            st.session_state[playing] = False
            st.rerun()

    if st.session_state.pop(place.key + " restart", False):
        place.set(1)
    st.fragment(draw, run_every=SECONDS if st.session_state.get(playing) else None)()


def _move(place: Bound, by: int, last: int) -> None:
    place.set(min(max(place.value + by, 1), last))


def words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "A sequence becomes training data by **sliding a window** over it. At each stop the item in the middle is the "
        "**center** $w_t$, and each item at most *c* places away is one of its **contexts** $w_{t+j}$ "
        "(−c ≤ j ≤ c, j ≠ 0). "
        "Every (center, context) pair is one question to the model: *given the center, how likely is this context?* "
        "Skip-gram maximizes the mean log-probability of the right answers, "
        "$\\frac{1}{T} \\sum_t \\sum_j \\log p(w_{t+j} \\mid w_t)$, with T "
        "the number of positions. CBOW turns the question round: the mean of the contexts predicts the center.\n\n"
        "**Larger window**: more pairs, and pairs of things farther apart (what goes along with it); **smaller**: what "
        "comes directly before and after. word2vec draws each center's reach from 1 … c, so a context at distance δ is "
        "used (c − δ + 1)/c of the time. **item2vec** drops the window: in a set, all ordered pairs i ≠ j are positive."
    )


def as_python(lesson: Lesson) -> list[str]:
    """The pairs of the sequence shown."""
    index = st.session_state.get("training_index", 0)
    name = "Item2VecConfig" if lesson.mode == SET else "Word2VecConfig"
    rng = f", rng=np.random.default_rng([{session.seed()}, {index}])" if lesson.shrink and lesson.mode != SET else ""
    return [
        *(["import numpy as np"] if rng else []),
        *load(lesson, f"from recemb_core.embeddings import {name}, training_pairs"),
        f"centers, contexts = training_pairs(sequences[{index}], {lesson.config_words}{rng})",
        'title = sequences.side_info["title"] if sequences.side_info is not None else sequences.items'
        if "title" in (lesson.data.side_info.columns if lesson.data.side_info is not None else [])
        else "title = sequences.items",
        "for center, context in zip(centers.tolist(), contexts.tolist()):",
        '    print(title[center], "→", title[context])',
    ]
