"""A walker at a node: every way on, as thick as it is probable; and one walk replayed on the graph."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array, IntegerArray, NumberArray, StrArray
from recemb_core.figures import theme

KIND_COLORS: dict[str, str] = {
    "return": theme.BACK,
    "shared neighbor": theme.BESIDE,
    "away": theme.AWAY,
    "first step": theme.FIRST_STEP,
}
"""Kind of step → color, in the picture and in the table beside it."""
WIDEST = 26.0  # pixels, for probability 1
THINNEST = 0.8


@dataclass(frozen=True, eq=False)
class Candidates:
    """What the picture draws, one entry a candidate: ids and names, kind, and the factors of its probability."""

    ids: Sequence[str]
    titles: Sequence[str]
    kinds: StrArray
    alpha: Float64Array
    weights: Float64Array
    probabilities: Float64Array


def walk_microscope_figure(
    current: tuple[str, str],
    previous: tuple[str, str] | None,
    candidates: Candidates,
    *,
    rule: dict[str, str],
    lit: Collection[str] = (),
) -> go.Figure:
    """Draw one node and the ways on: back above, neighbors of the previous node left, the others right.

    Args:
        current: (id, name) of the node where the walker is.
        previous: (id, name) of the node it came from; None at the start of a walk.
        candidates: what is drawn, at most a few dozen.
        rule: kind → what the legend says beside it ("α = 1/p = 0.5").
        lit: kinds whose edges stand out; none: all alike.
    """
    xy = _places(candidates)
    traces, notes = [], [theme.note(_bold(current[1]), 0, 0, xref="x", yref="y", yshift=-22, font_color=theme.CHOSEN)]
    if previous is not None:
        near = np.flatnonzero(candidates.kinds == "shared neighbor")
        dotted = theme.segments(np.tile([0.0, 1.0], (len(near), 1)), xy[near])
        known: theme.Trace = {"name": "edge from the previous item", "uid": "triads", "showlegend": bool(len(near))}
        traces.append(theme.lines(dotted, theme.OTHER, 1, line={"dash": "dot"}, opacity=0.6, **known))
        notes += [
            theme.note(f"came from {_bold(previous[1])}", 0, 1, xref="x", yref="y", yshift=20),
            theme.arrow((0, 0.82), (0, 0.18), xshift=16),  # the step just taken, beside the way back
        ]
    for kind, color in KIND_COLORS.items():
        for number, i in enumerate(np.flatnonzero(candidates.kinds == kind).tolist()):
            traces.append(
                theme.lines(
                    ([0, xy[i, 0]], [0, xy[i, 1]]),
                    color,
                    THINNEST + WIDEST * float(candidates.probabilities[i]),
                    opacity=(0.95 if kind in lit else 0.4) if lit else 0.75,
                    name=f"{kind}: {rule.get(kind, '')}",
                    legendgroup=kind,
                    uid=f"edge:{candidates.ids[i]}",
                    showlegend=number == 0,
                )
            )
    if previous is not None and "return" not in candidates.kinds:
        traces.append(_point(previous, (0.0, 1.0), theme.OTHER, "came from here", 14))
    traces += [_candidate_points(candidates, xy), _point(current, (0.0, 0.0), theme.CHOSEN, "the walker is here", 20)]
    likely = ""
    if len(candidates.ids):
        likely = f"; most likely next: {candidates.titles[int(np.argmax(candidates.probabilities))]}"
    return theme.chart(
        traces,
        file_name=f"walk-at-{current[0]}",
        description=f"Ways on from {current[1]}{likely}",
        x={"visible": False, "range": [-3.3, 3.3]},
        y={"visible": False, "range": [-1.22, 1.25]},
        annotations=notes,
        hovermode="closest",
        dragmode="pan",
        legend=theme.legend(-0.02),
    )


def _places(candidates: Candidates) -> Float64Array:
    """Where candidates lie: heaviest first from top to bottom, so that they stay put while p and q change."""
    xy = np.zeros((len(candidates.ids), 2))
    order = np.lexsort((np.asarray(candidates.titles), -candidates.weights))
    kinds = candidates.kinds[order]
    first = order[kinds == "first step"]
    for rows, side in (
        (order[kinds == "shared neighbor"], -1.0),
        (order[kinds == "away"], 1.0),
        (first[1::2], -1.0),
        (first[::2], 1.0),
    ):
        if len(rows):
            height = np.linspace(0.9, -1.1, len(rows)) if len(rows) > 2 else np.linspace(0.35, -0.35, len(rows) + 1)
            xy[rows, 1] = height[: len(rows)] if len(rows) != 1 else 0.0
            xy[rows, 0] = side * (0.8 + 0.15 * np.cos(xy[rows, 1] * np.pi / 2))
    xy[candidates.kinds == "return"] = (0.0, 1.0)
    return xy


def _candidate_points(candidates: Candidates, xy: Float64Array) -> theme.Trace:
    percent = [f"{100 * value:.1f}%" for value in candidates.probabilities]
    names = [theme.label(title, 20) for title in candidates.titles]
    label = [
        p if kind == "return" else f"{p}  {n}" if x > 0 else f"{n}  {p}"
        for p, n, kind, x in zip(percent, names, candidates.kinds, xy[:, 0], strict=True)
    ]
    c = candidates
    details = [
        [item, theme.plain(title, 44), str(kind), f"{a:.4g}", f"{w:.5g}", f"{v:.5f}"]
        for item, title, kind, a, w, v in zip(
            c.ids, c.titles, c.kinds, c.alpha, c.weights, c.probabilities, strict=True
        )
    ]
    return theme.marks(
        xy.T,
        [KIND_COLORS[str(kind)] for kind in candidates.kinds],
        10,
        **theme.words(label, ["middle left" if x < 0 else "middle right" for x in xy[:, 0]], 12),
        customdata=details,
        hover="<b>%{customdata[1]}</b><br>%{customdata[2]}: α = %{customdata[3]}<br>"
        "weight w = %{customdata[4]}<br>probability = %{customdata[5]}",
        name="candidates",
        uid="candidates",
        cliponaxis=False,
        showlegend=False,
    )


def _point(item: tuple[str, str], at: tuple[float, float], color: str, what: str, size: int) -> theme.Trace:
    said: theme.Trace = {"name": what, "uid": what, "hover": f"<b>%{{customdata[1]}}</b><br>{what}"}
    look: theme.Trace = {"marker": {"line": theme.WHITE_EDGE}, "showlegend": False}
    own = [[item[0], theme.plain(item[1], 44)]]
    return theme.marks(([at[0]], [at[1]]), color, size, customdata=own, **said, **look)


def _bold(title: str) -> str:
    return f"<b>{theme.label(title, 28)}</b>"


def walk_replay(
    positions: NumberArray,
    ids: Sequence[str],
    titles: Sequence[str],
    edges: tuple[IntegerArray, IntegerArray],
    walk: IntegerArray,
    step: int,
    *,
    colors: NumberArray | None = None,
) -> go.Figure:
    """Draw one walk up to a step over the part of the graph around it; the picture holds still while the step moves.

    Args:
        positions: (n, 2), the part of the graph that is drawn.
        ids, titles: (n,) of the same nodes.
        edges: (source, target), places in the arrays above.
        walk: (length,) places of the walk's nodes, the start first.
        step: steps taken so far.
        colors: (n,) group labels.
    """
    joined = theme.segments(positions[edges[0]], positions[edges[1]])
    hover = [theme.plain(title, 44) for title in titles]
    done = walk[: step + 1]
    traces = [
        theme.lines(joined, theme.OTHER, 0.6, opacity=0.35, uid="edges"),
        theme.marks(
            positions.T,
            theme.group_fill(colors, theme.OTHER),
            7,
            marker={"opacity": 0.7},
            customdata=[[item, name] for item, name in zip(ids, hover, strict=True)],
            hover="<b>%{customdata[1]}</b>",
            uid="nodes",
            cliponaxis=False,
        ),
        theme.lines(positions[done].T, theme.CHOSEN, 2, opacity=0.6, uid="path"),
        theme.lines(positions[done[-2:]].T, theme.CHOSEN, 4, uid="last step"),
    ]
    notes = []
    for row, name, size, symbol, edge, shift, color in (
        (walk[0], "start", 14, "circle", theme.WHITE_EDGE, -18, theme.CHOSEN),
        (done[-1], "walker", 22, "circle-open", {"width": 3, "color": theme.CHOSEN}, 22, None),
    ):
        said: theme.Trace = {"hovertext": [f"{name}: {hover[int(row)]}"], "hoverinfo": "text", "uid": name}
        shape = {"symbol": symbol, "line": edge}
        traces.append(theme.marks(positions[[row]].T, theme.CHOSEN, size, marker=shape, **said))
        if name == "walker" or row != done[-1]:
            notes.append(theme.note(_bold(titles[int(row)]), *positions[row], yshift=shift, font_color=color))
    low, high = positions[walk].min(axis=0), positions[walk].max(axis=0)
    pad = 0.15 * float(max(high - low)) or 1.0
    across, up = ({"visible": False, "range": [float(low[axis]) - pad, float(high[axis]) + pad]} for axis in (0, 1))
    return theme.chart(
        traces,
        file_name=f"walk-from-{ids[int(walk[0])]}",
        description=f"A walk from {titles[int(walk[0])]}, step {step} of {len(walk) - 1}: {titles[int(done[-1])]}",
        x=across,
        y=up,
        annotations=notes,
        showlegend=False,
        dragmode="pan",
    )
