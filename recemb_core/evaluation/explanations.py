"""Why are two items neighbors? What the walks, the graph and the sequences say about a pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recemb_core.arrays import Float64Array, Int32Array, Int64Array, IntegerArray
from recemb_core.item_graph import ItemGraph
from recemb_core.sequences import Sequences
from recemb_core.validation import is_whole, require


@dataclass(frozen=True)
class SharedNeighbor:
    """An item joined to both: its row, and the weight that joins it to each (both directions added up)."""

    row: int
    weight_a: float
    weight_b: float


@dataclass(frozen=True)
class PairExplanation:
    """What joins items a and b.

    Attributes:
        walks: number of walks looked at.
        walks_a, walks_b: walks that hold a, that hold b, anywhere.
        walks_both: walks that hold both, anywhere.
        walks_within: walks that hold both at most ``window`` steps apart.
        expected_within: what ``walks_within`` would be if the same items stood at independent places.
        pairs: pairs of places, one of a and one of b, at most ``window`` steps apart: what skip-gram can learn from.
        expected_pairs: what ``pairs`` would be if the same items stood at independent places.
        window: steps.
        weight_ab, weight_ba: weight of the edge a → b and of b → a; 0 without an edge, equal without directions.
        neighbors_a, neighbors_b: number of items joined to a, to b, in either direction.
        shared: items joined to both, largest product of the two weights first.
        num_shared: how many there are; ``shared`` may hold fewer.
        sequences: number of sequences looked at, or None where there are none.
        sequences_a, sequences_b, sequences_both: how many hold a, b, both.
        expected_both: what ``sequences_both`` would be if the two were independent.
        linking: indices of sequences that hold both: shortest way between the two first, then shortest sequence
            (baskets: shortest first).
    """

    walks: int
    walks_a: int
    walks_b: int
    walks_both: int
    walks_within: int
    expected_within: float
    pairs: int
    expected_pairs: float
    window: int
    weight_ab: float
    weight_ba: float
    neighbors_a: int
    neighbors_b: int
    shared: tuple[SharedNeighbor, ...]
    num_shared: int
    sequences: int | None = None
    sequences_a: int = 0
    sequences_b: int = 0
    sequences_both: int = 0
    expected_both: float = 0.0
    linking: tuple[int, ...] = ()


def explain_pair(
    graph: ItemGraph,
    walks: Int32Array,
    a: int,
    b: int,
    *,
    window: int,
    sequences: Sequences | None = None,
    top: int = 20,
) -> PairExplanation:
    """What joins two items: walks that hold both, edges, shared neighbors, sequences.

    By chance: were the n_a places of a and the n_b places of b spread at random over all N places of the walks, then
    of the M pairs of places at most ``window`` steps apart in one walk

        E[pairs] = 2 M n_a n_b / (N (N − 1))

    would hold a and b, and E[walks within] adds up, over walks of ℓ places, the probability that ℓ draws with
    P(a) = n_a / N, P(b) = n_b / N hold both within the window. A larger ``window`` finds more and expects more.

    Args:
        graph: the graph that was walked.
        walks: int32 (m, length), rows of ``graph`` padded with −1 behind their end.
        a: row number of the one item.
        b: row number of the other.
        window: steps, at least 1; that of the training.
        sequences: behavior with the same item ids, where there is any.
        top: shared neighbors and linking sequences listed at most.

    Raises:
        ValueError: a or b is no row of the graph, they are the same, or ``window`` or ``top`` is below 1.

    >>> graph = ItemGraph.from_edges(["tea", "tea", "milk"], ["milk", "cup", "cup"], [2, 1, 1], directed=False)
    >>> found = explain_pair(graph, np.array([[0, 1, 2], [2, 1, 2]], np.int32), 0, 2, window=1)
    >>> found.walks_both, found.walks_within, found.weight_ab, found.shared
    (1, 0, 1.0, (SharedNeighbor(row=1, weight_a=2.0, weight_b=1.0),))
    """
    n = len(graph)
    for name, row in (("a", a), ("b", b)):
        require(is_whole(row) and 0 <= row < n, name, row, f"a row number from 0 to {n - 1}")
    require(a != b, "b", b, "another item than a")
    for name, number in (("window", window), ("top", top)):
        require(is_whole(number) and number >= 1, name, number, "a whole number, at least 1")
    near_a, near_b = joined(graph, a), joined(graph, b)
    shared = sorted(
        (SharedNeighbor(row, near_a[row], near_b[row]) for row in near_a.keys() & near_b.keys()),
        key=lambda s: (-s.weight_a * s.weight_b, s.row),
    )
    return PairExplanation(
        **_from_walks(walks, a, b, window),
        window=window,
        weight_ab=_weight(graph, a, b),
        weight_ba=_weight(graph, b, a),
        neighbors_a=len(near_a),
        neighbors_b=len(near_b),
        shared=tuple(shared[:top]),
        num_shared=len(shared),
        **({} if sequences is None else _from_sequences(sequences, graph.items[a], graph.items[b], top)),
    )


def _weight(graph: ItemGraph, source: int, target: int) -> float:
    rows, weights = graph.neighbors(source)
    return float(weights[rows == target].sum())


def joined(graph: ItemGraph, row: int) -> dict[int, float]:
    """Items joined to a row in either direction, row → weight; both directions added up.

    >>> joined(ItemGraph.from_edges(["tea", "cup"], ["cup", "tea"], [2, 1], directed=True), 0)
    {1: 3.0}
    """
    found: dict[int, float] = {}
    for way in (graph, graph.reversed) if graph.directed else (graph,):
        for other, weight in zip(*way.neighbors(row), strict=True):
            found[int(other)] = found.get(int(other), 0.0) + float(weight)
    return found


def _from_walks(walks: Int32Array, a: int, b: int, window: int) -> dict[str, Any]:
    m, length = walks.shape
    flat = walks.reshape(-1)
    places_a, places_b = (np.flatnonzero(flat == row) for row in (a, b))
    rows_a, rows_b = places_a // max(length, 1), places_b // max(length, 1)
    # A gap behind each walk, so that places of two walks are never within the window.
    spread_a, spread_b = places_a + rows_a * window, places_b + rows_b * window
    first = np.searchsorted(spread_b, spread_a - window, side="left")
    last = np.searchsorted(spread_b, spread_a + window, side="right")
    pairs = last - first
    # Walks are padded behind their end only, so a walk's length is found without reading all of it.
    lengths = np.full(m, length) if length == 0 or (walks[:, -1] >= 0).all() else (walks >= 0).sum(axis=1)
    steps = np.minimum(window, np.maximum(lengths - 1, 0))
    possible = steps * lengths - steps * (steps + 1) // 2  # Σ_{d=1..w} (ℓ − d)
    total = int(lengths.sum())
    meets = _chance_to_meet(len(places_a) / max(total, 1), len(places_b) / max(total, 1), window, length)
    chance = 2 * len(places_a) * len(places_b) / max(total * (total - 1), 1)
    return {
        "walks": m,
        "walks_a": len(np.unique(rows_a)),
        "walks_b": len(np.unique(rows_b)),
        "walks_both": len(np.intersect1d(rows_a, rows_b)),
        "walks_within": len(np.unique(rows_a[pairs > 0])),
        "expected_within": float(meets[lengths].sum()),
        "pairs": int(pairs.sum()),
        "expected_pairs": float(possible.sum() * chance),
    }


def _chance_to_meet(share_a: float, share_b: float, window: int, length: int) -> Float64Array:
    """P(a and b at most ``window`` places apart) among ℓ independent draws, for ℓ = 0 … length."""
    window = min(window, max(length, 1))
    neither = 1 - share_a - share_b
    after_a, after_b = np.zeros(window), np.zeros(window)  # a (or b) came s + 1 draws ago, and they have not met
    free, found = 1.0, [0.0]  # neither came within the window
    for _ in range(length):
        only_a, only_b = after_a.sum(), after_b.sum()
        fresh_a, fresh_b = share_a * (free + only_a), share_b * (free + only_b)
        free = neither * (free + after_a[-1] + after_b[-1])
        after_a = np.append(fresh_a, neither * after_a[:-1])
        after_b = np.append(fresh_b, neither * after_b[:-1])
        found.append(found[-1] + only_a * share_b + only_b * share_a)
    return np.array(found)


def _from_sequences(sequences: Sequences, a: str, b: str, top: int) -> dict[str, Any]:
    total = len(sequences)
    if a not in sequences.items or b not in sequences.items:
        return {"sequences": total}
    places = [np.flatnonzero(sequences.tokens == sequences.items.row(item)) for item in (a, b)]
    holders = [np.searchsorted(sequences.offsets, place, side="right") - 1 for place in places]
    both = np.intersect1d(holders[0], holders[1])
    lengths = sequences.lengths[both]
    apart = np.zeros(len(both), dtype=np.int64)
    if sequences.ordered:
        apart = _shortest(places, holders, both)
    order = np.lexsort((both, lengths, apart))[:top]
    held_a, held_b = (len(np.unique(h)) for h in holders)
    return {
        "sequences": total,
        "sequences_a": held_a,
        "sequences_b": held_b,
        "sequences_both": len(both),
        "expected_both": held_a * held_b / max(total, 1),
        "linking": tuple(int(s) for s in both[order]),
    }


def _shortest(places: Sequence[IntegerArray], holders: Sequence[IntegerArray], both: IntegerArray) -> Int64Array:
    """Steps between the two items where they are nearest, for each sequence that holds both."""
    (place_a, place_b), (holder_a, holder_b) = places, holders
    best = np.full(len(both), np.iinfo(np.int64).max)
    after = np.searchsorted(place_b, place_a)
    for at in (after - 1, after):  # the nearest b before and behind each a
        near = np.clip(at, 0, len(place_b) - 1)
        same = (at >= 0) & (at < len(place_b)) & (holder_b[near] == holder_a)
        np.minimum.at(best, np.searchsorted(both, holder_a[same]), np.abs(place_b[near] - place_a)[same])
    return best
