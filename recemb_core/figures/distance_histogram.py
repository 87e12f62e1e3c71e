"""How far the nearest neighbors are against all pairs, with the bucket width drawn to the same scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.figures import theme

NEAR, ALL = theme.NEAR, theme.PLAIN


def distance_histogram_figure(
    edges: Float64Array,
    near: Int64Array,
    every: Int64Array,
    *,
    k: int,
    width: float | None = None,
    default_width: float | None = None,
    angle: bool = False,
) -> go.Figure:
    """Draw two histograms as shares of their own pairs, so that few near pairs are seen beside many others.

    Args:
        edges: (bins + 1,) of the distances; radians with `angle`.
        near: (bins,) pairs of a query and one of its k nearest neighbors.
        every: (bins,) pairs of a query and any other point.
        k: neighbors a query.
        width: bucket width w, a bar from 0 to w above the histograms; None for hyperplanes, which have none.
        default_width: the width that the data suggests, a mark on the bar.
        angle: distances are angles; shown in degrees.
    """
    scale = 180 / np.pi if angle else 1.0
    middle, size = (edges[1:] + edges[:-1]) * scale / 2, np.diff(edges) * scale
    top = 0.0
    traces: list[dict[str, Any]] = []
    for name, counts, color in ((f"{k} nearest", near, NEAR), ("all pairs", every, ALL)):
        share = counts / max(int(counts.sum()), 1)
        top = max(top, float(share.max(initial=0.0)))
        traces.append(
            {
                "type": "bar",
                "x": middle,
                "y": share,
                "width": size,
                "marker": {"color": color, "opacity": 0.6, "line": {"width": 0}},
                "customdata": [f"{c:,}" for c in counts],
                "hovertemplate": f"{name}: %{{y:.1%}} (%{{customdata}} pairs) near %{{x:.3~g}}<extra></extra>",
                "name": name,
                "uid": name,
            }
        )
    reach = float(edges[-1]) * scale
    notes = []
    if width is not None:
        reach = max(reach, width * 1.05)
        y = top * 1.12
        pen = {"width": 3, "color": theme.CHOSEN}
        traces.append(
            {
                "x": [0, width],
                "y": [y, y],
                "mode": "lines+markers",
                "line": pen,
                "marker": {"symbol": "line-ns", "size": 12, "color": theme.CHOSEN, "line": pen},
                "hovertemplate": f"bucket width w = {width:.3g}<extra></extra>",
                "showlegend": False,
                "name": "width",
                "uid": "width",
            }
        )
        notes.append(
            {"text": f"bucket width w = {width:.3g}", "x": width / 2, "y": y, "yshift": 12, "showarrow": False,
             "font": {"color": theme.CHOSEN, "size": 13}}
        )  # fmt: skip
        if default_width is not None:
            traces.append(
                {
                    "x": [default_width],
                    "y": [y],
                    "mode": "markers",
                    "marker": {"symbol": "triangle-down", "size": 10, "color": theme.OTHER},
                    "hovertemplate": f"default from this data: {default_width:.3g}<extra></extra>",
                    "showlegend": False,
                    "name": "default width",
                    "uid": "default",
                }
            )
    layout = {
        "template": theme.template(),
        "barmode": "overlay",
        "bargap": 0,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.18, "yanchor": "top"},
        "margin": {"l": 8, "r": 16, "t": 24, "b": 8},
        "annotations": notes,
        "xaxis": {
            "title": {"text": "angle (degrees)" if angle else "distance (same scale as the width)"},
            "range": [0, reach],
        },
        "yaxis": {"title": {"text": "share of those pairs"}, "tickformat": ".0%", "range": [0, top * 1.3 or 1]},
    }
    return theme.describe(
        go.Figure(traces, layout),
        file_name="distances",
        description=f"Distances of the {k} nearest neighbors and of all pairs",
    )
