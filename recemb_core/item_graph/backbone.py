"""The significant edges of a graph: what popularity or a few heavy edges alone do not explain."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from recemb_core.arrays import BoolArray, Float64Array, Int64Array, IntegerArray, NumberArray
from recemb_core.item_graph.graph import ItemGraph, from_rows
from recemb_core.validation import require

_EDGES_AT_A_TIME = 1 << 18  # a dozen arrays of intermediate results are as long as this, not as the graph

BackboneMethod = Literal["disparity", "noise_corrected", "top_edges"]


def backbone(
    graph: ItemGraph,
    *,
    method: BackboneMethod = "disparity",
    alpha: float = 0.05,
    delta: float = 2.32,
    edges_per_item: float | None = None,
    top: int = 10,
) -> ItemGraph:
    """The significant edges of a graph.

    ``"disparity"`` keeps an edge when, at either of its ends, it carries more of the node's strength than a random
    split among the node's edges would: (1 − w_ij/s_i)^(k_i − 1) < ``alpha``, with s_i the strength and k_i the degree
    (out at the source, in at the target). It does not know how popular the other end is, so a best-seller keeps
    nearly all its edges.
    ``"noise_corrected"`` compares the weight with what both ends' strengths lead one to expect, w_ij against
    s_i s_j / S, and keeps an edge whose symmetric lift (L − 1)/(L + 1), L = w_ij S / (s_i s_j), is more than
    ``delta`` of its own standard deviations above 0: popularity alone keeps no edge.
    ``"top_edges"`` keeps an edge that is among the ``top`` heaviest of either end.
    All three also keep the best edge of each node, so that no connected item falls out of the graph.

    Args:
        graph: any graph; the items stay, only edges go. Weights should be counts for ``"noise_corrected"``.
        method: the rule.
        alpha: significance level in (0, 1]; smaller keeps fewer edges.
        delta: standard deviations, 0 or more; larger keeps fewer edges (1.64: one-sided 5%, 2.32: 1%).
        edges_per_item: for ``"noise_corrected"``, raise ``delta`` until at most this many edges an item are left on
            average (the best edge of each item comes on top, and edges equally far above expectation stay together).
        top: edges a node for ``"top_edges"``, at least 1.

    References:
        Serrano, Boguñá, Vespignani, *Extracting the multiscale backbone of complex weighted networks*, PNAS 2009.
        Coscia, Neffke, *Network Backboning with Noisy Data*, ICDE 2017.

    >>> g = ItemGraph.from_edges([0, 0, 0, 1], [1, 2, 3, 2], [9, 1, 1, 1], directed=False)
    >>> backbone(g, method="top_edges", top=1).num_edges
    3
    """
    check_backbone(method, alpha, delta, edges_per_item, top)
    source, target, weight = graph.sources, graph.indices, graph.weights.astype(np.float64)
    if method == "noise_corrected":
        worth = _noise_corrected(graph)
        if edges_per_item is not None:
            most = max(1, int(edges_per_item * len(graph))) * (1 if graph.directed else 2)
            if most < len(worth):
                delta = max(delta, float(np.partition(worth, len(worth) - most)[len(worth) - most]))
        keep = worth >= delta
        how = f"edges at least {delta:.3g} standard deviations above what popularity explains"
    elif method == "disparity":
        worth = weight
        keep = _disparity(source, weight, len(graph)) < alpha
        keep |= _disparity(target, weight, len(graph)) < alpha
        how = f"disparity filter, α = {alpha:g}"
    else:
        worth = weight
        keep = (_rank_within(source, weight, target) < top) | (_rank_within(target, weight, source) < top)
        how = f"the {top} heaviest edges of each item"
    keep |= _best_of_each_end(source, target, worth, len(graph))
    kept = from_rows(source[keep], target[keep], weight[keep], graph.items, directed=True)
    rule = f"{graph.rule}; backbone: {how}"
    return ItemGraph(kept.indptr, kept.indices, kept.weights, graph.items, graph.directed, rule)


def check_backbone(method: str, alpha: float, delta: float, edges_per_item: float | None, top: int) -> None:
    """Refuse settings that :func:`backbone` does not have.

    Raises:
        ValueError: names the setting, its value and what is allowed.
    """
    require(method in get_args(BackboneMethod), "method", method, "'disparity', 'noise_corrected' or 'top_edges'")
    require(0 < alpha <= 1, "alpha", alpha, "above 0 and at most 1")
    require(delta >= 0, "delta", delta, "0 or more")
    require(edges_per_item is None or edges_per_item > 0, "edges_per_item", edges_per_item, "above 0, or None")
    require(top >= 1, "top", top, "at least 1")


def _disparity(end: IntegerArray, weight: NumberArray, n: int) -> Float64Array:
    """p-value of every edge at one of its ends; an only edge is never significant there."""
    strength = np.bincount(end, weights=weight, minlength=n)[end]
    degree = np.bincount(end, minlength=n)[end]
    rest = np.clip(1.0 - weight / strength, 0.0, 1.0)
    return np.where(degree > 1, rest ** (degree - 1), 1.0)


def _noise_corrected(graph: ItemGraph) -> Float64Array:
    """Lift of every edge above expectation, in its own standard deviations (a Beta prior keeps rare pairs honest)."""
    ends = (graph.sources, graph.indices) if graph.directed else (graph.sources,)
    strengths = [np.asarray(np.bincount(e, graph.weights, len(graph)), dtype=np.float64) for e in ends]
    out, into = strengths[0], strengths[-1]
    total = float(graph.weights.sum(dtype=np.float64))
    worth = np.zeros(len(graph.weights))
    for start in range(0, len(worth) if total > 1 else 0, _EDGES_AT_A_TIME):
        part = slice(start, start + _EDGES_AT_A_TIME)
        a, b = out[graph.sources[part]], into[graph.indices[part]]
        if not graph.directed:  # the same rounding from either end, or one direction alone might be kept
            a, b = np.minimum(a, b), np.maximum(a, b)
        worth[part] = _lift_in_deviations(graph.weights[part].astype(np.float64), a, b, total)
    return worth


def _lift_in_deviations(weight: Float64Array, a: Float64Array, b: Float64Array, total: float) -> Float64Array:
    """Of edges between nodes of strengths ``a`` and ``b``; ``total`` is the weight of all edges."""
    prior = a * b / total**2
    prior_variance = a * b * (total - a) * (total - b) / (total**4 * (total - 1))
    usable = prior_variance > 0  # a node that holds all the weight has nothing to be compared with
    scale = np.where(usable, prior_variance, 1.0)
    hits = prior**2 / scale * (1 - prior) - prior
    misses = prior / scale * (1 - prior) ** 2 - (1 - prior)
    chance = (weight + hits) / (total + hits + misses)
    variance = np.maximum(chance * (1 - chance), 0.0) * total
    kappa = total / (a * b)
    slope = 1 / (a * b) - total * (a + b) / (a * b) ** 2
    lift = (kappa * weight - 1) / (kappa * weight + 1)
    deviation = np.sqrt(variance) * np.abs(2 * (kappa + weight * slope)) / (kappa * weight + 1) ** 2
    return np.divide(lift, deviation, out=np.zeros_like(lift), where=usable & (deviation > 0))


def _best_of_each_end(source: IntegerArray, target: IntegerArray, worth: NumberArray, n: int) -> BoolArray:
    """The most worthy edge at each node; among equals the one with the lowest row at the other end."""
    order = np.argsort(-worth, kind="stable")[::-1]
    best = np.zeros(len(worth), dtype=bool)
    for end in (source, target):
        last = np.full(n, -1, dtype=np.int64)
        last[end[order]] = order  # later writes win, so the most worthy edge stays
        best[last[last >= 0]] = True
    return best


def _rank_within(end: IntegerArray, weight: NumberArray, other: IntegerArray) -> Int64Array:
    """Rank of every edge among the edges of its end, heaviest 0, ties by the other end's row number."""
    order = np.lexsort((other, -weight, end))
    sorted_end = end[order]
    starts = np.flatnonzero(np.r_[True, sorted_end[1:] != sorted_end[:-1]]) if len(end) else np.empty(0, np.int64)
    position = np.empty(len(end), dtype=np.int64)
    position[order] = np.arange(len(end)) - np.repeat(starts, np.diff(np.r_[starts, len(end)]))
    return position
