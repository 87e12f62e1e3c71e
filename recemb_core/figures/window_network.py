"""One window as a small network: rows of the input table, what is scored, rows of the output table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from recemb_core.figures import theme

ROW = 44
"""Pixels that a ball and its words need."""
RIGHT = 1.5  # where the output table stands


@dataclass(frozen=True)
class Ball:
    """A row of a table in the picture.

    Attributes:
        name: of its item, or of several ("4 noise items").
        words: the number beneath.
        kind: "center", "context" or "noise", which is its color.
        force: how strongly its line is drawn, 0 to 1; below 0 it is a push, drawn in the other color.
    """

    name: str
    words: str
    kind: str
    force: float = 0.0


COLORS = {"center": theme.CENTER, "context": theme.CONTEXT, "noise": theme.OTHER}


def window_network_figure(
    inputs: Sequence[Ball], middle: str, outputs: Sequence[Ball], *, title: str, file_name: str
) -> go.Figure:
    """Draw input rows on the left, what is made of them in the middle, and the scored output rows on the right.

    Args:
        inputs: rows of v that take part.
        middle: what scores: "v of the center", "h, their mean".
        outputs: rows of v′ that are scored.
        title: for screen readers: the method and what it does.
        file_name: of the saved picture.
    """
    most = max(len(inputs), len(outputs), 1)

    def heights(balls: Sequence[Ball]) -> list[float]:
        return [(len(balls) - 1) / 2 - place for place in range(len(balls))]

    traces = []
    for balls, x in ((inputs, 0.0), (outputs, RIGHT)):
        for ball, y in zip(balls, heights(balls), strict=True):
            color = theme.PAIR if ball.force >= 0 else theme.NOISE
            width = 1.0 + 6.0 * min(abs(ball.force), 1.0)
            traces.append(
                theme.lines(
                    ([x, RIGHT / 2], [y, 0.0]), color, width, opacity=0.55, showlegend=False, name=f"line {ball.name}"
                )
            )
    for balls, x, where in ((inputs, 0.0, "middle left"), (outputs, RIGHT, "middle right")):
        at = ([x] * len(balls), heights(balls))
        texts = [_label(ball) for ball in balls]
        traces.append(
            theme.marks(
                at,
                [COLORS[ball.kind] for ball in balls],
                18,
                **theme.words(texts, where, 12),
                customdata=[[None, theme.plain(ball.name, 44), theme.plain(ball.words)] for ball in balls],
                hover="<b>%{customdata[1]}</b><br>%{customdata[2]}",
                showlegend=False,
                cliponaxis=False,
                name="rows of v" if x == 0 else "rows of v′",
            )
        )
    traces.append(
        theme.marks(([RIGHT / 2], [0.0]), theme.CHOSEN, 24, marker={"symbol": "square"}, showlegend=False, name="h")
    )
    notes = [
        theme.note(f"<b>{theme.plain(middle)}</b>", RIGHT / 2, most / 2 + 0.15, yanchor="bottom", font_size=12),
        theme.note("table v", -0.5, most / 2 + 0.15, yanchor="bottom", font_size=12),
        theme.note("table v′", RIGHT + 0.5, most / 2 + 0.15, yanchor="bottom", font_size=12),
    ]
    listed = "; ".join(f"{ball.name} {ball.words}" for ball in [*inputs, *outputs])
    return theme.chart(
        traces,
        file_name=file_name,
        description=f"{title}: {listed}",
        x={**theme.UNSEEN, "range": [-1.6, RIGHT + 1.6]},
        y={**theme.UNSEEN, "range": [-most / 2 - 0.3, most / 2 + 0.7]},
        margin=theme.TIGHT,
        annotations=notes,
    )


def _label(ball: Ball) -> str:
    return f"{theme.label(ball.name, 16)}<br><span style='font-size:11px'>{theme.plain(ball.words)}</span>"
