"""Models side by side by one measure, each with its interval, the floor as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from recemb_core.evaluation.intervals import Estimate
from recemb_core.figures import theme


def model_intervals_figure(
    values: Mapping[str, Sequence[Estimate]], series: Sequence[str], *, floor: str, x_title: str
) -> go.Figure:
    """Points with 95 % intervals, a row a model, the first on top.

    Args:
        values: model → one estimate for each of ``series``.
        series: what the colors mean (list lengths).
        floor: the model whose values are drawn as dotted lines across all rows.
        x_title: the measure.
    """
    names = list(values)[::-1]
    figure = go.Figure()
    for i, (label, color) in enumerate(zip(series, theme.PALETTE, strict=False)):
        shift = 0.22 * ((len(series) - 1) / 2 - i)
        estimates = [values[name][i] for name in names]
        line = values[floor][i].value
        figure.add_scatter(
            x=[line, line],
            y=[-0.5, len(names) - 0.5],
            mode="lines",
            line={"color": color, "width": 1, "dash": "dot"},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=label,
        )
        figure.add_scatter(
            x=[e.value for e in estimates],
            y=[row + shift for row in range(len(names))],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [e.high - e.value for e in estimates],
                "arrayminus": [e.value - e.low for e in estimates],
                "color": color,
                "thickness": 1.6,
                "width": 4,
            },
            mode="markers",
            marker={"color": color, "size": 9},
            name=label,
            legendgroup=label,
            customdata=[[theme.plain(name), e.low, e.high, e.n] for name, e in zip(names, estimates, strict=True)],
            hovertemplate=f"<b>%{{customdata[0]}}</b><br>{label}: %{{x:.3f}} "
            "(95 %: %{customdata[1]:.3f} to %{customdata[2]:.3f}, %{customdata[3]:,} users)<extra></extra>",
        )
    ticks = [theme.plain(name, 18) for name in names]
    figure.update_layout(template=theme.template(), legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    figure.update_xaxes(title_text=x_title, rangemode="tozero")
    figure.update_yaxes(tickvals=[*range(len(names))], ticktext=ticks, range=[-0.5, len(names) - 0.5], showgrid=False)
    return theme.describe(
        figure,
        file_name=f"recall {x_title}",
        description=f"{x_title} of {theme.names_in_words(list(values), 9)}, with 95 % intervals; dotted: {floor}.",
    )
