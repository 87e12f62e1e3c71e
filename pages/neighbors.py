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
    view = VIEW.draw(data, label_visibility="collapsed")
    main, side = frame.side_by_side("lists-and-controls", (8, 3), "15rem")
    numbers = stage.scores(main)
    progress = main.empty()
    settings = compared.bind(data)
    if view == "two":
        entries = paired.pair_entries(data, graph)
        found = compared.compare(data, graph, entries, settings)
        todo = paired.pair_view(found, numbers, main, side)
    else:
        names = compared.chosen_models(data)
        entries = compared.page_entries(data, graph, names)
        found = compared.compare(data, graph, entries, settings)
        if view == "sum":
            todo = arithmetic.section(found, numbers, main, side)
        else:
            with side:
                side_by_side.controls(data, settings)
                stage.try_this(data, experiments(found))
                side_by_side.said_why_odd(found)
                side_by_side.list_controls(data)
                side_by_side.model_settings(data, graph, names)
                bring_box(data)
                controls.reset_button(data)
            side_by_side.numbers(found, numbers)
            with main:
                first_look_line(data, graph, [name for name in names if not missing(data, name)])
                side_by_side.columns_section(found, key=f"columns@{data.key}")
            agreement.agreement_sections(found)
            disputed, alike = st.tabs(["Most disputed items, and a map", "What the neighbors are like"])
            with disputed:
                todo = agreement.dispute_and_map(found)
            with alike:
                agreement.likeness_sections(found)
    st.caption(f"Walks: {frame.graph_line(edges, graph)}")
    if view != "sum":
        take_away.downloads(found)
    frame.what_you_see(arithmetic.words() if view == "sum" else words())
    lines = arithmetic.as_python(found) if view == "sum" else None
    frame.as_python(as_python(data, graph_settings, entries, settings, lines))
    trainings = training_jobs(data, graph, entries)
    if (
        view == "sum"
    ):  # the model whose vectors are added, and its map, before those that only say how often it is right
        own = arithmetic.used(found)
        first = [job for job in trainings if job.label == own]
        run_next(data, [*first, *todo, *(job for job in trainings if job.label != own)], progress)
    else:
        run_next(data, [*trainings, *todo], progress)
