"""The item graph drawn: the item map with its edges underneath, one item's edges lit up."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import IntegerArray, NumberArray
from recemb_core.figures import theme
from recemb_core.figures.item_map import item_map_figure

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
        points: everything else goes to :func:`~recemb_core.figures.item_map.item_map_figure`.
    """
    ids = np.array([str(item) for item in points["ids"]], dtype=object)

    def between(source: Any, target: Any, name: str, color: str, width: float, opacity: float) -> theme.Trace:
        """All edges as one trace; by their ids the ends glide with the points."""
        ends = np.column_stack([ids[source], ids[target], np.full(len(target), None)])
        at = theme.segments(positions[source], positions[target])
        known: theme.Trace = {"name": name, "uid": f"lines:{name}", "showlegend": name != "edges"}
        known["meta"] = {"beneath": True}
        glide = ends.reshape(-1, 1)  # an array, which plotly does not look into item by item
        return theme.lines(at, color, width, opacity=opacity, legendrank=2_700, customdata=glide, **known)

    under = [between(*edges, "edges", theme.OTHER, 0.6, 0.35)]
    if chosen_row is not None:
        lit = [(out_rows, "edges out of it" if directed else "its edges", OUT_COLOR)]
        lit += [(in_rows, "edges into it", IN_COLOR)] if directed else []
        for rows, name, color in lit:
            if rows is not None and len(rows):
                under.append(between(np.full(len(rows), chosen_row), rows, name, color, 1.8, 0.9))
    figure = item_map_figure(positions, axes="", under=under, **points)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure
