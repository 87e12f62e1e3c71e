"""What a fast index loses: hits against microseconds a query, a line an index, a point a setting."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from recemb_core.experiments.recall_indexes import IndexPoint
from recemb_core.figures import theme

COLORS = {"Exact": theme.OTHER, "LSH": theme.CONTRAST, "HNSW": theme.FOUND}
SYMBOLS = {"Exact": "diamond", "LSH": "circle", "HNSW": "square"}


def index_cost_figure(points: Sequence[IndexPoint], *, n: int, model: str) -> go.Figure:
    """Draw the points of :func:`recemb_core.experiments.recall_indexes.compare_recall_indexes`.

    Args:
        points: of one model.
        n: length of the lists.
        model: its name.
    """
    if not points:
        return theme.empty_figure("No index was measured yet.")
    traces = []
    for index in dict.fromkeys(p.index for p in points):
        own = [p for p in points if p.index == index]
        traces.append(
            theme.lines(
                ([p.microseconds for p in own], [p.hit_rate.value for p in own]),
                COLORS[index],
                1.5,
                dots=11,
                marker={"symbol": SYMBOLS[index]},
                mode="lines+markers" if len(own) > 1 else "markers",
                name=index,
                customdata=[
                    [
                        theme.plain(p.setting),
                        f"{p.found.value:.1%}",
                        "not told" if p.scanned is None else f"{p.scanned:.1%}",
                        f"{p.hit_rate.low:.3f} to {p.hit_rate.high:.3f}",
                        f"{p.build_seconds * 1e3:,.1f}",
                    ]
                    for p in own
                ],
                hover=f"<b>{index}, %{{customdata[0]}}</b><br>HR@{n} %{{y:.3f}} (95%: %{{customdata[3]}})"
                f"<br>%{{customdata[1]}} of the exact top {n} found<br>%{{x:,.1f}} µs a query, one thread"
                "<br>catalogue scanned: %{customdata[2]}<br>built in %{customdata[4]} ms",
            )
        )
    figure = theme.chart(
        traces,
        file_name=f"index cost {model}",
        description=f"HR@{n} of {model} against microseconds a query for {theme.names_in_words(list(COLORS))}.",
        x={
            "type": "log",
            "title": "microseconds a query (one thread, logarithmic)",
            **theme.decades([p.microseconds for p in points]),
        },
        y={"title": f"HR@{n} through the index", "rangemode": "tozero"},
        legend=theme.legend(1.02),
    )
    exact = next((p.hit_rate for p in points if p.index == "Exact"), None)
    if exact is not None:
        figure.add_hrect(y0=exact.low, y1=exact.high, fillcolor=theme.OTHER, opacity=0.15, line_width=0)
        figure.add_hline(y=exact.value, line={**theme.DOTTED, "width": 1})
    return figure
