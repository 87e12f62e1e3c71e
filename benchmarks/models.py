"""The models of the comparison: item2vec's two ways to a set, the wall time of all six, and what the scores are worth.

    python -m benchmarks.models            # all three parts; --part sets | wall | scores for one

sets: item2vec in set and shuffle mode at equal pair counts; overlap@10 of one with the other beside that of each with
itself under another seed. Without subsampling, which would thin sets and windows differently. Equal pair counts are not
equal weights: all pairs weigh a set of m items by m(m − 1), a window by about m; only a window over the whole of the
longest set gives every set the same weight in both.
wall: all six models of the groceries from nothing, one after another as the app trains them, in a fresh process; the
second at which each has its vectors and its neighbor lists, imports and graph included. Once with the compiled kernels
of the installation, once (--cold-kernels) with none.
scores: next-item recommendation on groceries, each household's last basket held out, users being the mean of their
last ten items: input with output vectors, cosine of input vectors, both with and without rare items as candidates, and
popularity. 95% intervals over households; the spread over training seeds beside them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import (
    ItemVectors,
    comparison_defaults,
    default_graph,
    item2vec_defaults,
    pairs_per_epoch,
    train_item2vec,
    train_model,
    word2vec_defaults,
)
from recemb_core.evaluation import neighbor_agreement
from recemb_core.neighbors.base import unit_rows
from recemb_core.sequences import Sequences, split_sessions

RECENT = 10


def spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def sets(name: str, sequences: Sequences, window: int, epochs: int, seeds: int) -> Row:
    """Print overlap@10 within and between the modes, and give their ratio."""
    exact = replace(item2vec_defaults(sequences), subsample=0.0, epochs=epochs)
    shuffle = replace(exact, mode="shuffle", window=window)
    ratio = pairs_per_epoch(sequences, exact) / pairs_per_epoch(sequences, shuffle)
    shuffle = replace(shuffle, epochs=max(1, round(epochs * ratio)))
    runs: dict[str, list[ItemVectors]] = {}
    for label, config in (("set", exact), ("shuffle", shuffle)):
        runs[label] = [train_item2vec(sequences, replace(config, seed=seed)) for seed in range(seeds)]
        millions = config.epochs * pairs_per_epoch(sequences, config) / 1e6
        print(f"{name:14} {label:8} {config.epochs:3} epochs, {millions:6.1f} M pairs, window {config.window}")
    own = {k: [neighbor_agreement(a, b).overlap for a, b in combinations(v, 2)] for k, v in runs.items()}
    cross = [neighbor_agreement(a, b).overlap for a, b in product(runs["set"], runs["shuffle"])]
    chance = neighbor_agreement(runs["set"][0], runs["set"][0]).chance
    print(
        f"{name:14} overlap@10: set·set {spread(own['set'])}, shuffle·shuffle {spread(own['shuffle'])}, "
        f"set·shuffle {spread(cross)}, chance {chance:.3f}; "
        f"cross / mean of both {np.mean(cross) / np.mean([np.mean(v) for v in own.values()]):.2f}",
        flush=True,
    )
    within = [float(np.mean([np.mean(v) for v in own.values()]))] * len(cross)
    what, peer = (
        f"item2vec, shuffled in windows of {window} and sets: neighbors shared",
        "each with itself, other seeds",
    )
    return Row.of_turns(what, name, "overlap@10", peer, cross, within, over="pairs of runs")


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: the planted shop at equal pair counts."""
    sequences = load_dataset("planted_shop").sequences
    assert sequences is not None
    sequences = split_sessions(sequences, gap_minutes=60)
    for window in (5, int(sequences.lengths.max())):
        yield sets("planted_shop", sequences, window, epochs=10, seeds=2)


def one_comparison() -> None:
    """Train all six and print when each was there; run in a process of its own."""
    start = float(os.environ["COMPARISON_START"])
    data = load_dataset("complete_journey")
    assert data.sequences is not None
    graph = default_graph(data.sequences)
    print(f"  data and graph      {time.time() - start:6.1f} s", flush=True)
    for name, config in comparison_defaults(data.sequences, graph, data.side_info).items():
        begin = time.time()
        vectors = train_model(config, sequences=data.sequences, graph=graph, side_info=data.side_info)
        vectors.nearest(10, counts=data.sequences.counts)
        print(f"  {name:12} there at {time.time() - start:5.1f} s (took {time.time() - begin:.1f} s)", flush=True)


