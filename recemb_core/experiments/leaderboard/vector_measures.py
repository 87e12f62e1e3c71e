"""What item vectors know beside the next item: links that were still to come, and fields of the items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import Int64Array, IntegerArray
from recemb_core.auc import auc_error, auc_of
from recemb_core.embeddings import ItemVectors
from recemb_core.evaluation.agreement import attribute_purity
from recemb_core.evaluation.intervals import Estimate, share_from_error
from recemb_core.layouts.sampled import sample_rows
from recemb_core.neighbors.base import unit_rows

if TYPE_CHECKING:
    from recemb_core.experiments.leaderboard.cases import PartCases
    from recemb_core.experiments.leaderboard.entries import Query

NEIGHBORS = 10
ALL, ASKED = 10_000, 3_000
"""Up to so many items purity looks at the neighbors of all; of more, at those of so many."""


@dataclass(frozen=True)
class VectorMeasures:
    """Figures of a model's item vectors.

    Attributes:
        link_auc: P(a new link scores above a pair that is none), ties half; 0.5 is chance, NaN without new links. New
            links are pairs that the held-out part joins for the first time: the newest item of a history and its
            target, of baskets the items of one; the others are as many pairs drawn at random that neither part joins.
            Popular items have more links, so knowing popularity alone is more than chance.
        links: new links.
        purity: field → mean share of an item's 10 nearest neighbors (cosine) with its value of the field.
        purity_chance: field → the same of neighbors drawn at random.
        asked: how many items' neighbors purity looks at, drawn at random, the same for every model; None: those of all.
    """

    link_auc: float
    links: int
    purity: dict[str, float]
    purity_chance: dict[str, float]
    asked: int | None = None

    def to_json(self) -> dict[str, Any]:
        """By name, for a file; where purity looks at all items, nothing is said of a sample."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def measure_vectors(cases: PartCases, vectors: ItemVectors, query: Query) -> VectorMeasures:
    """Link AUC by the score of the query, and purity of every text field of the side information.

    Purity of more than 10,000 items looks at the neighbors of 3,000: it grows with the items, not with their square.

    Args:
        cases: see :func:`~recemb_core.experiments.leaderboard.part_cases`.
        vectors: trained on its training part.
        query: whose ``score`` pairs are scored by.

    Raises:
        ValueError: ``"in_out"`` of vectors that have no output vectors.
    """
    new, none = cases.links
    left, right = vectors.vectors, vectors.targets_of(query.score)
    if query.score == "cosine":
        left = right = unit_rows(left)
    there = vectors.candidates()  # a pair of which one has no vector stands below all others
    scores = [
        np.where(there[pairs].all(axis=1), np.einsum("ij,ij->i", left[pairs[:, 0]], right[pairs[:, 1]]), -np.inf)
        for pairs in (new, none)
    ]
    auc = auc_of(*scores) if len(new) and len(none) else float("nan")
    purity, chance, asked = {}, {}, ASKED if len(vectors) > ALL else None
    side = cases.train.side_info
    least = 0 if vectors.counts is None else 1
    if side is not None and len(vectors) > 1:
        fields = [name for name, kind in side.schema.items() if name != "title" and str(kind) == "String"]
        rows = sample_rows(len(vectors), asked or len(vectors))
        lists = vectors.nearest(NEIGHBORS, min_count=least, rows=rows)[0] if fields else None
        for name in fields:
            assert lists is not None
            found = attribute_purity(lists, side[name].to_list(), rows=rows, candidates=vectors.candidates(least))
            purity[name], chance[name] = found.value, found.chance
    return VectorMeasures(auc, len(new), purity, chance, asked if purity else None)


def link_auc_of(measures: Sequence[VectorMeasures]) -> Estimate | None:
    """Link AUC of a model that was trained with S seeds, with its 95% interval over links and seeds.

    Its squared error is that of :func:`~recemb_core.auc.auc_error` plus var over the seeds / S (of one seed none); of
    it :func:`~recemb_core.evaluation.intervals.share_from_error` makes an interval. None where nothing new was joined.
    """
    values = [one.link_auc for one in measures]
    if not values or np.isnan(values).any():
        return None
    value, links = float(np.mean(values)), measures[0].links
    of_seeds = float(np.var(values, ddof=1)) / len(values) if len(values) > 1 else 0.0
    return share_from_error(value, (auc_error(value, links, links) ** 2 + of_seeds) ** 0.5, links)


def popularity_link_auc(cases: PartCases) -> float:
    """Link AUC of a pair's popularity alone, the product of its two items' training events: the floor of link AUC.

    >>> from recemb_core.experiments.leaderboard import Protocol, part_cases
    >>> from recemb_core.sequences import Sequences
    >>> log = Sequences.from_lists([["a", "b", "c", "d"], ["b", "c", "a", "a"], ["c", "b", "b", "d"]])
    >>> 0 <= popularity_link_auc(part_cases(log, Protocol(targets="all"))) <= 1
    True
    """
    counts, (new, none) = cases.train.counts.astype(np.float64), cases.links
    return auc_of(*(counts[pairs].prod(axis=1) for pairs in (new, none))) if len(new) and len(none) else float("nan")


def links_to_come(cases: PartCases) -> tuple[Int64Array, Int64Array]:
    """(pairs that the held-out part joins and the training part does not, as many that neither joins), (m, 2) each.

    Pairs of ordered logs are directed, as steps are; of baskets each stands there once, the lower row first.
    """
    n, train = len(cases.train.items), cases.train
    if train.ordered:
        pairs: list[IntegerArray] = [
            np.column_stack([np.full(len(target), history[-1]), target])
            for history, target in zip(cases.histories, cases.targets, strict=True)
        ]
        inside = np.ones(max(len(train.tokens) - 1, 0), dtype=bool)
        inside[train.offsets[1:-1] - 1] = False
        known = train.tokens[:-1][inside].astype(np.int64) * n + train.tokens[1:][inside]
    else:
        from recemb_core.scorers import pair_counts

        pairs = [_of_a_basket(target) for target in cases.targets]
        table = pair_counts(train, None).tocoo()
        known = table.row.astype(np.int64) * n + table.col
    joined = np.concatenate([np.empty((0, 2), dtype=np.int64), *pairs]).astype(np.int64)
    joined = joined[joined[:, 0] != joined[:, 1]]
    keys = np.unique(joined[:, 0] * n + joined[:, 1])
    new = _not_among(keys, known)
    rng, found = np.random.default_rng(0), np.empty(0, dtype=np.int64)
    for _ in range(60):
        if len(found) >= len(new):
            break
        a, b = rng.integers(0, n, (2, 2 * len(new) + 16))
        a, b = (a, b) if train.ordered else (np.minimum(a, b), np.maximum(a, b))
        drawn = _not_among(_not_among(np.unique((a * n + b)[a != b]), known), keys)
        found = np.union1d(found, rng.permutation(drawn)[: len(new)])
    found = rng.permutation(found)[: len(new)]
    return np.column_stack(np.divmod(new, max(n, 1))), np.column_stack(np.divmod(found, max(n, 1)))


def _not_among(keys: Int64Array, others: Int64Array) -> Int64Array:
    """Of distinct sorted keys those that are not among the others, which may be many: they are not sorted."""
    if not len(keys):
        return keys
    at = np.minimum(np.searchsorted(keys, others), len(keys) - 1)
    keep = np.ones(len(keys), dtype=bool)
    keep[at[keys[at] == others]] = False
    return keys[keep]


def _of_a_basket(target: IntegerArray) -> IntegerArray:
    first, second = np.triu_indices(len(target), 1)
    return np.column_stack([target[first], target[second]])
