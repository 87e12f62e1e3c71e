"""Runs that were kept: a table of them, one opened again, two side by side; and sweeps, which make many."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame, kept_runs
from pages.kit.allowed import Options
from pages.kit.jobs import run_next
from pages.kit.parameters import Parameter
from pages.views.runs import board, one, table, two, words
from pages.views.runs.kept import RUNS_PAGE, kept_of
from pages.views.runs.sweep import LOOK, sweep_view

VIEWS = {"all": "All runs", "two": "Two side by side", "sweep": "Sweeps"}
VIEW = Parameter(RUNS_PAGE, "runs_view", "View", Options(VIEWS, row=True), "all", view=True)

with frame.page(
    "What did I try, and which was better?",
    "Runs that you kept, with their settings, scores and notes; a difference counts when it is more than noise.",
    opens_on="planted_shop",
) as data:
    with st.container(horizontal=True):
        view = VIEW.draw(data, label_visibility="collapsed", width="content")
        if view == "sweep":
            LOOK.draw(data, label_visibility="collapsed", width="content")
        else:
            st.space("stretch")
            controls.reset_button(data)
    if view == "sweep":
        sweep_view(data)
    else:
        progress, todo = st.empty(), []
        if why := kept_runs.closed():
            st.info(why)
        elif kept_runs.asks_for_leave(data):
            kept_runs.leave_button(data)
        else:
            kept = kept_of(data)
            if not kept.runs:
                words.empty(data)
            elif view == "two":
                todo = two.two_section(kept)
            else:
                board.board_section(kept)
                chosen = table.table_section(kept)
                one.one_section(kept, chosen)
            words.about(kept)
        frame.what_you_see(words.WHAT_YOU_SEE)
        frame.as_python(words.as_python(data))
        run_next(data, todo, progress)
