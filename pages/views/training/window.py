"""Training, first view: the window slides over a sequence and every stop yields (center, context) pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, session, stage
from pages.kit.allowed import Span
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.text import plain
from pages.views.training.lesson import (
    LONGEST,
    SET,
    TRAINING_PAGE,
    Ask,
    Lesson,
    beside,
    items_of,
    load,
    named,
    pair_controls,
    sequence_control,
    shown_sequence,
    staged,
)
from recemb_core.arrays import AnyArray
from recemb_core.embeddings import training_pairs
from recemb_core.figures.window_strip import window_strip_figure

AROUND = 9  # items shown to each side of the center in a long sequence
SECONDS = 0.9
HIGH = 464  # pixels of the picture at least, in a window of 720
CENTER = Parameter(
    TRAINING_PAGE,
    "center",
    "Center of the window (position)",
    Span(1, LONGEST),
    help="Where the window stands. Each position is the center once in every pass.",
)


def section(lesson: Lesson, ask: Ask) -> None:
    """The strip, the pairs, the counts."""
    main, side, numbers = staged("training-window")
    with side:
        pair_controls(lesson)
        ask()
        index = sequence_control(lesson)
        controls.reset_button(lesson.data)
    with main:
        if index is None:
            st.info(
                f"No {lesson.unit} with **{plain(lesson.name)}** has 2 to 60 items, so it has no pair to show. "
                "Choose another item in the sidebar."
            )
            return
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
    return len(items_of(lesson, index)), len(pair_places(lesson, index)[0])


def pair_places(lesson: Lesson, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions (centers, contexts): the library's own pairs of a sequence whose items are its positions."""
    rng = np.random.default_rng([session.seed(), index]) if lesson.shrink else None
    return training_pairs(np.arange(len(items_of(lesson, index))), lesson.config, rng=rng)


@dataclass(frozen=True, eq=False)
class Strip:
    """A sequence under its window.

    Attributes:
        lesson: whose pairs are made.
        rows: (n,) catalogue rows of the sequence's items.
        centers, contexts: (pairs,) positions in the sequence.
        place: the parameter that says which item is the center, from 1.
    """

    lesson: Lesson
    rows: AnyArray
    centers: AnyArray
    contexts: AnyArray
    place: Bound

    @property
    def titles(self) -> list[str]:
        return [self.lesson.data.titles[int(row)] for row in self.rows]

    @property
    def center(self) -> int:
        return self.place.value - 1

    @property
    def now(self) -> list[int]:
        """Positions of the center's contexts."""
        return self.contexts[self.centers == self.center].tolist()

    @property
    def shown(self) -> tuple[int, int]:
        """From and up to which position items are drawn."""
        return max(0, self.center - AROUND), min(len(self.rows), self.center + AROUND + 1)


def _slide(lesson: Lesson, index: int) -> None:
    """The window on a sequence, moved by hand or playing; only this part is drawn anew while it plays."""
    rows = items_of(lesson, index)
    place = CENTER.bind(lesson.data, default=min(3, len(rows)))
    place.set(min(place.value, len(rows)))
    strip = Strip(lesson, rows, *pair_places(lesson, index), place)
    playing = stage.player(lesson.data, "sliding")

    def draw() -> None:
        if st.session_state.get(playing):
            _move(place, 1, len(rows))
        with stage.picture():
            # The room that a table keeps for its bar reaches out of it.
            st.html("<style>.st-key-strip-and-pairs [data-testid=stDataFrame] { overflow: hidden; }</style>")
            left, right = beside("strip-and-pairs", (3, 2), "13rem")
            with left:
                _strip(strip)
            with right:
                _pair_table(strip)
        _buttons(strip, playing)
        _so_far(strip)
        if st.session_state.get(playing) and strip.center == len(rows) - 1:
            st.session_state[playing] = False
            st.rerun()

    if st.session_state.pop(place.key + " restart", False):
        place.set(1)
    st.fragment(draw, run_every=SECONDS if st.session_state.get(playing) else None)()


def _buttons(strip: Strip, playing: str) -> None:
    key, last = strip.lesson.data.key, len(strip.rows)
    with st.container(horizontal=True):
        for label, by, text, dead in (
            ("◀", -1, "One item back", strip.center == 0),
            ("▶", 1, "One item on", strip.center == last - 1),
        ):
            more: dict[str, Any] = {"on_click": _move, "args": (strip.place, by, last), "disabled": dead, "help": text}
            st.button(label, key=f"window {by}@{key}", **more)
        pressed = st.button("Pause" if st.session_state.get(playing) else "Play", key=f"slide@{key}")
    strip.place.draw(offered=(1, max(last, 2)))
    if pressed:
        st.session_state[playing] = not st.session_state.get(playing)
        if st.session_state[playing] and strip.center == last - 1:
            st.session_state[strip.place.key + " restart"] = True
        st.rerun()


