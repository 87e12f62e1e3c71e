"""Do two models name the same neighbors?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.neighbors.exact import nearest_others


@dataclass(frozen=True, eq=False)
class Agreement:
    """Agreement of two models' neighbor lists.

    Attributes:
        overlap: mean share of common items among the k nearest.
        chance: the overlap of two random lists, k/(n − 1).
        rank_biased: mean rank-biased overlap, which weighs the top of the lists more.
        by_item: float64 (n,), the overlap of each item.
    """

    overlap: float
    chance: float
    rank_biased: float
    by_item: npt.NDArray[np.float64]


def neighbor_agreement(
    a: ItemVectors | npt.NDArray, b: ItemVectors | npt.NDArray, k: int = 10, *, persistence: float = 0.9
) -> Agreement:
    """Overlap@k = |N_a(i) ∩ N_b(i)| / k by item and on average, with its chance level, and rank-biased overlap.

    RBO = (1 − p) Σ_{r=1..k} p^{r−1} |N_a^r ∩ N_b^r| / r, scaled by 1/(1 − p^k) so that equal lists give 1; a smaller
    ``persistence`` p looks more at the top.

    Args:
        a: (n, d_a) vectors, neighbors by cosine.
        b: (n, d_b) vectors of the same items.
        k: length of the lists.
        persistence: p of RBO, between 0 and 1.

    Raises:
        ValueError: different numbers of items, or k below 1.

    References:
        Webber, Moffat, Zobel, *A Similarity Measure for Indefinite Rankings*, TOIS 2010.
    """
    rows = [v.vectors if isinstance(v, ItemVectors) else np.asarray(v) for v in (a, b)]
    n = len(rows[0])
    if len(rows[1]) != n:
        raise ValueError(f"both models must hold the same items; one has {n}, the other {len(rows[1])}")
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    first, second = (nearest_others(r, k) for r in rows)
    k = first.shape[1]
    if k == 0:
        return Agreement(0.0, 0.0, 0.0, np.zeros(n))
    # common[i, r]: how many of the first r+1 of either list are in the first r+1 of the other.
    same = first[:, :, None] == second[:, None, :]
    deepest = np.maximum(np.arange(k)[:, None], np.arange(k)[None, :])
    common = np.stack([(same & (deepest <= r)).sum(axis=(1, 2)) for r in range(k)], axis=1)
    weight = persistence ** np.arange(k) * (1 - persistence) / (1 - persistence**k)
    by_item = common[:, -1] / k
    biased = (common / np.arange(1, k + 1) * weight).sum(axis=1)
    return Agreement(float(by_item.mean()), k / (n - 1), float(biased.mean()), by_item)
