"""The one contract that every index passes: shapes, order, padding, batches, exact values, recall."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recemb_core.datasets.point_clouds import clustered_points
from recemb_core.experiments.index_race import recall_at_k
from recemb_core.neighbors import (
    AugmentedIndex,
    ExactIndex,
    FaissLSHIndex,
    HNSWConfig,
    HNSWIndex,
    KDTreeIndex,
    LSHConfig,
    LSHIndex,
)
from recemb_core.neighbors.base import Metric

# Index, the metric of its values, and the recall@10 it must reach on clustered points.
INDEXES: dict[str, tuple[Callable[[], Any], Metric, float]] = {
    "exact, cosine": (lambda: ExactIndex("cosine"), "cosine", 1.0),
    "exact, Euclidean": (lambda: ExactIndex("euclidean"), "euclidean", 1.0),
    "exact, inner product": (lambda: ExactIndex("inner_product"), "inner_product", 1.0),
    "kd-tree": (lambda: KDTreeIndex(), "euclidean", 1.0),
    "HNSW, cosine": (lambda: HNSWIndex(), "cosine", 0.95),
    "HNSW, Euclidean": (lambda: HNSWIndex(HNSWConfig(metric="euclidean")), "euclidean", 0.95),
    "HNSW, inner product": (lambda: HNSWIndex(HNSWConfig(metric="inner_product")), "inner_product", 0.8),
    "LSH, AND-OR": (lambda: LSHIndex(), "euclidean", 0.9),
    "LSH, AND": (lambda: LSHIndex(LSHConfig(mode="and", functions=2)), "euclidean", 0.4),
    "LSH, OR": (lambda: LSHIndex(LSHConfig(mode="or", tables=8)), "euclidean", 0.99),
    "LSH, OR-AND": (lambda: LSHIndex(LSHConfig(mode="or_and", tables=6)), "euclidean", 0.95),
    "LSH, probing": (lambda: LSHIndex(LSHConfig(tables=4, multi_probe=16)), "euclidean", 0.85),
    "LSH, hyperplanes": (lambda: LSHIndex(LSHConfig(family="hyperplane", tables=24)), "cosine", 0.9),
    "faiss LSH": (lambda: FaissLSHIndex(512, rerank=4), "euclidean", 0.9),
    "added coordinate": (lambda: AugmentedIndex(ExactIndex("euclidean")), "inner_product", 1.0),
}
every_index = pytest.mark.parametrize("name", INDEXES)


def worth(metric: str, queries: np.ndarray, rows: np.ndarray, ids: np.ndarray) -> np.ndarray:
    found = rows[ids].astype(np.float64)
    if metric == "euclidean":
        return np.linalg.norm(found - queries[:, None], axis=2)
    dot = np.einsum("qkd,qd->qk", found, queries.astype(np.float64))
    if metric == "inner_product":
        return dot
    return 1 - dot / np.linalg.norm(found, axis=2) / np.linalg.norm(queries, axis=1)[:, None]


@every_index
@pytest.mark.slow
def test_every_index_answers_alike(name: str) -> None:
    make, metric, least = INDEXES[name]
    rows = clustered_points(3_000, 24)
    queries = rows[::25] + np.float32(0.05) * clustered_points(120, 24, clusters=1, spread=1.0, seed=9)
    before = rows.copy()
    index = make()
    assert index.build(rows) is index
    ids, values = index.query(queries, 10)
    np.testing.assert_array_equal(rows, before)
    assert ids.shape == values.shape == (120, 10)
    assert (ids.dtype, values.dtype) == (np.int32, np.float32)
    assert index.measure == ("similarity" if metric == "inner_product" else "distance")
    missing = ids < 0
    assert (np.isnan(values) == missing).all()
    assert (np.diff(missing.astype(int), axis=1) >= 0).all()  # padding comes last
    steps = np.diff(values, axis=1)
    steps = steps[~np.isnan(steps)]
    assert (steps >= 0).all() if index.measure == "distance" else (steps <= 0).all()
    assert all(len({i for i in row if i >= 0}) == sum(i >= 0 for i in row) for row in ids.tolist())
    true = worth(metric, queries, rows, np.maximum(ids, 0))
    np.testing.assert_allclose(values[~missing], true[~missing], atol=2e-4, rtol=1e-5)
    _, exact = ExactIndex(metric).build(rows).query(queries, 10)
    assert recall_at_k(values, exact, measure=index.measure).mean() >= least
    for i in range(0, 120, 12):
        single_ids, single = index.query(queries[i : i + 1], 10)
        assert ((single_ids[0] < 0) == missing[i]).all()
        np.testing.assert_allclose(single[0], values[i], atol=1e-4, rtol=1e-5)
    assert index.memory_bytes > 0


@every_index
@pytest.mark.slow
def test_nothing_asked_and_too_much_asked(name: str) -> None:
    make, _, _ = INDEXES[name]
    rows = clustered_points(6, 4)
    index = make().build(rows)
    assert index.query(rows[:0], 3)[0].shape == (0, 3)
    ids, values = index.query(rows, 9)
    assert (ids[:, 6:] == -1).all()
    assert np.isnan(values[:, 6:]).all()
    with pytest.raises(ValueError, match="k must be"):
        index.query(rows, 0)
