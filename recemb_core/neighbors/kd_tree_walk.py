"""A kd-tree to look at: its cells, and into which of them one query goes back before it is sure."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array
from recemb_core.neighbors.base import checked_vectors
from recemb_core.validation import is_whole, require


@dataclass(frozen=True, eq=False)
class Cell:
    """A leaf of the tree.

    Attributes:
        low, high: float64 (d,), its corners; the outermost cells end at the last point.
        rows: int32, the points in it.
        distance: from the query to its nearest corner or side, 0 inside.
        limit: distance of the k-th nearest found when it was its turn; the cell was entered because it is nearer. ∞
            while fewer than k points were found.
    """

    low: Float64Array
    high: Float64Array
    rows: Int32Array
    distance: float
    limit: float


@dataclass(frozen=True, eq=False)
class TreeWalk:
    """What a query does in the tree.

    Attributes:
        visited: the cells it enters, the query's own first, the others as it backtracks into them.
        skipped: the cells that lie farther than the k-th nearest found by then.
        ids: the k nearest rows, nearest first: exact.
        values: their distances.
    """

    visited: tuple[Cell, ...]
    skipped: tuple[Cell, ...]
    ids: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def distances(self) -> int:
        """Distances worked out: one for each point of the cells visited."""
        return sum(len(cell.rows) for cell in self.visited)


class TreeOfCells:
    """The tree of :class:`~recemb_core.neighbors.kd_tree.KDTreeIndex`, scipy's, searched depth first.

    Cells are halved at the median of their longest side until ``leaf_size`` points are left. A query descends to its
    own cell, then goes back up, and enters the other half wherever that half is nearer than the k-th nearest point
    found so far: in few dimensions seldom, in many nearly always. (scipy takes the cells in the order of their
    distance, which enters no more of them and finds the same.)

    Args:
        vectors: (n, d).
        leaf_size: points below which a cell is not cut further.

    Raises:
        ValueError: vectors that are not finite, or another leaf size.

    References:
        Friedman, Bentley, Finkel, *An algorithm for finding best matches in logarithmic expected time* (ACM TOMS 1977).

    >>> rows = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)
    >>> walk = TreeOfCells(rows, leaf_size=8).walk(rows[7], k=3)
    >>> walk.ids[0], len(walk.visited) < len(walk.skipped)
    (7, True)
    """

    def __init__(self, vectors: Float32Array, leaf_size: int = 16) -> None:
        from scipy.spatial import cKDTree

        require(is_whole(leaf_size) and leaf_size >= 1, "leaf_size", leaf_size, "a whole number, at least 1")
        self._rows = checked_vectors(vectors, None).astype(np.float64)
        self._tree: Any = cKDTree(self._rows, leafsize=leaf_size)

    def walk(self, query: Float32Array, k: int) -> TreeWalk:
        """The k nearest of (d,), and the cells it took.

        Raises:
            ValueError: another shape, a query that is not finite, or k below 1.
        """
        require(is_whole(k) and k >= 1, "k", k, "a whole number, at least 1")
        dimensions = self._rows.shape[1]
        asked = checked_vectors(np.reshape(query, (1, -1)), dimensions, "query")[0].astype(np.float64)
        visited: list[Cell] = []
        skipped: list[Cell] = []
        kept: list[tuple[float, int]] = []  # a heap, the farthest on top

        def limit() -> float:
            return -kept[0][0] if len(kept) == k else float("inf")

        # What is still to do, last in first out: the near half of a cell lies on top of the far one.
        todo = [(self._tree.tree, self._tree.mins.copy(), self._tree.maxes.copy())] if len(self._rows) else []
        while todo:
            node, low, high = todo.pop()
            away = _away(asked, low, high)
            if away > limit():
                for a, b, rows in _leaves(node, low, high):
                    skipped.append(Cell(a, b, rows, _away(asked, a, b), limit()))
            elif node.split_dim < 0:
                rows = node.indices.astype(np.int32)
                visited.append(Cell(low, high, rows, away, limit()))
                for far, row in zip(
                    np.linalg.norm(self._rows[rows] - asked, axis=1).tolist(), rows.tolist(), strict=True
                ):
                    heapq.heappush(kept, (-far, -row))
                    if len(kept) > k:
                        heapq.heappop(kept)
            else:
                lesser, greater = _halves(node, low, high)
                todo += [greater, lesser] if asked[node.split_dim] <= node.split else [lesser, greater]
        best = sorted((-far, -row) for far, row in kept)
        return TreeWalk(tuple(visited), tuple(skipped), tuple(row for _, row in best), tuple(far for far, _ in best))


Part = tuple[Any, Float64Array, Float64Array]


def _halves(node: Any, low: Float64Array, high: Float64Array) -> tuple[Part, Part]:
    """Both children of a node with their corners."""
    middle_high, middle_low = high.copy(), low.copy()
    middle_high[node.split_dim] = middle_low[node.split_dim] = node.split
    return (node.lesser, low, middle_high), (node.greater, middle_low, high)


def _leaves(node: Any, low: Float64Array, high: Float64Array) -> list[tuple[Float64Array, Float64Array, Int32Array]]:
    """(low, high, rows) of every leaf under a node."""
    if node.split_dim < 0:
        return [(low, high, node.indices.astype(np.int32))]
    return [leaf for half in _halves(node, low, high) for leaf in _leaves(*half)]


def _away(query: Float64Array, low: Float64Array, high: Float64Array) -> float:
    """From a point to the nearest of a cell; 0 inside."""
    return float(np.linalg.norm(np.maximum(np.maximum(low - query, query - high), 0.0)))
