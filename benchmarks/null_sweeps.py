"""How often a sweep says 'beyond noise' where there is nothing, and how often it finds what is there.

    python -m benchmarks.null_sweeps                  # four to six minutes on two cores
    python -m benchmarks.null_sweeps --seeds 50 --sweeps 500
    python -m benchmarks.null_sweeps --write tests/core/null_scores.json

On the planted shop and Les Misérables, with the node2vec page's defaults:

1. Null sweeps: ``--seeds`` runs of p = q = 1; ``--sweeps`` sweeps of the default grid draw every cell × seed from them.
   Share of sweeps with any cell 'beyond noise', with its 95% interval (Clopper and Pearson): by each map, by either,
   and by the rule 'two standard errors of the two means, 3 seeds a cell'. Goal: 5% or less, upper end below 6.5%.
2. The same where every cell has the noise it has in the bundled sweep (normal, no effect), beside pooling alone.
3. What cells that share their seeds have in common: the share of the variance within cells that is the seed's.
4. The same null runs through the engine that chooses (``recemb sweep``, the Sweeps view): the grid of p and q, one seed
   a setting, the better third twice more, the best three and the default five times with fresh seeds.
   Share of sweeps in which a setting beats the default. Goal: 5% or less, upper end below 7%.
5. Power: how often 40 runs (or ``--seeds``, if fewer), drawn again and again, are found beyond noise in a sweep. Goal:
   .9 for the planted shop's q = 20, for Les Misérables' q = 2 against q = .5, and for each sweep's largest change.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from benchmarks.null_winner import FromPool
from benchmarks.table import Row
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import node2vec_defaults, train_node2vec
from recemb_core.evaluation import NoiseTest, compare_with_control, group_score, score_labels
from recemb_core.evaluation.noise import LEVEL, default_seeds
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
from recemb_core.sweeps import STRUCTURE, Choices, Ground, Space, Structure, Sweep, SweepPlan

NAMES = ("planted_shop", "les_miserables")
FIRST = 1000  # seeds that no bundled sweep has
Runs = dict[str, npt.NDArray[np.float64]]  # labelling → score of each run
Judge = Callable[[npt.NDArray, npt.NDArray], bool]  # (cells, seeds) and the control's (seeds,) → any beyond noise


class Case:
    """A graph with its two labellings, its sweep's settings and the bundled sweep's scores."""

    def __init__(self, name: str) -> None:
        data = load_dataset(name)
        assert data.graph is not None
        self.name, self.graph = name, data.graph
        self.labels = score_labels(self.graph, data.labels)
        self.seeds = default_seeds(len(self.graph))
        umap = UMAPConfig().for_size(len(self.graph))
        self.config = SweepConfig(seeds=self.seeds, base=node2vec_defaults(len(self.graph)), umap=umap)
        base = precomputed.load_vectors(self.graph, self.config.base)
        found = base and precomputed.load_sweep(self.graph, self.config, base)
        if not found:
            raise SystemExit(f"no bundled sweep of {name}: run python data/build_precomputed.py missing")
        cells, _ = found
        self.swept = {by: np.array([cell.scores[by] for cell in cells]) for by in self.labels}
        self.places = [(cell.p, cell.q) for cell in cells]

    def runs(self, p: float, q: float, seeds: int) -> Runs:
        """Scores of so many runs of a setting."""
        return scores_of(self.graph, self.labels, replace(self.config.base, p=p, q=q), seeds)


def scores_of(graph: ItemGraph, labels: Mapping[str, npt.NDArray], config, seeds: int) -> Runs:  # type: ignore[no-untyped-def]
    vectors = [train_node2vec(graph, replace(config, seed=FIRST + i)) for i in range(seeds)]
    return {by: np.array([group_score(v, groups).value for v in vectors]) for by, groups in labels.items()}


def judge(cells: npt.NDArray, control: npt.NDArray, labellings: int = 2) -> NoiseTest:
    """The rule of ``judge_sweep``, on bare numbers."""
    return compare_with_control(dict(enumerate(cells)), control, level=LEVEL / labellings)


def any_beyond(cells: npt.NDArray, control: npt.NDArray) -> bool:
    test = judge(cells, control)
    return any(map(test.beyond, test.change))


def any_pooled(cells: npt.NDArray, control: npt.NDArray) -> bool:
    """Dunnett's test with the pooled error alone."""
    test = judge(cells, control)
    error = test.sd * (2 / cells.shape[1]) ** 0.5
    return any(abs(change) > test.critical * error for change in test.change.values())


