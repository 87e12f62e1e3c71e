"""The kernel of GES and EGES: one pass over a block of walks, and the vectors that come out of it."""

from __future__ import annotations

import numba
import numpy as np

from recemb_core.embeddings.eges_update_kernel import Floats, Parts, Rows, aggregate, score, spread
from recemb_core.kernels.prefetching import prefetch, prefetch_row
from recemb_core.kernels.random_numbers import mix, mixed_number
from recemb_core.kernels.skip_gram_update import Rates, falling_rate


@numba.njit(nogil=True, cache=True)
def stride_of(total: int) -> int:
    """A step that visits each of ``total`` places once before it comes back: prime to it, near its golden section."""
    stride = max(int(total * 0.6180339887498949), 1)
    while True:
        a, b = total, stride
        while b:
            a, b = b, a % b
        if a <= 1:
            return stride
        stride += 1


@numba.njit(nogil=True, cache=True, error_model="numpy")
def draw_window(
    walk: Rows, i: int, window: int, negative: int, bits: np.uint64, table: Rows, targets: Rows, signs: Floats
) -> tuple[int, int]:
    """The contexts of walk[i] and their negatives into ``targets`` and ``signs``; (how many, positives among them).

    The negatives are read one after the other from a random place of ``table``, which must be shuffled: drawing each
    anew would wait for the memory every time. A place without an item (negative) has none.
    """
    if walk[i] < 0:
        return 0, 0
    mask = np.uint64(len(table) - 1)
    reach = 1 + int((bits >> np.uint64(33)) % np.uint64(window))
    place = bits  # its low bits; the table is shuffled, so what follows there is as random
    low, high = max(0, i - reach), min(len(walk), i + reach + 1)
    while walk[high - 1] < 0:
        high -= 1
    many = 0
    for at in range(low, high):
        if at == i:
            continue
        context = walk[at]
        targets[many], signs[many] = context, 1
        many += 1
        for _ in range(negative):
            drawn = table[place & mask]
            place += np.uint64(1)
            if drawn != context:  # a failed negative is no positive
                targets[many], signs[many] = drawn, -1
                many += 1
    return many, high - low - 1


@numba.njit(nogil=True, cache=True, inline="always")
def _prefetch_parts(item: int, parts: Parts, flat_own: Floats, flat_side: Floats) -> None:
    """The embeddings that :func:`aggregate` will read."""
    d, fields = parts.own.shape[1], parts.attention.shape[1] - 1
    prefetch_row(flat_own, item, d)
    for e in range(parts.indptr[item * fields], parts.indptr[(item + 1) * fields]):
        prefetch_row(flat_side, parts.codes[e], d)


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def train_windows(
    first: int,
    last: int,
    walks: Rows,
    parts: Parts,
    outputs: Floats,
    table: Rows,
    learn_attention: bool,
    window: int,
    negative: int,
    rates: Rates,
    seed: np.uint64,
    begins: int = 0,
) -> tuple[float, int]:
    """Train on walks[first:last]; returns (sum of the loss over positive pairs with their negatives, number of them).

    The input is the center of a window, the outputs its contexts and their negatives: H of the center is made once,
    and all gradients of a window are taken from the values before it. Windows come in a scattered order, each with
    random numbers of its own: neighboring windows of one walk repeat each other, and trained in a row they end with a
    loss on fresh walks that is 0.7% higher. A window is drawn while the one before it is trained, so that its rows
    have the time to come from memory.

    ``walks`` is (m, length), ``outputs`` Z (n, d), ``table`` a shuffled
    :func:`~recemb_core.embeddings.noise.noise_table`. ``begins``: which of all walks the first of ``walks`` is; the
    random numbers of a window go by its place among all.
    """
    d = outputs.shape[1]
    flat_walks, flat_outputs = walks.reshape(-1), outputs.reshape(-1)
    flat_own, flat_side = parts.own.reshape(-1), parts.side.reshape(-1)
    length = walks.shape[1]
    weights = np.empty(parts.attention.shape[1], dtype=outputs.dtype)
    hidden, gather = np.empty(d, dtype=outputs.dtype), np.empty(d, dtype=outputs.dtype)
    room = 2 * window * (negative + 1)
    targets = np.empty((2, room), dtype=np.int32)  # of this window and of the one to come
    signs = np.empty((2, room), dtype=outputs.dtype)
    steps, chances = np.empty(room, dtype=outputs.dtype), np.empty(room, dtype=outputs.dtype)
    loss, pairs = 0.0, 0
    total = (last - first) * length
    stride = stride_of(total)
    at_turn = np.int64(mix(seed) >> np.uint64(33)) % max(total, 1)
    mask = np.uint64(len(table) - 1)
    many, center = 0, 0
    for turn in range(total + 1):
        coming = turn & 1
        many_coming, center_coming = 0, 0
        if turn < total:
            row, i = first + at_turn // length, at_turn % length
            bits = mixed_number(seed, (begins + row) * length + i)
            at_turn = (at_turn + stride) % total
            far = first * length + at_turn  # what the drawing after this one will read
            prefetch(flat_walks, max(far - window, 0))
            prefetch(flat_walks, min(far + window, len(flat_walks) - 1))
            prefetch(table, mixed_number(seed, begins * length + far) & mask)
            many_coming, positives = draw_window(
                walks[row], i, window, negative, bits, table, targets[coming], signs[coming]
            )
            pairs += positives
            for t in range(many_coming):
                prefetch_row(flat_outputs, targets[coming, t], d)
            if many_coming > 0:
                center_coming = walks[row, i]
                _prefetch_parts(center_coming, parts, flat_own, flat_side)
        if many > 0:
            rate = falling_rate(rates, turn - 1, total)
            aggregate(center, parts, weights, hidden)
            loss += score(hidden, outputs, targets[1 - coming], signs[1 - coming], many, rate, steps, chances, gather)
            spread(center, parts, weights, hidden, gather, learn_attention)
        many, center = many_coming, center_coming
    return loss, pairs


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def all_hidden(parts: Parts, vectors: Floats, shares: Floats) -> None:
    """Fill ``vectors`` (n, d) with every H_v and ``shares`` (n, fields + 1) with the weights in it."""
    for item in range(len(parts.own)):
        aggregate(item, parts, shares[item], vectors[item])
