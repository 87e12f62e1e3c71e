"""Colors, marker symbols and the chart template that every figure shares.

The eight colors of lines and bars stay apart for the three kinds of color blindness (smallest distance in OKLab 0.08
under simulated protanopia, deuteranopia and tritanopia), from each other, from the grey and from the chosen color, and
on white as well as on near-black paper (contrast at least 2.1). The sixteen of groups on a map have their own measures,
below.
"""

from __future__ import annotations

import html
import os
import re
import textwrap
import unicodedata
from base64 import b64encode
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import plotly.colors
import plotly.graph_objects as go

from recemb_core.arrays import AnyArray
from recemb_core.figures import half_imported
from recemb_core.foreign_text import JOINER, inert

half_imported.install()

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
GROUPS: tuple[str, ...] = (
    "#3E72F2",  # blue
    "#DA771E",  # orange
    "#3D7014",  # forest
    "#EB5CCC",  # pink
    "#337A7A",  # teal
    "#993DA3",  # purple
    "#C23300",  # brick
    "#1499C2",  # sky
    "#5CA366",  # green
    "#8F85F5",  # periwinkle
    "#FF5C66",  # coral
    "#2966B8",  # denim
    "#C24785",  # rose
    "#8570A3",  # mauve
    "#C233D6",  # violet
    "#A35C5C",  # rosewood
)
"""Groups of items, the largest first. Contrast with white and with the dark page's paper is at least 3. The smallest
distance in OKLab is 0.09; as protanopes and deuteranopes see them (Machado et al. 2009) 0.053, from each other and from
the chosen color. Names on the map tell groups apart where colors are not enough."""
OTHER = "#9A9A9A"
"""Everything that has no color of its own: the groups after the sixteenth, missing labels, context."""
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
MAX_GROUPS = len(GROUPS)


@cache
def template() -> go.layout.Template:
    """The chart template "recemb": transparent paper, one font, small margins, quiet axes.

    Text and grid colors are left out on purpose: the page's theme, light or dark, supplies them.
    """
    axis: dict[str, Any] = {"zeroline": False, "showgrid": True, "gridwidth": 1, "ticks": "", "automargin": True}
    axis["separatethousands"] = True  # of four digits too, as everywhere on a page
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
    bar = {"colorbar": {"title": {"font": {"size": 13}}}}  # as the axes; Plotly's own are larger
    return go.layout.Template(layout=layout, data={"heatmap": [bar]})


def sequential_scale(steps: int = 16) -> list[tuple[float, str]]:
    """Viridis without its two ends, which vanish on dark and on light paper: [(0, color), …, (1, color)]."""
    return list(_sequential_scale(steps))


@cache
def _sequential_scale(steps: int) -> tuple[tuple[float, str], ...]:
    at = [i / (steps - 1) for i in range(steps)]
    colors = plotly.colors.sample_colorscale("Viridis", [0.12 + 0.80 * t for t in at])
    return tuple(zip(at, colors, strict=True))


def color_groups(labels: Iterable[object], limit: int = MAX_GROUPS) -> dict[str, str]:
    """Group name → color for the largest groups, largest first (ties by name); groups not in it are drawn in `OTHER`.

    A single group too many keeps its place in the grey rest, so at most `limit` colors are ever used.

    >>> color_groups(["tea", "tea", "milk"])
    {'tea': '#3E72F2', 'milk': '#DA771E'}
    """
    counts = Counter(label_text(label) for label in labels)
    counts.pop(NO_LABEL, None)
    order = sorted(counts, key=lambda name: (-counts[name], name))[: min(limit, MAX_GROUPS)]
    return dict(zip(order, GROUPS, strict=False))


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


