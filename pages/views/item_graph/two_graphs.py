"""The graph that a data set comes with, beside what its log counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pages.kit import results
from pages.kit.answer_words import counted
from pages.kit.session import ActiveData
from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.item_graph import ItemGraph, build_item_graph


def shares(graph: ItemGraph) -> tuple[Int64Array, Float64Array]:
    """(i · n + j, P(j | i) = w(i, j) / Σ w(i, ·)) of every way that the graph can be walked, by rising number."""
    total = np.bincount(graph.sources, weights=graph.weights, minlength=len(graph))
    ways = graph.sources.astype(np.int64) * len(graph) + graph.indices
    order = np.argsort(ways)
    return ways[order], (graph.weights / total[graph.sources])[order]


@dataclass(frozen=True)
class Beside:
    """How far M(i, j) of the log goes with the given weights: correlation, arrows where no edge is given, in words."""

    r: float
    elsewhere: int
    words: str


def beside_each_other(data: ActiveData) -> Beside | None:
    """The two graphs of a data set compared now; None where that cannot be said."""
    if not data.has_two_graphs:
        return None
    sequences, given = data.sequences, data.given
    assert sequences is not None
    assert given is not None
    log = results.remember(
        data,
        ("both graphs", data.fingerprint, given.fingerprint),
        lambda: build_item_graph(sequences, edges="transitions"),
    )
    (there, weighted), (clicked, counts) = shares(given), shares(log)
    either = np.union1d(there, clicked)
    a, b = np.zeros((2, len(either)))
    a[np.searchsorted(either, there)], b[np.searchsorted(either, clicked)] = weighted, counts
    if len(either) < 3 or a.std() == 0 or b.std() == 0:
        return None
    both = len(np.intersect1d(there, clicked))
    elsewhere, r = len(clicked) - both, float(np.corrcoef(a, b)[0, 1])
    words = (
        f"The log has {counted(log.num_edges, 'arrow')} with {log.weights.sum():,.0f} transitions, "
        f"{log.weights.mean():.0f} an arrow on average. Of the {len(there):,} ways to walk along a given edge {both:,} "
        f"were clicked, and {counted(elsewhere, 'arrow')} of the log lead elsewhere. "
        f"M(i, j) / Σ M(i, ·) and the given w(i, j) / Σ w(i, ·) correlate at r = {r:.2f} over "
        f"{len(either):,} ordered pairs."
    )
    return Beside(r, elsewhere, words)
