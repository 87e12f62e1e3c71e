"""ItemKNN: items alike by who takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array
from recemb_core.scorers.histories import Histories, checked, events_at_once, held_by, history_table
from recemb_core.sequences import Sequences
from recemb_core.validation import is_whole, require

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ITEMS_AT_ONCE = 1_000  # rows of the co-occurrence that are held before the nearest are kept


@dataclass(frozen=True, kw_only=True)
class ItemKNNConfig:
    """Which items count as alike.

    Attributes:
        neighbors: most similar items that each item of a history speaks for; more reach farther and blur.
        over: ``"users"``: two items meet in a person; ``"sequences"``: in a basket or session. Where users are not
            known, each sequence is one.
        shrink: added below the line of the cosine; larger trusts rare meetings less.
        last: newest events of a history that speak; None: all. Fewer follow what a person wants now.
    """

    neighbors: int = 100
    over: Literal["users", "sequences"] = "sequences"
    shrink: float = 0.0
    last: int | None = None

    def __post_init__(self) -> None:
        fine = is_whole(self.neighbors) and self.neighbors >= 1
        require(fine, "neighbors", self.neighbors, "a whole number, at least 1")
        require(self.over in ("users", "sequences"), "over", self.over, "'users' or 'sequences'")
        require(0 <= self.shrink < np.inf, "shrink", self.shrink, "0 or a number above it")
        require(self.last is None or (is_whole(self.last) and self.last >= 1), "last", self.last, "None or 1 or more")


def item_knn_defaults(sequences: Sequences) -> dict[str, ItemKNNConfig]:
    """By the whole history, by the last five events and by the last one; of baskets by as many as five and one hold."""
    each = events_at_once(sequences)
    newest = {f"ItemKNN, last {events}": ItemKNNConfig(last=events) for events in (5 * each, each)}
    return {"ItemKNN": ItemKNNConfig(), **newest}


@dataclass(frozen=True, eq=False)
class ItemKNN:
    """Items alike by who takes them, summed over the history.

    With C_ij the users (or sequences) that hold both items and C_ii those that hold i,

        s_ij = C_ij / (√(C_ii C_jj) + shrink),   score(u, j) = Σ_{i ∈ history, j ∈ N_k(i)} s_ij,

    N_k(i) the k items with the largest s_ij, i itself not among them (of equal ones the lower row). An item counts once
    in a history, however often it stands there; 0 for items that nothing in the history speaks for. With k = n − 1 it
    is the cosine of all co-occurrences. With ``last``, history means its newest events.

    References:
        Sarwar, Karypis, Konstan, Riedl, *Item-Based Collaborative Filtering Recommendation Algorithms* (WWW 2001).
        Deshpande, Karypis, *Item-Based Top-N Recommendation Algorithms* (TOIS 2004).

    >>> shop = Sequences.from_lists([["tea", "milk"], ["tea", "milk"], ["tea", "cup"]])
    >>> print(ItemKNN.fit(shop).scores([np.array([1])]).round(3))  # 2 / √(2 · 3)
    [[0.816 0.    0.   ]]
    """

    similarities: csr_array
    last: int | None = None

    @classmethod
    def fit(cls, sequences: Sequences, config: ItemKNNConfig | None = None) -> ItemKNN:
        """Count who holds which items, and keep each item's nearest."""
        from scipy.sparse import vstack

        config = config or ItemKNNConfig()
        n = len(sequences.items)
        held = held_by(sequences, config.over)
        own, columns = np.asarray(held.sum(axis=0)), held.T.tocsr()
        parts = [
            _nearest(columns[at : at + ITEMS_AT_ONCE] @ held, at, own, config) for at in range(0, n, ITEMS_AT_ONCE)
        ]
        return cls(vstack(parts, format="csr") if parts else held[:0], config.last)

    def scores(self, histories: Histories) -> Float32Array:
        """Sum of similarities to the distinct items of each history, or of its newest events."""
        n = self.similarities.shape[1]
        newest = [history[-(self.last or len(history)) :] for history in checked(histories, n)]
        held = history_table(newest, n, distinct=True)
        return np.asarray((held @ self.similarities).toarray(), dtype=np.float32)


def _nearest(together: csr_array, first: int, own: Float64Array, config: ItemKNNConfig) -> csr_array:
    """The similarities of the items from ``first`` on: of each row the largest, without the item itself."""
    from scipy.sparse import coo_array

    found = together.tocoo()
    i, j = found.row.astype(np.int64) + first, found.col.astype(np.int64)
    i, j, values = i[i != j], j[i != j], found.data[i != j]
    # The quotient of whole numbers is rounded alike wherever it is equal, so that ties are ties.
    cosine = np.sqrt(values**2 / (own[i] * own[j]))
    values = cosine / (1 + config.shrink * cosine / values)
    order = np.lexsort((j, -values, i))
    i, j, values = i[order], j[order], values[order]
    starts = np.flatnonzero(np.diff(i, prepend=-1))
    place = np.arange(len(i)) - np.repeat(starts, np.diff(np.append(starts, len(i))))
    kept = place < config.neighbors
    return coo_array((values[kept], (i[kept] - first, j[kept])), shape=found.shape).tocsr()
