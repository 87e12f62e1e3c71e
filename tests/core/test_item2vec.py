"""item2vec: the pairs of each mode, planted groups, reproducing, equality with word2vec where order counts."""

from __future__ import annotations

import dataclasses
from collections import Counter
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.embeddings import (
    Item2VecConfig,
    ItemVectors,
    TrainingCancelled,
    Word2VecConfig,
    item2vec_defaults,
    pairs_per_epoch,
    train_item2vec,
    train_word2vec,
    training_pairs,
)
from recemb_core.embeddings.block_training import PAIRS_A_LOOK
from recemb_core.embeddings.epochs import MOST_PAIRS
from recemb_core.embeddings.sentences import Sentences, distinct, shuffled
from recemb_core.embeddings.word2vec import as_word2vec
from recemb_core.neighbors.exact import nearest_others
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary

MODES = ["set", "shuffle", "sequence"]
every_mode = pytest.mark.parametrize("mode", MODES)
QUICK = {"dimensions": 8, "window": 2, "epochs": 2, "subsample": 0.0}
sequence = st.lists(st.integers(0, 12), max_size=20)


def planted_baskets(groups: int, size: int = 12, *, many: int = 150, alone: int = 0, seed: int = 0) -> Sequences:
    """Baskets of 6 different items of one group each; ``alone`` further items in no basket."""
    rng = np.random.default_rng(seed)
    rows = [rng.choice(size, 6, replace=False) + size * rng.integers(groups) for _ in range(many)]
    items = Vocabulary(f"item {i}" for i in range(groups * size + alone))
    return Sequences(items, np.arange(many + 1) * 6, np.concatenate(rows).astype(np.int32), ordered=False)


def group_share(vectors: ItemVectors, groups: int, size: int = 12) -> float:
    group = np.repeat(np.arange(groups), size)
    return float((group[nearest_others(vectors.vectors[: groups * size], 5)] == group[:, None]).mean())


def listed(pairs: tuple[Any, Any]) -> Counter:
    return Counter(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True))


# --- the pairs ---


@given(sequence, st.randoms(use_true_random=False), st.integers(1, 5))
@pytest.mark.slow
def test_the_set_mode_lists_all_ordered_pairs_whatever_the_order(items: list[int], random: Any, window: int) -> None:
    config = Item2VecConfig(mode="set", window=window)
    expected = Counter(permutations(set(items), 2))
    assert listed(training_pairs(items, config)) == expected
    random.shuffle(items)
    assert listed(training_pairs(items, config)) == expected
    assert listed(training_pairs(items, config, rng=0)) == expected


@given(sequence, st.integers(1, 5), st.integers(0, 100))
@pytest.mark.slow
def test_a_shuffled_epoch_draws_distinct_pairs_of_the_set(items: list[int], window: int, seed: int) -> None:
    config = Item2VecConfig(mode="shuffle", window=window)
    m = len(set(items))
    drawn = listed(training_pairs(items, config, rng=seed))
    assert max(drawn.values(), default=1) == 1
    assert not set(drawn) - set(permutations(set(items), 2))
    # Positions at most `window` apart: 2·c·m − c·(c + 1) ordered pairs of m > c items.
    c = min(window, max(m - 1, 0))
    assert sum(drawn.values()) == 2 * c * m - c * (c + 1)
    assert listed(training_pairs(items, config)) == Counter(permutations(set(items), 2))


@pytest.mark.slow
def test_shuffling_draws_every_pair_alike() -> None:
    rng = np.random.default_rng(0)
    config = Item2VecConfig(mode="shuffle", window=2)
    rounds = 4_000
    total: Counter = Counter()
    for _ in range(rounds):
        total.update(listed(training_pairs(range(6), config, rng=rng)))
    expected = rounds * (2 * 2 * 6 - 2 * 3) / 30
    assert len(total) == 30
    # Five standard deviations of a binomial count.
    spread = 5 * np.sqrt(expected * (1 - expected / rounds))
    assert all(abs(count - expected) < spread for count in total.values())


@given(sequence, st.integers(1, 5))
def test_the_sequence_mode_lists_the_pairs_of_word2vec(items: list[int], window: int) -> None:
    ours = training_pairs(items, Item2VecConfig(mode="sequence", window=window))
    assert listed(ours) == listed(training_pairs(items, Word2VecConfig(window=window)))


