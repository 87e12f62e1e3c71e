"""Recall, precision and cost of every number of tables and functions at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recemb_core.neighbors.base import Metric
from recemb_core.neighbors.lsh import MAX_FUNCTIONS, MAX_TABLES
from recemb_core.neighbors.lsh_hashing import (
    HashFunctions,
    checked_vectors,
    default_width,
    draw_functions,
    in_family_space,
)
from recemb_core.neighbors.lsh_theory import FAMILIES, GRID_MODES, Family, GridMode
from recemb_core.neighbors.threads import share_out
from recemb_core.neighbors.truth import split_queries, true_neighbors
from recemb_core.validation import is_whole, require

_BLOCK = 1024


class LSHCell(NamedTuple):
    """One setting's figures.

    Attributes:
        mode, functions, tables: the setting.
        recall: mean over queries of |candidates ∩ true neighbors| / |true neighbors|.
        precision: |candidates ∩ true neighbors| / |candidates| over all queries together; NaN without candidates.
        cost: mean |candidates| / n.
        candidates: mean |candidates|.
        recall_error, precision_error, cost_error: standard errors over queries (of the functions drawn).
    """

    mode: GridMode
    functions: int
    tables: int
    recall: float
    precision: float
    cost: float
    candidates: float
    recall_error: float
    precision_error: float
    cost_error: float


@dataclass(frozen=True, eq=False)
class LSHGrid:
    """Measured figures of every cell: arrays (modes, functions K, tables L), where index 0 is K = 1 or L = 1.

    One table of K functions alone (``"and"``) is L = 1 of ``"and_or"``, L tables of one function (``"or"``) is K = 1.

    Attributes:
        modes: of the first axis.
        recall, precision, cost, candidates: as in :class:`LSHCell`.
        recall_error, precision_error, cost_error: standard errors over queries; NaN for a single query.
        n: points, k: true neighbors a query, queries: how many.
        family, width, seed: of the functions; width is None for hyperplanes.
    """

    modes: tuple[GridMode, ...]
    recall: npt.NDArray[np.float64]
    precision: npt.NDArray[np.float64]
    cost: npt.NDArray[np.float64]
    candidates: npt.NDArray[np.float64]
    recall_error: npt.NDArray[np.float64]
    precision_error: npt.NDArray[np.float64]
    cost_error: npt.NDArray[np.float64]
    n: int
    k: int
    queries: int
    family: Family
    width: float | None
    seed: int

    def cell(self, mode: GridMode, functions: int, tables: int) -> LSHCell:
        """The figures of one setting.

        Raises:
            ValueError: a setting outside the grid.
        """
        require(mode in self.modes, "mode", mode, f"one of {self.modes}")
        most_functions, most_tables = self.recall.shape[1:]
        require(1 <= functions <= most_functions, "functions", functions, f"from 1 to {most_functions}")
        require(1 <= tables <= most_tables, "tables", tables, f"from 1 to {most_tables}")
        at = self.modes.index(mode), functions - 1, tables - 1
        names = LSHCell._fields[3:]
        return LSHCell(mode, functions, tables, *(float(getattr(self, name)[at]) for name in names))

    def best_cell(self, target_recall: float, mode: GridMode | None = None) -> LSHCell | None:
        """The cheapest cell whose recall is at least the target, of one mode or of all; None where no cell is.

        Of equally cheap ones the one with higher recall, then fewer functions in all.
        """
        require(0 <= target_recall <= 1, "target_recall", target_recall, "from 0 to 1")
        good = self.recall >= target_recall - 1e-12
        if mode is not None:
            require(mode in self.modes, "mode", mode, f"one of {self.modes}")
            good &= np.array([m == mode for m in self.modes])[:, None, None]
        if not good.any():
            return None
        at = np.argwhere(good)
        cost, recall = self.cost[good], self.recall[good]
        best = np.lexsort(((at[:, 1] + 1) * (at[:, 2] + 1), -recall, cost))[0]
        m, functions, tables = (int(i) for i in at[best])
        return self.cell(self.modes[m], functions + 1, tables + 1)


def lsh_grid(
    vectors: npt.NDArray[np.float32],
    queries: npt.NDArray,
    k: int = 10,
    *,
    family: Family = "euclidean",
    tables: int = 32,
    functions: int = 16,
    width: float | None = None,
    modes: tuple[GridMode, ...] = GRID_MODES,
    seed: int = 0,
    truth: npt.NDArray[np.int32] | None = None,
    threads: int | None = None,
) -> LSHGrid:
    """Measure all settings up to ``functions`` × ``tables`` in one pass, each as an index of that setting would do.

    All projections are made once. For each query, point and table two lengths matter: how many functions agree before
    the first that does not, and which function agrees first. A point is a candidate of ``"and_or"`` where the largest
    of the former over the first L tables is at least K, of ``"or_and"`` where the largest of the latter is at most K.
    Both are kept as bit masks, whose maximum over tables is their or: four or eight points are compared at a time.

    Args:
        vectors: float32 (n, d).
        queries: row numbers (q,) — a row never counts itself, neither as neighbor nor as candidate — or vectors (q, d).
        k: true neighbors a query; Euclidean ones, by cosine for ``"hyperplane"``.
        family, width, seed: as in :class:`~recemb_core.neighbors.lsh.LSHConfig`.
        tables, functions: the largest L and K.
        modes: any of ``"and_or"``, ``"or_and"``.
        truth: int32 (q, k) ids of the true neighbors where they are known already, −1 for none.
        threads: None for all processors; the result is the same on any number.

    Raises:
        ValueError: a parameter out of range, vectors that are not finite, no queries.

    >>> rows = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    >>> grid = lsh_grid(rows, np.arange(50), k=5, tables=8, functions=4)
    >>> grid.recall.shape, bool(grid.recall[0, 3, 7] > grid.recall[0, 3, 0])
    ((2, 4, 8), True)
    """
    from recemb_core.neighbors.lsh_kernel import grid_all, grid_some

    require(is_whole(k) and k >= 1, "k", k, "a whole number, at least 1")
    require(family in FAMILIES, "family", family, "'euclidean' or 'hyperplane'")
    for name, value, most in (("tables", tables, MAX_TABLES), ("functions", functions, MAX_FUNCTIONS)):
        require(is_whole(value) and 1 <= value <= most, name, value, f"a whole number from 1 to {most:,}")
    modes = tuple(modes)
    require(bool(modes) and set(modes) <= set(GRID_MODES), "modes", modes, "some of 'and_or', 'or_and'")
    require(width is None or 0 < width < np.inf, "width", width, "None or a finite number above 0")
    vectors = checked_vectors(vectors, None)
    if truth is None:
        metric: Metric = "cosine" if family == "hyperplane" else "euclidean"
        truth, _, own, wanted = true_neighbors(vectors, queries, k, metric)
    else:
        own, wanted = split_queries(vectors, queries)
        require(truth.shape == (len(own), k), "truth", truth.shape, f"of shape {(len(own), k)}")
    wanted = checked_vectors(wanted, vectors.shape[1], "queries")
    if not len(wanted):
        raise ValueError("queries must not be empty")
    if family == "hyperplane":
        width = None
    elif width is None:
        width = default_width(vectors, seed=seed)
    hashing = draw_functions(
        vectors.shape[1], family=family, tables=tables, functions=functions, width=width, seed=seed
    )
    points, packed, log_bits = _pack(
        hashing, in_family_space(vectors, family), in_family_space(wanted, family), threads
    )
    shape = len(modes), len(wanted), tables, functions
    counts, hits = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    nothing = np.empty((0, 0, 0), dtype=np.int32)
    by_mode: list[list[Any]] = [
        [a[modes.index(m)] if m in modes else nothing for m in GRID_MODES] for a in (counts, hits)
    ]
    neighbors = np.ascontiguousarray(truth, dtype=np.int32)

    def work(first: int, last: int) -> None:
        grid_all(points, packed, log_bits, by_mode[0][0], by_mode[0][1], first, last)
        grid_some(points, packed, neighbors, log_bits, by_mode[1][0], by_mode[1][1], first, last)

    share_out(work, len(wanted), threads, least=8)
    there = (truth >= 0).sum(axis=1)
    for m, mode in enumerate(modes):
        if mode == "or_and":  # counted: points that miss
            counts[m] = len(vectors) - counts[m]
            hits[m] = there[:, None, None] - hits[m]
    counts -= (own >= 0)[:, None, None].astype(np.int32)  # a query that is a row is its own candidate in every cell
    cells, found = (a.transpose(0, 1, 3, 2).astype(np.float64) for a in (counts, hits))
    return _summary(cells, found, there, modes, len(vectors), k, family, width, seed)


def _pack(
    hashing: HashFunctions,
    vectors: npt.NDArray[np.float32],
    queries: npt.NDArray[np.float32],
    threads: int | None,
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], int]:
    """Bucket numbers of points and queries in as few bits as hold them apart: (points, queries, log₂ bits)."""
    lanes = hashing.offsets.shape[1]
    for bits in (8, 16, 32):
        words = -(-lanes // (64 // bits))
        packed, ranges = [], []
        # Lanes beyond the last function never agree.
        for rows, padding in ((vectors, 0), (queries, 1)):
            packed.append(np.empty((hashing.offsets.shape[0], words, len(rows)), dtype=np.uint64))
            ranges += _pack_rows(hashing, rows, bits.bit_length() - 1, padding, packed[-1], threads)
        low = np.min([r[0] for r in ranges], axis=0)
        high = np.max([r[1] for r in ranges], axis=0)
        if bits == 32 or (high - low < 2**bits).all():
            break
    return packed[0], np.ascontiguousarray(packed[1].transpose(2, 0, 1)), bits.bit_length() - 1


def _pack_rows(
    hashing: HashFunctions,
    rows: npt.NDArray[np.float32],
    log_bits: int,
    padding: int,
    words: npt.NDArray[np.uint64],
    threads: int | None,
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Fill ``words``; returns the (lowest, highest) bucket numbers (L, K) of every part of the work."""
    from recemb_core.neighbors.lsh_kernel import pack_codes

    ranges: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    hyperplane = hashing.family == "hyperplane"

    def work(first: int, last: int) -> None:
        low = np.full(hashing.offsets.shape, 2**31, dtype=np.int64)
        high = -low
        pack_codes(positions[first:last], hyperplane, log_bits, padding, words, low, high, start + first)
        ranges.append((low, high))

    for start in range(0, len(rows), _BLOCK):
        positions = hashing.positions(rows[start : start + _BLOCK])
        share_out(work, len(positions), threads, least=128)
    return ranges


