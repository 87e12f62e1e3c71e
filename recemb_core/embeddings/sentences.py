"""What a trainer on sequences reads: sentences in one flat array, and what is done to them before an epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from recemb_core.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, NumberArray
from recemb_core.embeddings.noise import MOST_EXPONENT
from recemb_core.parallel import available_threads
from recemb_core.validation import is_whole, require, require_dimensions

# gensim cuts longer sentences silently.
MAX_SENTENCE = 10_000


class Sentences(NamedTuple):
    """Sentence i is ``tokens[offsets[i]:offsets[i+1]]``; tokens int32, offsets int64."""

    tokens: Int32Array
    offsets: Int64Array

    @property
    def owner(self) -> Int64Array:
        """The sentence number of every token."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def keep(self, mask: BoolArray) -> Sentences:
        """The tokens where the mask is true; their neighbors move together."""
        return Sentences(self.tokens[mask], np.concatenate([[0], np.cumsum(mask)])[self.offsets])


class StreamedText(Protocol):
    """Sentences that are made when they are asked for, the same ones each time, all of two tokens and more."""

    @property
    def offsets(self) -> Int64Array:
        """int64 (sentences + 1,), where each begins in the whole text."""
        ...

    def part(self, first: int, last: int) -> Sentences:
        """Sentences ``first`` … ``last − 1``, with offsets from 0 on."""
        ...


@dataclass(frozen=True, kw_only=True)
class SequenceConfig:
    """What word2vec and item2vec share.

    Attributes:
        dimensions: vector length d; larger separates more and needs more data.
        window: context radius c, in items of the sequence.
        epochs: passes over the sequences.
        negative: noise items for each positive example.
        learning_rate: at the start; it falls linearly to nearly zero.
        ns_exponent: α of the noise count^α; 0.75 is word2vec's, 0 draws all items alike, below 0 prefers rare ones.
        subsample: frequent items are dropped at random in each epoch: an item whose share of all events is f is kept
            with probability √(t/f) + t/f. 0 keeps everything; smaller t drops more.
        min_count: items with fewer events are left out of training; they keep the vector that they started with.
        seed: of the start vectors and of every draw.
        workers: training threads, see :func:`threads_for`; None: as many as repeat exactly.
    """

    dimensions: int = 64
    window: int = 5
    epochs: int = 5
    negative: int = 5
    learning_rate: float = 0.025
    ns_exponent: float = 0.75
    subsample: float = 1e-3
    min_count: int = 1
    seed: int = 0
    workers: int | None = None

    @property
    def repeats_on_threads(self) -> bool:
        """Whether the vectors are the same bytes on any number of threads."""
        return True

    def identity(self) -> Self:
        """This config as results are found by it: without ``workers``, where they change the time alone."""
        return replace(self, workers=workers_that_count(self))

    def __post_init__(self) -> None:
        check_training(self, "min_count")
        require(abs(self.ns_exponent) <= MOST_EXPONENT, "ns_exponent", self.ns_exponent, "from −4 to 4")
        require(0 <= self.subsample <= 1, "subsample", self.subsample, "from 0 (off) to 1")


def check_training(config: Any, *counts: str) -> None:
    """What the configs of all trainers of skip-gram check; ``counts`` are further whole numbers from 1 on."""
    require_dimensions(config.dimensions)
    for name in ("window", "epochs", *counts):
        value = getattr(config, name)
        require(is_whole(value) and value >= 1, name, value, "a whole number, at least 1")
    workers = config.workers
    known = workers is None or (is_whole(workers) and workers >= 1)
    require(known, "workers", workers, "a whole number, at least 1, or None for as many as repeat exactly")
    tree = getattr(config, "hierarchical_softmax", None)
    allowed = "a whole number, at least 1" + ("" if tree is None else " (or set hierarchical_softmax)")
    require(is_whole(config.negative) and (config.negative >= 1 or bool(tree)), "negative", config.negative, allowed)
    require(0 < config.learning_rate <= 1, "learning_rate", config.learning_rate, "above 0 and at most 1")
    whole = is_whole(config.seed) and 0 <= config.seed < 2**32
    require(whole, "seed", config.seed, "a whole number from 0 to 2^32 − 1")


