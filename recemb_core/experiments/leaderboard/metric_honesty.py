"""What other ways of measuring would have reported of the same models on the same users, and who would have won."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.evaluation.differences import Comparison, compare_all, mean_over_seeds
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.ranking import RankingReport
from recemb_core.evaluation.ties import BestRanks
from recemb_core.experiments.leaderboard.board import Leaderboard
from recemb_core.experiments.leaderboard.cases import PartCases
from recemb_core.validation import UsageError, require

SAMPLED = 100
"""Negatives of a sampled metric."""


@dataclass(frozen=True, eq=False)
class OtherWay:
    """One other way of measuring, beside the honest one.

    Attributes:
        name: ``"sampled"``, ``"unmasked"``, ``"masked"`` or ``"optimistic"``.
        title: what is done.
        honest: row → HR@k as it is.
        reported: row → HR@k as this way reports it.
        truth, told: all pairs of rows judged by either.
    """

    name: str
    title: str
    honest: dict[str, Estimate]
    reported: dict[str, Estimate]
    truth: Comparison
    told: Comparison

    @property
    def winner(self) -> str:
        """The row with the highest mean in truth."""
        return self.truth.order[0]

    @property
    def reported_winner(self) -> str:
        """The row with the highest mean by this way."""
        return self.told.order[0]

    @property
    def moved(self) -> tuple[str, ...]:
        """Rows whose place differs, in the true order."""
        return tuple(name for name, other in zip(self.truth.order, self.told.order, strict=True) if name != other)

    @property
    def turned(self) -> tuple[tuple[str, str], ...]:
        """Pairs (better in truth, worse) whose order is the reverse, beyond noise both times."""
        found = []
        for (first, second), difference in self.truth.differences.items():
            other = self.told.between(first, second)
            if difference.told_apart and other.told_apart and difference.better != other.better:
                found.append((first, second))
        return tuple(found)

    @property
    def words(self) -> str:
        """What it does to the figures, to the winner and to the order, plain text."""
        before, after = (both[self.winner].value for both in (self.honest, self.reported))
        text = f"{self.winner}, the best, has {before:.3f} and would be reported with {after:.3f}"
        if self.winner == self.reported_winner:
            text += ", and would still win."
        else:
            gap = self.truth.between(self.winner, self.reported_winner)
            apart = "beyond noise" if gap.told_apart else "not told apart from it"
            text += (
                f"; {self.reported_winner} would win with {self.reported[self.reported_winner].value:.3f}, "
                f"in truth {self.honest[self.reported_winner].value:.3f} ({apart})."
            )
        pairs = len(self.truth.differences)
        return f"{text} Of {pairs} pairs of rows, {len(self.turned)} would be reversed beyond noise."


def other_ways(board: Leaderboard, cases: PartCases, k: int = 10) -> list[OtherWay]:
    """What three habits would have reported of these runs; none needs a second measurement.

    ``"sampled"``: every target is ranked with 100 random others in place of the whole catalogue. ``"unmasked"``:
    first-time targets are asked for, but items of the history stand in the lists. ``"masked"``, where targets repeat:
    what was taken before is masked, though it is taken again. ``"optimistic"``: among equal scores the target comes
    first. A way that this data has no case of is left out.

    Args:
        board: measured on these cases, at least two rows.
        cases: see :func:`part_cases`.
        k: list length.

    Raises:
        ValueError: fewer than two rows.
    """
    if len(board.rows) < 2:
        raise UsageError("who would have won takes two rows; measure another")
    main = {name: row.users("hr", k) for name, row in board.rows.items()}
    held = [len(np.unique(history)) if cases.choice.masked else 0 for history in cases.histories]
    wanted = [len(target) for target in cases.counted()]
    others = len(cases.train.items) - np.array(held, dtype=np.float64) - np.array(wanted, dtype=np.float64)

    def changed(measure: Callable[[RankingReport], Float64Array]) -> dict[str, Float64Array]:
        return {name: np.stack([measure(r.views["main"]) for r in row.runs]) for name, row in board.rows.items()}

    def seen(view: str) -> dict[str, Float64Array]:
        return {name: row.users("hr", k, view) for name, row in board.rows.items()}

    ways = [
        (
            "sampled",
            f"Ranked with {SAMPLED} random items instead of all {len(cases.train.items):,}",
            main,
            changed(lambda report: sampled_hits(report, k, others[report.kept])),
        )
    ]
    if {"first_time", "unmasked"} <= {*board.views}:
        title = "Asked for first-time targets, with items of the history in the lists"
        ways.append(("unmasked", title, seen("first_time"), seen("unmasked")))
        if cases.choice.targets == "all":
            title = "Items of the history masked, though people take them again"
            ways.append(("masked", title, main, seen("first_time")))
    ways.append(
        (
            "optimistic",
            "Among equal scores the target comes first",
            main,
            changed(lambda report: optimistic_hits(report, k)),
        )
    )
    return [_way(board, *way) for way in ways]


def _way(
    board: Leaderboard, name: str, title: str, honest: dict[str, Float64Array], reported: dict[str, Float64Array]
) -> OtherWay:
    def estimates(values: dict[str, Float64Array]) -> dict[str, Estimate]:
        return {row: mean_over_seeds(v, seeded=board.rows[row].entry.seeded) for row, v in values.items()}

    about = board.about()
    truth, told = compare_all(honest, **about), compare_all(reported, **about)
    return OtherWay(name, title, estimates(honest), estimates(reported), truth, told)


def sampled_hits(report: RankingReport, k: int, candidates: Float64Array, negatives: int = SAMPLED) -> Float64Array:
    """P(the best target of each user is among the first k when ranked with ``negatives`` random others), (users,).

    Where a others of N candidates score higher, the number of those among m negatives drawn without replacement is
    hypergeometric, so the hit has P(X ≤ k − 1), X ~ H(N, a, m): what a sampled HR@k estimates, without the noise of its
    drawing. A rank that ties share is averaged over its places.

    Args:
        report: of the full ranking.
        k: list length.
        candidates: items other than targets that are ranked for each user, N (users,).
        negatives: m; where there are no more others, all.

    References:
        Krichene, Rendle, *On Sampled Metrics for Item Recommendation* (KDD 2020).

    >>> best = BestRanks(np.array([20]), np.array([1]), np.array([1]))
    >>> report = RankingReport((10,), {10: 0.0}, 1, 0, False, best, np.zeros((1, 1)), np.zeros((1, 1)), np.array([0]))
    >>> report.user_hits(10).tolist(), sampled_hits(report, 10, np.array([1000.0])).round(3).tolist()
    ([0.0], [1.0])
    """
    from scipy.stats import hypergeom

    require(negatives >= 1, "negatives", negatives, "1 or more")
    best = report.best
    found = np.zeros(len(best.first))
    there = np.flatnonzero(best.first > 0)
    # Who is best among tied targets is the first of the random order: places first … first + tied − wanted.
    widths = (best.tied - best.wanted + 1)[there]
    user = np.repeat(np.arange(len(there)), widths)
    place = np.arange(int(widths.sum())) - np.repeat(np.cumsum(widths) - widths, widths)
    above = best.first[there][user] - 1 + place
    weight = _chance_of_place(best, there, user, place)
    n = np.maximum(candidates[there][user], above).astype(np.int64)
    drawn = np.minimum(negatives, n)
    hit = hypergeom.cdf(k - 1, n, above, drawn)
    found[there] = np.bincount(user, weights=weight * hit, minlength=len(there))
    return found


def _chance_of_place(best: BestRanks, there: Int64Array, user: Int64Array, place: Int64Array) -> Float64Array:
    """P(the first of m wanted among c tied stands at this place) = C(c − 1 − x, m − 1) / C(c, m)."""
    from scipy.special import gammaln

    c, m = best.tied[there][user].astype(np.float64), best.wanted[there][user].astype(np.float64)

    def log_choose(a: Float64Array, b: Float64Array) -> Float64Array:
        return np.asarray(gammaln(a + 1) - gammaln(b + 1) - gammaln(a - b + 1))

    return np.asarray(np.exp(log_choose(c - 1 - place, m - 1) - log_choose(c, m)))


def optimistic_hits(report: RankingReport, k: int) -> Float64Array:
    """Hits of each user where every target stands before all that have its score, 0 or 1 (users,).

    This is what ``rank = number of items with a higher score`` reports: a model that gives everything one score finds
    everything.
    """
    return ((report.best.first > 0) & (report.best.first <= k)).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Chosen:
    """What choosing a row on the same users who then measure it does.

    Attributes:
        reported: HR@k of the row that looked best, on the users that it was chosen on.
        honest: HR@k of the same choices on other users.
        picks: row → how often it was chosen, share of ``times``.
        times: random halvings of the users.
        users: in each half.
    """

    reported: float
    honest: float
    picks: dict[str, float] = field(default_factory=dict)
    times: int = 0
    users: int = 0

    @property
    def optimism(self) -> float:
        """How much too high the report is, in HR@k."""
        return self.reported - self.honest


def chosen_on_the_same_users(
    board: Leaderboard, k: int = 10, *, times: int = 500, seed: int = 0, names: Iterable[str] | None = None
) -> Chosen:
    """Choose the best run on half of the users and report it there, against what the other half says of it.

    Every run of every row is a candidate, as where seeds and settings are tried until the test looks good. Users are
    halved at random; the best run of one half has a mean of reported − honest ≥ 0, and ≫ 0 with few users or many
    candidates. No part but the one that the board measured is touched.

    Args:
        board: the runs.
        k: list length.
        times: halvings.
        seed: of the halvings.
        names: rows among which is chosen; all by default.
    """
    rows = {name: board.rows[name] for name in (board.rows if names is None else names)}
    owner = [name for name, row in rows.items() for _ in row.runs]
    hits = np.concatenate([row.users("hr", k) for row in rows.values()]) if rows else np.zeros((0, 0))
    users = hits.shape[1]
    if users < 2:
        raise UsageError("choosing on one half of the users and measuring on the other takes two users and a row")
    rng, half = np.random.default_rng(seed), users // 2
    reported, honest, picks = [], [], dict.fromkeys(rows, 0)
    for _ in range(times):
        order = rng.permutation(users)
        here, there = hits[:, order[:half]].mean(axis=1), hits[:, order[half : 2 * half]].mean(axis=1)
        best = int(here.argmax())
        reported.append(here[best])
        honest.append(there[best])
        picks[owner[best]] += 1
    shares = {name: count / times for name, count in picks.items() if count}
    return Chosen(float(np.mean(reported)), float(np.mean(honest)), shares, times, half)


@dataclass(frozen=True, eq=False)
class ChosenOnTest:
    """The row that looks best on the test part, and the one that validation would have taken.

    Attributes:
        validation_choice, test_choice: rows with the highest mean on each part.
        honest: HR@k on the test part of the row that validation chose: what may be reported.
        reported: HR@k on the test part of the row that looks best there: what is reported by who looks first.
    """

    validation_choice: str
    test_choice: str
    honest: Estimate
    reported: Estimate


def chosen_on_test(validation: Leaderboard, test: Leaderboard, k: int = 10) -> ChosenOnTest:
    """What choosing on the test part would have reported; both parts must be measured with the same rows.

    Raises:
        ValueError: a row that only one of the boards has, or no row.
    """
    if validation.rows.keys() != test.rows.keys() or not test.rows:
        raise UsageError("measure the same rows on both parts; choosing is among rows that both have")
    best = {
        part: max(board.rows, key=lambda name, board=board: board.estimate(name, "hr", k).value)  # type: ignore[misc]
        for part, board in (("validation", validation), ("test", test))
    }
    honest, reported = (test.estimate(best[part], "hr", k) for part in ("validation", "test"))
    return ChosenOnTest(best["validation"], best["test"], honest, reported)
