"""Synthetic points whose neighbors are easy (clusters) or hard (one Gaussian) to tell from the rest."""

from __future__ import annotations

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array
from recemb_core.validation import is_whole, require


def gaussian_points(n: int, dimensions: int, *, seed: int = 0) -> Float32Array:
    """n points from N(0, I), float32 (n, d): in many dimensions all are nearly equally far, the worst case.

    >>> gaussian_points(100, 4).shape
    (100, 4)
    """
    _check(n, dimensions)
    return np.random.default_rng(seed).standard_normal((n, dimensions), dtype=np.float32)


def clustered_points(
    n: int, dimensions: int, *, clusters: int | None = None, spread: float = 0.5, seed: int = 0
) -> Float32Array:
    """n points around centers from N(0, I), each at center + spread · N(0, I); float32 (n, d).

    Embeddings of items look like this rather than like one Gaussian: neighbors are much nearer than the rest.

    Args:
        clusters: number of centers, points choose theirs at random; None gives one for 100 points.
        spread: standard deviation around a center in each dimension; larger makes clusters run into each other.
    """
    _check(n, dimensions)
    clusters = max(1, n // 100) if clusters is None else clusters
    require(is_whole(clusters) and clusters >= 1, "clusters", clusters, "a whole number, at least 1")
    require(0 <= spread < np.inf, "spread", spread, "0 or more")
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((clusters, dimensions), dtype=np.float32)
    points = rng.standard_normal((n, dimensions), dtype=np.float32)
    points *= np.float32(spread)
    points += centers[rng.integers(clusters, size=n)]
    return points


PLANES = ("groups", "cloud", "even", "rays")
NEAREST = 5  # of a point, by which the most central one is told


def plane_points(pattern: str, draw: int, n: int = 40) -> Float64Array:
    """n points of a plane from −4 to 4 and from −3 to 3, (n, 2); the first is the one whose five nearest are nearest.

    Args:
        pattern: "groups" (three), "cloud", "even" or "rays" (six).
        draw: another number, other points.
        n: how many.

    >>> plane_points("groups", 1).shape
    (40, 2)
    """
    require(pattern in PLANES, "pattern", pattern, f"one of {', '.join(PLANES)}")
    _check(n, 2)
    rng = np.random.default_rng([7, draw])
    if pattern == "groups":
        centers = rng.uniform([-2.6, -1.8], [2.6, 1.8], size=(3, 2))
        points = centers[rng.integers(3, size=n)] + rng.normal(scale=0.5, size=(n, 2))
    elif pattern == "cloud":
        points = rng.normal(scale=[1.4, 1.0], size=(n, 2))
    elif pattern == "even":
        points = rng.uniform([-3.6, -2.6], [3.6, 2.6], size=(n, 2))
    else:
        angle = rng.integers(6, size=n) * np.pi / 3 + rng.normal(scale=0.12, size=n)
        points = rng.uniform(0.5, 2.6, size=(n, 1)) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.clip(points, [-3.8, -2.8], [3.8, 2.8])
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    middle = int(np.argmin(np.sort(gaps, axis=1)[:, 1 : NEAREST + 1].mean(axis=1)))
    points[[0, middle]] = points[[middle, 0]]
    return np.asarray(points)


def _check(n: int, dimensions: int) -> None:
    require(is_whole(n) and n >= 1, "n", n, "a whole number, at least 1")
    require(is_whole(dimensions) and dimensions >= 1, "dimensions", dimensions, "a whole number, at least 1")
