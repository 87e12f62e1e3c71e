"""Synthetic points whose neighbors are easy (clusters) or hard (one Gaussian) to tell from the rest."""

from __future__ import annotations

import numpy as np

from recemb_core.arrays import Float32Array
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


def _check(n: int, dimensions: int) -> None:
    require(is_whole(n) and n >= 1, "n", n, "a whole number, at least 1")
    require(is_whole(dimensions) and dimensions >= 1, "dimensions", dimensions, "a whole number, at least 1")
