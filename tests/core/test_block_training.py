"""Skip-gram in blocks: each pair once, the parts, the reference, the same bytes on any number of threads."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.embeddings import (
    DeepWalkConfig,
    EGESConfig,
    Item2VecConfig,
    Node2VecConfig,
    TrainingCancelled,
    Word2VecConfig,
    block_training,
    reference,
    train_model,
    training_pairs,
)
from recemb_core.embeddings.block_training import cut, pairs_of_sentences, parts_of, train_blocks
from recemb_core.embeddings.noise import noise_weights
from recemb_core.embeddings.pair_blocks_kernel import ITEM, KEEP, OTHER, Text, deal, fill_noise
from recemb_core.embeddings.registry import MODELS
from recemb_core.embeddings.sentences import Sentences, threads_for
from recemb_core.embeddings.skip_gram_kernel import AHEAD, Plan, Tables, draw_negatives
from recemb_core.item_graph import ItemGraph
from recemb_core.kernels.reference import mixed_number
from recemb_core.result_files import key_of
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary

ROOT = Path(__file__).resolve().parents[2]
RATES = (0.01, 0.002)
lengths = st.lists(st.integers(0, 12), max_size=10)


def text_of(rng: np.random.Generator, n: int, sizes: list[int]) -> Sentences:
    """Sentences of these lengths; items come again, also next to each other."""
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Sentences(rng.integers(0, n, offsets[-1]).astype(np.int32), offsets)


def in_parts(monkeypatch: pytest.MonkeyPatch, parts: int, pairs: int = 15) -> None:
    monkeypatch.setattr(block_training, "PARTS", ((0, parts),))
    monkeypatch.setattr(block_training, "PAIRS_AN_ITEM", pairs)


def no_report(share: float) -> None:
    """Nobody asks."""


# --- pairs and chunks ---


@given(lengths, st.integers(1, 6))
@pytest.mark.slow
def test_the_expected_pairs_are_the_mean_of_those_drawn(sizes: list[int], window: int) -> None:
    def counted(size: int, reach: int) -> int:
        return len(training_pairs(np.arange(size), Word2VecConfig(window=reach))[0])

    m = np.array(sizes, dtype=np.int64)
    full = [counted(size, window) for size in sizes]
    drawn = [np.mean([counted(size, reach) for reach in range(1, window + 1)]) for size in sizes]
    assert pairs_of_sentences(m, window, False).tolist() == full
    assert pairs_of_sentences(m, window, True) == pytest.approx(np.array(drawn))
    assert pairs_of_sentences(m, None, False).tolist() == [size * (size - 1) for size in sizes]


@given(st.lists(st.integers(2, 40), min_size=1, max_size=20), st.integers(1, 6) | st.none(), st.integers(1, 300))
@pytest.mark.slow
def test_chunks_cover_the_text_and_fit_into_their_room(sizes: list[int], window: int | None, most: int) -> None:
    sentences = text_of(np.random.default_rng(0), 9, sizes)
    edges, room = cut(sentences.offsets, window, False, most)
    assert (edges[0], edges[-1]) == (0, len(sentences.tokens))
    assert (np.diff(edges) > 0).all()
    text = Text(*sentences, len(sentences.tokens) if window is None else window, False)
    found = [len(reference.pairs_of(text, a, b, 0)) for a, b in pairwise(edges.tolist())]
    assert max(found) <= room
    assert sum(found) == pairs_of_sentences(np.array(sizes), window, False).sum()
    # A token more or less at either end, and inside a sentence tokens have more pairs than at its ends.
    longest = [m - 1 if window is None else min(m - 1, 2 * window) for m in sizes]
    means = pairs_of_sentences(np.array(sizes), window, False) / sizes
    assert max(found) <= most * max(longest / means) + 2 * max(longest)


@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 2**64 - 1), st.floats(-1, 1))
@settings(deadline=None)
@pytest.mark.slow
def test_parts_are_those_of_the_reference_alike_in_count_with_the_noise_of_their_items(
    n: int, parts: int, seed: int, exponent: float
) -> None:
    rng = np.random.default_rng(n)
    counts = rng.integers(0, 50, n)
    blocks = block_training._room(None, counts, exponent, parts, 0)
    deal(blocks, np.uint64(seed))
    members = [blocks.members[a:b].tolist() for a, b in pairwise(blocks.first.tolist())]
    assert members == reference.dealt(blocks.order, parts, seed)
    assert sorted(chain(*members)) == list(range(n))
    assert all(item in members[blocks.part[item]] for item in range(n))
    totals = [int(counts[items].sum()) for items in members]
    assert max(totals) - min(totals) <= counts.max()  # P neighbors in count go to P parts
    weights = noise_weights(counts, exponent)
    for p, items in enumerate(members):
        fill_noise(blocks, p)
        slots = blocks.noise[blocks.first[p] : blocks.first[p + 1]]
        kept = (slots[:, KEEP].astype(float) + (slots[:, KEEP] == 2**32 - 1)) / 2**32
        mass = np.zeros(n)
        np.add.at(mass, slots[:, ITEM], kept)
        np.add.at(mass, slots[:, OTHER], 1 - kept)
        wanted = weights[items] if weights[items].sum() else np.ones(len(items))
        assert mass[items] == pytest.approx(wanted / max(wanted.sum(), 1e-300) * len(items), abs=1e-6)


def test_negatives_are_drawn_by_the_noise_of_the_part() -> None:
    counts = np.array([60, 30, 9, 1, 0])
    blocks = block_training._room(None, counts, 1.0, 1, 0)
    deal(blocks, np.uint64(0))
    fill_noise(blocks, 0)
    targets = np.empty(100_001, dtype=np.int32)
    draw_negatives(targets, np.uint64(9), blocks.noise)
    found = np.bincount(targets[1:], minlength=5) / 100_000
    assert (np.abs(found - counts / 100) <= 5 * np.sqrt(counts / 100 / 100_000)).all()  # five standard errors
    assert found[4] == 0


# --- the kernel ---


@pytest.mark.parametrize(
    ("d", "window", "negative", "parts"),
    [(1, 1, 1, 1), (3, 2, 5, 3), (8, None, 0, 4), (16, 1, 2, 8), (33, 5, 3, 2), (64, 2, 20, 3), (8, None, 3, 5)],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_chunk_trains_as_the_reference(d: int, window: int | None, negative: int, parts: int, seed: int) -> None:
    rng, n = np.random.default_rng(seed), 13
    sentences = text_of(rng, n, [7, 2, 0, 5, 9])
    counts = np.bincount(sentences.tokens, minlength=n)
    text = Text(*sentences, 23 if window is None else window, window is not None)
    exact = Tables(rng.normal(size=(n, d)) * 0.4, rng.normal(size=(n, d)) * 0.4)
    ours = Tables(*(table.astype(np.float32) for table in exact))
    before = ours.vectors.copy()
    edges = np.array([0, 4, 23])
    falling = np.array([RATES[0], 0.006, RATES[1]])
    plan = Plan(edges, falling, negative, np.uint64(seed + 7), np.zeros((2, parts**2)), np.zeros(2, np.int64))
    blocks = block_training._room(None, counts, 0.75, parts, 500)
    block_training._share_out(text, plan, blocks, ours, 1, no_report)
    given = blocks.order, noise_weights(counts), parts, exact, negative
    for c in range(2):
        assert reference.AHEAD == AHEAD
        ends = float(falling[c]), float(falling[c + 1])
        of_chunk = mixed_number(seed + 7, c)
        loss, pairs = reference.train_chunk(text, int(edges[c]), int(edges[c + 1]), *given, ends, of_chunk)
        assert plan.trained[c] == pairs
        assert plan.losses[c].sum() == pytest.approx(loss, rel=1e-5)
    for a, b in zip(ours, exact, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)
    assert np.abs(ours.vectors - before).max() > 1e-3  # there was something to compare


@pytest.mark.parametrize(("window", "parts"), [(None, 1), (2, 1), (None, 3), (2, 3)])
def test_each_listed_pair_is_trained_once(window: int | None, parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With inputs at 0, outputs at 1, no noise and a tiny rate, an input gains rate/2 for each pair it is in."""
    in_parts(monkeypatch, parts, pairs=3)
    tokens, offsets = np.array([0, 1, 2, 3, 4, 2, 0, 5], dtype=np.int32), np.array([0, 5, 8])
    rate, many = 1e-5, 0
    tables = Tables(np.zeros((6, 1), np.float32), np.ones((6, 1), np.float32))
    text = Text(tokens, offsets, 8 if window is None else window, False)
    edges, room = cut(offsets, window, False, 9)
    chunks = len(edges) - 1
    losses = np.zeros((chunks, parts**2))
    plan = Plan(edges, np.full(chunks + 1, rate), 0, np.uint64(1), losses, np.zeros(chunks, np.int64))
    counts = np.bincount(tokens)
    block_training._share_out(text, plan, block_training._room(None, counts, 1.0, parts, room), tables, 1, no_report)
    wanted: Counter[int] = Counter()
    for part in (tokens[:5], tokens[5:]):
        config = Item2VecConfig() if window is None else Word2VecConfig(window=window)
        contexts = training_pairs(part, config)[1].tolist()
        wanted, many = wanted + Counter(contexts), many + len(contexts)
    np.testing.assert_allclose(tables.vectors[:, 0] / (rate / 2), [wanted[item] for item in range(6)], rtol=1e-3)
    assert plan.trained.sum() == many
    assert losses.sum() / many == pytest.approx(np.log1p(np.exp(-0.0)), rel=1e-2)


