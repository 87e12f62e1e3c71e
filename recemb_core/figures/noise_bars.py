"""How often a negative sample is each item, as bars over real items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import BoolArray, Float64Array, Int64Array
from recemb_core.figures import theme

POPULAR, REST = theme.CONTRAST, theme.PLAIN


def noise_bars_figure(
    ids: Sequence[str],
    titles: Sequence[str],
    noise: Float64Array,
    shares: Float64Array,
    popular: BoolArray,
    counts: Int64Array,
    *,
    chosen: int | None,
    even: float,
) -> go.Figure:
    """Draw the noise probability of some items, their share of events as a tick, and where all would be equal.

    Args:
        ids, titles: (k,) items, most popular first.
        noise: (k,) probability of each.
        shares: (k,) share of events, which the exponent 1 gives.
        popular: (k,) whether the item is one of the most popular.
        counts: (k,) events.
        chosen: index of the chosen item, or None.
        even: 1/n, which the exponent 0 gives.
    """
    figure = go.Figure()
    at = np.arange(len(ids))
    rows = [
        [item, theme.plain(title, 44), f"{count:,}", f"{p:.3%}", f"{share:.3%}"]
        for item, title, count, p, share in zip(ids, titles, counts, noise, shares, strict=True)
    ]
    is_chosen = at == (-1 if chosen is None else chosen)
    for name, color, keep in (
        ("most popular tenth", POPULAR, popular & ~is_chosen),
        ("the rest", REST, ~popular & ~is_chosen),
        ("chosen item", theme.CHOSEN, is_chosen),
    ):
        if not keep.any():
            continue
        figure.add_bar(
            y=at[keep],
            x=noise[keep],
            orientation="h",
            marker={"color": color},
            name=name,
            customdata=[rows[i] for i in np.flatnonzero(keep)],
            hovertemplate="<b>%{customdata[1]}</b><br>drawn %{customdata[3]} of the time<br>"
            "%{customdata[2]} events, %{customdata[4]} of all<extra></extra>",
        )
    figure.add_scatter(
        y=at,
        x=shares,
        mode="markers",
        marker={"symbol": "line-ns", "size": 13, "line": {"width": 2.5, "color": theme.OTHER}},
        name="share of events (exponent 1)",
        hoverinfo="skip",
    )
    figure.add_vline(x=even, line={"color": theme.OTHER, "width": 1.5, "dash": "dot"})
    figure.update_layout(
        template=theme.template(),
        barmode="overlay",
        bargap=0.25,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.1, "yanchor": "top"},
    )
    figure.update_xaxes(
        title_text="probability that a negative is this item (dotted: all alike)", tickformat=".2~%", rangemode="tozero"
    )
    names = [theme.plain(theme.shorten(title, 26)) for title in titles]
    figure.update_yaxes(
        tickvals=at, ticktext=names, range=[len(ids) - 0.4, -0.6], showgrid=False, tickfont={"size": 12}
    )
    return theme.describe(
        figure,
        file_name="noise-distribution",
        description=f"Probability of {len(ids)} items as a negative sample, from {noise.min():.3%} to {noise.max():.3%}"
        if len(ids)
        else "No items",
    )
