"""Neighbor shares by group: a hand-computed case, chance at 0, perfect groups at the maximum, tiers by rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recemb_core.embeddings import ItemVectors
from recemb_core.evaluation import group_score, homophily_score, strength_tiers, structural_score
from recemb_core.evaluation.homophily import TIERS
from recemb_core.item_graph import ItemGraph, communities
from recemb_core.neighbors.exact import nearest_others
from recemb_core.vocabulary import Vocabulary

# Five directions; nearest others by angle: 10 | 0 | 10 | 101 | 90, then 25 | 25 | 0 | 25 | 25.
ANGLES = np.radians([0, 10, 25, 90, 101])
FIVE = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]).astype(np.float32)
GROUPS = ["a", "a", "b", "b", "a"]


@pytest.mark.parametrize(
    ("k", "share_a", "share_b", "maximum"), [(1, 2 / 3, 0, (1 / 2 + 3 / 4) / 2), (2, 1 / 3, 1 / 4, (1 / 2 + 1 / 4) / 2)]
)
def test_a_hand_computed_case(k: int, share_a: float, share_b: float, maximum: float) -> None:
    score = group_score(FIVE, GROUPS, k=k)
    assert list(score.by_group) == ["a", "b"]
    a, b = score.by_group.values()
    assert (a.size, b.size) == (3, 2)
    assert (a.chance, b.chance) == (2 / 4, 1 / 4)
    assert a.share == pytest.approx(share_a)
    assert b.share == pytest.approx(share_b)
    assert score.value == pytest.approx(((share_a - 1 / 2) + (share_b - 1 / 4)) / 2)
    assert score.maximum == pytest.approx(maximum)
    assert score.k == k


def test_item_vectors_score_like_their_array() -> None:
    assert group_score(ItemVectors(Vocabulary("abcde"), FIVE), GROUPS, k=2) == group_score(FIVE, GROUPS, k=2)


def test_random_vectors_score_chance() -> None:
    # One draw's standard deviation is about .01 with these sizes, so the mean of 20 has .0023: the bound is 4 of those.
    groups = np.repeat([0, 1, 2], [300, 200, 100])
    values = [group_score(np.random.default_rng(s).normal(size=(600, 16)), groups).value for s in range(20)]
    assert np.std(values, ddof=1) < 0.015
    assert abs(np.mean(values)) < 0.0092


def test_perfect_clusters_reach_the_maximum() -> None:
    # Groups smaller and larger than k + 1; a group of one can never score.
    sizes = [9, 6, 4, 2, 1]
    groups = np.repeat(np.arange(5), sizes)
    score = group_score(np.eye(5)[groups], groups, k=5)
    assert score.value == pytest.approx(score.maximum)
    by_hand = np.mean([min(5, s - 1) / 5 - (s - 1) / 21 for s in sizes])
    assert score.maximum == pytest.approx(by_hand)


@settings(max_examples=40)
@given(
    rows=hnp.arrays(np.float32, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.floats(-4, 4, width=16)),
    k=st.integers(1, 40),
    data=st.data(),
)
@pytest.mark.slow
def test_value_stays_below_the_maximum_and_sizes_add_up(rows: np.ndarray, k: int, data: Any) -> None:
    groups = data.draw(hnp.arrays(np.int64, len(rows), elements=st.integers(0, 4)))
    score = group_score(rows, groups, k=k)
    assert score.value <= score.maximum + 1e-9
    assert sum(g.size for g in score.by_group.values()) == len(rows)
    assert all(0 <= g.share <= 1 for g in score.by_group.values())
    sizes = [g.size for g in score.by_group.values()]
    assert sizes == sorted(sizes, reverse=True)
    assert score.k == min(k, len(rows) - 1)


def test_k_beyond_all_others_scores_exactly_chance() -> None:
    # Everybody is everybody's neighbor.
    score = group_score(FIVE, GROUPS, k=50)
    assert score.k == 4
    assert score.value == pytest.approx(0)
    assert score.maximum == pytest.approx(0)


def test_one_and_two_items() -> None:
    alone = group_score(FIVE[:1], ["a"])
    assert (alone.value, alone.maximum, alone.k) == (0, 0, 0)
    assert alone.by_group["a"].size == 1
    assert group_score(FIVE[:2], ["a", "a"]).by_group["a"].share == 1
    apart = group_score(FIVE[:2], ["a", "b"])
    assert (apart.value, apart.maximum, apart.k) == (0, 0, 1)
    assert [g.share for g in apart.by_group.values()] == [0, 0]


def test_errors_name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"one label for each of the 5 items, not \(4,\)"):
        group_score(FIVE, GROUPS[:4])
    with pytest.raises(ValueError, match="k must be at least 1, not 0"):
        group_score(FIVE, GROUPS, k=0)


# --- default groups ---


@pytest.fixture(scope="module")
def wheel() -> ItemGraph:
    """A hub joined to 24 items, which form a ring of weights 1 … 24."""
    rim = np.arange(1, 25)
    source, target = np.concatenate([np.zeros(24, int), rim]), np.concatenate([rim, np.roll(rim, 1)])
    return ItemGraph.from_edges(source, target, np.concatenate([np.ones(24), rim]), directed=False)


def test_strength_tiers_share_out_the_ranks() -> None:
    # In a ring all strengths are equal, so row numbers decide.
    ring = np.arange(100)
    tiers = strength_tiers(ItemGraph.from_edges(ring, np.roll(ring, 1), directed=False))
    assert tiers.tolist() == [TIERS[0]] * 50 + [TIERS[1]] * 38 + [TIERS[2]] * 12


def test_strength_tiers_follow_strength(wheel: ItemGraph) -> None:
    tiers = strength_tiers(wheel)
    lowest = {tier: wheel.strength[tiers == tier].min() for tier in TIERS}
    highest = {tier: wheel.strength[tiers == tier].max() for tier in TIERS}
    assert highest[TIERS[0]] <= lowest[TIERS[1]]
    assert highest[TIERS[1]] <= lowest[TIERS[2]]


def test_strength_counts_edges_in_and_out() -> None:
    # Item 3 is only pointed at, and is still the strongest.
    graph = ItemGraph.from_edges([0, 1, 2], [3, 3, 3], directed=True)
    assert strength_tiers(graph).tolist() == [TIERS[0], TIERS[0], TIERS[1], TIERS[1]]
    heavy = ItemGraph.from_edges(np.arange(9), np.full(9, 9), directed=True)
    assert strength_tiers(heavy)[9] == TIERS[2]


def test_no_items_have_no_tiers() -> None:
    assert strength_tiers(ItemGraph.from_edges([], [], directed=False)).shape == (0,)


def test_scores_use_communities_and_tiers_by_default(wheel: ItemGraph) -> None:
    rows = np.random.default_rng(0).normal(size=(25, 4))
    assert homophily_score(rows, wheel, k=3, seed=2) == group_score(rows, communities(wheel, 2), k=3)
    assert structural_score(rows, wheel, k=3) == group_score(rows, strength_tiers(wheel), k=3)
    own = np.arange(25) % 3
    assert (
        homophily_score(rows, wheel, groups=own) == structural_score(rows, wheel, roles=own) == group_score(rows, own)
    )


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_equal_vectors_score_chance_whatever_their_order(metric: Any) -> None:
    rng = np.random.default_rng(0)
    for n, sizes in ((40, (10, 30)), (95, (5, 40, 50))):
        groups = np.repeat(np.arange(len(sizes)), sizes)
        rows = np.tile(rng.normal(size=33), (n, 1))
        assert group_score(rows, groups, k=5, metric=metric).value == pytest.approx(0, abs=1e-12)


def test_equal_vectors_across_the_end_of_a_list_count_by_their_expectation() -> None:
    """Three items at each of eight places; the score is the mean over 80 orders of the rows (bound: 5 sd)."""
    rng = np.random.default_rng(1)
    places = rng.normal(size=(8, 3)).astype(np.float32)
    rows, groups = np.repeat(places, 3, axis=0), rng.integers(0, 2, 24)
    found = group_score(rows, groups, k=4).value
    by_order = []
    for number in range(80):
        order = rng.permutation(24)
        lists = nearest_others(rows[order], 4)  # breaks ties by row number
        same = (groups[order][lists] == groups[order][:, None]).mean(axis=1)
        sizes = np.bincount(groups)
        by_order.append(np.mean([same[groups[order] == g].mean() - (sizes[g] - 1) / 23 for g in (0, 1)]))
        if number < 8:
            assert group_score(rows[order], groups[order], k=4).value == pytest.approx(found, abs=1e-6)
    assert abs(np.mean(by_order) - found) < 5 * np.std(by_order) / 80**0.5
