"""The view as an address and as a file: what reproduces it elsewhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from pages.kit import parameters
from pages.kit.parameters import as_text
from pages.kit.session import ActiveData, gap_of, missing_upload, seed
from pages.kit.uploads import uploads
from recemb_core.readers import Reading
from recemb_core.session_file import SessionFile


def current_link(data: ActiveData) -> dict[str, str]:
    """The query parameters that reproduce this view."""
    found = {"data": data.key}
    if data.upload is not None:
        found["file"] = data.upload.name
        if data.upload.side is not None:
            found["details"] = data.upload.side.name
        if (asked := asked_reading(data.key)) is not None:
            # The gap is a parameter of its own, which every page knows.
            own = (data.upload.reading or Reading()).cleaning.gap_minutes
            found["reading"] = asked.with_cleaning(gap_minutes=own).to_link()
    for name, (key, default) in parameters.bound().items():
        value = st.session_state.get(key, default)
        if value != default and value is not None:
            found[name] = as_text(value)
    if parameters.reused_names() & found.keys():
        found["v"] = str(parameters.LINK_VERSION)
    return found


def asked_reading(key: str) -> Reading | None:
    """How an upload is to be read, also while that is refused and the reading before it is shown."""
    upload = uploads.every().get(key)
    return None if upload is None else uploads.outcome(upload, gap_minutes=gap_of(key)).reading


def sync_url(data: ActiveData) -> str:
    """Write the view into the address bar; returns the query string.

    While the opened link waits for its upload, the address stays what it is, so that a reload still asks for it.
    """
    link = current_link(data)
    if missing_upload() is None and st.query_params.to_dict() != link:
        st.query_params.from_dict(link)
    return urlencode(link)


def full_link() -> str:
    """The address of this view."""
    return f"{(st.context.url or '').split('?')[0]}?{urlencode(st.query_params.to_dict())}"


def saved_session(data: ActiveData) -> SessionFile:
    """The visit as a file: data, reading, and every setting that is not at its default."""
    end = f"@{data.key}"
    settings = {
        key.removesuffix(end): value
        for key, default in parameters.met().items()
        if key.endswith(end) and (value := st.session_state.get(key, default)) != default and value is not None
    }
    if seed():
        settings["seed"] = seed()
    if data.upload is None:
        return SessionFile(data=data.key, settings=settings)
    settings.pop("gap", None)  # it stands in the reading
    reading = asked_reading(data.key)
    side = data.upload.side
    details = None if side is None else side.mark
    return SessionFile(file=data.upload.log.mark, details=details, reading=reading, settings=settings)


def restore_settings(key: str, settings: dict[str, Any]) -> None:
    """Put a data set in use with the settings of a saved session, and with no others; the next run reads them."""
    for known in [k for k in st.session_state if isinstance(k, str) and k.endswith(f"@{key}")]:
        del st.session_state[known]
    st.session_state.pop("seed", None)
    parameters.set_link({"data": key} | {name: as_text(value) for name, value in settings.items()})
    st.session_state["pending_data"] = key
