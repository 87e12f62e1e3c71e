"""A sequence as a strip, with the sliding window on it and the pairs that it yields now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.figures import theme

CENTER, CONTEXT = theme.CENTER, theme.CONTEXT
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
    paired = set(contexts)
    figure = go.Figure()
    for context in contexts:
        turn = np.linspace(-np.pi / 2, np.pi / 2, 25)
        width = 0.25 + 0.55 * (abs(context - center) / max(abs(c - center) for c in contexts)) ** 0.8
        figure.add_scatter(
            x=-width * np.cos(turn),
            y=(center + context) / 2 + (context - center) / 2 * np.sin(turn),
            mode="lines",
            line={"color": CONTEXT, "width": 2},
            hoverinfo="skip",
            showlegend=False,
            name=f"arc to {context}",
        )
    kinds = ["center" if at == center else "context" if at in paired else "not in this window" for at in positions]
    colors = {"center": CENTER, "context": CONTEXT, "not in this window": theme.OTHER}
    for kind, color in colors.items():
        here = [i for i, k in enumerate(kinds) if k == kind]
        figure.add_scatter(
            x=[0.0] * len(here),
            y=[positions[i] for i in here],
            mode="markers+text",
            marker={"color": color, "size": 16 if kind == "center" else 12, "symbol": "square"},
            text=[_label(titles[i], positions[i], kind == "center", positions[i] in chosen, ordered) for i in here],
            textposition="middle right",
            customdata=[[str(positions[i]), theme.plain(titles[i], 44)] for i in here],
            hovertemplate=f"<b>%{{customdata[1]}}</b><br>{kind}<extra></extra>",
            name=kind,
            showlegend=bool(here),
        )
    if window is not None:
        top, bottom = max(positions[0], center - window) - 0.45, min(positions[-1], center + window) + 0.45
        figure.add_shape(
            type="rect",
            x0=-0.9,
            x1=3.9,
            y0=top,
            y1=bottom,
            line={"color": CENTER, "width": 1.5, "dash": "dot"},
            fillcolor=CENTER,
            opacity=0.12,
            layer="below",
            name="window",
        )
    figure.update_layout(
        template=theme.template(),
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 0.0, "yanchor": "top", "traceorder": "normal"},
    )
    figure.update_xaxes(visible=False, range=[-1, 4], fixedrange=True)
    figure.update_yaxes(visible=False, range=[positions[-1] + 0.6, positions[0] - 0.6], fixedrange=True)
    named = theme.names_in_words([titles[i] for i, kind in enumerate(kinds) if kind == "context"]) or "nothing"
    middle = titles[kinds.index("center")] if "center" in kinds else "an item out of sight"
    return theme.describe(
        figure, file_name="sliding-window", description=f"The window stands at {middle} and pairs it with {named}"
    )


def _label(title: str, position: int, bold: bool, chosen: bool, ordered: bool) -> str:
    text = theme.plain(theme.shorten(title, 40))
    text = f"<b>{text}</b>" if bold else text
    if chosen:
        text = f'<span style="color:{theme.CHOSEN}">{text}</span>'
    return f"  {position + 1} · {text}" if ordered else f"  {text}"
