"""One query on one plane: down the layers of HNSW, and beside it in the buckets of LSH or the cells of a kd-tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import parameters, stage
from pages.kit.live_chart import live_chart
from pages.kit.session import ActiveData
from pages.kit.tables import table_or_lines
from pages.views.lsh import board, controls, walk_words
from pages.views.lsh.hash_board import REACH
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LabPoints
from pages.views.lsh.walk import BESIDE, COUNT, K, Seen, hops_shown, look, own_efforts
from recemb_core.arrays import Int64Array
from recemb_core.figures.layered_walk import Layer, layered_walk_figure
from recemb_core.figures.plane_search import Plane, plane_buckets_figure, plane_cells_figure
from recemb_core.neighbors.hnsw_graph import HNSWGraph, Walk

RASTER = (72, 96)
ABOUT = {
    "lsh": "Green: distances worked out. Orange rings: the truly nearest. Shaded: where a point would share the "
    "query's bucket, darker in more tables.",
    "kd": "Green: distances worked out. Orange rings: the truly nearest. Filled: cells visited, in the order of the "
    "numbers. The dotted circle goes through the farthest of the nearest: a cell it does not reach is skipped, once "
    "that neighbor is known.",
}


def layers_of(graph: HNSWGraph, walk: Walk, hops: int) -> list[Layer]:
    """The layers with the first hops of a walk, lowest first; a hop down a layer starts where the last one ended."""
    taken, found = walk.hops[:hops], []
    for number in range(graph.layers):
        mine = [hop for hop in taken if hop.layer == number]
        steps = [(hop.before, hop.row) for hop in mine if hop.before >= 0]
        found.append(
            Layer(
                rows=graph.rows(number),
                links=graph.edges(number),
                compared=np.array([row for hop in mine for row in hop.compared], dtype=np.int32),
                steps=np.array(steps, dtype=np.int32).reshape(-1, 2),
                start=mine[0].row if mine else None,
            )
        )
    return found


def walk_section(data: ActiveData, points: LabPoints, settings: LabSettings, numbers: Any) -> None:
    """The two pictures and the table under them."""
    seen = look(data, settings)
    shown = hops_shown(data, seen).value
    click = lambda mark: parameters.set_parameters(data, walk_query=int(mark))  # noqa: E731
    hit = len(set(seen.walk.ids) & set(seen.near))
    with stage.picture():
        left, right = controls.columns("walk", (1, 1))
        with left:
            st.markdown(
                f"**HNSW** here: {seen.walk.distances} distances, {len(seen.walk.hops)} hops, **{hit} of {K}** found"
            )
            figure = layered_walk_figure(
                seen.points.astype(np.float64),
                layers_of(seen.graph, seen.walk, shown),
                query=seen.query,
                near=seen.near,
                reach=REACH,
            )
            live_chart(figure, key=f"lsh walk@{data.key}", height=412, above=282, glide=False, on_click=click)
        with right:
            _beside(data, seen, click)
    st.caption(ABOUT[BESIDE.value(data)])
    own = own_efforts(data, points, settings)
    walk_words.figures(seen, numbers)
    st.markdown(walk_words.verdict(seen, own, points))
    table_or_lines(pl.DataFrame(walk_words.table(seen, own, points)), "walk", names=2)
    st.caption(walk_words.about(own, points, settings))


def _beside(data: ActiveData, seen: Seen, click: Callable[[str], None]) -> None:
    looked = np.zeros(COUNT, dtype=bool)
    if BESIDE.value(data) == "lsh":
        looked[seen.candidates] = True
        hit = int(looked[list(seen.near)].sum())
        scanned = int(looked.sum() - looked[seen.query])
        st.markdown(f"**LSH** here: {scanned} candidates, **{hit} of {K}** found")
    else:
        looked[[row for cell in seen.tree.visited for row in cell.rows.tolist()]] = True
        cells = len(seen.tree.visited) + len(seen.tree.skipped)
        entered, worked = len(seen.tree.visited), seen.tree.distances
        st.markdown(f"**kd-tree** here: {worked} distances, {entered} of {cells} cells, **{K} of {K}**")
    plane = Plane(seen.points.astype(np.float64), seen.query, seen.near, looked, REACH)
    if BESIDE.value(data) == "lsh":
        figure = plane_buckets_figure(plane, tables_at(seen))
    else:
        cells_drawn = [(cell.low, cell.high) for cell in (*seen.tree.visited, *seen.tree.skipped)]
        figure = plane_cells_figure(plane, cells_drawn, len(seen.tree.visited))
    live_chart(figure, key=f"lsh walk beside@{data.key}", height=412, above=282, glide=False, on_click=click)


def tables_at(seen: Seen) -> Int64Array:
    """Over a raster of the plane, lowest row first: how many tables would take a point there as a candidate."""
    rows, columns = RASTER
    x = (np.arange(columns) + 0.5) * 2 * REACH[0] / columns - REACH[0]
    y = (np.arange(rows) + 0.5) * 2 * REACH[1] / rows - REACH[1]
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    hashing = board.functions_of(seen.config)
    caught = board.meets(hashing, np.concatenate([seen.points[[seen.query]], places]), seen.config.mode)[1:]
    met = np.where(caught.all(axis=1), caught.shape[1], 0) if seen.config.mode == "or_and" else caught.sum(axis=1)
    return np.asarray(met.reshape(rows, columns), dtype=np.int64)
