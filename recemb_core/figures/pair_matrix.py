"""Which two places of a sequence are paired, as a square: one cell a (center, context)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import AnyArray
from recemb_core.figures import theme

NAMED = 16
"""Places up to which each has its name at the axis."""


def pair_matrix_figure(
    times: AnyArray, titles: Sequence[str], *, name: str, most: int, ordered: bool, named: bool, file_name: str
) -> go.Figure:
    """Draw how often each two places were paired; open cells were not.

    Args:
        times: (n, n), center by context, 0 where never.
        titles: names of the n places.
        name: how the pairs are made.
        most: times that are the strongest color.
        ordered: number the places; a basket has no order.
        named: write the names at the axis, where there are few enough.
        file_name: of the saved picture.
    """
    n = len(titles)
    names = [f"{i + 1} · {theme.label(one, 16)}" if ordered else theme.label(one, 18) for i, one in enumerate(titles)]
    values = np.where(times > 0, times, np.nan).astype(np.float64)
    scale = theme.sequential_scale()
    cells = theme.heat_map(
        list(range(n)),
        list(range(n)),
        values,
        (0.0, float(max(most, 1))),
        scale if most > 1 else [(0.0, theme.PLAIN), (1.0, theme.PLAIN)],
        ygap=1,
        showscale=False,
        hoverongaps=False,
        customdata=[[f"{theme.plain(a, 40)} → {theme.plain(b, 40)}" for b in titles] for a in titles],
        hovertemplate="%{customdata}: %{z:g} times<extra></extra>",
        name="pairs",
    )
    pairs = int((times > 0).sum())
    axis = theme.names_axis(names) if named and n <= NAMED else theme.UNSEEN
    return theme.chart(
        [cells],
        file_name=file_name,
        description=f"{name}: {pairs} of {n * (n - 1)} ordered pairs of {n} places",
        x={"visible": False, "range": [-0.5, n - 0.5], "constrain": "domain"},
        y={**axis, "range": [n - 0.5, -0.5], "scaleanchor": "x", "constrain": "domain"},
        margin=theme.TIGHT,
    )
