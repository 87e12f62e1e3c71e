"""Compiled search: the candidates in a query's buckets, each once, and the k best of them by exact distance."""

from __future__ import annotations

import numba
import numpy as np

from recemb_core.arrays import Float32Array
from recemb_core.kernels.prefetching import prefetch
from recemb_core.neighbors.lsh.table_kernel import BucketTables, Counts, Rows, Words, trailing_zeros

Vectors = Float32Array

_NOBODY = 2147483647  # row of a place in the list of the best that is not taken; larger than all rows
_AHEAD = 8  # candidates between the one that is compared and the one that is fetched from memory
_LINE = 16  # float32 in a cache line


# --- candidates: rows marked as bits, so that a row in many buckets counts once and rows come out ascending ---


@numba.njit(cache=True, nogil=True, inline="always")
def _mark(tables: BucketTables, buckets: Counts, first: int, last: int, bits: Words) -> None:
    """Set the bits of all rows in the buckets (tables, probes) of the tables first…last; −1 is no bucket."""
    for t in range(first, last):
        for j in range(buckets.shape[1]):
            bucket = buckets[t, j]
            if bucket >= 0:
                for i in range(tables.starts[bucket], tables.starts[bucket + 1]):
                    row = tables.ids[i]
                    bits[row >> 6] |= np.uint64(1) << np.uint64(row & 63)


@numba.njit(cache=True, nogil=True, inline="always")
def _keep_both(bits: Words, extra: Words) -> bool:
    """``bits`` and ``extra`` into ``bits``, ``extra`` emptied; whether anything is left."""
    left = np.uint64(0)
    for w in range(len(bits)):
        bits[w] &= extra[w]
        extra[w] = 0
        left |= bits[w]
    return left != 0


@numba.njit(cache=True, nogil=True, inline="always")
def _take_out(bits: Words, rows: Rows) -> int:
    """The rows whose bits are set, ascending, into ``rows``; ``bits`` emptied; returns how many."""
    count = 0
    for w in range(len(bits)):
        word = bits[w]
        bits[w] = 0
        while word != 0:
            rows[count] = np.int32(w * 64 + np.int64(trailing_zeros(word)))
            count += 1
            word &= word - np.uint64(1)  # without its lowest bit
    return count


@numba.njit(cache=True, nogil=True)
def _collect(tables: BucketTables, buckets: Counts, group: int, bits: Words, extra: Words, rows: Rows) -> int:
    """Write the candidates of one query, ascending, into ``rows``; returns how many. ``bits`` is and stays all zero.

    ``buckets`` is (tables, probes). A candidate is in a bucket of every group of ``group`` tables: of all tables
    together (OR), or of the functions of each (OR-AND), for which ``extra`` is a second set of bits.
    """
    _mark(tables, buckets, 0, group, bits)
    for begin in range(group, buckets.shape[0], group):
        _mark(tables, buckets, begin, begin + group, extra)
        if not _keep_both(bits, extra):
            return 0
    return _take_out(bits, rows)


