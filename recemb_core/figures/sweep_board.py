"""Settings of a sweep from the best mean down, each training a mark: how far the marks of one setting lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from recemb_core.figures import theme

NAME = 50  # characters of a setting beside the axis: three parameters with their values


@dataclass(frozen=True)
class SweptSetting:
    """One setting.

    Attributes:
        name: in words.
        looks: figures of the trainings that chose.
        fresh: figures of the trainings with seeds that did not.
        default: whether it is the default.
    """

    name: str
    looks: tuple[float, ...]
    fresh: tuple[float, ...] = ()
    default: bool = False

    @property
    def mean(self) -> float:
        """Over all of its trainings."""
        every = (*self.looks, *self.fresh)
        return sum(every) / len(every)


def sweep_board_figure(settings: Sequence[SweptSetting], *, x_title: str, file_name: str) -> go.Figure:
    """Draw the settings in their order, the first on top; a dotted line where the default's mean is.

    Args:
        settings: with one training each at least.
        x_title: the aim in words.
        file_name: of the saved picture.
    """
    if not settings:
        return theme.empty_figure("No setting has come to a result yet.", file_name=file_name)
    groups = (
        ("first looks", theme.OTHER, 7, "circle", [(v, i) for i, one in enumerate(settings) for v in one.looks]),
        ("fresh seeds", theme.PLAIN, 8, "circle", [(v, i) for i, one in enumerate(settings) for v in one.fresh]),
    )
    traces = [
        theme.marks(
            tuple(map(list, zip(*points, strict=True))),
            color,
            size,
            marker={"symbol": symbol, "opacity": 0.7},
            name=name,
            customdata=[[None, theme.plain(settings[at].name)] for _, at in points],
            hover=f"%{{customdata[1]}}<br>{name}: %{{x:.4f}}",
            cliponaxis=False,
        )
        for name, color, size, symbol, points in groups
        if points
    ]
    traces.append(
        theme.marks(
            ([one.mean for one in settings], list(range(len(settings)))),
            theme.CONTRAST,
            11,
            marker={"symbol": "line-ns", "line": {"width": 2.5, "color": theme.CONTRAST}},
            name="mean",
            customdata=[[None, theme.plain(one.name), len(one.looks) + len(one.fresh)] for one in settings],
            hover="%{customdata[1]}<br>mean of %{customdata[2]} trainings: %{x:.4f}",
            cliponaxis=False,
        )
    )
    said = "; ".join(f"{one.name} {one.mean:.4f}" for one in settings[:8])
    figure = theme.chart(
        traces,
        file_name=file_name,
        description=f"{x_title} of {len(settings)} settings, a mark a training, the best mean first: {said}",
        x=x_title,
        y=theme.names_axis(
            [theme.label(one.name, NAME) for one in settings],
            range=[len(settings) - 0.4, -0.6],
            fixedrange=True,
            tickfont_size=11,
        ),
        legend=theme.legend(1.02),
    )
    base = next((one for one in settings if one.default), None)
    if base is not None:
        figure.add_vline(x=base.mean, line=theme.DOTTED)
        beside = {"yref": "paper", "xanchor": "left", "xshift": 4, "yanchor": "bottom", "font_size": 11}
        figure.add_annotation(theme.note("the default", base.mean, 0, **beside))
    return figure
