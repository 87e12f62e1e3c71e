"""What the views of the Training page share: how pairs are made, the sequence and the pair, a trained model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, jobs, model_results, results, session, stage
from pages.kit.allowed import Flag, Options, Span
from pages.kit.jobs import Job
from pages.kit.parameters import Bound, Parameter, Scope
from pages.kit.session import ActiveData
from pages.kit.text import plain
from recemb_core.arrays import Int32Array, Int64Array
from recemb_core.embeddings import Item2VecConfig, ItemVectors, Word2VecConfig, pairs_per_epoch
from recemb_core.embeddings.epochs import epochs_by_size
from recemb_core.embeddings.pair_sources import context_counts
from recemb_core.sequences import Sequences

WINDOW, SET = "window", "set"
MODES = {WINDOW: "a window", SET: "the set"}
LISTED, LONGEST = 200, 60  # sequences to choose from, and the items of one that is looked at
PARTNERS = 50
PAIRS_TRAINED = 10_000_000  # a second or two

TRAINING_PAGE = Scope("training")
PAIRS = Parameter(
    TRAINING_PAGE,
    "pairs",
    "Pairs from",
    Options(MODES, row=True),
    help="word2vec pairs an item with those in a window around it; item2vec takes the set and pairs all with all.",
)
WIDTH = Parameter(
    TRAINING_PAGE,
    "width",
    "Window (each side)",
    Span(1, 10),
    2,
    help="c: how far from the center an item still counts as its context. Larger: more pairs, farther apart.",
)
SHRINK = Parameter(
    TRAINING_PAGE,
    "shrink",
    "Shrink at random",
    Flag(switch=True),
    False,
    help="As word2vec does: each center draws its own reach from 1 … c, so that near items come up more often.",
)
EXPONENT = Parameter(
    TRAINING_PAGE,
    "exponent",
    "Exponent of the noise",
    Span(-1.0, 1.0, 0.05),
    0.75,
    help="Negatives are drawn in proportion to count^exponent. 0.75 is word2vec's; 0 draws all items alike.",
)
NEGATIVES = Parameter(
    TRAINING_PAGE,
    "negatives",
    "Negatives a pair (k)",
    Span(1, 20),
    5,
    help="Noise items for each true pair. More of them cost more and give a steadier direction.",
    former=("k",),
)
SHOWN = Parameter(TRAINING_PAGE, "sequence", "Sequence with the chosen item (counted from 0)", Options())
PARTNER = Parameter(
    TRAINING_PAGE,
    "partner",
    "Context of the chosen item",
    Options(),
    help="The pair that is looked at: the chosen item is its center. In brackets: how often the log has it.",
)


@dataclass(frozen=True, eq=False)
class Lesson:
    """The data with the choices that all views share; ``row`` is the chosen item's."""

    data: ActiveData
    sequences: Sequences
    row: int
    mode: str
    width: int
    shrink: bool
    negative: int
    exponent: float

    @property
    def window(self) -> int | None:
        """Reach of the window; None: the whole set."""
        return None if self.mode == SET else self.width

    @property
    def name(self) -> str:
        """Title of the chosen item."""
        return self.data.titles[self.row]

    @property
    def unit(self) -> str:
        return "session" if self.sequences.ordered else "basket"

    @property
    def config(self) -> Word2VecConfig | Item2VecConfig:
        """What makes the pairs, as the trainers are told."""
        common: dict[str, Any] = {
            "dimensions": 16,
            "window": self.width,
            "negative": self.negative,
            "ns_exponent": self.exponent,
            "subsample": 0.0,
            "seed": session.seed(),
        }
        if self.mode == SET:
            return Item2VecConfig(mode="set", **common)
        return Word2VecConfig(shrink_windows=self.shrink, **common)

    @property
    def config_words(self) -> str:
        """The same in Python, less what training alone needs."""
        if self.mode == SET:
            return 'Item2VecConfig(mode="set")'
        return f"Word2VecConfig(window={self.width}, shrink_windows={self.shrink})"

    @cached_property
    def pairs(self) -> float:
        """Pairs of one pass over the log; with shrinking windows, as many as are expected."""

        def make() -> float:
            if self.mode == SET:
                return float(pairs_per_epoch(self.sequences, Item2VecConfig(mode="set")))
            widths = range(1, self.width + 1) if self.shrink else (self.width,)
            configs = [Item2VecConfig(mode="sequence", window=width) for width in widths]
            return float(np.mean([pairs_per_epoch(self.sequences, config) for config in configs]))

        key = ("pairs", self.sequences.fingerprint, self.mode, self.width, self.shrink)
        return float(results.remember(self.data, key, lambda: np.array([make()]))[0])

    def contexts(self) -> Int64Array:
        """How often each item is a context of the chosen one in the log."""
        key = ("contexts", self.sequences.fingerprint, self.row, self.window)
        return results.remember(self.data, key, lambda: context_counts(self.sequences, self.row, self.window))


