"""Two maps of the same items side by side: one scale, zoomed together, an item pointed at in one ringed in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array, NumberArray
from recemb_core.figures import theme
from recemb_core.figures.item_map import item_map_figure

GAP = 0.02  # between the maps, of the width
MIDDLE = 0.5
AROUND = 0.04  # free paper on each side, of the items' range


def paired_maps_figure(
    first: NumberArray,
    second: NumberArray,
    ids: Sequence[str],
    titles: Sequence[str],
    *,
    names: tuple[str, str],
    highlighted: tuple[Sequence[str], Sequence[str]] = ((), ()),
    stacked: bool = False,
    **points: Any,
) -> go.Figure:
    """Draw two maps.

    Args:
        first: (n, 2) positions in the left (upper) map.
        second: (n, 2) positions in the right (lower) map.
        ids: n item ids.
        titles: n names.
        names: what stands above each map.
        highlighted: ids ringed in each map (the chosen item's neighbors there).
        stacked: one below the other, for narrow pages.
        points: everything else goes to both :func:`~recemb_core.figures.item_map.item_map_figure`.

    Raises:
        ValueError: positions do not fit the ids.
    """
    if len(ids) == 0:
        return theme.empty_figure("No items to draw yet.", file_name="two maps")
    maps = [
        item_map_figure(at, ids, titles, highlighted=ringed, **points)
        for at, ringed in zip((first, second), highlighted, strict=True)
    ]
    figure = theme.Chart(layout=maps[0].layout)
    for number, single in enumerate(maps):
        suffix = "2" if number else ""
        for trace in single.data:
            group = f"{trace.name}"
            trace.update(xaxis=f"x{suffix}", yaxis=f"y{suffix}")
            if trace.legendgroup is None:  # one entry shows and hides a group in both maps
                trace.update(legendgroup=group)
            if number:
                trace.update(showlegend=False)
            figure.add_trace(trace)
    low, high = _limits(first, second)
    ends = [[0, MIDDLE - GAP], [MIDDLE + GAP, 1]]
    whole = [[0.0, 1.0], [0.0, 1.0]]
    across, along = (whole, ends[::-1]) if stacked else (ends, whole)
    still: dict[str, Any] = {"showticklabels": False, "showgrid": False, "showline": True, "mirror": True}
    figure.update_layout(
        xaxis={**still, "domain": across[0], "range": [low[0], high[0]], "anchor": "y"},
        xaxis2={**still, "domain": across[1], "matches": "x", "anchor": "y2"},
        yaxis={**still, "domain": along[0], "range": [low[1], high[1]], "scaleanchor": "x", "anchor": "x"},
        yaxis2={**still, "domain": along[1], "matches": "y", "anchor": "x2"},
        dragmode="pan",
        margin={**theme.TIGHT, "t": 60},
    )
    notes = [*maps[0].layout.annotations]
    for note in maps[1].layout.annotations:
        if note.xref is None:  # what stands in a corner stands there once
            note.update(xref="x2", yref="y2")
            notes.append(note)
    corner = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "font_size": 14}
    for name, x, y in zip(names, across, along, strict=True):
        notes.append(theme.note(f"<b>{theme.plain(name)}</b>", x[0], y[1], **corner))
    figure.layout.annotations = notes
    return theme.describe(
        figure,
        file_name=f"{names[0]} and {names[1]}",
        description=f"Two maps of the same {len(ids):,} items: {names[0]} and {names[1]}; "
        "the second was started from the first, so an item that did not move has the same neighbors.",
        linked_hover=True,
        map=True,
    )


def _limits(first: NumberArray, second: NumberArray) -> tuple[Float64Array, Float64Array]:
    both = np.vstack([first, second]).astype(np.float64)
    low, high = both.min(axis=0), both.max(axis=0)
    pad = np.where(high > low, AROUND * (high - low), 1.0)
    return low - pad, high + pad
