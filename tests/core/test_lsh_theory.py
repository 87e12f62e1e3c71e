"""Closed forms against known values, against each other, and against what really collides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.datasets.point_clouds import clustered_points
from recemb_core.neighbors import lsh_grid
from recemb_core.neighbors.lsh.curve import distance_sample
from recemb_core.neighbors.lsh.hashing import draw_functions
from recemb_core.neighbors.lsh.theory import (
    amplified_probability,
    collision_probability,
    distance_at_probability,
    expected_grid,
)
from recemb_core.neighbors.truth import true_neighbors


def test_known_values() -> None:
    np.testing.assert_allclose(collision_probability([1, 2, 4], 4.0), [0.8005, 0.6095, 0.3688], atol=1e-4)
    np.testing.assert_allclose(collision_probability([0, np.pi / 4, np.pi], family="hyperplane"), [1, 0.75, 0])
    assert collision_probability(0.0, 2.0) == 1.0
    assert collision_probability(1e-200, 2.0) == 1.0


def test_the_closed_form_is_the_integral() -> None:
    """p(c) = ∫₀^w (1/c) f(t/c) (1 − t/w) dt with f the density of |N(0, 1)|."""
    for distance, width in [(0.3, 1.0), (1.0, 0.5), (5.0, 4.0)]:
        t = (np.arange(200_000) + 0.5) / 200_000 * width
        density = np.sqrt(2 / np.pi) * np.exp(-((t / distance) ** 2) / 2) / distance
        integral = (density * (1 - t / width)).mean() * width
        assert collision_probability(distance, width) == pytest.approx(integral, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    width=st.floats(1e-3, 1e3), tables=st.integers(1, 40), functions=st.integers(1, 20), mode=st.sampled_from(
        ["and", "or", "and_or", "or_and"]
    )
)  # fmt: skip
def test_probabilities_fall_with_distance(width: float, tables: int, functions: int, mode: Any) -> None:
    p = collision_probability(np.geomspace(width / 1e3, width * 1e3, 200), width)
    assert ((p >= 0) & (p <= 1)).all()
    assert (np.diff(p) <= 1e-12).all()
    combined = amplified_probability(p, tables, functions, mode)
    assert ((combined >= 0) & (combined <= 1)).all()
    assert (np.diff(combined) <= 1e-12).all()


def test_special_cases_of_the_modes() -> None:
    p = np.linspace(0, 1, 11)
    for mode in ("and", "or", "and_or", "or_and"):
        np.testing.assert_allclose(amplified_probability(p, 1, 1, mode), p)  # type: ignore[arg-type]
    np.testing.assert_allclose(amplified_probability(p, 1, 5, "and_or"), amplified_probability(p, 9, 5, "and"))
    np.testing.assert_allclose(amplified_probability(p, 7, 1, "and_or"), amplified_probability(p, 7, 4, "or"))
    np.testing.assert_allclose(amplified_probability(p, 3, 4, "or_and"), (1 - (1 - p) ** 4) ** 3)
    assert amplified_probability(1e-18, 10, 1, "or") == pytest.approx(1e-17)


PAIRS = [(0.5, 1.0), (1.0, 1.0), (1.0, 4.0), (2.0, 4.0), (4.0, 4.0), (8.0, 3.0)]


@pytest.mark.parametrize(("distance", "width"), PAIRS)
def test_one_function_collides_as_often_as_the_closed_form(distance: float, width: float) -> None:
    """40,000 independent functions: the standard error is at most .0025, the bound of .01 four of them."""
    rng = np.random.default_rng(0)
    hashing = draw_functions(6, family="euclidean", tables=40, functions=1_000, width=width, seed=1)
    x, step = rng.normal(size=6) * 3 - 5, rng.normal(size=6)  # mostly negative coordinates: floor, not truncation
    codes = hashing.codes(np.stack([x, x + step / np.linalg.norm(step) * distance]))
    assert abs((codes[0] == codes[1]).mean() - collision_probability(distance, width)) < 0.01


@pytest.mark.parametrize("mode", ["and", "or", "and_or", "or_and"])
@pytest.mark.parametrize(("distance", "width"), PAIRS)
def test_combined_functions_collide_as_often_as_the_closed_form(mode: Any, distance: float, width: float) -> None:
    """20,000 independent indexes of 4 tables × 3 functions (one table, one function): standard error at most .0036."""
    tables, functions = 4, 3
    shape = (1 if mode == "and" else tables, 1 if mode == "or" else functions)
    hashing = draw_functions(
        5, family="euclidean", tables=200 * shape[0], functions=100 * shape[1], width=width, seed=2
    )
    x = np.full(5, -2.0)
    codes = hashing.codes(np.stack([x, x + np.array([0.6, 0, 0.8, 0, 0]) * distance]))
    same = (codes[0] == codes[1]).reshape(200, shape[0], 100, shape[1])
    hit = same.any(axis=3).all(axis=1) if mode == "or_and" else same.all(axis=3).any(axis=1)
    expected = amplified_probability(collision_probability(distance, width), tables, functions, mode)
    assert abs(hit.mean() - expected) < 0.01


@pytest.mark.parametrize("angle", [0.2, 1.0, 2.5])
def test_hyperplanes_part_as_often_as_the_angle_says(angle: float) -> None:
    hashing = draw_functions(4, family="hyperplane", tables=40, functions=1_000, width=None, seed=3)
    codes = hashing.codes(np.array([[1, 0, 0, 0], [np.cos(angle), np.sin(angle), 0, 0]]))
    assert abs((codes[0] == codes[1]).mean() - collision_probability(angle, family="hyperplane")) < 0.01


def test_the_inverse_returns_the_distance() -> None:
    for mode in ("and", "or", "and_or", "or_and"):
        for family, width, top in (("euclidean", 2.0, 1.5), ("hyperplane", None, 1.0)):
            chance = amplified_probability(collision_probability(top, width, family), 6, 4, mode)  # type: ignore[arg-type]
            found = distance_at_probability(
                float(chance), tables=6, functions=4, width=width, mode=mode, family=family  # type: ignore[arg-type]
            )  # fmt: skip
            assert found == pytest.approx(top, rel=1e-6)


@pytest.mark.parametrize("family", ["euclidean", "hyperplane"])
@pytest.mark.slow
def test_the_expected_grid_meets_the_measured_one(family: Any) -> None:
    """Mean over 12 draws of functions, within four standard errors of it (and .01 for bins and sampled pairs)."""
    vectors = clustered_points(1_000, 16)
    queries = np.arange(0, 1_000, 10)
    sample = distance_sample(vectors, queries, 5, family=family, pairs=50_000)
    expected = expected_grid(
        sample.near, sample.every, n=1_000, k=5, tables=8, functions=6, width=sample.width, family=family
    )
    grids = [lsh_grid(vectors, queries, 5, family=family, tables=8, functions=6, seed=s) for s in range(12)]
    for name in ("recall", "cost"):
        runs = np.stack([getattr(g, name) for g in grids])
        error = runs.std(axis=0, ddof=1) / 12**0.5
        assert (np.abs(runs.mean(axis=0) - getattr(expected, name)) < 4 * error + 0.01).all()
    assert expected.recall.shape == grids[0].recall.shape
    hit = expected.recall * 5 / (expected.cost * 1_000)
    np.testing.assert_allclose(expected.precision, np.minimum(hit, 1), equal_nan=True)


def test_distances_are_sampled_as_the_theory_takes_them() -> None:
    vectors = clustered_points(300, 8)
    sample = distance_sample(vectors, np.arange(20), 4, pairs=5_000)
    assert sample.near.shape == (20, 4)
    assert (np.diff(sample.near, axis=1) >= 0).all()
    assert (sample.near[:, 0] > 0).all()  # a row is no neighbor of itself
    every = np.linalg.norm(vectors[:20, None] - vectors[None], axis=2)
    assert sample.every.mean() == pytest.approx(every.sum() / (20 * 299), rel=0.03)
    assert sample.width is not None
    known = distance_sample(vectors, np.arange(20), 4, pairs=5_000, truth=true_neighbors(vectors, np.arange(20), 4).ids)
    for one, same in zip((sample.near, sample.every), (known.near, known.every), strict=True):
        np.testing.assert_array_equal(one, same)
    near = distance_sample(vectors[:3], vectors[:2] + 1, 4)  # vectors that are no rows; more neighbors than there are
    assert np.isnan(near.near).tolist() == [[False, False, False, True]] * 2
    angles = distance_sample(vectors, np.arange(20), 4, family="hyperplane")
    assert angles.width is None
    assert ((angles.every >= 0) & (angles.every <= np.pi)).all()
    assert angles.near.max() < np.median(angles.every)


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="width must be above 0"):
        collision_probability(1.0)
    with pytest.raises(ValueError, match="distance must be at least 0"):
        collision_probability(-1.0, 1.0)
    with pytest.raises(ValueError, match="at most π"):
        collision_probability(4.0, family="hyperplane")
    with pytest.raises(ValueError, match="mode must be"):
        amplified_probability(0.5, 1, 1, "xor")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="probability must be above 0 and below 1"):
        distance_at_probability(1.0, width=1.0)
    with pytest.raises(ValueError, match="must not be empty"):
        expected_grid([], [1.0], n=1, k=1, width=1.0)
    with pytest.raises(ValueError, match="pairs must be a whole number, at least 1"):
        distance_sample(clustered_points(20, 3), np.arange(3), pairs=0)
    with pytest.raises(ValueError, match="queries must not be empty"):
        distance_sample(clustered_points(20, 3), np.arange(0))
