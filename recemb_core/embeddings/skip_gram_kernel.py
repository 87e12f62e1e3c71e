"""The skip-gram kernel on a walk matrix: negative sampling, one pass over a block of walks."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from recemb_core.embeddings.noise import noise_weights
from recemb_core.walks.tables import mix, prefetch

# σ and its logarithm are looked up; beyond ±MAX_EXP σ is 0 or 1 to four digits.
MAX_EXP = 8.0
_STEPS = 4096
_AT = (np.arange(_STEPS) + 0.5) / _STEPS * (2 * MAX_EXP) - MAX_EXP
SIGMOID = (1 / (1 + np.exp(-_AT))).astype(np.float32)
LOG_SIGMOID = (-np.log1p(np.exp(-_AT))).astype(np.float32)


def noise_table(counts: npt.NDArray, exponent: float = 0.75) -> npt.NDArray[np.int32]:
    """Item rows, each as often as count^exponent asks; a uniform draw from it is a draw of a negative.

    The length is a power of two, at least 64 entries an item on average, so that a draw needs no division.
    """
    weight = noise_weights(counts, exponent)
    size = 1 << int(np.clip(np.ceil(np.log2(max(len(counts), 1) * 64)), 16, 24))
    edges = np.cumsum(weight) / weight.sum() * size
    return np.searchsorted(edges, np.arange(size) + 0.5).clip(0, len(counts) - 1).astype(np.int32)


@numba.njit(inline="always")
def _next(state: np.uint64) -> np.uint64:
    """xorshift64 (Marsaglia 2003): the next state; :func:`_bits` makes a number of it."""
    state ^= state >> np.uint64(12)
    state ^= state << np.uint64(25)
    return state ^ (state >> np.uint64(27))


@numba.njit(inline="always")
def _bits(state: np.uint64) -> np.uint64:
    """31 random bits: the star of xorshift64*, high half."""
    return (state * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)


@numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def train_block(
    walks: npt.NDArray[np.int32],
    first: int,
    last: int,
    vectors: npt.NDArray[np.float32],
    outputs: npt.NDArray[np.float32],
    table: npt.NDArray[np.int32],
    window: int,
    negative: int,
    rate_from: float,
    rate_to: float,
    seed: np.uint64,
) -> tuple[float, int]:
    """Train on walks[first:last]; returns (sum of the loss over pairs, number of pairs).

    Every pair is an input item (the context) and a positive output item (the centre), as word2vec has it; the
    gradient of the input is gathered over the positive and its negatives and applied at the end, from values before
    the update. Each walk draws from a generator of its own, so that the result depends on ``seed`` alone. Negatives
    are drawn for all pairs of a centre at once, and the rows of the next pair load while this one is computed.
    """
    d = vectors.shape[1]
    flat_vectors, flat_outputs = vectors.reshape(-1), outputs.reshape(-1)
    length = walks.shape[1]
    mask = np.uint64(len(table) - 1)
    gather = np.empty(d, dtype=np.float32)
    targets = np.empty((2 * window + 1, negative + 1), dtype=np.int32)
    scale = np.float32(_STEPS / (2 * MAX_EXP))
    bound = np.float32(MAX_EXP)
    loss, pairs = 0.0, 0
    for row in range(first, last):
        rate = np.float32(rate_from + (rate_to - rate_from) * (row - first) / (last - first))
        state = mix(seed + np.uint64(row) * np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
        walk = walks[row]
        size = 0
        while size < length and walk[size] >= 0:
            size += 1
        for i in range(size):
            centre = walk[i]
            state = _next(state)
            reach = 1 + int(_bits(state) % np.uint64(window))
            low, high = max(0, i - reach), min(size, i + reach + 1)
            for at in range(high - low):
                targets[at, 0] = centre
                for draw in range(1, negative + 1):
                    state = _next(state)
                    targets[at, draw] = table[_bits(state) & mask]
            for at in range(high - low):
                if at + 1 < high - low:
                    for c in range(0, d, 16):  # a cache line at a time
                        prefetch(flat_vectors, walk[low + at + 1] * d + c)
                    for draw in range(1, negative + 1):
                        for c in range(0, d, 16):
                            prefetch(flat_outputs, targets[at + 1, draw] * d + c)
                if low + at == i:
                    continue
                vector = vectors[walk[low + at]]
                for c in range(d):
                    gather[c] = 0.0
                for draw in range(negative + 1):
                    target = targets[at, draw]
                    if draw > 0 and target == centre:
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
