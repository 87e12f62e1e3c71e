"""The skip-gram kernel on ranges of a flat token array: every pair of a range, no random window, negative sampling."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from recemb_core.embeddings.skip_gram_kernel import _STEPS, LOG_SIGMOID, MAX_EXP, SIGMOID, _bits, _next
from recemb_core.walks.tables import mix


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def train_ranges(
    tokens: npt.NDArray[np.int32],
    low: npt.NDArray[np.int64],
    high: npt.NDArray[np.int64],
    first: int,
    last: int,
    vectors: npt.NDArray[np.float32],
    outputs: npt.NDArray[np.float32],
    table: npt.NDArray[np.int32],
    negative: int,
    rate_from: float,
    rate_to: float,
    seed: np.uint64,
) -> tuple[float, int]:
    """Train the centers tokens[first:last], each with every other token of its range tokens[low:high].

    Returns (sum of the loss over pairs, number of pairs). The input item is the context and the positive output item
    the center, as word2vec has it; the gradient of the input is gathered over the positive and its negatives and
    applied at the end, from values before the update. Each center draws from a generator of its own, so that the
    result depends on ``seed`` alone, however the positions are parted.
    """
    d = vectors.shape[1]
    mask = np.uint64(len(table) - 1)
    gather = np.empty(d, dtype=np.float32)
    scale = np.float32(_STEPS / (2 * MAX_EXP))
    bound = np.float32(MAX_EXP)
    loss, pairs = 0.0, 0
    for i in range(first, last):
        rate = np.float32(rate_from + (rate_to - rate_from) * (i - first) / (last - first))
        state = mix(seed + np.uint64(i) * np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
        center = tokens[i]
        for j in range(low[i], high[i]):
            if j == i:
                continue
            vector = vectors[tokens[j]]
            for c in range(d):
                gather[c] = 0.0
            for draw in range(negative + 1):
                target = center
                if draw > 0:
                    state = _next(state)
                    target = table[_bits(state) & mask]
                    if target == center:
                        continue  # a failed negative is no positive
                output = outputs[target]
                dot = np.float32(0.0)
                for c in range(d):
                    dot += vector[c] * output[c]
                place = min(int((min(max(dot, -bound), bound) + bound) * scale), _STEPS - 1)
                if draw == 0:
                    step = (np.float32(1.0) - SIGMOID[place]) * rate
                    loss -= LOG_SIGMOID[place]
                else:
                    step = -SIGMOID[place] * rate
                    loss -= LOG_SIGMOID[_STEPS - 1 - place]
                for c in range(d):
                    gather[c] += step * output[c]
                    output[c] += step * vector[c]
            for c in range(d):
                vector[c] += gather[c]
            pairs += 1
    return loss, pairs
