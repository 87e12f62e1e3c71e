"""What every trainer promises, checked on planted cliques; files; and roles against categories on the planted shop."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recemb_core.datasets import Dataset, load_dataset
from recemb_core.embeddings import (
    DeepWalkConfig,
    ItemVectors,
    Node2VecConfig,
    TrainingCancelled,
    node2vec_defaults,
    train_deepwalk,
    train_node2vec,
)
from recemb_core.embeddings.skip_gram import train_skip_gram
from recemb_core.evaluation import group_score, homophily_score, structural_score
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.exact import nearest_others
from recemb_core.vocabulary import Vocabulary

Train = Callable[..., ItemVectors]

# (trainer, config class, settings); a new trainer on graphs joins by a line here.
TRAINERS = [
    pytest.param(train_deepwalk, DeepWalkConfig, {}, id="deepwalk"),
    pytest.param(train_node2vec, Node2VecConfig, {"p": 0.5, "q": 2.0}, id="node2vec"),
]
CONFIGS = [pytest.param(DeepWalkConfig, id="deepwalk"), pytest.param(Node2VecConfig, id="node2vec")]
QUICK = {"dimensions": 8, "window": 2, "epochs": 3, "num_walks": 5, "walk_length": 20}
every_trainer = pytest.mark.parametrize(("train", "config_class", "settings"), TRAINERS)


def planted_cliques(cliques: int, size: int = 12, *, alone: int = 0) -> tuple[ItemGraph, np.ndarray]:
    """Cliques in a row, one light edge between neighbors; ``alone`` further items without edges (clique −1)."""
    groups = [range(clique * size, (clique + 1) * size) for clique in range(cliques)]
    inside = [(a, b, 1.0) for group in groups for a, b in combinations(group, 2)]
    between = [(group.start - 1, group.start, 0.2) for group in groups[1:]]
    source, target, weight = zip(*inside, *between, strict=True)
    items = Vocabulary(f"item {i}" for i in range(cliques * size + alone))
    clique_of = np.append(np.repeat(np.arange(cliques), size), np.full(alone, -1))
    return ItemGraph.from_edges(source, target, weight, directed=False, items=items), clique_of


# --- the planted-cluster contract ---


@every_trainer
@pytest.mark.parametrize("cliques", [2, 4])
@pytest.mark.parametrize("hierarchical_softmax", [False, True])
@pytest.mark.slow
def test_neighbors_come_from_the_items_own_clique(
    train: Train, config_class: Any, settings: dict, cliques: int, hierarchical_softmax: bool
) -> None:
    graph, clique_of = planted_cliques(cliques)
    config = config_class(
        dimensions=16, window=5, epochs=3, num_walks=20, walk_length=40, hierarchical_softmax=hierarchical_softmax
    )
    vectors = train(graph, dataclasses.replace(config, **settings))
    near = nearest_others(vectors.vectors, 5)
    assert (clique_of[near] == clique_of[:, None]).mean() >= 0.9


@every_trainer
def test_one_seed_gives_identical_bytes_and_another_seed_other_vectors(
    train: Train, config_class: Any, settings: dict
) -> None:
    graph, _ = planted_cliques(2)
    config = config_class(**QUICK, **settings)
    first, again = train(graph, config), train(graph, config)
    assert first.to_bytes() == again.to_bytes()
    other = train(graph, dataclasses.replace(config, seed=1))
    assert not np.array_equal(first.vectors, other.vectors)


@every_trainer
def test_every_item_gets_a_vector_also_without_edges(train: Train, config_class: Any, settings: dict) -> None:
    graph, _ = planted_cliques(2, alone=3)
    vectors = train(graph, config_class(**QUICK, **settings))
    assert vectors.items == graph.items
    assert vectors.vectors.shape == (27, 8)
    assert vectors.vectors.dtype == np.float32
    assert np.isfinite(vectors.vectors).all()
    assert (np.linalg.norm(vectors.vectors, axis=1) > 0).all()
    # A walk from an item without edges is the item itself, once for each walk.
    assert vectors.counts is not None
    assert vectors.counts[-3:].tolist() == [5, 5, 5]


def test_walks_of_one_item_train_nothing_also_on_a_tree() -> None:
    items, config = Vocabulary("abcd"), DeepWalkConfig(dimensions=4, epochs=1, hierarchical_softmax=True)
    walks = np.array([[0, 1, 0, 1], [3, -1, -1, -1], [1, 2, 1, 0]], dtype=np.int32)
    found, without = (train_skip_gram(rows, items, config) for rows in (walks, walks[[0, 2]]))
    assert np.array_equal(found.vectors, without.vectors)


@every_trainer
@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_graph_without_edges_trains_to_nothing(train: Train, config_class: Any, settings: dict, n: int) -> None:
    graph = ItemGraph.from_edges([], [], directed=False, items=Vocabulary(range(n)))
    vectors = train(graph, config_class(**QUICK, **settings))
    assert vectors.vectors.shape == (n, 8)
    assert vectors.history == (0.0, 0.0, 0.0)


@every_trainer
def test_directed_graphs_with_sinks(train: Train, config_class: Any, settings: dict) -> None:
    # Two chains that end: walks stop at items 5 and 11.
    source = np.array([0, 1, 2, 3, 4, 6, 7, 8, 9, 10])
    graph = ItemGraph.from_edges(source, source + 1, directed=True)
    config = config_class(**{**QUICK, "num_walks": 40}, **settings)
    vectors = train(graph, config)
    chain = np.repeat([0, 1], 6)
    assert (chain[nearest_others(vectors.vectors, 3)] == chain[:, None]).mean() >= 0.9
    assert vectors.counts is not None
    # Every one of the 40 walks from each of a chain's six items reaches its sink.
    assert vectors.counts[[5, 11]].tolist() == [240, 240]


@every_trainer
def test_output_vectors_belong_to_negative_sampling(train: Train, config_class: Any, settings: dict) -> None:
    graph, _ = planted_cliques(2)
    sampled = train(graph, config_class(**QUICK, **settings))
    assert sampled.output_vectors is not None
    assert sampled.output_vectors.shape == sampled.vectors.shape
    assert sampled.output_vectors.dtype == np.float32
    tree = train(graph, config_class(**QUICK, **settings, hierarchical_softmax=True))
    assert tree.output_vectors is None


@every_trainer
@pytest.mark.parametrize("hierarchical_softmax", [False, True])
def test_history_has_an_entry_an_epoch_and_falls(
    train: Train, config_class: Any, settings: dict, hierarchical_softmax: bool
) -> None:
    graph, _ = planted_cliques(3)
    config = config_class(**{**QUICK, "epochs": 5, "num_walks": 20}, hierarchical_softmax=hierarchical_softmax)
    vectors = train(graph, dataclasses.replace(config, **settings))
    assert len(vectors.history) == 5
    assert vectors.history[-1] < vectors.history[0]
    assert vectors.config == dataclasses.replace(config, **settings)


def test_without_a_config_the_defaults_are_used() -> None:
    graph, _ = planted_cliques(2, size=3)
    assert train_deepwalk(graph).config == DeepWalkConfig()
    assert train_node2vec(graph).config == Node2VecConfig()


# --- progress and stopping ---


@every_trainer
@pytest.mark.slow
def test_progress_rises_to_one(train: Train, config_class: Any, settings: dict) -> None:
    graph, _ = planted_cliques(2)
    config = config_class(**{**QUICK, "num_walks": 150, "walk_length": 80}, **settings)
    seen: list[tuple[float, str]] = []
    train(graph, config, progress=lambda share, stage: seen.append((share, stage)))
    shares = [share for share, _ in seen]
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)
    assert len(set(shares)) > 2 * config.epochs  # also within an epoch
    assert {stage for _, stage in seen} == {"walking", "training"}


@every_trainer
@pytest.mark.parametrize("asked", [1, 3])
def test_cancel_ends_the_training(train: Train, config_class: Any, settings: dict, asked: int) -> None:
    graph, _ = planted_cliques(2)
    answers = iter([False] * (asked - 1) + [True])
    with pytest.raises(TrainingCancelled, match="cancelled"):
        train(graph, config_class(**QUICK, **settings), cancel=lambda: next(answers))
    assert next(answers, None) is None


@every_trainer
def test_an_exception_in_progress_ends_the_training(train: Train, config_class: Any, settings: dict) -> None:
    class TabClosed(Exception):
        pass

    def progress(share: float, stage: str) -> None:
        if share > 0.5:
            raise TabClosed(stage)

    graph, _ = planted_cliques(2)
    with pytest.raises(TabClosed, match="training"):
        train(graph, config_class(**QUICK, **settings), progress=progress)


# --- configs ---

BAD_FIELDS = [
    ("dimensions", 0, "from 1 to 4,096"),
    ("dimensions", 2.5, "a whole number"),
    ("dimensions", True, "a whole number"),
    ("window", 0, "at least 1"),
    ("epochs", -1, "at least 1"),
    ("epochs", "2", "a whole number"),
    ("negative", 0, "at least 1 (or set hierarchical_softmax)"),
    ("learning_rate", 0.0, "above 0 and at most 1"),
    ("learning_rate", float("nan"), "above 0 and at most 1"),
    ("learning_rate", 1.5, "above 0 and at most 1"),
    ("num_walks", 0, "at least 1"),
    ("walk_length", 1, "from 2 to 10,000"),
    ("walk_length", 10_001, "from 2 to 10,000"),
    ("seed", -1, "from 0 to 2^32 − 1"),
    ("seed", 2**32, "from 0 to 2^32 − 1"),
    ("workers", 0, "at least 1"),
]
BAD_BIASES = [(name, value, "from 0.0001 to 10,000") for name in "pq" for value in (0.0, -1.0, 1e5, float("nan"))]


@pytest.mark.parametrize(
    ("config_class", "field", "value", "allowed"),
    [(c.values[0], *bad) for c in CONFIGS for bad in BAD_FIELDS] + [(Node2VecConfig, *bad) for bad in BAD_BIASES],
)
def test_a_bad_field_is_named_with_its_value_and_what_is_allowed(
    config_class: Any, field: str, value: Any, allowed: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be .*{re.escape(allowed)}.*not {re.escape(repr(value))}$"):
        config_class(**{field: value})


@pytest.mark.parametrize("config_class", CONFIGS)
def test_every_numeric_field_is_validated(config_class: Any) -> None:
    checked = {field for field, *_ in BAD_FIELDS + BAD_BIASES}
    numeric = {f.name for f in dataclasses.fields(config_class) if str(f.type).startswith(("int", "float"))}
    assert numeric <= checked


@pytest.mark.parametrize("config_class", CONFIGS)
def test_configs_are_frozen_keyword_only_and_hashable(config_class: Any) -> None:
    config = config_class(hierarchical_softmax=True, negative=0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.window = 3
    with pytest.raises(TypeError):
        config_class(8)
    assert hash(config) == hash(config_class(hierarchical_softmax=True, negative=0))


@pytest.mark.parametrize("n", [0, 77, 500, 501, 100_000])
def test_node2vec_defaults_keep_the_seed_and_a_small_window(n: int) -> None:
    config = node2vec_defaults(n, seed=5)
    assert (config.seed, config.window, config.p, config.q) == (5, 2, 1.0, 1.0)


def test_large_graphs_get_fewer_and_shorter_walks_by_default() -> None:
    small, large = node2vec_defaults(500), node2vec_defaults(501)
    assert large.num_walks * large.walk_length * large.epochs < small.num_walks * small.walk_length * small.epochs


# --- files ---


@pytest.fixture(scope="module")
def trained() -> ItemVectors:
    graph, _ = planted_cliques(2, alone=1)
    return train_node2vec(graph, Node2VecConfig(**QUICK, q=4.0))


def assert_same(a: ItemVectors, b: ItemVectors) -> None:
    assert a.items == b.items
    for x, y in ((a.vectors, b.vectors), (a.output_vectors, b.output_vectors), (a.counts, b.counts)):
        assert (x is None) == (y is None)
        if x is not None and y is not None:
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)
    assert a.history == b.history
    assert type(a.config) is type(b.config)
    assert a.config == b.config


@pytest.mark.parametrize("name", ["vectors.npz", "no suffix", "мой.vectors"])
def test_round_trip_through_a_path(trained: ItemVectors, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    trained.save(path)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert_same(ItemVectors.load(path), trained)
    trained.save(str(path))
    assert_same(ItemVectors.load(str(path)), trained)


def test_round_trip_through_a_buffer(trained: ItemVectors) -> None:
    buffer = io.BytesIO()
    trained.save(buffer)
    buffer.seek(0)
    assert_same(ItemVectors.load(buffer), trained)
    assert_same(ItemVectors.load(io.BytesIO(trained.to_bytes())), trained)


def test_round_trip_of_what_a_model_may_lack(trained: ItemVectors) -> None:
    bare = ItemVectors(Vocabulary(["чай", 'a "b"', ""]), np.eye(3, dtype=np.float32))
    assert_same(ItemVectors.load(io.BytesIO(bare.to_bytes())), bare)


def test_a_config_may_hold_numpy_numbers(trained: ItemVectors) -> None:
    config = Node2VecConfig(dimensions=np.int64(8), seed=np.uint32(3), q=np.float32(0.5))  # type: ignore[arg-type]
    again = ItemVectors.load(io.BytesIO(dataclasses.replace(trained, config=config).to_bytes()))
    assert again.config == Node2VecConfig(dimensions=8, seed=3, q=0.5)


def test_files_hold_no_pickle(trained: ItemVectors) -> None:
    with np.load(io.BytesIO(trained.to_bytes()), allow_pickle=False) as file:
        assert set(file.files) == {"vectors", "output_vectors", "counts", "meta"}
        assert all(file[name].dtype.kind in "fiu" for name in file.files)
        assert json.loads(file["meta"].tobytes())["config"]["class"] == "Node2VecConfig"


@pytest.mark.parametrize(
    "config",
    [
        {"class": "TrainerOfTomorrowConfig", "dimensions": 8},
        {"class": "Node2VecConfig", "dimensions": 8, "field_of_tomorrow": 1},
        # A file must not be able to call anything but a config.
        {"class": "train_node2vec", "graph": None},
        {"class": "ItemVectors", "items": [], "vectors": []},
    ],
)
def test_an_unknown_config_is_kept_as_it_is_written(config: dict[str, Any]) -> None:
    meta = {"items": ["a"], "history": [], "config": config}
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    np.savez(buffer, meta=text, vectors=np.ones((1, 2), np.float32))
    buffer.seek(0)
    found = ItemVectors.load(buffer)
    assert found.config == config
    assert ItemVectors.load(io.BytesIO(found.to_bytes())).config == config


# --- reading the vectors ---


def test_rows_must_match_the_vocabulary() -> None:
    with pytest.raises(ValueError, match=r"one row for each of the 2 items, not \(3, 2\)"):
        ItemVectors(Vocabulary("ab"), np.zeros((3, 2), np.float32))
    with pytest.raises(ValueError, match=r"not \(2,\)"):
        ItemVectors(Vocabulary("ab"), np.zeros(2, np.float32))


def test_most_similar_by_cosine_leaves_the_item_itself_out() -> None:
    # d is as near as can be and longer; a zero vector has cosine 0 with everything.
    rows = np.array([[1, 0], [1, 1], [0, 1], [9, 0], [0, 0], [-1, 0]], np.float32)
    vectors = ItemVectors(Vocabulary("abcdzn"), rows)
    found = vectors.most_similar("a", k=10)
    assert [item for item, _ in found] == ["d", "b", "c", "z", "n"]
    np.testing.assert_allclose([value for _, value in found], [1, 0.5**0.5, 0, 0, -1], atol=1e-6)
    assert vectors.most_similar("a", k=2) == found[:2]
    assert len(vectors) == 6
    np.testing.assert_array_equal(vectors["d"], [9, 0])


@pytest.mark.parametrize("n", [3, 38, 101, 150])
@pytest.mark.parametrize("score", ["cosine", "in_out"])
def test_ties_go_by_row_number(n: int, score: Any) -> None:
    # Equal rows at many lengths: a matrix product would round its last rows otherwise.
    for width in (3, 16, 17):
        rows = np.tile(np.random.default_rng(n + width).normal(size=(1, width)).astype(np.float32), (n, 1))
        vectors = ItemVectors(Vocabulary(range(n)), rows, rows)
        assert [item for item, _ in vectors.most_similar("1", n, score)] == ["0", *map(str, range(2, n))]


def test_in_out_scores_with_the_output_vectors() -> None:
    rows, output = np.random.default_rng(0).normal(size=(2, 6, 4)).astype(np.float32)
    vectors = ItemVectors(Vocabulary("abcdef"), rows, output)
    expected = output @ rows[2]
    np.testing.assert_allclose(vectors.scores("c", "in_out"), expected, rtol=1e-5)
    best = [int(i) for i in np.argsort(-expected) if i != 2]
    assert [item for item, _ in vectors.most_similar("c", 5, "in_out")] == ["abcdef"[i] for i in best]


def test_most_similar_says_what_is_wrong() -> None:
    vectors = ItemVectors(Vocabulary(["tea", "milk"]), np.eye(2, dtype=np.float32))
    with pytest.raises(ValueError, match="k must be at least 1, not 0"):
        vectors.most_similar("tea", 0)
    with pytest.raises(ValueError, match="'te' is not among the 2 items; did you mean 'tea'"):
        vectors.most_similar("te")
    with pytest.raises(ValueError, match="score must be 'cosine' or 'in_out', not 'dot'"):
        vectors.most_similar("tea", score="dot")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs output vectors"):
        vectors.most_similar("tea", score="in_out")


# --- p and q on the planted shop ---


@pytest.fixture(scope="module")
def shop() -> Dataset:
    return load_dataset("planted_shop")


@pytest.mark.slow
def test_large_q_gathers_the_best_sellers_and_small_p_scatters_them_again(shop: Dataset) -> None:
    graph = shop.graph
    assert graph is not None

    def scores(p: float, q: float) -> tuple[float, float]:
        config = Node2VecConfig(dimensions=16, window=2, num_walks=20, walk_length=80, epochs=3, p=p, q=q)
        vectors = train_node2vec(graph, config)
        roles = structural_score(vectors, graph, roles=shop.labels["role"])
        categories = homophily_score(vectors, graph, groups=shop.labels["category"])
        assert roles == group_score(vectors, shop.labels["role"])
        return roles.value, categories.value

    # Measured: structural −.05, .47, .11; homophily .94, .86.
    outward, gathered, turning_back = scores(1, 0.05), scores(1, 20), scores(0.05, 20)
    assert outward[0] < 0.1
    assert gathered[0] > 0.35
    assert outward[1] - gathered[1] >= 0.03
    assert turning_back[0] < 0.2
