"""word2vec: planted groups, all four trainings, rows, reproducing, subsampling, long sentences, errors."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.embeddings import (
    ItemVectors,
    TrainingCancelled,
    Word2VecConfig,
    noise_distribution,
    train_word2vec,
    training_pairs,
    word2vec_defaults,
)
from recemb_core.embeddings.gensim_training import _batch_edges
from recemb_core.embeddings.noise import noise_table
from recemb_core.embeddings.sentences import Sentences, cut_long, keep_probabilities, subsampled, without_short
from recemb_core.neighbors.exact import nearest_others
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary

ROOT = Path(__file__).resolve().parents[2]
KINDS = [
    pytest.param({"skip_gram": sg, "hierarchical_softmax": hs}, id=f"{'sg' if sg else 'cbow'}-{'hs' if hs else 'ns'}")
    for sg in (True, False)
    for hs in (False, True)
]
every_kind = pytest.mark.parametrize("kind", KINDS)
QUICK = {"dimensions": 8, "window": 3, "epochs": 2, "subsample": 0.0}


def planted_sequences(groups: int, size: int = 12, *, many: int = 120, alone: int = 0, seed: int = 0) -> Sequences:
    """Sequences of 8 draws from one group each; ``alone`` further items that no sequence holds."""
    rng = np.random.default_rng(seed)
    tokens = (rng.integers(groups, size=many)[:, None] * size + rng.integers(size, size=(many, 8))).astype(np.int32)
    items = Vocabulary(f"item {i}" for i in range(groups * size + alone))
    return Sequences(items, np.arange(many + 1) * 8, tokens.ravel())


def group_share(vectors: ItemVectors, groups: int, size: int = 12) -> float:
    """Share of the 5 nearest neighbors that are of the item's own group."""
    group = np.repeat(np.arange(groups), size)
    return float((group[nearest_others(vectors.vectors[: groups * size], 5)] == group[:, None]).mean())


# --- the planted-cluster contract ---


@every_kind
@pytest.mark.parametrize("groups", [2, 4])
@pytest.mark.slow
def test_neighbors_come_from_the_items_own_group(kind: dict, groups: int) -> None:
    # CBOW makes one update a token where skip-gram makes one a pair, so it takes more passes.
    config = Word2VecConfig(dimensions=16, window=5, epochs=20, learning_rate=0.05, subsample=0.0, **kind)
    vectors = train_word2vec(planted_sequences(groups, many=300), config)
    assert group_share(vectors, groups) >= 0.9


@every_kind
def test_every_item_has_its_row_also_those_that_never_train(kind: dict) -> None:
    sequences = planted_sequences(2, alone=3)
    vectors = train_word2vec(sequences, Word2VecConfig(**QUICK, **kind))
    assert vectors.items == sequences.items
    assert vectors.vectors.shape == (27, 8)
    assert vectors.vectors.dtype == np.float32
    assert np.isfinite(vectors.vectors).all()
    assert (np.linalg.norm(vectors.vectors, axis=1) > 0).all()
    assert vectors.counts is not None
    np.testing.assert_array_equal(vectors.counts, sequences.counts)
    assert vectors.counts[-3:].tolist() == [0, 0, 0]


@every_kind
def test_rows_are_in_the_order_of_the_vocabulary(kind: dict) -> None:
    """The same events under a vocabulary in another order give the same groups at the other rows."""
    sequences = planted_sequences(2, many=300)
    order = np.random.default_rng(5).permutation(24)
    moved = dataclasses.replace(
        sequences,
        items=Vocabulary(sequences.items[int(i)] for i in order),
        tokens=np.argsort(order)[sequences.tokens].astype(np.int32),
    )
    config = Word2VecConfig(dimensions=16, epochs=20, learning_rate=0.05, subsample=0.0, **kind)
    vectors = train_word2vec(moved, config)
    group = order // 12
    assert (group[nearest_others(vectors.vectors, 5)] == group[:, None]).mean() >= 0.9


@every_kind
def test_output_vectors_belong_to_negative_sampling(kind: dict) -> None:
    vectors = train_word2vec(planted_sequences(2), Word2VecConfig(**QUICK, **kind))
    if kind["hierarchical_softmax"]:
        assert vectors.output_vectors is None
    else:
        assert vectors.output_vectors is not None
        assert vectors.output_vectors.shape == vectors.vectors.shape
        assert vectors.output_vectors.dtype == np.float32
        assert (np.linalg.norm(vectors.output_vectors, axis=1) > 0).all()


