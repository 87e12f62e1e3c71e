"""A graph's edges as a DataFrame, and how they come to Spark and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.item_graph.graph import ItemGraph
from recemb_core.spark.settling import settled
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True, eq=False)
class SparkGraph:
    """A weighted graph over items as a DataFrame of edges.

    Attributes:
        edges: ``source``, ``target`` (rows of items) and ``weight`` (float32, positive), each pair once; an undirected
            graph has each edge both ways, as :class:`~recemb_core.item_graph.ItemGraph` has it.
        n_items: number of items, those without edges included.
        directed: whether (i, j) and (j, i) are different edges.
    """

    edges: DataFrame
    n_items: int
    directed: bool

    def num_edges(self) -> int:
        """Number of edges; an undirected edge counts once."""
        return int(self.edges.count()) // (1 if self.directed else 2)

    def collect(self, items: Vocabulary) -> ItemGraph:
        """The same in one process; for what fits into its memory."""
        found = self.edges.toArrow()
        source, target = (found.column(name).to_numpy() for name in ("source", "target"))
        graph = ItemGraph.from_edges(source, target, found.column("weight").to_numpy(), directed=True, items=items)
        return ItemGraph(graph.indptr, graph.indices, graph.weights, items, self.directed)


def from_graph(spark: SparkSession, graph: ItemGraph) -> SparkGraph:
    """A graph that is in memory already, as a DataFrame of edges."""
    import polars as pl

    frame = pl.DataFrame({"source": graph.sources.astype(np.int32), "target": graph.indices, "weight": graph.weights})
    edges = settled(spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest())))
    return SparkGraph(edges, len(graph), graph.directed)
