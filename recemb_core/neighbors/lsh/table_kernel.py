"""Compiled hash tables: a 64-bit key for the buckets of K functions together, rows grouped by key, look-up by key.

Every kernel works on a range of queries, points or tables and lets go of the interpreter lock: threads share the work,
and no result depends on how it is shared. ``reference`` says the same in plain NumPy.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba.core import types

from recemb_core.arrays import Float64Array, Int32Array, Int64Array, UInt64Array
from recemb_core.kernels.random_numbers import mix

Words = UInt64Array
Counts = Int64Array
Rows = Int32Array
Floats = Float64Array

_SMALL_SLOT = 32  # rows of a slot that are sorted by insertion: faster than a call of argsort


class BucketTables(NamedTuple):
    """All hash tables of an index.

    Attributes:
        ids: int32, rows by bucket, tables one after the other, ascending inside a bucket.
        starts: int64, where each bucket begins in ``ids``, and the end of the last one.
        keys: uint64, the key of each bucket, ascending slot by slot.
        slots: int64 (tables, 2^bits + 1): the buckets whose key has these upper bits.
        shift: 64 − bits.
    """

    ids: Rows
    starts: Counts
    keys: Words
    slots: Counts
    shift: np.uint64


def _trailing_zeros(typing_context: Any, word: Any) -> Any:
    """``trailing_zeros(word)`` in a kernel: how many zero bits a uint64 ends with (64 for 0)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


trailing_zeros: Any = numba.extending.intrinsic(_trailing_zeros)


# --- keys ---


@numba.njit(cache=True, nogil=True, inline="always")
def bucket_of(position: float, by_sign: bool) -> np.int64:
    """floor, not truncation: −0.5 lies in bucket −1."""
    if by_sign:
        return np.int64(1) if position >= 0 else np.int64(0)
    return np.int64(np.floor(position))


@numba.njit(cache=True, nogil=True)
def fill_keys(positions: Floats, by_sign: bool, multipliers: Words, keys: Words, first: int) -> None:
    """keys[t, first + i] = mix(Σ_f bucket_f · multiplier_f): 64 bits for the buckets of K functions together.

    ``positions`` is (n, tables, K), ``multipliers`` (K,), ``keys`` (tables, rows). Odd multipliers lose no bucket
    number; a sum, because a step to the next bucket then adds one number (see ``probe_kernel``). Two different sets of
    buckets share a key with a chance of about 2^−64 a pair.
    """
    n, tables, functions = positions.shape
    for i in range(n):
        for t in range(tables):
            total = np.uint64(0)
            for f in range(functions):
                total += np.uint64(bucket_of(positions[i, t, f], by_sign)) * multipliers[f]
            keys[t, first + i] = mix(total)


# --- tables ---


@numba.njit(cache=True, nogil=True, inline="always")
def _slots_of(keys: Words, rows: Rows, bits: int, ids: Rows) -> Counts:
    """Counting sort of ``rows`` into ``ids`` by the upper ``bits`` of their keys; returns where each slot begins.

    Rows of a slot stay in the order of ``rows``, which is ascending.
    """
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
    return begin


@numba.njit(cache=True, nogil=True, inline="always")
def _sort_slot(keys: Words, ids: Rows, low: int, high: int) -> None:
    """ids[low:high] by key, rows of one key in the order they had. Most slots hold a row or two, few hold many."""
    if high - low > _SMALL_SLOT:
        part = ids[low:high].copy()
        own = keys[part]
        if (own != own[0]).any():  # one large bucket needs no sorting
            ids[low:high] = part[np.argsort(own, kind="mergesort")]
    else:
        for i in range(low + 1, high):
            row, key, j = ids[i], keys[ids[i]], i
            while j > low and keys[ids[j - 1]] > key:
                ids[j] = ids[j - 1]
                j -= 1
            ids[j] = row


@numba.njit(cache=True, nogil=True)
def sort_table(
    keys: Words, rows: Rows, bits: int, ids: Rows, bucket_keys: Words, bucket_sizes: Counts, slot_sizes: Counts
) -> int:
    """Group ``rows`` by ``keys[row]`` into ``ids``; returns the number of buckets.

    ``bucket_keys`` and ``bucket_sizes`` get an entry a bucket, ``slot_sizes`` (2^bits,) the number of buckets whose key
    has these upper bits: about as many slots as rows, so that a look-up compares a key or two.
    """
    begin = _slots_of(keys, rows, bits, ids)
    buckets = 0
    for s in range(1 << bits):
        low, high = begin[s], begin[s + 1]
        if high - low > 1:  # most slots are empty or hold one row
            _sort_slot(keys, ids, low, high)
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
def _find(tables: BucketTables, table: int, key: np.uint64) -> int | np.int64:
    """Number of the bucket with this key, −1 where the table has none."""
    slot = key >> tables.shift
    for bucket in range(tables.slots[table, slot], tables.slots[table, slot + np.uint64(1)]):
        if tables.keys[bucket] == key:
            return bucket
    return np.int64(-1)


@numba.njit(cache=True, nogil=True)
def find_buckets(tables: BucketTables, keys: Words, probed: Counts, buckets: Counts, first: int, last: int) -> None:
    """buckets[q, t, j]: number of the bucket with keys[q, t, j]; −1 where there is none, or j ≥ probed[q, t]."""
    for q in range(first, last):
        for t in range(keys.shape[1]):
            for j in range(keys.shape[2]):
                buckets[q, t, j] = _find(tables, t, keys[q, t, j]) if j < probed[q, t] else -1