def lesson(data: ActiveData) -> Lesson:
    """The choices in use, bound to the session and the link without drawing anything."""
    sequences = data.sequences
    assert sequences is not None
    return Lesson(
        data,
        sequences,
        sequences.items.row(session.chosen_item(data)),
        _mode(data).value,
        WIDTH.value(data),
        SHRINK.value(data),
        NEGATIVES.value(data),
        EXPONENT.value(data),
    )


def _mode(data: ActiveData) -> Bound:
    assert data.sequences is not None
    return PAIRS.bind(data, default=WINDOW if data.sequences.ordered else SET)


Ask = Callable[[], None]
"""Draws the question of the view where it is called."""


def staged(key: str) -> tuple[Any, Any, Any]:
    """(place of the picture, place of the controls and the question beside it, place of the scores)."""
    main, side = frame.side_by_side(key, (8, 3), "15rem")
    return main, side, stage.scores(main)


def pair_controls(lesson: Lesson) -> None:
    """How pairs are made."""
    mode_control(lesson)
    if lesson.mode != SET:
        window_controls(lesson)


def mode_control(lesson: Lesson) -> None:
    """A window or the set."""
    _mode(lesson.data).draw()


def window_controls(lesson: Lesson) -> None:
    """How far the window reaches."""
    WIDTH.draw(lesson.data)
    SHRINK.draw(lesson.data)


def noise_controls(lesson: Lesson, *, count: bool = True) -> None:
    """The exponent of the noise, and how many negatives a pair gets."""
    EXPONENT.draw(lesson.data)
    if count:
        NEGATIVES.draw(lesson.data)


def items_of(lesson: Lesson, index: int) -> Int32Array:
    """Item rows of a sequence; as a set, each item once."""
    rows = lesson.sequences[index]
    if lesson.mode != SET:
        return rows
    _, first = np.unique(rows, return_index=True)
    return rows[np.sort(first)]


def sequence_control(lesson: Lesson) -> int | None:
    """Choose one of the sequences that hold the chosen item; None where there is none with two items."""
    sequences, data = lesson.sequences, lesson.data
    holding = np.unique(np.searchsorted(sequences.offsets, np.flatnonzero(sequences.tokens == lesson.row), "right") - 1)
    holding = holding[(sequences.lengths[holding] >= 2) & (sequences.lengths[holding] <= LONGEST)]
    if not len(holding):
        return None
    options = holding[:LISTED].tolist()
    first = min(options, key=lambda index: abs(sequences.lengths[index] - 8))  # neither trivial nor long
    shown = SHOWN.bind(data, default=first, among=holding.tolist())
    if shown.value not in options:
        options.append(shown.value)
    unit = lesson.unit
    return int(
        shown.draw(
            offered=options,
            label=f"{unit.capitalize()} with {plain(lesson.name)}",
            format_func=lambda index: _preview(lesson, index),
            help=f"The first {len(options)} of {len(holding):,} {unit}s that hold the chosen item and have 2 to "
            f"{LONGEST} items. Choose another item in the sidebar.",
        )
    )


def shown_sequence(lesson: Lesson) -> int | None:
    """Number of the sequence that the view shows; None where the chosen item has none that can be shown."""
    index: int | None = st.session_state.get(SHOWN.key(lesson.data))
    if index is None or not 0 <= index < len(lesson.sequences):
        return None
    rows = lesson.sequences[index]
    return index if lesson.row in rows and 2 <= len(rows) <= LONGEST else None


