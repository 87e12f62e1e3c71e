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
    traces = []
    for i, curve in enumerate(curves):
        color, name = (colors or {}).get(curve.name, theme.series_color(i)), theme.plain(curve.name)
        if curve.seeds > 1:
            around = {"name": f"{curve.name}, band", "legendgroup": curve.name}
            traces.append(theme.band(curve.x, curve.low, curve.high, color, 0.22, **around))
        traces.append(
            theme.lines(
                (curve.x, curve.mean),
                color,
                2.5,
                dots=5,
                name=name,
                legendgroup=curve.name,
                customdata=np.column_stack([np.full(len(curve.x), None, dtype=object), curve.low, curve.high]),
                hover=f"{name}<br>%{{x:.2f}}: %{{y:.4f}} "
                f"(%{{customdata[1]:.4f}} to %{{customdata[2]:.4f}}, {curve.seeds} seeds)",
            )
        )
    figure = theme.chart(
        traces,
        file_name=f"learning curves {y_title}",
        description=f"{y_title} by {x_title}: {theme.names_in_words([curve.name for curve in curves], 8)}",
        x={"title": x_title, "rangemode": "tozero"},
        y=y_title,
        legend=theme.legend(-0.16),
        hovermode="closest",
    )
    if target is not None:
        words = {"text": theme.plain(target_title), "font": {"size": 12}, "xanchor": "right"}
        figure.add_hline(y=target, line=theme.DOTTED, annotation=words, annotation_position="top right")
    return figure
