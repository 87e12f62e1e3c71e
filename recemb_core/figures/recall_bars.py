"""Recall of several ways of searching, as bars with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme


def recall_bars_figure(
    names: Sequence[str], recall: Float64Array, intervals: Float64Array, microseconds: Float64Array, *, k: int
) -> go.Figure:
    """Draw a bar a way, in the order given from top to bottom.

    Args:
        names: (m,) of the ways.
        recall: (m,), 0 to 1.
        intervals: (m, 2) ends of the 95 % intervals; NaN for none.
        microseconds: (m,) time a query, said on hover.
        k: how many were asked for.
    """
    at = np.arange(len(names))
    figure = go.Figure()
    figure.add_bar(
        y=at,
        x=recall,
        orientation="h",
        marker={"color": [theme.FOUND if r > 0.999 else theme.PLAIN for r in recall]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": np.nan_to_num(intervals[:, 1] - recall),
            "arrayminus": np.nan_to_num(recall - intervals[:, 0]),
            "thickness": 1.5,
            "width": 4,
        },
        text=[f"{r:.3f}" for r in recall],
        textposition="none",
        customdata=[[None, theme.plain(n), f"{us:,.1f}"] for n, us in zip(names, microseconds, strict=True)],
        hovertemplate=f"<b>%{{customdata[1]}}</b><br>recall@{k} %{{x:.3f}}<br>%{{customdata[2]}} µs a query"
        "<extra></extra>",
        name="recall",
        uid="recall",
        showlegend=False,
    )
    for y, r in zip(at, recall, strict=True):
        figure.add_annotation(x=max(float(r), 0.0), y=y, text=f" {r:.3f}", xanchor="left", showarrow=False, xshift=10)
    figure.update_layout(template=theme.template(), bargap=0.35, margin={"l": 8, "r": 16, "t": 12, "b": 8})
    figure.update_xaxes(title_text=f"recall@{k} of the largest inner products", range=[0, 1.15])
    figure.update_yaxes(
        tickvals=at, ticktext=[theme.plain(n) for n in names], autorange="reversed", showgrid=False, fixedrange=True
    )
    said = ", ".join(f"{n} {r:.2f}" for n, r in zip(names, recall, strict=True))
    return theme.describe(figure, file_name="largest-inner-products", description=f"Recall@{k}: {said}")
