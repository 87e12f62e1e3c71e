"""A guess, the theory and the measurement on one line from 0 to 1."""

from __future__ import annotations

import plotly.graph_objects as go

from recemb_core.figures import theme


def guess_strip_figure(
    guess: float, *, theory: float | None = None, measured: tuple[float, float, float] | None = None
) -> go.Figure:
    """Draw the three on a line; what is None stays hidden.

    Args:
        guess: the person's.
        theory: what the collision probability at the true neighbors' distances gives on average.
        measured: (recall, low, high), the 95% interval.
    """
    marks: list[tuple[str, float, str, str, tuple[float, float] | None]] = [
        ("your guess", guess, theme.CONTRAST, "triangle-down", None)
    ]
    if theory is not None:
        marks.append(("theory", theory, theme.PLAIN, "diamond", None))
    if measured is not None:
        marks.append(("measured", measured[0], theme.CHOSEN, "circle", measured[1:]))
    traces = [
        theme.marks(
            ([value], [name]),
            color,
            16,
            marker={"symbol": symbol},
            error_x=interval
            and theme.whiskers([value], [interval[0]], [interval[1]], color=color, thickness=2, width=6),
            hover=f"{name}: %{{x:.3f}}",
            name=name,
            uid=name,
            showlegend=False,
            cliponaxis=False,
        )
        for name, value, color, symbol, interval in marks
    ]
    said = ", ".join(f"{name} {value:.2f}" for name, value, *_ in marks)
    return theme.chart(
        traces,
        file_name="guess-theory-measurement",
        description=f"Recall: {said}",
        mode_bar=False,
        x={"title": "recall", "range": [-0.03, 1.03], "fixedrange": True},
        y={
            "categoryorder": "array",
            "categoryarray": ["measured", "theory", "your guess"],
            "range": [-0.6, 2.7],
            "fixedrange": True,
            # Beside the name: on the marks, one number stands under the mark above it where two are alike.
            "tickvals": [name for name, *_ in marks],
            "ticktext": [f"{name} {value:.2f}" for name, value, *_ in marks],
        },
        margin=theme.RIGHT_ROOM,
    )
