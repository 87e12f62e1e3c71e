"""The S-curve: how likely two points are to meet, by their distance, and where the nearest lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pages.kit.live_chart import live_chart
from pages.kit.session import ActiveData
from pages.views.lsh import measures
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LabPoints
from recemb_core.figures.collision_curve import collision_curve_figure
from recemb_core.neighbors.lsh.theory import Mode

PLACES = 160  # points of a drawn curve


def curve_chart(
    data: ActiveData,
    points: LabPoints,
    settings: LabSettings,
    modes: Sequence[Mode],
    *,
    measured: bool,
    key: str,
    height: int,
    above: int | None = None,
) -> None:
    """Theory's lines of some modes and, where wanted, what was measured of them; the nearest are a shaded band."""
    near, every = measures.distances(data, points, settings)
    angle = settings.hashing.distance.is_angle
    reach = np.pi if angle else float(max(every.max(), 1.5 * np.median(near)))
    distance = np.linspace(0, reach, PLACES)
    found = measures.measured_curves(data, points, settings) if measured else {}
    low, high = np.quantile(near, [0.1, 0.9])
    figure = collision_curve_figure(
        distance,
        settings.chance(distance)[0],
        {mode: replace(settings, mode=mode).chance(distance)[1] for mode in modes},
        mode=settings.mode,
        measured={mode: found[mode] for mode in modes if mode in found},
        bands={f"{settings.k} nearest": (float(low), float(high))},
        angle=angle,
    )
    live_chart(figure, key=f"{key}@{data.key}", height=height, above=above, glide=False)


def band_line(settings: LabSettings) -> str:
    """What the shaded band is."""
    return f"The shaded band holds the middle 80% of the distances to the {settings.k} nearest."
