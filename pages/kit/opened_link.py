"""The query parameters that a visit began with, as text that every page can take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from pages.kit.text import plain
from recemb_core.readers.errors import shortened

LONGEST = 20_000  # characters of a value; a reading that names a thousand columns has fewer
MOST = 500  # parameters


def cleaned(given: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], list[str]]:
    """(name → value, sentences about what could not be taken as it was).

    Of a parameter given more than once the last counts; what is longer than any value is not read; halves of
    characters, which no page can show, become question marks.

    >>> cleaned({"p": ["1", "2"]})
    ({'p': '2'}, ['The link says p 2 times; the last one counts.'])
    """
    found: dict[str, str] = {}
    said = []
    for name, values in list(given.items())[:MOST]:
        name, value = _whole_characters(name), _whole_characters(values[-1] if values else "")
        if len(name) + len(value) > LONGEST:
            size = len(name) + len(value)
            said.append(f"The link's {plain(shortened(name))} has {size:,} characters and is not read.")
            continue
        if len(values) > 1:
            said.append(f"The link says {plain(shortened(name))} {len(values):,} times; the last one counts.")
        found[name] = value
    if len(given) > MOST:
        said.append(f"The link has {len(given):,} parameters; the first {MOST:,} are read.")
    return found, said


def _whole_characters(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def link() -> dict[str, str]:
    """The query parameters that the session began with."""
    if "_link" not in st.session_state:
        given = {name: st.query_params.get_all(name) for name in st.query_params}
        st.session_state["_link"], said = cleaned(given)
        for sentence in said:
            st.toast(sentence)
    return st.session_state["_link"]


def set_link(values: Mapping[str, str]) -> None:
    """As if the session had begun with these."""
    st.session_state["_link"], _ = cleaned({name: [value] for name, value in values.items()})
    st.session_state.pop("_link_read", None)
