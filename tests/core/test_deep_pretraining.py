"""Starts of the FNN, the report's file, and what is read from the curves."""

from __future__ import annotations

import dataclasses
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recemb_core.array_files import load_arrays, save_arrays
from recemb_core.brought import Brought, BroughtConfig
from recemb_core.datasets import load_dataset
from recemb_core.deep import FNN, FeatureConfig, FeatureTable, TrainingConfig, feature_table
from recemb_core.embeddings import ItemVectors, TrainingCancelled
from recemb_core.experiments.networks import LayerConfig, LayerReport, compare_networks, count_parameters, networks
from recemb_core.experiments.pretraining import (
    LearningCurve,
    PretrainingConfig,
    PretrainingReport,
    compare_starts,
    curve_bands,
    reach,
)
from recemb_core.experiments.starts import (
    OWN_STARTS,
    Start,
    graph_vectors,
    item_vectors,
    narrowed,
    start_from_vectors,
    training_graph,
)
from recemb_core.neighbors.base import unit_rows
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

SHOP = load_dataset("planted_shop").sequences
assert SHOP is not None
CONFIG = PretrainingConfig(
    seeds=2,
    features=FeatureConfig(max_positives=4_000),
    network=FNN(dimensions=8, hidden=(16,)),
    fm_training=TrainingConfig(epochs=3, learning_rate=0.01),
    training=TrainingConfig(epochs=3, learning_rate=0.005, patience=None, evaluate_every=16),
)


@pytest.fixture(scope="module")
def report() -> PretrainingReport:
    assert SHOP is not None
    return compare_starts(SHOP, CONFIG)


@pytest.mark.slow
def test_every_start_and_seed_has_a_curve(report: PretrainingReport) -> None:
    assert [(c.seed, c.start) for c in report.curves] == [(s, start) for s in (0, 1) for start in OWN_STARTS]
    for curve in report.curves:
        assert curve.epochs[0] == curve.seconds[0] == 0
        assert (np.diff(curve.epochs) > 0).all()
        assert curve.loss.min() < 0.6
        assert 0.5 < curve.test_auc < 1
        assert (curve.seconds_before > 0) == (curve.start != "random")
    assert report.rows[0] > report.rows[1] > 0


def test_a_trained_start_is_ahead_at_the_same_epoch(report: PretrainingReport) -> None:
    """After the first quarter of an epoch the FM start has the lower validation loss, for both seeds."""
    for fm, random in zip(report.of("fm"), report.of("random"), strict=True):
        assert fm.loss[1] < random.loss[1]


def test_frozen_stays_and_the_others_move(report: PretrainingReport) -> None:
    np.testing.assert_array_equal(report.before["fm_frozen"], report.after["fm_frozen"])
    np.testing.assert_array_equal(report.before["fm"], report.before["fm_frozen"])
    for start in ("random", "fm", "graph", "communities_and_roles"):
        assert np.abs(report.after[start] - report.before[start]).max() > 0.01


@pytest.fixture(scope="module")
def table() -> FeatureTable:
    assert SHOP is not None
    return feature_table(SHOP, CONFIG.features)


@pytest.fixture(scope="module")
def of_graph(table: FeatureTable) -> dict[Start, np.ndarray]:
    assert SHOP is not None
    graph = training_graph(SHOP, table)
    starts: tuple[Start, ...] = ("graph", "communities_and_roles")
    return {start: graph_vectors(graph, 8, start, seed=0) for start in starts}


@pytest.mark.slow
def test_graph_vectors_fill_the_item_rows_and_nothing_else(
    table: FeatureTable, of_graph: dict[Start, np.ndarray]
) -> None:
    assert SHOP is not None
    random = CONFIG.network.init(table, seed=0)
    assert list(of_graph) == ["graph", "communities_and_roles"]
    for vectors in of_graph.values():
        assert vectors.shape == (len(SHOP.items), 8)
        start = start_from_vectors(table, random, vectors, 0.2)
        moved = np.flatnonzero((start["embedding"] != random["embedding"]).any(axis=1))
        expected = np.concatenate(
            [np.arange(f.start, f.start + f.size) for f in table.fields if f.kind in ("item", "context")]
        )
        np.testing.assert_array_equal(moved, expected)
        np.testing.assert_array_equal(start["embedding"][:, 0], random["embedding"][:, 0])
        copied = item_vectors(table, start)
        assert np.sqrt((copied**2).mean()) == pytest.approx(0.2, rel=1e-4)
        np.testing.assert_allclose(copied / 0.2, vectors * np.sqrt(8), rtol=1e-3, atol=1e-5)


