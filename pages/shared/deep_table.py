"""The feature table that the networks of the Deep models page train on, and how its results are kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from pages.shared import cached, frame
from pages.shared.selection import ActiveData
from recemb_core.deep.features import FeatureConfig, FeatureTable, feature_table

STEPS_PER_SECOND = 500.0  # a start for estimates; the line below the results says what was measured


def deep_table(data: ActiveData, config: FeatureConfig) -> FeatureTable:
    """The table of the data set in use, drawn once."""
    sequences = data.sequences
    assert sequences is not None  # the page needs sequences
    key = ("deep table", data.fingerprint, config)
    return cached.remember(data, key, lambda: feature_table(sequences, config))


def result_or_run(
    data: ActiveData,
    name: str,
    key: Hashable,
    config: Any,
    load: Callable[[], Any],
    make: Callable[[cached.Progress], Any],
    *,
    label: str,
    seconds: float,
    waiting: str,
) -> tuple[Any, bool]:
    """A result that is there, or the last one (stale), or None, with a Run button for what is missing.

    Args:
        name: of the section; what it showed last is kept under it.
        key: of the result.
        config: the settings asked for.
        load: the bundled result, or None.
        make: computes it.
        label: of the progress bar.
        seconds: estimate.
        waiting: said while there is nothing to show.

    Returns:
        (result or None, whether it is that of the settings asked for).
    """
    shown = f"shown {name}@{data.key}"
    ready = cached.results(data).get(key)
    if ready is None and (ready := load()) is not None:
        cached.results(data).put(key, ready)
    if ready is None:
        stopped = st.session_state.pop("stopped", False)
        last = cached.results(data).get(st.session_state.get(shown))
        place = st.container()
        estimate = f"about {seconds:.0f} s" if seconds >= 1 else "about a second"
        press = place.button(
            f"Train ({estimate})", type="primary", icon=":material/play_arrow:", key=f"run {name}@{data.key}"
        )
        if not press:
            if last is not None:
                place.warning("The settings changed. You still see the results of the last ones; press Train.")
            else:
                place.info(f"Stopped; what was trained is kept. {waiting}" if stopped else waiting)
            return last, False
        frame.run_with_progress(label, lambda report: cached.remember_heavy(data, key, lambda: make(report), report))
        st.session_state[shown] = key
        st.rerun()  # drawn anew, without the button
    st.session_state[shown] = key
    return ready, True


def numbers_row(figures: list[tuple[str, str, str]]) -> None:
    """At most five numbers that matter, (label, value, help), on as many lines as whole labels need."""
    with st.container(horizontal=True, gap="medium"):
        for label, value, help_text in figures:
            st.metric(label, value, help=help_text, width="content")
