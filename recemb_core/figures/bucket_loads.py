"""How many candidates the queries get: empty buckets on the left, flooded ones on the right."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Int64Array
from recemb_core.figures import theme


def bucket_loads_figure(counts: Int64Array, points: int, *, name: str) -> go.Figure:
    """Draw the share of queries by their number of candidates, in steps of a half power of ten; 0 stands alone.

    Args:
        counts: (queries,) candidates of each.
        points: points that could be candidates.
        name: setting, for the description.
    """
    if len(counts) == 0:
        return theme.empty_figure("No queries to draw yet.")
    ends = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]
    ends = [e for e in ends if e < points] + [points]
    names, heights, hover = ["0"], [int((counts == 0).sum())], ["no candidate at all"]
    for low, high in zip([0, *ends[:-1]], ends, strict=True):
        inside = int(((counts > low) & (counts <= high)).sum())
        names.append(f"{low + 1:,}" if high == low + 1 else f"{low + 1:,}–{high:,}")
        heights.append(inside)
        hover.append(f"{names[-1]} candidates")
    share = np.array(heights) / len(counts)
    bars = theme.bars(
        (names, share),
        [theme.CHOSEN] + [theme.PLAIN] * (len(names) - 1),
        customdata=[[None, text, count] for text, count in zip(hover, heights, strict=True)],
        hover="%{customdata[1]}: %{y:.1%} (%{customdata[2]} queries)",
        name="queries",
        uid="queries",
        showlegend=False,
    )
    return theme.chart(
        [bars],
        file_name="candidates-of-a-query",
        description=f"Candidates a query: {name}",
        x={"title": "candidates of a query", "type": "category", "showgrid": False},
        y={"title": "share of the queries", "tickformat": ".0%", "rangemode": "tozero"},
        bargap=0.12,
        margin=theme.RIGHT_ROOM,
    )
