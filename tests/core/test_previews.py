"""Previews: what they train, how near they come to the exact result, and that nobody takes them for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from recemb_core.datasets import load_dataset
from recemb_core.embeddings import (
    MODELS,
    DeepWalkConfig,
    ItemVectors,
    Node2VecConfig,
    preview_vectors,
    spec_of,
    train_model,
    train_node2vec,
)
from recemb_core.embeddings.deepwalk import deepwalk_defaults
from recemb_core.embeddings.node2vec import node2vec_defaults
from recemb_core.embeddings.preview import Preview, preview_of, resized
from recemb_core.evaluation import group_score
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig, preview_map, umap_layout
from recemb_core.layouts.preview import MANY, near_neighbors
from recemb_core.layouts.umap_map import exact_neighbors
from recemb_core.neighbors.base import unit_rows
from recemb_core.validation import UsageError


@pytest.fixture(scope="module")
def karate() -> ItemGraph:
    return ItemGraph.from_networkx(nx.karate_club_graph())


SMALL = Node2VecConfig(dimensions=8, window=2, num_walks=4, walk_length=20, epochs=1)


# --- how much is trained ---


@given(
    n=some.integers(1, 50_000),
    num_walks=some.integers(1, 50),
    walk_length=some.integers(2, 200),
    window=some.integers(1, 10),
    negative=some.integers(1, 20),
    dimensions=some.sampled_from([2, 16, 128]),
)
def test_a_preview_trains_something_and_never_more_than_its_model(n: int, **fields: int) -> None:
    few = preview_of(Node2VecConfig(**fields), n)
    assert 1 <= few.num_walks <= fields["num_walks"]
    assert 2 <= few.walk_length <= fields["walk_length"]
    assert 0 < few.shrunk < 1


@given(seed=some.integers(0, 99), d=some.integers(1, 12), wanted=some.integers(1, 12))
@settings(max_examples=40)
def test_other_dimensions_keep_what_they_can_of_all_dot_products(seed: int, d: int, wanted: int) -> None:
    rng = np.random.default_rng(seed)
    rank = min(d, wanted)
    left, right, basis = (rng.normal(size=shape) for shape in ((20, rank), (20, rank), (rank, d)))
    vectors, outputs = (left @ basis).astype(np.float32), (right @ basis).astype(np.float32)
    v, o = resized(vectors, outputs, wanted, seed)
    assert v.shape == o.shape == (20, wanted)
    assert v.dtype == o.dtype == np.float32
    # New coordinates of the outputs are 0, and what lies in ``rank`` directions fits into as many dimensions.
    assert np.allclose(v @ o.T, vectors @ outputs.T, rtol=1e-3, atol=1e-3 * np.abs(vectors @ outputs.T).max())


# --- what it gives ---


def test_it_repeats_from_the_same_start_and_leaves_that_alone(karate: ItemGraph) -> None:
    shown = train_node2vec(karate, SMALL)
    kept = shown.vectors.copy(), np.copy(shown.output_vectors)  # type: ignore[arg-type]
    wanted = replace(SMALL, q=4.0)
    a, b = (preview_vectors(karate, wanted, shown) for _ in range(2))
    assert a.vectors.tobytes() == b.vectors.tobytes()
    assert np.array_equal(shown.vectors, kept[0])
    assert np.array_equal(shown.output_vectors, kept[1])  # type: ignore[arg-type]
    assert a.vectors.tobytes() != shown.vectors.tobytes()


def test_nobody_takes_it_for_a_result(karate: ItemGraph) -> None:
    wanted = replace(SMALL, q=4.0)
    soon = preview_vectors(karate, wanted, train_node2vec(karate, SMALL))
    assert soon.config != wanted
    assert isinstance(soon.config, Preview)
    assert soon.config.of == wanted
    with pytest.raises(UsageError, match="config must be that of"):  # keys of stores and files go by the model
        spec_of(soon.config)


def test_previews_go_on_from_previews(karate: ItemGraph) -> None:
    shown = train_node2vec(karate, SMALL)
    for q, d in ((2.0, 8), (4.0, 4), (4.0, 16)):
        shown = preview_vectors(karate, replace(SMALL, q=q, dimensions=d), shown)
        assert shown.vectors.shape == (34, d)


@pytest.mark.parametrize(("start", "end"), [(1.0, 20.0), (20.0, 1.0)])
def test_best_sellers_come_and_go_in_a_preview_as_in_the_exact_result(start: float, end: float) -> None:
    # Means of seeds 0 to 4 (benchmarks/previews.py): from .02 by a preview of .35 to .47, and from .47 by .01 to .02.
    shop = load_dataset("planted_shop")
    assert shop.graph is not None
    role, config = shop.labels["role"], node2vec_defaults(len(shop.graph))
    shown, exact = (train_node2vec(shop.graph, replace(config, q=q)) for q in (start, end))
    soon = preview_vectors(shop.graph, replace(config, q=end), shown)
    before, wanted, reached = (group_score(v, role).value for v in (shown, exact, soon))
    assert abs(wanted - before) > 0.3
    assert (reached - before) / (wanted - before) > 0.4


def test_every_model_that_has_a_preview_keeps_its_contract(karate: ItemGraph) -> None:
    with_one = [spec for spec in MODELS.values() if spec.preview is not None]
    assert {spec.name for spec in with_one} >= {"DeepWalk", "node2vec"}
    told: list[float] = []
    for spec in with_one:
        assert spec.needs == ("graph",)
        config = replace(spec.default_config(None, karate, None), dimensions=8, num_walks=2, walk_length=10)
        shown = train_model(config, graph=karate)
        told.clear()
        places = umap_layout(shown)
        soon = preview_map(config, shown, places, graph=karate, progress=lambda fraction, stage: told.append(fraction))
        assert soon.vectors.items is karate.items
        assert soon.positions.shape == (34, 2)
        assert soon.positions.dtype == np.float32
        assert np.isfinite(soon.positions).all()
        assert len(told) > 5  # the vectors' parts and the map's epochs: where a newer move ends it


def test_an_exception_in_progress_ends_it(karate: ItemGraph) -> None:
    class Enough(Exception):
        pass

    def enough(fraction: float, stage: str) -> None:
        if stage == "epochs":
            raise Enough

    shown = train_node2vec(karate, SMALL)
    places = umap_layout(shown)
    with pytest.raises(Enough):
        preview_map(replace(SMALL, q=4.0), shown, places, graph=karate, progress=enough)
    assert preview_map(SMALL, shown, places, graph=karate).positions.shape == (34, 2)


def test_unmoved_items_stay_about_where_they_are() -> None:
    miserables = load_dataset("les_miserables").graph
    assert miserables is not None
    config = deepwalk_defaults(len(miserables))
    shown = train_model(config, graph=miserables)
    places = umap_layout(shown)
    soon = preview_map(config, shown, places, graph=miserables)
    span = np.ptp(places, axis=0).max()
    apart = np.linalg.norm(soon.positions - places, axis=1)
    anywhere = np.linalg.norm(places - places[np.random.default_rng(0).permutation(len(places))], axis=1)
    assert apart.mean() < 0.15 * span
    assert apart.mean() < 0.4 * anywhere.mean()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_of_many_items_most_neighbors_are_found_and_each_row_is_its_own_first(metric: str) -> None:
    rng = np.random.default_rng(0)
    n = MANY + 1_000
    centers = rng.normal(size=(60, 16))
    rows = unit_rows((centers[rng.integers(60, size=n)] + 0.4 * rng.normal(size=(n, 16))).astype(np.float32))
    rows[1] = rows[0]  # a copy
    ids, distances = near_neighbors(rows, 10, metric)
    true, _ = exact_neighbors(rows, 10, metric)
    assert ids.shape == distances.shape == (n, 10)
    assert np.array_equal(ids[:, 0], np.arange(n))
    assert (ids >= 0).all()
    assert np.isfinite(distances).all()
    assert (np.diff(distances, axis=1) >= -1e-5).all()
    found = np.mean([len(set(a) & set(b)) for a, b in zip(ids, true, strict=True)]) / 10
    assert found > 0.9


def test_cells_with_few_rows_give_full_lists() -> None:
    rows = np.zeros((MANY + 200, 4), dtype=np.float32)
    rows[:, 0] = 1
    rows[:200] = unit_rows(np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32))
    ids, distances = near_neighbors(rows, 10, "cosine")
    assert (ids >= 0).all()
    assert np.isfinite(distances).all()


# --- what it refuses ---


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"shown": "other items"}, "shown must hold the items of the graph"),
        ({"shown": "no outputs"}, "output vectors"),
        ({"config": replace(SMALL, hierarchical_softmax=True)}, "hierarchical softmax has not"),
    ],
)
def test_what_it_cannot_go_on_from_is_said(karate: ItemGraph, change: dict[str, Any], sentence: str) -> None:
    shown = train_node2vec(karate, SMALL)
    if change.get("shown") == "other items":
        shown = train_node2vec(ItemGraph.from_edges(["a", "b"], ["b", "c"], directed=False), SMALL)
    if change.get("shown") == "no outputs":
        shown = ItemVectors(karate.items, shown.vectors)
    with pytest.raises(UsageError, match=sentence):
        preview_vectors(karate, change.get("config", SMALL), shown)


def test_models_without_one_and_missing_data_are_said(karate: ItemGraph) -> None:
    shown = train_node2vec(karate, SMALL)
    places = np.zeros((34, 2))
    eges = MODELS["EGES"].config()
    with pytest.raises(UsageError, match="EGES has no preview"):
        preview_map(eges, shown, places, graph=karate)
    with pytest.raises(UsageError, match="needs graph"):
        preview_map(DeepWalkConfig(), shown, places)
    with pytest.raises(UsageError, match=r"start must be \(34, 2\)"):
        preview_map(SMALL, shown, places[:3], UMAPConfig(), graph=karate)
