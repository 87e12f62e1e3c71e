"""Which items are together in how many baskets: pairs counted a few items at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array, Int64Array, IntegerArray
from recemb_core.sequences import Sequences

_AT_A_TIME = 1 << 20  # pairs: what is counted at a time stays in the processor's cache
_DENSE = 4  # times as many cells as pairs, up to which a table of all cells is quicker than sorting


class Together(NamedTuple):
    """Pairs of items i < j that a basket holds both, by i and then j.

    Attributes:
        indptr: int64 (n + 1,), where the pairs of each i begin.
        partner: int32 (m,), j.
        weight: float32 (m,), how many baskets hold both, or Σ 2 / (|b| (|b| − 1)) over them.
    """

    indptr: Int64Array
    partner: Int32Array
    weight: Float32Array


class _Baskets(NamedTuple):
    """Each item once a basket, ascending: where the baskets of an item hold it, and how many follow there."""

    tokens: Int32Array
    places: IntegerArray
    """(t,) of ``tokens``, by item, then by basket"""
    first: IntegerArray
    """(n + 1,) of ``places``, by item"""
    after: Int32Array
    """(t,) how many items follow in the basket, by place"""
    share: Float64Array | None
    """(t,) what a pair of the basket adds, by place"""


def count_together(sequences: Sequences, *, least: float = 1, share: bool = False) -> Together:
    """Count the pairs of every basket.

    The pairs of some items with all later ones are made and counted before those of the next, about a million at a
    time: nothing is looked for far away, and no array but the result is as long as there are pairs.

    Args:
        sequences: baskets; an item that stands in one twice counts once.
        least: pairs in fewer baskets are left out.
        share: weigh by shares; 1 / C(|b|, 2) of each basket.

    >>> found = count_together(Sequences.from_lists([["tea", "milk", "tea"], ["cup", "milk", "tea"]]))
    >>> found.indptr.tolist(), found.partner.tolist(), found.weight.tolist()   # tea is 0, milk 1, cup 2
    ([0, 2, 3, 3], [1, 2, 2], [2.0, 1.0, 1.0])
    """
    n = len(sequences.items)
    baskets = _baskets(sequences, n, share=share)
    degree = np.zeros(n, np.int64)
    partners, weights = [np.empty(0, np.int32)], [np.empty(0, np.float32)]
    for start, stop in _spans(baskets, n):
        pair, number, shared = _counted(baskets, start, stop, n)
        weight = number if shared is None else shared
        if (light := number < least).any():
            pair, weight = pair[~light], weight[~light]
        rows = np.arange(0, (stop - start + 1) * n, n, dtype=pair.dtype)
        degree[start:stop] = np.diff(np.searchsorted(pair, rows))
        partners.append((pair - np.repeat(rows[:-1], degree[start:stop])).astype(np.int32, copy=False))
        weights.append(weight.astype(np.float32))
    indptr = np.concatenate([[0], np.cumsum(degree)])
    return Together(indptr, np.concatenate(partners), np.concatenate(weights))


def _baskets(sequences: Sequences, n: int, *, share: bool) -> _Baskets:
    """The items of every basket, each once and ascending."""
    from scipy.sparse import csr_array

    kind = np.int32 if len(sequences.tokens) < 1 << 31 else np.int64  # of places: half the bytes where they suffice
    # A copy: summing duplicates works in place, and without one it would cut the sequences themselves.
    holds = csr_array(
        (np.ones(len(sequences.tokens), np.int8), sequences.tokens.astype(kind), sequences.offsets.astype(kind)),
        shape=(len(sequences), n),
        copy=True,
    )
    holds.sum_duplicates()
    tokens: Int32Array = holds.indices.astype(np.int32, copy=False)
    many: IntegerArray = np.diff(holds.indptr)
    places = np.arange(len(tokens), dtype=kind)
    last = np.asarray(holds.indptr[1:] - 1, dtype=kind)
    after = (np.repeat(last, many) - places).astype(np.int32)
    holds.data = places  # so that the transposed has them by item
    by_item = holds.T.tocsr()
    shares = None
    if share:
        size = many.astype(np.float64)
        root = np.sqrt(2.0 / np.maximum(size * (size - 1), 1.0))
        shares = np.repeat(root * root, many)
    return _Baskets(tokens, by_item.data, by_item.indptr, after, shares)


def _spans(baskets: _Baskets, n: int) -> Iterator[tuple[int, int]]:
    """Items that are counted together: (first, last + 1), with about so many pairs as shall be in hand."""
    pairs = np.zeros(n)
    for start in range(0, len(baskets.tokens), _AT_A_TIME):
        some = slice(start, start + _AT_A_TIME)
        pairs += np.bincount(baskets.tokens[some], baskets.after[some], n)
    before = np.concatenate([[0], np.cumsum(pairs.astype(np.int64))])
    start = 0
    while start < n:
        stop = max(int(np.searchsorted(before, before[start] + _AT_A_TIME, side="right")) - 1, start + 1)
        if before[stop] > before[start]:
            yield start, stop
        start = stop


def _counted(baskets: _Baskets, start: int, stop: int, n: int) -> tuple[IntegerArray, Int64Array, Float64Array | None]:
    """(pair, baskets, shares) of some items with all later ones; pair = (i − start) n + j, ascending."""
    places = baskets.places[baskets.first[start] : baskets.first[stop]]
    if stop - start == 1:  # the pairs of one item may be more than fit in memory
        return _of_one(baskets, places, n)
    cells = (stop - start) * n
    kind = np.int32 if cells + n < 1 << 31 else np.int64
    owner: IntegerArray = np.repeat(np.arange(0, cells, n, dtype=kind), np.diff(baskets.first[start : stop + 1]))
    partner, follow = _later(baskets, places)
    code = np.repeat(owner, follow) + baskets.tokens[partner]
    pair, number = _in_table(code, cells) if cells <= _DENSE * len(code) else _runs(code)
    if baskets.share is None:
        return pair, number, None
    added = np.repeat(baskets.share[places], follow)
    shared = np.bincount(np.searchsorted(pair, code), added, len(pair))  # basket by basket, in their order
    return pair, number, shared.astype(np.float64, copy=False)


def _later(baskets: _Baskets, places: IntegerArray) -> tuple[Int64Array, Int32Array]:
    """(the places after each of some in its basket, how many these are)."""
    follow = baskets.after[places]
    ends = np.cumsum(follow, dtype=np.int64)
    return np.repeat(places + 1 - (ends - follow), follow) + np.arange(ends[-1] if len(ends) else 0), follow


def _of_one(baskets: _Baskets, places: IntegerArray, n: int) -> tuple[Int64Array, Int64Array, Float64Array | None]:
    """(partners, baskets, shares) of one item, some of its baskets at a time."""
    number, shared = np.zeros(n, np.int64), np.zeros(n)
    pairs = np.cumsum(baskets.after[places], dtype=np.int64)
    cuts = np.searchsorted(pairs, np.arange(_AT_A_TIME, pairs[-1] + 1, _AT_A_TIME))
    for some in np.split(places, cuts):
        partner, follow = _later(baskets, some)
        number += np.bincount(baskets.tokens[partner], minlength=n)
        if baskets.share is not None:
            np.add.at(shared, baskets.tokens[partner], np.repeat(baskets.share[some], follow))
    pair = np.flatnonzero(number)
    return pair, number[pair], None if baskets.share is None else shared[pair]


def _in_table(code: IntegerArray, cells: int) -> tuple[IntegerArray, Int64Array]:
    """(each number once, ascending, and how often), by a table of all that there could be."""
    number = np.bincount(code, minlength=cells)
    pair = np.flatnonzero(number)
    return pair, number[pair]


def _runs(code: IntegerArray) -> tuple[IntegerArray, Int64Array]:
    """The same by sorting."""
    ordered = np.sort(code)
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return ordered[begins], np.diff(begins, append=len(ordered))
