"""Numba kernels of the LSH index and grid: bucket keys, bucket tables, probing, marking, re-ranking, histograms.

Every kernel works on a range of queries, points or tables and lets go of the interpreter lock: threads share the work,
and no result depends on how it is shared.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import types

from recemb_core.walk_tables import mix, prefetch


def _trailing_zeros(typing_context: Any, word: Any) -> Any:
    """``trailing_zeros(word)`` in a kernel: how many zero bits a uint64 ends with (64 for 0)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


trailing_zeros: Any = numba.extending.intrinsic(_trailing_zeros)


class BucketTables(NamedTuple):
    """All hash tables of an index.

    Attributes:
        ids: int32, rows by bucket, tables one after the other, ascending inside a bucket.
        starts: int64, where each bucket begins in ``ids``, and the end of the last one.
        keys: uint64, the key of each bucket, ascending slot by slot.
        slots: int64 (tables, 2^bits + 1): the buckets whose key has these upper bits.
        shift: 64 − bits.
    """

    ids: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    slots: npt.NDArray[np.int64]
    shift: np.uint64


# --- keys ---


@numba.njit(cache=True, nogil=True, inline="always")
def _bucket(position: Any, hyperplane: Any) -> Any:
    """floor, not truncation: −0.5 lies in bucket −1."""
    if hyperplane:
        return np.int64(1) if position >= 0 else np.int64(0)
    return np.int64(np.floor(position))


@numba.njit(cache=True, nogil=True)
def fill_keys(positions: Any, hyperplane: Any, multipliers: Any, keys: Any, first: Any) -> None:
    """keys[t, first + i] = mix(Σ_f bucket_f · multiplier_f): 64 bits for the buckets of K functions together."""
    n, tables, functions = positions.shape
    for i in range(n):
        for t in range(tables):
            total = np.uint64(0)
            for f in range(functions):
                total += np.uint64(_bucket(positions[i, t, f], hyperplane)) * multipliers[f]
            keys[t, first + i] = mix(total)


# --- tables ---


@numba.njit(cache=True, nogil=True)
def sort_table(keys: Any, rows: Any, bits: Any, ids: Any, bucket_keys: Any, bucket_sizes: Any, slot_sizes: Any) -> int:
    """Group ``rows`` by ``keys[row]``: counting sort by the upper bits, then by key within a slot; returns buckets."""
    shift = np.uint64(64 - bits)
    begin = np.zeros((1 << bits) + 1, dtype=np.int64)
    for row in rows:
        begin[(keys[row] >> shift) + np.uint64(1)] += 1
    for s in range(1 << bits):
        begin[s + 1] += begin[s]
    place = begin[:-1].copy()
    for row in rows:
        slot = keys[row] >> shift
        ids[place[slot]] = row
        place[slot] += 1
    buckets = 0
    for s in range(1 << bits):
        low, high = begin[s], begin[s + 1]
        if high - low > 32:
            part = ids[low:high].copy()
            own = keys[part]
            if (own != own[0]).any():
                ids[low:high] = part[np.argsort(own, kind="mergesort")]
        else:
            for i in range(low + 1, high):
                row, key, j = ids[i], keys[ids[i]], i
                while j > low and keys[ids[j - 1]] > key:
                    ids[j] = ids[j - 1]
                    j -= 1
                ids[j] = row
        before = buckets
        for i in range(low, high):
            key = keys[ids[i]]
            if i == low or key != bucket_keys[buckets - 1]:
                bucket_keys[buckets] = key
                bucket_sizes[buckets] = 0
                buckets += 1
            bucket_sizes[buckets - 1] += 1
        slot_sizes[s] = buckets - before
    return buckets


@numba.njit(cache=True, nogil=True, inline="always")
def _find(tables: Any, table: Any, key: Any) -> Any:
    """Number of the bucket with this key, −1 where the table has none."""
    slot = key >> tables.shift
    for bucket in range(tables.slots[table, slot], tables.slots[table, slot + np.uint64(1)]):
        if tables.keys[bucket] == key:
            return bucket
    return np.int64(-1)


@numba.njit(cache=True, nogil=True)
def find_buckets(tables: Any, keys: Any, probed: Any, buckets: Any, first: Any, last: Any) -> None:
    """Bucket number of every key (q, tables, probes), −1 where there is none or nothing more to probe."""
    for q in range(first, last):
        for t in range(keys.shape[1]):
            for j in range(keys.shape[2]):
                buckets[q, t, j] = _find(tables, t, keys[q, t, j]) if j < probed[q, t] else -1


