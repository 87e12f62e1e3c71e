"""Random walks on an item graph: first order (DeepWalk) and second order (node2vec), exact for any weights, p and q."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array, Int32Array
from recemb_core.validation import UsageError, is_whole

if TYPE_CHECKING:
    from recemb_core.item_graph import ItemGraph
    from recemb_core.walks.walk_kernel import Proposal


MOST_STEPS = 32_000_000
"""Of walks that are kept for all epochs, 128 MB; more are made anew in each, which takes about a tenth of its time."""


class WalkSettings(Protocol):
    """Anything that says how to walk: a :class:`WalkConfig`, or a trainer's config with the same five attributes."""

    @property
    def num_walks(self) -> int: ...
    @property
    def walk_length(self) -> int: ...
    @property
    def p(self) -> float: ...
    @property
    def q(self) -> float: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class WalkConfig:
    """How to walk.

    Attributes:
        num_walks: walks from every node, at least 1; more walks, more training text and less noise.
        walk_length: nodes in a walk, the first included, at least 1.
        p: return parameter, positive. Small: the walk goes back where it came from, large: it avoids that.
        q: in-out parameter, positive. Small: the walk leaves for new ground (depth first), large: it stays among
            the neighbors of where it came from (breadth first). p = q = 1 is DeepWalk.
        seed: 0 or more; the same seed gives the same walks, whatever the number of threads.

    Raises:
        ValueError: names the field, its value and what is allowed.

    >>> WalkConfig(p=0)
    Traceback (most recent call last):
        ...
    recemb_core.validation.UsageError: p must be a positive finite number, not 0
    """

    num_walks: int = 10
    walk_length: int = 80
    p: float = 1.0
    q: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("num_walks", 1), ("walk_length", 1), ("seed", 0)):
            value = getattr(self, name)
            if not is_whole(value) or not least <= value < 2**63:
                raise UsageError(f"{name} must be a whole number, at least {least}, not {value!r}")
        _check_bias("p", self.p)
        _check_bias("q", self.q)


def generate_walks(graph: ItemGraph, config: WalkSettings, *, starts: npt.ArrayLike | None = None) -> Int32Array:
    """Random walks from every node, ``num_walks`` rounds over all n nodes (or over ``starts``).

    The first step from v goes to x with probability w_vx / Σ_k w_vk. Having come from t to v, the walk goes to x with

        P(x | t, v) ∝ α(t, x) · w_vx,    α = 1/p if x = t,  1 if there is an edge t → x,  1/q otherwise,

    over the out-edges v → x. With p = q = 1 every step is a first step: DeepWalk. A walk ends at a node without
    out-edges; the rest of its row is −1. The steps are drawn exactly from these probabilities, see
    :func:`transition_probabilities`.

    Each round visits the nodes in a shuffled order of its own, as DeepWalk does, so that training on the rows from
    top to bottom meets the items well mixed: rows r·n … (r+1)·n − 1 are round r, column 0 says where a walk starts.

    Args:
        graph: weighted, directed or not; a row of ``weights`` needs no normalizing.
        config: a :class:`WalkConfig`, or any object with ``num_walks, walk_length, p, q, seed``.
        starts: row numbers to start from instead of all n, each once a round.

    Returns:
        int32 (num_walks·n, walk_length), row numbers of items, padded with −1.

    Raises:
        ValueError: a setting or a start is out of its range.

    References:
        Perozzi, Al-Rfou, Skiena, *DeepWalk: Online Learning of Social Representations*, KDD 2014.
        Grover, Leskovec, *node2vec: Scalable Feature Learning for Networks*, KDD 2016, §3.2.

    >>> from recemb_core.item_graph import ItemGraph
    >>> graph = ItemGraph.from_edges(["tea", "milk"], ["milk", "cup"], directed=True)
    >>> walks = generate_walks(graph, WalkConfig(num_walks=1, walk_length=4))
    >>> sorted(walks.tolist())   # cup leads nowhere
    [[0, 1, 2, -1], [1, 2, -1, -1], [2, -1, -1, -1]]
    """
    walks = WalkStream(graph, config, starts=starts)
    return walks.rows(0, len(walks))