def test_both_leanings_stand_side_by_side_with_equal_weight(of_graph: dict[Start, np.ndarray]) -> None:
    vectors = of_graph["communities_and_roles"]
    np.testing.assert_allclose(np.linalg.norm(vectors[:, :4], axis=1), np.sqrt(0.5), rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(vectors[:, 4:], axis=1), np.sqrt(0.5), rtol=1e-4)


@pytest.mark.slow
def test_vectors_made_elsewhere_are_a_start(table: FeatureTable) -> None:
    """Rows of the file's items are its principal directions; the others stay at random, and a file is asked for."""
    assert SHOP is not None
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(len(SHOP.items), 20)).astype(np.float32)
    half = SHOP.items.ids[::2]
    about = BroughtConfig(name="v.npz", digest="0", form="npz", dimensions=20, rows=len(half))
    brought, _ = Brought(about, half, wide[::2]).aligned(SHOP.items)
    config = dataclasses.replace(CONFIG, starts=("random", "brought"), seeds=1)
    with pytest.raises(UsageError, match="needs vectors in the order of the sequences' items"):
        compare_starts(SHOP, config)
    with pytest.raises(UsageError, match="needs vectors in the order"):
        compare_starts(SHOP, config, brought=brought.own())
    found = compare_starts(SHOP, config, brought=brought)
    rows, kept = narrowed(brought, CONFIG.network.dimensions)
    assert 0.3 < kept < 1
    before, random = found.before["brought"], found.before["random"]
    np.testing.assert_array_equal(before[~brought.known], random[~brought.known])
    np.testing.assert_allclose(unit_rows(before[brought.known]), unit_rows(rows[brought.known]), atol=1e-3)
    assert np.sqrt((before[brought.known] ** 2).mean()) == pytest.approx(config.graph_scale, rel=1e-2)
    assert np.abs(found.after["brought"] - before).max() > 0.01
    assert found.of("random")[0].loss.tolist() != found.of("brought")[0].loss.tolist()


@pytest.mark.parametrize("dimensions", [3, 6, 9])
def test_narrowed_vectors_keep_what_so_many_numbers_can(dimensions: int) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(30, 6)) * np.array([5, 3, 1, 0.5, 0.1, 0.05])
    vectors = ItemVectors(Vocabulary(map(str, range(30))), rows.astype(np.float32))
    found, kept = narrowed(vectors, dimensions)
    assert found.shape == (30, dimensions)
    unit = unit_rows(rows.astype(np.float32)).astype(np.float64)
    _, sizes, turned = np.linalg.svd(unit, full_matrices=False)
    best = (unit @ turned[:dimensions].T) @ (unit @ turned[:dimensions].T).T
    np.testing.assert_allclose(found @ found.T, best, atol=1e-5)
    assert kept == pytest.approx((sizes[:dimensions] ** 2).sum() / (sizes**2).sum())


