"""Roles, however far apart: the planted shop, a barbell, mirror images; and what every trainer promises."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.graphs import power_law_graph
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import (
    ItemVectors,
    Node2VecConfig,
    RoleFeaturesConfig,
    exporting,
    node2vec_defaults,
    role_features,
    train_node2vec,
    train_role_features,
)
from recemb_core.embeddings.role_features import _local_features, concatenate
from recemb_core.evaluation import group_score, structural_score
from recemb_core.evaluation.far_roles import far_roles_auc
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows
from recemb_core.vocabulary import Vocabulary

SCALES = ["log", "bins"]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
@pytest.mark.slow
def test_planted_roles_are_found_and_categories_are_not(scale: Any, rounds: int) -> None:
    shop = load_dataset("planted_shop")
    assert shop.graph is not None
    vectors = train_role_features(shop.graph, RoleFeaturesConfig(scale=scale, rounds=rounds))
    structural = group_score(vectors, shop.labels["role"])
    assert structural.value >= 0.45
    assert structural.maximum == pytest.approx(0.5, abs=0.01)
    # node2vec at p = q = 1 has about .02 there, and .9 by category.
    node2vec = train_node2vec(shop.graph, node2vec_defaults(len(shop.graph)))
    assert group_score(node2vec, shop.labels["role"]).value < 0.1
    by_category = group_score(vectors, shop.labels["category"]).value
    assert by_category < group_score(node2vec, shop.labels["category"]).value - 0.6


def test_roles_are_found_without_what_tells_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Best-sellers are strong: neither degree nor strength among an item's own features is needed to find them."""
    shop, novel = load_dataset("planted_shop"), load_dataset("les_miserables")
    assert shop.graph is not None
    assert novel.graph is not None
    tiers = structural_score(train_role_features(novel.graph), novel.graph).value
    monkeypatch.setattr(role_features, "_local_features", lambda graph: _local_features(graph)[:, 2:])
    assert group_score(train_role_features(shop.graph), shop.labels["role"]).value >= 0.45
    assert structural_score(train_role_features(novel.graph), novel.graph).value > 0.8 * tiers  # .351 of .402


@pytest.mark.parametrize("scale", SCALES)
def test_opposite_ends_of_a_barbell_are_near(scale: Any) -> None:
    barbell = load_dataset("barbell")
    assert barbell.graph is not None
    vectors = train_role_features(barbell.graph, RoleFeaturesConfig(scale=scale))
    assert far_roles_auc(vectors, barbell.labels["role"], barbell.labels["side"]) >= 0.9
    mirrored = unit_rows(vectors.vectors) @ unit_rows(vectors.vectors).T
    np.testing.assert_allclose(mirrored[np.arange(30), 29 - np.arange(30)], 1, atol=1e-5)


@pytest.mark.parametrize("p", [0.05, 1, 20])
@pytest.mark.parametrize("q", [0.05, 1, 20])
@pytest.mark.slow
def test_opposite_ends_of_a_barbell_are_below_chance_with_node2vec(p: float, q: float) -> None:
    barbell = load_dataset("barbell")
    assert barbell.graph is not None
    config = node2vec_defaults(len(barbell.graph))
    found = [train_node2vec(barbell.graph, replace(config, p=p, q=q, seed=seed)) for seed in range(2)]
    # Measured over 5 seeds: .13 to .31.
    assert max(far_roles_auc(v, barbell.labels["role"], barbell.labels["side"]) for v in found) < 0.4


def brute_force_local(graph: ItemGraph) -> npt.NDArray[np.float64]:
    """The features one item at a time, from the definition, on an undirected graph."""
    source = graph.to_networkx()
    core = nx.core_number(source)
    rows = []
    for item in graph.items:
        ego = {item, *source.neighbors(item)}
        inside = source.subgraph(ego)
        leaving = [(a, b) for a in ego for b in source.neighbors(a) if b not in ego]
        rows.append(
            [
                source.degree(item),
                source.degree(item, weight="weight"),
                inside.number_of_edges(),
                inside.size(weight="weight"),
                len(leaving),
                sum(source[a][b]["weight"] for a, b in leaving),
                nx.clustering(source, item),
                core[item],
            ]
        )
    return np.array(rows, dtype=np.float64).reshape(len(graph), 8)


