"""What to try in the staleness view; the answers are read off the reports that are there."""

from __future__ import annotations

from collections.abc import Callable

from pages.kit.answer_words import counted
from pages.kit.stage import Answer, Experiment, Verdict
from pages.views.deep_models.staleness_words import interval, named, served, slope_words
from recemb_core.experiments.staleness import Metric, StalenessReport

Shown = Callable[[], StalenessReport | None]
NOT_MEASURED = "These tables are not trained yet: press Train."


def staleness(
    oldest: int, networked: bool, report: Shown, other: Callable[[StalenessReport], StalenessReport | None]
) -> list[Experiment]:
    """Of the view.

    Args:
        oldest: weeks, of the oldest table that the view opens with.
        networked: whether a network can stand on top.
        report: of the settings in use, once it is there.
        other: the report whose trainings see the other weeks than this one's, where it is there.
    """

    def of(answer: Callable[[StalenessReport], Answer]) -> Callable[[], Answer]:
        return lambda: NOT_MEASURED if (found := report()) is None else answer(found)

    same = {"stale_seen": "same"}
    tries = [
        Experiment(
            f"The table grows {counted(oldest, 'week')} old. **What does AUC lose?**",
            ("It falls, beyond noise", "It rises, beyond noise", "Nothing that is told from noise"),
            of(lambda found: oldest_words(found, "auc")),
            {"stale_measure": "auc", **same},
        ),
        Experiment(
            "HR@10 in place of AUC. **Does the top of the list age as the whole order does?**",
            ("Both fall with age, beyond noise", "One of them does", "Neither, beyond noise"),
            of(two_measures),
            {"stale_measure": "hr", **same},
        ),
    ]
    if networked:
        tries.append(
            Experiment(
                "Train the network daily on the old table. **Does it make up for the table's age?**",
                ("Wholly, as far as noise lets see", "In part", "No gain that is told from noise"),
                of(network_words),
                {"stale_measure": "ndcg", "stale_top": "network", **same},
            )
        )
    tries.append(
        Experiment(
            "Give each table all that came before, so that an old one has also learned from less. **Does the slope "
            "change?**",
            ("It is steeper", "It is flatter", "The two are not told apart"),
            of(lambda found: seen_words(found, other(found))),
            {"stale_measure": "auc", "stale_top": "mean", "stale_seen": "all"},
        )
    )
    return tries


def oldest_words(report: StalenessReport, measure: Metric) -> Answer:
    """The change at the oldest age, and whether it is told from none."""
    oldest, arm = report.ages[-1], served(report)
    told = []
    for one in dict.fromkeys(("table", arm)):
        change = report.change(one, measure, oldest)  # type: ignore[arg-type]
        words = {-1: "less, beyond noise", 1: "more, beyond noise"}
        said = f"**{words.get(change.sign, 'no difference beyond noise')}**"
        what = "the table alone" if one == "table" else "with a network of today on top"
        told.append(f"{what}: {interval(change)}, {said}")
    said = f"{named(report, measure)} at {oldest} weeks against age 0, same users and weeks – " + "; ".join(told) + "."
    return Verdict(said, {-1: 0, 1: 1}.get(report.change("table", measure, oldest).sign, 2))


def two_measures(report: StalenessReport) -> Answer:
    """The slopes of the table by HR and by AUC."""
    by_auc, by_hits = slope_words(report, "table", "auc"), slope_words(report, "table", "hr")
    falling = sum(report.slope("table", measure).sign == -1 for measure in ("auc", "hr"))
    return Verdict(f"By AUC, {by_auc}. By {named(report, 'hr')}, {by_hits}.", 2 - falling)


def network_words(report: StalenessReport) -> Answer:
    """What a fresh network on the oldest table finds against one that is as old."""
    oldest = report.ages[-1]
    if "network_fresh" not in report.arms:
        return "There is no network on top in these results: choose YouTube's network and press Train."
    gain = report.between("network_fresh", "network_old", "ndcg", oldest)
    left = report.change("network_fresh", "ndcg", oldest)
    said = {1: "**beyond noise**", -1: "**worse, beyond noise**"}.get(gain.sign, "**no gain beyond noise**")
    rest = {-1: "is still less, beyond noise", 1: "is even more, beyond noise"}.get(left.sign, "is within noise")
    return Verdict(
        f"On a table {oldest} weeks old, NDCG@{report.config.k} with the network trained now less that of a network as "
        f"old: {interval(gain)}, {said}. What is left against all fresh, {interval(left)}, {rest}.",
        2 if gain.sign != 1 else 1 if left.sign == -1 else 0,
    )


def seen_words(report: StalenessReport, other: StalenessReport | None) -> Answer:
    """The table's slope with the same weeks at every age, and with all before."""
    whole, same = (report, other) if report.config.all_before else (other, report)
    if whole is None:
        return "Tables that saw all that came before are not trained yet: press Train."
    said = f"All that came before: {slope_words(whole, 'table', 'auc')}."
    if same is None:
        return f"{said} With the same weeks at every age it is not measured yet."
    a, b = (one.slope("table", "auc") for one in (whole, same))
    right = 0 if a.high < b.low else 1 if a.low > b.high else 2
    return Verdict(f"{said} The same weeks at every age: {slope_words(same, 'table', 'auc')}.", right)
