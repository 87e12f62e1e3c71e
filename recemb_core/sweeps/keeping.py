"""A sweep's runs in a store of runs: each training a trial of one study, with its vectors and its users' figures."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.embeddings.registry import spec_of
from recemb_core.experiments.leaderboard import Trained
from recemb_core.plans import whole_session
from recemb_core.runs.spec import RunSpec
from recemb_core.session_file import SessionFile
from recemb_core.sweeps.ground import Ground, Setting
from recemb_core.sweeps.measuring import Measured, figures_of, structure_of
from recemb_core.sweeps.plan import COSTS, STRUCTURE
from recemb_core.sweeps.racing import seed_of
from recemb_core.sweeps.records import Run, Step
from recemb_core.sweeps.structure import Structure
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from recemb_core.runs.store import RunStore


@dataclass(eq=False)
class InStore:
    """Keeps a sweep's trainings in a :class:`~recemb_core.runs.RunStore`, and finds those that are there already.

    The store knows models and queries, not indexes: of settings that share a training the first one is kept.

    Attributes:
        store: where.
        study: that the runs are trials of.
        ground: of the sweep.
        name, fingerprint, session: of the whole data, see :meth:`RunSpec.measured`.
        known: ids of runs that are there.
    """

    store: RunStore
    study: str
    ground: Ground
    name: str
    fingerprint: str
    session: str = ""
    known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        directions = ["minimize" if aim in COSTS else "maximize" for aim in self.ground.plan.aims]
        self.store.study(self.study, directions=directions)  # type: ignore[arg-type]
        records = self.store.runs(fingerprint=self.fingerprint)
        self.known = {one.run_id for one in records if one.state == "finished"}

    def spec(self, setting: Setting, seed: int) -> RunSpec:
        """What a training of a setting is known by; a graph of its own is part of what it was trained on."""
        own = setting.with_seed(seed)
        if isinstance(self.ground.asked, Structure):
            return self._spec_of_all(self.ground.asked, own.entry.config)
        about = {"name": self.name, "fingerprint": self.fingerprint, "session": self.session}
        spec = RunSpec.measured(self.ground.cases, own.entry, seed, **about)
        if setting.graph is None:
            return spec
        graph = dataclasses.asdict(setting.graph)
        if setting.graph != self.ground.base.graph:
            words = ",".join(f"{name}={value}" for name, value in graph.items())
            spec = dataclasses.replace(spec, trained_on=f"{spec.trained_on}+{words}")
        return dataclasses.replace(spec, graph=graph)

    def _spec_of_all(self, structure: Structure, config: Any) -> RunSpec:
        """Vectors of all of the data, the same run as the node2vec page and ``recemb train`` keep."""
        saved, spec = SessionFile.from_toml(self.session) if self.session else SessionFile(), spec_of(config)
        return RunSpec(
            data=self.name,
            fingerprint=self.fingerprint,
            trained_on=structure.trained_on(config),
            model=spec.name,
            config=config,
            graph=structure.edges if "graph" in spec.needs else {},
            session=whole_session(dataclasses.replace(saved, sweep={}), config).to_toml(),
        )

    def keep(self, run: Run, found: Measured) -> None:
        """Keep a finished run, once."""
        spec = self.spec(self.ground.setting(run.values), run.seed)
        if spec.run_id in self.known:
            return
        with self.store.begin(self.study, spec) as handle:
            handle.finish(
                vectors=found.vectors,
                scores=found.run,
                figures={aim: found.aims[aim] for aim in STRUCTURE if aim in found.aims},
                seconds=found.train_seconds,
                peak_bytes=found.peak_bytes,
                values=[run.aims[aim] for aim in self.ground.plan.aims],
            )
        self.known.add(spec.run_id)

    def find(self, step: Step) -> Run | None:
        """The run of a step, of a training that is there; None where an index has to be asked, or nothing is there."""
        plan, begun = self.ground.plan, time.perf_counter()
        if plan.with_index:
            return None
        seed = seed_of(plan, step.setting, step.repeat)
        spec = self.spec(self.ground.setting(step.values), seed)
        if spec.run_id not in self.known:
            return None
        try:
            if plan.by_structure:
                seconds = self.store.record(spec.run_id).seconds
                if seconds is None:  # kept from a page that had it ready: what its training took is not known
                    return None
                users, aims = structure_of(self.ground, Trained(self.store.load(spec.run_id), seconds))
            else:
                run = self.store.user_scores(spec.run_id)
                seconds = run.train_seconds
                users, aims = figures_of(self.ground, run)
        except UsageError:  # somebody has deleted it meanwhile, or its vectors made room: it is trained again
            self.known.discard(spec.run_id)
            return None
        return Run(
            *step,
            seed=seed,
            users=np.asarray(users),
            aims=aims,
            train_seconds=seconds,
            seconds=time.perf_counter() - begun,
        )
