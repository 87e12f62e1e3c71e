"""What a sweep's trainings leave for the pages, and what the pages have of them already; kept runs beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pages.kit import model_results
from pages.kit.results import Results
from recemb_core import precomputed
from recemb_core.experiments.leaderboard import Trained
from recemb_core.sweeps import Ground, Measured, Run, Step, Structure, seed_of
from recemb_core.sweeps.measuring import structure_of
from recemb_core.sweeps.running import Keeper


def figures_key(ground: Ground, config: Any) -> tuple[Any, ...]:
    """What the figures of a training of all of the data are found by, whatever sweep it was of."""
    return "figures of a training", ground.source, config


@dataclass(eq=False)
class OnPages:
    """Finds and keeps trainings of all of the data where pages have theirs, then as kept runs.

    A training of a sweep by structure is what the node2vec page shows of its settings, so neither does it twice. Those
    of a log that is split are of the sweep alone.

    Attributes:
        results: of the data; taken by the page, for a thread has no session.
        ground: of the sweep.
        beside: where runs are kept, or None.
    """

    results: Results
    ground: Ground
    beside: Keeper | None = None

    def find(self, step: Step) -> Run | None:
        if self.beside is not None and (there := self.beside.find(step)) is not None:
            return there
        plan, seed = self.ground.plan, seed_of(self.ground.plan, step.setting, step.repeat)
        # What it took is not known, so a sweep that asks for it trains; and fresh seeds are fresh.
        if not plan.by_structure or plan.with_index or "seconds" in plan.aims or step.stage == "final":
            return None
        aims = self.figures(self.ground.setting(step.values).with_seed(seed).entry.config)
        if aims is None or any(aim not in aims for aim in plan.aims):
            return None
        return Run(*step, seed=seed, users=np.array([aims[plan.aims[0]]]), aims=aims)

    def figures(self, config: Any) -> dict[str, float] | None:
        """Those of a training, where they or its vectors are there."""
        found: dict[str, float] | None = self.results.get(figures_key(self.ground, config))
        structure = self.ground.asked
        if found is None and isinstance(structure, Structure):
            source = structure.trained_on(config)
            vectors = self.results.get(model_results.key_of(source, config)) or precomputed.load_vectors(source, config)
            if vectors is not None:
                found = structure_of(self.ground, Trained(vectors, float("nan")))[1]
                self.results.put(figures_key(self.ground, config), found)
        return found

    def keep(self, run: Run, found: Measured) -> None:
        if self.beside is not None:
            self.beside.keep(run, found)
        if isinstance(self.ground.asked, Structure) and not self.ground.plan.with_index:
            config = found.vectors.config
            self.results.put(figures_key(self.ground, config), dict(run.aims))
            if run.repeat < 2:  # of the maps: one seed each, and two at p = q = 1
                self.results.put(model_results.key_of(self.ground.asked.trained_on(config), config), found.vectors)


def put_figures(results: Results, ground: Ground, runs: list[Run]) -> None:
    """Let other sweeps of the same first setting find what these runs gave."""
    for run in runs:
        if not run.failed and run.stage != "final":
            config = ground.setting(run.values).with_seed(run.seed).entry.config
            results.put(figures_key(ground, config), dict(run.aims))
