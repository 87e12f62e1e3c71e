"""Graphs to measure on, the same at every run."""

from __future__ import annotations

import numpy as np

from recemb_core.item_graph import ItemGraph
from recemb_core.vocabulary import Vocabulary


def power_law_graph(nodes: int, edges: int, *, seed: int = 0, exponent: float = 3.0) -> ItemGraph:
    """An undirected graph with a power-law degree sequence and whole-number weights from 1 to 10.

    Both ends of an edge are drawn with probability ∝ rank^(−1/(exponent − 1)) (Chung and Lu 2002), which gives degrees
    with P(k) ∝ k^(−exponent); a smaller exponent gives larger hubs. Drawn until ``edges`` distinct ones are there.
    """
    rng = np.random.default_rng(seed)
    expected = np.arange(1, nodes + 1) ** (-1 / (exponent - 1))
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < edges:
        a, b = rng.choice(nodes, size=(2, edges), p=expected / expected.sum())
        pairs = np.minimum(a, b) * nodes + np.maximum(a, b)
        keys = np.unique(np.concatenate([keys, pairs[a != b]]))
    keys = rng.permutation(keys)[:edges]
    label = rng.permutation(nodes)  # so that row numbers tell nothing about degrees
    weight = rng.integers(1, 11, edges)
    return ItemGraph.from_edges(
        label[keys // nodes], label[keys % nodes], weight, directed=False, items=Vocabulary(range(nodes))
    )


def les_miserables() -> ItemGraph:
    """Who meets whom in the novel, 77 nodes (Knuth 1993; comes with networkx)."""
    import networkx as nx

    return ItemGraph.from_networkx(nx.les_miserables_graph())
