"""The score of a pair, and of its negatives, update by update."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.figures import theme

MOST_POINTS = 1_000


def pair_scores_figure(scores: Float64Array, names: Sequence[str]) -> go.Figure:
    """Draw σ(v'·v) of the pair and of the noise items that are watched.

    Args:
        scores: (updates + 1, 1 + k), the pair in the first column; the first row is the start.
        names: (1 + k,), the context and the noise items.
    """
    keep = spread(len(scores))
    traces = []
    for column in range(scores.shape[1] - 1, -1, -1):
        color = theme.NOISE if column else theme.PAIR
        traces.append(
            theme.lines(
                (keep, scores[keep, column]),
                color,
                1.5 if column else 3.5,
                dots=8,
                mode="lines" if len(keep) > 1 else "markers",
                opacity=0.75 if column else 1.0,
                legendgroup="noise" if column else "pair",
                showlegend=column <= 1,
                name="noise items" if column else "the pair",
                hover=f"<b>{theme.label(names[column], 30)}</b><br>after %{{x:,}} updates: %{{y:.3f}}",
            )
        )
    last = max(len(scores) - 1, 1)
    now = ", ".join(f"{name} {score:.2f}" for name, score in zip(names, scores[-1], strict=True))
    figure = theme.chart(
        traces,
        file_name="pair-scores",
        description=f"After {len(scores) - 1:,} updates: {now}",
        x={
            "title": "updates",
            "range": [-0.02 * last, 1.02 * last],
            "tickformat": ",d",
            **({"dtick": 1} if last <= 5 else {}),
        },
        y={"title": "score σ(v′ · v)", "range": [-0.03, 1.03]},
        legend=theme.legend(-0.2, traceorder="reversed"),
    )
    figure.add_hline(y=0.5, line={**theme.DOTTED, "width": 1})
    return figure


def spread(n: int) -> Int64Array:
    """Indices of at most about `MOST_POINTS` of n points, ends included."""
    return np.unique(np.linspace(0, n - 1, min(n, MOST_POINTS)).round().astype(np.int64))
