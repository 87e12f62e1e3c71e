"""What embeddings do inside a network: recall, one history, the embedding layer, pre-training, serving, staleness."""

from __future__ import annotations

import streamlit as st

from pages.kit import frame
from pages.kit.allowed import Options
from pages.kit.bring_box import not_here
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.views.deep_models import as_drawn, embedding_layer, pretraining, recall
from pages.views.deep_models.history import history_section
from pages.views.deep_models.serving import serving_section
from pages.views.deep_models.staleness import staleness_section

SECTIONS = {
    "recall": ("Recall", recall.recall_section),
    "history": ("History", history_section),
    "drawn": ("As drawn", as_drawn.drawn_section),
    "embedding": ("Embedding", embedding_layer.embedding_section),
    "pretraining": ("Pre-training", pretraining.pretraining_section),
    "serving": ("Serving", serving_section),
    "staleness": ("Staleness", staleness_section),
}
NOT_HERE = (
    "its models learn their item vectors together with the rest of the network. Yours are a start in *Pre-training*, "
    "and on the Evaluation page a row beside these models, asked about the same users."
)
LOOKS = {
    "recall": recall.LOOK,
    "drawn": as_drawn.LOOK,
    "embedding": embedding_layer.LOOK,
    "pretraining": pretraining.LOOK,
}
TITLES = {name: title for name, (title, _) in SECTIONS.items()}
SECTION = Parameter(DEEP_PAGE, "section", "View", Options(TITLES, row=True), "recall", view=True, former=("view",))

with frame.page(
    "What do embeddings do inside a network?",
    "They turn who, what and when into numbers that dense layers can work with, and they make the first cut of what "
    "to recommend.",
    opens_on="complete_journey",
    needs="sequences",
) as data:
    with st.container(horizontal=True):
        section = SECTION.draw(data, label_visibility="collapsed", width="content")
        if section in LOOKS:
            LOOKS[section].draw(data, label_visibility="collapsed", width="content")
    SECTIONS[section][1](data)
    if section != "pretraining":
        not_here(data, NOT_HERE)
