"""A long-tailed quantity at a glance: the share of items (or edges) at or above each value."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme


def survival_curve_figure(curves: dict[str, tuple[Float64Array, Float64Array]], *, x_title: str, of: str) -> go.Figure:
    """Survival curves on logarithmic axes.

    Args:
        curves: name → (x, share of values ≥ x), as :func:`recemb_core.summaries.survival` gives them.
        x_title: the quantity and its unit.
        of: what is counted ("items", "edges").
    """
    traces = []
    for color, (name, (x, share)) in zip(theme.PALETTE, curves.items(), strict=False):
        said = f"{name}: %{{y:.2%}} of {of} have %{{x:,.4~g}} or more"
        traces.append(theme.lines((x[x > 0], share[x > 0]), color, 2, line={"shape": "hv"}, name=name, hover=said))
    xs, shares = (np.concatenate([np.empty(0), *(pair[at] for pair in curves.values())]) for at in (0, 1))
    return theme.chart(
        traces,
        file_name=x_title,
        description=f"{x_title}: share of {of} at or above each value",
        x={"type": "log", "title": x_title, "tickformat": "~g", **theme.log_steps(xs)},
        y={"type": "log", "title": f"share of {of} with that or more", "tickformat": ".2~%", **theme.log_steps(shares)},
        showlegend=len(curves) > 1,
        legend={"x": 0.02, "y": 0.02},
    )
