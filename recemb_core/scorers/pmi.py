"""Pointwise mutual information of items: how much oftener two stand together than chance would have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.arrays import Float32Array
from recemb_core.scorers.histories import Histories, checked, held_by, history_table, table_of
from recemb_core.sequences import Sequences
from recemb_core.validation import is_whole, require

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def pair_counts(sequences: Sequences, window: int | None, *, selves: bool = False) -> csr_array:
    """How often two items stand together, a symmetric table (n, n).

    Args:
        sequences: the log.
        window: an item at place s and one at place t of a sequence are together where 0 < |s − t| ≤ window, each such
            pair of places once in either direction: the (center, context) pairs of word2vec without its random
            shrinking. None: each sequence is a set, and all its distinct items are together once.
        selves: of windows, whether an item that comes twice in one is together with itself, as word2vec has it; False
            leaves the diagonal empty.

    >>> pair_counts(Sequences.from_lists([["a", "b", "c", "b"]]), 1).toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 2], [0, 2, 0]]
    """
    n = len(sequences.items)
    if window is None:
        held = held_by(sequences, "sequences")
        found = (held.T @ held).tocsr()
    else:
        owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
        tokens = sequences.tokens
        found = table_of(tokens[:0], tokens[:0], (n, n))
        for step in range(1, min(window, int(sequences.lengths.max(initial=0))) + 1):
            same = owner[:-step] == owner[step:]
            found = found + table_of(tokens[:-step][same], tokens[step:][same], (n, n))
        found = (found + found.T).tocsr()
    if window is None or not selves:
        found.setdiag(0)
    found.eliminate_zeros()
    found.sort_indices()
    return found


def positive_pmi(counts: csr_array, *, shift: float = 1.0, smoothing: float = 0.75) -> csr_array:
    """PPMI_ij = max(0, log(P(j | i) / P_α(j)) − log k) of a table of pairs; pairs that never met have 0.

    With c_ij the pairs, P(j | i) = c_ij / Σ_j c_ij and P_α(j) ∝ (Σ_i c_ij)^α.

    Args:
        counts: (n, n), 0 or more.
        shift: k, the negative samples of skip-gram, whose optimum v_i · v'_j = PMI_ij − log k this is; larger keeps the
            strongest pairs only.
        smoothing: α; below 1 it makes rare items less surprising. It is word2vec's noise exponent.

    References:
        Levy, Goldberg, *Neural Word Embedding as Implicit Matrix Factorization* (NIPS 2014). Levy, Goldberg, Dagan,
        *Improving Distributional Similarity with Lessons Learned from Word Embeddings* (TACL 2015): α.

    >>> table = pair_counts(Sequences.from_lists([["a", "b"], ["a", "b"], ["c", "d"]]), None)
    >>> positive_pmi(table, smoothing=1.0).toarray()[0].round(3).tolist()  # log(1 / (1/3))
    [0.0, 1.099, 0.0, 0.0]
    """
    found = counts.tocoo()
    own = np.asarray(counts.sum(axis=1), dtype=np.float64)
    noise = np.asarray(counts.sum(axis=0), dtype=np.float64) ** smoothing
    noise = np.where(np.asarray(counts.sum(axis=0)) > 0, noise, 0.0)
    with np.errstate(divide="ignore"):
        values = np.log(found.data * noise.sum() / (own[found.row] * noise[found.col])) - np.log(shift)
    found.data = np.maximum(values, 0.0)
    table = found.tocsr()
    table.eliminate_zeros()
    return table


@dataclass(frozen=True, kw_only=True)
class PMIConfig:
    """What counts as together.

    Attributes:
        window: reach in a sequence, in events; 0 takes each sequence as a set.
        last: newest events of a history that speak, each item once; None: all.
        shift: k of :func:`positive_pmi`; larger keeps only the strongest pairs.
        smoothing: α of :func:`positive_pmi`; smaller makes rare items less surprising.
    """

    window: int = 5
    last: int | None = None
    shift: float = 1.0
    smoothing: float = 0.75

    def __post_init__(self) -> None:
        fine = is_whole(self.window) and self.window >= 0
        require(fine, "window", self.window, "a whole number, 0 (each sequence a set) or more")
        require(self.last is None or (is_whole(self.last) and self.last >= 1), "last", self.last, "None or 1 or more")
        require(0 < self.shift < np.inf, "shift", self.shift, "above 0")
        require(0 <= self.smoothing <= 1, "smoothing", self.smoothing, "from 0 to 1")


def pmi_defaults(sequences: Sequences) -> PMIConfig:
    """A window of five around the newest five events of ordered sequences; baskets are sets, and the whole history."""
    return PMIConfig(last=5) if sequences.ordered else PMIConfig(window=0)


@dataclass(frozen=True, eq=False)
class PMI:
    """Items that stand with those of the history oftener than chance would have it.

        score(u, j) = Σ_{i ∈ history} PPMI_ij,

    an item once, PPMI by :func:`positive_pmi`. It is what skip-gram's vectors approximate in few dimensions: what a
    model gains over it, it gains by that approximation.

    >>> shop = Sequences.from_lists([["tea", "milk"], ["tea", "milk"], ["tea", "cup"]])
    >>> print(PMI.fit(shop).scores([np.array([1])]).round(3))
    [[0.778 0.    0.   ]]
    """

    table: csr_array
    last: int | None = None

    @classmethod
    def fit(cls, sequences: Sequences, config: PMIConfig | None = None) -> PMI:
        """Count pairs."""
        config = config or PMIConfig()
        counts = pair_counts(sequences, config.window or None)
        return cls(positive_pmi(counts, shift=config.shift, smoothing=config.smoothing), config.last)

    def scores(self, histories: Histories) -> Float32Array:
        """Sum over the distinct items of each history."""
        n = self.table.shape[0]
        newest = [history[-(self.last or len(history)) :] for history in checked(histories, n)]
        held = history_table(newest, n, distinct=True)
        return np.asarray((held @ self.table).toarray(), dtype=np.float32)
