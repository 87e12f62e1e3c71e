"""Answers of the staleness view, from the figures of each user in each week alone."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from recemb_core import precomputed
from recemb_core.evaluation.crossed import crossed_mean
from recemb_core.experiments.recall_models import recall_fingerprint
from tests.pages.experiment_checks import Numbers, Seen, check, sign

MEASURES = ("hr", "ndcg", "auc")


def report_of(seen: Seen, *, all_before: bool, network: bool) -> Any:
    """The bundled report, found by the settings as a person would write them."""
    from recemb_core.embeddings import item2vec_defaults
    from recemb_core.experiments.staleness import staleness_config, usual_network

    sequences = seen.source.sequences
    more: dict[str, Any] = {"network": usual_network()} if network else {}
    config = staleness_config(sequences, item2vec_defaults(sequences), all_before=all_before, **more)
    found = precomputed.load_staleness(recall_fingerprint(sequences), config)
    assert found is not None
    return found


def mean_of(report: Any, values: Numbers) -> Any:
    return crossed_mean(values, report.users, report.windows)


def figures(report: Any, arm: str, measure: str) -> Numbers:
    found = report.figures[report.arms.index(arm), :, MEASURES.index(measure)]
    return np.asarray(found, dtype=np.float64)


def slope(report: Any, arm: str, measure: str) -> tuple[str, int]:
    """The slope with its interval as the page writes it, and its sign beyond noise."""
    y, months = figures(report, arm, measure), np.array(report.config.ages) * 7 / 30.4375
    each = np.polyfit(months, y, 1)[0]  # of every case
    one = mean_of(report, each)
    return written(one), one.sign


def written(one: Any) -> str:
    low, high = sign(one.low, ".3f"), sign(one.high, ".3f")
    return f"{sign(one.value, '.3f')} (95%: {low} to {high})"


FALLS = {-1: "falls with age, beyond noise", 1: "rises with age, beyond noise", 0: "no slope told from none"}


@check("The table grows")
def _oldest(seen: Seen) -> None:
    report = report_of(seen, all_before=False, network=True)
    words = {-1: "less, beyond noise", 1: "more, beyond noise", 0: "no difference beyond noise"}
    for arm, name in (("table", "the table alone"), ("network_fresh", "with a network of today on top")):
        y = figures(report, arm, "auc")
        one = mean_of(report, y[-1] - y[0])
        seen.says(f"{name}: {written(one)}, {words[one.sign]}")
    y = figures(report, "table", "auc")
    names = {-1: "It falls, beyond noise", 1: "It rises, beyond noise", 0: "Nothing that is told from noise"}
    seen.chose(names[mean_of(report, y[-1] - y[0]).sign])
    seen.says(f"AUC at {report.config.ages[-1]} weeks")


@check("HR@10 in place of AUC")
def _measures(seen: Seen) -> None:
    report, falling = report_of(seen, all_before=False, network=True), 0
    for measure in ("auc", "hr"):
        said, way = slope(report, "table", measure)
        falling += way == -1
        seen.says(f"Table alone: {said} a month, {FALLS[way]}")
    seen.chose(("Neither, beyond noise", "One of them does", "Both fall with age, beyond noise")[falling])


@check("Train the network daily")
def _network(seen: Seen) -> None:
    report = report_of(seen, all_before=False, network=True)
    fresh, old = (figures(report, arm, "ndcg") for arm in ("network_fresh", "network_old"))
    gain, left = mean_of(report, fresh[-1] - old[-1]), mean_of(report, fresh[-1] - fresh[0])
    seen.says(written(gain), {1: "beyond noise", -1: "worse, beyond noise", 0: "no gain beyond noise"}[gain.sign])
    seen.says(written(left), {-1: "still less", 1: "even more", 0: "is within noise"}[left.sign])
    names = ("Wholly, as far as noise lets see", "In part", "No gain that is told from noise")
    seen.chose(names[2 if gain.sign != 1 else 1 if left.sign == -1 else 0])


@check("Give each table all that came before")
def _all_before(seen: Seen) -> None:
    ends: list[tuple[float, float]] = []
    for all_before, name in ((True, "All that came before"), (False, "The same weeks at every age")):
        said, way = slope(report_of(seen, all_before=all_before, network=not all_before), "table", "auc")
        seen.says(f"{name}: Table alone: {said} a month, {FALLS[way]}")
        low, high = re.findall(r"[−+]?\d+\.\d+", said)[-2:]
        ends.append((_read(low), _read(high)))
    (low, high), (below, above) = ends
    seen.chose("It is steeper" if high < below else "It is flatter" if low > above else "The two are not told apart")


def _read(text: str) -> float:
    return float(text.replace("−", "-"))
