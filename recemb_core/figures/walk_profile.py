"""Many walks at once: how far they get from their start, and where they are against the closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme


class Profile(Protocol):
    """Mean and standard error by step, see ``recemb_core.walks.statistics.DistanceProfile``."""

    @property
    def mean(self) -> Float64Array: ...
    @property
    def standard_error(self) -> Float64Array: ...


REFERENCE_COLORS: tuple[str, ...] = (theme.PLAIN, theme.FOUND, theme.CONTRAST)


def walk_profile_figure(main: tuple[str, Profile], references: Mapping[str, Profile | None]) -> go.Figure:
    """Draw mean hop distance from the start by step, each with a band of two standard errors.

    Args:
        main: (name, profile) drawn in the chosen item's color, on top.
        references: name → profile to compare with; None keeps the place, so that the others keep their colors.
    """
    colors = dict(zip(references, REFERENCE_COLORS, strict=False)) | {main[0]: theme.CHOSEN}
    profiles = {name: profile for name, profile in references.items() if profile is not None} | {main[0]: main[1]}
    traces = []
    for name, profile in profiles.items():
        step, reach = np.arange(len(profile.mean)), 2 * profile.standard_error
        width = 3 if name == main[0] else 2
        around = {"legendgroup": name, "uid": f"band:{name}"}
        line: theme.Trace = {"dots": 5, "name": name, "legendgroup": name, "uid": f"mean:{name}"}
        errors, said = [f"{r:.3f}" for r in reach], f"{name}<br>step %{{x}}: %{{y:.2f}} ± %{{text}} hops"
        traces += [
            theme.band(step, profile.mean - reach, profile.mean + reach, colors[name], 0.2, **around),
            theme.lines((step, profile.mean), colors[name], width, text=errors, hover=said, **line),
        ]
    ends = ", ".join(f"{name} {profile.mean[-1]:.2f}" for name, profile in profiles.items() if len(profile.mean))
    return theme.chart(
        traces,
        file_name="distance-from-start",
        description=f"Mean hops from the start at the last step: {ends}",
        x="steps taken",
        y={"title": "mean distance from the start (hops)", "rangemode": "tozero"},
        legend=theme.legend(-0.2, traceorder="reversed"),
    )


def visit_check(
    titles: Sequence[str], ids: Sequence[str], expected: Float64Array, measured: Float64Array, intervals: Float64Array
) -> go.Figure:
    """Draw exact probabilities as bars and measured shares as points with their intervals.

    Args:
        titles, ids: (k,) places, most probable first.
        expected: (k,) exact probabilities.
        measured: (k,) shares of the walks.
        intervals: (k, 2) 95% intervals of the shares.
    """
    at = np.arange(len(titles))
    bars = theme.bars((expected, at), theme.OTHER, orientation="h", marker={"opacity": 0.55}, name="closed form")
    points = theme.marks(
        (measured, at),
        theme.PLAIN,
        8,
        error_x=theme.whiskers(measured, *intervals.T, thickness=1.5, width=3, color=theme.PLAIN),
        name="walks, 95% interval",
        customdata=[
            [item, theme.plain(title, 44), f"{e:.4f}", f"{m:.4f}", f"{low:.4f} to {high:.4f}"]
            for item, title, e, m, (low, high) in zip(ids, titles, expected, measured, intervals, strict=True)
        ],
        hover="<b>%{customdata[1]}</b><br>closed form %{customdata[2]}<br>walks %{customdata[3]} (%{customdata[4]})",
        uid="measured",
    )
    return theme.chart(
        [bars | {"uid": "expected"}, points],
        file_name="walks-against-closed-form",
        description="Where walks are, as shares with 95% intervals, against exact probabilities",
        x={"title": "share of walks", "rangemode": "tozero", "tickformat": ".0%"},
        y=theme.names_axis([theme.label(title, 24) for title in titles], autorange="reversed"),
        legend=theme.legend(-0.2),
        bargap=0.35,
    )
