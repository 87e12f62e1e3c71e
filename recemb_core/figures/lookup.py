"""The embedding layer at work: each field's one-hot with its one 1, and the row of W that it takes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float32Array
from recemb_core.figures import theme

ONE_HOT_END, ROWS_START = 0.36, 0.42  # where the two halves end and begin
# Blue for positive, orange for negative; near 0 the paper shows through, light or dark.
SCALE = [(0.0, theme.NEGATIVE), (0.5, "rgba(154,154,154,0.10)"), (1.0, theme.POSITIVE)]
MOST_NUMBERS = 8  # values are written into the cells up to so many columns


def lookup_figure(
    fields: Sequence[str],
    values: Sequence[str | None],
    sizes: Sequence[int],
    places: Sequence[int],
    rows: Float32Array,
    *,
    title: str,
) -> go.Figure:
    """Draw the lookup of one item.

    Args:
        fields: names of F fields, top to bottom.
        values: what the item has in each; None where nothing is known.
        sizes: length of each field's one-hot.
        places: position of its 1, from 0; ignored where nothing is known.
        rows: (F, d) the looked-up rows of W; zeros where nothing is known.
        title: for the saved file and screen readers.
    """
    n, d = rows.shape
    names = [
        f"<b>{theme.plain(theme.shorten(field, 26))}</b><br>{theme.plain(theme.shorten(value or 'not known', 28))}"
        for field, value in zip(fields, values, strict=True)
    ]
    figure = go.Figure()
    for y in range(n):
        figure.add_shape(
            type="rect", xref="x", x0=0, x1=1, y0=y - 0.13, y1=y + 0.13,
            line={"width": 1, "color": theme.OTHER}, fillcolor=theme.OTHER, opacity=0.25,
        )  # fmt: skip
    known = [i for i in range(n) if values[i] is not None]
    figure.add_scatter(
        x=[(places[i] + 0.5) / sizes[i] for i in known],
        y=known,
        mode="markers+text",
        marker={"symbol": "square", "size": 13, "color": theme.CHOSEN},
        text=[f"{places[i] + 1:,}" for i in known],
        textposition=["top center" if 0.12 < (places[i] + 0.5) / sizes[i] < 0.88 else
                      "top right" if places[i] * 2 < sizes[i] else "top left" for i in known],
        textfont={"size": 11},
        customdata=[[None, f"{places[i] + 1:,}", f"{sizes[i]:,}", names[i]] for i in known],
        hovertemplate="%{customdata[3]}<br>the 1 stands at place %{customdata[1]} of %{customdata[2]}, "
        "all others are 0<extra></extra>",
        name="one-hot",
        showlegend=False,
    )  # fmt: skip
    for y in range(n):
        figure.add_annotation(
            x=1, y=y, xref="x", yref="y", text=f"of {sizes[y]:,}", showarrow=False, xanchor="right", yanchor="top",
            yshift=-8, font={"size": 11},
        )  # fmt: skip
    top = float(np.abs(rows).max(initial=0.0)) or 1.0
    written = {"texttemplate": "%{z:.2f}", "textfont": {"size": 11}} if d <= MOST_NUMBERS else {}
    figure.add_heatmap(
        z=rows,
        x=np.arange(1, d + 1),
        y=np.arange(n),
        xaxis="x2",
        colorscale=SCALE,
        zmin=-top,
        zmax=top,
        xgap=1,
        ygap=6,
        customdata=np.repeat(np.array(names, dtype=object)[:, None], d, axis=1),
        hovertemplate="%{customdata}<br>number %{x} of its row: %{z:.4f}<extra></extra>",
        colorbar={"thickness": 10, "len": 0.8, "outlinewidth": 0, "tickfont": {"size": 11}},
        name="rows of W",
        **written,
    )
    hidden = {"showgrid": False, "showticklabels": False, "fixedrange": True}
    figure.update_layout(
        template=theme.template(),
        xaxis={**hidden, "domain": [0, ONE_HOT_END], "range": [-0.02, 1.02], "title": {"text": "one-hot: one 1"}},
        xaxis2={
            "domain": [ROWS_START, 1],
            "title": {"text": f"its row of W: {d} numbers"},
            "showgrid": False,
            "tickmode": "array",
            "tickvals": [1, d] if d > 1 else [1],
            "fixedrange": True,
            "anchor": "y",
        },
        yaxis={
            "range": [n - 0.45, -0.6],
            "tickmode": "array",
            "tickvals": list(range(n)),
            "ticktext": names,
            "showgrid": False,
            "fixedrange": True,
        },
    )
    return theme.describe(
        figure,
        file_name=title,
        description=f"{title}: the place of the 1 in each of {n} one-hots, and the {d} numbers that W has there",
    )
