"""Trials of Optuna as records of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recemb_core.runs.arrays import USERS, VECTORS, Arrays
from recemb_core.runs.notes import Said
from recemb_core.runs.record import RunRecord, Score, State
from recemb_core.runs.spec import RunSpec

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

RUN, RUN_ID, RESULT, FAILED = "run", "run_id", "result", "failed"  # attributes of a trial
DONE: State = "finished"


def record_of(study: str, trial: FrozenTrial, said: Said, arrays: Arrays) -> RunRecord | None:
    """A trial as a record; None of one that is no run of this program, or of a version that it cannot read."""
    try:
        told = trial.user_attrs[RUN]
        spec = RunSpec.from_plain(told["spec"])
        result = trial.user_attrs.get(RESULT, {})
        scores = {name: Score(**values) for name, values in result.get("scores", {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    complete, over = trial.state.name in ("COMPLETE", "PRUNED"), trial.state.is_finished()
    state: State = DONE if complete and result else "failed" if over else "running"
    files = [path for name in (VECTORS, USERS) if (path := arrays.path(trial, name)) is not None]
    return RunRecord(
        run_id=told["id"],
        study=study,
        number=trial.number,
        trial_id=trial._trial_id,
        spec=spec,
        state=state,
        begun=trial.datetime_start,
        ended=trial.datetime_complete,
        sentence=str(trial.user_attrs.get(FAILED, "")),
        seconds=result.get("seconds"),
        peak_bytes=result.get("peak_bytes"),
        scores=scores,
        figures={str(name): float(value) for name, value in result.get("figures", {}).items()},
        bytes=sum(path.stat().st_size for path in files),
        has_vectors=state == DONE and arrays.path(trial, VECTORS) is not None,
        has_users=state == DONE and arrays.path(trial, USERS) is not None,
        note=said.note,
        tags=said.tags,
        pinned=said.pinned,
    )


def best_of(records: list[RunRecord]) -> RunRecord:
    """Of several trainings of one run the one to show: finished, with vectors, the newest."""
    return max(records, key=lambda one: (one.state == DONE, one.has_vectors, one.state == "running", str(one.begun)))