@given(st.lists(sequence, max_size=6), st.sampled_from(MODES), st.integers(1, 5))
@pytest.mark.slow
def test_pairs_per_epoch_counts_what_is_listed(lists: list[list[int]], mode: Any, window: int) -> None:
    sequences = Sequences.from_lists(lists)
    config = Item2VecConfig(mode=mode, window=window)
    full = dataclasses.replace(config, mode="sequence") if mode == "shuffle" else config
    given_lists = [list(dict.fromkeys(x.tolist())) if mode == "shuffle" else x for x in sequences]
    assert pairs_per_epoch(sequences, config) == sum(len(training_pairs(x, full)[0]) for x in given_lists)


@given(st.lists(sequence, max_size=6))
@pytest.mark.slow
def test_distinct_keeps_the_first_of_each_item_in_its_sentence(lists: list[list[int]]) -> None:
    sequences = Sequences.from_lists(lists)
    found = distinct(Sentences(sequences.tokens, sequences.offsets))
    rows = [found.tokens[a:b].tolist() for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)]
    assert rows == [list(dict.fromkeys(x.tolist())) for x in sequences]


@given(st.lists(sequence, min_size=1, max_size=6))
@pytest.mark.slow
def test_shuffling_stays_inside_its_sentence(lists: list[list[int]]) -> None:
    sequences = Sequences.from_lists(lists)
    found = shuffled(Sentences(sequences.tokens, sequences.offsets), np.random.default_rng(0))
    for i, x in enumerate(sequences):
        part = found.tokens[found.offsets[i] : found.offsets[i + 1]]
        assert sorted(part.tolist()) == sorted(x.tolist())


# --- the contract ---


@every_mode
@pytest.mark.parametrize("groups", [2, 4])
def test_neighbors_come_from_the_items_own_group(mode: Any, groups: int) -> None:
    config = Item2VecConfig(dimensions=16, window=3, epochs=20, learning_rate=0.05, subsample=0.0, mode=mode)
    assert group_share(train_item2vec(planted_baskets(groups, many=300), config), groups) >= 0.9


@every_mode
def test_every_item_has_its_row_also_those_that_never_train(mode: Any) -> None:
    baskets = planted_baskets(2, alone=3)
    vectors = train_item2vec(baskets, Item2VecConfig(**QUICK, mode=mode))
    assert vectors.items == baskets.items
    assert vectors.vectors.dtype == np.float32
    assert (np.linalg.norm(vectors.vectors, axis=1) > 0).all()
    assert vectors.output_vectors is not None
    assert not vectors.output_vectors[-3:].any()
    assert vectors.counts is not None
    np.testing.assert_array_equal(vectors.counts, baskets.counts)
    assert vectors.config == Item2VecConfig(**QUICK, mode=mode)


@every_mode
def test_one_seed_gives_identical_bytes_and_another_seed_other_vectors(mode: Any) -> None:
    baskets = planted_baskets(2)
    config = Item2VecConfig(**{**QUICK, "subsample": 0.01}, mode=mode)
    first = train_item2vec(baskets, config)
    assert first.to_bytes() == train_item2vec(baskets, config).to_bytes()
    other = train_item2vec(baskets, dataclasses.replace(config, seed=1))
    assert not np.array_equal(first.vectors, other.vectors)


def test_the_sequence_mode_is_word2vec() -> None:
    sequences = planted_baskets(2)
    config = Item2VecConfig(**QUICK, mode="sequence", ns_exponent=0.5, min_count=2)
    ours, theirs = train_item2vec(sequences, config), train_word2vec(sequences, as_word2vec(config))
    np.testing.assert_array_equal(ours.vectors, theirs.vectors)
    assert ours.history == theirs.history
    assert as_word2vec(config) == Word2VecConfig(**QUICK, ns_exponent=0.5, min_count=2)


@pytest.mark.parametrize("mode", ["set", "shuffle"])
def test_repeats_and_order_do_not_matter_to_a_set(mode: Any) -> None:
    """The set mode trains the same multiset of pairs, so counts of pairs and the noise are equal too."""
    config = Item2VecConfig(**QUICK, mode=mode)
    once, twice = Sequences.from_lists([["a", "b", "c"]]), Sequences.from_lists([["a", "b", "a", "c", "c"]])
    np.testing.assert_array_equal(train_item2vec(once, config).vectors, train_item2vec(twice, config).vectors)


