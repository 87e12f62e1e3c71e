"""Where step-by-step training takes its (center, context) pairs from, and how often a log holds each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recemb_core.arrays import Int64Array
from recemb_core.embeddings.sentences import Sentences, distinct
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError, is_whole, require

_BLOCK = 1_024


class PairSource(Protocol):
    """Pairs by number: the same numbers give the same pairs."""

    def take(self, first: int, last: int) -> Int64Array:
        """The pairs numbered first … last − 1 as item rows (center, context): int64 (last − first, 2)."""
        ...


@dataclass(frozen=True, eq=False)
class RepeatedPairs:
    """The same pairs over and over, in order.

    >>> RepeatedPairs(np.array([[0, 1], [1, 0]])).take(1, 4).tolist()
    [[1, 0], [0, 1], [1, 0]]
    """

    pairs: Int64Array

    def __post_init__(self) -> None:
        require(len(self.pairs) > 0, "pairs", len(self.pairs), "at least one pair")

    def take(self, first: int, last: int) -> Int64Array:
        """See :class:`PairSource`."""
        return self.pairs[np.arange(first, last) % len(self.pairs)].astype(np.int64)


class DrawnPairs:
    """Pairs of the whole log in random order, each as often as one pass over the log would meet it.

    Args:
        sequences: the log.
        window: reach to either side, in items; None takes each sequence as a set: all ordered pairs i ≠ j of its
            distinct items, which is item2vec.
        shrink: word2vec's habit of drawing the reach from 1 … window, so that a context at distance δ comes up
            (window − δ + 1)/window as often as one beside the center.
        seed: of the order.

    Raises:
        ValueError: a window below 1, or no sequence with two items.
    """

    def __init__(self, sequences: Sequences, *, window: int | None, shrink: bool = False, seed: int = 0) -> None:
        self._sentences = _sentences(sequences, window)
        self._window, self._seed = window, seed
        self._lengths = np.diff(self._sentences.offsets)
        if not (self._lengths > 1).any():
            raise UsageError("no sequence holds two items, so there is no pair to train on")
        # A center of a set is drawn as often as it has partners; with a window, misses are drawn again.
        self._ends = np.cumsum(self._lengths * (self._lengths - 1 if window is None else self._lengths > 1))
        if window is not None:
            weight = np.arange(window, 0, -1.0) if shrink else np.ones(window)
            self._reaches = np.cumsum(weight) / weight.sum()

    def take(self, first: int, last: int) -> Int64Array:
        """See :class:`PairSource`."""
        return _taken(self._block, first, last)

    def _block(self, number: int) -> Int64Array:
        rng = np.random.default_rng([self._seed, number])
        found = [self._draw(rng)]
        while sum(map(len, found)) < _BLOCK:
            found.append(self._draw(rng))
        return np.concatenate(found)[:_BLOCK]

    def _draw(self, rng: np.random.Generator) -> Int64Array:
        ticket = rng.integers(self._ends[-1], size=2 * _BLOCK)
        row = np.searchsorted(self._ends, ticket, side="right")
        at = ticket - np.concatenate([[0], self._ends])[row]
        length = self._lengths[row]
        if self._window is None:
            center, other = at // (length - 1), at % (length - 1)
            other = other + (other >= center)
        else:
            center = at
            reach = 1 + np.searchsorted(self._reaches, rng.random(len(at)), side="right")
            other = center + np.where(rng.random(len(at)) < 0.5, -reach, reach)
        inside = (other >= 0) & (other < length)
        tokens, start = self._sentences.tokens, self._sentences.offsets[row]
        return np.column_stack([tokens[(start + center)[inside]], tokens[(start + other)[inside]]]).astype(np.int64)


class CenterPairs:
    """Pairs of one center, its contexts drawn in proportion to their counts.

    Args:
        center: item row.
        counts: (n,), how often each item is a context of it, see :func:`context_counts`.
        seed: of the draws.

    Raises:
        ValueError: the center has no context.

    >>> CenterPairs(2, np.array([0, 5, 0])).take(7, 9).tolist()
    [[2, 1], [2, 1]]
    """

    def __init__(self, center: int, counts: Int64Array, *, seed: int = 0) -> None:
        require(bool(np.sum(counts) > 0), "counts", int(np.sum(counts)), "above 0 for at least one context")
        self._center, self._ends, self._seed = center, np.cumsum(counts), seed

    def take(self, first: int, last: int) -> Int64Array:
        """See :class:`PairSource`."""
        return _taken(self._block, first, last)

    def _block(self, number: int) -> Int64Array:
        ticket = np.random.default_rng([self._seed, 2, number]).integers(self._ends[-1], size=_BLOCK)
        context = np.searchsorted(self._ends, ticket, side="right")
        return np.column_stack([np.full(_BLOCK, self._center), context])


def _taken(block: Callable[[int], Int64Array], first: int, last: int) -> Int64Array:
    """Pairs first … last − 1 out of blocks that are drawn one by one."""
    start = first // _BLOCK
    blocks = [np.empty((0, 2), np.int64), *map(block, range(start, -(-last // _BLOCK) if last > first else start))]
    return np.concatenate(blocks)[first - start * _BLOCK : last - start * _BLOCK]


def context_counts(sequences: Sequences, row: int, window: int | None) -> Int64Array:
    """How often each item is the context of one center, int64 (n,); the window as in :class:`DrawnPairs`, unshrunken.

    Divided by its sum it is the log's own p(context | center), which a softmax is trained to give.

    >>> shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> context_counts(shop, 0, window=1).tolist()
    [0, 1, 1]
    """
    tokens, offsets = _sentences(sequences, window)
    at = np.flatnonzero(tokens == row)
    sentence = np.searchsorted(offsets, at, side="right") - 1
    low, high = offsets[sentence], offsets[sentence + 1]
    if window is not None:
        low, high = np.maximum(low, at - window), np.minimum(high, at + window + 1)
    sizes = high - low
    places = np.repeat(low - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
    found = np.bincount(tokens[places], minlength=len(sequences.items)).astype(np.int64)
    found[row] -= len(at)  # the centers themselves
    return found


def _sentences(sequences: Sequences, window: int | None) -> Sentences:
    require(window is None or (is_whole(window) and window >= 1), "window", window, "a whole number, at least 1")
    sentences = Sentences(sequences.tokens, sequences.offsets)
    return distinct(sentences) if window is None else sentences
