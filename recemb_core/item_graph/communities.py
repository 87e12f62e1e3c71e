"""Louvain communities, and which items hang together at all."""

from __future__ import annotations

import numpy as np

from recemb_core.arrays import Int32Array, Int64Array
from recemb_core.item_graph.graph import ItemGraph


def communities(graph: ItemGraph, seed: int = 0) -> Int32Array:
    """Louvain communities (weights count, direction does not), numbered by size, largest first: int32 (n,).

    References:
        Blondel et al., *Fast unfolding of communities in large networks*, J. Stat. Mech. 2008.
    """
    from recemb_core.item_graph.igraph_bridge import seeded, undirected_igraph

    n = len(graph)
    with seeded(seed):
        merged, weights = undirected_igraph(graph)
        found = merged.community_multilevel(weights=weights.tolist()).membership
    _, codes, sizes = np.unique(np.asarray(found, dtype=np.int64), return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int32)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes), dtype=np.int32)
    return rank[codes] if n else np.empty(0, np.int32)


def connected_groups(graph: ItemGraph) -> Int64Array:
    """Sizes of the groups of items that edges join in either direction, largest first; an item alone is one of size 1.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> graph = ItemGraph.from_edges([0, 1], [1, 2], directed=True, items=Vocabulary("abcd"))
    >>> connected_groups(graph).tolist()
    [3, 1]
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = len(graph)
    matrix = csr_array((np.ones(len(graph.indices)), (graph.sources, graph.indices)), shape=(n, n))
    _, label = connected_components(matrix, directed=False)
    return np.sort(np.bincount(label))[::-1]
