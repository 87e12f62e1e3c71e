"""Pairs by number: those drawn from a log come up as often as one pass over it would meet them."""

from __future__ import annotations

import numpy as np
import pytest

from recemb_core.embeddings import Item2VecConfig, Word2VecConfig, training_pairs
from recemb_core.embeddings.pair_sources import CenterPairs, DrawnPairs, RepeatedPairs, context_counts
from recemb_core.sequences import Sequences

LOG = Sequences.from_lists(
    [["tea", "milk", "cup", "tea", "spoon"], ["cup"], ["milk", "cup"], ["tea", "spoon", "milk", "cup", "jam", "bread"]]
)
N = len(LOG.items)


def pair_table(window: int | None, shrink: bool = False) -> np.ndarray:
    """(N, N): how often one pass meets each pair, from the library's list of pairs of each sequence."""
    if window is None:
        configs: list[Word2VecConfig | Item2VecConfig] = [Item2VecConfig(mode="set")]
    else:  # a shrinking window is every reach from 1 to c, equally often
        configs = [
            Word2VecConfig(window=w, shrink_windows=False) for w in (range(1, window + 1) if shrink else (window,))
        ]
    table = np.zeros((N, N))
    for config in configs:
        for index in range(len(LOG)):
            np.add.at(table, training_pairs(LOG[index], config), 1)
    return table / len(configs)


@pytest.mark.parametrize(
    ("window", "shrink"), [(1, False), (2, False), (3, True), (10, False), (10, True), (None, False)]
)
def test_drawn_pairs_have_the_shares_of_one_pass(window: int | None, shrink: bool) -> None:
    """200,000 draws: every share within 4.5 standard errors; some 30 pairs a case would all hold at 4 in 99.8%."""
    drawn = DrawnPairs(LOG, window=window, shrink=shrink, seed=3).take(0, 200_000)
    found = np.zeros((N, N))
    np.add.at(found, (drawn[:, 0], drawn[:, 1]), 1)
    p = pair_table(window, shrink)
    p /= p.sum()
    assert (found[p == 0] == 0).all()
    assert (np.abs(found / len(drawn) - p) <= 4.5 * np.sqrt(p * (1 - p) / len(drawn))).all()


@pytest.mark.parametrize("window", [2, None])
def test_the_same_numbers_are_the_same_pairs(window: int | None) -> None:
    source = DrawnPairs(LOG, window=window, seed=1)
    whole = source.take(0, 3_000)
    assert whole.shape == (3_000, 2)
    np.testing.assert_array_equal(np.concatenate([source.take(0, 7), source.take(7, 2_050)]), whole[:2_050])
    np.testing.assert_array_equal(DrawnPairs(LOG, window=window, seed=1).take(1_020, 1_030), whole[1_020:1_030])
    assert (DrawnPairs(LOG, window=window, seed=2).take(0, 3_000) != whole).any()
    assert source.take(5, 5).shape == (0, 2)


def test_repeated_pairs_go_round() -> None:
    source = RepeatedPairs(np.array([[0, 1], [1, 0], [2, 1]], dtype=np.int32))
    assert source.take(2, 5).tolist() == [[2, 1], [0, 1], [1, 0]]
    assert source.take(4, 4).shape == (0, 2)
    with pytest.raises(ValueError, match="at least one pair"):
        RepeatedPairs(np.empty((0, 2), dtype=np.int64))


@pytest.mark.parametrize("window", [1, 2, 10, None])
def test_context_counts_are_the_rows_of_all_pairs(window: int | None) -> None:
    table = pair_table(window)
    for row in range(N):
        np.testing.assert_array_equal(context_counts(LOG, row, window), table[row])


def test_an_item_may_be_its_own_context_in_a_window_but_not_in_a_set() -> None:
    tea = LOG.items.row("tea")
    assert context_counts(LOG, tea, 3)[tea] == 2
    assert context_counts(LOG, tea, None)[tea] == 0


def test_bad_input_is_named() -> None:
    for window in (0, 1.5):
        with pytest.raises(ValueError, match="window"):
            DrawnPairs(LOG, window=window)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="window"):
            context_counts(LOG, 0, window)  # type: ignore[arg-type]
    lonely = Sequences.from_lists([["tea"], ["milk"]])
    for window in (2, None):
        with pytest.raises(ValueError, match="no pair to train on"):
            DrawnPairs(lonely, window=window)


def test_center_pairs_follow_the_counts() -> None:
    """50,000 draws: every share within 4.5 standard errors."""
    tea = LOG.items.row("tea")
    counts = context_counts(LOG, tea, 2)
    source = CenterPairs(tea, counts, seed=4)
    drawn = source.take(0, 50_000)
    assert (drawn[:, 0] == tea).all()
    p = counts / counts.sum()
    shares = np.bincount(drawn[:, 1], minlength=N) / len(drawn)
    assert (shares[p == 0] == 0).all()
    assert (np.abs(shares - p) <= 4.5 * np.sqrt(p * (1 - p) / len(drawn))).all()
    np.testing.assert_array_equal(np.concatenate([source.take(0, 1_030), source.take(1_030, 2_100)]), drawn[:2_100])
    assert source.take(3, 3).shape == (0, 2)
    with pytest.raises(ValueError, match="counts"):
        CenterPairs(tea, np.zeros(N, dtype=np.int64))
