"""How the weight of each field is distributed over the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import BoolArray, NumberArray
from recemb_core.figures import theme


def attention_spread_figure(
    names: Sequence[str],
    weights: NumberArray,
    present: BoolArray,
    *,
    chosen: int | None = None,
    equal: float | None = None,
) -> go.Figure:
    """Draw a violin for each column of the attention, over the items that have the field.

    Args:
        names: (m,) the item itself, then the fields.
        weights: (n, m).
        present: (n, m) which item has which field.
        chosen: row of the chosen item, marked on each violin where it has the field.
        equal: the weight of plain averaging where no field is missing.
    """
    figure = go.Figure()
    for j, name in enumerate(names):
        have = present[:, j]
        if not have.any():
            continue
        figure.add_violin(
            x=weights[have, j],
            y0=j,
            orientation="h",
            side="negative",
            width=1.5,
            points=False,
            spanmode="hard",
            line={"color": theme.PLAIN, "width": 1.5},
            fillcolor=theme.PLAIN,
            opacity=0.55,
            hoveron="violins",
            name=theme.plain(name),
            showlegend=False,
        )
    shown = [j for j in range(len(names)) if present[:, j].any()]
    figure.add_scatter(
        x=[weights[present[:, j], j].mean() for j in shown],
        y=np.array(shown) - 0.12,
        mode="markers",
        marker={"symbol": "line-ns", "size": 16, "line": {"width": 3, "color": theme.OTHER}},
        name="mean",
        hovertemplate="mean %{x:.3f}<extra></extra>",
    )
    if chosen is not None:
        mine = np.flatnonzero(present[chosen])
        figure.add_scatter(
            x=weights[chosen, mine],
            y=mine - 0.12,
            mode="markers",
            marker={"symbol": "diamond", "size": 11, "color": theme.CHOSEN},
            name="chosen item",
            hovertemplate="chosen item: %{x:.3f}<extra></extra>",
        )
    if equal is not None:
        figure.add_vline(x=equal, line={"color": theme.OTHER, "width": 1.5, "dash": "dot"})
    figure.update_layout(
        template=theme.template(),
        violingap=0,
        violinmode="overlay",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"},
    )
    words = " (dotted: plain average)" if equal is not None else ""
    figure.update_xaxes(title_text=f"attention weight{words}", rangemode="tozero")
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=[theme.plain(theme.shorten(name, 24)) for name in names],
        range=[len(names) - 0.75, -0.95],
        showgrid=False,
    )
    means = ", ".join(
        f"{name} {weights[present[:, j], j].mean():.2f}" for j, name in enumerate(names) if present[:, j].any()
    )
    return theme.describe(
        figure,
        file_name="attention over the catalogue",
        description=f"Distribution of attention weights over {len(weights):,} items; means: {means}.",
    )
