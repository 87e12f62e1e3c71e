"""Synthetic points."""

from __future__ import annotations

import numpy as np
import pytest

from recemb_core.datasets.point_clouds import clustered_points, gaussian_points
from recemb_core.neighbors.exact import ExactIndex


def test_shapes_and_seeds() -> None:
    for make in (gaussian_points, clustered_points):
        points = make(500, 6, seed=1)
        assert points.shape == (500, 6)
        assert points.dtype == np.float32
        np.testing.assert_array_equal(points, make(500, 6, seed=1))
        assert (points != make(500, 6, seed=2)).all()


def test_neighbors_stand_out_in_clusters_and_not_in_one_cloud() -> None:
    """Median distance to the nearest over the median of all: high in 64 dimensions, lower with clusters."""
    shares = []
    for points in (gaussian_points(2_000, 64), clustered_points(2_000, 64)):
        near = ExactIndex("euclidean").build(points).query(points[:200], 2)[1][:, 1]
        every = np.linalg.norm(points[:200, None] - points[None, ::20], axis=2)
        shares.append(float(np.median(near) / np.median(every)))
    assert shares[0] > 0.7
    assert shares[1] < 0.5


def test_moments() -> None:
    """20,000 points: the standard error of a mean is .007, bound .03; no spread leaves the centers."""
    points = gaussian_points(20_000, 3)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(points.std(axis=0), 1, atol=0.03)
    assert len(np.unique(clustered_points(500, 3, clusters=4, spread=0.0), axis=0)) == 4


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="n must be a whole number, at least 1, not 0"):
        gaussian_points(0, 3)
    with pytest.raises(ValueError, match="clusters must be"):
        clustered_points(10, 3, clusters=0)
    with pytest.raises(ValueError, match="spread must be 0 or more"):
        clustered_points(10, 3, spread=-1.0)
