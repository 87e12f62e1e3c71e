"""Two towers: side information without weight where missing, in-batch softmax, cold items, NumPy against JAX."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from recemb_core.deep.recall import RecallModel
from recemb_core.deep.two_tower import (
    TwoTower,
    TwoTowerConfig,
    in_batch_softmax_loss,
    item_inputs,
    side_values,
    train_two_tower,
)
from recemb_core.embeddings import TrainingCancelled
from recemb_core.evaluation.ranking import next_item_cases, rank_next_items
from recemb_core.scorers import popularity_scorer
from recemb_core.sequences import Sequences
from recemb_core.side_information import UnknownValueError, encode_side_info
from recemb_core.vocabulary import Vocabulary

SMALL = TwoTowerConfig(
    dimensions=16,
    hidden=32,
    history_length=10,
    half_life=None,
    epochs=40,
    batch_size=64,
    learning_rate=5e-3,
    id_dropout=0.2,
)
KINDS = ("tea", "tools", "garden")


def shop(users: int = 150, cold: tuple[str, ...] = (), seed: int = 0) -> Sequences:
    """Each user buys among the ten items of one of three kinds; the kind and a shelf are side information."""
    rng = np.random.default_rng(seed)
    items = Vocabulary([f"{kind} {i}" for kind in KINDS for i in range(10)])
    lists = []
    for u in range(users):
        kind = KINDS[u % 3]
        lists.append([t for t in (f"{kind} {rng.integers(10)}" for _ in range(10)) if t not in cold])
    lengths = [len(x) for x in lists]
    frame = pl.DataFrame(
        {
            "title": items.ids,
            "kind": [name.split()[0] for name in items],
            "shelf": [None if i % 4 == 0 else f"shelf {i % 3}" for i in range(len(items))],
        }
    )
    return Sequences(
        items, np.r_[0, np.cumsum(lengths)].astype(np.int64), items.rows(t for x in lists for t in x), side_info=frame
    )


# --- side information ---


def test_missing_fields_carry_no_weight_and_several_values_share_one() -> None:
    frame = pl.DataFrame({"kind": ["a", None, "b"], "tags": [["x", "y"], [], None]})
    values, shares, trained = side_values(3, frame, np.ones(3, dtype=bool))
    side = encode_side_info(frame)
    assert trained.all()
    assert shares.sum(axis=1).tolist() == [2, 0, 1]  # one for each field that has a value
    assert sorted(shares[0].tolist()) == [0.5, 0.5, 1.0]
    params = {"embedding": np.full((3, 2), 10.0), "values": np.arange(2.0 * len(trained)).reshape(-1, 2)}
    found = item_inputs(params, np.array([1.0, 1.0, 0.0]), values, shares)
    table = params["values"]
    a, b, x, y = (side.rows(g)[0][0] for g in ({"kind": "a"}, {"kind": "b"}, {"tags": "x"}, {"tags": "y"}))
    np.testing.assert_allclose(found[0], (10 + table[a] + (table[x] + table[y]) / 2) / 3)
    np.testing.assert_allclose(found[1], [10, 10])  # nothing but itself
    np.testing.assert_allclose(found[2], table[b])  # itself left out
    nothing = item_inputs(params, np.zeros(3), values, np.zeros_like(shares))
    assert (nothing == 0).all()


def test_values_that_only_unknown_items_have_are_left_out() -> None:
    frame = pl.DataFrame({"kind": ["a", "a", "new"], "brand": ["p", "q", "q"]})
    values, shares, trained = side_values(3, frame, np.array([True, True, False]))
    assert int(trained.sum()) == 3  # a, p, q
    assert shares[2].sum() == 1  # its brand alone
    side = encode_side_info(frame)
    assert values[2][shares[2] > 0].tolist() == side.rows({"brand": "q"})[0].tolist()


def test_side_information_must_have_a_row_an_item() -> None:
    with pytest.raises(ValueError, match="one row for each of the 3 items"):
        side_values(3, pl.DataFrame({"kind": ["a"]}), np.ones(3, dtype=bool))


# --- the in-batch softmax ---


def loss_of(
    embedding: np.ndarray,
    stream: list[int],
    q: np.ndarray,
    examples: list[tuple[int, int, int]],
    *,
    targets: int,
    temperature: float,
) -> float:
    """Of (start, end, stop) of one user without fields, under towers that leave vectors as they are; compiled once."""
    import jax

    n, d = embedding.shape
    layers = {
        "w": [np.zeros((d, 2), np.float32), np.zeros((2, d), np.float32)],
        "b": [np.zeros(2, np.float32), np.zeros(d, np.float32)],
    }
    params = {
        "embedding": embedding,
        "values": np.zeros((1, d), np.float32),
        "user_fields": [],
        "item_layers": layers,
        "user_layers": layers,
        "stream": np.array(stream, np.int32),
        "log_q": np.log(q).astype(np.float32),
        "item_values": np.zeros((n, 0), np.int32),
        "item_shares": np.zeros((n, 0), np.float32),
        "known": np.ones(n, np.float32),
        "user_codes": np.zeros((1, 0), np.int32),
    }
    start, end, stop = np.array(examples, np.int32).T
    batch = {"start": start, "end": end, "stop": stop, "user": np.zeros(len(examples), np.int32)}
    loss = in_batch_softmax_loss(2, None, targets, temperature, 0.0)
    return float(jax.jit(loss)(params, batch, jax.random.key(0)))


@pytest.mark.slow
def test_the_loss_against_its_formula() -> None:
    """Three histories of one target each, two of them the same item; log Q comes off positives and negatives."""
    embedding = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    q = np.array([0.4, 0.3, 0.2, 0.1])
    loss = loss_of(embedding, [0, 1, 2, 1, 3, 2], q, [(0, 1, 2), (2, 3, 4), (4, 5, 6)], targets=1, temperature=0.5)
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    history, target = [0, 2, 3], [1, 1, 2]
    logits = unit[history] @ unit[target].T / 0.5 - np.log(q[target])
    expected = []
    for i in range(3):
        rivals = [j for j in range(3) if j == i or target[j] != target[i]]
        expected.append(np.log(np.exp(logits[i, rivals]).sum()) - logits[i, i])
    assert loss == pytest.approx(np.mean(expected), abs=1e-5)


@pytest.mark.slow
def test_targets_of_one_history_are_not_each_others_negatives() -> None:
    """One basket alone in the batch has nothing to be told from: its loss is 0."""
    loss = loss_of(np.eye(3, dtype=np.float32), [0, 1, 2], np.ones(3), [(0, 1, 3)], targets=6, temperature=0.1)
    assert loss == pytest.approx(0.0, abs=1e-6)


# --- the trained model ---


CASES = next_item_cases(shop())  # one training part for all that can share it: the loop is compiled once a shape
COLD = tuple(f"{kind} {i}" for kind in KINDS for i in (8, 9))


@pytest.fixture(scope="module")
def model() -> RecallModel:
    return train_two_tower(CASES.train, SMALL)


@pytest.fixture(scope="module")
def with_cold_items() -> RecallModel:
    """Trained on a log in which these items never occur."""
    return train_two_tower(shop(cold=COLD), SMALL)


@pytest.mark.slow
def test_it_finds_the_planted_kinds(model: RecallModel) -> None:
    for kind in KINDS:
        history = model.items.rows([f"{kind} {i}" for i in (0, 3, 5)])
        assert all(item.startswith(kind) for item, _ in model.recommend(history, k=7))


def test_it_beats_popularity_on_next_items(model: RecallModel) -> None:
    ask = lambda scorer: rank_next_items(scorer, CASES.histories, CASES.targets, ks=[10], exclude_seen=False)  # noqa: E731
    found, floor = ask(model.scores), ask(popularity_scorer(CASES.train.counts))
    assert found.hit_rate[10].low > floor.hit_rate[10].high


def test_items_have_length_one_and_users_carry_the_temperature(model: RecallModel) -> None:
    np.testing.assert_allclose(np.linalg.norm(model.item_vectors, axis=1), 1, atol=1e-5)
    users = model.encode([np.array([0, 1]), np.array([12])])
    np.testing.assert_allclose(np.linalg.norm(users, axis=1), 1 / SMALL.temperature, atol=1e-3)


@pytest.mark.slow
def test_cold_items_are_found_by_their_side_information(with_cold_items: RecallModel) -> None:
    """Items held out of training entirely, ranked among all 30 for users of their kind."""
    data = shop(cold=COLD)
    histories = [data.items.rows([f"{kind} 0", f"{kind} 4"]) for kind in KINDS]
    targets = [data.items.rows([f"{kind} 8", f"{kind} 9"]) for kind in KINDS]
    ranks = rank_next_items(with_cold_items.scores, histories, targets, ks=[8])
    assert ranks.recall[8].value >= 0.8  # 8 of 28 by chance: .29
    blind = train_two_tower(data, replace(SMALL, side_information=False, epochs=1))
    lost = rank_next_items(blind.scores, histories, targets, ks=[30])
    assert (lost.unknown, lost.recall[30].value) == (6, 0.0)  # without fields nothing is known of them
    assert not {item for item, _ in blind.recommend(histories[0], k=30)} & set(COLD)


def test_a_new_item_is_composed_of_its_fields(model: RecallModel) -> None:
    tower, side = model.tower, encode_side_info(shop().side_info)  # type: ignore[arg-type]
    assert isinstance(tower, TwoTower)
    new = tower.compose(side, {"kind": "garden", "shelf": "shelf 1"})
    near = np.argsort(-(model.item_vectors @ new))[:6]
    assert all(model.items[int(i)].startswith("garden") for i in near)
    with pytest.raises(UnknownValueError, match="gardn"):
        tower.compose(side, {"kind": "gardn"})
    with pytest.raises(UnknownValueError, match="no field 'colour'"):
        tower.compose(side, {"colour": "red"})
    with pytest.raises(ValueError, match="at least one field"):
        tower.compose(side, {"kind": None})


def test_a_cold_item_of_the_catalogue_is_composed_alike(with_cold_items: RecallModel) -> None:
    side = encode_side_info(shop().side_info)  # type: ignore[arg-type]
    row = with_cold_items.items.row("tea 9")
    tower = with_cold_items.tower
    assert isinstance(tower, TwoTower)
    np.testing.assert_allclose(with_cold_items.item_vectors[row], tower.compose(side, side.of(row)), atol=1e-5)


def test_side_information_and_towers_really_train(model: RecallModel) -> None:
    short = train_two_tower(CASES.train, replace(SMALL, epochs=1))
    a, b = short.tower.arrays(), model.tower.arrays()
    moved = {name for name in a if a[name].shape == b[name].shape and not np.allclose(a[name], b[name])}
    assert {"values", "inputs", "item w 0", "item w 1", "user w 0", "user w 1", "user b 0", "item b 1"} <= moved


@pytest.mark.slow
def test_numpy_encodes_as_jax_does(model: RecallModel) -> None:
    import jax
    import jax.numpy as jnp

    from recemb_core.deep.histories import windows_of
    from recemb_core.deep.two_tower import user_vectors

    tower = model.tower
    assert isinstance(tower, TwoTower)
    rows, weights = windows_of([np.array([0, 1, 2]), np.array([5])], 10, None)
    tree = jax.tree.map(jnp.asarray, tower.tree)
    u = user_vectors(
        tree, jnp.asarray(tower.params["inputs"]), jnp.asarray(rows), weights, jnp.zeros((2, 0), jnp.int32), jnp
    )
    mine = model.encode([np.array([0, 1, 2]), np.array([5])])
    np.testing.assert_allclose(mine, u / SMALL.temperature, atol=1e-4)


def test_the_same_seed_gives_the_same_model() -> None:
    config = replace(SMALL, epochs=1)
    a, b, other = (train_two_tower(CASES.train, replace(config, seed=seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a.item_vectors, b.item_vectors)
    assert not np.allclose(a.item_vectors, other.item_vectors)


@pytest.mark.slow
def test_user_fields_are_learned() -> None:
    rng = np.random.default_rng(0)
    data = Sequences.from_lists([["x", str(2 * rng.integers(5) + u % 2)] for u in range(200)])
    fields = pl.DataFrame({"user": [str(u) for u in range(200)], "region": ["north", "south"] * 100})
    model = train_two_tower(data, SMALL, user_fields=fields)
    history = np.array([data.items.row("x")])
    for region, rest in (("north", 0), ("south", 1)):
        best = model.recommend(history, k=4, user_facts={"region": region})
        assert all(int(item) % 2 == rest for item, _ in best)


def test_a_file_gives_the_model_back(model: RecallModel) -> None:
    buffer = io.BytesIO()
    model.save(buffer)
    buffer.seek(0)
    again = RecallModel.load(buffer)
    assert again.config == model.config
    np.testing.assert_array_equal(again.encode([np.array([0, 4])]), model.encode([np.array([0, 4])]))
    side = encode_side_info(shop().side_info)  # type: ignore[arg-type]
    for one in (model, again):
        assert isinstance(one.tower, TwoTower)
    given = {"kind": "tea"}
    np.testing.assert_array_equal(again.tower.compose(side, given), model.tower.compose(side, given))  # type: ignore[attr-defined]


def test_stop_and_bad_settings() -> None:
    with pytest.raises(TrainingCancelled):
        train_two_tower(CASES.train, SMALL, cancel=lambda: True)
    for field, value in (("hidden", 0), ("temperature", 0), ("id_dropout", 1.0), ("field_dimensions", 0)):
        with pytest.raises(ValueError, match=field):
            TwoTowerConfig(**{field: value})  # type: ignore[arg-type]