@numba.njit(cache=True, nogil=True, inline="always")
def _room(n: int, group: int, tables: int) -> tuple[Words, Words, Rows]:
    """(bits, extra, rows) for :func:`_collect` over n rows; no second set of bits where one group is all tables."""
    bits = np.zeros((n + 63) // 64, dtype=np.uint64)
    return bits, np.zeros(len(bits) if group < tables else 0, dtype=np.uint64), np.empty(n, dtype=np.int32)


@numba.njit(cache=True, nogil=True)
def count_candidates(
    tables: BucketTables, buckets: Counts, group: int, n: int, counts: Counts, first: int, last: int
) -> None:
    """counts[q]: number of different candidates among n rows; ``buckets`` (q, tables, probes)."""
    bits, extra, rows = _room(n, group, buckets.shape[1])
    for q in range(first, last):
        counts[q] = _collect(tables, buckets[q], group, bits, extra, rows)


@numba.njit(cache=True, nogil=True)
def fill_candidates(
    tables: BucketTables, buckets: Counts, group: int, n: int, indptr: Counts, ids: Rows, first: int, last: int
) -> None:
    """ids[indptr[q] : indptr[q + 1]]: the candidates of q, ascending."""
    bits, extra, rows = _room(n, group, buckets.shape[1])
    for q in range(first, last):
        count = _collect(tables, buckets[q], group, bits, extra, rows)
        ids[indptr[q] : indptr[q] + count] = rows[:count]


# --- re-ranking: sums may be added in any order (reassoc), so that they use the whole width of the processor ---


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _squared_distance(x: Vectors, y: Vectors) -> np.float32:
    total = np.float32(0.0)
    for c in range(len(x)):
        difference = x[c] - y[c]
        total += difference * difference
    return total


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _cosine_distance(x: Vectors, y: Vectors) -> np.float32:
    """1 − x · y of unit vectors, not below 0."""
    total = np.float32(0.0)
    for c in range(len(x)):
        total += x[c] * y[c]
    return max(np.float32(1.0) - total, np.float32(0.0))


@numba.njit(cache=True, nogil=True, inline="always")
def _worse(value: np.float32, row: np.int32, other_value: np.float32, other_row: np.int32) -> bool | np.bool:
    return value > other_value or (value == other_value and row > other_row)


@numba.njit(cache=True, nogil=True)
def _sink(best_value: Vectors, best_row: Rows, size: int, value: np.float32, row: np.int32) -> None:
    """Replace the root of a heap whose root is the worst, ties by the larger row."""
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and _worse(best_value[child + 1], best_row[child + 1], best_value[child], best_row[child]):
            child += 1
        if not _worse(best_value[child], best_row[child], value, row):
            break
        best_value[i], best_row[i] = best_value[child], best_row[child]
        i = child
    best_value[i], best_row[i] = value, row


@numba.njit(cache=True, nogil=True, inline="always")
def _unheap(best_value: Vectors, best_row: Rows) -> None:
    """The heap in order, best first: the worst goes to the end again and again."""
    for size in range(len(best_value) - 1, 0, -1):
        value, row = best_value[size], best_row[size]
        best_value[size], best_row[size] = best_value[0], best_row[0]
        _sink(best_value, best_row, size, value, row)


@numba.njit(cache=True, nogil=True)
def search_block(
    tables: BucketTables,
    buckets: Counts,
    group: int,
    vectors: Vectors,
    queries: Vectors,
    cosine: bool,
    ids: Rows,
    values: Vectors,
    counts: Counts,
    first: int,
    last: int,
) -> None:
    """The k best candidates of each query by exact distance, ties by row; −1 and NaN where there are fewer.

    ``buckets`` is (q, tables, probes), ``vectors`` (n, d), ``queries`` (q, d), ``ids`` and ``values`` (q, k),
    ``counts`` (q,) the number of candidates.
    """
    n, d = vectors.shape
    k = ids.shape[1]
    flat = vectors.reshape(-1)
    bits, extra, rows = _room(n, group, buckets.shape[1])
    for q in range(first, last):
        count = _collect(tables, buckets[q], group, bits, extra, rows)
        counts[q] = count
        query, best_value, best_row = queries[q], values[q], ids[q]
        best_value[:], best_row[:] = np.inf, _NOBODY
        for i in range(count):
            if i + _AHEAD < count:  # candidates lie anywhere: memory answers while the ones before are compared
                ahead = np.int64(rows[i + _AHEAD]) * d
                for c in range(0, d, _LINE):
                    prefetch(flat, ahead + c)
            row = rows[i]
            value = _cosine_distance(vectors[row], query) if cosine else _squared_distance(vectors[row], query)
            # Rows come in ascending order: an equal value never displaces an earlier one.
            if value < best_value[0]:
                _sink(best_value, best_row, k, value, row)
        _unheap(best_value, best_row)
        for j in range(k):
            if best_row[j] == _NOBODY:
                best_value[j], best_row[j] = np.nan, -1
            elif not cosine:
                best_value[j] = np.sqrt(best_value[j])
