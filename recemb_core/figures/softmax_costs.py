"""What one training pair costs under four objectives, as the catalogue grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme


def softmax_costs_figure(
    sizes: Float64Array, curves: Mapping[str, Float64Array], here: tuple[int, Sequence[float]]
) -> go.Figure:
    """Draw multiplications a pair against catalogue size, both axes logarithmic, with this catalogue marked.

    Args:
        sizes: (k,) catalogue sizes.
        curves: objective → (k,) multiplications.
        here: (this catalogue's size, multiplications of each objective, in the order of the curves).
    """
    n, costs = here
    figure = go.Figure()
    for color, dash, (name, values), cost in zip(
        theme.PALETTE, ("solid", "solid", "solid", "dash"), curves.items(), costs, strict=False
    ):
        figure.add_scatter(
            x=sizes,
            y=values,
            mode="lines",
            line={"color": color, "width": 2.5, "dash": dash},
            name=name,
            legendgroup=name,
            hovertemplate=f"{name}, %{{x:,.3~s}} items: %{{y:,.3~s}} multiplications<extra></extra>",
        )
        figure.add_scatter(
            x=[n],
            y=[cost],
            mode="markers",
            marker={"color": color, "size": 11, "line": {"width": 1.5, "color": theme.OTHER}},
            name=f"{name}, here",
            legendgroup=name,
            showlegend=False,
            hovertemplate=f"<b>this catalogue, {n:,} items</b><br>{name}: {cost:,.0f} multiplications<extra></extra>",
        )
    figure.add_vline(x=n, line={"color": theme.CHOSEN, "width": 1.5, "dash": "dot"})
    figure.update_layout(
        template=theme.template(), legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top"}
    )
    figure.update_xaxes(title_text="items in the catalogue (dotted: this one)", type="log", tickformat=".0~s", dtick=1)
    figure.update_yaxes(title_text="multiplications a pair", type="log", tickformat=".0~s", dtick=1)
    words = ", ".join(f"{name} {cost:,.0f}" for name, cost in zip(curves, costs, strict=True))
    return theme.describe(
        figure, file_name="softmax-costs", description=f"Multiplications a pair with {n:,} items: {words}"
    )
