"""What embeddings do inside a network: recall, one history, the embedding layer, pre-training, serving."""

from __future__ import annotations

import streamlit as st

from pages.shared import frame, selection
from pages.shared.embedding_layer_view import embedding_section
from pages.shared.history_view import history_section
from pages.shared.pretraining_view import pretraining_section
from pages.shared.recall_view import recall_section
from pages.shared.serving_view import serving_section

VIEWS = {
    "recall": ("Recall", recall_section),
    "history": ("Edit a history", history_section),
    "embedding": ("Embedding layer", embedding_section),
    "pretraining": ("Pre-training", pretraining_section),
    "serving": ("Serving", serving_section),
}

with frame.page(
    "What do embeddings do inside a network?",
    "They turn who, what and when into numbers that dense layers can work with, and they make the first cut of what "
    "to recommend.",
    opens_on="complete_journey",
    needs="sequences",
) as data:
    view = selection.choice("view", data, "recall", VIEWS)
    st.segmented_control(
        "View",
        list(VIEWS),
        format_func=lambda name: VIEWS[name][0],
        key=view,
        required=True,
        label_visibility="collapsed",
    )
    VIEWS[selection.value(data, "view")][1](data)
