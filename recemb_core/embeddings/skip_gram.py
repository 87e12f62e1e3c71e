"""Skip-gram on a matrix of walks: our own kernel for negative sampling, gensim for hierarchical softmax."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from recemb_core.arrays import Int32Array
from recemb_core.embeddings.block_training import TOKENS_AT_A_TIME, train_blocks
from recemb_core.embeddings.gensim_training import train_gensim
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.sentences import MAX_SENTENCE, Sentences, check_training, workers_that_count
from recemb_core.embeddings.word2vec import as_word2vec
from recemb_core.progress import Reporter
from recemb_core.validation import is_whole, require
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    from recemb_core.walks import WalkStream

MAX_WALK_LENGTH = MAX_SENTENCE


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
        workers: training threads, see :func:`~recemb_core.embeddings.sentences.threads_for`; None: as many as repeat
            exactly.
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
    workers: int | None = None
    p = q = 1.0  # no settings: walks are first-order unless a config says otherwise

    @property
    def repeats_on_threads(self) -> bool:
        """Whether the vectors are the same bytes on any number of threads."""
        return not self.hierarchical_softmax

    def identity(self) -> Self:
        """This config as results are found by it: without ``workers``, where they change the time alone."""
        return replace(self, workers=workers_that_count(self))

    def __post_init__(self) -> None:
        check_training(self, "num_walks")
        fits = is_whole(self.walk_length) and 2 <= self.walk_length <= MAX_WALK_LENGTH
        require(fits, "walk_length", self.walk_length, f"a whole number from 2 to {MAX_WALK_LENGTH:,}")


def train_skip_gram(
    walks: Int32Array | WalkStream, items: Vocabulary, config: WalkSkipGramConfig, report: Reporter | None = None
) -> ItemVectors:
    """Skip-gram vectors from walks.

    For a center i and a context o within the window, negative sampling minimises
    E = −log σ(v'_o · v_i) − Σ_{j∈neg} log σ(−v'_j · v_i), negatives drawn from count^0.75. No frequent-item
    subsampling: on walks it would drop the hubs. The bytes are the same on any number of threads, but not on a tree.

    Args:
        walks: int32 (n_walks, length), padded with −1; or a stream of the same ones, which are then made anew for each
            epoch, in portions, and never all in memory: to the same bytes. A tree wants them all.
        items: the vocabulary; every item gets a vector, also one that no walk visits.
        config: see :class:`WalkSkipGramConfig`.
        report: called with the fraction done a few times a second; may end the training.

    References:
        Mikolov et al., *Distributed Representations of Words and Phrases* (NIPS 2013).
    """
    report = report or Reporter(None)
    if not isinstance(walks, np.ndarray) and config.hierarchical_softmax:
        walks = walks.rows(0, len(walks))
    if isinstance(walks, np.ndarray):
        sentences = as_sentences(walks)
        counts = np.bincount(walks[walks >= 0], minlength=len(items)).astype(np.int64)
        train = train_gensim if config.hierarchical_softmax else train_blocks
        vectors, outputs, history = train(lambda epoch: sentences, counts, as_word2vec(config), report)
    else:
        text = WalkedText(walks, len(items), report)
        counts = text.counts
        vectors, outputs, history = train_blocks(lambda epoch: text, counts, as_word2vec(config), report)
    report.tell(1.0)
    return ItemVectors(items, vectors, outputs, counts, tuple(history), config)


class WalkedText:
    """Walks as sentences, made anew whenever they are asked for; only their lengths are kept.

    Attributes:
        counts: int64 (n,), how often walks pass each item, the short ones that train nothing included.
        offsets: int64 (sentences + 1,), of the walks of two items and more.
    """

    def __init__(self, walks: WalkStream, n: int, report: Reporter | None = None) -> None:
        self._walks, self.counts = walks, np.zeros(n, dtype=np.int64)
        lengths = np.zeros(len(walks), dtype=np.int64)
        at_a_time = max(1, TOKENS_AT_A_TIME // walks.walk_length)
        for first in range(0, len(walks), at_a_time):
            rows = walks.rows(first, first + at_a_time)
            there = rows >= 0
            lengths[first : first + at_a_time] = there.sum(axis=1)
            self.counts += np.bincount(rows[there], minlength=n)
            if report is not None:
                report.tell(0.0, "walking")
        self._rows = np.flatnonzero(lengths > 1)
        self.offsets = np.concatenate([[0], np.cumsum(lengths[self._rows])]).astype(np.int64)

    def part(self, first: int, last: int) -> Sentences:
        """See :class:`~recemb_core.embeddings.sentences.StreamedText`."""
        return as_sentences(self._between(first, last))

    def walks(self, first: int, last: int) -> Int32Array:
        """Sentences ``first`` … ``last − 1`` as walks, (last − first, walk_length), padded with −1."""
        rows: Int32Array = self._between(first, last)[self._rows[first:last] - self._rows[first]]
        return rows

    def _between(self, first: int, last: int) -> Int32Array:
        return self._walks.rows(int(self._rows[first]), int(self._rows[last - 1]) + 1)


def as_sentences(walks: Int32Array) -> Sentences:
    """The walks of two items and more, one after the other, without the −1 that fills them up.

    >>> as_sentences(np.array([[3, 1, 2], [4, -1, -1], [5, 6, -1]], dtype=np.int32))
    Sentences(tokens=array([3, 1, 2, 5, 6], dtype=int32), offsets=array([0, 3, 5]))
    """
    lengths = (walks >= 0).sum(axis=1)
    useful, lengths = walks[lengths > 1], lengths[lengths > 1]
    return Sentences(useful[useful >= 0], np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
