"""How unevenly items are used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import NumberArray
from recemb_core.figures import theme


def popularity_figure(
    counts: NumberArray, titles: Sequence[str], *, chosen: int | None = None, unit: str = "events"
) -> go.Figure:
    """Events of each item against its rank, both axes logarithmic: a straight line is a power law.

    Args:
        counts: (n,) events by item row.
        titles: (n,) display names.
        chosen: row of the chosen item, marked on the curve.
        unit: what is counted.
    """
    if len(counts) == 0:
        return theme.empty_figure("No items to draw yet.", file_name="popularity")
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    figure = go.Figure(
        go.Scatter(
            x=np.arange(1, len(order) + 1),
            y=counts[order],
            mode="lines+markers",
            marker={"size": 4, "color": theme.PLAIN},
            line={"color": theme.PLAIN, "width": 1.5},
            customdata=[theme.plain(titles[int(row)], 48) for row in order],
            hovertemplate="<b>%{customdata}</b><br>rank %{x:,}: %{y:,.4~g} " + unit + "<extra></extra>",
            name="items",
        )
    )
    if chosen is not None:
        figure.add_scatter(
            x=[int(rank[chosen])],
            y=[counts[chosen]],
            mode="markers+text",
            text=[theme.plain(theme.shorten(titles[chosen], 28))],
            # The curve falls from the upper left: above its start and below its end there is room.
            textposition="top right" if rank[chosen] < len(order) ** 0.6 else "bottom left",
            textfont={"color": theme.CHOSEN},
            marker={"size": 14, "color": theme.CHOSEN, "symbol": "circle-open", "line": {"width": 3}},
            hoverinfo="skip",
            name="chosen item",
        )
    figure.update_layout(template=theme.template(), showlegend=False)
    figure.update_xaxes(title_text="rank of the item (1 = most popular)", type="log")
    decades = np.log10(np.maximum([counts.min(), counts.max()], 0.5))
    figure.update_yaxes(title_text=unit, type="log", range=[decades[0] - 0.1, decades[1] + 0.3])
    return theme.describe(figure, file_name="popularity", description=f"Popularity of {len(counts):,} items by rank")
