"""Settings of a sweep by quality and cost, and the Pareto front of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from recemb_core.figures import theme


@dataclass(frozen=True)
class FrontPoint:
    """One setting.

    Attributes:
        name: in words.
        cost, quality: means over its runs.
        front: whether no other is better in one without being worse in the other.
        default: whether it is the default.
    """

    name: str
    cost: float
    quality: float
    front: bool = False
    default: bool = False


def sweep_front_figure(
    points: Sequence[FrontPoint], *, cost_title: str, quality_title: str, file_name: str
) -> go.Figure:
    """Draw every setting, and the front as a line; up and to the left is better.

    Args:
        points: settings.
        cost_title, quality_title: in words, with units.
        file_name: of the saved picture.
    """
    if not points:
        return theme.empty_figure("No setting has come to a result yet.", file_name=file_name)
    front = sorted((one for one in points if one.front), key=lambda one: one.cost)
    traces = [
        theme.lines(
            ([one.cost for one in front], [one.quality for one in front]),
            theme.FOUND,
            2,
            line={"shape": "hv"},
            name="Pareto front",
        )
    ]
    groups = (
        ("settings", theme.CLOUD, 8, "circle", [one for one in points if not one.front and not one.default]),
        ("on the front", theme.FOUND, 11, "diamond", [one for one in front if not one.default]),
        ("the default", theme.CONTRAST, 12, "square", [one for one in points if one.default]),
    )
    for name, color, size, symbol, some in groups:
        if some:
            traces.append(
                theme.marks(
                    ([one.cost for one in some], [one.quality for one in some]),
                    color,
                    size,
                    marker={"symbol": symbol},
                    name=name,
                    customdata=[[None, theme.plain(one.name, 100)] for one in some],
                    hover="%{customdata[1]}: %{y:.4f} at %{x:.4g}",
                )
            )
    costs = [one.cost for one in points if one.cost > 0]
    wide = len(costs) == len(points) and max(costs) > 20 * min(costs)
    log = {"type": "log", "tickformat": ",~f", **theme.log_steps(costs)}
    return theme.chart(
        traces,
        file_name=file_name,
        description=f"{quality_title} against {cost_title} of {len(points)} settings; {len(front)} on the Pareto front",
        x={"title": cost_title, **(log if wide else {"rangemode": "tozero"})},
        y=quality_title,
        legend=theme.legend(1.02),
        margin_t=30,
    )
