"""Vectors made elsewhere on the Training page: in the two views that look at vectors; why not in the others."""

from __future__ import annotations

import streamlit as st

from pages.kit import brought
from pages.kit.allowed import Options
from pages.kit.bring_box import bring_box
from pages.kit.brought import Fitted
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain, quoted
from pages.views.training.lesson import TRAINING_PAGE, Lesson, load, train_import, train_lines
from recemb_core.brought import BroughtVectors

HERE = ""
VIEWS = ("lookup", "two")
NOT_HERE = (
    "it shows how vectors come about, pair by pair, and a file has what came out alone. They are in *Lookup* and, with "
    "output vectors, in *Two vectors*."
)
TABLE = Parameter(
    TRAINING_PAGE,
    "training_table",
    "Vectors",
    Options(shown=lambda name: name or "trained here"),
    HERE,
    help="The table that is looked at: trained on this page, or one of your files.",
)


def _able(data: ActiveData, outputs: bool) -> dict[str, Fitted]:
    """Files of this session that have some of the items, and output vectors where these are asked for."""
    every = (one for one in brought.every(data) if one.vectors is not None)
    return {one.label: one for one in every if not outputs or one.vectors.output_vectors is not None}  # type: ignore[union-attr]


def _bound(data: ActiveData, outputs: bool) -> Bound:
    return TABLE.bind(data, among=[HERE, *_able(data, outputs)])


def chosen(lesson: Lesson, *, outputs: bool = False) -> Fitted | None:
    """The file whose vectors are looked at; None: those trained on the page."""
    return _able(lesson.data, outputs).get(_bound(lesson.data, outputs).value)


def vectors_of(lesson: Lesson, own: Fitted) -> BroughtVectors:
    """Its vectors, a row an item of the data; of an item that it has not, zeros."""
    return brought.vectors_of(lesson.data, own.config)


def table_controls(lesson: Lesson, *, outputs: bool = False) -> None:
    """Which table is looked at, where there is a choice, and the box that brings one."""
    able = _able(lesson.data, outputs)
    if able:
        _bound(lesson.data, outputs).draw()
    bring_box(lesson.data, width="stretch")
    without = [name for name in _able(lesson.data, False) if name not in able]
    if without:
        names = ", ".join(map(plain, without))
        st.caption(f"{names}: not offered here, for the file has one vector an item, and this view is about two.")


def said(lesson: Lesson, own: Fitted) -> None:
    """What of the chosen item the file has."""
    vectors = vectors_of(lesson, own)
    known = int(vectors.known.sum())
    here = "" if vectors.known[lesson.row] else f" **{plain(lesson.name)} has none: its row here is zeros.**"
    st.caption(
        f"From {plain(own.label)}, which you brought: {known:,} of {len(vectors):,} items have a vector; the others "
        f"have a row of zeros.{here}"
    )


def python(lesson: Lesson, own: Fitted | None) -> list[str]:
    """Lines that end with ``vectors``."""
    if own is None:
        return [*load(lesson, train_import(lesson)), *train_lines(lesson)]
    files = ", ".join(quoted(file) for file in (own.config.name, own.config.ids_name) if file)
    read = f"vectors, _ = read_vectors({files}).aligned(sequences.items)"
    return [*load(lesson, "from recemb_core.brought import read_vectors"), read]


def in_use(lesson: Lesson, view: str) -> bool:
    """Whether a view shows a file's vectors: what there is to try is about those that the page trains."""
    return view in VIEWS and chosen(lesson, outputs=view == "two") is not None
