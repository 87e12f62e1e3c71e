"""What was measured, and what can be said of it: levels, changes, slopes, schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from recemb_core.array_files import from_json, to_json
from recemb_core.arrays import AnyArray, Float32Array, Float64Array, Int32Array, Int64Array
from recemb_core.evaluation.crossed import CrossedMean, crossed_mean
from recemb_core.experiments.staleness.plan import StalenessConfig
from recemb_core.validation import require

Arm = Literal["table", "network_fresh", "network_old", "popularity"]
ARMS: dict[Arm, str] = {
    "table": "Table alone",
    "network_fresh": "Old table, network trained now",
    "network_old": "Table and network old",
    "popularity": "Popularity of that age",
}
Metric = Literal["hr", "ndcg", "auc"]
METRICS: tuple[Metric, ...] = ("hr", "ndcg", "auc")
MONTH = 30.4375 / 7
"""Weeks of a month: a twelfth of 365.25 days."""


@dataclass(frozen=True)
class Schedule:
    """How often what is trained, what that costs and what it finds.

    Attributes:
        table_days, network_days: from one training to the next; the last 0 where there is no network.
        seconds: processor seconds of a week's trainings.
        score: mean over the ages that the table then has, each as long as the other.
        change: the same less what training everything daily finds.
    """

    table_days: int
    network_days: int
    seconds: float
    score: CrossedMean
    change: CrossedMean


@dataclass(frozen=True, eq=False)
class Cold:
    """One model on the events whose item the old table does not know, at one age.

    Attributes:
        auc: share of the catalogue's other items that stand below each, float64 (events,); 0.5 is chance.
        hits: P(among the first k), float64 (events,).
        among: ``auc`` among the items that are new to this table alone, float64 (events,); NaN where there is no other.
            A model may stand all new items above the known ones, or below; this tells whether it knows them apart.
        users, windows: of each event.
    """

    auc: Float64Array
    hits: Float64Array
    among: Float64Array
    users: Int64Array
    windows: Int64Array


@dataclass(frozen=True, eq=False)
class StalenessReport:
    """All figures by case; a case is one user in one window, its figure the mean over that user's questions there.

    Attributes:
        config: what was compared.
        arms: what was asked, in the order of ``figures``.
        figures: float32 (arms, ages, metrics, cases), metrics as in ``METRICS``: HR@k, NDCG@k, AUC.
        users, windows: int32 (cases,).
        starts: unix seconds of each window's begin.
        learned: weeks that every training saw; where all before was seen, those of the oldest table of the first
            window.
        questions, targets: asked in all.
        unknown: int64 (ages,), targets whose item the table of that age had never seen.
        cold: model → age → what it made of these.
        seconds: ``table`` and ``network``: median processor seconds of a training, on all cores together.
    """

    config: StalenessConfig
    arms: tuple[Arm, ...]
    figures: Float32Array
    users: Int32Array
    windows: Int32Array
    starts: Float64Array
    learned: float
    questions: int
    targets: int
    unknown: Int64Array
    cold: dict[str, dict[int, Cold]]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ages(self) -> tuple[int, ...]:
        return self.config.ages

    def cases(self, arm: Arm, metric: Metric) -> Float64Array:
        """Figures of one arm by one metric, float64 (ages, cases)."""
        require(arm in self.arms, "arm", arm, f"one of {', '.join(self.arms)}")
        found = self.figures[self.arms.index(arm), :, METRICS.index(metric)]
        return np.asarray(found, dtype=np.float64)

    def level(self, arm: Arm, metric: Metric, age: int) -> CrossedMean:
        """The figure at one age, with its interval over users and windows."""
        return self._mean(self.cases(arm, metric)[self.ages.index(age)])

    def change(self, arm: Arm, metric: Metric, age: int) -> CrossedMean:
        """That less the figure at age 0, on the same users in the same windows."""
        found = self.cases(arm, metric)
        return self._mean(found[self.ages.index(age)] - found[0])

    def slope(self, arm: Arm, metric: Metric) -> CrossedMean:
        """Change of the figure a month of age: least squares over the ages.

        With ages a_j in months, ā their mean and y_cj the figure of case c, the slope is the mean over cases of
        Σ_j (a_j − ā) y_cj / Σ_j (a_j − ā)²: the slope of the means, with an interval over users and windows.
        """
        return self._mean(self.slope_weights @ self.cases(arm, metric))

    @property
    def slope_weights(self) -> Float64Array:
        """(a_j − ā) / Σ (a_j − ā)², a in months; float64 (ages,)."""
        months = np.asarray(self.ages, dtype=np.float64) / MONTH
        rest = months - months.mean()
        return np.asarray(rest / (rest**2).sum())

    def between(self, first: Arm, second: Arm, metric: Metric, age: int) -> CrossedMean:
        """One arm less another at one age, on the same users in the same windows."""
        row = self.ages.index(age)
        return self._mean(self.cases(first, metric)[row] - self.cases(second, metric)[row])

    def unknown_share(self, age: int) -> float:
        """Share of the targets whose item the table of that age had never seen."""
        return float(self.unknown[self.ages.index(age)] / max(self.targets, 1))

    def schedules(self, metric: Metric) -> list[Schedule]:
        """Everything daily; the table every w weeks and the network daily, for each age w; both weekly.

        A table that is trained every w weeks is asked at every age from 0 to w, each as long; its figure is the mean
        over them, by straight lines between the ages measured. A network trained as often as its table is as old.
        """
        networked = "network_fresh" in self.arms
        arm: Arm = "network_fresh" if networked else "table"
        fresh, old = self.cases(arm, metric), self.cases("network_old" if networked else "table", metric)
        table, network = self.seconds.get("table", np.nan), self.seconds.get("network", 0.0) if networked else 0.0
        found = [Schedule(1, int(networked), 7 * (table + network), self._mean(fresh[0]), self._mean(0 * fresh[0]))]

        def add(weeks: int, network_days: int, cases: Float64Array) -> None:
            cost = table / weeks + (7 * network / network_days if network_days else 0.0)
            of_ages = _mean_to(self.ages, weeks) @ cases
            mean, change = self._mean(of_ages), self._mean(of_ages - fresh[0])
            found.append(Schedule(7 * weeks, network_days, cost, mean, change))

        for weeks in self.ages[1:]:
            add(weeks, int(networked), fresh)
        if networked:
            add(self.ages[1], 7 * self.ages[1], old)
        return found

    def cold_figures(self, model: str, age: int) -> tuple[CrossedMean, CrossedMean, CrossedMean | None] | None:
        """(AUC, HR@k, AUC among new items) on events of items new to the table of that age; None without any."""
        one = self.cold.get(model, {}).get(age)
        if one is None or not len(one.auc):
            return None
        apart = np.isfinite(one.among)
        among = crossed_mean(one.among[apart], one.users[apart], one.windows[apart]) if apart.any() else None
        auc, hits = (crossed_mean(values, one.users, one.windows) for values in (one.auc, one.hits))
        return auc, hits, among

    def _mean(self, values: Float64Array) -> CrossedMean:
        return crossed_mean(values, self.users, self.windows)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Everything but the config as arrays by name; :meth:`from_arrays` reads it back."""
        arrays: dict[str, AnyArray] = {
            name: getattr(self, name) for name in ("figures", "users", "windows", "starts", "unknown")
        }
        for model, by_age in self.cold.items():
            for age, one in by_age.items():
                arrays |= {f"cold {model} {age} {name}": value for name, value in vars(one).items()}
        meta = {name: getattr(self, name) for name in ("arms", "learned", "questions", "targets", "seconds")}
        meta["cold"] = [[model, age] for model, by_age in self.cold.items() for age in by_age]
        return {**arrays, "meta": to_json(meta)}

    @classmethod
    def from_arrays(cls, config: StalenessConfig, arrays: Mapping[str, AnyArray]) -> StalenessReport:
        """What :meth:`to_arrays` gave."""
        meta = from_json(arrays["meta"])
        cold: dict[str, dict[int, Cold]] = {}
        for model, age in meta.pop("cold"):
            parts = {
                name: arrays[f"cold {model} {age} {name}"] for name in ("auc", "hits", "among", "users", "windows")
            }
            cold.setdefault(model, {})[age] = Cold(**parts)
        named: dict[str, Any] = {name: arrays[name] for name in ("figures", "users", "windows", "starts", "unknown")}
        arms = tuple(meta.pop("arms"))
        return cls(config=config, arms=arms, cold=cold, **named, **meta)


def _mean_to(ages: tuple[int, ...], last: int) -> Float64Array:
    """Weights of the ages in the mean over 0 … ``last`` of a line through the figures; float64 (ages,), sum 1."""
    weights = np.zeros(len(ages))
    for j in range(ages.index(last)):
        weights[[j, j + 1]] += (ages[j + 1] - ages[j]) / 2
    return weights / last
