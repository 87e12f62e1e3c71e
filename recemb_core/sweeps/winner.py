"""The verdict of a sweep: which settings beat the default beyond noise, which to take; or that none is told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from recemb_core.arrays import Float64Array
from recemb_core.evaluation.differences import (
    Difference,
    holm,
    mean_of_seeds,
    mean_over_seeds,
    paired_difference,
    seeds_difference,
)
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.noise import LEVEL
from recemb_core.experiments.leaderboard.board import cheapest_of, seconds_words
from recemb_core.sweeps.plan import COSTS, SweepPlan
from recemb_core.sweeps.records import Run, by_setting
from recemb_core.sweeps.space import in_words

_SHARE = LEVEL / 2
"""Of the level, for settings against the default; the other half is for settings among each other."""


@dataclass(frozen=True)
class Verdict:
    """What a sweep has found.

    Attributes:
        finalists: settings of the last stage, the best mean first; 0 is the default.
        estimates: of these, over users and fresh seeds.
        against_default: setting → its difference from the default, for each finalist but that; ``adjusted`` counts all
            settings that were tried.
        beats: settings better than the default beyond noise, the best first.
        leads: those of ``beats`` that are not told apart from the best of them; empty where nothing beats.
        take: the setting to take.
        costs: setting → what it costs: the first of the plan's aims that is a cost, else seconds of training.
        cost: name of that.
        tried: settings that were tried, the default among them.
        counted: comparisons with the default that Holm's correction counts.
        failed: settings that came to no result.
        detectable: the difference from the default that would have been found nine times out of ten; NaN where unknown.
        values: setting → its values.
        metric: the first aim, in words.
        whom: who were asked, or what was looked at.
        fresh: trainings of each finalist with seeds that did not choose it; 1 where there are no seeds.
    """

    finalists: tuple[int, ...]
    estimates: Mapping[int, Estimate]
    against_default: Mapping[int, Difference]
    beats: tuple[int, ...]
    leads: tuple[int, ...]
    take: int
    costs: Mapping[int, float]
    cost: str
    tried: int
    counted: int
    failed: int
    detectable: float
    values: Mapping[int, dict[str, Any]]
    metric: str
    whom: str
    fresh: int

    @property
    def winner(self) -> int | None:
        """The setting to take where it beats the default; None where nothing does."""
        return self.take if self.beats else None

    def name(self, setting: int) -> str:
        """A setting in words."""
        return f"#{setting} ({in_words(self.values[setting], self.values[0])})" if setting else "the default"

    @property
    def words(self) -> str:
        """The verdict in two or three sentences, plain text."""
        return f"{self.finding} {self.grounds}"

    @property
    def finding(self) -> str:
        """What was found, and which setting to take."""
        return " ".join(part for part in (self._found(), self._taken()) if part)

    def _found(self) -> str:
        best = self.leads[0] if self.beats else next((n for n in self.finalists if n != 0), None)
        if best is None:
            return "No setting but the default came to a result, so there is nothing to compare."
        gap, one = self.against_default[best], self.estimates[best]
        whole = f"all {self.counted} settings tried" if self.counted == self.tried - 1 else f"{self.counted} finalists"
        counted = f" after Holm's correction for {whole}" if self.counted > 1 else ""
        if _SHARE < gap.adjusted <= LEVEL:
            counted += f"; beyond noise is {_SHARE:g} or less"
        ends = f"{_signed(gap.low)} to {_signed(gap.high)}"
        figures = (
            f"{self.metric} {one.value:.4f} against {self.estimates[0].value:.4f}, a difference of "
            f"{_signed(gap.value)} (95% interval {ends}; {p_words(gap.adjusted)}{counted})"
        )
        if self.beats:
            return f"{_capital(self.name(best))} beats the default beyond noise: {figures}."
        if gap.value <= 0:
            return f"No setting has a higher mean than the default; the best other, {self.name(best)}: {figures}."
        return f"Not told apart: the best, {self.name(best)}, does not beat the default beyond noise: {figures}."

    def _taken(self) -> str:
        if self.beats:
            also = [n for n in self.leads if n != self.leads[0]]
            if not also:
                return ""
            names = ", ".join(map(self.name, also))
            alike = f"Not told apart from it: {names}"
            if self.take != self.leads[0]:
                return f"{alike}. Take the cheaper: {self.name(self.take)} ({self._spent(self.take, self.leads[0])})."
            return f"{alike}; none of these is clearly twice as cheap, so take {self.name(self.take)}."
        if self.take != 0:
            return f"Take the cheaper of what is not told apart: {self.name(self.take)} ({self._spent(self.take, 0)})."
        return "Keep the default." if len(self.finalists) > 1 else ""

    @property
    def grounds(self) -> str:
        """Of how many users and trainings, and what would have been missed."""
        missed = "" if np.isnan(self.detectable) else f" A difference below {self.detectable:.4f} can well be missed."
        runs = f"{self.fresh} trainings each, with seeds that did not choose them" if self.fresh > 1 else "no seeds"
        failed = "" if not self.failed else f" {self.failed} of the settings came to no result."
        return f"{_capital(self.whom)}; {runs}.{missed}{failed}"

    def _spent(self, one: int, other: int) -> str:
        return f"{cost_words(self.cost, self.costs[one])} against {cost_words(self.cost, self.costs[other])}"


def judge(plan: SweepPlan, runs: Sequence[Run], *, seeded: bool = True, whom: str = "") -> Verdict | None:
    """The verdict of a sweep that is over; None while runs of the last stage are missing.

    Each finalist is compared with the default on the same users, over users and fresh seeds
    (:func:`~recemb_core.evaluation.differences.paired_difference`). Seeds did not choose the finalists, but users did:
    the same ones were asked in all stages. So Holm's correction counts every setting that was tried, those that never
    ran again with p = 1: as if all had been compared, which bounds the probability of any false 'beats' by its level,
    however the finalists were picked. What is one figure of a training (a structural score) is drawn with its seeds
    alone, and judged by :func:`~recemb_core.evaluation.differences.seeds_difference`: fresh seeds had no part in the
    choice of finalists, so these alone are counted. Those that beat the default are compared with each other in the
    same way, counting every pair. Either family has half of the level of 5%.

    *Take*: the best that beats the default, or the default; another that is not told apart from it only if it clearly
    costs half or less (:func:`~recemb_core.experiments.leaderboard.board.cheapest_of`).

    References:
        Holm (1979), see :func:`~recemb_core.evaluation.differences.compare_all`. Jamieson, Talwalkar, *Non-stochastic
        Best Arm Identification and Hyperparameter Optimization* (AISTATS 2016): halving. Cawley, Talbot, *On
        Over-fitting in Model Selection and Subsequent Selection Bias in Performance Evaluation* (JMLR 2010).
    """
    every = by_setting(runs)
    last = {n: [run for run in alike if run.stage == "final" or not seeded] for n, alike in every.items()}
    if seeded:
        last = {n: alike for n, alike in last.items() if len(alike) == plan.fresh}
    if 0 not in last:
        return None
    figures = {n: np.stack([run.users for run in alike]) for n, alike in last.items()}
    order = sorted(figures, key=lambda n: (-float(figures[n].mean()), n))
    if not seeded:
        order = [n for n in order if n == 0 or n in _best(order, plan.finalists)]
    tried = len({run.setting for run in runs})
    compare = partial(_difference, seeded=seeded)
    if plan.of_seeds:
        noise = float(np.mean([runs.var(ddof=1) for runs in figures.values()]))
        compare = partial(_difference_of_seeds, noise=noise)
    counted = len(order) - 1 if plan.of_seeds else tried - 1
    against = _against_default(figures, order, counted, compare)
    beats = tuple(n for n in order if n in against and against[n].better == "first")
    leads = _leading(figures, beats, counted * (counted - 1) // 2, compare)
    cost = next((aim for aim in plan.aims if aim in COSTS), "seconds")
    spent = {n: [run.aims.get(cost, run.train_seconds) for run in last[n]] for n in order}
    return Verdict(
        finalists=tuple(order),
        estimates={
            n: mean_of_seeds(figures[n]) if plan.of_seeds else mean_over_seeds(figures[n], seeded=seeded) for n in order
        },
        against_default=against,
        beats=beats,
        leads=leads,
        take=cheapest_of(leads or (0, *(n for n, gap in against.items() if not gap.told_apart)), spent),
        costs={n: float(np.median(each)) for n, each in spent.items()},
        cost=cost,
        tried=tried,
        counted=counted,
        failed=len({run.setting for run in runs if run.failed}),
        detectable=_detectable(against, counted),
        values={run.setting: run.values for run in runs},
        metric=plan.aim_words(plan.aims[0]),
        whom=whom or f"{figures[0].shape[1]:,} validation users",
        fresh=plan.fresh if seeded else 1,
    )


def _best(order: Sequence[int], count: int) -> list[int]:
    return [n for n in order if n != 0][:count]


Compare = Callable[[Float64Array, Float64Array], Difference]


def _difference(one: Float64Array, other: Float64Array, seeded: bool) -> Difference:
    return paired_difference(one, other, seeded=(seeded, seeded), level=_SHARE)


def _difference_of_seeds(one: Float64Array, other: Float64Array, noise: float) -> Difference:
    return seeds_difference(one, other, seed_variance=noise, level=_SHARE)


def _adjusted(found: Mapping[Any, Difference], counted: int) -> dict[Any, Difference]:
    """With Holm's correction, as if there were ``counted`` comparisons, the others showing nothing."""
    silent = {("never run again", i): 1.0 for i in range(counted - len(found))}
    judged = holm({key: difference.p for key, difference in found.items()} | silent)
    return {key: replace(difference, adjusted=judged[key]) for key, difference in found.items()}


