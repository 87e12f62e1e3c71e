"""A guess, the theory and the measurement on one line from 0 to 1."""

from __future__ import annotations

import plotly.graph_objects as go

from recemb_core.figures import theme

GUESS, THEORY, MEASURED = theme.CONTRAST, theme.PLAIN, theme.CHOSEN


def guess_strip_figure(
    guess: float, *, theory: float | None = None, measured: tuple[float, float, float] | None = None
) -> go.Figure:
    """Draw the three on a line; what is None stays hidden.

    Args:
        guess: the person's.
        theory: what the collision probability at the true neighbors' distances gives on average.
        measured: (recall, low, high), the 95 % interval.
    """
    figure = go.Figure()
    marks: list[tuple[str, float, str, str, tuple[float, float] | None]] = [
        ("your guess", guess, GUESS, "triangle-down", None)
    ]
    if theory is not None:
        marks.append(("theory", theory, THEORY, "diamond", None))
    if measured is not None:
        marks.append(("measured", measured[0], MEASURED, "circle", measured[1:]))
    for name, value, color, symbol, interval in marks:
        error = None
        if interval is not None:
            error = {
                "type": "data", "symmetric": False, "array": [interval[1] - value],
                "arrayminus": [value - interval[0]], "color": color, "thickness": 2, "width": 6,
            }  # fmt: skip
        figure.add_scatter(
            x=[value],
            y=[name],
            mode="markers+text",
            text=[f"{value:.2f}"],
            textposition="top center",
            textfont={"size": 13},
            marker={"color": color, "size": 16, "symbol": symbol},
            error_x=error,
            hovertemplate=f"{name}: %{{x:.3f}}<extra></extra>",
            name=name,
            uid=name,
            showlegend=False,
            cliponaxis=False,
        )
    figure.update_layout(template=theme.template(), margin={"l": 8, "r": 16, "t": 12, "b": 8})
    figure.update_xaxes(title_text="recall", range=[-0.03, 1.03], fixedrange=True)
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=["measured", "theory", "your guess"],
        range=[-0.6, 2.7],
        fixedrange=True,
        tickvals=[name for name, *_ in marks],
    )
    said = ", ".join(f"{name} {value:.2f}" for name, value, *_ in marks)
    figure = theme.describe(figure, file_name="guess-theory-measurement", description=f"Recall: {said}")
    figure.layout.meta = {**figure.layout.meta, "mode_bar": False}
    return figure
