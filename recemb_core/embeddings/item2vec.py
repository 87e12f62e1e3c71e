"""item2vec: word2vec without order, every two items of a set are each other's context."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from recemb_core.embeddings.block_training import train_blocks
from recemb_core.embeddings.epochs import epochs_by_size
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.sentences import (
    Sentences,
    SequenceConfig,
    distinct,
    keep_probabilities,
    shuffled,
    subsampled,
    without_short,
)
from recemb_core.embeddings.word2vec import as_word2vec, train_word2vec, training_sentences
from recemb_core.progress import Cancel, Progress, Reporter
from recemb_core.validation import require

if TYPE_CHECKING:
    from recemb_core.arrays import Int64Array
    from recemb_core.sequences import Sequences

Mode = Literal["set", "shuffle", "sequence"]
MOST_PAIRS_BY_DEFAULT = 30_000_000


@dataclass(frozen=True, kw_only=True)
class Item2VecConfig(SequenceConfig):
    """Fields of :class:`~recemb_core.embeddings.sentences.SequenceConfig`, and what a sequence is taken for.

    Attributes:
        mode: ``"set"`` trains all ordered pairs of distinct items of a sequence (``window`` is not used);
            ``"shuffle"`` puts the distinct items into a new random order each epoch and trains those at most
            ``window`` apart; ``"sequence"`` keeps order and repeats and is word2vec's skip-gram.
    """

    mode: Mode = "set"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.mode in ("set", "shuffle", "sequence"), "mode", self.mode, "'set', 'shuffle' or 'sequence'")


def item2vec_defaults(sequences: Sequences, seed: int = 0) -> Item2VecConfig:
    """A starting point for this data: the exact set mode, epochs by
    :func:`~recemb_core.embeddings.epochs.epochs_by_size`.

    Where long sequences make more than 30 million pairs an epoch, shuffling takes its place, ten items to either side.
    """
    n = len(sequences.items)
    config = Item2VecConfig(dimensions=16 if n <= 500 else 32, subsample=1e-3 if n > 500 else 0.0, seed=seed)
    if pairs_per_epoch(sequences, config) > MOST_PAIRS_BY_DEFAULT:
        config = replace(config, mode="shuffle", window=10)
    items = int((sequences.counts > 0).sum())
    return replace(config, epochs=epochs_by_size(pairs_per_epoch(sequences, config), items))


def pairs_per_epoch(sequences: Sequences, config: Item2VecConfig) -> int:
    """Training pairs of one epoch before subsampling: Σ m(m − 1) over sets of m items, or those within the window.

    The set mode is quadratic in the length of a sequence: one of 10,000 items has 100 million pairs.

    >>> from recemb_core.sequences import Sequences
    >>> pairs_per_epoch(Sequences.from_lists([["tea", "milk", "cup", "tea"]]), Item2VecConfig())
    6
    """
    sentences, _ = training_sentences(sequences, config)
    if config.mode != "sequence":
        sentences = distinct(sentences)
    low, high = ranges(sentences, None if config.mode == "set" else config.window)
    return int((high - low - 1).sum())


def train_item2vec(
    sequences: Sequences,
    config: Item2VecConfig | None = None,
    *,
    progress: Progress | None = None,
    cancel: Cancel = None,
) -> ItemVectors:
    """Item vectors from which items are together, whatever their order.

    A set of K items contributes (1/K) Σ_i Σ_{j≠i} log p(w_j | w_i) in the paper; here every ordered pair of positions
    i ≠ j counts once, as in word2vec, so that a large set weighs more. p is approximated by negative sampling,
    E = −log σ(v'_o · v_i) − Σ_{j∈neg} log σ(−v'_j · v_i), negatives from count^ns_exponent. An item that a sequence
    holds twice counts once (a set has no repeats), except in ``"sequence"`` mode. What the model cannot know: order,
    how much of an item was bought, side information.

    Shuffling sees about min(1, 2 · window / set length) of the pairs in an epoch; compare the modes at equal pair
    counts (:func:`pairs_per_epoch`). A seed gives the same bytes on any number of ``workers``.

    Args:
        sequences: of any lengths; the set mode costs Σ m(m − 1) pairs an epoch and stays exact at any length.
        config: see :class:`Item2VecConfig`.
        progress, cancel: see :func:`~recemb_core.embeddings.registry.train_model`.

    Returns:
        One row for each item of ``sequences.items``, in that order; an item that never trains keeps its small random
        start vector. ``counts`` are events (repeats included) after ``min_count``; ``history`` is the loss a pair.

    References:
        Barkan, Koenigstein, *Item2Vec: Neural Item Embedding for Collaborative Filtering* (MLSP 2016).

    >>> from recemb_core.sequences import Sequences
    >>> shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]], ordered=False)
    >>> train_item2vec(shop, Item2VecConfig(dimensions=4, epochs=1)).vectors.shape
    (3, 4)
    """
    config = config or Item2VecConfig()
    if config.mode == "sequence":
        found = train_word2vec(sequences, as_word2vec(config), progress=progress, cancel=cancel)
        return ItemVectors(found.items, found.vectors, found.output_vectors, found.counts, found.history, config)
    report = Reporter(progress, cancel)
    sentences, counts = training_sentences(sequences, config)
    sentences = without_short(distinct(sentences))
    # A set counts an item once, so the noise does too.
    seen = np.bincount(sentences.tokens, minlength=len(counts))
    keep = keep_probabilities(seen, config.subsample)
    seeds = np.random.SeedSequence(config.seed).spawn(config.epochs)

    def of_epoch(epoch: int) -> Sentences:
        rng = np.random.default_rng(seeds[epoch])
        given = subsampled(sentences, keep, rng)
        return shuffled(given, rng) if config.mode == "shuffle" else given

    settings = replace(as_word2vec(config), shrink_windows=False)
    vectors, outputs, history = train_blocks(of_epoch, seen, settings, report, sets=config.mode == "set")
    report.tell(1.0)
    return ItemVectors(sequences.items, vectors, outputs, counts, tuple(history), config)


def ranges(sentences: Sentences, window: int | Int64Array | None) -> tuple[Int64Array, Int64Array]:
    """For each position the range of positions it is paired with: its sentence, or so many to either side in it."""
    lengths = np.diff(sentences.offsets)
    low, high = np.repeat(sentences.offsets[:-1], lengths), np.repeat(sentences.offsets[1:], lengths)
    if window is None:
        return low, high
    at = np.arange(len(sentences.tokens))
    return np.maximum(low, at - window), np.minimum(high, at + window + 1)
