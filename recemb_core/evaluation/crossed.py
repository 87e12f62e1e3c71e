"""A mean over cases that share users and share weeks: both are drawn, and neither's cases are independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array
from recemb_core.evaluation.intervals import Estimate, share_from_error
from recemb_core.validation import UsageError


@dataclass(frozen=True)
class CrossedMean:
    """A mean with its 95% interval over two crossed draws.

    Attributes:
        value: mean over the cases.
        low, high: ends of the interval; the whole line where a factor has one group alone.
        error: standard error.
        degrees: degrees of freedom of the t distribution.
        cases: number of cases.
        groups: groups of each factor: users, windows.
    """

    value: float
    low: float
    high: float
    error: float
    degrees: float
    cases: int
    groups: tuple[int, int]

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2

    @property
    def share(self) -> Estimate:
        """The same of figures from 0 to 1, with an interval that stays inside and claims no certainty from few cases.

        Wilson's at the effective sample size, with the quantile of this mean's t distribution; see
        :func:`~recemb_core.evaluation.intervals.share_from_error`.
        """
        if not np.isfinite(self.error):
            return Estimate(self.value, 0.0, 1.0, self.cases)
        from scipy.special import stdtrit

        return share_from_error(self.value, self.error, self.cases, float(stdtrit(self.degrees, 0.975)))

    @property
    def sign(self) -> int:
        """−1 or 1 where the whole interval lies on that side of 0, else 0: not told from none."""
        return int(self.low > 0) - int(self.high < 0)


def crossed_mean(values: npt.ArrayLike, users: npt.ArrayLike, windows: npt.ArrayLike) -> CrossedMean:
    """Mean of one figure a case, where cases of one user belong together, and cases of one window do.

    With N cases x_c, mean m, and for each factor f its G_f groups g,

        V_f = G_f / (G_f − 1) · Σ_g (Σ_{c ∈ g} (x_c − m))² / N²,    V = max(V_users + V_windows − V_cases, V_users,
        V_windows),

    V_cases being the same with every case a group of its own: what both factors count, once. Degrees of freedom are
    Satterthwaite's of the two terms, so that few windows with much noise make a wide interval.

    Args:
        values: (cases,) finite.
        users, windows: (cases,) which user and which window each case is of; any codes.

    Raises:
        ValueError: no case, lengths that differ, or a value that is no finite number.

    References:
        Cameron, Gelbach, Miller, *Robust Inference With Multiway Clustering* (Journal of Business & Economic Statistics
        2011). Owen, *The pigeonhole bootstrap* (Annals of Applied Statistics 2007).

    >>> found = crossed_mean([0.1, 0.3, 0.2, 0.4], ["ann", "bob", "ann", "bob"], [0, 0, 1, 1])
    >>> round(found.value, 2), found.groups, found.sign
    (0.25, (2, 2), 0)
    """
    x = np.asarray(values, dtype=np.float64)
    codes = [np.unique(np.asarray(factor), return_inverse=True)[1] for factor in (users, windows)]
    if not len(x) or any(len(code) != len(x) for code in codes):
        raise UsageError(f"values, users and windows must be of the same cases, at least one, not {len(x)}")
    if not np.isfinite(x).all():
        raise UsageError("values must be finite numbers")
    mean = float(x.mean())
    groups = (int(codes[0].max()) + 1, int(codes[1].max()) + 1)
    if min(groups) < 2:
        return CrossedMean(mean, -np.inf, np.inf, np.inf, 1.0, len(x), groups)
    terms = [_of_factor(x - mean, code) for code in codes]
    both = _of_factor(x - mean, np.arange(len(x)))
    variance = max(sum(terms) - both, *terms)
    if variance <= 0:
        return CrossedMean(mean, mean, mean, 0.0, float(min(groups) - 1), len(x), groups)
    from scipy.special import stdtrit

    spread = sum(term**2 / (many - 1) for term, many in zip(terms, groups, strict=True))
    degrees = sum(terms) ** 2 / spread
    half = float(stdtrit(degrees, 0.975)) * variance**0.5
    return CrossedMean(mean, mean - half, mean + half, variance**0.5, float(degrees), len(x), groups)


def _of_factor(rest: Float64Array, code: npt.NDArray[np.integer]) -> float:
    """V_f: the groups' sums of what is left after the mean."""
    sums = np.bincount(code, weights=rest)
    return float(len(sums) / (len(sums) - 1) * (sums**2).sum() / len(rest) ** 2)
