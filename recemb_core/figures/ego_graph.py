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
    heaviest = max([1e-12, *(float(w.max()) for _, w in (out, into or out) if len(w))])
    columns = [(out, 1.0, OUT_COLOR, "edges out of it" if into is not None else "its heaviest edges")]
    if into is not None:
        columns.insert(0, (into, -1.0, IN_COLOR, "edges into it"))
    traces, notes = [], []
    for (rows, weights), x, color, name in columns:
        y = np.linspace(1, -1, len(rows)) if len(rows) > 1 else np.zeros(len(rows))
        said = [f"{w:,.4g}" for w in weights]
        traces += [
            theme.lines(([0, x], [0, at]), color, 0.6 + 6.0 * float(weight) / heaviest, opacity=0.55, showlegend=False)
            for at, weight in zip(y, weights, strict=True)
        ]
        traces.append(
            theme.marks(
                (np.full(len(rows), x), y),
                color,
                10,
                mode="markers+text",
                text=[f"{theme.label(titles[int(r)], 24)} · {w}" for r, w in zip(rows, said, strict=True)],
                textposition="middle right" if x > 0 else "middle left",
                customdata=[[ids[int(r)], theme.plain(titles[int(r)], 48), w] for r, w in zip(rows, said, strict=True)],
                hover=f"<b>%{{customdata[1]}}</b><br>{unit}: %{{customdata[2]}}",
                name=name,
                showlegend=False,
                cliponaxis=False,
            )
        )
        notes.append(theme.note(f"<b>{name}</b>", x, 1.16, font_color=color, xanchor="center"))
    traces.append(
        theme.marks(
            ([0], [0]),
            theme.CHOSEN,
            18,
            customdata=[[ids[chosen], theme.plain(titles[chosen], 48), ""]],
            hover="<b>%{customdata[1]}</b>",
            name="chosen item",
            showlegend=False,
        )
    )
    notes.append(theme.note(f"<b>{theme.label(titles[chosen], 26)}</b>", 0, 0, yshift=20, font_color=theme.CHOSEN))
    return theme.chart(
        traces,
        file_name=f"edges-of-{ids[chosen]}",
        description=f"Heaviest edges of {titles[chosen]}",
        x={**theme.UNSEEN, "range": [-0.6, 2.3] if into is None else [-2.5, 2.5]},
        y={**theme.UNSEEN, "range": [-1.2, 1.3]},
        annotations=notes,
        hovermode="closest",
    )
