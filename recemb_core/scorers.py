"""Scorers: scores of all items for a history, without vectors; each registered once, like models of item vectors.

A scorer is fitted to sequences and has ``scores(histories) -> float32 (q, n)``, which is what
:func:`recemb_core.evaluation.ranking.rank_next_items` takes and what a recall model has as well. What can be drawn on
a map needs vectors; what can be ranked and measured needs scores alone.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Several
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from recemb_core import versions
from recemb_core.arrays import AnyArray, Float32Array, Float64Array, Int64Array, IntegerArray
from recemb_core.sequences import Sequences
from recemb_core.splits import user_streams
from recemb_core.validation import UsageError, is_whole, require

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Histories = Several[IntegerArray]
ITEMS_AT_ONCE = 1_000  # rows of the co-occurrence that are held before the nearest are kept


class Scorer(Protocol):
    """What a fit gives."""

    def scores(self, histories: Histories) -> Float32Array:
        """Scores (q, n) of all n items for q histories of item rows, oldest first; larger is better."""
        ...


# --- the registry ---


@dataclass(frozen=True, kw_only=True, eq=False)
class ScorerSpec:
    """A scorer, and all that is asked of one.

    Attributes:
        name: for people.
        config: its frozen dataclass.
        fit: (sequences, config) → a :class:`Scorer` of all of ``sequences.items``.
        words: what it goes by, after "scores by".
        defaults: sequences → config for this data; without it the class's own.
        missing: sequences → what they lack, in a sentence; "" where they lack nothing.
        version: of its arithmetic; raise it when that changes.
    """

    name: str
    config: type
    fit: Callable[[Sequences, Any], Scorer]
    words: str = ""
    defaults: Callable[[Sequences], Any] | None = None
    missing: Callable[[Sequences], str] = lambda sequences: ""
    version: int = 1


SCORERS: dict[str, ScorerSpec] = {}


def register_scorer(spec: ScorerSpec) -> ScorerSpec:
    """Make a scorer known, after those that are.

    Raises:
        ValueError: its name, or the name of its config class, is taken.
    """
    if spec.name in SCORERS:
        raise UsageError(f"there is a scorer {spec.name!r} already; unregister it first, or choose another name")
    versions.declare(spec.config.__name__, spec.name.lower(), spec.version)
    SCORERS[spec.name] = spec
    return spec


def unregister_scorer(name: str) -> None:
    """Forget a scorer."""
    if name not in SCORERS:
        raise UsageError(f"no scorer is called {name!r}; there are {', '.join(SCORERS)}")
    versions.withdraw(SCORERS.pop(name).config.__name__)


def scorer_defaults(sequences: Sequences) -> dict[str, Any]:
    """Name → config of the scorers that this data can have, each with its defaults for this data.

    >>> list(scorer_defaults(Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])))
    ['Popularity', 'ItemKNN', 'Markov chain']
    """
    able = {name: spec for name, spec in SCORERS.items() if not spec.missing(sequences)}
    return {name: spec.defaults(sequences) if spec.defaults else spec.config() for name, spec in able.items()}


def fit_scorer(sequences: Sequences, config: Any) -> Scorer:
    """Fit the scorer that a config belongs to.

    Raises:
        ValueError: the config of no scorer, or the sequences lack what it needs.

    >>> shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> print(fit_scorer(shop, MarkovChainConfig()).scores([np.array([0])]).round(2))
    [[0.13 0.4  0.47]]
    """
    for spec in SCORERS.values():
        if type(config) is spec.config:
            if spec.missing(sequences):
                raise UsageError(f"{spec.name}: {spec.missing(sequences)}")
            return spec.fit(sequences, config)
    raise UsageError(f"config must be that of {', '.join(SCORERS)}, not {config!r}")


def _checked(histories: Histories, items: int) -> list[Int64Array]:
    rows = [np.asarray(history, dtype=np.int64) for history in histories]
    for history in rows:
        if len(history) and not (history.min() >= 0 and history.max() < items):
            raise UsageError(f"histories must hold item rows from 0 to {items - 1}")
    return rows


def _table(owners: AnyArray, rows: AnyArray, shape: tuple[int, int], *, distinct: bool = False) -> csr_array:
    """Counts (owners, items) of events; ``distinct``: 1 where there is one or more."""
    from scipy.sparse import coo_array

    found = coo_array((np.ones(len(rows)), (owners, rows)), shape=shape).tocsr()
    if distinct:
        found.data[:] = 1
    return found


def _of_histories(rows: list[Int64Array], items: int, *, distinct: bool) -> csr_array:
    owners = np.repeat(np.arange(len(rows)), [len(history) for history in rows])
    events = np.concatenate([np.empty(0, dtype=np.int64), *rows])
    return _table(owners, events, (len(rows), items), distinct=distinct)


# --- popularity ---


@dataclass(frozen=True, kw_only=True)
class PopularityConfig:
    """There is nothing to set."""


@dataclass(frozen=True, eq=False)
class Popularity:
    """Everyone is offered what is taken most: score(u, j) = n_j, the events of item j.

    It asks nothing about the history, and is the floor that a model has to beat (Cremonesi, Koren, Turrin,
    *Performance of Recommender Algorithms on Top-N Recommendation Tasks*, RecSys 2010).

    >>> shop = Sequences.from_lists([["tea", "milk"], ["tea", "cup"]])
    >>> Popularity.fit(shop).scores([np.array([1])]).tolist()
    [[2.0, 1.0, 1.0]]
    """

    counts: Int64Array

    @classmethod
    def fit(cls, sequences: Sequences, config: PopularityConfig | None = None) -> Popularity:
        """Count."""
        return cls(sequences.counts)

    def scores(self, histories: Histories) -> Float32Array:
        """The same line for every history."""
        rows = _checked(histories, len(self.counts))
        return np.tile(self.counts.astype(np.float32), (len(rows), 1))


def popularity_scorer(counts: IntegerArray) -> Callable[[Histories], Float32Array]:
    """Scores of :class:`Popularity` from ``counts``, the events of each item in the training part (n,)."""
    return Popularity(np.asarray(counts, dtype=np.int64)).scores


# --- ItemKNN ---


@dataclass(frozen=True, kw_only=True)
class ItemKNNConfig:
    """Which items count as alike.

    Attributes:
        neighbors: most similar items that each item of a history speaks for; more reach farther and blur.
        over: ``"users"``: two items meet in a person; ``"sequences"``: in a basket or session. Where users are not
            known, each sequence is one.
        shrink: added below the line of the cosine; larger trusts rare meetings less.
    """

    neighbors: int = 100
    over: Literal["users", "sequences"] = "sequences"
    shrink: float = 0.0

    def __post_init__(self) -> None:
        fine = is_whole(self.neighbors) and self.neighbors >= 1
        require(fine, "neighbors", self.neighbors, "a whole number, at least 1")
        require(self.over in ("users", "sequences"), "over", self.over, "'users' or 'sequences'")
        require(0 <= self.shrink < np.inf, "shrink", self.shrink, "0 or a number above it")


@dataclass(frozen=True, eq=False)
class ItemKNN:
    """Items alike by who takes them, summed over the history.

    With C_ij the users (or sequences) that hold both items and C_ii those that hold i,

        s_ij = C_ij / (√(C_ii C_jj) + shrink),   score(u, j) = Σ_{i ∈ history, j ∈ N_k(i)} s_ij,

    N_k(i) the k items with the largest s_ij, i itself not among them (of equal ones the lower row). An item counts once
    in a history, however often it stands there; 0 for items that nothing in the history speaks for. With k = n − 1 it
    is the cosine of all co-occurrences.

    References:
        Sarwar, Karypis, Konstan, Riedl, *Item-Based Collaborative Filtering Recommendation Algorithms* (WWW 2001).
        Deshpande, Karypis, *Item-Based Top-N Recommendation Algorithms* (TOIS 2004).

    >>> shop = Sequences.from_lists([["tea", "milk"], ["tea", "milk"], ["tea", "cup"]])
    >>> print(ItemKNN.fit(shop).scores([np.array([1])]).round(3))  # 2 / √(2 · 3)
    [[0.816 0.    0.   ]]
    """

    similarities: csr_array

    @classmethod
    def fit(cls, sequences: Sequences, config: ItemKNNConfig | None = None) -> ItemKNN:
        """Count who holds which items, and keep each item's nearest."""
        from scipy.sparse import vstack

        config = config or ItemKNNConfig()
        n = len(sequences.items)
        owners = np.arange(len(sequences))
        if config.over == "users" and sequences.users is not None:
            owners = np.unique(sequences.users, return_inverse=True)[1]
        held = _table(
            np.repeat(owners, sequences.lengths), sequences.tokens, (max(len(sequences), 1), n), distinct=True
        )
        own, columns = np.asarray(held.sum(axis=0)), held.T.tocsr()
        parts = [
            _nearest(columns[at : at + ITEMS_AT_ONCE] @ held, at, own, config) for at in range(0, n, ITEMS_AT_ONCE)
        ]
        return cls(vstack(parts, format="csr") if parts else held[:0])

    def scores(self, histories: Histories) -> Float32Array:
        """Sum of similarities to the distinct items of each history."""
        n = self.similarities.shape[1]
        held = _of_histories(_checked(histories, n), n, distinct=True)
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