def _preview(lesson: Lesson, index: int) -> str:
    rows = lesson.sequences[index]
    joint = " → " if lesson.sequences.ordered else ", "
    names = joint.join(lesson.data.titles[int(row)] for row in rows[:4]) + (" …" if len(rows) > 4 else "")
    return f"No. {index + 1}, {len(rows)} items: {names}"


def partner_control(lesson: Lesson, *, draw: bool = True) -> int | None:
    """Row of the item that the chosen one is paired with: its most frequent context, or another one."""
    counts, data = lesson.contexts(), lesson.data
    order = [int(row) for row in np.argsort(-counts, kind="stable")[:PARTNERS] if counts[row] > 0]
    if not order:
        return None
    options = [data.items[row] for row in order]
    partner = PARTNER.bind(data, default=options[0], among=options)
    if draw:
        partner.draw(
            label=f"Context of {plain(lesson.name)}",
            format_func=lambda item: f"{data.title_of(item)} ({counts[data.items.row(item)]:,}×)",
        )
    return data.items.row(partner.value)


def trained(lesson: Lesson) -> ItemVectors | None:
    """A model of 16 dimensions on these pairs, trained once; None after Stop."""
    data, config = lesson.data, trained_config(lesson)
    name = "item2vec" if lesson.mode == SET else "word2vec"
    job = Job(
        ("lesson", lesson.sequences.fingerprint, config),
        f"{name}, 16 dimensions",
        model_results.model_seconds(data, config, len(data.items)),
        lambda report: model_results.model_vectors(data, config, report),
        asks=False,
    )

    def ready(identity: tuple[str, str, Any]) -> ItemVectors | None:
        config = identity[2]
        return model_results.model_vectors(data, config) if model_results.has_model(data, config) else None

    waiting = "These pairs are not trained on yet."
    return jobs.result(data, "lesson", job, ready=ready, verb="Train", stale=None, waiting=waiting)[0]


def trained_config(lesson: Lesson) -> Word2VecConfig | Item2VecConfig:
    """The lesson's configuration with the epochs by size, as far as a second or two allow."""
    allowed = max(1, round(PAIRS_TRAINED / max(lesson.pairs, 1)))
    return replace(lesson.config, epochs=min(epochs_by_size(lesson.pairs, len(lesson.data.items)), allowed))


def train_lines(lesson: Lesson) -> list[str]:
    """How :func:`trained` is done in Python."""
    config = trained_config(lesson)
    made = (
        f"{lesson.config_words[:-1]}, dimensions=16, epochs={config.epochs}, negative={config.negative}, "
        f"ns_exponent={config.ns_exponent:g}, subsample=0, seed={config.seed})"
    )
    if lesson.mode == SET:
        return [f"vectors = train_item2vec(sequences, {made})"]
    return [f"config = {made}", "vectors = train_word2vec(sequences, config)"]


def train_import(lesson: Lesson) -> str:
    """The import that :func:`train_lines` needs."""
    names = "Item2VecConfig, train_item2vec" if lesson.mode == SET else "Word2VecConfig, train_word2vec"
    return f"from recemb_core.embeddings import {names}"


def load(lesson: Lesson, *imports: str) -> list[str]:
    """Imports, and the lines that load the sequences."""
    return [
        *sorted([*frame.import_lines(lesson.data, always=True), *imports]),
        "",
        *frame.load_lines(lesson.data, always=True),
    ]


def beside(key: str, widths: tuple[int, ...], narrowest: str) -> list[Any]:
    """Columns inside a column of :func:`frame.side_by_side`, which gives up the width of those within."""
    inner = f".st-key-{key}.st-key-{key} [data-testid=stColumn]"
    st.html(f"<style>{inner} {{ min-width: min({narrowest}, 100%); }}</style>")
    return frame.side_by_side(key, widths, narrowest)


def named(lesson: Lesson, row: int) -> str:
    """An item's title, in bold, nothing in it taken for Markdown."""
    return f"**{plain(lesson.data.titles[row])}**"