def _summary(
    counts: npt.NDArray[np.float64],
    hits: npt.NDArray[np.float64],
    wanted: npt.NDArray[np.int64],
    modes: tuple[GridMode, ...],
    n: int,
    k: int,
    family: Family,
    width: float | None,
    seed: int,
) -> LSHGrid:
    q = counts.shape[1]
    some = wanted > 0
    share = hits[:, some] / wanted[some][None, :, None, None]
    total, found = counts.sum(axis=1), hits.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = share.sum(axis=1) / some.sum()
        precision = found / total
        precision = np.where(total > 0, precision, np.nan)
        root = np.sqrt(q) if q > 1 else np.nan
        recall_error = (
            share.std(axis=1, ddof=1) / np.sqrt(some.sum()) if some.sum() > 1 else np.full_like(recall, np.nan)
        )
        cost_error = counts.std(axis=1, ddof=1) / (n * root) if q > 1 else np.full_like(recall, np.nan)
        # Of a ratio of sums (linearised).
        off = hits - precision[:, None] * counts
        precision_error = np.sqrt((off**2).sum(axis=1) * (q / (q - 1) if q > 1 else np.nan)) / total
    return LSHGrid(
        modes, recall, precision, total / (q * n), total / q, recall_error, precision_error, cost_error,
        n, k, q, family, width, seed,
    )  # fmt: skip
