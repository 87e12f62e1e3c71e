"""What several views of the Deep models page use: the feature table of its networks, results, rows of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.kit import frame, jobs, results, stage
from pages.kit.jobs import Job
from pages.kit.session import ActiveData
from recemb_core.deep.features import FeatureConfig, FeatureTable, feature_table
from recemb_core.evaluation.intervals import Estimate

FEW_USERS = 100  # below, a figure says how many it is of; 95% intervals are wider than ± 0.1 there
STEPS_PER_SECOND = 500.0  # a start for estimates; the line below the results says what was measured
HIGH, ABOVE = 460, 225  # pixels of the picture at least, and of what lies above and below it
NOT_TRAINED = "These settings are not trained yet: press Train."


def staged(key: str) -> tuple[Any, Any, Any]:
    """(place of the picture, place of the controls and the question beside it, place of the scores)."""
    main, side = frame.side_by_side(key, (8, 3), "15rem")
    return main, side, stage.scores(main)


def deep_table(data: ActiveData, config: FeatureConfig) -> FeatureTable:
    """The table of the data set in use, drawn once."""
    sequences = data.sequences
    assert sequences is not None  # the page needs sequences
    key = ("deep table", data.fingerprint, config)
    return results.remember(data, key, lambda: feature_table(sequences, config))


def network_result(data: ActiveData, name: str, job: Job, load: Callable[[], Any], waiting: str) -> tuple[Any, bool]:
    """A result of the section ``name``: of this process or bundled, else by Train; see :func:`jobs.result`."""
    results.ready(data, job.identity, load)
    return jobs.result(data, name, job, verb="Train", waiting=waiting)


def numbers_row(figures: list[tuple[str, str, str]]) -> None:
    """At most five numbers that matter, (label, value, help), on as many lines as whole labels need."""
    with st.container(horizontal=True, gap="medium"):
        for label, value, help_text in figures:
            st.metric(label, value, help=help_text, width="content")


def with_sample(estimate: Estimate, form: str) -> str:
    """A figure; where it is of few users, their number stands beside it."""
    few = f" (n = {estimate.n})" if estimate.n < FEW_USERS else ""
    return f"{estimate.value:{form}}{few}"
