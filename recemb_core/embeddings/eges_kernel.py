"""The kernel of GES and EGES: weighted mean of an item's embeddings, negative sampling, gradients for all of them.

Every function takes float32 or float64 arrays, so that the test by finite differences runs the code that trains.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from recemb_core.kernels.prefetching import prefetch
from recemb_core.kernels.random_numbers import mix

# Beyond ±LARGEST, σ is 0 or 1 as far as a float32 can tell.
LARGEST = 30.0
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def aggregate(
    item: int,
    own: npt.NDArray[Any],
    side: npt.NDArray[Any],
    attention: npt.NDArray[Any],
    indptr: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int32],
    weights: npt.NDArray[Any],
    hidden: npt.NDArray[Any],
) -> None:
    """H_v = Σ_j e^{a_v^j} W_v^j / Σ_j e^{a_v^j} over the embeddings that the item has.

    Fills ``weights`` (n_fields + 1,) with e^{a_v^j} / Σ (missing: 0) and ``hidden`` (d,) with H_v. W_v^j is the mean of
    the field's values.
    """
    d = own.shape[1]
    fields = attention.shape[1] - 1
    kind = own.dtype.type
    largest = attention[item, 0]
    for f in range(fields):
        if indptr[item * fields + f] < indptr[item * fields + f + 1]:
            largest = max(largest, attention[item, f + 1])
    total = weights[0] = np.exp(attention[item, 0] - largest)
    for f in range(fields):
        if indptr[item * fields + f] < indptr[item * fields + f + 1]:
            weights[f + 1] = np.exp(attention[item, f + 1] - largest)
            total += weights[f + 1]
        else:
            weights[f + 1] = kind(0)
    share = kind(1) / total  # Numba takes 1 / float32 for a float64
    weights[0] *= share
    weight = weights[0]
    for c in range(d):
        hidden[c] = weight * own[item, c]
    for f in range(fields):
        weights[f + 1] *= share
        start, end = indptr[item * fields + f], indptr[item * fields + f + 1]
        for e in range(start, end):
            weight = weights[f + 1] / kind(end - start)
            code = codes[e]
            for c in range(d):
                hidden[c] += weight * side[code, c]


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def score(
    hidden: npt.NDArray[Any],
    outputs: npt.NDArray[Any],
    targets: npt.NDArray[np.int32],
    signs: npt.NDArray[Any],
    many: int,
    rate: float,
    steps: npt.NDArray[Any],
    chances: npt.NDArray[Any],
    gather: npt.NDArray[Any],
) -> float:
    """The outputs of one window, all from values before the update: Z_u −= rate · ∂L/∂Z_u, gather = −rate · ∂L/∂H_v.

    L = −Σ [y log σ(H_v·Z_u) + (1−y) log(1−σ(H_v·Z_u))] over ``targets[:many]``, where ``signs`` is 1 for y = 1 and −1
    for y = 0; returns L. ``steps`` and ``chances`` are room for as many numbers.
    """
    d = hidden.shape[0]
    kind = hidden.dtype.type
    paired = many - many % 2
    for t in range(0, paired, 2):  # two at a time: half the traffic for what they share
        first, second = targets[t], targets[t + 1]
        dot, other = kind(0), kind(0)
        for c in range(d):
            shared = hidden[c]
            dot += shared * outputs[first, c]
            other += shared * outputs[second, c]
        steps[t], steps[t + 1] = dot, other
    if paired < many:
        first, dot = targets[paired], kind(0)
        for c in range(d):
            dot += hidden[c] * outputs[first, c]
        steps[paired] = dot
    for t in range(many):  # without a call or a branch, so that eight are computed at once
        signed = min(max(signs[t] * steps[t], kind(-LARGEST)), kind(LARGEST))
        # e^−x = (e^(−x/64))^64, the root by its Taylor series, which is exact to 1e-11 here
        root = signed * kind(-1 / 64)
        term = kind(1) + root * kind(1 / 10)
        term = kind(1) + root * kind(1 / 9) * term
        term = kind(1) + root * kind(1 / 8) * term
        term = kind(1) + root * kind(1 / 7) * term
        term = kind(1) + root * kind(1 / 6) * term
        term = kind(1) + root * kind(1 / 5) * term
        term = kind(1) + root * kind(1 / 4) * term
        term = kind(1) + root * kind(1 / 3) * term
        term = kind(1) + root * kind(1 / 2) * term
        term = kind(1) + root * term
        term *= term
        term *= term
        term *= term
        term *= term
        term *= term
        term *= term
        chances[t] = kind(1) / (kind(1) + term)
        steps[t] = signs[t] * (kind(1) - chances[t]) * kind(rate)
    loss, product = 0.0, 1.0
    for t in range(many):
        product *= chances[t]
        if product < 1e-200:  # one logarithm for many factors, before they underflow
            loss -= np.log(product)
            product = 1.0
    for c in range(d):
        gather[c] = kind(0)
    fours = many - many % 4
    for t in range(0, fours, 4):
        first, second, third, fourth = targets[t], targets[t + 1], targets[t + 2], targets[t + 3]
        a, b, e, f = steps[t], steps[t + 1], steps[t + 2], steps[t + 3]
        for c in range(d):
            gather[c] += (a * outputs[first, c] + b * outputs[second, c]) + (
                e * outputs[third, c] + f * outputs[fourth, c]
            )
    for t in range(fours, many):
        target, step = targets[t], steps[t]
        for c in range(d):
            gather[c] += step * outputs[target, c]
    for t in range(many):
        target, step = targets[t], steps[t]
        for c in range(d):
            outputs[target, c] += step * hidden[c]
    return loss - np.log(product)


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def spread(
    item: int,
    own: npt.NDArray[Any],
    side: npt.NDArray[Any],
    attention: npt.NDArray[Any],
    indptr: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int32],
    weights: npt.NDArray[Any],
    hidden: npt.NDArray[Any],
    gather: npt.NDArray[Any],
    learn_attention: bool,
) -> None:
    """Hand ``gather`` = −rate · ∂L/∂H_v on, with the ``weights`` and ``hidden`` that :func:`aggregate` gave.

    a_v^s += weight_s · gather·(W_v^s − H_v) and W_v^s += weight_s · gather; each of m values gets 1/m of it. No two
    embeddings of an item share a row, so each is read before it is written.
    """
    d = own.shape[1]
    fields = attention.shape[1] - 1
    kind = hidden.dtype.type
    level = kind(0)  # gather · H_v
    along = kind(0)  # gather · W_v⁰
    weight = weights[0]
    for c in range(d):
        level += gather[c] * hidden[c]
        along += gather[c] * own[item, c]
        own[item, c] += weight * gather[c]
    if learn_attention:
        attention[item, 0] += weight * (along - level)
    for f in range(fields):
        start, end = indptr[item * fields + f], indptr[item * fields + f + 1]
        if start == end:
            continue  # a missing value
        part = weights[f + 1] / kind(end - start)
        along = kind(0)
        for e in range(start, end):
            code = codes[e]
            for c in range(d):
                along += gather[c] * side[code, c]
                side[code, c] += part * gather[c]
        if learn_attention:
            attention[item, f + 1] += part * along - weights[f + 1] * level


@numba.njit(nogil=True, cache=True)
def all_hidden(
    own: npt.NDArray[Any],
    side: npt.NDArray[Any],
    attention: npt.NDArray[Any],
    indptr: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int32],
    vectors: npt.NDArray[Any],
    shares: npt.NDArray[Any],
) -> None:
    """Fill ``vectors`` (n, d) with every H_v and ``shares`` (n, n_fields + 1) with the weights in it."""
    for item in range(len(own)):
        aggregate(item, own, side, attention, indptr, codes, shares[item], vectors[item])


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
    walk: npt.NDArray[np.int32],
    i: int,
    window: int,
    negative: int,
    bits: np.uint64,
    table: npt.NDArray[np.int32],
    targets: npt.NDArray[np.int32],
    signs: npt.NDArray[Any],
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


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def train_block(
    walks: npt.NDArray[np.int32],
    first: int,
    last: int,
    own: npt.NDArray[Any],
    side: npt.NDArray[Any],
    attention: npt.NDArray[Any],
    outputs: npt.NDArray[Any],
    indptr: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int32],
    table: npt.NDArray[np.int32],
    learn_attention: bool,
    window: int,
    negative: int,
    rate_from: float,
    rate_to: float,
    seed: np.uint64,
) -> tuple[float, int]:
    """Train on walks[first:last]; returns (sum of the loss over positive pairs with their negatives, number of them).

    The input is the centre of a window, the outputs its contexts and their negatives: H of the centre is made once,
    and all gradients of a window are taken from the values before it. Windows come in a scattered order, each with
    random numbers of its own: neighboring windows of one walk repeat each other, and trained in a row they end with a
    loss on fresh walks that is 0.7 % higher. A window is drawn while the one before it is trained, so that its rows
    have the time to come from memory.
    """
    d = own.shape[1]
    fields = attention.shape[1] - 1
    flat_outputs, flat_own, flat_side = outputs.reshape(-1), own.reshape(-1), side.reshape(-1)
    length = walks.shape[1]
    weights = np.empty(fields + 1, dtype=own.dtype)
    hidden = np.empty(d, dtype=own.dtype)
    gather = np.empty(d, dtype=own.dtype)
    room = 2 * window * (negative + 1)
    targets = np.empty((2, room), dtype=np.int32)  # of this window and of the one to come
    signs = np.empty((2, room), dtype=own.dtype)
    steps, chances = np.empty(room, dtype=own.dtype), np.empty(room, dtype=own.dtype)
    loss, pairs = 0.0, 0
    total = (last - first) * length
    stride = stride_of(total)
    at_turn = np.int64(mix(seed) >> np.uint64(33)) % max(total, 1)
    many, centre = 0, 0
    flat_walks, mask = walks.reshape(-1), np.uint64(len(table) - 1)
    for turn in range(total + 1):
        coming = turn & 1
        many_coming, centre_coming = 0, 0
        if turn < total:
            row, i = first + at_turn // length, at_turn % length
            bits = mix(seed + np.uint64(row * length + i) * _GOLDEN)
            at_turn = (at_turn + stride) % total
            far = first * length + at_turn  # what the drawing after this one will read
            prefetch(flat_walks, max(far - window, 0))
            prefetch(flat_walks, min(far + window, len(flat_walks) - 1))
            prefetch(table, mix(seed + np.uint64(far) * _GOLDEN) & mask)
            many_coming, positives = draw_window(
                walks[row], i, window, negative, bits, table, targets[coming], signs[coming]
            )
            pairs += positives
            for t in range(many_coming):
                for c in range(0, d, 16):  # a cache line at a time
                    prefetch(flat_outputs, targets[coming, t] * d + c)
            if many_coming > 0:
                centre_coming = walks[row, i]
                for c in range(0, d, 16):
                    prefetch(flat_own, centre_coming * d + c)
                for e in range(indptr[centre_coming * fields], indptr[(centre_coming + 1) * fields]):
                    for c in range(0, d, 16):
                        prefetch(flat_side, codes[e] * d + c)
        if many > 0:
            rate = rate_from + (rate_to - rate_from) * (turn - 1) / total
            aggregate(centre, own, side, attention, indptr, codes, weights, hidden)
            loss += score(hidden, outputs, targets[1 - coming], signs[1 - coming], many, rate, steps, chances, gather)
            spread(centre, own, side, attention, indptr, codes, weights, hidden, gather, learn_attention)
        many, centre = many_coming, centre_coming
    return loss, pairs
