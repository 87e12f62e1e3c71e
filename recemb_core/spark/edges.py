"""Sequences → the edges of the item graph, as a DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recemb_core.item_graph.config import GraphConfig
from recemb_core.spark.cleaning import SEQUENCE, SparkSequences
from recemb_core.spark.graph import SparkGraph
from recemb_core.spark.narrowing import backbone
from recemb_core.spark.settling import settled
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def item_edges(sequences: SparkSequences, config: GraphConfig | None = None) -> SparkGraph:
    """The item graph of sequences, as :func:`recemb_core.item_graph.build_item_graph` makes it.

    Transitions: M_ij = number of times j directly follows i. Co-occurrence: M_ij = number of baskets that hold both,
    or with ``share_baskets`` Σ 2 / (|b| (|b| − 1)) over them. Transitions are a window over one sequence, pairs of a
    basket a join of the basket with itself; then both are counted. A sum of shares is taken basket size by basket size
    in their order, so that it does not depend on how the baskets are dealt out.

    Args:
        sequences: from :func:`~recemb_core.spark.clean_events`.
        config: see :class:`~recemb_core.item_graph.config.GraphConfig`, its backbone among it; ``"auto"`` goes by the
            sequences.

    Raises:
        UsageError: edges by side information, which the Spark engine does not make.
    """
    from pyspark.sql import functions as F

    config = (config or GraphConfig()).resolved(sequences.ordered)
    if config.content:
        raise UsageError("the Spark engine makes no edges of side information; leave out --graph content")
    told = config.building
    counted = _transitions(sequences) if told["edges"] == "transitions" else _pairs(sequences, told["share_baskets"])
    if not told["directed"]:
        back = counted.select(F.col("target").alias("source"), F.col("source").alias("target"), "weight", "seen")
        counted = counted.union(back).groupBy("source", "target").agg(F.sum("weight").alias("weight"), F.sum("seen"))
        counted = counted.withColumnRenamed("sum(seen)", "seen")
    kept = counted.where(F.col("seen") >= float(config.min_weight))
    weight = F.col("weight") if config.weighted else F.lit(1.0)
    edges = settled(kept.select("source", "target", weight.cast("float").alias("weight")))
    whole = SparkGraph(edges, sequences.n_items, bool(told["directed"]))
    if not config.narrowed:
        return whole
    narrowed = backbone(whole, **config.narrowed)
    edges.unpersist()
    return narrowed


def _transitions(sequences: SparkSequences) -> DataFrame:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    line = Window.partitionBy(*SEQUENCE).orderBy("position")
    steps = sequences.events.select(F.col("item").alias("source"), F.lead("item").over(line).alias("target"))
    steps = steps.where("target is not null and source != target")
    number = F.count("*").cast("double")
    return steps.groupBy("source", "target").agg(number.alias("weight"), number.alias("seen"))


def _pairs(sequences: SparkSequences, share: bool) -> DataFrame:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    once = sequences.events.select(*SEQUENCE, "item").distinct()
    # A hash of the three names joins as they would, nulls included, and is one key.
    key = F.xxhash64(*SEQUENCE)
    named = once.select(*SEQUENCE, key.alias("key"), F.col("item"))
    size = F.count("*").over(Window.partitionBy("key", *SEQUENCE))
    left = named.select("*", size.alias("size")).withColumnRenamed("item", "source")
    right = named.select("key", *(F.col(n).alias(f"{n}_") for n in SEQUENCE), F.col("item").alias("target"))
    same = (left["key"] == right["key"]) & (left["source"] < right["target"])
    for name in SEQUENCE:
        same &= left[name].eqNullSafe(right[f"{name}_"])
    by_size = left.join(right, same).groupBy("source", "target", "size").agg(F.count("*").alias("n"))
    if not share:
        number = F.sum("n").cast("double")
        return by_size.groupBy("source", "target").agg(number.alias("weight"), number.alias("seen"))
    lines = F.array_sort(F.collect_list(F.struct("size", "n")))
    shared = F.aggregate(lines, F.lit(0.0), lambda sum_, x: sum_ + x["n"] * 2.0 / (x["size"] * (x["size"] - 1)))
    return by_size.groupBy("source", "target").agg(shared.alias("weight"), F.sum("n").cast("double").alias("seen"))
