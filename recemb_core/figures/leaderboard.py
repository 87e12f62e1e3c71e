"""The table of models as a picture: a row a model, its interval, its seeds, and the letters of those not told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recemb_core.figures import theme

KINDS = {
    "scorer": ("baselines", theme.OTHER, "square"),
    "embedding": ("vectors", theme.PLAIN, "circle"),
    "recall": ("networks", theme.CONTRAST, "diamond"),
}


@dataclass(frozen=True)
class BoardLine:
    """One model.

    Attributes:
        name: shown on the left.
        value, low, high: mean and its 95% interval.
        kind: of :data:`KINDS`.
        letters: on the right.
        seeds: means of the single runs.
        stale: whether the figure is that of settings left behind.
    """

    name: str
    value: float
    low: float
    high: float
    kind: str
    letters: str = ""
    seeds: tuple[float, ...] = ()
    stale: bool = False


def leaderboard_figure(
    lines: Sequence[BoardLine], *, x_title: str, floor: float | None = None, floor_name: str = "", file_name: str
) -> go.Figure:
    """Draw the models in their order, the first on top.

    Args:
        lines: models.
        x_title: the measure in words.
        floor: a value marked by a dotted line from top to bottom.
        floor_name: whose it is.
        file_name: of the saved picture.
    """
    if not lines:
        return theme.empty_figure("Nothing is measured yet.", file_name=file_name)
    traces = []
    for kind, (title, color, symbol) in KINDS.items():
        at = [i for i, line in enumerate(lines) if line.kind == kind]
        if not at:
            continue
        own = [lines[i] for i in at]
        values = np.array([[line.value, line.low, line.high] for line in own]).T
        seeds = [(value, i) for i, line in zip(at, own, strict=True) for value in line.seeds if len(line.seeds) > 1]
        if seeds:
            traces.append(
                theme.marks(
                    tuple(map(list, zip(*seeds, strict=True))),
                    color,
                    11,
                    marker={"symbol": "line-ns", "line": {"width": 1.5, "color": color}, "opacity": 0.75},
                    showlegend=False,
                    legendgroup=kind,
                )
            )
        traces.append(
            theme.marks(
                (values[0], at),
                color,
                9,
                marker={"symbol": [f"{symbol}-open" if line.stale else symbol for line in own]},
                error_x=theme.whiskers(*values, color=color, thickness=2, width=4),
                name=title,
                legendgroup=kind,
                customdata=[
                    [theme.plain(line.name), line.low, line.high, line.letters, " (old settings)" * line.stale]
                    for line in own
                ],
                hover="<b>%{customdata[0]}</b>%{customdata[4]}<br>%{x:.4f} (95%: %{customdata[1]:.4f} to "
                "%{customdata[2]:.4f})<br>letters %{customdata[3]}",
                cliponaxis=False,
            )
        )
    best = lines[0]
    said = "; ".join(f"{line.name} {line.value:.3f} ({line.low:.3f} to {line.high:.3f})" for line in lines)
    notes = [
        theme.note(line.letters, 1, i, xref="paper", xanchor="left", xshift=8, font_size=11)
        for i, line in enumerate(lines)
        if line.letters
    ]
    if notes:
        notes.append(
            theme.note("group", 1, 1, xref="paper", yref="paper", xanchor="left", yanchor="bottom", font_size=11)
        )
    figure = theme.chart(
        traces,
        file_name=file_name,
        description=f"{x_title}, best {best.name}: {said}",
        x={"title": x_title, "rangemode": "tozero"},
        y=theme.names_axis(
            [theme.label(line.name, 30) for line in lines],
            range=[len(lines) - 0.4, -0.6],
            fixedrange=True,
            tickfont_size=11,
        ),
        annotations=notes,
        legend=theme.legend_below(),
        margin={"l": 8, "r": 64, "t": 40, "b": 64},
    )
    if floor is not None:
        figure.add_vline(x=floor, line=theme.DOTTED)
        beside = {"yref": "paper", "xanchor": "left", "xshift": 4, "yanchor": "bottom", "font_size": 11}
        figure.add_annotation(theme.note(floor_name, floor, 0, **beside))
    return figure