@lru_cache(maxsize=2**17)
def shorten(text: str, width: int) -> str:
    """Cut with an ellipsis to the room of `width` small letters: a capital takes a quarter more, a Chinese one twice.

    >>> shorten("Wooden frame antique", 16), shorten("WOODEN FRAME ANTIQUE", 16), shorten("木制相框古董白色装饰", 16)
    ('Wooden frame a…', 'WOODEN FRAME…', '木制相框古董白…')
    """
    if len(text) <= width // 2:
        return text
    ends = list(accumulate(map(_letters, text)))
    if ends[-1] <= width:
        return text
    return text[: bisect_right(ends, width - 1)].rstrip() + "…"


def _letters(character: str) -> float:
    """How many small letters a character is as wide as, about."""
    if unicodedata.east_asian_width(character) in "WF":
        return 2.0
    return 1.25 if character.isupper() else 1.0


def plain(text: object, width: int = 0) -> str:
    """Text that Plotly shows as written: markup characters escaped; wrapped at `width` characters when given.

    Plotly makes a link of ``<a href=…>`` and reads ``%{x}`` in hover texts; :func:`~recemb_core.foreign_text.inert`
    breaks what looks like either.
    """
    return _plain(str(text), width)


@lru_cache(maxsize=2**17)  # a catalogue's names and their groups: of more than it holds, none would be found again
def _plain(text: str, width: int) -> str:
    words = inert(text, 400).replace(f"<{JOINER}", "<").replace(f"&{JOINER}", "&")  # these are escaped
    if not width or len(words) <= width:
        return html.escape(words, quote=False)
    return "<br>".join(html.escape(line, quote=False) for line in textwrap.wrap(words, width))


def label(text: str, width: int) -> str:
    """A name beside a mark or an axis: cut to `width` characters, and shown as written."""
    return plain(shorten(text, width))


def describe(figure: go.Figure, *, file_name: str, description: str, **more: bool) -> go.Figure:
    """Give a figure its name for saved files and its sentence for screen readers; returns the same figure.

    `more` speaks to the chart on the page: ``mode_bar=False`` for one without buttons, ``linked_hover=True``.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", file_name).strip("-").lower() or "chart"
    figure.layout.meta = {"file_name": name, "description": description, **more}
    return figure


class Chart(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A figure that is built, and whose JSON is made, without plotly's copies of every list: most of their time.

    Lists and arrays are the caller's own, so a figure is written out before they change.

    >>> figure = chart([lines(([0, 1], [0, 1]), OTHER, 1, uid="a")], file_name="a line", description="Rising.")
    >>> figure.to_json() == go.Figure.to_json(figure)
    True
    """

    def __init__(self, traces: Sequence[Any] = (), layout: Any = None, **more: Any) -> None:
        super().__init__(None, layout, **more)
        # As plotly does, but what the traces hold moves into the figure and is not copied first.
        self._data_objs = self._data_validator.validate_coerce(traces, _validate=self._validate)
        self._data = [trace._orphan_props for trace in self._data_objs]
        self._data_defaults: list[dict[str, Any]] = [{} for _ in self._data_objs]
        for number, trace in enumerate(self._data_objs):
            trace._parent, trace._orphan_props, trace._trace_ind = self, {}, number

    def to_json(self, *args: Any, **kwargs: Any) -> str:
        """As plotly's."""
        from plotly.io.json import to_json_plotly

        # As plotly does, without the traces' names for Python: plotly.js would take them for its own.
        data = [{key: one for key, one in trace.items() if key != "uid"} for trace in _packed(self._data)]
        return str(to_json_plotly({"data": data, "layout": _packed(self._layout)}, *args, **kwargs))


def _packed(value: Any) -> Any:
    """Arrays as plotly.js takes them, packed."""
    from _plotly_utils.utils import is_skipped_key

    if isinstance(value, dict):
        return {key: one if is_skipped_key(key) else _packed_array(one) for key, one in value.items()}
    if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        return [_packed(one) for one in value]
    return value


_FLOATS = {np.dtype(np.float64): "f8", np.dtype(np.float32): "f4"}


