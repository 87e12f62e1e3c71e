"""Exact search against NumPy: values, padding, ties, duplicates, batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recemb_core.neighbors import ExactIndex
from recemb_core.neighbors.base import unit_rows
from recemb_core.neighbors.exact import nearest_others

METRICS = ["cosine", "euclidean", "inner_product"]
every_metric = pytest.mark.parametrize("metric", METRICS)


def all_values(metric: str, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(q, n) distances or similarities in float64."""
    q, r = queries.astype(np.float64), rows.astype(np.float64)
    if metric == "euclidean":
        return np.linalg.norm(q[:, None] - r[None], axis=2)
    if metric == "inner_product":
        return q @ r.T
    lengths = np.linalg.norm(q, axis=1)[:, None] * np.linalg.norm(r, axis=1)[None]
    return 1 - np.divide(q @ r.T, lengths, out=np.zeros(lengths.shape), where=lengths > 0)


def assert_exact(metric: str, rows: np.ndarray, queries: np.ndarray, k: int, tolerance: float = 1e-4) -> None:
    """The k best values, best first, each id worth its value; which of equals is found is free."""
    index = ExactIndex(metric).build(rows)  # type: ignore[arg-type]
    ids, values = index.query(queries, k)
    assert ids.shape == values.shape == (len(queries), k)
    assert (ids.dtype, values.dtype) == (np.int32, np.float32)
    found = min(k, len(rows))
    assert (ids[:, found:] == -1).all()
    assert np.isnan(values[:, found:]).all()
    ids, values = ids[:, :found], values[:, :found]
    truth = all_values(metric, queries, rows)
    best = np.sort(truth if index.measure == "distance" else -truth, axis=1)[:, :found]
    np.testing.assert_allclose(values if index.measure == "distance" else -values, best, atol=tolerance)
    np.testing.assert_allclose(np.take_along_axis(truth, ids.astype(np.int64), axis=1), values, atol=tolerance)
    assert all(len(set(row)) == found for row in ids.tolist())
    if index.measure == "distance":
        assert (values >= 0).all()


@every_metric
@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 1), (7, 3, 3), (300, 16, 10), (5, 4, 9)])
def test_against_numpy(metric: str, n: int, d: int, k: int) -> None:
    rng = np.random.default_rng(n)
    assert_exact(metric, rng.normal(size=(n, d)), rng.normal(size=(40, d)), k)


@every_metric
@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_small_whole_numbers_are_full_of_ties(metric: str, data: Any) -> None:
    n, d, q = (data.draw(st.integers(1, 12)) for _ in range(3))
    whole = st.integers(-2, 2).map(float)
    rows = data.draw(hnp.arrays(np.float32, (n, d), elements=whole))
    queries = data.draw(hnp.arrays(np.float32, (q, d), elements=whole))
    assert_exact(metric, rows, queries, data.draw(st.integers(1, 14)))


@every_metric
def test_a_batch_equals_single_queries(metric: str) -> None:
    # Large enough for the search library's batch formula, far from 0, with duplicates at distance 0: where it cancels.
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(4_000, 64)) + 3).astype(np.float32)
    rows[100:120] = rows[:20]
    if metric == "inner_product":
        rows = unit_rows(rows)
    index = ExactIndex(metric).build(rows)  # type: ignore[arg-type]
    _, batch = index.query(rows, 5)
    single = np.concatenate([index.query(rows[[i]], 5)[1] for i in range(50)])
    np.testing.assert_allclose(batch[:50], single, atol=1e-4)


def test_duplicates_are_at_distance_zero() -> None:
    rows = np.tile(np.random.default_rng(1).normal(size=(3, 8)).astype(np.float32), (4, 1))
    for metric in ("cosine", "euclidean"):
        ids, values = ExactIndex(metric).build(rows).query(rows[:3], 4)  # type: ignore[arg-type]
        np.testing.assert_allclose(values, 0, atol=1e-6)
        assert [sorted(row) for row in ids.tolist()] == [[i, i + 3, i + 6, i + 9] for i in range(3)]


