"""One item and its heaviest edges: those that lead to it on the left, those that leave it on the right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float32Array, Int32Array
from recemb_core.figures import theme
from recemb_core.figures.graph_map import IN_COLOR, OUT_COLOR

Side = tuple[Int32Array, Float32Array]


def ego_graph_figure(
    chosen: int, titles: Sequence[str], ids: Sequence[str], out: Side, into: Side | None, *, unit: str
) -> go.Figure:
    """Draw the ego graph.

    Args:
        chosen: row of the item.
        titles: (n,) display names.
        ids: (n,) item ids, carried by the points.
        out: (rows, weights) of the edges out of it, heaviest first; an undirected graph's neighbors.
        into: (rows, weights) of the edges into it; None for an undirected graph.
        unit: what a weight counts.
    """
    figure = go.Figure()
    heaviest = max([1e-12, *(float(w.max()) for _, w in (out, into or out) if len(w))])
    columns = [(out, 1.0, OUT_COLOR, "edges out of it" if into is not None else "its heaviest edges")]
    if into is not None:
        columns.insert(0, (into, -1.0, IN_COLOR, "edges into it"))
    for (rows, weights), x, color, name in columns:
        y = np.linspace(1, -1, len(rows)) if len(rows) > 1 else np.zeros(len(rows))
        for at, weight in zip(y, weights, strict=True):
            width = 0.6 + 6.0 * float(weight) / heaviest
            figure.add_scatter(
                x=[0, x],
                y=[0, at],
                mode="lines",
                line={"color": color, "width": width},
                opacity=0.55,
                hoverinfo="skip",
                showlegend=False,
            )
        figure.add_scatter(
            x=np.full(len(rows), x),
            y=y,
            mode="markers+text",
            marker={"color": color, "size": 10},
            text=[
                f"{theme.plain(theme.shorten(titles[int(r)], 24))} · {w:,.4g}"
                for r, w in zip(rows, weights, strict=True)
            ],
            textposition="middle right" if x > 0 else "middle left",
            customdata=[
                [ids[int(r)], theme.plain(titles[int(r)], 48), f"{w:,.4g}"] for r, w in zip(rows, weights, strict=True)
            ],
            hovertemplate=f"<b>%{{customdata[1]}}</b><br>{unit}: %{{customdata[2]}}<extra></extra>",
            name=name,
            showlegend=False,
            cliponaxis=False,
        )
        figure.add_annotation(
            x=x, y=1.16, text=f"<b>{name}</b>", showarrow=False, font={"color": color}, xanchor="center"
        )
    figure.add_scatter(
        x=[0],
        y=[0],
        mode="markers",
        marker={"color": theme.CHOSEN, "size": 18},
        customdata=[[ids[chosen], theme.plain(titles[chosen], 48), ""]],
        hovertemplate="<b>%{customdata[1]}</b><extra></extra>",
        name="chosen item",
        showlegend=False,
    )
    figure.add_annotation(
        x=0,
        y=0,
        text=f"<b>{theme.plain(theme.shorten(titles[chosen], 26))}</b>",
        showarrow=False,
        yshift=20,
        font={"color": theme.CHOSEN},
    )
    figure.update_layout(template=theme.template(), hovermode="closest")
    reach = 2.5 if into is not None else 2.3
    figure.update_xaxes(visible=False, range=[-reach if into is not None else -0.6, reach], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-1.2, 1.3], fixedrange=True)
    return theme.describe(
        figure, file_name=f"edges-of-{ids[chosen]}", description=f"Heaviest edges of {titles[chosen]}"
    )
