"""An invented log of any size, written in blocks: sessions of users within groups of items, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

EVENTS_AN_ITEM, EVENTS_A_USER = 50, 5
GROUP = 100  # items that sessions stay within
BLOCK = 500_000  # events made at a time
FIRST, DAYS = 1_700_000_000, 90


def blocks(events: int, seed: int = 0) -> Iterator[pl.DataFrame]:
    """The log: ``user_id``, ``item_id``, ``timestamp`` (whole unix seconds), in blocks of whole sessions.

    A session is a user's, begins at any time of its block, has 2 to 9 events of one group of items, half a minute to
    ten minutes apart; one event of ten is of any group. Within a group and between groups, popularity falls with rank.
    """
    rng = np.random.default_rng(seed)
    items, users = events // EVENTS_AN_ITEM, events // EVENTS_A_USER
    groups = max(items // GROUP, 1)
    each = items // groups
    span, done = DAYS * 86_400 / events, 0
    while done < events:
        most = min(BLOCK, events - done)
        lengths = rng.integers(2, 10, most // 2 + 1)
        lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), most)) + 1]
        lengths[-1] -= lengths.sum() - most
        owner = np.repeat(np.arange(len(lengths)), lengths)
        user = rng.integers(0, users, len(lengths))[owner]
        group = (groups * rng.random(len(lengths)) ** 1.5).astype(np.int64)[owner]
        group = np.where(rng.random(most) < 0.1, rng.integers(0, groups, most), group)
        item = group * each + (each * rng.random(most) ** 2).astype(np.int64)
        pauses = np.cumsum(rng.integers(30, 600, most))
        start = rng.random(len(lengths)) * most * span
        since = pauses - np.repeat(pauses[np.cumsum(lengths) - lengths], lengths)
        time = FIRST + (done * span + start[owner] + since).astype(np.int64)
        order = np.argsort(time, kind="stable")
        frame = pl.DataFrame({"user_id": user[order], "item_id": item[order], "timestamp": time[order]})
        yield frame.with_columns(pl.format("u{}", "user_id"), pl.format("i{}", "item_id"))
        done += most


def write(events: int, csv: Path, parquet: Path, seed: int = 0) -> None:
    """The log in both forms; one block of it is in memory at a time."""
    import pyarrow.parquet

    with csv.open("wb") as text:
        table: pyarrow.parquet.ParquetWriter | None = None
        for block in blocks(events, seed):
            block.write_csv(text, include_header=table is None)
            arrow = block.to_arrow()
            table = table or pyarrow.parquet.ParquetWriter(parquet, arrow.schema)
            table.write_table(arrow)
        if table is not None:
            table.close()
