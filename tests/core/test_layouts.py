"""Maps and graph drawings: any size, repeatable, steady when warm-started, neighbors kept."""

from __future__ import annotations

import re
from typing import Any

import networkx as nx
import numpy as np
import pytest

from recemb_core.embeddings import ItemVectors
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import SMALLEST_FOR_UMAP, UMAPConfig, aligned_layouts, graph_layout, umap_layout
from recemb_core.neighbors.exact import nearest_others
from recemb_core.vocabulary import Vocabulary

CLUSTER = np.repeat(np.arange(4), 30)


@pytest.fixture(scope="module")
def clusters() -> np.ndarray:
    """Four clusters of 30 vectors in eight dimensions."""
    rng = np.random.default_rng(0)
    return (3 * rng.normal(size=(4, 8))[CLUSTER] + rng.normal(size=(120, 8)) / 2).astype(np.float32)


@pytest.fixture(scope="module")
def clusters_map(clusters: np.ndarray) -> np.ndarray:
    return umap_layout(clusters)


def neighbors_in_cluster(positions: np.ndarray) -> float:
    near = nearest_others(positions, 5, "euclidean")
    return float((CLUSTER[near] == CLUSTER[:, None]).mean())


def extent(positions: np.ndarray) -> float:
    return float(np.linalg.norm(np.ptp(positions, axis=0)))


# --- UMAP ---


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("dimensions", [1, 2, 16])
@pytest.mark.parametrize("n", [0, 1, 2, 5, SMALLEST_FOR_UMAP])
@pytest.mark.slow
def test_any_number_of_items_in_any_dimensions(n: int, dimensions: int, metric: Any) -> None:
    vectors = np.random.default_rng(n).normal(size=(n, dimensions))
    positions = umap_layout(vectors, UMAPConfig(metric=metric))
    assert positions.shape == (n, 2)
    assert positions.dtype == np.float32
    assert np.isfinite(positions).all()
    # One-dimensional vectors have only two directions; everything else lies apart.
    if dimensions > 1 or metric == "euclidean":
        assert len(np.unique(positions, axis=0)) == n


@pytest.mark.parametrize("n", [2, 5, 20])
def test_identical_vectors_lie_side_by_side(n: int) -> None:
    positions = umap_layout(np.ones((n, 4)))
    assert len(np.unique(positions, axis=0)) == n
    assert np.isfinite(positions).all()


@pytest.mark.parametrize("start", [False, True])
@pytest.mark.slow
def test_duplicates_are_drawn(clusters: np.ndarray, start: bool) -> None:
    # More copies of one vector than neighbors are looked at, and a few zero vectors.
    vectors = np.concatenate([clusters, np.tile(clusters[:1], (25, 1)), np.zeros((3, 8), np.float32)])
    positions = umap_layout(vectors, start=np.zeros((148, 2)) if start else None)
    assert np.isfinite(positions).all()
    assert extent(positions) > 1
    copies = positions[[0, *range(120, 145)]]
    assert extent(copies) < extent(positions) / 2


def test_two_far_clusters_stay_apart() -> None:
    rng = np.random.default_rng(1)
    vectors = np.concatenate([rng.normal(size=(25, 6)) + 100, rng.normal(size=(25, 6)) - 100])
    positions = umap_layout(vectors, UMAPConfig(metric="euclidean"))
    near = nearest_others(positions, 5, "euclidean")
    assert ((near < 25) == (np.arange(50) < 25)[:, None]).all()


def test_neighbors_stay_in_their_cluster(clusters_map: np.ndarray) -> None:
    assert neighbors_in_cluster(clusters_map) >= 0.95


@pytest.mark.slow
def test_one_seed_gives_one_map(clusters: np.ndarray, clusters_map: np.ndarray) -> None:
    np.testing.assert_array_equal(umap_layout(clusters), clusters_map)
    np.testing.assert_array_equal(umap_layout(clusters, start=clusters_map), umap_layout(clusters, start=clusters_map))
    assert not np.array_equal(umap_layout(clusters, UMAPConfig(seed=1)), clusters_map)


