"""EASE: a linear model of each item by all others, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from recemb_core.arrays import Float32Array
from recemb_core.parallel import one_blas_thread
from recemb_core.scorers.histories import Histories, checked, held_by, history_table
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError, require

MOST_ITEMS = 5_000
"""Items up to which it is offered: the time grows with their cube, the memory with their square."""


@dataclass(frozen=True, kw_only=True)
class EASEConfig:
    """How strongly the weights are held down.

    Attributes:
        l2: λ, added to the diagonal. Larger: smaller weights, and little trust in rare items; too small fits chance.
        over: ``"users"``: a row of X is a person; ``"sequences"``: a basket or session. Where users are not known, each
            sequence is one.
    """

    l2: float = 100.0
    over: Literal["users", "sequences"] = "sequences"

    def __post_init__(self) -> None:
        require(0 < self.l2 < np.inf, "l2", self.l2, "above 0")
        require(self.over in ("users", "sequences"), "over", self.over, "'users' or 'sequences'")


@dataclass(frozen=True, eq=False)
class EASE:
    """Every item regressed on all others, itself forbidden (Embarrassingly Shallow AutoEncoders).

    X (rows, n) holds a 1 where a person (or sequence) took an item. B minimizes ‖X − XB‖² + λ‖B‖² with diag B = 0:

        P = (XᵀX + λI)⁻¹,   B_ij = −P_ij / P_jj for i ≠ j,   score(u, j) = Σ_{i ∈ history} B_ij,

    an item once in a history, however often it stands there. Unlike a cosine a weight may be negative, and what two
    items have in common with a third is counted once. One matrix of n × n is inverted: time ∝ n³, memory 8 n² bytes and
    4 n² for the weights that are kept.

    References:
        Steck, *Embarrassingly Shallow Autoencoders for Sparse Data* (WWW 2019).

    >>> shop = Sequences.from_lists([["tea", "milk"], ["tea", "milk"], ["tea", "cup"]])
    >>> print(EASE.fit(shop, EASEConfig(l2=1)).scores([np.array([1])]).round(3))
    [[ 0.667  0.    -0.25 ]]
    """

    weights: Float32Array

    @classmethod
    def fit(cls, sequences: Sequences, config: EASEConfig | None = None) -> EASE:
        """Invert.

        Raises:
            ValueError: more than ``MOST_ITEMS`` items.
        """
        from scipy.linalg.lapack import dpotrf, dpotri

        if lacking := too_many(sequences):
            raise UsageError(lacking)
        config = config or EASEConfig()
        held, n = held_by(sequences, config.over), len(sequences.items)
        if n == 0:
            return cls(np.zeros((0, 0), dtype=np.float32))
        gram = (held.T @ held).toarray(order="F")
        gram[np.diag_indices(n)] += config.l2
        with one_blas_thread():  # the digits do not depend on the number of threads
            lower, failed = dpotrf(gram, lower=1, overwrite_a=1)
            lower, failed = dpotri(lower, lower=1, overwrite_c=1) if not failed else (lower, failed)
        if failed:
            raise UsageError(f"the table of items by items cannot be inverted with l2={config.l2:g}; raise l2")
        for row in range(n):
            lower[row, row + 1 :] = lower[row + 1 :, row]
        weights = np.asarray(lower / -np.diag(lower), dtype=np.float32)
        np.fill_diagonal(weights, 0)
        return cls(np.ascontiguousarray(weights))

    def scores(self, histories: Histories) -> Float32Array:
        """Sum of the weights of the distinct items of each history."""
        n = len(self.weights)
        held = history_table(checked(histories, n), n, distinct=True)
        return np.asarray(held.astype(np.float32) @ self.weights, dtype=np.float32)


def too_many(sequences: Sequences) -> str:
    """Why EASE is not offered for this data; "" where it is."""
    n = len(sequences.items)
    if n <= MOST_ITEMS:
        return ""
    return (
        f"EASE inverts a table of items by items, which for {n:,} items takes {12 * n * n / 1e9:.1f} GB; it is offered "
        f"up to {MOST_ITEMS:,} items. Leave rare items out to have it."
    )
