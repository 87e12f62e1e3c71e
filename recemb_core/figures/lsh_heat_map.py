"""A measure over numbers of functions K and tables L, with the line of the recall that is asked for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from recemb_core.figures import theme
from recemb_core.figures.lsh_tradeoff import Cells

MEASURES: Mapping[str, str] = {"recall": "recall", "precision": "precision", "cost": "share scanned"}


def lsh_heat_map(
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
    figure = go.Figure()
    figure.add_heatmap(
        x=np.arange(columns),
        y=np.arange(rows),
        z=_color(values, measure),
        zmin=-4.0 if measure == "cost" else 0.0,
        zmax=0.0 if measure == "cost" else 1.0,
        colorscale=theme.sequential_scale(),
        xgap=1,
        ygap=1,
        hoverinfo="skip",
        hoverongaps=False,
        colorbar={
            "title": {"text": MEASURES[measure], "side": "right"},
            "thickness": 12,
            "outlinewidth": 0,
            **({"tickvals": [-4, -3, -2, -1, 0], "ticktext": ["≤ 0.01 %", "0.1 %", "1 %", "10 %", "100 %"]}
               if measure == "cost" else {"tickformat": ".1f"}),
        },
        name=MEASURES[measure],
        uid="squares",
    )  # fmt: skip
    figure.add_scatter(  # heat maps tell of no click: a mark that cannot be seen in every square does
        x=np.tile(np.arange(columns), rows),
        y=np.repeat(np.arange(rows), columns),
        mode="markers",
        marker={"symbol": "square", "size": 18, "opacity": 0},
        customdata=cells.custom.reshape(-1, 2),
        hovertemplate="%{customdata[1]}<extra></extra>",
        showlegend=False,
        name="settings",
        uid="settings",
    )
    for recall, dash in targets.items():
        x, y = _boundary(cells.recall >= recall)
        for color, width in (("#111111", 4), ("#FFFFFF", 2)):  # seen on the dark and on the light end of the scale
            figure.add_scatter(
                x=x,
                y=y,
                mode="lines",
                line={"color": color, "width": width, "dash": dash if color == "#FFFFFF" else "solid"},
                hoverinfo="skip",
                showlegend=False,
                name=f"recall {recall:g}",
                uid=f"target {recall:g} {width}",
            )
    for name, cell, symbol, size, style in (
        ("least cost", best, "star", 13, {"color": "#FFFFFF", "line": {"width": 1.5, "color": "#111111"}}),
        ("in use", current, "square-open", 17, {"color": theme.CHOSEN, "line": {"width": 3}}),
    ):
        place = None if cell is None else cells.find(*cell)
        figure.add_scatter(
            x=[] if place is None else [place[1]],
            y=[] if place is None else [place[0]],
            mode="markers",
            marker={"symbol": symbol, "size": size, **style},
            hoverinfo="skip",
            showlegend=False,
            name=name,
            uid=name,
        )
    figure.update_layout(template=theme.template(), hovermode="closest", margin={"l": 8, "r": 8, "t": 12, "b": 8})
    every = [c for c in range(columns) if cells.tables[c] == 1 or cells.tables[c] % 4 == 0 or columns <= 8]
    figure.update_xaxes(
        title_text="tables L",
        tickvals=every,
        ticktext=[str(cells.tables[c]) for c in every],
        range=[-0.5, columns - 0.5],
        showgrid=False,
        fixedrange=True,
    )
    odd = [r for r in range(rows) if rows <= 8 or cells.functions[r] % 2 == 0 or cells.functions[r] == 1]
    figure.update_yaxes(
        title_text="functions K",
        tickvals=odd,
        ticktext=[str(cells.functions[r]) for r in odd],
        range=[-0.5, rows - 0.5],
        showgrid=False,
        fixedrange=True,
    )
    return theme.describe(
        figure,
        file_name=f"{MEASURES[measure]}-over-functions-and-tables",
        description=f"{MEASURES[measure].capitalize()} over {rows} numbers of functions and {columns} of tables",
    )


def _color(values: npt.NDArray[np.float64], measure: str) -> npt.NDArray[np.float64]:
    """Costs by their power of ten (they span four of them); a square without a value stays empty."""
    if measure != "cost":
        return values
    with np.errstate(divide="ignore"):
        return np.where(values > 0, np.maximum(np.log10(values), -4.0), np.nan)


def _boundary(reached: npt.NDArray[np.bool_]) -> tuple[list[float | None], list[float | None]]:
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
