"""Shares of the variance between settings that parameters explain, as bars."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from recemb_core.figures import theme


def sweep_importance_figure(shares: Mapping[str, float], *, how: str, noise: float | None, file_name: str) -> go.Figure:
    """Draw a bar for each parameter, the largest on top.

    Args:
        shares: parameter → share from 0 to 1, the largest first.
        how: by what they are worked out.
        noise: share that seeds alone would make, a dotted line; None where it is not known.
        file_name: of the saved picture.
    """
    if not shares:
        return theme.empty_figure("Too few settings yet.", file_name=file_name)
    names = [theme.plain(name.replace("_", " "), 30) for name in shares]
    bars = theme.bars(
        (list(shares.values()), names),
        theme.PLAIN,
        orientation="h",
        hover="%{y}: %{x:.0%}",
        text=[f"{share:.0%}" for share in shares.values()],
        textposition="auto",
        showlegend=False,
    )
    figure = theme.chart(
        [bars],
        file_name=file_name,
        description=f"Share of the variance between settings ({how}): "
        + ", ".join(f"{name} {share:.0%}" for name, share in zip(names, shares.values(), strict=True)),
        x={"title": f"share of the variance between settings ({how})", "range": [0, 1], "tickformat": ".0%"},
        y={"autorange": "reversed"},
        margin_t=24,
    )
    if noise is not None:
        figure.add_vline(x=noise, line=theme.DOTTED)
        beside = {"yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": 4, "font_size": 12}
        figure.add_annotation(theme.note("seeds alone", noise, 1, **beside))
    return figure
