"""Cleaned events → the arrays of the project: vocabulary by frequency, tokens, users, times, side information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from recemb_core.readers.cleaning import Cleaned, CleaningConfig, CleaningStep, clean
from recemb_core.readers.columns import ColumnMapping
from recemb_core.readers.events import parse_events
from recemb_core.readers.side_info import from_events, from_table, tidy
from recemb_core.readers.tables import Table
from recemb_core.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Assembled:
    """The fields of ``Sequences``, by the same names."""

    items: Vocabulary
    offsets: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int32]
    ordered: bool
    users: npt.NDArray[np.str_] | None
    timestamps: npt.NDArray[np.float64] | None
    weights: npt.NDArray[np.float32] | None
    side_info: pl.DataFrame | None
    report: tuple[CleaningStep, ...]
    notes: tuple[str, ...]


def assemble(table: Table, mapping: ColumnMapping, config: CleaningConfig, side: Table | None = None) -> Assembled:
    """Parse, clean and number the events of a table.

    Raises:
        InputError: see :func:`parse_events`, :func:`clean` and :func:`from_table`.
    """
    parsed = parse_events(table, mapping)
    cleaned = clean(parsed, mapping, config)
    events = cleaned.events
    # By frequency, so that row numbers are ranks of popularity; ties by id, so that a file's order does not matter.
    counts = np.bincount(events.item, minlength=len(events.item_ids))
    present = np.flatnonzero(counts)
    ids = np.array(events.item_ids.gather(present).to_list(), dtype=object)
    order = np.lexsort((ids.astype(np.str_), -counts[present]))
    rank = np.full(len(counts), -1, np.int32)
    rank[present[order]] = np.arange(len(present), dtype=np.int32)
    items = Vocabulary(ids[order].tolist())
    tokens = rank[events.item]
    frame, notes, step = _side_info(table, mapping, cleaned, tokens, items, side)
    return Assembled(
        items,
        cleaned.offsets,
        tokens,
        cleaned.ordered,
        _users(cleaned),
        events.time,
        None if events.weight is None else events.weight.astype(np.float32),
        frame,
        (*cleaned.steps, *step),
        (*parsed.notes, *notes),
    )


def _users(cleaned: Cleaned) -> npt.NDArray[np.str_] | None:
    events = cleaned.events
    if events.user is None or events.user_ids is None:
        return None
    return events.user_ids.gather(events.user[cleaned.offsets[:-1]]).to_numpy().astype(np.str_)


def _side_info(
    table: Table,
    mapping: ColumnMapping,
    cleaned: Cleaned,
    tokens: npt.NDArray[np.int32],
    items: Vocabulary,
    side: Table | None,
) -> tuple[pl.DataFrame | None, tuple[str, ...], tuple[CleaningStep, ...]]:
    frames: list[pl.DataFrame] = []
    notes: list[str] = []
    second = side.frame if side is not None else table.companion
    if second is not None:
        matched, said = from_table(second, items.ids, mapping.item, strict=side is not None)
        notes += [*(side.notes if side is not None else ()), *said]
        frames += [matched] if matched is not None else []
    columns = [c for c in dict.fromkeys((mapping.title, *mapping.side)) if c is not None and c != mapping.item]
    columns = [c for c in columns if all(c not in frame.columns for frame in frames)]
    if columns and mapping.shape != "sequences":
        frames.append(from_events(table.frame, cleaned.events.row, tokens, columns))
        notes.append(f"Properties of the items found among the events: {', '.join(columns)}.")
    if not frames:
        return None, tuple(notes), ()
    wide = pl.concat(frames, how="horizontal")
    tidied = tidy(wide, mapping.title if second is None else None)
    rows, n = len(tokens), len(items)
    text = " ".join((*notes, *tidied.notes))
    step = CleaningStep("side information", text, (rows, rows), (n, n), (len(cleaned.offsets) - 1,) * 2)
    return tidied.frame, (), (step,)
