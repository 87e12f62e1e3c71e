"""A run as an Optuna trial: its settings as parameters, which plots and importances know; and found by its id."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

from recemb_core.runs.reading import RUN, RUN_ID
from recemb_core.runs.spec import RunSpec

if TYPE_CHECKING:
    from optuna.storages import BaseStorage, RDBStorage
    from optuna.trial import FrozenTrial


def attributes_of(run: RunSpec) -> dict[str, Any]:
    """What a trial says of its run."""
    about = {"model": run.model, "data": run.data, "seed": run.seed}
    return {RUN_ID: run.run_id, RUN: {"id": run.run_id, "spec": run.to_plain()}, **about}


def new_trial(storage: BaseStorage, study: int, run: RunSpec) -> int:
    """A running trial, written in one go, with the numbers among a run's settings as its parameters.

    Words are attributes alone: Optuna asks that one name has the same choices in all trials of a study, and words that
    come as they come have not.
    """
    from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
    from optuna.trial import FrozenTrial, TrialState

    params: dict[str, Any] = {}
    forms: dict[str, BaseDistribution] = {}
    for name, value in run.settings.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            whole = isinstance(value, int)
            key = f"{run.model}_{name}"
            params[key] = value
            forms[key] = IntDistribution(int(value), int(value)) if whole else FloatDistribution(value, value)
    template = FrozenTrial(
        number=-1,  # the storage numbers it
        state=TrialState.RUNNING,
        value=None,
        datetime_start=datetime.datetime.now(),
        datetime_complete=None,
        params=params,
        distributions=forms,
        user_attrs=attributes_of(run),
        system_attrs={},
        intermediate_values={},
        trial_id=-1,
    )
    return storage.create_new_trial(study, template)


def trials_of(storage: RDBStorage, run_id: str) -> list[tuple[int, FrozenTrial]]:
    """(study, trial) of every training of a run, the oldest first; of all whose id begins so.

    Optuna itself can only list all trials of a study.
    """
    if not run_id.isalnum():
        return []
    wanted = (
        "SELECT t.study_id, t.trial_id FROM trials t JOIN trial_user_attributes a ON a.trial_id = t.trial_id "
        "WHERE a.key = ? AND a.value_json LIKE ? ORDER BY t.trial_id"
    )
    with storage.engine.begin() as connection:
        rows = connection.exec_driver_sql(wanted, (RUN_ID, f"{json.dumps(run_id)[:-1]}%")).fetchall()
    return [(study, storage.get_trial(trial)) for study, trial in rows]
