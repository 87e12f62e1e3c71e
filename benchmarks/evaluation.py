"""The evaluation: its tables, whether its verdicts hold, and what it costs.

    python -m benchmarks.evaluation                                        # all parts
    python -m benchmarks.evaluation --part table --retail interactions.csv.gz
    python -m benchmarks.evaluation --part honesty --comparisons 1000

table: every row on the validation part with intervals, letters and costs: the groceries, the planted shop's clicks, an
invented log of ratings, and a retail log given as a file. ``--test`` measures the test part in its place.

honesty: (1) null comparisons: two sets of seeds of one setting, drawn from a pool of runs, through the real code; the
share in which one is called better, with its 95% interval (Clopper and Pearson). Goal: 5% or less, upper end 7% or
less. (2) The same among five sets at once, any pair. (3) Nulls of users: two models whose outcomes are swapped user by
user at random. (4) Power: two settings that differ, users drawn anew. Goal: .9. (5) Power against the size of a
planted difference: one of the two serves a known share of the users as a better model does.

queries: every model of item vectors by last, last five, mean and decayed history, by cosine and in·out.

speed: a log of 100,000 events: seconds to fit and rank every baseline; EASE and PPMI-SVD at 20,000 items.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks import evaluation_honesty, evaluation_speed, evaluation_table
from benchmarks.table import Row


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: how often one of two equals is called better."""
    yield evaluation_honesty.null_row(comparisons=200, runs=20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("all", "table", "queries", "honesty", "speed"), default="all")
    parser.add_argument("--retail", type=Path, help="a retail log, read as it comes; left out without one")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each row")
    parser.add_argument("--test", action="store_true", help="measure the test part")
    parser.add_argument("--recall", action="store_true", help="with the recall networks, which take minutes each")
    parser.add_argument("--only", nargs="*", help="names of logs: groceries, shop, ratings, retail")
    parser.add_argument("--comparisons", type=int, default=1000)
    parser.add_argument("--pool", type=int, default=60, help="runs that null comparisons draw from")
    parser.add_argument("--largest", type=int, default=20_000, help="items of the largest EASE (20,000: 5 GB, minutes)")
    given = parser.parse_args()
    if given.part in ("all", "table"):
        part = "test" if given.test else "validation"
        evaluation_table.report(given.retail, given.only, given.seeds, part, recall=given.recall)
    if given.part in ("all", "queries"):
        evaluation_table.queries(given.retail, given.only)
    if given.part in ("all", "honesty"):
        evaluation_honesty.report(given.comparisons, given.pool)
    if given.part in ("all", "speed"):
        evaluation_speed.report(given.largest)


if __name__ == "__main__":
    main()
