"""The map: one point an item, colored, sized, labelled, with the chosen item on top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from recemb_core.arrays import AnyArray, BoolArray, Float64Array, Int64Array
from recemb_core.figures import theme
from recemb_core.foreign_text import inert
from recemb_core.validation import UsageError

Trace = Callable[..., dict[str, Any]]

LABEL_WIDTH, TITLE_WIDTH, LEGEND_WIDTH = 26, 48, 22  # characters
DENSITY_FROM = 5_000  # items from which on lines of density are drawn beneath them
DENSITY_SHARES = (0.25, 0.5, 0.75, 0.95)
NOMINAL_PLOT = (480.0, 380.0)  # pixels that labels are placed for; a larger chart only moves them further apart
LABEL_HEIGHT, CHARACTER_WIDTH = 17.0, 6.6  # pixels of a label set in 12 px type


def item_map_figure(
    positions: npt.ArrayLike,
    ids: Sequence[str],
    titles: Sequence[str] | None = None,
    *,
    color_by: Sequence[object] | AnyArray | None = None,
    color_title: str = "",
    symbol_by: Sequence[object] | AnyArray | None = None,
    symbol_title: str = "",
    size: npt.ArrayLike | None = None,
    shrunk: float = 1.0,
    chosen: str | None = None,
    highlighted: Sequence[str] = (),
    highlighted_title: str = "nearest neighbors",
    labels: Sequence[str] = (),
    room: tuple[float, float] = NOMINAL_PLOT,
    under: Sequence[theme.Trace] = (),
    title: str = "",
    named: str = "",
    axes: str = "UMAP; axes have no unit",
) -> go.Figure:
    """Draw items as points in the plane.

    Args:
        positions: (n, 2) coordinates; both axes get the same scale.
        ids: n distinct item ids; each point carries its id as ``customdata[0]``.
        titles: n names for people; the ids where left out.
        color_by: n values. Text (or booleans): the sixteen largest groups are colored, the rest share one grey.
            Numbers: a continuous scale with a color bar; missing ones are grey.
        color_title: what the colors mean, shown above the legend and in the hover text.
        symbol_by: n labels, drawn as marker shapes.
        size: n values ≥ 0; the area of a point grows with its value.
        shrunk: points and rings are so much smaller than usual, for a map in little room.
        chosen: id ringed in the chosen color and named; an id that is not on the map is ignored.
        highlighted: ids with a thin ring (neighbors of the chosen one).
        labels: ids to name on the map, most important first, each only where it overlaps no other name.
        room: pixels, width and height, that the points and names have; in a larger chart they only move apart.
        under: what is drawn below the points.
        title: stands above the map, and names its file.
        named: names the file of a map without a title, and begins its description.
        axes: a few words in the corner about what the axes are.

    Above 5,000 items, lines around the densest 25, 50, 75 and 95% of them lie beneath the points
    (:func:`~recemb_core.summaries.density_lines`). A trace tells the live chart the group of its points
    (``meta["group"]``; of the grey rest ``meta["groups"]`` and, for each point, ``meta["of"]``): names of groups are
    placed there, for what is in view.

    Raises:
        ValueError: an argument's length differs from the number of items; the message names it.

    >>> figure = item_map_figure([[0, 0], [1, 1]], ["a", "b"], ["Tea", "Milk"], color_by=["drink", "dairy"], chosen="a")
    >>> [trace.name for trace in figure.data]
    ['dairy', 'drink', 'Tea']
    """
    points = np.asarray(positions, dtype=np.float64)
    ids = [str(item) for item in ids]
    n = len(ids)
    if n == 0:
        return theme.empty_figure("No items to draw yet.", file_name=title or named or "map")
    if points.shape != (n, 2):
        raise UsageError(f"positions has shape {points.shape}; {n} ids need ({n}, 2)")
    names = ids if titles is None else [str(t) for t in titles]
    for argument, values in (("titles", names), ("color_by", color_by), ("symbol_by", symbol_by), ("size", size)):
        if values is not None and len(np.asarray(values, dtype=object)) != n:
            raise UsageError(f"{argument} has {len(np.asarray(values, dtype=object))} values; the map has {n} items")

    row = {item: i for i, item in enumerate(ids)}
    pixels = shrunk * _pixel_sizes(n, size)
    symbols = None if symbol_by is None else [theme.label_text(v) for v in symbol_by]
    shape_of = theme.group_symbols(symbols) if symbols is not None else {}
    shapes = None if symbols is None else np.array([shape_of[s] for s in symbols], dtype=object)
    hover = [theme.plain(name, TITLE_WIDTH) for name in names]
    notes = _hover_notes(color_by, color_title, symbols, symbol_title, n)
    custom = np.array([ids, hover, notes], dtype=object).T  # an array, which plotly does not look into item by item

    def trace(rows: Int64Array, marker: dict[str, Any], **more: Any) -> dict[str, Any]:
        if shapes is not None and "symbol" not in marker:
            marker["symbol"] = shapes[rows]
        return theme.marks(
            (points[rows, 0], points[rows, 1]),
            None,
            pixels[rows],
            hover="<b>%{customdata[1]}</b>%{customdata[2]}",
            marker={"opacity": 0.95 if n < 400 else 0.85 if n < 3_000 else 0.7, "line": {"width": 0}, **marker},
            customdata=custom[rows],
            unselected={"marker": {"opacity": 0.12}},
            **more,
        )

    scale = color_by is not None and _numeric(color_by)
    if scale:
        traces = _value_traces(trace, np.asarray(color_by, dtype=np.float64), color_title)
    else:
        traces = _group_traces(trace, color_by, n)
    traces += [_symbol_key(name, shape_of[name], symbol_title) for name in sorted(shape_of)]
    chosen_row = row.get(str(chosen)) if chosen is not None else None
    ringed = np.array(sorted({row[h] for h in map(str, highlighted) if h in row} - {chosen_row}), dtype=np.int64)

    def ring(rows: Int64Array, wider: float, width: float, opacity: float, **more: Any) -> dict[str, Any]:
        marker = {
            "symbol": "circle-open",
            "size": pixels[rows] + shrunk * wider,
            "color": theme.CHOSEN,
            "opacity": opacity,
        }
        marker["line"] = {"width": width}
        silent = {"hoverinfo": "skip", "hovertemplate": None, "unselected": {"marker": {"opacity": 1}}}
        return trace(rows, marker, **more) | silent

    if len(ringed):
        traces.append(ring(ringed, 5, 1.5, 0.9, name=highlighted_title, uid="highlighted", legendrank=2_600))
    if chosen_row is not None:
        name = _entry(names[chosen_row])
        traces.append(ring(np.array([chosen_row]), 12, 3.5, 1, name=name, uid="chosen", legendrank=2_500))

    wanted = [row[label] for label in map(str, labels) if label in row and row[label] != chosen_row]
    if chosen_row is not None:
        wanted.insert(0, chosen_row)
    places = _place_labels(points, [names[i] for i in wanted], wanted, pixels, room)
    words: list[Any] = [_label(ids[i], names[i], points[i], x, y, is_chosen=i == chosen_row) for i, x, y in places]
    if axes:
        words.append(_axes_note(axes))
    groups = [] if color_by is None or scale else list(theme.color_groups(color_by))
    chosen_name = names[chosen_row] if chosen_row is not None else None
    figure = theme.chart(
        [*_density(points), *under, *traces],
        file_name=title or named or "item-map",
        description=_description(title or named, n, color_title, groups, chosen_name),
        annotations=words,
        **_layout(title, "" if scale else color_title),
    )
    figure.layout.meta = {**figure.layout.meta, "map": True}  # with a search, names of groups, and keys that walk on it
    return figure


def _numeric(values: Any) -> bool:
    kind = np.asarray(values).dtype.kind
    return kind in "iuf"


def _pixel_sizes(n: int, size: npt.ArrayLike | None) -> Float64Array:
    base = 11.0 if n <= 100 else 9.0 if n <= 400 else 7.0 if n <= 1_500 else 5.0
    if size is None:
        return np.full(n, base)
    value = np.nan_to_num(np.asarray(size, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    share = np.sqrt(np.clip(value, 0, None) / max(float(value.max()), 1e-12))
    return np.round(0.7 * base + 1.0 * base * share, 1)


def _hover_notes(color_by: Any, color_title: str, symbols: list[str] | None, symbol_title: str, n: int) -> list[str]:
    """The lines under the name: what the color and the shape say about the item."""
    notes = [""] * n
    if color_by is not None:
        prefix = f"{theme.plain(color_title)}: " if color_title else ""
        numeric = _numeric(color_by)
        for i, value in enumerate(color_by):
            if numeric:
                shown = "no value" if not np.isfinite(value) else f"{value:,.4g}"
            else:
                shown = theme.plain(theme.label_text(value), TITLE_WIDTH)
            notes[i] += f"<br>{prefix}{shown}"
    if symbols is not None:
        prefix = f"{theme.plain(symbol_title)}: " if symbol_title else ""
        notes = [f"{note}<br>{prefix}{theme.plain(s)}" for note, s in zip(notes, symbols, strict=True)]
    return notes


def _group_traces(trace: Trace, color_by: Any, n: int) -> list[dict[str, Any]]:
    if color_by is None:
        return [trace(np.arange(n), {"color": theme.PLAIN}, name="items", uid="items", showlegend=False)]
    labels = np.array([theme.label_text(v) for v in color_by], dtype=object)
    colors = theme.color_groups(labels)
    rest = ~np.isin(labels, list(colors))
    traces: list[dict[str, Any]] = []
    if rest.any():  # first, so that the grey lies underneath
        grey, of = np.unique(labels[rest].astype(str), return_inverse=True)
        name = f"other ({len(grey)} groups)" if len(grey) > 1 else str(grey[0])
        known: theme.Trace = {"name": _entry(name), "uid": "group:rest", "legendrank": 2_000}
        known["meta"] = {"groups": ["" if one == theme.NO_LABEL else _name(one) for one in grey], "of": of.tolist()}
        traces.append(trace(np.flatnonzero(rest), {"color": theme.OTHER}, **known))
    for rank, (group, color) in enumerate(colors.items()):
        rows = np.flatnonzero(labels == group)
        known = {"name": _entry(group), "legendrank": 1_000 + rank, "meta": {"group": _name(group)}}
        known["uid"] = f"group:{group}"  # a group hidden in the legend stays hidden when its rank changes
        traces.append(trace(rows, {"color": color}, **known))
    return traces


def _value_traces(trace: Trace, values: Float64Array, color_title: str) -> list[dict[str, Any]]:
    known = np.isfinite(values)
    traces: list[dict[str, Any]] = []
    if not known.all():
        rows = np.flatnonzero(~known)
        traces.append(trace(rows, {"color": theme.OTHER}, name="no value", uid="group:rest", legendrank=2_000))
    if known.any():
        bar = {"title": {"text": theme.plain(color_title, 18), "font": {"size": 12}}, "thickness": 12}
        bar |= {"len": 0.7, "y": 0, "yanchor": "bottom", "outlinewidth": 0}  # below the legend of the chosen item
        rows = np.flatnonzero(known)
        marker = {"color": values[rows], "colorscale": theme.sequential_scale(), "showscale": True, "colorbar": bar}
        traces.append(trace(rows, marker, name=_entry(color_title or "items"), uid="values", showlegend=False))
    return traces


def _symbol_key(name: str, symbol: str, symbol_title: str) -> dict[str, Any]:
    """A legend entry without points, for a shape; in a group of its own, so that it never hides a color's items."""
    entry: theme.Trace = {"name": _entry(f"{symbol_title}: {name}" if symbol_title else name), "uid": f"symbol:{name}"}
    last: theme.Trace = {"legendgroup": "symbols", "legendrank": 3_000}
    return theme.marks(([None], [None]), theme.OTHER, 9, marker={"symbol": symbol}, type="scatter", **entry, **last)


