"""σ(x) = 1 / (1 + e^−x) and its logarithm by table: a look-up costs less than an exponential.

Between −8 and 8 there are 4,096 steps; a step holds the value at its middle, so that σ errs by at most 1/4 · 8/4096,
0.0005. Beyond, σ is 0 or 1 to three digits, and the last step stands for it. σ(−x) is the step as far from the other
end.
"""

from __future__ import annotations

import numba
import numpy as np

LARGEST_SCORE = 8.0
STEPS = 4096
_MIDDLES = (np.arange(STEPS) + 0.5) / STEPS * (2 * LARGEST_SCORE) - LARGEST_SCORE
SIGMOID = (1 / (1 + np.exp(-_MIDDLES))).astype(np.float32)
LOG_SIGMOID = (-np.log1p(np.exp(-_MIDDLES))).astype(np.float32)

_BOUND = np.float32(LARGEST_SCORE)
_PER_UNIT = np.float32(STEPS / (2 * LARGEST_SCORE))


@numba.njit(cache=True, nogil=True, inline="always")
def step_of(score: np.float32) -> int:
    """The step of :data:`SIGMOID` and :data:`LOG_SIGMOID` that a score falls into, 0 to ``STEPS`` − 1."""
    return min(int((min(max(score, -_BOUND), _BOUND) + _BOUND) * _PER_UNIT), STEPS - 1)
