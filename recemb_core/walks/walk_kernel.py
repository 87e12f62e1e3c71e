"""The walk kernel: 32 walks advance together, a step drawn by rejection, exact for any weights, p and q.

Steps are drawn by rejection: propose x among the out-edges of v with probability w_vx / W_v (one look at an alias
table), accept it with probability α(t, x) / M, M = max(1, 1/q). That needs no table for every pair (t, v), and the
bound M stays tight because the only α that may exceed it, 1/p on the way back, is capped at M. What the cap cuts off,
(1/p − M) · w_vt, is the fold: the mass under the proposal is M·W_v + (1/p − M)·w_vt, a draw falls into the second part
with its share of that, and is then a step back, accepted as it is. After a rejection everything is drawn anew, that
choice included, or steps back would be too frequent.

A draw is accepted with probability at least min(1, 1/p, 1/q) / M, which is small for extreme p or q. A rejected draw
says nothing about the next, so after as many tries as a scan of all out-edges costs, that scan draws from the closed
form instead: the distribution stays exact, the cost at most about doubles.

Walks wait for memory, not arithmetic. So 32 of them advance in lock step, one phase for all before the next phase for
any. A phase ends by asking the processor for what the next one reads, and has no jumps that depend on chance where
memory is slow: the cache misses of all lanes overlap. ``reference`` walks the same walks one at a time, without any of
this.
"""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from typing import Any, NamedTuple

import numba
import numpy as np

from recemb_core.arrays import AnyArray, BoolArray, Int32Array
from recemb_core.kernels.alias_tables import HALF_WORD
from recemb_core.kernels.prefetching import prefetch
from recemb_core.kernels.random_numbers import GOLDEN, mix
from recemb_core.walks.tables import WalkTables, has_edge, may_have_edge

Walks = Int32Array
Places = Int32Array
Lanes = AnyArray
Lane = Any  # one record of LANE; the compiler knows its fields, a type checker does not

LANES = 32
PATIENCE = 16  # tries before a scan, besides one for each out-edge


def _choose_threading_layer() -> None:
    """Ask numba for a layer that two threads may enter at once, unless the caller chose one or there is none."""
    if "NUMBA_THREADING_LAYER" in os.environ or numba.config.THREADING_LAYER != "default":  # type: ignore[attr-defined]
        return
    for pool in ("tbbpool", "omppool"):
        with suppress(ImportError):  # numba's part is always there, the library under it (libgomp) is not
            importlib.import_module(f"numba.np.ufunc.{pool}")
            numba.config.THREADING_LAYER = "threadsafe"  # type: ignore[attr-defined]


_choose_threading_layer()