def _entry(name: str) -> str:
    return theme.label(name, LEGEND_WIDTH)


def _name(group: str) -> str:
    """As the live chart writes it: text, no markup."""
    return inert(theme.shorten(group, LABEL_WIDTH))


def _density(points: Float64Array) -> list[theme.Trace]:
    """One trace a share, the outermost first."""
    if len(points) <= DENSITY_FROM:
        return []
    from recemb_core.summaries import density_lines

    found = zip(DENSITY_SHARES, density_lines(points, DENSITY_SHARES), strict=True)
    words = f"densest {', '.join(f'{100 * share:g}' for share in DENSITY_SHARES)}%"
    known: theme.Trace = {"name": words, "legendgroup": "density", "legendrank": 2_800, "meta": {"density": True}}
    return [
        theme.lines(
            theme.segments(*ends),
            theme.OTHER,
            1,
            opacity=0.75,
            uid=f"density:{share}",
            showlegend=share == 0.95,
            **known,
        )
        for share, ends in reversed(list(found))
    ]


def _axes_note(words: str) -> theme.Trace:
    corner = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "name": "axes"}
    return theme.note(theme.plain(words), 0, 0, **corner, opacity=0.75, font_size=11)


def _place_labels(
    points: Float64Array, texts: list[str], rows: list[int], pixels: Float64Array, room: tuple[float, float]
) -> list[tuple[int, int, int]]:
    """Greedy: each name takes the free side of its point (right, left, above, below) that covers the fewest points.

    Returns (row, x side, y side) with sides in {-1, 0, 1}; names that fit nowhere are left out, the first never.
    """
    if not rows:
        return []
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    scale = min(room[k] / span[k] if span[k] > 0 else np.inf for k in (0, 1))
    scale = scale if np.isfinite(scale) else 1.0
    at = (points - (low + span / 2)) * scale + np.array(room) / 2
    boxes = np.empty((0, 4))
    placed: list[tuple[int, int, int]] = []
    for i, text in zip(rows, texts, strict=True):
        width = CHARACTER_WIDTH * min(len(text), LABEL_WIDTH) + 6
        best: tuple[int, int, int, Float64Array] | None = None
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            gap = pixels[i] / 2 + 4
            cx, cy = at[i] + np.array([x * (gap + width / 2), y * (gap + LABEL_HEIGHT / 2)])
            box = np.array([cx - width / 2, cy - LABEL_HEIGHT / 2, cx + width / 2, cy + LABEL_HEIGHT / 2])
            outside = box[0] < 0 or box[1] < 0 or box[2] > room[0] or box[3] > room[1]
            clash = _overlaps(box, boxes).any()
            if placed and (outside or clash):
                continue
            inside = (at[:, 0] > box[0]) & (at[:, 0] < box[2]) & (at[:, 1] > box[1]) & (at[:, 1] < box[3])
            cost = int(inside.sum()) + 1_000 * int(outside)
            if best is None or cost < best[0]:
                best = (cost, x, y, box)
        if best is not None:
            placed.append((i, best[1], best[2]))
            boxes = np.vstack([boxes, best[3]])
    return placed


