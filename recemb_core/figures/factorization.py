"""Products of input and output vectors over what they should be: where most pairs lie, and the line of the optimum."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import AnyArray, Float64Array
from recemb_core.figures import theme


def factorization_figure(
    density: AnyArray,
    x: Float64Array,
    y: Float64Array,
    *,
    name: str,
    across: str,
    own: tuple[list[float], list[float], list[str]] = ([], [], []),
) -> go.Figure:
    """Draw pairs by color, on a scale of powers of ten, and the line v · v′ = PMI − log k.

    Args:
        density: (rows, columns) pairs, rows by ``y``.
        x, y: edges of the cells.
        name: of the training.
        across: title of the horizontal axis.
        own: (x, y, names) of the pairs to point at.
    """
    most = max(int(density.max(initial=1)), 2)
    decades = [10**power for power in range(len(str(most)))]
    with np.errstate(divide="ignore"):
        color = np.where(density > 0, np.log10(np.maximum(density, 1)), np.nan)
    cells = theme.heat_map(
        (x[1:] + x[:-1]) / 2,
        (y[1:] + y[:-1]) / 2,
        color,
        (0.0, float(np.log10(most))),
        theme.sequential_scale(),
        xgap=0,
        customdata=density,
        hovertemplate="PMI − log k about %{x:.2f}, v · v′ about %{y:.2f}: %{customdata:,} pairs<extra></extra>",
        hoverongaps=False,
        colorbar={
            "title": {"text": "pairs", "side": "right"},
            "thickness": 10,
            "outlinewidth": 0,
            "tickvals": [float(np.log10(one)) for one in decades],
            "ticktext": [f"{one:,}" for one in decades],
        },
        name="pairs",
    )
    low, high = float(min(x[0], y[0])), float(max(x[-1], y[-1]))
    optimum = theme.lines(([low, high], [low, high]), theme.OTHER, 2, line={"dash": "dash"}, name="the optimum")
    places, values, names = own
    chosen = theme.ring(
        (places, values),
        9,
        customdata=[theme.plain(one) for one in names],
        hover="%{customdata}: PMI − log k %{x:.2f}, v · v′ %{y:.2f}",
        name="pairs of the chosen item",
    )
    return theme.chart(
        [cells, optimum, chosen],
        file_name=f"factorization-{name}",
        description=f"{name}: v · v′ of every pair over its PMI − log k",
        x={"title": across, "range": [float(x[0]), float(x[-1])]},
        y={"title": "v · v′", "range": [float(y[0]), float(y[-1])]},
        showlegend=False,
    )
