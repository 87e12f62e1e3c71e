"""Learning curves of several runs, each with the band that its seeds give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme


@dataclass(frozen=True, eq=False)
class Curve:
    """What a line shows: the mean over seeds at each point, and the smallest and largest value.

    Attributes:
        name: of the line.
        x, mean, low, high: (points,).
        seeds: number of runs.
    """

    name: str
    x: Float64Array
    mean: Float64Array
    low: Float64Array
    high: Float64Array
    seeds: int


def learning_curves_figure(
    curves: Sequence[Curve],
    *,
    x_title: str,
    y_title: str,
    target: float | None = None,
    target_title: str = "",
    colors: dict[str, str] | None = None,
) -> go.Figure:
    """Draw the curves.

    Args:
        curves: in the order of the legend.
        x_title, y_title: quantities and units.
        target: a height that is marked by a line across.
        target_title: what it is.
        colors: name → color; the palette in order where left out.
    """
    if not curves:
        return theme.empty_figure("No learning curve yet.", file_name="learning-curves")
    figure = go.Figure()
    for i, curve in enumerate(curves):
        color = (colors or {}).get(curve.name, theme.series_color(i))
        if curve.seeds > 1:
            figure.add_scatter(
                x=np.concatenate([curve.x, curve.x[::-1]]),
                y=np.concatenate([curve.high, curve.low[::-1]]),
                fill="toself",
                fillcolor=color,
                opacity=0.22,
                mode="lines",
                line={"width": 0},
                hoverinfo="skip",
                name=f"{curve.name}, band",
                legendgroup=curve.name,
                showlegend=False,
            )
        figure.add_scatter(
            x=curve.x,
            y=curve.mean,
            mode="lines+markers",
            line={"color": color, "width": 2.5},
            marker={"size": 5, "color": color},
            name=theme.plain(curve.name),
            legendgroup=curve.name,
            customdata=np.column_stack([np.full(len(curve.x), None, dtype=object), curve.low, curve.high]),
            hovertemplate=f"{theme.plain(curve.name)}<br>%{{x:.2f}}: %{{y:.4f}} "
            f"(%{{customdata[1]:.4f}} to %{{customdata[2]:.4f}}, {curve.seeds} seeds)<extra></extra>",
        )
    if target is not None:
        figure.add_hline(
            y=target,
            line={"dash": "dot", "width": 1.5, "color": theme.OTHER},
            annotation={"text": theme.plain(target_title), "font": {"size": 12}, "xanchor": "right"},
            annotation_position="top right",
        )
    figure.update_layout(
        template=theme.template(),
        legend={"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top"},
        hovermode="closest",
    )
    figure.update_xaxes(title_text=x_title, rangemode="tozero")
    figure.update_yaxes(title_text=y_title)
    names = theme.names_in_words([curve.name for curve in curves], 8)
    return theme.describe(
        figure, file_name=f"learning curves {y_title}", description=f"{y_title} by {x_title}: {names}"
    )
