"""Compiled multi-probe: the keys of the query's own bucket and of the likeliest neighboring ones (Lv et al. 2007)."""

from __future__ import annotations

import numba
import numpy as np

from recemb_core.kernels.random_numbers import mix
from recemb_core.neighbors.lsh.table_kernel import Counts, Floats, Words, bucket_of, trailing_zeros

_ONE = np.uint64(1)


# --- a heap of sets of steps, the smallest score on top ---


@numba.njit(cache=True, nogil=True)
def _push(heap_score: Floats, heap_set: Words, size: int, score: float, members: np.uint64) -> None:
    """Adds to ``size`` entries: the new one rises from the end."""
    i = size
    while i > 0 and heap_score[(i - 1) // 2] > score:
        heap_score[i], heap_set[i] = heap_score[(i - 1) // 2], heap_set[(i - 1) // 2]
        i = (i - 1) // 2
    heap_score[i], heap_set[i] = score, members


@numba.njit(cache=True, nogil=True)
def _pop(heap_score: Floats, heap_set: Words, size: int) -> None:
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


# --- probes ---


@numba.njit(cache=True, nogil=True, inline="always")
def _steps(positions: Floats, by_sign: bool, multipliers: Words, score: Floats, change: Words) -> np.uint64:
    """Every step of one function to a next bucket: its ``score``, and what it ``change``s in the sum behind the key.

    ``positions`` is (K,). By sign a function has one step, to the other side: squared distance to 0. By floor it has
    two, down (2f) and up (2f + 1): squared distance to that border, in bucket widths. Returns the sum behind the own
    key (see :func:`~recemb_core.neighbors.lsh.table_kernel.fill_keys`).
    """
    total = np.uint64(0)
    for f in range(len(positions)):
        position = positions[f]
        bucket = bucket_of(position, by_sign)
        total += np.uint64(bucket) * multipliers[f]
        if by_sign:
            score[f] = position * position
            change[f] = np.uint64(1 - 2 * bucket) * multipliers[f]
        else:
            down = position - bucket
            score[2 * f], score[2 * f + 1] = down * down, (1 - down) * (1 - down)
            change[2 * f], change[2 * f + 1] = np.uint64(0) - multipliers[f], multipliers[f]
    return total


@numba.njit(cache=True, nogil=True, inline="always")
def _take_steps(
    members: np.uint64, order: Counts, change: Words, total: np.uint64, by_sign: bool
) -> tuple[np.uint64, np.int64, bool]:
    """(the sum behind the key after all steps of the set, the place of its costliest step, whether it is possible).

    Bit j of ``members`` stands for the j-th cheapest step. Two steps of one function are impossible together.
    """
    used, valid, top, rest = np.uint64(0), True, np.int64(0), members
    while rest != 0:
        top = np.int64(trailing_zeros(rest))
        rest &= rest - _ONE
        step = order[top]
        total += change[step]
        owner = _ONE << np.uint64(step if by_sign else step // 2)
        valid = valid and (used & owner) == 0
        used |= owner
    return total, top, valid


@numba.njit(cache=True, nogil=True)
def probe_keys(
    positions: Floats, by_sign: bool, multipliers: Words, keys: Words, probed: Counts, first: int, last: int
) -> None:
    """keys[q, t]: the query's own bucket, then the likeliest neighboring ones, best first; probed[q, t]: how many.

    ``positions`` is (q, tables, K), ``multipliers`` (K,), ``keys`` (q, tables, 1 + probes). A probe is a set of steps
    of different functions to their next buckets, its score the sum of theirs. Sets come out of a heap in the order of
    their scores, each once: from a set whose costliest step is the j-th follow the same set with step j + 1 instead of
    j, and with step j + 1 as well. There are at most 64 steps (32 functions, two each): a set is a word of bits.
    """
    tables, functions = positions.shape[1:]
    wanted = keys.shape[2]
    steps = functions if by_sign else 2 * functions
    score, change = np.empty(steps), np.empty(steps, dtype=np.uint64)
    heap_score, heap_set = np.empty(64), np.empty(64, dtype=np.uint64)
    for q in range(first, last):
        for t in range(tables):
            total = _steps(positions[q, t], by_sign, multipliers, score, change)
            keys[q, t, 0] = mix(total)
            found = 1
            if wanted == 1:
                probed[q, t] = 1
                continue
            order = np.argsort(score, kind="mergesort")
            heap_score[0], heap_set[0], size = score[order[0]], _ONE, 1
            while size > 0 and found < wanted:
                value, members = heap_score[0], heap_set[0]
                _pop(heap_score, heap_set, size)
                size -= 1
                key, top, valid = _take_steps(members, order, change, total, by_sign)
                if valid:
                    keys[q, t, found] = mix(key)
                    found += 1
                if top + 1 < steps:
                    if size + 2 > len(heap_score):
                        heap_score = np.concatenate((heap_score, np.empty_like(heap_score)))
                        heap_set = np.concatenate((heap_set, np.empty_like(heap_set)))
                    longer = members | (_ONE << np.uint64(top + 1))
                    difference = score[order[top + 1]] - score[order[top]]
                    _push(heap_score, heap_set, size, value + difference, longer ^ (_ONE << np.uint64(top)))
                    size += 1
                    if valid:  # what begins with both steps of one function never becomes a probe
                        _push(heap_score, heap_set, size, value + score[order[top + 1]], longer)
                        size += 1
            probed[q, t] = found
