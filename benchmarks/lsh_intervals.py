"""Do the intervals of ``lsh_grid`` cover what other draws of hash functions find?

    python -m benchmarks.lsh_intervals                  # 100 settings, a minute or two
    python -m benchmarks.lsh_intervals --settings 400 --seed 1

A setting is drawn at random: points (item vectors of the bundled groceries, of the planted shop and of Les Misérables,
clusters and a Gaussian cloud of several sizes), family, bucket width, k, which rows are the queries, K, L and mode;
four settings at a time share all but the last three. Its 95% interval comes from 8 draws of functions. It should cover

- the mean of 50 other seeds on the same queries (what the page says of other hash functions), and
- the mean of 50 other seeds, each on a fresh sample of queries (what an engineer's next query meets).

Goal: each figure at least 90% of the settings, for both means. A setting without a candidate has no precision and is
left out of that figure's count, which is printed. The interval of the queries alone, as a single draw gives it, stands
beside it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.datasets.point_clouds import clustered_points, gaussian_points
from recemb_core.embeddings import comparison_defaults, default_graph, train_model, training_fingerprint
from recemb_core.neighbors import LSHGrid, lsh_grid
from recemb_core.neighbors.base import unit_rows
from recemb_core.neighbors.lsh.draws import DRAWS
from recemb_core.neighbors.lsh.families import FAMILIES
from recemb_core.neighbors.lsh.hashing import default_width
from recemb_core.neighbors.lsh.theory import GRID_MODES, Family, GridMode

GOAL = 0.9  # of the settings
FIGURES = ("recall", "precision", "cost")
POINTS = (
    "complete_journey", "planted_shop", "les_miserables", "clustered 500", "clustered 2000", "clustered 3000",
    "gaussian 300", "gaussian 2000",
)  # fmt: skip
QUERIES, CELLS = 80, 4


@cache
def points(name: str, number: int) -> npt.NDArray[np.float32]:
    """Item vectors of a bundled data set (one of its models), or a cloud."""
    kind, *size = name.split()
    if size:
        make = clustered_points if kind == "clustered" else gaussian_points
        return make(int(size[0]), (8, 32)[number % 2], seed=number)
    data = load_dataset(name)
    graph = data.graph if data.sequences is None else default_graph(data.sequences)
    known: dict[str, Any] = {"sequences": data.sequences, "graph": graph, "side_info": data.side_info}
    configs = list(comparison_defaults(data.sequences, graph=graph, side_info=data.side_info).values())
    config = configs[number % len(configs)]
    ready = precomputed.load_vectors(training_fingerprint(config, **known), config)
    return unit_rows((ready or train_model(config, **known)).vectors)


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Points and hashing of a few settings; ``cells`` are the settings: (mode, K, L)."""

    points: npt.NDArray[np.float32]
    family: Family
    width: float | None
    k: int
    seed: int
    cells: tuple[tuple[GridMode, int, int], ...]

    def queries(self, number: int) -> npt.NDArray[np.int64]:
        """A sample of the rows; all of them where there are few."""
        n = len(self.points)
        return np.random.default_rng([self.seed, number]).choice(n, n if n < 2 * QUERIES else QUERIES, replace=False)

    def measure(self, number: int, seed: int, draws: int = 1) -> LSHGrid:
        """The grid on the queries of that number."""
        return lsh_grid(
            self.points, self.queries(number), self.k, family=self.family, width=self.width,
            tables=max(tables for *_, tables in self.cells), functions=max(f for _, f, _ in self.cells),
            seed=seed, draws=draws, threads=1,
        )  # fmt: skip


