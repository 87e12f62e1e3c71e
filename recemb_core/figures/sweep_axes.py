"""Settings of a sweep as lines over parallel axes, one axis a parameter, the last one the aim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recemb_core.figures import theme


@dataclass(frozen=True)
class SweptAxis:
    """One axis.

    Attributes:
        name: over it.
        ticks: (place from 0 to 1, text), a few.
    """

    name: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class SweptLine:
    """One setting.

    Attributes:
        name: in words.
        places: on each axis, 0 to 1.
        final: whether it was trained again with fresh seeds.
        default: whether it is the default.
    """

    name: str
    places: tuple[float, ...]
    final: bool = False
    default: bool = False


def sweep_axes_figure(axes: Sequence[SweptAxis], lines: Sequence[SweptLine], *, file_name: str) -> go.Figure:
    """Draw a line for each setting; its color is its place on the last axis.

    Args:
        axes: at least two; the last one is the aim.
        lines: settings; the better ones are drawn above the others.
        file_name: of the saved picture.
    """
    if not lines:
        return theme.empty_figure("No setting has come to a result yet.", file_name=file_name)
    scale = theme.sequential_scale()
    x = list(range(len(axes)))
    traces = []
    for line in sorted(lines, key=lambda one: (one.default, one.places[-1])):
        color = scale[int(np.clip(line.places[-1], 0, 1) * (len(scale) - 1))][1]
        traces.append(
            theme.lines(
                (x, list(line.places)),
                theme.OTHER if line.default else color,
                3 if line.final or line.default else 1.5,
                line={"dash": "dot"} if line.default else {},
                dots=7 if line.final else 4,
                hover=theme.plain(line.name, 120),
                showlegend=False,
                opacity=1.0 if line.final or line.default else 0.75,
            )
        )
    notes = [
        theme.note(theme.plain(text, 24), i, place, xanchor="right", xshift=-6, font_size=11)
        for i, axis in enumerate(axes)
        for place, text in axis.ticks
    ]
    best = max(lines, key=lambda one: one.places[-1])
    return theme.chart(
        traces,
        file_name=file_name,
        description=f"{len(lines)} settings over {', '.join(axis.name for axis in axes)}; the best: {best.name}",
        x=theme.names_axis([theme.plain(axis.name, 26) for axis in axes], side="top", range=[-0.35, len(axes) - 0.8]),
        y={"range": [-0.06, 1.06], "visible": False, "fixedrange": True},
        annotations=notes,
        shapes=[
            {"type": "line", "x0": i, "x1": i, "y0": 0, "y1": 1, "line": {"color": theme.OTHER, "width": 1}} for i in x
        ],
        hovermode="closest",
        mode_bar=False,
        margin_t=34,
    )