def _packed_array(one: Any) -> Any:
    """What plotly makes of a property; without its copies, and its look for other libraries' columns, where it can."""
    from _plotly_utils.utils import is_homogeneous_array, to_typed_array_spec

    if isinstance(one, str | int | float | list | tuple | dict | None):
        return _packed(one)
    if isinstance(one, np.ndarray) and one.dtype == object:
        return one
    if isinstance(one, np.ndarray) and one.ndim == 1 and one.size and one.dtype in _FLOATS:
        return {"dtype": _FLOATS[one.dtype], "bdata": b64encode(np.ascontiguousarray(one).data).decode("ascii")}
    return to_typed_array_spec(one) if is_homogeneous_array(one) else _packed(one)


def checked() -> bool:
    """Whether plotly looks at every property of a figure, as it does in the tests: it takes ten times as long."""
    return "RECEMB_CHECK_FIGURES" in os.environ


def _spelled_out(value: Any, name: str = "") -> Any:
    """Properties as plotly.js knows them: what plotly's checks would make of short forms."""
    if isinstance(value, str) and name == "title":
        return {"text": value}
    if isinstance(value, list | tuple) and any(isinstance(one, dict) for one in value):
        return [_spelled_out(one) for one in value]
    if not isinstance(value, dict) or name == "meta":
        return value
    found: dict[str, Any] = {}
    for key, one in value.items():
        first, _, rest = (key, "", "") if key in ("error_x", "error_y") else key.partition("_")
        inner = _spelled_out({rest: one} if rest else one, first)
        if one is None or (isinstance(inner, dict) and not inner):
            continue
        found[first] = found[first] | inner if isinstance(inner, dict) and isinstance(found.get(first), dict) else inner
    return found


def chart(
    traces: Iterable[Any],
    *,
    file_name: str,
    description: str,
    x: str | Mapping[str, Any] | None = None,
    y: str | Mapping[str, Any] | None = None,
    mode_bar: bool = True,
    **layout: Any,
) -> go.Figure:
    """A figure of these traces in the shared template, with its name and its sentence (:func:`describe`).

    Args:
        traces: from :func:`lines`, :func:`marks` and the like, or plotly's own.
        file_name, description: as :func:`describe` takes them.
        x, y: an axis: its title, or all its properties by their plotly names.
        mode_bar: False for a chart without buttons.
        layout: everything else of plotly's layout; ``margin_t`` sets ``margin.t``.
    """
    axes = {
        name: {"title": axis} if isinstance(axis, str) else axis
        for name, axis in (("xaxis", x), ("yaxis", y))
        if axis is not None
    }
    parts = [*traces], {"template": template(), **axes, **layout}
    figure = Chart(*parts) if checked() else Chart(*_spelled_out(parts), _validate=False)
    return describe(figure, file_name=file_name, description=description, **({} if mode_bar else {"mode_bar": False}))


# Traces are dictionaries: plotly checks them in the tests. `at` is (x, y): a pair of lists or a (2, n) array; `hover`
# is what the box over a mark says (none opens without it); `more` is all else by its plotly name.
Trace: TypeAlias = dict[str, Any]
DOTTED: Trace = {"color": OTHER, "width": 1.5, "dash": "dot"}
"""The line of a value to compare with."""
WHITE_EDGE: Trace = {"width": 2, "color": "white"}
UNSEEN: Trace = {"visible": False, "fixedrange": True}
"""An axis without marks that stays where it is."""
TIGHT: Trace = {"l": 2, "r": 2, "t": 2, "b": 2}
RIGHT_ROOM: Trace = {"l": 8, "r": 16, "t": 12, "b": 8}
"""A margin with room for half a tick's label on the right."""


def lines(
    at: Any,
    color: str | None,
    width: float,
    *,
    hover: str = "",
    line: Mapping[str, Any] | None = None,
    dots: float = 0,
    marker: Mapping[str, Any] | None = None,
    **more: Any,
) -> Trace:
    """One line, its points as dots of that size; NaN breaks it (:func:`segments`). `line`, `marker`: more of each."""
    pen = {"color": color, "width": width, **(line or {})}
    points = {"mode": "lines+markers", "marker": {"color": color, "size": dots, **(marker or {})}} if dots else {}
    return {**_places(at), "mode": "lines", "line": pen, **points, **_box(hover), **more}


