"""One query on one plane in three indexes, HNSW, LSH and a kd-tree: the controls, and what is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import results
from pages.kit.allowed import Number, Options, Span
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.views.lsh import board, controls
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LSH_PAGE, LabPoints
from recemb_core.arrays import Float32Array, Int32Array, Int64Array
from recemb_core.datasets.point_clouds import plane_points
from recemb_core.experiments.index_walks import Effort, bucket_effort, graph_effort, tree_effort
from recemb_core.neighbors import HNSWConfig, HNSWIndex, LSHConfig, LSHIndex
from recemb_core.neighbors.hnsw_graph import HNSWGraph, Walk, build_graph
from recemb_core.neighbors.kd_tree_walk import TreeOfCells, TreeWalk
from recemb_core.neighbors.truth import true_neighbors

COUNT, K = 300, board.NEAREST
BUILDING = 40  # ef_construction
MOST_POINTS, MOST_QUERIES = 10_000, 50  # of the page's own points: a walk to look at is no fast search

LINKS = Parameter(
    LSH_PAGE,
    "walk_links",
    "Links M (HNSW)",
    Span(3, 16),
    6,
    help="Links a row gets on each layer; the lowest keeps twice as many. Each layer holds about 1/M of the one below.",
)
EF = Parameter(
    LSH_PAGE,
    "walk_ef",
    "Candidates kept ef (HNSW)",
    Span(K + 1, 64),
    8,
    help="Of the lowest layer, while searching. More find more, and cost more distances.",
)
LEAF = Parameter(
    LSH_PAGE, "walk_leaf", "Points a cell (kd-tree)", Span(1, 32), 8, help="Cells with no more are not cut further."
)
BESIDE = Parameter(LSH_PAGE, "walk_beside", "Beside it", Options({"lsh": "LSH", "kd": "kd-tree"}, row=True), "lsh")
PATTERN = Parameter(
    LSH_PAGE,
    "walk_pattern",
    "Points",
    Options(board.PATTERNS),
    "even",
    help=f"{COUNT} points; the red one is the query.",
)
QUERY = Parameter(LSH_PAGE, "walk_query", "Query (a point)", Number(0, COUNT - 1), 0, help="Or click a point.")
HOPS = Parameter(
    LSH_PAGE, "walk_hops", "Hops shown", Span(1, 2), help="A hop: the links of one row are looked at.", follows=True
)


@dataclass(frozen=True, eq=False)
class Seen:
    """The plane with its three indexes, and what the query does in each."""

    points: Float32Array
    query: int
    near: tuple[int, ...]
    graph: HNSWGraph
    walk: Walk
    tree: TreeWalk
    config: LSHConfig
    candidates: Int32Array
    efforts: dict[str, Effort]
    """By the name of the index, over all points as queries."""


def walk_controls(data: ActiveData, settings: LabSettings, further: Any) -> None:
    """Widgets beside the picture; those that no question is about go to ``further``."""
    left, right = controls.pair("graph")
    LINKS.draw(data, left, label="Links M")
    EF.draw(data, right, label="Kept ef")
    BESIDE.draw(data)
    seen = look(data, settings)
    with further:
        if len(seen.walk.hops) > 1:
            hops_shown(data, seen).draw()
        if BESIDE.value(data) == "kd":
            LEAF.draw(data)
        else:
            controls.MODE.draw(data)
            board.shape_controls(data, settings)
    with further, st.expander("Points of the plane"):
        PATTERN.draw(data)
        QUERY.draw(data)
        board.draw_button(data, board.DRAWN_POINTS)
        board.draw_button(data, board.DRAWN_FUNCTIONS)


def hops_shown(data: ActiveData, seen: Seen) -> Bound:
    every = len(seen.walk.hops)
    return HOPS.bind(data, default=every, among=(1, every))


def _cloud(data: ActiveData) -> tuple[str, int]:
    return PATTERN.value(data), board.DRAWN_POINTS.value(data)


def plane_of(data: ActiveData) -> Float32Array:
    """The points in use."""
    pattern, drawn = _cloud(data)
    make = lambda: plane_points(pattern, drawn, n=COUNT).astype(np.float32)  # noqa: E731
    return results.remember(data, ("walk plane", pattern, drawn), make)  # type: ignore[no-any-return]


def graph_of(data: ActiveData, links: int) -> HNSWGraph:
    """Their graph with so many links."""
    points, key = plane_of(data), ("walk graph", _cloud(data), links)
    return results.remember(data, key, lambda: build_graph(points, links=links, ef_construction=BUILDING))  # type: ignore[no-any-return]


def graph_effort_of(data: ActiveData, *, links: int, ef: int) -> Effort:
    """What it finds, all points as queries."""
    graph, key = graph_of(data, links), ("walk effort", "graph", _cloud(data), links, ef)
    return results.remember(data, key, lambda: graph_effort(graph, np.arange(COUNT), K, ef))  # type: ignore[no-any-return]


def look(data: ActiveData, settings: LabSettings) -> Seen:
    """The plane in use; each index is built once."""
    for one in (board.BOARD_K, board.BOARD_L, board.BOARD_W, board.DRAWN_FUNCTIONS, BESIDE):
        one.bind(data)  # in the link, drawn or not
    links, ef, leaf, query = LINKS.value(data), EF.value(data), LEAF.value(data), QUERY.value(data)
    config = board.plane_config(data, replace(settings, family="euclidean"))
    cloud, points, graph, rows = _cloud(data), plane_of(data), graph_of(data, links), np.arange(COUNT)
    tree = TreeOfCells(points, leaf)
    index = results.remember(data, ("walk index", cloud, config), lambda: LSHIndex(config).build(points))

    def kept(name: str, key: object, make: Callable[[], Effort]) -> Effort:
        return results.remember(data, ("walk effort", name, cloud, key), make)  # type: ignore[no-any-return]

    return Seen(
        points=points,
        query=query,
        near=tuple(true_neighbors(points, np.array([query]), K).ids[0].tolist()),
        graph=graph,
        walk=graph.walk(points[query], K + 1, ef),
        tree=tree.walk(points[query], K + 1),
        config=config,
        candidates=index.candidates(points[[query]])[1],
        efforts={
            "HNSW": graph_effort_of(data, links=links, ef=ef),
            "LSH": kept("buckets", config, lambda: bucket_effort(points, index, rows, K)),
            "kd-tree": kept("tree", leaf, lambda: tree_effort(points, tree, rows, K)),
        },
    )


def own_queries(points: LabPoints) -> Int64Array:
    """The rows asked about: fewer of many points, since a tree that goes into every cell takes its time."""
    return points.queries[: max(10, min(MOST_QUERIES, 100_000 // len(points)))]


def own_efforts(data: ActiveData, points: LabPoints, settings: LabSettings) -> dict[str, Effort] | None:
    """The three on the points that the page searches; None where they are too many to be walked in Python."""
    n = len(points)
    if n > MOST_POINTS or n <= K + 1:
        return None
    links, ef, leaf = LINKS.value(data), EF.value(data), LEAF.value(data)
    queries, vectors = own_queries(points), points.vectors

    def graph() -> HNSWGraph:
        config = HNSWConfig(metric="euclidean", links=links, ef_construction=BUILDING)
        return HNSWIndex(config, threads=1).build(vectors).graph()

    def walked() -> Effort:
        kept = results.remember(data, ("walk own graph", points.key, links), graph)
        return graph_effort(kept, queries, K, ef)

    def hashed() -> Effort:
        return bucket_effort(vectors, LSHIndex(settings.config).build(vectors), queries, K)

    return {
        "HNSW": results.remember(data, ("walk own effort", "graph", points.key, links, ef), walked),
        "LSH": results.remember(data, ("walk own effort", "buckets", points.key, settings.config), hashed),
        "kd-tree": results.remember(
            data,
            ("walk own effort", "tree", points.key, leaf),
            lambda: tree_effort(vectors, TreeOfCells(vectors, leaf), queries, K),
        ),
    }
