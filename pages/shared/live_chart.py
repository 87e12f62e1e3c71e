"""One interactive Plotly chart that stays itself while its figure changes.

`st.plotly_chart` builds a new chart whenever its figure changes, and zoom and selection are lost. This component
keeps one DOM node and calls `Plotly.react`: zoom, lasso, hover and legend clicks survive, and points that carry an
item id in ``customdata[0]`` glide to their new place.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import streamlit as st

STATIC = Path(__file__).resolve().parents[2] / "static"
SCRIPT = "app/static/plotly.min.js"


class Figure(Protocol):
    """What is needed of a plotly figure; the pages themselves do not import plotly."""

    def to_json(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class ChartEvents:
    """What the person did on the chart."""

    clicked: str | None = None
    """Id of the item clicked since the last run; seen in one run only."""
    selected: tuple[str, ...] = ()
    """Ids inside the current box or lasso, in the order of the figure; empty when nothing is selected."""


@cache
def ensure_plotly_js(static: Path = STATIC) -> Path:
    """Put the installed plotly package's own plotly.min.js into `static` if it is missing or of another version."""
    package = importlib.util.find_spec("plotly")
    if package is None or package.origin is None:
        raise RuntimeError("the plotly package is not installed: run pip install -r requirements.txt")
    source = Path(package.origin).parent / "package_data" / "plotly.min.js"
    target = static / "plotly.min.js"
    if not target.is_file() or _head(target) != _head(source) or target.stat().st_size != source.stat().st_size:
        try:
            static.mkdir(exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=static, suffix=".part")
            os.close(handle)
            shutil.copyfile(source, draft)
            os.chmod(draft, 0o644)
            os.replace(draft, target)  # another process may be serving the old file
        except OSError as error:
            raise RuntimeError(f"cannot write {target}, from which the charts load their script: {error}") from error
    return target


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(200)  # the comment that names the version


_component = st.components.v2.component(
    "recemb_live_chart",
    html='<div class="live-chart" tabindex="0" role="img"></div>',
    css="""
        .live-chart { position: relative; width: 100%; min-height: 120px; outline-offset: 2px; border-radius: 4px; }
        .live-chart:focus { outline: none; }
        .live-chart:focus-visible:not([data-pointer]) { outline: 2px solid var(--st-primary-color); }
        .live-chart-message { padding: 2rem 1rem; color: var(--st-text-color); opacity: 0.75; text-align: center; }
    """,
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,  # Plotly puts its own style sheet into the document's head
)


def live_chart(
    figure: Figure,
    *,
    key: str,
    height: int = 560,
    glide: bool = True,
    on_click: Callable[[str], None] | None = None,
    on_select: Callable[[tuple[str, ...]], None] | None = None,
) -> ChartEvents:
    """Show a figure; the same `key` is the same chart, whatever the figure.

    Args:
        figure: a plotly figure. Points with the same ``customdata[0]`` are the same item, in whichever trace.
        key: Streamlit key. Another key is another chart: zoom and selection start afresh (another data set, Reset).
        height: pixels.
        glide: move items to their new place over about 0.8 s; a person who prefers reduced motion gets the jump.
        on_click: called with the item's id before the script runs, so it may set the state of any widget.
        on_select: called with the selected ids, likewise.
    """
    ensure_plotly_js()
    figure_json = figure.to_json()
    revision = hashlib.blake2b(figure_json.encode(), digest_size=6).hexdigest()

    def clicked() -> None:
        item = _read(key, "clicked")
        if on_click is not None and item is not None:
            on_click(str(item))

    def selected() -> None:
        if on_select is not None:
            on_select(_ids(_read(key, "selected")))

    result = _component(
        key=key,
        data={
            "key": key,
            "figure": figure_json,
            "revision": f"{revision}-{height}",
            "script": SCRIPT,
            "height": height,
            "glide": glide,
        },
        default={"selected": []},
        on_clicked_change=clicked,
        on_selected_change=selected,
    )
    item = result.get("clicked")
    return ChartEvents(clicked=None if item is None else str(item), selected=_ids(result.get("selected")))


def _read(key: str, name: str) -> Any:
    state = st.session_state.get(key)
    return None if state is None else state.get(name)


def _ids(value: Iterable[object] | None) -> tuple[str, ...]:
    return tuple(str(item) for item in value or ())
