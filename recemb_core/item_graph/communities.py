"""Louvain communities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recemb_core.item_graph.graph import ItemGraph


def communities(graph: ItemGraph, seed: int = 0) -> npt.NDArray[np.int32]:
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
