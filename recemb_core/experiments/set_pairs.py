"""Pairs of items that sequences hold, as sets see them, and counts by pair."""

from __future__ import annotations

import numpy as np

from recemb_core.arrays import Int64Array
from recemb_core.scorers.pmi import pair_counts
from recemb_core.sequences import Sequences


def pairs_of_sets(sequences: Sequences) -> tuple[Int64Array, Int64Array, Int64Array]:
    """(i, j, sequences that hold both), i < j: what item2vec trains, each in either direction.

    >>> [one.tolist() for one in pairs_of_sets(Sequences.from_lists([["a", "b", "a"], ["b", "a"]]))]
    [[0], [1], [2]]
    """
    table = pair_counts(sequences, None).tocoo()
    upper = table.row < table.col
    i, j, held = (np.asarray(one[upper]).astype(np.int64) for one in (table.row, table.col, np.round(table.data)))
    return i, j, held


def looked_up(wanted: Int64Array, keys: Int64Array, values: Int64Array | None = None) -> Int64Array:
    """For each wanted key the sum of its values, 0 where it is not among the keys; without values, how often it is.

    >>> looked_up(np.array([7, 8, 7]), np.array([7, 9]), np.array([3, 1])).tolist()
    [3, 0, 3]
    """
    distinct, place = np.unique(keys, return_inverse=True)
    if not len(distinct):
        return np.zeros(len(wanted), dtype=np.int64)
    sums = np.bincount(place, weights=values, minlength=len(distinct))
    at = np.minimum(np.searchsorted(distinct, wanted), len(distinct) - 1)
    return np.where(distinct[at] == wanted, sums[at], 0).astype(np.int64)