# --- multi-probe ---


@numba.njit(cache=True, nogil=True)
def _push(heap_score: Any, heap_set: Any, size: Any, score: Any, members: Any) -> None:
    i = size
    while i > 0 and heap_score[(i - 1) // 2] > score:
        heap_score[i], heap_set[i] = heap_score[(i - 1) // 2], heap_set[(i - 1) // 2]
        i = (i - 1) // 2
    heap_score[i], heap_set[i] = score, members


@numba.njit(cache=True, nogil=True)
def _pop(heap_score: Any, heap_set: Any, size: Any) -> None:
    """Takes the root off: the last of ``size`` entries moves up and sinks."""
    score, members = heap_score[size - 1], heap_set[size - 1]
    i, size = 0, size - 1
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and heap_score[child + 1] < heap_score[child]:
            child += 1
        if heap_score[child] >= score:
            break
        heap_score[i], heap_set[i] = heap_score[child], heap_set[child]
        i = child
    heap_score[i], heap_set[i] = score, members


@numba.njit(cache=True, nogil=True)
def probe_keys(
    positions: Any, hyperplane: Any, multipliers: Any, keys: Any, probed: Any, first: Any, last: Any
) -> None:
    """The query's own bucket, then the likeliest neighboring ones, best first (Lv et al. 2007).

    A step of one function to the next bucket costs the squared distance to that border; a probe is a set of steps, its
    score their sum. Sets come out of a heap in the order of their scores: from a set whose last step is the j-th
    cheapest follow the same set with step j + 1 instead of j, and with step j + 1 as well.
    """
    tables, functions = positions.shape[1:]
    wanted = keys.shape[2]
    steps = functions if hyperplane else 2 * functions
    score = np.empty(steps)
    change = np.empty(steps, dtype=np.uint64)
    heap_score = np.empty(64)
    heap_set = np.empty(64, dtype=np.uint64)
    one = np.uint64(1)
    for q in range(first, last):
        for t in range(tables):
            total = np.uint64(0)
            for f in range(functions):
                position = positions[q, t, f]
                bucket = _bucket(position, hyperplane)
                total += np.uint64(bucket) * multipliers[f]
                if hyperplane:
                    score[f] = position * position
                    change[f] = np.uint64(1 - 2 * bucket) * multipliers[f]
                else:
                    down = position - bucket
                    score[2 * f], score[2 * f + 1] = down * down, (1 - down) * (1 - down)
                    change[2 * f], change[2 * f + 1] = np.uint64(0) - multipliers[f], multipliers[f]
            keys[q, t, 0] = mix(total)
            found = 1
            if wanted == 1:
                probed[q, t] = 1
                continue
            order = np.argsort(score, kind="mergesort")
            heap_score[0], heap_set[0], size = score[order[0]], one, 1
            while size > 0 and found < wanted:
                value, members = heap_score[0], heap_set[0]
                _pop(heap_score, heap_set, size)
                size -= 1
                key = total
                used = np.uint64(0)
                valid = True
                top = np.int64(0)
                rest = members
                while rest != 0:
                    top = np.int64(trailing_zeros(rest))
                    rest &= rest - one
                    step = order[top]
                    key += change[step]
                    owner = one << np.uint64(step if hyperplane else step // 2)
                    valid = valid and (used & owner) == 0
                    used |= owner
                if valid:
                    keys[q, t, found] = mix(key)
                    found += 1
                if top + 1 < steps:
                    if size + 2 > len(heap_score):
                        heap_score = np.concatenate((heap_score, np.empty_like(heap_score)))
                        heap_set = np.concatenate((heap_set, np.empty_like(heap_set)))
                    longer = members | (one << np.uint64(top + 1))
                    difference = score[order[top + 1]] - score[order[top]]
                    _push(heap_score, heap_set, size, value + difference, longer ^ (one << np.uint64(top)))
                    size += 1
                    if valid:  # what begins with both steps of one function never becomes a probe
                        _push(heap_score, heap_set, size, value + score[order[top + 1]], longer)
                        size += 1
            probed[q, t] = found


# --- candidates ---


@numba.njit(cache=True, nogil=True, inline="always")
def _mark(tables: Any, bucket: Any, bits: Any) -> None:
    if bucket >= 0:
        for i in range(tables.starts[bucket], tables.starts[bucket + 1]):
            row = tables.ids[i]
            bits[row >> 6] |= np.uint64(1) << np.uint64(row & 63)


@numba.njit(cache=True, nogil=True)
def _collect(tables: Any, buckets: Any, group: Any, bits: Any, extra: Any, rows: Any) -> int:
    """Write the candidates of one query, ascending, into ``rows``; returns how many. ``bits`` is and stays all zero.

    ``buckets`` is (tables, probes). A candidate is in a bucket of every group of ``group`` tables: of all tables
    together (OR), or of the functions of each (OR-AND), for which ``extra`` is a second set of bits.
    """
    for t in range(group):
        for j in range(buckets.shape[1]):
            _mark(tables, buckets[t, j], bits)
    for begin in range(group, buckets.shape[0], group):
        for t in range(begin, begin + group):
            for j in range(buckets.shape[1]):
                _mark(tables, buckets[t, j], extra)
        left = np.uint64(0)
        for w in range(len(bits)):
            bits[w] &= extra[w]
            extra[w] = 0
            left |= bits[w]
        if left == 0:
            return 0
    count = 0
    for w in range(len(bits)):
        word = bits[w]
        bits[w] = 0
        while word != 0:
            rows[count] = np.int32(w * 64 + np.int64(trailing_zeros(word)))
            count += 1
            word &= word - np.uint64(1)
    return count


@numba.njit(cache=True, nogil=True)
def count_candidates(tables: Any, buckets: Any, group: Any, n: Any, counts: Any, first: Any, last: Any) -> None:
    """counts[q]: number of different candidates."""
    bits = np.zeros((n + 63) // 64, dtype=np.uint64)
    extra = np.zeros(len(bits) if group < buckets.shape[1] else 0, dtype=np.uint64)
    rows = np.empty(n, dtype=np.int32)
    for q in range(first, last):
        counts[q] = _collect(tables, buckets[q], group, bits, extra, rows)


@numba.njit(cache=True, nogil=True)
def fill_candidates(
    tables: Any, buckets: Any, group: Any, n: Any, indptr: Any, ids: Any, first: Any, last: Any
) -> None:
    """ids[indptr[q] : indptr[q + 1]]: the candidates of q, ascending."""
    bits = np.zeros((n + 63) // 64, dtype=np.uint64)
    extra = np.zeros(len(bits) if group < buckets.shape[1] else 0, dtype=np.uint64)
    rows = np.empty(n, dtype=np.int32)
    for q in range(first, last):
        count = _collect(tables, buckets[q], group, bits, extra, rows)
        ids[indptr[q] : indptr[q] + count] = rows[:count]


# --- re-ranking ---


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _squared_distance(x: Any, y: Any) -> Any:
    total = np.float32(0.0)
    for c in range(len(x)):
        difference = x[c] - y[c]
        total += difference * difference
    return total


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _cosine_distance(x: Any, y: Any) -> Any:
    total = np.float32(0.0)
    for c in range(len(x)):
        total += x[c] * y[c]
    return max(np.float32(1.0) - total, np.float32(0.0))


@numba.njit(cache=True, nogil=True, inline="always")
def _worse(value: Any, row: Any, other_value: Any, other_row: Any) -> Any:
    return value > other_value or (value == other_value and row > other_row)


@numba.njit(cache=True, nogil=True)
def _sink(best_value: Any, best_row: Any, size: Any, value: Any, row: Any) -> None:
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


@numba.njit(cache=True, nogil=True)
def search_block(
    tables: Any,
    buckets: Any,
    group: Any,
    vectors: Any,
    queries: Any,
    cosine: Any,
    ids: Any,
    values: Any,
    counts: Any,
    first: Any,
    last: Any,
) -> None:
    """The k best candidates of each query by exact distance, ties by row; −1 and NaN where there are fewer."""
    n, d = vectors.shape
    k = ids.shape[1]
    flat = vectors.reshape(-1)
    bits = np.zeros((n + 63) // 64, dtype=np.uint64)
    extra = np.zeros(len(bits) if group < buckets.shape[1] else 0, dtype=np.uint64)
    rows = np.empty(n, dtype=np.int32)
    for q in range(first, last):
        count = _collect(tables, buckets[q], group, bits, extra, rows)
        counts[q] = count
        query, best_value, best_row = queries[q], values[q], ids[q]
        for j in range(k):
            best_value[j], best_row[j] = np.inf, 2147483647
        for i in range(count):
            if i + 8 < count:
                ahead = np.int64(rows[i + 8]) * d
                for c in range(0, d, 16):  # a cache line at a time
                    prefetch(flat, ahead + c)
            row = rows[i]
            value = _cosine_distance(vectors[row], query) if cosine else _squared_distance(vectors[row], query)
            # Rows come in ascending order: an equal value never displaces an earlier one.
            if value < best_value[0]:
                _sink(best_value, best_row, k, value, row)
        for size in range(k - 1, 0, -1):
            value, row = best_value[size], best_row[size]
            best_value[size], best_row[size] = best_value[0], best_row[0]
            _sink(best_value, best_row, size, value, row)
        for j in range(k):
            if best_row[j] == 2147483647:
                best_value[j], best_row[j] = np.nan, -1
            elif not cosine:
                best_value[j] = np.sqrt(best_value[j])


# --- the grid ---

# Points at a time: what belongs to them stays in the nearest cache, and a count of them fits a lane of 8 bits.
_GRID_BLOCK = 248


@numba.njit(cache=True, nogil=True)
def pack_codes(
    positions: Any, hyperplane: Any, log_bits: Any, padding: Any, words: Any, low: Any, high: Any, first: Any
) -> None:
    """Bucket numbers into lanes of 2^log_bits bits, words[t, w, first + i]; ``low``, ``high`` (L, K) follow the range.

    A lane holds the lower bits alone, which is exact as long as no function's range exceeds them. Lanes beyond the
    last function hold ``padding``.
    """
    n, tables, functions = positions.shape
    per_word = 64 >> log_bits
    mask = (np.uint64(1) << np.uint64(1 << log_bits)) - np.uint64(1)
    for t in range(tables):
        for i in range(n):
            row = positions[i, t]
            for w in range(words.shape[1]):
                word = np.uint64(0)
                for lane in range(per_word):
                    f = w * per_word + lane
                    code = np.uint64(padding)
                    if f < functions:
                        bucket = _bucket(row[f], hyperplane)
                        low[t, f] = min(low[t, f], bucket)
                        high[t, f] = max(high[t, f], bucket)
                        code = np.uint64(bucket) & mask
                    word |= code << np.uint64(lane << log_bits)
                words[t, w, first + i] = word


@numba.njit(cache=True, nogil=True)
def _prefixes(
    points: Any, query: Any, reached: Any, going: Any, begins: Any, goes_on: Any, highs: Any, down: Any
) -> Any:
    """One word of one table: mark the lanes up to the first that differs; returns the sum of the lanes' upper bits.

    ``reached`` gathers the marks over tables: the or of two prefixes is the longer one. ``going`` says for which points
    the words before agree altogether: all, where the prefix ``begins``; it is written where it ``goes_on``.
    """
    one, total = np.uint64(1), np.uint64(0)
    if begins and goes_on:
        for i in range(len(points)):
            differ = points[i] ^ query
            marks = reached[i] | ((differ - one) & ~differ)
            reached[i] = marks
            going[i] = ~np.uint64(0) if differ == 0 else np.uint64(0)
            total += (marks & highs) >> down
    elif begins:
        for i in range(len(points)):
            differ = points[i] ^ query
            marks = reached[i] | ((differ - one) & ~differ)
            reached[i] = marks
            total += (marks & highs) >> down
    else:
        for i in range(len(points)):
            differ = points[i] ^ query
            marks = reached[i] | ((differ - one) & ~differ & going[i])
            reached[i] = marks
            going[i] = going[i] if differ == 0 else np.uint64(0)
            total += (marks & highs) >> down
    return total


@numba.njit(cache=True, nogil=True)
def _misses(
    points: Any, query: Any, reached: Any, going: Any, begins: Any, goes_on: Any, lows: Any, highs: Any, down: Any
) -> Any:
    """The same with the lanes before the first that agrees: the lowest zero lane of the exclusive or.

    Lanes above a zero lane may be taken for zero by the borrow, but never the lowest, which is all that counts.
    """
    one, total = np.uint64(1), np.uint64(0)
    if begins and goes_on:
        for i in range(len(points)):
            differ = points[i] ^ query
            zero = (differ - lows) & ~differ & highs
            marks = reached[i] | ((zero - one) & ~zero)
            reached[i] = marks
            going[i] = ~np.uint64(0) if zero == 0 else np.uint64(0)
            total += (marks & highs) >> down
    elif begins:
        for i in range(len(points)):
            differ = points[i] ^ query
            zero = (differ - lows) & ~differ & highs
            marks = reached[i] | ((zero - one) & ~zero)
            reached[i] = marks
            total += (marks & highs) >> down
    else:
        for i in range(len(points)):
            differ = points[i] ^ query
            zero = (differ - lows) & ~differ & highs
            marks = reached[i] | ((zero - one) & ~zero & going[i])
            reached[i] = marks
            going[i] = going[i] if zero == 0 else np.uint64(0)
            total += (marks & highs) >> down
    return total


@numba.njit(cache=True, nogil=True)
def _count_block(
    points: Any, begin: Any, end: Any, query: Any, log_bits: Any, prefixes: Any, misses: Any, reached: Any, going: Any
) -> None:
    """Points begin…end against one query: add to ``prefixes`` and ``misses`` (L, K), where wanted, table by table."""
    tables, words = query.shape
    per_word = 64 >> log_bits
    lows = np.uint64(0)
    for lane in range(per_word):
        lows |= np.uint64(1) << np.uint64(lane << log_bits)
    highs = lows << np.uint64((1 << log_bits) - 1)
    down = np.uint64((1 << log_bits) - 1)
    mask = (np.uint64(1) << np.uint64(1 << log_bits)) - np.uint64(1)
    for kind in range(2):
        counts = prefixes if kind == 0 else misses
        if len(counts) == 0:
            continue
        reached[:] = 0
        for t in range(tables):
            for w in range(words):
                part, marks = points[t, w, begin:end], reached[w]
                if kind == 0:
                    total = _prefixes(part, query[t, w], marks, going, w == 0, w + 1 < words, highs, down)
                else:
                    total = _misses(part, query[t, w], marks, going, w == 0, w + 1 < words, lows, highs, down)
                for f in range(w * per_word, min((w + 1) * per_word, counts.shape[1])):
                    counts[t, f] += np.int32(total & mask)
                    total >>= np.uint64(1 << log_bits)


@numba.njit(cache=True, nogil=True)
def grid_all(points: Any, queries: Any, log_bits: Any, prefixes: Any, misses: Any, first: Any, last: Any) -> None:
    """Every point against queries first…last.

    Args:
        points: uint64 (L, words, n), queries: uint64 (q, L, words), from :func:`pack_codes`.
        prefixes: int32 (q, L, K): [q, l, j] counts points of which the first j + 1 functions agree in one of the first
            l + 1 tables; misses: points of which none of the first j + 1 functions agrees in one of them. Either may be
            empty if it is not wanted.
    """
    n, words = points.shape[2], points.shape[1]
    reached, going = np.empty((words, _GRID_BLOCK), dtype=np.uint64), np.empty(_GRID_BLOCK, dtype=np.uint64)
    nothing = np.empty((0, 0), dtype=np.int32)
    # A block of points stays in the second cache for a few queries.
    for q_from in range(first, last, 8):
        for begin in range(0, n, _GRID_BLOCK):
            for q in range(q_from, min(q_from + 8, last)):
                _count_block(
                    points, begin, min(begin + _GRID_BLOCK, n), queries[q], log_bits,
                    prefixes[q] if len(prefixes) else nothing, misses[q] if len(misses) else nothing, reached, going,
                )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def grid_some(
    points: Any, queries: Any, rows: Any, log_bits: Any, prefixes: Any, misses: Any, first: Any, last: Any
) -> None:
    """The same for the points ``rows[q]`` alone, −1 for none: the true neighbors."""
    tables, words = queries.shape[1:]
    reached, going = np.empty((words, _GRID_BLOCK), dtype=np.uint64), np.empty(_GRID_BLOCK, dtype=np.uint64)
    nothing = np.empty((0, 0), dtype=np.int32)
    part = np.empty((tables, words, _GRID_BLOCK), dtype=np.uint64)
    for q in range(first, last):
        for begin in range(0, rows.shape[1], _GRID_BLOCK):
            count = 0
            for row in rows[q, begin : begin + _GRID_BLOCK]:
                if row >= 0:
                    part[:, :, count] = points[:, :, row]
                    count += 1
            _count_block(
                part, 0, count, queries[q], log_bits,
                prefixes[q] if len(prefixes) else nothing, misses[q] if len(misses) else nothing, reached, going,
            )  # fmt: skip
