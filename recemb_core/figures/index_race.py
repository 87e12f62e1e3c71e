"""Indexes against each other: what they find and how fast, as ann-benchmarks draws it; and how a kd-tree decays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.figures import theme

SYMBOLS = theme.SYMBOLS
STEPS = [digit * 10.0**power for power in range(-2, 8) for digit in (1, 2, 5)]  # of a logarithmic axis


@dataclass(frozen=True, kw_only=True)
class RacePoint:
    """One index at one setting."""

    family: str
    """what is joined by a line ("HNSW")"""
    setting: str
    """what the mark is ("efSearch = 64")"""
    recall: float
    queries_per_second: float
    """median over rounds"""
    slowest: float
    fastest: float
    """queries a second of the slowest and the fastest round, the whiskers"""
    key: str = ""
    """id that a click carries, if any"""


def index_race_figure(points: Sequence[RacePoint], *, k: int, families: Sequence[str] = ()) -> go.Figure:
    """Draw recall@k against queries a second, logarithmic; up and to the right is better. Whiskers: all rounds.

    Args:
        points: what was measured, in any order.
        k: neighbors asked for.
        families: names in the order of their colors, so that colors hold still while results arrive.
    """
    if not points:
        return theme.empty_figure("Nothing measured yet.")
    names = [*dict.fromkeys([*families, *(p.family for p in points)])]
    figure = go.Figure()
    for number, name in enumerate(names):
        part = sorted((p for p in points if p.family == name), key=lambda p: (p.recall, -p.queries_per_second))
        color = theme.series_color(number)
        figure.add_scatter(
            x=[p.recall for p in part],
            y=[p.queries_per_second for p in part],
            mode="lines+markers",
            line={"color": color, "width": 2},
            marker={"color": color, "size": 9, "symbol": SYMBOLS[number % len(SYMBOLS)]},
            error_y=_whiskers(
                [p.queries_per_second for p in part], [p.slowest for p in part], [p.fastest for p in part], color
            ),
            customdata=[[p.key or None, theme.plain(p.setting), f"{p.slowest:,.0f} to {p.fastest:,.0f}"] for p in part],
            hovertemplate=f"<b>{theme.plain(name)}</b>, %{{customdata[1]}}<br>recall@{k} %{{x:.3f}}<br>"
            "%{y:,.0f} queries a second (%{customdata[2]})<extra></extra>",
            name=theme.plain(name),
            uid=name,
            visible=True if part else "legendonly",
        )
    figure.update_layout(
        template=theme.template(),
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.16, "yanchor": "top"},
        margin={"l": 8, "r": 16, "t": 12, "b": 8},
    )
    lowest = min(p.recall for p in points)
    figure.update_xaxes(title_text=f"recall@{k}", range=[max(-0.03, lowest - 0.05), 1.02])
    figure.update_yaxes(type="log", title_text="queries a second", tickvals=STEPS, tickformat="~s")
    best = max(points, key=lambda p: p.queries_per_second)
    return theme.describe(
        figure,
        file_name=f"recall-at-{k}-against-speed",
        description=f"Recall@{k} against queries a second of {len(names)} indexes; fastest: {best.family}",
    )


def kd_tree_decay(dimensions: Int64Array, microseconds: Mapping[str, Float64Array], *, current: int) -> go.Figure:
    """Draw time a query by the number of dimensions, both logarithmic. Whiskers: all rounds.

    Args:
        dimensions: (m,) numbers of dimensions kept, ascending.
        microseconds: name of an index → (3, m) time a query: median, shortest and longest round.
        current: number of dimensions to mark.
    """
    figure = go.Figure()
    for number, (name, (time, low, high)) in enumerate(microseconds.items()):
        color = theme.series_color(number)
        figure.add_scatter(
            x=dimensions,
            y=time,
            mode="lines+markers",
            line={"color": color, "width": 2},
            marker={"color": color, "size": 8, "symbol": SYMBOLS[number % len(SYMBOLS)]},
            error_y=_whiskers(time, low, high, color),
            customdata=[[None, f"{a:,.1f} to {b:,.1f}"] for a, b in zip(low, high, strict=True)],
            hovertemplate=f"<b>{theme.plain(name)}</b><br>%{{x}} dimensions: %{{y:,.1f}} µs a query "
            "(%{customdata[1]})<extra></extra>",
            name=theme.plain(name),
            uid=name,
        )
    at = list(dimensions).index(current) if current in dimensions else None
    if at is not None:
        figure.add_scatter(
            x=[current] * len(microseconds),
            y=[time[0][at] for time in microseconds.values()],
            mode="markers",
            marker={"size": 16, "symbol": "circle-open", "color": theme.CHOSEN, "line": {"width": 3}},
            hoverinfo="skip",
            showlegend=False,
            name="chosen",
            uid="chosen",
        )
    figure.update_layout(
        template=theme.template(),
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top"},
        margin={"l": 8, "r": 16, "t": 12, "b": 8},
    )
    figure.update_xaxes(
        type="log", title_text="dimensions kept", tickvals=list(dimensions), ticktext=[str(d) for d in dimensions]
    )
    figure.update_yaxes(type="log", title_text="µs a query", tickvals=STEPS, tickformat=",~g")
    return theme.describe(
        figure, file_name="kd-tree-by-dimensions", description="Time a query by number of dimensions kept"
    )


def _whiskers(middle: Sequence[float], low: Sequence[float], high: Sequence[float], color: str) -> dict[str, Any]:
    at, down, up = (np.asarray(values, dtype=np.float64) for values in (middle, low, high))
    return {
        "type": "data", "symmetric": False, "array": up - at, "arrayminus": at - down, "color": color, "thickness": 1.5,
        "width": 3,
    }  # fmt: skip
