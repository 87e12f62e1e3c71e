"""Indexes against each other: what they find and how fast, as ann-benchmarks draws it; and how a kd-tree decays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.figures import theme

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
    traces = []
    for number, name in enumerate(names):
        part = sorted((p for p in points if p.family == name), key=lambda p: (p.recall, -p.queries_per_second))
        speed, low, high = ([getattr(p, of) for p in part] for of in ("queries_per_second", "slowest", "fastest"))
        said = f"<b>{theme.plain(name)}</b>, %{{customdata[1]}}<br>recall@{k} %{{x:.3f}}<br>"
        traces.append(
            _series(
                number,
                name,
                [p.recall for p in part],
                (speed, low, high),
                dots=9,
                visible=True if part else "legendonly",
                customdata=[
                    [p.key or None, theme.plain(p.setting), f"{p.slowest:,.0f} to {p.fastest:,.0f}"] for p in part
                ],
                hover=f"{said}%{{y:,.0f}} queries a second (%{{customdata[2]}})",
            )
        )
    lowest = min(p.recall for p in points)
    best = max(points, key=lambda p: p.queries_per_second)
    return theme.chart(
        traces,
        file_name=f"recall-at-{k}-against-speed",
        description=f"Recall@{k} against queries a second of {len(names)} indexes; fastest: {best.family}",
        x={"title": f"recall@{k}", "range": [max(-0.03, lowest - 0.05), 1.02]},
        y={"type": "log", "title": "queries a second", "tickvals": STEPS, "tickformat": "~s"},
        legend=theme.legend(-0.16),
        margin=theme.RIGHT_ROOM,
    )


def kd_tree_decay(dimensions: Int64Array, microseconds: Mapping[str, Float64Array], *, current: int) -> go.Figure:
    """Draw time a query by the number of dimensions, both logarithmic. Whiskers: all rounds.

    Args:
        dimensions: (m,) numbers of dimensions kept, ascending.
        microseconds: name of an index → (3, m) time a query: median, shortest and longest round.
        current: number of dimensions to mark.
    """
    traces = [
        _series(
            number,
            name,
            dimensions,
            times,
            dots=8,
            customdata=[[None, f"{a:,.1f} to {b:,.1f}"] for a, b in zip(*times[1:], strict=True)],
            hover=f"<b>{theme.plain(name)}</b><br>%{{x}} dimensions: %{{y:,.1f}} µs a query (%{{customdata[1]}})",
        )
        for number, (name, times) in enumerate(microseconds.items())
    ]
    if current in dimensions:
        at = list(dimensions).index(current)
        heights = [time[0][at] for time in microseconds.values()]
        frame: theme.Trace = {"showlegend": False, "name": "chosen", "uid": "chosen"}
        traces.append(theme.ring(([current] * len(heights), heights), 16, **frame))
    kept = {"tickvals": list(dimensions), "ticktext": [str(d) for d in dimensions]}
    return theme.chart(
        traces,
        file_name="kd-tree-by-dimensions",
        description="Time a query by number of dimensions kept",
        x={"type": "log", "title": "dimensions kept", **kept},
        y={"type": "log", "title": "µs a query", "tickvals": STEPS, "tickformat": ",~g"},
        legend=theme.legend(-0.2),
        margin=theme.RIGHT_ROOM,
    )


def _series(number: int, name: str, x: Any, y: Any, **more: Any) -> theme.Trace:
    """One index: its line, marks of its own color and shape, and whiskers; y: (value, lowest, highest)."""
    color = theme.series_color(number)
    bars = theme.whiskers(*y, color=color, thickness=1.5, width=3)
    shape = {"symbol": theme.SYMBOLS[number % len(theme.SYMBOLS)]}
    return theme.lines((x, y[0]), color, 2, marker=shape, error_y=bars, name=theme.plain(name), uid=name, **more)
