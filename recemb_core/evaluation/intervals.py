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


def within_noise(a: SeedBand, b: SeedBand, errors: float = 2.0) -> bool:
    """Whether two means differ by less than ``errors`` standard errors of their difference (or noise is unknown)."""
    if a.seeds < 2 or b.seeds < 2:
        return True
    return abs(a.mean - b.mean) < errors * float(np.hypot(a.standard_error, b.standard_error))
