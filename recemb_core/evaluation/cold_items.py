"""Items that nobody has clicked yet: hide all that is known of some, guess their neighbors, score the guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import BoolArray, Int64Array, IntegerArray, NumberArray
from recemb_core.evaluation.ties import list_chances
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows
from recemb_core.validation import UsageError, finite_rows, require


@dataclass(frozen=True, eq=False)
class HiddenItems:
    """A graph in which some items have lost every edge.

    Attributes:
        graph: what is left to learn from; the hidden items stay in it, without edges.
        rows: int64 (c,), the hidden items.
        edges: int64 (m, 2), what they lost: (hidden item, item that is not hidden).
        non_edges: int64 (m, 2), for each of those the same hidden item and an item that is not hidden nor joined to it.
    """

    graph: ItemGraph
    rows: Int64Array
    edges: Int64Array
    non_edges: Int64Array


def hide_items(graph: ItemGraph, rows: Sequence[int] | IntegerArray, *, seed: int = 0) -> HiddenItems:
    """Take every edge of some items out, and draw as many pairs that are no edges.

    Args:
        graph: directed or not; of a directed one, both directions count as one pair.
        rows: the items to hide, at least one and not all.
        seed: of the non-edges.

    Raises:
        ValueError: no item is hidden, or all of them, or a hidden item is joined to nearly all others.
    """
    n = len(graph)
    chosen = np.unique(np.asarray(rows, dtype=np.int64))
    require(0 < len(chosen) < n, "rows", len(chosen), f"from 1 to {n - 1} distinct items")
    hidden = np.zeros(n, dtype=bool)
    hidden[chosen] = True
    source, target = graph.sources.astype(np.int64), graph.indices.astype(np.int64)
    half = np.ones(len(source), dtype=bool) if graph.directed else source < target
    keep = half & ~hidden[source] & ~hidden[target]
    rest = ItemGraph.from_edges(
        source[keep], target[keep], graph.weights[keep], directed=graph.directed, items=graph.items
    )
    lost = np.concatenate([np.column_stack([source, target]), np.column_stack([target, source])])
    joined = np.unique(lost[hidden[lost[:, 0]]], axis=0)
    edges = joined[~hidden[joined[:, 1]]]
    rng = np.random.default_rng(seed)
    warm = np.flatnonzero(~hidden)
    non_edges = np.empty_like(edges)
    for row in np.unique(edges[:, 0]):
        mine = edges[:, 0] == row
        free = np.setdiff1d(warm, edges[mine, 1])
        if len(free) == 0:
            raise UsageError(f"item {graph.items[int(row)]!r} is joined to every other, so no non-edge can be drawn")
        non_edges[mine, 0] = row
        non_edges[mine, 1] = rng.choice(free, int(mine.sum()), replace=len(free) < mine.sum())
    return HiddenItems(rest, chosen, edges, non_edges)


@dataclass(frozen=True)
class GuessScore:
    """How a ranking of all other items treats an item's true neighbors.

    Attributes:
        neighbors: how many true neighbors there are.
        beaten: mean share of the items that are no neighbors which a true neighbor stands before: 1 all, 0.5 chance
            (ties count half).
        hits: true neighbors among the first k, Σ over them of P(among the first k); a fraction where items of one score
            stand across the end of the list (:mod:`recemb_core.evaluation.ties`).
        expected_hits: the same for a random order, k · neighbors / others.
        recall: hits / min(k, neighbors).
        k: length of the list that ``hits`` looks at.
    """

    neighbors: int
    beaten: float
    hits: float
    expected_hits: float
    recall: float
    k: int

    @property
    def expected_recall(self) -> float:
        """Recall of a random order."""
        return self.expected_hits / min(self.k, self.neighbors)


def score_guess(
    scores: NumberArray,
    truth: Sequence[int] | NumberArray,
    *,
    item: int,
    k: int = 10,
    candidates: BoolArray | None = None,
) -> GuessScore:
    """Score a guess of the neighbors of ``item``.

    Args:
        scores: (n,) of every item, higher is a better guess; that of the item itself is not looked at.
        truth: rows of the true neighbors.
        item: whose neighbors are guessed.
        k: how many of the first count as found.
        candidates: (n,) which items can be guessed; None: all.

    Raises:
        ValueError: no true neighbors among the candidates, nothing but neighbors, or k below 1.

    >>> score_guess(np.array([0.0, 0.9, 0.1, 0.5]), [1, 3], item=0, k=1)
    GuessScore(neighbors=2, beaten=1.0, hits=1.0, expected_hits=0.6666666666666666, recall=1.0, k=1)
    """
    from scipy.stats import rankdata

    require(k >= 1, "k", k, "at least 1")
    able = np.ones(len(scores), dtype=bool) if candidates is None else candidates.copy()
    able[item] = False
    others = np.flatnonzero(able)
    found = np.isin(others, np.asarray(truth))
    m, rest = int(found.sum()), int((~found).sum())
    require(m >= 1 and rest >= 1, "truth", m, "at least one other item, and not all of them")
    values = np.asarray(scores, dtype=np.float64)[others]
    if np.isnan(values).any():
        raise UsageError(f"scores must not be NaN, but {np.isnan(values).sum()} of {len(values)} candidates' are")
    ranks = rankdata(values)
    beaten = float((ranks[found].sum() - m * (m + 1) / 2) / (m * rest))
    # An item that has no score stands last, in any order.
    low = values[np.isfinite(values)].min(initial=0.0) - 1
    ((listed, chances),) = list_chances(np.where(values == -np.inf, low, values), [k])
    hits = float(chances[found[listed]].sum())
    return GuessScore(m, beaten, hits, min(k, len(others)) * m / len(others), hits / min(k, m), k)


def true_neighbors(graph: ItemGraph, row: int) -> Int64Array:
    """Items joined to a row, whichever way the edge runs."""
    return np.union1d(graph.neighbors(row)[0], graph.reversed.neighbors(row)[0]).astype(np.int64)


def score_guesses(
    queries: NumberArray,
    vectors: NumberArray,
    graph: ItemGraph,
    rows: IntegerArray,
    *,
    k: int = 10,
    candidates: BoolArray | None = None,
) -> dict[int, GuessScore]:
    """Score the guesses of many items by cosine; items without a true neighbor among the candidates are left out.

    Args:
        queries: (c, d), the vector that each of ``rows`` is placed by; a row of zeros (nothing known) guesses nothing.
        vectors: (n, d) of all items.
        graph: what is true.
        rows: (c,) item rows.
        k: as in :func:`score_guess`.
        candidates: as in :func:`score_guess`.
    """
    unit, asked = unit_rows(finite_rows(vectors)), unit_rows(finite_rows(queries, "queries"))
    found = {}
    for query, row in zip(asked, np.asarray(rows), strict=True):
        truth = true_neighbors(graph, int(row))
        if candidates is not None:
            truth = truth[candidates[truth]]
        others = len(unit) - 1 if candidates is None else int(candidates.sum()) - int(candidates[row])
        if 0 < len(truth) < others and query.any():
            found[int(row)] = score_guess(
                np.einsum("ij,j->i", unit, query), truth, item=int(row), k=k, candidates=candidates
            )
    return found
