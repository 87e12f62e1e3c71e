"""How much each embedding of one item counts, as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import NumberArray
from recemb_core.figures import theme


def attention_bars_figure(
    names: Sequence[str],
    values: Sequence[str],
    weights: NumberArray,
    catalogue: NumberArray,
    *,
    equal: float,
    low: NumberArray | None = None,
    high: NumberArray | None = None,
    seeds: int = 0,
    title: str = "",
) -> go.Figure:
    """Draw the attention weights of an item, the catalogue's mean as a tick, and where all would be equal.

    Args:
        names: (m,) the item itself, then its fields.
        values: (m,) what the item has there; empty: the value is missing, and the weight is 0.
        weights: (m,) in [0, 1], summing to 1.
        catalogue: (m,) mean weight over the items that have the field.
        equal: the weight of plain averaging (GES).
        low: (m,) smallest weight over other seeds, or None.
        high: (m,) largest, or None.
        seeds: over how many seeds ``low`` and ``high`` are.
        title: the item's name, for the description and the file.
    """
    shown = [
        theme.plain(theme.shorten(f"{name}: {value}" if value else name, 34))
        for name, value in zip(names, values, strict=True)
    ]
    hover = [
        [None, theme.plain(name), theme.plain(value or "missing: no embedding, no weight", 48), f"{mean:.3f}"]
        for name, value, mean in zip(names, values, catalogue, strict=True)
    ]
    at = np.arange(len(names))
    bars = theme.bars(
        (weights, at),
        [theme.CHOSEN] + [theme.PLAIN] * (len(names) - 1),
        orientation="h",
        customdata=hover,
        hover="<b>%{customdata[1]}</b><br>%{customdata[2]}<br>weight %{x:.3f}, catalogue mean %{customdata[3]}",
        text=[f"{w:.2f}" if value else "missing" for w, value in zip(weights, values, strict=True)],
        textposition="outside",
        textfont={"size": 12},
        constraintext="none",  # or plotly writes as small as the bar is thin
        cliponaxis=False,
        name="this item",
        showlegend=False,
    )
    if low is not None and high is not None:
        bars["error_x"] = theme.whiskers(weights, low, high, color=theme.OTHER, thickness=2, width=4)
        bars |= {"textposition": "inside", "insidetextanchor": "start"}
    words = f"; whiskers: {seeds} other seeds" if low is not None else ""
    said = ", ".join(f"{name} {w:.2f}" for name, w in zip(names, weights, strict=True))
    figure = theme.chart(
        [bars, theme.strokes((catalogue, at), 18, 3, name="catalogue mean")],
        file_name=f"attention {title}",
        description=f"Attention weights of {title or 'the item'}: {said}.",
        x={"title": f"attention weight (dotted: plain average, GES){words}", "rangemode": "tozero"},
        y=theme.names_axis(shown, autorange="reversed", tickmode="array"),
        bargap=0.3,
        legend=theme.legend(1.0),
        margin_r=40,
    )
    figure.add_vline(x=equal, line=theme.DOTTED)
    return figure
