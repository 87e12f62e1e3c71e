"""Models side by side for one item: their neighbors, how far they agree, what they dispute."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame, graph_controls, stage
from pages.kit.allowed import Options
from pages.kit.bring_box import bring_box
from pages.kit.jobs import run_next
from pages.kit.model_controls import first_look_line, missing
from pages.kit.model_jobs import training_jobs
from pages.kit.parameters import Parameter
from pages.views.neighbors import agreement, arithmetic, compared, paired, side_by_side, take_away
from pages.views.neighbors.experiments import as_python, experiments, words

VIEWS = {"models": "Models side by side", "two": "Two settings, or two models", "sum": "A − B + C"}
VIEW = Parameter(compared.NEIGHBORS_PAGE, "compare", "View", Options(VIEWS, row=True), "models", view=True)

with frame.page(
    "Do the models agree on this item?",
    "Each model learned vectors from the same data in its own way; here are the items that each finds nearest.",
    opens_on="complete_journey",
) as data:
    graph_settings = graph_controls.graph_settings(data)
    edges, graph = graph_controls.walked_graph(data, graph_settings)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        view = VIEW.draw(data, label_visibility="collapsed")
        with st.container(horizontal=True, width="content"):
            if view == "models":
                bring_box(data)
            controls.reset_button(data)
    settings = compared.bind(data)
    if view == "two":
        paired.pair_controls(data, graph)
        side_by_side.controls(data, settings, models=False)
        progress = st.empty()
        entries, found, todo = paired.pair_section(data, graph, settings)
    elif view == "sum":
        names = compared.chosen_models(data)
        progress = st.empty()
        entries = compared.page_entries(data, graph, names)
        found = compared.compare(data, graph, entries, settings)
        todo = arithmetic.section(found)
        stage.try_this(data, arithmetic.experiments(found))
    else:
        numbers = st.container()
        names = compared.chosen_models(data)
        side_by_side.controls(data, settings)
        side_by_side.model_settings(data, graph, names)
        first_look_line(data, graph, [name for name in names if not missing(data, name)])
        progress = st.empty()
        entries = compared.page_entries(data, graph, names)
        found = compared.compare(data, graph, entries, settings)
        side_by_side.numbers(found, numbers)
        side_by_side.columns_section(found, key=f"columns@{data.key}")
        stage.try_this(data, experiments(found))
        agreement.agreement_sections(found)
        todo = agreement.dispute_and_map(found)
        agreement.likeness_sections(found)
    st.caption(f"Walks: {frame.graph_line(edges, graph)}")
    if view != "sum":
        take_away.downloads(found)
    frame.what_you_see(arithmetic.words() if view == "sum" else words())
    lines = arithmetic.as_python(found) if view == "sum" else None
    frame.as_python(as_python(data, graph_settings, entries, settings, lines))
    run_next(data, [*training_jobs(data, graph, entries), *todo], progress)
