"""What pages do with large data, decided in one place: which items are drawn, asked, searched; what trains first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from pages.kit import jobs, parameters
from pages.kit.allowed import Steps
from pages.kit.parameters import VISIT, Parameter
from pages.kit.session import ActiveData
from recemb_core.arrays import Int64Array
from recemb_core.embeddings.registry import ModelSpec, spec_of
from recemb_core.layouts import sample_rows
from recemb_core.readers.errors import counted

T = TypeVar("T")
LARGE = 5_000
"""Up to so many items everything is drawn, asked and trained as it is."""
SCORED = 3_000
"""Items whose neighbors a score of large data looks for."""
BUDGETS = ((50_000, 2.0), (1 << 62, 6.0))
"""(items at most, seconds of the first training), by the nominal speed of its model: the same on every machine."""
FEWER = {"epochs": (1, 1), "num_walks": (1, 1), "walk_length": (10, 10)}
"""What a first training has less of, in this order: field → (least, step)."""

ON_MAP = Parameter(
    VISIT,
    "on_map",
    "Items on the map",
    Steps((1_000, 2_000, 3_000, 5_000, 10_000, 20_000), "{:,}".format),
    2_000,
    help="A random sample is laid out by UMAP and drawn, with the chosen item and its neighbors. More take longer.",
)


def is_large(data: ActiveData) -> bool:
    """Whether samples stand for all of it."""
    return len(data.items) > LARGE


def on_map(data: ActiveData) -> int | None:
    """How many items are laid out and drawn; None for all."""
    return ON_MAP.value(data, among=_offered(data)) if is_large(data) else None


def on_map_control(data: ActiveData, place: Any = st) -> None:
    """The control of that, where there is anything to choose."""
    if is_large(data):
        ON_MAP.draw(data, place, among=_offered(data))


def _offered(data: ActiveData) -> tuple[int, ...]:
    return tuple(step for step in (1_000, 2_000, 3_000, 5_000, 10_000, 20_000) if step <= len(data.items))


def drawn_rows(data: ActiveData, seed: int, always: Iterable[int] = ()) -> Int64Array:
    """Rows that a map draws, in row order: the sample that UMAP lays out, and in any case those of ``always``."""
    n, most = len(data.items), on_map(data)
    if most is None:
        return np.arange(n)
    return np.union1d(sample_rows(n, most, seed), np.fromiter((row for row in always if row >= 0), dtype=np.int64))


def drawn_words(data: ActiveData) -> str:
    """Which items a map shows, as a sentence; "" where it shows all."""
    most = on_map(data)
    if most is None:
        return ""
    return (
        f"The map shows {most:,} of {len(data.items):,} items, drawn at random, and the chosen one with its neighbors, "
        "which stand at the mean place of their 5 nearest of the sample. Search finds every item. "
    )


def points(rows: Int64Array, *always: int) -> Int64Array:
    """Places in ``rows`` that a cloud of points draws: all, or of many a random sample, and those of ``always``."""
    if len(rows) <= LARGE:
        return np.arange(len(rows))
    return np.union1d(sample_rows(len(rows), LARGE, 0), np.flatnonzero(np.isin(rows, always)))


def points_words(drawn: int, of: int) -> str:
    """Which items a cloud of points shows, as a sentence; "" where it shows all."""
    return f" Points: {drawn:,} of these {of:,} items, drawn at random; means are of all." if drawn < of else ""


def scored(data: ActiveData) -> int | None:
    """How many items' neighbors a score looks for; None for those of all."""
    return SCORED if is_large(data) else None


def scored_words(data: ActiveData) -> str:
    """Of which items a score is, as a sentence; "" where it is of all."""
    return f" Of {SCORED:,} of {len(data.items):,} items, drawn at random." if is_large(data) else ""


# --- the first training ---


def first_look(data: ActiveData, spec: ModelSpec, config: T) -> T:
    """A config that gives a first picture of large data soon: fewer passes, then fewer and shorter walks.

    Small data's comes back as it is, and so does a model's that has nothing of the kind to shorten.
    """
    n = len(data.items)
    if n <= LARGE:
        return config
    seconds = next(seconds for most, seconds in BUDGETS if n <= most)
    for field, (least, step) in FEWER.items():
        times = spec.cost(config, data.sequences, n) / (seconds * spec.speed)
        if times > 1 and hasattr(config, field):
            fewer = max(least, int(getattr(config, field) / times) // step * step)
            config = replace(config, **{field: min(fewer, getattr(config, field))})  # type: ignore[type-var]
    return config


def is_first_look(config: Any, usual: Any) -> bool:
    """Whether a config trains less than the size of its data asks for."""
    return any(getattr(config, name, 0) < getattr(usual, name, 0) for name in FEWER)


def first_look_note(data: ActiveData, graph: Any, config: Any, usual: Any, names: Mapping[str, str], view: str) -> None:
    """Says that a config is a first look, with a button for the ``usual`` one; nothing where it is none.

    ``names``: field → its parameter.
    """
    fewer = [name for name in names if getattr(config, name) < getattr(usual, name)]
    if not is_large(data) or not fewer:  # small data is never shortened by itself
        return
    said = {"epochs": ("epoch", ""), "num_walks": ("walk", " from each item"), "walk_length": ("item", " in a walk")}
    parts = ", ".join(
        f"{counted(getattr(config, name), said[name][0])}{said[name][1]} for {getattr(usual, name)}" for name in fewer
    )
    whole = replace(config, **{name: getattr(usual, name) for name in fewer})
    spec = spec_of(config)
    seconds = spec.cost(whole, data.sequences, len(data.items)) / spec.speed

    def longer() -> None:
        parameters.set_parameters(data, **{names[name]: getattr(usual, name) for name in fewer})
        jobs.allow(data, [(graph.fingerprint, whole)])

    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"**First look** at {len(data.items):,} items: {spec.name} trained with {parts}.", width="content")
        label = f"Train longer ({jobs.about(seconds)})"
        st.button(label, key=f"longer {view} {spec.name}@{data.key}", icon=":material/more_time:", on_click=longer)
