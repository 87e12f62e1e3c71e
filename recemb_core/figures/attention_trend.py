"""A field's weight against how often an item was seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Int64Array, NumberArray
from recemb_core.evaluation.attention import AttentionTrend
from recemb_core.figures import theme


def attention_trend_figure(
    ids: Sequence[str],
    titles: Sequence[str],
    counts: NumberArray,
    weights: NumberArray,
    trend: AttentionTrend,
    *,
    name: str,
    unit: str,
    chosen: int | None = None,
    drawn: Int64Array | None = None,
) -> go.Figure:
    """Draw every item, or some of them, as a point, and the mean of bins of popularity with its interval.

    Args:
        ids: (n,) of the items that have the field.
        titles: (n,) theirs.
        counts: (n,) how often each was seen.
        weights: (n,) of the field.
        trend: of these.
        name: of the field.
        unit: what is counted.
        chosen: index of the chosen item among these, or None.
        drawn: indices of the items that are drawn; None for all. The mean is of all of them.
    """
    points = np.arange(len(ids)) if drawn is None else drawn
    custom = [[ids[at], theme.plain(titles[at], 48)] for at in points.tolist()]
    value, low, high = zip(*((m.value, m.low, m.high) for m in trend.means), strict=True)
    traces = [
        theme.marks(
            (np.asarray(counts)[points], np.asarray(weights)[points]),
            theme.CLOUD,
            4,
            marker={"opacity": 0.35},
            customdata=custom,
            hover="<b>%{customdata[1]}</b><br>%{x:,} " + unit + ", weight %{y:.3f}",
            name="items",
        ),
        theme.lines(
            (trend.centers, value),
            theme.CONTRAST,
            2.5,
            dots=8,
            error_y=theme.whiskers(value, low, high, thickness=2, width=4),
            hover="around %{x:,} " + unit + ": mean %{y:.3f}",
            name="mean, 95% interval",
        ),
    ]
    if chosen is not None:
        traces.append(theme.ring(([counts[chosen]], [weights[chosen]]), 14, name="chosen item"))
    return theme.chart(
        traces,
        file_name=f"attention of {name} by popularity",
        description=f"Weight of {name} against popularity of {len(ids):,} items; rank correlation "
        f"{trend.correlation.value:+.2f} ({trend.correlation.low:+.2f} to {trend.correlation.high:+.2f}).",
        x={"title": f"{unit} (logarithmic)", "type": "log", **theme.decades(counts)},
        y={"title": f"weight of {theme.label(name, 30)}", "rangemode": "tozero"},
        legend=theme.legend(1.0),
    )