def _overlaps(box: Float64Array, boxes: Float64Array) -> BoolArray:
    apart = (boxes[:, 0] >= box[2]) | (boxes[:, 2] <= box[0]) | (boxes[:, 1] >= box[3]) | (boxes[:, 3] <= box[1])
    return np.asarray(~apart)


def _label(item: str, name: str, point: Float64Array, x: int, y: int, *, is_chosen: bool) -> go.layout.Annotation:
    gap = 11 if is_chosen else 7
    text = theme.label(name, LABEL_WIDTH)
    return go.layout.Annotation(
        name=f"item:{item}",  # the live chart moves a label with its item
        x=float(point[0]),
        y=float(point[1]),
        text=f"<b>{text}</b>" if is_chosen else text,
        showarrow=False,
        xanchor={1: "left", -1: "right", 0: "center"}[x],
        yanchor={1: "bottom", -1: "top", 0: "middle"}[y],
        xshift=x * gap,
        yshift=y * gap,
        font={"size": 13, "color": theme.CHOSEN} if is_chosen else {"size": 12},
    )


def _layout(title: str, legend_title: str) -> dict[str, Any]:
    still = {"showticklabels": False, "showgrid": False}
    return {
        "title": {"text": theme.plain(title)},
        "xaxis": still,
        "yaxis": {**still, "scaleanchor": "x", "scaleratio": 1},
        "legend": {"title": {"text": theme.plain(legend_title, LEGEND_WIDTH)}},
        "dragmode": "pan",
        "margin": {**theme.TIGHT, **({"t": 40} if title else {})},
    }


def _description(title: str, n: int, color_title: str, groups: Sequence[str], chosen: str | None) -> str:
    words = f"{title or 'Map'}: {n:,} items as points; items that lie close have similar vectors"
    if color_title:
        words += f"; colored by {color_title}"
    if groups:
        words += f" ({theme.names_in_words(groups)})"
    return words + (f"; chosen item: {chosen}." if chosen else ".")
