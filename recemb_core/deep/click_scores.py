"""Scores of yes-or-no predictions: AUC and log loss, with intervals that know that a user's rows belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import AnyArray, Float64Array, NumberArray
from recemb_core.auc import auc, weighted_auc

RESAMPLES = 200


@dataclass(frozen=True)
class ClickScores:
    """Scores of predictions on the same rows.

    Attributes:
        auc: probability that a taken item is scored above one that was not taken; 0.5 is chance.
        log_loss: mean of −log of the probability given to what happened, in nats; smaller is better.
        auc_interval, log_loss_interval: 95%, from drawing the users anew.
    """

    auc: float
    log_loss: float
    auc_interval: tuple[float, float]
    log_loss_interval: tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """One model's score minus another's on the same users.

    Attributes:
        value: the difference.
        low, high: its 95% interval; one that holds 0 says that the difference may be chance.
    """

    value: float
    low: float
    high: float


def log_loss(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """−mean[y log p + (1 − y) log(1 − p)], in nats.

    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    return float(_losses(np.asarray(labels), np.asarray(probabilities)).mean())


def _losses(y: NumberArray, p: NumberArray) -> Float64Array:
    p = np.clip(p.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(-np.where(y > 0, np.log(p), np.log1p(-p)))


def compare(
    labels: NumberArray,
    predictions: Mapping[str, AnyArray],
    users: NumberArray,
    *,
    against: str | None = None,
    seed: int = 0,
) -> tuple[dict[str, ClickScores], dict[str, Difference]]:
    """Scores of several models with 95% intervals, and AUC differences to one of them.

    The rows of a user belong together, so whole users are drawn with replacement, 200 times, the same for every model.

    Args:
        labels: (n,) 0 or 1.
        predictions: model → probability of each row, (n,).
        users: (n,) whose row it is.
        against: the model that the others are compared with; None: no differences.
        seed: of the draws.

    >>> scores, _ = compare(np.array([1, 0] * 50), {"coin": np.full(100, 0.5)}, np.arange(100) // 2)
    >>> scores["coin"].auc, scores["coin"].auc_interval
    (0.5, (0.5, 0.5))
    """
    _, group = np.unique(users, return_inverse=True)
    n_groups = int(group.max(initial=-1)) + 1
    rng = np.random.default_rng(seed)
    draws = [np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups)[group] for _ in range(RESAMPLES)]
    aucs, losses = {}, {}
    for name, p in predictions.items():
        weighted = weighted_auc(labels, p)
        each = _losses(labels, p)
        aucs[name] = np.array([weighted(w) for w in draws])
        losses[name] = np.array([np.average(each, weights=w) if w.any() else np.nan for w in draws])
    scores = {
        name: ClickScores(auc(labels, p), log_loss(labels, p), _interval(aucs[name]), _interval(losses[name]))
        for name, p in predictions.items()
    }
    differences = {}
    if against is not None:
        for name in predictions:
            low, high = _interval(aucs[name] - aucs[against])
            differences[name] = Difference(scores[name].auc - scores[against].auc, low, high)
    return scores, differences


def _interval(values: NumberArray) -> tuple[float, float]:
    low, high = np.nanquantile(values, [0.025, 0.975]) if np.isfinite(values).any() else (np.nan, np.nan)
    return float(low), float(high)
