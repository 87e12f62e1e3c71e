"""A file and its reading → the arrays of the project: parsed once, then cleaned as often as a setting changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from recemb_core.arrays import Int32Array, StrArray
from recemb_core.readers.assumptions import Assumption
from recemb_core.readers.cleaning import Cleaned, CleaningConfig, CleaningStep, clean
from recemb_core.readers.column_mapping import ColumnMapping
from recemb_core.readers.events import Parsed, parse_events
from recemb_core.readers.reading import Reading
from recemb_core.readers.said import all_assumptions
from recemb_core.readers.side_info import Details, choose_key, from_details, from_events, tidy
from recemb_core.readers.table import Table
from recemb_core.readers.tables import load_table
from recemb_core.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class ParsedLog:
    """A log whose columns are parsed: all that comes before cleaning, done once a file.

    Attributes:
        table: the file as columns.
        reading: how it was read, with nothing left to guess but its ``details_key``.
        parsed: the events as arrays, and what could not be used.
        details: the table with a row an item and the column that it is joined on, or None.
        assumptions: what the file did not say itself, the doubtful first.
    """

    table: Table
    reading: Reading
    parsed: Parsed
    details: Details | None
    assumptions: tuple[Assumption, ...] = ()

    @property
    def columns(self) -> ColumnMapping:
        """Which column plays which role."""
        assert self.reading.columns is not None  # parse_log has completed it
        return self.reading.columns


def parse_log(source: Any, reading: Reading, details: Any = None) -> ParsedLog:
    """Everything that does not depend on the cleaning.

    Args:
        source: a path, bytes, a binary buffer, a polars frame or a :class:`Table`.
        reading: how to read it; its cleaning is not used here.
        details: a second table with a row an item, of the same kinds; left out, the one in the same archive.

    Raises:
        InputError: see :func:`load_table`, :func:`parse_events` and :func:`choose_key`.
    """
    table = reading.table(source)
    reading = reading.completed(table)
    assert reading.columns is not None
    parsed = parse_events(table, reading.columns)
    second = details_table(table, reading, details)
    found = None
    if second is not None:
        ids, item = parsed.events.item_ids, reading.columns.item
        as_written = reading.columns.ids_as_written
        found = choose_key(second, ids, item, reading.details_key, strict=details is not None, as_written=as_written)
    return ParsedLog(table, reading, parsed, found, all_assumptions(table, reading, parsed, found))


def details_table(table: Table, reading: Reading, details: Any) -> Table | None:
    """The table with a row an item that a reading uses: the one given, or the one that came in the same archive."""
    if not reading.details:
        return None
    if details is not None:
        return load_table(details)
    return None if table.companion is None else Table(table.companion, "frame", f"the details in {table.name}")


def assemble(log: ParsedLog, cleaning: CleaningConfig) -> dict[str, Any]:
    """Clean and number the events of a parsed log: the fields of ``Sequences``, by name.

    The vocabulary holds the items that occur in a sequence, the commonest first (ties by id, so that a file's order
    does not matter); side information follows in the same order.

    Raises:
        InputError: see :func:`clean`.
    """
    cleaned = clean(log.parsed, log.columns, cleaning)
    first, *later = cleaned.steps
    told = [
        CleaningStep(f"reading: {a.name.replace('_', ' ')}", str(a), (first.rows[1],) * 2, (first.items[1],) * 2)
        for a in log.assumptions
    ]
    events, users = cleaned.events, users_of(cleaned)
    counts = np.bincount(events.item, minlength=len(events.item_ids))
    present = np.flatnonzero(counts)
    ids = np.array(events.item_ids.gather(present).to_list(), dtype=object)
    order = np.lexsort((ids.astype(np.str_), -counts[present]))
    rank = np.full(len(counts), -1, np.int32)
    rank[present[order]] = np.arange(len(present), dtype=np.int32)
    items = Vocabulary(ids[order].tolist())
    tokens = rank[events.item]
    frame, notes, step = _side_info(log, cleaned, tokens, items, present[order])
    return {
        "items": items,
        "offsets": cleaned.offsets,
        "tokens": tokens,
        "ordered": cleaned.ordered,
        "users": users,
        "timestamps": events.time,
        "side_info": frame,
        "weights": None if events.weight is None else events.weight.astype(np.float32),
        "report": (first, *told, *later, *step),
        "assumptions": log.assumptions,
        "notes": (*log.parsed.notes, *notes),
    }


def users_of(cleaned: Cleaned) -> StrArray | None:
    """Who made each sequence, (s,); None where the log names nobody."""
    events = cleaned.events
    if events.user is None or events.user_ids is None:
        return None
    return events.user_ids.gather(events.user[cleaned.offsets[:-1]]).to_numpy().astype(np.str_)


def _side_info(
    log: ParsedLog, cleaned: Cleaned, tokens: Int32Array, items: Vocabulary, codes: npt.NDArray[np.intp]
) -> tuple[pl.DataFrame | None, tuple[str, ...], tuple[CleaningStep, ...]]:
    frames: list[pl.DataFrame] = []
    notes: list[str] = []
    mapping = log.columns
    if log.details is not None:
        matched, said = from_details(log.details, codes)
        notes += [*log.details.notes, *said]
        frames += [matched] if matched.width else []
    columns = [c for c in dict.fromkeys((mapping.title, *mapping.side)) if c is not None and c != mapping.item]
    columns = [c for c in columns if all(c not in frame.columns for frame in frames)]
    if columns and mapping.shape != "sequences":
        frames.append(from_events(log.table.frame, cleaned.events.row, tokens, columns))
        notes.append(
            f"Properties of the items found among the events: {', '.join(columns)}; an item has the commonest value of "
            "all its events, also of those that are held out where something is measured."
        )
    if not frames:
        return None, tuple(notes), ()
    frame, said = tidy(pl.concat(frames, how="horizontal"), mapping.title if log.details is None else None)
    rows, n, sequences = len(tokens), len(items), len(cleaned.offsets) - 1
    text = " ".join((*notes, *said))
    return frame, (), (CleaningStep("side information", text, (rows, rows), (n, n), (sequences, sequences)),)
