"""The item graph as an igraph graph, and igraph's random numbers under a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.arrays import Float64Array

if TYPE_CHECKING:
    import igraph

    from recemb_core.item_graph.graph import ItemGraph


def undirected_igraph(graph: ItemGraph) -> tuple[igraph.Graph, Float64Array]:
    """An undirected igraph graph and the weight of each of its edges; i → j and j → i are one edge, weights added."""
    import igraph

    low, high = np.minimum(graph.sources, graph.indices), np.maximum(graph.sources, graph.indices)
    keys, inverse = np.unique(low.astype(np.int64) * max(len(graph), 1) + high, return_inverse=True)
    weights = np.bincount(inverse, weights=graph.weights, minlength=len(keys)) / (1 if graph.directed else 2)
    pairs = np.column_stack(np.divmod(keys, max(len(graph), 1)))
    return igraph.Graph(n=len(graph), edges=pairs), weights


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """igraph draws from one process-wide generator: ours inside the block, Python's own after it."""
    import igraph

    igraph.set_random_number_generator(random.Random(seed))
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)
