"""What more epochs bring, and what they cost: every model with epochs on logs of 10⁴ to 10⁶ events.

    python -m benchmarks.epochs --out curves.jsonl                    # all; what is in the file is not run again
    python -m benchmarks.epochs --only ratings:item2vec shop          # some: log, or log:model
    python -m benchmarks.epochs --held --retail interactions.csv.gz   # the logs that the rule was not chosen on
    python -m benchmarks.epochs --check                               # the default against what it was before the rule

Quality is HR@10 and NDCG@10 on the validation users (``recemb_core.experiments.leaderboard``, its protocol and its
defaults), and link AUC, means over seeds with 95% intervals over users and seeds. A letter that two epochs share says
that they are not told apart (paired by users, Holm). Seconds are
processor time of one thread, the best of the seeds. A training that would take longer than ``--seconds`` is left out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation_table import invented_ratings
from benchmarks.graphs import les_miserables
from recemb_core.datasets import load_dataset
from recemb_core.datasets.planted import PlantedShopConfig, planted_shop
from recemb_core.embeddings import ItemVectors, comparison_defaults, pairs_per_epoch, train_model
from recemb_core.evaluation import group_score, homophily_score, structural_score
from recemb_core.evaluation.intervals import seed_band
from recemb_core.evaluation.ranking import rank_views
from recemb_core.experiments.leaderboard import (
    Entry,
    EntryRun,
    Leaderboard,
    PartCases,
    Protocol,
    default_query,
    history_scorer,
    measure_vectors,
    part_cases,
    train_entry,
)
from recemb_core.item_graph import ItemGraph
from recemb_core.sequences import Sequences, read_events, split_sessions

EPOCHS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
Log = Callable[[], Sequences]


def bundled(name: str) -> Sequences:
    """A bundled log, cut into sessions as the pages do."""
    found = load_dataset(name).sequences
    assert found is not None
    return split_sessions(found, gap_minutes=60) if found.ordered else found


def clicks(categories: int, users: int, seed: int = 0) -> Sequences:
    """A planted shop's clicks: 11 items a category, about 22 events a user."""
    shop = planted_shop(PlantedShopConfig(categories=categories, users=users, seed=seed))
    return split_sessions(replace(shop.sequences, side_info=shop.side_info), gap_minutes=60)


CHOSEN_ON: dict[str, Log] = {
    "few clicks": lambda: clicks(60, 500),
    "shop": lambda: bundled("planted_shop"),
    "ratings": lambda: invented_ratings(943, 1_682, longest=200),
    "groceries": lambda: bundled("complete_journey"),
    "many clicks": lambda: clicks(500, 45_000),
}
HELD: dict[str, Log] = {
    "clicks": lambda: clicks(100, 8_000, seed=7),
    "other ratings": lambda: invented_ratings(2_500, 3_000, seed=7),
}


def configs(cases: PartCases) -> dict[str, Any]:
    """The models with epochs, each with its defaults for this data, and word2vec as CBOW."""
    train = cases.train
    found = comparison_defaults(train, cases.timed_graph[0], train.side_info)
    found["CBOW"] = replace(found["word2vec"], skip_gram=False)
    return {name: config for name, config in found.items() if hasattr(config, "epochs")}


def before(model: str, config: Any, train: Sequences) -> int:
    """The epochs that the same model started with before the rule."""
    if model == "item2vec":
        return int(np.clip(round(12_000_000 / max(pairs_per_epoch(train, config), 1)), 1, 10))
    if model in ("word2vec", "CBOW"):
        return int(np.clip(round(1_500_000 / max(len(train.tokens), 1)), 4, 10))
    return int(config.epochs)


def measured(cases: PartCases, entry: Entry, model: ItemVectors, seed: int) -> EntryRun:
    """What ``leaderboard.measure_trained`` gives, but of its main view alone, without purity."""
    assert entry.query is not None
    scorer, views = history_scorer(model, entry.query), {"main": cases.views["main"]}
    ranked = rank_views(scorer, cases.histories, views, ks=(10,), listed=("main",), marked=cases.head)
    links = measure_vectors(cases, model, entry.query)
    return EntryRun(entry.name, cases.part, seed, ranked.reports, ranked.marked, 0.0, 0.0, 0, links)


