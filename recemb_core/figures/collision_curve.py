"""The probability that two points meet in a bucket, by their distance: in theory, and measured on top."""

from __future__ import annotations

from collections.abc import Mapping

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
    for color, (name, (low, high)) in zip((theme.CHOSEN, theme.OTHER), (bands or {}).items(), strict=False):
        ends = low * scale, high * scale
        shapes.append(theme.rectangle(ends, (0, 1), color, 0.13, yref="y domain", line_width=0, layer="below"))
        notes.append(theme.note(theme.plain(name), sum(ends) / 2, 0.5, textangle=-90, font_size=12))
    dotted: theme.Trace = {"line": {"dash": "dot"}, "hover": "one function: p(%{x:.3~g}) = %{y:.3f}"}
    traces = [theme.lines((distance * scale, single), theme.OTHER, 1.5, name="one function, p", uid="single", **dotted)]
    for key, probability in curves.items():
        label, color, used = MODE_NAMES[key], MODE_COLORS[key], key == mode
        said = f"{label}, theory: %{{y:.3f}} at %{{x:.3~g}}"
        curve = theme.lines((distance * scale, probability), color, 4 if used else 1.5, name=label, hover=said)
        traces.append(curve | {"legendgroup": key, "uid": f"theory {key}"})
        found = (measured or {}).get(key)
        if found is not None:
            bars = theme.whiskers(found.frequency, found.low, found.high, thickness=1, width=2, color=color)
            traces.append(
                theme.marks(
                    (found.distance * scale, found.frequency),
                    color,
                    7 if used else 5,
                    marker={"line": {"width": 1, "color": "white"}},
                    error_y=bars,
                    customdata=[
                        [None, f"{low:.3f} to {high:.3f}", f"{pairs:,}"]
                        for low, high, pairs in zip(found.low, found.high, found.pairs, strict=True)
                    ],
                    hover=f"{label}, measured: %{{y:.3f}} (%{{customdata[1]}})<br>distance %{{x:.3~g}}, "
                    "%{customdata[2]} pairs",
                    name=f"{label}, measured",
                    legendgroup=key,
                    showlegend=False,
                    uid=f"measured {key}",
                )
            )
    words = "angle between two points (degrees)" if angle else "distance of two points"
    return theme.chart(
        traces,
        file_name="collision-curve",
        description=f"Probability to meet by distance, {MODE_NAMES[mode]}",
        x={"title": words, "range": [0, float(distance[-1]) * scale]},
        y={"title": "probability to meet", "range": [-0.03, 1.05]},
        legend=theme.legend(-0.18),
        margin=theme.RIGHT_ROOM,
        shapes=shapes,
        annotations=notes,
    )
