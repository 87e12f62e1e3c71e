"""The training pairs that a configuration makes of one sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Int32Array, Int64Array, NumberArray
from recemb_core.embeddings.item2vec import Item2VecConfig, ranges
from recemb_core.embeddings.sentences import Sentences, distinct, keep_probabilities, shuffled, subsampled
from recemb_core.embeddings.word2vec import Word2VecConfig, as_word2vec
from recemb_core.scorers.pmi import pair_counts
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from recemb_core.sequences import Sequences

Pairs = tuple[Int32Array, Int32Array]


def training_pairs(
    sequence: npt.ArrayLike,
    config: Word2VecConfig | Item2VecConfig,
    *,
    rng: int | np.random.Generator | None = None,
    counts: NumberArray | None = None,
) -> Pairs:
    """(centers, contexts) of one sequence, center by center and, for each, from left to right.

    Without ``rng``, every pair that the configuration can produce: the full window of word2vec, all ordered pairs
    i ≠ j of item2vec's set and shuffle modes. With it, what one epoch draws: the radius of each center from
    1 … window (word2vec, unless ``shrink_windows`` is off), the new order of a shuffled set.

    In CBOW a center's contexts are averaged and predict it together; in skip-gram each is a pair of its own (the code
    of word2vec, and so this package, feeds the context and predicts the center).

    Args:
        sequence: (m,), item rows. Repeats count once in the set and shuffle modes.
        config: of word2vec or item2vec.
        rng: a seed or generator, or None for all pairs that can be.
        counts: (n,), events of each item; then items below ``min_count`` are left out and, with ``rng``, frequent
            items are dropped as ``subsample`` says. The items around a dropped one move together.

    Returns:
        Two int32 arrays of equal length; empty where fewer than two items are left.

    Raises:
        ValueError: a sequence that is not one-dimensional, or another config.

    >>> tea, milk, cup = 0, 1, 2
    >>> centers, contexts = training_pairs([tea, milk, cup], Word2VecConfig(window=1))
    >>> centers.tolist(), contexts.tolist()
    ([0, 1, 1, 2], [1, 0, 2, 1])
    >>> len(training_pairs([tea, milk, cup], Item2VecConfig(mode="set"))[0])
    6
    """
    tokens = np.asarray(sequence, dtype=np.int32)
    if tokens.ndim != 1:
        raise UsageError(f"sequence must be one-dimensional, not of shape {tokens.shape}")
    if not isinstance(config, (Word2VecConfig, Item2VecConfig)):
        raise UsageError(f"config must be a Word2VecConfig or an Item2VecConfig, not {type(config).__name__}")
    random = None if rng is None else np.random.default_rng(rng)
    sentence = Sentences(tokens, np.array([0, len(tokens)], dtype=np.int64))
    if counts is not None:
        sentence = sentence.keep(np.asarray(counts)[tokens] >= config.min_count)
    if isinstance(config, Item2VecConfig) and config.mode != "sequence":
        sentence = distinct(sentence)
    if counts is not None and random is not None:
        sentence = subsampled(sentence, keep_probabilities(counts, config.subsample), random)
    if isinstance(config, Item2VecConfig) and config.mode != "sequence":
        if config.mode == "set" or random is None:
            return _pairs(sentence, *ranges(sentence, None))
        sentence = shuffled(sentence, random)
        return _pairs(sentence, *ranges(sentence, config.window))
    word2vec = as_word2vec(config) if isinstance(config, Item2VecConfig) else config
    reach: Any = word2vec.window
    if random is not None and word2vec.shrink_windows:
        reach = random.integers(1, word2vec.window + 1, size=len(sentence.tokens))
    return _pairs(sentence, *ranges(sentence, reach))


def _pairs(sentence: Sentences, low: Int64Array, high: Int64Array) -> Pairs:
    """Each position with the others of its range."""
    sizes = high - low
    center = np.repeat(np.arange(len(sizes)), sizes)
    context = np.arange(len(center)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(low, sizes)
    other = center != context
    return sentence.tokens[center[other]], sentence.tokens[context[other]]


def is_negative_sampling(config: object) -> bool:
    """Whether it is of skip-gram with negative sampling on a log.

    >>> is_negative_sampling(Item2VecConfig()), is_negative_sampling(Word2VecConfig(skip_gram=False))
    (True, False)
    """
    if isinstance(config, Word2VecConfig):
        return config.skip_gram and not config.hierarchical_softmax
    return isinstance(config, Item2VecConfig)


def pair_table(sequences: Sequences, config: Word2VecConfig | Item2VecConfig) -> csr_array:
    """(n, n) how often a pass over the log trains each (center, context); expected, where windows shrink at random.

    Events that ``subsample`` and ``min_count`` would drop count.
    """
    if isinstance(config, Item2VecConfig):
        return pair_counts(sequences, config.window if config.mode == "sequence" else None, selves=True)
    if not config.shrink_windows:
        return pair_counts(sequences, config.window, selves=True)
    # Each radius from 1 to the window is drawn as often as any other.
    found = pair_counts(sequences, 1, selves=True)
    for width in range(2, config.window + 1):
        found = found + pair_counts(sequences, width, selves=True)
    return (found / config.window).tocsr()
