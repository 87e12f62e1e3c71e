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
    curve = theme.lines((exponents, shares), theme.NOISE, 2.5, name="share", hover="exponent %{x:.2f}: %{y:.1%}")
    in_use = theme.marks(
        ([here[0]], [here[1]]),
        theme.NOISE,
        13,
        marker={"line": {"width": 2, "color": theme.OTHER}},
        **theme.words([f"{here[1]:.0%}"], "top center" if here[0] < 0.75 else "top left", 14),
        name="in use",
    )
    highest = min(1.0, max(float(shares.max()), here[1]) * 1.25)
    return theme.chart(
        [curve, in_use],
        file_name="popular-negatives",
        description=f"At exponent {here[0]:g}, {here[1]:.1%} of negatives are among {of}",
        x={"title": "exponent", "range": [-1.08, 1.08], "dtick": 0.5},
        y={"title": "share of negatives", "tickformat": ".0%", "range": [0, highest]},
        showlegend=False,
        margin_t=64,
    )
