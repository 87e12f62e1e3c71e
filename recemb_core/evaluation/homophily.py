"""Do items of one group lie together? Neighbor shares by community (homophily) and by role (structure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import AnyArray, Float64Array, FloatArray, Int32Array, Int64Array, NumberArray, StrArray
from recemb_core.embeddings.item_vectors import ItemVectors, rows_of
from recemb_core.item_graph import ItemGraph, communities
from recemb_core.neighbors.base import Metric, distinct_rows, unit_rows
from recemb_core.neighbors.exact import nearest_others
from recemb_core.validation import UsageError, require

TIERS = ("lower half", "middle 38%", "top 12%")


@dataclass(frozen=True)
class GroupShare:
    """One group's figures: how many items, the share found, the share expected by chance."""

    size: int
    share: float
    chance: float


@dataclass(frozen=True)
class GroupScore:
    """A chance-adjusted neighbor share.

    Attributes:
        value: mean over groups of (share − chance); 0 is chance.
        maximum: the largest value that these group sizes allow.
        by_group: figures of each group, largest group first.
        k: neighbors looked at.
        asked: items whose neighbors were looked for; fewer than all where it is a sample's.
    """

    value: float
    maximum: float
    by_group: dict[str, GroupShare]
    k: int
    asked: int = 0


def strength_tiers(graph: ItemGraph) -> StrArray:
    """Roles by rank of strength: lower 50%, next 38%, top 12%; ties by row number. str (n,)."""
    n = len(graph)
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(graph.strength, kind="stable")] = np.arange(n)
    tier = np.searchsorted([0.50, 0.88], rank / max(n, 1), side="right")
    return np.asarray(TIERS)[tier]


def score_labels(graph: ItemGraph, labels: Mapping[str, AnyArray] | None = None) -> dict[str, AnyArray]:
    """What homophily and structure go by: name → labels (n,), groups first, roles second.

    What is planted (``"category"``, ``"role"``) where the data set says it, else communities and tiers of strength.

    >>> from recemb_core.datasets import load_dataset
    >>> karate = load_dataset("karate_club")
    >>> list(score_labels(karate.graph, karate.labels))
    ['community', 'strength tier']
    """
    known = labels or {}
    return {
        **({"category": known["category"]} if "category" in known else {"community": communities(graph, 0)}),
        **({"role": known["role"]} if "role" in known else {"strength tier": strength_tiers(graph)}),
    }


def group_score(
    vectors: ItemVectors | FloatArray,
    groups: npt.ArrayLike,
    *,
    k: int = 5,
    metric: Metric = "cosine",
    sample: int | None = None,
    seed: int = 0,
) -> GroupScore:
    """Share of each item's k nearest neighbors (cosine) in its own group, minus chance, averaged over groups.

    For group g of size s among n items: value_g = mean over i ∈ g of |kNN(i) ∩ g| / k − (s − 1)/(n − 1); the
    score is the mean of value_g over groups, each counting the same. Its maximum is the mean of
    min(k, s − 1)/k − (s − 1)/(n − 1).

    Items of equal vectors are equally near to every item: each of them in a list counts with the share of all of them
    (the item asked about left out) that lie in the group, its expectation over a random order. Equal vectors
    throughout score 0.

    Args:
        vectors: (n, d), or ItemVectors.
        groups: (n,) labels of any kind.
        k: neighbors looked at (all others, where there are fewer).
        metric: what near means; "euclidean" for the points of a map.
        sample: look for the neighbors (among all items) of so many items only, drawn at random; shares are means over
            these, and groups of which none is drawn are left out. None: of all.
        seed: of the sample.

    Raises:
        ValueError: ``groups`` is not one label an item, k or sample is below 1, or vectors are not finite.
    """
    rows = rows_of(vectors)
    labels = np.asarray(groups)
    n = len(rows)
    if labels.shape != (n,):
        raise UsageError(f"groups must hold one label for each of the {n} items, not {labels.shape}")
    if k < 1:
        raise UsageError(f"k must be at least 1, not {k}")
    k = min(k, n - 1)
    if k < 1:
        return GroupScore(0.0, 0.0, {str(name): GroupShare(1, 0.0, 0.0) for name in labels}, k)
    require(sample is None or sample >= 1, "sample", sample, "at least 1, or None")
    names, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    asked = np.arange(n)
    if sample is not None and sample < n:
        asked = np.sort(np.random.default_rng(seed).choice(n, sample, replace=False))
    near = nearest_others(rows, k, metric, rows=asked)
    same = _same_group(unit_rows(rows) if metric == "cosine" else rows, codes, near, asked)
    drawn = np.bincount(codes[asked], minlength=len(names))
    share = np.bincount(codes[asked], weights=same, minlength=len(names)) / np.maximum(drawn, 1)
    chance = (sizes - 1) / (n - 1)
    best = np.minimum(k, sizes - 1) / k
    order = np.argsort(-sizes, kind="stable")
    order = order[drawn[order] > 0]
    by_group = {str(names[g]): GroupShare(int(sizes[g]), float(share[g]), float(chance[g])) for g in order}
    told = drawn > 0
    value, most = float((share - chance)[told].mean()), float((best - chance)[told].mean())
    return GroupScore(value, most, by_group, k, len(asked))


def _same_group(rows: FloatArray, codes: NumberArray, neighbors: Int32Array, asked: Int64Array) -> Float64Array:
    """Share of the neighbors of each item asked (q,) in its own group; those of equal rows by their expectation."""
    row = distinct_rows(np.asarray(rows, dtype=np.float32))[1]
    if row is None:
        return np.asarray((codes[neighbors] == codes[asked, None]).mean(axis=1))
    groups = int(codes.max()) + 1
    sizes = np.bincount(row)
    pairs, counts = np.unique(row * groups + codes, return_counts=True)  # (row, group) that occur
    listed = row[neighbors]
    wanted = listed * groups + codes[asked, None]
    at = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    itself = listed == row[asked, None]
    alike = np.where(pairs[at] == wanted, counts[at], 0) - itself
    return np.asarray((alike / (sizes[listed] - itself)).mean(axis=1))


def homophily_score(
    vectors: ItemVectors | FloatArray,
    graph: ItemGraph,
    *,
    groups: npt.ArrayLike | None = None,
    k: int = 5,
    seed: int = 0,
) -> GroupScore:
    """:func:`group_score` by community: do an item's neighbors come from its own community?

    Args:
        vectors: (n, d), or ItemVectors.
        graph: rows as in ``vectors``.
        groups: (n,) labels; default Louvain communities of the graph (``seed``).
        k: neighbors looked at.
        seed: of the communities.
    """
    return group_score(vectors, communities(graph, seed) if groups is None else groups, k=k)


def structural_score(
    vectors: ItemVectors | FloatArray,
    graph: ItemGraph,
    *,
    roles: npt.ArrayLike | None = None,
    k: int = 5,
    seed: int = 0,
) -> GroupScore:
    """:func:`group_score` by role: do an item's neighbors play its own role?

    Called as :func:`homophily_score`. ``roles``: (n,) labels; default tiers of strength (:func:`strength_tiers`), which
    do not use ``seed``.
    """
    del seed
    return group_score(vectors, strength_tiers(graph) if roles is None else roles, k=k)
