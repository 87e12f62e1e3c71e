"""Which run comes next: a seed or some for every setting, more for the better third, fresh seeds for the best few.

Nothing that chooses has a part in the verdict: the last stage trains with seeds that no earlier stage had, so what the
stages before keep or drop can cost a good setting its place, but cannot make a winner out of luck with seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recemb_core.evaluation.noise import LEAST_SEEDS
from recemb_core.sweeps.plan import SweepPlan
from recemb_core.sweeps.proposing import propose
from recemb_core.sweeps.records import Run, Step, by_setting

FRESH_FROM = 50
"""Trainings of a setting from this number on are those of the last stage."""
_SEEDS_EACH = 100
KEPT_SHARE = 1 / 3
"""Of the settings, the share that is trained again after the first look."""


def seed_of(plan: SweepPlan, setting: int, repeat: int) -> int:
    """The seed of a training: another one for every training of a sweep.

    Where only the query or the index varies, all settings share the trainings of the default, one a repeat. Where every
    setting has several seeds in the first look, all have the same ones up to the last stage.

    >>> from recemb_core.sweeps.space import Choices, Space
    >>> seed_of(SweepPlan(model="item2vec", space=Space((Choices("window", (1, 2)),))), 2, 1)
    201
    """
    shared = plan.shares_trainings or (plan.seeds_each > 1 and repeat < FRESH_FROM)
    return plan.seed + (0 if shared else _SEEDS_EACH * setting) + repeat


def next_step(plan: SweepPlan, defaults: Mapping[str, Any], runs: Sequence[Run], *, seeded: bool = True) -> Step | None:
    """The run that comes next after these, None where the sweep is over. The same runs give the same step.

    1. *look*: every setting is trained ``seeds_each`` times, setting by setting, until ``trials`` are, or until the
       minutes left are needed for the rest.
    2. *race*: the better third of them, and the default, are trained until they have three seeds.
    3. *final*: the best ``finalists`` of these by their means, and the default, are trained ``fresh`` times with seeds
       that did not choose them.

    What depends on no seed is trained once in all. A setting that failed is not tried again.

    Args:
        plan: see :class:`SweepPlan`.
        defaults: values of setting 0.
        runs: those so far.
        seeded: whether another seed gives another result.
    """
    every = {run.setting: run.values for run in runs}
    done = {(run.setting, run.repeat) for run in runs}
    failed = {run.setting for run in runs if run.failed}
    each = plan.seeds_each if seeded else 1
    for setting in every:
        for repeat in range(1, each):
            if (setting, repeat) not in done and setting not in failed:
                return Step(setting, every[setting], repeat, "look")
    if len(every) < plan.trials and not _race_begun(runs) and _time_for_another(plan, runs):
        values = propose(plan, defaults, runs)
        if values is not None:
            return Step(max(every, default=-1) + 1, values, 0, "look")
    if not seeded:
        return None
    for setting in _kept(plan, runs) if each < LEAST_SEEDS else ():
        for repeat in range(each, LEAST_SEEDS):
            if (setting, repeat) not in done and setting not in failed:
                return Step(setting, every[setting], repeat, "race")
    for setting in finalists(plan, runs, seeded=seeded):
        for repeat in range(FRESH_FROM, FRESH_FROM + plan.fresh):
            if (setting, repeat) not in done and setting not in failed:
                return Step(setting, every[setting], repeat, "final")
    return None


def _race_begun(runs: Sequence[Run]) -> bool:
    return any(run.stage != "look" for run in runs)


def _time_for_another(plan: SweepPlan, runs: Sequence[Run]) -> bool:
    """Whether the minutes allow one more setting, and all that follows from it."""
    if plan.minutes is None or len(runs) < 2:
        return True
    spent = sum(run.seconds for run in runs)
    more = plan.seeds_each + runs_to_come(plan, len({run.setting for run in runs}) + 1)
    return spent + more * spent / len(runs) <= 60 * plan.minutes


def runs_to_come(plan: SweepPlan, settings: int) -> int:
    """Runs after the first look at so many settings.

    >>> from recemb_core.sweeps.space import Choices, Space
    >>> runs_to_come(SweepPlan(model="item2vec", space=Space((Choices("window", (1, 2)),))), 30)
    42
    """
    kept = min(max(plan.finalists, math.ceil(settings * KEPT_SHARE)) + 1, settings)
    return max(LEAST_SEEDS - plan.seeds_each, 0) * kept + plan.fresh * (min(plan.finalists, settings - 1) + 1)


def _kept(plan: SweepPlan, runs: Sequence[Run]) -> list[int]:
    """Settings of the second stage: the default, then the better ones by their first look, the best first."""
    looks = {n: [run.mean for run in alike if run.stage == "look"] for n, alike in by_setting(runs).items()}
    first = {number: float(np.mean(means)) for number, means in looks.items() if means}
    others = sorted((number for number in first if number != 0), key=lambda number: (-first[number], number))
    settings = len({run.setting for run in runs})
    count = max(plan.finalists, math.ceil(settings * KEPT_SHARE))
    return [*([0] if 0 in first else []), *others[:count]]


def finalists(plan: SweepPlan, runs: Sequence[Run], *, seeded: bool = True) -> list[int]:
    """Settings of the last stage: the default, then the best by what the stages before saw, the best first.

    Without seeds these are the best of all.
    """
    seen = choosing_means(runs)
    full = {
        n: mean for n, (mean, count) in seen.items() if count >= (max(LEAST_SEEDS, plan.seeds_each) if seeded else 1)
    }
    others = sorted((number for number in full if number != 0), key=lambda number: (-full[number], number))
    return [*([0] if 0 in full else []), *others[: plan.finalists]]


def choosing_means(runs: Sequence[Run]) -> dict[int, tuple[float, int]]:
    """Setting → (mean over the trainings before the last stage, how many)."""
    found = {}
    for number, alike in by_setting(runs).items():
        means = [run.mean for run in alike if run.stage != "final"]
        if means:
            found[number] = float(np.mean(means)), len(means)
    return found


def runs_in_all(plan: SweepPlan, runs: Sequence[Run], *, seeded: bool = True) -> int:
    """Runs that the sweep takes in all, as far as that can be told now."""
    settings = len({run.setting for run in runs})
    if not _race_begun(runs):
        settings = max(settings, int(min(plan.trials, plan.space.size + 1)))
    return plan.seeds_each * settings + runs_to_come(plan, settings) if seeded else settings
