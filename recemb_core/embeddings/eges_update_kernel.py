"""One update of GES and EGES: weighted mean of an item's embeddings, negative sampling, gradients for all of them.

Everything here is inlined into the kernels of ``eges_kernel``: called, a function may be compiled twice over, once by
itself and once with its caller, to different last bits, and which one runs would depend on numba's cache.

Every function takes float32 or float64 arrays, so that the tests by finite differences and against ``reference`` run
the code that trains.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from recemb_core.arrays import FloatArray, Int32Array, Int64Array

Floats = FloatArray
Rows = Int32Array

LARGEST_SCORE = 30.0
"""Beyond ±30, σ is 0 or 1 as far as a float32 can tell."""


class Parts(NamedTuple):
    """What the vectors of n items are made of.

    Attributes:
        own: (n, d), W⁰, an item's own embedding.
        side: (values, d), the embeddings of all values of all fields.
        attention: (n, fields + 1), the logits a; column 0 is that of ``own``.
        indptr: int64 (n · fields + 1,): ``codes[indptr[v · fields + f] : indptr[v · fields + f + 1]]`` are the values
            of field f of item v; none: it is missing.
        codes: int32, rows of ``side``.
    """

    own: Floats
    side: Floats
    attention: Floats
    indptr: Int64Array
    codes: Rows


# --- the vector of an item ---


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy", inline="always")
def _softmax(item: int, parts: Parts, weights: Floats) -> None:
    """weights_j = e^{a_v^j} / Σ, 0 for a missing field; the largest logit is taken off first, so that no e^a is inf."""
    attention, indptr = parts.attention, parts.indptr
    fields = attention.shape[1] - 1
    kind = attention.dtype.type
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
    for j in range(fields + 1):
        weights[j] *= share


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy", inline="always")
def aggregate(item: int, parts: Parts, weights: Floats, hidden: Floats) -> None:
    """H_v = Σ_j e^{a_v^j} W_v^j / Σ_j e^{a_v^j} over the embeddings that the item has.

    Fills ``weights`` (fields + 1,) with e^{a_v^j} / Σ (missing: 0) and ``hidden`` (d,) with H_v. W_v^j is the mean of
    the field's values.
    """
    own, side, indptr = parts.own, parts.side, parts.indptr
    d = own.shape[1]
    fields = parts.attention.shape[1] - 1
    kind = own.dtype.type
    _softmax(item, parts, weights)
    weight = weights[0]
    for c in range(d):
        hidden[c] = weight * own[item, c]
    for f in range(fields):
        start, end = indptr[item * fields + f], indptr[item * fields + f + 1]
        for e in range(start, end):
            weight = weights[f + 1] / kind(end - start)
            code = parts.codes[e]
            for c in range(d):
                hidden[c] += weight * side[code, c]


# --- the outputs of a window ---


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy", inline="always")
def _dots(hidden: Floats, outputs: Floats, targets: Rows, many: int, dots: Floats) -> None:
    """dots[t] = H_v · Z_u for u = targets[t]; two at a time: half the traffic for what they share."""
    d = hidden.shape[0]
    kind = hidden.dtype.type
    paired = many - many % 2
    for t in range(0, paired, 2):
        first, second = targets[t], targets[t + 1]
        dot, other = kind(0), kind(0)
        for c in range(d):
            shared = hidden[c]
            dot += shared * outputs[first, c]
            other += shared * outputs[second, c]
        dots[t], dots[t + 1] = dot, other
    if paired < many:
        first, dot = targets[paired], kind(0)
        for c in range(d):
            dot += hidden[c] * outputs[first, c]
        dots[paired] = dot


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy", inline="always")
def _chances(signs: Floats, many: int, rate: float, steps: Floats, chances: Floats) -> None:
    """From dots in ``steps``: chances[t] = σ(sign · dot), of what did happen, and steps[t] = rate · (y − σ(dot)).

    Without a call or a branch, so that eight are computed at once: e^−x = (e^(−x/64))^64, the root by its Taylor
    series, which is exact to 1e-11 here.
    """
    kind = steps.dtype.type
    for t in range(many):
        signed = min(max(signs[t] * steps[t], kind(-LARGEST_SCORE)), kind(LARGEST_SCORE))
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


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy", inline="always")
def _loss(chances: Floats, many: int) -> float:
    """−Σ log chance: one logarithm for many factors, taken before they underflow."""
    loss, product = 0.0, 1.0
    for t in range(many):
        product *= chances[t]
        if product < 1e-200:
            loss -= np.log(product)
            product = 1.0
    return float(loss - np.log(product))


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy", inline="always")
def _gather(outputs: Floats, targets: Rows, many: int, steps: Floats, gather: Floats) -> None:
    """gather = Σ_t steps[t] · Z_u; four at a time: a quarter of the traffic for what they add to."""
    d = gather.shape[0]
    kind = gather.dtype.type
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


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy", inline="always")
def score(
    hidden: Floats,
    outputs: Floats,
    targets: Rows,
    signs: Floats,
    many: int,
    rate: float,
    steps: Floats,
    chances: Floats,
    gather: Floats,
) -> float:
    """The outputs of one window, all from values before the update: Z_u −= rate · ∂L/∂Z_u, gather = −rate · ∂L/∂H_v.

    L = −Σ [y log σ(H_v·Z_u) + (1−y) log(1−σ(H_v·Z_u))] over ``targets[:many]``, where ``signs`` is 1 for y = 1 and −1
    for y = 0; returns L. ``steps`` and ``chances`` are room for as many numbers.
    """
    _dots(hidden, outputs, targets, many, steps)
    _chances(signs, many, rate, steps, chances)
    loss = _loss(chances, many)
    _gather(outputs, targets, many, steps, gather)
    for t in range(many):
        target, step = targets[t], steps[t]
        for c in range(hidden.shape[0]):
            outputs[target, c] += step * hidden[c]
    return loss


# --- what the item's embeddings learn ---


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy", inline="always")
def spread(item: int, parts: Parts, weights: Floats, hidden: Floats, gather: Floats, learn_attention: bool) -> None:
    """Hand ``gather`` = −rate · ∂L/∂H_v on, with the ``weights`` and ``hidden`` that :func:`aggregate` gave.

    a_v^s += weight_s · gather·(W_v^s − H_v) and W_v^s += weight_s · gather; each of m values gets 1/m of it. No two
    embeddings of an item share a row, so each is read before it is written.
    """
    own, side, attention, indptr = parts.own, parts.side, parts.attention, parts.indptr
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
            code = parts.codes[e]
            for c in range(d):
                along += gather[c] * side[code, c]
                side[code, c] += part * gather[c]
        if learn_attention:
            attention[item, f + 1] += part * along - weights[f + 1] * level