def threads_for(config: Any) -> int:
    """How many threads train a config.

    Where the vectors are the same on any number, ``workers``, or all processors for None. Elsewhere, where threads
    share the vectors without locks and only one repeats exactly, ``workers``, or one for None: so None repeats always.

    >>> from recemb_core.embeddings import EGESConfig
    >>> threads_for(EGESConfig()), threads_for(EGESConfig(workers=4))
    (1, 4)
    """
    if config.workers is not None:
        return int(config.workers)
    return available_threads() if config.repeats_on_threads else 1


def workers_that_count(config: Any) -> int | None:
    """The number of workers as far as it says something of the vectors: None wherever they are those of one thread.

    >>> from recemb_core.embeddings import DeepWalkConfig, EGESConfig
    >>> [workers_that_count(config(workers=4)) for config in (DeepWalkConfig, EGESConfig)]
    [None, 4]
    """
    return None if config.repeats_on_threads or config.workers == 1 else config.workers


def start_vectors(rng: int | np.random.Generator, n: int, dimensions: int, *, width: float = 2.0) -> Float32Array:
    """Where input vectors start: uniform between −1/d and 1/d, as in gensim, float32 (n, d).

    ``width`` of 1 halves that, as in the first word2vec.
    """
    random = np.random.default_rng(rng).random((n, dimensions), dtype=np.float32)
    return ((random - 0.5) * (width / dimensions)).astype(np.float32)


def keep_probabilities(counts: NumberArray, subsample: float) -> Float64Array:
    """Probability that an occurrence of each item stays in an epoch: min(1, √(t/f) + t/f), f its share of all events.

    >>> keep_probabilities(np.array([99, 1]), 0.01).round(3).tolist()
    [0.111, 1.0]
    """
    counts = np.asarray(counts, dtype=np.float64)
    if subsample <= 0 or counts.sum() == 0:
        return np.ones(len(counts))
    ratio = np.divide(subsample * counts.sum(), counts, out=np.ones(len(counts)), where=counts > 0)
    return np.asarray(np.minimum(np.sqrt(ratio) + ratio, 1.0))


def subsampled(sentences: Sentences, keep: Float64Array, rng: np.random.Generator) -> Sentences:
    """Drop each token with probability 1 − keep of its item."""
    if (keep >= 1).all():
        return sentences
    return sentences.keep(rng.random(len(sentences.tokens)) < keep[sentences.tokens])


def distinct(sentences: Sentences) -> Sentences:
    """Each sentence as a set: the first occurrence of every item."""
    if not len(sentences.tokens):
        return sentences
    n = int(sentences.tokens.max()) + 1
    _, first = np.unique(sentences.owner * n + sentences.tokens, return_index=True)
    mask = np.zeros(len(sentences.tokens), dtype=bool)
    mask[first] = True
    return sentences.keep(mask)


def shuffled(sentences: Sentences, rng: np.random.Generator) -> Sentences:
    """Each sentence in a new random order."""
    order = np.lexsort((rng.random(len(sentences.tokens)), sentences.owner))
    return Sentences(sentences.tokens[order], sentences.offsets)


def without_short(sentences: Sentences) -> Sentences:
    """Without sentences of one token, which hold no pair."""
    long = np.diff(sentences.offsets) > 1
    kept = sentences.tokens[np.repeat(long, np.diff(sentences.offsets))]
    return Sentences(kept, np.concatenate([[0], np.cumsum(np.diff(sentences.offsets)[long])]).astype(np.int64))


def cut_long(sentences: Sentences, most: int = MAX_SENTENCE) -> Sentences:
    """Sentences of at most ``most`` tokens; the pairs across a cut are lost."""
    lengths = np.diff(sentences.offsets)
    if not len(lengths) or lengths.max() <= most:
        return sentences
    pieces = np.maximum(-(-lengths // most), 1)
    number = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = np.repeat(sentences.offsets[:-1], pieces) + number * most
    return Sentences(sentences.tokens, np.append(starts, len(sentences.tokens)).astype(np.int64))
