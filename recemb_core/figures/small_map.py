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
    figure = go.Figure()
    if edges is not None:
        x, y = (_broken(positions[edges[0], axis], positions[edges[1], axis]) for axis in (0, 1))
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": theme.OTHER, "width": 0.5}, opacity=0.5, hoverinfo="skip"
        )
    fill: str | list[str] = theme.PLAIN
    if colors is not None:
        known = theme.color_groups(colors)
        fill = [known.get(theme.label_text(c), theme.OTHER) for c in colors]
    figure.add_scatter(
        x=positions[:, 0],
        y=positions[:, 1],
        mode="markers",
        marker={"size": 5 if len(positions) < 400 else 3, "color": fill, "opacity": 0.8},
        text=[theme.plain(t, 40) for t in titles],
        hovertemplate="%{text}<extra></extra>",
    )
    if near is not None:
        ends = np.full(len(near), chosen)
        x, y = (_broken(positions[ends, axis], positions[near, axis]) for axis in (0, 1))
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": theme.CHOSEN, "width": 1.2}, hoverinfo="skip")
    if path is not None:
        figure.add_scatter(
            x=positions[path, 0],
            y=positions[path, 1],
            mode="lines+markers",
            line={"color": theme.PATH, "width": 2},
            marker={"size": 5, "color": theme.PATH},
            text=[theme.plain(titles[int(r)], 40) for r in path],
            hovertemplate="step %{pointNumber}: %{text}<extra></extra>",
        )
    figure.add_scatter(
        x=positions[[chosen], 0],
        y=positions[[chosen], 1],
        mode="markers",
        marker={"size": 11, "color": theme.CHOSEN, "line": {"width": 2, "color": "white"}},
        text=[theme.plain(titles[chosen], 40)],
        hovertemplate="<b>%{text}</b><extra></extra>",
    )
    figure.update_layout(template=theme.template(), showlegend=False, margin={"l": 2, "r": 2, "t": 2, "b": 2})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure = theme.describe(figure, file_name="pipeline", description=description)
    figure.layout.meta = {**figure.layout.meta, "mode_bar": False}
    return figure


def _broken(start: NumberArray, end: IntegerArray) -> NumberArray:
    """x₀ x₁ gap x₀ x₁ gap …: many separate lines in one trace."""
    path = np.full((len(start), 3), np.nan)
    path[:, 0], path[:, 1] = start, end
    return path.ravel()
