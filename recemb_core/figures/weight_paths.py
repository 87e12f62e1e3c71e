"""The weights of one item's embeddings, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme


def weight_color(number: int) -> str:
    """Of an item's embedding: the item's own, then its fields."""
    return theme.CHOSEN if number == 0 else theme.series_color(number - 1)


def weight_paths_figure(weights: Float64Array, names: Sequence[str], *, form: str) -> go.Figure:
    """Draw each weight over the steps, with a line at 0; rows that are no numbers are left out.

    Args:
        weights: (steps + 1, m).
        names: (m,), of the embeddings; the first is the item itself.
        form: how weights are made of numbers, for screen readers and the file.
    """
    known = np.isfinite(weights).all(axis=1)
    if not known.any():
        return theme.empty_figure("Not defined: Σa is 0.", file_name=f"weights {form}")
    steps = np.flatnonzero(known)
    traces = [
        theme.lines(
            (steps, weights[known, j]),
            weight_color(j),
            3 if j == 0 else 2,
            dots=7,
            mode="lines" if len(steps) > 1 else "markers",
            name=theme.label(name, 18),
            hover=f"<b>{theme.label(name, 30)}</b><br>after %{{x}} steps: %{{y:.3f}}",
        )
        for j, name in enumerate(names)
    ]
    said = ", ".join(f"{name} {value:.2f}" for name, value in zip(names, weights[steps[-1]], strict=True))
    figure = theme.chart(
        traces,
        file_name=f"weights {form}",
        description=f"Weights by {form} after {steps[-1]} steps: {said}",
        x={"title": "steps of descent", "tickformat": ",d"},
        y={"title": "weight"},
        showlegend=False,
    )
    figure.add_hline(y=0, line=theme.DOTTED)
    return figure