# --- threads ---


def a_shop(n: int, sessions: int, seed: int = 0) -> Sequences:
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, n, sessions)[:, None]
    tokens = ((starts + rng.integers(0, 12, (sessions, 8))) % n).astype(np.int32)
    return Sequences(Vocabulary(range(n)), np.arange(sessions + 1) * 8, tokens.ravel())


def a_ring(n: int) -> ItemGraph:
    at = np.arange(n)
    source, target = np.concatenate([at, at]), np.concatenate([(at + 1) % n, (at + 7) % n])
    return ItemGraph.from_edges(source, target, directed=False, items=Vocabulary(range(n)))


QUICK: dict[str, Any] = {"dimensions": 16, "epochs": 2}
EXACT = [
    DeepWalkConfig(**QUICK, num_walks=3, walk_length=20),
    Node2VecConfig(**QUICK, num_walks=3, walk_length=20, q=4.0),
    Word2VecConfig(**QUICK),
    Word2VecConfig(**QUICK, shrink_windows=False, subsample=1e-2, ns_exponent=-0.5),
    Item2VecConfig(**QUICK),
    Item2VecConfig(**QUICK, mode="shuffle", subsample=1e-2),
    Item2VecConfig(**QUICK, mode="sequence"),
]


def name_of(config: Any) -> str:
    return f"{type(config).__name__}{getattr(config, 'mode', '')}"