def labs(settings: int, seed: int, names: tuple[str, ...] = POINTS) -> Iterator[Lab]:
    """Labs that hold so many settings in all."""
    rng = np.random.default_rng(seed)
    for at in range(-(-settings // CELLS)):
        rows = points(names[at % len(names)], int(rng.integers(4)))
        family = tuple(FAMILIES)[int(rng.integers(len(FAMILIES)))]
        width = default_width(rows, seed=0) * float(rng.choice([0.25, 0.5, 1.0, 2.0]))
        yield Lab(
            points=rows,
            family=family,
            width=width if FAMILIES[family].has_width else None,
            k=int(min(rng.choice([1, 5, 10, 20]), len(rows) - 1)),
            seed=int(rng.integers(2**31)),
            cells=tuple(
                (GRID_MODES[int(rng.integers(2))], int(rng.integers(1, 17)), int(rng.choice([1, 2, 4, 8, 16, 24, 32])))
                for _ in range(min(CELLS, settings - CELLS * at))
            ),
        )


@dataclass
class Coverage:
    """How many intervals of a figure held each mean; ``queries_alone`` is the ± 1.96 errors of a single draw."""

    settings: int = 0
    same: int = 0
    fresh: int = 0
    queries_alone: int = 0
    widths: list[float] = field(default_factory=list)


def coverage(chosen: Iterator[Lab], *, others: int = 50, fresh: int = 50, draws: int = DRAWS) -> dict[str, Coverage]:
    """Coverage of every figure over the settings; ``fresh`` 0 leaves out the mean over fresh queries."""
    found = {name: Coverage() for name in FIGURES}
    for lab in chosen:
        grid = lab.measure(0, lab.seed, draws)
        seeds = np.random.default_rng([lab.seed, 7]).integers(2**31, size=others + fresh).tolist()
        same = [lab.measure(0, s) for s in seeds[:others]]
        strange = [lab.measure(1 + i, s) for i, s in enumerate(seeds[others:])]
        for place in lab.cells:
            cell, single = grid.cell(*place), grid.first.cell(*place)
            for name, count in found.items():
                low, high = getattr(cell, f"{name}_low"), getattr(cell, f"{name}_high")
                values = [[getattr(g.cell(*place), name) for g in grids] for grids in (same, strange)]
                means = [float(np.mean([v for v in part if np.isfinite(v)] or [np.nan])) for part in values]
                if not np.isfinite(low) or not np.isfinite(means[0]):
                    continue
                count.settings += 1
                count.same += low <= means[0] <= high
                count.fresh += low <= means[1] <= high
                alone = getattr(single, name), 1.96 * getattr(single, f"{name}_error")
                count.queries_alone += bool(abs(means[0] - alone[0]) <= alone[1])
                count.widths.append((high - low) / 2)
    return found


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: the share of intervals that cover, beside its goal."""
    found = coverage(labs(60, 0))
    for name, count in found.items():
        for what, hits in (("the same queries", count.same), ("fresh queries", count.fresh)):
            title = f"LSH intervals: {name} of {what} covered"
            yield Row.of_share(title, "random settings", hits, count.settings, GOAL, over="settings")


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the intervals over draws of hash functions.")
    parser.add_argument("--settings", type=int, default=100)
    parser.add_argument("--others", type=int, default=50, help="other seeds whose mean is to be covered")
    parser.add_argument("--draws", type=int, default=DRAWS, help="draws of functions behind an interval")
    parser.add_argument("--seed", type=int, default=0, help="of the settings")
    arguments = parser.parse_args()
    start = time.perf_counter()
    others, draws = arguments.others, arguments.draws
    found = coverage(labs(arguments.settings, arguments.seed), others=others, fresh=others, draws=draws)
    print(
        f"{arguments.settings} settings, {draws} draws behind an interval, covering the mean of {others} other seeds\n"
    )
    print("| figure | settings | same queries | fresh queries | by queries alone, one draw | half-width |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, count in found.items():
        shares = (f"{hits / max(count.settings, 1):.0%}" for hits in (count.same, count.fresh, count.queries_alone))
        print(f"| {name} | {count.settings} | {' | '.join(shares)} | median {np.median(count.widths):.4f} |")
    print(f"Goal: {GOAL:.0%} or more in the two columns of queries. {time.perf_counter() - start:.0f} s.")


if __name__ == "__main__":
    main()
