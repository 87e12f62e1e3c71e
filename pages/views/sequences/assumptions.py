"""What a file did not say itself: the doubtful open, each with its alternatives a click away; the rest folded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.kit.text import field_words, plain, sentence
from pages.kit.uploads import uploads
from pages.kit.uploads.uploads import Outcome, Upload
from recemb_core.readers import Assumption
from recemb_core.readers.column_mapping import ROLES
from recemb_core.readers.said import all_assumptions

_DRAWN_BELOW = {*ROLES, "source", "target", "side", "sequence"}  # 'Which column is what' has their controls
_BUTTONS = 3


def assumptions_of(found: Outcome) -> tuple[Assumption, ...]:
    """What was taken for granted, also of a file whose columns could not be used yet, and of an edge list."""
    if found.log is not None:
        return found.log.assumptions
    if found.table is None or found.reading is None:
        return ()
    return all_assumptions(found.table, found.reading, None, None)


def show_assumptions(upload: Upload, assumptions: tuple[Assumption, ...]) -> None:
    """The doubtful ones, then all others in a fold."""
    doubtful = [a for a in assumptions if a.doubtful]
    usual = [a for a in assumptions if not a.doubtful]
    if doubtful:
        with st.container(border=True, key="doubts"):
            st.markdown(f"**Please look at {'this' if len(doubtful) == 1 else 'these'}** before you trust the numbers")
            for number, assumption in enumerate(doubtful):
                _doubt(upload, assumption, number)
    if usual:
        with st.expander(f"{len(usual)} {'more, ' if doubtful else ''}read as usual"):
            for number, assumption in enumerate(usual):
                _usual(upload, assumption, number)


def _doubt(upload: Upload, assumption: Assumption, number: int) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(f":material/help: {sentence(str(assumption))}")
    choices = assumption.alternatives
    for place, choice in enumerate(choices[:_BUTTONS]):
        key = f"instead {assumption.name} {number} {place} {upload.key}"
        row.button(plain(choice.label), key=key, on_click=_change, args=(upload.key, dict(choice.changes)))
    if assumption.name == "year":
        _year(row, upload)
    elif len(choices) > _BUTTONS:
        _select(row, upload, assumption, f"other {assumption.name} {number}")


def _usual(upload: Upload, assumption: Assumption, number: int) -> None:
    if not assumption.alternatives or assumption.name in _DRAWN_BELOW:
        st.caption(sentence(str(assumption)))
        return
    words, control = st.columns([3, 2], vertical_alignment="center")
    words.caption(sentence(str(assumption)))
    _select(control, upload, assumption, f"usual {assumption.name} {number}")


def _select(place: Any, upload: Upload, assumption: Assumption, name: str) -> None:
    """A box with what was taken and what else there is."""
    labels = [choice.label for choice in assumption.alternatives]
    key = f"{name} {upload.key}"
    st.session_state[key] = None

    def write() -> None:
        chosen = st.session_state[key]
        if chosen is not None:
            _change(upload.key, dict(assumption.alternatives[labels.index(chosen)].changes))

    place.selectbox(
        field_words(assumption.name),
        labels,
        index=None,
        key=key,
        on_change=write,
        placeholder="or …",
        label_visibility="collapsed",
    )


def _year(place: Any, upload: Upload) -> None:
    key = f"year {upload.key}"
    st.session_state[key] = None
    place.number_input(
        "Year",
        1,
        9_998,
        None,
        key=key,
        on_change=lambda: _change(upload.key, {"year": st.session_state[key]}),
        placeholder="year",
        label_visibility="collapsed",
        width=150,
    )


def _change(key: str, changes: dict[str, Any]) -> None:
    uploads.change_reading(key, lambda reading: reading.changed(changes))


def back_to_first(upload: Upload) -> None:
    """A way out of a choice with which the file cannot be read."""
    if upload.reading is not None:
        st.button(
            "Read it as at first",
            key=f"at first {upload.key}",
            on_click=uploads.put,
            args=(Upload(upload.log, upload.side),),
            help="Everything that was chosen for this file is decided by its content again.",
        )
