"""A sweep at work: run after run until it is over, paused or stopped; what was done is kept at every moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from recemb_core.progress import Progress, TrainingCancelled
from recemb_core.sweeps.ground import Ground
from recemb_core.sweeps.measuring import Measured, measure_step
from recemb_core.sweeps.plan import SweepPlan
from recemb_core.sweeps.racing import next_step, runs_in_all, seed_of
from recemb_core.sweeps.records import STAGES, Journal, Run, Step
from recemb_core.sweeps.space import in_words
from recemb_core.sweeps.winner import Verdict, judge
from recemb_core.validation import UsageError
from recemb_core.versions import versions_of


class Work(Protocol):
    """How one function is done: here, or in a process of its own."""

    def __call__(self, function: Callable[..., Any], /, *args: Any, progress: Progress, **named: Any) -> Any:
        """The function's value; what ``progress`` raises ends it."""


def here(function: Callable[..., Any], /, *args: Any, progress: Progress, **named: Any) -> Any:
    """Done in this very process."""
    return function(*args, progress=progress, **named)


class Keeper(Protocol):
    """Where trainings go beside the journal, and where those that are there already are found."""

    def find(self, step: Step) -> Run | None:
        """The run of a step whose training is there; None where it has to be done."""

    def keep(self, run: Run, found: Measured) -> None:
        """Keep what a run gave."""


class Stop(TrainingCancelled):
    """The run under way is not wanted any more."""


@dataclass
class Control:
    """Pause and stop of a sweep, from another thread.

    >>> control = Control()
    >>> control.pause()
    >>> control.wanted
    False
    """

    _pause: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)

    def pause(self) -> None:
        """End when the run under way is done."""
        self._pause.set()

    def stop(self) -> None:
        """End at once; the run under way is lost."""
        self._pause.set()
        self._stop.set()

    @property
    def wanted(self) -> bool:
        """Whether another run may begin."""
        return not self._pause.is_set()

    def check(self) -> None:
        """Raise :class:`Stop` where the run under way shall end."""
        if self._stop.is_set():
            raise Stop("the sweep was stopped")


@dataclass(eq=False)
class Sweep:
    """A sweep on its ground, with its runs so far; :meth:`go` does the rest.

    Attributes:
        ground: see :class:`~recemb_core.sweeps.ground.Ground`.
        journal: where runs are kept; None: in memory alone.
        store: see :class:`Keeper`; :class:`~recemb_core.sweeps.keeping.InStore` keeps vectors and figures as runs.
        runs: so far.

    >>> from recemb_core.datasets import load_dataset
    >>> from recemb_core.sweeps import Choices, Space
    >>> plan = SweepPlan(model="PPMI-SVD", space=Space((Choices("dimensions", (4, 8)),)), trials=3)
    >>> sweep = Sweep(Ground.of(plan, load_dataset("planted_shop").sequences))
    >>> verdict = sweep.go()
    >>> len(sweep.runs), verdict.tried
    (3, 3)
    """

    ground: Ground
    journal: Journal | None = None
    store: Keeper | None = None
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.journal is not None:
            self.runs = list(self.journal.runs)

    @property
    def plan(self) -> SweepPlan:
        return self.ground.plan

    @property
    def seeded(self) -> bool:
        """Whether another seed gives another result."""
        return self.ground.base.seeded or (self.plan.with_index and self.ground.may_be_seeded)

    def next(self) -> Step | None:
        """The run that comes next; None where the sweep is over."""
        return next_step(self.plan, self.ground.defaults, self.runs, seeded=self.seeded)

    @property
    def verdict(self) -> Verdict | None:
        """What it has found; None while it is not over."""
        return judge(self.plan, self.runs, seeded=self.seeded, whom=self.ground.whom)

    @property
    def in_all(self) -> int:
        """Runs that it takes, as far as that can be told now."""
        return max(runs_in_all(self.plan, self.runs, seeded=self.seeded), len(self.runs))

    def go(
        self,
        *,
        work: Work = here,
        control: Control | None = None,
        progress: Progress | None = None,
        told: Callable[[Run], None] = lambda run: None,
    ) -> Verdict | None:
        """Do runs until the sweep is over, or paused, or stopped; the verdict where it is over.

        Args:
            work: how a run is done.
            control: pauses and stops it.
            progress: called with (fraction, what is being done).
            told: called with each run that is done.

        Raises:
            UsageError: the disk is full, or a process was lost; what was done before is kept.
        """
        control = control or Control()
        while control.wanted and (step := self.next()) is not None:
            done, total = len(self.runs), max(self.in_all, len(self.runs) + 1)
            words = f"run {done + 1} of {total}, {STAGES[step.stage]} at {in_words(step.values, self.ground.defaults)}"

            def tell(fraction: float, stage: str, done: int = done, total: int = total, words: str = words) -> None:
                control.check()
                if progress is not None:
                    progress(min((done + fraction) / total, 1.0), words)

            try:
                tell(0.0, "")
                run, found = self._done(step, work, tell)
            except TrainingCancelled:
                if not control.wanted:
                    return None
                raise
            # The store first: where the program ends between the two, the run is found there.
            if found is not None and self.store is not None:
                self.store.keep(run, found)
            if self.journal is not None:
                self.journal.add(run)
            self.runs.append(run)
            told(run)
        return self.verdict if self.next() is None else None

    def _done(self, step: Step, work: Work, tell: Progress) -> tuple[Run, Measured | None]:
        begun = time.perf_counter()
        if self.store is not None and (there := self.store.find(step)) is not None:
            return there, None
        try:
            found: tuple[Run, Measured | None] = work(
                measure_step, self.ground, step, keep=self.store is not None, progress=tell
            )
        except UsageError as error:  # its process was lost, of too much memory: another setting may be smaller
            seed, seconds = seed_of(self.plan, step.setting, step.repeat), time.perf_counter() - begun
            return Run(*step, seed=seed, users=np.empty(0), seconds=seconds, failed=str(error)), None
        return found