edges = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=40)


def graph_of(found: list[tuple[int, int, int]], directed: bool = False) -> ItemGraph:
    source, target, weight = zip(*found, strict=True)
    return ItemGraph.from_edges(source, target, weight, directed=directed, items=Vocabulary(range(10)))


@settings(max_examples=60, deadline=None)
@given(edges)
@pytest.mark.slow
def test_local_features_are_those_of_the_definition(found: list[tuple[int, int, int]]) -> None:
    graph = graph_of(found)
    np.testing.assert_allclose(_local_features(graph), brute_force_local(graph), atol=1e-6)


def test_the_sparse_and_the_dense_product_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = power_law_graph(60, 400)
    dense = _local_features(graph)
    monkeypatch.setattr("recemb_core.embeddings.role_features.DENSE_UP_TO", 0)
    np.testing.assert_allclose(_local_features(graph), dense, rtol=1e-6)


def test_directions_add_in_and_out_features() -> None:
    graph = ItemGraph.from_edges([0, 0, 1], [1, 2, 2], [1, 2, 4], directed=True)
    features = _local_features(graph)
    out_degree, in_degree, out_strength, in_strength = features[:, 2:6].T
    assert out_degree.tolist() == [2, 1, 0]
    assert in_degree.tolist() == [0, 1, 2]
    assert out_strength.tolist() == [3, 4, 0]
    assert in_strength.tolist() == [0, 1, 6]
    assert features[:, 0].tolist() == [2, 2, 2]
    assert features[:, 1].tolist() == [3, 5, 6]


def test_sources_and_sinks_are_apart_on_a_directed_graph() -> None:
    # Two stars whose edges run outward, two whose edges run inward: alike but for the direction.
    source = [0, 0, 0, 4, 4, 4, 9, 10, 11, 13, 14, 15]
    target = [1, 2, 3, 5, 6, 7, 8, 8, 8, 12, 12, 12]
    vectors = train_role_features(ItemGraph.from_edges(source, target, directed=True))
    assert vectors.most_similar("0", k=1)[0][0] == "4"
    assert vectors.most_similar("8", k=1)[0][0] == "12"
    assert dict(vectors.most_similar("0", k=15))["8"] < 0.9


@settings(max_examples=40, deadline=None)
@given(edges, st.booleans(), st.sampled_from(SCALES), st.permutations(range(10)))
@pytest.mark.slow
def test_names_do_not_matter(found: list[tuple[int, int, int]], directed: bool, scale: Any, order: list[int]) -> None:
    config = RoleFeaturesConfig(scale=scale)
    one = train_role_features(graph_of(found, directed), config).vectors
    renamed = graph_of([(order[a], order[b], w) for a, b, w in found], directed)
    other = train_role_features(renamed, config).vectors[order]
    # Singular vectors may turn within equal singular values; inner products do not.
    np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-2)


