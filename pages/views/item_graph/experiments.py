"""What to try on the item-graph page; the answers are counted on the edges that are kept now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pages.kit.answer_words import counted
from pages.kit.controls import NOT_KNOWN, default_attribute
from pages.kit.graph_controls import GraphSettings, walk_graph
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain, plain_field
from pages.views.item_graph.two_graphs import beside_each_other
from recemb_core.arrays import AnyArray, BoolArray
from recemb_core.item_graph import ItemGraph, connected_groups

MORE_OF_A_KIND = ("More often", "Less often", "As often, within one point")
ONE_PIECE = ("Yes, all of it", "More than half of it", "No, it falls into small groups")
WHOM = ("More to best-sellers", "Fewer to best-sellers", "As many, within five points")
ALIKE = ("Best-sellers, on most edges", "All alike: one edge in five", "In between")
ARROWS = ("About half: most pairs have two arrows", "Nearly all: most pairs have one", "In between")
SAME_GRAPH = ("Nearly: r of 0.9 or more", "In part: r of 0.5 to 0.9", "Hardly: r below 0.5")
CENTER = ("About a fifth, as if all were alike", "Up to half", "More than half")


def experiments(data: ActiveData, settings: GraphSettings, whole: ItemGraph, graph: ItemGraph) -> list[Experiment]:
    """The questions that this data set can answer."""
    tries: list[Experiment] = []
    if data.has_two_graphs:
        question = "Count the graph from the log. **Will the clicks give back the graph that they were walked on?**"
        tries.append(Experiment(question, SAME_GRAPH, lambda: counted_graph(data, settings), {"graph_from": "log"}))
    if data.given is not None or data.sequences is None:
        question = "The tenth of the items with most edges. **How many edges have one of them at an end?**"
        given = {"graph_from": "given"} if data.has_two_graphs else {}
        tries.append(Experiment(question, CENTER, lambda: in_the_middle(data, graph), given))
        return tries
    # Of the edges that the data gives at first: an experiment sets all the others back.
    if not data.sequences.ordered:
        name = "backbone_co_occurrence"
        few: dict[str, Any] = {name: "noise_corrected", "per_item": 2}
        field = default_attribute(data)
        if field:
            question = (
                f"Two edges an item instead of eight. **How often do they join items of one {plain_field(field)}?**"
            )
            tries.append(
                Experiment(question, MORE_OF_A_KIND, lambda: one_kind(data, settings, whole, graph, field), few)
            )
        question = "Two edges an item. **Does the catalogue stay in one piece?**"
        tries += [
            Experiment(question, ONE_PIECE, lambda: pieces(graph), few),
            Experiment(
                "Another filter, *disparity*, looks at one end of an edge only. **Whom do the edges lead to?**",
                WHOM,
                lambda: popular_beside(data, settings, whole, graph),
                {name: "disparity", "alpha": 0.01},
            ),
            Experiment(
                "The ten heaviest edges of each item. **Whom do they lead to?**",
                ALIKE,
                lambda: popular_alone(data, settings, whole, graph),
                {name: "top_edges", "top": 10},
            ),
        ]
    else:
        question = "Forget the direction: i → j and j → i add up. **How many edges are left of all arrows?**"
        tries.append(
            Experiment(question, ARROWS, lambda: without_direction(data, settings, whole), {"directed": False})
        )
    return tries


def counted_graph(data: ActiveData, settings: GraphSettings) -> Verdict:
    """How near the log's graph comes to the given one."""
    whole, _ = walk_graph(data, settings)
    beside = beside_each_other(data)
    kind = "arrows" if whole.directed else "edges without direction"
    if beside is None:
        return Verdict(f"Walks go along {whole.num_edges:,} {kind} now; the two graphs cannot be compared.")
    right = 0 if beside.r >= 0.9 else 1 if beside.r >= 0.5 else 2
    return Verdict(
        f"Walks go along {whole.num_edges:,} {kind} now. Their shares and those of the given weights correlate at "
        f"**r = {beside.r:.2f}**; {beside.elsewhere:,} arrows lead where no edge was given.",
        right,
        more=beside.words,
    )


