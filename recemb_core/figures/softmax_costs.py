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
    traces = []
    for color, dash, (name, values), cost in zip(
        theme.PALETTE, ("solid", "solid", "solid", "dash"), curves.items(), costs, strict=False
    ):
        said = f"{name}, %{{x:,.3~s}} items: %{{y:,.3~s}} multiplications"
        here_said = f"<b>this catalogue, {n:,} items</b><br>{name}: {cost:,.0f} multiplications"
        edge = {"width": 1.5, "color": theme.OTHER}
        traces += [
            theme.lines((sizes, values), color, 2.5, line={"dash": dash}, name=name, legendgroup=name, hover=said),
            theme.marks(([n], [cost]), color, 11, marker={"line": edge}, name=f"{name}, here", hover=here_said)
            | {"legendgroup": name, "showlegend": False},
        ]
    words = ", ".join(f"{name} {cost:,.0f}" for name, cost in zip(curves, costs, strict=True))
    powers = {"type": "log", "tickformat": ".0~s", "dtick": 1}
    figure = theme.chart(
        traces,
        file_name="softmax-costs",
        description=f"Multiplications a pair with {n:,} items: {words}",
        x={"title": "items in the catalogue (dotted: this one)", **powers},
        y={"title": "multiplications a pair", **powers},
        legend=theme.legend(-0.2),
    )
    figure.add_vline(x=n, line={**theme.DOTTED, "color": theme.CHOSEN})
    return figure
