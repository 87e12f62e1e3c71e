"""How far the nearest neighbors are against all pairs, with the bucket width drawn to the same scale."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.figures import theme


def distance_histogram_figure(
    edges: Float64Array,
    near: Int64Array,
    every: Int64Array,
    *,
    k: int,
    width: float | None = None,
    default_width: float | None = None,
    angle: bool = False,
) -> go.Figure:
    """Draw two histograms as shares of their own pairs, so that few near pairs are seen beside many others.

    Args:
        edges: (bins + 1,) of the distances; radians with `angle`.
        near: (bins,) pairs of a query and one of its k nearest neighbors.
        every: (bins,) pairs of a query and any other point.
        k: neighbors a query.
        width: bucket width w, a bar from 0 to w above the histograms; None for hyperplanes, which have none.
        default_width: the width that the data suggests, a mark on the bar.
        angle: distances are angles; shown in degrees.
    """
    scale = 180 / np.pi if angle else 1.0
    middle, size = (edges[1:] + edges[:-1]) * scale / 2, np.diff(edges) * scale
    top = 0.0
    traces = []
    for name, counts, color in ((f"{k} nearest", near, theme.NEAR), ("all pairs", every, theme.PLAIN)):
        share = counts / max(int(counts.sum()), 1)
        top = max(top, float(share.max(initial=0.0)))
        said = f"{name}: %{{y:.1%}} (%{{customdata}} pairs) near %{{x:.3~g}}"
        faint: theme.Trace = {"marker": {"opacity": 0.6, "line": {"width": 0}}, "width": size}
        shown: theme.Trace = {"customdata": [f"{c:,}" for c in counts], "name": name, "uid": name, "hover": said}
        traces.append(theme.bars((middle, share), color, **faint, **shown))
    reach = float(edges[-1]) * scale
    notes = []
    if width is not None:
        reach = max(reach, width * 1.05)
        y = top * 1.12
        said = f"bucket width w = {width:.3g}"
        pen = {"width": 3, "color": theme.CHOSEN}
        ends: theme.Trace = {"dots": 12, "marker": {"symbol": "line-ns", "line": pen}, "name": "width", "uid": "width"}
        traces.append(theme.lines(([0, width], [y, y]), theme.CHOSEN, 3, hover=said, showlegend=False, **ends))
        notes.append(theme.note(said, width / 2, y, yshift=12, font={"color": theme.CHOSEN, "size": 13}))
        if default_width is not None:
            said = f"default from this data: {default_width:.3g}"
            mark: theme.Trace = {"marker": {"symbol": "triangle-down"}, "name": "default width", "uid": "default"}
            traces.append(theme.marks(([default_width], [y]), theme.OTHER, 10, hover=said, showlegend=False, **mark))
    return theme.chart(
        traces,
        file_name="distances",
        description=f"Distances of the {k} nearest neighbors and of all pairs",
        x={"title": "angle (degrees)" if angle else "distance (same scale as the width)", "range": [0, reach]},
        y={"title": "share of those pairs", "tickformat": ".0%", "range": [0, top * 1.3 or 1]},
        barmode="overlay",
        bargap=0,
        legend=theme.legend(-0.18),
        margin={**theme.RIGHT_ROOM, "t": 24},
        annotations=notes,
    )
