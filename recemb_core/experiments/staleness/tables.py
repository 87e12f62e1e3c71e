"""A table of item vectors as it is asked later: what it can serve, and by what query."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import BoolArray, Float32Array
from recemb_core.embeddings import default_graph, needs_graph, train_model
from recemb_core.embeddings.eges import EGESVectors
from recemb_core.evaluation.ranking import Scorer
from recemb_core.experiments.leaderboard.entries import Query, default_query
from recemb_core.experiments.leaderboard.measuring import history_scorer
from recemb_core.neighbors.base import unit_rows
from recemb_core.progress import Cancel, Progress
from recemb_core.sequences import Sequences

if TYPE_CHECKING:
    from recemb_core.embeddings import ItemVectors


@dataclass(frozen=True, eq=False)
class Table:
    """Item vectors of some age.

    Attributes:
        vectors: of all items; rows that are not ``placed`` mean nothing.
        placed: bool (n,), items that it can serve: those it was trained on, and by their side information the others
            where the model can (GES, EGES).
        query: how a history becomes a query.
    """

    vectors: ItemVectors
    placed: BoolArray
    query: Query

    def scorer(self) -> Scorer:
        """Scores by the mean of the history's vectors; an item without a place has none."""
        ranked = history_scorer(replace(self.vectors, counts=self.placed.astype(np.int64)), self.query)
        return lambda histories: ranked([line[self.placed[line]] for line in histories])

    @property
    def rows(self) -> Float32Array:
        """Vectors of length 1, rows of zeros where there is no place; what a network reads."""
        return np.asarray(unit_rows(self.vectors.vectors) * self.placed[:, None], dtype=np.float32)


def train_table(train: Sequences, config: Any, *, progress: Progress | None = None, cancel: Cancel = None) -> Table:
    """A table by any registered model, on the training part alone.

    >>> from recemb_core.embeddings import Item2VecConfig
    >>> from recemb_core.splits import between
    >>> log = Sequences.from_lists([["tea", "cup"], ["tea", "cup"], ["pot", "cup"]])
    >>> log = replace(log, timestamps=np.arange(6.0))
    >>> train_table(between(log, 0, 4), Item2VecConfig(dimensions=4)).placed.tolist()  # cup, tea, pot
    [True, True, False]
    """
    graph = default_graph(train) if needs_graph(config) else None
    given: dict[str, Any] = {"sequences": train, "graph": graph, "side_info": train.side_info}
    vectors = train_model(config, **given, progress=progress, cancel=cancel)
    placed = train.counts > 0
    query = default_query(config, train)
    if isinstance(vectors, EGESVectors):
        # Without behavior an item has no output vector, but a place among the others.
        new = ~placed & vectors.side.present.any(axis=1)
        rows = np.where(new[:, None], vectors.from_side_alone(), vectors.vectors)
        vectors, placed, query = replace(vectors, vectors=rows), placed | new, replace(query, score="cosine")
    return Table(vectors, placed, query)
