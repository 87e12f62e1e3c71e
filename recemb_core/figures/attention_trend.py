"""A field's weight against how often an item was seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import NumberArray
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
) -> go.Figure:
    """Draw every item as a point, and the mean of bins of popularity with its interval.

    Args:
        ids: (n,) of the items that have the field.
        titles: (n,) theirs.
        counts: (n,) how often each was seen.
        weights: (n,) of the field.
        trend: of these.
        name: of the field.
        unit: what is counted.
        chosen: index of the chosen item among these, or None.
    """
    custom = [[item, theme.plain(title, 48)] for item, title in zip(ids, titles, strict=True)]
    figure = go.Figure(
        go.Scattergl(
            x=counts,
            y=weights,
            mode="markers",
            marker={"size": 4, "color": theme.CLOUD, "opacity": 0.35},
            customdata=custom,
            hovertemplate="<b>%{customdata[1]}</b><br>%{x:,} " + unit + ", weight %{y:.3f}<extra></extra>",
            name="items",
        )
    )
    means = np.array([m.value for m in trend.means])
    figure.add_scatter(
        x=trend.centers,
        y=means,
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [m.high - m.value if np.isfinite(m.high) else 0 for m in trend.means],
            "arrayminus": [m.value - m.low if np.isfinite(m.low) else 0 for m in trend.means],
            "thickness": 2,
            "width": 4,
        },
        mode="lines+markers",
        line={"color": theme.CONTRAST, "width": 2.5},
        marker={"size": 8, "color": theme.CONTRAST},
        hovertemplate="around %{x:,} " + unit + ": mean %{y:.3f}<extra></extra>",
        name="mean, 95 % interval",
    )
    if chosen is not None:
        figure.add_scatter(
            x=[counts[chosen]],
            y=[weights[chosen]],
            mode="markers",
            marker={"symbol": "circle-open", "size": 14, "color": theme.CHOSEN, "line": {"width": 3}},
            hoverinfo="skip",
            name="chosen item",
        )
    figure.update_layout(
        template=theme.template(), legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"}
    )
    figure.update_xaxes(title_text=f"{unit} (logarithmic)", type="log")
    figure.update_yaxes(title_text=f"weight of {theme.plain(theme.shorten(name, 30))}", rangemode="tozero")
    return theme.describe(
        figure,
        file_name=f"attention of {name} by popularity",
        description=f"Weight of {name} against popularity of {len(ids):,} items; rank correlation "
        f"{trend.correlation.value:+.2f} ({trend.correlation.low:+.2f} to {trend.correlation.high:+.2f}).",
    )
