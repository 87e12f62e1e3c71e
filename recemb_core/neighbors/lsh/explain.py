"""Looking inside: which table caught which true neighbor of one query, which was missed, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, NumberArray
from recemb_core.neighbors.lsh.index import LSHIndex
from recemb_core.neighbors.truth import true_neighbors
from recemb_core.validation import UsageError


@dataclass(frozen=True, eq=False)
class LSHExplanation:
    """A query's true neighbors and what every table did with them: L tables of K functions, k neighbors.

    Attributes:
        ids: int32 (k,), true neighbors, nearest first.
        distances: float32 (k,), as the index measures.
        caught: bool (k,), candidates of the index.
        by_table: bool (k, L), in the bucket (or a probed one) of that table; with ``"or_and"`` of any of its functions.
        agrees: bool (k, L, K), in the query's own bucket of that function.
        first_disagreement: int64 (k, L), the first function that parts them, −1 where all agree.
        first_agreement: int64 (k, L), the first function that keeps them together, −1 where none does.
        query_position: float64 (L, K), where the query lies in bucket widths, whose floor is its bucket (for
            hyperplanes a · v, whose sign is; for a family without a rule the bucket number).
        neighbor_position: float64 (k, L, K), the same of the neighbors.
        border_distance: float64 (k, L), at the first disagreement: from the query's projection to the border towards
            the neighbor, in the unit of the vectors; NaN where all agree, and for a family without a rule.
        missed_by: float64 (k, L), there: how far beyond that border the neighbor's projection lies.
        table_candidates: int64 (L,), candidates of each table alone, the query itself left out.
        candidates: of the whole index, the query itself left out.
    """

    ids: Int32Array
    distances: Float32Array
    caught: BoolArray
    by_table: BoolArray
    agrees: BoolArray
    first_disagreement: Int64Array
    first_agreement: Int64Array
    query_position: Float64Array
    neighbor_position: Float64Array
    border_distance: Float64Array
    missed_by: Float64Array
    table_candidates: Int64Array
    candidates: int


def explain_query(index: LSHIndex, query: int | np.integer | NumberArray, k: int = 10) -> LSHExplanation:
    """What an index does with the true neighbors of one of its rows, or of a vector (d,).

    Raises:
        ValueError: an id that is not in the index, or a vector of another length.

    >>> from recemb_core.neighbors.lsh import LSHConfig
    >>> rows = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    >>> seen = explain_query(LSHIndex(LSHConfig(tables=4, functions=3)).build(rows), 7, k=5)
    >>> bool((seen.caught == seen.by_table.any(axis=1)).all())
    True
    """
    kept = index.ids
    rows = index.vectors[kept]
    if isinstance(query, (int, np.integer)):
        at = np.searchsorted(kept, query)
        if at >= len(kept) or kept[at] != query:
            raise UsageError(f"query must be an id in the index, and {query} is not")
        asked, own = np.array([at]), int(query)
    else:
        asked, own = np.atleast_2d(np.asarray(query, dtype=np.float32)), -1
    family = index.family
    truth = true_neighbors(rows, asked, k, family.distance.metric)
    real = truth.ids[0] >= 0
    ids = kept[truth.ids[0][real]]
    parts = index.table_candidates(truth.queries)
    parts = [part[part != own] for part in parts]
    by_table = np.column_stack([np.isin(ids, part) for part in parts])
    every = index.candidates(truth.queries)[1]
    hashing = index.hashing
    assert hashing is not None
    mine = hashing.positions(family.distance.space(truth.queries))[0]
    theirs = hashing.positions(family.distance.space(index.vectors[ids]))
    if family.rule is None:  # positions are bucket numbers, which say nothing of borders
        agrees = theirs == mine
        inside = beyond = np.full(theirs.shape, np.nan)
    else:
        agrees = family.rule.buckets(theirs) == family.rule.buckets(mine)
        border = family.rule.borders(mine, theirs)
        # A direction stretches by its own length: divided by that, both are distances in the space itself.
        scale = (hashing.width or 1.0) / np.linalg.norm(hashing.directions, axis=2)
        inside, beyond = np.abs(border - mine) * scale, np.abs(theirs - border) * scale
    first = np.where(agrees.all(axis=2), -1, np.argmin(agrees, axis=2))
    together = np.where(agrees.any(axis=2), np.argmax(agrees, axis=2), -1)
    at_first = np.maximum(first, 0)[:, :, None]
    parted = first >= 0
    return LSHExplanation(
        ids=ids,
        distances=truth.values[0][real],
        caught=np.isin(ids, every),
        by_table=by_table,
        agrees=agrees,
        first_disagreement=first,
        first_agreement=together,
        query_position=mine,
        neighbor_position=theirs,
        border_distance=np.where(parted, np.take_along_axis(inside, at_first, axis=2)[:, :, 0], np.nan),
        missed_by=np.where(parted, np.take_along_axis(beyond, at_first, axis=2)[:, :, 0], np.nan),
        table_candidates=np.array([len(part) for part in parts]),
        candidates=int((every != own).sum()),
    )
