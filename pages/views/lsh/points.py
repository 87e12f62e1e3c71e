"""Which points the LSH laboratory searches: items by their vectors, or clouds."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import brought, frame, graph_controls, jobs, model_controls, model_results, results, session
from pages.kit.allowed import Flag, Options, Steps
from pages.kit.jobs import Job
from pages.kit.parameters import Bound, Parameter, Scope
from pages.kit.session import ActiveData
from pages.kit.text import quoted
from recemb_core.arrays import Float32Array, Int64Array
from recemb_core.datasets import point_clouds
from recemb_core.embeddings import ItemVectors
from recemb_core.embeddings.registry import python_call
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows

QUERIES = 200
FEWEST = 4
SOURCES = {"items": "Items of this data set", "clustered": "Clustered cloud", "gaussian": "Gaussian cloud"}
SIZES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
DIMENSIONS = (2, 4, 8, 16, 32, 64, 128)

LSH_PAGE = Scope("lsh")
POINTS = Parameter(
    LSH_PAGE,
    "points",
    "Search among",
    Options(SOURCES),
    "items",
    help="Clouds show what size and dimensions do; real vectors have neighbors worth finding.",
)
VECTORS = Parameter(
    LSH_PAGE, "vectors", "Vectors of", Options(), help="The embedding; its settings are those of the Neighbors page."
)
SIZE = Parameter(LSH_PAGE, "size", "Points n", Steps(SIZES, "{:,}".format), 10_000, help="In the cloud.")
WIDE = Parameter(LSH_PAGE, "wide", "Dimensions d", Steps(DIMENSIONS), 64, help="Length of a vector.")
UNIT = Parameter(
    LSH_PAGE,
    "unit",
    "Vectors of length 1",
    Flag(switch=True),
    True,
    help="Normalized: distances lie between 0 and 2 and rank like the cosine. Off: vectors as they are.",
)


@dataclass(frozen=True, eq=False)
class LabPoints:
    """The points that are searched, and the rows of them that are the queries."""

    vectors: Float32Array
    raw: Float32Array
    """before they were normalized, if they were"""
    queries: Int64Array
    ids: tuple[str, ...]
    names: tuple[str, ...]
    chosen: int
    key: Hashable
    what: str
    imports: tuple[str, ...]
    lines: tuple[str, ...]
    """of Python, which end with an array ``vectors``"""
    cloud: bool = False

    def __len__(self) -> int:
        return len(self.vectors)


def need_enough(points: LabPoints) -> None:
    """A sentence instead of charts where there is nothing to search."""
    if len(points) < FEWEST:
        st.info(
            f"There are only {len(points)} points to search, and a nearest neighbor among so few says nothing. "
            f"Choose another data set, or a cloud under Points; at least {FEWEST} are needed."
        )
        st.stop()


def points_controls(data: ActiveData, *, folded: bool = True) -> Any:
    """Which points are searched; returns the place for a line about them."""
    model, size, wide = vectors_used(data), SIZE.bind(data), WIDE.bind(data)  # in the link, drawn or not
    with st.expander("Points") if folded else st.container():
        if POINTS.draw(data) == "items":
            model.draw()
        else:
            size.draw()
            wide.draw()
        UNIT.draw(data)
        return st.empty()


def vectors_used(data: ActiveData) -> Bound:
    """Which of the models that this data can have, or of the files of vectors that this session brought."""
    models = model_controls.able_models(data)
    own = [one.label for one in brought.every(data) if one.vectors is not None]
    # word2vec parts near from far best: on the groceries recall .9 costs 13% of the scan, the others 19 to 28%.
    return VECTORS.bind(data, default="word2vec" if "word2vec" in models else models[0], among=[*models, *own])


def lab_points(data: ActiveData) -> LabPoints:
    """The points in use, computed once."""
    source, unit = POINTS.value(data), UNIT.value(data)
    if source == "items":
        return _item_points(data, unit)
    return _synthetic_points(data, source, SIZE.value(data), WIDE.value(data), unit)


def _item_points(data: ActiveData, unit: bool) -> LabPoints:
    name, item = vectors_used(data).value, session.chosen_item(data)
    if (own := next((one for one in brought.every(data) if one.label == name), None)) is not None:
        return _brought_points(data, own, unit)
    graph = graph_controls.walked_graph(data, graph_controls.graph_settings(data))[1]
    config = model_controls.model_config(data, graph, name)
    trained = _trained(data, graph, config, name)
    raw = np.ascontiguousarray(trained.vectors, np.float32)
    imports, lines = model_controls.in_python(data, graph_controls.graph_settings(data), [config])
    return LabPoints(
        vectors=unit_rows(raw) if unit else raw,
        raw=raw,
        queries=_query_rows(len(raw)),
        ids=trained.items.ids,
        names=data.titles
        if trained.items.ids == data.items.ids
        else tuple(data.titles[data.items.row(one)] for one in trained.items.ids),
        chosen=trained.items.row(item) if item in trained.items else 0,
        key=("items", data.fingerprint, graph.fingerprint, config, unit, session.seed()),
        what=f"Items of this data set by their {name} vectors" + (", normalized" if unit else ""),
        imports=tuple(imports),
        lines=(*lines, f"vectors = {python_call(config)}.vectors"),
    )


def _brought_points(data: ActiveData, own: brought.Fitted, unit: bool) -> LabPoints:
    """The items that have a vector in a file that this session brought."""
    vectors, item = brought.vectors_of(data, own.config).own(), session.chosen_item(data)
    raw = np.ascontiguousarray(vectors.vectors, np.float32)
    files = ", ".join(quoted(file) for file in (own.config.name, own.config.ids_name) if file)
    owner = "data" if not data.uploaded else "sequences" if data.graph is None else "graph"
    return LabPoints(
        vectors=unit_rows(raw) if unit else raw,
        raw=raw,
        queries=_query_rows(len(raw)),
        ids=vectors.items.ids,
        names=tuple(data.titles[data.items.row(one)] for one in vectors.items.ids),
        chosen=vectors.items.row(item) if item in vectors.items else 0,
        key=("items", data.fingerprint, own.config, unit, session.seed()),
        what=f"{len(raw):,} of {len(data.items):,} items by the vectors of {own.label}, which you brought"
        + (", normalized" if unit else ""),
        imports=(*frame.import_lines(data), "from recemb_core.brought import read_vectors"),
        lines=(*frame.load_lines(data), f"vectors = read_vectors({files}).aligned({owner}.items)[0].own().vectors"),
    )


def _trained(data: ActiveData, graph: ItemGraph, config: Any, name: str) -> ItemVectors:
    """The vectors: at once where they are there or trained in some seconds, else when Run is pressed."""
    seconds = model_results.model_seconds(data, config, len(graph))
    job = Job(
        (graph.fingerprint, config),
        name,
        seconds,
        lambda report: model_results.model_vectors(data, config, report, graph=graph),
        asks=seconds > jobs.SETTLE_SECONDS,
    )

    def ready(identity: tuple[str, Any]) -> ItemVectors | None:
        fingerprint, trained = identity
        if fingerprint != graph.fingerprint or not model_results.has_model(data, trained, graph=graph):
            return None
        return model_results.model_vectors(data, trained, graph=graph)

    waiting = f"The {name} vectors of this data set are not trained yet."
    vectors, _ = jobs.result(data, "lab", job, ready=ready, waiting=waiting, stale=None)
    if vectors is None:
        st.stop()
    return vectors


def _synthetic_points(data: ActiveData, source: str, size: int, wide: int, unit: bool) -> LabPoints:
    seed = session.seed()
    call = f"{source}_points"
    key = ("cloud", source, size, wide, seed)
    raw = results.remember(data, key, lambda: getattr(point_clouds, call)(size, wide, seed=seed))
    rows = _query_rows(size)
    return LabPoints(
        vectors=results.remember(data, (*key, "unit"), lambda: unit_rows(raw)) if unit else raw,
        raw=raw,
        queries=rows,
        ids=tuple(map(str, range(size))),
        names=tuple(f"Point {i:,}" for i in range(size)),
        chosen=int(rows[0]),
        key=(*key, unit),
        what=SOURCES[source] + (", normalized" if unit else ""),
        imports=(f"from recemb_core.datasets.point_clouds import {call}",),
        lines=(f"vectors = {call}({size:_}, {wide}, seed={seed})",),
        cloud=True,
    )


def _query_rows(n: int) -> Int64Array:
    """A sample of the rows, ascending; all where there are few."""
    if n <= QUERIES:
        return np.arange(n)
    return np.sort(np.random.default_rng(session.seed()).choice(n, QUERIES, replace=False))
