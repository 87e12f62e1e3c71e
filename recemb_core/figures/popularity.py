"""How unevenly items are used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import NumberArray
from recemb_core.figures import theme

MOST = 2_000


def popularity_figure(
    counts: NumberArray, titles: Sequence[str], *, chosen: int | None = None, unit: str = "events", most: int = MOST
) -> go.Figure:
    """Events of each item against its rank, both axes logarithmic: a straight line is a power law.

    Of more than ``most`` items, those at equal steps of the logarithm of the rank are drawn: the line is the same, for
    between two of them there is less than a pixel.

    Args:
        counts: (n,) events by item row.
        titles: (n,) display names.
        chosen: row of the chosen item, marked on the curve.
        unit: what is counted.
        most: points of the line.
    """
    if len(counts) == 0:
        return theme.empty_figure("No items to draw yet.", file_name="popularity")
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    drawn = np.arange(1, len(order) + 1)
    if len(drawn) > most:
        drawn = np.unique(np.round(np.geomspace(1, len(order), most)).astype(np.int64))
    items = theme.lines(
        (drawn, counts[order[drawn - 1]]),
        theme.PLAIN,
        1.5,
        dots=4,
        customdata=[theme.plain(titles[int(row)], 48) for row in order[drawn - 1]],
        hover="<b>%{customdata}</b><br>rank %{x:,}: %{y:,.4~g} " + unit,
        name="items",
    )
    marked = []
    if chosen is not None:
        # The curve falls from the upper left: above its start and below its end there is room.
        beside = "top right" if rank[chosen] < len(order) ** 0.6 else "bottom left"
        marked = [
            theme.ring(
                ([int(rank[chosen])], [counts[chosen]]),
                14,
                **theme.words([theme.label(titles[chosen], 28)], beside, color=theme.CHOSEN),
                name="chosen item",
            )
        ]
    decades = np.log10(np.maximum([counts.min(), counts.max()], 0.5))
    return theme.chart(
        [items, *marked],
        file_name="popularity",
        description=f"Popularity of {len(counts):,} items by rank",
        x={"title": "rank of the item (1 = most popular)", "type": "log", **theme.decades(rank)},
        y={"title": unit, "type": "log", "range": [decades[0] - 0.1, decades[1] + 0.3], **theme.decades(counts)},
        showlegend=False,
    )
