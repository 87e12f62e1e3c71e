"""Side information: what attention gives to each field, an item that is born, a known one that is hidden."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame, graph_controls, stage
from pages.kit.allowed import Options
from pages.kit.jobs import run_next
from pages.kit.model_controls import first_look_note
from pages.kit.model_jobs import training_jobs
from pages.kit.parameters import Parameter
from pages.views.side_information import attention, birth, forms, ges, hidden_item, words
from pages.views.side_information import shown as parts

VIEWS = {
    "attention": "Attention weights",
    "forms": "Why eᵃ",
    "birth": "Birth of an item",
    "hide": "Hide a known item",
    "ges": "GES against EGES",
}
VIEW = Parameter(parts.SIDE_INFORMATION_PAGE, "side", "View", Options(VIEWS, row=True), "attention", view=True)

with frame.page(
    "What does the brand know that the clicks don't?",
    "EGES mixes what an item's clicks taught with what its brand, category or price says; attention decides how much "
    "each counts.",
    opens_on="complete_journey",
) as data:
    if not data.side_fields:
        parts.without_fields(data)
        frame.what_you_see(words.WORDS)
        frame.as_python(words.python_without_fields())
    else:
        graph_settings = graph_controls.graph_settings(data)
        edges, graph = graph_controls.walked_graph(data, graph_settings)
        view = VIEW.draw(data, label_visibility="collapsed")
        main, side = frame.side_by_side("side-information", (8, 3), "15rem")
        numbers = stage.scores(main)
        progress = main.empty()
        todo, shown, given = [], None, {}
        config = parts.eges_config(data, graph)
        if config is None:
            main.info("Choose at least one field to learn from.")
        else:
            with main:
                one, shown = parts.shown_model(data, graph, config)
            todo = training_jobs(data, graph, [one])
        if shown is not None:
            draw = {
                "attention": attention.attention_view,
                "birth": birth.birth_view,
                "hide": hidden_item.hidden_view,
                "forms": forms.forms_view,
                "ges": ges.ges_view,
            }[view]
            todo += draw(data, shown, parts.Places(numbers, main, side))
            given = birth.given_values(data, shown) if view == "birth" else {}
        with side:
            first_look_note(data, graph, "EGES", "side information")
            parts.settings_controls(data, graph)
            controls.reset_button(data)
        if todo and all(job.extra for job in todo):
            progress = main.empty()  # below the picture: nothing there waits for it
        st.caption(f"Walks: {frame.graph_line(edges, graph)}")
        frame.what_you_see(forms.WORDS if view == "forms" else words.WORDS)
        if shown is not None:
            frame.as_python(words.as_python(data, graph_settings, shown, view, given))
        run_next(data, todo, progress)
