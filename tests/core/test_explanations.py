"""Why two items are neighbors: counts against plain loops, chance against shuffled walks."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.datasets import load_dataset
from recemb_core.evaluation.explanations import PairExplanation, SharedNeighbor, explain_pair
from recemb_core.evaluation.walk_paths import walk_paths
from recemb_core.item_graph import ItemGraph
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary
from recemb_core.walks import WalkConfig, generate_walks

FIVE = ItemGraph.from_edges([0, 1, 2, 3], [1, 2, 3, 4], [1, 1, 1, 1], directed=False)
TRIANGLE = ItemGraph.from_edges([0, 0, 1], [1, 2, 2], [2, 1, 1], directed=False, items=Vocabulary("abc"))


def padded(walks: list[list[int]], length: int) -> npt.NDArray[np.int32]:
    return np.array([walk[:length] + [-1] * (length - len(walk)) for walk in walks], dtype=np.int32)


walk_lists = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8), min_size=1, max_size=8)


@settings(max_examples=60)
@given(walk_lists, st.integers(1, 9))
@pytest.mark.slow
def test_counts_are_those_of_a_plain_loop(lists: list[list[int]], window: int) -> None:
    found = explain_pair(TRIANGLE, padded(lists, 8), 0, 1, window=window)
    near = [
        sum(walk[i] == 0 and walk[j] == 1 and abs(i - j) <= window for i in range(len(walk)) for j in range(len(walk)))
        for walk in lists
    ]
    assert found.walks == len(lists)
    assert found.walks_a == sum(0 in walk for walk in lists)
    assert found.walks_b == sum(1 in walk for walk in lists)
    assert found.walks_both == sum(0 in walk and 1 in walk for walk in lists)
    assert found.walks_within == sum(count > 0 for count in near)
    assert found.pairs == sum(near)
    tokens = [item for walk in lists for item in walk]
    n = len(tokens)
    possible = sum(j - i <= window for walk in lists for j in range(len(walk)) for i in range(j))
    if n > 1:
        assert found.expected_pairs == pytest.approx(2 * possible * tokens.count(0) * tokens.count(1) / (n * (n - 1)))


def test_expected_figures_are_those_of_shuffled_walks() -> None:
    graph = load_dataset("planted_shop").graph
    assert graph is not None
    walks = generate_walks(graph, WalkConfig(num_walks=4, walk_length=40))
    found = explain_pair(graph, walks, 0, 11, window=3)
    rng = np.random.default_rng(0)
    shuffled = [
        explain_pair(graph, rng.permutation(walks.ravel()).reshape(walks.shape), 0, 11, window=3) for _ in range(100)
    ]
    for measured, expected in (("pairs", found.expected_pairs), ("walks_within", found.expected_within)):
        values = np.array([getattr(s, measured) for s in shuffled], dtype=float)
        # Four standard errors: fails once in 16,000 runs if the expectation is right; the seed is fixed.
        assert abs(values.mean() - expected) < 4 * values.std() / 10 + 0.02 * expected
    assert found.pairs > found.expected_pairs  # two best-sellers, joined with weight 3


def test_neighbors_on_the_graph_meet_more_often_than_chance_and_strangers_less() -> None:
    graph = load_dataset("barbell").graph
    assert graph is not None
    walks = generate_walks(graph, WalkConfig(num_walks=10, walk_length=40))
    near, far = explain_pair(graph, walks, 0, 1, window=2), explain_pair(graph, walks, 0, 29, window=2)
    assert near.walks_within > near.expected_within
    assert far.walks_within == 0 < far.expected_within
    assert (near.weight_ab, near.weight_ba, near.num_shared) == (1, 1, 8)
    assert (far.weight_ab, far.weight_ba, far.shared) == (0, 0, ())


def test_edges_and_shared_neighbors_of_a_directed_graph() -> None:
    source, target, weight = [0, 0, 2, 3, 1, 3, 1], [1, 2, 1, 0, 3, 1, 4], [5, 2, 3, 4, 1, 1, 9]
    graph = ItemGraph.from_edges(source, target, weight, directed=True)
    found = explain_pair(graph, np.array([[0, 1]], np.int32), 0, 1, window=1)
    assert (found.weight_ab, found.weight_ba) == (5, 0)
    assert (found.neighbors_a, found.neighbors_b) == (3, 4)
    # Both directions add up: 3 has 4 with a, 1 + 1 with b.
    assert found.shared == (SharedNeighbor(3, 4, 2), SharedNeighbor(2, 2, 3))
    assert explain_pair(graph, np.array([[0, 1]], np.int32), 1, 0, window=1).weight_ba == 5
    assert explain_pair(graph, np.array([[0, 1]], np.int32), 0, 1, window=1, top=1).num_shared == 2


def test_sequences_that_link_two_items_closest_first() -> None:
    lists = [["a", "x", "x", "b"], ["b", "x", "a"], ["a"], ["x", "a", "b", "x"], ["b", "a"], ["a", "x", "b"]]
    sequences = Sequences.from_lists(lists)
    found = explain_pair(TRIANGLE, np.array([[0, 1]], np.int32), 0, 1, window=1, sequences=sequences)
    assert (found.sequences, found.sequences_a, found.sequences_b, found.sequences_both) == (6, 6, 5, 5)
    assert found.expected_both == 5
    assert found.linking == (4, 3, 1, 5, 0)
    baskets = Sequences.from_lists(lists, ordered=False)
    by_size = explain_pair(TRIANGLE, np.array([[0, 1]], np.int32), 0, 1, window=1, sequences=baskets)
    assert by_size.linking == (4, 1, 5, 0, 3)


@settings(max_examples=50)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=8), min_size=1, max_size=10))
@pytest.mark.slow
def test_linking_sequences_are_those_of_a_plain_loop(lists: list[list[str]]) -> None:
    found = explain_pair(TRIANGLE, np.array([[0, 1]], np.int32), 0, 1, window=1, sequences=Sequences.from_lists(lists))
    both = [i for i, line in enumerate(lists) if "a" in line and "b" in line]
    assert found.sequences == len(lists)
    assert found.sequences_both == len(both)

    def apart(index: int) -> int:
        places = [(i, item) for i, item in enumerate(lists[index]) if item in "ab"]
        return min(j - i for (i, one), (j, other) in pairwise(places) if one != other)

    assert list(found.linking) == sorted(both, key=lambda i: (apart(i), len(lists[i]), i))[:20]


def test_items_that_no_sequence_holds() -> None:
    sequences = Sequences.from_lists([["x", "y"]])
    found = explain_pair(TRIANGLE, np.array([[0, 1]], np.int32), 0, 1, window=1, sequences=sequences)
    assert (found.sequences, found.sequences_both, found.linking) == (1, 0, ())
    alone = explain_pair(TRIANGLE, np.empty((0, 5), np.int32), 0, 1, window=1)
    assert isinstance(alone, PairExplanation)
    assert (alone.walks, alone.walks_within, alone.expected_within, alone.sequences) == (0, 0, 0, None)


@pytest.mark.parametrize(
    ("a", "b", "window", "message"),
    [
        (3, 0, 1, "^a must be a row number from 0 to 2, not 3$"),
        (0, -1, 1, "^b must be a row number from 0 to 2, not -1$"),
        (1, 1, 1, "^b must be another item than a, not 1$"),
        (0, 1, 0, "^window must be a whole number, at least 1, not 0$"),
    ],
)
def test_what_cannot_be_explained_is_named(a: int, b: int, window: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explain_pair(TRIANGLE, np.array([[0, 1]], np.int32), a, b, window=window)


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=8), min_size=1, max_size=8), st.integers(1, 9))
def test_ways_between_two_are_those_of_a_plain_loop(lists: list[list[int]], window: int) -> None:
    found = walk_paths(padded(lists, 8), 0, 1, window=window)
    direct, through, differences = 0, Counter[int](), []
    for walk in lists:
        difference = 0
        for i in range(len(walk)):
            for j in range(i + 1, min(i + window, len(walk) - 1) + 1):
                if {walk[i], walk[j]} == {0, 1}:
                    through.update({*walk[i + 1 : j]} - {0, 1})
                    direct += j == i + 1
                    difference += 1 if j == i + 1 else -1
        differences.append(difference)
    assert found.direct == direct
    assert dict(found.through) == dict(through)
    assert list(found.through) == sorted(through.items(), key=lambda one: (-one[1], one[0]))
    assert found.pairs == explain_pair(FIVE, padded(lists, 8), 0, 1, window=window).pairs
    assert found.pairs - found.direct == found.direct - sum(differences)
    if len(lists) > 1:
        assert found.deviation == pytest.approx(float(np.std(differences, ddof=1)) * len(lists) ** 0.5)


def test_ways_between_refuse_what_makes_no_pair() -> None:
    with pytest.raises(ValueError, match=r"^b must be another item than a, not 1$"):
        walk_paths(np.array([[0, 1]], np.int32), 1, 1, window=1)
    with pytest.raises(ValueError, match=r"^window must be a whole number"):
        walk_paths(np.array([[0, 1]], np.int32), 0, 1, window=0)
    assert walk_paths(np.empty((0, 5), np.int32), 0, 1, window=2).pairs == 0
