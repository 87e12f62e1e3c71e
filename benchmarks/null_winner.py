"""How often a sweep names a winner where there is none, and how often it finds one that is there.

    python -m benchmarks.null_winner                                   # the planted shop, a few minutes
    python -m benchmarks.null_winner --data complete_journey --keep runs.npz
    python -m benchmarks.null_winner --sweeps 2000 --real 0

Everything goes through the code that the app and ``recemb sweep`` run: proposals, stages, verdict.

1. Null sweeps: item2vec's default trained with ``--seeds`` seeds; ``--sweeps`` sweeps of ``--trials`` settings whose
   every training is drawn from these, without one standing twice in a sweep. Share of sweeps in which a setting beats
   the default, with its 95% interval (Clopper and Pearson). Goal: 5% or less, upper end below 7%.
   Beside it, by the same runs: what taking the highest mean of one seed for a winner would say, and a paired test of
   the best on the very seeds and users that chose it.
2. The same with settings that users like differently, though on average alike: what chooses among users cannot be
   drawn anew as seeds can, which is why all settings that were tried are counted.
3. Real null sweeps: ``--real`` sweeps over ``window``, which item2vec's all pairs of a set do not look at. On the
   planted shop's clicks five of them, 72 trainings each, named no winner; p was 1.00 in all.
4. Power: the same null sweeps with one setting that is better by so much.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from recemb_core.evaluation.differences import paired_difference
from recemb_core.prepared import prepare_bundled
from recemb_core.session_file import SessionFile
from recemb_core.sweeps import Ground, Range, Run, Space, Step, Sweep, SweepPlan, measure_setting, seed_of

Pool = npt.NDArray[np.float64]
SPACE = Space((Range("dimensions", 8, 128, log=True, whole=True), Range("learning_rate", 0.005, 0.1, log=True)))
IDLE = Space((Range("window", 1, 200, whole=True),))


def trained(ground: Ground, seeds: int) -> Pool:
    """Figures (seeds, users) of the default."""
    rows = []
    for seed in range(seeds):
        rows.append(measure_setting(ground, ground.base, 10_000_000 + seed).users)
        if seed % 20 == 0:
            print(f"  {seed} of {seeds} seeds", flush=True)
    return np.stack(rows)


class FromPool:
    """Does a sweep's runs by drawing from those that are there, with an effect of the setting on top."""

    def __init__(self, pool: Pool, rng: np.random.Generator, effect: Any = lambda setting: 0.0) -> None:
        self.order, self.pool, self.effect = iter(rng.permutation(len(pool))), pool, effect

    def __call__(self, function: Any, ground: Ground, step: Step, **_: Any) -> tuple[Run, None]:
        users = self.pool[next(self.order)] + self.effect(step.setting)
        seed = seed_of(ground.plan, step.setting, step.repeat)
        aims = {ground.plan.aims[0]: float(users.mean())}
        return Run(*step, seed=seed, users=users, aims=aims, train_seconds=1.0), None


def rate(hits: list[bool]) -> str:
    found = binomtest(sum(hits), len(hits)).proportion_ci(0.95)
    return f"{np.mean(hits):6.2%} ({found.low:.2%} to {found.high:.2%}; {sum(hits)} of {len(hits)})"


def ground_of(data: str, trials: int, sampler: Any, space: Space = SPACE, seed: int = 0) -> Ground:
    plan = SweepPlan(model="item2vec", space=space, trials=trials, sampler=sampler, seed=seed)
    saved = SessionFile(model="item2vec", config={"mode": "set"})
    return Ground.of(plan, prepare_bundled(data).sequences, saved)