def marks(
    at: Any, color: Any, size: Any, *, hover: str = "", marker: Mapping[str, Any] | None = None, **more: Any
) -> Trace:
    """Points; `marker`: more of them, a symbol for instance."""
    points = {"color": color, "size": size, **(marker or {})}
    return {**_places(at), "mode": "markers", "marker": points, **_box(hover), **more}


def ring(at: Any, size: float, symbol: str = "circle-open", **more: Any) -> Trace:
    """A frame around what is chosen."""
    return marks(at, CHOSEN, size, marker={"symbol": symbol, "line": {"width": 3}}, **more)


def strokes(at: Any, size: float, width: float, **more: Any) -> Trace:
    """Grey strokes across bars: a value to compare each with."""
    return marks(at, None, size, marker={"symbol": "line-ns", "line": {"width": width, "color": OTHER}}, **more)


def bars(at: Any, color: Any, *, hover: str = "", marker: Mapping[str, Any] | None = None, **more: Any) -> Trace:
    """Bars, upright unless ``orientation="h"``."""
    return {"type": "bar", **_places(at), "marker": {"color": color, **(marker or {})}, **_box(hover), **more}


def heat_map(x: Any, y: Any, z: Any, limits: tuple[float, float], scale: Any, **more: Any) -> Trace:
    """A filled cell for each value of z, (rows, columns), with a hair of paper between columns."""
    ends = {"zmin": limits[0], "zmax": limits[1], "colorscale": scale}
    return {"type": "heatmap", "x": x, "y": y, "z": z, "xgap": 1, **ends, **more}


def _places(at: Any) -> Trace:
    x, y = at
    return {"x": x, "y": y}


def _box(hover: str) -> Trace:
    return {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}


def band(x: AnyArray, low: AnyArray, high: AnyArray, color: str, opacity: float, **more: Any) -> Trace:
    """The area between two curves over x."""
    around = np.concatenate([x, x[::-1]]), np.concatenate([high, low[::-1]])
    return lines(around, None, 0, fill="toself", fillcolor=color, opacity=opacity, showlegend=False, **more)


def segments(start: AnyArray, end: AnyArray) -> AnyArray:
    """Many separate lines in one trace, x₀ x₁ gap x₀ x₁ gap …, (3n,); for places, (n, 2), both coordinates (2, 3n).

    >>> segments(np.array([0, 5]), np.array([1, 6])).tolist()
    [0.0, 1.0, nan, 5.0, 6.0, nan]
    """
    gap = np.full(np.shape(start), np.nan)
    return np.stack([start, end, gap], axis=1).reshape(-1, *gap.shape[1:]).T


def whiskers(middle: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, **more: Any) -> Trace:
    """Error bars from `low` to `high`, as ``error_x`` or ``error_y``; none where an end is not known."""
    at, bottom, top = (np.asarray(values, dtype=np.float64) for values in (middle, low, high))
    up, down = (np.nan_to_num(reach, posinf=0.0).tolist() for reach in (top - at, at - bottom))
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, **more}


def legend(y: float, **more: Any) -> Trace:
    """A legend in a row: under the chart for y ≤ 0, over it otherwise; y in heights of the chart."""
    return {"orientation": "h", "x": 0, "y": y, "yanchor": "top" if y <= 0 else "bottom", **more}


def legend_below() -> Trace:
    """A legend in a row at the very bottom, however high the chart is; leave it a margin of 64 pixels below."""
    return {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}


def names_axis(names: Sequence[str], **more: Any) -> Trace:
    """An axis that names its places 0, 1, 2 …"""
    return {"tickvals": list(range(len(names))), "ticktext": list(names), "showgrid": False, **more}


def note(text: str, x: Any, y: Any, **more: Any) -> Trace:
    """Words at a place of the chart, without an arrow."""
    return {"text": text, "x": x, "y": y, "showarrow": False, **more}


