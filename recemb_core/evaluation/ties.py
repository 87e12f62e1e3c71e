"""Ranks among equal scores: the tied stand in a random order, and every score counts by its expectation over it.

A target with a items scored higher, among c items of the same score (itself included), has each of the ranks
a + 1, …, a + c with probability 1/c. All measures take that expectation in closed form; nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array, Int64Array, IntegerArray, NumberArray

Ints = Int64Array
Floats = Float64Array


class TiedRanks(NamedTuple):
    """Where targets stand: rank r is equally likely to be any of first, …, first + tied − 1.

    Attributes:
        first: int64 (t,), 1 + the number of items scored higher; 0 for a target that has no rank.
        tied: int64 (t,), items with the target's score, itself included.
    """

    first: Ints
    tied: Ints


def tied_ranks(scores: NumberArray, rows: IntegerArray) -> TiedRanks:
    """Ranks of some items among all that have a score; higher scores come first.

    Args:
        scores: (n,), −∞ for an item that is not ranked. NaN is not allowed.
        rows: (t,) the targets. One outside 0 … n − 1, or one that is not ranked, has no rank.

    >>> tied_ranks(np.array([3.0, 1.0, 1.0, -np.inf]), np.array([0, 1, 3]))
    TiedRanks(first=array([1, 2, 0]), tied=array([1, 2, 1]))
    """
    rows = np.asarray(rows, dtype=np.int64)
    there = (rows >= 0) & (rows < len(scores))
    own = np.where(there, scores[np.where(there, rows, 0)] if len(scores) else -np.inf, -np.inf)
    first, tied = np.zeros(len(rows), dtype=np.int64), np.ones(len(rows), dtype=np.int64)
    for i in np.flatnonzero(own > -np.inf):
        first[i] = 1 + np.count_nonzero(scores > own[i])
        tied[i] = np.count_nonzero(scores == own[i])
    return TiedRanks(first, tied)


def expected_within(ranks: TiedRanks, k: int) -> Floats:
    """P(rank ≤ k) = min(max(k − first + 1, 0), tied) / tied of each target; 0 without a rank. float64 (t,).

    >>> expected_within(TiedRanks(np.array([1, 4]), np.array([95, 1])), 10).round(3).tolist()
    [0.105, 1.0]
    """
    return np.where(ranks.first > 0, np.clip(k - ranks.first + 1, 0, ranks.tied) / ranks.tied, 0.0)


def expected_gain(ranks: TiedRanks, k: int) -> Floats:
    """E[1 / log₂(1 + rank); rank ≤ k] = (1 / tied) Σ_{r=first..min(last, k)} 1 / log₂(1 + r); 0 without a rank."""
    top = int(min(k, (ranks.first + ranks.tied).max(initial=1)))
    gains = 1 / np.log2(1 + np.arange(1, top + 1))
    upto = np.r_[0.0, np.cumsum(gains)]
    start = np.clip(ranks.first - 1, 0, top)
    stop = np.clip(ranks.first - 1 + ranks.tied, 0, top)
    total = np.where(stop - start == 1, gains[np.minimum(start, top - 1)], upto[stop] - upto[start])
    return np.where(ranks.first > 0, total / ranks.tied, 0.0)


def any_of(drawn: npt.ArrayLike, wanted: npt.ArrayLike, size: npt.ArrayLike) -> Floats:
    """P(at least one of ``wanted`` items is among ``drawn`` ones drawn at random out of ``size``).

    1 − C(size − wanted, drawn) / C(size, drawn) = 1 − Π_{j<wanted} (size − drawn − j) / (size − j), of broadcast
    arrays; exactly drawn / size where one is wanted.

    >>> any_of([0, 1, 2], 2, 3).round(3).tolist()
    [0.0, 0.667, 1.0]
    """
    s, m, c = np.broadcast_arrays(*(np.asarray(x, dtype=np.int64) for x in (drawn, wanted, size)))
    missed = np.ones(s.shape)
    for j in range(int(m.max(initial=0))):
        missed = np.where(j < m, missed * np.maximum(c - s - j, 0) / np.maximum(c - j, 1), missed)
    return np.where(m == 1, s / np.maximum(c, 1), 1 - missed)


class BestRanks(NamedTuple):
    """The best-ranked target of each user: the first of ``wanted`` targets that share a score with ``tied`` items.

    Attributes:
        first: int64 (users,), rank of the first of the tied; 0 where no target has a rank.
        tied: int64 (users,), how many items are tied.
        wanted: int64 (users,), how many of these are targets.
    """

    first: Ints
    tied: Ints
    wanted: Ints


def best_ranks(ranks: TiedRanks, users: Ints, count: int) -> BestRanks:
    """Best target of each of ``count`` users; ``users`` (t,) says whose each target is."""
    there = ranks.first > 0
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, users[there], ranks.first[there])
    best = there & (ranks.first == first[users])
    wanted = np.bincount(users[best], minlength=count)
    tied = np.ones(count, dtype=np.int64)
    tied[users[best]] = ranks.tied[best]
    return BestRanks(np.where(wanted > 0, first, 0), tied, np.maximum(wanted, 1))


def expected_hit(best: BestRanks, k: int) -> Floats:
    """P(at least one target of rank ≤ k) of each user, float64 (users,).

    Only the best group of targets matters: a later one begins behind its end. Of that group's c tied items, m of them
    targets, s = min(max(k − first + 1, 0), c) stand in the list: :func:`any_of` (s, m, c).
    """
    inside = np.clip(k - best.first + 1, 0, best.tied)
    return np.where(best.first > 0, any_of(inside, best.wanted, best.tied), 0.0)


def expected_best_rank(best: BestRanks) -> Floats:
    """E[rank of the best target] = first − 1 + (tied + 1) / (wanted + 1); infinity without one. float64 (users,)."""
    return np.where(best.first > 0, best.first - 1 + (best.tied + 1) / (best.wanted + 1), np.inf)


def expected_reciprocal(best: BestRanks) -> Floats:
    """E[1 / rank of the best target] of each user, 0 without one; float64 (users,).

    The best of m targets among c tied items takes place x with P(X > x) = C(c − x, m) / C(c, m), so the expectation is
    Σ_x (P(X > x − 1) − P(X > x)) / (first − 1 + x); with m = 1 the mean of 1 / r over the tied ranks.
    """
    found = np.zeros(len(best.first))
    alone = (best.first > 0) & (best.tied == 1)  # nearly everybody's
    found[alone] = 1 / best.first[alone]
    others = np.flatnonzero((best.first > 0) & (best.tied != 1))
    groups, where = np.unique(np.stack(best)[:, others], axis=1, return_inverse=True)
    values = np.zeros(groups.shape[1])
    for g, (first, tied, wanted) in enumerate(groups.T.tolist()):
        if wanted == 1:
            values[g] = (1 / np.arange(first, first + tied)).sum() / tied
            continue
        place = np.arange(1, tied - wanted + 2)
        chance = np.diff(any_of(np.r_[0, place], wanted, tied))
        values[g] = (chance / (first - 1 + place)).sum()
    found[others] = values[where.reshape(-1)]
    return found


def list_chances(scores: NumberArray, ks: Sequence[int]) -> list[tuple[Ints, Floats]]:
    """Items that can stand among the first k, and the probability of each, for every k.

    Items above the end of the list are in it; those tied there share the places that are left.

    Args:
        scores: (n,), −∞ for an item that is not ranked.
        ks: list lengths.

    >>> [(rows.tolist(), chances.tolist()) for rows, chances in list_chances(np.array([3.0, 1.0, 1.0, -np.inf]), [2])]
    [([0, 1, 2], [1.0, 0.5, 0.5])]
    """
    ranked = np.count_nonzero(scores > -np.inf)
    n, cuts = len(scores), [k for k in ks if k < ranked]
    ordered = np.partition(scores, [n - k for k in cuts]) if cuts else scores
    found = []
    for k in ks:
        if k >= ranked:
            rows = np.flatnonzero(scores > -np.inf)
            found.append((rows, np.ones(len(rows))))
            continue
        last = ordered[n - k]
        rows = np.flatnonzero(scores >= last)
        above = scores[rows] > last
        sure = np.count_nonzero(above)
        found.append((rows, np.where(above, 1.0, (k - sure) / (len(rows) - sure))))
    return found
