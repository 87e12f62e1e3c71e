"""The skip-gram kernel on ranges of a flat token array: every pair of a range, no random window, negative sampling."""

from __future__ import annotations

import numba
import numpy as np

from recemb_core.arrays import Float32Array, Int32Array, Int64Array
from recemb_core.kernels.random_numbers import mixed_number
from recemb_core.kernels.skip_gram_update import draw_targets, falling_rate, update_pair


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def train_ranges(
    tokens: Int32Array,
    low: Int64Array,
    high: Int64Array,
    first: int,
    last: int,
    vectors: Float32Array,
    outputs: Float32Array,
    table: Int32Array,
    negative: int,
    rate_from: float,
    rate_to: float,
    seed: np.uint64,
) -> tuple[float, int]:
    """Train the centers tokens[first:last], each with every other token of its range tokens[low:high].

    Returns (sum of the loss over pairs, number of pairs). The input item is the context and the positive output item
    the center, as word2vec has it: see :func:`~recemb_core.kernels.skip_gram_update.update_pair`. Each center draws
    from a generator of its own, so that the result depends on ``seed`` alone, however the positions are parted.

    ``tokens``, ``low`` and ``high`` are (m,), ``vectors`` and ``outputs`` (n, d), ``table`` as
    :func:`~recemb_core.embeddings.noise.noise_table` gives it.
    """
    gather = np.empty(vectors.shape[1], dtype=np.float32)
    targets = np.empty(negative + 1, dtype=np.int32)
    loss, pairs = 0.0, 0
    for i in range(first, last):
        rate = np.float32(falling_rate(rate_from, rate_to, i - first, last - first))
        state = mixed_number(seed, i) | np.uint64(1)
        for j in range(low[i], high[i]):
            if j != i:
                state = draw_targets(tokens[i], state, table, targets)
                loss = update_pair(vectors[tokens[j]], outputs, targets, rate, gather, loss)
                pairs += 1
    return loss, pairs
