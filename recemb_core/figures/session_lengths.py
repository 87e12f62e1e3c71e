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
    long = f" ({LONGEST_BAR}: that or more)" if len(counts) > LONGEST_BAR else ""
    said = f"%{{customdata}} items: %{{y:,}} {unit}"
    return theme.chart(
        [theme.bars((x[1:], counts[1:]), theme.PLAIN, customdata=names[1:], hover=said)],
        file_name="sequence-lengths",
        description=f"Lengths of {len(lengths):,} {unit}",
        x={"title": f"items in one of the {unit}{long}", "dtick": 1 if len(counts) <= 12 else None},
        y={"title": unit, "tickformat": ",d"},
        bargap=0.08,
        showlegend=False,
    )
