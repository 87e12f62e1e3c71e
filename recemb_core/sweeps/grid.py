"""The grid of p and q as a sweep: every setting on the same seeds, and its scores held against those at p = q = 1.

Two questions are asked of one sweep, and they have different answers. :func:`judge_grid`: which settings differ from
p = q = 1 at all? (Dunnett's test over the whole grid, on the seeds that all settings have.) Its verdict
(:func:`~recemb_core.sweeps.judge`): which setting is to be taken? (Fresh seeds that had no part in the choice.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from recemb_core.evaluation.noise import LEVEL, NoiseTest, compare_with_control
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.sweeps.ground import Ground
from recemb_core.sweeps.plan import STRUCTURE, SweepPlan
from recemb_core.sweeps.racing import next_step, seed_of
from recemb_core.sweeps.records import Run, by_setting
from recemb_core.sweeps.space import Choices, Space
from recemb_core.sweeps.structure import Structure
from recemb_core.validation import require

MIDDLE = (1.0, 1.0)
"""(p, q) that every other setting is compared with: DeepWalk."""
Cell = tuple[float, float]
Scores = Mapping[str, tuple[float, ...]]  # homophily and structural → score of each seed


def grid_plan(config: SweepConfig, *, aim: str = "structural", minutes: float | None = None) -> SweepPlan:
    """The sweep that fills the grid, ``config.seeds`` trainings a setting, the same seeds for all.

    Args:
        config: the grid; its seeds are 2 at least, for two trainings at p = q = 1 say what noise does to neighbors.
        aim: the score that the verdict goes by, of :data:`~recemb_core.sweeps.STRUCTURE`; both are measured.
        minutes: see :class:`SweepPlan`.

    >>> grid_plan(SweepConfig(ps=(0.5, 1.0), qs=(2.0,), seeds=3)).trials
    3
    """
    require(config.seeds >= 2, "seeds", config.seeds, "at least 2, for a sweep")
    return SweepPlan(
        model="node2vec",
        space=Space((Choices("p", config.ps), Choices("q", config.qs))),
        sampler="grid",
        trials=max(len({*config.cells, MIDDLE}), 2),
        minutes=minutes,
        aims=(aim, "bytes"),  # of settings that are not told apart none is cheaper: a time would say so by chance
        seed=config.base.seed,
        seeds_each=config.seeds,
    )


def grid_ground(
    config: SweepConfig, structure: Structure, *, aim: str = "structural", minutes: float | None = None
) -> Ground:
    """The ground of a grid: its first setting is p = q = 1, all else as ``config.base`` says.

    >>> from recemb_core.datasets import load_dataset
    >>> ground = grid_ground(SweepConfig(), Structure.of(load_dataset("karate_club").graph))
    >>> ground.defaults
    {'p': 1.0, 'q': 1.0}
    """
    plan = grid_plan(config, aim=aim, minutes=minutes)
    return Ground.of(plan, None, structure=structure, config=replace(config.base, p=1.0, q=1.0, seed=0))


def grid_scores(plan: SweepPlan, runs: Sequence[Run]) -> dict[Cell, Scores]:
    """(p, q) → both scores of each of its seeds, of the settings that have all of theirs, in the order of trying.

    Runs of the last stage are left out: their seeds are not those of the other settings.
    """
    found: dict[Cell, Scores] = {}
    for alike in by_setting(runs).values():
        looks = sorted((run for run in alike if run.stage == "look"), key=lambda run: run.repeat)
        if len(looks) == plan.seeds_each:
            values = looks[0].values
            at = (float(values["p"]), float(values["q"]))
            found[at] = {aim: tuple(run.aims[aim] for run in looks) for aim in STRUCTURE}
    return found


def judge_grid(scores: Mapping[Cell, Scores], aim: str) -> NoiseTest:
    """Which settings' scores differ from p = q = 1 by more than noise: Dunnett's test over the whole grid.

    Give all cells at once: the level, 5%, is that of any false 'beyond noise' in the whole grid, shared evenly by the
    two scores. Settings of the result are (p, q). Cells share their seeds but are not paired: what a seed does to all
    of them is 4 to 13% of the variance within cells on the bundled graphs, and taking it out would narrow an error
    by less than 7% (``python -m benchmarks.null_sweeps``).

    See :func:`recemb_core.evaluation.noise.compare_with_control`.

    >>> alike = {"structural": (0.2, 0.21, 0.22)}
    >>> judge_grid({(1.0, 1.0): alike, (1.0, 4.0): alike}, "structural").verdict((1.0, 4.0))
    'within noise'
    """
    values = {at: own[aim] for at, own in scores.items() if at != MIDDLE}
    return compare_with_control(values, scores[MIDDLE][aim], level=LEVEL / len(STRUCTURE))


def grid_runs(ground: Ground, scores: Mapping[Cell, Scores], held: float) -> list[Run]:
    """The runs of the first look, in the engine's own order, of a grid whose scores are known already.

    Args:
        ground: of :func:`grid_ground`.
        scores: of its cells; where one is not among them, the runs end.
        held: bytes that the vectors of a training hold.
    """
    runs: list[Run] = []
    while (step := next_step(ground.plan, ground.defaults, runs)) is not None and step.stage == "look":
        own = scores.get((float(step.values["p"]), float(step.values["q"])))
        if own is None:
            break
        aims = {aim: own[aim][step.repeat] for aim in STRUCTURE} | {"bytes": held}
        users = np.array([aims[ground.plan.aims[0]]])
        runs.append(Run(*step, seed=seed_of(ground.plan, step.setting, step.repeat), users=users, aims=aims))
    return runs
