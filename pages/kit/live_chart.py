"""One interactive Plotly chart that stays itself while its figure changes.

`st.plotly_chart` builds a new chart whenever its figure changes, and zoom and selection are lost. This component
keeps one DOM node and calls `Plotly.react`: zoom, lasso, hover and legend clicks survive, and points that carry an
item id in ``customdata[0]`` glide to their new place. With `Frames` the chart also holds several places for every
item, and the person moves through them without the script running.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import streamlit as st

from recemb_core.arrays import Float32Array

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
    frame: int | None = None
    """Index of the frame that the person last stopped at, `Frames.start` until then; None for a chart without frames.

    It changes when the slider is let go of, at Pause, and when play has reached its end: not at every tick."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """Several places for the items of a chart, shown one at a time, with a slider and a play button below the chart.

    Raises:
        ValueError: an argument that does not fit the others; the message names it.
    """

    ids: tuple[str, ...]
    """n item ids, as in the figure's ``customdata[0]``; points of other items stay where the figure has them."""
    positions: Float32Array
    """(frames, n, 2)"""
    labels: tuple[str, ...]
    """One distinct name a frame, "p = 1, q = 20". A frame is known by its label when other frames arrive."""
    start: int = 0
    """The frame shown first. When a later run names another one, the chart goes there."""
    captions: tuple[str, ...] = ()
    """A short text a frame beside its label (its scores, say), or none at all."""
    loop: bool = False
    """Play goes on with the first frame after the last."""
    plays: bool = False
    """It plays by itself once, when it is first shown; not for a person who prefers reduced motion."""

    def __post_init__(self) -> None:
        positions = np.ascontiguousarray(self.positions, dtype="<f4")
        n, frames = len(self.ids), len(self.labels)
        if frames == 0:
            raise ValueError("labels is empty; at least one frame is needed")
        if len(set(self.labels)) != frames:
            raise ValueError(f"labels must be distinct; got {self.labels}")
        if positions.shape != (frames, n, 2):
            raise ValueError(
                f"positions has shape {positions.shape}; {frames} labels and {n} ids need ({frames}, {n}, 2)"
            )
        if not np.isfinite(positions).all():
            raise ValueError("positions holds values that are not finite; every item needs a place in every frame")
        if len(set(self.ids)) != n:
            raise ValueError("ids must be distinct")
        if self.captions and len(self.captions) != frames:
            raise ValueError(f"captions has {len(self.captions)} values; there are {frames} frames (or leave it out)")
        if not 0 <= self.start < frames:
            raise ValueError(f"start is {self.start}; allowed are 0 to {frames - 1}")
        object.__setattr__(self, "positions", positions)


class NoScript(RuntimeError):
    """The script of the live charts cannot be put where the browser loads it from; says what to do."""


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
            try:
                shutil.copyfile(source, draft)
                os.chmod(draft, 0o644)
                os.replace(draft, target)  # another process may be serving the old file
            finally:
                Path(draft).unlink(missing_ok=True)  # of a copy that failed: it takes the last room of a full disk
        except OSError as error:
            raise NoScript(
                f"The charts hold still, without clicks and lasso: their script cannot be put into {static} ({error}). "
                "Make this folder writable, or free some room on its disk."
            ) from error
    return target


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(200)  # the comment that names the version


_component = st.components.v2.component(
    "recemb_live_chart",
    html='<div class="live-chart" tabindex="0" role="figure"></div>',
    css=Path(__file__).with_suffix(".css").read_text(encoding="utf-8"),
    js="".join(
        Path(__file__).with_name(f"{name}.js").read_text(encoding="utf-8")
        for name in ("live_chart", "live_points", "live_names", "live_tools")
    ),
    isolate_styles=False,  # Plotly puts its own style sheet into the document's head
)


