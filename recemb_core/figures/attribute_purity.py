"""Do neighbors share an attribute? One point a model, with its error bar, against chance."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from recemb_core.figures import theme
from recemb_core.validation import UsageError


def attribute_purity_figure(
    names: Sequence[str],
    share: Sequence[float],
    error: Sequence[float],
    *,
    chance: float,
    field: str,
    k: int,
    chosen: Sequence[float | None] = (),
    chosen_title: str = "",
) -> go.Figure:
    """Share of an item's k neighbors with its own value of a field.

    Args:
        names: m models, top to bottom.
        share: m means over items, 0 to 1.
        error: m standard errors; the bar reaches two of them to either side, and no farther than 0 and 1.
        chance: what random neighbors give.
        field: name of the attribute.
        k: neighbors looked at.
        chosen: m shares of the chosen item (None: it has no value), or nothing.
        chosen_title: its name.

    Raises:
        ValueError: ``share``, ``error`` or ``chosen`` does not hold one value a model.
    """
    m = len(names)
    for name, values in (("share", share), ("error", error), ("chosen", chosen)):
        if len(values) != m and not (name == "chosen" and len(values) == 0):
            raise UsageError(f"{name} has {len(values)} values; there are {m} models")
    if m == 0:
        return theme.empty_figure("No model is ready yet.", file_name="purity")
    rows = list(range(m))
    figure = go.Figure()
    figure.add_scatter(
        x=list(share),
        y=rows,
        mode="markers",
        marker={"size": 12, "color": theme.PLAIN},
        error_x={
            "type": "data",
            "symmetric": False,
            "thickness": 2,
            "width": 6,
            "array": [min(2 * e, 1 - s) for s, e in zip(share, error, strict=True)],
            "arrayminus": [min(2 * e, s) for s, e in zip(share, error, strict=True)],
        },
        customdata=[[theme.plain(n), e] for n, e in zip(names, error, strict=True)],
        hovertemplate="<b>%{customdata[0]}</b>: %{x:.1%} ± %{customdata[1]:.1%} (standard error)<extra></extra>",
        name="all items",
    )
    known = [(value, row) for row, value in zip(rows, chosen, strict=False) if value is not None]
    if known:
        figure.add_scatter(
            x=[value for value, _ in known],
            y=[row for _, row in known],
            mode="markers",
            marker={"size": 13, "symbol": "diamond-open", "color": theme.CHOSEN, "line": {"width": 2.5}},
            hovertemplate=f"{theme.plain(theme.shorten(chosen_title, 40))}: %{{x:.0%}}<extra></extra>",
            name=theme.plain(theme.shorten(chosen_title, 26)),
        )
    figure.add_vline(x=chance, line={"dash": "dash", "width": 1.5, "color": theme.OTHER})
    figure.add_annotation(
        x=chance, y=1, yref="paper", text=f"chance {chance:.1%}", showarrow=False, yanchor="bottom", font={"size": 12}
    )
    top = max([*(s + 2 * e for s, e in zip(share, error, strict=True)), *(v for v, _ in known), chance])
    figure.update_layout(
        template=theme.template(),
        margin={"t": 34},
        legend={"orientation": "h", "x": 0, "y": -0.22, "yanchor": "top"},
        xaxis={
            "title": {"text": f"of the {k} nearest, share with the same {theme.plain(field)}"},
            "tickformat": ".0%",
            "range": [-0.04, min(1.03, 1.1 * top + 0.02)],
        },
        yaxis={
            "tickvals": rows,
            "ticktext": [theme.plain(n) for n in names],
            "range": [m - 0.5, -0.5],
            "showgrid": False,
        },
    )
    best = max(rows, key=lambda row: share[row])
    return theme.describe(
        figure,
        file_name=f"purity by {field}",
        description=f"Share of the {k} nearest items with the same {field}: highest {share[best]:.0%} "
        f"({names[best]}), chance {chance:.1%}.",
    )
