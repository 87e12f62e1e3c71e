"""Sweeps: settings tried one after the other behind the page, what they got so far, and a winner only beyond noise."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame, links, stage
from pages.kit.allowed import Options
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.sweeps import opening, panel
from pages.kit.sweeps.live import Found
from pages.kit.text import sentence
from pages.views.runs import sweep_charts, sweep_experiments, sweep_words
from pages.views.runs.kept import RUNS_PAGE
from pages.views.runs.sweep_settings import SweepSettings, model_settings, opening_names, settings_of
from pages.views.runs.sweep_settings import controls as sweep_controls

PICTURES = {
    "board": ("Leaderboard", sweep_charts.leaderboard),
    "axes": ("Parallel axes", sweep_charts.axes),
    "slices": ("Slices", sweep_charts.slices),
    "decides": ("What decides", sweep_charts.what_decides),
    "front": ("Quality and cost", sweep_charts.front),
}
LOOK = Parameter(
    RUNS_PAGE,
    "sweep_look",
    "Picture",
    Options({name: words for name, (words, _) in PICTURES.items()}, row=True),
    "board",
    view=True,
)


def sweep_view(data: ActiveData) -> None:
    """The whole view."""
    settings = settings_of(data)
    main, side = frame.side_by_side("sweep", (8, 3), "15rem")
    found: list[Found] = []  # filled below, before a question is answered
    with side:
        if settings.ground is not None:
            stage.try_this(data, sweep_experiments.experiments(opening_names(data), lambda: found[-1]), of="sweep")
        sweep_controls(settings)
        controls.reset_button(data)
    with main:
        if settings.ground is None:
            st.info("Nothing can be swept under these settings; the box beside says why.")
        else:
            found.append(_body(settings))
    model_settings(settings)
    frame.what_you_see(sweep_words.WHAT_YOU_SEE)
    if settings.ground is not None:
        frame.as_python(sweep_words.as_python(settings))


def _body(settings: SweepSettings) -> Found:
    """What is redrawn while a sweep is at work; how it stands now."""
    data, ground = settings.data, settings.ground
    assert ground is not None
    session = links.saved_session(data)

    def draw(found: Found, kept: str) -> None:
        if found.runs:
            with stage.scores():
                sweep_words.numbers(found)
        panel.buttons(data, found)
        if found.verdict is None:
            panel.said(found)
        look = LOOK.value(data)
        if found.runs:
            PICTURES[look][1](found)
        if found.verdict is not None:
            st.markdown(sentence(found.verdict.finding))
        if found.runs and look == "board":
            sweep_charts.board_table(found)
        panel.grounds(found, kept)
        if found.beforehand:
            panel.anew(data, found)
        sweep_words.downloads(found, session)
        panel.leave(data)
        panel.forget(data, found)

    opening.to_mine_at_work(data, ground)
    found = panel.redrawn(data, ground, draw)
    opening.to_the_maps(data, ground)
    return found
