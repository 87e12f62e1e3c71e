"""Is a change more than other seeds would make? Settings against a control, judged together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from recemb_core.arrays import Float64Array
from recemb_core.validation import UsageError

LEVEL = 0.05
LEAST_SEEDS = 3
"""Two runs a setting leave the noise all but unknown: the t quantile is 4.3 then, with three it is 2.8."""
ROUNDING = 1e-12  # relative to the values: two equal scores added up in another order


def default_seeds(n: int) -> int:
    """Runs a setting for a graph of n items: 5; 8 up to 100 items, where scores are noisier and a run is cheap.

    So a change of 3.1 standard deviations of one run (2.3 with 8 seeds) is found in nine of ten sweeps of 25 cells, and
    the effects that the bundled graphs are shown for are larger (``python -m benchmarks.null_sweeps``).
    """
    return 8 if n <= 100 else 5


@dataclass(frozen=True, eq=False)
class NoiseTest:
    """Settings against a control by Dunnett's test.

    Attributes:
        change: setting → mean over its runs minus mean over the control's.
        error: setting → standard error of the change.
        sd: standard deviation over the runs of a setting, pooled over settings; without what runs share, if paired.
        degrees: degrees of freedom of ``sd``.
        seeds: fewest runs of a setting, the control included.
        level: the probability, for all settings together, of calling any beyond noise when none has an effect.
        critical: the quantile, in standard errors, from which on a change is beyond noise; nan where not measured.
        sizes: runs of each setting.
        control: runs of the control.
    """

    change: dict[Any, float]
    error: dict[Any, float]
    sd: float
    degrees: int
    seeds: int
    level: float
    critical: float
    sizes: tuple[int, ...]
    control: int

    @property
    def measured(self) -> bool:
        """Whether there are seeds enough (3 or more in each setting) to know the noise at all."""
        return self.seeds >= LEAST_SEEDS

    def margin(self, setting: Any) -> float:
        """The least change of the setting that counts as beyond noise; nan where noise is not measured."""
        return self.critical * self.error[setting]

    def p_value(self, setting: Any) -> float:
        """Probability that, with no effect anywhere, the setting that differs most does so by this much or more.

        Adjusted for all settings: compare it with ``level``. nan where noise is not measured.
        """
        if not self.measured:
            return float("nan")
        return dunnett_tail(abs(self.change[setting]) / self.error[setting], self.sizes, self.control, self.degrees)

    def beyond(self, setting: Any) -> bool:
        """Whether the setting's change is more than noise; False where noise is not measured."""
        return abs(self.change[setting]) >= self.margin(setting)

    def verdict(self, setting: Any) -> str:
        """'beyond noise', 'within noise' or 'noise not measured'."""
        if not self.measured:
            return "noise not measured"
        return "beyond noise" if self.beyond(setting) else "within noise"

    def detectable(self, power: float = 0.9) -> float:
        """The change that so many seeds find with this probability; smaller ones are mostly missed. nan if unmeasured.

        It is δ with P(|T| > critical) = power for T noncentral t with noncentrality δ / standard error, for a setting
        as noisy as the average one and with the fewest seeds.
        """
        if not self.measured or not self.change:
            return float("nan")
        from scipy.optimize import brentq
        from scipy.special import ndtr

        s, weight = _scale_nodes(self.degrees)
        edge = self.critical * s

        def short(shift: float) -> float:
            return float(weight @ (ndtr(shift - edge) + ndtr(-shift - edge))) - power

        high = self.critical
        while short(high) < 0:
            high *= 2
        return float(self.sd * (2 / self.seeds) ** 0.5 * brentq(short, 0.0, high, xtol=1e-7))


