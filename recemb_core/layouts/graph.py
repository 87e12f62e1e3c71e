"""Graph → 2-D positions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, IntegerArray
from recemb_core.item_graph import ItemGraph
from recemb_core.validation import require
from recemb_core.vocabulary import Vocabulary

SMALL_GRAPH = 300
LAYOUT_EDGES = 60_000


def graph_layout(graph: ItemGraph, seed: int = 0, *, most: int | None = None) -> Float32Array:
    """Positions of a graph's nodes, float32 (n, 2): joined items attract, others repel; repeats exactly for a seed.

    Up to 300 joined items by Fruchterman–Reingold; above, by UMAP's attraction and repulsion along the graph's own
    edges, which keeps communities together where force-directed layouts end in a ball (on the grocery backbone .43 of
    an item's 10 nearest points are of its community, .16 with Fruchterman–Reingold). Of very dense graphs the 60,000
    heaviest edges attract. Nodes without edges lie on a ring around the rest.

    Args:
        graph: directed or not.
        seed: of where the nodes start.
        most: lay out so many nodes at most, those of the largest strength with the edges among them. Any other stands
            at the mean of the nodes that it is joined to, weighted by its edges, over as many steps as lead to it; what
            no path joins to them lies on the ring. None: lay out all.

    Raises:
        ValueError: ``most`` below 1.

    References:
        Fruchterman, Reingold, *Graph Drawing by Force-directed Placement* (1991).
        McInnes, Healy, Melville, *UMAP* (2018), arXiv 1802.03426.

    >>> graph_layout(ItemGraph.from_edges(["tea"], ["milk"], directed=False)).shape
    (2, 2)
    """
    from recemb_core.item_graph.igraph_bridge import seeded, undirected_igraph

    n = len(graph)
    require(most is None or most >= 1, "most", most, "at least 1, or None")
    if most is not None and n > most:
        return _around_the_strongest(graph, seed, most)
    positions = disc(n).astype(np.float64)
    if n < 3 or len(graph.indices) == 0:
        return positions.astype(np.float32)
    merged, weights = undirected_igraph(graph)
    joined = np.flatnonzero(np.asarray(merged.degree()) > 0)
    # Weights span magnitudes; their logarithm keeps the heaviest edge from swallowing the picture.
    merged.es["pull"] = np.log1p(weights).tolist()
    if len(weights) > LAYOUT_EDGES:
        merged.delete_edges(np.argsort(-weights, kind="stable")[LAYOUT_EDGES:].tolist())
    part = merged.induced_subgraph(joined.tolist())
    start = np.random.default_rng(seed).uniform(-5, 5, size=(len(joined), 2))
    with seeded(seed):
        if len(joined) <= SMALL_GRAPH:
            drawn = part.layout_fruchterman_reingold(weights="pull", niter=500, seed=(start * 2).tolist(), grid=False)
        else:
            epochs = int(np.clip(1_000_000 / part.ecount(), 20, 200))
            drawn = part.layout_umap(min_dist=0.1, epochs=epochs, seed=start.tolist())
    positions[joined] = np.asarray(drawn.coords)
    _ring(positions, joined)
    return positions.astype(np.float32)


def _ring(positions: Float64Array, placed: IntegerArray) -> None:
    """Put all that are not placed on a ring around those that are."""
    center = positions[placed].mean(axis=0)
    radius = np.linalg.norm(positions[placed] - center, axis=1).max()
    alone = np.setdiff1d(np.arange(len(positions)), placed)
    angle = np.linspace(0, 2 * np.pi, len(alone), endpoint=False)
    positions[alone] = center + 1.1 * radius * np.column_stack([np.cos(angle), np.sin(angle)])


def _around_the_strongest(graph: ItemGraph, seed: int, most: int) -> Float32Array:
    """The strongest nodes laid out with the edges among them, the others by what they are joined to."""
    from scipy.sparse import csr_array

    n = len(graph)
    rows = np.sort(np.argsort(-graph.strength, kind="stable")[:most])
    place = np.full(n, -1)
    place[rows] = np.arange(len(rows))
    inside = (place[graph.sources] >= 0) & (place[graph.indices] >= 0)
    ends = place[graph.sources[inside]], place[graph.indices[inside]]
    part = ItemGraph.from_edges(
        *ends, graph.weights[inside], directed=True, items=Vocabulary(graph.items[int(row)] for row in rows)
    )
    positions = np.zeros((n, 2))
    positions[rows] = graph_layout(replace(part, directed=graph.directed), seed)  # both directions are in hand
    weights = csr_array((graph.weights.astype(np.float64), graph.indices, graph.indptr), shape=(n, n))
    both = (weights + weights.T).tocsr() if graph.directed else weights
    placed = place >= 0
    while True:
        mass = both @ placed.astype(np.float64)
        new = ~placed & (mass > 0)
        if not new.any():
            break
        positions[new] = ((both @ (positions * placed[:, None])) / np.where(mass > 0, mass, 1.0)[:, None])[new]
        placed |= new
    _ring(positions, np.flatnonzero(placed))
    return positions.astype(np.float32)


def disc(n: int) -> Float32Array:
    """Sunflower positions: coinciding items side by side instead of under one another."""
    index = np.arange(n)
    radius, angle = np.sqrt(index / max(n, 1)), index * np.pi * (3 - np.sqrt(5))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]).astype(np.float32)
