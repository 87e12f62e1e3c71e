"""Exact search: every query against every row, O(d·n) a query, on faiss's flat scan."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from recemb_core.arrays import Float32Array, FloatArray, Int32Array, IntegerArray, NumberArray
from recemb_core.neighbors.base import Metric, distances_to_found, unit_rows, without_own
from recemb_core.validation import UsageError, finite_rows


class ExactIndex:
    """Brute-force nearest neighbors.

    Values: ``"cosine"`` gives the distance 1 − cos, ``"euclidean"`` the distance ‖x − y‖, ``"inner_product"`` the
    similarity x · y.

    >>> index = ExactIndex("euclidean").build(np.array([[0, 0], [3, 4]], np.float32))
    >>> ids, values = index.query(np.array([[0, 0]], np.float32), k=3)
    >>> ids.tolist(), values.round(3).tolist()
    ([[0, 1, -1]], [[0.0, 5.0, nan]])
    """

    def __init__(self, metric: Metric = "cosine") -> None:
        if metric not in ("cosine", "euclidean", "inner_product"):
            raise UsageError(f"metric must be 'cosine', 'euclidean' or 'inner_product', not {metric!r}")
        self.metric = metric
        self.measure: Literal["distance", "similarity"] = "similarity" if metric == "inner_product" else "distance"
        self._index: Any = None
        self._rows = np.empty((0, 0), dtype=np.float32)

    def build(self, vectors: Float32Array) -> ExactIndex:
        """Index the rows of (n, d); returns itself."""
        import faiss

        rows = self._rows = self._prepare(vectors)
        self._index = (
            faiss.IndexFlatL2(rows.shape[1]) if self.metric == "euclidean" else faiss.IndexFlatIP(rows.shape[1])
        )
        self._index.add(rows)
        return self

    @property
    def memory_bytes(self) -> int:
        """The vectors."""
        return int(self._rows.nbytes)

    def query(self, queries: Float32Array, k: int) -> tuple[Int32Array, Float32Array]:
        """(ids (q, k), values (q, k)), best first, −1 and NaN where fewer than k rows exist."""
        if self._index is None:
            raise UsageError("build(vectors) must come before query")
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}")
        wanted = self._prepare(queries, "queries")
        if wanted.shape[1] != self._rows.shape[1]:
            raise UsageError(f"queries must be (q, {self._rows.shape[1]}) as the indexed rows, not {wanted.shape}")
        values, ids = self._index.search(wanted, k)
        if self.metric == "euclidean":
            values, ids = self._true_distances(wanted, ids)
        elif self.metric == "cosine":
            values = np.maximum(1.0 - values, 0.0)
        values[ids < 0] = np.nan
        return ids.astype(np.int32), values.astype(np.float32)

    def _true_distances(self, queries: Float32Array, ids: IntegerArray) -> tuple[Float32Array, IntegerArray]:
        """‖x − y‖ of the rows found, in order: faiss gives large batches ‖x‖² + ‖y‖² − 2xy, which cancels near 0."""
        values = distances_to_found(self._rows, queries, ids)
        order = np.argsort(values, axis=1, kind="stable")
        return np.take_along_axis(values, order, axis=1), np.take_along_axis(ids, order, axis=1)

    def _prepare(self, vectors: NumberArray, name: str = "vectors") -> Float32Array:
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        if rows.ndim != 2:
            raise UsageError(f"{name} must be (n, d), not of shape {rows.shape}")
        finite_rows(rows, name)
        return unit_rows(rows) if self.metric == "cosine" else rows


def nearest_others(vectors: FloatArray, k: int, metric: Metric = "cosine") -> Int32Array:
    """The k nearest other rows of every row, best first: int32 (n, min(k, n − 1)). A row never counts itself."""
    rows = np.asarray(finite_rows(vectors), dtype=np.float32)
    n = len(rows)
    k = min(k, n - 1)
    if k < 1:
        return np.empty((n, 0), dtype=np.int32)
    return without_own(*ExactIndex(metric).build(vectors).query(vectors, k + 1), np.arange(n))[0]
