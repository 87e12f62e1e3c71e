"""Histories without the future, the sampled softmax against its formula, the network against NumPy and chance."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.deep.average import history_average
from recemb_core.deep.histories import draw_targets, history_examples, mean_of, window, windows_of
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.user_fields import UserFields
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig, sampled_softmax_loss, sampling, train_youtube_dnn
from recemb_core.embeddings import ItemVectors, TrainingCancelled
from recemb_core.evaluation.ranking import next_item_cases, rank_next_items
from recemb_core.scorers import popularity_scorer
from recemb_core.sequences import Sequences, read_events
from recemb_core.vocabulary import Vocabulary

SMALL = YouTubeDNNConfig(
    dimensions=16,
    hidden=(32, 16),
    history_length=10,
    half_life=None,
    epochs=60,
    batch_size=64,
    negative=30,
    learning_rate=5e-3,
)


def kinds(users: int = 120, length: int = 8, seed: int = 0) -> Sequences:
    """Each user buys among the eight items of one of three kinds."""
    rng = np.random.default_rng(seed)
    return Sequences.from_lists([[f"{u % 3}{rng.integers(8)}" for _ in range(length)] for u in range(users)])


# --- histories ---


def test_a_history_ends_before_its_target() -> None:
    x = history_examples(Sequences.from_lists([["a", "b", "c"], ["d"], ["b", "a"]]))
    assert [
        (x.stream[s:e].tolist(), x.stream[e:t].tolist()) for s, e, t in zip(x.start, x.end, x.stop, strict=True)
    ] == [([0], [1]), ([0, 1], [2]), ([1], [0])]


def test_the_items_of_a_basket_are_targets_together_and_never_history_of_each_other() -> None:
    log = (
        b"user,item,basket,time\nann,a,2,2024-01-02\nann,b,2,2024-01-02\nann,c,1,2024-01-01\nann,d,1,2024-01-01\n"
        b"bob,a,3,2024-01-01\nbob,b,3,2024-01-01\n"
    )
    sequences = read_events(log, min_length=1)
    x = history_examples(sequences)
    names = [
        ({sequences.items[int(i)] for i in x.stream[s:e]}, {sequences.items[int(i)] for i in x.stream[e:t]})
        for s, e, t in zip(x.start, x.end, x.stop, strict=True)
    ]
    assert names == [({"c", "d"}, {"a", "b"})]  # bob has nothing before his basket


def test_sessions_of_a_user_go_on_where_the_last_one_ended() -> None:
    log = b"user,item,time\nann,a,0\nann,b,60\nann,c,900000\nann,d,900060\n"
    sequences = read_events(log)
    assert len(sequences) == 2
    x = history_examples(sequences)
    assert (x.end - x.start).tolist() == [1, 2, 3]


@pytest.mark.slow
def test_target_chances_are_those_of_drawing() -> None:
    log = b"user,item,basket,time\n" + b"".join(
        f"ann,{item},{basket},2024-01-{basket:02d}\n".encode()
        for basket, items in ((1, "ab"), (2, "abc"), (3, "d"))
        for item in items
    )
    sequences = read_events(log, min_length=1)
    x = history_examples(sequences)
    chances = x.target_chances(4)
    wanted = {"a": 1 / 6, "b": 1 / 6, "c": 1 / 6, "d": 1 / 2}  # two histories; three targets, one target
    assert {sequences.items[i]: pytest.approx(c) for i, c in enumerate(chances)} == wanted
    import jax

    drawn = draw_targets(x.stream, x.end, x.stop, 6_000, jax.random.key(0))
    counted = np.bincount(np.asarray(drawn).ravel(), minlength=4) / drawn.size
    np.testing.assert_allclose(counted, chances, atol=5 * (0.25 / 12_000) ** 0.5)  # 5 standard errors


@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=6),
    length=st.integers(1, 8),
    half_life=st.one_of(st.none(), st.floats(0.5, 20)),
)
@pytest.mark.slow
def test_windows_hold_the_newest_events(lengths: list[int], length: int, half_life: float | None) -> None:
    histories = [np.arange(n) + 100 * i for i, n in enumerate(lengths)]
    rows, weights = windows_of(histories, length, half_life)
    assert rows.shape == weights.shape == (len(lengths), length)
    for history, line, weight in zip(histories, rows, weights, strict=True):
        newest = history[::-1][:length]
        assert line[: len(newest)].tolist() == newest.tolist()
        assert (weight[len(newest) :] == 0).all()
        assert weight.sum() == pytest.approx(1.0 if len(newest) else 0.0, abs=1e-5)
        if half_life is not None and len(newest) > 1:
            assert weight[1] / weight[0] == pytest.approx(0.5 ** (1 / half_life), rel=1e-3)


@pytest.mark.slow
def test_both_ways_to_a_history_mean_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    table = rng.normal(size=(20, 4)).astype(np.float32)
    rows, weights = rng.integers(0, 20, (7, 5)), rng.random((7, 5)).astype(np.float32)
    plain = mean_of(table, rows, weights, np)
    np.testing.assert_allclose(mean_of(jnp.asarray(table), rows, weights, jnp), plain, atol=1e-5)
    monkeypatch.setattr("recemb_core.deep.histories.DENSE", 1)
    np.testing.assert_allclose(mean_of(jnp.asarray(table), rows, weights, jnp), plain, atol=1e-5)


def test_windows_of_the_stream_and_of_separate_histories_agree() -> None:
    x = history_examples(kinds(5))
    here = window(x.stream, x.start, x.end, 4, 3.0, np)
    there = windows_of([x.stream[s:e] for s, e in zip(x.start, x.end, strict=True)], 4, 3.0)
    np.testing.assert_array_equal(here[1], there[1])
    np.testing.assert_array_equal(np.where(here[1] > 0, here[0], -1), np.where(there[1] > 0, there[0], -1))


# --- the sampled softmax ---


def batch_of(columns: np.ndarray, q: np.ndarray) -> tuple[dict, dict]:
    """One user whose vector is (1, 0) whatever the history, and one history with target 0."""
    d = columns.shape[1]
    eye = np.eye(d, dtype=np.float32)
    params = {
        "embedding": np.tile(eye[:1], (len(columns), 1)),
        "columns": columns,
        "fields": [],
        "layers": {"w": [eye] * 3, "b": [np.zeros(d, np.float32)] * 3},
        "stream": np.array([1, 0], np.int32),
        "log_q": np.log(q).astype(np.float32),
        "cumulative": np.cumsum(q).astype(np.float32),
        "last": np.int32(len(q) - 1),
        "user_codes": np.zeros((1, 0), np.int32),
    }
    one = lambda value: np.array([value], np.int32)  # noqa: E731
    return params, {"start": one(0), "end": one(1), "stop": one(2), "user": one(0)}


@pytest.mark.slow
def test_the_corrected_loss_comes_to_the_full_softmax() -> None:
    """With many negatives, Σ_j exp(s_j − log Q_j) / s → Σ_j exp(s_j): 200,000 draws leave under 1%."""
    import jax

    rng = np.random.default_rng(0)
    columns = rng.normal(size=(6, 2)).astype(np.float32)
    q = np.array([0.3, 0.3, 0.2, 0.1, 0.05, 0.05])
    params, batch = batch_of(columns, q)
    s = 200_000
    found = float(jax.jit(sampled_softmax_loss(5, None, 1, s))(params, batch, jax.random.key(1)))
    score = columns[:, 0].astype(np.float64)
    # The target itself counts once, at exp(s₀) / Q₀, beside s draws of the other five.
    exact = np.log(np.exp(score[0]) / q[0] + s * np.exp(score[1:]).sum()) - (score[0] - np.log(q[0]))
    assert found == pytest.approx(exact, abs=0.01)


@pytest.mark.slow
def test_an_accidental_hit_is_no_negative() -> None:
    import jax

    params, batch = batch_of(np.ones((2, 2), np.float32), np.array([1 - 1e-9, 1e-9]))
    loss = float(jax.jit(sampled_softmax_loss(5, None, 1, 50))(params, batch, jax.random.key(0)))
    assert loss == pytest.approx(0.0, abs=1e-4)  # every draw is the target


@pytest.mark.slow
def test_negatives_come_as_often_as_their_items_are_said_to() -> None:
    q = sampling(np.array([0.5, 0.0, 0.3, 0.2]), 0.5)
    assert q[1] == 0
    assert q.sum() == pytest.approx(1)
    import jax
    import jax.numpy as jnp

    drawn = jnp.searchsorted(
        np.cumsum(q).astype(np.float32), jax.random.uniform(jax.random.key(0), (20_000,)), side="right"
    )
    share = np.bincount(np.asarray(drawn), minlength=4) / 20_000
    np.testing.assert_allclose(share, q, atol=5 * (0.25 / 20_000) ** 0.5)  # 5 standard errors
    assert share[1] == 0


# --- the trained model ---


CASES = next_item_cases(kinds())  # one training part for all that can share it: the loop is compiled once a shape


@pytest.fixture(scope="module")
def model() -> RecallModel:
    return train_youtube_dnn(CASES.train, SMALL)


@pytest.mark.slow
def test_it_finds_the_planted_kinds(model: RecallModel) -> None:
    for kind in "012":
        history = model.items.rows([f"{kind}{i}" for i in (0, 3, 5)])
        best = [item for item, _ in model.recommend(history, k=5)]
        assert all(item[0] == kind for item in best)
        assert not {f"{kind}0", f"{kind}3", f"{kind}5"} & set(best)


def test_it_beats_popularity_on_next_items(model: RecallModel) -> None:
    ask = lambda scorer: rank_next_items(scorer, CASES.histories, CASES.targets, ks=[8], exclude_seen=False)  # noqa: E731
    found, floor = ask(model.scores), ask(popularity_scorer(CASES.train.counts))
    assert found.hit_rate[8].low > floor.hit_rate[8].high
    assert found.hit_rate[8].value > 0.9


@pytest.mark.slow
def test_numpy_encodes_as_the_training_did(model: RecallModel) -> None:
    import jax.numpy as jnp

    from recemb_core.deep.youtube_dnn import YouTubeTower, user_vectors

    tower = model.tower
    assert isinstance(tower, YouTubeTower)
    rows, weights = windows_of([np.array([0, 1, 2]), np.array([5])], 10, None)
    p = {name: jnp.asarray(value) for name, value in tower.params.items()}
    tree = {
        "embedding": p["embedding"],
        "fields": [],
        "layers": {"w": [p[f"w {i}"] for i in range(3)], "b": [p[f"b {i}"] for i in range(3)]},
    }
    there = user_vectors(tree, jnp.asarray(rows), jnp.asarray(weights), jnp.zeros((2, 0), jnp.int32), jnp)
    np.testing.assert_allclose(model.encode([np.array([0, 1, 2]), np.array([5])]), there, atol=1e-4)


def test_scores_are_inner_products_and_the_last_layer_is_a_relu(model: RecallModel) -> None:
    histories = [np.array([0, 1]), np.array([3])]
    u = model.encode(histories)
    assert (u >= 0).all()
    np.testing.assert_allclose(model.scores(histories), u @ model.item_vectors.T, atol=1e-6)


def test_the_same_seed_gives_the_same_model_and_another_one_does_not() -> None:
    a, b, other = (train_youtube_dnn(CASES.train, replace(SMALL, epochs=1, seed=seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a.item_vectors, b.item_vectors)
    assert not np.allclose(a.item_vectors, other.item_vectors)


def test_a_newcomer_gets_an_answer(model: RecallModel) -> None:
    assert len(model.recommend(np.array([], dtype=np.int32), k=3)) == 3


@pytest.mark.slow
def test_order_matters_only_with_a_half_life(model: RecallModel) -> None:
    forward, backward = np.array([0, 1, 9]), np.array([9, 1, 0])
    np.testing.assert_allclose(model.encode([forward]), model.encode([backward]), atol=1e-5)
    fading = train_youtube_dnn(CASES.train, replace(SMALL, epochs=1, half_life=2.0))
    assert not np.allclose(fading.encode([forward]), fading.encode([backward]), atol=1e-3)


def test_only_the_newest_events_count(model: RecallModel) -> None:
    long = np.arange(20)
    np.testing.assert_allclose(model.encode([long]), model.encode([long[10:]]), atol=1e-6)


@pytest.mark.slow
def test_user_fields_are_learned() -> None:
    """Users of the north take even items, of the south odd ones, and their one earlier event says nothing."""
    rng = np.random.default_rng(0)
    lists = [["x", str(2 * rng.integers(5) + u % 2)] for u in range(200)]
    data = Sequences.from_lists(lists)
    fields = pl.DataFrame({"user": [str(u) for u in range(200)], "region": ["north", "south"] * 100})
    model = train_youtube_dnn(data, SMALL, user_fields=fields)
    history = np.array([data.items.row("x")])
    for region, rest in (("north", 0), ("south", 1)):
        best = model.recommend(history, k=4, user_facts={"region": region})
        assert all(int(item) % 2 == rest for item, _ in best)
    with pytest.raises(ValueError, match="'region' has no value 'west'"):
        model.recommend(history, user_facts={"region": "west"})
    assert len(model.recommend(history, k=2)) == 2  # a missing field is no value of its own


@pytest.mark.slow
def test_early_stopping_keeps_the_best_epoch() -> None:
    model = train_youtube_dnn(CASES.train, replace(SMALL, epochs=500, patience=2, learning_rate=2e-2))
    assert len(model.history) < 500


def test_progress_and_stop() -> None:
    seen: list[float] = []
    train_youtube_dnn(CASES.train, replace(SMALL, epochs=3), progress=lambda fraction, stage: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(TrainingCancelled):
        train_youtube_dnn(CASES.train, SMALL, cancel=lambda: True)


def test_a_log_without_histories_says_so() -> None:
    with pytest.raises(ValueError, match="no event has a history"):
        train_youtube_dnn(Sequences.from_lists([["a"], ["b"]]), SMALL)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dimensions", 0),
        ("hidden", (8,)),
        ("negative", 0),
        ("ns_exponent", 2),
        ("half_life", 0),
        ("epochs", 0),
        ("targets", 0),
        ("learning_rate", 0),
        ("patience", 0),
        ("seed", -1),
        ("field_dimensions", 0),
    ],
)
def test_a_bad_setting_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        YouTubeDNNConfig(**{field: value})  # type: ignore[arg-type]


# --- what every recall model gives ---


def test_a_file_gives_the_model_back(model: RecallModel) -> None:
    buffer = io.BytesIO()
    model.save(buffer)
    buffer.seek(0)
    again = RecallModel.load(buffer)
    np.testing.assert_array_equal(again.item_vectors, model.item_vectors)
    np.testing.assert_array_equal(again.encode([np.array([0, 4])]), model.encode([np.array([0, 4])]))
    assert (again.config, again.items, again.history, again.title) == (
        model.config,
        model.items,
        model.history,
        model.title,
    )
    halved = model.halved()
    assert np.abs(halved.item_vectors - model.item_vectors).max() < 2e-3 * np.abs(model.item_vectors).max()
    assert not np.array_equal(halved.item_vectors, model.item_vectors)


def test_pulls_of_a_network_are_the_score_without_each_item(model: RecallModel) -> None:
    history, wanted = np.array([0, 4, 4, 9]), [1, 7]
    items, parts = model.pulls(history, wanted)
    assert items.tolist() == [9, 4, 0]
    full = model.scores([history])[0, wanted]
    for item, part in zip(items, parts, strict=True):
        without = model.scores([history[history != item]])[0, wanted]
        np.testing.assert_allclose(part, full - without, atol=1e-4)


@settings(max_examples=25)
@given(history=st.lists(st.integers(0, 11), min_size=1, max_size=15), half_life=st.one_of(st.none(), st.floats(1, 9)))
def test_pulls_of_an_average_add_up_to_the_score(history: list[int], half_life: float | None) -> None:
    rng = np.random.default_rng(0)
    vectors = ItemVectors(
        Vocabulary(range(12)), rng.normal(size=(12, 4)).astype(np.float32), rng.normal(size=(12, 4)).astype(np.float32)
    )
    for score in ("cosine", "in_out"):
        average = history_average(vectors, score=score, history_length=8, half_life=half_life)  # type: ignore[arg-type]
        items, parts = average.pulls(np.array(history), list(range(12)))
        assert len(set(items.tolist())) == len(items)
        np.testing.assert_allclose(parts.sum(axis=0), average.scores([np.array(history)])[0], atol=1e-5)


def test_an_average_is_the_mean_of_its_items() -> None:
    vectors = ItemVectors(Vocabulary("abc"), np.array([[2, 0], [0, 3], [1, 1]], np.float32))
    model = history_average(vectors)
    np.testing.assert_allclose(model.encode([np.array([0, 1])]), [[0.5, 0.5]])
    assert model.recommend(np.array([0, 1]), k=1)[0][0] == "c"
    with pytest.raises(ValueError, match="needs output vectors"):
        history_average(vectors, score="in_out")
    with pytest.raises(ValueError, match="score must be"):
        history_average(vectors, score="euclid")  # type: ignore[arg-type]


def test_a_row_that_is_no_item_is_an_error(model: RecallModel) -> None:
    for bad in ([-1], [len(model.items)]):
        with pytest.raises(ValueError, match="histories must hold item rows"):
            model.encode([np.array(bad)])


def test_user_fields_need_a_user_column() -> None:
    with pytest.raises(ValueError, match="needs a column 'user'"):
        UserFields.of(pl.DataFrame({"region": ["north"]}))


def test_the_old_place_of_the_average_says_where_it_is() -> None:
    from recemb_core.deep import recall

    with pytest.warns(DeprecationWarning, match=r"has moved to recemb_core\.deep\.average"):
        assert recall.history_average is history_average
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = recall.nothing
