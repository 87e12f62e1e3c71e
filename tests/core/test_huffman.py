"""The Huffman tree: a prefix code, the shortest on average, and a distribution over the items."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.embeddings.huffman import HuffmanTree

COUNTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=40)


@given(COUNTS)
def test_codes_are_a_complete_prefix_code(counts: list[int]) -> None:
    """Kraft with equality, which only a full binary tree has; and no code starts another."""
    tree = HuffmanTree.of(counts)
    assert sum(2.0 ** -int(length) for length in tree.lengths) == 1.0
    codes = ["".join(map(str, tree.path(row)[1])) for row in range(len(counts))]
    assert [len(code) for code in codes] == tree.lengths.tolist()
    assert not any(a != b and codes[b].startswith(codes[a]) for a in range(len(codes)) for b in range(len(codes)))


@given(COUNTS)
def test_the_mean_length_is_within_a_bit_of_the_entropy(counts: list[int]) -> None:
    tree = HuffmanTree.of(counts)
    if len(counts) == 1:
        assert tree.expected_length == tree.entropy == 0
        return
    assert tree.entropy - 1e-9 <= tree.expected_length < tree.entropy + 1


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6))
def test_no_tree_has_a_smaller_mean_length(counts: list[int]) -> None:
    """Against every binary tree: the cost of a set is its weight plus the cheapest split of it."""

    @cache
    def cheapest(leaves: tuple[int, ...]) -> int:
        if len(leaves) == 1:
            return 0
        first, rest = leaves[0], range(1, len(leaves))
        splits = (
            (left, tuple(i for i in rest if i not in left))
            for size in range(len(rest))
            for left in combinations(rest, size)
        )
        return sum(leaves) + min(
            cheapest(tuple(sorted((first, *(leaves[i] for i in left))))) + cheapest(tuple(leaves[i] for i in right))
            for left, right in splits
        )

    tree = HuffmanTree.of(counts)
    assert int((np.array(counts) * tree.lengths).sum()) == cheapest(tuple(sorted(counts)))


@given(COUNTS)
def test_a_heavier_item_never_has_a_longer_code(counts: list[int]) -> None:
    lengths = HuffmanTree.of(counts).lengths
    order = np.argsort(counts, kind="stable")
    weights = np.maximum(counts, 1)
    for light, heavy in pairwise(order):
        assert lengths[light] >= lengths[heavy] or weights[light] == weights[heavy]


def test_ties_are_broken_by_the_row_and_repeat() -> None:
    tree = HuffmanTree.of([1, 1, 1, 1])
    assert tree.lengths.tolist() == [2, 2, 2, 2]
    assert [tree.path(row)[1].tolist() for row in range(4)] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    again = HuffmanTree.of([1, 1, 1, 1])
    np.testing.assert_array_equal(tree.parents, again.parents)
    np.testing.assert_array_equal(tree.bits, again.bits)


def test_a_path_leads_from_the_root_down_to_the_item() -> None:
    counts = [8, 4, 2, 2]
    tree = HuffmanTree.of(counts)
    n = len(tree)
    for row in range(n):
        nodes, bits = tree.path(row)
        assert nodes[0] == n - 2, "the root was made last"
        below = [*(n + nodes[1:]), row]
        assert tree.parents[below].tolist() == nodes.tolist()
        assert tree.bits[below].tolist() == bits.tolist()
    for inner in range(n - 1):
        children = np.flatnonzero(tree.parents == inner)
        assert len(children) == 2
        light, heavy = sorted(children, key=lambda node: tree.bits[node])
        assert tree.counts[light] <= tree.counts[heavy]
        assert tree.counts[n + inner] == tree.counts[light] + tree.counts[heavy]


def test_one_item_needs_no_decision_and_no_item_is_refused() -> None:
    tree = HuffmanTree.of([7])
    assert len(tree) == 1
    assert tree.lengths.tolist() == [0]
    assert [part.tolist() for part in tree.path(0)] == [[], []]
    assert tree.log_probabilities(np.empty(0)).tolist() == [0.0]
    with pytest.raises(ValueError, match="at least one item"):
        HuffmanTree.of([])


def test_items_that_never_occur_have_a_code_too() -> None:
    tree = HuffmanTree.of([0, 0, 5, 9])
    assert tree.lengths.tolist() == [3, 3, 2, 1]
    assert np.isfinite(tree.entropy)


@given(COUNTS, st.integers(0, 2**32 - 1))
@pytest.mark.slow
def test_probabilities_sum_to_one_and_are_the_products_along_the_paths(counts: list[int], seed: int) -> None:
    tree = HuffmanTree.of(counts)
    scores = np.random.default_rng(seed).normal(0, 3, len(counts) - 1)
    logs = tree.log_probabilities(scores)
    assert np.exp(logs).sum() == pytest.approx(1, abs=1e-9)
    for row in range(len(counts)):
        nodes, bits = tree.path(row)
        product = np.prod([1 / (1 + np.exp(-s if bit == 0 else s)) for s, bit in zip(scores[nodes], bits, strict=True)])
        assert np.exp(logs[row]) == pytest.approx(product, rel=1e-9)
