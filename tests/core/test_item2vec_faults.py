"""What item2vec does not see: examples found in random logs against counts made by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.experiments.item2vec_faults import LEAST, early_or_late, one_way, side_by_side, sizes, unweighted
from recemb_core.experiments.never_together import never_together, told_apart
from recemb_core.sequences import Sequences


def random_log(seed: int, *, ordered: bool = True, count: int = 200) -> Sequences:
    """Sequences of 1 to 7 of eight items, repeats and all."""
    draw = np.random.default_rng(seed)
    lists = [[f"i{k}" for k in draw.integers(8, size=draw.integers(1, 8))] for _ in range(count)]
    return Sequences.from_lists(lists, ordered=ordered)


def holding(log: Sequences) -> Counter[tuple[int, int]]:
    return Counter(pair for one in log for pair in combinations(sorted(set(one.tolist())), 2))


@pytest.mark.parametrize("seed", range(3))
def test_side_by_side_counts_sequences(seed: int) -> None:
    log = random_log(seed)
    found, held = side_by_side(log), holding(log)
    assert found is not None
    beside: Counter[tuple[int, int]] = Counter()
    for one in log:
        rows = one.tolist()
        beside.update({(min(a, b), max(a, b)) for a, b in pairwise(rows) if a != b})
    enough = {pair: times for pair, times in held.items() if times >= LEAST}
    assert held[found.near] == held[found.far] == found.sequences
    assert (beside[found.near], beside[found.far]) == (found.near_times, found.far_times)
    assert found.pairs == len(enough)
    assert found.share == pytest.approx(sum(beside[p] for p in enough) / sum(enough.values()))
    best = max(
        (beside[a] - beside[b]) / held[a] ** 0.5 for a in enough for b in enough if held[a] == held[b]
    )  # fmt: skip
    assert (found.near_times - found.far_times) / found.sequences**0.5 == pytest.approx(best)
    tail = binomtest(found.near_times, found.sequences, found.share, alternative="greater").pvalue
    assert found.p_value == pytest.approx(min(tail * found.pairs, 1))


@pytest.mark.parametrize("seed", range(3))
def test_one_way_counts_steps(seed: int) -> None:
    log = random_log(seed)
    found = one_way(log)
    assert found is not None
    steps = Counter((a, b) for one in log for a, b in zip(one.tolist(), one.tolist()[1:], strict=False) if a != b)
    assert (steps[found.first, found.second], steps[found.second, found.first]) == (found.one, found.other)
    pairs = {(min(p), max(p)) for p in steps}
    assert found.pairs == len(pairs)
    least = min(binomtest(steps[a, b], steps[a, b] + steps[b, a]).pvalue for a, b in pairs)
    assert found.p_value == pytest.approx(min(least * len(pairs), 1))


def test_a_shuffled_log_has_no_direction_and_a_planted_one_has() -> None:
    """Bonferroni: of 40 logs of chance alone at most a few have a pair beyond it (expected: 2 or fewer)."""
    beyond = sum(bool((found := one_way(random_log(seed))) and found.beyond_chance) for seed in range(100, 140))
    assert beyond <= 6  # P(7 or more of 40 at .05) is .003
    planted = Sequences.from_lists([["kettle", "tea", "cup"]] * 12 + [["tea", "cup", "kettle"]])
    found = one_way(planted)
    assert found is not None
    assert found.beyond_chance
    assert [planted.items[row] for row in (found.first, found.second)] == ["tea", "cup"]


def test_halves_go_by_time_not_by_place() -> None:
    log = Sequences.from_lists([["a", "b"], ["c", "d"]] * 30)
    # Of each two sequences the first is of the early half.
    times = np.where(np.repeat(np.arange(60) % 2 == 0, 2), 0.0, 1e6) + np.arange(120)
    found = early_or_late(replace(log, timestamps=times))
    assert found is not None
    assert sorted((found.one, found.other)) == [0, 30]
    assert found.beyond_chance
    mixed = early_or_late(replace(log, timestamps=np.arange(120.0)))
    assert mixed is not None
    assert (mixed.one, mixed.other) == (15, 15)
    assert not mixed.beyond_chance
    assert early_or_late(log) is None


def test_baskets_have_no_order_to_lose() -> None:
    log = random_log(0, ordered=False)
    assert side_by_side(log) is None
    assert one_way(log) is None


def test_strength_is_that_of_the_log_and_repeats_are_counted() -> None:
    log = Sequences.from_lists([["a", "b", "a"], ["c", "d"], ["a", "b", "c", "a", "a", "a"]])
    (repeats,) = unweighted(log)
    assert (repeats.kind, repeats.sequence, repeats.most, repeats.least) == ("repeats", 2, 4, 1)
    assert repeats.share == pytest.approx(1 - (2 + 2 + 3) / 11)
    weights = np.array([1, 1, 1, 30, 2, 1, 1, 1, 1, 1, 1], dtype=np.float32)
    weighed = unweighted(replace(log, weights=weights))[0]
    assert (weighed.kind, weighed.sequence, weighed.most, weighed.least) == ("weights", 1, 30, 2)
    assert log.items[weighed.strong] == "c"
    assert unweighted(Sequences.from_lists([["a", "b"], ["c", "d"]])) == ()


def test_sizes_are_of_distinct_items() -> None:
    log = Sequences.from_lists([["a", "a"], ["a", "b"], ["a", "b", "c", "d", "d"], ["e"]])
    found = sizes(log)
    assert found is not None
    assert (found.largest, found.median, found.sequence) == (4, 3, 2)
    assert found.share == pytest.approx(12 / 14)
    assert found.times == 2
    assert sizes(Sequences.from_lists([["a", "a"]])) is None


@pytest.mark.parametrize("seed", range(3))
def test_pairs_never_together_share_what_they_are_said_to(seed: int) -> None:
    draw = np.random.default_rng(seed)
    log = Sequences.from_lists([[f"i{k}" for k in draw.choice(30, size=2, replace=False)] for _ in range(200)])
    side = pl.DataFrame({f: draw.choice([None, "x", "y", "z"], size=len(log.items)).tolist() for f in "uvw"})
    found = never_together(log, side)
    assert found is not None
    held, rows = holding(log), side.rows()

    def shared(a: int, b: int) -> int:
        return sum(x is not None and x == y for x, y in zip(rows[a], rows[b], strict=True))

    known = np.flatnonzero(log.counts >= LEAST).tolist()
    apart = [pair for pair in combinations(known, 2) if not held[pair]]
    assert {tuple(pair) for pair in found.alike.tolist()} == {pair for pair in apart if shared(*pair) > 1.5}
    assert {tuple(pair) for pair in found.unlike.tolist()} == {pair for pair in apart if shared(*pair) < 1.5}
    assert found.shared == max(shared(*pair) for pair in apart) == shared(found.first, found.second)
    assert found.found == len(found.alike)


def test_vectors_that_know_the_fields_tell_pairs_apart_and_others_do_not() -> None:
    lists = [[f"i{k}", f"i{(k + 7) % 60}"] for k in range(60) for _ in range(5)]
    log = Sequences.from_lists(lists)
    kind = np.array([int(item[1:]) % 3 for item in log.items.ids])
    found = never_together(log, pl.DataFrame({"kind": [str(one) for one in kind]}))
    assert found is not None
    knows = np.eye(3, dtype=np.float32)[kind] + 0.01
    blind = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    high, none = (told_apart(ItemVectors(log.items, rows, None, None, (), None), found) for rows in (knows, blind))
    assert high is not None
    assert none is not None
    assert high.value == 1
    assert none.low < 0.5 < none.high
    with pytest.raises(ValueError, match="train it on this log"):
        told_apart(ItemVectors(log.items.__class__(["a"]), knows[:1], None, None, (), None), found)
