"""Skip-gram on a matrix of walks: our own numba kernel for negative sampling, gensim for hierarchical softmax."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from recemb_core.arrays import Int32Array, Int64Array, IntegerArray
from recemb_core.embeddings.gensim_training import Trained, train_gensim
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.noise import noise_table, noise_weights
from recemb_core.embeddings.sentences import MAX_SENTENCE, Sentences
from recemb_core.progress import LAST_RATE, Progress, Reporter
from recemb_core.validation import is_whole, require
from recemb_core.vocabulary import Vocabulary

MAX_WALK_LENGTH = MAX_SENTENCE
# Walks are handed over in slices, so that progress and cancelling are felt within a fraction of a second.
TOKENS_PER_SLICE = 200_000


@dataclass(frozen=True, kw_only=True)
class WalkSkipGramConfig:
    """What skip-gram on walks can be told.

    Attributes:
        dimensions: vector length d; larger separates more and needs more data.
        window: context radius c in steps; the trainer draws 1…c for each center, as word2vec does.
        epochs: passes over the walks.
        negative: noise items for each positive pair; ignored with hierarchical softmax.
        hierarchical_softmax: a Huffman tree instead of negative sampling (then no output vectors).
        learning_rate: at the start; it falls linearly to nearly zero.
        num_walks: walks from each node.
        walk_length: nodes in a walk, at most 10,000.
        seed: of walks and training.
        workers: training threads that share the vectors without locks; only 1 repeats exactly.
    """

    dimensions: int = 64
    window: int = 5
    epochs: int = 2
    negative: int = 5
    hierarchical_softmax: bool = False
    learning_rate: float = 0.025
    num_walks: int = 10
    walk_length: int = 80
    seed: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        for name in ("dimensions", "window", "epochs", "num_walks", "workers"):
            value = getattr(self, name)
            require(is_whole(value) and value >= 1, name, value, "a whole number, at least 1")
        require(
            is_whole(self.negative) and (self.negative >= 1 or self.hierarchical_softmax),
            "negative",
            self.negative,
            "a whole number, at least 1 (or set hierarchical_softmax)",
        )
        require(0 < self.learning_rate <= 1, "learning_rate", self.learning_rate, "above 0 and at most 1")
        require(
            is_whole(self.walk_length) and 2 <= self.walk_length <= MAX_WALK_LENGTH,
            "walk_length",
            self.walk_length,
            f"a whole number from 2 to {MAX_WALK_LENGTH:,}",
        )
        require(is_whole(self.seed) and 0 <= self.seed < 2**32, "seed", self.seed, "a whole number from 0 to 2^32 − 1")


def train_skip_gram(
    walks: Int32Array,
    items: Vocabulary,
    config: WalkSkipGramConfig,
    *,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> ItemVectors:
    """Skip-gram vectors from walks.

    For a center i and a context o within the window, negative sampling minimises
    E = −log σ(v'_o · v_i) − Σ_{j∈neg} log σ(−v'_j · v_i), negatives drawn from count^0.75. No frequent-item
    subsampling: on walks it would drop the hubs.

    Args:
        walks: int32 (n_walks, length), padded with −1.
        items: the vocabulary; every item gets a vector, also one that no walk visits.
        config: see :class:`WalkSkipGramConfig`.
        progress: called with (fraction done, "training") a few times a second.
        cancel: asked as often; True ends the training with :class:`TrainingCancelled`.

    References:
        Mikolov et al., *Distributed Representations of Words and Phrases* (NIPS 2013).
        Niu et al., *Hogwild!* (NIPS 2011), for more than one worker.
    """
    lengths = (walks >= 0).sum(axis=1)
    useful, lengths = walks[lengths > 1], lengths[lengths > 1]
    counts = np.bincount(walks[walks >= 0], minlength=len(items)).astype(np.int64)
    train = _train_tree if config.hierarchical_softmax else _train_negative
    vectors, outputs, history = train(useful, lengths, counts, config, Reporter(progress, cancel))
    if progress is not None:
        progress(1.0, "training")
    return ItemVectors(items, vectors, outputs, counts, tuple(history), config)


def _bounds(tokens: int, walks: int, per_slice: int) -> Int64Array:
    """Row numbers that part the walks into slices of about so many tokens."""
    slices = max(1, -(-tokens // per_slice))
    return np.linspace(0, walks, slices + 1).astype(np.int64)


def _train_negative(
    walks: Int32Array, lengths: IntegerArray, counts: Int64Array, config: WalkSkipGramConfig, report: Reporter
) -> Trained:
    from recemb_core.embeddings.skip_gram_kernel import train_block

    n, d = len(counts), config.dimensions
    start = np.random.default_rng(config.seed)
    vectors = ((start.random((n, d), dtype=np.float32) - 0.5) / d).astype(np.float32)
    outputs = np.zeros((n, d), dtype=np.float32)
    table = noise_table(counts)

    def train(first: int, last: int, rate_from: float, rate_to: float, seed: np.uint64) -> tuple[float, int]:
        return train_block(
            walks, first, last, vectors, outputs, table, config.window, config.negative, rate_from, rate_to, seed
        )

    return vectors, outputs, hogwild(lengths, config, report, train)


def hogwild(
    lengths: IntegerArray,
    config: WalkSkipGramConfig,
    report: Reporter,
    train: Callable[[int, int, float, float, np.uint64], tuple[float, int]],
) -> list[float]:
    """Epochs of ``train(first walk, last, rate at first, rate at last, seed)`` on threads; mean loss by epoch.

    ``train`` returns (sum of the loss, pairs) and writes to arrays that all threads share. ``lengths`` (n_walks,).
    """
    many = len(lengths)
    bounds = _bounds(int(lengths.sum()), many, TOKENS_PER_SLICE) if many else np.zeros(1, dtype=np.int64)
    steps = config.epochs * max(len(bounds) - 1, 1)
    rates = np.linspace(config.learning_rate, min(LAST_RATE, config.learning_rate), steps + 1)
    seeds = np.random.SeedSequence(config.seed).generate_state(config.epochs, np.uint64)
    history = []
    with ThreadPoolExecutor(config.workers) as pool:
        for epoch in range(config.epochs):
            loss, pairs = 0.0, 0
            for part in range(len(bounds) - 1):
                step = epoch * (len(bounds) - 1) + part
                report(step / steps)
                shares = np.linspace(bounds[part], bounds[part + 1], config.workers + 1).astype(np.int64)
                runs = [
                    pool.submit(train, first, last, rates[step], rates[step + 1], seeds[epoch])
                    for first, last in pairwise(shares)
                ]
                for run in runs:
                    part_loss, part_pairs = run.result()
                    loss, pairs = loss + part_loss, pairs + part_pairs
            history.append(loss / pairs if pairs else 0.0)
    return history


def _train_tree(
    walks: Int32Array, lengths: IntegerArray, counts: Int64Array, config: WalkSkipGramConfig, report: Reporter
) -> Trained:
    if not len(walks):
        start = np.random.default_rng(config.seed).random((len(counts), config.dimensions), dtype=np.float32)
        return ((start - 0.5) / config.dimensions).astype(np.float32), None, [0.0] * config.epochs
    sentences = Sentences(walks[walks >= 0], np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    return train_gensim(
        lambda epoch: sentences,
        counts,
        noise_weights(counts),
        dimensions=config.dimensions,
        window=config.window,
        epochs=config.epochs,
        negative=config.negative,
        learning_rate=config.learning_rate,
        seed=config.seed,
        workers=config.workers,
        report=report,
        hierarchical_softmax=True,
    )