def wall(cold_kernels: bool) -> None:
    """The comparison in a fresh process."""
    print("six models, groceries" + (", kernels compiled on the way" if cold_kernels else ""), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "COMPARISON_START": str(time.time())}
        if cold_kernels:
            environment["NUMBA_CACHE_DIR"] = folder
        subprocess.run([sys.executable, "-m", "benchmarks.models", "--part", "one"], env=environment, check=True)


def scores(seeds: int) -> None:
    """Print HR@10 of both scores with and without the rare-item filter."""
    from recemb_core.evaluation.ranking import next_item_cases, rank_next_items
    from recemb_core.scorers import popularity_scorer

    data = load_dataset("complete_journey").sequences
    assert data is not None
    cases = next_item_cases(data)
    counts = cases.train.counts
    filters = (0, int(np.quantile(counts, 0.25)), int(np.median(counts)))  # no bundled item is rarer than 80 events
    print(
        f"groceries, {len(cases.users)} households; items below "
        + ", ".join(f"{least}: {(counts < least).mean():.0%}" for least in filters[1:])
    )

    def scorer(users: npt.NDArray, targets: npt.NDArray, least: int) -> Any:
        allowed = np.where(counts >= least, 0.0, -np.inf)

        def score(histories: Sequence[npt.NDArray]) -> npt.NDArray:
            means = np.stack([users[rows[-RECENT:]].mean(axis=0) for rows in histories])
            return means @ targets.T + allowed

        return score

    configs = {"word2vec": word2vec_defaults(cases.train), "item2vec": item2vec_defaults(cases.train)}
    trained = {
        name: [train_model(replace(config, seed=seed), sequences=cases.train) for seed in range(seeds)]
        for name, config in configs.items()
    }
    for exclude, title in ((True, "novel targets, seen items masked"), (False, "all targets, nothing masked")):
        print(title)
        floor = rank_next_items(
            popularity_scorer(counts), cases.histories, cases.targets, ks=[10], exclude_seen=exclude
        )
        hit = floor.hit_rate[10]
        print(f"  {'popularity':34} HR@10 {hit.value:.3f} [{hit.low:.3f}, {hit.high:.3f}]")
        for name, kind, least in product(trained, ("in·out", "cosine"), filters):
            found = []
            for vectors in trained[name]:
                assert vectors.output_vectors is not None
                unit = unit_rows(vectors.vectors)
                pair = (vectors.vectors, vectors.output_vectors) if kind == "in·out" else (unit, unit)
                report = rank_next_items(
                    scorer(*pair, least), cases.histories, cases.targets, ks=[10], exclude_seen=exclude
                )
                found.append(report.hit_rate[10])
            label = f"{name}, {kind}, " + (f"count ≥ {least}" if least else "all items")
            band = spread([hit.value for hit in found])
            print(f"  {label:34} HR@10 [{found[0].low:.3f}, {found[0].high:.3f}] seeds {band}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["all", "sets", "wall", "scores", "one"], default="all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--window", type=int, nargs="*", help="of shuffling; default: 5 and the longest set")
    parser.add_argument("--cold-kernels", action="store_true", help="the wall time with nothing compiled as well")
    arguments = parser.parse_args()
    if arguments.part == "one":
        one_comparison()
        return
    if arguments.part in ("all", "wall"):
        wall(False)
        if arguments.cold_kernels:
            wall(True)
    if arguments.part in ("all", "sets"):
        for name, epochs in (("complete_journey", 3), ("planted_shop", 10)):
            sequences = load_dataset(name).sequences
            assert sequences is not None
            if sequences.ordered:
                sequences = split_sessions(sequences, gap_minutes=60)
            longest = int(sequences.lengths.max())
            for window in arguments.window or (5, longest):
                sets(name, sequences, window, epochs, arguments.seeds)
    if arguments.part in ("all", "scores"):
        scores(arguments.seeds)


if __name__ == "__main__":
    main()
