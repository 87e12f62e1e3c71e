"""What to try on the item-graph page; the answers are counted on the edges that are kept now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pages.kit import frame
from pages.kit.answer_words import counted
from pages.kit.controls import NOT_KNOWN, default_attribute
from pages.kit.graph_controls import DEFAULT_BACKBONE, GraphSettings, walk_graph
from pages.kit.session import ActiveData
from pages.kit.stage import Old as Experiment
from pages.kit.text import plain, plain_field
from pages.views.item_graph.two_graphs import log_graph_words
from recemb_core.arrays import AnyArray, BoolArray
from recemb_core.item_graph import ItemGraph, connected_groups


def experiments(data: ActiveData, settings: GraphSettings, whole: ItemGraph, graph: ItemGraph) -> list[Experiment]:
    """The experiments that this data set can do; a data set that is a graph alone has none."""
    choice: list[Experiment] = []
    walked = frame.graph_line(whole.num_edges, graph)
    if data.has_two_graphs:
        question = "Count the graph from the log. **Will the clicks give back the graph that they were walked on?**"
        choice = [
            (question, lambda: log_graph_words(data, settings), {"graph_from": "log"}),
            ("Back to the given graph.", lambda: f"It is walked as it is: {walked}", {"graph_from": "given"}),
        ]
    if settings.own or data.sequences is None:
        return choice
    name = f"backbone_{settings.edges}"
    start = "transitions" if data.sequences.ordered else "co_occurrence"
    tries: list[Experiment] = []
    if settings.edges == "co_occurrence":
        tries = [
            (
                "Two edges an item instead of eight. **Will the groups be of one kind?**",
                lambda: f"{pieces(graph)} {one_kind(data, whole, graph)}",
                {name: "noise_corrected", "per_item": 2},
            ),
            (
                "The disparity filter looks at one end only. **Which items will sit in the middle?**",
                lambda: f"{busiest(data, graph)} {popular_ends(data, settings, whole, graph)}",
                {name: "disparity", "alpha": 0.01},
            ),
            (
                "The ten heaviest edges of each item. **Does weight alone find company?**",
                lambda: f"{popular_ends(data, settings, whole, graph)} {one_kind(data, whole, graph)}",
                {name: "top_edges", "top": 10},
            ),
        ]
    else:
        question = "Forget the direction. **How many edges are left?**"
        tries.append((question, lambda: without_direction(data, settings, whole), {"directed": False}))
    back: dict[str, Any] = {"edges": start, "directed": True, "weighted": True, "min_weight": 1}
    back |= {"share_baskets": False, "content": [], "per_item": 8, f"backbone_{start}": DEFAULT_BACKBONE[start]}
    said = f"These are the edges that walks use by default: {walked}"
    return [*choice, *tries, ("Back to the default edges.", said, back)]


def pieces(graph: ItemGraph) -> str:
    """Into how many pieces the graph falls."""
    sizes = connected_groups(graph)
    alone, groups = int((sizes == 1).sum()), int((sizes > 1).sum())
    if not groups:
        return "No edge is left."
    return (
        f"{counted(graph.num_edges, 'edge')} {'is' if graph.num_edges == 1 else 'are'} left: "
        f"{counted(groups, 'connected group')} of two items or more, the largest of {sizes.max():,}, and "
        f"{counted(alone, 'item')} without an edge."
    )


def one_kind(data: ActiveData, whole: ItemGraph, graph: ItemGraph) -> str:
    """How many of the kept edges join items of the same category."""
    field = default_attribute(data)
    if not field:
        return "Whether they are of one kind only a column with a category could tell; this data has none."
    labels = data.fields[field]
    now, before = (_same(labels, part) for part in (graph, whole))
    if now is None or before is None:
        return f"No kept edge joins two items whose {plain_field(field)} is known."
    return f"Both ends have the same **{plain_field(field)}** on {now:.0%} of the kept edges, on {before:.0%} of all."


def _same(labels: AnyArray, graph: ItemGraph) -> float | None:
    a, b = labels[graph.sources], labels[graph.indices]
    known = (a != NOT_KNOWN) & (b != NOT_KNOWN)
    return float((a == b)[known].mean()) if known.any() else None


def popular_tenth(data: ActiveData) -> BoolArray:
    """Which items are among the most popular tenth, rounded up."""
    assert data.sequences is not None
    counts = data.sequences.counts
    top = np.zeros(len(counts), dtype=bool)
    top[np.argsort(-counts, kind="stable")[: -(-len(counts) // 10)]] = True
    return top


def _ends(top: BoolArray, graph: ItemGraph) -> str:
    hit = top[graph.sources] | top[graph.indices]
    return f"{hit.mean():.0%}" if len(hit) else "–"


def popular_ends(data: ActiveData, settings: GraphSettings, whole: ItemGraph, graph: ItemGraph) -> str:
    """How many edges lead to a best-seller: kept, all, and those beyond popularity."""
    top = popular_tenth(data)
    _, beyond = walk_graph(data, replace(settings, backbone="noise_corrected", per_item=8))
    return (
        f"**{_ends(top, graph)}** of the kept edges have an end among the most popular tenth "
        f"({counted(int(top.sum()), 'item')}), of all edges {_ends(top, whole)}, of the eight an item that are "
        f"furthest beyond popularity {_ends(top, beyond)}."
    )


def busiest(data: ActiveData, graph: ItemGraph) -> str:
    """The item with most edges, and how popular it is."""
    assert data.sequences is not None
    counts = data.sequences.counts
    degree = graph.out_degree
    row = int(np.lexsort((-counts, -degree))[0])
    place = int((counts > counts[row]).sum()) + 1
    return (
        f"**{plain(data.titles[row])}** has the most edges, to {degree[row]:,} of {len(graph) - 1:,} items; by "
        f"popularity it is number {place:,}."
    )


def without_direction(data: ActiveData, settings: GraphSettings, whole: ItemGraph) -> str:
    """What became of the arrows."""
    arrows, _ = walk_graph(data, replace(settings, directed=True))
    pairs = np.unique(np.sort(np.column_stack([arrows.sources, arrows.indices]), axis=1), axis=0)
    both = len(arrows.indices) - len(pairs)
    return (
        f"{counted(arrows.num_edges, 'arrow')} joined {counted(len(pairs), 'pair')} of items, {both:,} of them both "
        f"ways; the two ways add up now, which leaves {counted(whole.num_edges, 'edge')}."
    )