@pytest.mark.parametrize("scale", SCALES)
def test_every_item_gets_a_finite_vector_also_without_edges(scale: Any) -> None:
    graph = ItemGraph.from_edges([0, 1], [1, 2], directed=False, items=Vocabulary(range(5)))
    vectors = train_role_features(graph, RoleFeaturesConfig(scale=scale))
    assert vectors.vectors.shape == (5, 16)
    assert vectors.vectors.dtype == np.float32
    assert np.isfinite(vectors.vectors).all()
    np.testing.assert_array_equal(vectors.vectors[3], vectors.vectors[4])
    np.testing.assert_allclose(vectors.vectors.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize("scale", SCALES)
def test_a_graph_without_edges_has_no_roles(n: int, scale: Any) -> None:
    graph = ItemGraph.from_edges([], [], directed=False, items=Vocabulary(range(n)))
    vectors = train_role_features(graph, RoleFeaturesConfig(scale=scale, dimensions=4)).vectors
    assert vectors.shape == (n, 4)
    assert not vectors.any()


def test_the_same_graph_gives_the_same_bytes_and_a_file_keeps_them() -> None:
    graph = power_law_graph(200, 800)
    first = train_role_features(graph)
    assert first.to_bytes() == train_role_features(graph).to_bytes()
    assert first.config == RoleFeaturesConfig()
    import io

    again = ItemVectors.load(io.BytesIO(first.to_bytes()))
    assert again.config == first.config
    np.testing.assert_array_equal(again.vectors, first.vectors)


def test_more_dimensions_only_add_columns() -> None:
    graph = power_law_graph(300, 1_200)
    many = train_role_features(graph, RoleFeaturesConfig(dimensions=40)).vectors
    few = train_role_features(graph, RoleFeaturesConfig(dimensions=3)).vectors
    np.testing.assert_allclose(many[:, :3], few, atol=1e-5)
    length = np.linalg.norm(many, axis=0)
    assert (np.diff(length) <= 1e-3).all()


BAD_FIELDS = [
    ("dimensions", 0, "from 1 to 4,096"),
    ("dimensions", True, "a whole number"),
    ("rounds", -1, "from 0 to 10"),
    ("rounds", 1.5, "a whole number"),
    ("scale", "rank", "'log' or 'bins'"),
    ("similarity", 0.0, "above 0 and at most 1"),
    ("similarity", float("nan"), "above 0 and at most 1"),
]


@pytest.mark.parametrize(("field", "value", "allowed"), BAD_FIELDS)
def test_a_bad_field_is_named_with_its_value_and_what_is_allowed(field: str, value: Any, allowed: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be .*{re.escape(allowed)}.*not {re.escape(repr(value))}$"):
        RoleFeaturesConfig(**{field: value})


def test_the_config_is_frozen_and_keyword_only() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RoleFeaturesConfig().rounds = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        RoleFeaturesConfig(8)  # type: ignore[misc]


# --- two embeddings side by side ---


def test_concatenated_cosine_is_the_mean_of_both() -> None:
    rng = np.random.default_rng(0)
    items = Vocabulary(range(20))
    a = ItemVectors(items, rng.normal(size=(20, 4)).astype(np.float32))
    b = ItemVectors(items, 100 * rng.normal(size=(20, 6)).astype(np.float32))
    joined = concatenate(a, b)
    assert joined.vectors.shape == (20, 10)
    assert joined.vectors.dtype == np.float32
    mean = (a.scores("3") + b.scores("3")) / 2
    np.testing.assert_allclose(joined.scores("3"), mean, atol=1e-6)


def test_concatenated_vectors_are_exported_like_any_others() -> None:
    graph = load_dataset("karate_club").graph
    assert graph is not None
    config = Node2VecConfig(dimensions=4, num_walks=2, walk_length=10, window=2, epochs=1)
    joined = concatenate(*(train_node2vec(graph, replace(config, q=q)) for q in (0.05, 20.0)))
    assert exporting.word2vec_text(joined).splitlines()[0] == b"34 8"
    assert len(exporting.projector_tsv(joined)[0].splitlines()) == 34
    assert exporting.vectors_parquet(joined)[:4] == b"PAR1"


def test_only_embeddings_of_the_same_items_are_concatenated() -> None:
    one = ItemVectors(Vocabulary("ab"), np.eye(2, dtype=np.float32))
    with pytest.raises(ValueError, match="same items in the same order"):
        concatenate(one, ItemVectors(Vocabulary("ba"), np.eye(2, dtype=np.float32)))


# --- the figure for roles far apart ---


def test_far_roles_auc_counts_ties_half_and_names_what_is_wrong() -> None:
    roles, sides = ["x", "y", "x", "y"], ["left", "left", "right", "right"]
    by_role, by_side = np.eye(2)[[0, 1, 0, 1]], np.eye(2)[[0, 0, 1, 1]]
    assert far_roles_auc(by_role, roles, sides) == 1.0
    # Same-role pairs at opposite ends have cosine 0, as half of the different-role pairs have.
    assert far_roles_auc(by_side, roles, sides) == 0.25
    assert far_roles_auc(by_side, roles, sides, both_across=True) == 0.5
    assert far_roles_auc(np.ones((4, 2)), roles, sides) == 0.5
    with pytest.raises(ValueError, match=r"^roles must hold one label for each of the 4 items, not \(2,\)$"):
        far_roles_auc(by_role, ["x", "y"], sides)
    with pytest.raises(ValueError, match="same-role pair at opposite ends"):
        far_roles_auc(by_role, roles, ["left"] * 4)
