"""What each parameter of a sweep does: a small chart a parameter, its values against the aim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from recemb_core.figures import theme

MOST = 6
MOST_TICKS = 6


@dataclass(frozen=True)
class Slice:
    """One parameter.

    Attributes:
        name: of it.
        x: value of each setting; names of words.
        y: aim of each setting, its mean over runs.
        names: of the settings, in words.
        final: whether each was trained again with fresh seeds.
        log: whether the axis is one of logarithms.
    """

    name: str
    x: tuple[float | str, ...]
    y: tuple[float, ...]
    names: tuple[str, ...]
    final: tuple[bool, ...]
    log: bool = False


def sweep_slices_figure(slices: Sequence[Slice], *, y_title: str, default: float | None, file_name: str) -> go.Figure:
    """Draw the first six parameters side by side over one vertical axis.

    Args:
        slices: parameters, those that decide most first.
        y_title: the aim in words.
        default: of the default setting, a dotted line.
        file_name: of the saved picture.
    """
    if not slices or not slices[0].y:
        return theme.empty_figure("No setting has come to a result yet.", file_name=file_name)
    shown = list(slices[:MOST])
    width = 1 / len(shown)
    traces, axes = [], dict[str, Any]()
    for i, one in enumerate(shown):
        number = "" if i == 0 else str(i + 1)
        for final, color, size, symbol in ((False, theme.CLOUD, 7, "circle"), (True, theme.FOUND, 11, "diamond")):
            at = [j for j, own in enumerate(one.final) if own is final]
            if at:
                traces.append(
                    theme.marks(
                        ([one.x[j] for j in at], [one.y[j] for j in at]),
                        color,
                        size,
                        marker={"symbol": symbol},
                        name="fresh seeds too" if final else "chosen from",
                        showlegend=i == 0,
                        customdata=[[None, theme.plain(one.names[j], 100)] for j in at],
                        hover="%{customdata[1]}: %{y:.4f}",
                        xaxis=f"x{number}",
                        legendgroup=str(final),
                    )
                )
        words = any(isinstance(value, str) for value in one.x)
        kind = {"type": "category"} if words else {"type": "log", **_ticks(one.x)} if one.log else {}
        axes[f"xaxis{number}"] = {
            "title": theme.plain(one.name, 26),
            "domain": [i * width + 0.012 * (i > 0), (i + 1) * width - 0.012],
            "anchor": "y",
            "nticks": 5,
            **kind,
        }
    figure = theme.chart(
        traces,
        file_name=file_name,
        description=f"{y_title} of {len(shown[0].y)} settings against {', '.join(one.name for one in shown)}",
        y=y_title,
        legend=theme.legend(1.02),
        margin_t=30,
        **axes,
    )
    if default is not None:
        line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": default, "y1": default, "line": theme.DOTTED}
        figure.add_shape(line)
        beside = {"xref": "paper", "xanchor": "right", "yanchor": "bottom", "font_size": 12}
        figure.add_annotation(theme.note("the default", 1, default, **beside))
    return figure


def _ticks(values: Sequence[Any]) -> dict[str, Any]:
    """Of a logarithmic axis: the values that were tried, where these are few; Plotly writes 2 for 20."""
    tried = sorted({float(value) for value in values})
    return {"tickvals": tried, "tickformat": ",~f"} if len(tried) <= MOST_TICKS else theme.log_steps(tried)