@every_kind
def test_the_loss_has_an_entry_an_epoch_and_falls(kind: dict) -> None:
    config = Word2VecConfig(**{**QUICK, "epochs": 8}, **kind)
    history = train_word2vec(planted_sequences(3, many=300), config).history
    assert len(history) == 8
    assert history[-1] < history[0]


def test_the_first_loss_is_that_of_knowing_nothing() -> None:
    """All scores start near 0: −log σ(0) for the positive and each negative, one example a token in CBOW."""
    config = Word2VecConfig(
        dimensions=8, window=2, epochs=1, negative=5, learning_rate=1e-6, skip_gram=False, subsample=0.0
    )
    loss = train_word2vec(planted_sequences(3, size=40, many=400), config).history[0]
    # A negative that hits the positive is left out, 1 in 120 here; gensim's table of logarithms is 2% off at 0.
    assert loss == pytest.approx(np.log(2) * (1 + 5 * (1 - 1 / 120)), rel=0.03)


@pytest.mark.slow
def test_the_loss_of_long_data_is_not_rounded_away() -> None:
    """2 million terms: a float32 sum over a pass loses small terms, ours must equal that of a tenth of the data."""
    config = Word2VecConfig(
        dimensions=4, window=2, epochs=1, negative=5, learning_rate=1e-6, skip_gram=False, subsample=0.0
    )
    losses = [train_word2vec(planted_sequences(2, many=many), config).history[0] for many in (4_000, 40_000)]
    assert losses[1] == pytest.approx(losses[0], rel=2e-3)


# --- reproducing ---


@every_kind
def test_one_seed_gives_identical_bytes_and_another_seed_other_vectors(kind: dict) -> None:
    sequences = planted_sequences(2)
    config = Word2VecConfig(**{**QUICK, "subsample": 0.01}, **kind)
    first, again = train_word2vec(sequences, config), train_word2vec(sequences, config)
    assert first.to_bytes() == again.to_bytes()
    other = train_word2vec(sequences, dataclasses.replace(config, seed=1))
    assert not np.array_equal(first.vectors, other.vectors)


