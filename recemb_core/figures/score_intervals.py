"""A score of several models as points with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from recemb_core.figures import theme

NUMBERED = 10
"""Models up to which each point has its number above it; of more, numbers and whiskers would lie on each other."""


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
    """Draw a point and a whisker for each model, top to bottom; up to ten of them with their number.

    Args:
        lines: models in order.
        x_title: the score and its interval in words.
        chance: a value marked by a line from top to bottom.
        chance_title: what it is.
    """
    numbers = [f"{round(line.value, 3) + 0.0:.3f}".replace("-", "−") for line in lines]  # + 0.0: no "−0.000"
    points = theme.marks(
        ([line.value for line in lines], [theme.plain(line.name) for line in lines]),
        theme.PLAIN,
        11,
        error_x=theme.whiskers(*zip(*((e.value, e.low, e.high) for e in lines), strict=True), thickness=2, width=5),
        **(theme.words(numbers, "top center") if len(lines) <= NUMBERED else {}),
        customdata=[[None, line.low, line.high] for line in lines],
        hover="%{y}: %{x:.4f} (%{customdata[1]:.4f} to %{customdata[2]:.4f})",
        showlegend=False,
        cliponaxis=False,
    )
    words = "; ".join(f"{line.name} {line.value:.3f} ({line.low:.3f} to {line.high:.3f})" for line in lines)
    figure = theme.chart(
        [points],
        file_name=x_title,
        description=f"{x_title}: {words}",
        x=x_title,
        y={"autorange": "reversed"},
        margin_t=28,
    )
    if chance is not None:
        figure.add_vline(x=chance, line=theme.DOTTED)
        beside = {"yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": 4, "font_size": 12}
        figure.add_annotation(theme.note(chance_title, chance, 1, **beside))
    return figure
