"""The significant edges of a graph, on DataFrames: the rules of :func:`recemb_core.item_graph.backbone`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recemb_core.item_graph.backbone import BackboneMethod, check_backbone
from recemb_core.spark.graph import SparkGraph
from recemb_core.spark.settling import settled

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_BUCKETS, _IN_HAND = 1_024, 10_000  # of values that a threshold is looked for in, and values that are collected


def backbone(
    graph: SparkGraph,
    *,
    method: BackboneMethod = "disparity",
    alpha: float = 0.05,
    delta: float = 2.32,
    edges_per_item: float | None = None,
    top: int = 10,
) -> SparkGraph:
    """The significant edges of a graph; the rules, settings and errors are those of the library's own.

    What a rule asks of a node (strength, degree, the order of its edges) is a window over its edges; the strengths are
    added up in the order of the other ends, so that they do not depend on partitions. Where ``edges_per_item`` asks
    for so many of the best edges, the value that they reach is found by counting in buckets, some passes over the
    edges, and is exact.

    Args:
        graph: from :func:`~recemb_core.spark.item_edges`; the items stay, only edges go.
        method, alpha, delta, edges_per_item, top: see :func:`recemb_core.item_graph.backbone`.

    Raises:
        ValueError: a setting is out of its range.

    References:
        Serrano, Boguñá, Vespignani, *Extracting the multiscale backbone of complex weighted networks*, PNAS 2009.
        Coscia, Neffke, *Network Backboning with Noisy Data*, ICDE 2017.
    """
    from pyspark.sql import functions as F

    check_backbone(method, alpha, delta, edges_per_item, top)
    edges = graph.edges.select("source", "target", F.col("weight").cast("double").alias("w"))
    if method == "noise_corrected":
        judged = settled(_noise_corrected(edges, graph.directed))
        if edges_per_item is not None:
            most = max(1, int(edges_per_item * graph.n_items)) * (1 if graph.directed else 2)
            if most < judged.count():
                delta = max(delta, _kth_largest(judged.select("worth"), most))
        keep = F.col("worth") >= delta
    elif method == "disparity":
        judged = edges.withColumn("worth", F.col("w"))
        for end, other in (("source", "target"), ("target", "source")):
            judged = _with_strength(judged, end, other)
        judged = settled(judged)
        keep = (_chance("source") < alpha) | (_chance("target") < alpha)
    else:
        judged = edges.withColumn("worth", F.col("w"))
        for end, other in (("source", "target"), ("target", "source")):
            judged = judged.withColumn(f"{end}_rank", _rank(end, other, "w"))
        judged = settled(judged)
        keep = (F.col("source_rank") <= top) | (F.col("target_rank") <= top)
    best = judged.withColumn("keep", keep)
    for end, other in (("source", "target"), ("target", "source")):  # nobody falls out of the graph
        best = best.withColumn("keep", F.col("keep") | (_rank(end, other, "worth") == 1))
    kept = settled(best.where("keep").select("source", "target", F.col("w").cast("float").alias("weight")))
    kept.count()  # done now, so that what it was made of can go
    judged.unpersist()
    return SparkGraph(kept, graph.n_items, graph.directed)


def _rank(end: str, other: str, by: str) -> Column:
    """Place of an edge among those of one of its ends, best 1; ties by the row at the other end."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    return F.row_number().over(Window.partitionBy(end).orderBy(F.desc(by), other))


