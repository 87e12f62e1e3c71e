"""Pairs of items that no sequence holds together: what item2vec is never told of, and side information may know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.auc import auc_error, auc_of
from recemb_core.evaluation.intervals import Z95, Estimate
from recemb_core.experiments.set_pairs import looked_up, pairs_of_sets
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.embeddings.item_vectors import ItemVectors

LEAST = 5  # events of an item, from which on it is looked at
MOST_PAIRS = 2_000_000  # pairs that are looked through; of more, as many are drawn
JUDGED = 2_000  # pairs to either side of an AUC


@dataclass(frozen=True, eq=False)
class NeverTogether:
    """Pairs that no sequence holds, so that item2vec is never shown them, by how many fields they share.

    Attributes:
        first, second: rows of the example: most fields shared, then most events of the rarer item.
        shared, fields: fields that these two share; that there are.
        alike: int64 (a, 2), pairs that share more than half of the fields.
        unlike: int64 (u, 2), as many that share fewer.
        found: how many alike ones there are in all.
    """

    first: int
    second: int
    shared: int
    fields: int
    alike: Int64Array
    unlike: Int64Array
    found: int


def never_together(sequences: Sequences, side_info: pl.DataFrame, *, seed: int = 0) -> NeverTogether | None:
    """Pairs of items that were seen :data:`LEAST` times each, never in one sequence; None where none shares a field.

    Args:
        sequences: the log.
        side_info: a row an item; all columns but ``title`` are fields, a missing value is like nothing.
        seed: of the pairs that are drawn, where there are very many.

    >>> import polars as pl
    >>> log = Sequences.from_lists([["a", "b"], ["c", "d"]] * 5)
    >>> side = pl.DataFrame({"brand": ["x", "y", "x", "z"]})
    >>> found = never_together(log, side)
    >>> (found.first, found.second, found.shared, found.found)
    (0, 2, 1, 1)
    """
    names = [name for name in side_info.columns if name != "title"]
    n, rng = len(sequences.items), np.random.default_rng(seed)
    known = np.flatnonzero(sequences.counts >= LEAST)
    if not names or len(known) < 2:
        return None
    if len(known) * (len(known) - 1) // 2 <= MOST_PAIRS:
        a, b = np.triu_indices(len(known), 1)
    else:
        drawn = np.sort(rng.integers(len(known), size=(MOST_PAIRS, 2)), axis=1)
        a, b = np.unique(drawn[drawn[:, 0] < drawn[:, 1]], axis=0).T
    i, j = known[a], known[b]
    x, y, _ = pairs_of_sets(sequences)
    apart = looked_up(i * n + j, x * n + y) == 0
    i, j = i[apart], j[apart]
    shared = np.zeros(len(i), dtype=np.int64)
    for name in names:
        codes = _codes(side_info[name].to_list())
        shared += (codes[i] == codes[j]) & (codes[i] >= 0)
    if not shared.any():
        return None
    counts = np.minimum(sequences.counts[i], sequences.counts[j])
    best = np.lexsort((j, i, -counts, -shared))[0]
    pairs, much = np.column_stack([i, j]), shared > len(names) / 2
    alike, unlike = (
        pairs[np.sort(rng.permutation(np.flatnonzero(mask))[:JUDGED])].astype(np.int64) for mask in (much, ~much)
    )
    example = int(i[best]), int(j[best])
    return NeverTogether(*example, int(shared[best]), len(names), alike, unlike, int(much.sum()))


def told_apart(model: ItemVectors, pairs: NeverTogether) -> Estimate | None:
    """How often a pair that is alike has a higher cosine than one that is not (AUC); ½ is chance. None for no pairs.

    Its 95% interval is Hanley and McNeil's, each pair counted as independent of the others.
    """
    rows = np.asarray(model.vectors, dtype=np.float64)
    if rows.shape[0] <= max(pairs.first, pairs.second):
        raise UsageError(f"the model has {rows.shape[0]} rows, and the pairs are of more items; train it on this log")
    groups = [cosines(rows, of) for of in (pairs.alike, pairs.unlike)]
    if not min(map(len, groups)):
        return None
    value = auc_of(*groups)
    half = Z95 * auc_error(value, len(groups[0]), len(groups[1]))
    return Estimate(value, max(value - half, 0.0), min(value + half, 1.0), len(groups[0]))


def cosines(rows: Float64Array, pairs: Int64Array) -> Float64Array:
    """(m,) cosine of each pair of rows; 0 where one of them is zero."""
    a, b = rows[pairs[:, 0]], rows[pairs[:, 1]]
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / np.where(lengths > 0, lengths, 1.0))


def _codes(values: list[object]) -> Int64Array:
    """A number for each distinct value, -1 for a missing one."""
    known: dict[str, int] = {}
    return np.array(
        [-1 if one is None or one == [] else known.setdefault(str(one), len(known)) for one in values], dtype=np.int64
    )
