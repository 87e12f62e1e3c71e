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
        intervals: (m, 2) ends of the 95% intervals; NaN for none.
        microseconds: (m,) time a query, said on hover.
        k: how many were asked for.
    """
    at = np.arange(len(names))
    bars = theme.bars(
        (recall, at),
        [theme.FOUND if r > 0.999 else theme.PLAIN for r in recall],
        orientation="h",
        error_x=theme.whiskers(recall, *intervals.T, thickness=1.5, width=4),
        text=[f"{r:.3f}" for r in recall],
        textposition="none",
        customdata=[[None, theme.plain(n), f"{us:,.1f}"] for n, us in zip(names, microseconds, strict=True)],
        hover=f"<b>%{{customdata[1]}}</b><br>recall@{k} %{{x:.3f}}<br>%{{customdata[2]}} µs a query",
        name="recall",
        uid="recall",
        showlegend=False,
    )
    said = ", ".join(f"{n} {r:.2f}" for n, r in zip(names, recall, strict=True))
    return theme.chart(
        [bars],
        file_name="largest-inner-products",
        description=f"Recall@{k}: {said}",
        x={"title": f"recall@{k} of the largest inner products", "range": [0, 1.15]},
        y=theme.names_axis([theme.plain(n) for n in names], autorange="reversed", fixedrange=True),
        annotations=[
            theme.note(f" {r:.3f}", max(float(r), 0.0), y, xanchor="left", xshift=10)
            for y, r in zip(at, recall, strict=True)
        ],
        bargap=0.35,
        margin=theme.RIGHT_ROOM,
    )
