"""How often a negative sample is each item, as bars over real items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import BoolArray, Float64Array, Int64Array
from recemb_core.figures import theme


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
    at = np.arange(len(ids))
    rows = [
        [item, theme.plain(title, 44), f"{count:,}", f"{p:.3%}", f"{share:.3%}"]
        for item, title, count, p, share in zip(ids, titles, counts, noise, shares, strict=True)
    ]
    said = "<b>%{customdata[1]}</b><br>drawn %{customdata[3]} of the time<br>%{customdata[2]} events, "
    is_chosen = at == (-1 if chosen is None else chosen)
    traces = [
        theme.bars(
            (noise[keep], at[keep]),
            color,
            orientation="h",
            name=name,
            customdata=[rows[i] for i in np.flatnonzero(keep)],
            hover=said + "%{customdata[4]} of all",
        )
        for name, color, keep in (
            ("most popular tenth", theme.CONTRAST, popular & ~is_chosen),
            ("the rest", theme.PLAIN, ~popular & ~is_chosen),
            ("chosen item", theme.CHOSEN, is_chosen),
        )
        if keep.any()
    ]
    traces.append(theme.strokes((shares, at), 13, 2.5, name="share of events (exponent 1)"))
    names = [theme.label(title, 26) for title in titles]
    figure = theme.chart(
        traces,
        file_name="noise-distribution",
        description=f"Probability of {len(ids)} items as a negative sample, from {noise.min():.3%} to {noise.max():.3%}"
        if len(ids)
        else "No items",
        x={
            "title": "probability that a negative is this item (dotted: all alike)",
            "tickformat": ".2~%",
            "rangemode": "tozero",
        },
        y=theme.names_axis(names, range=[len(ids) - 0.4, -0.6], tickfont_size=12),
        barmode="overlay",
        bargap=0.25,
        legend=theme.legend(-0.1),
    )
    figure.add_vline(x=even, line=theme.DOTTED)
    return figure
