"""The skip-gram kernels: negative sampling, one pass over a block of walks, or over ranges of a flat token array."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from recemb_core.arrays import Float32Array, Int32Array, Int64Array
from recemb_core.kernels.prefetching import prefetch_row
from recemb_core.kernels.random_numbers import mixed_number, next_state, random_bits
from recemb_core.kernels.skip_gram_update import Rates, draw_targets, falling_rate, update_pair


class Tables(NamedTuple):
    """What is trained, and what negatives are drawn from.

    Attributes:
        vectors: (n, d), the input vectors.
        outputs: (n, d), the output vectors.
        noise: as :func:`~recemb_core.embeddings.noise.noise_table` gives it.
    """

    vectors: Float32Array
    outputs: Float32Array
    noise: Int32Array


@numba.njit(cache=True, nogil=True, inline="always")
def _items_of(walk: Int32Array) -> int:
    """Items of a walk, which −1 fills up."""
    size = 0
    while size < len(walk) and walk[size] >= 0:
        size += 1
    return size


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def train_walks(
    first: int, last: int, walks: Int32Array, tables: Tables, window: int, negative: int, rates: Rates, seed: np.uint64
) -> tuple[float, int]:
    """Train on walks[first:last]; returns (sum of the loss over pairs, number of pairs).

    Every pair is an input item (the context) and a positive output item (the center), as word2vec has it: see
    :func:`~recemb_core.kernels.skip_gram_update.update_pair`. A center reaches 1 … ``window`` items to either side,
    drawn anew. Each walk draws from a generator of its own, so that the result depends on ``seed`` alone. Negatives
    are drawn for all pairs of a center at once, and the rows of the next pair load while this one is computed.

    ``walks`` is (m, length); ``rates`` are the learning rates at the first walk and at the last.
    """
    vectors, outputs, table = tables
    d = vectors.shape[1]
    flat_vectors, flat_outputs = vectors.reshape(-1), outputs.reshape(-1)
    gather = np.empty(d, dtype=np.float32)
    targets = np.empty((2 * window + 1, negative + 1), dtype=np.int32)  # a row a place in the window
    loss, pairs = 0.0, 0
    for row in range(first, last):
        rate = np.float32(falling_rate(rates, row - first, last - first))
        state = mixed_number(seed, row) | np.uint64(1)
        walk = walks[row]
        size = _items_of(walk)
        for i in range(size):
            state = next_state(state)
            reach = 1 + int(random_bits(state) % np.uint64(window))
            low, high = max(0, i - reach), min(size, i + reach + 1)
            for at in range(high - low):
                state = draw_targets(walk[i], state, table, targets[at])
            for at in range(high - low):
                if at + 1 < high - low:
                    prefetch_row(flat_vectors, walk[low + at + 1], d)
                    for draw in range(1, negative + 1):
                        prefetch_row(flat_outputs, targets[at + 1, draw], d)
                if low + at != i:
                    loss = update_pair(vectors[walk[low + at]], outputs, targets[at], rate, gather, loss)
                    pairs += 1
    return loss, pairs


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def train_ranges(
    first: int,
    last: int,
    tokens: Int32Array,
    low: Int64Array,
    high: Int64Array,
    tables: Tables,
    negative: int,
    rates: Rates,
    seed: np.uint64,
) -> tuple[float, int]:
    """Train the centers tokens[first:last], each with every other token of its range tokens[low:high].

    Returns (sum of the loss over pairs, number of pairs). The input item is the context and the positive output item
    the center, as word2vec has it: see :func:`~recemb_core.kernels.skip_gram_update.update_pair`. Each center draws
    from a generator of its own, so that the result depends on ``seed`` alone, however the positions are parted.

    ``tokens``, ``low`` and ``high`` are (m,). No random window: what a range holds is trained.
    """
    vectors, outputs, table = tables
    gather = np.empty(vectors.shape[1], dtype=np.float32)
    targets = np.empty(negative + 1, dtype=np.int32)
    loss, pairs = 0.0, 0
    for i in range(first, last):
        rate = np.float32(falling_rate(rates, i - first, last - first))
        state = mixed_number(seed, i) | np.uint64(1)
        for j in range(low[i], high[i]):
            if j != i:
                state = draw_targets(tokens[i], state, table, targets)
                loss = update_pair(vectors[tokens[j]], outputs, targets, rate, gather, loss)
                pairs += 1
    return loss, pairs
