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
    figure = go.Figure()
    colors = dict(zip(references, REFERENCE_COLORS, strict=False)) | {main[0]: theme.CHOSEN}
    profiles = {name: profile for name, profile in references.items() if profile is not None} | {main[0]: main[1]}
    for name, profile in profiles.items():
        step = np.arange(len(profile.mean))
        low, high = profile.mean - 2 * profile.standard_error, profile.mean + 2 * profile.standard_error
        figure.add_scatter(
            x=np.concatenate([step, step[::-1]]),
            y=np.concatenate([high, low[::-1]]),
            mode="lines",
            fill="toself",
            fillcolor=colors[name],
            line={"width": 0},
            opacity=0.2,
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
            uid=f"band:{name}",
        )
        figure.add_scatter(
            x=step,
            y=profile.mean,
            mode="lines+markers",
            line={"color": colors[name], "width": 3 if name == main[0] else 2},
            marker={"size": 5},
            name=name,
            legendgroup=name,
            uid=f"mean:{name}",
            text=[f"{2 * error:.3f}" for error in profile.standard_error],
            hovertemplate=f"{name}<br>step %{{x}}: %{{y:.2f}} ± %{{text}} hops<extra></extra>",
        )
    figure.update_layout(
        template=theme.template(),
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top", "traceorder": "reversed"},
    )
    figure.update_xaxes(title_text="steps taken")
    figure.update_yaxes(title_text="mean distance from the start (hops)", rangemode="tozero")
    ends = ", ".join(f"{name} {profile.mean[-1]:.2f}" for name, profile in profiles.items() if len(profile.mean))
    return theme.describe(
        figure, file_name="distance-from-start", description=f"Mean hops from the start at the last step: {ends}"
    )


def visit_check(
    titles: Sequence[str], ids: Sequence[str], expected: Float64Array, measured: Float64Array, intervals: Float64Array
) -> go.Figure:
    """Draw exact probabilities as bars and measured shares as points with their intervals.

    Args:
        titles, ids: (k,) places, most probable first.
        expected: (k,) exact probabilities.
        measured: (k,) shares of the walks.
        intervals: (k, 2) 95 % intervals of the shares.
    """
    figure = go.Figure()
    at = np.arange(len(titles))
    figure.add_bar(
        y=at,
        x=expected,
        orientation="h",
        marker={"color": theme.OTHER, "opacity": 0.55},
        name="closed form",
        hoverinfo="skip",
        uid="expected",
    )
    figure.add_scatter(
        y=at,
        x=measured,
        mode="markers",
        marker={"color": theme.PLAIN, "size": 8},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": intervals[:, 1] - measured,
            "arrayminus": measured - intervals[:, 0],
            "thickness": 1.5,
            "width": 3,
            "color": theme.PLAIN,
        },
        name="walks, 95 % interval",
        customdata=[
            [item, theme.plain(title, 44), f"{e:.4f}", f"{m:.4f}", f"{low:.4f} to {high:.4f}"]
            for item, title, e, m, (low, high) in zip(ids, titles, expected, measured, intervals, strict=True)
        ],
        hovertemplate="<b>%{customdata[1]}</b><br>closed form %{customdata[2]}<br>walks %{customdata[3]} "
        "(%{customdata[4]})<extra></extra>",
        uid="measured",
    )
    figure.update_layout(
        template=theme.template(),
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top"},
        bargap=0.35,
    )
    figure.update_xaxes(title_text="share of walks", rangemode="tozero", tickformat=".0%")
    names = [theme.plain(theme.shorten(title, 24)) for title in titles]
    figure.update_yaxes(tickvals=at, ticktext=names, autorange="reversed", showgrid=False)
    return theme.describe(
        figure,
        file_name="walks-against-closed-form",
        description="Where walks are, as shares with 95 % intervals, against exact probabilities",
    )
