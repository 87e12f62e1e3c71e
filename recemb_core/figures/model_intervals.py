"""Models side by side by one measure, each with its interval, the floor as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.evaluation.intervals import Estimate
from recemb_core.figures import theme


def model_intervals_figure(
    values: Mapping[str, Sequence[Estimate]], series: Sequence[str], *, floor: str | None, x_title: str
) -> go.Figure:
    """Points with 95% intervals, a row a model, the first on top.

    Args:
        values: model → one estimate for each of ``series``.
        series: what the colors mean (list lengths).
        floor: the model whose values are drawn as dotted lines across all rows; None for none.
        x_title: the measure.
    """
    names = list(values)[::-1]
    rows = np.arange(len(names))
    traces = []
    for i, (label, color) in enumerate(zip(series, theme.PALETTE, strict=False)):
        shift = 0.22 * ((len(series) - 1) / 2 - i)
        estimates = [values[name][i] for name in names]
        value, low, high = zip(*((e.value, e.low, e.high) for e in estimates), strict=True)
        if floor is not None:
            across, down = [values[floor][i].value] * 2, [-0.5, len(names) - 0.5]
            traces.append(
                theme.lines((across, down), color, 1, line={"dash": "dot"}, showlegend=False, legendgroup=label)
            )
        traces.append(
            theme.marks(
                (value, rows + shift),
                color,
                9,
                error_x=theme.whiskers(value, low, high, color=color, thickness=1.6, width=4),
                name=label,
                legendgroup=label,
                customdata=[[theme.plain(name), e.low, e.high, e.n] for name, e in zip(names, estimates, strict=True)],
                hover=f"<b>%{{customdata[0]}}</b><br>{label}: %{{x:.3f}} "
                "(95%: %{customdata[1]:.3f} to %{customdata[2]:.3f}, %{customdata[3]:,} users)",
            )
        )
    dotted = "" if floor is None else f"; dotted: {floor}"
    return theme.chart(
        traces,
        file_name=f"recall {x_title}",
        description=f"{x_title} of {theme.names_in_words(list(values), 9)}, with 95% intervals{dotted}.",
        x={"title": x_title, "rangemode": "tozero"},
        y=theme.names_axis(
            [theme.plain(name, 18 if len(names) <= 10 else 30) for name in names], range=[-0.5, len(names) - 0.5]
        ),
        legend=theme.legend(1.02),
    )
