"""What every page has: title as a question, sidebar, errors in one sentence, the closing blocks."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from pages.kit import background, jobs, links, navigation, parameters, session, stage
from pages.kit.code_lines import Guide, read_lines, say_lines
from pages.kit.downloads import download
from pages.kit.live_chart import NoScript, ensure_plotly_js
from pages.kit.made_to_order import in_words
from pages.kit.session import ActiveData
from pages.kit.text import plain, quoted, sentence
from pages.kit.uploads import uploads
from recemb_core.item_graph import ItemGraph
from recemb_core.validation import UsageError

STYLE = f"<style>{Path(__file__).with_suffix('.css').read_text(encoding='utf-8')}</style>"
ICON = str(Path(__file__).resolve().parents[2] / "static" / "page_icon.png")
_log = logging.getLogger("recemb")


@contextmanager
def page(question: str, says: str, *, opens_on: str, needs: str = "items") -> Iterator[ActiveData]:
    """A page: ``with page(...) as data:`` draws the frame, hands over the data set in use, and says errors plainly.

    Args:
        question: the title.
        says: the line under it.
        opens_on: name of the bundled data set shown until a person chooses one.
        needs: "sequences" where the page cannot work on a graph alone; "nothing" where it works without any item.
    """
    title = f"{question} · RecEmb Explorer"
    st.set_page_config(page_title=title, page_icon=ICON, layout="wide", initial_sidebar_state=navigation.SIDEBAR)
    navigation.ensure()
    navigation.one_entry_a_page()
    parameters.forget_bound()
    jobs.forget_settling()
    gone = session.said_to_be_gone()
    data = session.active_data(opens_on)
    if more := session.said_to_be_gone():  # what this very reading had no room for
        gone, data = [*gone, *more], session.active_data(opens_on)
    stage.begin(question, data)
    link = _sidebar(data)
    st.title(question, anchor=False)
    st.markdown(says)
    for one in gone:
        st.warning(sentence(one))
    try:
        ensure_plotly_js()
    except NoScript as error:
        st.warning(sentence(error))
    if data.problem:
        st.error(data.problem)
    for one in () if data.upload is None else uploads.outdated(data.upload):
        st.warning(f"{plain(sentence(one))}. You still see what was read before.")
    missing = session.missing_upload()
    if missing is not None:
        st.warning(
            f"This link shows an uploaded file (**{plain(missing)}**), and an upload stays in the session that made "
            f"it. Upload this file again on the Sequences page; until then you see **{plain(data.title)}**."
        )
        navigation.link("sequences", "To the upload")
    elif (unknown := session.missing_data()) is not None:
        st.warning(f"There is no data set called {plain(unknown)}; you see **{plain(data.title)}**.")
    if needs == "sequences" and data.sequences is None:
        st.info(
            f"**{plain(data.title)}** is a graph without behavior sequences, and this page needs sequences. "
            "Choose another data set in the sidebar, or upload your own log."
        )
        _close(question, data, link)
        st.stop()
    try:
        with _errors_said():
            yield data
            stage.answer()
    except StopException:  # a view that has nothing more to draw; the page ends like any other
        _close(question, data, link)
        raise
    _close(question, data, link)
    with _errors_said():
        jobs.settle()


@contextmanager
def _errors_said() -> Iterator[None]:
    """Errors as a sentence on the page."""
    try:
        yield
    except UsageError as error:  # the library's own sentences: what is wrong, where, what to do
        st.error(sentence(error))
    except Exception as error:
        _log.exception("page failed")
        st.error(
            f"This page could not be drawn ({type(error).__name__}). Press Reset or choose another data set; "
            "the server's log has the details."
        )


def _close(question: str, data: ActiveData, link: Any) -> None:
    """What every run ends with, also one that had nothing to draw: the address, the link, the sign that it is done."""
    links.sync_url(data)
    _link_box(link, data)
    st.html(f"<span data-testid='page-done' data-page='{question}'></span>")
    background.warm_up()


def _sidebar(data: ActiveData) -> Any:
    """What belongs to the visit; returns the place of the link, which is complete once the page has run."""
    with st.sidebar:
        st.html(STYLE)
        titles = {name: session.bundled_title(name) for name in session.bundled_names()}
        titles |= {key: uploads.title(upload) for key, upload in uploads.every().items()}
        st.session_state[session.DATA_WIDGET] = data.key
        st.selectbox(
            "Data set",
            list(titles),
            format_func=titles.__getitem__,
            key=session.DATA_WIDGET,
            on_change=lambda: session.choose_data(st.session_state[session.DATA_WIDGET]),
            help="Bundled data, or what you uploaded on the Sequences page.",
        )
        _item_search(data)
        session.SEED.draw(data)
        with st.popover("Copy link", icon=":material/link:", width="stretch"):
            link = st.empty()
        _link_box(link, None)
    return link


def _item_search(data: ActiveData) -> None:
    order = session.items_by_popularity(data)
    chosen = session.ITEM.bind(data, default=order[0], among=data.items.ids)
    shown = session.listed_items(data, chosen.value)
    if st.session_state.get("_named") != (naming := hash(data.titles)):
        chosen.set(chosen.value)  # or the box keeps showing an item's old name
        st.session_state["_named"] = naming
    more: dict[str, Any] = {}
    words = session.listed_words(data)
    if words:  # any other is found by what is typed
        more = {"accept_new_options": True, "on_change": _find_typed, "args": (data, chosen.key, chosen.value)}
        words += " Any other is found by its id, or by words of its name."
    chosen.draw(offered=shown, format_func=data.title_of, help=f"{session.ITEM.help}{words}", **more)


def _find_typed(data: ActiveData, key: str, before: str) -> None:
    """What was typed into the box of items, as an item; the one before where it means none."""
    typed = str(st.session_state[key] or "")
    if typed in data.items:
        return
    found = session.find_item(data, typed)
    if found is None:
        st.toast(f"No item is called {plain(typed)}; {plain(data.title_of(before))} stays chosen.")
    st.session_state[key] = found or before


def _link_box(place: Any, data: ActiveData | None) -> None:
    """The address and, once the page has run, the same as a file."""
    with place.container():
        st.caption(
            "Data set, item, settings and how a file is read are in the address. An uploaded file itself is not: "
            "another person has to upload it."
        )
        st.code(links.full_link(), language=None, wrap_lines=True)
        if data is not None:
            st.session_state["_saved"] = links.saved_session(data).to_toml()
            download(
                "Save the session",
                "session.toml",
                str,
                st.session_state["_saved"],
                icon=":material/save:",
                key="save session",
                help="All of this as a small file. Upload it on the Sequences page, a log of your own beside it, and "
                "everything is as it is now.",
            )


def side_by_side(key: str, widths: tuple[int, ...], narrowest: str = "18rem") -> list[Any]:
    """Columns that lie one under the other where one would be too narrow to read."""
    with wrapping_columns(key, narrowest):
        return st.columns(widths, gap="medium")


def wrapping_columns(key: str, narrowest: str) -> Any:
    """A container whose rows of columns wrap where one would be narrower than this; columns in a column do not."""
    place = st.container(key=key)
    row = f".st-key-{key} [data-testid=stColumn]"
    place.html(
        f"<style>{row} {{ min-width: min({narrowest}, 100%); }} "
        f".st-key-{key} :where([data-testid=stColumn]) [data-testid=stColumn] {{ min-width: 0; }}</style>"
    )
    return place


def metrics(figures: list[tuple[str, str, str]], place: Any = st, *, narrowest: str = "") -> None:
    """At most five numbers that matter: (label, value, help); on a second line where one would cut them."""
    key = "metrics-" + re.sub(r"\W+", "-", figures[0][0].lower())
    for column, (label, value, help_text) in zip(
        figure_columns(key, len(figures), place, narrowest=narrowest), figures, strict=True
    ):
        column.metric(label, re.sub(r"^-(?=[\d.])", "−", value), help=help_text)


def figure_columns(key: str, number: int, place: Any = st, *, narrowest: str = "") -> list[Any]:
    """Columns in a row; those that would be too narrow for their words go to a second line."""
    narrowest = narrowest or ("7.25rem" if number > 4 else "8.5rem")  # five in a row beside the controls, at 1280
    with place.container(key=key):
        st.html(f"<style>.st-key-{key} [data-testid=stColumn] {{ min-width: min({narrowest}, 45%); }}</style>")
        return st.columns(number)


def what_you_see(text: str) -> None:
    """The explanation: four sentences, the formula, what larger and smaller values do."""
    with st.expander("What you see", expanded=True, icon=":material/visibility:"):
        st.markdown(text)


def as_python(lines: list[str], *, note: str = "", data: ActiveData | None = None, guide: Guide | None = None) -> None:
    """The same result in a few lines of the library; with a guide, each line says what it goes by and draws."""
    with st.expander("As Python", icon=":material/code:"):
        if note:
            st.caption(note)
        st.code("\n".join(lines), language="python")
        if data is not None and guide is not None:
            say_lines(read_lines(lines, data, guide))


def load_lines(data: ActiveData, *, always: bool = False) -> list[str]:
    """How the data set in use is loaded in Python; its sequences only where the graph is built from them, or always."""
    wanted = always or data.graph is None
    if data.uploaded:
        lines = _reading_lines(data)
    else:
        lines = [f"data = load_dataset({quoted(data.key)}{in_words(data.made)})"]
        if wanted and data.log is None:
            lines.append("sequences = data.sequences")
    if wanted and data.log is not None:
        lines.append(f"sequences = split_sessions(data.sequences, gap_minutes={session.gap(data)})")
    return lines


def _reading_lines(data: ActiveData) -> list[str]:
    """The lines that read an upload: the same call that this page has made."""
    assert data.upload is not None
    assert data.found is not None
    assert data.found.reading is not None
    side = "" if data.upload.side is None else f", side_info={data.upload.side.name!r}"
    made, read = ("graph", "read_edges") if data.graph is not None else ("sequences", "read_events")
    return [*data.found.reading.as_python(), f"{made} = {read}({data.upload.name!r}, reading=reading{side})"]


def side_info_line(data: ActiveData) -> str:
    """Where the lines so far have the side information."""
    owner = "data" if not data.uploaded else "sequences" if data.graph is None else "graph"
    return f"side_info = {owner}.side_info"


def import_lines(data: ActiveData, *, always: bool = False) -> list[str]:
    """The imports that :func:`load_lines` needs."""
    if data.found is not None and data.found.reading is not None:
        names = ", ".join(data.found.reading.names_used())
        module, read = (
            ("item_graph.edge_lists", "read_edges") if data.graph is not None else ("sequences", "read_events")
        )
        return [f"from recemb_core.readers import {names}", f"from recemb_core.{module} import {read}"]
    lines = ["from recemb_core.datasets import load_dataset", *(data.info.imports if data.info is not None else ())]
    if data.log is not None and (always or data.graph is None):
        lines.append("from recemb_core.sequences import split_sessions")
    return lines


def sorted_imports(lines: Iterable[str]) -> list[str]:
    """By module, those of the library last, after an empty line."""
    ordered = sorted(lines, key=lambda line: line.split()[1])
    own = [line for line in ordered if " recemb_core" in line]
    others = [line for line in ordered if line not in own]
    return [*others, *([""] if others else []), *own]


def graph_line(edges: int, kept: ItemGraph) -> str:
    """One sentence about the graph that is walked and drawn, of so many edges."""
    if edges == kept.num_edges:
        return f"{len(kept):,} items, {kept.num_edges:,} {'directed ' if kept.directed else ''}edges; {kept.rule}."
    return (
        f"{kept.num_edges:,} of {edges:,} edges kept ({kept.num_edges / max(edges, 1):.1%}), "
        f"density {kept.density:.3f}; {kept.rule}."
    )
