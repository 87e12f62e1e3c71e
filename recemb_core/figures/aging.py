"""What a score loses with the age of what it was trained on: a line for each way of training, with its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme

APART = 0.07  # weeks between the whiskers of two lines
ROOM = 0.06  # of the axis, above and below all whiskers


@dataclass(frozen=True, eq=False)
class AgingLine:
    """One way of training at each age.

    Attributes:
        name: of the line.
        change, low, high: (ages,), the score less that at age 0, and its interval; 0 at age 0.
        level: (ages,), what is said of the score itself on hover.
        color: of the line.
    """

    name: str
    change: Float64Array
    low: Float64Array
    high: Float64Array
    level: Sequence[str]
    color: str


def aging_figure(lines: Sequence[AgingLine], ages: Sequence[int], *, y_title: str) -> go.Figure:
    """Draw the lines; ages in weeks across, and a dotted line where nothing is lost.

    Args:
        lines: in the order of the legend.
        ages: weeks.
        y_title: the score, and that it is a change.
    """
    traces = []
    for i, line in enumerate(lines):
        name = theme.plain(line.name)
        x = np.asarray(ages, dtype=np.float64) + APART * (i - (len(lines) - 1) / 2)
        rows = zip(ages, line.low, line.high, line.level, strict=True)
        traces.append(
            theme.lines(
                (x, line.change),
                line.color,
                2.5,
                dots=8,
                error_y=theme.whiskers(line.change, line.low, line.high, color=line.color, thickness=1.6, width=4),
                name=name,
                customdata=[[None, age, low, high, level] for age, low, high, level in rows],
                hover=f"<b>{name}</b><br>%{{customdata[1]}} weeks old: %{{y:+.4f}} since age 0 "
                "(95%: %{customdata[2]:+.4f} to %{customdata[3]:+.4f})<br>%{customdata[4]}",
            )
        )
    ends = np.concatenate([side[np.isfinite(side)] for line in lines for side in (line.low, line.high)] + [np.zeros(1)])
    room = ROOM * max(float(np.ptp(ends)), 1e-3)
    said = "; ".join(f"{line.name} {line.change[-1]:+.3f} at the oldest" for line in lines)
    figure = theme.chart(
        traces,
        file_name=f"staleness {y_title}",
        description=f"{y_title} over ages of {', '.join(map(str, ages))} weeks: {said}",
        x={"title": "age of the table (weeks)", "tickvals": list(ages)},
        y={"title": y_title, "range": [float(ends.min()) - room, float(ends.max()) + room]},
        legend=theme.legend(-0.16),
        hovermode="closest",
    )
    figure.add_hline(y=0, line=theme.DOTTED)
    return figure
