"""Recall models on the bundled groceries: one table with intervals, both figures, seconds; and cold items.

    python -m benchmarks.recall_models

Users' last baskets are held out. *First-time*: items that a user had bought before are masked, and only new ones are
targets. *All*: every item of the last basket is a target and nothing is masked. HR has Wilson's 95% interval, NDCG
the same at the effective sample size; the gain is HR@10 less that of popularity on the same users (paired, 95%). The
cold-item part takes 10% of the items out of training entirely and ranks them by side information among the whole
catalogue.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.table import Row
from recemb_core.datasets import load_dataset
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.ranking import RankingReport, next_item_cases, paired_gain
from recemb_core.experiments.recall_models import (
    KS,
    both_figures,
    cold_item_report,
    recall_defaults,
    train_recall_model,
)
from recemb_core.scorers import fit_scorer, scorer_defaults


def shown(value: Estimate, digits: int = 3) -> str:
    return f"{value.value:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def line(name: str, report: RankingReport, floor: RankingReport) -> str:
    rates = "  ".join(f"HR@{k} {shown(report.hit_rate[k])}" for k in KS)
    ndcg = "  ".join(f"NDCG@{k} {shown(report.ndcg[k])}" for k in (10, 100))
    gain = paired_gain(report, floor, 10)
    return (
        f"{name:30} {rates}  {ndcg}  MRR {report.mrr.value:.3f}  coverage@10 {report.coverage[10]:.1%}  "
        f"gain {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
    )


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: HR@10 of the networks on the groceries beside popularity."""
    sequences = load_dataset("complete_journey").sequences
    assert sequences is not None
    cases = next_item_cases(sequences)
    popular = both_figures(fit_scorer(cases.train, scorer_defaults(cases.train)["Popularity"]).scores, cases)[1]
    floor = popular.hit_rate[10].value
    for name, config in recall_defaults(0).items():
        report = both_figures(train_recall_model(cases.train, config).scores, cases)[1]
        print(line(name, report, popular), flush=True)
        gain = paired_gain(report, popular, 10)
        yield Row(
            what=f"{name}, all targets", size=f"groceries, {report.users:,} users", unit="HR@10", peer="popularity",
            ours=report.hit_rate[10].value, theirs=floor, ratio=1 + gain.value / floor, lowest=1 + gain.low / floor,
            highest=1 + gain.high / floor, turns=report.users, over="users, 95%",
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="complete_journey")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cold-seeds", type=int, default=3)
    arguments = parser.parse_args()
    sequences = load_dataset(arguments.data).sequences
    if sequences is None:
        raise SystemExit(f"{arguments.data} has no sequences")
    cases = next_item_cases(sequences)
    scorers = scorer_defaults(cases.train).items()
    reports = {name: both_figures(fit_scorer(cases.train, config).scores, cases) for name, config in scorers}
    whole = time.perf_counter()
    for name, config in recall_defaults(arguments.seed).items():
        start = time.perf_counter()
        model = train_recall_model(cases.train, config)
        seconds = time.perf_counter() - start
        reports[name] = both_figures(model.scores, cases)
        speed = f", {model.steps:,} steps at {model.steps / model.seconds:.0f} a second" if model.steps else ""
        print(f"{name}: {seconds:.1f} s with compiling{speed}", flush=True)
    print(f"all models trained and measured in {time.perf_counter() - whole:.1f} s")
    for i, title in enumerate(("First-time targets, seen items masked", "All targets, nothing masked")):
        floor = reports["Popularity"][i]
        print(f"\n{title}: {floor.users} users, {floor.targets} targets, catalogue {len(sequences.items):,}")
        for name, both in reports.items():
            print(line(name, both[i], floor))
    if sequences.side_info is None:
        return
    print("\nCold items (two-tower, 10% of the items never trained):")
    for seed in range(arguments.cold_seeds):
        config = recall_defaults(seed)["Two-tower"]
        for label, setting in (("side information", config), ("without it", replace(config, side_information=False))):
            if label == "without it" and seed:
                continue
            report = cold_item_report(sequences, setting, seed=seed)  # type: ignore[arg-type]
            print(
                f"seed {seed}, {label:16}: {report.cold} items, {report.users} users; ranked above "
                f"{shown(report.ranked_below)} of the catalogue, {shown(report.below_among_cold)} of the cold items "
                f"(chance 0.5); recall@{report.k} {shown(report.recall)} (chance {report.chance_recall:.3f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
