"""Up to six models side by side for one item: their neighbors, how far they agree, what they dispute."""

from __future__ import annotations

import streamlit as st

from pages.shared import (
    agreement_view,
    compared,
    controls,
    frame,
    graph_controls,
    neighbors_view,
    paired_view,
)
from pages.shared.jobs import run_next
from pages.shared.model_training import training_jobs
from pages.shared.neighbors_experiments import WORDS, as_python, experiments
from pages.shared.parameters import Options, Parameter

VIEW = Parameter(
    compared.NEIGHBORS_PAGE,
    "compare",
    "View",
    Options({"models": "Models side by side", "two": "Two settings, or two models"}, row=True),
    "models",
    view=True,
)

with frame.page(
    "Do the models agree on this item?",
    "Each model learned vectors from the same data in its own way; here are the items that each finds nearest.",
    opens_on="complete_journey",
) as data:
    graph_settings = graph_controls.graph_settings(data)
    whole, graph = graph_controls.walk_graph(data, graph_settings)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        view = VIEW.draw(data, label_visibility="collapsed")
        controls.reset_button(data)
    settings = compared.bind(data)
    if view == "two":
        paired_view.pair_controls(data, graph)
        neighbors_view.controls(data, settings, models=False)
        progress = st.empty()
        entries, found, todo = paired_view.pair_section(data, graph, settings)
    else:
        numbers = st.container()
        names = compared.chosen_models(data)
        neighbors_view.controls(data, settings)
        neighbors_view.model_settings(data, graph, names)
        progress = st.empty()
        entries = compared.page_entries(data, graph, names)
        found = compared.compare(data, graph, entries, settings)
        neighbors_view.numbers(data, graph, found, settings, numbers)
        neighbors_view.columns_section(data, graph, found, settings, key=f"columns@{data.key}")
        frame.try_this(data, experiments(data, graph, found, settings))
        agreement_view.agreement_sections(data, graph, found, settings)
        todo = agreement_view.dispute_and_map(data, graph, found, settings)
        agreement_view.likeness_sections(data, graph, found, settings)
    st.caption(f"Walks: {frame.graph_line(whole, graph)}")
    neighbors_view.downloads(data, graph, found, settings)
    frame.what_you_see(WORDS)
    frame.as_python(as_python(data, graph_settings, entries, settings))
    run_next(data, [*training_jobs(data, graph, entries), *todo], progress)
