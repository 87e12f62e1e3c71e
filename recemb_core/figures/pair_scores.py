"""The score of a pair, and of its negatives, update by update."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.figures import theme

PAIR, NOISE = theme.PAIR, theme.NOISE
MOST_POINTS = 1_000


def pair_scores_figure(scores: Float64Array, names: Sequence[str]) -> go.Figure:
    """Draw σ(v'·v) of the pair and of the noise items that are watched.

    Args:
        scores: (updates + 1, 1 + k), the pair in the first column; the first row is the start.
        names: (1 + k,), the context and the noise items.
    """
    figure = go.Figure()
    keep = spread(len(scores))
    for column in range(scores.shape[1] - 1, -1, -1):
        name = theme.plain(theme.shorten(names[column], 30))
        figure.add_scatter(
            x=keep,
            y=scores[keep, column],
            mode="lines" if len(keep) > 1 else "markers",
            line={"color": NOISE if column else PAIR, "width": 1.5 if column else 3.5},
            marker={"color": NOISE if column else PAIR, "size": 8},
            opacity=0.75 if column else 1.0,
            legendgroup="noise" if column else "pair",
            showlegend=column <= 1,
            name="the pair" if column == 0 else "noise items",
            hovertemplate=f"<b>{name}</b><br>after %{{x:,}} updates: %{{y:.3f}}<extra></extra>",
        )
    figure.add_hline(y=0.5, line={"color": theme.OTHER, "width": 1, "dash": "dot"})
    figure.update_layout(
        template=theme.template(),
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top", "traceorder": "reversed"},
    )
    last = max(len(scores) - 1, 1)
    figure.update_xaxes(title_text="updates", range=[-0.02 * last, 1.02 * last], tickformat=",d")
    figure.update_yaxes(title_text="score σ(v′ · v)", range=[-0.03, 1.03])
    now = ", ".join(f"{name} {score:.2f}" for name, score in zip(names, scores[-1], strict=True))
    return theme.describe(figure, file_name="pair-scores", description=f"After {len(scores) - 1:,} updates: {now}")


def spread(n: int) -> Int64Array:
    """Indices of at most about `MOST_POINTS` of n points, ends included."""
    return np.unique(np.linspace(0, n - 1, min(n, MOST_POINTS)).round().astype(np.int64))
