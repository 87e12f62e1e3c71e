"""A kd-tree: exact, and fast in few dimensions; in many it looks at nearly every point."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from recemb_core.arrays import Float32Array, Int32Array
from recemb_core.neighbors.base import check_query, checked_vectors
from recemb_core.validation import is_whole, require

# A node of scipy's tree in memory: split, bounds and children.
_NODE_BYTES = 80


class KDTreeIndex:
    """Exact Euclidean neighbors from scipy's ``cKDTree``; equal distances go by row number, as if all were compared.

    Args:
        leaf_size: points below which a cell is not cut further; larger builds faster and tests more points.
        threads: for queries; None for all processors.

    References:
        Bentley, *Multidimensional binary search trees used for associative searching* (1975).

    >>> rows = np.array([[0, 0], [3, 4], [0, 0]], np.float32)
    >>> ids, values = KDTreeIndex().build(rows).query(rows[:1], k=4)
    >>> ids.tolist(), values.tolist()
    ([[0, 2, 1, -1]], [[0.0, 0.0, 5.0, nan]])
    """

    measure: Literal["distance", "similarity"] = "distance"

    def __init__(self, leaf_size: int = 16, *, threads: int | None = None) -> None:
        require(is_whole(leaf_size) and leaf_size >= 1, "leaf_size", leaf_size, "a whole number, at least 1")
        self.leaf_size = leaf_size
        self.threads = threads
        self._rows = np.empty((0, 0))
        self._tree: Any = None

    def build(self, vectors: Float32Array) -> KDTreeIndex:
        """Index the rows of (n, d); returns itself."""
        from scipy.spatial import cKDTree

        self._rows = checked_vectors(vectors, None).astype(np.float64)
        self._tree = cKDTree(self._rows, leafsize=self.leaf_size)
        return self

    @property
    def memory_bytes(self) -> int:
        """The vectors in double precision, the order of the rows, and the nodes."""
        return 0 if self._tree is None else int(self._rows.nbytes + 8 * self._tree.n + _NODE_BYTES * self._tree.size)

    def query(self, queries: Float32Array, k: int) -> tuple[Int32Array, Float32Array]:
        """(ids (q, k), distances (q, k)), best first, equal distances by row; −1 and NaN where fewer rows exist."""
        check_query(self._tree, k)
        wanted = checked_vectors(queries, self._rows.shape[1], "queries").astype(np.float64)
        n, q = len(self._rows), len(wanted)
        ids = np.full((q, k), -1, dtype=np.int32)
        values = np.full((q, k), np.nan, dtype=np.float32)
        found = min(k, n)
        if not found or not q:
            return ids, values
        # One more than asked for tells whether the last place is tied.
        distance, row = self._tree.query(wanted, k=np.arange(1, min(k + 1, n) + 1), workers=self.threads or -1)
        exact = np.linalg.norm(self._rows[row[:, :found]] - wanted[:, None], axis=2)
        order = np.lexsort((row[:, :found], exact), axis=1)
        ids[:, :found] = np.take_along_axis(row[:, :found], order, axis=1)
        values[:, :found] = np.take_along_axis(exact, order, axis=1)
        if n > k:
            for i in np.flatnonzero(distance[:, k] <= distance[:, k - 1] * (1 + 1e-9)):
                near = np.array(self._tree.query_ball_point(wanted[i], distance[i, k - 1] * (1 + 1e-9)))
                length = np.linalg.norm(self._rows[near] - wanted[i], axis=1)
                best = np.lexsort((near, length))[:k]
                ids[i], values[i] = near[best], length[best]
        return ids, values