def curve(
    cases: PartCases, log: str, model: str, config: Any, seeds: int, most: float, numbers: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """The figures of each number of epochs, today's default among them."""
    query = default_query(config, cases.train)
    bare = replace(cases, train=replace(cases.train, side_info=None))
    board, seconds = Leaderboard({}), {"0": 0.0}
    for epochs in sorted({*numbers, config.epochs}):
        name, pace = str(epochs), list(seconds.values())[-1] / max(int(list(seconds)[-1]), 1)
        if pace * epochs > most:
            break
        entry, took = Entry(name=name, config=replace(config, epochs=epochs, workers=1), query=query), []
        for seed in range(seeds):
            begun = time.process_time()
            trained = train_entry(cases, entry, seed)
            took.append(time.process_time() - begun)
            board = board.plus(entry, measured(bare, entry, trained.model, seed))
        seconds[name] = min(took)  # the first run may compile
    comparison = board.compare("hr", 10)
    for name in board.rows:
        hr, ndcg, auc = board.estimate(name, "hr", 10), board.estimate(name, "ndcg", 10), board.link_auc(name)
        yield {
            "log": log,
            "model": model,
            "epochs": int(name),
            "default": config.epochs,
            "events": len(cases.train.tokens),
            "items": len(cases.train.items),
            "hr": [hr.value, hr.low, hr.high],
            "ndcg": [ndcg.value, ndcg.low, ndcg.high],
            "auc": None if auc is None else auc.mean,
            "letters": comparison.letters[name],
            "seconds": seconds[name],
        }


def shown(record: dict[str, Any]) -> str:
    hr, ndcg = ("{:.3f} [{:.3f}, {:.3f}]".format(*record[name]) for name in ("hr", "ndcg"))
    auc = "  –  " if record["auc"] is None else f"{record['auc']:.3f}"
    today = " ← default" if record["epochs"] == record["default"] else ""
    return (
        f"  {record['epochs']:4} epochs  HR@10 {hr}  {record['letters']:5} NDCG@10 {ndcg}  link AUC {auc}  "
        f"{record['seconds']:6.2f} s{today}"
    )


# --- graphs without a log: what the node2vec page shows of them ---

Scores = dict[str, Callable[[ItemVectors], float]]


def graphs() -> Iterator[tuple[str, ItemGraph, float, Scores]]:
    """(name, graph, q, scores by name)."""
    novel, shop = les_miserables(), load_dataset("planted_shop")
    assert shop.graph is not None
    yield (
        "Les Misérables",
        novel,
        2.0,
        {"role": lambda v: structural_score(v, novel).value, "homophily": lambda v: homophily_score(v, novel).value},
    )
    labels = shop.labels
    by_label: Scores = {name: partial(lambda by, v: group_score(v, labels[by]).value, name) for name in labels}
    yield "planted graph", shop.graph, 20.0, by_label


def of_graph(graph: ItemGraph, config: Any, scores: Scores, seeds: int) -> None:
    for epochs in sorted({*EPOCHS[:6], config.epochs}):
        begun = time.process_time()
        runs = [train_model(replace(config, epochs=epochs, workers=1, seed=seed), graph=graph) for seed in range(seeds)]
        seconds = time.process_time() - begun
        bands = {name: seed_band([score(run) for run in runs]) for name, score in scores.items()}
        figures = "  ".join(f"{name} {b.mean:.3f} [{b.low:.3f}, {b.high:.3f}]" for name, b in bands.items())
        today = " ← default" if epochs == config.epochs else ""
        print(f"  {epochs:4} epochs  {figures}  {seconds / seeds:.2f} s{today}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="LOG or LOG:MODEL; 'graphs' for the graphs without a log")
    parser.add_argument("--held", action="store_true", help="the logs that the rule was not chosen on")
    parser.add_argument("--retail", type=Path, help="a retail log, one more of those")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--check", action="store_true", help="only the default and what it was before the rule")
    parser.add_argument("--epochs", type=int, nargs="*", default=EPOCHS, help="what to try beside the default")
    parser.add_argument("--seconds", type=float, default=30.0, help="the longest training")
    parser.add_argument("--out", type=Path, help="a file of JSON lines to go on with")
    given = parser.parse_args()
    only = [one.split(":") for one in given.only or ()]
    done = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out and given.out.exists() else []
    known = {(one["log"], one["model"]) for one in done}

    def wanted(log: str, model: str = "") -> bool:
        fits = not only or any(one[0] == log and (not model or len(one) == 1 or one[1] == model) for one in only)
        return fits and (log, model) not in known

    logs = dict(HELD) if given.held else dict(CHOSEN_ON)
    if given.retail is not None:
        logs["retail"] = partial(read_events, given.retail)
    for log, load in logs.items():
        if not wanted(log):
            continue
        cases = part_cases(load(), Protocol())
        train = cases.train
        print(
            f"\n{log}: {len(train.tokens):,} events, {len(train.items):,} items, {len(train):,} sequences", flush=True
        )
        for model, config in configs(cases).items():
            if not wanted(log, model):
                continue
            old = before(model, config, train)
            if given.check and old == config.epochs:
                continue
            print(f" {model}, {config.dimensions} dimensions; {old} epochs before the rule", flush=True)
            numbers = (old,) if given.check else (*given.epochs, old)
            for record in curve(cases, log, model, config, given.seeds, given.seconds, numbers):
                print(shown(record), flush=True)
                if given.out:
                    with given.out.open("a") as file:
                        file.write(json.dumps(record) + "\n")
    if wanted("graphs") and not given.held:
        for name, graph, q, scores in graphs():
            print(f"\n{name}: {len(graph)} items, q = {q:g}", flush=True)
            config = comparison_defaults(None, graph)["node2vec"]
            of_graph(graph, replace(config, q=q), scores, max(given.seeds, 10))


if __name__ == "__main__":
    main()