def _with_strength(edges: DataFrame, end: str, other: str) -> DataFrame:
    """Edges with the strength and the degree of one of their ends."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    node = Window.partitionBy(end)
    line = node.orderBy(other).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    summed = edges.withColumn("_so_far", F.sum("w").over(line))
    strength = F.max("_so_far").over(node).alias(f"{end}_strength")  # weights are positive: the last of the sums
    return summed.select(*edges.columns, strength, F.count("*").over(node).alias(f"{end}_degree"))


def _chance(end: str) -> Column:
    """p-value of every edge at one of its ends; an only edge is never significant there."""
    from pyspark.sql import functions as F

    degree = F.col(f"{end}_degree")
    rest = F.greatest(F.lit(0.0), F.least(F.lit(1.0), F.lit(1.0) - F.col("w") / F.col(f"{end}_strength")))
    return F.when(degree > 1, F.pow(rest, degree - 1)).otherwise(F.lit(1.0))


def _noise_corrected(edges: DataFrame, directed: bool) -> DataFrame:
    """Edges with ``worth``: their lift above expectation, in its own standard deviations."""
    from pyspark.sql import functions as F

    total = float(edges.agg(F.sum("w")).collect()[0][0] or 0.0)
    if total <= 1:
        return edges.withColumn("worth", F.lit(0.0))
    out = _with_strength(edges, "source", "target").select("source", F.col("source_strength").alias("a")).distinct()
    of_target = _with_strength(edges, "target", "source") if directed else None
    into = (
        out.select(F.col("source").alias("target"), F.col("a").alias("b"))
        if of_target is None
        else of_target.select("target", F.col("target_strength").alias("b")).distinct()
    )
    ends = edges.join(out, "source").join(into, "target")
    a, b = F.col("a"), F.col("b")
    if not directed:  # the same rounding from either end, or one direction alone might be kept
        a, b = F.least("a", "b"), F.greatest("a", "b")
    ends = ends.select("source", "target", "w", a.alias("a"), b.alias("b"))
    return ends.select("source", "target", "w", _lift_in_deviations(total).alias("worth"))


def _lift_in_deviations(total: float) -> Column:
    """Of an edge of weight w between nodes of strengths a and b: the arithmetic of the library's own, step by step."""
    from pyspark.sql import functions as F

    weight, product = F.col("w"), F.col("a") * F.col("b")
    prior = product / total**2
    prior_variance = product * (F.lit(total) - F.col("a")) * (F.lit(total) - F.col("b")) / (total**4 * (total - 1))
    scale = F.when(prior_variance > 0, prior_variance).otherwise(F.lit(1.0))
    hits = prior * prior / scale * (1 - prior) - prior
    misses = prior / scale * ((1 - prior) * (1 - prior)) - (1 - prior)
    chance = (weight + hits) / (F.lit(total) + hits + misses)
    variance = F.greatest(chance * (1 - chance), F.lit(0.0)) * total
    kappa = F.lit(total) / product
    slope = F.lit(1.0) / product - total * (F.col("a") + F.col("b")) / (product * product)
    above = kappa * weight + 1
    lift = (kappa * weight - 1) / above
    deviation = F.sqrt(variance) * F.abs(2 * (kappa + weight * slope)) / (above * above)
    return F.when((prior_variance > 0) & (deviation > 0), lift / deviation).otherwise(F.lit(0.0))


def _kth_largest(values: DataFrame, k: int) -> float:
    """The k-th largest of one column, exactly: passes of counting in buckets, each within the bucket that holds it."""
    from pyspark.sql import functions as F

    name = values.columns[0]
    low, high = values.agg(F.min(name), F.max(name)).collect()[0]
    while low < high:
        inside = values.where((F.col(name) >= low) & (F.col(name) <= high))
        bucket = F.least(F.floor((F.col(name) - low) / (high - low) * _BUCKETS), F.lit(_BUCKETS - 1))
        counted = inside.groupBy(bucket.alias("bucket")).agg(F.count("*"), F.min(name), F.max(name)).collect()
        for _, many, least, most in sorted(counted, reverse=True):
            if k <= many:
                low, high = least, most
                break
            k -= many
        if many <= _IN_HAND:
            few = values.where((F.col(name) >= low) & (F.col(name) <= high)).orderBy(F.desc(name))
            return float(few.collect()[k - 1][0])
    return float(low)
