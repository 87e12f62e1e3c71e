"""Exact search: every query against every row, O(d·n) a query, on faiss's flat scan."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from recemb_core.arrays import Float32Array, FloatArray, Int32Array, IntegerArray
from recemb_core.neighbors.base import (
    Metric,
    answer,
    answer_in_order,
    check_query,
    checked_vectors,
    distances_to_found,
    unit_rows,
    without_own,
)
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

        rows = self._rows = self._prepare(checked_vectors(vectors, None))
        flat = faiss.IndexFlatL2 if self.metric == "euclidean" else faiss.IndexFlatIP
        self._index = flat(rows.shape[1])
        self._index.add(rows)
        return self

    @property
    def memory_bytes(self) -> int:
        """The vectors."""
        return int(self._rows.nbytes)

    def to_bytes(self) -> bytes:
        """The index as faiss writes it to a file: ``faiss.read_index`` reads it, without this package."""
        import faiss

        check_query(self._index, 1)
        return bytes(faiss.serialize_index(self._index).tobytes())

    def query(self, queries: Float32Array, k: int) -> tuple[Int32Array, Float32Array]:
        """(ids (q, k), values (q, k)), best first, −1 and NaN where fewer than k rows exist."""
        check_query(self._index, k)
        wanted = self._prepare(checked_vectors(queries, self._rows.shape[1], "queries"))
        values, ids = self._index.search(wanted, k)
        if self.metric == "euclidean":  # faiss gives large batches ‖x‖² + ‖y‖² − 2xy, which cancels near 0
            return answer_in_order(ids, distances_to_found(self._rows, wanted, ids))
        return answer(ids, np.maximum(1.0 - values, 0.0) if self.metric == "cosine" else values)

    def _prepare(self, rows: Float32Array) -> Float32Array:
        return unit_rows(rows) if self.metric == "cosine" else rows


def nearest_others(
    vectors: FloatArray, k: int, metric: Metric = "cosine", *, rows: IntegerArray | None = None
) -> Int32Array:
    """The k nearest other rows of every row, or of ``rows`` (q,), best first: int32 (q, min(k, n − 1)).

    A row never counts itself.
    """
    every = np.asarray(finite_rows(vectors), dtype=np.float32)
    n = len(every)
    asked = np.arange(n) if rows is None else np.asarray(rows)
    k = min(k, n - 1)
    if k < 1:
        return np.empty((len(asked), 0), dtype=np.int32)
    queries = vectors if rows is None else every[asked]
    return without_own(*ExactIndex(metric).build(vectors).query(queries, k + 1), asked)[0]
