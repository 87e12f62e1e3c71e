"""Skip-gram on a matrix of walks: our own numba kernel for negative sampling, gensim for hierarchical softmax."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from recemb_core.arrays import Int32Array, IntegerArray
from recemb_core.embeddings.gensim_training import train_gensim
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.noise import noise_table
from recemb_core.embeddings.sentences import MAX_SENTENCE, Sentences, check_training, start_vectors
from recemb_core.embeddings.word2vec import as_word2vec
from recemb_core.progress import LAST_RATE, Reporter
from recemb_core.validation import is_whole, require
from recemb_core.vocabulary import Vocabulary

MAX_WALK_LENGTH = MAX_SENTENCE
# Walks are handed over in slices, so that progress and cancelling are felt within a fraction of a second.
TOKENS_PER_SLICE = 200_000
Sums = tuple[float, int]  # of the loss, and how many pairs it is of


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
    p = q = 1.0  # no settings: walks are first-order unless a config says otherwise

    def __post_init__(self) -> None:
        check_training(self, "num_walks")
        fits = is_whole(self.walk_length) and 2 <= self.walk_length <= MAX_WALK_LENGTH
        require(fits, "walk_length", self.walk_length, f"a whole number from 2 to {MAX_WALK_LENGTH:,}")


def train_skip_gram(
    walks: Int32Array, items: Vocabulary, config: WalkSkipGramConfig, report: Reporter | None = None
) -> ItemVectors:
    """Skip-gram vectors from walks.

    For a center i and a context o within the window, negative sampling minimises
    E = −log σ(v'_o · v_i) − Σ_{j∈neg} log σ(−v'_j · v_i), negatives drawn from count^0.75. No frequent-item
    subsampling: on walks it would drop the hubs.

    Args:
        walks: int32 (n_walks, length), padded with −1.
        items: the vocabulary; every item gets a vector, also one that no walk visits.
        config: see :class:`WalkSkipGramConfig`.
        report: called with the fraction done a few times a second; may end the training.

    References:
        Mikolov et al., *Distributed Representations of Words and Phrases* (NIPS 2013).
        Niu et al., *Hogwild!* (NIPS 2011), for more than one worker.
    """
    lengths = (walks >= 0).sum(axis=1)
    useful, lengths = walks[lengths > 1], lengths[lengths > 1]
    counts = np.bincount(walks[walks >= 0], minlength=len(items)).astype(np.int64)
    report = report or Reporter(None)
    if config.hierarchical_softmax:
        sentences = Sentences(useful[useful >= 0], np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
        vectors, outputs, history = train_gensim(lambda epoch: sentences, counts, as_word2vec(config), report)
    else:
        from recemb_core.embeddings.skip_gram_kernel import Tables, train_walks

        vectors = start_vectors(config.seed, len(items), config.dimensions)
        outputs = np.zeros_like(vectors)
        tables = Tables(vectors, outputs, noise_table(counts))
        history = hogwild(lengths, config, report, train_walks, useful, tables, config.window, config.negative)
    report.tell(1.0)
    return ItemVectors(items, vectors, outputs, counts, tuple(history), config)


def hogwild(
    lengths: IntegerArray, config: WalkSkipGramConfig, report: Reporter, train: Callable[..., Sums], *given: Any
) -> list[float]:
    """Epochs of ``train(first walk, last, *given, rates at these two, seed)`` on threads; mean loss by epoch.

    ``train`` returns (sum of the loss, pairs) and writes to arrays that all threads share. ``lengths`` (n_walks,).
    """
    slices = max(1, -(-int(lengths.sum()) // TOKENS_PER_SLICE)) if len(lengths) else 0
    bounds = np.linspace(0, len(lengths), slices + 1).astype(np.int64)
    steps = config.epochs * max(slices, 1)
    falling = np.linspace(config.learning_rate, min(LAST_RATE, config.learning_rate), steps + 1)
    seeds = np.random.SeedSequence(config.seed).generate_state(config.epochs, np.uint64)
    history = []
    with ThreadPoolExecutor(config.workers) as pool:
        for epoch, seed in enumerate(seeds):
            loss, pairs = 0.0, 0
            for step, (first, last) in enumerate(pairwise(bounds), epoch * slices):
                report(step / steps)
                rates = float(falling[step]), float(falling[step + 1])
                part_loss, part_pairs = on_threads(pool, config.workers, train, first, last, *given, rates, seed)
                loss, pairs = loss + part_loss, pairs + part_pairs
            history.append(loss / pairs if pairs else 0.0)
    return history


def on_threads(
    pool: ThreadPoolExecutor, workers: int, train: Callable[..., Sums], first: int, last: int, *given: Any
) -> Sums:
    """``train(first, last, *given)`` in as many equal parts as there are workers; its two sums over the parts."""
    shares = np.linspace(first, last, workers + 1).astype(np.int64)
    found = [run.result() for run in [pool.submit(train, a, b, *given) for a, b in pairwise(shares)]]
    return sum(loss for loss, _ in found), sum(pairs for _, pairs in found)
