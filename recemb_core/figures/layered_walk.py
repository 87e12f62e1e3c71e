"""A layered graph seen from the side: its planes one above the other, and the walk of one query down through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array, Int32Array
from recemb_core.figures import theme

SLANT = 0.3  # how far to the right a point lies for one unit of its own height
GROUND, ABOVE, GAP = 0.8, 0.3, 0.7  # height of a unit on the lowest plane and on the others, and the air between
WALK = theme.PLAIN


@dataclass(frozen=True, eq=False)
class Layer:
    """One plane, the lowest first.

    Attributes:
        rows: points on it.
        links: (m, 2) rows.
        compared: rows whose distances were worked out here, so far.
        steps: (h, 2) rows, from where to where the walk went here, in its order.
        start: the row at which it came here; None while it has not.
    """

    rows: Int32Array
    links: Int32Array
    compared: Int32Array
    steps: Int32Array
    start: int | None


def layered_walk_figure(
    points: Float64Array, layers: Sequence[Layer], *, query: int, near: Sequence[int], reach: tuple[float, float]
) -> go.Figure:
    """Draw the planes and the walk.

    Args:
        points: (n, 2).
        layers: lowest first.
        query: row that is searched for.
        near: its true neighbors.
        reach: half the width and half the height of the plane.
    """
    wide, high = reach
    bottom = np.zeros(len(layers))
    for at in range(1, len(layers)):
        bottom[at] = bottom[at - 1] + 2 * high * (GROUND if at == 1 else ABOVE) + GAP

    def on(layer: int, at: Float64Array) -> Float64Array:
        """(…, 2) on the page of (…, 2) on a plane."""
        tall = (at[..., 1] + high) * (GROUND if layer == 0 else ABOVE)
        return np.stack([at[..., 0] + SLANT * (at[..., 1] + high), bottom[layer] + tall], axis=-1)

    corners = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high], [-wide, -high]])
    traces: list[theme.Trace] = []
    arrows: list[theme.Trace] = []
    told = set[str]()
    for number, layer in enumerate(layers):
        traces.append(
            theme.lines(
                on(number, corners).T, theme.OTHER, 1, fill="toself", fillcolor="rgba(154,154,154,0.07)",
                showlegend=False, uid=f"plane {number}",
            )
        )  # fmt: skip
        ends = on(number, points[layer.links])
        traces.append(
            theme.lines(
                theme.segments(ends[:, 0], ends[:, 1]), theme.OTHER, 0.6, opacity=0.45, showlegend=False,
                uid=f"links {number}",
            )
        )  # fmt: skip
        met = {*layer.compared.tolist(), *([] if layer.start is None else [layer.start])}
        others = [row for row in layer.rows.tolist() if row != query]
        for kind, color, size, rows in (
            ("not looked at", theme.OTHER, 4, [row for row in others if row not in met]),
            ("distance worked out", theme.FOUND, 7, [row for row in others if row in met]),
            ("the query", theme.CHOSEN, 12, [query] if query in layer.rows else []),
        ):
            if not rows:
                continue
            mark = {"line": {"width": 2, "color": "white"}} if kind == "the query" else None
            traces.append(
                theme.marks(
                    on(number, points[rows]).T, color, size, marker=mark, name=kind, legendgroup=kind,
                    showlegend=kind not in told, customdata=[[str(row)] for row in rows],
                    hover=f"point %{{customdata[0]}}, layer {number}: {kind}", uid=f"{kind} {number}",
                )
            )  # fmt: skip
            told.add(kind)
        steps = on(number, points[layer.steps])
        if len(steps):
            traces.append(
                theme.lines(
                    theme.segments(steps[:, 0], steps[:, 1]), WALK, 3 if number else 2, name="the walk",
                    legendgroup="walk", showlegend="walk" not in told, uid=f"walk {number}",
                )
            )  # fmt: skip
            told.add("walk")
            arrows += [
                theme.arrow(tuple(a), tuple(b), arrowcolor=WALK, showarrow=True, arrowsize=0.9)
                for a, b in steps.tolist()
                if number and a != b
            ]
        if layer.start is not None and number + 1 < len(layers):
            drop = np.stack([on(number + 1, points[layer.start]), on(number, points[layer.start])])
            line = {"dash": "dot"}
            traces.append(theme.lines(drop.T, WALK, 2, line=line, showlegend=False, uid=f"down {number}"))
    truly = on(0, points[list(near)])
    traces.append(
        theme.marks(
            truly.T, theme.NEAR, 12, marker={"symbol": "circle-open", "line": {"width": 2.5}},
            name=f"the {len(near)} truly nearest", uid="nearest",
        )
    )  # fmt: skip
    notes = [
        theme.note(
            f"layer {number}: {len(layer.rows):,}", *on(number, np.array([-wide, high])).tolist(), font_size=12,
            xanchor="left", yanchor="bottom",
        )
        for number, layer in enumerate(layers)
    ]  # fmt: skip
    looked = sum(len(layer.compared) for layer in layers)
    return theme.chart(
        traces,
        file_name="hnsw-walk",
        description=f"{len(layers)} layers of a graph of {len(points)} points; the walk of one query has worked out "
        f"{looked} distances on them",
        x={**theme.UNSEEN, "range": [-wide - 0.1, wide + 2 * high * SLANT + 0.1]},
        y={**theme.UNSEEN, "range": [-0.2, float(on(len(layers) - 1, np.array([0.0, high]))[1]) + 0.9]},
        legend=theme.legend(-0.01),
        margin=theme.TIGHT,
        annotations=[*notes, *arrows],
    )
