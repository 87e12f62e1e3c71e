"""How long the sequences are."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Int64Array
from recemb_core.figures import theme

LONGEST_BAR = 40


def session_lengths_figure(lengths: Int64Array, *, unit: str = "sequences") -> go.Figure:
    """Bars of sequence length (items); the last bar gathers everything longer.

    Args:
        lengths: number of items of each sequence.
        unit: what a sequence is called ("sessions", "baskets").
    """
    if len(lengths) == 0:
        return theme.empty_figure("No sequences to draw yet.", file_name="sequence-lengths")
    counts = np.bincount(np.minimum(lengths, LONGEST_BAR))
    x = np.arange(len(counts))
    names = [f"{i}+" if i == LONGEST_BAR else str(i) for i in x]
    figure = go.Figure(
        go.Bar(
            x=x[1:],
            y=counts[1:],
            customdata=names[1:],
            marker_color=theme.PLAIN,
            hovertemplate=f"%{{customdata}} items: %{{y:,}} {unit}<extra></extra>",
        )
    )
    figure.update_layout(template=theme.template(), bargap=0.08, showlegend=False)
    figure.update_xaxes(
        title_text=f"items in one of the {unit}"
        + (f" ({LONGEST_BAR}: that or more)" if len(counts) > LONGEST_BAR else "")
    )
    if len(counts) <= 12:
        figure.update_xaxes(dtick=1)
    figure.update_yaxes(title_text=unit, tickformat=",d")
    return theme.describe(figure, file_name="sequence-lengths", description=f"Lengths of {len(lengths):,} {unit}")
