"""FM and networks: the identity, the copy, the shapes, and that they learn what they are for."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.auc import auc
from recemb_core.datasets import load_dataset
from recemb_core.deep import (
    FNN,
    DeepCrossing,
    FactorizationMachine,
    FeatureConfig,
    FeatureTable,
    LogisticRegression,
    TrainingConfig,
    WideAndDeep,
    compare_on_test,
    feature_table,
    fit,
    probabilities,
    wide_and_deep,
)
from recemb_core.deep.click_scores import log_loss
from recemb_core.deep.features import Field
from recemb_core.deep.fitting import click_loss
from recemb_core.deep.layers import dense, init_dense, look_up
from recemb_core.deep.training import Params


def planted_table(n: int = 6_000, values: int = 12, seed: int = 0) -> FeatureTable:
    """Two fields; taken where their values' hidden groups agree (a pure interaction), 10% of answers flipped."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, values, (n, 2)).astype(np.int32)
    y = (codes[:, 0] % 3 == codes[:, 1] % 3) ^ (rng.random(n) < 0.1)
    part = np.repeat([0, 1, 2], [n * 8 // 10, n // 10, n - n * 9 // 10]).astype(np.int8)
    names = tuple(f"v{k}" for k in range(values))
    return FeatureTable(
        fields=(Field("user", "user", names, 0), Field("item", "item", names, values)),
        x=codes + np.array([0, values], dtype=np.int32),
        y=y.astype(np.float32),
        part=part,
        users=codes[:, 0],
        items=codes[:, 1],
        item_x=(np.arange(values, dtype=np.int32) + values)[:, None],
        item_columns=(1,),
        popularity=np.ones(values, dtype=np.int64),
        train_sequences=np.ones(1, dtype=bool),
        sample="planted",
        config=FeatureConfig(),
    )


TABLE = planted_table()
FAST = TrainingConfig(epochs=30, batch_size=256, learning_rate=0.02, patience=5)
NETWORKS: list[Any] = [
    FNN(dimensions=4, hidden=(16,)),
    FNN(dimensions=4, hidden=(16, 8), activation="tanh"),
    wide_and_deep(TABLE, dimensions=4, hidden=(16,), buckets=512),
    DeepCrossing(dimensions=4, units=2, inner=8),
]
ids = lambda value: getattr(value, "name", None)  # noqa: E731


# --- layers ---


@pytest.mark.slow
def test_look_up_is_one_hot_times_the_table() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(7, 3)).astype(np.float32)
    index = np.array([[0, 6], [3, -1]])
    one_hot = np.zeros((2, 2, 7), dtype=np.float32)
    for place in np.argwhere(index >= 0):
        one_hot[(*place, index[tuple(place)])] = 1
    np.testing.assert_allclose(look_up(table, index), one_hot @ table, rtol=1e-6)


@pytest.mark.slow
def test_no_gradient_flows_into_a_missing_value() -> None:
    import jax

    table = np.ones((4, 2), dtype=np.float32)
    gradient = np.asarray(jax.grad(lambda t: (look_up(t, np.array([1, -1])) ** 2).sum())(table))
    assert np.flatnonzero(gradient.any(axis=1)).tolist() == [1]


def test_dense_layers_by_hand() -> None:
    params = init_dense(np.random.default_rng(0), [3, 5, 2])
    x = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    inner = np.maximum(x @ params["w"][0] + params["b"][0], 0)
    np.testing.assert_allclose(dense(params, x), inner @ params["w"][1] + params["b"][1], rtol=1e-4, atol=1e-5)
    assert (np.asarray(dense(params, x, last="relu")) >= 0).all()


# --- factorization machine ---


@cache
def compiled(network: Any) -> Any:
    import jax

    return jax.jit(network.logits)


@pytest.fixture(scope="module")
def fm() -> Params:
    return fit(FactorizationMachine(dimensions=4), TABLE, replace(FAST, epochs=2)).params


@given(st.integers(0, 10_000), st.sampled_from([(1, 2), (4, 3), (6, 5)]))  # each shape is compiled once
@pytest.mark.slow
def test_the_identity_equals_the_double_sum(seed: int, shape: tuple[int, int]) -> None:
    dimensions, n_fields = shape
    rng = np.random.default_rng(seed)
    m = 11
    params = {
        "bias": np.float32(rng.normal()),
        "linear": rng.normal(size=m).astype(np.float32),
        "vectors": rng.normal(size=(m, dimensions)).astype(np.float32),
    }
    x = rng.integers(-1, m, (3, n_fields))
    found = compiled(FactorizationMachine(dimensions=dimensions))(params, x)
    for row, answer in zip(x, np.asarray(found), strict=True):
        known = [int(i) for i in row if i >= 0]
        naive = float(params["bias"]) + sum(float(params["linear"][i]) for i in known)
        for a, b in combinations(range(len(known)), 2):
            naive += float(params["vectors"][known[a]] @ params["vectors"][known[b]])
        assert answer == pytest.approx(naive, rel=1e-4, abs=1e-4)


@pytest.mark.slow
def test_fm_beats_logistic_regression_where_pairs_matter() -> None:
    """The answer is a pure interaction: logistic regression stays at chance, the best possible AUC is 0.9."""
    linear = fit(LogisticRegression(), TABLE, FAST)
    fm = fit(FactorizationMachine(dimensions=4), TABLE, FAST)
    models = {"lr": (LogisticRegression(), linear.params), "fm": (FactorizationMachine(dimensions=4), fm.params)}
    found = compare_on_test(TABLE, models, against="lr")
    assert found.scores["lr"].auc == pytest.approx(0.5, abs=0.06)
    assert found.scores["fm"].auc > 0.85
    assert found.differences["fm"].low > 0.2
    assert found.rows == 600
    assert found.users == 12


# --- FNN from FM ---


@pytest.mark.slow
def test_the_copied_layer_is_the_fm_to_the_last_bit(fm: Params) -> None:
    network = FNN(dimensions=4)
    start = network.init_from_fm(TABLE, fm, seed=3)
    np.testing.assert_array_equal(start["embedding"][:, 0], fm["linear"])
    np.testing.assert_array_equal(start["embedding"][:, 1:], fm["vectors"])
    assert start["bias"] == fm["bias"]
    # Nothing else comes from the FM: the dense layers are those of the random start.
    random = network.init(TABLE, seed=3)
    for a, b in zip(start["dense"]["w"], random["dense"]["w"], strict=True):
        np.testing.assert_array_equal(a, b)
    # What a row looks up before the first step is (w_i, v_i).
    looked = np.asarray(look_up(start["embedding"], TABLE.x[:5]))
    np.testing.assert_array_equal(looked[..., 1:], fm["vectors"][TABLE.x[:5]])
    np.testing.assert_array_equal(looked[..., 0], fm["linear"][TABLE.x[:5]])


@pytest.mark.slow
def test_frozen_copies_stay_and_fine_tuned_ones_move(fm: Params) -> None:
    network = NETWORKS[0]
    start = network.init_from_fm(TABLE, fm)
    short = replace(FAST, epochs=5)
    frozen = fit(network, TABLE, short, start=start, frozen=("embedding", "bias"))
    tuned = fit(network, TABLE, short, start=start)
    np.testing.assert_array_equal(frozen.params["embedding"], start["embedding"])
    assert np.abs(frozen.params["dense"]["w"][0] - start["dense"]["w"][0]).max() > 0.01
    assert np.abs(tuned.params["embedding"] - start["embedding"]).max() > 0.01


def test_an_fm_of_other_size_is_refused() -> None:
    fm = FactorizationMachine(dimensions=8).init(TABLE)
    with pytest.raises(ValueError, match=r"\(24, 8\).*\(24, 4\)"):
        FNN(dimensions=4).init_from_fm(TABLE, fm)


# --- the networks ---


@pytest.mark.parametrize("network", NETWORKS, ids=ids)
@pytest.mark.slow
def test_a_network_learns_a_pure_interaction(network: Any) -> None:
    result = fit(network, TABLE, FAST)
    test = TABLE.data("test")
    assert auc(test["y"], probabilities(network, result.params, test["x"])) > 0.85
    assert result.history[-1].train_loss < result.history[1].train_loss


@pytest.mark.parametrize("network", NETWORKS[::2], ids=ids)
@pytest.mark.slow
def test_a_network_can_learn_few_rows_by_heart(network: Any) -> None:
    rows = planted_table(n=60, values=30, seed=5)
    config = TrainingConfig(epochs=400, batch_size=48, learning_rate=0.02, patience=None)
    result = fit(network, rows, config)
    # Rows that share both values may disagree; here none do.
    assert len(np.unique(rows.x[rows.rows("train")], axis=0)) == len(rows.rows("train"))
    assert result.history[-1].train_loss < 0.05


@pytest.mark.parametrize("network", [*NETWORKS, LogisticRegression(), FactorizationMachine(dimensions=3)], ids=ids)
@pytest.mark.slow
def test_every_parameter_gets_a_gradient_that_differences_confirm(network: Any) -> None:
    import jax

    params = jax.tree.map(lambda a: np.asarray(a, dtype=np.float32), network.init(TABLE, seed=1))
    params = jax.tree.map(
        lambda a: a + np.random.default_rng(a.size).normal(0, 0.1, np.shape(a)).astype(np.float32), params
    )
    batch = {"x": TABLE.x[:256], "y": TABLE.y[:256]}
    both = jax.jit(jax.value_and_grad(lambda p: click_loss(network)(p, batch, None)))
    gradient = both(params)[1]
    leaves, shape = jax.tree.flatten(gradient)
    assert all(np.abs(leaf).max() > 0 for leaf in leaves)
    # Along a random direction, the change of the loss is the gradient's: relative error of 1% in float32.
    rng = np.random.default_rng(2)
    way = jax.tree.unflatten(shape, [rng.normal(size=np.shape(a)).astype(np.float32) for a in leaves])
    h = 1e-3
    moved = [float(both(jax.tree.map(lambda a, w, s=s: a + s * h * w, params, way))[0]) for s in (1, -1)]
    expected = sum(float((a * w).sum()) for a, w in zip(leaves, jax.tree.leaves(way), strict=True))
    assert (moved[0] - moved[1]) / (2 * h) == pytest.approx(expected, rel=0.02, abs=2e-3)


@pytest.mark.slow
def test_crosses_share_weights_only_by_chance_and_ignore_the_unknown() -> None:
    network = WideAndDeep(crosses=((0, 1),), buckets=2**16)
    a, b = np.meshgrid(np.arange(100, dtype=np.int32), np.arange(100, dtype=np.int32))
    places = np.asarray(network.bucket(a.ravel(), b.ravel()))
    assert places.min() >= 0
    assert places.max() < network.buckets
    # 10,000 balls into 65,536 places fill 9,284 of them on average, standard deviation about 24.
    assert len(np.unique(places)) > 9_100
    assert np.asarray(network.bucket(np.array([-1, 3]), np.array([2, -1]))).tolist() == [-1, -1]


def test_wide_and_deep_crosses_user_and_context_with_the_item() -> None:
    shop = load_dataset("planted_shop").sequences
    assert shop is not None
    table = feature_table(shop, FeatureConfig(max_positives=500))
    network = wide_and_deep(table)
    names = [[table.fields[i].name for i in pair] for pair in network.crosses]
    assert names == [["user", "item"], ["previous item", "item"]]


@pytest.mark.slow
def test_probabilities_come_in_blocks_and_in_order() -> None:
    network = FactorizationMachine(dimensions=3)
    params = network.init(TABLE, seed=0) | {"linear": np.linspace(-1, 1, TABLE.n_features).astype(np.float32)}
    x = np.tile(TABLE.x, (2, 1))
    found = probabilities(network, params, x)
    assert len(found) == len(x) > 8_192
    np.testing.assert_allclose(found[:6_000], found[6_000:], rtol=1e-5)
    np.testing.assert_allclose(found[:10], 1 / (1 + np.exp(-np.asarray(network.logits(params, x[:10])))), rtol=1e-5)


@pytest.mark.slow
def test_popularity_and_models_on_the_planted_shop() -> None:
    """Categories decide what follows what: FM and FNN beat popularity and logistic regression beyond the interval."""
    shop = load_dataset("planted_shop").sequences
    assert shop is not None
    table = feature_table(shop, FeatureConfig(max_positives=10_000))
    config = TrainingConfig(epochs=8, batch_size=512, learning_rate=0.005)
    networks = {n.name: n for n in (LogisticRegression(), FactorizationMachine(dimensions=8), FNN(dimensions=8))}
    models = {name: (network, fit(network, table, config).params) for name, network in networks.items()}
    found = compare_on_test(table, models, against="Popularity")
    assert found.differences["FM"].low > 0.1
    assert found.differences["FNN"].low > 0.1
    for scores in found.scores.values():
        assert scores.auc_interval[0] <= scores.auc <= scores.auc_interval[1]
        assert scores.log_loss_interval[0] <= scores.log_loss <= scores.log_loss_interval[1]
    y = table.y[table.rows("test")]
    assert found.scores["Popularity"].log_loss < log_loss(y, np.full(len(y), 0.5))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: FNN(dimensions=0), "dimensions"),
        (lambda: FNN(hidden=()), "hidden"),
        (lambda: FNN(activation="gelu"), "activation"),  # type: ignore[arg-type]
        (lambda: FactorizationMachine(init_scale=0.0), "init_scale"),
        (lambda: WideAndDeep(buckets=0), "buckets"),
        (lambda: DeepCrossing(units=0), "units"),
    ],
)
def test_bad_settings_are_named(make: Any, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        make()
