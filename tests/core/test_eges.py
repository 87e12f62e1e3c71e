"""GES and EGES: gradients against finite differences, what attention and side vectors learn, cold start, files."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.embeddings import (
    DeepWalkConfig,
    EGESConfig,
    EGESVectors,
    ItemVectors,
    TrainingCancelled,
    train_deepwalk,
    train_eges,
)
from recemb_core.embeddings.eges_kernel import all_hidden, stride_of, train_windows
from recemb_core.embeddings.eges_update_kernel import Parts, aggregate, score, spread
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows
from recemb_core.neighbors.exact import nearest_others
from recemb_core.side_information import SideFields, UnknownValueError, encode_side_info
from recemb_core.vocabulary import Vocabulary

QUICK = EGESConfig(dimensions=8, window=2, epochs=3, num_walks=5, walk_length=20)
FULL = EGESConfig(dimensions=16, window=5, epochs=3, num_walks=20, walk_length=40)
SMALL = pl.DataFrame(
    {
        "shelf": ["dry", "cold", None, "dry"],
        "tags": [["a", "b", "c"], ["b"], ["a", "c"], None],
        "maker": ["x", "x", "y", "z"],
    }
)


def cliques(many: int = 3, size: int = 12, *, alone: int = 0, seed: int = 0) -> tuple[ItemGraph, pl.DataFrame]:
    """Cliques in a row, one light edge between neighbors; ``kind`` names the clique, ``noise`` says nothing.

    Every fifth item lacks its kind; ``alone`` further items have no edges and the first clique's kind.
    """
    groups = [range(clique * size, (clique + 1) * size) for clique in range(many)]
    inside = [(a, b, 1.0) for group in groups for a, b in combinations(group, 2)]
    between = [(group.start - 1, group.start, 0.2) for group in groups[1:]]
    source, target, weight = zip(*inside, *between, strict=True)
    n = many * size + alone
    items = Vocabulary(f"item {i}" for i in range(n))
    kind = [f"k{i // size}" if i < many * size else "k0" for i in range(n)]
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "title": [f"Item {i}" for i in range(n)],
            "kind": [None if i % 5 == 4 else k for i, k in enumerate(kind)],
            "noise": rng.choice(["p", "q", "r", "s"], n),
        }
    )
    return ItemGraph.from_edges(source, target, weight, directed=False, items=items), frame


def clique_of(n: int, size: int = 12) -> npt.NDArray[np.int64]:
    return np.arange(n) // size


# --- gradients ---


class Model:
    """Small float64 tables of the model, with the loss written once more, in plain NumPy."""

    def __init__(self, side: SideFields, seed: int, d: int = 5) -> None:
        rng = np.random.default_rng(seed)
        n = side.n_items
        self.side_fields = side
        self.own, self.side = rng.normal(size=(n, d)), rng.normal(size=(int(side.first[-1]), d))
        self.attention, self.outputs = rng.normal(size=(n, len(side.names) + 1)), rng.normal(size=(6, d))

    @property
    def tables(self) -> dict[str, npt.NDArray[np.float64]]:
        return {"own": self.own, "side": self.side, "attention": self.attention, "outputs": self.outputs}

    @property
    def parts(self) -> Parts:
        return Parts(self.own, self.side, self.attention, self.side_fields.indptr, self.side_fields.codes)

    def hidden(self, item: int) -> npt.NDArray[np.float64]:
        fields = self.side_fields
        rows, logits = [self.own[item]], [self.attention[item, 0]]
        for f in range(len(fields.names)):
            at = item * len(fields.names) + f
            codes = fields.codes[fields.indptr[at] : fields.indptr[at + 1]]
            if len(codes):
                rows.append(self.side[codes].mean(axis=0))
                logits.append(self.attention[item, f + 1])
        weights = np.exp(logits - np.max(logits))
        weights /= weights.sum()
        return weights @ np.array(rows)

    def loss(self, item: int, targets: list[tuple[int, bool]]) -> float:
        sigma = [1 / (1 + np.exp(-self.hidden(item) @ self.outputs[u])) for u, _ in targets]
        return -sum(np.log(s if y else 1 - s) for s, (_, y) in zip(sigma, targets, strict=True))

    def step(self, item: int, targets: list[tuple[int, bool]], rate: float, learn_attention: bool = True) -> float:
        """What the kernel does with one center; returns its loss."""
        d, fields = self.own.shape[1], self.attention.shape[1]
        weights, hidden, gather, steps = np.empty(fields), np.empty(d), np.empty(d), np.empty(len(targets))
        outputs, signs = np.array([u for u, _ in targets], np.int32), np.array([1.0 if y else -1.0 for _, y in targets])
        aggregate(item, self.parts, weights, hidden)
        np.testing.assert_allclose(hidden, self.hidden(item), rtol=1e-12)
        loss = score(hidden, self.outputs, outputs, signs, len(targets), rate, steps, np.empty_like(steps), gather)
        spread(item, self.parts, weights, hidden, gather, learn_attention)
        return float(loss)


@pytest.mark.parametrize("item", range(4))
@pytest.mark.parametrize(
    "targets",
    [
        [(0, True)],
        [(3, False)],
        [(1, True), (0, False), (5, False), (2, True)],
        [(4, True), (0, False), (0, False), (0, False), (4, True), (1, False), (4, False)],  # some come again
    ],
)
@pytest.mark.slow
def test_gradients_agree_with_finite_differences(item: int, targets: list[tuple[int, bool]]) -> None:
    model = Model(encode_side_info(SMALL), seed=item)
    before = {name: table.copy() for name, table in model.tables.items()}
    numeric = {name: np.zeros_like(table) for name, table in before.items()}
    h = 1e-5
    for name, table in model.tables.items():
        for at in np.ndindex(table.shape):
            values = []
            for shift in (h, -h):
                table[at] = before[name][at] + shift
                values.append(model.loss(item, targets))
            table[at] = before[name][at]
            numeric[name][at] = (values[0] - values[1]) / (2 * h)
    expected = model.loss(item, targets)
    assert model.step(item, targets, rate=1.0) == pytest.approx(expected, abs=1e-12)
    for name, table in model.tables.items():
        np.testing.assert_allclose(before[name] - table, numeric[name], atol=1e-6, err_msg=name)
        assert np.abs(numeric[name]).max() > 1e-3, name  # there was something to compare


def test_attention_stays_where_it_is_when_it_shall_not_learn() -> None:
    model = Model(encode_side_info(SMALL), seed=1)
    before = {name: table.copy() for name, table in model.tables.items()}
    model.step(0, [(1, True), (2, False)], 1.0, learn_attention=False)
    moved = {name for name, table in model.tables.items() if not np.array_equal(table, before[name])}
    assert moved == {"own", "side", "outputs"}


def test_a_missing_field_takes_no_part() -> None:
    side = encode_side_info(SMALL)
    model = Model(side, seed=2)
    before = {name: table.copy() for name, table in model.tables.items()}
    model.step(2, [(1, True), (3, False)], 1.0)  # item 2 lacks its shelf
    assert model.attention[2, 1] == before["attention"][2, 1]
    np.testing.assert_array_equal(model.side[side.first[0] : side.first[1]], before["side"][: side.first[1]])
    changed = np.flatnonzero((model.side != before["side"]).any(axis=1))
    assert changed.tolist() == sorted(side.codes[side.indptr[6] : side.indptr[9]])
    np.testing.assert_array_equal(np.delete(model.own, 2, 0), np.delete(before["own"], 2, 0))
    np.testing.assert_array_equal(np.delete(model.attention, 2, 0), np.delete(before["attention"], 2, 0))


@pytest.mark.slow
def test_the_block_trains_window_by_window_and_never_takes_the_positive_for_a_negative() -> None:
    side = encode_side_info(SMALL)
    model = Model(side, seed=3)
    rate, negatives = 0.3, 2
    table = np.full(64, 1, dtype=np.int32)  # every draw is item 1
    walks = np.array([[0, 1, -1]], dtype=np.int32)
    loss, pairs = train_windows(
        0, 1, walks, model.parts, model.outputs, table, True, 1, negatives, (rate, rate), np.uint64(7)
    )
    # Center 0 has the context 1, which both draws hit; center 1 has the context 0 and item 1 as its negatives.
    windows = [(0, [(1, True)]), (1, [(0, True), (1, False), (1, False)])]
    assert pairs == 2
    for order in (windows, windows[::-1]):  # they come in a scattered order
        by_hand = Model(side, seed=3)
        expected = sum(by_hand.step(item, targets, rate) for item, targets in order)
        if loss == pytest.approx(expected, rel=1e-12):
            break
    assert loss == pytest.approx(expected, rel=1e-12)
    for name, values in model.tables.items():
        np.testing.assert_allclose(values, by_hand.tables[name], rtol=1e-10, err_msg=name)


@given(st.integers(1, 5_000))
def test_the_scattered_order_visits_every_place_once(total: int) -> None:
    stride = stride_of(total)
    assert sorted((turn * stride) % total for turn in range(total)) == list(range(total))


def test_extreme_scores_stay_finite() -> None:
    model = Model(encode_side_info(SMALL), seed=4)
    model.outputs *= 1e4
    model.attention *= 1e3
    assert np.isfinite(model.step(0, [(0, True), (1, False), (2, True)], 0.1))
    assert all(np.isfinite(table).all() for table in model.tables.values())


# --- what the training gives ---


@pytest.mark.parametrize("many", [2, 3, 4])
@pytest.mark.parametrize(
    "settings", [{}, {"attention": False}, {"fields": ()}, {"workers": 2}], ids=["eges", "ges", "no-fields", "hogwild"]
)
def test_neighbors_come_from_the_items_own_clique(many: int, settings: dict[str, Any]) -> None:
    graph, frame = cliques(many)
    vectors = train_eges(graph, frame, replace(FULL, **settings))
    near = nearest_others(vectors.vectors, 5)
    own = clique_of(len(graph))
    assert (own[near] == own[:, None]).mean() >= 0.9


def test_attention_and_side_vectors_move_and_missing_fields_have_no_weight() -> None:
    graph, frame = cliques(alone=3)
    vectors = train_eges(graph, frame, FULL)
    n, side = len(graph), vectors.side
    assert vectors.field_names == ("kind", "noise")
    assert vectors.attention.shape == (n, 3)
    assert vectors.attention.dtype == np.float32
    np.testing.assert_allclose(vectors.attention.sum(axis=1), 1, atol=1e-6)
    assert (vectors.attention[:, 1:][~side.present] == 0).all()
    assert (vectors.attention[:, 1:][side.present] > 0).all()
    uniform = np.hstack([np.ones((n, 1)), side.present]) / (1 + side.present.sum(axis=1, keepdims=True))
    moved = np.abs(vectors.attention - uniform).max(axis=1)
    assert moved[:-3].min() > 1e-3  # per item, not shared
    assert len(np.unique(vectors.attention[:-3, 0])) > n / 2
    np.testing.assert_allclose(moved[-3:], 0, atol=1e-7)  # nothing to learn from without an edge
    start = train_eges(graph, frame, replace(FULL, learning_rate=1e-9))
    assert np.abs(vectors.side_vectors - start.side_vectors).max(axis=1).min() > 0.1
    assert np.abs(vectors.own_vectors - start.own_vectors)[:-3].max(axis=1).min() > 0.1


def test_vectors_are_the_weighted_mean_of_their_parts() -> None:
    graph, frame = cliques()
    vectors = train_eges(graph, frame, QUICK)
    side = vectors.side
    for row in (0, 4, 20):
        parts = [vectors.own_vectors[row], *np.zeros((2, 8))]
        for f in range(2):
            codes = side.codes[side.indptr[2 * row + f] : side.indptr[2 * row + f + 1]]
            parts[f + 1] = vectors.side_vectors[codes].mean(axis=0) if len(codes) else np.zeros(8)
        np.testing.assert_allclose(vectors.attention[row] @ np.array(parts), vectors.vectors[row], atol=1e-6)


@pytest.mark.slow
def test_ges_is_eges_with_uniform_attention() -> None:
    graph, frame = cliques()
    ges = train_eges(graph, frame, replace(FULL, attention=False))
    present = ges.side.present
    expected = np.hstack([np.ones((len(graph), 1)), present]) / (1 + present.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(ges.attention, expected, atol=1e-6)
    slow = replace(FULL, learning_rate=1e-9)  # before anything is learned, both are the plain mean
    before = [train_eges(graph, frame, replace(slow, attention=attention)) for attention in (True, False)]
    np.testing.assert_allclose(before[0].vectors, before[1].vectors, atol=1e-7)
    np.testing.assert_allclose(before[0].attention, expected, atol=1e-6)
    assert not np.allclose(train_eges(graph, frame, FULL).vectors, ges.vectors, atol=1e-2)


@pytest.mark.slow
def test_a_field_that_matters_outweighs_noise_and_places_new_items() -> None:
    graph, frame = cliques(4)
    frame = frame.with_columns(kind=pl.Series([f"k{c}" for c in clique_of(len(graph))]))
    vectors = train_eges(graph, frame, replace(FULL, epochs=6))
    kind, noise = vectors.attention[:, 1].mean(), vectors.attention[:, 2].mean()
    assert kind > noise + 0.02, (kind, noise)
    rows = unit_rows(vectors.vectors)
    for c in range(4):
        cold = vectors.cold_start({"kind": f"k{c}"})
        best = np.argsort(-rows @ cold)[:12]
        assert (clique_of(len(graph))[best] == c).mean() >= 0.9
    # The noise field places a new item nowhere: its neighbors' cliques are no better than chance allows.
    share = []
    for value in ("p", "q", "r", "s"):
        best = np.argsort(-rows @ vectors.cold_start({"noise": value}))[:12]
        share.append(np.bincount(clique_of(len(graph))[best], minlength=4).max() / 12)
    assert min(share) < 0.9


def test_cold_start_is_the_plain_mean_of_any_subset_of_fields() -> None:
    graph = ItemGraph.from_edges([0, 1, 2, 3], [1, 2, 3, 0], directed=False)
    vectors = train_eges(graph, SMALL, QUICK)
    side, table = vectors.side, vectors.side_vectors
    dry = table[side.first[0] + side.values[0].index("dry")]
    a, b = table[side.first[1]], table[side.first[1] + 1]
    np.testing.assert_allclose(vectors.cold_start({"shelf": "dry"}), dry, atol=1e-7)
    np.testing.assert_allclose(
        vectors.cold_start({"tags": ["a", "b"], "shelf": "dry", "maker": None}), (dry + (a + b) / 2) / 2, atol=1e-7
    )
    assert vectors.cold_start({"tags": "a"}).dtype == np.float32
    priced = train_eges(graph, pl.DataFrame({"price": ["1 to 9.50", "126.54 to 130.98", "131 to 400", None]}), QUICK)
    wanted = priced.cold_start({"price": "126.54 to 130.98"})
    buffer = io.BytesIO(priced.to_bytes())
    for one in (priced, ItemVectors.load(buffer)):
        for number in (128.0, "128", 99):
            np.testing.assert_array_equal(one.cold_start({"price": number}), wanted)  # type: ignore[attr-defined]
    alone = vectors.from_side_alone()
    for row in range(4):
        np.testing.assert_allclose(alone[row], vectors.cold_start(side.of(row)), atol=1e-6)
    with pytest.raises(UnknownValueError, match="'shelf' has no value 'dryy' among its 2; did you mean 'dry'"):
        vectors.cold_start({"shelf": "dryy"})
    with pytest.raises(UnknownValueError, match="no field 'shelv'"):
        vectors.cold_start({"shelv": "dry"})
    for nothing in ({}, {"shelf": None}, {"tags": []}):
        with pytest.raises(ValueError, match="at least one field"):
            vectors.cold_start(nothing)


@pytest.mark.slow
def test_no_fields_learn_what_deepwalk_learns() -> None:
    graph, frame = cliques(alone=2)
    vectors = train_eges(graph, frame, replace(FULL, fields=()))
    assert vectors.attention.tolist() == [[1.0]] * len(graph)
    np.testing.assert_array_equal(vectors.vectors, vectors.own_vectors)
    assert not vectors.from_side_alone().any()
    walk = train_deepwalk(graph, DeepWalkConfig(dimensions=16, window=5, epochs=3, num_walks=20, walk_length=40))
    assert vectors.counts is not None
    assert walk.counts is not None
    np.testing.assert_array_equal(vectors.counts, walk.counts)
    # Same walks and objective; who is input and who output differs, and the draws: measured 0.6% apart.
    assert vectors.history[-1] == pytest.approx(walk.history[-1], rel=0.03)


def test_one_seed_gives_identical_bytes_and_another_seed_other_vectors() -> None:
    graph, frame = cliques()
    first, again = train_eges(graph, frame, QUICK), train_eges(graph, frame, QUICK)
    assert first.to_bytes() == again.to_bytes()
    assert not np.array_equal(first.vectors, train_eges(graph, frame, replace(QUICK, seed=1)).vectors)


def test_history_has_an_entry_an_epoch_and_falls() -> None:
    graph, frame = cliques()
    vectors = train_eges(graph, frame, replace(FULL, epochs=5))
    assert len(vectors.history) == 5
    assert vectors.history[-1] < vectors.history[0]
    assert vectors.config == replace(FULL, epochs=5)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_graph_without_edges_trains_to_nothing(n: int) -> None:
    graph = ItemGraph.from_edges([], [], directed=False, items=Vocabulary(range(n)))
    vectors = train_eges(graph, SMALL.head(n), QUICK)
    assert vectors.vectors.shape == (n, 8)
    assert vectors.history == (0.0, 0.0, 0.0)


def test_without_a_config_the_defaults_are_used() -> None:
    graph, frame = cliques(2, size=3)
    assert train_eges(graph, frame).config == EGESConfig()


def test_side_information_must_fit_the_graph() -> None:
    graph, frame = cliques()
    with pytest.raises(ValueError, match="a row for each of the 36 items of the graph, not 35"):
        train_eges(graph, frame.head(35), QUICK)
    with pytest.raises(UnknownValueError, match="no column 'kin'; did you mean 'kind'"):
        train_eges(graph, frame, replace(QUICK, fields=("kin",)))


# --- progress and stopping ---


def test_progress_rises_to_one_and_cancel_ends_the_training() -> None:
    graph, frame = cliques()
    seen: list[tuple[float, str]] = []
    train_eges(graph, frame, QUICK, progress=lambda share, stage: seen.append((share, stage)))
    shares = [share for share, _ in seen]
    assert (shares[0], shares[-1]) == (0, 1)
    assert shares == sorted(shares)
    assert {stage for _, stage in seen} == {"walking", "training"}
    answers = iter([False, True])
    with pytest.raises(TrainingCancelled, match="cancelled"):
        train_eges(graph, frame, QUICK, cancel=lambda: next(answers))
    assert next(answers, None) is None


# --- configs ---


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("hierarchical_softmax", True, "False for EGES"),
        ("attention", 1, "True (EGES) or False (GES)"),
        ("fields", "brand", "a tuple of column names, or None"),
        ("fields", (1,), "a tuple of column names, or None"),
        ("negative", 0, "at least 1"),
        ("dimensions", 0, "from 1 to 4,096"),
        ("learning_rate", 0.0, "above 0 and at most 1"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_is_allowed(field: str, value: Any, allowed: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be .*{re.escape(allowed)}.*not {re.escape(repr(value))}$"):
        EGESConfig(**{field: value})


def test_configs_are_hashable_and_fields_may_be_a_list() -> None:
    config = EGESConfig(fields=["brand"])  # type: ignore[arg-type]
    assert config.fields == ("brand",)
    assert hash(config) == hash(EGESConfig(fields=("brand",)))


# --- files ---


def test_round_trip_through_a_file() -> None:
    graph, frame = cliques(alone=1)
    frame = frame.with_columns(size=pl.Series(np.arange(len(frame)) * 1.5))
    vectors = train_eges(graph, frame, replace(QUICK, fields=("kind", "size")))
    for load in (ItemVectors.load, EGESVectors.load):
        again = load(io.BytesIO(vectors.to_bytes()))
        assert isinstance(again, EGESVectors)
        assert (again.items, again.history, again.config) == (vectors.items, vectors.history, vectors.config)
        for name in ("vectors", "output_vectors", "counts", "own_vectors", "side_vectors", "attention"):
            np.testing.assert_array_equal(getattr(again, name), getattr(vectors, name), err_msg=name)
        assert again.field_names == ("kind", "size")
        assert (again.side.values, again.side.uppers) == (vectors.side.values, vectors.side.uppers)
        given = {"kind": "k1", "size": 7.2}
        np.testing.assert_array_equal(again.cold_start(given), vectors.cold_start(given))
    with np.load(io.BytesIO(vectors.to_bytes()), allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "fiu" for name in file.files)


def test_a_file_of_another_model_is_named() -> None:
    plain = ItemVectors(Vocabulary("ab"), np.eye(2, dtype=np.float32))
    with pytest.raises(ValueError, match="holds ItemVectors, not EGESVectors"):
        EGESVectors.load(io.BytesIO(plain.to_bytes()))


@pytest.mark.slow
def test_all_hidden_works_for_both_types() -> None:
    model = Model(encode_side_info(SMALL), seed=5)
    vectors, shares = np.empty_like(model.own), np.empty_like(model.attention)
    all_hidden(model.parts, vectors, shares)
    np.testing.assert_allclose(vectors, [model.hidden(item) for item in range(4)], rtol=1e-12)