def test_zero_vectors_have_cosine_zero_with_everything() -> None:
    rows = np.array([[0, 0], [2, 0], [-1, 0]], np.float32)
    ids, values = ExactIndex("cosine").build(rows).query(np.array([[5, 0], [0, 0]], np.float32), 3)
    assert ids[0].tolist() == [1, 0, 2]
    np.testing.assert_allclose(values, [[0, 1, 2], [1, 1, 1]])


def test_the_measure_is_named() -> None:
    assert [ExactIndex(m).measure for m in METRICS] == ["distance", "distance", "similarity"]  # type: ignore[arg-type]


@every_metric
def test_nothing_to_search_or_nothing_asked(metric: str) -> None:
    rows = np.ones((3, 2), np.float32)
    ids, values = ExactIndex(metric).build(rows[:0]).query(rows, 2)  # type: ignore[arg-type]
    assert ids.tolist() == [[-1, -1]] * 3
    assert np.isnan(values).all()
    ids, values = ExactIndex(metric).build(rows).query(rows[:0], 2)  # type: ignore[arg-type]
    assert ids.shape == values.shape == (0, 2)


def test_building_does_not_change_the_vectors() -> None:
    rows = np.array([[3, 4], [6, 8]], np.float32)
    ExactIndex("cosine").build(rows).query(rows, 2)
    assert rows.tolist() == [[3, 4], [6, 8]]


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="'cosine', 'euclidean' or 'inner_product', not 'manhattan'"):
        ExactIndex("manhattan")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"build.* must come before query"):
        ExactIndex().query(np.ones((1, 2), np.float32), 1)
    with pytest.raises(ValueError, match=r"\(n, d\), not of shape \(3,\)"):
        ExactIndex().build(np.ones(3, np.float32))
    index = ExactIndex().build(np.ones((3, 2), np.float32))
    with pytest.raises(ValueError, match="k must be a whole number, at least 1, not 0"):
        index.query(np.ones((1, 2), np.float32), 0)
    with pytest.raises(ValueError, match=r"queries must be \(n, 2\), not of shape \(1, 5\)"):
        index.query(np.ones((1, 5), np.float32), 1)


def test_unit_rows() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert rows.dtype == np.float32


# --- neighbors of the rows themselves ---


@settings(max_examples=60, deadline=None)
@given(
    rows=hnp.arrays(
        np.float32, st.tuples(st.integers(1, 25), st.integers(1, 3)), elements=st.integers(-1, 1).map(float)
    ),
    k=st.integers(1, 30),
    metric=st.sampled_from(["cosine", "euclidean"]),
)
@pytest.mark.slow
def test_nearest_others_never_holds_the_row_itself(rows: np.ndarray, k: int, metric: Any) -> None:
    n = len(rows)
    near = nearest_others(rows, k, metric)
    assert near.shape == (n, min(k, n - 1))
    assert near.dtype == np.int32
    assert (near != np.arange(n)[:, None]).all()
    assert all(len(set(row)) == len(row) for row in near.tolist())
    # Distances are those of the nearest others, duplicates and zero vectors included.
    truth = all_values(metric, rows, rows)
    np.fill_diagonal(truth, np.inf)
    best = np.sort(truth, axis=1)[:, : near.shape[1]]
    np.testing.assert_allclose(np.take_along_axis(truth, near.astype(np.int64), axis=1), best, atol=1e-4)


def test_nearest_others_with_many_copies_of_one_row() -> None:
    near = nearest_others(np.ones((40, 4), np.float32), 3)
    assert near.shape == (40, 3)
    assert (near != np.arange(40)[:, None]).all()


@pytest.mark.parametrize("n", [0, 1])
def test_nearest_others_of_too_few(n: int) -> None:
    assert nearest_others(np.ones((n, 2), np.float32), 5).shape == (n, 0)
