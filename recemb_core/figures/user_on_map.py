"""A user on the item map: their history, what is recommended, and where that puts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from recemb_core.figures import theme
from recemb_core.figures.item_map import item_map_figure

USER = "(the user)"


def user_on_map_figure(
    positions: npt.ArrayLike,
    ids: Sequence[str],
    titles: Sequence[str],
    *,
    user: tuple[float, float],
    history: Sequence[str],
    recommended: Sequence[str],
    **points: Any,
) -> go.Figure:
    """The item map with the user's diamond, the history as filled squares and the recommendations ringed.

    Args:
        positions: (n, 2).
        ids, titles: of the n items.
        user: where the user is drawn.
        history: ids of the history.
        recommended: ids, best first.
        points: everything else goes to :func:`~recemb_core.figures.item_map.item_map_figure`.
    """
    ringed: theme.Trace = {"highlighted": recommended, "highlighted_title": "recommended"}
    figure = item_map_figure(positions, ids, titles, labels=list(recommended)[:5], **ringed, **points)
    places = np.asarray(positions, dtype=np.float64)
    row = {item: i for i, item in enumerate(ids)}
    taken = [row[item] for item in dict.fromkeys(history) if item in row]
    # No item ids here: these marks lie on top of the items' own points, which answer clicks.
    seen = theme.marks(
        places[taken].T,
        theme.PATH,
        13,
        marker={"symbol": "square-open", "line": {"width": 2.5}},
        name="history",
        uid="history",
        legendrank=2_550,
    )
    place = theme.marks(
        ([user[0]], [user[1]]),
        theme.CHOSEN,
        19,
        customdata=[[USER]],
        marker={"symbol": "diamond", "line": theme.WHITE_EDGE},
        name="the user",
        uid="user",
        legendrank=2_400,
        hover="the user: mean place of the 10 best-scored items,<br>weighted by the model",
    )
    return figure.add_traces([seen, place])