def _against_default(
    figures: Mapping[int, Float64Array], order: Sequence[int], counted: int, compare: Compare
) -> dict[int, Difference]:
    found = {n: compare(figures[n], figures[0]) for n in order if n != 0}
    return _adjusted(found, counted)


def _leading(
    figures: Mapping[int, Float64Array], beats: Sequence[int], counted: int, compare: Compare
) -> tuple[int, ...]:
    """The best of those that beat the default, and what is not told apart from it."""
    pairs = {(a, b): compare(figures[a], figures[b]) for a, b in combinations(beats, 2)}
    judged = _adjusted(pairs, counted)
    return tuple(n for n in beats if n == beats[0] or not judged[beats[0], n].told_apart)


def _detectable(against: Mapping[int, Difference], counted: int) -> float:
    """By the noise of the best finalist; the correction is that of the smallest of the p-values."""
    found = [replace(gap, level=_SHARE / max(counted, 1)).detectable() for gap in against.values()]
    return float(np.median(found)) if found and not np.isnan(found).any() else float("nan")


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def p_words(p: float) -> str:
    """A p-value for people.

    >>> p_words(0.00002), p_words(0.034)
    ('p < 0.001', 'p = 0.034')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def cost_words(cost: str, value: float) -> str:
    """A cost with its unit.

    >>> cost_words("bytes", 2_500_000.0), cost_words("milliseconds", 0.1234)
    ('2.50 MB', '0.123 ms')
    """
    if cost == "bytes":
        return f"{value / 1e6:.2f} MB"
    return f"{value:.3g} ms" if cost == "milliseconds" else seconds_words(value)


def pareto_front(plan: SweepPlan, runs: Sequence[Run]) -> list[int]:
    """Settings that no other beats in one aim without losing in another, by their means over all runs, best first.

    A front of means: neighbors on it need not be told apart.
    """
    means = aim_means(plan, runs)
    signs = np.array([-1.0 if aim in COSTS else 1.0 for aim in plan.aims])
    numbers = sorted(means)
    table = np.array([[means[n][aim] for aim in plan.aims] for n in numbers]).reshape(len(numbers), -1) * signs
    front = [
        n
        for n, row in zip(numbers, table, strict=True)
        if not ((table >= row).all(axis=1) & (table > row).any(axis=1)).any()
    ]
    return sorted(front, key=lambda n: (-means[n][plan.aims[0]], n))


def aim_means(plan: SweepPlan, runs: Sequence[Run]) -> dict[int, dict[str, float]]:
    """Setting → aim → mean over its runs, of all stages."""
    return {
        n: {aim: float(np.mean([run.aims[aim] for run in alike])) for aim in plan.aims}
        for n, alike in by_setting(runs).items()
    }