def in_the_middle(data: ActiveData, graph: ItemGraph) -> Verdict | str:
    """How many edges lead to the items with most edges."""
    if not graph.num_edges:
        return Verdict("No edge is left.")
    degree = graph.out_degree + graph.reversed.out_degree
    top = np.zeros(len(graph), dtype=bool)
    top[np.argsort(-degree, kind="stable")[: -(-len(graph) // 10)]] = True
    share = float((top[graph.sources] | top[graph.indices]).mean())
    best = int(np.argmax(degree))
    reach = f"{graph.out_degree[best]:,}"
    if graph.directed:
        reach = f"{reach} to others and {graph.reversed.out_degree[best]:,} from others,"
    return Verdict(
        f"**{share:.0%}** of the edges have an end among the {counted(int(top.sum()), 'item')} with most edges. "
        f"{plain(data.titles[best])} has the most: {reach} of {len(graph) - 1:,} items.",
        0 if share <= 0.25 else 1 if share <= 0.5 else 2,
    )


def pieces(graph: ItemGraph) -> Verdict:
    """Into how many pieces the graph falls."""
    sizes = connected_groups(graph)
    alone, groups = int((sizes == 1).sum()), int((sizes > 1).sum())
    if not groups:
        return Verdict("No edge is left.", 2)
    largest = int(sizes.max())
    said = (
        f"{counted(graph.num_edges, 'edge')} {'is' if graph.num_edges == 1 else 'are'} left: "
        f"{counted(groups, 'connected group')} of two items or more, the largest of **{largest:,}** of "
        f"{len(graph):,}, and {counted(alone, 'item')} without an edge."
    )
    return Verdict(said, 0 if largest == len(graph) else 1 if largest > len(graph) / 2 else 2)


def one_kind(data: ActiveData, settings: GraphSettings, whole: ItemGraph, graph: ItemGraph, field: str) -> Verdict:
    """How many of the kept edges join items of the same value of a field, beside eight an item and all edges."""
    labels = data.fields[field]
    eight = walk_graph(data, replace(settings, backbone="noise_corrected", per_item=8))[1]
    now, before, every = (_same(labels, part) for part in (graph, eight, whole))
    if now is None or before is None or every is None:
        return Verdict(f"No kept edge joins two items whose {plain_field(field)} is known.")
    right = 2 if abs(now - before) <= 0.01 else 0 if now > before else 1
    return Verdict(
        f"Both ends have the same {plain_field(field)} on **{now:.0%}** of the kept edges, on {before:.0%} at eight an "
        f"item, and on {every:.0%} of all edges. All are counted, none drawn at random.",
        right,
    )


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


def _ends(top: BoolArray, graph: ItemGraph) -> float:
    hit = top[graph.sources] | top[graph.indices]
    return float(hit.mean()) if len(hit) else 0.0


def _popular(data: ActiveData, settings: GraphSettings, whole: ItemGraph, graph: ItemGraph) -> tuple[float, float, str]:
    """(share of the kept edges that lead to a best-seller, the same of eight beyond popularity, in words)."""
    top = popular_tenth(data)
    beyond = walk_graph(data, replace(settings, backbone="noise_corrected", per_item=8))[1]
    now, before, every = (_ends(top, part) for part in (graph, beyond, whole))
    said = (
        f"**{now:.0%}** of the kept edges have an end among the most popular tenth "
        f"({counted(int(top.sum()), 'item')}); of the eight an item beyond popularity {before:.0%}, of all edges "
        f"{every:.0%}."
    )
    return now, before, said


def popular_beside(data: ActiveData, settings: GraphSettings, whole: ItemGraph, graph: ItemGraph) -> Verdict:
    """The kept edges beside those that are beyond popularity."""
    now, before, said = _popular(data, settings, whole, graph)
    right = 2 if abs(now - before) <= 0.05 else 0 if now > before else 1
    return Verdict(said, right, more=busiest(data, graph))


def popular_alone(data: ActiveData, settings: GraphSettings, whole: ItemGraph, graph: ItemGraph) -> Verdict:
    """The kept edges beside edges between any two items, of which 19% have an end in the tenth."""
    now, _, said = _popular(data, settings, whole, graph)
    return Verdict(said, 0 if now > 0.5 else 1 if now <= 0.25 else 2, more=busiest(data, graph))


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


def without_direction(data: ActiveData, settings: GraphSettings, whole: ItemGraph) -> Verdict:
    """What became of the arrows."""
    arrows, _ = walk_graph(data, replace(settings, directed=True))
    pairs = np.unique(np.sort(np.column_stack([arrows.sources, arrows.indices]), axis=1), axis=0)
    both = len(arrows.indices) - len(pairs)
    share = whole.num_edges / arrows.num_edges if arrows.num_edges else 1.0
    return Verdict(
        f"{counted(arrows.num_edges, 'arrow')} joined {counted(len(pairs), 'pair')} of items, {both:,} of them both "
        f"ways; the two ways add up now, which leaves {counted(whole.num_edges, 'edge')} (**{share:.0%}**).",
        0 if share <= 0.6 else 1 if share >= 0.9 else 2,
    )
