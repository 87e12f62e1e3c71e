"""A walker at a node: every way on, as thick as it is probable; and one walk replayed on the graph."""

from __future__ import annotations

from collections.abc import Sequence
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
    current: tuple[str, str], previous: tuple[str, str] | None, candidates: Candidates, *, rule: dict[str, str]
) -> go.Figure:
    """Draw one node and the ways on: back above, neighbors of the previous node left, the others right.

    Args:
        current: (id, name) of the node where the walker is.
        previous: (id, name) of the node it came from; None at the start of a walk.
        candidates: what is drawn, at most a few dozen.
        rule: kind → what the legend says beside it ("α = 1/p = 0.5").
    """
    figure = go.Figure()
    xy = _places(candidates)
    if previous is not None:
        near = np.flatnonzero(candidates.kinds == "shared neighbor")
        figure.add_scatter(
            x=_broken(np.zeros(len(near)), xy[near, 0]),
            y=_broken(np.ones(len(near)), xy[near, 1]),
            mode="lines",
            line={"color": theme.OTHER, "width": 1, "dash": "dot"},
            opacity=0.6,
            hoverinfo="skip",
            name="edge from the previous item",
            uid="triads",
            showlegend=bool(len(near)),
        )
    shown: set[str] = set()
    for kind, color in KIND_COLORS.items():
        for i in np.flatnonzero(candidates.kinds == kind).tolist():
            probability = float(candidates.probabilities[i])
            figure.add_scatter(
                x=[0, xy[i, 0]],
                y=[0, xy[i, 1]],
                mode="lines",
                line={"color": color, "width": THINNEST + WIDEST * probability},
                opacity=0.75,
                hoverinfo="skip",
                name=f"{kind}: {rule.get(kind, '')}",
                legendgroup=kind,
                uid=f"edge:{candidates.ids[i]}",
                showlegend=kind not in shown,
            )
            shown.add(kind)
    if previous is not None and "return" not in candidates.kinds:
        figure.add_trace(_point(previous, (0.0, 1.0), theme.OTHER, "came from here", 14))
    figure.add_trace(_candidate_points(candidates, xy))
    figure.add_trace(_point(current, (0.0, 0.0), theme.CHOSEN, "the walker is here", 20))
    label = {"showarrow": False, "xref": "x", "yref": "y"}
    figure.add_annotation(x=0, y=0, text=_bold(current[1]), yshift=-22, font={"color": theme.CHOSEN}, **label)
    if previous is not None:
        figure.add_annotation(x=0, y=1, text=f"came from {_bold(previous[1])}", yshift=20, **label)
        figure.add_annotation(  # the step just taken, beside the way back
            x=0, y=0.18, ax=0, ay=0.82, axref="x", ayref="y", xref="x", yref="y", xshift=16, text="",
            arrowhead=2, arrowwidth=1.5, arrowcolor=theme.OTHER,
        )  # fmt: skip
    figure.update_layout(
        template=theme.template(),
        hovermode="closest",
        dragmode="pan",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.02, "yanchor": "top"},
    )
    figure.update_xaxes(visible=False, range=[-2.2, 2.2])
    figure.update_yaxes(visible=False, range=[-1.22, 1.25])
    likely = ""
    if len(candidates.ids):
        likely = f"; most likely next: {candidates.titles[int(np.argmax(candidates.probabilities))]}"
    return theme.describe(figure, file_name=f"walk-at-{current[0]}", description=f"Ways on from {current[1]}{likely}")


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


def _candidate_points(candidates: Candidates, xy: Float64Array) -> go.Scatter:
    percent = [f"{100 * value:.1f} %" for value in candidates.probabilities]
    names = [theme.plain(theme.shorten(title, 17)) for title in candidates.titles]
    label = [
        p if kind == "return" else f"{p}  {n}" if x > 0 else f"{n}  {p}"
        for p, n, kind, x in zip(percent, names, candidates.kinds, xy[:, 0], strict=True)
    ]
    details = [
        [item, theme.plain(title, 44), str(kind), f"{a:.4g}", f"{w:.5g}", f"{v:.5f}"]
        for item, title, kind, a, w, v in zip(
            candidates.ids,
            candidates.titles,
            candidates.kinds,
            candidates.alpha,
            candidates.weights,
            candidates.probabilities,
            strict=True,
        )
    ]
    beside = {-1: "middle left", 0: "middle right", 1: "middle right"}
    return go.Scatter(
        x=xy[:, 0],
        y=xy[:, 1],
        mode="markers+text",
        marker={"size": 10, "color": [KIND_COLORS[str(kind)] for kind in candidates.kinds]},
        text=label,
        textposition=[beside[int(np.sign(x))] for x in xy[:, 0]],
        textfont={"size": 12},
        customdata=details,
        hovertemplate="<b>%{customdata[1]}</b><br>%{customdata[2]}: α = %{customdata[3]}<br>"
        "weight w = %{customdata[4]}<br>probability = %{customdata[5]}<extra></extra>",
        name="candidates",
        uid="candidates",
        cliponaxis=False,
        showlegend=False,
    )


