"""How the weight of each field is distributed over the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import BoolArray, Int64Array, NumberArray
from recemb_core.figures import theme


def attention_spread_figure(
    names: Sequence[str],
    weights: NumberArray,
    present: BoolArray,
    *,
    chosen: int | None = None,
    equal: float | None = None,
    drawn: Int64Array | None = None,
) -> go.Figure:
    """Draw a violin for each column of the attention, over the items that have the field.

    Args:
        names: (m,) the item itself, then the fields.
        weights: (n, m).
        present: (n, m) which item has which field.
        chosen: row of the chosen item, marked on each violin where it has the field.
        equal: the weight of plain averaging where no field is missing.
        drawn: rows whose weights the violins are of; None for all. The means are of all rows.
    """
    rows = slice(None) if drawn is None else drawn
    part, has = weights[rows], present[rows]
    shown = [j for j in range(len(names)) if present[:, j].any()]
    violin = {"type": "violin", "orientation": "h", "side": "negative", "width": 1.5, "points": False}
    violin |= {"spanmode": "hard", "line": {"color": theme.PLAIN, "width": 1.5}, "fillcolor": theme.PLAIN}
    violin |= {"opacity": 0.55, "hoveron": "violins", "showlegend": False}
    traces = [{"x": part[has[:, j], j], "y0": j, "name": theme.plain(names[j]), **violin} for j in shown]
    means = [weights[present[:, j], j].mean() for j in shown]
    traces.append(theme.strokes((means, np.array(shown) - 0.12), 16, 3, name="mean", hover="mean %{x:.3f}"))
    if chosen is not None:
        mine = np.flatnonzero(present[chosen])
        at, shape = (weights[chosen, mine], mine - 0.12), {"symbol": "diamond"}
        said = "chosen item: %{x:.3f}"
        traces.append(theme.marks(at, theme.CHOSEN, 11, marker=shape, name="chosen item", hover=said))
    words = " (dotted: plain average)" if equal is not None else ""
    listed = ", ".join(f"{names[j]} {mean:.2f}" for j, mean in zip(shown, means, strict=True))
    ticks = [theme.label(name, 24) for name in names]
    figure = theme.chart(
        traces,
        file_name="attention over the catalogue",
        description=f"Distribution of attention weights over {len(weights):,} items; means: {listed}.",
        x={"title": f"attention weight{words}", "rangemode": "tozero"},
        y=theme.names_axis(ticks, tickmode="array", range=[len(names) - 0.75, -0.95]),
        violingap=0,
        violinmode="overlay",
        legend=theme.legend(1.0),
    )
    if equal is not None:
        figure.add_vline(x=equal, line=theme.DOTTED)
    return figure