def compare_with_control(
    values: Mapping[Any, Sequence[float]], control: Sequence[float], *, level: float = LEVEL, paired: bool = False
) -> NoiseTest:
    """Judge every setting's change from the control against the noise of seeds, all settings together.

    Dunnett's test. Setting i with nᵢ runs differs from the control (n₀ runs) by tᵢ = (x̄ᵢ − x̄₀) / (s·√(1/nᵢ + 1/n₀)),
    where s² is the variance within settings, pooled over all of them and the control, with ν = Σ(n − 1) degrees of
    freedom. Setting i is beyond noise if P(max over settings |T| ≥ |tᵢ|) ≤ level. With one setting this is the t test.
    Where the two settings' own runs say so, the standard error is theirs, √(sᵢ²/nᵢ + s₀²/n₀), the larger of the two:
    near the ends of a score's range the noise of cells differs by ten times, and pooling alone calls the noisy ones
    beyond noise too often.

    Runs count as independent, as where a seed decides walks and training only. Where run j of every setting shares
    something that counts, such as the edges that are hidden, ``paired`` takes it out: s² is then of what is left after
    the means of settings and of runs, with ν = m·(n − 1) for m settings.

    Args:
        values: setting → figure of each of its runs; the control is not among them.
        control: figure of each of the control's runs.
        level: probability of any false 'beyond noise' over all settings together.
        paired: whether run j of every setting, the control included, shares something.

    Raises:
        ValueError: a setting without values, values that are not finite, a level outside (0, 1), or paired settings
            with different numbers of runs.

    References:
        Dunnett, *A multiple comparison procedure for comparing several treatments with a control* (JASA 1955).

    >>> found = compare_with_control({"q = 20": [0.47, 0.49, 0.48]}, [0.02, 0.01, 0.03])
    >>> found.verdict("q = 20"), round(found.change["q = 20"], 2), round(found.critical, 2)
    ('beyond noise', 0.46, 2.78)
    >>> compare_with_control({"q = 20": [0.47, 0.49]}, [0.02, 0.01]).verdict("q = 20")
    'noise not measured'
    """
    if not 0 < level < 1:
        raise UsageError(f"level must be between 0 and 1, not {level}")
    every = [_figures("the control", control), *(_figures(name, found) for name, found in values.items())]
    sizes = np.array([len(found) for found in every])
    if paired and len(set(sizes.tolist())) > 1:
        raise UsageError(f"paired settings need equal numbers of runs, not {sorted(sizes.tolist())}")
    flat, starts = np.concatenate(every), np.concatenate([[0], np.cumsum(sizes)[:-1]])
    mean = np.add.reduceat(flat, starts) / sizes
    rest = flat - np.repeat(mean, sizes)
    seeds, degrees = int(sizes.min()), len(flat) - len(sizes)
    own = np.add.reduceat(rest * rest, starts) / np.maximum(sizes - 1, 1) / sizes
    own = own + own[0]
    if paired:
        runs = rest.reshape(len(sizes), seeds)
        own = (runs - runs[0]).var(axis=1, ddof=1) / seeds if seeds > 1 else own
        rest = runs - runs.mean(axis=0)
        degrees -= seeds - 1
    sd = float((rest * rest).sum() / max(degrees, 1)) ** 0.5
    rounding = ROUNDING * float(np.abs(flat).max()) + np.finfo(np.float64).tiny
    error = np.maximum(np.maximum(sd * np.sqrt(1 / sizes + 1 / sizes[0]), np.sqrt(own)), rounding)
    others = tuple(sizes[1:].tolist())
    known = seeds >= LEAST_SEEDS and len(others) > 0
    return NoiseTest(
        change=dict(zip(values, (mean[1:] - mean[0]).tolist(), strict=True)),
        error=dict(zip(values, error[1:].tolist(), strict=True)),
        sd=sd,
        degrees=degrees,
        seeds=seeds,
        level=level,
        critical=dunnett_quantile(level, others, len(every[0]), degrees) if known else float("nan"),
        sizes=others,
        control=int(sizes[0]),
    )


def _figures(name: object, values: Sequence[float]) -> Float64Array:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or len(found) == 0:
        raise UsageError(f"{name} needs one figure for each of its runs, at least one, not {values!r}")
    if not np.isfinite(found).all():
        raise UsageError(f"the figures of {name} must be finite numbers, not {values!r}")
    return found


def dunnett_tail(t: float, sizes: Sequence[int], control: int, degrees: int) -> float:
    """P(max over settings |Tᵢ| ≥ t) when none has an effect: the p-value of a setting ``t`` standard errors away.

    Given s = σ̂/σ and the control's mean z, the Tᵢ are independent. So the probability is one minus
    ∫ f(s) ∫ φ(z) Πᵢ [Φ((λᵢz + ts)/√(1−λᵢ²)) − Φ((λᵢz − ts)/√(1−λᵢ²))] dz ds, with λᵢ² = nᵢ/(nᵢ + n₀): two sums of
    Gauss–Legendre, the same at every call, where multivariate integration would draw random points.

    Args:
        t: standard errors, 0 or more.
        sizes: runs of each setting.
        control: runs of the control.
        degrees: degrees of freedom of the pooled variance.

    >>> round(dunnett_tail(2.776, [3], 3, 4), 3)  # one setting: Student's t
    0.05
    """
    from scipy.special import ndtr

    if t <= 0:
        return 1.0
    z, z_weight = _normal_nodes()
    s, s_weight = _scale_nodes(degrees)
    inside = np.ones((len(s), len(z)))
    for n, times in Counter(sizes).items():
        share = n / (n + control)
        a, b = (share / (1 - share)) ** 0.5 * z[None, :], t / (1 - share) ** 0.5 * s[:, None]
        inside *= (ndtr(a + b) - ndtr(a - b)) ** times
    return float(np.clip(1 - s_weight @ inside @ z_weight, 0.0, 1.0))


@lru_cache(maxsize=256)
def dunnett_quantile(level: float, sizes: tuple[int, ...], control: int, degrees: int) -> float:
    """The t with :func:`dunnett_tail` = level, to 1e-6."""
    from scipy.optimize import brentq

    high = 4.0
    while dunnett_tail(high, sizes, control, degrees) > level:
        high *= 2
    return float(brentq(lambda t: dunnett_tail(t, sizes, control, degrees) - level, 0.0, high, xtol=1e-7))


@lru_cache(maxsize=1)
def _normal_nodes() -> tuple[Float64Array, Float64Array]:
    x, weight = np.polynomial.legendre.leggauss(96)
    z = 8.5 * x
    weight = weight * np.exp(-z * z / 2)
    return z, weight / weight.sum()


@lru_cache(maxsize=64)
def _scale_nodes(degrees: int) -> tuple[Float64Array, Float64Array]:
    """Nodes and weights of s = √(χ²/ν) between its quantiles 1e-12 from both ends."""
    from scipy.special import chdtri

    x, weight = np.polynomial.legendre.leggauss(96)
    low, high = (np.sqrt(chdtri(degrees, tail) / degrees) for tail in (1 - 1e-12, 1e-12))
    s = low + (high - low) * (x + 1) / 2
    log = (degrees - 1) * np.log(s) - degrees * s * s / 2
    weight = weight * np.exp(log - log.max())
    return s, weight / weight.sum()
