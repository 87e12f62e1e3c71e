"""Colors, marker symbols and the chart template that every figure shares.

The eight group colors stay apart for the three kinds of color blindness (smallest distance in OKLab 0.08 under
simulated protanopia, deuteranopia and tritanopia), from each other, from the grey and from the chosen color, and on
white as well as on near-black paper (contrast at least 2.1).
"""

from __future__ import annotations

import html
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import plotly.colors
import plotly.graph_objects as go

with suppress(ImportError):
    import pandas  # noqa: F401 - plotly takes a half-imported one from another thread for a whole one

PALETTE: tuple[str, ...] = (
    "#3E72F2",  # blue
    "#DA771E",  # orange
    "#197D68",  # teal
    "#4DBBFF",  # sky
    "#7A6A00",  # ochre
    "#AB69C4",  # violet
    "#B2BC28",  # lime
    "#F686D1",  # rose
)
OTHER = "#9A9A9A"
"""Everything that has no color of its own: the groups after the eighth, missing labels, context."""
CHOSEN = "#E6004C"
"""The chosen item, on every page and in every chart; a thin ring of it marks the item's neighbors."""

# What the colors of the palette mean where they do not just tell groups apart.
PLAIN = PALETTE[0]
"""The one series of a chart, or what is usual in it."""
CONTRAST = PALETTE[1]
"""What stands out from the plain: the second of two, a trend over points."""
FOUND = PALETTE[2]
"""What was caught, agreed on, reached; the best."""
CLOUD = PALETTE[3]
"""Many faint points behind a line."""
CENTER, CONTEXT = CONTRAST, PLAIN  # of a window
PAIR, NOISE = PLAIN, CONTRAST  # what an update pulls together, and what it pushes apart
POSITIVE, NEGATIVE = PLAIN, CONTRAST  # the two ends of a scale around 0
OUT, IN = PLAIN, CONTRAST  # edges of the chosen item
NEAR = CONTRAST  # the true neighbors of the chosen item
PATH = CONTRAST  # where a walk or a person went
BACK, BESIDE, AWAY, FIRST_STEP = PALETTE[1], PALETTE[2], PALETTE[0], PALETTE[5]  # steps of a biased walk
SINGLE = PALETTE[5]
"""One method among curves of others."""
DARK_INK, LIGHT_INK = "#111111", "#FFFFFF"
"""Letters and marks on a filled cell, whatever the page's theme."""


def series_color(number: int) -> str:
    """The color of series 0, 1, 2 …; after the eighth they begin again."""
    return PALETTE[number % len(PALETTE)]


ROLE_SYMBOLS: dict[str, str] = {
    "hub": "star",
    "best-seller": "star",
    "bridge": "diamond",
    "accessory": "circle",
    "member": "circle",
    "cold": "square",
}
"""Marker symbols of the roles a planted graph knows; other role names take the next free one of `SYMBOLS`."""
SYMBOLS: tuple[str, ...] = ("circle", "diamond", "square", "triangle-up", "star", "cross", "x", "hexagon")

NO_LABEL = "no label"
MAX_GROUPS = len(PALETTE)


@cache
def template() -> go.layout.Template:
    """The chart template "recemb": transparent paper, one font, small margins, quiet axes.

    Text and grid colors are left out on purpose: the page's theme, light or dark, supplies them.
    """
    axis: dict[str, Any] = {"zeroline": False, "showgrid": True, "gridwidth": 1, "ticks": "", "automargin": True}
    axis["title"] = {"standoff": 8, "font": {"size": 13}}
    legend = {
        "title": {"font": {"size": 12}, "side": "top"},
        "font": {"size": 12},
        "itemsizing": "constant",
        "tracegroupgap": 6,
        "bgcolor": "rgba(0,0,0,0)",
    }
    layout = {
        "colorway": list(PALETTE),
        "font": {"size": 13},
        "title": {
            "font": {"size": 16},
            "x": 0,
            "xref": "paper",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 10},
        },
        "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": axis,
        "yaxis": axis,
        "legend": legend,
        "hoverlabel": {"align": "left", "namelength": -1, "font": {"size": 13}},
        "hovermode": "closest",
    }
    return go.layout.Template(layout=layout)


def sequential_scale(steps: int = 16) -> list[tuple[float, str]]:
    """Viridis without its two ends, which vanish on dark and on light paper: [(0, color), …, (1, color)]."""
    at = [i / (steps - 1) for i in range(steps)]
    colors = plotly.colors.sample_colorscale("Viridis", [0.12 + 0.80 * t for t in at])
    return list(zip(at, colors, strict=True))


def color_groups(labels: Iterable[object], limit: int = MAX_GROUPS) -> dict[str, str]:
    """Group name → color for the largest groups, largest first (ties by name); groups not in it are drawn in `OTHER`.

    A single group too many keeps its place in the grey rest, so at most `limit` colors are ever used.

    >>> color_groups(["tea", "tea", "milk"])
    {'tea': '#3E72F2', 'milk': '#DA771E'}
    """
    counts = Counter(label_text(label) for label in labels)
    counts.pop(NO_LABEL, None)
    order = sorted(counts, key=lambda name: (-counts[name], name))[: min(limit, MAX_GROUPS)]
    return dict(zip(order, PALETTE, strict=False))


def group_symbols(labels: Iterable[object]) -> dict[str, str]:
    """Group name → marker symbol; known roles keep theirs, the eighth and later groups share the last symbol."""
    names = sorted({label_text(label) for label in labels})
    taken = {ROLE_SYMBOLS[name.lower()] for name in names if name.lower() in ROLE_SYMBOLS}
    free = [symbol for symbol in SYMBOLS if symbol not in taken]
    symbols: dict[str, str] = {}
    for name in names:
        known = ROLE_SYMBOLS.get(name.lower())
        symbols[name] = known or (free.pop(0) if len(free) > 1 else (free or ["hexagon"])[0])
    return symbols


def label_text(label: object) -> str:
    """A group label as shown: missing ones (None, NaN, blank) all read "no label"."""
    if label is None or label != label:
        return NO_LABEL
    return str(label).strip() or NO_LABEL


def shorten(text: str, width: int) -> str:
    """Cut to `width` characters with an ellipsis."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def plain(text: object, width: int = 0) -> str:
    """Text that Plotly shows as written: markup characters escaped; wrapped at `width` characters when given."""
    words = str(text)
    if not width or len(words) <= width:
        return html.escape(words, quote=False)
    return "<br>".join(html.escape(line, quote=False) for line in textwrap.wrap(words, width))


def describe(figure: go.Figure, *, file_name: str, description: str) -> go.Figure:
    """Give a figure its name for saved files and its sentence for screen readers; returns the same figure."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", file_name).strip("-").lower() or "chart"
    figure.layout.meta = {"file_name": name, "description": description}
    return figure


def empty_figure(sentence: str, *, file_name: str = "chart") -> go.Figure:
    """A chart that has nothing to draw says why, in one sentence."""
    figure = go.Figure(layout={"template": template()})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text=plain(sentence, 60), x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, font_size=15
    )
    return describe(figure, file_name=file_name, description=sentence)


def names_in_words(names: Sequence[str], most: int = 3) -> str:
    """ "a, b and 4 more"; for descriptions."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
