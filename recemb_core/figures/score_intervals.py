"""A score of several models as points with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from recemb_core.figures import theme


@dataclass(frozen=True)
class ScoreLine:
    """One model's score and its interval."""

    name: str
    value: float
    low: float
    high: float


def score_intervals_figure(
    lines: Sequence[ScoreLine], *, x_title: str, chance: float | None = None, chance_title: str = "chance"
) -> go.Figure:
    """Draw a point and a whisker for each model, top to bottom.

    Args:
        lines: models in order.
        x_title: the score and its interval in words.
        chance: a value marked by a line from top to bottom.
        chance_title: what it is.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[line.value for line in lines],
        y=[theme.plain(line.name) for line in lines],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [line.high - line.value for line in lines],
            "arrayminus": [line.value - line.low for line in lines],
            "thickness": 2,
            "width": 5,
        },
        mode="markers+text",
        marker={"size": 11, "color": theme.PLAIN},
        text=[f"{line.value:.3f}" for line in lines],
        textposition="top center",
        customdata=[[None, line.low, line.high] for line in lines],
        hovertemplate="%{y}: %{x:.4f} (%{customdata[1]:.4f} to %{customdata[2]:.4f})<extra></extra>",
        showlegend=False,
        cliponaxis=False,
    )
    if chance is not None:
        figure.add_vline(x=chance, line={"dash": "dot", "width": 1.5, "color": theme.OTHER})
        figure.add_annotation(
            x=chance, y=1, yref="paper", text=chance_title, showarrow=False, xanchor="left", xshift=4, font={"size": 12}
        )
    figure.update_layout(template=theme.template(), yaxis={"autorange": "reversed"}, margin={"t": 16})
    figure.update_xaxes(title_text=x_title)
    words = "; ".join(f"{line.name} {line.value:.3f} ({line.low:.3f} to {line.high:.3f})" for line in lines)
    return theme.describe(figure, file_name=x_title, description=f"{x_title}: {words}")
