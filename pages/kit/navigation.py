"""The page list, for the app and for a page that is opened before it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from streamlit.errors import StreamlitAPIException

from pages.kit import background
from pages.kit.headers import ONE_ENTRY_A_PAGE

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = {
    "": {"home": "Home", "summary": "Summary"},
    "Data": {"sequences": "Sequences", "item_graph": "Item graph"},
    "Embeddings": {
        "walks": "Walks",
        "training": "Training",
        "node2vec": "node2vec",
        "neighbors": "Neighbors",
        "side_information": "Side information",
    },
    "Recall": {"lsh": "LSH", "deep_models": "Deep models"},
    "Measure": {"evaluation": "Evaluation", "runs": "Runs"},
}


LINKED = {"summary"}
"""Pages that Home links to and the list leaves out: of more than twelve, Streamlit hides the last ones."""


def pages() -> dict[str, list[Any]]:
    """Sections of pages. No ``:material/…`` icons: the browser would fetch each as a favicon from outside."""
    found = {section: [_page(name) for name in names] for section, names in SECTIONS.items()}
    found[""].append(st.Page(_to_home, title="Home", url_path="home", visibility="hidden"))
    return found


def _page(name: str) -> Any:
    title = next(names[name] for names in SECTIONS.values() if name in names)
    shown: Literal["visible", "hidden"] = "hidden" if name in LINKED else "visible"
    path = ROOT / "pages" / f"{name}.py"
    default = name == "home"  # it is at the root; its own path is never asked for, and has to differ from _to_home's
    return st.Page(path, title=title, url_path="start" if default else name, default=default, visibility=shown)


def _to_home() -> None:
    """What is at ``/home``, which a person types: the first page, with whatever the address asks of it."""
    asked = [(name, value) for name in st.query_params for value in st.query_params.get_all(name)]
    st.switch_page(_page("home"), query_params=asked)


SIDEBAR = 240
"""Its width in pixels, to begin with; the app's own script has to say it, for a page comes too late."""


def run_app() -> None:
    """What app.py does: show the navigation, run the page."""
    st.set_page_config(layout="wide", initial_sidebar_state=SIDEBAR)
    st.session_state["_navigated"] = True
    with background.drawing().page(background.this_session()):
        st.navigation(pages()).run()


def ensure() -> None:
    """Hand over to the app where a server's first deep link opened a page's own script instead.

    Drawn here, the widgets would have other identities than in the app, and the first thing a person did would be lost.
    """
    if st.session_state.pop("_navigated", False) or st.session_state.get("_handed_over"):
        return
    with suppress(StreamlitAPIException):  # a page under test, on its own
        st.navigation(pages())  # from now on the server runs app.py first
        st.session_state["_handed_over"] = True
        st.rerun()


def one_entry_a_page() -> None:
    """Let Back take one press a page; called before the address is written."""
    with st.sidebar:  # where an element without height takes no place from the page
        st.html(f"<script>{ONE_ENTRY_A_PAGE}</script>", unsafe_allow_javascript=True)


def link(name: str, label: str, place: Any = st) -> None:
    """A link to another page by its name."""
    place.page_link(_page(name), label=label, icon=":material/arrow_forward:")


def go(name: str) -> None:
    """Open another page by its name."""
    st.switch_page(_page(name))
