"""Popularity: the floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Float32Array, Int64Array, IntegerArray
from recemb_core.scorers.histories import Histories, checked
from recemb_core.sequences import Sequences


@dataclass(frozen=True, kw_only=True)
class PopularityConfig:
    """There is nothing to set."""


@dataclass(frozen=True, eq=False)
class Popularity:
    """Everyone is offered what is taken most: score(u, j) = n_j, the events of item j.

    It asks nothing about the history, and is the floor that a model has to beat (Cremonesi, Koren, Turrin,
    *Performance of Recommender Algorithms on Top-N Recommendation Tasks*, RecSys 2010).

    >>> shop = Sequences.from_lists([["tea", "milk"], ["tea", "cup"]])
    >>> Popularity.fit(shop).scores([np.array([1])]).tolist()
    [[2.0, 1.0, 1.0]]
    """

    counts: Int64Array

    @classmethod
    def fit(cls, sequences: Sequences, config: PopularityConfig | None = None) -> Popularity:
        """Count."""
        return cls(sequences.counts)

    def scores(self, histories: Histories) -> Float32Array:
        """The same line for every history."""
        rows = checked(histories, len(self.counts))
        return np.tile(self.counts.astype(np.float32), (len(rows), 1))


def popularity_scorer(counts: IntegerArray) -> Callable[[Histories], Float32Array]:
    """Scores of :class:`Popularity` from ``counts``, the events of each item in the training part (n,)."""
    return Popularity(np.asarray(counts, dtype=np.int64)).scores
