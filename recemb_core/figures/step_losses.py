"""The loss of a training, update by update."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme
from recemb_core.figures.pair_scores import spread


def step_losses_figure(losses: Float64Array, window: int) -> go.Figure:
    """Draw the loss of each update and its running mean.

    Args:
        losses: (updates,) E in nats, before each update.
        window: updates that the running mean looks back on.
    """
    if len(losses) == 0:
        return theme.empty_figure("No update yet: press a button above.", file_name="loss")
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    ends = np.arange(1, len(losses) + 1)
    starts = np.maximum(ends - window, 0)
    mean = (sums[ends] - sums[starts]) / (ends - starts)
    keep = spread(len(losses))
    each = theme.marks(
        (keep + 1, losses[keep]),
        theme.OTHER,
        4,
        marker={"opacity": 0.6},
        name="each update",
        hover="update %{x:,}: %{y:.2f}",
    )
    running = theme.lines(
        (keep + 1, mean[keep]), theme.FOUND, 3, name=f"mean of the last {window}", hover="up to update %{x:,}: %{y:.2f}"
    )
    return theme.chart(
        [each, running],
        file_name="loss",
        description=f"Loss of {len(losses):,} updates; the last mean is {mean[-1]:.2f}",
        x={"title": "updates", "tickformat": ",d", **({"dtick": 1} if len(losses) <= 5 else {})},
        y={"title": "loss E (nats)", "rangemode": "tozero"},
        legend=theme.legend(-0.2),
    )
