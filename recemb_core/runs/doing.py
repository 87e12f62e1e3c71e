"""Runs that are looked for before they are done, and kept when they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.registry import train_model
from recemb_core.experiments.leaderboard import Entry, EntryRun, PartCases, Trained, measure_trained, train_entry
from recemb_core.peak_memory import PeakMemory
from recemb_core.progress import Cancel, Progress
from recemb_core.runs.record import RunRecord
from recemb_core.runs.spec import RunSpec
from recemb_core.timing import timed

if TYPE_CHECKING:
    from recemb_core.prepared import Prepared
    from recemb_core.runs.store import RunStore


def kept_vectors(
    store: RunStore, config: object, prepared: Prepared, *, progress: Progress | None = None, cancel: Cancel = None
) -> tuple[ItemVectors, RunRecord, bool]:
    """(vectors of a model trained on all of the data, their run, whether they were trained now).

    Args:
        store: that is asked first, and keeps them.
        config: of any registered model.
        prepared: the data.
        progress, cancel: of the training.
    """
    spec = RunSpec.of(config, prepared)
    found = store.find(spec)
    if found is not None and found.has_vectors:
        return store.load(found.run_id), found, False
    graph = prepared.graph if spec.graph or prepared.own_graph is not None else None
    with store.begin(spec.study, spec) as handle:
        peak = PeakMemory()
        vectors, seconds = timed(
            lambda: train_model(
                config,
                sequences=prepared.sequences,
                graph=graph,
                side_info=prepared.side_info,
                progress=progress,
                cancel=cancel,
            )
        )
        return vectors, handle.finish(vectors=vectors, seconds=seconds, peak_bytes=peak.bytes), True


def kept_measurement(
    store: RunStore,
    cases: PartCases,
    entry: Entry,
    seed: int = 0,
    *,
    name: str,
    fingerprint: str,
    session: str = "",
    study: str = "",
    progress: Progress | None = None,
    cancel: Cancel = None,
) -> tuple[EntryRun, RunRecord, bool]:
    """(what a row got with one seed, its run, whether it was trained now); rows asked in several ways train once each.

    Args:
        store: that is asked first, and keeps it.
        cases, entry, seed: see :func:`~recemb_core.experiments.leaderboard.measure`.
        name, fingerprint, session: see :meth:`RunSpec.measured`.
        study: that it is done for; by default that of its data and question.
        progress, cancel: of the training.
    """
    spec = RunSpec.measured(cases, entry, seed, name=name, fingerprint=fingerprint, session=session)
    found = store.find(spec)
    if found is not None and found.has_users:
        return store.user_scores(found.run_id), found, False
    with store.begin(study or spec.study, spec) as handle:
        peak = PeakMemory()
        trained: Trained = train_entry(cases, entry, seed, progress=progress, cancel=cancel)
        most = peak.bytes
        run = measure_trained(cases, entry, trained, seed)
        vectors = trained.model if isinstance(trained.model, ItemVectors) else None
        return run, handle.finish(vectors=vectors, scores=run, seconds=trained.seconds, peak_bytes=most), True
