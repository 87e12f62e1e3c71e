"""One update of skip-gram with negative sampling, and the learning rate on its way down."""

from __future__ import annotations

import numba
import numpy as np

from recemb_core.arrays import Float32Array, Int32Array
from recemb_core.kernels.sigmoid import LOG_SIGMOID, SIGMOID, STEPS, step_of

Rates = tuple[float, float]


@numba.njit(cache=True, nogil=True, inline="always")
def falling_rate(rates: Rates, done: int, total: int) -> float:
    """The learning rate after ``done`` of ``total`` equal parts, on a straight line from the first to the last."""
    return rates[0] + (rates[1] - rates[0]) * done / total


@numba.njit(cache=True, nogil=True, inline="always")
def update_pair(
    vector: Float32Array,
    outputs: Float32Array,
    targets: Int32Array,
    rate: np.float32,
    gather: Float32Array,
    loss: float,
) -> float:
    """One input v, ``vector`` (d,), with the output rows ``targets``: the positive o first, then its negatives.

        L = −log σ(v'_o · v) − Σ_j log σ(−v'_j · v)
        v'_u += rate · (y_u − σ(v'_u · v)) · v,    v += rate · Σ_u (y_u − σ(v'_u · v)) · v'_u,    y_o = 1, y_j = 0

    Outputs move one after the other; what v gets is summed up in ``gather`` (d,), from values before each update, and
    added at the end, as word2vec has it. A negative that is o itself is left out. Returns ``loss`` + L.
    """
    d = len(vector)
    for c in range(d):
        gather[c] = 0.0
    for draw in range(len(targets)):
        target = targets[draw]
        if draw > 0 and target == targets[0]:
            continue  # a failed negative is no positive
        output = outputs[target]
        score = np.float32(0.0)
        for c in range(d):
            score += vector[c] * output[c]
        step = step_of(score)
        if draw == 0:
            change = (np.float32(1.0) - SIGMOID[step]) * rate
            loss -= LOG_SIGMOID[step]
        else:
            change = -SIGMOID[step] * rate
            loss -= LOG_SIGMOID[STEPS - 1 - step]
        for c in range(d):
            gather[c] += change * output[c]
            output[c] += change * vector[c]
    for c in range(d):
        vector[c] += gather[c]
    return loss
