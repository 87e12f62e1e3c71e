"""Several draws of hash functions: their seeds, and the interval of a share that is measured over them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array

DRAWS = 8  # an interval from fewer is wide, from more it costs time and narrows by the root only
_Z = 1.959964


def draw_seed(seed: int, number: int) -> int:
    """Seed of a draw of functions: number 0 is the seed itself, the others are far from it and from each other.

    >>> draw_seed(7, 0), draw_seed(7, 1) == draw_seed(8, 1)
    (7, False)
    """
    return seed if number == 0 else (seed + number * 0x9E3779B9) % 2**32


class Share(NamedTuple):
    """A share measured over draws of functions.

    Attributes:
        mean: over the draws in which it is defined; NaN where it is in none.
        low, high: 95% interval of the mean over all draws there could be, in [0, 1]; NaN from one draw alone.
        error: standard error of the mean, over draws and queries.
    """

    mean: Float64Array
    low: Float64Array
    high: Float64Array
    error: Float64Array


def share_over_draws(
    values: npt.ArrayLike, *, query_error: npt.ArrayLike = 0.0, trials: npt.ArrayLike = np.inf
) -> Share:
    """Mean of a share over draws of functions, with an interval that covers the draw and the sample of queries.

    With S draws of standard deviation s, and e the standard error that comes from the queries, the half-width of a
    plain interval would be h = √((t · s/√S)² + (1.96 · e)²), t the 97.5% quantile with S − 1 degrees of freedom.
    A share near 0 or 1 takes a score interval with the same h (Wilson's, the sample size that h stands for in it): with
    ν = m(1 − m)/h², (m + 1/2ν ± √(m(1 − m)/ν + 1/4ν²)) / (1 + 1/ν). It stays in [0, 1], and is no point where all
    draws agree: ν is at most ``trials`` / 1.96².

    Args:
        values: (S, …), a draw of functions a row; NaN where the share is not defined in a draw.
        query_error: (…), standard error over queries of the mean over draws; 0 if there is no sample of queries.
        trials: (…), how many independent trials stand behind the mean at most.

    References:
        Wilson, *Probable inference, the law of succession, and statistical inference* (1927).

    >>> share = share_over_draws([0.50, 0.52, 0.48, 0.51], trials=1_000)
    >>> bool(share.low < share.mean < share.high), share_over_draws([0.0, 0.0, 0.0], trials=300).high.round(3).item()
    (True, 0.013)
    """
    from scipy.special import stdtrit

    rows = np.asarray(values, dtype=np.float64)
    there = np.isfinite(rows)
    count = there.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = np.asarray(np.where(there, rows, 0.0).sum(axis=0) / count)
        variance = np.where(there, (rows - mean) ** 2, 0.0).sum(axis=0) / (count - 1) / count
        query = np.asarray(query_error, dtype=np.float64)
        half2 = stdtrit(np.maximum(count - 1, 1), 0.975) ** 2 * variance + (_Z * query) ** 2
        spread = mean * (1 - mean)
        size = np.where((half2 > 1e-15) & (spread > 0), spread / half2, np.inf)
        # Below the floor the interval is all of [0, 1] already, and 1 / size would overflow.
        size = np.clip(size, 1e-12, np.asarray(trials, dtype=np.float64) / _Z**2)
        center = (mean + 1 / (2 * size)) / (1 + 1 / size)
        half = np.sqrt(spread / size + 1 / (4 * size**2)) / (1 + 1 / size)
    # In few draws of many the share is defined: nothing is known of its spread.
    lonely = count < 2
    low = np.where(lonely, 0.0, np.clip(np.minimum(center - half, mean), 0, 1))
    high = np.where(lonely, 1.0, np.clip(np.maximum(center + half, mean), 0, 1))
    unknown = (count == 0) | (len(rows) < 2)
    low, high = np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)
    return Share(mean, low, high, np.sqrt(np.where(lonely, np.nan, variance) + query**2))
