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
    "Embeddings": {
        "walks": "Walks",
        "training": "Training",
        "node2vec": "node2vec",
        "neighbors": "Neighbors",
        "side_information": "Side information",
    },
    "Recall": {"lsh": "LSH", "deep_models": "Deep models"},
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
    """Hand over to the app where a server's first deep link opened a page's own script instead.

    Drawn here, the widgets would have other identities than in the app, and the first thing a person did would be lost.
    """
    if st.session_state.pop("_navigated", False) or st.session_state.get("_handed_over"):
        return
    with suppress(StreamlitAPIException):  # a page under test, on its own
        st.navigation(pages())  # from now on the server runs app.py first
        st.session_state["_handed_over"] = True
        st.rerun()


# Streamlit pushes an entry into the browser's history whenever a run writes the address, so that Back would go through
# every setting of a page before it left it. An address of the same page takes the place of the one before instead.
_ONE_ENTRY_A_PAGE = """<script>
(() => {
  const mark = Symbol.for("recemb one entry a page");
  if (window.history[mark]) return;
  const push = window.history.pushState.bind(window.history);
  window.history.pushState = (state, unused, url) => {
    const here = new URL(window.location.href);
    const there = new URL(url ?? here.href, here.href);
    if (there.pathname === here.pathname) window.history.replaceState(state, unused, url);
    else push(state, unused, url);
  };
  window.history[mark] = true;
})();
</script>"""


def one_entry_a_page() -> None:
    """Let Back take one press a page; called before the address is written."""
    with st.sidebar:  # where an element without height takes no place from the page
        st.html(_ONE_ENTRY_A_PAGE, unsafe_allow_javascript=True)


def link(name: str, label: str, place: Any = st) -> None:
    """A link to another page by its name."""
    page = next(page for group in pages().values() for page in group if page.url_path in (name, "") and _is(page, name))
    place.page_link(page, label=label, icon=":material/arrow_forward:")


def _is(page: Any, name: str) -> bool:
    return page.url_path == name or (name == "home" and page.url_path == "")
