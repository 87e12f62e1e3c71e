"""Differences of models on the same users: users and training seeds as sources of noise, all pairs judged together."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from recemb_core.arrays import Float64Array
from recemb_core.evaluation.intervals import Estimate, share_from_error
from recemb_core.evaluation.letters import letters
from recemb_core.evaluation.noise import LEAST_SEEDS, LEVEL
from recemb_core.validation import UsageError, require


@dataclass(frozen=True)
class Difference:
    """One model less another, on the same users.

    Attributes:
        first, second: names.
        value: mean over users and seeds of the first less that of the second.
        low, high: its 95% interval, of this pair alone.
        error: standard error.
        degrees: degrees of freedom of the t distribution that it is judged by.
        p: P(as large a difference by noise alone), of this pair alone; NaN where not ``measured``.
        adjusted: the same for all pairs that were judged together (Holm); NaN where not ``measured``.
        users: who were asked.
        measured: whether each model that depends on a seed was trained with three or more, so that the noise of
            training is known.
        level: the probability of any false difference among all pairs.
    """

    first: str
    second: str
    value: float
    low: float
    high: float
    error: float
    degrees: float
    p: float
    adjusted: float
    users: int
    measured: bool
    level: float = LEVEL

    @property
    def told_apart(self) -> bool:
        """Whether the difference is more than noise."""
        return self.measured and self.adjusted <= self.level

    @property
    def better(self) -> str | None:
        """The better of the two, None where they are not told apart."""
        return (self.first if self.value > 0 else self.second) if self.told_apart else None

    @property
    def verdict(self) -> str:
        """'better', 'worse' (the first, beyond noise), 'within noise' or 'noise not measured'."""
        if not self.measured:
            return "noise not measured"
        return "within noise" if not self.told_apart else "better" if self.value > 0 else "worse"

    def detectable(self, power: float = 0.9, *, pairs: int = 1) -> float:
        """The difference that so much noise lets be found with this probability; NaN if not measured.

        (t_{1 − level/2m} + t_power) · standard error, by quantiles of Student's t: *within noise* means smaller than
        about this, not none.

        Args:
            power: the probability.
            pairs: m, judged together; Holm's correction asks of none of them more than this, of most a little less.
        """
        if not self.measured or not 0 < self.error < np.inf:
            return float("nan")
        from scipy.special import stdtrit

        quantiles = (1 - self.level / (2 * pairs), power)
        return float(sum(stdtrit(self.degrees, quantile) for quantile in quantiles)) * self.error


def paired_difference(
    first: Float64Array,
    second: Float64Array,
    *,
    seeded: tuple[bool, bool] = (True, True),
    paired: bool = False,
    seed_variance: float = 0.0,
    names: tuple[str, str] = ("first", "second"),
    level: float = LEVEL,
) -> Difference:
    """Mean difference of two models on the same users, over users and seeds.

    Let y_su be a model's figure for user u in its run with seed s, ȳ_u its mean over the S seeds, m_s its mean over the
    U users, and d_u = ȳ_u(first) − ȳ_u(second). The difference is D = mean of d_u, and its variance

        V = (Σ_u (d_u − D)² + max_u d_u²) / (U (U − 1)) + Σ_models max(var_s(m_s), w) / S.

    The first term is the draw of users, shared by both models, which is why what both serve alike cancels out; it holds
    one more user of the largest difference seen, so that three users who happen to agree are no proof. The second is
    the draw of seeds, as a random effect. What a seed does to single users is in both terms, so V is too large rather
    than too small (at most twice, where users differ in nothing else). D / √V is judged by Student's t with the degrees
    of freedom of Satterthwaite, V² / Σ (term² / degrees of the term): with few seeds and much noise of training they
    are few. A variance of three seeds is often far too small by chance, and where many pairs are judged together, those
    chances add up; so w is what models beside these show (:func:`compare_all`). A term of seeds that stands alone,
    where no second one makes up for such a chance, counts with half its degrees. A model without a seed has none. No
    p-value is below 2^(1 − m), the least that turning signs can
    show, where m users are served differently.

    Args:
        first, second: (seeds, users) each, users in the same order; the numbers of seeds may differ.
        seeded: whether another seed would give other figures.
        paired: whether run s of both is one training asked in two ways; then var_s is of m_s(first) − m_s(second).
        seed_variance: w, the least variance of a run's mean that a model with a seed is taken to have; not where runs
            are paired.
        names: for messages.
        level: see :class:`Difference`.

    Raises:
        ValueError: other users, or figures that are not finite.

    References:
        Satterthwaite, *An Approximate Distribution of Estimates of Variance Components* (Biometrics Bulletin 1946).
        Owen, *The pigeonhole bootstrap* (Annals of Applied Statistics 2007): two crossed random effects.
        Bouthillier et al., *Accounting for Variance in Machine Learning Benchmarks* (MLSys 2021): why seeds count.

    >>> rng = np.random.default_rng(0)
    >>> good, bad = (rng.random((3, 400)) < np.array(share) for share in (0.3, 0.2))
    >>> found = paired_difference(good.astype(float), bad.astype(float))
    >>> found.verdict, round(found.value, 3), round(found.low, 3), round(found.high, 3)
    ('better', 0.062, 0.016, 0.107)
    """
    a, b = (_figures(name, values) for name, values in zip(names, (first, second), strict=True))
    users = a.shape[1]
    if b.shape[1] != users:
        raise UsageError(f"{names[0]} has {users} users and {names[1]} {b.shape[1]}; both must be asked about the same")
    by_user = a.mean(axis=0) - b.mean(axis=0)
    value = float(by_user.mean())
    spread = float(((by_user - value) ** 2).sum() + (by_user**2).max(initial=0.0))
    terms: list[tuple[float, float]] = [(spread / (users * (users - 1)) if users > 1 else np.inf, max(users - 1, 1))]
    means = [a.mean(axis=1), b.mean(axis=1)]
    if paired and all(seeded):
        require(len(a) == len(b), "seeds", (len(a), len(b)), "as many of both, where runs are paired")
        of_seeds = _of_seeds(means[0] - means[1], 0.0)
    else:
        known = zip(means, seeded, strict=True)
        of_seeds = [term for mean, own in known if own for term in _of_seeds(mean, seed_variance)]
    terms += of_seeds if len(of_seeds) != 1 else [(variance, degrees / 2) for variance, degrees in of_seeds]
    measured = all(len(runs) >= LEAST_SEEDS for runs, own in zip((a, b), seeded, strict=True) if own)
    least = float(2.0 ** (1 - min(int(np.count_nonzero(by_user)), 64)))
    return _judged(value, terms, names, users, measured, level, least)


def seeds_difference(
    first: Float64Array,
    second: Float64Array,
    *,
    seed_variance: float = 0.0,
    names: tuple[str, str] = ("first", "second"),
    level: float = LEVEL,
) -> Difference:
    """Mean difference of two models of which each training gives one figure: seeds are all that it is drawn from.

    D = mean of the first's S runs less that of the second's, V = Σ_models max(var_s, w) / S, and D / √V is judged by
    Student's t with Satterthwaite's degrees of freedom (Welch's test where w is 0). A variance of few seeds is often
    too small by chance, so w is what models beside these show, as in :func:`paired_difference`.

    Args:
        first, second: (seeds,) each.
        seed_variance: w.
        names: for messages.
        level: see :class:`Difference`, whose ``users`` is 1 here.

    Raises:
        ValueError: figures that are not finite.

    References:
        Welch, *The generalization of "Student's" problem when several different population variances are involved*
        (Biometrika 1947).

    >>> found = seeds_difference(np.array([0.47, 0.49, 0.48]), np.array([0.02, 0.01, 0.03]))
    >>> found.verdict, round(found.value, 2), round(found.low, 2), round(found.high, 2)
    ('better', 0.46, 0.44, 0.48)
    """
    runs = [_figures(name, values).reshape(-1) for name, values in zip(names, (first, second), strict=True)]
    value = float(runs[0].mean() - runs[1].mean())
    terms = [term for own in runs for term in _of_seeds(own, seed_variance)]
    measured = all(len(own) >= LEAST_SEEDS for own in runs)
    return _judged(value, terms, names, 1, measured, level, 0.0)


def _of_seeds(means: Float64Array, least: float) -> list[tuple[float, float]]:
    """(variance of the mean over seeds, degrees of freedom)."""
    n = len(means)
    return [(max(float(means.var(ddof=1)), least) / n, n - 1)] if n > 1 else []


def _judged(
    value: float,
    terms: Sequence[tuple[float, float]],
    names: tuple[str, str],
    users: int,
    measured: bool,
    level: float,
    least: float,
) -> Difference:
    from scipy.special import stdtr, stdtrit

    variance = sum(term for term, _ in terms)
    if not np.isfinite(variance):
        return Difference(*names, value, -np.inf, np.inf, np.inf, 1.0, 1.0, 1.0, users, measured, level)
    if variance == 0:  # nobody is served differently
        return Difference(*names, value, value, value, 0.0, max(users - 1.0, 1.0), 1.0, 1.0, users, measured, level)
    degrees = float(variance**2 / sum(term**2 / own for term, own in terms))
    error = variance**0.5
    half = float(stdtrit(degrees, 0.975)) * error
    p = min(1.0, max(float(2 * stdtr(degrees, -abs(value) / error)), least)) if measured else float("nan")
    return Difference(*names, value, value - half, value + half, error, degrees, p, p, users, measured, level)


def _figures(name: str, values: Float64Array) -> Float64Array:
    found = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if found.ndim != 2 or not found.size:
        raise UsageError(f"{name} needs a figure for each seed and user, at least one, not {found.shape}")
    if not np.isfinite(found).all():
        raise UsageError(f"the figures of {name} must be finite numbers")
    return found


@dataclass(frozen=True, eq=False)
class Comparison:
    """All pairs of several models, judged together.

    Attributes:
        order: names, the best mean first.
        means: name → mean over users and seeds.
        differences: (name, name) → difference, the better mean first in the pair.
        letters: name → letters; two models that share one are not told apart. Those ``unmeasured`` have none.
        unmeasured: names whose noise of training is not known: they depend on a seed, and have fewer than three runs.
        level: the probability of any false difference among all pairs.
    """

    order: tuple[str, ...]
    means: dict[str, float]
    differences: dict[tuple[str, str], Difference]
    letters: dict[str, str]
    unmeasured: tuple[str, ...]
    level: float

    def between(self, first: str, second: str) -> Difference:
        """The difference first less second.

        Raises:
            ValueError: a name that was not compared, or one with itself.
        """
        if (first, second) in self.differences:
            return self.differences[first, second]
        found = self.differences.get((second, first))
        if found is None:
            raise UsageError(f"{first!r} and {second!r} were not compared; there are {', '.join(self.order)}")
        return replace(found, first=first, second=second, value=-found.value, low=-found.high, high=-found.low)

    @property
    def judged(self) -> int:
        """How many pairs are judged together: those whose noise is measured."""
        return sum(found.measured for found in self.differences.values())

    @property
    def top(self) -> tuple[str, ...]:
        """Of the measured ones the best, and all that are not told apart from it, in order."""
        if len(self.order) == len(self.unmeasured):
            return ()
        best, *others = (name for name in self.order if name not in self.unmeasured)
        return (best, *(name for name in others if not self.differences[best, name].told_apart))


def compare_all(
    values: Mapping[str, Float64Array],
    *,
    unseeded: Collection[str] = (),
    trainings: Mapping[str, Hashable] | None = None,
    level: float = LEVEL,
) -> Comparison:
    """Every pair of models by :func:`paired_difference`, with Holm's correction and compact letters.

    Holm: of m pairs the smallest p-value is multiplied by m, the next by m − 1, and so on, each at least as large as
    the one before; so the probability that any pair without a difference is told apart is ``level`` at most, whatever
    the pairs have in common. Pairs whose noise is not measured are not among them, and never told apart.

    No model is taken to have less noise of training than the mean variance over the models with three seeds or more, w.
    Without that, of ten equal models with much noise of training some pair is told apart in up to 11% of tables; with
    it in 5% at most, also where few models are noisy and many are not: those few are in few pairs
    (``python -m benchmarks.evaluation --part honesty``).

    Args:
        values: name → (seeds, users).
        unseeded: names that depend on no seed.
        trainings: name → what the runs were trained as; two with the same are one training asked in two ways, and their
            runs are paired.
        level: see above.

    References:
        Holm, *A Simple Sequentially Rejective Multiple Test Procedure* (Scandinavian Journal of Statistics 1979).
        Piepho, *An Algorithm for a Letter-Based Representation of All-Pairwise Comparisons* (JCGS 2004).

    >>> rng = np.random.default_rng(0)
    >>> shares = {"a": 0.3, "b": 0.3, "c": 0.1}
    >>> found = compare_all({name: (rng.random((3, 500)) < p).astype(float) for name, p in shares.items()})
    >>> found.letters["a"] == found.letters["b"] != found.letters["c"], len(found.top)
    (True, 2)
    """
    if not 0 < level < 1:
        raise UsageError(f"level must be between 0 and 1, not {level}")
    figures = {name: _figures(name, found) for name, found in values.items()}
    means = {name: float(found.mean()) for name, found in figures.items()}
    order = tuple(sorted(means, key=lambda name: -means[name]))
    same: Mapping[str, Any] = trainings or {}
    measured = [runs for name, runs in figures.items() if name not in unseeded and len(runs) >= LEAST_SEEDS]
    noise = float(np.mean([runs.mean(axis=1).var(ddof=1) for runs in measured])) if measured else 0.0
    found: dict[tuple[str, str], Difference] = {}
    for a, b in combinations(order, 2):
        one = a in same and b in same and same[a] == same[b] and len(figures[a]) == len(figures[b])
        seeded = (a not in unseeded, b not in unseeded)
        found[a, b] = paired_difference(
            figures[a], figures[b], seeded=seeded, paired=one, seed_variance=noise, names=(a, b), level=level
        )
    judged = holm({pair: d.p for pair, d in found.items() if d.measured})
    found = {pair: replace(d, adjusted=judged.get(pair, float("nan"))) for pair, d in found.items()}
    apart = {pair for pair, d in found.items() if d.told_apart}
    alone = tuple(n for n in order if n not in unseeded and len(figures[n]) < LEAST_SEEDS)
    given = letters([name for name in order if name not in alone], apart)
    return Comparison(order, means, found, {name: given.get(name, "") for name in order}, alone, level)


def holm(p_values: Mapping[Any, float]) -> dict[Any, float]:
    """Holm's adjusted p-values.

    >>> {name: round(p, 3) for name, p in holm({"a": 0.01, "b": 0.04, "c": 0.03}).items()}
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    found, largest = {}, 0.0
    for place, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[name]))
        found[name] = largest
    return found