# --- first-order Markov chain ---


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
    if sequences.ordered or not len(sequences):
        return MarkovChainConfig()
    return MarkovChainConfig(last=max(1, round(float(sequences.lengths.mean()))))


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
        if lacking := _no_steps(sequences):
            raise UsageError(lacking)
        n = len(sequences.items)
        share = sequences.counts / max(sequences.counts.sum(), 1)
        steps = _steps_of_sessions(sequences, n) if sequences.ordered else _steps_of_baskets(sequences, n)
        return cls(steps, share, config or MarkovChainConfig())

    def scores(self, histories: Histories) -> Float32Array:
        """Probabilities of the next item."""
        n, smoothing = len(self.popularity), self.config.smoothing
        newest = [history[-self.config.last :] for history in _checked(histories, n)]
        starts = _of_histories(newest, n, distinct=False)
        scale = 1 / np.maximum([len(history) for history in newest], 1)
        below = np.asarray(self.steps.sum(axis=1)) + smoothing
        starts = starts.multiply(scale[:, None]).multiply(1 / below[None, :]).tocsr()
        rest = np.where([len(history) == 0 for history in newest], 1.0, smoothing * np.asarray(starts.sum(axis=1)))
        return np.asarray((starts @ self.steps).toarray() + rest[:, None] * self.popularity, dtype=np.float32)