@pytest.mark.parametrize("n", [40, 700, 5_200])  # of one part, 8 and 16
@pytest.mark.parametrize("config", EXACT, ids=name_of)
@pytest.mark.slow
def test_the_bytes_are_the_same_on_any_number_of_threads(config: Any, n: int) -> None:
    data = {"sequences": a_shop(n, 3 * n), "graph": a_ring(n)}
    one = train_model(replace(config, workers=1), **data)
    assert one.output_vectors is not None
    assert np.abs(one.output_vectors).max() > 1e-3  # it has trained
    for workers in (2, 3, 7, None):
        other = train_model(replace(config, workers=workers), **data)
        assert other.vectors.tobytes() == one.vectors.tobytes()
        assert other.output_vectors.tobytes() == one.output_vectors.tobytes()
        assert other.history == one.history
        assert other.to_bytes() == one.to_bytes()


def test_the_readme_claims_it_for_the_models_that_keep_it() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Same input, same result")[1].split("\n## ")[0]
    (claim,) = [sentence for sentence in section.split(". ") if "give the same bytes" in sentence]
    named = {name for name in MODELS if re.search(rf"\b{name}\b", claim)}
    assert named == {
        name for name, spec in MODELS.items() if getattr(spec.config(**spec.fixed), "repeats_on_threads", False)
    }
    assert {type(config) for config in EXACT} == {MODELS[name].config for name in named}


def test_the_parts_grow_with_the_catalogue_and_with_nothing_else() -> None:
    assert [parts_of(n) for n in (0, 499, 500, 4_999, 5_000, 10**7)] == [1, 1, 8, 8, 16, 16]


def test_workers_that_change_the_time_alone_are_no_part_of_a_key() -> None:
    def key(config: Any, workers: int | None) -> Any:
        return key_of("vectors", "0a1b", config=replace(config, workers=workers))

    for config in EXACT:
        assert config.repeats_on_threads
        assert len({key(config, workers) for workers in (None, 1, 2, 7)}) == 1
    walks = {"num_walks": 3, "walk_length": 20}
    for config in (
        Word2VecConfig(skip_gram=False),
        Word2VecConfig(hierarchical_softmax=True),
        DeepWalkConfig(**walks, hierarchical_softmax=True),
        EGESConfig(**walks),
        EGESConfig(**walks, attention=False),
    ):
        assert not config.repeats_on_threads
        assert threads_for(config) == 1
        assert key(config, None) == key(config, 1) != key(config, 2)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_wish_to_stop_reaches_every_thread(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_training, "PAIRS_A_LOOK", 5_000)
    before, asked = threading.active_count(), iter(range(5))
    config = Word2VecConfig(dimensions=8, epochs=500, subsample=0.0, workers=workers)
    with pytest.raises(TrainingCancelled):
        train_model(config, sequences=a_shop(700, 5_000), cancel=lambda: next(asked) == 4)
    assert threading.active_count() == before


def test_what_fails_in_a_helping_thread_is_raised_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from recemb_core.embeddings import skip_gram_kernel

    whole, here = skip_gram_kernel.work, threading.get_ident()

    def failing(mine: Any, *given: Any) -> int:
        if threading.get_ident() != here:
            mine[0] = 0  # a task that will never be done
            raise MemoryError("no room")
        return whole(mine, *given)

    monkeypatch.setattr(skip_gram_kernel, "work", failing)
    text = text_of(np.random.default_rng(0), 700, [8] * 5_000)
    counts = np.bincount(text.tokens, minlength=700)
    with pytest.raises(MemoryError, match="no room"):
        train_blocks(lambda epoch: text, counts, Word2VecConfig(dimensions=8, epochs=300, workers=2), no_report)


def test_progress_rises_from_nothing_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_training, "PAIRS_A_LOOK", 5_000)
    seen: list[float] = []
    text = text_of(np.random.default_rng(0), 700, [8] * 5_000)
    counts = np.bincount(text.tokens, minlength=700)
    train_blocks(lambda epoch: text, counts, Word2VecConfig(dimensions=8, epochs=2, workers=1), seen.append)
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert 0.9 < seen[-1] <= 1
    assert len(set(seen)) > 10
