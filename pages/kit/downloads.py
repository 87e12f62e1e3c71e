"""Files to take along: made when the button is pressed, from what the page has handed over."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from recemb_core.foreign_text import spreadsheet_csv

# Python's own table lacks these, or is filled from the machine's, which differ.
_KINDS = {".csv": "text/csv", ".toml": "application/toml", ".txt": "text/plain", ".tsv": "text/tab-separated-values"}


def download(label: str, name: str, make: Callable[..., bytes | str | pl.DataFrame], *given: Any, **more: Any) -> None:
    """A button for one file, which ``make(*given)`` gives when it is pressed.

    The button is pressed outside a run of the script, where there is no session: what the file is made of is worked out
    before and ``given``. A table becomes a CSV file for spreadsheets, in which no cell starts a formula.

    Args:
        label: on the button.
        name: of the file.
        make: gives its content.
        given: its arguments.
        more: to the widget.
    """
    ending = name[name.rfind(".") :]
    kind = _KINDS.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    st.download_button(
        label,
        partial(_content, make, given),
        name,
        kind,
        **{"on_click": "ignore", "icon": ":material/download:"} | more,
    )


def _content(make: Callable[..., bytes | str | pl.DataFrame], given: tuple[Any, ...]) -> bytes | str:
    content = make(*given)
    return spreadsheet_csv(content) if isinstance(content, pl.DataFrame) else content
