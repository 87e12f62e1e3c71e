"""How often the evaluation calls one of two equals better, and how often it finds a difference that is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from benchmarks.table import Row
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import DeepWalkConfig, Word2VecConfig
from recemb_core.evaluation.differences import compare_all
from recemb_core.experiments.leaderboard import (
    Entry,
    EntryRun,
    Leaderboard,
    Metric,
    PartCases,
    Protocol,
    Query,
    measure_all,
    part_cases,
)

Bools = npt.NDArray[np.bool_]
SEEDS = 3  # a side
METRICS: tuple[Metric, ...] = ("hr", "ndcg", "mrr")
SHARES = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0)  # of users who are served better


def settings() -> dict[str, Entry]:
    """Settings with much and little noise of training."""
    small = Word2VecConfig(dimensions=8, window=2, epochs=1)
    query = Query(newest=5, score="in_out")
    return {
        "word2vec, d = 8, 1 epoch": Entry(name="", config=small, query=query),
        "word2vec, d = 32, 5 epochs": Entry(name="", config=replace(small, dimensions=32, epochs=5), query=query),
        "DeepWalk, d = 16": Entry(name="", config=DeepWalkConfig(dimensions=16, window=2, epochs=1, num_walks=5)),
    }


def pool(cases: PartCases, entry: Entry, runs: int) -> list[EntryRun]:
    """Runs of one setting with as many seeds."""
    return [run for _, run in measure_all(cases, [entry], range(1000, 1000 + runs))]


def rate(hits: Bools) -> str:
    found = binomtest(int(hits.sum()), len(hits)).proportion_ci(0.95)
    return f"{hits.mean():6.1%} ({found.low:.1%} to {found.high:.1%})"


def board_of(entry: Entry, groups: Sequence[Sequence[EntryRun]]) -> Leaderboard:
    """A board whose rows are sets of seeds of one setting."""
    named = [replace(entry, name=str(number)) for number in range(len(groups))]
    return Leaderboard.of(
        (row, replace(run, name=row.name)) for row, runs in zip(named, groups, strict=True) for run in runs
    )


def any_told_apart(entry: Entry, runs: Sequence[EntryRun], rows: int, metric: Metric, rng: np.random.Generator) -> bool:
    """Whether, of so many rows of three seeds each drawn from the pool without return, any two are told apart."""
    drawn = rng.permutation(len(runs))[: rows * SEEDS].reshape(rows, SEEDS)
    board = board_of(entry, [[runs[i] for i in line] for line in drawn])
    return any(found.told_apart for found in board.compare(metric).differences.values())


def null_rates(entry: Entry, runs: Sequence[EntryRun], comparisons: int) -> None:
    rng = np.random.default_rng(0)
    for metric in METRICS:
        two = np.array([any_told_apart(entry, runs, 2, metric, rng) for _ in range(comparisons)])
        five = np.array([any_told_apart(entry, runs, 5, metric, rng) for _ in range(comparisons)])
        print(f"    {metric:4} null, two rows: {rate(two)}; any pair of five rows: {rate(five)}", flush=True)


def null_row(comparisons: int, runs: int) -> Row:
    """How often two sets of seeds of one setting are told apart by HR, beside the goal."""
    sequences = load_dataset("planted_shop").sequences
    assert sequences is not None
    (name, entry), *_ = settings().items()
    found, rng = pool(part_cases(sequences, Protocol()), entry, runs), np.random.default_rng(0)
    told = sum(any_told_apart(entry, found, 2, "hr", rng) for _ in range(comparisons))
    what = "evaluation: one of two equals called better, HR"
    return Row.of_share(what, f"planted shop, {name}", told, comparisons, 0.05, over="pairs", less_is_better=True)


def noise(runs: Sequence[EntryRun]) -> str:
    """Where the noise of HR@10 comes from: seeds, users, and what a seed does to single users."""
    hits = np.stack([run.views["main"].user_hits(10) for run in runs])
    of_seeds, of_users = hits.mean(axis=1).std(ddof=1), hits.mean(axis=0).std(ddof=1) / hits.shape[1] ** 0.5
    inside = (hits - hits.mean(axis=0)).std() / hits.shape[1] ** 0.5
    return (
        f"HR@10 {hits.mean():.3f}; sd over seeds {of_seeds:.4f}, of which single users {inside:.4f}; "
        f"over users {of_users:.4f}"
    )


def swapped(first: npt.NDArray, second: npt.NDArray, comparisons: int) -> Bools:
    """Two models whose outcomes are swapped for a random half of the users: equal, with the noise of users."""
    rng, found = np.random.default_rng(1), []
    for _ in range(comparisons):
        swap = rng.random(first.shape[1]) < 0.5
        pair = {"a": np.where(swap, second, first), "b": np.where(swap, first, second)}
        found.append(compare_all(pair).between("a", "b").told_apart)
    return np.array(found)


def power(draw: Callable[[np.random.Generator], tuple[npt.NDArray, npt.NDArray]], comparisons: int) -> Bools:
    """Whether the first of two is found better, each time with other seeds and users."""
    rng, found = np.random.default_rng(2), []
    for _ in range(comparisons):
        first, second = draw(rng)
        users = rng.integers(first.shape[1], size=first.shape[1])
        comparison = compare_all({"a": first[:, users], "b": second[:, users]})
        found.append(comparison.between("a", "b").better == "a")
    return np.array(found)


def planted(
    weak: npt.NDArray, strong: npt.NDArray, share: float, users: int, rng: np.random.Generator
) -> tuple[npt.NDArray, npt.NDArray]:
    """(a model that serves this share of the users as ``strong`` does, the others as ``weak``; ``weak``), 3 runs each.

    Runs and users are drawn anew, so over all draws the difference is ``share`` · (mean of strong − mean of weak).
    """
    runs = rng.permutation(len(weak))
    who = rng.integers(weak.shape[1], size=users)
    better = strong[rng.permutation(len(strong))[:SEEDS]][:, who]
    first, second = weak[runs[:SEEDS]][:, who], weak[runs[SEEDS : 2 * SEEDS]][:, who]
    return np.where(rng.random(users) < share, better, first), second


def power_curve(weak: npt.NDArray, strong: npt.NDArray, users: int, comparisons: int) -> None:
    """Power against the size of a planted difference, and whether ``detectable`` foretells where it is .9."""
    rng, whole = np.random.default_rng(3), float(strong.mean() - weak.mean())
    sizes, powers, foretold = [], [], []
    for share in SHARES:
        found = []
        for _ in range(comparisons):
            a, b = planted(weak, strong, share, users, rng)
            found.append(compare_all({"a": a, "b": b}).between("a", "b"))
        right = np.array([d.better == "a" for d in found])
        wrong = np.array([d.better == "b" for d in found])
        sizes.append(share * whole)
        powers.append(right.mean())
        foretold.append(float(np.median([d.detectable() for d in found])))
        print(f"    difference {sizes[-1]:.4f}: found in {rate(right)}, the worse called better in {wrong.mean():.1%}")
    reached = np.maximum.accumulate(powers)
    if reached[-1] < 0.9:
        print(f"    90% is not reached; foretold by detectable(): {foretold[-1]:.4f}", flush=True)
        return
    at = int(np.argmax(reached >= 0.9))
    low = reached[at - 1] if at else 0.0
    size = sizes[at - 1] + (0.9 - low) / (reached[at] - low) * (sizes[at] - sizes[at - 1]) if at else sizes[0]
    print(f"    90% is reached at {size:.4f}; detectable() foretells {foretold[at]:.4f} (median)", flush=True)


def report(comparisons: int, runs: int) -> None:
    sequences = load_dataset("planted_shop").sequences
    assert sequences is not None
    cases = part_cases(sequences, Protocol())
    print(f"\nHonesty: planted shop, {len(cases.users):,} users, {runs} runs a setting, {SEEDS} seeds a row")
    pools = {}
    for name, entry in settings().items():
        pools[name] = pool(cases, entry, runs)
        print(f"  {name}: {noise(pools[name])}", flush=True)
        null_rates(entry, pools[name], comparisons)
    weak, strong, walks = (np.stack([run.views["main"].user_hits(10) for run in found]) for found in pools.values())
    for name, other in (("the other word2vec", weak), ("DeepWalk", walks)):
        found = swapped(strong[:SEEDS], other[:SEEDS], comparisons)
        print(f"  users swapped, word2vec d = 32 and {name}: {rate(found)} (goal 5% or less)", flush=True)
    for name, other in (("word2vec d = 8", weak), ("DeepWalk", walks)):
        better, worse = (strong, other) if strong.mean() > other.mean() else (other, strong)
        found = power(
            lambda rng, better=better, worse=worse: (
                better[rng.permutation(len(better))[:SEEDS]],
                worse[rng.permutation(len(worse))[:SEEDS]],
            ),
            comparisons,
        )
        print(
            f"  power, word2vec d = 32 against {name}: difference {better.mean() - worse.mean():.3f}, "
            f"found in {rate(found)} (goal 90%)",
            flush=True,
        )
        for users in (better.shape[1], better.shape[1] // 4):
            print(f"  planted: HR@10, {users:,} users, {SEEDS} seeds a row, against {name}")
            power_curve(worse, better, users, comparisons)
