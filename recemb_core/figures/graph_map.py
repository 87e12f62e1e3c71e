"""The item graph drawn: the item map with its edges underneath, one item's edges lit up."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import IntegerArray, NumberArray
from recemb_core.figures import theme
from recemb_core.figures.item_map import WEBGL_FROM, item_map_figure

OUT_COLOR, IN_COLOR = theme.OUT, theme.IN


def graph_map_figure(
    positions: NumberArray,
    edges: tuple[IntegerArray, IntegerArray],
    *,
    out_rows: IntegerArray | None = None,
    in_rows: IntegerArray | None = None,
    chosen_row: int | None = None,
    directed: bool = False,
    **points: Any,
) -> go.Figure:
    """Draw a graph.

    Args:
        positions: (n, 2).
        edges: (source rows, target rows) of the edges drawn.
        out_rows: rows that the chosen item's edges lead to (its neighbors, if undirected).
        in_rows: rows whose edges lead to the chosen item.
        chosen_row: row of the chosen item.
        directed: name the lit edges by direction.
        points: everything else goes to :func:`~recemb_core.figures.item_map.item_map`.
    """
    figure = item_map_figure(positions, x_title="", y_title="", **points)
    line = go.Scattergl if len(positions) >= WEBGL_FROM else go.Scatter
    ids = np.array([str(item) for item in points["ids"]], dtype=object)
    under = [_lines(line, positions, ids, *edges, name="edges", color=theme.OTHER, width=0.6, opacity=0.35)]
    if chosen_row is not None:
        lit = [(out_rows, "edges out of it" if directed else "its edges", OUT_COLOR)]
        lit += [(in_rows, "edges into it", IN_COLOR)] if directed else []
        for rows, name, color in lit:
            if rows is not None and len(rows):
                ends = np.full(len(rows), chosen_row)
                under.append(
                    _lines(line, positions, ids, ends, rows, name=name, color=color, width=1.8, opacity=0.9, show=True)
                )
    figure.add_traces(under)
    figure.data = (*figure.data[-len(under) :], *figure.data[: -len(under)])
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def _lines(
    kind: Any,
    positions: NumberArray,
    ids: IntegerArray,
    source: IntegerArray,
    target: IntegerArray,
    *,
    name: str,
    color: str,
    width: float,
    opacity: float,
    show: bool = False,
) -> Any:
    """All edges as one trace: x₀ x₁ gap x₀ x₁ gap …"""
    ends = np.full((len(source), 3), None, dtype=object)
    ends[:, 0], ends[:, 1] = ids[source], ids[target]
    path = np.full((len(source), 3, 2), np.nan)
    path[:, 0], path[:, 1] = positions[source], positions[target]
    flat = path.reshape(-1, 2)
    return kind(
        x=flat[:, 0],
        y=flat[:, 1],
        mode="lines",
        line={"color": color, "width": width},
        opacity=opacity,
        hoverinfo="skip",
        customdata=[[item] for item in ends.ravel()],  # by their ids the ends glide with the points
        name=name,
        showlegend=show,
        uid=f"lines:{name}",
        legendrank=2_700,
    )
