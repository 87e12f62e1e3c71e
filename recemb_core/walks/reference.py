"""What the walk kernel does, one walk at a time in plain Python: no lanes, no filter, no waiting for memory.

The same random numbers are drawn, so that the tests can compare walks node by node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recemb_core.arrays import Float64Array
from recemb_core.kernels.reference import GOLDEN, alias_table, mix

if TYPE_CHECKING:
    from recemb_core.item_graph import ItemGraph

PATIENCE = 16
_WORD = 2**64 - 1


def weight_of(graph: ItemGraph, source: int, target: int) -> float:
    """Weight of an edge, 0 where there is none."""
    ids, weights = graph.neighbors(source)
    return float(weights[ids == target].sum())


def masses(graph: ItemGraph, previous: int | None, current: int, p: float, q: float) -> Float64Array:
    """α(t, x) · w_vx for every out-edge of v, in the order of the out-edges; α = 1 without a node before."""
    ids, weights = graph.neighbors(current)
    alphas = [1.0 if previous is None else _alpha(graph, previous, int(x), p, q) for x in ids]
    return np.array(alphas) * weights.astype(np.float64)


def _alpha(graph: ItemGraph, previous: int, target: int, p: float, q: float) -> float:
    if target == previous:
        return 1 / p
    return 1.0 if weight_of(graph, previous, target) else 1 / q


class _Random:
    """SplitMix64, a generator a walk."""

    def __init__(self, seed: int, row: int) -> None:
        self.state = mix(mix(seed + GOLDEN & _WORD) + row & _WORD)

    def two(self) -> tuple[int, int]:
        """Two whole numbers below 2³²."""
        self.state = self.state + GOLDEN & _WORD
        return divmod(mix(self.state), 2**32)


def walk(graph: ItemGraph, start: int, row: int, *, length: int, p: float, q: float, seed: int) -> list[int]:
    """The walk in ``row`` of the matrix, which begins at ``start``; shorter where it comes to an end."""
    random, nodes = _Random(seed, row), [start]
    while len(nodes) < length and len(graph.neighbors(nodes[-1])[0]):
        nodes.append(_next(graph, nodes[-2] if len(nodes) > 1 else None, nodes[-1], p, q, random))
    return nodes


def _next(graph: ItemGraph, previous: int | None, current: int, p: float, q: float, random: _Random) -> int:
    """One step by rejection: propose by weight, or the fold; accept with chance α / M."""
    ids, weights = graph.neighbors(current)
    keep, alias = alias_table(weights)
    bound = max(1.0, 1 / q)
    # The mass that the cap cuts off the way back, as a share of all that is proposed.
    extra = 0.0 if previous is None else max(0.0, 1 / p - bound) * weight_of(graph, current, previous)
    fold = int(2**32 * (extra / (bound * sum(float(w) for w in weights) + extra)))
    for _ in range(PATIENCE + len(ids)):
        (high, low), (accept, folded) = random.two(), random.two()
        slot = high * len(ids) >> 32
        target = int(ids[slot if low < keep[slot] else alias[slot]])
        if previous is None:
            return target
        if folded < fold:
            return previous
        if accept < round(2**32 * min(1.0, _alpha(graph, previous, target, p, q) / bound)):
            return target
    random.two(), random.two()  # the kernel draws before it counts
    return int(ids[_scan(masses(graph, previous, current, p, q), random)])


def _scan(mass: Float64Array, random: _Random) -> int:
    """A place drawn by its mass, by adding up."""
    high, low = random.two()
    left = sum(mass.tolist()) * ((high + low / 2**32) / 2**32)
    for place, part in enumerate(mass.tolist()):
        left -= part
        if left < 0:
            return place
    return len(mass) - 1