def mean_of_seeds(values: Float64Array) -> Estimate:
    """Mean of one figure a training, with its 95% interval over seeds by Student's t; of one seed the interval is ±∞.

    >>> found = mean_of_seeds(np.array([0.4, 0.5, 0.6]))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3), found.n
    (0.5, 0.252, 0.748, 3)
    """
    from scipy.special import stdtrit

    runs = _figures("the mean", values).reshape(-1)
    value, n = float(runs.mean()), len(runs)
    half = float(stdtrit(n - 1, 0.975) * runs.std(ddof=1) / n**0.5) if n > 1 else float("inf")
    return Estimate(value, value - half, value + half, n)


def mean_over_seeds(values: Float64Array, *, seeded: bool = True) -> Estimate:
    """Mean of shares (seeds, users) with a 95% interval over both, which stays inside [0, 1].

    Its squared error is Σ_u (ȳ_u − ȳ)² / (U (U − 1)) + var_s(m_s) / S, as in :func:`paired_difference`; of it
    :func:`~recemb_core.evaluation.intervals.share_from_error` makes an interval. With one seed it is
    :func:`~recemb_core.evaluation.intervals.share_interval`, of users alone.

    >>> mean_over_seeds(np.array([[1.0, 0.0, 1.0, 1.0]])).value
    0.75
    """
    figures = _figures("the mean", values)
    by_user = figures.mean(axis=0)
    users = len(by_user)
    variance = float(by_user.var(ddof=1)) / users if users > 1 else float("nan")
    if seeded and len(figures) > 1:
        variance += float(figures.mean(axis=1).var(ddof=1)) / len(figures)
    return share_from_error(float(by_user.mean()), variance**0.5, users)
