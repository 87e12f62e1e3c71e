"""Every model and the baselines that it must beat, measured on one split; a winner only beyond noise."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, event_fields, frame, stage
from pages.kit.allowed import Options
from pages.kit.asked import EVALUATION_PAGE, split_controls
from pages.kit.parameters import Parameter
from pages.kit.text import sentence
from pages.views.evaluation import apart, honesty, links, overview, pairs, words
from pages.views.evaluation.board import baselines_first, board_of_page, opening, run_next, test_words
from pages.views.evaluation.experiments import experiments
from pages.views.evaluation.settings import controls as page_controls
from pages.views.evaluation.settings import model_settings, more_controls, settings_of
from recemb_core.validation import UsageError

VIEWS = {
    "all": "All models",
    "popularity": "Head and tail",
    "targets": "First-time and repeated",
    "pairs": "Pairs",
    "vectors": "Links and fields",
}
LOOK = Parameter(EVALUATION_PAGE, "evaluation_look", "View", Options(VIEWS, row=True), "all", view=True)

with frame.page(
    "Which setting is really better?",
    "Every model ranks the whole catalogue for the same people; what they took next decides, beyond noise.",
    opens_on="complete_journey",
    needs="sequences",
) as data:
    look = LOOK.draw(data, label_visibility="collapsed")
    try:
        if look != "vectors":  # whose first picture is of vectors
            baselines_first(data, st.empty())
        settings = settings_of(data)
    except UsageError as error:
        st.error(sentence(error))
        split_controls(data)
        controls.reset_button(data)
        st.stop()
    board, todo = board_of_page(settings)
    if look == "vectors":
        todo = links.first_jobs(board, asks=False if opening(settings.question) else None) + todo
    main, side = frame.side_by_side("evaluation", (8, 3), "15rem")
    numbers = stage.scores(main)
    with side:
        if look == "pairs":
            pairs.reference(board).draw()
        else:
            page_controls(settings)
        stage.try_this(data, experiments(lambda: board, settings.cases.choice.targets, look), of=f"evaluation {look}")
        if look == "pairs":
            page_controls(settings)
        more_controls(settings)
        controls.reset_button(data)
    with main:
        progress = st.empty()
        view, notes = st.container(), st.container()  # what is below stays below, while another view is on its way
        with view:
            if look == "popularity":
                apart.popularity(board)
            elif look == "targets":
                apart.targets(board)
            elif look == "pairs":
                pairs.pairs(board)
            elif look == "vectors":
                links.vector_scores(board)
            else:
                overview.overview(board)
                honesty.metric_honesty(board)
        notes.caption(f"{overview.about(board)} {overview.settings_words(settings)}")
        if said := overview.brought_words(board):
            notes.caption(said)
        notes.caption(test_words(settings))
        if said := event_fields.held_out_words(data):
            notes.caption(said)
    with numbers:
        overview.numbers(board)
    with st.container():  # with a place of their own also where there is nothing yet, so that nothing below moves
        model_settings(settings)
    with st.container():
        words.downloads(board)
    frame.what_you_see(words.WHAT_YOU_SEE)
    frame.as_python(words.as_python(settings))
    run_next(board, todo, progress)
