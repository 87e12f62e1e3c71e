"""Largest inner product from nearest neighbors: one added coordinate turns the one search into the other."""

from __future__ import annotations

from typing import Literal

import numpy as np

from recemb_core.arrays import Float32Array, Int32Array
from recemb_core.neighbors.base import NeighborIndex, answer, answer_in_order, checked_vectors


def augment_rows(vectors: Float32Array) -> tuple[Float32Array, float]:
    """((n, d + 1), M): rows with the coordinate √(M² − ‖x‖²) added, M the largest length. All then have length M.

    >>> rows, longest = augment_rows(np.array([[3, 4], [0, 3]], np.float32))
    >>> rows.tolist(), longest
    ([[3.0, 4.0, 0.0], [0.0, 3.0, 4.0]], 5.0)
    """
    rows = checked_vectors(vectors, None)
    squares = (rows.astype(np.float64) ** 2).sum(axis=1)
    longest = float(squares.max(initial=0.0))
    return np.column_stack([rows, np.sqrt(longest - squares)]).astype(np.float32), longest**0.5


def augment_queries(queries: Float32Array, longest: float) -> Float32Array:
    """(q, d + 1): queries with a 0 added, scaled to the rows' length: the order of the answer does not change."""
    wanted = checked_vectors(queries, None, "queries").astype(np.float64)
    length = np.linalg.norm(wanted, axis=1, keepdims=True)
    scaled = np.divide(wanted * longest, length, out=np.zeros_like(wanted), where=length > 0)
    return np.column_stack([scaled, np.zeros(len(wanted))]).astype(np.float32)


class AugmentedIndex:
    """Maximum inner product by any Euclidean index.

    With x̂ = (x, √(M² − ‖x‖²)) and q̂ = (q, 0), ‖q̂ − x̂‖² = ‖q‖² + M² − 2 q · x: the nearest x̂ has the largest inner
    product. An exact index stays exact. An approximate one may not stay good: where lengths differ much, most rows get
    nearly the same large coordinate and all lie far from every query; measure before use.

    Args:
        index: an unbuilt Euclidean index, such as ``ExactIndex("euclidean")`` or ``KDTreeIndex()``.

    References:
        Bachrach et al., *Speeding up the Xbox recommender system using a Euclidean transformation for inner-product
        spaces* (RecSys 2014). Neyshabur, Srebro, *On symmetric and asymmetric LSHs for inner product search* (2015).

    >>> from recemb_core.neighbors.exact import ExactIndex
    >>> rows = np.array([[1, 0], [3, 1], [0, 2]], np.float32)
    >>> ids, products = AugmentedIndex(ExactIndex("euclidean")).build(rows).query(np.array([[1, 0]], np.float32), k=2)
    >>> ids.tolist(), products.tolist()
    ([[1, 0]], [[3.0, 1.0]])
    """

    measure: Literal["distance", "similarity"] = "similarity"

    def __init__(self, index: NeighborIndex) -> None:
        self.index = index
        self._rows = np.empty((0, 0), dtype=np.float32)
        self._longest = 0.0

    def build(self, vectors: Float32Array) -> AugmentedIndex:
        """Index the rows of (n, d); returns itself."""
        self._rows = checked_vectors(vectors, None).copy()
        rows, self._longest = augment_rows(self._rows)
        self.index.build(rows)
        return self

    @property
    def memory_bytes(self) -> int:
        """Of the index inside."""
        return int(getattr(self.index, "memory_bytes", 0))

    def query(self, queries: Float32Array, k: int) -> tuple[Int32Array, Float32Array]:
        """(ids (q, k), inner products (q, k)), largest first, −1 and NaN where fewer were found."""
        wanted = checked_vectors(queries, self._rows.shape[1], "queries")
        ids, _ = self.index.query(augment_queries(wanted, self._longest), k)
        if not len(self._rows):
            return answer(ids, np.zeros(ids.shape))
        ids, values = answer_in_order(ids, -np.einsum("qkd,qd->qk", self._rows[ids], wanted))
        return ids, -values
