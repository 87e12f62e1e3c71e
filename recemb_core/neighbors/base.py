"""What the indexes share: their answer's shape and the cosine convention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

import numpy as np

from recemb_core.arrays import Float32Array, FloatArray, Int32Array, Int64Array, IntegerArray, NumberArray
from recemb_core.validation import UsageError, finite_rows, is_whole, require

Metric = Literal["cosine", "euclidean", "inner_product"]


class NeighborIndex(Protocol):
    """``measure`` says whether ``query`` returns a "distance" (small is near) or a "similarity" (large is near)."""

    measure: Literal["distance", "similarity"]

    def build(self, vectors: Float32Array) -> NeighborIndex:
        """Index the rows of (n, d); returns itself."""
        ...

    def query(self, queries: Float32Array, k: int) -> tuple[Int32Array, Float32Array]:
        """(ids (q, k), values (q, k)), best first; where fewer than k exist, ids are −1 and values NaN."""
        ...


def unit_rows(vectors: NumberArray) -> Float32Array:
    """Rows scaled to length 1 (a zero row stays zero: its cosine with everything is 0), float32.

    Raises:
        ValueError: NaN or infinity.
    """
    rows = finite_rows(np.asarray(vectors, dtype=np.float32))
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled = np.zeros_like(rows)
    np.divide(rows, length, out=scaled, where=length > 0)
    return scaled


def checked_vectors(vectors: NumberArray, dimensions: int | None, name: str = "vectors") -> Float32Array:
    """Finite float32 (n, d), contiguous.

    Raises:
        ValueError: another shape, or NaN or infinity in it.
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or (dimensions is not None and rows.shape[1] != dimensions):
        wanted = "(n, d)" if dimensions is None else f"(n, {dimensions})"
        raise UsageError(f"{name} must be {wanted}, not of shape {rows.shape}")
    finite_rows(rows, name)
    return rows


# Rows that differ, and which of them each row is (None: all differ).
Distinct = tuple[Float32Array, Int64Array | None]


def inner_products(queries: Float32Array, vectors: Float32Array, distinct: Distinct | None = None) -> Float32Array:
    """queries · vectorsᵀ, (q, n), in which equal rows of ``vectors`` get equal products.

    A matrix product rounds the last columns otherwise than the rest, which would put equal items in an order; each
    distinct row is multiplied once. ``distinct`` is :func:`distinct_rows` of the vectors where it is known already.
    """
    rows, row = distinct_rows(vectors) if distinct is None else distinct
    products = finite_rows(queries, "queries") @ rows.T
    return products if row is None else products[:, row]


def distinct_rows(vectors: Float32Array) -> Distinct:
    """(rows that differ, which of them each row of ``vectors`` is); None for the latter where all differ."""
    vectors = finite_rows(vectors)
    if len(vectors) == 0 or vectors.shape[1] == 0:
        return vectors, None
    plain = np.ascontiguousarray(vectors) + np.float32(0)  # −0 and 0 are equal
    _, first, row = np.unique(
        plain.view(f"V{plain.shape[1] * plain.itemsize}").reshape(-1), return_index=True, return_inverse=True
    )
    return (vectors, None) if len(first) == len(vectors) else (vectors[first], row.reshape(-1))


def check_query(index: object, k: int) -> None:
    """Raises ``ValueError`` where nothing is built yet, or k is no whole number of at least 1."""
    if index is None:
        raise UsageError("build(vectors) must come before query")
    require(is_whole(k) and k >= 1, "k", k, "a whole number, at least 1")


def answer(ids: IntegerArray, values: FloatArray) -> tuple[Int32Array, Float32Array]:
    """What a query gives: int32 ids and float32 values, NaN where the id is −1."""
    return ids.astype(np.int32), np.where(ids < 0, np.nan, values).astype(np.float32)


def answer_in_order(ids: IntegerArray, values: FloatArray) -> tuple[Int32Array, Float32Array]:
    """The same by rising value, equal ones as they come, −1 last."""
    order = np.argsort(np.where(ids < 0, np.inf, values), axis=1, kind="stable")
    return answer(np.take_along_axis(ids, order, axis=1), np.take_along_axis(values, order, axis=1))


def without_own(ids: Int32Array, values: Float32Array, own: IntegerArray) -> tuple[Int32Array, Float32Array]:
    """(q, k) of (q, k + 1): the row that each query is left out, else the last one.

    Where copies push the row itself off its list, or an index missed it, the last neighbor is the one too many.
    """
    drop = (ids == own[:, None]) & (own >= 0)[:, None]
    drop[~drop.any(axis=1), -1] = True
    shape = len(ids), ids.shape[1] - 1
    return ids[~drop].reshape(shape), values[~drop].reshape(shape)


def distances_to_found(rows: Float32Array, queries: Float32Array, ids: IntegerArray) -> Float32Array:
    """‖x − y‖ of each query (q, d) and the rows found for it, (q, k), subtracted row by row; ∞ for −1."""
    values = np.full(ids.shape, np.inf, dtype=np.float32)
    if len(rows):
        for part in parts_of(len(ids), ids.shape[1] * queries.shape[1]):
            values[part] = np.linalg.norm(rows[ids[part]] - queries[part, None], axis=2)
    values[ids < 0] = np.inf
    return values


def parts_of(count: int, each: int, most: int = 4_000_000) -> Iterator[slice]:
    """range(count) in parts of which each holds at most ``most`` numbers, ``each`` in a line; one line at least.

    >>> list(parts_of(5, each=10, most=20))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    step = max(1, most // max(each, 1))
    return (slice(start, start + step) for start in range(0, count, step))
