"""Every model and the baselines that it must beat, measured on one split; a winner only beyond noise."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame
from pages.views.evaluation import overview
from pages.views.evaluation.board import board_of_page, run_next, test_words
from pages.views.evaluation.settings import controls as page_controls
from pages.views.evaluation.settings import model_settings, settings_of

with frame.page(
    "Which setting is really better?",
    "Every model ranks the whole catalogue for the same people, and is judged by what they took next; better is what "
    "is better beyond noise.",
    opens_on="complete_journey",
    needs="sequences",
) as data:
    settings = settings_of(data)
    board, todo = board_of_page(settings)
    numbers = st.container()
    main, side = frame.side_by_side("evaluation", (4, 1), "11rem")
    with side:
        page_controls(settings)
        controls.reset_button(data)
    with main:
        progress = st.empty()
        overview.overview(board)
        st.caption(f"{overview.about(board)} {overview.settings_words(settings)}")
        st.caption(test_words(settings))
    with numbers:
        overview.numbers(board)
    model_settings(settings)
    run_next(board, todo, progress)
