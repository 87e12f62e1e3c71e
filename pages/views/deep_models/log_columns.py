"""Columns of an upload's own log that are told to a network as facts about its users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl
import streamlit as st

from pages.kit import results
from pages.kit.allowed import Options, Several
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain_field, quoted, sentence
from pages.kit.uploads.apart import read_apart
from recemb_core.deep.log_columns import LogColumns, free_columns, user_columns
from recemb_core.readers import InputError
from recemb_core.readers.assembly import ParsedLog

NO_WORDS = ""
LATEST = Parameter(
    DEEP_PAGE,
    "user_latest",
    "One value a user",
    Several(),
    help="Columns such as a place: a user has the value of their newest event in the training part. Numbers are cut "
    "into bins.",
)
SEARCHED = Parameter(
    DEEP_PAGE,
    "user_searched",
    "Words of all their events",
    Options(),
    NO_WORDS,
    help="A column such as what was searched for: the words of a user's events in the training part, the newest first, "
    "count one by one; their mean goes in.",
)


@dataclass(frozen=True, eq=False)
class OwnColumns:
    """Columns of the log in use as user features.

    Attributes:
        free: those that could be chosen.
        latest: those with one value a user.
        words: the one with words, "" for none.
        frame: ``user`` and a column a fact; None where none is in use.
    """

    free: tuple[str, ...] = ()
    latest: tuple[str, ...] = ()
    words: str = NO_WORDS
    frame: pl.DataFrame | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in use."""
        return (*self.latest, *([self.words] if self.words else []))


def own_columns_box(data: ActiveData) -> OwnColumns:
    """The choice among an upload's columns, and what was taken; nothing is drawn where there are none."""
    log = None if data.found is None else data.found.log
    free = () if log is None else free_columns(log)
    latest = LATEST.bind(data, default=[], among=free)
    words = SEARCHED.bind(data, default=NO_WORDS, among=[NO_WORDS, *free])
    if log is None or not free:
        return OwnColumns()
    of_items = set(log.columns.side)
    shown = {name: f"{field_words(name)} (of the items)" if name in of_items else field_words(name) for name in free}
    st.markdown("**Columns of this log**")
    chosen = tuple(latest.draw(format_func=shown.__getitem__, placeholder="None"))
    word = words.draw(format_func=lambda name: shown.get(name, "none"))
    asked = replace(OwnColumns(free), latest=chosen, words=word)
    if not asked.names:
        st.caption("None is told to the network until you choose it.")
        return asked
    try:
        found = _taken(data, log, asked)
    except InputError as error:
        st.warning(sentence(f"{error}."))
        return OwnColumns(free)
    st.caption(sentence(" ".join(found.notes)))
    names = [name for name in found.frame.columns if name != "user"]
    return replace(asked, frame=found.frame) if names else OwnColumns(free)


def _taken(data: ActiveData, log: ParsedLog, asked: OwnColumns) -> LogColumns:
    assert data.upload is not None
    assert data.found is not None
    assert data.found.reading is not None
    reading, name = data.found.reading, data.upload.name
    key = ("log columns", data.upload.files, reading.to_link(), asked.latest, asked.words)
    frame = log.table.frame[list(dict.fromkeys(asked.names))]
    # What is sent to the reader's process is what it reads.
    few = replace(log, table=replace(log.table, frame=frame, companion=None, lines=None), details=None, assumptions=())

    def read() -> LogColumns:
        chosen = {"latest": asked.latest, "words": asked.words or None}
        return read_apart(name, user_columns, few, reading.cleaning, remember=key, **chosen)

    found: LogColumns = results.remember(data, key, read)
    return found


def in_use(own: OwnColumns) -> str:
    """Which columns of the log are told, for a sentence."""
    return f"columns of the log: {_listed(own.names)}"


def on_offer(own: OwnColumns) -> str:
    """Which could be, for a sentence."""
    more = len(own.free) - 4
    return _listed(own.free[:4]) + (f" and {more:,} more" if more > 0 else "")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(plain_field, names))


def own_columns_lines(data: ActiveData, own: OwnColumns) -> tuple[list[str], list[str]]:
    """The imports and the lines of Python that make ``own``, the frame; nothing where none is in use."""
    if own.frame is None:
        return [], []
    assert data.upload is not None
    side = "" if data.upload.side is None else f", {quoted(data.upload.side.name)}"
    chosen = [f"latest={own.latest!r}"] if own.latest else []
    chosen += [f"words={quoted(own.words)}"] if own.words else []
    imports = [
        "from recemb_core.deep.log_columns import user_columns",
        "from recemb_core.readers.assembly import parse_log",
    ]
    lines = [
        f"log = parse_log({quoted(data.upload.name)}, reading{side})",
        f"own = user_columns(log, reading.cleaning, {', '.join(chosen)}).frame  # of the training part alone",
    ]
    return imports, lines
