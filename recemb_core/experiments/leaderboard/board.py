"""The table: runs of many rows over seeds, with intervals, differences, and which to take."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np

from recemb_core.arrays import Float64Array
from recemb_core.evaluation.differences import Comparison, compare_all, mean_over_seeds
from recemb_core.evaluation.intervals import Estimate, SeedBand, seed_band
from recemb_core.evaluation.noise import LEAST_SEEDS, LEVEL
from recemb_core.evaluation.ranking import RankingReport
from recemb_core.evaluation.ties import expected_reciprocal
from recemb_core.experiments.leaderboard.entries import Entry
from recemb_core.experiments.leaderboard.measuring import EntryRun
from recemb_core.experiments.leaderboard.vector_measures import link_auc_of
from recemb_core.validation import UsageError, require

Metric = Literal["hr", "ndcg", "mrr"]
K = TypeVar("K", bound=Hashable)
CHEAPER = 2
"""Times that a row must train faster to be taken in place of a better mean."""
METRICS: dict[Metric, str] = {"hr": "HR", "ndcg": "NDCG", "mrr": "MRR"}


@dataclass(frozen=True, eq=False)
class Row:
    """A row of the table: its entry and its runs, one a seed."""

    entry: Entry
    runs: tuple[EntryRun, ...]

    @property
    def measured(self) -> bool:
        """Whether the noise of its training is known: it has none, or three seeds or more."""
        return not self.entry.seeded or len(self.runs) >= LEAST_SEEDS

    def users(self, metric: Metric, k: int, view: str = "main") -> Float64Array:
        """The figure of each user in each run, float64 (seeds, users).

        Args:
            metric: ``"hr"``, ``"ndcg"`` (k must be one of the protocol's ``ks``) or ``"mrr"`` (k is not looked at).
            k: length of the list.
            view: of :data:`~recemb_core.experiments.leaderboard.VIEWS`.
        """
        return np.stack([by_user(run.views[view], metric, k) for run in self.runs])

    def each(self, what: str) -> list[float]:
        """``train_seconds``, ``score_seconds`` or ``bytes`` of every run."""
        return [float(getattr(run, what)) for run in self.runs]

    def mean(self, what: str) -> float:
        """Mean over runs of ``train_seconds``, ``score_seconds`` or ``bytes``."""
        return float(np.mean(self.each(what)))


def cheapest_of(alike: Sequence[K], spent: Mapping[K, Sequence[float]]) -> K:
    """What to take of settings that are not told apart: the first, or the cheapest of what costs clearly less.

    Clearly: the median of its runs is half of the first's or less, and each of them cost less than any of the first's.
    Times of a busy computer differ between two runs of one setting by more than twice.

    Args:
        alike: names, the best first.
        spent: cost of every run; NaN where nobody knows.

    >>> cheapest_of(("a", "b", "c"), {"a": [9, 10, 12], "b": [1, 2, 9.5], "c": [3, 3, 4]})
    'c'
    """
    first = alike[0]
    less = [
        name
        for name in alike[1:]
        if np.median(spent[name]) * CHEAPER <= np.median(spent[first]) and max(spent[name]) < min(spent[first])
    ]
    return min(less, key=lambda name: float(np.median(spent[name])), default=first)


def by_user(report: RankingReport, metric: Metric, k: int) -> Float64Array:
    """The figure of each user of a report, float64 (users,); see :meth:`Row.users`."""
    require(metric in METRICS, "metric", metric, f"one of {', '.join(METRICS)}")
    if metric == "hr":
        return report.user_hits(k)
    if metric == "mrr":
        return expected_reciprocal(report.best)
    require(k in report.ks, "k", k, f"one of {report.ks}, for NDCG is kept for these")
    return report.user_ndcg[:, report.ks.index(k)]


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """Rows by name, in the order in which they came."""

    rows: dict[str, Row]

    @classmethod
    def of(cls, runs: Iterable[tuple[Entry, EntryRun]]) -> Leaderboard:
        """A board of what :func:`measure_all` gives; runs of one name are its seeds.

        Raises:
            ValueError: runs of two parts, or of other users, under one roof.
        """
        board = cls({})
        for entry, run in runs:
            board = board.plus(entry, run)
        return board

    def plus(self, entry: Entry, run: EntryRun) -> Leaderboard:
        """The board with one more run: of a name that is there another seed, else another row."""
        known = next((row.runs[0] for row in self.rows.values()), run)
        same = known.part == run.part and all(
            np.array_equal(known.views[view].kept, run.views[view].kept) for view in known.views if view in run.views
        )
        if not same:
            raise UsageError(f"{entry.name} was asked about other users or another part than the rest of the table")
        before = self.rows[entry.name].runs if entry.name in self.rows else ()
        return replace(self, rows=self.rows | {entry.name: Row(entry, (*before, run))})

    @property
    def views(self) -> tuple[str, ...]:
        """Views that every row has."""
        runs = [run for row in self.rows.values() for run in row.runs]
        return tuple(view for view in (runs[0].views if runs else ()) if all(view in run.views for run in runs))

    def estimate(self, name: str, metric: Metric = "hr", k: int = 10, view: str = "main") -> Estimate:
        """A row's figure over users and seeds, with its 95% interval (over users alone where it has one run)."""
        row = self.rows[name]
        return mean_over_seeds(row.users(metric, k, view), seeded=row.entry.seeded)

    def coverage(self, name: str, k: int = 10) -> float:
        """Expected share of the catalogue in anybody's first k, main view; mean over seeds."""
        return float(np.mean([run.views["main"].coverage[k] for run in self.rows[name].runs]))

    def head_share(self, name: str) -> Estimate:
        """Share of the head in the lists; ``PartCases.head_targets`` is what the targets have."""
        row = self.rows[name]
        return mean_over_seeds(np.stack([run.head_lists for run in row.runs]), seeded=row.entry.seeded)

    def link_auc(self, name: str) -> Estimate | None:
        """Link AUC of a row of item vectors, see :func:`link_auc_of`; None of others, and where nothing was joined."""
        return link_auc_of([run.vectors for run in self.rows[name].runs if run.vectors is not None])

    def purity(self, name: str, field: str) -> SeedBand | None:
        """Purity of a field over seeds, of a row of item vectors; None of others."""
        runs = [run.vectors for run in self.rows[name].runs if run.vectors is not None]
        return seed_band([run.purity[field] for run in runs]) if runs and field in runs[0].purity else None

    def compare(
        self,
        metric: Metric = "hr",
        k: int = 10,
        view: str = "main",
        *,
        names: Sequence[str] | None = None,
        level: float = LEVEL,
    ) -> Comparison:
        """All pairs of rows (or of some), judged together; see :func:`recemb_core.evaluation.differences.compare_all`.

        Rows of one training that is asked in two ways are paired run by run.
        """
        names = tuple(self.rows) if names is None else names
        return compare_all(
            {name: self.rows[name].users(metric, k, view) for name in names}, **self.about(names), level=level
        )

    def about(self, names: Sequence[str] | None = None) -> dict[str, Any]:
        """What ``compare_all`` has to know of the rows: which have no seed, and which are one training."""
        rows = self.rows if names is None else {name: self.rows[name] for name in names}
        trainings = {
            name: (row.entry.with_seed(0).config, tuple(run.seed for run in row.runs)) for name, row in rows.items()
        }
        unseeded = {name for name, row in rows.items() if not row.entry.seeded}
        return {"unseeded": unseeded, "trainings": trainings}

    def advice(self, comparison: Comparison) -> Advice:
        """Which row to take: of those not told apart from the best, another only if it trains in clearly half the time.

        What vectors made elsewhere cost to train is not known, so none is taken, or left, for its price.
        """
        if not self.rows:
            raise UsageError("nothing is measured yet; measure a row first")
        top = comparison.top
        seconds = {name: self.rows[name].mean("train_seconds") for name in top}
        take = cheapest_of(top, {name: self.rows[name].each("train_seconds") for name in top}) if top else ""
        return Advice(top, take, seconds, comparison.unmeasured, len(comparison.order) - len(comparison.unmeasured))


@dataclass(frozen=True)
class Advice:
    """Which row to take.

    Attributes:
        top: the best, and those not told apart from it; none where no noise is measured.
        take: the best, or the cheapest of ``top`` where that trains in clearly half the time or less,
            see :func:`cheapest_of`.
        seconds: of each of ``top``, to train; NaN of vectors made elsewhere.
        unmeasured: rows of fewer than three seeds, about which nothing can be said.
        measured: how many rows the others are; the best of one alone is better than nothing.
    """

    top: tuple[str, ...]
    take: str
    seconds: dict[str, float]
    unmeasured: tuple[str, ...] = ()
    measured: int = 2

    @property
    def words(self) -> str:
        """The same in a sentence or two, plain text.

        >>> Advice(("b", "a"), "a", {"a": 0.1, "b": 12.0}).words
        'b has the highest mean, but it is not told apart from a. Take the cheaper: a, trained in 0.1 s against 12 s.'
        >>> Advice(("b",), "b", {"b": 12.0}).words
        'b is better than every other row beyond noise.'
        >>> Advice(("b", "a"), "b", {"a": 0.1, "b": float("nan")}).words
        'b has the highest mean and is not told apart from a; what it cost to train is not known here, against a 0.1 s.'
        """
        return " ".join(part for part in (self._taken(), self._rest()) if part)

    def _taken(self) -> str:
        if not self.top:
            return ""
        best, *others = self.top
        if not others and self.measured < 2:
            return f"There is nothing to compare {best} with."
        if not others:
            return f"{best} is better than every other {'measured ' if self.unmeasured else ''}row beyond noise."
        alike = f"not told apart from {_listed(others)}"
        if self.seconds[best] != self.seconds[best]:  # nobody knows
            said = f"{best} has the highest mean and is {alike}; what it cost to train is not known here"
            known = [name for name in others if self.seconds[name] >= 0]
            prices = _listed([f"{name} {seconds_words(self.seconds[name])}" for name in known])
            return f"{said}, against {prices}." if known else f"{said}."
        if self.take == best:
            said = f"{best} has the highest mean and is {alike}"
            return f"{said}; none of these trains clearly in half its time: take {best}."
        spent = f"trained in {seconds_words(self.seconds[self.take])} against {seconds_words(self.seconds[best])}"
        return f"{best} has the highest mean, but it is {alike}. Take the cheaper: {self.take}, {spent}."

    def _rest(self) -> str:
        if not self.unmeasured:
            return ""
        it = "it" if len(self.unmeasured) == 1 else "them"
        return f"{_listed(self.unmeasured)}: fewer than three seeds, so nothing can be said of {it}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{'; '.join(names[:-1])} and {names[-1]}"


def seconds_words(seconds: float) -> str:
    """Seconds for people, with two digits below ten.

    >>> seconds_words(0.004), seconds_words(0.24), seconds_words(12.3), seconds_words(float("nan"))
    ('less than 0.01 s', '0.24 s', '12 s', 'a time that is not known')
    """
    if seconds != seconds:
        return "a time that is not known"
    if seconds < 0.01:
        return "less than 0.01 s"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:,.0f} s"
