"""Which table caught which true neighbor of one item, and by how many functions the others missed it."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from recemb_core.arrays import BoolArray, Float64Array, Int64Array
from recemb_core.figures import theme

CAUGHT, MISSED = theme.FOUND, theme.OTHER


def catch_id(item: str, table: int) -> str:
    """The id of a mark: a neighbor's id and a table's number from 0; :func:`parse_catch` reads it."""
    return f"{table}:{item}"


def parse_catch(text: str) -> tuple[str, int]:
    """(item, table) of a mark."""
    table, _, item = text.partition(":")
    return item, int(table)


def catch_matrix_figure(
    ids: Sequence[str],
    titles: Sequence[str],
    distances: Float64Array,
    agreeing: Int64Array,
    caught: BoolArray,
    found: BoolArray,
    *,
    functions: int,
    chosen: tuple[str, int] | None = None,
) -> go.Figure:
    """Draw a row a true neighbor, nearest on top, and a column a table.

    Args:
        ids, titles: (k,) of the true neighbors, nearest first.
        distances: (k,) from the item.
        agreeing: (k, tables), functions of the table that give both the same value.
        caught: (k, tables), whether the table alone takes the neighbor as a candidate.
        found: (k,) whether the index takes it after all tables are put together.
        functions: functions a table.
        chosen: (id, table) whose cell is framed.
    """
    k, tables = caught.shape
    figure = go.Figure()
    names = [
        f"{'✓' if hit else '✗'} {theme.plain(theme.shorten(title, 26))}"
        for hit, title in zip(found, titles, strict=True)
    ]
    grid = [(i, t) for i in range(k) for t in range(tables)]
    hover = [
        f"<b>{theme.plain(titles[i], 44)}</b>, distance {distances[i]:.3g}<br>table {t + 1}: "
        f"{agreeing[i, t]} of {functions} functions agree"
        f"{', caught' if caught[i, t] else ', missed'}"
        for i, t in grid
    ]
    for name, wanted, color, symbol in (("caught", True, CAUGHT, "square"), ("missed", False, MISSED, "square-open")):
        part = [j for j, (i, t) in enumerate(grid) if bool(caught[i, t]) == wanted]
        figure.add_scatter(
            x=[grid[j][1] + 1 for j in part],
            y=[grid[j][0] for j in part],
            mode="markers+text" if tables <= 16 else "markers",
            text=[str(agreeing[grid[j]]) for j in part],
            textfont={"size": 11, "color": theme.LIGHT_INK if wanted else None},
            marker={"symbol": symbol, "size": 19 if tables <= 16 else 11, "color": color, "opacity": 1},
            customdata=[[catch_id(ids[grid[j][0]], grid[j][1]), hover[j]] for j in part],
            hovertemplate="%{customdata[1]}<extra></extra>",
            name=name,
            uid=name,
        )
    if chosen is not None and chosen[0] in ids and 0 <= chosen[1] < tables:
        figure.add_scatter(
            x=[chosen[1] + 1],
            y=[list(ids).index(chosen[0])],
            mode="markers",
            marker={
                "symbol": "square-open",
                "size": 24 if tables <= 16 else 16,
                "color": theme.CHOSEN,
                "line": {"width": 3},
            },
            hoverinfo="skip",
            showlegend=False,
            name="chosen",
            uid="chosen",
        )
    figure.update_layout(
        template=theme.template(),
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.12, "yanchor": "top"},
    )
    step = 1 if tables <= 16 else 4
    figure.update_xaxes(
        title_text="table", tickvals=[1, *range(step if step > 1 else 2, tables + 1, step)],
        range=[0.4, tables + 0.6], showgrid=False, fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(tickvals=list(range(k)), ticktext=names, range=[k - 0.4, -0.6], showgrid=False, fixedrange=True)
    return theme.describe(
        figure,
        file_name="tables-and-neighbors",
        description=f"{int(found.sum())} of {k} true neighbors are found by {tables} tables",
    )
