"""Recall models side by side, cold items against chance, indexes against exact search, files computed beforehand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recemb_core import precomputed
from recemb_core.deep.two_tower import TwoTowerConfig
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig
from recemb_core.embeddings import Item2VecConfig, TrainingCancelled
from recemb_core.evaluation.ranking import next_item_cases, rank_next_items
from recemb_core.experiments.recall_indexes import compare_recall_indexes
from recemb_core.experiments.recall_models import (
    ColdItemReport,
    HistoryAverageConfig,
    both_figures,
    cold_item_report,
    recall_defaults,
    recall_fingerprint,
    train_recall_model,
    without_items,
)
from recemb_core.neighbors.inner_product import augment_rows
from recemb_core.scorers import popularity_scorer
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary

TOWER = TwoTowerConfig(dimensions=16, hidden=32, epochs=12, batch_size=64, learning_rate=5e-3, half_life=None)


def shop(users: int = 240, seed: int = 0) -> Sequences:
    """Each user buys among the 20 items of one of four kinds, which is the side information."""
    rng = np.random.default_rng(seed)
    items = Vocabulary([f"{kind}{i}" for kind in "abcd" for i in range(20)])
    tokens = np.concatenate([20 * (u % 4) + rng.integers(0, 20, 12) for u in range(users)]).astype(np.int32)
    frame = pl.DataFrame({"kind": [name[0] for name in items]})
    return Sequences(items, np.arange(0, 12 * users + 1, 12), tokens, side_info=frame)


# --- the models ---


@pytest.mark.parametrize(
    "config",
    [
        HistoryAverageConfig(vectors=Item2VecConfig(dimensions=16, epochs=30, subsample=0.0)),
        HistoryAverageConfig(
            vectors=Item2VecConfig(dimensions=16, epochs=30, subsample=0.0), score="in_out", half_life=5
        ),
        YouTubeDNNConfig(
            dimensions=16, hidden=(32, 16), epochs=12, batch_size=64, negative=40, learning_rate=5e-3, half_life=None
        ),
        TOWER,
    ],
    ids=["cosine", "in_out", "youtube_dnn", "two_tower"],
)
@pytest.mark.slow
def test_every_model_finds_the_planted_kinds(config: object) -> None:
    cases = next_item_cases(shop())
    model = train_recall_model(cases.train, config)  # type: ignore[arg-type]
    _, found = both_figures(model.scores, cases, ks=(20,))
    _, floor = both_figures(popularity_scorer(cases.train.counts), cases, ks=(20,))
    assert found.hit_rate[20].low > floor.hit_rate[20].high
    users = model.encode(cases.histories)
    again = rank_next_items(
        model.item_vectors, cases.histories, cases.targets, user_vectors=users, exclude_seen=False, ks=(20,)
    )
    assert again.hit_rate[20] == found.hit_rate[20]  # vectors say the same as the function


def test_the_defaults_are_five_models_of_one_seed() -> None:
    defaults = recall_defaults(7)
    assert len(defaults) == 5
    seeds = {getattr(c, "vectors", c).seed for c in defaults.values()}
    assert seeds == {7}
    with pytest.raises(ValueError, match="score must be"):
        HistoryAverageConfig(vectors=Item2VecConfig(), score="euclid")  # type: ignore[arg-type]


# --- cold items ---


@pytest.fixture(scope="module")
def cold_report() -> ColdItemReport:
    return cold_item_report(shop(), TOWER, share=0.15, k=20)


@pytest.mark.slow
def test_cold_items_stand_above_chance_with_side_information_and_not_without(cold_report: ColdItemReport) -> None:
    report = cold_report
    assert report.cold == 12
    assert report.ranked_below.low > 0.6
    assert report.below_among_cold.low > 0.6
    assert report.recall.value > report.chance_recall
    blind = cold_item_report(shop(), replace(TOWER, side_information=False, epochs=1), share=0.15, k=20)
    assert blind.below_among_cold.value == pytest.approx(0.5)  # all alike: the mean rank
    assert blind.recall.value == 0


def test_cold_items_are_nowhere_in_the_training_part() -> None:
    data = shop(20)
    gone = np.zeros(80, dtype=bool)
    gone[:20] = True
    rest = without_items(data, gone)
    assert not gone[rest.tokens].any()
    assert len(rest) == 15  # the five users of kind a have nothing left
    assert len(rest.tokens) == (~gone[data.tokens]).sum()
    assert rest.items == data.items


def test_cold_items_need_side_information() -> None:
    with pytest.raises(ValueError, match="none"):
        cold_item_report(replace(shop(20), side_info=None), TOWER)
    with pytest.raises(ValueError, match="share must be"):
        cold_item_report(shop(20), TOWER, share=1.5)


# --- fast indexes ---


def vectors(n: int = 300, q: int = 60) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    items = rng.normal(size=(n, 8)).astype(np.float32) * rng.lognormal(0, 0.5, (n, 1)).astype(np.float32)
    users = rng.normal(size=(q, 8)).astype(np.float32)
    best = np.argsort(-(users @ items.T), axis=1)
    return users, items, [line[[2, 40]] for line in best]


@pytest.mark.slow
def test_indexes_against_counting() -> None:
    users, items, targets = vectors()
    points = compare_recall_indexes(users, items, targets, n=10, tables=(1, 32), ef_search=(10, 200))
    assert [p.index for p in points] == ["Exact", "LSH", "LSH", "HNSW", "HNSW"]
    exact, few, many, _, graph = points
    assert (exact.hit_rate.value, exact.found.value, exact.scanned) == (1.0, 1.0, 1.0)  # each third best is a target
    assert few.found.value < many.found.value
    assert few.scanned is not None
    assert many.scanned is not None
    assert few.scanned < many.scanned < 1
    assert graph.found.value > 0.95
    for point in points:
        assert point.hit_rate.value <= 1.0
        assert point.microseconds > 0


@pytest.mark.parametrize(("copies", "wanted"), [(95, 1), (95, 3), (40, 2)])
def test_an_index_hits_equal_items_by_their_share(copies: int, wanted: int) -> None:
    """Of ``copies`` equal items the list holds some, whichever: a hit counts 1 − C(c − m, s) / C(c, s)."""
    rng = np.random.default_rng(0)
    items = np.concatenate([np.tile(rng.normal(size=33), (copies, 1)), -rng.normal(size=(5, 33)) * 1e-3])
    users = np.tile(items[:1], (7, 1)).astype(np.float32)
    targets = [rng.choice(copies, wanted, replace=False) for _ in range(7)]
    exact, _ = compare_recall_indexes(users, items.astype(np.float32), targets, n=10, tables=(), ef_search=(200,))
    share = 1 - math.comb(copies - wanted, 10) / math.comb(copies, 10)
    assert exact.hit_rate.value == pytest.approx(share)
    assert exact.found.value == 1.0
    everywhere = rank_next_items(
        items, [np.array([], int)] * 7, targets, ks=[10], user_vectors=users, exclude_seen=False
    )
    assert everywhere.hit_rate[10].value == pytest.approx(share)


def test_the_added_coordinate_keeps_the_order_of_inner_products() -> None:
    users, items, _ = vectors()
    rows, _ = augment_rows(items)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosine = np.column_stack([users, np.zeros(len(users))]) @ unit.T
    assert (np.argsort(-cosine, axis=1)[:, :20] == np.argsort(-(users @ items.T), axis=1)[:, :20]).all()


def test_a_comparison_of_indexes_can_be_stopped() -> None:
    users, items, targets = vectors()
    with pytest.raises(TrainingCancelled):
        compare_recall_indexes(users, items, targets, cancel=lambda: True)
    with pytest.raises(ValueError, match="targets must be"):
        compare_recall_indexes(users, items, targets[:3])


# --- files computed beforehand ---


def test_the_fingerprint_sees_users_times_and_side_information() -> None:
    data = shop(10)
    prints = {
        recall_fingerprint(x)
        for x in (
            data,
            replace(data, users=np.array(["u"] * 10)),
            replace(data, timestamps=np.zeros(120)),
            replace(data, side_info=None),
            replace(data, side_info=data.side_info.with_columns(kind=pl.lit("x"))),  # type: ignore[union-attr]
        )
    }
    assert len(prints) == 5
    assert recall_fingerprint(data) == recall_fingerprint(shop(10))


def test_reports_and_models_come_back_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precomputed, "FOLDER", tmp_path)
    cases = next_item_cases(shop(40))
    config = HistoryAverageConfig(vectors=Item2VecConfig(dimensions=8, epochs=1))
    model = train_recall_model(cases.train, config)
    reports = both_figures(model.scores, cases)
    assert precomputed.load_rankings("x", config) is precomputed.load_recall("x", config) is None
    ready = {
        precomputed.result_key("ranking", "x", config): precomputed.rankings_to_arrays(reports),
        precomputed.result_key("recall", "x", config): model.to_arrays(half=True),
    }
    precomputed.save("shop", ready, made_with="test")
    again = precomputed.load_rankings("x", config)
    assert again is not None
    for mine, theirs in zip(reports, again, strict=True):
        assert mine.hit_rate == theirs.hit_rate
        assert (mine.ndcg, mine.mrr, mine.coverage) == (theirs.ndcg, theirs.mrr, theirs.coverage)
        assert (mine.users, mine.targets, mine.unknown, mine.exclude_seen) == (
            theirs.users, theirs.targets, theirs.unknown, theirs.exclude_seen,
        )  # fmt: skip
        np.testing.assert_array_equal(mine.best_rank, theirs.best_rank)
    loaded = precomputed.load_recall("x", config)
    assert loaded is not None
    np.testing.assert_allclose(loaded.item_vectors, model.item_vectors, atol=1e-3)
    assert precomputed.load_recall("x", replace(config, score="in_out")) is None
    assert precomputed.load_recall("y", config) is None


def test_the_cold_report_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cold_report: ColdItemReport
) -> None:
    monkeypatch.setattr(precomputed, "FOLDER", tmp_path)
    report = cold_report
    precomputed.save(
        "shop", {precomputed.result_key("cold", "x", TOWER): precomputed.cold_to_arrays(report)}, made_with="test"
    )
    assert precomputed.load_cold("x", TOWER) == report
    assert precomputed.load_cold("x", replace(TOWER, seed=1)) is None
