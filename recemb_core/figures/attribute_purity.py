"""Do neighbors share an attribute? One point a model, with its error bar, against chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
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
    traces = [
        theme.marks(
            (share, list(range(m))),
            theme.PLAIN,
            12,
            error_x=theme.whiskers(
                share,
                [max(s - 2 * e, 0) for s, e in zip(share, error, strict=True)],
                [min(s + 2 * e, 1) for s, e in zip(share, error, strict=True)],
                thickness=2,
                width=6,
            ),
            customdata=[[theme.plain(n), e] for n, e in zip(names, error, strict=True)],
            hover="<b>%{customdata[0]}</b>: %{x:.1%} ± %{customdata[1]:.1%} (standard error)",
            name="all items",
        )
    ]
    known = [(value, row) for row, value in enumerate(chosen) if value is not None]
    if known:
        traces.append(
            theme.marks(
                zip(*known, strict=True),
                theme.CHOSEN,
                13,
                marker={"symbol": "diamond-open", "line": {"width": 2.5}},
                hover=f"{theme.label(chosen_title, 40)}: %{{x:.0%}}",
                name=theme.label(chosen_title, 26),
            )
        )
    top = max([*(s + 2 * e for s, e in zip(share, error, strict=True)), *(v for v, _ in known), chance])
    best = int(np.argmax(share))
    figure = theme.chart(
        traces,
        file_name=f"purity by {field}",
        description=f"Share of the {k} nearest items with the same {field}: highest {share[best]:.0%} "
        f"({names[best]}), chance {chance:.1%}.",
        x={
            "title": f"of the {k} nearest, share with the same {theme.plain(field)}",
            "tickformat": ".0%",
            "range": [-0.04, min(1.03, 1.1 * top + 0.02)],
        },
        y=theme.names_axis([theme.plain(n) for n in names], range=[m - 0.5, -0.5]),
        margin_t=34,
        legend=theme.legend(-0.22),
    )
    figure.add_vline(x=chance, line={**theme.DOTTED, "dash": "dash"})
    figure.add_annotation(theme.note(f"chance {chance:.1%}", chance, 1, yref="paper", yanchor="bottom", font_size=12))
    return figure