DIGEST = """
import hashlib
from recemb_core.embeddings import Item2VecConfig, Word2VecConfig, train_item2vec, train_word2vec
from recemb_core.sequences import Sequences
data = Sequences.from_lists([["tea", "milk", "cup"], ["cup", "pot", "tea", "lid"], ["milk", "lid"]] * 20)
for hs in (False, True):
    config = Word2VecConfig(dimensions=4, hierarchical_softmax=hs, subsample=0.05)
    print(hashlib.sha256(train_word2vec(data, config).to_bytes()).hexdigest())
for mode in ("set", "shuffle", "sequence"):
    config = Item2VecConfig(dimensions=4, mode=mode, subsample=0.05, window=2)
    print(hashlib.sha256(train_item2vec(data, config).to_bytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_hash_seed_of_the_process() -> None:
    outputs = []
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", DIGEST], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        outputs.append(run.stdout.split())
    assert len(set(outputs[0])) == 5
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.id != "sg-ns"])
@pytest.mark.slow
def test_several_workers_learn_the_groups_too(kind: dict) -> None:
    config = Word2VecConfig(dimensions=16, epochs=20, learning_rate=0.05, subsample=0.0, workers=3, **kind)
    vectors = train_word2vec(planted_sequences(3, many=2_000), config)
    assert group_share(vectors, 3) >= 0.9
    assert all(0 < loss < 100 for loss in vectors.history)


# --- what is trained on ---


def test_items_below_min_count_do_not_train_and_the_items_around_them_meet() -> None:
    lists = [["a", "b", "rare", "c"]] + [["a", "b", "c", "d"]] * 9
    sequences = Sequences.from_lists(lists)
    config = Word2VecConfig(**{**QUICK, "epochs": 30}, min_count=5)
    vectors = train_word2vec(sequences, config)
    assert vectors.counts is not None
    assert dict(zip(sequences.items, vectors.counts.tolist(), strict=True)) == {
        "a": 10, "b": 10, "rare": 0, "c": 10, "d": 9,
    }  # fmt: skip
    assert vectors.output_vectors is not None
    # Neither predicted nor drawn as noise: its output vector is where it started.
    assert not vectors.output_vectors[sequences.items.row("rare")].any()
    row = sequences.items.row
    centers, contexts = training_pairs(sequences[0], Word2VecConfig(window=1, min_count=5), counts=sequences.counts)
    assert (row("b"), row("c")) in set(zip(centers.tolist(), contexts.tolist(), strict=True))


def test_an_item_never_seen_is_never_a_negative() -> None:
    vectors = train_word2vec(planted_sequences(2, alone=4), Word2VecConfig(**{**QUICK, "epochs": 10}))
    assert vectors.output_vectors is not None
    assert not vectors.output_vectors[-4:].any()
    assert vectors.output_vectors[:24].any(axis=1).all()


def test_the_noise_exponent_reaches_the_trainer() -> None:
    """Items 2 … 9 occur once in a pair with 0; at −4 the noise falls on them, at 4 nearly never."""
    lists = [["0", "1"]] * 200 + [["0", str(i)] for i in range(2, 10)]
    sequences = Sequences.from_lists(lists)
    config = Word2VecConfig(dimensions=4, window=1, epochs=5, subsample=0.0, learning_rate=0.1)
    moved = {}
    for exponent in (-4.0, 4.0):
        found = train_word2vec(sequences, dataclasses.replace(config, ns_exponent=exponent)).output_vectors
        assert found is not None
        moved[exponent] = np.linalg.norm(found[2:], axis=1).mean()
    assert moved[-4.0] > 3 * moved[4.0]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.integers(-20, 20).map(lambda tenths: tenths / 10))
@pytest.mark.slow
def test_the_noise_distribution_is_a_distribution_over_seen_items(counts: list[int], exponent: float) -> None:
    found = noise_distribution(np.array(counts), exponent)
    assert found.sum() == pytest.approx(1)
    seen = np.array(counts) > 0
    if seen.any():
        assert (found[seen] > 0).all()
        assert (found[~seen] == 0).all()
        expected = np.array(counts, dtype=float)[seen] ** exponent
        np.testing.assert_allclose(found[seen], expected / expected.sum(), rtol=1e-9)


def test_the_kernels_table_holds_the_noise_distribution() -> None:
    counts = np.array([0, 1, 5, 100, 3])
    table = noise_table(counts, 0.75)
    share = np.bincount(table, minlength=5) / len(table)
    np.testing.assert_allclose(share, noise_distribution(counts, 0.75), atol=1 / len(table))


def test_subsampling_keeps_the_share_that_the_formula_says() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.choice(4, p=[0.7, 0.2, 0.09, 0.01], size=200_000).astype(np.int32)
    counts = np.bincount(tokens, minlength=4)
    keep = keep_probabilities(counts, 0.05)
    ratio = 0.05 / (counts / counts.sum())
    np.testing.assert_allclose(keep, np.minimum(np.sqrt(ratio) + ratio, 1))
    sentences = Sentences(tokens, np.array([0, 50_000, 50_000, 200_000]))
    left = subsampled(sentences, keep, rng)
    share = np.bincount(left.tokens, minlength=4) / counts
    # Five standard errors of a binomial share.
    assert (np.abs(share - keep) <= 5 * np.sqrt(keep * (1 - keep) / counts) + 1e-12).all()
    assert left.offsets[-1] == len(left.tokens)
    assert left.offsets[1] == left.offsets[2]
    assert left.offsets[1] / len(left.tokens) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("kind", [{}, {"hierarchical_softmax": True}], ids=["blocks", "gensim"])
def test_sentences_that_gensim_would_cut_are_trained_whole(kind: dict) -> None:
    """Items that appear only behind the 10,000th event of a sequence train as well."""
    tokens = np.concatenate([np.tile([0, 1], 6_000), np.tile([2, 3], 6_000)]).astype(np.int32)
    sequences = Sequences(Vocabulary("abcd"), np.array([0, len(tokens)]), tokens)
    vectors = train_word2vec(sequences, Word2VecConfig(**QUICK, **kind))
    if vectors.output_vectors is not None:
        assert (np.linalg.norm(vectors.output_vectors, axis=1) > 0.1).all()
    assert vectors.most_similar("c", 1)[0][0] == "d"


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 7))
def test_cutting_keeps_every_token_in_order(lengths: list[int], most: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    cut = cut_long(Sentences(np.arange(offsets[-1], dtype=np.int32), offsets), most)
    parts = np.diff(cut.offsets)
    assert parts.max(initial=0) <= most
    assert parts.sum() == offsets[-1]
    assert set(offsets.tolist()) <= set(cut.offsets.tolist())


@given(st.lists(st.integers(2, 40), max_size=30), st.integers(1, 60))
@pytest.mark.slow
def test_batches_hold_whole_sentences_and_all_of_them(lengths: list[int], tokens: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    edges = _batch_edges(offsets, tokens)
    assert edges[0] == 0
    assert edges[-1] == len(lengths)
    sizes = np.diff(offsets[edges])
    assert ((sizes <= tokens) | (np.diff(edges) == 1)).all()


def test_short_sentences_hold_no_pair() -> None:
    left = without_short(Sentences(np.array([1, 2, 3, 4], np.int32), np.array([0, 1, 3, 3, 4])))
    assert (left.tokens.tolist(), left.offsets.tolist()) == ([2, 3], [0, 2])


# --- small and odd data ---

ODD: list[tuple[str, list[list[str]]]] = [
    ("nothing", []),
    ("one event", [["a"]]),
    ("single events", [["a"], ["b"], ["c"]]),
    ("one item twice", [["a", "a"]]),
    ("one sequence of three", [["a", "b", "c"]]),
    ("pairs", [["a", "b"], ["b", "c"], ["c", "a"]]),
]


@every_kind
@pytest.mark.parametrize(("name", "lists"), ODD, ids=[name for name, _ in ODD])
def test_small_data_trains_to_finite_vectors(kind: dict, name: str, lists: list[list[str]]) -> None:
    sequences = Sequences.from_lists(lists)
    vectors = train_word2vec(sequences, Word2VecConfig(**QUICK, **kind))
    assert vectors.vectors.shape == (len(sequences.items), 8)
    assert np.isfinite(vectors.vectors).all()
    assert len(vectors.history) == 2
    assert np.isfinite(vectors.history).all()


def test_the_defaults_fit_the_size_of_the_data() -> None:
    small = word2vec_defaults(planted_sequences(2), seed=4)
    assert (small.seed, small.subsample, small.dimensions) == (4, 0.0, 16)
    large = Sequences(Vocabulary(range(600)), np.array([0, 10**6]), np.zeros(10**6, np.int32))
    assert word2vec_defaults(large).epochs < small.epochs
    assert word2vec_defaults(large).dimensions == 32


def test_a_min_count_that_leaves_nothing_is_named() -> None:
    sequences = Sequences.from_lists([["a", "b"], ["a", "c"]])
    with pytest.raises(ValueError, match="min_count must be at most 2, the events of the most frequent item, not 3"):
        train_word2vec(sequences, Word2VecConfig(**QUICK, min_count=3))
    assert len(train_word2vec(sequences, Word2VecConfig(**QUICK, min_count=2)).vectors) == 3


# --- progress and stopping ---


def test_progress_rises_to_one_many_times_an_epoch() -> None:
    seen: list[float] = []
    train_word2vec(planted_sequences(2, many=30_000), Word2VecConfig(**QUICK), progress=lambda at, _: seen.append(at))
    assert seen[0] == 0
    assert seen[-1] == 1
    assert seen == sorted(seen)
    assert len(set(seen)) > 10


@every_kind
@pytest.mark.parametrize("asked", [1, 4])
def test_cancel_ends_the_training_between_batches(kind: dict, asked: int) -> None:
    answers = iter([False] * (asked - 1) + [True])
    with pytest.raises(TrainingCancelled, match="cancelled"):
        train_word2vec(planted_sequences(2, many=6_000), Word2VecConfig(**QUICK, **kind), cancel=lambda: next(answers))
    assert next(answers, None) is None


def test_an_exception_in_progress_ends_the_training() -> None:
    def progress(share: float, stage: str) -> None:
        if share > 0.3:
            raise KeyboardInterrupt(stage)

    with pytest.raises(KeyboardInterrupt, match="training"):
        train_word2vec(planted_sequences(2, many=6_000), Word2VecConfig(**QUICK, workers=2), progress=progress)


# --- the config ---

BAD_FIELDS = [
    ("dimensions", 0, "from 1 to 4,096"),
    ("window", 2.5, "a whole number"),
    ("epochs", True, "a whole number"),
    ("min_count", 0, "at least 1"),
    ("workers", -1, "at least 1"),
    ("negative", 0, "at least 1 (or set hierarchical_softmax)"),
    ("learning_rate", 0.0, "above 0 and at most 1"),
    ("learning_rate", float("nan"), "above 0 and at most 1"),
    ("ns_exponent", 5.0, "from −4 to 4"),
    ("ns_exponent", float("nan"), "from −4 to 4"),
    ("subsample", -0.1, "from 0 (off) to 1"),
    ("subsample", 2.0, "from 0 (off) to 1"),
    ("seed", 2**32, "from 0 to 2^32 − 1"),
]


@pytest.mark.parametrize(("field", "value", "allowed"), BAD_FIELDS)
def test_a_bad_field_is_named_with_its_value_and_what_is_allowed(field: str, value: Any, allowed: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be .*{re.escape(allowed)}.*not {re.escape(repr(value))}$"):
        Word2VecConfig(**{field: value})


def test_every_numeric_field_is_validated() -> None:
    numeric = {f.name for f in dataclasses.fields(Word2VecConfig) if str(f.type).startswith(("int", "float"))}
    assert numeric == {field for field, *_ in BAD_FIELDS}


def test_negative_is_not_needed_with_a_tree() -> None:
    assert Word2VecConfig(hierarchical_softmax=True, negative=0).negative == 0


# --- the pairs ---


@given(st.lists(st.integers(0, 9), max_size=25), st.integers(1, 8))
def test_the_full_window_lists_exactly_the_pairs_within_it(sequence: list[int], window: int) -> None:
    centers, contexts = training_pairs(sequence, Word2VecConfig(window=window))
    expected = [
        (sequence[i], sequence[j])
        for i in range(len(sequence))
        for j in range(max(0, i - window), min(len(sequence), i + window + 1))
        if i != j
    ]
    assert list(zip(centers.tolist(), contexts.tolist(), strict=True)) == expected
    assert centers.dtype == contexts.dtype == np.int32


def test_a_drawn_window_is_as_wide_as_word2vec_draws_it() -> None:
    """A pair at distance δ is used with probability (c − δ + 1)/c."""
    m, window = 60_000, 4
    centers, contexts = training_pairs(np.arange(m), Word2VecConfig(window=window), rng=0)
    share = np.bincount(np.abs(centers - contexts), minlength=window + 1)[1:] / (2 * m)
    expected = (window - np.arange(1, window + 1) + 1) / window
    # Five standard errors, the two sides of a center being drawn together.
    np.testing.assert_allclose(share, expected, atol=5 * np.sqrt(0.25 / m))


def test_without_shrinking_every_draw_is_the_full_window() -> None:
    config = Word2VecConfig(window=3, shrink_windows=False)
    drawn, full = training_pairs(range(20), config, rng=1), training_pairs(range(20), config)
    for a, b in zip(drawn, full, strict=True):
        np.testing.assert_array_equal(a, b)


def test_subsampled_pairs_come_from_the_tokens_that_stay() -> None:
    counts = np.array([10**7, 10, 10])
    sequence = [1] + [0] * 50 + [2]
    config = Word2VecConfig(window=1, shrink_windows=False, subsample=1e-6)
    centers, contexts = training_pairs(sequence, config, rng=0, counts=counts)
    # Item 0 stays with probability 0.001, so that 1 and 2 nearly always meet.
    assert Counter(zip(centers.tolist(), contexts.tolist(), strict=True)) == Counter([(1, 2), (2, 1)])


def test_pairs_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"one-dimensional, not of shape \(1, 2\)"):
        training_pairs([[1, 2]], Word2VecConfig())
    with pytest.raises(ValueError, match="config must be a Word2VecConfig or an Item2VecConfig, not dict"):
        training_pairs([1, 2], {})  # type: ignore[arg-type]
