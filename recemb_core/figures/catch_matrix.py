"""Which table caught which true neighbor of one item, and by how many functions the others missed it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
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


def is_catch(text: str) -> bool:
    """Whether a text can be the id of a mark; "" stands for none.

    >>> is_catch("3:tea"), is_catch(""), is_catch("tea"), is_catch("²:tea")
    (True, True, False, False)
    """
    table, colon, _ = text.partition(":")
    return text == "" or (colon == ":" and table.isascii() and table.isdigit() and len(table) < 10)


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
    names = [f"{'✓' if hit else '✗'} {theme.label(title, 26)}" for hit, title in zip(found, titles, strict=True)]
    few = tables <= 16
    traces = []
    for name, wanted, color, symbol in (("caught", True, CAUGHT, "square"), ("missed", False, MISSED, "square-open")):
        part = np.argwhere(caught == wanted).tolist()
        hover = [
            f"<b>{theme.plain(titles[i], 44)}</b>, distance {distances[i]:.3g}<br>table {t + 1}: "
            f"{agreeing[i, t]} of {functions} functions agree, {name}"
            for i, t in part
        ]
        numbers = theme.words([str(agreeing[i, t]) for i, t in part], None, 11, theme.LIGHT_INK if wanted else None)
        traces.append(
            theme.marks(
                ([t + 1 for _, t in part], [i for i, _ in part]),
                color,
                19 if few else 11,
                marker={"symbol": symbol, "opacity": 1},
                customdata=[[catch_id(ids[i], t), text] for (i, t), text in zip(part, hover, strict=True)],
                hover="%{customdata[1]}",
                name=name,
                uid=name,
                **(numbers if few else {**numbers, "mode": "markers"}),
            )
        )
    if chosen is not None and chosen[0] in ids and 0 <= chosen[1] < tables:
        at = [chosen[1] + 1], [list(ids).index(chosen[0])]
        frame = {"showlegend": False, "name": "chosen", "uid": "chosen"}
        traces.append(theme.ring(at, 24 if few else 16, "square-open", **frame))
    figure = theme.chart(
        traces,
        file_name="tables-and-neighbors",
        description=f"{int(found.sum())} of {k} true neighbors are found by {tables} tables",
        x={
            "title": "table",
            "tickvals": [1, *(range(2, tables + 1) if few else range(4, tables + 1, 4))],
            "range": [0.4, tables + 0.6],
            "showgrid": False,
            "fixedrange": True,
        },
        y=theme.names_axis(names, range=[k - 0.4, -0.6], fixedrange=True),
        hovermode="closest",
        legend=theme.legend(-0.12),
    )
    figure.layout.meta = {**figure.layout.meta, "cells": tables}  # the live chart makes them smaller than their columns
    return figure
