"""Sweeps without trainings: figures made up by what a setting is worth."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from recemb_core.datasets import load_dataset
from recemb_core.progress import Progress
from recemb_core.session_file import SessionFile
from recemb_core.sweeps import Choices, Ground, Journal, Range, Run, Space, Step, Sweep, SweepPlan, seed_of

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


def killed(arguments: list[str], place: Path, rng: random.Random, kills: int, runs: tuple[int, int]) -> list[Run]:
    """What ``recemb`` with these arguments has kept in a sweep's file after so many times of ``kill -9``.

    Each time it is killed at a random moment after so many more runs. The file then holds whole runs alone, those that
    it held before among them.
    """
    known, deadline = list[Run](), time.monotonic() + 300
    for _ in range(kills):
        command = [sys.executable, "-m", "recemb_core", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        goal = len(known) + rng.randint(*runs)
        while not (place.exists() and len(Journal.read(place)[1]) >= goal):
            assert process.poll() is None, "it ended before it was killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = Journal.read(place)[1]
        assert len(found) >= goal
        assert list(map(lasting, found[: len(known)])) == list(map(lasting, known))
        known = found
    return known


def lasting(run: Run) -> tuple[Any, ...]:
    """What a run says that does not depend on how long it took."""
    aims = {name: value for name, value in run.aims.items() if "seconds" not in name}
    return run.setting, run.seed, run.stage, np.asarray(run.users).tolist(), aims
