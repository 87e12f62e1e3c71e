"""Random numbers that depend on a seed and on what they are for, never on where or in which order they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def uniform(seed: int, *what: Column | str | int) -> Column:
    """A number in (0, 1): 53 bits of a hash of seed and names, u = (h + ½) 2⁻⁵³.

    The same seed and names give the same number in every partition, order and retry.
    """
    from pyspark.sql import functions as F

    names = [
        F.lit(one).cast("bigint") if isinstance(one, int) else F.col(one) if isinstance(one, str) else one
        for one in what
    ]
    # Twice, so that names that differ in a few bits have nothing in common.
    first = F.xxhash64(F.lit(seed).cast("bigint"), *names)
    high = F.shiftrightunsigned(F.xxhash64(first), 11)
    return (high.cast("double") + F.lit(0.5)) * F.lit(2.0**-53)


def draw_table(edges: DataFrame) -> DataFrame:
    """A table that gives an out-edge of a node, drawn by weight, with one equal join.

    The edges of a node share (0, 1) by their weights, each a stretch from ``low`` to ``high``, and (0, 1) is cut into
    as many cells of equal width as the node has edges. A row says that an edge reaches into a cell; an edge stands in
    all cells that it reaches into. A number u in (0, 1) names one cell, ⌊u · edges⌋, and in it the one edge with
    low ≤ u < high. A node of d edges has fewer than 2d rows, so a draw looks at fewer than 2 rows on average, at
    popular nodes as at others, and keys of a popular node are spread over its d cells: no task gets all of them.

    Args:
        edges: ``source``, ``target``, ``weight`` and further columns, which stay.

    Returns:
        The edges with ``cell``, ``low`` and ``high``.

    References:
        Chen, Asau, *On Generating Random Variates from an Empirical Distribution*, AIIE Transactions 1974.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    node = Window.partitionBy("source")
    line = node.orderBy("target").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    summed = edges.withColumn("high", F.sum(F.col("weight").cast("double")).over(line))
    summed = summed.withColumn("_sum", F.max("high").over(node)).withColumn("_cells", F.count("*").over(node))
    shares = summed.withColumn("high", F.col("high") / F.col("_sum"))
    before = F.lag("high", 1, 0.0).over(node.orderBy("target"))
    placed = shares.withColumn("low", before).where("low < high")
    first, last = (cell_of(F.col(name), F.col("_cells")) for name in ("low", "high"))
    return placed.withColumn("cell", F.explode(F.sequence(first, last))).drop("_sum", "_cells")


def cell_of(u: Column, cells: Column) -> Column:
    """The cell that a number falls into."""
    from pyspark.sql import functions as F

    return F.least(F.floor(u * cells), cells - 1).cast("int")
