"""A run's settings as the parameters of an Optuna trial, so that its plots and importances know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recemb_core.runs.spec import RunSpec

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


def new_trial(storage: BaseStorage, study: int, run: RunSpec) -> int:
    """A running trial with the numbers among a run's settings as its parameters; words are attributes alone.

    Optuna asks that one name has choices of one kind in all trials of a study, which words that come as they come have
    not.
    """
    from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

    trial = storage.create_new_trial(study)
    for name, value in run.settings.items():
        number, kind = _number(value)
        if number is None:
            continue
        form: BaseDistribution = (
            IntDistribution(int(number), int(number)) if kind is int else FloatDistribution(number, number)
        )
        storage.set_trial_param(trial, f"{run.model}_{name}", number, form)
    for name, value in (("model", run.model), ("data", run.data), ("seed", run.seed)):
        storage.set_trial_user_attr(trial, name, value)
    return trial


def _number(value: Any) -> tuple[float | None, type]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, float
    return float(value), type(value)
