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
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            with st.container():  # a row of buttons wraps in a block only
                view = VIEW.draw(data, label_visibility="collapsed")
            controls.reset_button(data)
        numbers, progress = st.container(), st.empty()
        if view in ("attention", "birth"):
            main, side = frame.side_by_side("side-information", (3, 1), "11rem")
        else:  # these need the room
            main, side = st.container(), st.container()
        config = parts.eges_config(data, graph)
        todo, shown, given = [], None, {}
        if config is None:
            main.info("Choose at least one field to learn from.")
        else:
            with main:
                one, shown = parts.shown_model(data, graph, config)
            todo = training_jobs(data, graph, [one])
        if shown is not None:
            parts.headline(shown, numbers)
            if view == "birth":
                given = birth.given_values(data, shown)
                with side:
                    birth.birth_controls(data, shown)
                    color = birth.color_of(data, shown)
                with main:
                    todo += birth.birth_section(data, shown, given, color)
            elif view == "hide":
                with main:
                    todo += hidden_item.hidden_section(data, shown)
            elif view == "forms":
                with main:
                    forms.forms_section(data, shown)
            elif view == "ges":
                with main:
                    todo += ges.ges_section(data, shown)
            else:
                with main:
                    todo += attention.attention_section(data, shown, side)
        with side:
            first_look_note(data, graph, "EGES", "side information")
            parts.settings_controls(data, graph)
        st.caption(f"Walks: {frame.graph_line(edges, graph)}")
        if shown is not None:
            stage.try_this(data, forms.experiments(data, shown) if view == "forms" else words.experiments(data, shown))
        frame.what_you_see(forms.WORDS if view == "forms" else words.WORDS)
        if shown is not None:
            frame.as_python(words.as_python(data, graph_settings, shown, view, given))
        run_next(data, todo, progress)
