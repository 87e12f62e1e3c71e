"""A long-tailed quantity at a glance: the share of items (or edges) at or above each value."""

from __future__ import annotations

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
    figure = go.Figure()
    for color, (name, (x, share)) in zip(theme.PALETTE, curves.items(), strict=False):
        keep = x > 0
        figure.add_scatter(
            x=x[keep],
            y=share[keep],
            mode="lines",
            line={"color": color, "width": 2, "shape": "hv"},
            name=name,
            hovertemplate=f"{name}: %{{y:.2%}} of {of} have %{{x:,.4~g}} or more<extra></extra>",
        )
    figure.update_layout(template=theme.template(), showlegend=len(curves) > 1, legend={"x": 0.02, "y": 0.02})
    figure.update_xaxes(type="log", title_text=x_title)
    figure.update_yaxes(type="log", title_text=f"share of {of} with that or more", tickformat=".2~%")
    return theme.describe(figure, file_name=x_title, description=f"{x_title}: share of {of} at or above each value")