def _point(item: tuple[str, str], at: tuple[float, float], color: str, what: str, size: int) -> go.Scatter:
    return go.Scatter(
        x=[at[0]],
        y=[at[1]],
        mode="markers",
        marker={"size": size, "color": color, "line": {"width": 2, "color": "white"}},
        customdata=[[item[0], theme.plain(item[1], 44)]],
        hovertemplate=f"<b>%{{customdata[1]}}</b><br>{what}<extra></extra>",
        name=what,
        uid=what,
        showlegend=False,
    )


def _bold(title: str) -> str:
    return f"<b>{theme.plain(theme.shorten(title, 28))}</b>"


def _broken(start: NumberArray, end: IntegerArray) -> NumberArray:
    """x₀ x₁ gap x₀ x₁ gap …: many separate lines in one trace."""
    path = np.full((len(start), 3), np.nan)
    path[:, 0], path[:, 1] = start, end
    return path.ravel()


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
    figure = go.Figure()
    x, y = (_broken(positions[edges[0], axis], positions[edges[1], axis]) for axis in (0, 1))
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"color": theme.OTHER, "width": 0.6}, opacity=0.35, hoverinfo="skip", uid="edges"
    )
    fill: str | list[str] = theme.OTHER
    if colors is not None:
        known = theme.color_groups(colors)
        fill = [known.get(theme.label_text(c), theme.OTHER) for c in colors]
    hover = [theme.plain(title, 44) for title in titles]
    figure.add_scatter(
        x=positions[:, 0],
        y=positions[:, 1],
        mode="markers",
        marker={"size": 7, "color": fill, "opacity": 0.7},
        customdata=[[item, name] for item, name in zip(ids, hover, strict=True)],
        hovertemplate="<b>%{customdata[1]}</b><extra></extra>",
        uid="nodes",
    )
    done = walk[: step + 1]
    figure.add_scatter(
        x=positions[done, 0],
        y=positions[done, 1],
        mode="lines",
        line={"color": theme.CHOSEN, "width": 2},
        opacity=0.6,
        hoverinfo="skip",
        uid="path",
    )
    figure.add_scatter(
        x=positions[done[-2:], 0],
        y=positions[done[-2:], 1],
        mode="lines",
        line={"color": theme.CHOSEN, "width": 4},
        hoverinfo="skip",
        uid="last step",
    )
    for row, symbol, size, name, line in (
        (walk[0], "circle", 14, "start", {"width": 2, "color": "white"}),
        (done[-1], "circle-open", 22, "walker", {"width": 3, "color": theme.CHOSEN}),
    ):
        figure.add_scatter(
            x=positions[[row], 0],
            y=positions[[row], 1],
            mode="markers",
            marker={"size": size, "symbol": symbol, "color": theme.CHOSEN, "line": line},
            hovertext=[f"{name}: {hover[int(row)]}"],
            hoverinfo="text",
            uid=name,
        )
    for row, name, shift in ((walk[0], "start", -18), (done[-1], "walker", 22)):
        if name == "walker" or row != done[-1]:
            figure.add_annotation(
                x=positions[row, 0],
                y=positions[row, 1],
                text=_bold(titles[int(row)]),
                yshift=shift,
                showarrow=False,
                font={"color": theme.CHOSEN} if name == "start" else {},
            )
    low, high = positions[walk].min(axis=0), positions[walk].max(axis=0)
    pad = 0.15 * float(max(high - low)) or 1.0
    figure.update_layout(template=theme.template(), showlegend=False, dragmode="pan")
    figure.update_xaxes(visible=False, range=[float(low[0]) - pad, float(high[0]) + pad])
    figure.update_yaxes(visible=False, range=[float(low[1]) - pad, float(high[1]) + pad])
    return theme.describe(
        figure,
        file_name=f"walk-from-{ids[int(walk[0])]}",
        description=f"A walk from {titles[int(walk[0])]}, step {step} of {len(walk) - 1}: {titles[int(done[-1])]}",
    )