def test_item_vectors_are_drawn_like_their_array(clusters: np.ndarray, clusters_map: np.ndarray) -> None:
    np.testing.assert_array_equal(umap_layout(ItemVectors(Vocabulary(range(120)), clusters)), clusters_map)


def test_a_cosine_map_ignores_length(clusters: np.ndarray, clusters_map: np.ndarray) -> None:
    # Powers of two scale without rounding.
    scale = 2.0 ** np.random.default_rng(2).integers(-2, 3, size=(120, 1))
    np.testing.assert_allclose(umap_layout(clusters * scale), clusters_map, atol=1e-4)


@pytest.mark.slow
def test_a_warm_start_stays_where_it_was(clusters: np.ndarray, clusters_map: np.ndarray) -> None:
    # The start is stretched and moved: UMAP's own init would press it into a square.
    start = clusters_map * [3, 1] + [50, -20]
    positions = umap_layout(clusters, start=start)
    assert np.linalg.norm(positions - start, axis=1).mean() < 0.08 * extent(start)
    assert neighbors_in_cluster(positions) >= 0.95
    unmoved = umap_layout(clusters, start=clusters_map)
    cold = umap_layout(clusters, UMAPConfig(seed=1))
    moved, moved_cold = (np.linalg.norm(p - clusters_map, axis=1).mean() for p in (unmoved, cold))
    assert moved < 0.06 * extent(clusters_map)
    assert moved < moved_cold


def test_a_warm_start_moves_the_items_whose_vectors_moved(clusters: np.ndarray, clusters_map: np.ndarray) -> None:
    vectors = clusters.copy()
    vectors[:10] = vectors[90:100] + 0.1
    positions = umap_layout(vectors, start=clusters_map)
    near = nearest_others(positions, 5, "euclidean")[:10]
    # They were in cluster 0; now their neighbors are those of cluster 3, or one another.
    assert ((near >= 90) | (near < 10)).mean() >= 0.9
    moved = np.linalg.norm(positions - clusters_map, axis=1)
    assert moved[:10].min() > np.median(moved[10:])


@pytest.mark.slow
def test_aligned_layouts_start_from_the_frame_before(clusters: np.ndarray, clusters_map: np.ndarray) -> None:
    other = clusters + np.random.default_rng(3).normal(scale=0.2, size=clusters.shape)
    frames = aligned_layouts([clusters, other, clusters])
    assert frames.shape == (3, 120, 2)
    assert frames.dtype == np.float32
    np.testing.assert_array_equal(frames[0], clusters_map)
    np.testing.assert_array_equal(frames[1], umap_layout(other, start=frames[0]))
    np.testing.assert_array_equal(frames[2], umap_layout(clusters, start=frames[1]))