LANE = np.dtype(
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


class Proposal(NamedTuple):
    """How draws are proposed and accepted; ``accept_…`` are probabilities in units of 2⁻³²."""

    bound: float  # M
    excess: float  # 1/p − M, what the cap cuts off; at least 0
    accept_back: int  # α / M for x = t, capped
    accept_near: int  # α / M where there is an edge t → x
    accept_far: int  # α / M elsewhere
    accept_surely: int  # the smaller of the last two: below it, nobody needs to know whether there is that edge
    inverse_p: float
    inverse_q: float


@numba.njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def walk_all(
    walks: Walks, starts: Places, first: int, chunk: int, seed: np.uint64, proposal: Proposal, tables: WalkTables
) -> None:
    """Fill ``walks`` (m, length) from the nodes ``starts`` (m,), ``chunk`` rows a task; −1 where a walk is over.

    ``first`` is the number of the first of these walks among all: each has a generator of its own, by its number.
    """
    for c in numba.prange((len(starts) + chunk - 1) // chunk):
        _walk_rows(walks, starts, first, c * chunk, min((c + 1) * chunk, len(starts)), seed, proposal, tables)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _walk_rows(
    walks: Walks,
    starts: Places,
    first: int,
    row: int,
    end: int,
    seed: np.uint64,
    proposal: Proposal,
    tables: WalkTables,
) -> None:
    """Fill rows ``row`` to ``end`` of the walk matrix; a lane whose walk is over takes the next row."""
    lanes = np.zeros(LANES, dtype=LANE)
    asking = np.empty(LANES, dtype=np.int32)  # lanes that must know whether there is an edge t → x
    maybe = np.empty(LANES, dtype=np.bool_)  # what the filter tells them
    going = np.empty(LANES, dtype=np.int32)  # lanes whose draw is accepted
    options = np.empty(2, dtype=np.int32)
    active = min(LANES, end - row)
    for i in range(active):
        _start(lanes[i], row + i, first, seed, starts, walks, tables)
    row += active
    while active > 0:
        active, row = _replace_ended(lanes, active, row, end, first, seed, starts, walks, tables)
        _draw_slots(lanes, active, tables)
        _choose_edges(lanes, active, options, tables)
        num_going, num_asking = _decide(lanes, active, proposal, tables, going, asking)
        num_going = _ask(lanes, asking, num_asking, maybe, proposal, tables, going, num_going)
        for k in range(num_going):
            _arrive(lanes[going[k]], walks, proposal, tables)


# --- the phases of a round, each for all lanes ---


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _replace_ended(
    lanes: Lanes,
    active: int,
    row: int,
    end: int,
    first: int,
    seed: np.uint64,
    starts: Places,
    walks: Walks,
    tables: WalkTables,
) -> tuple[int, int]:
    """Give lanes whose walk is over the next row, or close them up; (lanes at work, next row)."""
    for i in range(active - 1, -1, -1):
        while lanes[i].column == walks.shape[1] or lanes[i].degree == 0:
            walks[lanes[i].row, lanes[i].column :] = -1
            if row == end:
                active -= 1
                lanes[i] = lanes[active]
                break
            _start(lanes[i], row, first, seed, starts, walks, tables)
            row += 1
    return active, row


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _draw_slots(lanes: Lanes, active: int, tables: WalkTables) -> None:
    """A slot of the alias table, and all other random numbers of this try."""
    edges = tables.edges
    for i in range(active):
        lane = lanes[i]
        high_a, low_a = _random(lane)
        high_b, low_b = _random(lane)
        lane.edge = lane.start + ((high_a * lane.degree) >> 32)
        lane.keep, lane.accept = low_a, high_b
        lane.folded = low_b < lane.fold
        lane.tries += 1
        prefetch(edges, lane.edge)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _choose_edges(lanes: Lanes, active: int, options: Places, tables: WalkTables) -> None:
    """The slot or its alias, by position in ``options`` (2,): a jump would often be mispredicted."""
    edges = tables.edges
    for i in range(active):
        lane = lanes[i]
        slot = edges[lane.edge]
        options[0], options[1] = lane.edge, slot.alias
        lane.edge = options[np.int64(lane.keep >= slot.keep)]
        prefetch(edges, lane.edge)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _decide(
    lanes: Lanes, active: int, proposal: Proposal, tables: WalkTables, going: Places, asking: Places
) -> tuple[int, int]:
    """Look at the target x and decide where that is enough: (how many are ``going``, how many ``asking``).

    Both lists are written at every lane and grow only where it belongs to them: no jump.
    """
    nodes, edges = tables.nodes, tables.edges
    num_asking, num_going = 0, 0
    for i in range(active):
        lane = lanes[i]
        if lane.tries > PATIENCE + lane.degree:
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
    return num_going, num_asking


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _ask(
    lanes: Lanes,
    asking: Places,
    num_asking: int,
    maybe: BoolArray,
    proposal: Proposal,
    tables: WalkTables,
    going: Places,
    num_going: int,
) -> int:
    """Is there an edge t → x? The filter first, for all; then the graph where it says maybe. How many are going."""
    for k in range(num_asking):
        lane = lanes[asking[k]]
        maybe[k] = may_have_edge(lane.previous, lane.target, tables)
    for k in range(num_asking):
        lane = lanes[asking[k]]
        near = maybe[k] and has_edge(lane.previous, lane.target, tables)
        going[num_going] = asking[k]
        num_going += lane.accept < (proposal.accept_near if near else proposal.accept_far)
    return num_going


# --- one lane ---


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _start(lane: Lane, row: int, first: int, seed: np.uint64, starts: Places, walks: Walks, tables: WalkTables) -> None:
    """Put a lane at the first node of a walk, with a generator that depends on seed and the walk's number only."""
    # Two rounds of mixing, so that neither neighboring rows nor neighboring seeds have related streams.
    lane.random = mix(mix(seed + GOLDEN) + np.uint64(first + row))
    node = starts[row]
    lane.row, lane.column = row, 1
    lane.previous, lane.current = -1, node
    lane.start, lane.degree = tables.nodes[node].start, tables.nodes[node].degree
    lane.tries, lane.certain, lane.fold = 0, 1, 0
    walks[row, 0] = node


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _arrive(lane: Lane, walks: Walks, proposal: Proposal, tables: WalkTables) -> None:
    """Take the step that was accepted, and write it down."""
    if lane.folded:
        lane.forth, lane.back = lane.back, lane.forth
    else:
        lane.forth = tables.edges[lane.edge].weight
        lane.back = tables.return_weights[lane.edge] if len(tables.return_weights) else lane.forth
    lane.previous, lane.current = lane.current, lane.target
    node = tables.nodes[lane.current]
    lane.start, lane.degree = node.start, node.degree
    extra = proposal.excess * lane.back
    lane.fold = np.uint32(HALF_WORD * (extra / (proposal.bound * node.total + extra))) if extra > 0 else 0
    lane.tries, lane.certain = 0, 0
    walks[lane.row, lane.column] = lane.current
    lane.column += 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _scan(lane: Lane, proposal: Proposal, tables: WalkTables) -> int:
    """One draw from the closed form, by a look at every out-edge."""
    total = 0.0
    for e in range(lane.start, lane.start + lane.degree):
        total += mass(lane.previous, e, proposal, tables)
    high, low = _random(lane)
    left = total * ((high + low / HALF_WORD) / HALF_WORD)
    for e in range(lane.start, lane.start + lane.degree):
        left -= mass(lane.previous, e, proposal, tables)
        if left < 0.0:
            return e
    return int(lane.start + lane.degree - 1)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def mass(previous: int, edge: int, proposal: Proposal, tables: WalkTables) -> float:
    """α(t, x) · w_vx."""
    target, weight = tables.edges[edge].target, tables.edges[edge].weight
    if target == previous:
        return float(proposal.inverse_p * weight)
    if may_have_edge(previous, target, tables) and has_edge(previous, target, tables):
        return float(weight)
    return float(proposal.inverse_q * weight)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _random(lane: Lane) -> tuple[np.int64, np.int64]:
    """Two independent whole numbers, uniform in [0, 2³²); the lane's generator moves on."""
    lane.random += GOLDEN
    z = mix(lane.random)
    return np.int64(z >> np.uint64(32)), np.int64(z & np.uint64(0xFFFFFFFF))
