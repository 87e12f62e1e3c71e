"""A score over the plane of p and q: one clickable square a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from recemb_core.figures import theme

# What stands below a number. A verdict that is not here gets no mark.
MARKS = {"within noise": "≈", "the base of comparison": "base", "noise not measured": "?", "not judged yet": "…"}


@dataclass(frozen=True)
class PhaseCell:
    """What a square shows: mean and range over seeds, and the verdict on its change from p = q = 1.

    ``verdict`` is "beyond noise" or one of ``MARKS``.
    """

    p: float
    q: float
    mean: float
    low: float
    high: float
    seeds: int
    verdict: str


def cell_id(p: float, q: float) -> str:
    """The id that a square carries; :func:`parse_cell` reads it."""
    return f"{p:g},{q:g}"


def parse_cell(text: str) -> tuple[float, float]:
    """(p, q) of a cell's id."""
    p, q = text.split(",")
    return float(p), float(q)


def phase_map_figure(
    cells: Sequence[PhaseCell],
    ps: Sequence[float],
    qs: Sequence[float],
    *,
    title: str,
    limits: tuple[float, float],
    chosen: tuple[float, float] | None = None,
) -> go.Figure:
    """Draw the cells that are there; the others stay empty frames.

    Args:
        cells: finished cells.
        ps: values of p, bottom to top.
        qs: values of q, left to right.
        title: name of the score.
        limits: ends of the color scale, so that both colors and frames mean the same while cells arrive.
        chosen: the (p, q) in use, framed in the chosen color.
    """
    row, column = {p: i for i, p in enumerate(ps)}, {q: j for j, q in enumerate(qs)}
    size = 46 if max(len(ps), len(qs)) <= 5 else 34
    figure = go.Figure()
    figure.add_scatter(
        x=[j for _ in ps for j in range(len(qs))],
        y=[i for i in range(len(ps)) for _ in qs],
        mode="markers",
        marker={"symbol": "square-open", "size": size, "color": theme.OTHER, "line": {"width": 1}},
        hoverinfo="skip",
        showlegend=False,
    )
    hover = [
        f"<b>p = {c.p:g}, q = {c.q:g}</b><br>{theme.plain(title)}: {c.mean:.3f}<br>seeds {c.low:.3f} to {c.high:.3f} "
        f"({c.seeds})<br>against p = q = 1: {c.verdict}"
        for c in cells
    ]
    figure.add_scatter(
        x=[column[c.q] for c in cells],
        y=[row[c.p] for c in cells],
        mode="markers+text",
        text=[f"{c.mean:.2f}" + (f"<br>{MARKS[c.verdict]}" if c.verdict in MARKS else "") for c in cells],
        textfont={"size": 12, "color": [_ink(c.mean, limits) for c in cells]},
        marker={
            "symbol": "square",
            "size": size,
            "color": [c.mean for c in cells],
            "cmin": limits[0],
            "cmax": limits[1],
            "colorscale": theme.sequential_scale(),
            "opacity": 1,
        },
        customdata=[[cell_id(c.p, c.q), text] for c, text in zip(cells, hover, strict=True)],
        hovertemplate="%{customdata[1]}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        name=title,
        showlegend=False,
    )
    if chosen is not None and chosen[0] in row and chosen[1] in column:
        figure.add_scatter(
            x=[column[chosen[1]]],
            y=[row[chosen[0]]],
            mode="markers",
            marker={"symbol": "square-open", "size": size + 4, "color": theme.CHOSEN, "line": {"width": 3}},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.update_layout(template=theme.template(), hovermode="closest")
    figure.update_xaxes(
        title_text="q", tickvals=list(range(len(qs))), ticktext=[f"{q:g}" for q in qs], range=[-0.6, len(qs) - 0.4],
        showgrid=False, fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(
        title_text="p", tickvals=list(range(len(ps))), ticktext=[f"{p:g}" for p in ps], range=[-0.6, len(ps) - 0.4],
        showgrid=False, fixedrange=True,
    )  # fmt: skip
    figure = theme.describe(figure, file_name=f"{title}-over-p-and-q", description=f"{title} over p and q")
    figure.layout.meta = {**figure.layout.meta, "mode_bar": False}
    return figure


def _ink(value: float, limits: tuple[float, float]) -> str:
    """Dark numbers on the light end of the scale, light ones on the dark end."""
    return theme.DARK_INK if value > limits[0] + 0.6 * (limits[1] - limits[0]) else theme.LIGHT_INK
