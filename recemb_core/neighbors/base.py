"""What the indexes share: their answer's shape and the cosine convention."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from recemb_core.validation import UsageError, finite_rows

Metric = Literal["cosine", "euclidean", "inner_product"]


class NeighborIndex(Protocol):
    """``measure`` says whether ``query`` returns a "distance" (small is near) or a "similarity" (large is near)."""

    measure: Literal["distance", "similarity"]

    def build(self, vectors: npt.NDArray[np.float32]) -> NeighborIndex:
        """Index the rows of (n, d); returns itself."""
        ...

    def query(self, queries: npt.NDArray[np.float32], k: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """(ids (q, k), values (q, k)), best first; where fewer than k exist, ids are −1 and values NaN."""
        ...


def unit_rows(vectors: npt.NDArray[np.number]) -> npt.NDArray[np.float32]:
    """Rows scaled to length 1 (a zero row stays zero: its cosine with everything is 0), float32.

    Raises:
        ValueError: NaN or infinity.
    """
    rows = finite_rows(np.asarray(vectors, dtype=np.float32))
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled = np.zeros_like(rows)
    np.divide(rows, length, out=scaled, where=length > 0)
    return scaled


def checked_vectors(
    vectors: npt.NDArray[np.number], dimensions: int | None, name: str = "vectors"
) -> npt.NDArray[np.float32]:
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
Distinct = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64] | None]


def inner_products(
    queries: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32], distinct: Distinct | None = None
) -> npt.NDArray[np.float32]:
    """queries · vectorsᵀ, (q, n), in which equal rows of ``vectors`` get equal products.

    A matrix product rounds the last columns otherwise than the rest, which would put equal items in an order; each
    distinct row is multiplied once. ``distinct`` is :func:`distinct_rows` of the vectors where it is known already.
    """
    rows, row = distinct_rows(vectors) if distinct is None else distinct
    products = finite_rows(queries, "queries") @ rows.T
    return products if row is None else products[:, row]


def distinct_rows(vectors: npt.NDArray[np.float32]) -> Distinct:
    """(rows that differ, which of them each row of ``vectors`` is); None for the latter where all differ."""
    vectors = finite_rows(vectors)
    if len(vectors) == 0 or vectors.shape[1] == 0:
        return vectors, None
    plain = np.ascontiguousarray(vectors) + np.float32(0)  # −0 and 0 are equal
    _, first, row = np.unique(
        plain.view(f"V{plain.shape[1] * plain.itemsize}").reshape(-1), return_index=True, return_inverse=True
    )
    return (vectors, None) if len(first) == len(vectors) else (vectors[first], row.reshape(-1))
