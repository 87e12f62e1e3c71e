"""What was found of every scorer and recall model: who has the most hits, who beats popularity, the table."""

from __future__ import annotations

from typing import Any

import polars as pl

from pages.kit import recall_models
from pages.kit.answer_words import signed
from pages.kit.recall_models import Reports
from pages.kit.session import ActiveData
from recemb_core.evaluation.differences import holm, paired_difference
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.noise import LEVEL
from recemb_core.evaluation.ranking import RankingReport, paired_gain
from recemb_core.experiments.recall_models import FLOOR, KS, ModelConfig

GAIN = "Gain over popularity"
SHOWN = ("Model", "HR@10", "NDCG@10", "Coverage@10", GAIN)  # columns; the others are folded away


def all_reports(data: ActiveData, configs: dict[str, ModelConfig]) -> Reports:
    """Scorers first, popularity before all, then every model that is there: (first-time, all)."""
    found = {name: recall_models.rankings_of(data, config) for name, config in configs.items()}
    return recall_models.scorer_rankings(data) | {name: both for name, both in found.items() if both is not None}


def best_row(reports: Reports, which: int, k: int = 10) -> str | None:
    """What has the highest HR@k, the floor left out."""
    others = [name for name in reports if name != FLOOR]
    return max(others, key=lambda name: reports[name][which].hit_rate[k].value, default=None)


def clearly_better(reports: Reports, which: int, k: int = 10) -> list[str]:
    """Models that find more than popularity, beyond noise: paired over users, Holm's correction over all of them."""
    hits = {name: both[which].user_hits(k)[None] for name, both in reports.items()}
    found = {
        name: paired_difference(own, hits[FLOOR], seeded=(False, False)) for name, own in hits.items() if name != FLOOR
    }
    adjusted = holm({name: one.p for name, one in found.items()})
    return [name for name, p in adjusted.items() if p <= LEVEL and found[name].value > 0]


def verdict(reports: Reports, which: int) -> str:
    """One sentence on who beats popularity."""
    best = best_row(reports, which)
    if best is None:
        return ""
    better, what = clearly_better(reports, which), "all targets" if which else "first-time targets"
    better.sort(key=list(reports).index)
    gain = paired_gain(reports[best][which], reports[FLOOR][which], 10)
    words = (
        f"{best}, {signed(gain.value, '.3f')} HR@10 on the same users (95% of this pair alone: "
        f"{signed(gain.low, '.3f')} to {signed(gain.high, '.3f')})"
    )
    who = _who(better, [name for name in reports if name != FLOOR and name not in better])
    # Its own interval may leave 0 out all the same: of many, one does so by chance.
    lucky = best not in better and gain.low > 0
    chance = f": as the best of {len(reports) - 1} it may be so by chance" if lucky else ""
    return f"On {what}, **{who} popularity beyond the noise of users**; the best is {words}{chance}."


def rule(reports: Reports) -> str:
    """What *beyond the noise of users* means there."""
    return (
        f"Beyond the noise of users: by the paired difference, {LEVEL * 100:g}% for all {len(reports) - 1} rows "
        "together (Holm's correction); the noise of training is not in it."
    )


def _who(better: list[str], rest: list[str], most: int = 3) -> str:
    """Named where they are few, or else the few others: the sentence stands beside the picture.

    >>> _who(["EASE"], ["PMI"]), _who(["a", "b", "c", "d"], ["e"]), _who(["a", "b", "c", "d"], [])
    ('EASE beats', 'all but e (4 of 5) beat', 'all 4 beat')
    """
    if not better:
        return "no model beats"
    if len(better) <= most:
        return f"{_listed(better)} beat{'s' * (len(better) == 1)}"
    if not rest:
        return f"all {len(better)} beat"
    every = len(better) + len(rest)
    many = f"{len(better)} of {every}"
    return f"all but {_listed(rest)} ({many}) beat" if len(rest) <= most else f"{many} beat"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{'; '.join(names[:-1])} and {names[-1]}"


def report_table(data: ActiveData, reports: Reports, which: int, configs: dict[str, ModelConfig]) -> pl.DataFrame:
    """Every figure with its interval."""

    def shown(e: Estimate) -> str:
        return f"{e.value:.3f}  [{e.low:.3f}, {e.high:.3f}]"

    rows: list[dict[str, Any]] = []
    for name, both in reports.items():
        report: RankingReport = both[which]
        gain = paired_gain(report, reports[FLOOR][which], 10)
        model = recall_models.model_of(data, configs[name]) if name in configs else None
        trained = model is not None and model.steps > 0
        rows.append(
            {
                "Model": name,
                **{f"HR@{k}": shown(report.hit_rate[k]) for k in KS},
                "NDCG@10": shown(report.ndcg[10]),
                "NDCG@100": shown(report.ndcg[100]),
                "MRR": report.mrr.value,
                "Coverage@10": f"{report.coverage[10]:.1%}",
                GAIN: "" if name == FLOOR else f"{gain.value:+.3f}  [{gain.low:+.3f}, {gain.high:+.3f}]",
                "Training": f"{model.steps:,} steps, {model.seconds:.1f} s ({model.steps / model.seconds:.0f}/s)"
                if trained and model is not None
                else "",
            }
        )
    return pl.DataFrame(rows).with_columns(pl.col("MRR").round(4))
