"""Models that are there, and the next one to train: page first, training after, model by model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from pages.kit import model_results
from pages.kit.jobs import LIVE_SECONDS, Job
from pages.kit.model_controls import missing
from pages.kit.session import ActiveData
from pages.kit.text import sentence
from recemb_core.embeddings import ItemVectors
from recemb_core.item_graph import ItemGraph
from recemb_core.validation import UsageError

State = Literal["ready", "stale", "waiting", "unavailable"]


@dataclass(frozen=True, eq=False)
class Entry:
    """One model of a comparison.

    Attributes:
        label: what it is called on the page; two settings of one model differ in it.
        model: its name in the registry.
        wanted: the settings asked for; None where the data lacks something.
        config: the settings shown: those asked for, or the last ones while those are not trained.
        vectors: of ``config``, or None.
        state: of the column.
        message: why there are no vectors.
    """

    label: str
    model: str
    wanted: Any
    config: Any
    vectors: ItemVectors | None
    state: State
    message: str = ""


def entry(data: ActiveData, graph: ItemGraph, label: str, model: str, config: Any) -> Entry:
    """The model as far as it is there; ``config`` None where the data lacks what it needs."""
    if config is None:
        return Entry(label, model, None, None, None, "unavailable", missing(data, model))
    shown = f"shown {label}@{graph.fingerprint}@{data.key}"
    try:
        ready = model_results.has_model(data, config, graph=graph)
    except UsageError as error:  # side information that cannot be read as categories, say
        return Entry(label, model, None, None, None, "unavailable", sentence(f"{error}."))
    if ready:
        st.session_state[shown] = config
        return Entry(label, model, config, config, model_results.model_vectors(data, config, graph=graph), "ready")
    last = st.session_state.get(shown)
    if last is not None and model_results.has_model(data, last, graph=graph):
        vectors = model_results.model_vectors(data, last, graph=graph)
        return Entry(label, model, config, last, vectors, "stale", "Old settings; the new ones are not trained yet.")
    return Entry(label, model, config, None, None, "waiting", "Not trained yet.")


def training_jobs(data: ActiveData, graph: ItemGraph, entries: Sequence[Entry]) -> list[Job]:
    """The trainings that are missing, in the order of the columns."""

    def job(one: Entry) -> Job:
        seconds = model_results.model_seconds(data, one.wanted, len(graph))
        return Job(
            identity=(graph.fingerprint, one.wanted),
            label=one.label,
            seconds=seconds,
            run=lambda report: model_results.model_vectors(data, one.wanted, report, graph=graph),
            asks=one.state == "stale" and seconds > LIVE_SECONDS,
        )

    return [job(one) for one in entries if one.state in ("stale", "waiting")]
