"""Which models name the same items: a line of dots for every group of models, a bar for what they name together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recemb_core.figures import theme

NAMED = 30  # characters of the names beside a bar


@dataclass(frozen=True)
class Membership:
    """Items that exactly these models name; ``models`` are positions in the list of names."""

    models: tuple[int, ...]
    titles: tuple[str, ...]


def membership_counts_figure(names: Sequence[str], groups: Sequence[Membership], *, most: int = 12) -> go.Figure:
    """One line a group of models, in the order given: who they are, how many items they share, and which.

    Args:
        names: m model names.
        groups: each with its items; every item is in one group.
        most: lines drawn; what is left out is said at the foot.

    >>> figure = membership_counts_figure(["A", "B"], [Membership((0, 1), ("Tea",)), Membership((0,), ("Milk", "Cup"))])
    >>> list(figure.data[-1].x)
    [1, 2]
    """
    m = len(names)
    if not groups or m == 0:
        return theme.empty_figure("No neighbors to count yet.", file_name="named-by")
    shown, left_out = list(groups[:most]), list(groups[most:])
    rows = np.arange(len(shown))
    figure = go.Figure()
    every = [(column, row) for row in rows for column in range(m)]
    figure.add_scatter(
        x=[x for x, _ in every],
        y=[y for _, y in every],
        mode="markers",
        marker={"size": 9, "color": theme.OTHER, "opacity": 0.3},
        hoverinfo="skip",
        name="not named",
    )
    for row, group in zip(rows, shown, strict=True):
        color = _color(len(group.models), m)
        figure.add_scatter(
            x=list(group.models),
            y=[row] * len(group.models),
            mode="lines+markers",
            line={"color": color, "width": 2.5},
            marker={"size": 11, "color": color},
            hovertext=_who(names, group),
            hovertemplate="%{hovertext}<extra></extra>",
            name=" + ".join(names[i] for i in group.models),
        )
    figure.add_bar(
        x=[len(group.titles) for group in shown],
        y=rows,
        orientation="h",
        xaxis="x2",
        width=0.62,
        marker={"color": [_color(len(group.models), m) for group in shown]},
        text=[f"<b>{len(group.titles)}</b>  {_named(group.titles)}" for group in shown],
        textposition="outside",
        cliponaxis=False,
        textfont={"size": 12},
        hovertext=[f"{_who(names, group)}<br>{'<br>'.join(map(_line, group.titles))}" for group in shown],
        hovertemplate="%{hovertext}<extra></extra>",
        name="items",
    )
    longest = max(len(group.titles) for group in shown)
    figure.update_layout(
        template=theme.template(),
        showlegend=False,
        bargap=0.3,
        xaxis={
            "domain": [0, 0.3],
            "range": [-0.6, m - 0.4],
            "tickvals": list(range(m)),
            "ticktext": [theme.plain(name) for name in names],
            "tickangle": -40 if m < 4 else -90,
            "side": "top",
            "showgrid": False,
            "fixedrange": True,
        },
        # Room on the right for the names.
        xaxis2={"domain": [0.33, 1], "range": [0, 5 * longest], "visible": False, "fixedrange": True, "anchor": "y"},
        yaxis={"range": [len(shown) - 0.4, -0.6], "visible": False, "fixedrange": True},
        margin={"t": 92, "b": 26 if left_out else 8},
    )
    if left_out:
        items = sum(len(group.titles) for group in left_out)
        figure.add_annotation(
            text=f"and {len(left_out)} more groups with {items} items", x=0, y=0, xref="paper", yref="paper",
            xanchor="left", yanchor="top", yshift=-4, showarrow=False, font={"size": 12},
        )  # fmt: skip
    words = "; ".join(f"{_plainly(names, group)} {len(group.titles)}" for group in shown[:4])
    return theme.describe(
        figure, file_name="named-by", description=f"Items named by each group of models: {words}, and so on."
    )


def _color(count: int, m: int) -> str:
    """Named by more models: further along the scale; by one alone: grey."""
    if count <= 1 and m > 1:
        return theme.OTHER
    scale = theme.sequential_scale()
    return scale[round((count - 1) / max(m - 1, 1) * (len(scale) - 1))][1]


def _plainly(names: Sequence[str], group: Membership) -> str:
    if len(group.models) == len(names) > 1:
        return f"all {len(names)}"
    return " + ".join(names[i] for i in group.models)


def _who(names: Sequence[str], group: Membership) -> str:
    said = f"<b>{theme.plain(_plainly(names, group))}</b>"
    return f"{said}{' alone' if len(group.models) == 1 else ''}: {len(group.titles)}"


def _named(titles: Sequence[str]) -> str:
    """As many names as fit, the first always."""
    text = theme.shorten(titles[0], NAMED)
    for i, title in enumerate(titles[1:], start=1):
        if len(text) + len(title) + 2 > NAMED:
            return theme.plain(f"{text}, +{len(titles) - i}")
        text += f"; {title}"
    return theme.plain(text)


def _line(title: str) -> str:
    return theme.plain(theme.shorten(title, 60))
