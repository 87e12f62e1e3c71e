"""A sequence as a strip, with the sliding window on it and the pairs that it yields now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.figures import theme

ROW = 34
"""Pixels that an item of the strip needs."""


def window_strip_figure(
    titles: Sequence[str],
    positions: Sequence[int],
    center: int,
    contexts: Sequence[int],
    *,
    window: int | None,
    chosen: Sequence[int] = (),
    ordered: bool = True,
) -> go.Figure:
    """Draw items from top to bottom, the window as a band, and an arc from the center to each of its contexts.

    Args:
        titles: names of the items shown.
        positions: their positions in the sequence (0 is the first), ascending.
        center: position where the window stands.
        contexts: positions that it pairs the center with.
        window: reach of the full window (its outline), or None for the whole sequence.
        chosen: positions of the chosen item, named in its color.
        ordered: number the items; a basket has no order.
    """
    turn = np.linspace(-np.pi / 2, np.pi / 2, 25)
    farthest = max((abs(context - center) for context in contexts), default=0)
    traces = [
        theme.lines(
            (
                -(0.25 + 0.55 * (abs(context - center) / farthest) ** 0.8) * np.cos(turn),
                (center + context) / 2 + (context - center) / 2 * np.sin(turn),
            ),
            theme.CONTEXT,
            2,
            showlegend=False,
            name=f"arc to {context}",
        )
        for context in contexts
    ]
    kinds = ["center" if at == center else "context" if at in contexts else "not in this window" for at in positions]
    for kind, color in {"center": theme.CENTER, "context": theme.CONTEXT, "not in this window": theme.OTHER}.items():
        here = [i for i, k in enumerate(kinds) if k == kind]
        labels = [_label(titles[i], positions[i], kind == "center", positions[i] in chosen, ordered) for i in here]
        traces.append(
            theme.marks(
                ([0.0] * len(here), [positions[i] for i in here]),
                color,
                16 if kind == "center" else 12,
                marker={"symbol": "square"},
                **theme.words(labels, "middle right"),
                customdata=[[str(positions[i]), theme.plain(titles[i], 44)] for i in here],
                hover=f"<b>%{{customdata[1]}}</b><br>{kind}",
                name=kind,
                showlegend=bool(here),
            )
        )
    bands = []
    if window is not None:
        ends = max(positions[0], center - window) - 0.45, min(positions[-1], center + window) + 0.45
        edge = {**theme.DOTTED, "color": theme.CENTER}
        bands = [theme.rectangle((-0.9, 3.9), ends, theme.CENTER, 0.12, line=edge, layer="below", name="window")]
    named = theme.names_in_words([titles[i] for i, kind in enumerate(kinds) if kind == "context"]) or "nothing"
    middle = titles[kinds.index("center")] if "center" in kinds else "an item out of sight"
    return theme.chart(
        traces,
        file_name="sliding-window",
        description=f"The window stands at {middle} and pairs it with {named}",
        x={**theme.UNSEEN, "range": [-1, 4]},
        y={**theme.UNSEEN, "range": [positions[-1] + 0.6, positions[0] - 0.6]},
        legend=theme.legend(0.0, traceorder="normal"),
        shapes=bands,
    )


def _label(title: str, position: int, bold: bool, chosen: bool, ordered: bool) -> str:
    text = theme.plain(theme.shorten(title, 40))
    text = f"<b>{text}</b>" if bold else text
    if chosen:
        text = f'<span style="color:{theme.CHOSEN}">{text}</span>'
    return f"  {position + 1} · {text}" if ordered else f"  {text}"
