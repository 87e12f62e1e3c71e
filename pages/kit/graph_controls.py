"""How the item graph is built and drawn: widgets → settings → graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import results
from pages.kit.allowed import Flag, Options, Several, Span, Steps
from pages.kit.parameters import VISIT, Parameter
from pages.kit.session import GRAPH_FROM, ActiveData
from pages.kit.text import field_words, quoted
from recemb_core import precomputed
from recemb_core.arrays import Int32Array, Int64Array
from recemb_core.item_graph import ItemGraph, backbone, build_item_graph, communities
from recemb_core.item_graph.config import DEFAULT_BACKBONE, GraphConfig, Kept

EDGES = {"transitions": "directly follows", "co_occurrence": "is together with"}

BACKBONES = {
    "noise_corrected": "beyond popularity",
    "disparity": "disparity filter",
    "top_edges": "heaviest of each item",
    "none": "all edges",
}

EDGE = Parameter(VISIT, "edges", "An edge says: one item …", Options(EDGES))
DIRECTED = Parameter(VISIT, "directed", "Directed", Flag(), True, help="Off: i → j and j → i add up.")
WEIGHTED = Parameter(VISIT, "weighted", "Weighted", Flag(), True, help="Off: every kept edge counts 1.")
MIN_WEIGHT = Parameter(
    VISIT,
    "min_weight",
    "Minimum weight (times seen)",
    Span(1, 50),
    1,
    help="Edges seen less often are left out before the backbone is taken.",
)
SHARE_BASKETS = Parameter(
    VISIT,
    "share_baskets",
    "Each basket shares one unit",
    Flag(),
    False,
    help="A basket of m items adds 1/C(m, 2) to each of its pairs, so that huge baskets do not rule.",
)
BACKBONE = Parameter(
    VISIT,
    "backbone",
    "Edges kept",
    Options(BACKBONES),
    parts=True,
    help="A backbone drops the edges that popularity alone explains; walks and pictures use what is kept.",
)
PER_ITEM = Parameter(
    VISIT,
    "per_item",
    "Edges an item, on average",
    Steps((1, 2, 4, 6, 8, 12, 16, 24, 32, 64)),
    8,
    help="The edges furthest above what the popularity of both ends explains; fewer shows a clearer skeleton. Equal "
    "ones stay together, and of each item its best, so there may be more.",
)
ALPHA = Parameter(
    VISIT,
    "alpha",
    "Significance level α",
    Steps((0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)),
    0.01,
    help="Smaller keeps fewer, more significant edges; one end that finds it so is enough.",
)
TOP = Parameter(
    VISIT, "top", "Edges an item", Span(1, 50), 10, help="An edge stays if it is among the heaviest of either end."
)
CONTENT = Parameter(
    VISIT,
    "content",
    "Content edges from",
    Several(shown=field_words),
    help="Joins items that share a value of these fields: plus one for each shared value.",
)
DRAWN = Parameter(
    VISIT,
    "drawn",
    "Items drawn",
    Steps((0,)),
    help="The most strongly connected items; the layout is that of the whole graph either way.",
)


@dataclass(frozen=True, kw_only=True)
class GraphSettings(GraphConfig):
    """How the item graph is built from the data set in use; ``own`` is a data set that comes as a graph."""

    own: bool
    backbone: Kept = "none"

    def as_python(self, data: ActiveData) -> list[str]:
        """The lines of ``recemb_core`` that do the same."""
        if self.own:
            lines = [] if data.uploaded else ["graph = data.graph"]
        else:
            transitions = self.edges == "transitions"
            options = {
                f"edges={quoted(self.edges)}": True,
                "directed=False": transitions and not self.directed,
                "weighted=False": not self.weighted,
                f"min_weight={self.min_weight}": self.min_weight > 1,
                "share_baskets=True": self.share_baskets and not transitions,
                f"side_info_fields={self.content!r}": bool(self.content),
            }
            lines = [f"graph = build_item_graph(sequences, {', '.join(o for o, said in options.items() if said)})"]
        told = {name: value for name, value in self.narrowed.items() if value != "disparity"}  # the library's default
        said = ", ".join(f"{name}={quoted(v)}" if isinstance(v, str) else f"{name}={v:g}" for name, v in told.items())
        return [*lines, f"graph = backbone(graph, {said})"] if told else lines


def graph_settings(data: ActiveData) -> GraphSettings:
    """The settings in use, whichever page set them; they are part of the link on every page that walks the graph."""
    if data.graph is not None:
        return GraphSettings(own=True)
    sequences = data.sequences
    assert sequences is not None
    edges = EDGE.value(data, default="transitions" if sequences.ordered else "co_occurrence")
    return GraphSettings(
        own=False,
        edges=edges,
        directed=DIRECTED.value(data),
        weighted=WEIGHTED.value(data),
        min_weight=MIN_WEIGHT.value(data),
        share_baskets=SHARE_BASKETS.value(data),
        content=tuple(CONTENT.value(data, default=[], among=data.side_fields)),
        backbone=BACKBONE.value(data, edges, default=DEFAULT_BACKBONE[edges]),
        per_item=PER_ITEM.value(data),
        alpha=ALPHA.value(data),
        top=TOP.value(data),
    )


def graph_controls(data: ActiveData) -> GraphSettings:
    """The same settings with the widgets that are used most; :func:`more_graph_controls` has the others."""
    settings = graph_settings(data)
    if data.has_two_graphs:
        GRAPH_FROM.draw(data)
    if settings.own:
        st.caption("This data set comes as a graph: its edges and weights are used as they are.")
        return settings
    assert data.sequences is not None
    ordered = data.sequences.ordered
    EDGE.draw(
        data,
        default="transitions" if ordered else "co_occurrence",
        help="Transitions need an order inside the sequence; a basket has none."
        if ordered
        else "These are baskets: row order inside one is not behavior, so co-occurrence is the honest edge.",
    )
    BACKBONE.draw(data, part=settings.edges, default=DEFAULT_BACKBONE[settings.edges])
    narrowing: dict[str, Parameter[Any]] = {"noise_corrected": PER_ITEM, "disparity": ALPHA, "top_edges": TOP}
    if settings.backbone in narrowing:
        narrowing[settings.backbone].draw(data)
    if settings.edges == "transitions":
        DIRECTED.draw(data)
    return settings


def more_graph_controls(data: ActiveData, settings: GraphSettings) -> None:
    """The settings that are seldom changed."""
    if settings.own:
        return
    with st.expander("More about the edges"):
        if settings.edges == "co_occurrence":
            SHARE_BASKETS.draw(data)
        WEIGHTED.draw(data)
        MIN_WEIGHT.draw(data)
        if data.side_fields:
            CONTENT.draw(data, default=[], among=data.side_fields)


def walk_graph(data: ActiveData, settings: GraphSettings) -> tuple[ItemGraph, ItemGraph]:
    """(the whole graph, the graph that is walked and drawn), computed once."""
    bare = replace(settings, backbone="none", per_item=0, alpha=0.0, top=0)
    if settings.own:
        assert data.graph is not None
        whole = data.graph
    else:
        assert data.sequences is not None
        seconds = 2e-6 * len(data.sequences.tokens)
        key = ("graph", data.fingerprint, bare)
        whole = results.compute(
            data, key, build_item_graph, data.sequences, seconds=seconds, what="the graph", **settings.building
        )
    if not settings.narrowed:
        return whole, whole
    if (ready := _bundled_backbone(data, settings)) is not None:
        return whole, ready[1]
    kept_key, seconds = ("kept graph", data.fingerprint, settings), 2e-6 * whole.num_edges
    kept = results.compute(data, kept_key, backbone, whole, seconds=seconds, what="the graph", **settings.narrowed)
    return whole, kept


def walked_graph(data: ActiveData, settings: GraphSettings) -> tuple[int, ItemGraph]:
    """(edges of the whole graph, the graph that is walked and drawn): for pages that need no more of the whole one."""
    if settings.narrowed and (ready := _bundled_backbone(data, settings)) is not None:
        return ready
    whole, kept = walk_graph(data, settings)
    return whole.num_edges, kept


def _bundled_backbone(data: ActiveData, settings: GraphSettings) -> tuple[int, ItemGraph] | None:
    """The same, where both are known beforehand."""
    sequences, building, narrowing = data.sequences, settings.building, settings.narrowed
    assert sequences is not None
    return results.ready(
        data,
        ("bundled backbone", data.fingerprint, settings),
        lambda: None if settings.content else precomputed.load_graph(sequences, building, narrowing),
    )


def items_drawn(data: ActiveData, graph: ItemGraph) -> int:
    """How many items the picture shows; the whole graph on demand."""
    n = len(graph)
    steps = sorted({min(n, s) for s in (100, 200, 400, 800, 1_500, 3_000, 6_000, n)})
    bound = DRAWN.bind(data, default=min(n, 800), among=steps)
    return n if len(steps) < 2 else bound.draw()


def most_connected(graph: ItemGraph, most: int, *, always: int) -> Int64Array:
    """Rows of the items with the largest strength, in row order; the chosen one is always among them."""
    top = np.argsort(-graph.strength, kind="stable")[:most]
    return np.union1d(top, [always])


def graph_communities(data: ActiveData, graph: ItemGraph, seed: int) -> Int32Array:
    """Louvain communities of the graph."""
    key, seconds = ("communities", graph.fingerprint, seed), 5e-6 * graph.num_edges
    found = results.ready(data, key, lambda: precomputed.load_communities(graph, seed))
    if found is None:
        found = results.compute(data, key, communities, graph, seed, seconds=seconds, what="communities")
    return found
