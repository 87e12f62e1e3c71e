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
    step: float = 0.0,
    chosen: tuple[float, float] | None = None,
) -> go.Figure:
    """Draw the cells that are there; the others stay empty frames.

    Args:
        cells: finished cells.
        ps: values of p, bottom to top.
        qs: values of q, left to right.
        title: name of the score.
        step: the noise of a cell. Colors go from the smallest mean to the largest in steps of it, so that what is no
            more than noise has one color; 0: by the means themselves.
        chosen: the (p, q) in use, framed in the chosen color.
    """
    row, column = {p: i for i, p in enumerate(ps)}, {q: j for j, q in enumerate(qs)}
    size = 46 if max(len(ps), len(qs)) <= 5 else 34
    places = [(j, i) for i in range(len(ps)) for j in range(len(qs))]
    hover = [
        f"<b>p = {c.p:g}, q = {c.q:g}</b><br>{theme.plain(title)}: {c.mean:.3f}<br>seeds {c.low:.3f} to {c.high:.3f} "
        f"({c.seeds})<br>against p = q = 1: {c.verdict}"
        for c in cells
    ]
    values = _in_steps([c.mean for c in cells], step)
    low, high = min(values, default=0.0), max(values, default=1.0)
    limits = (low, max(high, low + max(step, 0.01)))
    numbers = [
        f"{c.mean:.2f}".replace("-", "−") + (f"<br>{MARKS[c.verdict]}" if c.verdict in MARKS else "") for c in cells
    ]
    frame = {"symbol": "square-open", "line": {"width": 1}}
    traces = [
        theme.marks(zip(*places, strict=True), theme.OTHER, size, marker=frame, showlegend=False),
        theme.marks(
            ([column[c.q] for c in cells], [row[c.p] for c in cells]),
            values,
            size,
            **theme.words(numbers, None, 12, [_ink(value, limits) for value in values]),
            **theme.tiles(limits),
            customdata=[[cell_id(c.p, c.q), text] for c, text in zip(cells, hover, strict=True)],
            hover="%{customdata[1]}",
            name=title,
        ),
    ]
    if chosen is not None and chosen[0] in row and chosen[1] in column:
        traces.append(theme.ring(([column[chosen[1]]], [row[chosen[0]]]), size + 4, "square-open", showlegend=False))
    across, up = (
        theme.names_axis([f"{v:g}" for v in values], title=name, range=[-0.6, len(values) - 0.4], fixedrange=True)
        for name, values in (("q", qs), ("p", ps))
    )
    return theme.chart(
        traces,
        file_name=f"{title}-over-p-and-q",
        description=f"{title} over p and q",
        mode_bar=False,
        x=across,
        y=up,
        hovermode="closest",
    )


def _in_steps(means: Sequence[float], step: float) -> list[float]:
    """Means to the next multiple of a step above the smallest.

    >>> _in_steps([0.10, 0.14, 0.21], 0.1)
    [0.1, 0.1, 0.2]
    """
    low = min(means, default=0.0)
    return [low + round((mean - low) / step) * step if step > 0 else mean for mean in means]


def _ink(value: float, limits: tuple[float, float]) -> str:
    """Dark numbers on the light end of the scale, light ones on the dark end."""
    return theme.DARK_INK if value > limits[0] + 0.6 * (limits[1] - limits[0]) else theme.LIGHT_INK
