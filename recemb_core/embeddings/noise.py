"""The noise that negative samples are drawn from: counts raised to a power."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import AnyArray, Float64Array, Int32Array, Int64Array
from recemb_core.validation import require

MOST_EXPONENT = 4.0
"""Beyond ±4 one item would be nearly all of the noise, or the powers of counts would overflow."""


def noise_weights(counts: npt.ArrayLike, exponent: float = 0.75) -> Float64Array:
    """count^exponent for each item, float64 (n,): 0 for an item that never occurs, 1 for all where none does.

    Raises:
        ValueError: an exponent beyond ±4, or a negative count.

    >>> noise_weights([4, 1, 0], exponent=0.5).tolist()
    [2.0, 1.0, 0.0]
    """
    require(abs(exponent) <= MOST_EXPONENT, "ns_exponent", exponent, f"from −{MOST_EXPONENT:g} to {MOST_EXPONENT:g}")
    count = np.asarray(counts)
    require(bool((count >= 0).all()), "counts", float(count.min(initial=0)), "0 or more")
    weight = np.where(count > 0, np.maximum(count, 1).astype(np.float64) ** exponent, 0.0)
    return weight if weight.sum() > 0 else np.ones(len(count))


def noise_distribution(counts: npt.ArrayLike, exponent: float = 0.75) -> Float64Array:
    """Probability that a negative sample is each item: p_n(w) = count(w)^a / Σ_u count(u)^a, float64 (n,).

    Larger exponents draw popular items more often: 1 draws them as often as they occur, 0 all alike, below 0 the rare
    ones more often. An item that never occurs is never drawn; where none occurs, all are drawn alike.

    Raises:
        ValueError: as :func:`noise_weights`.

    References:
        Mikolov et al., *Distributed Representations of Words and Phrases* (NIPS 2013): a = 0.75 for words.
        Caselles-Dupré, Lesaint, Royo-Letelier, *Word2vec applied to recommendation* (RecSys 2018): often a ≤ 0.

    >>> noise_distribution([8, 1, 1, 0], exponent=1).tolist()
    [0.8, 0.1, 0.1, 0.0]
    >>> noise_distribution([8, 1, 1, 0], exponent=0).round(3).tolist()
    [0.333, 0.333, 0.333, 0.0]
    """
    weight = noise_weights(counts, exponent)
    return weight / max(float(weight.sum()), 1e-300)


def noise_table(counts: AnyArray, exponent: float = 0.75) -> Int32Array:
    """Item rows, each as often as count^exponent asks; a uniform draw from it is a draw of a negative.

    The length is a power of two, at least 64 entries an item on average, so that a draw needs no division.

    >>> table = noise_table(np.array([3, 1]), exponent=1)
    >>> len(table), np.bincount(table).tolist()
    (65536, [49152, 16384])
    """
    weight = noise_weights(counts, exponent)
    size = 1 << int(np.clip(np.ceil(np.log2(max(len(counts), 1) * 64)), 16, 24))
    edges = np.cumsum(weight) / weight.sum() * size
    return np.searchsorted(edges, np.arange(size) + 0.5).clip(0, len(counts) - 1).astype(np.int32)


def popular_rows(counts: npt.ArrayLike, share: float = 0.1) -> Int64Array:
    """Rows of the most popular items, that share of those seen at least once (rounded up), most popular first.

    >>> popular_rows([5, 0, 9, 1], share=0.5).tolist()
    [2, 0]
    """
    require(0 < share <= 1, "share", share, "above 0 and at most 1")
    count = np.asarray(counts)
    order = np.argsort(-count, kind="stable")
    return order[: math.ceil(share * int((count > 0).sum()))]


def effective_items(probabilities: Float64Array) -> float:
    """exp(entropy): a draw is as uncertain as among that many equally likely items.

    >>> round(effective_items(np.array([0.25, 0.25, 0.25, 0.25])), 6)
    4.0
    """
    positive = probabilities[probabilities > 0]
    return float(np.exp(-(positive * np.log(positive)).sum()))