def null_sweeps(ground: Ground, pool: Pool, sweeps: int, effect: Any = None) -> None:
    """Winners by the real code, and by two habits."""
    winners, one_seed, same_seeds = [], [], []
    rng = np.random.default_rng(0)
    begun = time.perf_counter()
    for _ in range(sweeps):
        work = FromPool(pool, rng) if effect is None else FromPool(pool, rng, effect(rng))
        sweep = Sweep(ground)
        verdict = sweep.go(work=work)
        assert verdict is not None
        winners.append(verdict.winner is not None)
        first = {run.setting: run.mean for run in sweep.runs if run.stage == "look"}
        one_seed.append(max(first, key=lambda n: first[n]) != 0)
        chosen = {n: [r.users for r in sweep.runs if r.setting == n and r.stage != "final"] for n in first}
        full = {n: np.stack(rows) for n, rows in chosen.items() if len(rows) >= 3}
        best = max((n for n in full if n != 0), key=lambda n: full[n].mean())
        same_seeds.append(paired_difference(full[best], full[0]).verdict == "better")
    spent = time.perf_counter() - begun
    print(f"    beats the default:                                  {rate(winners)}  [{spent:.0f} s]")
    print(f"    highest mean of one seed taken for a winner:        {rate(one_seed)}")
    print(f"    best tested on the seeds that chose it, no Holm:    {rate(same_seeds)}", flush=True)


def liked(spread: float, users: int) -> Any:
    """A draw of effects by setting and user whose means over the people that the users stand for are all 0."""

    def draw(rng: np.random.Generator) -> Any:
        known: dict[int, Pool] = {0: np.zeros(users)}

        def effect(setting: int) -> Pool:
            if setting not in known:
                known[setting] = rng.normal(scale=spread, size=users)
            return known[setting]

        return effect

    return draw


def power(ground: Ground, pool: Pool, sweeps: int, gain: float) -> None:
    """One setting of the sweep better by ``gain`` for every user; how often it is found."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(sweeps):
        verdict = Sweep(ground).go(work=FromPool(pool, rng, lambda setting: gain * (setting == 7)))
        assert verdict is not None
        found.append(verdict.winner is not None)
    print(f"    a setting better by {gain:+.3f} for everybody: found in   {rate(found)}", flush=True)


def real_null(data: str, trials: int, number: int) -> None:
    winners = 0
    for i in range(number):
        begun = time.perf_counter()
        ground = ground_of(data, trials, "random", IDLE, seed=1_000_000 * (i + 1))
        sweep = Sweep(ground)
        verdict = sweep.go()
        assert verdict is not None
        winners += verdict.winner is not None
        spent = time.perf_counter() - begun
        print(f"  real null sweep {i + 1}: {len(sweep.runs)} trainings, {spent:.0f} s: {verdict.words}", flush=True)
    print(f"  {winners} winners in {number} real null sweeps", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="planted_shop")
    parser.add_argument("--seeds", type=int, default=200, help="trainings of the default that null sweeps draw from")
    parser.add_argument("--sweeps", type=int, default=1_000)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--tpe", type=int, default=100, help="null sweeps with TPE, which are slower")
    parser.add_argument("--real", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="npz where the trainings are kept, and found again")
    args = parser.parse_args()
    ground = ground_of(args.data, args.trials, "random")
    if args.keep and args.keep.exists():
        pool = np.load(args.keep)["users"]
    else:
        pool = trained(ground, args.seeds)
        if args.keep:
            np.savez_compressed(args.keep, users=pool)
    means = pool.mean(axis=1)
    print(f"{args.data}: {len(pool)} trainings of {ground.base.entry.config}")
    print(f"  HR@10 of {pool.shape[1]} users: mean {means.mean():.4f}, sd over seeds {means.std(ddof=1):.4f}")
    print(f"  {args.sweeps} null sweeps of {args.trials} settings (goal: 5% or less, upper end below 7%)")
    null_sweeps(ground, pool, args.sweeps)
    for spread in (0.1, 0.3):
        print(f"  the same, each user liking each setting otherwise by {spread} (sd)")
        null_sweeps(ground, pool, args.sweeps // 2, liked(spread, pool.shape[1]))
    if args.tpe:
        print(f"  {args.tpe} null sweeps proposed by TPE")
        null_sweeps(ground_of(args.data, args.trials, "tpe"), pool, args.tpe)
    for gain in (0.01, 0.02, 0.03, 0.05):
        power(ground, pool, args.sweeps // 5, gain)
    real_null(args.data, args.trials, args.real)


if __name__ == "__main__":
    main()
