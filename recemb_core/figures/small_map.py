"""A thumbnail of the item plane for the pipeline strip: points with edges, one walk, or one item's neighbors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import IntegerArray, NumberArray
from recemb_core.figures import theme


def small_map_figure(
    positions: NumberArray,
    titles: Sequence[str],
    *,
    chosen: int,
    colors: NumberArray | None = None,
    edges: tuple[IntegerArray, IntegerArray] | None = None,
    path: IntegerArray | None = None,
    near: IntegerArray | None = None,
    description: str = "",
) -> go.Figure:
    """Draw a thumbnail.

    Args:
        positions: (n, 2).
        titles: (n,) names for the hover text.
        chosen: row of the chosen item.
        colors: (n,) group labels, colored as everywhere else.
        edges: (source rows, target rows) drawn in grey.
        path: rows of a walk, drawn as a line from its first to its last item.
        near: rows joined to the chosen item by thin lines (its nearest neighbors).
        description: for screen readers.
    """
    hover = [theme.plain(title, 40) for title in titles]
    traces = []
    if edges is not None:
        joined = theme.segments(positions[edges[0]], positions[edges[1]])
        traces.append(theme.lines(joined, theme.OTHER, 0.5, opacity=0.5))
    traces.append(
        theme.marks(
            positions.T,
            theme.group_fill(colors, theme.PLAIN),
            5 if len(positions) < 400 else 3,
            marker={"opacity": 0.8},
            text=hover,
            hover="%{text}",
        )
    )
    if near is not None:
        joined = theme.segments(positions[np.full(len(near), chosen)], positions[near])
        traces.append(theme.lines(joined, theme.CHOSEN, 1.2))
    if path is not None:
        names = [hover[int(row)] for row in path]
        traces.append(
            theme.lines(positions[path].T, theme.PATH, 2, dots=5, text=names, hover="step %{pointNumber}: %{text}")
        )
    here: theme.Trace = {"marker": {"line": theme.WHITE_EDGE}, "text": [hover[chosen]], "hover": "<b>%{text}</b>"}
    traces.append(theme.marks(positions[[chosen]].T, theme.CHOSEN, 11, **here))
    gone = {"visible": False}
    return theme.chart(
        traces,
        file_name="pipeline",
        description=description,
        mode_bar=False,
        x=gone,
        y=gone,
        showlegend=False,
        margin=theme.TIGHT,
    )
