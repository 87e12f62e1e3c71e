"""The graph index, the code index, and inner products three ways, against exact search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recemb_core.datasets.point_clouds import clustered_points, gaussian_points
from recemb_core.experiments.index_race import recall_at_k
from recemb_core.neighbors import AugmentedIndex, ExactIndex, FaissLSHIndex, HNSWConfig, HNSWIndex, KDTreeIndex
from recemb_core.neighbors.base import unit_rows
from recemb_core.neighbors.inner_product import augment_queries, augment_rows

METRICS = ["cosine", "euclidean", "inner_product"]


def log_normal_lengths(n: int, d: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return unit_rows(gaussian_points(n, d, seed=seed)) * rng.lognormal(0, 1, size=(n, 1)).astype(np.float32)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.slow
def test_values_are_those_of_the_exact_index(metric: Any) -> None:
    rows = clustered_points(2_000, 16)
    queries = gaussian_points(50, 16, seed=2)
    index = HNSWIndex(HNSWConfig(metric=metric)).build(rows)
    exact = ExactIndex(metric).build(rows)
    ids, values = index.query(queries, 5)
    assert (ids.dtype, values.dtype) == (np.int32, np.float32)
    assert index.measure == exact.measure
    _, truth = exact.query(queries, 5)
    assert recall_at_k(values, truth, measure=index.measure).mean() > 0.95
    step = np.diff(values, axis=1)
    assert (step >= 0).all() if index.measure == "distance" else (step <= 0).all()
    everything, worth = exact.query(queries, 2_000)
    place = np.argsort(everything, axis=1)
    true_values = np.take_along_axis(np.take_along_axis(worth, place, axis=1), ids.astype(np.int64), axis=1)
    np.testing.assert_allclose(values, true_values, atol=1e-4)


@pytest.mark.slow
def test_recall_on_vectors_of_equal_length() -> None:
    """At least .95 of the 10 nearest among 20,000 vectors of length 1 in 32 dimensions, random and so the hard case."""
    rows = unit_rows(gaussian_points(20_000, 32))
    queries = unit_rows(gaussian_points(300, 32, seed=1))
    index = HNSWIndex(HNSWConfig(ef_construction=100, ef_search=256)).build(rows)
    truth = ExactIndex("cosine").build(rows).query(queries, 10)[1]
    recall = [float(recall_at_k(index.query(queries, 10, ef_search=ef)[1], truth).mean()) for ef in (16, 64, 256)]
    assert recall[0] < recall[1] < recall[2]
    assert recall[2] >= 0.95


def test_a_batch_equals_single_queries() -> None:
    rows = clustered_points(1_000, 12)
    index = HNSWIndex(HNSWConfig(metric="euclidean")).build(rows)
    ids, values = index.query(rows[:40], 5)
    for i in range(40):
        single = index.query(rows[[i]], 5)
        np.testing.assert_array_equal(single[0][0], ids[i])
        np.testing.assert_allclose(single[1][0], values[i], atol=1e-4)


def test_fewer_rows_than_asked_for() -> None:
    rows = gaussian_points(3, 4)
    for index in (HNSWIndex(), FaissLSHIndex(64), AugmentedIndex(ExactIndex("euclidean"))):
        ids, values = index.build(rows).query(rows, 5)
        assert (np.sort(ids, axis=1)[:, 2:] == [0, 1, 2]).all()
        assert (ids[:, 3:] == -1).all()
        assert np.isnan(values[:, 3:]).all()
    for index in (HNSWIndex(), FaissLSHIndex(64), AugmentedIndex(ExactIndex("euclidean"))):
        assert (index.build(rows[:0]).query(rows, 2)[0] == -1).all()


@pytest.mark.slow
def test_codes_get_better_with_bits_and_ranking_again() -> None:
    rows = clustered_points(3_000, 32)
    queries = rows[:200]
    truth = ExactIndex("euclidean").build(rows).query(queries, 10)[1]

    def recall(bits: int, rerank: int) -> float:
        return float(recall_at_k(FaissLSHIndex(bits, rerank=rerank).build(rows).query(queries, 10)[1], truth).mean())

    assert recall(32, 1) < recall(256, 1) < recall(256, 8)
    assert FaissLSHIndex(256).build(rows).memory_bytes < rows.nbytes


# --- inner products ---


def test_one_added_coordinate_makes_all_rows_equally_long() -> None:
    rows, longest = augment_rows(log_normal_lengths(500, 8))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), longest, rtol=1e-5)
    queries = augment_queries(gaussian_points(20, 8), longest)
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), longest, rtol=1e-5)
    assert (queries[:, -1] == 0).all()
    assert (augment_queries(np.zeros((1, 8), np.float32), longest) == 0).all()


@pytest.mark.parametrize("index", [ExactIndex("euclidean"), KDTreeIndex()], ids=["exact", "kd-tree"])
def test_one_added_coordinate_is_exact(index: Any) -> None:
    rows, queries = log_normal_lengths(4_000, 16), gaussian_points(200, 16, seed=3)
    augmented = AugmentedIndex(index).build(rows)
    assert augmented.measure == "similarity"
    _, truth = ExactIndex("inner_product").build(rows).query(queries, 10)
    ids, values = augmented.query(queries, 10)
    assert recall_at_k(values, truth, measure="similarity").mean() == 1.0
    np.testing.assert_allclose(values, np.einsum("qkd,qd->qk", rows[ids], queries), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_the_graph_does_better_by_its_own_inner_product_than_behind_the_added_coordinate() -> None:
    rows, queries = log_normal_lengths(5_000, 32), gaussian_points(200, 32, seed=3)
    _, truth = ExactIndex("inner_product").build(rows).query(queries, 10)
    own = HNSWIndex(HNSWConfig(metric="inner_product")).build(rows).query(queries, 10)[1]
    behind = AugmentedIndex(HNSWIndex(HNSWConfig(metric="euclidean"))).build(rows).query(queries, 10)[1]
    recall = [float(recall_at_k(v, truth, measure="similarity").mean()) for v in (own, behind)]
    assert recall[0] > recall[1] + 0.1
    # The nearest are not those with the largest product.
    nearest = ExactIndex("euclidean").build(rows).query(queries, 10)[0]
    products = np.einsum("qkd,qd->qk", rows[nearest], queries)
    assert recall_at_k(products, truth, measure="similarity").mean() < 0.5


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"metric": "hamming"}, "metric must be 'cosine', 'euclidean' or 'inner_product', not 'hamming'"),
        ({"links": 1}, "links must be a whole number from 2 to 256, not 1"),
        ({"ef_construction": 0}, "ef_construction must be"),
        ({"ef_search": 0}, "ef_search must be"),
    ],
)
def test_configs_check_themselves(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HNSWConfig(**fields)


def test_errors_say_what_is_wrong() -> None:
    for index in (HNSWIndex(), FaissLSHIndex()):
        with pytest.raises(ValueError, match=r"build.* must come before query"):
            index.query(np.ones((1, 2), np.float32), 1)
        index.build(np.ones((3, 2), np.float32))
        with pytest.raises(ValueError, match="k must be"):
            index.query(np.ones((1, 2), np.float32), 0)
        with pytest.raises(ValueError, match=r"queries must be \(n, 2\)"):
            index.query(np.ones((1, 3), np.float32), 1)
    with pytest.raises(ValueError, match="bits must be"):
        FaissLSHIndex(0)