def test_aligned_layouts_of_few_items_and_of_none() -> None:
    assert aligned_layouts([np.eye(3)]).shape == (1, 3, 2)
    with pytest.raises(ValueError, match="at least one frame"):
        aligned_layouts([])
    with pytest.raises(ValueError, match=r"start must be \(4, 2\), not \(3, 2\)"):
        aligned_layouts([np.eye(3), np.eye(4)])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_none_is_named_by_its_row(clusters: np.ndarray, bad: float) -> None:
    vectors = clusters.copy()
    vectors[7, 2] = vectors[9, 0] = bad
    with pytest.raises(ValueError, match="row 7 holds a NaN or infinity"):
        umap_layout(vectors)
    start = np.zeros((120, 2))
    start[3] = bad
    with pytest.raises(ValueError, match="start must be finite"):
        umap_layout(clusters, start=start)


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"vectors must be \(n, d\), not of shape \(3,\)"):
        umap_layout(np.ones(3))
    with pytest.raises(ValueError, match=r"start must be \(3, 2\), not \(3, 3\)"):
        umap_layout(np.eye(3), start=np.eye(3))


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("n_neighbors", 1, "at least 2, or None"),
        ("min_dist", -0.1, "from 0 to 1, or None"),
        ("min_dist", 1.1, "from 0 to 1, or None"),
        ("repulsion", -1.0, "0 or more, or None"),
        ("metric", "manhattan", "'cosine' or 'euclidean'"),
        ("n_epochs", 0, "at least 1, or None"),
        ("seed", -1, "from 0 to 2^32 − 1"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_is_allowed(field: str, value: Any, allowed: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{field} must be {allowed}, not {value!r}")):
        UMAPConfig(**{field: value})


@pytest.mark.parametrize("n", [8, 100, 1_000, 50_000])
def test_what_is_left_open_is_filled_in_by_size(n: int) -> None:
    config = UMAPConfig(seed=3).for_size(n)
    assert config.n_neighbors is not None
    assert 2 <= config.n_neighbors <= min(30 if n < 500 else 15, n - 1)
    assert None not in (config.min_dist, config.repulsion)
    assert config.seed == 3
    assert config.for_size(n) == config
    own = UMAPConfig(n_neighbors=5, min_dist=0.0, repulsion=0.0)
    assert own.for_size(n) == own


def test_n_epochs_is_followed(clusters: np.ndarray, clusters_map: np.ndarray) -> None:
    assert not np.array_equal(umap_layout(clusters, UMAPConfig(n_epochs=20)), clusters_map)
    one, many = (umap_layout(clusters, UMAPConfig(n_epochs=n), start=clusters_map) for n in (1, 200))
    near, far = (np.linalg.norm(p - clusters_map, axis=1).mean() for p in (one, many))
    assert near < far


# --- graphs ---


def partitioned(groups: int, size: int, seed: int = 0) -> ItemGraph:
    """Groups joined inside with probability .3 and hardly between; node i is of group i // size."""
    graph = nx.planted_partition_graph(groups, size, 0.3, 0.002, seed=seed)
    return ItemGraph.from_networkx(graph)


@pytest.mark.parametrize("size", [40, 130])  # 120 joined items by Fruchterman–Reingold, 390 by edge attraction
@pytest.mark.slow
def test_graph_drawings_repeat_and_keep_groups_together(size: int) -> None:
    graph = partitioned(3, size)
    positions = graph_layout(graph)
    assert positions.shape == (3 * size, 2)
    assert positions.dtype == np.float32
    np.testing.assert_array_equal(positions, graph_layout(graph))
    assert not np.array_equal(positions, graph_layout(graph, seed=1))
    near = nearest_others(positions, 5, "euclidean")
    group = np.arange(3 * size) // size
    assert (group[near] == group[:, None]).mean() > 0.8


@pytest.mark.parametrize("size", [20, 160])
@pytest.mark.slow
def test_items_without_edges_lie_on_a_ring_outside(size: int) -> None:
    joined = partitioned(2, size)
    n = 2 * size
    linked = np.flatnonzero(joined.out_degree > 0)
    graph = ItemGraph.from_edges(
        joined.sources, joined.indices, joined.weights, directed=True, items=Vocabulary(range(n + 30))
    )
    positions = graph_layout(graph)
    center = positions[linked].mean(axis=0)
    radius = np.linalg.norm(positions - center, axis=1)
    assert radius[n:].min() > radius[linked].max()
    np.testing.assert_allclose(radius[n:], radius[n], rtol=1e-4)
    assert len(np.unique(positions[n:], axis=0)) == 30


def test_disconnected_parts_and_extreme_weights_are_drawn() -> None:
    # Two triangles and a pair; weights over twelve powers of ten.
    source, target = [0, 1, 2, 3, 4, 5, 6], [1, 2, 0, 4, 5, 3, 7]
    graph = ItemGraph.from_edges(source, target, 10.0 ** np.arange(-6, 8, 2), directed=False)
    positions = graph_layout(graph)
    assert np.isfinite(positions).all()
    assert len(np.unique(positions, axis=0)) == 8


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_a_graph_without_edges_is_a_disc(n: int) -> None:
    positions = graph_layout(ItemGraph.from_edges([], [], directed=False, items=Vocabulary(range(n))))
    assert positions.shape == (n, 2)
    assert len(np.unique(positions, axis=0)) == n
    assert (np.linalg.norm(positions, axis=1) <= 1).all()


def test_drawing_leaves_the_other_random_numbers_alone() -> None:
    np.random.seed(0)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    graph_layout(partitioned(2, 10))
    umap_layout(np.random.default_rng(0).normal(size=(20, 4)))
    assert np.random.random() == expected  # noqa: NPY002
