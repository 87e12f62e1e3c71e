"""How often each context of a node stands beside it in the walks, and what models give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme

FLOOR = 1e-6
"""Probabilities below it are drawn there."""


def context_shares_figure(
    names: Sequence[str], walked: Float64Array, models: Mapping[str, Float64Array], *, alike: float
) -> go.Figure:
    """Draw a row for each context: its share of the walks as a stroke, and each model's probability as a point.

    Args:
        names: (m,), of the contexts, the most frequent first.
        walked: (m,), their shares.
        models: name → (m,), p(n | u).
        alike: the probability were all nodes alike, drawn as a line.
    """
    at = np.arange(len(names))
    symbols = ("x-thin", "circle-open", "diamond")
    traces = [
        theme.marks(
            (np.maximum(walked, FLOOR), at),
            theme.OTHER,
            20,
            marker={"symbol": "line-ns", "line": {"width": 4, "color": theme.OTHER}},
            name="in the walks",
            customdata=[[theme.plain(name, 40), value] for name, value in zip(names, walked, strict=True)],
            hover="<b>%{customdata[0]}</b><br>%{customdata[1]:.4f} of the contexts",
        )
    ]
    for number, (name, values) in enumerate(models.items()):
        traces.append(
            theme.marks(
                (np.maximum(values, FLOOR), at),
                theme.series_color(number),
                11,
                marker={
                    "symbol": symbols[number % len(symbols)],
                    "line": {"width": 2, "color": theme.series_color(number)},
                },
                name=name,
                customdata=[[theme.plain(one, 40), value] for one, value in zip(names, values, strict=True)],
                hover=f"<b>%{{customdata[0]}}</b><br>{theme.label(name, 40)}: %{{customdata[1]:.2g}}",
            )
        )
    said = ", ".join(f"{name} {value:.3f}" for name, value in zip(names, walked, strict=True))
    figure = theme.chart(
        traces,
        file_name="contexts of a node",
        description=f"Shares of the walks: {said}",
        x={"title": "p(n | u), logarithmic (dotted: all nodes alike)", "type": "log", "tickformat": "~g", "dtick": 1},
        y=theme.names_axis([theme.label(name, 22) for name in names], autorange="reversed"),
        legend=theme.legend_below(),
        margin_b=76,
        margin_t=30,
    )
    figure.add_vline(x=alike, line=theme.DOTTED)
    return figure
