"""The Neighbors page's maps: that of one model, and two that move together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, large, maps, results, session
from pages.kit.allowed import Flag, Options
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.model_jobs import Entry
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.neighbors.compared import NEIGHBORS_PAGE, Compared
from recemb_core.arrays import Float32Array, Int64Array
from recemb_core.brought import BroughtVectors
from recemb_core.figures.item_map import item_map_figure
from recemb_core.figures.paired_maps import paired_maps_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
from recemb_core.progress import Progress

MAP_OF = Parameter(NEIGHBORS_PAGE, "map_of", "Map of", Options(), help="Whose vectors UMAP lays out.")
STACKED = Parameter(
    NEIGHBORS_PAGE, "stacked", "One below the other", Flag(), False, help="Larger maps on a narrow page."
)


def map_job(data: ActiveData, graph: ItemGraph, one: Entry, umap: UMAPConfig) -> Job | None:
    """Drawing a model's map, where it is not there yet."""
    if one.vectors is None or maps.has_model_map(data, one.config, umap, graph=graph):
        return None
    config = one.config
    return Job(
        identity=("map", graph.fingerprint, config, umap, large.on_map(data)),
        label=f"Map of {one.label}",
        seconds=maps.map_seconds(data, len(graph)),
        run=lambda report: maps.model_map(data, config, umap, report, graph=graph),
        asks=maps.map_asks(data),
    )


def map_section(found: Compared) -> list[Job]:
    """The map of one model with the chosen item's neighbors there; returns the drawing that is missing."""
    data, graph = found.data, found.graph
    ready = [one for one in found.entries if one.vectors is not None]
    st.subheader("The map of one model", anchor=False)
    if not ready:
        st.caption("No model is ready yet.")
        return []
    umap = controls.umap_config(data, len(graph), draw=False)
    names = [one.label for one in ready]
    best = "DeepWalk" if "DeepWalk" in names else names[0]
    # One that is still to be trained may be asked for, by a link say; its map comes when it is there.
    able = [one.label for one in found.entries if one.state != "unavailable"]
    left, right = st.columns(2)
    whose = MAP_OF.draw(data, left, default=best, among=able)
    with right:
        color = controls.color_control(data, graph, default=controls.labellings(data, graph)[0].name)
    if whose not in names:
        st.caption(f"{whose} is not trained yet.")
        return []
    one = ready[names.index(whose)]
    job = map_job(data, graph, one, umap)
    if job is not None:
        st.caption("The map is being drawn.")
        return [job]
    rows, places = on_map(found, one, umap, (found.chosen, *map(graph.items.row, found.named(one.label))))
    figure = item_map_figure(
        places,
        [graph.items[int(row)] for row in rows],
        [data.titles[int(row)] for row in rows],
        color_by=color.values[rows],
        color_title=color.words,
        size=np.sqrt(found.settings.counts[rows]),
        chosen=session.chosen_item(data),
        highlighted=found.named(one.label),
        named=f"map of {one.label}",
    )
    if isinstance(one.vectors, BroughtVectors) and (known := int(one.vectors.known.sum())) < len(graph):
        st.caption(f"{known:,} of {len(graph):,} items have a vector and can be on the map.")
    live_chart(figure, key=f"neighbors map@{data.key}", height=345, on_click=lambda item: session.pick(data, item))
    if words := large.drawn_words(data):
        st.caption(words)
    return []


def on_map(found: Compared, one: Entry, umap: UMAPConfig, always: Iterable[int]) -> tuple[Int64Array, Float32Array]:
    """(rows of the items that a model's map draws, their places): those with a vector, of large data a sample."""
    rows, places = (
        large.drawn_rows(found.data, umap.seed, always),
        maps.model_map(found.data, one.config, umap, graph=found.graph),
    )
    if not isinstance(one.vectors, BroughtVectors):
        return rows, places[rows]
    known = np.flatnonzero(one.vectors.known)
    at = np.searchsorted(known, rows)
    there = (at < len(known)) & (known[np.minimum(at, len(known) - 1)] == rows)
    return rows[there], places[at[there]]


def paired_maps_section(found: Compared) -> list[Job]:
    """Two maps in one chart, or what is still missing for them."""
    st.subheader("Two maps of the same items", anchor=False)
    data, graph = found.data, found.graph
    first, second = found.entries
    if first.vectors is None or second.vectors is None:
        st.caption("The maps come when both models are there.")
        return []
    groups, _ = controls.labellings(data, graph)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=220):
            color = controls.color_control(data, graph, default=groups.name)
        stacked = STACKED.draw(data)
    umap = controls.umap_config(data, len(graph), draw=False)
    sample = large.on_map(data)
    key = ("second map", data.key, data.fingerprint, graph.fingerprint, first.config, second.config, umap, sample)
    todo = [job for job in [map_job(data, graph, first, umap)] if job is not None]
    moved = None if todo else second_map(found, umap, key)
    if moved is None:
        st.caption("The maps are being drawn: the first by UMAP, the second started from the first.")
        return [*todo, _second_job(found, umap, key)]
    start = maps.model_map(data, first.config, umap, graph=graph)
    named = (item for one in found.entries for item in found.named(one.label))
    rows = large.drawn_rows(data, umap.seed, (found.chosen, *map(graph.items.row, named)))
    figure = paired_maps_figure(
        start[rows],
        moved[rows],
        [graph.items[int(row)] for row in rows],
        [data.titles[int(row)] for row in rows],
        names=(first.label, second.label),
        highlighted=(found.named(first.label), found.named(second.label)),
        stacked=stacked,
        color_by=color.values[rows],
        color_title=color.words,
        size=np.sqrt(found.settings.counts[rows]),
        chosen=session.chosen_item(data),
    )
    events = live_chart(
        figure,
        key=f"pair maps@{data.key}",
        height=940 if stacked else 540,
        glide=False,
        on_click=lambda item: session.pick(data, item),
    )
    st.caption(
        f"{large.drawn_words(data)}"
        "Point at an item in one map, and it is ringed in the other. "
        "The second was started from the first and let go, so that places can be compared; which neighbors "
        "changed, the lists say. Crimson rings: the chosen item and its neighbors in each list. Zoom, lasso and legend "
        "work on both; click an item to choose it."
    )
    if events.selected:
        names = ", ".join(plain(data.title_of(item)) for item in events.selected[:12])
        more = f" and {len(events.selected) - 12:,} more" if len(events.selected) > 12 else ""
        st.caption(f"Selected in both maps, {len(events.selected):,} items: {names}{more}.")
    return []


def second_map(found: Compared, umap: UMAPConfig, key: tuple[Any, ...]) -> Float32Array | None:
    """The second model's map, if it is there; the first's own where both are the same."""
    first, second = found.entries
    if first.config == second.config:
        return maps.model_map(found.data, first.config, umap, graph=found.graph)
    ready: Float32Array | None = results.store_of(found.data, key).get(key)
    return ready


def _second_job(found: Compared, umap: UMAPConfig, key: tuple[Any, ...]) -> Job:
    """Drawing the second model's map, started from the first's."""
    data, (first, second) = found.data, found.entries

    def run(report: Progress) -> Float32Array:
        start = maps.model_map(data, first.config, umap, report, graph=found.graph)
        assert second.vectors is not None
        return maps.draw_umap(data, key, second.vectors, umap, start, report)

    return Job(
        identity=key,
        label=f"Map of {second.label}",
        seconds=maps.map_seconds(data, len(found.graph)) / 2 + 0.5,
        run=run,
    )