def head_of(ground: Ground) -> dict[str, Any]:
    """What a sweep is known by: plan, data, first setting, and versions of what computes it."""
    plan = ground.plan
    configs = [ground.base.entry.config]
    if not plan.by_structure:
        configs += [c for c in (ground.base.entry.query, plan.protocol) if c is not None]
    budget: Mapping[str, Any] = {name: plan.to_toml().get(name) for name in ("trials", "minutes")}
    return {
        **known_by(ground),
        "budget": budget,
        "data": ground.source,
        "versions": versions_of("scores" if plan.by_structure else "leaderboard", *configs),
    }


def known_by(ground: Ground) -> dict[str, Any]:
    """What is swept, data, budget and versions aside: model, seed, plan, first setting; plain values."""
    plan = ground.plan
    own = {name: value for name, value in plan.to_toml().items() if name not in ("trials", "minutes")}
    graph = None if ground.base.graph is None else asdict(ground.base.graph)
    base = {"config": asdict(ground.base.entry.config), "graph": graph}
    return {"model": plan.model, "seed": plan.seed, "sweep": _alike(own), "base": base}


def _alike(value: Any) -> Any:
    """Plain values with 1.0 written as 1: they are one setting, whether a grid or a box of text says it."""
    if isinstance(value, Mapping):
        return {name: _alike(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_alike(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def rows(plan: SweepPlan, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The leaderboard so far, a row a setting, the best mean first; settings that failed at the end.

    Keys: ``setting``, ``values``, one an aim (mean over its runs), ``runs``, ``fresh`` (of these, with seeds of the
    last stage), ``failed``.
    """
    found: dict[int, dict[str, Any]] = {}
    for run in runs:
        row = found.setdefault(run.setting, {"setting": run.setting, "values": run.values, "all": [], "failed": ""})
        if run.failed:
            row["failed"] = run.failed
        else:
            row["all"].append(run)
    for row in found.values():
        alike: list[Run] = row.pop("all")
        for aim in plan.aims:
            row[aim] = float(np.mean([run.aims[aim] for run in alike])) if alike else None
        row["runs"], row["fresh"] = len(alike), sum(run.stage == "final" for run in alike)
    first = plan.aims[0]
    return sorted(found.values(), key=lambda row: (row[first] is None, -(row[first] or 0.0), row["setting"]))
