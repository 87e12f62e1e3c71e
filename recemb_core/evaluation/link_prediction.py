"""Hide edges, learn without them, see whether the hidden ones score above pairs that are no edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from recemb_core.arrays import FloatArray, Int64Array, IntegerArray, NumberArray
from recemb_core.auc import auc_of
from recemb_core.embeddings.item_vectors import ItemVectors, rows_of
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows
from recemb_core.validation import UsageError, require


@dataclass(frozen=True, eq=False)
class HiddenEdges:
    """A graph without some of its edges.

    Attributes:
        graph: what is left to learn from.
        hidden: int64 (m, 2), the edges taken out.
        non_edges: int64 (m, 2), as many pairs that are no edges.
    """

    graph: ItemGraph
    hidden: Int64Array
    non_edges: Int64Array


def hide_edges(graph: ItemGraph, *, share: float = 0.2, seed: int = 0) -> HiddenEdges:
    """Take out a share of the edges at random, never the last edge of an item, and draw as many non-edges.

    Raises:
        ValueError: ``share`` is not between 0 and 1, or the graph is so dense that non-edges run out.
    """
    require(0 < share < 1, "share", share, "between 0 and 1")
    rng = np.random.default_rng(seed)
    half = np.arange(len(graph.indices)) if graph.directed else np.flatnonzero(graph.sources < graph.indices)
    source, target, weight = graph.sources[half], graph.indices[half], graph.weights[half]
    left = np.bincount(source, minlength=len(graph)) + np.bincount(target, minlength=len(graph))
    keep = np.ones(len(half), dtype=bool)
    wanted = int(share * len(half))
    for edge in rng.permutation(len(half)):
        if wanted == 0:
            break
        a, b = source[edge], target[edge]
        if left[a] > 1 and left[b] > 1:
            keep[edge] = False
            left[a] -= 1
            left[b] -= 1
            wanted -= 1
    hidden = np.column_stack([source[~keep], target[~keep]]).astype(np.int64)
    rest = ItemGraph.from_edges(source[keep], target[keep], weight[keep], directed=graph.directed, items=graph.items)
    return HiddenEdges(rest, hidden, _non_edges(graph, len(hidden), rng))


def _non_edges(graph: ItemGraph, count: int, rng: np.random.Generator) -> Int64Array:
    n = len(graph)
    taken = np.unique(graph.sources.astype(np.int64) * n + graph.indices)
    found = np.empty(0, dtype=np.int64)
    for _ in range(60):
        if len(found) >= count:
            break
        a, b = rng.integers(0, n, (2, 2 * count + 16))
        pairs = np.setdiff1d(np.minimum(a, b) * n + np.maximum(a, b) if not graph.directed else a * n + b, taken)
        pairs = pairs[pairs // n != pairs % n]
        found = np.union1d(found, rng.permutation(pairs)[: max(count - len(found), 0) + 16])
    if len(found) < count:
        raise UsageError(f"the graph is too dense to draw {count} pairs that are no edges; hide a smaller share")
    return np.column_stack(np.divmod(rng.permutation(found)[:count], n))


def link_prediction_auc(
    vectors: ItemVectors | FloatArray,
    hidden: NumberArray,
    non_edges: IntegerArray,
    *,
    score: Literal["cosine", "inner_product"] = "cosine",
) -> float:
    """Probability that a hidden edge scores above a non-edge: 0.5 is chance, 1 perfect.

    AUC = (1 / m k) Σ_i Σ_j ([s_i > s_j] + ½ [s_i = s_j]) over m hidden edges i and k non-edges j: a tie counts by its
    expectation over both orders.

    Args:
        vectors: (n, d), learned without the hidden edges.
        hidden: (m, 2) rows of hidden edges.
        non_edges: (m, 2) rows of pairs that are no edges.
        score: of a pair, cos(v_i, v_j) or v_i · v_j.

    Raises:
        ValueError: no pair of one kind, another ``score``, or vectors that are not finite.

    >>> rows = np.array([[1, 0], [1, 0.1], [0, 1]])
    >>> link_prediction_auc(rows, np.array([[0, 1]]), np.array([[0, 2]])), link_prediction_auc(
    ...     np.ones((3, 2)), np.array([[0, 1]]), np.array([[0, 2]])
    ... )
    (1.0, 0.5)
    """
    require(score in ("cosine", "inner_product"), "score", score, "'cosine' or 'inner_product'")
    rows = rows_of(vectors)
    rows = unit_rows(rows) if score == "cosine" else rows
    values = [np.einsum("ij,ij->i", rows[pairs[:, 0]], rows[pairs[:, 1]]) for pairs in (hidden, non_edges)]
    m, k = len(hidden), len(non_edges)
    require(m > 0 and k > 0, "hidden and non_edges", (m, k), "at least one pair each")
    return auc_of(*values)
