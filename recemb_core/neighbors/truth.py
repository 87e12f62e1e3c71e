"""The exact neighbors of some queries: what every index is measured against."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recemb_core.arrays import Float32Array, Int32Array, Int64Array, NumberArray
from recemb_core.neighbors.base import Metric, without_own
from recemb_core.neighbors.exact import ExactIndex
from recemb_core.validation import UsageError, finite_rows, is_whole, require


class Truth(NamedTuple):
    """The k nearest rows of each query, the query itself left out where it is a row.

    Attributes:
        ids: int32 (q, k), best first, −1 where there are fewer rows.
        values: float32 (q, k), distances or similarities as :class:`ExactIndex` gives them; NaN there.
        own: int64 (q,), the row that a query is, −1 for a query of its own.
        queries: float32 (q, d).
    """

    ids: Int32Array
    values: Float32Array
    own: Int64Array
    queries: Float32Array


def true_neighbors(vectors: Float32Array, queries: NumberArray, k: int, metric: Metric = "euclidean") -> Truth:
    """Exact search for row numbers (q,), which never find themselves, or for vectors (q, d).

    Which of equally near rows comes last is up to the search, as with every exact index.

    >>> true_neighbors(np.array([[0.0], [1.0], [5.0]], np.float32), np.array([0, 2]), k=1).ids.tolist()
    [[1], [1]]
    """
    require(is_whole(k) and k >= 1, "k", k, "a whole number, at least 1")
    own, wanted = split_queries(vectors, queries)
    index = ExactIndex(metric).build(vectors)
    if not (own >= 0).any():
        ids, values = index.query(wanted, k)
        return Truth(ids, values, own, wanted)
    return Truth(*without_own(*index.query(wanted, k + 1), own), own, wanted)


def split_queries(vectors: Float32Array, queries: NumberArray) -> tuple[Int64Array, Float32Array]:
    """(own row of each query or −1, query vectors), from row numbers (q,) or vectors (q, d).

    Raises:
        ValueError: rows that do not exist, another shape, or vectors that are not finite.
    """
    vectors, queries = finite_rows(vectors), np.asarray(queries)
    if queries.ndim == 1:
        if queries.size and not np.issubdtype(queries.dtype, np.integer):
            raise UsageError(f"queries must be row numbers (q,) or vectors (q, d), not {queries.dtype} (q,)")
        own = queries.astype(np.int64)
        if own.size and (own.min() < 0 or own.max() >= len(vectors)):
            raise UsageError(f"queries must be row numbers from 0 to {len(vectors) - 1}")
        return own, np.ascontiguousarray(vectors[own], dtype=np.float32)
    if queries.ndim != 2 or queries.shape[1] != vectors.shape[1]:
        raise UsageError(f"queries must be (q,) row numbers or (q, {vectors.shape[1]}) vectors, not {queries.shape}")
    return np.full(len(queries), -1, dtype=np.int64), finite_rows(
        np.ascontiguousarray(queries, dtype=np.float32), "queries"
    )
