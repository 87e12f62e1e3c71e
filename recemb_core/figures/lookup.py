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
        f"<b>{theme.label(field, 26)}</b><br>{theme.label(value or 'not known', 28)}"
        for field, value in zip(fields, values, strict=True)
    ]
    known = [i for i in range(n) if values[i] is not None]
    at = {i: (places[i] + 0.5) / sizes[i] for i in known}
    beside = {i: "center" if 0.12 < at[i] < 0.88 else "right" if places[i] * 2 < sizes[i] else "left" for i in known}
    numbers = [f"{places[i] + 1:,}" for i in known]
    ones = theme.marks(
        ([at[i] for i in known], known),
        theme.CHOSEN,
        13,
        marker={"symbol": "square"},
        **theme.words(numbers, [f"top {beside[i]}" for i in known], 11),
        customdata=[[None, place, f"{sizes[i]:,}", names[i]] for i, place in zip(known, numbers, strict=True)],
        hover="%{customdata[3]}<br>the 1 stands at place %{customdata[1]} of %{customdata[2]}, all others are 0",
        name="one-hot",
        showlegend=False,
    )
    top = float(np.abs(rows).max(initial=0.0)) or 1.0
    written = {"texttemplate": "%{z:.2f}", "textfont": {"size": 11}} if d <= MOST_NUMBERS else {}
    cells = theme.heat_map(
        np.arange(1, d + 1),
        np.arange(n),
        rows,
        (-top, top),
        SCALE,
        xaxis="x2",
        ygap=6,
        customdata=np.repeat(np.array(names, dtype=object)[:, None], d, axis=1),
        hovertemplate="%{customdata}<br>number %{x} of its row: %{z:.4f}<extra></extra>",
        colorbar={"thickness": 10, "len": 0.8, "outlinewidth": 0, "tickfont": {"size": 11}},
        name="rows of W",
        **written,
    )
    still = {"showgrid": False, "fixedrange": True}
    edge, under = {"width": 1, "color": theme.OTHER}, {"xanchor": "right", "yanchor": "top", "yshift": -8}
    return theme.chart(
        [ones, cells],
        file_name=title,
        description=f"{title}: the place of the 1 in each of {n} one-hots, and the {d} numbers that W has there",
        x={
            **still,
            "showticklabels": False,
            "domain": [0, ONE_HOT_END],
            "range": [-0.02, 1.02],
            "title": "one-hot: one 1",
        },
        xaxis2={
            **still,
            "domain": [ROWS_START, 1],
            "title": f"its row of W: {d} numbers",
            "tickmode": "array",
            "tickvals": [1, d] if d > 1 else [1],
            "anchor": "y",
        },
        y=theme.names_axis(names, range=[n - 0.45, -0.6], tickmode="array", fixedrange=True),
        shapes=[
            theme.rectangle((0, 1), (y - 0.13, y + 0.13), theme.OTHER, 0.25, xref="x", line=edge) for y in range(n)
        ],
        annotations=[
            theme.note(f"of {size:,}", 1, y, xref="x", yref="y", font_size=11, **under) for y, size in enumerate(sizes)
        ],
    )
