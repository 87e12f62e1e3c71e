"""Two settings of one model, or two models: their lists, their agreement, and two maps that move together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, maps, results, session
from pages.kit.allowed import Flag, Options
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.model_controls import SECOND, able_models, differences, model_config, model_controls
from pages.kit.model_jobs import Entry, entry
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.views.neighbors.agreement import disputed_section, likeness_sections, membership_section
from pages.views.neighbors.compared import NEIGHBORS_PAGE, Compared, Settings, compare, matrix_of
from pages.views.neighbors.experiments import pair_experiments
from pages.views.neighbors.side_by_side import columns_section, figures_row, map_job
from recemb_core.arrays import Float32Array
from recemb_core.evaluation import overlap_at_k
from recemb_core.figures.paired_maps import paired_maps_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig, umap_layout
from recemb_core.progress import Progress

HELP = "The first has the settings of the column of that name; the second has settings of its own."
FIRST_MODEL = Parameter(NEIGHBORS_PAGE, "first", "First", Options(), help=HELP)
SECOND_MODEL = Parameter(NEIGHBORS_PAGE, "second", "Second", Options(), help=HELP)
RESEED = Parameter(
    NEIGHBORS_PAGE,
    f"{SECOND}reseed",
    "Another seed",
    Flag(),
    False,
    help="The second is trained with the next seed: what noise alone does to the lists.",
)
STACKED = Parameter(
    NEIGHBORS_PAGE, "stacked", "One below the other", Flag(), False, help="Larger maps on a narrow page."
)


def bind(data: ActiveData) -> tuple[Bound, Bound]:
    """(first model, second model), bound without drawing anything."""
    able = able_models(data)
    second = able[min(1, len(able) - 1)]
    return FIRST_MODEL.bind(data, default=able[0], among=able), SECOND_MODEL.bind(data, default=second, among=able)


def pair_controls(data: ActiveData, graph: ItemGraph) -> None:
    """Which two, each with its settings folded away."""
    for place, model, prefix in zip(frame.side_by_side("the-two", (1, 1)), bind(data), ("", SECOND), strict=True):
        with place:
            left, right = st.columns([3, 2], vertical_alignment="bottom")
            name = model.draw(left)
            if prefix:
                RESEED.draw(data, right)
            with st.expander(f"Settings of the {model.parameter.label.lower()}"):
                model_controls(data, graph, name, prefix=prefix)


def pair_entries(data: ActiveData, graph: ItemGraph) -> list[Entry]:
    """Both models as far as they are there."""
    first, second = (model.value for model in bind(data))
    labels = (first, second) if first != second else (f"{first}, first", f"{second}, second")
    seed = session.seed() + int(RESEED.value(data))
    configs = (model_config(data, graph, first), model_config(data, graph, second, prefix=SECOND, seed=seed))
    return [
        entry(data, graph, label, model, config)
        for label, model, config in zip(labels, (first, second), configs, strict=True)
    ]


def pair_section(data: ActiveData, graph: ItemGraph, settings: Settings) -> tuple[list[Entry], Compared, list[Job]]:
    """Everything of the view; returns what it compared and the maps that are missing."""
    entries = pair_entries(data, graph)
    found = compare(data, graph, entries, settings)
    first, second = entries
    if first.wanted == second.wanted:
        st.info("Both are the same model with the same settings and seed: everything agrees. Change one of them.")
    elif first.model == second.model:
        st.caption(f"The two differ in: {differences(first.wanted, second.wanted)} (first against second).")
    _numbers(data, graph, found, settings)
    columns_section(data, graph, found, settings, key=f"pair columns@{data.key}")
    todo = _maps_section(data, graph, entries, settings, found)
    frame.try_this(data, pair_experiments(data, graph, entries, found, settings))
    left, right = frame.side_by_side("pair-lower", (1, 1))
    with left:
        disputed_section(data, graph, found, settings)
    with right:
        membership_section(data, found, f"pair named@{data.key}")
    likeness_sections(data, graph, found, settings)
    return entries, found, todo


def _numbers(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> None:
    if len(found.lists) < 2:
        return
    matrix = matrix_of(data, graph, found, settings)
    (a, _), (b, _) = found.own.values()
    here = overlap_at_k(a[None, :], b[None, :])[0]
    longest = max(int((a >= 0).sum()), int((b >= 0).sum()))
    figures_row(
        [
            ("Common here", f"{round(here * longest)} of {longest}", "Items in both lists of the chosen item."),
            (
                f"Overlap@{settings.k}",
                f"{matrix.overlap[0, 1]:.2f} ± {matrix.overlap_error[0, 1]:.3f}",
                f"Share of two lists that is common: mean over {matrix.items:,} items, standard error over items.",
            ),
            (
                "Rank-biased overlap",
                f"{matrix.rank_biased[0, 1]:.2f} ± {matrix.rank_biased_error[0, 1]:.3f}",
                "The same, weighing the top of the lists more (persistence 0.9).",
            ),
            ("By chance", f"{matrix.overlap_chance:.3f}", f"Overlap@{settings.k} of two random lists."),
        ],
        st,
    )


def _maps_section(
    data: ActiveData, graph: ItemGraph, entries: Sequence[Entry], settings: Settings, found: Compared
) -> list[Job]:
    """Two maps in one chart, or what is still missing for them."""
    st.markdown("**Two maps of the same items** — point at an item in one, and it is ringed in the other")
    first, second = entries
    if first.vectors is None or second.vectors is None:
        st.caption("The maps come when both models are there.")
        return []
    groups, _ = controls.labellings(data, graph)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=220):
            color = controls.color_control(data, graph, default=groups.name)
        stacked = STACKED.draw(data)
    umap = controls.umap_config(data, len(graph), draw=False)
    todo = [job for job in [map_job(data, graph, first, umap)] if job is not None]
    moved = second_map(data, graph, first, second, umap) if not todo else None
    if moved is None:
        st.caption("The maps are being drawn: the first by UMAP, the second started from the first.")
        return [*todo, _second_job(data, graph, first, second, umap)]
    start = maps.model_map(data, first.config, umap, graph=graph)
    own = [[graph.items[int(row)] for row in found.own[one.label][0] if row >= 0] if one.label in found.own else []
           for one in entries]  # fmt: skip
    figure = paired_maps_figure(
        start,
        moved,
        graph.items.ids,
        data.titles,
        names=(first.label, second.label),
        highlighted=(own[0], own[1]),
        stacked=stacked,
        color_by=color.values,
        color_title=color.words,
        size=np.sqrt(settings.counts),
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
        "The second map was started from the first and let go, so that places can be compared; which neighbors "
        "changed, "
        "the lists say. Crimson rings: the chosen item and its neighbors in each list. Zoom, lasso "
        "and legend work on both; click an item to choose it."
    )
    if events.selected:
        names = ", ".join(data.title_of(item) for item in events.selected[:12])
        more = f" and {len(events.selected) - 12:,} more" if len(events.selected) > 12 else ""
        st.caption(f"Selected in both maps, {len(events.selected):,} items: {names}{more}.")
    return []


def _second_key(data: ActiveData, graph: ItemGraph, first: Entry, second: Entry, umap: UMAPConfig) -> tuple[Any, ...]:
    return ("second map", data.key, data.fingerprint, graph.fingerprint, first.config, second.config, umap)


def second_map(
    data: ActiveData, graph: ItemGraph, first: Entry, second: Entry, umap: UMAPConfig
) -> Float32Array | None:
    """The second model's map, started from the first's, if it is there; the first's own where both are the same."""
    if first.config == second.config:
        return maps.model_map(data, first.config, umap, graph=graph)
    return results.results(data).get(_second_key(data, graph, first, second, umap))


def _second_job(data: ActiveData, graph: ItemGraph, first: Entry, second: Entry, umap: UMAPConfig) -> Job:
    def run(report: Progress) -> Float32Array:
        start = maps.model_map(data, first.config, umap, report, graph=graph)
        report(1.0, "drawing the second map from the first (UMAP)")
        key = _second_key(data, graph, first, second, umap)
        assert second.vectors is not None
        vectors = second.vectors
        return results.remember_heavy(data, key, lambda: umap_layout(vectors, umap, start=start), report)

    return Job(
        identity=_second_key(data, graph, first, second, umap),
        label=f"Map of {second.label}",
        seconds=1 + len(graph) / 2_000,
        run=run,
    )
