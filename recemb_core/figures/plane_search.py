"""Where two other indexes look on the same plane: the buckets of a query, and the cells that a kd-tree goes into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import BoolArray, Float64Array, Int64Array
from recemb_core.figures import theme

FILL = "25,125,104"  # theme.FOUND, see-through


@dataclass(frozen=True, eq=False)
class Plane:
    """Points of a plane, as one query sees them.

    Attributes:
        points: (n, 2).
        query: row that is searched for.
        near: its true neighbors.
        looked: (n,), whether a point's distance is worked out.
        reach: half the width and half the height of the plane.
    """

    points: Float64Array
    query: int
    near: Sequence[int]
    looked: BoolArray
    reach: tuple[float, float]


def plane_buckets_figure(plane: Plane, tables: Int64Array) -> go.Figure:
    """The region in which a point shares the query's bucket, darker the more tables agree.

    Args:
        plane: the points; ``looked`` are the candidates.
        tables: (rows, columns) of a raster over the plane, lowest row first: tables that would take a point there.
    """
    wide, high = plane.reach
    rows, columns = tables.shape
    top = max(int(tables.max(initial=0)), 1)
    shade = theme.heat_map(
        (np.arange(columns) + 0.5) * 2 * wide / columns - wide,
        (np.arange(rows) + 0.5) * 2 * high / rows - high,
        tables,
        (0, top),
        [(0.0, f"rgba({FILL},0)"), (1.0, f"rgba({FILL},0.55)")],
        hoverinfo="skip",
        showscale=False,
        uid="buckets",
    )
    shade["xgap"] = 0
    count = int(plane.looked.sum())
    return _plane(plane, [shade], [], "lsh-buckets", f"buckets of one query, {count} points in them", "candidate")


def plane_cells_figure(plane: Plane, cells: Sequence[tuple[Float64Array, Float64Array]], visited: int) -> go.Figure:
    """The cells of the tree, those that the query goes into filled and numbered in their order.

    Args:
        plane: the points; ``looked`` are those of the cells visited. The circle goes through the last of ``near``.
        cells: (low, high) corners, the visited ones first, in their order.
        visited: how many of them those are.
    """
    shapes = [
        theme.rectangle(
            (low[0], high[0]), (low[1], high[1]), f"rgba({FILL},{0.3 if at < visited else 0})", 1,
            line={"width": 1, "color": theme.OTHER}, layer="below",
        )
        for at, (low, high) in enumerate(cells)
    ]  # fmt: skip
    notes = [
        theme.note(str(at + 1), (low[0] + high[0]) / 2, (low[1] + high[1]) / 2, font_size=15)
        for at, (low, high) in enumerate(cells[:visited])
    ]
    x, y = plane.points[plane.query]
    far = float(np.linalg.norm(plane.points[list(plane.near)] - plane.points[plane.query], axis=1).max(initial=0))
    ball = {"type": "circle", "x0": x - far, "x1": x + far, "y0": y - far, "y1": y + far}
    shapes.append({**ball, "line": {"color": theme.NEAR, "width": 2, "dash": "dot"}})
    words = f"{visited} of {len(cells)} cells of a kd-tree visited"
    return _plane(plane, [], shapes, "kd-tree-cells", words, "in a cell visited", annotations=notes)


def _plane(
    plane: Plane, below: list[theme.Trace], shapes: list[Any], name: str, words: str, looked: str, **more: Any
) -> go.Figure:
    wide, high = plane.reach
    traces = [*below]
    others = np.arange(len(plane.points)) != plane.query
    for kind, color, size, rows in (
        ("not looked at", theme.OTHER, 4, np.flatnonzero(~plane.looked & others)),
        (looked, theme.FOUND, 7, np.flatnonzero(plane.looked & others)),
        ("the query", theme.CHOSEN, 12, np.array([plane.query])),
    ):
        mark = {"line": {"width": 2, "color": "white"}} if kind == "the query" else None
        traces.append(
            theme.marks(
                plane.points[rows].T, color, size, marker=mark, name=kind, uid=kind,
                customdata=[[str(row)] for row in rows], hover=f"point %{{customdata[0]}}: {kind}",
            )
        )  # fmt: skip
    traces.append(
        theme.marks(
            plane.points[list(plane.near)].T, theme.NEAR, 12, marker={"symbol": "circle-open", "line": {"width": 2.5}},
            name=f"the {len(plane.near)} truly nearest", uid="nearest",
        )
    )  # fmt: skip
    return theme.chart(
        traces,
        file_name=name,
        description=f"{len(plane.points)} points of a plane: {words}",
        x={**theme.UNSEEN, "range": [-wide, wide]},
        y={**theme.UNSEEN, "range": [-high, high], "scaleanchor": "x"},
        legend=theme.legend(-0.01),
        margin=theme.TIGHT,
        shapes=shapes,
        **more,
    )
