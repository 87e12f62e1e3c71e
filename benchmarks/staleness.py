"""How stale embeddings may grow: slopes with age where habits drift, and where they do not.

    python -m benchmarks.staleness                  # the designed shop over drifts and seeds: about 3 minutes
    python -m benchmarks.staleness --part groceries # the bundled report of the groceries, without training
    python -m benchmarks.staleness --part new       # the groceries' first 20 weeks, in which items are still new

A shop begins with one family of accessories to each product, and drift wears that order down: what was learned early
was learned from a tidier shop, and an old table has that in its favor. *Worn* shops have drifted for 30 weeks before
their log begins, so that its weeks are alike in this.

On the designed shop the slope of a table alone should be below 0 beyond noise where complements and favorites drift,
and its interval hold 0, no wider than ± .02 a month, where they do not; 5% of the intervals without drift miss 0 by
chance.
"""

from __future__ import annotations

import argparse

from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.datasets.designed_shop import DesignedShopConfig, designed_shop
from recemb_core.embeddings import deepwalk_defaults, default_graph, item2vec_defaults, word2vec_defaults
from recemb_core.experiments.recall_models import recall_fingerprint
from recemb_core.experiments.staleness import (
    METRICS,
    StalenessReport,
    measure_staleness,
    staleness_config,
    usual_network,
)
from recemb_core.experiments.staleness.plan import WEEK
from recemb_core.sequences import Sequences, split_sessions
from recemb_core.splits import between, event_times

DRIFTS = ((0.0, 0), (0.1, 0), (0.1, 30))  # and weeks of drift before the log: a partner stays with .9^30 = 4%
# Five weeks to learn from at every age: what drifts is not averaged away.
USERS, WEEKS, WINDOWS, QUESTIONS = 4_000, 17, 4, 4_000
YOUNG = 20  # weeks of the groceries


def told(report: StalenessReport, arm: str, metric: str) -> str:
    """Slope a month with its interval."""
    one = report.slope(arm, metric)  # type: ignore[arg-type]
    sign = {-1: "below 0", 1: "above 0", 0: "holds 0"}[one.sign]
    return f"{one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}] {sign}, ± {one.half_width:.4f}"


def shop_log(drift: float, worn: int, seed: int) -> Sequences:
    """The sessions of the last weeks of a shop that had drifted before, as many a week in each."""
    usual = DesignedShopConfig().sessions_per_user
    weeks, sessions = worn + WEEKS, usual * (worn + WEEKS) / WEEKS
    config = DesignedShopConfig(drift=drift, users=USERS, weeks=weeks, sessions_per_user=sessions, seed=seed)
    log = designed_shop(config).sequences
    if worn:
        begin = float(event_times(log).min()) + worn * WEEK
        log = between(log, begin, begin + WEEKS * WEEK)
    return split_sessions(log, gap_minutes=60)


def shop(seeds: int) -> None:
    """Slopes of tables by drift, model and seed."""
    for drift, worn in DRIFTS:
        said = f"drift {drift:g}{f', worn for {worn} weeks' if worn else ''}"
        for seed in range(seeds):
            log = shop_log(drift, worn, seed)
            graph = default_graph(log)
            for name, table in (("word2vec", word2vec_defaults(log)), ("DeepWalk", deepwalk_defaults(len(graph)))):
                plan = staleness_config(
                    log, table, ages=(0, 1, 2, 4, 8), windows=WINDOWS, questions=QUESTIONS, seed=seed
                )
                report = measure_staleness(log, plan)
                for metric in METRICS:
                    print(f"{said}, seed {seed}, {name}, {metric}: {told(report, 'table', metric)}", flush=True)


def groceries() -> None:
    """The report that comes with the app."""
    sequences = load_dataset("complete_journey").sequences
    assert sequences is not None
    plan = staleness_config(sequences, item2vec_defaults(sequences), network=usual_network())
    report = precomputed.load_staleness(recall_fingerprint(sequences), plan)
    if report is None:
        raise SystemExit("not computed yet: run python data/build_precomputed.py missing")
    for arm in report.arms:
        for metric in METRICS:
            levels = ", ".join(f"{age}: {report.level(arm, metric, age).value:.4f}" for age in report.ages)
            print(f"{arm}, {metric}: {told(report, arm, metric)} ({levels})")
    for one in report.schedules("hr"):
        print(
            f"table every {one.table_days} days, network every {one.network_days}: {one.seconds:.1f} s a week, "
            f"HR@10 {one.score.value:.4f}, {one.change.value:+.4f} [{one.change.low:+.4f}, {one.change.high:+.4f}]"
        )


def new_items() -> None:
    """EGES and two-tower on items that old tables do not know, while the groceries are young."""
    whole = load_dataset("complete_journey").sequences
    assert whole is not None
    times = event_times(whole)
    log = between(whole, float(times.min()), float(times.min()) + YOUNG * WEEK)
    plan = staleness_config(log, item2vec_defaults(log), network=usual_network(), ages=(0, 4, 8), windows=3)
    report = measure_staleness(log, plan)
    for age, many in zip(report.ages, report.unknown.tolist(), strict=True):
        print(f"{age} weeks: {many} of {report.targets} targets are new ({report.unknown_share(age):.2%})")
        for model in report.cold:
            found = report.cold_figures(model, age)
            if found is not None:
                auc, hits = (one.share for one in found[:2])
                among = found[2].share if found[2] is not None else None
                apart = "" if among is None else f", among new {among.value:.3f} [{among.low:.3f}, {among.high:.3f}]"
                print(
                    f"  {model}: AUC {auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}], "
                    f"HR@10 {hits.value:.3f} [{hits.low:.3f}, {hits.high:.3f}]{apart}"
                )


PARTS = {"groceries": groceries, "new": new_items}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("shop", *PARTS), default="shop")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if given.part == "shop":
        shop(given.seeds)
    else:
        PARTS[given.part]()