@pytest.mark.parametrize("mode", ["set", "shuffle"])
def test_the_loss_has_an_entry_an_epoch_and_starts_at_knowing_nothing(mode: Any) -> None:
    config = Item2VecConfig(**{**QUICK, "epochs": 6}, mode=mode)
    history = train_item2vec(planted_baskets(3, many=300), config).history
    assert len(history) == 6
    assert history[-1] < history[0] <= np.log(2) * 6


@every_mode
@pytest.mark.parametrize(
    "lists",
    [[], [["a"]], [["a"], ["b"]], [["a", "a"]], [["a", "b", "c"]], [["a", "b"], ["b", "c"], ["c", "a"]]],
    ids=["nothing", "one event", "single events", "one item twice", "one basket of three", "pairs"],
)
def test_small_data_trains_to_finite_vectors(mode: Any, lists: list[list[str]]) -> None:
    sequences = Sequences.from_lists(lists, ordered=False)
    vectors = train_item2vec(sequences, Item2VecConfig(**QUICK, mode=mode))
    assert vectors.vectors.shape == (len(sequences.items), 8)
    assert np.isfinite(vectors.vectors).all()
    assert len(vectors.history) == 2
    assert np.isfinite(vectors.history).all()


@every_mode
def test_min_count_leaves_rare_items_out(mode: Any) -> None:
    sequences = Sequences.from_lists([["a", "b", "rare"], *[["a", "b"]] * 4])
    vectors = train_item2vec(sequences, Item2VecConfig(**QUICK, mode=mode, min_count=2))
    assert vectors.counts is not None
    assert vectors.output_vectors is not None
    assert vectors.counts.tolist() == [5, 5, 0]
    assert not vectors.output_vectors[2].any()


def test_a_min_count_that_leaves_nothing_is_named() -> None:
    sequences = Sequences.from_lists([["a", "b"], ["a", "c"]])
    with pytest.raises(ValueError, match="min_count must be at most 2, the events of the most frequent item, not 3"):
        train_item2vec(sequences, Item2VecConfig(**QUICK, min_count=3))
    assert len(train_item2vec(sequences, Item2VecConfig(**QUICK, min_count=2)).vectors) == 3


# --- progress and stopping ---


@pytest.mark.parametrize("mode", ["set", "shuffle"])
def test_progress_rises_to_one_also_inside_one_long_set(mode: Any) -> None:
    m = 1_500
    sequences = Sequences(Vocabulary(range(m)), np.array([0, m]), np.arange(m, dtype=np.int32), ordered=False)
    config = Item2VecConfig(dimensions=2, epochs=1, negative=1, window=400, mode=mode, subsample=0.0, workers=1)
    assert pairs_per_epoch(sequences, config) > 3 * PAIRS_A_LOOK
    seen: list[float] = []
    train_item2vec(sequences, config, progress=lambda at, _: seen.append(at))
    assert seen[0] == 0
    assert seen[-1] == 1
    assert seen == sorted(seen)
    assert len(set(seen)) > 4


@every_mode
@pytest.mark.parametrize("asked", [1, 2])
def test_cancel_ends_the_training(mode: Any, asked: int) -> None:
    answers = iter([False] * (asked - 1) + [True])
    with pytest.raises(TrainingCancelled, match="cancelled"):
        train_item2vec(planted_baskets(2), Item2VecConfig(**QUICK, mode=mode), cancel=lambda: next(answers))
    assert next(answers, None) is None


# --- the config ---


@pytest.mark.parametrize(("field", "value"), [("mode", "bag"), ("negative", 0), ("window", 0), ("subsample", 1.5)])
def test_a_bad_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be .*, not {value!r}$"):
        Item2VecConfig(**{field: value})


def test_the_defaults_take_fewer_epochs_where_there_are_more_pairs() -> None:
    small = item2vec_defaults(planted_baskets(2), seed=3)
    assert (small.mode, small.seed, small.subsample) == ("set", 3, 0.0)
    m = 4_000
    large = Sequences(Vocabulary(range(m)), np.array([0, m]), np.arange(m, dtype=np.int32))
    assert item2vec_defaults(large).mode == "set"
    assert item2vec_defaults(large).epochs < small.epochs
    # Above 30 million pairs an epoch the exact mode would take minutes.
    m = 6_000
    longer = Sequences(Vocabulary(range(m)), np.array([0, m]), np.arange(m, dtype=np.int32))
    config = item2vec_defaults(longer)
    assert (config.mode, config.window) == ("shuffle", 10)
    assert config.epochs * pairs_per_epoch(longer, config) < 2 * MOST_PAIRS
