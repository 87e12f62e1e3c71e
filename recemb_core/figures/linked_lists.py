"""Two ranked lists of items, joined by a line wherever they name the same one."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from recemb_core.figures import theme

WIDTH = 34  # letters of a name


def linked_lists_figure(
    names: tuple[str, str],
    lists: tuple[Sequence[str], Sequence[str]],
    titles: tuple[Sequence[str], Sequence[str]],
    scores: tuple[Sequence[float], Sequence[float]],
) -> go.Figure:
    """Best on top; what only one list names is grey, and has no line.

    Args:
        names: of the two lists.
        lists: item ids, best first.
        titles: their names.
        scores: by which they are ordered, shown on hover.

    >>> figure = linked_lists_figure(("A", "B"), (["x", "y"], ["y", "z"]), (["X", "Y"], ["Y", "Z"]), ([1, 0.5], [1, 0]))
    >>> sum(trace.mode == "lines" for trace in figure.data)
    1
    """
    longest = max(len(one) for one in lists)
    if longest == 0:
        return theme.empty_figure("No neighbors to show yet.", file_name="two lists")
    both = [item for item in lists[0] if item in set(lists[1])]
    traces = [
        theme.lines(([0, 1], [lists[0].index(item), lists[1].index(item)]), theme.CHOSEN, 2, opacity=0.7, mode="lines")
        for item in both
    ]
    for side, place in enumerate(("middle left", "middle right")):
        for common in (True, False):
            rows = [row for row, item in enumerate(lists[side]) if (item in both) == common]
            shown = [theme.label(titles[side][row], WIDTH) for row in rows]
            traces.append(
                theme.marks(
                    ([side] * len(rows), rows),
                    theme.CHOSEN if common else theme.OTHER,
                    10,
                    **theme.words(shown, place, 13),
                    customdata=[[lists[side][row]] for row in rows],
                    hovertext=[
                        f"<b>{theme.label(titles[side][row], 60)}</b><br>{row + 1} of {theme.plain(names[side])}, "
                        f"{scores[side][row]:.3f}; {'in both lists' if common else 'in this list alone'}"
                        for row in rows
                    ],
                    hover="%{hovertext}",
                    name="in both" if common else "in one",
                )
            )
    heads = [
        theme.note(f"<b>{theme.plain(name)}</b>", side, -0.8, xanchor="center", font_size=14)
        for side, name in enumerate(names)
    ]
    return theme.chart(
        traces,
        file_name="two lists",
        description=f"{names[0]} and {names[1]} have {len(both)} of {longest} items in common.",
        x={**theme.UNSEEN, "range": [-1.15, 2.15], "fixedrange": True},
        y={**theme.UNSEEN, "range": [longest - 0.5, -1.2], "fixedrange": True},
        showlegend=False,
        annotations=heads,
    )
