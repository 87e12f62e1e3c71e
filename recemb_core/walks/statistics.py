"""What walks do, measured and in closed form: one step taken apart, exact visits, χ², hop distances, returns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array, Int32Array, Int64Array, IntegerArray, NumberArray, StrArray
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from recemb_core.item_graph import ItemGraph

FIRST, RETURN, SHARED, AWAY = "first step", "return", "shared neighbor", "away"
"""What a candidate is to the node before: nothing yet (no node before), itself, its neighbor, none of its business."""


@dataclass(frozen=True, eq=False)
class Step:
    """The next step of a walk, factor by factor; one entry a candidate, in the order of the out-edges.

    Attributes:
        ids: int32 (k,), rows that an out-edge of the current node leads to.
        kinds: (k,), one of ``FIRST, RETURN, SHARED, AWAY``.
        alpha: float64 (k,): 1, 1/p, 1 or 1/q.
        weights: float64 (k,), weight of the edge.
        probabilities: float64 (k,), alpha · weights over their sum; adds up to 1.
    """

    ids: Int32Array
    kinds: StrArray
    alpha: Float64Array
    weights: Float64Array
    probabilities: Float64Array

    def share(self, kind: str) -> float:
        """Probability that the next step is of this kind."""
        return float(self.probabilities[self.kinds == kind].sum())


def next_step(graph: ItemGraph, previous: int | None, current: int, *, p: float, q: float) -> Step:
    """Take the next step's probabilities apart; the probabilities are those of ``transition_probabilities``.

    Args and errors as there. A current node without out-edges has no candidates: the walk ends.

    >>> from recemb_core.item_graph import ItemGraph
    >>> graph = ItemGraph.from_edges([0, 1, 1, 0], [1, 2, 3, 2], directed=False)
    >>> step = next_step(graph, 0, 1, p=0.5, q=2)
    >>> step.kinds.tolist(), step.alpha.tolist()
    (['return', 'shared neighbor', 'away'], [2.0, 1.0, 0.5])
    """
    from recemb_core.walks import transition_probabilities

    ids, probabilities = transition_probabilities(graph, previous, current, p=p, q=q)
    if previous is None:
        kinds = np.full(len(ids), FIRST)
    else:
        kinds = np.where(np.isin(ids, graph.neighbors(previous)[0]), SHARED, AWAY)
        kinds = np.where(ids == previous, RETURN, kinds)
    alpha = np.select([kinds == RETURN, kinds == AWAY], [1 / p, 1 / q], 1.0)
    return Step(ids, kinds, alpha, graph.neighbors(current)[1].astype(np.float64), probabilities)


def steps_through(
    graph: ItemGraph, previous: int, current: int, count: int, *, p: float, q: float, seed: int, most: int = 200_000
) -> Int32Array:
    """Where walks that came from ``previous`` to ``current`` went next: up to ``count`` rows, −1 where one ended.

    Walks start at ``previous``, and those whose first step led to ``current`` are kept. Where that step is rare, at
    most ``most`` walks are tried, and fewer than ``count`` may come back.
    """
    from recemb_core.walks import WalkConfig, generate_walks

    ids, weights = graph.neighbors(previous)
    share = float(weights[ids == current].sum() / weights.sum()) if len(ids) else 0.0
    if share == 0:
        raise UsageError(f"previous must have an edge to current; there is none from row {previous} to row {current}")
    tries = min(most, math.ceil((count + 4 * math.sqrt(count)) / share))
    walks = generate_walks(graph, WalkConfig(num_walks=tries, walk_length=3, p=p, q=q, seed=seed), starts=[previous])
    nexts: Int32Array = walks[walks[:, 1] == current, 2]
    return nexts[:count]


@dataclass(frozen=True, eq=False)
class ExactVisits:
    """The distribution of a walk's place, step by step.

    Attributes:
        visits: float64 (steps + 1, n): row k is where a walk is after k steps; what is missing to 1 has ended.
        returns: float64 (steps + 1,): probability that step k is taken and leads back to where step k − 1 came from.
        walking: float64 (steps + 1,): probability that step k is taken at all.
    """

    visits: Float64Array
    returns: Float64Array
    walking: Float64Array

    @property
    def steps(self) -> int:
        """Steps that are known."""
        return len(self.visits) - 1


def exact_visits(
    graph: ItemGraph, start: int, steps: int, *, p: float, q: float, most_pairs: int = 2_000_000
) -> ExactVisits:
    """Where a node2vec walk from ``start`` is after each step, without drawing any walk.

    A second-order walk is a first-order one on edges: with f_k(t→v) the probability that step k runs along t → v,

        f_1(s→v) = w_sv / W_s,    f_{k+1}(v→x) = Σ_t f_k(t→v) · P(x | t, v),    visits_k(v) = Σ_t f_k(t→v).

    Args:
        graph: weighted, directed or not.
        start: row number s.
        steps: at least 0.
        p: return parameter. q: in-out parameter.
        most_pairs: stop early where more pairs of consecutive edges than this would have to be looked at in all.

    Returns:
        As many steps as ``most_pairs`` allows, at least one where ``steps`` is.

    >>> from recemb_core.item_graph import ItemGraph
    >>> path = ItemGraph.from_edges([0, 1, 1], [1, 2, 3], directed=False)
    >>> exact_visits(path, 0, 2, p=0.5, q=2).visits.round(3).tolist()
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.667, 0.0, 0.167, 0.167]]
    """
    n = len(graph)
    flow: NumberArray = np.zeros(len(graph.indices))
    visits: list[NumberArray] = [np.zeros(n)]
    visits[0][start] = 1.0
    returns, walking = [0.0], [1.0]
    keys = graph.sources.astype(np.int64) * n + graph.indices  # ascending: edges lie row by row
    looked, back = 0, 0.0
    for step in range(1, steps + 1):
        edges = np.flatnonzero(flow > 0)
        looked += int(graph.out_degree[graph.indices[edges]].sum())
        if looked > most_pairs:
            break
        if step == 1:
            first = slice(graph.indptr[start], graph.indptr[start + 1])
            weights = graph.weights[first].astype(np.float64)
            flow[first] = weights / weights.sum() if len(weights) else 0.0
        else:
            flow, back = _step_on_edges(graph, keys, edges, flow[edges], p, q)
        visits.append(np.bincount(graph.indices, weights=flow, minlength=n))
        returns.append(back)
        walking.append(float(flow.sum()))
    return ExactVisits(np.array(visits), np.array(returns), np.array(walking))


def _step_on_edges(
    graph: ItemGraph, keys: Int64Array, edges: IntegerArray, mass: NumberArray, p: float, q: float
) -> tuple[NumberArray, float]:
    """One step of the chain on edges: (flow on every edge, probability that the step is a return)."""
    came_from, at = graph.sources[edges], graph.indices[edges]
    degree = graph.out_degree[at]
    pair = np.repeat(np.arange(len(edges)), degree)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(degree) - degree, degree)
    following = graph.indptr[at][pair] + within
    before, target = came_from[pair], graph.indices[following]
    wanted = before.astype(np.int64) * len(graph) + target
    found = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    back = target == before
    alpha = np.where(back, 1 / p, np.where(keys[found] == wanted, 1.0, 1 / q))
    share = alpha * graph.weights[following]
    total = np.bincount(pair, weights=share, minlength=len(edges))
    share *= (mass / np.where(total > 0, total, 1.0))[pair]
    return np.bincount(following, weights=share, minlength=len(keys)), float(share[back].sum())


@dataclass(frozen=True)
class ChiSquare:
    """Pearson's test of counts against a distribution: Σ (observed − expected)² / expected over ``cells``.

    ``p_value``: how often counts drawn from the distribution lie at least this far from it. Small: they disagree.
    """

    statistic: float
    cells: int
    p_value: float


def chi_square(
    observed: npt.ArrayLike, probabilities: npt.ArrayLike, *, least_expected: float = 5.0
) -> ChiSquare | None:
    """Test counts against exact probabilities; cells expected fewer than ``least_expected`` times are pooled.

    Args:
        observed: (c,) counts.
        probabilities: (c,), adding up to 1.
        least_expected: below it the χ² approximation is poor (Cochran 1954).

    Returns:
        None where fewer than two cells are left: then there is nothing to compare. A count where the probability is
        exactly 0 contradicts the distribution: p_value 0.

    >>> chi_square([48, 52], [0.5, 0.5]).p_value.__round__(2)
    0.69
    """
    counts, expected = np.asarray(observed, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if np.any(counts[expected <= 0] > 0):
        return ChiSquare(math.inf, len(counts), 0.0)
    expected = expected * counts.sum()
    order = np.argsort(-expected, kind="stable")
    counts, expected = counts[order], expected[order]
    large = int((expected >= least_expected).sum())
    if expected[large:].sum() < least_expected:  # the pooled rest would be too small: give it the smallest large cell
        large = max(large - 1, 0)
    counts = np.append(counts[:large], counts[large:].sum())
    expected = np.append(expected[:large], expected[large:].sum())
    counts, expected = counts[expected > 0], expected[expected > 0]
    if len(counts) < 2:
        return None
    from scipy.special import chdtrc  # scipy.stats would take a second to import

    statistic = float(((counts - expected) ** 2 / expected).sum())
    return ChiSquare(statistic, len(counts), float(chdtrc(len(counts) - 1, statistic)))


def compare_visits(walks: Int32Array, exact: ExactVisits, step: int) -> ChiSquare | None:
    """χ² of the places of walks after ``step`` steps against the exact distribution; ended walks are a cell too."""
    at, chance = walks[:, step], exact.visits[step]
    counts = np.bincount(at[at >= 0], minlength=len(chance))
    ended = max(0.0, 1.0 - float(chance.sum()))
    return chi_square(np.append(counts, (at < 0).sum()), np.append(chance, ended if ended > 1e-9 else 0.0))


def hop_distances(graph: ItemGraph, start: int) -> Int32Array:
    """Fewest steps along out-edges from ``start`` to every row, int32 (n,); −1 where no path leads."""
    from scipy.sparse.csgraph import dijkstra

    hops = dijkstra(graph.to_scipy(), indices=start, unweighted=True)
    return np.where(np.isfinite(hops), hops, -1).astype(np.int32)


@dataclass(frozen=True, eq=False)
class DistanceProfile:
    """Mean hop distance from the start by step, over the walks still going.

    Attributes:
        mean: float64 (length,).
        standard_error: float64 (length,), sd / √walking; 0 where fewer than two walks are left.
        walking: int64 (length,), walks that have not ended. The profile stops where none is left.
    """

    mean: Float64Array
    standard_error: Float64Array
    walking: Int64Array


def distance_profile(walks: Int32Array, distances: Int32Array) -> DistanceProfile:
    """How far walks from one node get: small and flat is breadth-first-like, rising is depth-first-like."""
    walking = (walks >= 0).sum(axis=0)
    length = int((walking > 0).sum())
    hops = np.where(walks >= 0, distances[walks], 0)[:, :length].astype(np.float64)
    walking = walking[:length]
    mean = hops.sum(axis=0) / walking
    square = (np.where(walks[:, :length] >= 0, hops - mean, 0.0) ** 2).sum(axis=0)
    error = np.sqrt(square / np.maximum(walking - 1, 1) / walking)
    return DistanceProfile(mean, error, walking)


def returns_at(walks: Int32Array, step: int) -> tuple[int, int]:
    """(walks that go back to where they came from at ``step``, walks that take this step); steps count from 1."""
    taken = walks[:, step] >= 0
    back = taken & (walks[:, step] == walks[:, step - 2]) if step >= 2 else np.zeros(len(walks), dtype=bool)
    return int(back.sum()), int(taken.sum())


def return_rate(walks: Int32Array, last: int) -> tuple[float, float]:
    """Share of the steps 2 … ``last`` that lead back to where the walk came from, and its standard error.

    NaN where no walk takes a second step. The steps of one walk depend on each other, so the error is that of a ratio
    of sums over independent walks.
    """
    taken = walks[:, 2 : last + 1] >= 0
    back = taken & (walks[:, 2 : last + 1] == walks[:, : last - 1])
    steps, returns = taken.sum(axis=1).astype(np.float64), back.sum(axis=1).astype(np.float64)
    if steps.sum() == 0:
        return math.nan, math.nan
    rate = float(returns.sum() / steps.sum())
    error = math.sqrt(float(((returns - rate * steps) ** 2).sum()) * len(walks) / max(len(walks) - 1, 1)) / steps.sum()
    return rate, float(error)
