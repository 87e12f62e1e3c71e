"""Runs that are kept: what was trained on which data with which settings, its vectors and its scores.

A store is a folder with Optuna's storage (SQLite) and its artifact store, so that other programs read it as well; it
needs the extra ``[sweep]``.

::

    store = RunStore.open("runs")
    spec = RunSpec.measured(cases, entry, seed=0, name=prepared.name, fingerprint=prepared.fingerprint)
    if store.find(spec) is None:
        with store.begin("groceries", spec) as handle:
            trained = train_entry(cases, entry, seed=0)
            handle.finish(vectors=trained.model, scores=measure_trained(cases, entry, trained), seconds=trained.seconds)
"""

from recemb_core.runs.handle import RunHandle
from recemb_core.runs.limits import RunLimits, default_folder
from recemb_core.runs.record import RunRecord, Score
from recemb_core.runs.spec import RunSpec
from recemb_core.runs.store import RunStore

__all__ = ["RunHandle", "RunLimits", "RunRecord", "RunSpec", "RunStore", "Score", "default_folder"]
