"""Random walks on an item graph: first order (DeepWalk) and second order (node2vec), exact for any weights, p and q."""

from __future__ import annotations

import importlib
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numba
import numpy as np
import numpy.typing as npt

from recemb_core.validation import UsageError, is_whole
from recemb_core.walks.tables import WalkTables, has_edge, may_have_edge, mix, prefetch, walk_tables

if TYPE_CHECKING:
    from recemb_core.item_graph import ItemGraph


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
    ValueError: p must be a positive finite number, not 0
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


def generate_walks(
    graph: ItemGraph, config: WalkSettings, *, starts: npt.ArrayLike | None = None
) -> npt.NDArray[np.int32]:
    """Random walks from every node, ``num_walks`` rounds over all n nodes (or over ``starts``).

    The first step from v goes to x with probability w_vx / Σ_k w_vk. Having come from t to v, the walk goes to x with

        P(x | t, v) ∝ α(t, x) · w_vx,    α = 1/p if x = t,  1 if there is an edge t → x,  1/q otherwise,

    over the out-edges v → x. With p = q = 1 every step is a first step: DeepWalk. A walk ends at a node without
    out-edges; the rest of its row is −1. The steps are drawn exactly from these probabilities, see
    :func:`transition_probabilities`.

    Each round visits the nodes in a shuffled order of its own, as DeepWalk does, so that training on the rows from
    top to bottom meets the items well mixed: rows r·n … (r+1)·n − 1 are round r, column 0 says where a walk starts.

    Args:
        graph: weighted, directed or not; a row of ``weights`` needs no normalising.
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
    config = WalkConfig(**{name: getattr(config, name) for name in ("num_walks", "walk_length", "p", "q", "seed")})
    rows = range(len(graph)) if starts is None else [_row(graph, "starts", start) for start in np.asarray(starts)]
    origins, shuffled = np.array(rows, dtype=np.int32), np.random.default_rng(config.seed)
    begin = np.concatenate([origins[shuffled.permutation(len(origins))] for _ in range(config.num_walks)])
    walks = np.empty((len(begin), config.walk_length), dtype=np.int32)
    if not len(begin):
        return walks
    tables = walk_tables(graph)
    # Enough chunks to share out evenly; long ones, because the last walks of a chunk run with idle lanes.
    chunk = min(max(len(begin) // (8 * numba.get_num_threads()), _LANES), 2048)
    proposal = _proposal(float(config.p), float(config.q))
    _walk_all(walks, begin, chunk, np.uint64(config.seed), proposal, tables)
    return walks


def transition_probabilities(
    graph: ItemGraph, previous: int | None, current: int, *, p: float, q: float
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
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


def _choose_threading_layer() -> None:
    """Ask numba for a layer that two threads may enter at once, unless the caller chose one or there is none."""
    if "NUMBA_THREADING_LAYER" in os.environ or numba.config.THREADING_LAYER != "default":  # type: ignore[attr-defined]
        return
    for pool in ("tbbpool", "omppool"):
        with suppress(ImportError):  # numba's part is always there, the library under it (libgomp) is not
            importlib.import_module(f"numba.np.ufunc.{pool}")
            numba.config.THREADING_LAYER = "threadsafe"  # type: ignore[attr-defined]


_choose_threading_layer()


# The kernel. Steps are drawn by rejection: propose x among the out-edges of v with probability w_vx / W_v (one look
# at an alias table), accept it with probability α(t, x) / M, M = max(1, 1/q). That needs no table for every pair
# (t, v), and the bound M stays tight because the only α that may exceed it, 1/p on the way back, is capped at M. What
# the cap cuts off, (1/p − M) · w_vt, is the fold: the mass under the proposal is M·W_v + (1/p − M)·w_vt, a draw falls
# into the second part with its share of that, and is then a step back, accepted as it is. After a rejection
# everything is drawn anew, that choice included, or steps back would be too frequent.
#
# A draw is accepted with probability at least min(1, 1/p, 1/q) / M, which is small for extreme p or q. A rejected
# draw says nothing about the next, so after as many tries as a scan of all out-edges costs, that scan draws from the
# closed form instead: the distribution stays exact, the cost at most about doubles.
#
# Walks wait for memory, not arithmetic. So 32 of them advance in lock step, one phase for all before the next phase
# for any. A phase ends by asking the processor for what the next one reads, and has no jumps that depend on chance
# where memory is slow: the cache misses of all lanes overlap.

_LANES = 32
_PATIENCE = 16  # tries before a scan, besides one for each out-edge
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HALF_RANGE = 2.0**32

_LANE = np.dtype(
    [
        ("random", np.uint64),  # state of the walk's own generator
        ("row", np.int32),  # the walk's row of the matrix
        ("column", np.int32),  # and the next column to fill
        ("previous", np.int32),  # t, −1 before the first step
        ("current", np.int32),  # v
        ("start", np.int32),  # first out-edge of v
        ("degree", np.int32),  # number of out-edges of v
        ("tries", np.int32),  # draws since the last step
        ("edge", np.int32),  # a slot of the alias table, then the edge proposed
        ("target", np.int32),  # x
        ("keep", np.uint32),  # the uniform number that decides between slot and alias
        ("accept", np.uint32),  # and the one that decides on acceptance
        ("fold", np.uint32),  # share of the fold in the proposal, in units of 2⁻³²
        ("forth", np.float32),  # w_tv, weight of the edge just taken
        ("back", np.float32),  # w_vt, weight of its reverse, 0 if there is none
        ("folded", np.uint8),  # 1: the draw fell into the fold
        ("certain", np.uint8),  # 1: any draw is accepted (a first step, or one from a scan)
    ],
    align=True,
)


class _Proposal(NamedTuple):
    """How draws are proposed and accepted; ``accept_…`` are probabilities in units of 2⁻³²."""

    bound: float  # M
    excess: float  # 1/p − M, what the cap cuts off; at least 0
    accept_back: int  # α / M for x = t, capped
    accept_near: int  # α / M where there is an edge t → x
    accept_far: int  # α / M elsewhere
    accept_surely: int  # the smaller of the last two: below it, nobody needs to know whether there is that edge
    inverse_p: float
    inverse_q: float


def _proposal(p: float, q: float) -> _Proposal:
    bound = max(1.0, 1 / q)
    back, near, far = (round(2**32 * min(1.0, alpha / bound)) for alpha in (1 / p, 1.0, 1 / q))
    return _Proposal(bound, max(0.0, 1 / p - bound), back, near, far, min(near, far), 1 / p, 1 / q)


@numba.njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def _walk_all(walks: Any, starts: Any, chunk: int, seed: Any, proposal: _Proposal, tables: WalkTables) -> None:
    for c in numba.prange((len(starts) + chunk - 1) // chunk):
        _walk_rows(walks, starts, c * chunk, min((c + 1) * chunk, len(starts)), seed, proposal, tables)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _walk_rows(walks: Any, starts: Any, row: int, end: int, seed: Any, proposal: _Proposal, tables: WalkTables) -> None:
    """Fill rows ``row`` to ``end`` of the walk matrix; a lane whose walk is over takes the next row."""
    nodes, edges = tables.nodes, tables.edges
    length = walks.shape[1]
    lanes = np.zeros(_LANES, dtype=_LANE)
    asking = np.empty(_LANES, dtype=np.int32)  # lanes that must know whether there is an edge t → x
    maybe = np.empty(_LANES, dtype=np.bool_)  # what the filter tells them
    going = np.empty(_LANES, dtype=np.int32)  # lanes whose draw is accepted
    options = np.empty(2, dtype=np.int32)
    active = min(_LANES, end - row)
    for i in range(active):
        _start(lanes[i], row, seed, starts, walks, tables)
        row += 1
    while active > 0:
        for i in range(active - 1, -1, -1):  # end
            while lanes[i].column == length or lanes[i].degree == 0:
                walks[lanes[i].row, lanes[i].column :] = -1
                if row == end:
                    active -= 1
                    lanes[i] = lanes[active]
                    break
                _start(lanes[i], row, seed, starts, walks, tables)
                row += 1
        for i in range(active):  # draw a slot
            lane = lanes[i]
            high_a, low_a = _random(lane)
            high_b, low_b = _random(lane)
            lane.edge = lane.start + ((high_a * lane.degree) >> 32)
            lane.keep, lane.accept = low_a, high_b
            lane.folded = low_b < lane.fold
            lane.tries += 1
            prefetch(edges, lane.edge)
        for i in range(active):  # choose between slot and alias, by position: a jump would often be mispredicted
            lane = lanes[i]
            slot = edges[lane.edge]
            options[0], options[1] = lane.edge, slot.alias
            lane.edge = options[np.int64(lane.keep >= slot.keep)]
            prefetch(edges, lane.edge)
        num_asking, num_going = 0, 0
        for i in range(active):  # look at the target, and decide where that is enough
            lane = lanes[i]
            if lane.tries > _PATIENCE + lane.degree:
                lane.edge = _scan(lane, proposal, tables)
                lane.folded, lane.certain = 0, 1
            target = edges[lane.edge].target
            lane.target = lane.previous if lane.folded else target
            prefetch(nodes, lane.target)
            back = lane.target == lane.previous
            enough = proposal.accept_back if back else proposal.accept_surely
            accept = (lane.accept < enough) | (lane.folded | lane.certain != 0)
            going[num_going] = i
            num_going += accept
            asking[num_asking] = i
            num_asking += not (accept | back)
        for k in range(num_asking):  # ask the filter
            lane = lanes[asking[k]]
            maybe[k] = may_have_edge(lane.previous, lane.target, tables)
        for k in range(num_asking):  # make sure
            lane = lanes[asking[k]]
            near = maybe[k] and has_edge(lane.previous, lane.target, tables)
            going[num_going] = asking[k]
            num_going += lane.accept < (proposal.accept_near if near else proposal.accept_far)
        for k in range(num_going):  # go
            lane = lanes[going[k]]
            _arrive(lane, proposal, tables)
            walks[lane.row, lane.column] = lane.current
            lane.column += 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _start(lane: Any, row: int, seed: Any, starts: Any, walks: Any, tables: WalkTables) -> None:
    """Put a lane at the first node of a walk, with a generator that depends on seed and row only."""
    # Two rounds of mixing, so that neither neighboring rows nor neighboring seeds have related streams.
    lane.random = mix(mix(seed + _GOLDEN) + np.uint64(row))
    node = starts[row]
    lane.row, lane.column = row, 1
    lane.previous, lane.current = -1, node
    lane.start, lane.degree = tables.nodes[node].start, tables.nodes[node].degree
    lane.tries, lane.certain, lane.fold = 0, 1, 0
    walks[row, 0] = node


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _arrive(lane: Any, proposal: _Proposal, tables: WalkTables) -> None:
    """Take the step that was accepted."""
    if lane.folded:
        lane.forth, lane.back = lane.back, lane.forth
    else:
        lane.forth = tables.edges[lane.edge].weight
        lane.back = tables.return_weights[lane.edge] if len(tables.return_weights) else lane.forth
    lane.previous, lane.current = lane.current, lane.target
    node = tables.nodes[lane.current]
    lane.start, lane.degree = node.start, node.degree
    extra = proposal.excess * lane.back
    lane.fold = np.uint32(_HALF_RANGE * (extra / (proposal.bound * node.total + extra))) if extra > 0 else 0
    lane.tries, lane.certain = 0, 0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _scan(lane: Any, proposal: _Proposal, tables: WalkTables) -> int:
    """One draw from the closed form, by a look at every out-edge."""
    total = 0.0
    for e in range(lane.start, lane.start + lane.degree):
        total += _mass(lane.previous, e, proposal, tables)
    high, low = _random(lane)
    left = total * ((high + low / _HALF_RANGE) / _HALF_RANGE)
    for e in range(lane.start, lane.start + lane.degree):
        left -= _mass(lane.previous, e, proposal, tables)
        if left < 0.0:
            return e
    return lane.start + lane.degree - 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _mass(previous: int, edge: int, proposal: _Proposal, tables: WalkTables) -> float:
    """α(t, x) · w_vx."""
    target, weight = tables.edges[edge].target, tables.edges[edge].weight
    if target == previous:
        return proposal.inverse_p * weight
    if may_have_edge(previous, target, tables) and has_edge(previous, target, tables):
        return np.float64(weight)
    return proposal.inverse_q * weight


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _random(lane: Any) -> Any:
    """Two independent whole numbers, uniform in [0, 2³²); the lane's generator moves on."""
    lane.random += _GOLDEN
    z = mix(lane.random)
    return np.int64(z >> np.uint64(32)), np.int64(z & np.uint64(0xFFFFFFFF))
