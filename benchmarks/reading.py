"""What a moved gap costs: cleaning a parsed log again, beside reading the file anew.

    python -m benchmarks.reading [--rows 200000 1000000]

A made-up log with users, items by a power law, times, ratings and a category, and a table of item details. Prints
seconds (median of five, in turns) and the ratio of the two.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from benchmarks.table import Row
from recemb_core.readers import CleaningConfig, Reading
from recemb_core.readers.assembly import parse_log
from recemb_core.sequences import clean_log, read_events

GAPS = (60, 1440, 10_080, 30, 240)


def made_up(rows: int) -> tuple[bytes, bytes]:
    """A log and its item details as csv."""
    rng = np.random.default_rng(0)
    items = rows // 20
    frame = pl.DataFrame(
        {
            "user_id": rng.integers(0, rows // 20, rows),
            "item_id": rng.zipf(1.3, rows) % items,
            "timestamp": 1_600_000_000 + rng.integers(0, 60 * 86_400, rows),
            "rating": rng.integers(1, 6, rows),
        }
    ).with_columns(category=pl.format("kind {}", pl.col("item_id") % 17))
    numbers = np.arange(items)
    details = pl.DataFrame({"item_id": numbers, "title": [f"Item {n}" for n in numbers], "brand": numbers % 99})
    return frame.write_csv().encode(), details.write_csv().encode()


def measure(sizes: Iterable[int]) -> Iterator[Row]:
    """Print what both cost for logs of these sizes, and give their ratios."""
    for rows in sizes:
        log, details = made_up(rows)
        parsed = parse_log(log, Reading(), details)
        again, anew = [], []
        for gap in GAPS:
            start = time.perf_counter()
            kept = clean_log(parsed, CleaningConfig(gap_minutes=gap))
            again.append(time.perf_counter() - start)
            start = time.perf_counter()
            whole = read_events(log, reading=Reading().with_cleaning(gap_minutes=gap), side_info=details)
            anew.append(time.perf_counter() - start)
            assert kept.fingerprint == whole.fingerprint
        a, b = statistics.median(again), statistics.median(anew)
        print(f"{rows:>9,} events: cleaned again {a:.2f} s, read anew {b:.2f} s, {b / a:.1f} times", flush=True)
        yield Row.of_turns("a moved gap", f"{rows:,} events", "s", "reading anew", again, anew, less_is_better=True)


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``."""
    yield from measure([200_000, 1_000_000])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000, 1_000_000])
    for _ in measure(parser.parse_args().rows):
        pass


if __name__ == "__main__":
    main()
