"""Users, baskets and dates that stand on the first row of a block only: merged cells, an order's head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.content import is_empty, starts_blocks
from recemb_core.readers.errors import listed

if TYPE_CHECKING:
    from recemb_core.readers.column_mapping import ColumnMapping

_SOME = 0.1  # the share of empty fields from which a person should look


def filled_down(
    frame: pl.DataFrame, mapping: ColumnMapping, *, layout: bool = True
) -> tuple[pl.DataFrame, list[Assumption]]:
    """The frame with empty fields of its users, baskets, sessions and dates filled from above, and what is said of it.

    Where ``mapping.fill_down`` is None, it is done where the rows could not be read otherwise: where more than half
    of the fields are empty, below a first one that is filled. Records (JSON, parquet: no ``layout``) are never filled
    by themselves: there an empty field is nobody.
    """
    columns = [c for c in (mapping.user, mapping.basket, mapping.session, mapping.timestamp) if c is not None]
    columns = list(dict.fromkeys(columns))
    empty = {c: is_empty(frame[c]) for c in columns if not frame.schema[c].is_nested()}
    gaps = {c: int(e.sum()) for c, e in empty.items() if len(e) and not bool(e[0]) and bool(e.any())}
    if not gaps:
        return frame, []
    blocks = [c for c in gaps if starts_blocks(frame[c])]
    # A user may be missing where a basket is known on every row: then each basket is somebody's.
    known = any(c is not None and c not in blocks for c in (mapping.basket, mapping.session))
    needed = [c for c in blocks if layout and (c != mapping.user or not known)]
    chosen = list(gaps) if mapping.fill_down else blocks if mapping.fill_down is None and needed else []
    if chosen:
        filled = [pl.when(pl.Series(empty[c])).then(None).otherwise(pl.col(c)).forward_fill().alias(c) for c in chosen]
        words = f"Empty fields in {listed(chosen)} repeat the one above ({_counts(gaps, chosen, len(frame))})."
        doubtful = mapping.fill_down is None
        said = assumed("fill_down", mapping.fill_down, words, ("they are nobody's", False), doubtful=doubtful)
        return frame.with_columns(filled), [said]
    if mapping.item is not None and not frame.schema[mapping.item].is_nested():
        events = ~is_empty(frame[mapping.item])  # a comment or a row of sums has no item either, and is no event
        gaps = {c: count for c in gaps if (count := int((empty[c] & events).sum()))}
        if not gaps:
            return frame, []
    what = "are at no time" if list(gaps) == [mapping.timestamp] else "are nobody's"
    words = f"Rows whose {listed(gaps)} is empty {what} ({_counts(gaps, list(gaps), len(frame))})."
    doubtful = mapping.fill_down is None and max(gaps.values()) > _SOME * len(frame)
    other = ("they repeat the one above", True)
    return frame, [assumed("fill_down", mapping.fill_down, words, other, doubtful=doubtful)]


def _counts(gaps: dict[str, int], columns: list[str], rows: int) -> str:
    return ", ".join(f"{gaps[c]:,}" for c in columns) + f" of {rows:,} rows"
