"""The skip-gram kernel: negative sampling on chunks of text, shared out among threads, the same bytes on any number."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array, Int64Array, UInt32Array
from recemb_core.embeddings.pair_blocks_kernel import (
    ITEM,
    KEEP,
    Blocks,
    Text,
    count_pairs,
    deal,
    fill_noise,
    fill_pairs,
    lay_out,
)
from recemb_core.kernels.atomics import fetch_add, look, publish
from recemb_core.kernels.prefetching import prefetch_row
from recemb_core.kernels.random_numbers import mixed_number, next_state, random_word
from recemb_core.kernels.skip_gram_update import Rates, falling_rate, update_pair

OVER, WAITING, GOING_ON = 0, 1, 2
"""Why :func:`work` came back: nothing is left (or it was told to stop); others must finish first; time to report."""

AHEAD = 16
"""Pairs whose negatives are drawn at once: with d = 64 their rows just fit into the first cache."""
CACHED = 30_000
"""Numbers in one table of a block (two are read) that stay in the cache without being asked for."""

LINE = 8
"""int64 in a cache line: two counters in one would be fetched from the other thread at every change."""
_NEXT, _FINISHED, STOP, _ROUNDS = 0, LINE, 2 * LINE, 3 * LINE
_LOOKS = 2_000  # some microseconds; who waits longer lets others have the processor
_SEED_OF_DEALING, _SEED_OF_WINDOWS, _SEEDS_BEFORE_BLOCKS = 0, 1, 2


class Tables(NamedTuple):
    """What is trained: the input vectors and the output vectors, float32 (n, d) each."""

    vectors: Float32Array
    outputs: Float32Array


class Plan(NamedTuple):
    """The chunks of an epoch, or of a portion of it.

    Attributes:
        edges: int64 (chunks + 1,): chunk c has the centers edges[c] … edges[c + 1] − 1.
        rates: float64 (chunks + 1,), the learning rate at these.
        negative: negatives for each pair.
        seed: of all its draws.
        losses: float64 (chunks, P²), what each block's loss adds up to; written.
        trained: int64 (chunks,), pairs of each chunk; written.
        first: number of the first chunk in the epoch.
    """

    edges: Int64Array
    rates: Float64Array
    negative: int
    seed: np.uint64
    losses: Float64Array
    trained: Int64Array
    first: int = 0


def new_clock(parts: int) -> Int64Array:
    """Counters for :func:`work`: the next task, tasks finished, a wish to stop, rounds that each part has finished."""
    return np.zeros(_ROUNDS + 2 * LINE * parts, dtype=np.int64)


@numba.njit(cache=True, nogil=True, inline="always")
def draw_negatives(targets: Int32Array, state: np.uint64, noise: UInt32Array) -> np.uint64:
    """``targets[1:]``: draws from a part's ``noise`` (m, 4); returns the state after them.

    One number makes a draw: 32 random bits times m have the slot in their upper half, and how far inside it in their
    lower one.
    """
    size = np.uint64(len(noise))
    for draw in range(1, len(targets)):
        state = next_state(state)
        wide = random_word(state) * size
        slot = noise[np.int64(wide >> np.uint64(32))]
        # The slot's item or the other one, by position: a jump would often be mispredicted.
        targets[draw] = slot[ITEM + np.int64((wide & np.uint64(0xFFFFFFFF)) >= np.uint64(slot[KEEP]))]
    return state


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def train_block(
    pairs: Int32Array, noise: UInt32Array, tables: Tables, negative: int, rates: Rates, seed: np.uint64
) -> float:
    """Train the pairs of a block one after the other; returns the sum of the loss.

    The negatives of the next few pairs are drawn in one short loop, and their rows asked for where they are not in the
    cache anyway, so that they come from memory while others are computed. Those pairs have one learning rate. See
    :func:`~recemb_core.kernels.skip_gram_update.update_pair` for a pair.

    ``pairs`` is int32 (m, 2), ``noise`` the slots of the block's output part, ``rates`` those at its ends.
    """
    vectors, outputs = tables
    d, size = vectors.shape[1], len(pairs)
    flat_vectors, flat_outputs = vectors.reshape(-1), outputs.reshape(-1)
    from_memory = len(noise) * d > CACHED
    gather = np.empty(d, dtype=np.float32)
    targets = np.empty((AHEAD, negative + 1), dtype=np.int32)
    state = seed | np.uint64(1)
    loss = 0.0
    for start in range(0, size, AHEAD):
        many = min(AHEAD, size - start)
        rate = np.float32(falling_rate(rates, start, size))
        for k in range(many):
            targets[k, 0] = pairs[start + k, 1]
            state = draw_negatives(targets[k], state, noise)
            if from_memory:
                prefetch_row(flat_vectors, pairs[start + k, 0], d)
                for draw in range(negative + 1):
                    prefetch_row(flat_outputs, targets[k, draw], d)
        for k in range(many):
            loss = update_pair(vectors[pairs[start + k, 0]], outputs, targets[k], rate, gather, loss)
    return loss


@numba.njit(cache=True, nogil=True, inline="always")
def _tasks(parts: int) -> int:
    """Tasks of a chunk: deal, P tables of noise, P slices counted, laid out, P slices filled, P² blocks trained."""
    return 2 + 3 * parts + parts * parts


@numba.njit(cache=True, nogil=True, inline="always")
def _slice(begin: int, end: int, k: int, slices: int) -> tuple[int, int]:
    """The k-th of so many equal slices of begin … end − 1."""
    return begin + (end - begin) * k // slices, begin + (end - begin) * (k + 1) // slices


@numba.njit(cache=True, nogil=True)
def _may_begin(clock: Int64Array, chunk: int, task: int, parts: int) -> bool:
    """Whether all that a task reads is there, and nobody writes where it does.

    Tasks are handed out in order, so that all before one have been begun. A block waits for the block before it in
    its input part and in its output part: those are P and P − 1 tasks back, and threads seldom meet.
    """
    start = chunk * _tasks(parts)
    counted = 1 + 2 * parts
    filled = counted + 1 + parts
    if task <= 0:
        needed = 0
    elif task < counted:
        needed = 1
    elif task == counted:
        needed = counted
    elif task < filled:
        needed = counted + 1
    else:
        needed = filled
    if look(clock, _FINISHED) < start + needed:
        return False
    if task < filled:
        return True
    turn, i = (task - filled) // parts, (task - filled) % parts
    j, before = (i + turn) % parts, chunk * parts + turn
    return bool(look(clock, _ROUNDS + LINE * i) == before and look(clock, _ROUNDS + LINE * (parts + j)) == before)


@numba.njit(cache=True, nogil=True)
def _do(clock: Int64Array, chunk: int, task: int, text: Text, plan: Plan, blocks: Blocks, tables: Tables) -> int:
    """One task; the pairs that it trained."""
    parts = len(blocks.first) - 1
    seed = mixed_number(plan.seed, plan.first + chunk)
    windows = mixed_number(seed, _SEED_OF_WINDOWS)
    begin, end = plan.edges[chunk], plan.edges[chunk + 1]
    counted = 1 + 2 * parts
    filled = counted + 1 + parts
    if task == 0:
        deal(blocks, mixed_number(seed, _SEED_OF_DEALING))
    elif task <= parts:
        fill_noise(blocks, task - 1)
    elif task < counted:
        k = task - 1 - parts
        count_pairs(text, *_slice(begin, end, k, parts), windows, blocks, k)
    elif task == counted:
        lay_out(blocks)
        plan.trained[chunk] = blocks.begin[parts * parts]
    elif task < filled:
        k = task - counted - 1
        fill_pairs(text, *_slice(begin, end, k, parts), windows, blocks, k)
    else:
        turn, i = (task - filled) // parts, (task - filled) % parts
        j = (i + turn) % parts
        block = i * parts + j
        ends = plan.rates[chunk], plan.rates[chunk + 1]
        rates = falling_rate(ends, turn, parts), falling_rate(ends, turn + 1, parts)
        pairs = blocks.pairs[blocks.begin[block] : blocks.begin[block + 1]]
        noise = blocks.noise[blocks.first[j] : blocks.first[j + 1]]
        of_block = mixed_number(seed, _SEEDS_BEFORE_BLOCKS + block)
        plan.losses[chunk, block] = train_block(pairs, noise, tables, plan.negative, rates, of_block)
        publish(clock, _ROUNDS + LINE * i, chunk * parts + turn + 1)
        publish(clock, _ROUNDS + LINE * (parts + j), chunk * parts + turn + 1)
        return len(pairs)
    return 0


@numba.njit(cache=True, nogil=True)
def work(mine: Int64Array, clock: Int64Array, text: Text, plan: Plan, blocks: Blocks, tables: Tables, many: int) -> int:
    """Take tasks of an epoch and do them, until ``many`` pairs are trained or there is a reason to come back.

    Called again and again, by any number of threads at once with the same arrays, but ``mine``. A thread takes the
    next task whichever it is; what a task reads and writes, and which tasks write to the same rows in which order, does
    not depend on who does it. So the result is that of one thread.

    Args:
        mine: int64 (1,), the task that this thread has taken; −1 at first.
        clock: of :func:`new_clock`, new for each epoch and portion.
        text, plan, blocks, tables: what is trained, and the room for it.
        many: pairs after which it comes back to report.

    Returns:
        ``OVER``, ``WAITING`` or ``GOING_ON``.
    """
    parts, chunks = len(blocks.first) - 1, len(plan.edges) - 1
    tasks = _tasks(parts)
    trained = 0
    while look(clock, STOP) == 0:
        if mine[0] < 0:
            mine[0] = fetch_add(clock, _NEXT, 1)
        chunk, task = mine[0] // tasks, mine[0] % tasks
        if chunk >= chunks:
            return OVER
        looks = 0
        while not _may_begin(clock, chunk, task, parts):
            looks += 1
            if looks > _LOOKS:
                return WAITING
        trained += _do(clock, chunk, task, text, plan, blocks, tables)
        mine[0] = -1
        fetch_add(clock, _FINISHED, 1)
        if trained >= many:
            return GOING_ON
    return OVER


def blocks_trained(clock: Int64Array, parts: int) -> int:
    """How many blocks of an epoch are trained, while it is being trained."""
    return int(clock[_ROUNDS : _ROUNDS + LINE * parts : LINE].sum())
