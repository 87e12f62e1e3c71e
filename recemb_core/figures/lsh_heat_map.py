"""A measure over numbers of functions K and tables L, with the line of the recall that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import BoolArray, Float64Array
from recemb_core.figures import theme
from recemb_core.figures.lsh_tradeoff import Cells

MEASURES: Mapping[str, str] = {"recall": "recall", "precision": "precision", "cost": "share scanned"}


def lsh_heat_map_figure(
    cells: Cells, *, measure: str, current: tuple[int, int], targets: Mapping[float, str], best: tuple[int, int] | None
) -> go.Figure:
    """Draw one square a setting; a click anywhere in a square carries its id.

    Args:
        cells: all settings of one mode.
        measure: a key of `MEASURES`, the color.
        current: (functions, tables) in use, framed.
        targets: recall → line style ("solid", "dash", …); the line runs between settings below and at or above it.
        best: the setting to star; None for no star.
    """
    values = np.asarray(getattr(cells, measure), dtype=np.float64)
    rows, columns = values.shape
    share = measure == "cost"
    decades = {"tickvals": [-4, -3, -2, -1, 0], "ticktext": ["≤ 0.01%", "0.1%", "1%", "10%", "100%"]}
    bar = {"title": {"text": MEASURES[measure], "side": "right"}, "thickness": 12, "outlinewidth": 0}
    squares = theme.heat_map(
        np.arange(columns),
        np.arange(rows),
        _color(values, measure),
        (-4.0, 0.0) if share else (0.0, 1.0),
        theme.sequential_scale(),
        ygap=1,
        hoverinfo="skip",
        hoverongaps=False,
        colorbar={**bar, **(decades if share else {"tickformat": ".1f"})},
        name=MEASURES[measure],
        uid="squares",
    )
    # Heat maps tell of no click: a mark that cannot be seen in every square does.
    clicked = theme.marks(
        (np.tile(np.arange(columns), rows), np.repeat(np.arange(rows), columns)),
        None,
        18,
        marker={"symbol": "square", "opacity": 0},
        customdata=cells.custom.reshape(-1, 2),
        hover="%{customdata[1]}",
        showlegend=False,
        name="settings",
        uid="settings",
    )
    traces = [squares, clicked]
    for recall, dash in targets.items():
        edge = _boundary(cells.recall >= recall)
        for color, width, style in ((theme.DARK_INK, 4, "solid"), (theme.LIGHT_INK, 2, dash)):  # seen on all colors
            known: theme.Trace = {"name": f"recall {recall:g}", "uid": f"target {recall:g} {width}"}
            traces.append(theme.lines(edge, color, width, line={"dash": style}, showlegend=False, **known))
    star = {"symbol": "star", "line": {"width": 1.5, "color": theme.DARK_INK}}
    for name, cell, color, size, shape in (
        ("least cost", best, theme.LIGHT_INK, 13, star),
        ("in use", current, theme.CHOSEN, 17, {"symbol": "square-open", "line": {"width": 3}}),
    ):
        place = None if cell is None else cells.find(*cell)
        x, y = ([], []) if place is None else ([place[1]], [place[0]])
        traces.append(theme.marks((x, y), color, size, marker=shape, name=name, uid=name, showlegend=False))
    every = [c for c in range(columns) if cells.tables[c] == 1 or cells.tables[c] % 4 == 0 or columns <= 8]
    # 1 and 2 would touch.
    named = [r for r in range(rows) if rows <= 8 or cells.functions[r] == 1 or (cells.functions[r] % 2 == 0 and r > 2)]
    return theme.chart(
        traces,
        file_name=f"{MEASURES[measure]}-over-functions-and-tables",
        description=f"{MEASURES[measure].capitalize()} over {rows} numbers of functions and {columns} of tables",
        x=_axis("tables L", every, cells.tables, columns),
        y=_axis("functions K", named, cells.functions, rows),
        hovermode="closest",
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
    )


def _axis(title: str, ticks: Sequence[int], values: Sequence[int], length: int) -> dict[str, Any]:
    named = {"title": title, "tickvals": ticks, "ticktext": [str(values[t]) for t in ticks]}
    return {**named, "range": [-0.5, length - 0.5], "showgrid": False, "fixedrange": True}


def _color(values: Float64Array, measure: str) -> Float64Array:
    """Costs by their power of ten (they span four of them); a square without a value stays empty."""
    if measure != "cost":
        return values
    with np.errstate(divide="ignore"):
        return np.where(values > 0, np.maximum(np.log10(values), -4.0), np.nan)


def _boundary(reached: BoolArray) -> tuple[list[float | None], list[float | None]]:
    """Edges between squares that reach and squares that do not, as one broken line: x₀ x₁ gap …"""
    x: list[float | None] = []
    y: list[float | None] = []
    for r, c in zip(*np.nonzero(reached[:, 1:] != reached[:, :-1]), strict=True):
        x += [c + 0.5, c + 0.5, None]
        y += [r - 0.5, r + 0.5, None]
    for r, c in zip(*np.nonzero(reached[1:] != reached[:-1]), strict=True):
        x += [c - 0.5, c + 0.5, None]
        y += [r + 0.5, r + 0.5, None]
    return x, y
