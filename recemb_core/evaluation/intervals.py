"""How sure a figure is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


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
        return self.sd / self.seeds**0.5


def seed_band(values: Sequence[float]) -> SeedBand:
    """Band of a figure over seeds.

    >>> seed_band([0.4, 0.6]).mean
    0.5
    """
    if len(values) == 0:
        raise ValueError("a seed band needs at least one value")
    array = np.asarray(values, dtype=np.float64)
    sd = float(array.std(ddof=1)) if len(array) > 1 else 0.0
    return SeedBand(float(array.mean()), sd, float(array.min()), float(array.max()), len(array))


@dataclass(frozen=True)
class Estimate:
    """A figure measured on a sample, with its 95 % interval.

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


def wilson_interval(hits: int, n: int, z: float = Z95) -> Estimate:
    """Share ``hits / n`` with Wilson's interval of a binomial share, which stays inside [0, 1] near both ends.

    The center is (p + z²/2n) / (1 + z²/n), the half-width z·√(p(1−p)/n + z²/4n²) / (1 + z²/n).

    Raises:
        ValueError: no trials, or more hits than trials.

    >>> e = wilson_interval(50, 100)
    >>> round(e.low, 3), round(e.high, 3)
    (0.404, 0.596)
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"hits must be between 0 and n, and n at least 1, not {hits} of {n}")
    share, scale = hits / n, 1 + z * z / n
    center = (share + z * z / (2 * n)) / scale
    half = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5 / scale
    return Estimate(share, max(0.0, center - half), min(1.0, center + half), n)


def mean_interval(values: Sequence[float] | np.ndarray, z: float = Z95) -> Estimate:
    """Mean with mean ± z · sd / √n; one value alone says nothing about noise, its interval is the whole line."""
    array = np.asarray(values, dtype=np.float64)
    if len(array) == 0:
        raise ValueError("an interval needs at least one value")
    mean = float(array.mean())
    if len(array) == 1:
        return Estimate(mean, float("-inf"), float("inf"), 1)
    half = z * float(array.std(ddof=1)) / len(array) ** 0.5
    return Estimate(mean, mean - half, mean + half, len(array))
