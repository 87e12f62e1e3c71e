"""Two points on every function of one table: inside the query's bucket, or beyond its border."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme

AGREE, PART = theme.FOUND, theme.CONTRAST


def bucket_lines_figure(
    query: Float64Array, other: Float64Array, *, names: tuple[str, str], hyperplane: bool = False
) -> go.Figure:
    """Draw a line a function, shifted so that the query's bucket is the same shaded strip on all of them.

    Args:
        query, other: (K,) positions (a · v + b) / w of both points, whose floor is the bucket; for hyperplanes a · v,
            whose sign is.
        names: of the query and of the other point.
        hyperplane: the family has two half-lines instead of buckets.
    """
    functions = len(query)
    rows = np.arange(functions)
    if hyperplane:
        side = np.where(query >= 0, 1.0, -1.0)  # the query's side is on the right
        x_query, x_other = np.abs(query), other * side
        agree = (query >= 0) == (other >= 0)
        reach = 1.08 * float(max(x_query.max(initial=0), np.abs(x_other).max(initial=0), 1e-9))
        low, high, strip = -reach, reach, (0.0, reach)
    else:
        floor = np.floor(query)
        x_query, x_other = query - floor, other - floor
        agree = np.floor(other) == floor
        low = min(-0.4, float(x_other.min(initial=0)) - 0.15)
        high = max(1.4, float(x_other.max(initial=0)) + 0.15)
        strip = (0.0, 1.0)
    figure = go.Figure()
    figure.add_vrect(x0=strip[0], x1=strip[1], fillcolor=theme.CHOSEN, opacity=0.12, line_width=0, layer="below")
    borders = [0.0] if hyperplane else [float(b) for b in range(int(np.ceil(low)), int(np.floor(high)) + 1)]
    for border in borders if len(borders) <= 60 else [0.0, 1.0]:
        figure.add_vline(x=border, line={"color": theme.OTHER, "width": 1}, layer="below")
    path = np.full((functions, 3), np.nan)
    path[:, 0], path[:, 1] = x_query, x_other
    figure.add_scatter(
        x=path.ravel(),
        y=np.repeat(rows, 3),
        mode="lines",
        line={"color": theme.OTHER, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
        uid="pairs",
    )
    figure.add_scatter(
        x=x_query,
        y=rows,
        mode="markers",
        marker={"color": theme.CHOSEN, "size": 11},
        hovertemplate=f"<b>{theme.plain(names[0], 44)}</b><extra></extra>",
        name=theme.plain(theme.shorten(names[0], 30)),
        uid="query",
    )
    for wanted, color, symbol, words in ((True, AGREE, "circle", "same bucket"), (False, PART, "x", "another bucket")):
        part = agree == wanted
        figure.add_scatter(
            x=x_other[part],
            y=rows[part],
            mode="markers",
            marker={"color": color, "size": 11, "symbol": symbol},
            hovertemplate=f"<b>{theme.plain(names[1], 44)}</b><br>{words}<extra></extra>",
            name=f"{theme.plain(theme.shorten(names[1], 30))}: {words}",
            uid=words,
        )
    figure.update_layout(
        template=theme.template(), legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.16, "yanchor": "top"}
    )
    figure.update_xaxes(
        title_text="a·v, the query's side on the right"
        if hyperplane
        else "bucket widths from the bucket's lower border",
        range=[low, high],
        showgrid=False,
    )
    figure.update_yaxes(
        tickvals=list(rows),
        ticktext=[f"h{row + 1}" for row in rows],
        range=[functions - 0.4, -0.6],
        showgrid=False,
        fixedrange=True,
    )
    return theme.describe(
        figure, file_name="two-points-in-one-table", description=f"{int(agree.sum())} of {functions} functions agree"
    )
