"""Two points on every function of one table: inside the query's bucket, or beyond its border."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme


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
    name, other_name = (theme.label(one, 30) for one in names)
    traces = [
        theme.lines(
            (theme.segments(x_query, x_other), np.repeat(rows, 3)), theme.OTHER, 1.5, showlegend=False, uid="pairs"
        ),
        theme.marks(
            (x_query, rows), theme.CHOSEN, 11, hover=f"<b>{theme.plain(names[0], 44)}</b>", name=name, uid="query"
        ),
    ]
    for wanted, color, symbol, words in (
        (True, theme.FOUND, "circle", "same bucket"),
        (False, theme.CONTRAST, "x", "another bucket"),
    ):
        part = agree == wanted
        said = {"hover": f"<b>{theme.plain(names[1], 44)}</b><br>{words}", "name": f"{other_name}: {words}"}
        traces.append(theme.marks((x_other[part], rows[part]), color, 11, marker={"symbol": symbol}, uid=words, **said))
    figure = theme.chart(
        traces,
        file_name="two-points-in-one-table",
        description=f"{int(agree.sum())} of {functions} functions agree",
        x={
            "title": "a·v, the query's side on the right"
            if hyperplane
            else "bucket widths from the bucket's lower border",
            "range": [low, high],
            "showgrid": False,
        },
        y=theme.names_axis([f"h{row + 1}" for row in rows], range=[functions - 0.4, -0.6], fixedrange=True),
        legend=theme.legend(-0.16),
    )
    figure.add_vrect(x0=strip[0], x1=strip[1], fillcolor=theme.CHOSEN, opacity=0.12, line_width=0, layer="below")
    borders = [0.0] if hyperplane else [float(b) for b in range(int(np.ceil(low)), int(np.floor(high)) + 1)]
    for border in borders if len(borders) <= 60 else [0.0, 1.0]:
        figure.add_vline(x=border, line={"color": theme.OTHER, "width": 1}, layer="below")
    return figure
