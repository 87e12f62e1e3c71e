"""What three indexes do for the same queries, counted and not timed: distances worked out, and nearest found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, IntegerArray
from recemb_core.evaluation.intervals import Estimate, mean_interval, share_interval
from recemb_core.experiments.index_race import recall_at_k
from recemb_core.neighbors import LSHIndex
from recemb_core.neighbors.hnsw_graph import HNSWGraph
from recemb_core.neighbors.kd_tree_walk import TreeOfCells
from recemb_core.neighbors.truth import Truth, true_neighbors
from recemb_core.validation import UsageError


@dataclass(frozen=True, eq=False)
class Effort:
    """One index over some queries, each a row that does not count itself as found.

    Attributes:
        worked: float64 (q,), distances worked out, that to the query's own row included where the index meets it.
        found: float64 (q,), share of the k nearest found; equally near rows count as found.
        opened: float64 (q,), of a kd-tree the share of its cells that the query goes into; None of the others.
    """

    worked: Float64Array
    found: Float64Array
    opened: Float64Array | None = None

    @property
    def distances(self) -> Estimate:
        """Mean distances a query, with the 95% interval over queries."""
        return mean_interval(self.worked)

    @property
    def recall(self) -> Estimate:
        """Mean share found, likewise."""
        return share_interval(self.found)

    @property
    def cells(self) -> Estimate | None:
        """Mean share of the cells gone into, likewise."""
        return None if self.opened is None else share_interval(self.opened)


def graph_effort(graph: HNSWGraph, queries: IntegerArray, k: int, ef: int) -> Effort:
    """Of walks through an HNSW graph by distances.

    Args:
        graph: Euclidean.
        queries: (q,) rows.
        k: nearest asked for.
        ef: candidates kept on the lowest layer.

    Raises:
        ValueError: a graph of another metric, or rows that do not exist.
    """
    if graph.metric != "euclidean":
        raise UsageError(f"graph must be of Euclidean distances, not {graph.metric}")
    truth = true_neighbors(graph.vectors, queries, k)
    walks = [graph.walk(query, k + 1, ef) for query in truth.queries]
    return _effort(graph.vectors, truth, [walk.ids for walk in walks], [walk.distances for walk in walks])


def tree_effort(vectors: Float32Array, tree: TreeOfCells, queries: IntegerArray, k: int) -> Effort:
    """Of searches in a kd-tree over these vectors (n, d); for rows (q,), k nearest.

    Raises:
        ValueError: rows that do not exist.
    """
    truth = true_neighbors(vectors, queries, k)
    walks = [tree.walk(query, k + 1) for query in truth.queries]
    shares = [len(walk.visited) / (len(walk.visited) + len(walk.skipped)) for walk in walks]
    found = _effort(vectors, truth, [walk.ids for walk in walks], [walk.distances for walk in walks])
    return replace(found, opened=np.array(shares, dtype=np.float64))


def bucket_effort(vectors: Float32Array, index: LSHIndex, queries: IntegerArray, k: int) -> Effort:
    """Of the candidates of an LSH index over these vectors (n, d), whose distances are all worked out.

    Raises:
        ValueError: rows that do not exist.
    """
    truth = true_neighbors(vectors, queries, k)
    indptr, ids = index.candidates(truth.queries)
    found = [ids[start:stop].tolist() for start, stop in pairwise(indptr)]
    return _effort(vectors, truth, found, np.diff(indptr).tolist())


def _effort(
    vectors: Float32Array, truth: Truth, found: list[tuple[int, ...]] | list[list[int]], distances: list[int]
) -> Effort:
    k = truth.ids.shape[1]
    values = np.full(truth.values.shape, np.nan, dtype=np.float32)
    for line, (rows, own, query) in enumerate(zip(found, truth.own.tolist(), truth.queries, strict=True)):
        others = [row for row in rows if row != own]
        best = np.sort(np.linalg.norm(vectors[others] - query, axis=1))[:k]
        values[line, : len(best)] = best
    return Effort(np.array(distances, dtype=np.float64), recall_at_k(values, truth.values))
