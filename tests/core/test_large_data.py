"""What stands for many items: a map of a sample, a graph around its strongest, scores of a sample, HNSW's neighbors."""

from __future__ import annotations

import numpy as np
import pytest

from recemb_core.embeddings import ItemVectors
from recemb_core.evaluation import group_score
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig, graph_layout, sample_rows, sampled_layout, umap_layout
from recemb_core.layouts.placing import place_on_map
from recemb_core.neighbors.exact import nearest_others
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

QUICK = UMAPConfig(n_epochs=30, seed=3)


def clusters(n: int, groups: int, d: int = 16, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (n, d) around as many directions, and the group of each."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    return (rng.normal(size=(groups, d))[group] + 0.15 * rng.normal(size=(n, d))).astype(np.float32), group


def test_the_sample_lies_where_umap_puts_it_and_others_where_one_would_be_placed() -> None:
    vectors, _ = clusters(400, 4)
    found = sampled_layout(vectors, QUICK, sample=150)
    rows = sample_rows(400, 150, seed=3)
    drawn = umap_layout(vectors[rows], QUICK)
    np.testing.assert_array_equal(found[rows], drawn)
    for row in np.setdiff1d(np.arange(400), rows)[:20]:
        alone = place_on_map(vectors[row], vectors[rows], drawn, k=5)
        np.testing.assert_allclose(found[row], alone.position, atol=1e-3)
    assert found.tobytes() == sampled_layout(vectors, QUICK, sample=150).tobytes()


def test_items_that_are_placed_lie_with_their_group() -> None:
    vectors, group = clusters(600, 5)
    found = sampled_layout(vectors, UMAPConfig(), sample=150)
    near = nearest_others(found, 5, "euclidean")
    placed = np.setdiff1d(np.arange(600), sample_rows(600, 150))
    assert (group[near[placed]] == group[placed, None]).mean() > 0.95  # by chance .2


def test_a_sample_of_all_is_the_map_of_all_and_a_start_is_kept_to() -> None:
    vectors, _ = clusters(120, 3)
    whole = umap_layout(vectors, QUICK)
    np.testing.assert_array_equal(sampled_layout(vectors, QUICK, sample=120), whole)
    begun = sampled_layout(vectors, QUICK, sample=110, start=whole)
    rows = sample_rows(120, 110, seed=3)
    np.testing.assert_array_equal(begun[rows], umap_layout(vectors[rows], QUICK, start=whole[rows]))
    euclidean = sampled_layout(vectors, UMAPConfig(metric="euclidean", n_epochs=5), sample=110)
    assert np.isfinite(euclidean).all()
    with pytest.raises(UsageError, match="sample must be a whole number, at least 100, not 99"):
        sampled_layout(vectors, QUICK, sample=99)


@pytest.mark.parametrize("directed", [True, False])
def test_a_large_graph_is_laid_out_around_its_strongest(directed: bool) -> None:
    # 0, 1, 2 are strong; 3 hangs on 0 and 1, 4 on 3; 5 and 6 only on each other, 7 on nothing.
    edges = [(0, 1, 90), (1, 2, 80), (2, 0, 70), (3, 0, 3), (3, 1, 1), (4, 3, 2), (5, 6, 1)]
    source, target, weight = zip(*edges, strict=True)
    graph = ItemGraph.from_edges(source, target, weight, directed=directed, items=Vocabulary("abcdefgh"))
    found = graph_layout(graph, most=3)
    part = ItemGraph.from_edges(source[:3], target[:3], weight[:3], directed=directed)
    assert found[:3] == pytest.approx(graph_layout(part), abs=1e-5)
    assert found[3] == pytest.approx(0.75 * found[0] + 0.25 * found[1], abs=1e-5)
    assert found[4] == pytest.approx(found[3], abs=1e-5)
    center = found[:5].mean(axis=0)
    reach = np.linalg.norm(found[:5] - center, axis=1).max()
    assert np.linalg.norm(found[5:] - center, axis=1) == pytest.approx([1.1 * reach] * 3, rel=1e-4)
    np.testing.assert_array_equal(graph_layout(graph, most=8), graph_layout(graph))
    with pytest.raises(UsageError, match="most must be at least 1"):
        graph_layout(graph, most=0)


def test_a_score_of_a_sample_is_near_that_of_all() -> None:
    vectors, group = clusters(2_000, 6, d=3)
    vectors += np.random.default_rng(1).normal(size=vectors.shape).astype(np.float32) * 0.6
    whole, part = group_score(vectors, group), group_score(vectors, group, sample=500, seed=4)
    assert (whole.asked, part.asked) == (2_000, 500)
    assert 0.05 < whole.value < 0.75  # neither chance nor certain: a sample may differ
    # 500 shares with a standard deviation of .5 at most, of six groups: four standard errors of their mean.
    assert abs(part.value - whole.value) < 4 * 0.5 / np.sqrt(500)
    assert part.maximum == pytest.approx(whole.maximum)
    assert group_score(vectors, group, sample=5_000).value == whole.value
    rare = np.arange(2_000)  # everybody's own group: only those asked count
    assert len(group_score(vectors, rare, sample=7).by_group) == 7


def test_a_score_of_a_sample_counts_equal_vectors_by_expectation() -> None:
    vectors, group = np.ones((50, 3), np.float32), np.arange(50) % 2
    assert group_score(vectors, group, sample=10).value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("score", ["cosine", "in_out"])
@pytest.mark.slow
def test_hnsw_finds_nearly_all_exact_neighbors_and_repeats(score: str) -> None:
    rows, _ = clusters(3_000, 12)
    outputs, _ = clusters(3_000, 12, seed=5)
    found = ItemVectors(Vocabulary(range(3_000)), rows, outputs)
    exact, values = found.nearest(10, score)  # type: ignore[arg-type]
    near, about = found.nearest(10, score, approximate=True)  # type: ignore[arg-type]
    shared = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact.tolist(), near.tolist(), strict=True)])
    assert shared > (0.95 if score == "cosine" else 0.7)
    assert (near != np.arange(3_000)[:, None]).all()
    same = exact[:, 0] == near[:, 0]
    np.testing.assert_allclose(about[same, 0], values[same, 0], atol=1e-4)
    again = found.nearest(10, score, approximate=True)[0]  # type: ignore[arg-type]
    np.testing.assert_array_equal(near, again)
