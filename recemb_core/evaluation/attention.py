"""What attention weights depend on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Float64Array, NumberArray
from recemb_core.evaluation.intervals import Estimate, mean_interval, share_interval
from recemb_core.validation import require


@dataclass(frozen=True, eq=False)
class AttentionTrend:
    """A weight against popularity.

    Attributes:
        centers: float64 (bins,), the median count of each bin.
        means: the mean weight in each bin, with its 95% interval over items; inside [0, 1] where all weights are.
        correlation: Spearman's rank correlation of weight and count, with its 95% interval (Fisher's z).
    """

    centers: Float64Array
    means: tuple[Estimate, ...]
    correlation: Estimate


def attention_by_popularity(weights: NumberArray, counts: NumberArray, *, bins: int = 8) -> AttentionTrend:
    """Mean weight in bins of about equally many items, from the rarest to the most popular.

    Args:
        weights: (n,) of the items that have the field.
        counts: (n,) how often each was seen.
        bins: how many at most; items of one count share a bin.

    Raises:
        ValueError: fewer than 4 items, or no bin.

    >>> trend = attention_by_popularity(np.arange(8.0), np.arange(8), bins=2)
    >>> trend.centers.tolist(), [m.value for m in trend.means], round(trend.correlation.value, 6)
    ([1.5, 5.5], [1.5, 5.5], 1.0)
    """
    from scipy.stats import rankdata

    require(bins >= 1, "bins", bins, "at least 1")
    require(len(weights) == len(counts) and len(weights) >= 4, "weights", len(weights), "at least 4, one a count")
    uppers = np.unique(np.quantile(counts, np.arange(1, bins + 1) / bins, method="inverted_cdf"))
    at = np.minimum(np.searchsorted(uppers, counts), len(uppers) - 1)
    centers = np.array([np.median(counts[at == b]) for b in range(len(uppers))], dtype=np.float64)
    interval = share_interval if ((weights >= 0) & (weights <= 1)).all() else mean_interval
    means = tuple(interval(weights[at == b]) for b in range(len(uppers)))
    ranks = [rankdata(v) - (len(v) + 1) / 2 for v in (weights, counts)]
    scale = float(np.sqrt((ranks[0] @ ranks[0]) * (ranks[1] @ ranks[1])))
    rho = float(ranks[0] @ ranks[1]) / scale if scale > 0 else 0.0
    z, half = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12)), 1.96 / np.sqrt(max(len(weights) - 3, 1))
    return AttentionTrend(
        centers, means, Estimate(rho, float(np.tanh(z - half)), float(np.tanh(z + half)), len(weights))
    )
