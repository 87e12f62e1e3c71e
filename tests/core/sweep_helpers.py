"""Sweeps without trainings: figures made up by what a setting is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from recemb_core.datasets import load_dataset
from recemb_core.progress import Progress
from recemb_core.session_file import SessionFile
from recemb_core.sweeps import Choices, Ground, Range, Run, Space, Step, Sweep, SweepPlan, seed_of

SPACE = Space((Choices("dimensions", (8, 16, 32, 64)), Range("learning_rate", 0.005, 0.1, log=True)))
USERS = 400


@cache
def shop() -> Any:
    return load_dataset("planted_shop").sequences


def ground_of(saved: SessionFile | None = None, **told: Any) -> Ground:
    """A sweep of item2vec on the planted shop."""
    return Ground.of(SweepPlan(**{"model": "item2vec", "space": SPACE, "trials": 12, **told}), shop(), saved)


class MadeUp:
    """Does runs at once: user u of setting n hits with probability 0.3 + worth(values)."""

    def __init__(self, worth: Callable[[Mapping[str, Any]], float] = lambda values: 0.0, users: int = USERS) -> None:
        self.worth, self.users, self.steps = worth, users, list[Step]()

    def __call__(self, function: Any, ground: Ground, step: Step, *, progress: Progress, **_: Any) -> Any:
        progress(0.0, "")
        self.steps.append(step)
        seed = seed_of(ground.plan, step.setting, step.repeat)
        taste = np.random.default_rng(9).random(self.users)  # the same users in every run
        luck = np.random.default_rng(seed).random(self.users)
        chance = 0.3 + self.worth(step.values)
        users = (0.5 * taste + 0.5 * luck < chance).astype(np.float64)
        aims = {"hr": float(users.mean()), "bytes": 100.0 * step.values["dimensions"], "seconds": 0.5}
        return Run(*step, seed=seed, users=users, aims=aims, train_seconds=0.5, seconds=1.0), None


def done(ground: Ground, work: MadeUp | None = None) -> Sweep:
    """The sweep when it is over."""
    sweep = Sweep(ground)
    assert sweep.go(work=work or MadeUp()) is not None
    return sweep
