"""How sure a figure is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recemb_core.validation import UsageError


@dataclass(frozen=True)
class SeedBand:
    """What re-running with other seeds does to a figure.

    Attributes:
        mean: over seeds.
        sd: standard deviation over seeds (n − 1); 0 for one seed, which says nothing about noise.
        low, high: smallest and largest value seen.
        seeds: number of seeds.
    """

    mean: float
    sd: float
    low: float
    high: float
    seeds: int

    @property
    def standard_error(self) -> float:
        """sd / √seeds, of the mean."""
        return float(self.sd / self.seeds**0.5)


def seed_band(values: Sequence[float]) -> SeedBand:
    """Band of a figure over seeds.

    >>> seed_band([0.4, 0.6]).mean
    0.5
    """
    if len(values) == 0:
        raise UsageError("a seed band needs at least one value")
    array = np.asarray(values, dtype=np.float64)
    sd = float(array.std(ddof=1)) if len(array) > 1 else 0.0
    return SeedBand(float(array.mean()), sd, float(array.min()), float(array.max()), len(array))


@dataclass(frozen=True)
class Estimate:
    """A figure measured on a sample, with its 95% interval.

    Attributes:
        value: the share or mean.
        low, high: ends of the interval.
        n: size of the sample.
    """

    value: float
    low: float
    high: float
    n: int


Z95 = 1.959964


def wilson_interval(hits: float, n: float, z: float = Z95) -> Estimate:
    """Share ``hits / n`` with Wilson's interval of a binomial share, which stays inside [0, 1] near both ends.

    The center is (p + z²/2n) / (1 + z²/n), the half-width z·√(p(1−p)/n + z²/4n²) / (1 + z²/n).

    Args:
        hits: successes. Fractions are allowed: a sum of probabilities of hits varies less than hits would, so the
            interval then holds more often than it promises, never less.
        n: trials.
        z: quantile of the normal distribution.

    Raises:
        ValueError: no trials, or more hits than trials.

    References:
        Wilson, *Probable inference, the law of succession, and statistical inference* (JASA 1927).

    >>> e = wilson_interval(50, 100)
    >>> round(e.low, 3), round(e.high, 3)
    (0.404, 0.596)
    """
    # A sum of n probabilities of 1 can exceed n by rounding.
    if not (0 <= hits <= n * (1 + 1e-12) and n > 0):
        raise UsageError(f"hits must be between 0 and n, and n at least 1, not {hits} of {n}")
    share, scale = min(hits / n, 1.0), 1 + z * z / n
    center = (share + z * z / (2 * n)) / scale
    half = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5 / scale
    # Rounding must not push the share itself out of its interval.
    return Estimate(share, max(0.0, min(center - half, share)), min(1.0, max(center + half, share)), int(n))


def share_interval(values: Sequence[float] | np.ndarray, z: float = Z95) -> Estimate:
    """Mean of shares between 0 and 1 with an interval that stays inside [0, 1]; for yes/no values it is Wilson's.

    Wilson's interval at the effective sample size n' = n · p(1 − p) / s², where p is the mean and
    s² = (Σ (x − p)² + p(1 − p)) / (n + 1): the variance of the values and one more of the largest that a mean p
    allows, so that few values that happen to agree do not claim to be exact. With many values it is mean ± z·s/√n.

    Args:
        values: of a sample drawn independently, each from 0 to 1; at least one.
        z: quantile of the normal distribution.

    Raises:
        ValueError: no values, or one outside [0, 1].

    References:
        Korn, Graubard, *Confidence intervals for proportions with small expected number of positive counts estimated
        from survey data* (Survey Methodology 1998): effective sample sizes.

    >>> e = share_interval([1.0, 1.0, 1.0])
    >>> e.value, round(e.low, 2), e.high, e.n
    (1.0, 0.44, 1.0, 3)
    """
    array = np.asarray(values, dtype=np.float64)
    n = len(array)
    if n == 0:
        raise UsageError("an interval needs at least one value")
    if not ((array >= -1e-9) & (array <= 1 + 1e-9)).all():
        raise UsageError(f"values must be shares from 0 to 1, not from {array.min():g} to {array.max():g}")
    error = float(array.std(ddof=1)) / n**0.5 if n > 1 else float("nan")
    return share_from_error(float(array.mean()), error, n, z)


def share_from_error(share: float, error: float, n: int, z: float = Z95) -> Estimate:
    """:func:`share_interval` of a share of which only its standard error over n independent draws is known.

    Args:
        share: from 0 to 1.
        error: its standard error; NaN for a single draw.
        n: draws: queries, users, walks.
        z: quantile of the normal distribution.

    >>> e = share_from_error(0.99, 0.01, 40)
    >>> round(e.low, 3), round(e.high, 3)
    (0.945, 0.998)
    """
    share = min(max(share, 0.0), 1.0)
    largest = share * (1 - share)
    squares = n * (n - 1) * error**2 if n > 1 else 0.0
    effective = n if largest == 0 else largest * n * (n + 1) / (squares + largest)
    found = wilson_interval(share * effective, effective, z)
    return Estimate(share, min(found.low, share), max(found.high, share), n)


def mean_interval(values: Sequence[float] | np.ndarray, z: float = Z95) -> Estimate:
    """Mean with mean ± z · sd / √n; one value alone says nothing about noise, its interval is the whole line.

    For what can be of any size, such as a difference. A mean of shares has :func:`share_interval`.
    """
    array = np.asarray(values, dtype=np.float64)
    if len(array) == 0:
        raise UsageError("an interval needs at least one value")
    mean = float(array.mean())
    if len(array) == 1:
        return Estimate(mean, float("-inf"), float("inf"), 1)
    half = z * float(array.std(ddof=1)) / len(array) ** 0.5
    return Estimate(mean, mean - half, mean + half, len(array))