def test_the_report_survives_its_file(report: PretrainingReport) -> None:
    file = io.BytesIO()
    save_arrays(file, report.to_arrays())
    file.seek(0)
    again = PretrainingReport.from_arrays(load_arrays(file))
    assert again.config == report.config
    assert (again.sample, again.rows, again.n_features) == (report.sample, report.rows, report.n_features)
    for a, b in zip(again.curves, report.curves, strict=True):
        for name, value in vars(a).items():
            np.testing.assert_array_equal(value, getattr(b, name))
    for start in report.before:
        np.testing.assert_allclose(again.before[start], report.before[start], rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(again.after[start], report.after[start], rtol=1e-3, atol=1e-6)


def made_up(start: Any, seed: int, loss: list[float]) -> LearningCurve:
    points = np.arange(len(loss), dtype=float)
    return LearningCurve(start, seed, points / 2, points * 3, points, np.array(loss), points, 1.5, 0.7, 100.0)


def test_reaching_a_loss_is_interpolated_and_never_is_said(report: PretrainingReport) -> None:
    config = replace(CONFIG, starts=("random", "fm", "graph"))
    curves = (
        made_up("random", 0, [0.9, 0.7, 0.6, 0.65]),
        made_up("random", 1, [0.9, 0.7, 0.4]),
        made_up("fm", 0, [0.7, 0.4, 0.3]),
        made_up("fm", 1, [0.45, 0.4, 0.3]),
        made_up("graph", 0, [0.9, 0.8]),
        made_up("graph", 1, [0.9, 0.5]),
    )
    own = replace(report, curves=curves, config=config)
    assert reach(own)[0] == pytest.approx(0.6)  # the random start's lowest are 0.6 and 0.4: both get to 0.6
    assert [len(r.epochs) for r in reach(own)[1]] == [2, 2, 1]
    _, found = reach(own, 0.5)
    random, fm, graph = found
    assert (random.runs, len(random.epochs)) == (2, 1)
    assert random.epochs[0] == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert random.seconds[0] == pytest.approx(3 + 3 * 2 / 3)
    assert fm.epochs == pytest.approx((0.5 * 2 / 3, 0.0))
    assert graph.epochs == pytest.approx((0.5,))
    assert reach(own, 0.01)[1][0].epochs == ()


def test_bands_go_as_far_as_all_runs(report: PretrainingReport) -> None:
    own = replace(
        report,
        curves=(made_up("fm", 0, [0.9, 0.7, 0.6]), made_up("fm", 1, [0.7, 0.6])),
        config=replace(CONFIG, starts=("fm",)),
    )
    (band,) = curve_bands(own)
    np.testing.assert_allclose(band.mean, [0.8, 0.65])
    np.testing.assert_allclose(band.low, [0.7, 0.6])
    np.testing.assert_allclose(band.high, [0.9, 0.7])
    np.testing.assert_allclose(band.x, [0, 0.5])
    assert band.seeds == 2
    (training,) = curve_bands(own, "train_loss", by="seconds")
    np.testing.assert_allclose(training.x, [3])
    (training,) = curve_bands(own, "train_loss", by="all_seconds")
    np.testing.assert_allclose(training.x, [3 + 1.5])


@pytest.mark.slow
def test_the_same_run_again_is_the_same_its_progress_rises_and_cancel_ends_it(report: PretrainingReport) -> None:
    assert SHOP is not None
    told: list[tuple[float, str]] = []
    config = replace(CONFIG, seeds=1, starts=("random", "fm"))
    again = compare_starts(SHOP, config, progress=lambda fraction, stage: told.append((fraction, stage)))
    for start in config.starts:
        np.testing.assert_array_equal(again.of(start)[0].loss, report.of(start)[0].loss)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert any("FM, step" in stage for _, stage in told)
    with pytest.raises(TrainingCancelled):
        compare_starts(SHOP, config, cancel=lambda: True)


@pytest.mark.parametrize(
    "values", [{"starts": ()}, {"starts": ("magic",)}, {"seeds": 0}, {"graph_scale": 0.0}, {"seed": -1}]
)
def test_bad_settings_are_named(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        PretrainingConfig(**values)


# --- networks side by side ---


@pytest.mark.slow
def test_networks_side_by_side_and_a_stopped_run_goes_on() -> None:
    assert SHOP is not None
    config = LayerConfig(
        dimensions=4, features=FeatureConfig(max_positives=3_000), training=TrainingConfig(epochs=2, learning_rate=0.01)
    )
    table = feature_table(SHOP, config.features)
    trained: dict[str, Any] = {}

    def stop(fraction: float, stage: str) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_networks(table, config, trained=trained, progress=stop)
    assert list(trained) == ["Logistic regression", "FM"]
    fm = trained["FM"]
    report = compare_networks(table, config, trained=trained)
    assert trained["FM"] is fm
    names = [model.name for model in report.models]
    assert names == ["Popularity", "Logistic regression", "FM", "FNN", "Wide & Deep", "Deep Crossing"]
    assert report.model("Logistic regression").difference.value == 0
    embedding = report.model("FNN").embedding
    assert embedding is not None
    assert embedding.shape == (table.n_features, 5)
    assert report.model("FM").embedding is None  # an FM has no layer above its vectors
    assert report.model("FNN").parameters["embedding"] == table.n_features * 5
    assert report.model("Popularity").parameters == {}

    file = io.BytesIO()
    save_arrays(file, report.to_arrays())
    file.seek(0)
    again = LayerReport.from_arrays(load_arrays(file))
    assert again.config == config
    for a, b in zip(again.models, report.models, strict=True):
        assert (a.name, a.scores, a.difference, a.parameters) == (b.name, b.scores, b.difference, b.parameters)
        if b.embedding is None:
            assert a.embedding is None
        else:
            np.testing.assert_allclose(a.embedding, b.embedding, rtol=1e-3, atol=1e-6)


def test_parameters_are_counted_to_the_last(table: FeatureTable) -> None:
    m, n_fields = table.n_features, len(table.fields)
    counts = {n.name: count_parameters(n.init(table)) for n in networks(table, 4)}
    assert counts["Logistic regression"] == {"bias": 1, "linear": m}
    assert counts["FM"] == {"bias": 1, "linear": m, "vectors": 4 * m}
    width = 1 + 5 * n_fields
    assert counts["FNN"]["dense"] == (width + 1) * 64 + 65 * 32 + 33
    assert counts["Deep Crossing"]["units"] == 2 * ((4 * n_fields + 1) * 64 + 65 * 4 * n_fields)