def _no_steps(sequences: Sequences) -> str:
    again = sequences.users is not None and len(np.unique(sequences.users)) < len(sequences)
    if sequences.ordered or again:
        return ""
    return "A chain needs an order, and these baskets have none: no person is known to have two of them."


def _steps_of_sessions(sequences: Sequences, n: int) -> csr_array:
    inside = np.ones(max(len(sequences.tokens) - 1, 0), dtype=bool)
    borders = sequences.offsets[1:-1]
    inside[borders[(borders > 0) & (borders < len(sequences.tokens))] - 1] = False
    return _table(sequences.tokens[:-1][inside], sequences.tokens[1:][inside], (n, n))


def _steps_of_baskets(sequences: Sequences, n: int) -> csr_array:
    assert sequences.users is not None
    owners = np.repeat(np.arange(len(sequences)), sequences.lengths)
    _, _, order = user_streams(sequences)
    baskets = _table(owners, sequences.tokens, (len(sequences), n), distinct=True)[order]
    filled = np.diff(baskets.indptr) > 0
    baskets, users = baskets[filled], sequences.users[order][filled]
    same = np.flatnonzero(users[1:] == users[:-1])
    following = baskets[same + 1]
    following = following.multiply(1 / np.diff(following.indptr)[:, None])
    return (baskets[same].T @ following).tocsr()


# --- those that come with the library ---

register_scorer(
    ScorerSpec(
        name="Popularity", config=PopularityConfig, fit=Popularity.fit, words="how often an item was taken by anyone"
    )
)
register_scorer(
    ScorerSpec(
        name="ItemKNN",
        config=ItemKNNConfig,
        fit=ItemKNN.fit,
        words="how often an item was taken together with those of the history",
    )
)
register_scorer(
    ScorerSpec(
        name="Markov chain",
        config=MarkovChainConfig,
        fit=MarkovChain.fit,
        words="how often an item came right after the newest of the history",
        defaults=markov_chain_defaults,
        missing=_no_steps,
    )
)