def _strip(strip: Strip) -> None:
    low, high = strip.shown
    lesson = strip.lesson
    figure = window_strip_figure(
        strip.titles[low:high],
        list(range(low, high)),
        strip.center,
        [at for at in strip.now if low <= at < high],
        window=lesson.window,
        chosen=[at for at in range(low, high) if strip.rows[at] == lesson.row],
        ordered=lesson.sequences.ordered,
    )
    live_chart(
        figure,
        key=f"strip@{lesson.data.key}",
        height=HIGH,
        above=720 - HIGH,
        glide=False,
        on_click=lambda at: strip.place.set(int(at) + 1),
    )
    if high - low < len(strip.rows):
        st.caption(f"Showing items {low + 1} to {high} of {len(strip.rows)}.")


def _pair_table(strip: Strip) -> None:
    number = len(strip.now)
    center = named(strip.lesson, int(strip.rows[strip.center]))
    st.markdown(f"Center {center} yields **{number} pair{'s' * (number != 1)}**:")
    so_far = strip.centers <= strip.center
    order = np.argsort(-strip.centers[so_far], kind="stable")
    columns = {"Center": strip.centers, "Context": strip.contexts}
    st.dataframe(
        {name: [strip.titles[at] for at in places[so_far][order]] for name, places in columns.items()},
        hide_index=True,
        # Of long names both columns show their beginnings.
        column_config={name: st.column_config.TextColumn(width=100) for name in columns},
        height=min(36 + 35 * max(int(so_far.sum()), 1), HIGH - 56),
    )


def _so_far(strip: Strip) -> None:
    lesson, shrunk = strip.lesson, ""
    if lesson.shrink and lesson.mode != SET:
        reach = max((abs(at - strip.center) for at in strip.now), default=0)
        shrunk = f" Here the reach drawn is {reach} of {lesson.width}; another seed draws others."
    st.caption(
        f"{int((strip.centers <= strip.center).sum()):,} of {len(strip.centers):,} pairs so far, newest first.{shrunk} "
        "Click an item to make it the center."
    )


def _move(place: Bound, by: int, last: int) -> None:
    place.set(min(max(place.value + by, 1), last))


def words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "A sequence becomes training data by **sliding a window** over it. At each stop the item in the middle is the "
        "**center** $w_t$, and each item at most *c* places away is one of its **contexts** $w_{t+j}$ (−c ≤ j ≤ c, j ≠ "
        "0). Every (center, context) pair is one question to the model: *given the center, how likely is this "
        "context?* Skip-gram maximizes the mean log-probability of the right answers, $\\frac{1}{T} \\sum_t \\sum_j "
        "\\log p(w_{t+j} \\mid w_t)$, with T the number of positions. CBOW turns the question round: the mean of the "
        "contexts predicts the center (the view *5 · CBOW*).\n\n"
        "**Larger window**: more pairs, and pairs of things farther apart (what goes along with it); **smaller**: what "
        "comes directly before and after. word2vec draws each center's reach from 1 … c, so a context at distance δ is "
        "used (c − δ + 1)/c of the time. **item2vec** drops the window: in a set, all ordered pairs i ≠ j are positive."
    )


def as_python(lesson: Lesson) -> list[str]:
    """The pairs of the sequence shown."""
    index = shown_sequence(lesson) or 0
    name = "Item2VecConfig" if lesson.mode == SET else "Word2VecConfig"
    rng = f", rng=np.random.default_rng([{session.seed()}, {index}])" if lesson.shrink and lesson.mode != SET else ""
    return [
        *(["import numpy as np"] if rng else []),
        *load(lesson, f"from recemb_core.embeddings import {name}, training_pairs"),
        f"centers, contexts = training_pairs(sequences[{index}], {lesson.config_words}{rng})",
        'title = sequences.side_info["title"] if sequences.side_info is not None else sequences.items'
        if lesson.data.side_info is not None and "title" in lesson.data.side_info.columns
        else "title = sequences.items",
        "for center, context in zip(centers.tolist(), contexts.tolist()):",
        '    print(title[center], "→", title[context])',
    ]
