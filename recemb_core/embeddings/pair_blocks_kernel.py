"""The pairs of a chunk of text, sorted into blocks that share no rows: parts of the items, noise of each part, pairs.

Items are dealt into P parts. Block (i, j) holds the pairs whose input item is of part i and whose output item is of
part j, in the order of the text; its negatives come from part j too. So blocks (i, j) and (k, l) with i ≠ k and j ≠ l
write to other rows, and two threads may train them at once with the result of one after the other.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from recemb_core.arrays import Float64Array, Int32Array, Int64Array, UInt32Array
from recemb_core.kernels.alias_tables import fill_alias_table
from recemb_core.kernels.random_numbers import mixed_number, next_state, random_bits

KEEP, ITEM, OTHER, COLUMNS = 0, 1, 2, 4
"""Columns of a slot of a noise table: the item with probability keep / 2³², else the other. Sixteen bytes are four to a
cache line."""


class Text(NamedTuple):
    """What is trained on: sentences, and how far apart two of their items still are a pair.

    Attributes:
        tokens: int32 (m,), item rows.
        offsets: int64 (sentences + 1,); sentence s is tokens[offsets[s] : offsets[s + 1]].
        window: to either side.
        shrink: draw a radius from 1 … window for each center, as word2vec does.
        begins: place of the first token in the whole text, where this is a portion of it.
    """

    tokens: Int32Array
    offsets: Int64Array
    window: int
    shrink: bool
    begins: int = 0


class Blocks(NamedTuple):
    """Room for one chunk of text; n items, P parts.

    Attributes:
        order: int32 (n,), items by falling count: P neighbors in it go to P different parts.
        weights: float64 (n,), what negatives are drawn by.
        part: int32 (n,), the part of each item.
        members: int32 (n,), items part by part.
        first: int64 (P + 1,), where each part begins in ``members`` and ``noise``.
        noise: uint32 (n, 4), an alias table a part, a slot a row: see :data:`KEEP`.
        share, keep, alias, stack: (n,), room in which these tables are made.
        places: int64 (P, P²): where the next pair of each slice of the text goes in each block.
        begin: int64 (P² + 1,), where each block begins in ``pairs``.
        pairs: int32 (all, 2): input item, output item.
    """

    order: Int32Array
    weights: Float64Array
    part: Int32Array
    members: Int32Array
    first: Int64Array
    noise: UInt32Array
    share: Float64Array
    keep: UInt32Array
    alias: Int32Array
    stack: Int32Array
    places: Int64Array
    begin: Int64Array
    pairs: Int32Array


@numba.njit(cache=True, nogil=True)
def deal(blocks: Blocks, seed: np.uint64) -> None:
    """Every item into a part, anew: of P neighbors in count, each goes to another part, which one is drawn.

    So parts are alike in count, and no two items stay together or apart for longer than a chunk.
    """
    order, part, members, first = blocks.order, blocks.part, blocks.members, blocks.first
    n, parts = len(order), len(first) - 1
    hand = np.arange(parts)
    first[:] = 0
    state = seed | np.uint64(1)
    for start in range(0, n, parts):
        for k in range(min(parts, n - start)):  # Fisher and Yates, as far as there are items
            state = next_state(state)
            other = k + np.int64(random_bits(state) % np.uint64(parts - k))
            hand[k], hand[other] = hand[other], hand[k]
            part[order[start + k]] = hand[k]
            first[hand[k] + 1] += 1
    for p in range(parts):
        first[p + 1] += first[p]
    place = first.copy()
    for at in range(n):
        item = order[at]
        members[place[part[item]]] = item
        place[part[item]] += 1


@numba.njit(cache=True, nogil=True)
def fill_noise(blocks: Blocks, p: int) -> None:
    """The noise table of part p; of a part whose items never occur, which no pair asks, all alike."""
    members, noise, share, alias = blocks.members, blocks.noise, blocks.share, blocks.alias
    begin, end = blocks.first[p], blocks.first[p + 1]
    total = 0.0
    for e in range(begin, end):
        total += blocks.weights[members[e]]
    for e in range(begin, end):
        share[e] = blocks.weights[members[e]] * (end - begin) / total if total > 0 else 1.0
    fill_alias_table(share, begin, end, blocks.keep, alias, blocks.stack)
    for e in range(begin, end):
        noise[e, KEEP], noise[e, ITEM], noise[e, OTHER] = blocks.keep[e], members[e], members[alias[e]]


@numba.njit(cache=True, nogil=True, inline="always")
def _reach(text: Text, i: int, seed: np.uint64) -> int:
    """How far center i looks: a draw from a stream of its own, so that it does not matter who asks, and when."""
    if not text.shrink:
        return text.window
    state = next_state(mixed_number(seed, text.begins + i) | np.uint64(1))
    return 1 + int(random_bits(state) % np.uint64(text.window))


@numba.njit(cache=True, nogil=True)
def count_pairs(text: Text, begin: int, end: int, seed: np.uint64, blocks: Blocks, slice_number: int) -> None:
    """How many pairs the centers begin … end − 1 give to each block, into ``places[slice_number]``."""
    part, tokens, offsets = blocks.part, text.tokens, text.offsets
    parts, counts = len(blocks.first) - 1, blocks.places[slice_number]
    counts[:] = 0
    sentence = np.searchsorted(offsets, begin, side="right") - 1
    for i in range(begin, end):
        while i >= offsets[sentence + 1]:
            sentence += 1
        reach, output = _reach(text, i, seed), part[tokens[i]]
        for j in range(max(offsets[sentence], i - reach), min(offsets[sentence + 1], i + reach + 1)):
            if j != i:
                counts[part[tokens[j]] * parts + output] += 1


@numba.njit(cache=True, nogil=True)
def lay_out(blocks: Blocks) -> None:
    """From counts to places: block after block, and in each of them slice after slice."""
    places, begin = blocks.places, blocks.begin
    at = 0
    for block in range(places.shape[1]):
        begin[block] = at
        for slice_number in range(places.shape[0]):
            many = places[slice_number, block]
            places[slice_number, block] = at
            at += many
    begin[places.shape[1]] = at


@numba.njit(cache=True, nogil=True)
def fill_pairs(text: Text, begin: int, end: int, seed: np.uint64, blocks: Blocks, slice_number: int) -> None:
    """The pairs that :func:`count_pairs` counted: context as input, center as output, as word2vec has it."""
    part, tokens, offsets, pairs = blocks.part, text.tokens, text.offsets, blocks.pairs
    parts, places = len(blocks.first) - 1, blocks.places[slice_number]
    sentence = np.searchsorted(offsets, begin, side="right") - 1
    for i in range(begin, end):
        while i >= offsets[sentence + 1]:
            sentence += 1
        reach, center = _reach(text, i, seed), tokens[i]
        output = part[center]
        for j in range(max(offsets[sentence], i - reach), min(offsets[sentence + 1], i + reach + 1)):
            if j != i:
                block = part[tokens[j]] * parts + output
                place = places[block]
                places[block] = place + 1
                pairs[place, 0], pairs[place, 1] = tokens[j], center
