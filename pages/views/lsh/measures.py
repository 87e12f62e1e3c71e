"""What the LSH laboratory measures: the grid of all settings, one setting as an index, curves, explanations."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pages.kit import background, results
from pages.kit.session import ActiveData
from pages.views.lsh.points import LabPoints
from recemb_core.arrays import AnyArray, BoolArray, Float64Array
from recemb_core.figures.lsh_tradeoff import Cells
from recemb_core.neighbors.lsh import LSHConfig, LSHIndex
from recemb_core.neighbors.lsh.cells import FIGURES, SHARES, LSHCell, LSHGrid
from recemb_core.neighbors.lsh.curve import CollisionCurve, distance_sample, others_than
from recemb_core.neighbors.lsh.draws import DRAWS
from recemb_core.neighbors.lsh.explain import LSHExplanation, explain_query
from recemb_core.neighbors.lsh.families import HashFamily, family_named
from recemb_core.neighbors.lsh.grid import lsh_cell, lsh_grid
from recemb_core.neighbors.lsh.hashing import default_width as width_of
from recemb_core.neighbors.lsh.pairs import PairAgreement, pair_agreement
from recemb_core.neighbors.lsh.theory import (
    GRID_MODES,
    Family,
    GridMode,
    Mode,
    amplified_probability,
    collision_probability,
    expected_grid,
)
from recemb_core.neighbors.truth import Truth, true_neighbors
from recemb_core.progress import Progress

MOST_FUNCTIONS, MOST_TABLES = 16, 32
NEIGHBORS = (1, 5, 10, 20, 50)
CURVE_PAIRS = 800  # near ones and far ones, each, behind the measured S-curve
CURVE_DRAWS = 16  # of functions behind it
MODES = {"and_or": "AND-then-OR", "and": "AND", "or": "OR", "or_and": "OR-then-AND"}


@dataclass(frozen=True, kw_only=True)
class LabSettings:
    """Every control of the laboratory that says how the points are hashed; ``width`` is None for families without."""

    family: Family
    mode: Mode
    functions: int
    tables: int
    ratio: float
    width: float | None
    default_width: float
    k: int
    probes: int
    target: float
    seed: int

    @property
    def hashing(self) -> HashFamily:
        """The family of hash functions."""
        return family_named(self.family)

    @property
    def shape(self) -> tuple[int, int]:
        """(functions, tables) that the mode uses."""
        return 1 if self.mode == "or" else self.functions, 1 if self.mode == "and" else self.tables

    @property
    def grid_mode(self) -> GridMode:
        """The mode of the grid that holds this one: AND is its column L = 1, OR its row K = 1."""
        return "or_and" if self.mode == "or_and" else "and_or"

    @property
    def probing(self) -> int:
        """Further buckets a table; OR-then-AND has none, nor has a family that knows no neighboring bucket."""
        return self.probes if self.can_probe else 0

    @property
    def can_probe(self) -> bool:
        return self.mode != "or_and" and self.hashing.probes

    @property
    def largest(self) -> dict[str, Any]:
        """What a measurement of every K and L is told."""
        return {"family": self.family, "width": self.width, "tables": MOST_TABLES, "functions": MOST_FUNCTIONS}

    def cell_of(self, measured: LSHGrid) -> LSHCell:
        """The figures of this setting."""
        return measured.cell(self.grid_mode, *self.shape)

    def chance(self, distance: npt.ArrayLike) -> tuple[Float64Array, Float64Array]:
        """Of two points at a distance: probability that one function, and that the setting, keeps them together."""
        p = collision_probability(distance, self.width, self.family)
        return p, amplified_probability(p, self.tables, self.functions, self.mode)

    @property
    def config(self) -> LSHConfig:
        """The index of these settings."""
        functions, tables = self.shape
        return LSHConfig(
            family=self.family,
            mode=self.mode,
            functions=functions,
            tables=tables,
            width=self.width,
            multi_probe=self.probing,
            seed=self.seed,
        )

    def said(self) -> str:
        """The setting in a few words."""
        functions, tables = self.shape
        return f"{MODES[self.mode]}, K = {functions}, L = {tables}"


def usual_nearest(n: int) -> int:
    """How many neighbors are asked for among n points, at first."""
    return max(k for k in NEIGHBORS if k <= 10 and k < n)


def default_width(data: ActiveData, points: LabPoints, family: str) -> float:
    space = family_named(family).distance
    make = lambda: width_of(space.space(points.vectors), seed=0)  # noqa: E731
    return results.remember(data, ("lab width", points.key, space.name), make)


def truth(data: ActiveData, points: LabPoints, settings: LabSettings) -> Truth:
    """The exact neighbors of the queries."""
    metric = settings.hashing.distance.metric
    key = ("lab truth", points.key, settings.k, metric)
    return results.remember(data, key, lambda: true_neighbors(points.vectors, points.queries, settings.k, metric))


def grid(
    data: ActiveData, points: LabPoints, settings: LabSettings, progress: Progress | None = None, *, draws: int = 1
) -> LSHGrid:
    """All settings measured in one pass, with one draw of functions; K, L and mode only look into it."""

    def make() -> LSHGrid:
        run: dict[str, Any] = {
            "seed": settings.seed,
            "draws": draws,
            "truth": truth(data, points, settings).ids,
            "progress": progress,
        }
        return lsh_grid(points.vectors, points.queries, settings.k, **settings.largest, **run)

    return results.remember(data, _grid_key(points, settings, draws), make)


# The same as means over draws of functions, with intervals; an exception raised in ``progress`` ends it.
grid_over_draws = partial(grid, draws=DRAWS)


def grid_so_far(data: ActiveData, points: LabPoints, settings: LabSettings) -> LSHGrid:
    """The grid over draws if it is there, else that of one draw."""
    return results.kept(data, _grid_key(points, settings, DRAWS)) or grid(data, points, settings)


def _grid_key(points: LabPoints, settings: LabSettings, draws: int) -> Hashable:
    return ("lab grid", points.key, settings.family, settings.width, settings.seed, settings.k, draws)


def cell(data: ActiveData, points: LabPoints, settings: LabSettings, measured: LSHGrid) -> LSHCell:
    """The setting in use: out of the grid, or, with further probes, which are not in it, by indexes of its own."""
    if not settings.probing:
        return settings.cell_of(measured)
    draws, k, config, true = measured.draws, settings.k, settings.config, truth(data, points, settings).ids
    make = lambda: lsh_cell(points.vectors, points.queries, k, config, draws=draws, truth=true)  # noqa: E731
    return results.remember(data, ("lab cell", points.key, config, k, draws), make)


def theory_grid(data: ActiveData, points: LabPoints, settings: LabSettings) -> LSHGrid:
    """What theory expects of all settings, from the distances alone: no function is drawn and nothing compiled."""
    near, every = distances(data, points, settings)

    def make() -> LSHGrid:
        expected = expected_grid(near, every, n=len(points), k=settings.k, **settings.largest)
        figures: dict[str, Any] = dict.fromkeys(FIGURES, np.full(expected.recall.shape, np.nan))
        figures |= {name: getattr(expected, name) for name in SHARES} | {"candidates": expected.cost * len(points)}
        return LSHGrid(
            modes=GRID_MODES,
            n=len(points),
            k=settings.k,
            queries=len(points.queries),
            family=settings.family,
            width=settings.width,
            seed=settings.seed,
            **figures,
        )

    return results.remember(data, ("lab theory", points.key, settings.family, settings.width, settings.k), make)


def kernels_ready(seconds: float) -> bool:
    """Whether the compiled code that measures is there, waiting at most so long; a thread gets it, once a process."""
    return background.in_background("lsh kernels", prepare_kernels, seconds)


def prepare_kernels() -> None:
    """Compile or load all that the laboratory measures with."""
    rows = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    lsh_grid(rows, np.arange(8), k=2, tables=2, functions=2)
    for config in (LSHConfig(tables=2, functions=2, multi_probe=1), LSHConfig(tables=2, functions=2, mode="or_and")):
        index = LSHIndex(config).build(rows)
        index.search(rows, 2)
        index.candidates(rows)


@lru_cache(maxsize=4)
def cells_of(measured: LSHGrid, mode: GridMode) -> Cells:
    """One mode of the grid, as the charts take it; kept, because every run of the page draws all of it."""
    at = measured.modes.index(mode)
    return Cells(
        functions=list(range(1, measured.recall.shape[1] + 1)),
        tables=list(range(1, measured.recall.shape[2] + 1)),
        recall=measured.recall[at],
        precision=measured.precision[at],
        cost=measured.cost[at],
        counts=measured.candidates[at],
        ranges={
            name: (getattr(measured, f"{name}_low")[at], getattr(measured, f"{name}_high")[at])
            for name in (SHARES if measured.draws > 1 else ())
        },
    )


def frontier(cells: Cells) -> list[tuple[int, int]]:
    """Settings that no other one beats in both recall and cost, cheapest first."""
    cost, recall = cells.cost.ravel(), cells.recall.ravel()
    order = np.lexsort((-recall, cost))
    best = np.maximum.accumulate(np.append(-1.0, recall[order]))[:-1]
    found = np.unravel_index(order[(recall[order] > best) & (cost[order] > 0)], cells.cost.shape)
    return [(cells.functions[row], cells.tables[column]) for row, column in np.transpose(found).tolist()]


def least_cost(measured: LSHGrid, settings: LabSettings) -> tuple[int, int] | None:
    """The cheapest (functions, tables) of the mode that reaches the recall asked for; None where none does."""
    cells = cells_of(measured, settings.grid_mode)
    good = cells.recall >= settings.target - 1e-12
    if settings.mode == "and":
        good[:, 1:] = False
    elif settings.mode == "or":
        good[1:] = False
    if not good.any():
        return None
    at = np.argwhere(good) + 1
    functions, tables = at[np.lexsort((at.prod(axis=1), -cells.recall[good], cells.cost[good]))[0]].tolist()
    return functions, tables


def angles_or_distances(points: AnyArray, others: AnyArray, family: Family) -> Float64Array:
    """What the collision probability goes by, row by row: ‖x − y‖, or the angle in radians."""
    measure = family_named(family).distance
    return measure.between(measure.space(points), measure.space(others))


def distances(data: ActiveData, points: LabPoints, settings: LabSettings) -> tuple[Float64Array, Float64Array]:
    """(from each query to its k nearest, from queries to a sample of other points), or the angles."""

    def make() -> tuple[Float64Array, Float64Array]:
        ids = truth(data, points, settings).ids
        found = distance_sample(points.vectors, points.queries, settings.k, family=settings.family, truth=ids)
        return found.near[ids >= 0], found.every

    return results.remember(data, ("lab distances", points.key, settings.k, settings.family), make)


def measured_curves(data: ActiveData, points: LabPoints, settings: LabSettings) -> dict[str, CollisionCurve]:
    """How often pairs of each distance meet under every mode at the K and L in use."""
    near = truth(data, points, settings).ids

    def make() -> PairAgreement:
        rng = np.random.default_rng(0)
        asked = rng.permutation(len(points.queries))[:100]
        close = np.column_stack([np.repeat(points.queries[asked], near.shape[1]), near[asked].ravel()])
        close = close[close[:, 1] >= 0]
        close = close[rng.permutation(len(close))[:CURVE_PAIRS]]
        own = rng.choice(points.queries[asked], CURVE_PAIRS)
        far = np.column_stack([own, others_than(own, len(points), rng)])
        pairs = np.concatenate([close, far])
        return pair_agreement(points.vectors, pairs, **settings.largest, repeats=CURVE_DRAWS, seed=settings.seed)

    key = ("lab pairs", points.key, settings.k, settings.family, settings.width, settings.seed)
    agreement = results.remember(data, key, make)
    return {mode: agreement.curve(mode, settings.functions, settings.tables) for mode in MODES}


def found_nearest(data: ActiveData, points: LabPoints, settings: LabSettings) -> BoolArray:
    """(q, k): which of each query's truly nearest this index, of the setting and the seed, has among its candidates."""
    config, near = settings.config, truth(data, points, settings).ids

    def make() -> BoolArray:
        indptr, ids = LSHIndex(config).build(points.vectors).candidates(points.vectors[points.queries])
        return np.stack([np.isin(row, ids[a:b]) for row, a, b in zip(near, indptr[:-1], indptr[1:], strict=True)]) & (
            near >= 0
        )

    return results.remember(data, ("lab found", points.key, config, settings.k), make)


def half_found(data: ActiveData, points: LabPoints, settings: LabSettings) -> int:
    """Row of the query of whose nearest this index finds the share nearest to a half."""
    share = found_nearest(data, points, settings).mean(axis=1)
    return int(points.queries[int(np.argmin(np.abs(share - 0.5)))])


def explain(data: ActiveData, points: LabPoints, settings: LabSettings, row: int) -> LSHExplanation:
    """What every table of the setting in use does with the true neighbors of a point."""
    config = settings.config
    make = lambda: explain_query(LSHIndex(config).build(points.vectors), row, settings.k)  # noqa: E731
    return results.remember(data, ("lab explain", points.key, config, settings.k, row), make)
