"""The probability that two points meet in a bucket, by their distance: in theory, and measured on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme
from recemb_core.neighbors.lsh.curve import CollisionCurve

MODE_NAMES: Mapping[str, str] = {"and": "AND", "or": "OR", "and_or": "AND-then-OR", "or_and": "OR-then-AND"}
MODE_COLORS: Mapping[str, str] = {
    mode: theme.series_color(at) for mode, at in zip(MODE_NAMES, (0, 1, 2, 5), strict=True)
}


def collision_curve_figure(
    distance: Float64Array,
    single: Float64Array,
    curves: Mapping[str, Float64Array],
    *,
    mode: str,
    measured: Mapping[str, CollisionCurve] | None = None,
    bands: Mapping[str, tuple[float, float]] | None = None,
    angle: bool = False,
) -> go.Figure:
    """Draw probability by distance.

    Args:
        distance: (m,) where the curves are known; radians with `angle`.
        single: (m,) probability p that one function gives both points the same value.
        curves: mode → (m,) probability that the pair meets under that mode.
        mode: the mode in use, drawn thick.
        measured: mode → measured frequencies; the modes without any have their curve alone.
        bands: name → (from, to) distances to shade, "10 nearest" for instance; at most two.
        angle: the distance is an angle; shown in degrees.
    """
    scale = 180 / np.pi if angle else 1.0
    shapes, notes = [], []
    for number, (name, (low, high)) in enumerate((bands or {}).items()):
        color = theme.CHOSEN if number == 0 else theme.OTHER
        shapes.append(
            {"type": "rect", "x0": low * scale, "x1": high * scale, "y0": 0, "y1": 1, "yref": "y domain",
             "fillcolor": color, "opacity": 0.13, "line": {"width": 0}, "layer": "below"}
        )  # fmt: skip
        notes.append(
            {"text": theme.plain(name), "x": (low + high) * scale / 2, "y": 0.5, "textangle": -90, "showarrow": False,
             "font": {"size": 12}}
        )  # fmt: skip
    traces: list[dict[str, Any]] = [
        {
            "x": distance * scale,
            "y": single,
            "mode": "lines",
            "line": {"color": theme.OTHER, "width": 1.5, "dash": "dot"},
            "name": "one function, p",
            "uid": "single",
            "hovertemplate": "one function: p(%{x:.3~g}) = %{y:.3f}<extra></extra>",
        }
    ]
    for key, probability in curves.items():
        label, color, used = MODE_NAMES[key], MODE_COLORS[key], key == mode
        traces.append(
            {
                "x": distance * scale,
                "y": probability,
                "mode": "lines",
                "line": {"color": color, "width": 4 if used else 1.5},
                "name": label,
                "legendgroup": key,
                "uid": f"theory {key}",
                "hovertemplate": f"{label}, theory: %{{y:.3f}} at %{{x:.3~g}}<extra></extra>",
            }
        )
        found = (measured or {}).get(key)
        if found is None:
            continue
        traces.append(
            {
                "x": found.distance * scale,
                "y": found.frequency,
                "mode": "markers",
                "marker": {"color": color, "size": 7 if used else 5, "line": {"width": 1, "color": "white"}},
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": found.high - found.frequency,
                    "arrayminus": found.frequency - found.low,
                    "thickness": 1,
                    "width": 2,
                    "color": color,
                },
                "customdata": [
                    [None, f"{low:.3f} to {high:.3f}", f"{pairs:,}"]
                    for low, high, pairs in zip(found.low, found.high, found.pairs, strict=True)
                ],
                "hovertemplate": f"{label}, measured: %{{y:.3f}} (%{{customdata[1]}})<br>distance %{{x:.3~g}}, "
                "%{customdata[2]} pairs<extra></extra>",
                "name": f"{label}, measured",
                "legendgroup": key,
                "showlegend": False,
                "uid": f"measured {key}",
            }
        )
    layout = {
        "template": theme.template(),
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.18, "yanchor": "top"},
        "margin": {"l": 8, "r": 16, "t": 12, "b": 8},
        "shapes": shapes,
        "annotations": notes,
        "xaxis": {
            "title": {"text": "angle between two points (degrees)" if angle else "distance of two points"},
            "range": [0, float(distance[-1]) * scale],
        },
        "yaxis": {"title": {"text": "probability to meet"}, "range": [-0.03, 1.05]},
    }
    return theme.describe(
        go.Figure(traces, layout),
        file_name="collision-curve",
        description=f"Probability to meet by distance, {MODE_NAMES[mode]}",
    )
