"""Which of the kept edges are drawn: a few of each item, for all of them hide what they show."""

from __future__ import annotations

import numpy as np

from pages.kit.allowed import Steps
from pages.kit.parameters import Parameter, Scope
from pages.kit.session import ActiveData
from recemb_core.arrays import Int64Array
from recemb_core.item_graph import ItemGraph

MOST = 12_000  # a browser draws no more in a moment

EDGES = Parameter(
    Scope("item_graph"),
    "edges_drawn",
    "Edges drawn",
    Steps((0,)),
    help="First each item's heaviest edge, then each one's second, and so on. Walks use all kept edges.",
)


def heaviest_of_each(graph: ItemGraph, rows: Int64Array) -> Int64Array:
    """Numbers of the edges between some items, each pair once if undirected: all items' heaviest, all second ones, ….

    An edge comes with its place at that end where it stands further in front.
    """
    place = np.full(len(graph), -1)
    place[rows] = np.arange(len(rows))
    inside = (place[graph.sources] >= 0) & (place[graph.indices] >= 0)
    if not graph.directed:
        inside &= graph.sources < graph.indices
    edges = np.flatnonzero(inside)
    ends = np.concatenate([graph.sources[edges], graph.indices[edges]])
    weights = np.tile(graph.weights[edges], 2)
    order = np.lexsort((-weights, ends))
    first = np.r_[True, np.diff(ends[order]) > 0] if len(order) else np.zeros(0, dtype=bool)
    start = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - start
    best = rank.reshape(2, -1).min(axis=0)
    found: Int64Array = edges[np.lexsort((-graph.weights[edges], best))]
    return found


def edges_drawn(data: ActiveData, graph: ItemGraph, rows: Int64Array) -> tuple[Int64Array, int]:
    """(numbers of the edges to draw, how many join the items shown), with the slider where there is a choice."""
    edges = heaviest_of_each(graph, rows)
    able = min(len(edges), MOST)
    steps = sorted({min(able, step) for step in (100, 200, 400, 800, 1_600, 3_200, 6_400, able)})
    usual = max((step for step in steps if step <= max(len(rows), 200)), default=able)
    most = EDGES.bind(data, default=usual, among=steps).draw() if len(steps) > 1 else able
    return edges[:most], len(edges)
