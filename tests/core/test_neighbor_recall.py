"""Recall with ties, and the comparison of indexes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from recemb_core.datasets.point_clouds import clustered_points, gaussian_points
from recemb_core.experiments.index_race import (
    Contender,
    compare_indexes,
    default_contenders,
    describe_setting,
    recall_at_k,
)
from recemb_core.neighbors import ExactIndex, LSHConfig, LSHIndex
from recemb_core.progress import TrainingCancelled
from recemb_core.timing import OtherWorkError


def test_ties_count_as_found() -> None:
    truth = np.array([[1.0, 2.0], [0.0, 0.0], [1.0, np.nan]])
    found = np.array([[2.0, 2.0], [0.0, 0.1], [1.0, np.nan]])
    assert recall_at_k(found, truth).tolist() == [1.0, 0.5, 1.0]
    assert recall_at_k(np.array([[5.0, 1.0]]), np.array([[5.0, 4.0]]), measure="similarity").tolist() == [0.5]
    assert np.isnan(recall_at_k(np.array([[np.nan]]), np.array([[np.nan]]))).all()
    with pytest.raises(ValueError, match="one shape"):
        recall_at_k(np.zeros((1, 2)), np.zeros((1, 3)))


@pytest.mark.slow
def test_every_contender_is_reported() -> None:
    vectors = clustered_points(1_500, 16)
    queries = np.arange(0, 1_500, 30)
    stages: list[tuple[float, str]] = []
    reports = compare_indexes(
        vectors, queries, 5, repeats=2, progress=lambda fraction, stage: stages.append((fraction, stage))
    )
    contenders = default_contenders(vectors)
    assert [r.family for r in reports] == [c.family for c in contenders for _ in c.settings]
    assert len({(r.family, r.setting) for r in reports}) == len(reports)
    for report in reports:
        assert 0 <= report.recall <= 1
        assert 0 < report.slowest <= report.queries_per_second <= report.fastest
        assert report.build_seconds >= 0
        assert report.memory_bytes > 0
        assert 1 <= report.queries <= len(queries)
    by_family = {r.family: r for r in reports}
    assert by_family["exact scan"].recall == by_family["kd-tree"].recall == 1.0
    assert by_family["exact scan"].scanned == 1.0
    assert by_family["HNSW"].recall > 0.95
    tables = [r for r in reports if r.family in ("LSH tables", "multi-probe LSH")]
    assert all(r.scanned is not None and 0 < r.scanned < 1 for r in tables)
    assert any(r.recall > 0.8 for r in tables)
    fractions = [fraction for fraction, _ in stages]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_recall_is_that_of_the_index() -> None:
    vectors, queries = clustered_points(800, 8), gaussian_points(60, 8, seed=4)
    config = LSHConfig(tables=3, functions=6, width=2.0)
    contender = Contender(family="LSH", build=lambda threads: LSHIndex(config, threads=threads))
    (report,) = compare_indexes(vectors, queries, 5, contenders=[contender], repeats=1)
    found = LSHIndex(config).build(vectors).query(queries, 5)[1]
    truth = ExactIndex("euclidean").build(vectors).query(queries, 5)[1]
    recall = recall_at_k(found, truth)
    assert report.recall == pytest.approx(recall.mean())
    assert report.recall_error == pytest.approx(recall.std(ddof=1) / 60**0.5)


def test_a_row_is_no_neighbor_of_itself() -> None:
    """A tight pair in each corner: asked for one neighbor, an index that answers with the row itself finds nothing."""
    corners = np.repeat(np.eye(8, dtype=np.float32) * 10, 2, axis=0)
    corners[1::2] += 0.1
    exact = Contender(family="exact", build=lambda threads: ExactIndex("euclidean"))
    (report,) = compare_indexes(corners, np.arange(16), 1, contenders=[exact], repeats=1)
    assert report.recall == 1.0


@pytest.mark.slow
def test_inner_products_three_ways() -> None:
    rng = np.random.default_rng(0)
    vectors = gaussian_points(1_500, 16) * rng.lognormal(0, 1, size=(1_500, 1)).astype(np.float32)
    reports = compare_indexes(vectors, gaussian_points(80, 16, seed=1), 5, metric="inner_product", repeats=1)
    recall: dict[str, list[float]] = {}
    for report in reports:
        recall.setdefault(report.family, []).append(report.recall)
    assert recall["exact, inner product"] == [1.0]
    assert recall["added coordinate"][:2] == [1.0, 1.0]  # exact and kd-tree
    assert max(recall["raw vectors, nearest"]) < 0.9
    assert max(recall["HNSW, inner product"]) > 0.9


def test_a_slow_index_is_asked_a_part() -> None:
    class Slow(ExactIndex):
        def query(self, queries: np.ndarray, k: int) -> Any:
            import time

            time.sleep(0.002 * len(queries))
            return super().query(queries, k)

    slow = Contender(family="slow", build=lambda threads: Slow("euclidean"))
    vectors = clustered_points(300, 4)
    (report,) = compare_indexes(vectors, np.arange(300), 3, contenders=[slow], repeats=1, seconds=0.1)
    assert 16 <= report.queries < 300
    assert report.recall == 1.0


def test_it_can_be_stopped() -> None:
    calls = 0

    def cancel() -> bool:
        nonlocal calls
        calls += 1
        return calls > 3

    with pytest.raises(TrainingCancelled):
        compare_indexes(clustered_points(200, 4), np.arange(10), 3, cancel=cancel)
    assert calls == 4


def test_threads_are_what_they_were_before() -> None:
    import faiss

    before = faiss.omp_get_max_threads()
    exact = Contender(family="exact", build=lambda threads: ExactIndex("euclidean"))
    compare_indexes(clustered_points(200, 4), np.arange(10), 3, contenders=[exact], threads=1)
    assert faiss.omp_get_max_threads() == before


def test_settings_in_words_and_errors() -> None:
    assert describe_setting(LSHConfig(tables=4, functions=3, width=1.5)) == "K 3, L 4, w 1.5"
    assert describe_setting(LSHConfig(mode="or_and", family="hyperplane")) == "K 8, L 16, OR-AND"
    assert describe_setting(LSHConfig(multi_probe=2)) == "K 8, L 16, 2 probes"
    with pytest.raises(ValueError, match="repeats must be"):
        compare_indexes(clustered_points(20, 3), np.arange(3), repeats=0)
    with pytest.raises(ValueError, match="queries must not be empty"):
        compare_indexes(clustered_points(20, 3), np.empty(0, int))


def test_indexes_are_told_apart_where_their_ranges_do_not_touch() -> None:
    exact = Contender(family="exact", build=lambda threads: ExactIndex("euclidean"))
    (report,) = compare_indexes(clustered_points(50, 3), np.arange(9), 2, contenders=[exact])
    fast, slow = (replace(report, queries_per_second=q, slowest=q - 1, fastest=q + 1) for q in (10.0, 8.0))
    close = replace(fast, queries_per_second=9.5, slowest=8.5, fastest=10.5)
    assert fast.clearly_faster(replace(slow, fastest=8.9))
    assert not fast.clearly_faster(slow), "9 and 9 touch"
    assert not fast.clearly_faster(close)
    assert not close.clearly_faster(fast)


def test_a_busy_machine_is_refused_where_only_quiet_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recemb_core.timing.lap", lambda work, threads: (1.0, True))
    exact = Contender(family="exact", build=lambda threads: ExactIndex("euclidean"))
    call = partial(compare_indexes, clustered_points(50, 3), np.arange(9), 2, contenders=[exact], repeats=2)
    with pytest.raises(OtherWorkError, match="ran beside 8 of 8 timed batches") as refused:
        call(only_quiet=True)
    (found,) = refused.value.reports
    assert found.recall == 1
    assert np.isnan(found.queries_per_second)
    (report,) = call()
    assert report.disturbed == 2
