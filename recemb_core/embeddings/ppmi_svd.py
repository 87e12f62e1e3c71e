"""PPMI-SVD: what skip-gram factorizes without saying so, factorized outright."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.parallel import one_blas_thread
from recemb_core.progress import Progress, Reporter
from recemb_core.scorers.pmi import pair_counts, positive_pmi
from recemb_core.sequences import Sequences
from recemb_core.validation import is_whole, require, require_dimensions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DENSE_UP_TO = 300  # items, up to which all singular values are computed
RANK = 1e-9  # of the largest singular value: what is smaller is rounding


@dataclass(frozen=True, kw_only=True)
class PPMISVDConfig:
    """What is counted and how much of it is kept.

    Attributes:
        dimensions: d, singular values kept. Larger keeps more of the table, and more of its noise.
        mode: ``"sequence"``: items within ``window`` of each other are together; ``"set"``: all of one sequence.
        window: reach in events; not used in sets.
        shift: k, the negative samples of the skip-gram that it stands for; larger keeps the strongest pairs only.
        smoothing: exponent of the context counts, word2vec's noise exponent; smaller makes rare items less surprising.
        power: p of U·Σᵖ. 0.5 is skip-gram's kind; 1 weighs the first directions more, 0 all alike.
    """

    dimensions: int = 64
    mode: Literal["sequence", "set"] = "sequence"
    window: int = 5
    shift: float = 1.0
    smoothing: float = 0.75
    power: float = 0.5

    def __post_init__(self) -> None:
        require_dimensions(self.dimensions)
        require(is_whole(self.window) and self.window >= 1, "window", self.window, "a whole number, 1 or more")
        require(self.mode in ("sequence", "set"), "mode", self.mode, "'sequence' or 'set'")
        require(0 < self.shift < np.inf, "shift", self.shift, "above 0")
        require(0 <= self.smoothing <= 1, "smoothing", self.smoothing, "from 0 to 1")
        require(0 <= self.power <= 1, "power", self.power, "from 0 to 1")


def ppmi_svd_defaults(sequences: Sequences) -> PPMISVDConfig:
    """Sets of baskets, windows in ordered sequences."""
    return PPMISVDConfig(mode="sequence" if sequences.ordered else "set")


def train_ppmi_svd(
    sequences: Sequences,
    config: PPMISVDConfig | None = None,
    *,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> ItemVectors:
    """Item vectors by a singular value decomposition of the PPMI table: no training, no seed.

    Skip-gram with k negative samples has its optimum, with vectors long enough, at v_i · v'_j = PMI_ij − log k. So take

        M_ij = max(0, PMI_ij − log k) ≈ U_d Σ_d V_dᵀ,   v = U_d Σ_d^p,   v' = V_d Σ_d^(1−p),

    the best table of rank d, whatever p. M is :func:`recemb_core.scorers.pmi.positive_pmi` of the pairs; unlike
    skip-gram, it takes pairs that never met as 0 and weighs frequent and rare pairs alike. The largest entry of each
    column of U is positive. Columns beyond the rank of M are 0, and so is the vector of an item that met nobody.

    Args:
        sequences: the log.
        config: see :class:`PPMISVDConfig`.
        progress, cancel: called with (fraction, stage); True ends the training with ``TrainingCancelled``.

    References:
        Levy, Goldberg, *Neural Word Embedding as Implicit Matrix Factorization* (NIPS 2014).

    >>> shop = Sequences.from_lists([["tea", "cup"]] * 3 + [["nail", "axe"]] * 3 + [["cup", "axe"]])
    >>> train_ppmi_svd(shop, PPMISVDConfig(dimensions=2)).most_similar("tea", k=1)[0][0]
    'cup'
    """
    config = config or PPMISVDConfig()
    report = Reporter(progress, cancel)
    report(0.0)
    counts = pair_counts(sequences, config.window if config.mode == "sequence" else None)
    report(0.3)
    table = positive_pmi(counts, shift=config.shift, smoothing=config.smoothing)
    left, size, right = _decomposed(table, config.dimensions, report)
    report(1.0)
    return ItemVectors(
        items=sequences.items,
        vectors=_padded(left * size**config.power, config.dimensions),
        output_vectors=_padded(right * size ** (1 - config.power), config.dimensions),
        counts=sequences.counts,
        config=config,
    )


def _decomposed(
    table: csr_array, dimensions: int, report: Callable[[float], None]
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """(U (n, r), singular values (r,), V (n, r)), largest first, r ≤ dimensions."""
    from scipy.sparse.linalg import LinearOperator, svds

    n = table.shape[0]
    with one_blas_thread():  # the digits do not depend on the number of threads
        if n <= max(DENSE_UP_TO, dimensions + 1) or not table.nnz:
            left, size, right = np.linalg.svd(table.toarray(), full_matrices=False)
        else:
            turned, steps = table.T.tocsr(), 0

            def product(rows: csr_array, vector: Float64Array) -> Float64Array:
                nonlocal steps
                steps += 1
                report(0.3 + 0.7 * (1 - 1 / (1 + steps / (4 * dimensions))))
                return np.asarray(rows @ vector)

            operator = LinearOperator(
                table.shape, matvec=lambda x: product(table, x), rmatvec=lambda x: product(turned, x), dtype=np.float64
            )
            # A start that is the same on every computer, and orthogonal to no direction that matters.
            start = 1 + np.random.default_rng(0).random(n)
            left, size, right = svds(operator, k=dimensions, v0=start, solver="arpack")
            order = np.argsort(-size)
            left, size, right = left[:, order], size[order], right[order]
    kept = min(dimensions, int((size > RANK * size.max(initial=0.0)).sum()))
    left, size, right = left[:, :kept], size[:kept], right[:kept].T
    sign = np.sign(left[np.abs(left).argmax(axis=0), np.arange(kept)]) if kept else np.ones(0)
    return left * sign, size, right * sign


def _padded(columns: Float64Array, dimensions: int) -> Float32Array:
    found = np.zeros((len(columns), dimensions), dtype=np.float32)
    found[:, : columns.shape[1]] = columns
    return found
