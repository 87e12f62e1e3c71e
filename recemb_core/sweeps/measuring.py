"""One run of one setting: trained, asked about every user, and what of it a sweep keeps."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from recemb_core.arrays import Float64Array
from recemb_core.embeddings import ItemVectors
from recemb_core.experiments.leaderboard import METRICS, EntryRun, Trained, measure_trained, train_entry
from recemb_core.experiments.leaderboard.board import by_user
from recemb_core.experiments.leaderboard.measuring import held_bytes
from recemb_core.peak_memory import PeakMemory
from recemb_core.progress import Progress
from recemb_core.sweeps.ground import Ground, Setting, cases_for
from recemb_core.sweeps.indexes import IndexMeasures, measure_index
from recemb_core.sweeps.plan import COSTS
from recemb_core.sweeps.racing import seed_of
from recemb_core.sweeps.records import Run, Step
from recemb_core.sweeps.structure import Structure
from recemb_core.validation import UsageError


@dataclass(frozen=True, eq=False)
class Measured:
    """What a run gave.

    Attributes:
        users: figure of each user (of an index: of each item asked) by the first aim, float64 (users,).
        aims: every aim of the plan → its figure: qualities as means, costs as they are. By structure both scores are
            among them, whichever decides.
        train_seconds: of training, a graph that it walks included.
        run: the whole measurement of the model; None where nobody was asked.
        vectors: that were trained.
        peak_bytes: the most memory that the process had while it trained, libraries included; None where that is not
            known, or another setting shares the training.
    """

    users: Float64Array
    aims: dict[str, float]
    train_seconds: float
    run: EntryRun | None
    vectors: ItemVectors
    peak_bytes: int | None = None


def measure_setting(ground: Ground, setting: Setting, seed: int, *, progress: Progress | None = None) -> Measured:
    """Train a setting with a seed on the training part, and ask it about the validation part.

    Args:
        ground: see :class:`Ground`.
        setting: of this ground.
        seed: of everything random in it.
        progress: called with (fraction, stage).

    Raises:
        UsageError: the data lacks what the model needs.
    """
    own, memory = setting.with_seed(seed), PeakMemory()
    trained = _trained(ground, own, seed, progress)
    peak = None if ground.plan.shares_trainings else memory.bytes
    asked = not isinstance(ground.asked, Structure)
    run = measure_trained(cases_for(ground, own), own.entry, trained, seed) if asked else None
    index = None if own.index is None else measure_index(trained.model, own.index, ground.plan.protocol.k)
    users, aims = figures_of(ground, run, index) if run is not None else structure_of(ground, trained, index)
    return Measured(users, aims, trained.seconds, run, trained.model, peak)


def figures_of(
    ground: Ground, run: EntryRun, index: IndexMeasures | None = None
) -> tuple[Float64Array, dict[str, float]]:
    """(figure of each user by the first aim, every aim's figure) of a measured model, and of an index over it."""
    plan, k, report = ground.plan, ground.plan.protocol.k, run.views["main"]
    figures: dict[str, Float64Array] = {name: by_user(report, name, k) for name in METRICS if name in plan.aims}
    asked = len(ground.cases.users)
    costs = {"seconds": run.train_seconds, "milliseconds": 1e3 * run.score_seconds / asked, "bytes": float(run.bytes)}
    if index is not None:
        figures["recall"] = index.recall
        costs |= {"milliseconds": index.milliseconds, "bytes": float(index.bytes)}
    aims = {name: costs[name] if name in COSTS else float(figures[name].mean()) for name in plan.aims}
    return figures[plan.aims[0]], aims


def structure_of(
    ground: Ground, trained: Trained, index: IndexMeasures | None = None
) -> tuple[Float64Array, dict[str, float]]:
    """(the first aim's figure, one alone unless it is an index's; every aim's) of a model of all of the data."""
    structure = ground.asked
    assert isinstance(structure, Structure)
    scores = structure.scores(trained.model)
    aims = dict.fromkeys((*ground.plan.aims, *scores))
    found = scores | {"seconds": trained.seconds, "bytes": float(held_bytes(trained.model))}
    if index is not None:
        costs = {"milliseconds": index.milliseconds, "bytes": float(index.bytes)}
        found |= {"recall": float(index.recall.mean()), **costs}
        if ground.plan.aims[0] == "recall":
            return index.recall, {aim: found[aim] for aim in aims}
    return np.array([found[ground.plan.aims[0]]]), {aim: found[aim] for aim in aims}


_KEPT = 3
_last: OrderedDict[Any, Trained] = OrderedDict()  # of this process: settings of an index are asked of the same vectors


def _trained(ground: Ground, own: Setting, seed: int, progress: Progress | None) -> Trained:
    def train() -> Trained:
        if isinstance(ground.asked, Structure):
            return ground.asked.train(own.entry.config, progress)
        return train_entry(cases_for(ground, own), own.entry, seed, progress=progress)

    if not ground.plan.shares_trainings:
        return train()
    key = (ground.source, own.training)
    if key not in _last:
        _last[key] = train()
    _last.move_to_end(key)
    while len(_last) > _KEPT:
        _last.popitem(last=False)
    return _last[key]


def measure_step(
    ground: Ground, step: Step, *, keep: bool = False, progress: Progress | None = None
) -> tuple[Run, Measured | None]:
    """(the run of a step, with ``keep`` all of it); a setting that is not possible, or fails, says why in its run."""
    begun, seed = time.perf_counter(), seed_of(ground.plan, step.setting, step.repeat)
    try:
        found = measure_setting(ground, ground.setting(step.values), seed, progress=progress)
    except UsageError as error:
        seconds = time.perf_counter() - begun
        return Run(*step, seed=seed, users=np.empty(0), seconds=seconds, failed=f"{error}"), None
    run = Run(
        *step,
        seed=seed,
        users=found.users,
        aims=found.aims,
        train_seconds=found.train_seconds,
        seconds=time.perf_counter() - begun,
    )
    return run, found if keep else None