def any_two_errors(cells: npt.NDArray, control: npt.NDArray) -> bool:
    """Two standard errors of the two means, cell by cell."""
    errors = np.sqrt((cells.var(axis=1, ddof=1) + control.var(ddof=1)) / cells.shape[1])
    return bool((np.abs(cells.mean(axis=1) - control.mean()) >= 2 * errors).any())


def rate(hits: npt.NDArray[np.bool_]) -> str:
    found = binomtest(int(hits.sum()), len(hits)).proportion_ci(0.95)
    return f"{hits.mean():6.1%} ({found.low:.1%} to {found.high:.1%})"


def over_sweeps(sweeps: int, draw: Callable[[], npt.NDArray], rule: Judge) -> npt.NDArray[np.bool_]:
    """Whether each of so many sweeps, (1 + cells, seeds) with the control first, has any cell beyond noise."""
    return np.array([rule(sweep[1:], sweep[0]) for sweep in (draw() for _ in range(sweeps))])


def null_rates(case: Case, null: Runs, sweeps: int) -> npt.NDArray[np.bool_]:
    """Print how often each rule errs; give which sweeps had anything beyond noise by either map."""
    rng = np.random.default_rng(0)
    cells = len(case.config.cells)
    either = np.zeros(sweeps, dtype=bool)
    for by, scores in null.items():
        hits = over_sweeps(sweeps, lambda s=scores: rng.choice(s, (cells, case.seeds)), any_beyond)  # type: ignore[misc]
        old = over_sweeps(sweeps, lambda s=scores: rng.choice(s, (cells, 3)), any_two_errors)  # type: ignore[misc]
        either |= hits
        print(f"  null sweeps by {by:14} {rate(hits)}; two standard errors, 3 seeds: {rate(old)}")
    print(f"  null sweeps by either map    {rate(either)} (goal: 5% or less)")
    for by, scores in case.swept.items():
        sd = scores.std(axis=1, ddof=1)
        middle = case.places.index((1.0, 1.0))
        sd = np.r_[sd[middle], np.delete(sd, middle)][:, None]
        draw = lambda sd=sd: rng.normal(size=(cells, case.seeds)) * sd  # noqa: E731
        ours, pooled = (over_sweeps(sweeps, draw, rule) for rule in (any_beyond, any_pooled))
        print(
            f"  unequal noise by {by:12} {rate(ours)}; pooled error alone: {rate(pooled)} "
            f"(sd of cells {sd.min():.4f} to {sd.max():.4f})"
        )
    return either


def engine_rates(case: Case, null: Runs, sweeps: int) -> None:
    """How often the sweep that chooses has a winner where there is none."""
    rng = np.random.default_rng(2)
    space = Space((Choices("p", case.config.ps), Choices("q", case.config.qs)))
    for aim, (by, scores) in zip(STRUCTURE, null.items(), strict=True):
        plan = SweepPlan(model="node2vec", space=space, sampler="grid", trials=len(case.config.cells), aims=(aim,))
        ground = Ground.of(plan, None, structure=Structure(case.graph, case.labels), config=case.config.base)
        verdicts = [Sweep(ground).go(work=FromPool(scores[:, None], rng)) for _ in range(sweeps)]
        hits = np.array([verdict is not None and verdict.winner is not None for verdict in verdicts])
        print(f"  null sweeps that choose, by {by:13} {rate(hits)} (goal: 5% or less)", flush=True)


