"""What the exponent of the noise does to the share of negatives that are popular."""

from __future__ import annotations

import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme


def noise_share_figure(
    exponents: Float64Array, shares: Float64Array, here: tuple[float, float], *, of: str = "the most popular tenth"
) -> go.Figure:
    """Draw the share of negatives that are popular against the exponent, with the chosen exponent marked.

    Args:
        exponents, shares: (k,) the curve.
        here: (exponent, share) in use.
        of: who is popular.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=exponents,
        y=shares,
        mode="lines",
        line={"color": theme.NOISE, "width": 2.5},
        name="share",
        hovertemplate="exponent %{x:.2f}: %{y:.1%}<extra></extra>",
    )
    figure.add_scatter(
        x=[here[0]],
        y=[here[1]],
        mode="markers+text",
        text=[f"{here[1]:.0%}"],
        textposition="top center" if here[0] < 0.75 else "top left",
        textfont={"size": 14},
        marker={"color": theme.NOISE, "size": 13, "line": {"width": 2, "color": theme.OTHER}},
        name="in use",
        hoverinfo="skip",
    )
    figure.update_layout(template=theme.template(), showlegend=False, margin_t=64)
    figure.update_xaxes(title_text="exponent", range=[-1.08, 1.08], dtick=0.5)
    figure.update_yaxes(
        title_text="share of negatives", tickformat=".0%", range=[0, min(1.0, max(float(shares.max()), here[1]) * 1.25)]
    )
    return theme.describe(
        figure,
        file_name="popular-negatives",
        description=f"At exponent {here[0]:g}, {here[1]:.1%} of negatives are among {of}",
    )