class WalkStream:
    """The walks of :func:`generate_walks`, any rows of them at a time: they are never all in memory.

    A walk depends on the seed and its row alone, so the same rows are the same walks in whatever portions they are
    asked for, and however often.

    Args:
        graph, config, starts: see :func:`generate_walks`.

    Raises:
        ValueError: a setting or a start is out of its range.

    >>> from recemb_core.item_graph import ItemGraph
    >>> graph = ItemGraph.from_edges(["tea", "milk"], ["milk", "cup"], directed=False)
    >>> config = WalkConfig(num_walks=2, walk_length=4)
    >>> walks = WalkStream(graph, config)
    >>> len(walks), bool((walks.rows(2, 5) == generate_walks(graph, config)[2:5]).all())
    (6, True)
    """

    def __init__(self, graph: ItemGraph, config: WalkSettings, *, starts: npt.ArrayLike | None = None) -> None:
        names = ("num_walks", "walk_length", "p", "q", "seed")
        self._graph, self._config = graph, WalkConfig(**{name: getattr(config, name) for name in names})
        origins, shuffled = _origins(graph, starts), np.random.default_rng(self._config.seed)
        rounds = [origins[shuffled.permutation(len(origins))] for _ in range(self._config.num_walks)]
        self._begin = np.concatenate(rounds)
        self._tables: Any = None

    def __len__(self) -> int:
        return len(self._begin)

    @property
    def walk_length(self) -> int:
        """Nodes in a walk that does not end early: the width of :meth:`rows`."""
        return self._config.walk_length

    def rows(self, first: int, last: int) -> Int32Array:
        """Walks ``first`` … ``last − 1``, int32 (last − first, walk_length), padded with −1."""
        begin = self._begin[first:last]
        walks = np.empty((len(begin), self._config.walk_length), dtype=np.int32)
        if not len(begin):
            return walks
        import numba

        from recemb_core.walks.tables import walk_tables
        from recemb_core.walks.walk_kernel import LANES, walk_all

        if self._tables is None:
            self._tables = walk_tables(self._graph)
        # Enough chunks to share out evenly; long ones, because the last walks of a chunk run with idle lanes.
        chunk = min(max(len(begin) // (8 * numba.get_num_threads()), LANES), 2048)
        proposal = proposal_for(float(self._config.p), float(self._config.q))
        walk_all(walks, begin, first, chunk, np.uint64(self._config.seed), proposal, self._tables)
        return walks


def walks_or_stream(graph: ItemGraph, config: WalkSettings) -> Int32Array | WalkStream:
    """All walks where they fit well into memory, else a stream of them: above :data:`MOST_STEPS`."""
    walks = WalkStream(graph, config)
    return walks if len(walks) * walks.walk_length > MOST_STEPS else walks.rows(0, len(walks))


def _origins(graph: ItemGraph, starts: npt.ArrayLike | None) -> Int32Array:
    if starts is None:
        return np.arange(len(graph), dtype=np.int32)
    rows = np.asarray(starts)
    whole = rows.ndim == 1 and rows.dtype.kind in "iu" and rows.size > 0
    if not (whole and rows.min() >= 0 and rows.max() < len(graph)):
        rows = np.array([_row(graph, "starts", start) for start in rows])  # says which one is wrong
    return rows.astype(np.int32)


def proposal_for(p: float, q: float) -> Proposal:
    """The odds that the kernel draws by, for p and q."""
    from recemb_core.walks.walk_kernel import Proposal

    bound = max(1.0, 1 / q)
    back, near, far = (round(2**32 * min(1.0, alpha / bound)) for alpha in (1 / p, 1.0, 1 / q))
    return Proposal(bound, max(0.0, 1 / p - bound), back, near, far, min(near, far), 1 / p, 1 / q)


def transition_probabilities(
    graph: ItemGraph, previous: int | None, current: int, *, p: float, q: float
) -> tuple[Int32Array, Float64Array]:
    """Where a walk goes next, in closed form.

        P(x) = α(x) w_vx / Σ_k α(k) w_vk,    α(x) = 1/p if x = t,  1 if there is an edge t → x,  1/q otherwise

    with v = ``current`` and t = ``previous``. Larger p makes going back to t less likely; larger q makes leaving
    t's neighborhood less likely.

    Args:
        graph: weighted, directed or not.
        previous: row number of the node before, or None for a first step (α = 1 throughout).
        current: row number of the node where the walk is.
        p: return parameter, positive.
        q: in-out parameter, positive.

    Returns:
        ``(ids, probabilities)``: int32 row numbers of the out-neighbors of ``current``, ascending, and float64
        probabilities that add up to 1. Both are empty at a node without out-edges.

    Raises:
        ValueError: a row number is out of range, p or q is not positive, or no edge leads from ``previous`` to
            ``current``.

    References:
        Grover, Leskovec, *node2vec: Scalable Feature Learning for Networks*, KDD 2016, equation 2.

    >>> from recemb_core.item_graph import ItemGraph
    >>> path = ItemGraph.from_edges([0, 1, 1], [1, 2, 3], directed=False)
    >>> ids, probabilities = transition_probabilities(path, 0, 1, p=0.5, q=2)
    >>> ids.tolist(), probabilities.round(3).tolist()   # back to 0: weight 1/p = 2, on to 2 or 3: 1/q = 0.5 each
    ([0, 2, 3], [0.667, 0.167, 0.167])
    """
    _check_bias("p", p)
    _check_bias("q", q)
    current = _row(graph, "current", current)
    ids, weights = graph.neighbors(current)
    mass = weights.astype(np.float64)
    if previous is not None:
        previous = _row(graph, "previous", previous)
        near_ids, _ = graph.neighbors(previous)
        if current not in near_ids:
            raise UsageError(
                f"previous must have an edge to current; there is none from row {previous} ({graph.items[previous]!r}) "
                f"to row {current} ({graph.items[current]!r})"
            )
        mass *= np.where(ids == previous, 1 / p, np.where(np.isin(ids, near_ids), 1.0, 1 / q))
    return ids.copy(), mass / mass.sum()


def _row(graph: ItemGraph, name: str, value: Any) -> int:
    if not is_whole(value) or not 0 <= value < len(graph):
        raise UsageError(f"{name} must be a row number from 0 to {len(graph) - 1}, not {value!r}")
    return int(value)


def _check_bias(name: str, value: Any) -> None:
    allowed = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not allowed or not (value > 0 and math.isfinite(value) and math.isfinite(1 / float(value))):
        raise UsageError(f"{name} must be a positive finite number, not {value!r}")