def shared(case: Case) -> None:
    for by, scores in case.swept.items():
        rest = scores - scores.mean(axis=1, keepdims=True)
        cells, seeds = rest.shape
        between = cells * rest.mean(axis=0).var(ddof=1)
        within = float(((rest - rest.mean(axis=0)) ** 2).sum()) / ((cells - 1) * (seeds - 1))
        share = max(0.0, (between - within) / (between + (cells - 1) * within))
        print(
            f"  shared by cells of one seed, by {by}: {share:.1%} of the variance within cells; "
            f"pairing would narrow an error by {1 - (1 - share) ** 0.5:.1%}"
        )


def power(case: Case, null: Runs, sweeps: int, told: str, here: Runs, by: str, control: Runs | None = None) -> None:
    """How often a setting is found among the cells of a sweep whose other cells have no effect, and on its own."""
    rng = np.random.default_rng(1)
    base = (control or null)[by]
    found, alone = np.zeros(sweeps, dtype=bool), np.zeros(sweeps, dtype=bool)
    least = []
    for i in range(sweeps):
        cells = rng.choice(null[by], (len(case.config.cells) - 1, case.seeds))
        cells[0], middle = rng.choice(here[by], case.seeds), rng.choice(base, case.seeds)
        test = judge(cells, middle)
        found[i] = test.beyond(0)
        alone[i] = compare_with_control({0: cells[0]}, middle).beyond(0)
        least.append(test.detectable() if i < 20 else np.nan)
    print(
        f"  power, {told} by {by}: change {here[by].mean() - base.mean():+.3f}, {case.seeds} seeds: in a sweep "
        f"{found.mean():.3f}, as one comparison {alone.mean():.3f} (goal .9); .9 is reached at {np.nanmean(least):.3f}"
    )


def powers(case: Case, null: Runs, sweeps: int, runs: int = 40) -> None:
    middle = case.places.index((1.0, 1.0))
    for by, scores in case.swept.items():
        change = scores.mean(axis=1) - scores[middle].mean()
        p, q = case.places[int(np.abs(change).argmax())]
        power(case, null, sweeps, f"largest of the sweep, p = {p:g}, q = {q:g}", case.runs(p, q, runs), by)
    roles = list(case.labels)[1]
    if case.name == "planted_shop":
        power(case, null, sweeps, "q = 20", case.runs(1.0, 20.0, runs), roles)
    else:
        low, high = case.runs(1.0, 0.5, runs), case.runs(1.0, 2.0, runs)
        power(case, null, sweeps, "q = 2 against q = .5", high, roles, control=low)
        power(case, null, sweeps, "q = 2 against p = q = 1", high, roles)


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: how often a null sweep says anything."""
    for name in NAMES:
        case = Case(name)
        found = null_rates(case, case.runs(1.0, 1.0, 60), 500)
        title = "null sweeps with anything 'beyond noise'"
        yield Row.of_share(title, name, int(found.sum()), len(found), 0.05, over="sweeps", less_is_better=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="runs of p = q = 1 that null sweeps draw from")
    parser.add_argument("--sweeps", type=int, default=2000, help="null sweeps")
    parser.add_argument("--write", type=Path, help="write the scores of the runs of p = q = 1 to this file")
    arguments = parser.parse_args()
    kept = {}
    for name in NAMES:
        case = Case(name)
        print(f"{name}: {len(case.graph)} items, {len(case.config.cells)} cells × {case.seeds} seeds", flush=True)
        null = case.runs(1.0, 1.0, arguments.seeds)
        kept[name] = {by: [round(float(v), 6) for v in scores] for by, scores in null.items()}
        for by, scores in null.items():
            print(f"  {len(scores)} runs of p = q = 1 by {by}: mean {scores.mean():.4f}, sd {scores.std(ddof=1):.4f}")
        null_rates(case, null, arguments.sweeps)
        engine_rates(case, null, arguments.sweeps)
        shared(case)
        powers(case, null, max(arguments.sweeps // 2, 1), min(40, arguments.seeds))
    if arguments.write:
        arguments.write.write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main()
