"""Area under the ROC curve, once for all that is scored by it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import AnyArray


def auc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """P(score of a 1 > score of a 0) + ½ P(equal), over all pairs of a 1 and a 0; NaN where a class is absent.

    >>> auc([1, 0, 1, 0], [0.9, 0.1, 0.4, 0.4])
    0.875
    """
    return weighted_auc(labels, scores)(np.ones(len(np.asarray(scores))))


def auc_of(ones: npt.ArrayLike, zeros: npt.ArrayLike) -> float:
    """:func:`auc` of two groups of scores.

    >>> auc_of([0.9, 0.4], [0.1, 0.4])
    0.875
    """
    groups = np.asarray(ones), np.asarray(zeros)
    return auc(np.repeat([1, 0], [len(group) for group in groups]), np.concatenate(groups))


def auc_error(value: float, ones: int, zeros: int) -> float:
    """Standard error of an AUC over so many ones and zeros (Hanley and McNeil).

    With A the AUC, Q₁ = A / (2 − A) and Q₂ = 2A² / (1 + A),

        SE² = (A(1 − A) + (ones − 1)(Q₁ − A²) + (zeros − 1)(Q₂ − A²)) / (ones · zeros).

    NaN where a class is absent.

    References:
        Hanley, McNeil, *The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve*
        (Radiology 1982).

    >>> round(auc_error(0.75, 200, 200), 4)
    0.0243
    """
    if not ones or not zeros:
        return float("nan")
    first, second = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (ones - 1) * (first - value**2) + (zeros - 1) * (second - value**2)
    return math.sqrt(max(spread, 0.0) / (ones * zeros))


def weighted_auc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> Callable[[AnyArray], float]:
    """AUC as a function of how often each row counts, (n,) → number; the sorting is done once.

    >>> weighted_auc([1, 0, 0], [0.5, 0.1, 0.9])(np.array([1, 3, 1]))
    0.75
    """
    distinct, place = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    y = np.asarray(labels) > 0

    def weighted(weights: AnyArray) -> float:
        ones = np.bincount(place, weights=weights * y, minlength=len(distinct))
        zeros = np.bincount(place, weights=weights * ~y, minlength=len(distinct))
        below = np.cumsum(zeros) - zeros / 2
        total = ones.sum() * zeros.sum()
        return float((ones * below).sum() / total) if total > 0 else float("nan")

    return weighted
