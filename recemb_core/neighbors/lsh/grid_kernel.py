"""Compiled counts behind the grid: in how many functions of a table a point and a query agree, before the first that
differs (and in how many they differ, before the first that agrees), for all points, tables and functions at once.

A *lane* is 8, 16 or 32 bits of a 64-bit word and holds the bucket number of one function; a word holds 8, 4 or 2 of
them, the first function in the lowest lane. So one exclusive or compares up to eight functions, and bit tricks on the
word find the first lane of interest. *Marks* are words in which every bit below that lane is set: the marks of two
tables or together are the longer of the two lengths, which is what OR over tables asks for. The highest bit of a lane
is set in them where the length reaches beyond the lane; adding these bits up over points counts all lanes at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from recemb_core.neighbors.lsh.table_kernel import Counts, Floats, Rows, Words, bucket_of

# Points at a time: what belongs to them stays in the nearest cache, and a count of them fits a lane of 8 bits.
BLOCK = 248
_QUERIES = 8  # that a block of points stays in the second cache for

_ONE, _ALL = np.uint64(1), ~np.uint64(0)


class Lanes(NamedTuple):
    """How a word is cut.

    Attributes:
        size: bits of a lane.
        per_word: lanes in a word.
        mask: the bits of the lowest lane.
        lows, highs: the lowest and the highest bit of every lane.
        down: from the highest bit of a lane to its lowest.
    """

    size: np.uint64
    per_word: int
    mask: np.uint64
    lows: np.uint64
    highs: np.uint64
    down: np.uint64


@numba.njit(cache=True, nogil=True)
def _lanes(log_bits: int) -> Lanes:
    """Lanes of 2^log_bits bits."""
    per_word = 64 >> log_bits
    size = np.uint64(1 << log_bits)
    lows = np.uint64(0)
    for lane in range(per_word):
        lows |= _ONE << np.uint64(lane << log_bits)
    down = size - _ONE
    return Lanes(size, per_word, (_ONE << size) - _ONE, lows, lows << down, down)


@numba.njit(cache=True, nogil=True)
def pack_codes(
    positions: Floats, by_sign: bool, log_bits: int, padding: int, words: Words, low: Counts, high: Counts, first: int
) -> None:
    """Bucket numbers into lanes of 2^log_bits bits, words[t, w, first + i]; ``low``, ``high`` (L, K) follow the range.

    ``positions`` is (n, L, K), ``words`` (L, ⌈K / lanes a word⌉, rows). A lane holds the lower bits alone, which is
    exact as long as no function's range exceeds them. Lanes beyond the last function hold ``padding``.
    """
    n, tables, functions = positions.shape
    lanes = _lanes(log_bits)
    for t in range(tables):
        for i in range(n):
            row = positions[i, t]
            for w in range(words.shape[1]):
                word = np.uint64(0)
                for lane in range(lanes.per_word):
                    f = w * lanes.per_word + lane
                    code = np.uint64(padding)
                    if f < functions:
                        bucket = bucket_of(row[f], by_sign)
                        low[t, f] = min(low[t, f], bucket)
                        high[t, f] = max(high[t, f], bucket)
                        code = np.uint64(bucket) & lanes.mask
                    word |= code << np.uint64(lane << log_bits)
                words[t, w, first + i] = word


@numba.njit(cache=True, nogil=True, inline="always")
def _below(word: np.uint64) -> np.uint64:
    """All bits below the lowest one of ``word``; all 64 where it is 0."""
    return (word - _ONE) & ~word


@numba.njit(cache=True, nogil=True, inline="always")
def _stop(differ: np.uint64, until_equal: bool, lows: np.uint64, highs: np.uint64) -> np.uint64:
    """A word whose lowest bit lies in the lane at which the length ends; 0 where no lane ends it.

    ``differ`` is the exclusive or: its lowest bit lies in the first lane that differs. The first lane that agrees is
    its lowest zero lane: taking 1 from every lane sets the highest bit of a zero lane. A lane above a zero lane may be
    taken for zero by the borrow, but never the lowest, which is all that counts.
    """
    return (differ - lows) & ~differ & highs if until_equal else differ


@numba.njit(cache=True, nogil=True)
def _mark_word(
    points: Words, query: np.uint64, reached: Words, going: Words, begins: bool, goes_on: bool,
    until_equal: bool, lanes: Lanes,
) -> np.uint64:  # fmt: skip
    """One word of one table for all ``points`` (n,) of a block; returns the sum of the lanes' highest marks.

    ``reached`` (n,) gathers the marks over tables. ``going`` (n,) is all ones for points that no earlier word of this
    table has stopped: all points where the word ``begins`` the table; it is written where another word follows.
    """
    lows, highs, down, total = lanes.lows, lanes.highs, lanes.down, np.uint64(0)
    # Three loops without a branch inside: each is turned into vector instructions.
    if begins and goes_on:
        for i in range(len(points)):
            stop = _stop(points[i] ^ query, until_equal, lows, highs)
            marks = reached[i] | _below(stop)
            reached[i] = marks
            going[i] = _ALL if stop == 0 else np.uint64(0)
            total += (marks & highs) >> down
    elif begins:
        for i in range(len(points)):
            marks = reached[i] | _below(_stop(points[i] ^ query, until_equal, lows, highs))
            reached[i] = marks
            total += (marks & highs) >> down
    else:
        for i in range(len(points)):
            stop = _stop(points[i] ^ query, until_equal, lows, highs)
            marks = reached[i] | (_below(stop) & going[i])
            reached[i] = marks
            going[i] = going[i] if stop == 0 else np.uint64(0)
            total += (marks & highs) >> down
    return total


@numba.njit(cache=True, nogil=True)
def _count_block(
    points: Words, begin: int, end: int, query: Words, until_equal: bool, counts: Rows, reached: Words, going: Words,
    lanes: Lanes,
) -> None:  # fmt: skip
    """Add points begin…end of ``points`` (L, words, n) against one query (L, words) to ``counts`` (L, K)."""
    tables, words = query.shape
    reached[:] = 0
    for t in range(tables):
        for w in range(words):
            total = _mark_word(
                points[t, w, begin:end], query[t, w], reached[w], going, w == 0, w + 1 < words, until_equal, lanes
            )
            for f in range(w * lanes.per_word, min((w + 1) * lanes.per_word, counts.shape[1])):
                counts[t, f] += np.int32(total & lanes.mask)
                total >>= lanes.size


@numba.njit(cache=True, nogil=True)
def grid_all(points: Words, queries: Words, log_bits: int, prefixes: Rows, misses: Rows, first: int, last: int) -> None:
    """Every point against queries first…last.

    Args:
        points: uint64 (L, words, n), queries: uint64 (q, L, words), from :func:`pack_codes`.
        prefixes: int32 (q, L, K): [q, l, j] counts points of which the first j + 1 functions agree in one of the first
            l + 1 tables; misses: points of which none of the first j + 1 functions agrees in one of them. Either may be
            empty if it is not wanted.
    """
    n, words = points.shape[2], points.shape[1]
    reached, going = np.empty((words, BLOCK), dtype=np.uint64), np.empty(BLOCK, dtype=np.uint64)
    lanes = _lanes(log_bits)
    for q_from in range(first, last, _QUERIES):
        for begin in range(0, n, BLOCK):
            end = min(begin + BLOCK, n)
            for q in range(q_from, min(q_from + _QUERIES, last)):
                if len(prefixes):
                    _count_block(points, begin, end, queries[q], False, prefixes[q], reached, going, lanes)
                if len(misses):
                    _count_block(points, begin, end, queries[q], True, misses[q], reached, going, lanes)


@numba.njit(cache=True, nogil=True)
def grid_some(
    points: Words, queries: Words, rows: Rows, log_bits: int, prefixes: Rows, misses: Rows, first: int, last: int
) -> None:
    """The same for the points ``rows[q]`` (q, k) alone, −1 for none: the true neighbors."""
    tables, words = queries.shape[1:]
    reached, going = np.empty((words, BLOCK), dtype=np.uint64), np.empty(BLOCK, dtype=np.uint64)
    part = np.empty((tables, words, BLOCK), dtype=np.uint64)
    lanes = _lanes(log_bits)
    for q in range(first, last):
        for begin in range(0, rows.shape[1], BLOCK):
            count = 0
            for row in rows[q, begin : begin + BLOCK]:
                if row >= 0:
                    part[:, :, count] = points[:, :, row]
                    count += 1
            if len(prefixes):
                _count_block(part, 0, count, queries[q], False, prefixes[q], reached, going, lanes)
            if len(misses):
                _count_block(part, 0, count, queries[q], True, misses[q], reached, going, lanes)
