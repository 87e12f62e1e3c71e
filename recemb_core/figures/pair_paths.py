"""Two items, and the ways on which walks bring them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recemb_core.figures import theme

APART, OUTSIDE = 1.0, 1.65  # where the two stand, and the items joined to one of them alone


@dataclass(frozen=True)
class Beside:
    """An item of the picture: its row, and how often walks pass it on the way (0: only joined to both)."""

    row: int
    pairs: int = 0


def pair_paths_figure(
    pair: tuple[int, int],
    titles: Sequence[str],
    ids: Sequence[str],
    between: Sequence[Beside],
    alone: tuple[Sequence[int], Sequence[int]],
    *,
    direct: int,
    joined: bool,
) -> go.Figure:
    """Draw the pair, what lies between them on walks, and what is joined to one of them alone.

    Args:
        pair: rows of the two items; the first is the chosen one.
        titles: (n,) display names.
        ids: (n,) item ids, carried by the points.
        between: items on the way between the two, or joined to both.
        alone: rows joined to the first alone, to the second alone.
        direct: pairs of places one step apart.
        joined: whether an edge joins the two.
    """
    most = max([1, direct, *(one.pairs for one in between)])

    def width(pairs: int) -> float:
        return 1.0 + 9.0 * pairs / most

    traces: list[theme.Trace] = []
    for side, rows in zip((-1.0, 1.0), alone, strict=True):
        places = [(side * OUTSIDE, y) for y in _spread(len(rows))]
        traces += [_way([side * APART, x], [0, y], theme.OTHER, 0.8) for x, y in places]
        said = ["joined to this one alone"] * len(rows)
        traces.append(_points(rows, places, titles, ids, said, theme.OTHER, 8, "left" if side < 0 else "right"))
    # The direct way is the middle one; those through items lie above and below it, the most used nearest.
    heights = [(1 - at % 2 * 2) * (at // 2 + 1) / ((len(between) + 1 - at % 2) // 2) for at in range(len(between))]
    for one, y in zip(between, heights, strict=True):
        color = theme.FOUND if one.pairs else theme.OTHER
        traces.append(_way([-APART, 0, APART], [0, y, 0], color, width(one.pairs), dotted=not one.pairs))
    if direct or joined:
        traces.append(_way([-APART, APART], [0, 0], theme.CHOSEN, width(direct), dotted=not direct))
    for side in (1, -1):
        here = [(one, y) for one, y in zip(between, heights, strict=True) if y * side > 0]
        said = [f"on the way {one.pairs:,} times" if one.pairs else "joined to both, on no way" for one, _ in here]
        names = [f"{theme.label(titles[one.row], 22)} · {one.pairs:,}" for one, _ in here]
        rows, places = [one.row for one, _ in here], [(0.0, y) for _, y in here]
        traces.append(_points(rows, places, titles, ids, said, theme.FOUND, 9, "top" if side > 0 else "bottom", names))
    for row, x, color in zip(pair, (-APART, APART), (theme.CHOSEN, theme.PLAIN), strict=True):
        name = [f"<b>{theme.label(titles[row], 24)}</b>"]
        traces.append(_points([row], [(x, 0.0)], titles, ids, [""], color, 18, "bottom", name))
    notes = []
    if direct or joined:
        words = f"<b>one step · {direct:,}</b>" if direct else "joined, never one step apart"
        notes.append(theme.note(words, 0, 0, yshift=14, font_color=theme.CHOSEN))
    first, second = (titles[row] for row in pair)
    return theme.chart(
        traces,
        file_name=f"paths-{ids[pair[0]]}-{ids[pair[1]]}",
        description=f"Ways of walks between {first} and {second}: one step apart {direct:,} times; through "
        + (", ".join(f"{titles[one.row]} {one.pairs:,} times" for one in between if one.pairs) or "no other item"),
        x={**theme.UNSEEN, "range": [-2.75, 2.75]},
        y={**theme.UNSEEN, "range": [-1.15, 1.15]},
        annotations=notes,
        showlegend=False,
        hovermode="closest",
    )


def _way(x: list[float], y: list[float], color: str, width: float, *, dotted: bool = False) -> theme.Trace:
    line = {"dash": "dot"} if dotted else {}
    return theme.lines((x, y), color, width, line=line, opacity=0.6, showlegend=False)


def _name(title: str) -> str:
    """On two lines, so that it has room beside the picture on a telephone too."""
    return theme.plain(theme.shorten(title, 22), 12)


def _spread(number: int) -> list[float]:
    return np.linspace(1.0, -1.0, number).tolist() if number > 1 else [0.0] * number


def _points(
    rows: Sequence[int],
    places: Sequence[tuple[float, float]],
    titles: Sequence[str],
    ids: Sequence[str],
    said: Sequence[str],
    color: str,
    size: int,
    side: str,
    names: Sequence[str] | None = None,
) -> theme.Trace:
    """Items at their places, each with its name beside it and what it is in its box."""
    where = {"left": "middle left", "right": "middle right", "top": "top center", "bottom": "bottom center"}[side]
    return theme.marks(
        ([x for x, _ in places], [y for _, y in places]),
        color,
        size,
        customdata=[[ids[row], theme.plain(titles[row], 48), words] for row, words in zip(rows, said, strict=True)],
        hover="<b>%{customdata[1]}</b><br>%{customdata[2]}",
        showlegend=False,
        cliponaxis=False,
        **theme.words(names if names is not None else [_name(titles[row]) for row in rows], where, 12),
    )
