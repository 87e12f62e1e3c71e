"""A score over the age of what it was trained on: a line for each way of training, with its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme

APART = 0.06  # weeks between the whiskers of two lines


@dataclass(frozen=True, eq=False)
class AgingLine:
    """One way of training at each age.

    Attributes:
        name: of the line.
        value, low, high: (ages,), the score and its interval.
        change: (ages,), what is said of the change since age 0 on hover.
        color: of the line.
    """

    name: str
    value: Float64Array
    low: Float64Array
    high: Float64Array
    change: Sequence[str]
    color: str


def aging_figure(lines: Sequence[AgingLine], ages: Sequence[int], *, y_title: str) -> go.Figure:
    """Draw the lines; ages in weeks across.

    Args:
        lines: in the order of the legend.
        ages: weeks.
        y_title: the score and its interval in words.
    """
    traces = []
    for i, line in enumerate(lines):
        name = theme.plain(line.name)
        x = np.asarray(ages, dtype=np.float64) + APART * (i - (len(lines) - 1) / 2)
        traces.append(
            theme.lines(
                (x, line.value),
                line.color,
                2.5,
                dots=8,
                error_y=theme.whiskers(line.value, line.low, line.high, color=line.color, thickness=1.6, width=4),
                name=name,
                customdata=[
                    [None, age, low, high, said]
                    for age, low, high, said in zip(ages, line.low, line.high, line.change, strict=True)
                ],
                hover=f"<b>{name}</b><br>%{{customdata[1]}} weeks old: %{{y:.4f}} "
                "(95 %: %{customdata[2]:.4f} to %{customdata[3]:.4f})<br>%{customdata[4]}",
            )
        )
    ends = "; ".join(f"{line.name} {line.value[0]:.3f} at age 0, {line.value[-1]:.3f} at the last" for line in lines)
    return theme.chart(
        traces,
        file_name=f"staleness {y_title}",
        description=f"{y_title} over ages of {', '.join(map(str, ages))} weeks: {ends}",
        x={"title": "age of the table (weeks)", "tickvals": list(ages)},
        y=y_title,
        legend=theme.legend(1.02),
        hovermode="closest",
    )