def tiles(limits: tuple[float, float]) -> Trace:
    """What makes marks clickable squares on the shared color scale, for :func:`marks` of values as colors."""
    scale = {"cmin": limits[0], "cmax": limits[1], "colorscale": sequential_scale()}
    kept = {"marker": {"opacity": 1}}
    square = {"symbol": "square", "opacity": 1, **scale}
    return {"marker": square, "selected": kept, "unselected": kept, "showlegend": False}


def words(text: Sequence[str], place: Any, size: float | None = None, color: Any = None) -> Trace:
    """Words written beside points, or on them: ``**words([...], "top center")`` in :func:`marks`."""
    return {"mode": "markers+text", "text": text, "textposition": place, "textfont": {"size": size, "color": color}}


def arrow(start: tuple[float, float], end: tuple[float, float], **more: Any) -> Trace:
    """A grey arrow between two places of the chart, as an annotation."""
    ends = {"x": end[0], "y": end[1], "ax": start[0], "ay": start[1], "xref": "x", "yref": "y"}
    return {
        **ends,
        "axref": "x",
        "ayref": "y",
        "text": "",
        "arrowhead": 2,
        "arrowwidth": 1.5,
        "arrowcolor": OTHER,
        **more,
    }


def rectangle(x: tuple[float, float], y: tuple[float, float], color: str, opacity: float, **more: Any) -> Trace:
    """A filled rectangle, as a shape."""
    corners = {"x0": x[0], "x1": x[1], "y0": y[0], "y1": y[1]}
    return {"type": "rect", **corners, "fillcolor": color, "opacity": opacity, **more}


def group_fill(labels: Iterable[object] | None, without: str) -> str | list[str]:
    """The color of each label's group (:func:`color_groups`); one color for all where there are no labels."""
    if labels is None:
        return without
    named = [label_text(one) for one in labels]
    colors = color_groups(named)
    return [colors.get(name, OTHER) for name in named]


def decades(values: npt.ArrayLike) -> dict[str, Any]:
    """Of a logarithmic axis: numbers at 1, 10, 100 … alone, where the values span that much; 2 and 5 would be tiny.

    All are written out: beside 1,000, Plotly would write 10k.

    >>> decades([3, 400]), decades([3, 5])
    ({'dtick': 1, 'tickformat': ',~f'}, {})
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[known > 0]
    return {"dtick": 1, "tickformat": ",~f"} if len(known) and known.max() >= 10 * known.min() else {}


def log_steps(values: npt.ArrayLike) -> dict[str, Any]:
    """Of a logarithmic axis: numbers at the decades, and at 2 and 5 times these where the values span less than two.

    Written out, for a power of ten would have its exponent in letters too small to read.

    >>> log_steps([3, 40])["tickvals"], log_steps([0.02, 90])["tickvals"]
    ([2.0, 5.0, 10.0, 20.0, 50.0], [0.01, 0.1, 1.0, 10.0, 100.0])
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known) & (known > 0)]
    if not len(known):
        return {}
    low, high = float(known.min()), float(known.max())
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    steps = (1.0, 2.0, 5.0) if high < 100 * low else (1.0,)
    every = [float(f"{step}e{power}") for power in powers for step in steps]
    first = max([at for at, tick in enumerate(every) if tick <= low], default=0)
    last = min([at for at, tick in enumerate(every) if tick >= high], default=len(every) - 1)
    return {"tickvals": every[first : last + 1]}


def empty_figure(sentence: str, *, file_name: str = "chart") -> go.Figure:
    """A chart that has nothing to draw says why, in one sentence."""
    words = note(plain(sentence, 60), 0.5, 0.5, xref="paper", yref="paper", font_size=15)
    gone = {"visible": False}
    return chart([], file_name=file_name, description=sentence, x=gone, y=gone, annotations=[words])


def names_in_words(names: Sequence[str], most: int = 3) -> str:
    """ "a, b and 4 more"; for descriptions."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
