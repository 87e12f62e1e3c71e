"""What the compiled trainers compute, in plain NumPy: one pair or window after the other, made to be read.

The same random numbers are drawn, so that the tests can compare with the kernels number by number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.arrays import AnyArray, Int32Array
from recemb_core.kernels.reference import Draws, Rates, alias_table, falling_rate, mix, mixed_number, update_pair

if TYPE_CHECKING:
    from recemb_core.embeddings.eges_update_kernel import Parts
    from recemb_core.embeddings.pair_blocks_kernel import Text
    from recemb_core.embeddings.skip_gram_kernel import Tables

Rows = Int32Array
AHEAD = 16  # pairs of one learning rate


# --- skip-gram: the pairs of a chunk, in blocks ---


def dealt(order: Rows, parts: int, seed: int) -> list[list[int]]:
    """The items of each part: of every ``parts`` neighbors in ``order``, each goes to another, drawn, part."""
    members: list[list[int]] = [[] for _ in range(parts)]
    hand, draws = list(range(parts)), Draws(seed | 1)
    for start in range(0, len(order), parts):
        for k, item in enumerate(order[start : start + parts].tolist()):
            other = k + draws.bits() % (parts - k)
            hand[k], hand[other] = hand[other], hand[k]
            members[hand[k]].append(item)
    return members


def pairs_of(text: Text, begin: int, end: int, seed: int) -> list[tuple[int, int]]:
    """(context, center) of the centers begin … end − 1, from left to right."""
    found = []
    for i in range(begin, end):
        sentence = int(np.searchsorted(text.offsets, i, side="right")) - 1
        reach = 1 + Draws(mixed_number(seed, i) | 1).bits() % text.window if text.shrink else text.window
        places = range(max(text.offsets[sentence], i - reach), min(text.offsets[sentence + 1], i + reach + 1))
        found += [(int(text.tokens[j]), int(text.tokens[i])) for j in places if j != i]
    return found


def train_chunk(
    text: Text,
    begin: int,
    end: int,
    order: Rows,
    weights: AnyArray,
    parts: int,
    tables: Tables,
    negative: int,
    rates: Rates,
    seed: int,
) -> tuple[float, int]:
    """One chunk, block after block, as ``skip_gram_kernel.work`` trains it; (sum of the loss, pairs).

    In turn r come the blocks (i, i + r mod P), which share no row. ``seed`` is that of the chunk.
    """
    members = dealt(order, parts, mixed_number(seed, 0))
    part = {item: p for p, items in enumerate(members) for item in items}
    pairs = pairs_of(text, begin, end, mixed_number(seed, 1))
    loss = 0.0
    for turn in range(parts):
        ends = falling_rate(rates, turn, parts), falling_rate(rates, turn + 1, parts)
        for i in range(parts):
            j = (i + turn) % parts
            block = [(a, b) for a, b in pairs if (part[a], part[b]) == (i, j)]
            draws = Draws(mixed_number(seed, 2 + i * parts + j) | 1)
            odds = [float(weights[item]) for item in members[j]]
            keep, alias = alias_table(np.array(odds)) if sum(odds) else ([], [])
            for t, (context, center) in enumerate(block):
                targets = [center, *(draws.negative(members[j], keep, alias) for _ in range(negative))]
                rate = falling_rate(ends, t - t % AHEAD, len(block))
                loss += update_pair(tables.vectors[context], tables.outputs, targets, rate)
    return loss, len(pairs)


# --- EGES ---


def embeddings_of(item: int, parts: Parts) -> tuple[list[AnyArray], AnyArray, AnyArray]:
    """(rows of ``side`` by field, H's weights (fields + 1,), W (fields + 1, d)); a missing field: weight 0, W 0."""
    fields = parts.attention.shape[1] - 1
    codes = [parts.codes[parts.indptr[at] : parts.indptr[at + 1]] for at in range(item * fields, (item + 1) * fields)]
    there = np.array([True, *(len(rows) > 0 for rows in codes)])
    logits = np.where(there, parts.attention[item], -np.inf)
    weights = np.exp(logits - logits.max())
    means = [parts.side[rows].mean(axis=0) if len(rows) else np.zeros(parts.own.shape[1]) for rows in codes]
    return codes, weights / weights.sum(), np.array([parts.own[item], *means])


def update_window(
    item: int, parts: Parts, outputs: AnyArray, targets: AnyArray, signs: AnyArray, rate: float, learn_attention: bool
) -> float:
    """One center with its targets, sign 1 or −1, all gradients from values before the update; returns the loss."""
    codes, weights, embeddings = embeddings_of(item, parts)
    hidden = weights @ embeddings
    dots = outputs[targets] @ hidden
    steps = rate * signs / (1 + np.exp(signs * dots))  # rate · (y − σ(dot))
    gather = steps @ outputs[targets]
    np.add.at(outputs, targets, np.outer(steps, hidden))
    if learn_attention:
        parts.attention[item] += weights * ((embeddings - hidden) @ gather)
    parts.own[item] += weights[0] * gather
    for rows, weight in zip(codes, weights[1:], strict=True):
        if len(rows):
            parts.side[rows] += weight / len(rows) * gather
    return float(np.logaddexp(0, -signs * dots).sum())


def scattered(total: int, seed: int) -> Iterator[int]:
    """0 … total − 1 in the order in which windows are trained: steps of the golden section from a random place."""
    stride = max(int(total * 0.6180339887498949), 1)
    while math.gcd(stride, total) > 1:
        stride += 1
    first = (mix(seed) >> 33) % total
    return ((first + turn * stride) % total for turn in range(total))


def train_windows(
    walks: Rows,
    parts: Parts,
    outputs: AnyArray,
    table: Rows,
    learn_attention: bool,
    window: int,
    negative: int,
    rates: Rates,
    seed: int,
) -> tuple[float, int]:
    """GES or EGES on all walks, as ``eges_kernel.train_windows``; (sum of the loss, positive pairs)."""
    loss, pairs = 0.0, 0
    for turn, place in enumerate(scattered(walks.size, seed)):
        row, i = divmod(place, walks.shape[1])
        if walks[row, i] < 0:
            continue
        bits = mixed_number(seed, place)
        reach = 1 + (bits >> 33) % window
        targets, signs = [], []
        for at in range(max(0, i - reach), min(walks.shape[1], i + reach + 1)):
            context = int(walks[row, at])
            if at == i or context < 0:
                continue
            drawn = [int(table[(bits + number) % len(table)]) for number in range(negative)]
            bits += negative  # the next context reads on where this one ended
            kept = [item for item in drawn if item != context]
            targets += [context, *kept]
            signs += [1.0, *[-1.0] * len(kept)]
            pairs += 1
        if targets:
            rate = falling_rate(rates, turn, walks.size)
            loss += update_window(
                int(walks[row, i]), parts, outputs, np.array(targets), np.array(signs), rate, learn_attention
            )
    return loss, pairs
