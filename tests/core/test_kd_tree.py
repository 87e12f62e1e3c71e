"""The kd-tree against brute force, duplicates and ties included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.datasets.point_clouds import clustered_points, gaussian_points
from recemb_core.neighbors import KDTreeIndex


def brute_force(rows: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Every distance in double precision, sorted by distance, then row."""
    ids = np.full((len(queries), k), -1)
    values = np.full((len(queries), k), np.nan)
    for i, query in enumerate(queries.astype(np.float64)):
        distance = np.linalg.norm(rows.astype(np.float64) - query, axis=1)
        best = np.lexsort((np.arange(len(rows)), distance))[:k]
        ids[i, : len(best)], values[i, : len(best)] = best, distance[best]
    return ids, values


def assert_brute_force(rows: np.ndarray, queries: np.ndarray, k: int, **options: Any) -> None:
    ids, values = KDTreeIndex(**options).build(rows).query(queries, k)
    expected_ids, expected = brute_force(rows, queries, k)
    assert (ids.dtype, values.dtype) == (np.int32, np.float32)
    np.testing.assert_array_equal(ids, expected_ids)
    np.testing.assert_allclose(values, expected, rtol=1e-6)


@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 1), (7, 3, 9), (2_000, 2, 10), (800, 40, 5)])
def test_it_is_brute_force(n: int, d: int, k: int) -> None:
    assert_brute_force(gaussian_points(n, d), gaussian_points(30, d, seed=1), k)


def test_it_is_brute_force_with_duplicates() -> None:
    rows = np.tile(clustered_points(60, 5), (7, 1))[np.random.default_rng(0).permutation(420)]
    assert_brute_force(rows, rows[::9], 10)  # seven copies each: the tenth place is always tied


@settings(max_examples=100, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_it_is_brute_force_on_a_grid_full_of_ties(data: Any) -> None:
    n, d = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    rows, queries = (rng.integers(-2, 3, size=(m, d)).astype(np.float32) for m in (n, 8))
    assert_brute_force(rows, queries, data.draw(st.integers(1, 20)), leaf_size=data.draw(st.integers(1, 20)))


def test_all_points_alike() -> None:
    ids, values = KDTreeIndex().build(np.ones((50, 3), np.float32)).query(np.ones((1, 3), np.float32), 5)
    assert ids.tolist() == [[0, 1, 2, 3, 4]]
    assert (values == 0).all()


def test_any_number_of_threads_answers_alike() -> None:
    rows = clustered_points(500, 6)
    one, two = (KDTreeIndex(threads=t).build(rows).query(rows, 5) for t in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_empty_and_errors() -> None:
    index = KDTreeIndex().build(np.empty((0, 2), np.float32))
    assert (index.query(np.ones((3, 2), np.float32), 2)[0] == -1).all()
    assert KDTreeIndex().build(np.ones((3, 2), np.float32)).query(np.empty((0, 2), np.float32), 2)[0].shape == (0, 2)
    assert KDTreeIndex().build(np.ones((3, 2), np.float32)).memory_bytes >= 48
    with pytest.raises(ValueError, match=r"build.* must come before query"):
        KDTreeIndex().query(np.ones((1, 2), np.float32), 1)
    with pytest.raises(ValueError, match="leaf_size must be"):
        KDTreeIndex(0)
    with pytest.raises(ValueError, match=r"queries must be \(n, 2\)"):
        index.query(np.ones((1, 3), np.float32), 1)