def live_chart(
    figure: Figure,
    *,
    key: str,
    height: int = 560,
    above: int | None = None,
    glide: bool = True,
    on_click: Callable[[str], None] | None = None,
    on_select: Callable[[tuple[str, ...]], None] | None = None,
    frames: Frames | None = None,
    on_frame: Callable[[int], None] | None = None,
    badge: str = "",
) -> ChartEvents:
    """Show a figure; the same `key` is the same chart, whatever the figure.

    Args:
        figure: a plotly figure. Points with the same ``customdata[0]`` are the same item, in whichever trace. With
            ``layout.meta["linked_hover"]`` an item under the mouse is ringed in every subplot.
        key: Streamlit key. Another key is another chart: zoom and selection start afresh (another data set, Reset).
        height: pixels; the bar of `frames` comes below.
        above: pixels of the window that lie above and below the chart: it is as high as the rest, at least `height`.
        glide: move items to their new place over about 0.8 s; a person who prefers reduced motion gets the jump.
        on_click: called with the item's id before the script runs, so it may set the state of any widget.
        on_select: called with the selected ids, likewise.
        frames: places to move through in the browser; the figure gives names, colors and rings. Unless the person
            zooms, the axes hold all frames at once. A new figure and new frames keep the frame whose label is shown.
        on_frame: called with the index of the frame that the person has stopped at, likewise.
        badge: a few words over the chart, whose points are pale meanwhile: it shows a preview, and no result yet.
    """
    try:
        ensure_plotly_js()
    except NoScript:  # the page has said it
        st.plotly_chart(figure, key=f"{key} still", theme=None, height=height)
        return ChartEvents(clicked=None, selected=(), frame=None if frames is None else frames.start)
    figure_json = figure.to_json()
    revision = _revision(figure_json.encode())
    read = lambda name: (st.session_state.get(key) or {}).get(name)  # noqa: E731

    def clicked() -> None:
        if on_click is not None and (item := read("clicked")) is not None:
            on_click(str(item))

    def selected() -> None:
        if on_select is not None:
            on_select(_ids(read("selected")))

    def stopped() -> None:
        if on_frame is not None and frames is not None:
            on_frame(_frame(read("frame"), frames))

    words: dict[str, Any] | None = None
    if frames is not None:
        words = {
            "positions": _revision(frames.positions.tobytes(), "\n".join(frames.ids).encode()),
            "labels": frames.labels,
            "captions": frames.captions,
            "start": frames.start,
            "loop": frames.loop,
            "plays": frames.plays,
        }
        revision += "-" + _revision(json.dumps(words).encode())
        words["now"] = _frame(read("frame"), frames)  # for a chart that has to be built anew
    result = _component(
        key=key,
        data={
            "key": key,
            "figure": figure_json,
            "revision": f"{revision}-{height}-{above}" + (f"-{_revision(badge.encode())}" if badge else ""),
            "script": SCRIPT,
            "height": height,
            "above": above,
            "glide": glide,
            "frames": words and json.dumps(words),  # as text: Streamlit imports pandas to look through tuples
            "badge": badge,
        },
        default={"selected": [], "frame": None},
        on_clicked_change=clicked,
        on_selected_change=selected,
        on_frame_change=stopped,
    )
    if frames is not None and words is not None:
        # An element of its own, which stays the same while figures change: Streamlit then sends only its hash.
        _component(
            key=f"{key} positions",
            data={
                "carries": key,
                "revision": words["positions"],
                "ids": json.dumps(frames.ids),
                "positions": base64.b64encode(frames.positions.tobytes()).decode(),
            },
        )
    item = result.get("clicked")
    return ChartEvents(
        clicked=None if item is None else str(item),
        selected=_ids(result.get("selected")),
        frame=None if frames is None else _frame(result.get("frame"), frames),
    )


def _revision(*parts: bytes) -> str:
    return hashlib.blake2b(b"".join(parts), digest_size=6).hexdigest()


def _frame(stop: Any, frames: Frames) -> int:
    """The frame that the chart shows when the person's last stop was `stop`: {"label", "start" at that time}."""
    if not stop or stop["label"] not in frames.labels or stop["start"] != frames.labels[frames.start]:
        return frames.start
    return frames.labels.index(stop["label"])


def _ids(value: Iterable[object] | None) -> tuple[str, ...]:
    return tuple(str(item) for item in value or ())
