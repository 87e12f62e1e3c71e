"""How much each parameter decides: shares of the variance between settings, by fANOVA where there is Optuna."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.sweeps.plan import SweepPlan
from recemb_core.sweeps.proposing import tpe_is_there
from recemb_core.sweeps.records import Run, by_setting
from recemb_core.sweeps.space import Choices, Dimension, same_values

LEAST_SETTINGS = 8
_GROUPS = 4  # that a range is cut into


@dataclass(frozen=True)
class Importance:
    """Shares of parameters.

    Attributes:
        shares: parameter → share of the variance between settings that it explains alone, the largest first.
        how: "fANOVA" or "variance ratio".
        settings: that it is worked out from.
        noise: share of that variance that seeds alone would make; NaN where no setting has two runs.
    """

    shares: dict[str, float]
    how: str
    settings: int
    noise: float


def importance(plan: SweepPlan, runs: Sequence[Run], *, fanova: bool | None = None) -> Importance | None:
    """Which parameters decide on the first aim, by the first training of each setting; None below eight settings.

    *Variance ratio* of a parameter, its values cut into at most four groups g of n_g settings with means m_g (ε²):

        (Σ_g n_g (m_g − m)² − (G − 1) s²) / Σ (y − m)²,    s² = variance within groups,

    which is what the groups explain, less what as many groups of chance would; not below 0. *fANOVA* fits a forest to
    the settings and takes the variance of each parameter's marginal; it adds up to 1, noise included, so a parameter
    that does nothing has a share too.

    Args:
        plan: of the sweep.
        runs: of it.
        fanova: whether by Optuna's fANOVA; by default where Optuna is there.

    References:
        Hutter, Hoos, Leyton-Brown, *An Efficient Approach for Assessing Hyperparameter Importance* (ICML 2014).
        Kelley, *An Unbiased Correlation Ratio Measure* (PNAS 1935): ε².
    """
    first = {n: alike[0] for n, alike in by_setting(runs).items() if alike[0].repeat == 0}
    inside = [run for run in first.values() if all(_inside(one, run) for one in plan.space.dimensions)]
    if len(inside) < LEAST_SETTINGS:
        return None
    figures = np.array([run.mean for run in inside])
    if figures.std() == 0:
        return None
    by_optuna = tpe_is_there() if fanova is None else fanova
    if by_optuna and len(plan.space.dimensions) > 1:
        shares, how = _fanova(plan, inside), "fANOVA"
    else:
        shares, how = (
            {one.name: _ratio(_groups(one, inside), figures) for one in plan.space.dimensions},
            "variance ratio",
        )
    ordered = dict(sorted(shares.items(), key=lambda pair: -pair[1]))
    return Importance(ordered, how, len(inside), _noise(runs, figures))


def _inside(one: Dimension, run: Run) -> bool:
    value = run.values[one.name]
    if isinstance(one, Choices):
        return any(same_values({"v": own}, {"v": value}) for own in one.values)
    return bool(one.low <= value <= one.high)


def _groups(one: Dimension, runs: Sequence[Run]) -> Int64Array:
    values = [run.values[one.name] for run in runs]
    if isinstance(one, Choices):
        return np.array(
            [next(i for i, own in enumerate(one.values) if same_values({"v": own}, {"v": v})) for v in values]
        )
    rank: Int64Array = np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.int64)
    return rank * _GROUPS // len(values)


def _ratio(groups: Int64Array, figures: Float64Array) -> float:
    whole = float(((figures - figures.mean()) ** 2).sum())
    parts = [figures[groups == group] for group in np.unique(groups)]
    within = float(sum(((part - part.mean()) ** 2).sum() for part in parts))
    left = len(figures) - len(parts)
    if left <= 0:
        return 0.0
    return max(0.0, (whole - within - (len(parts) - 1) * within / left) / whole)


def _fanova(plan: SweepPlan, runs: Sequence[Run]) -> dict[str, float]:
    import optuna

    from recemb_core.sweeps.proposing import study_of

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = study_of(plan, runs, aims=plan.aims[:1])
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=plan.seed)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
        return {name: float(share) for name, share in found.items()}


def _noise(runs: Sequence[Run], figures: Float64Array) -> float:
    """Variance of a training by its seed, pooled over settings that have several, beside that between settings."""
    several = [[run.mean for run in alike] for alike in by_setting(runs).values() if len(alike) > 1]
    if not several:
        return float("nan")
    spread = sum(float(np.var(means)) * len(means) for means in several)
    degrees = sum(len(means) - 1 for means in several)
    return min(1.0, spread / degrees / float(figures.var(ddof=1)))
