"""Pauses between one person's events, and where a session is cut."""

from __future__ import annotations

from math import isfinite, log10

import numpy as np
import plotly.graph_objects as go

from recemb_core.figures import theme
from recemb_core.summaries import Histogram

TICKS = {
    1 / 60: "1 s",
    1 / 6: "10 s",
    1: "1 min",
    10: "10 min",
    60: "1 h",
    360: "6 h",
    1440: "1 day",
    10080: "1 week",
    43200: "30 days",
    525600: "1 year",
}


def session_gaps_figure(histogram: Histogram, *, cut_minutes: float | None = None) -> go.Figure:
    """Histogram of pauses on a logarithmic time axis, with the cut as a line.

    Args:
        histogram: pauses in minutes, log-spaced bins.
        cut_minutes: pauses longer than this end a session.
    """
    edges, counts = histogram.edges, histogram.counts
    middle = (edges[1:] * edges[:-1]) ** 0.5
    longer = middle > cut_minutes if cut_minutes is not None else middle < 0
    colors = [theme.CONTRAST if far else theme.PLAIN for far in longer]
    shown = {m: t for m, t in TICKS.items() if edges[0] <= m * 1.5 and m <= edges[-1] * 1.5}
    said = "about %{x:,.3~g} min: %{y:,} pauses"
    figure = theme.chart(
        [theme.bars((middle, counts), colors, width=np.diff(edges), marker={"line": {"width": 0}}, hover=said)],
        file_name="pauses",
        description="Pauses between one person's events, log time",
        x={"type": "log", "title": "pause before the next event", "tickvals": [*shown], "ticktext": [*shown.values()]},
        y="pauses",
        bargap=0,
        showlegend=False,
    )
    if cut_minutes is not None and isfinite(cut_minutes):
        figure.add_vline(x=cut_minutes, line={"color": theme.CHOSEN, "width": 2})
        place = {"yref": "paper", "xanchor": "left", "yanchor": "top", "font_color": theme.CHOSEN}
        at = log10(cut_minutes)  # plotly places annotations on a log axis by exponent
        figure.add_annotation(theme.note(f" cut at {duration(cut_minutes)}", at, 1, **place))
    return figure


def duration(minutes: float) -> str:
    """A span of time in words.

    >>> duration(90), duration(2880), duration(float("inf"))
    ('1.5 h', '2 days', 'never')
    """
    if not isfinite(minutes):
        return "never"
    if minutes < 1:
        return f"{minutes * 60:.3g} s"
    if minutes < 60:
        return f"{minutes:.3g} min"
    if minutes < 1440:
        return f"{minutes / 60:.3g} h"
    return f"{minutes / 1440:.3g} day" + ("s" if minutes != 1440 else "")
