"""The kept runs of the data in use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pages.kit import kept_runs, results
from pages.kit.parameters import Scope
from pages.kit.session import ActiveData
from recemb_core.brought import Brought, BroughtConfig
from recemb_core.embeddings import ItemVectors
from recemb_core.foreign_text import inert
from recemb_core.runs import RunRecord, RunStore

RUNS_PAGE = Scope("runs")


@dataclass(frozen=True, eq=False)
class Kept:
    """What the views draw.

    Attributes:
        data: in use.
        store: of this server.
        runs: of this data, the newest first.
    """

    data: ActiveData
    store: RunStore
    runs: tuple[RunRecord, ...]

    @cached_property
    def by_id(self) -> dict[str, RunRecord]:
        """Runs by id."""
        return {one.run_id: one for one in self.runs}

    @property
    def finished(self) -> dict[str, RunRecord]:
        """Those that can be compared."""
        return {run_id: one for run_id, one in self.by_id.items() if one.state == "finished"}


def kept_of(data: ActiveData) -> Kept:
    """All of this data, whoever kept them: a page, the command line, a sweep."""
    store = kept_runs.store()
    return Kept(data, store, tuple(store.runs(fingerprint=data.fingerprint)))


def label_of(run: RunRecord) -> str:
    """A run in one line of a box: model, seed, what it is for, the first characters of its id; plain text."""
    seed = "" if run.spec.seed is None else f", seed {run.spec.seed}"
    part = "all data" if run.spec.protocol is None else run.spec.part
    score = f", HR@{run.scores['hr'].k} {run.scores['hr'].value:.3f}" if run.scores else ""
    config = run.spec.config
    file = f" {inert(config.name, 24)}" if isinstance(config, BroughtConfig) else ""
    return f"{run.spec.model}{file}{seed} · {part}{score} · {run.run_id[:6]}"


def vectors_of(kept: Kept, run: RunRecord) -> ItemVectors:
    """The vectors of a run, in the order of the data's items; of a file, of those that it has."""

    def load() -> ItemVectors:
        found = kept.store.load(run.run_id)
        if isinstance(run.spec.config, BroughtConfig):
            return Brought.of_kept(run.spec.config, found).aligned(kept.data.items)[0]
        return found

    vectors: ItemVectors = results.remember(kept.data, ("kept run", run.run_id), load)
    return vectors
