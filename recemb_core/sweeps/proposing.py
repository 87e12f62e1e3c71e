"""Which setting is tried next: the grid, a draw, or Optuna's guess from what the others got."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from recemb_core.sweeps.plan import COSTS, SweepPlan
from recemb_core.sweeps.records import Run, by_setting
from recemb_core.sweeps.space import Choices, Space, same_values
from recemb_core.validation import UsageError

_TRIES = 200  # draws before a small space counts as used up
_STARTUP = 10  # settings at random before TPE has anything to go by


def propose(plan: SweepPlan, defaults: Mapping[str, Any], runs: Sequence[Run]) -> dict[str, Any] | None:
    """The values of the next setting; None where the space has no other.

    Setting 0 is the default. A proposal follows from the plan and the runs alone, so a sweep that was broken off goes
    on as if nothing had happened. (Times differ from run to run; where TPE has one for an aim, so do its proposals.)

    >>> from recemb_core.sweeps.space import Range
    >>> plan = SweepPlan(model="item2vec", space=Space((Range("window", 1, 9, whole=True),)))
    >>> propose(plan, {"window": 5}, [])
    {'window': 5}
    """
    tried = _tried(runs)
    if not tried:
        return dict(defaults)
    number = max(tried) + 1
    if plan.sampler == "grid":
        order = _grid_order(plan.space, plan.seed)
        return next((one for one in order if not _known(one, tried)), None)
    if len(tried) >= plan.space.size:
        covered = sum(not same_values(values, defaults) for values in tried.values())
        inside = all(_holds(one, defaults) for one in plan.space.dimensions)
        if covered + inside >= plan.space.size:
            return None
    rng = np.random.default_rng([plan.seed, number])
    if plan.sampler == "tpe" and number > min(_STARTUP, plan.trials // 3):
        found = _by_tpe(plan, runs, number)
        if not _known(found, tried):
            return found
    for _ in range(_TRIES):
        found = plan.space.draw(rng)
        if not _known(found, tried):
            return found
    return None


def _tried(runs: Sequence[Run]) -> dict[int, dict[str, Any]]:
    return {run.setting: run.values for run in runs}


def _known(values: Mapping[str, Any], tried: Mapping[int, Mapping[str, Any]]) -> bool:
    return any(same_values(values, one) for one in tried.values())


def _holds(dimension: Any, values: Mapping[str, Any]) -> bool:
    value = values[dimension.name]
    if isinstance(dimension, Choices):
        return any(same_values({"v": value}, {"v": one}) for one in dimension.values)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return bool(number and dimension.low <= value <= dimension.high)


@lru_cache(maxsize=8)
def _grid_order(space: Space, seed: int) -> list[dict[str, Any]]:
    """The grid in an order of chance, so that one that is broken off has seen something of everything."""
    grid = space.grid()
    return [grid[int(i)] for i in np.random.default_rng(seed).permutation(len(grid))]


def tpe_is_there() -> bool:
    """Whether Optuna can be had."""
    from importlib.util import find_spec

    return find_spec("optuna") is not None


def require_tpe() -> None:
    """Refuse to go on without Optuna.

    Raises:
        UsageError: it is not installed.
    """
    if not tpe_is_there():
        raise UsageError(
            "sampler 'tpe' needs Optuna: install recemb-explorer[sweep], or take 'random' or 'grid', which need nothing"
        )


def _by_tpe(plan: SweepPlan, runs: Sequence[Run], number: int) -> dict[str, Any]:
    """The proposal of a study that is told of every setting; the seed goes by the number, so it needs no memory.

    References:
        Bergstra, Bardenet, Bengio, Kégl, *Algorithms for Hyper-Parameter Optimization* (NIPS 2011).
    """
    require_tpe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = study_of(plan, runs, aims=plan.aims, seed=(plan.seed + number) % 2**32)
        asked = study.ask({one.name: _distribution(one) for one in plan.space.dimensions}).params
    return {one.name: _decoded(one, asked[one.name]) for one in plan.space.dimensions}


def study_of(plan: SweepPlan, runs: Sequence[Run], *, aims: Sequence[str], seed: int = 0) -> Any:
    """An Optuna study in memory that is told of every setting; values outside of what varies are left out.

    Choices stand in it by their number, for Optuna takes plain values alone.
    """
    import optuna

    distributions = {one.name: _distribution(one) for one in plan.space.dimensions}
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(
            directions=["minimize" if aim in COSTS else "maximize" for aim in aims],
            sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=0),
        )
        for alike in by_setting(runs).values():
            params = {one.name: _coded(one, alike[0].values[one.name]) for one in plan.space.dimensions}
            if None not in params.values():  # the default may lie outside
                values = [float(np.mean([run.aims[aim] for run in alike])) for aim in aims]
                study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, values=values))
    finally:
        optuna.logging.set_verbosity(before)
    return study


def _distribution(one: Any) -> Any:
    import optuna

    if isinstance(one, Choices):
        return optuna.distributions.CategoricalDistribution(list(range(len(one.values))))
    if one.whole:
        return optuna.distributions.IntDistribution(int(one.low), int(one.high), log=one.log)
    return optuna.distributions.FloatDistribution(one.low, one.high, log=one.log)


def _coded(one: Any, value: Any) -> Any:
    if not _holds(one, {one.name: value}):
        return None
    if isinstance(one, Choices):
        return next(i for i, own in enumerate(one.values) if same_values({"v": own}, {"v": value}))
    return value


def _decoded(one: Any, value: Any) -> Any:
    if isinstance(one, Choices):
        return one.values[value]
    return int(value) if one.whole else min(max(float(f"{value:.4g}"), one.low), one.high)
