"""The page list, for the app and for a page that is opened before it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = {
    "": {"home": "Home"},
    "Data": {"sequences": "Sequences", "item_graph": "Item graph"},
    "Embeddings": {"node2vec": "node2vec"},
}


def pages() -> dict[str, list[Any]]:
    """Sections of pages. No ``:material/…`` icons: the browser would fetch each as a favicon from outside."""
    return {
        section: [
            st.Page(ROOT / "pages" / f"{name}.py", title=title, url_path=name, default=name == "home")
            for name, title in names.items()
        ]
        for section, names in SECTIONS.items()
    }


def run_app() -> None:
    """What app.py does: show the navigation, run the page."""
    st.session_state["_navigated"] = True
    st.navigation(pages()).run()


def ensure() -> None:
    """Show the navigation where the app has not: a deep link opens a page's own script first."""
    if st.session_state.pop("_navigated", False):
        return
    with suppress(StreamlitAPIException):  # a page under test, on its own
        st.navigation(pages())


def link(name: str, label: str, place: Any = st) -> None:
    """A link to another page by its name."""
    page = next(page for group in pages().values() for page in group if page.url_path in (name, "") and _is(page, name))
    place.page_link(page, label=label, icon=":material/arrow_forward:")


def _is(page: Any, name: str) -> bool:
    return page.url_path == name or (name == "home" and page.url_path == "")
