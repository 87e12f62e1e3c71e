"""A first-order Markov chain: what followed the newest item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array
from recemb_core.scorers.histories import Histories, checked, events_at_once, history_table, table_of
from recemb_core.sequences import Sequences
from recemb_core.splits import user_streams
from recemb_core.validation import UsageError, is_whole, require

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, kw_only=True)
class MarkovChainConfig:
    """How the next item is guessed from the newest.

    Attributes:
        last: newest events of a history that it starts from, each alike; 1 is the chain proper. Of baskets about as
            many as one holds, because the order inside one means nothing.
        smoothing: λ, as many steps of popularity are added to the steps counted from each item; larger says less of the
            item and more of what is popular.
    """

    last: int = 1
    smoothing: float = 1.0

    def __post_init__(self) -> None:
        require(is_whole(self.last) and self.last >= 1, "last", self.last, "a whole number, at least 1")
        require(0 < self.smoothing < np.inf, "smoothing", self.smoothing, "above 0")


def markov_chain_defaults(sequences: Sequences) -> MarkovChainConfig:
    """One event of ordered sequences; of baskets as many as their mean length."""
    return MarkovChainConfig(last=events_at_once(sequences))


@dataclass(frozen=True, eq=False)
class MarkovChain:
    """What followed the newest item: a chain of first order.

    With M_ij the steps from i to j, M_i = Σ_j M_ij, and π_j the share of item j in all events,

        P(j | i) = (M_ij + λ π_j) / (M_i + λ),   score(u, j) = mean of P(j | i) over the newest ``last`` events i.

    A step leads from an item to the next in its sequence. Baskets have no order inside: there a step leads from each
    item of a basket to the same person's next basket, shared equally by the items of that (Rendle et al., of whose FPMC
    this is the part without persons). Scores of a history sum to 1; of an empty one they are π.

    References:
        Shani, Heckerman, Brafman, *An MDP-Based Recommender System* (JMLR 2005), section 3.
        Rendle, Freudenthaler, Schmidt-Thieme, *Factorizing Personalized Markov Chains for Next-Basket Recommendation*
        (WWW 2010).

    >>> shop = Sequences.from_lists([["tea", "milk"], ["tea", "cup"]])
    >>> print(MarkovChain.fit(shop).scores([np.array([0])]).round(3))  # (0 + ½) / 3, (1 + ¼) / 3, (1 + ¼) / 3
    [[0.167 0.417 0.417]]
    """

    steps: csr_array
    popularity: Float64Array
    config: MarkovChainConfig

    @classmethod
    def fit(cls, sequences: Sequences, config: MarkovChainConfig | None = None) -> MarkovChain:
        """Count steps.

        Raises:
            ValueError: baskets of which no person has two, so that nothing comes after anything.
        """
        if lacking := no_steps(sequences):
            raise UsageError(lacking)
        n = len(sequences.items)
        share = sequences.counts / max(sequences.counts.sum(), 1)
        steps = _steps_of_sessions(sequences, n) if sequences.ordered else _steps_of_baskets(sequences, n)
        return cls(steps, share, config or MarkovChainConfig())

    def scores(self, histories: Histories) -> Float32Array:
        """Probabilities of the next item."""
        n, smoothing = len(self.popularity), self.config.smoothing
        newest = [history[-self.config.last :] for history in checked(histories, n)]
        starts = history_table(newest, n, distinct=False)
        scale = 1 / np.maximum([len(history) for history in newest], 1)
        below = np.asarray(self.steps.sum(axis=1)) + smoothing
        starts = starts.multiply(scale[:, None]).multiply(1 / below[None, :]).tocsr()
        rest = np.where([len(history) == 0 for history in newest], 1.0, smoothing * np.asarray(starts.sum(axis=1)))
        return np.asarray((starts @ self.steps).toarray() + rest[:, None] * self.popularity, dtype=np.float32)


def no_steps(sequences: Sequences) -> str:
    again = sequences.users is not None and len(np.unique(sequences.users)) < len(sequences)
    if sequences.ordered or again:
        return ""
    return "A chain needs an order, and these baskets have none: no person is known to have two of them."


def _steps_of_sessions(sequences: Sequences, n: int) -> csr_array:
    inside = np.ones(max(len(sequences.tokens) - 1, 0), dtype=bool)
    borders = sequences.offsets[1:-1]
    inside[borders[(borders > 0) & (borders < len(sequences.tokens))] - 1] = False
    return table_of(sequences.tokens[:-1][inside], sequences.tokens[1:][inside], (n, n))


def _steps_of_baskets(sequences: Sequences, n: int) -> csr_array:
    assert sequences.users is not None
    owners = np.repeat(np.arange(len(sequences)), sequences.lengths)
    _, _, order = user_streams(sequences)
    baskets = table_of(owners, sequences.tokens, (len(sequences), n), distinct=True)[order]
    filled = np.diff(baskets.indptr) > 0
    baskets, users = baskets[filled], sequences.users[order][filled]
    same = np.flatnonzero(users[1:] == users[:-1])
    following = baskets[same + 1]
    following = following.multiply(1 / np.diff(following.indptr)[:, None])
    return (baskets[same].T @ following).tocsr()
