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
    colors = [_color(len(group.models), m) for group in shown]
    faint: theme.Trace = {"marker": {"opacity": 0.3}, "name": "not named"}
    traces = [theme.marks(([*range(m)] * len(shown), np.repeat(rows, m).tolist()), theme.OTHER, 9, **faint)]
    for row, group, color in zip(rows, shown, colors, strict=True):
        who: theme.Trace = {"hovertext": _who(names, group), "name": " + ".join(names[i] for i in group.models)}
        at = list(group.models), [row] * len(group.models)
        traces.append(theme.lines(at, color, 2.5, dots=11, hover="%{hovertext}", **who))
    traces.append(
        theme.bars(
            ([len(group.titles) for group in shown], rows),
            colors,
            orientation="h",
            xaxis="x2",
            width=0.62,
            text=[f"<b>{len(group.titles)}</b>  {_named(group.titles)}" for group in shown],
            textposition="outside",
            cliponaxis=False,
            textfont_size=12,
            hovertext=[
                f"{_who(names, group)}<br>{'<br>'.join(theme.label(title, 60) for title in group.titles)}"
                for group in shown
            ],
            hover="%{hovertext}",
            name="items",
        )
    )
    room = 5 * max(len(group.titles) for group in shown)  # on the right for the names
    foot = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top", "yshift": -4, "font_size": 12}
    items = sum(len(group.titles) for group in left_out)
    said = f"and {len(left_out)} more groups with {items} items"
    words = "; ".join(f"{_plainly(names, group)} {len(group.titles)}" for group in shown[:4])
    return theme.chart(
        traces,
        file_name="named-by",
        description=f"Items named by each group of models: {words}, and so on.",
        x=theme.names_axis(
            [theme.plain(name) for name in names],
            domain=[0, 0.3],
            range=[-0.6, m - 0.4],
            tickangle=-40 if m < 4 else -90,
            side="top",
            fixedrange=True,
        ),
        xaxis2={**theme.UNSEEN, "domain": [0.33, 1], "range": [0, room], "anchor": "y"},
        y={**theme.UNSEEN, "range": [len(shown) - 0.4, -0.6]},
        showlegend=False,
        bargap=0.3,
        margin={"t": 92, "b": 26 if left_out else 8},
        annotations=[theme.note(said, 0, 0, **foot)] if left_out else [],
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
