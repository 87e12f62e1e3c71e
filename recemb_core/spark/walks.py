"""Random walks by joins: of first and second order, exact, without the graph in any one place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recemb_core.spark.draws import cell_of, draw_table, uniform
from recemb_core.spark.graph import SparkGraph
from recemb_core.spark.settling import settled
from recemb_core.validation import is_whole, require
from recemb_core.walks.generate import WalkConfig, WalkSettings

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_AT_A_TIME = 8  # steps of first order that are one query
_LEAST, _MOST = 8, 64  # proposals
# What a walker carries: where it was (t) and is (v), their out-edges, and the weights of t → v and v → t.
_CARRIED = ("t", "t_degree", "t_total", "v", "degree", "total", "forth", "back")
_FOLD, _SLOT, _ACCEPT, _RACE, _FIRST = range(1, 6)  # what a random number is for


def generate_walks(graph: SparkGraph, config: WalkSettings, *, proposals: int | None = None) -> DataFrame:
    """Random walks from every item, exactly as :func:`recemb_core.walks.generate_walks` draws them in distribution.

    Having come from t to v, a walk goes to x with P(x) ∝ α(t, x) · w_vx; α = 1/p if x = t, 1 if there is an edge t → x,
    1/q otherwise. A step of all walkers is a few joins:

    - *First order* (the first step; all steps where p = q = 1): one join with a table of draws
      (:func:`~recemb_core.spark.draws.draw_table`), in which popular items are no dearer than others.
    - *Ordinary items* (no more out-edges than ``proposals``): the walker is joined with the out-edges of v, these with
      the edges t → x, which gives the probabilities of this one step. The next item is the first of a race,
      argmin_x −log u_x / (α w_vx), which wins with exactly these probabilities.
    - *Popular items*: so many items are proposed by weight, each by one draw of the table, and accepted with
      probability α / max(1, 1/q), the first accepted one counts; what 1/p is above that bound is a chance to go back at
      once. Neither the edges of a popular item nor a table for each edge is ever read. Walkers all of whose proposals
      were refused draw among all out-edges like the others. A refused proposal says nothing of the next, so all of
      it is exact.

    That probabilities are made while walking, and that popular items are treated apart, is Fast-Node2Vec's way; it
    samples or approximates there.

    Args:
        graph: from :func:`~recemb_core.spark.item_edges`; weighted, directed or not.
        config: see :class:`~recemb_core.walks.WalkConfig`.
        proposals: at popular items; by default enough to be refused in fewer than 1 of 50 walks by the worst α.

    Returns:
        ``walk`` (round · items + start, as rows are numbered in memory) and ``nodes`` (item rows, shorter where a walk
        came to an end), the same for a seed on any number of partitions.

    References:
        Zhou, Niu, Chen, *Efficient Graph Computation for Node2Vec*, 2018, arXiv 1805.00280.
    """
    from pyspark.sql import functions as F

    checked = WalkConfig(**{name: getattr(config, name) for name in WalkConfig.__dataclass_fields__})
    tries = _proposals(checked.p, checked.q) if proposals is None else proposals
    require(is_whole(tries) and tries >= 1, "proposals", tries, "a whole number, at least 1")
    edges = settled(_with_both_ends(graph.edges))
    table = settled(draw_table(edges))
    spark = graph.edges.sparkSession
    starts = spark.range(graph.n_items * checked.num_walks).withColumnRenamed("id", "walk")
    starts = starts.withColumn("v", (F.col("walk") % graph.n_items).cast("int"))
    nodes = edges.select(F.col("source").alias("v"), F.col("source_degree").alias("degree"), "source_total").distinct()
    nodes = nodes.withColumnRenamed("source_total", "total")
    walkers = starts.join(nodes, "v", "left")
    parts = [starts.select("walk", F.lit(0).alias("step"), F.array("v").alias("nodes"))]
    walkers = walkers.where("degree is not null")
    second = (checked.p, checked.q) != (1.0, 1.0)
    popular = bool(second and edges.where(F.col("source_degree") > tries).limit(1).count())
    step = 1
    while step < checked.walk_length:
        many = 1 if second else min(_AT_A_TIME, checked.walk_length - step)
        if step == 1 or not second:
            walkers = _first_order(walkers, table, checked.seed, step, many)
        else:
            walkers = _second_order(walkers, edges, table, checked, step, tries, popular)
        walkers = walkers.localCheckpoint()
        parts.append(walkers.select("walk", F.lit(step).alias("step"), "nodes"))
        walkers = walkers.where("degree > 0").drop("nodes")
        step += many
    while len(parts) > 1:  # two and two: one after the other would make a plan as deep as the walks are long
        parts = [a.union(b) for a, b in zip(parts[::2], parts[1::2], strict=False)] + parts[len(parts) & ~1 :]
    whole = parts[0]
    for helper in (edges, table):  # the walks are there: a checkpoint after each step
        helper.unpersist()
    lines = F.array_sort(F.collect_list(F.struct("step", "nodes")))
    return whole.groupBy("walk").agg(F.flatten(F.transform(lines, lambda line: line["nodes"])).alias("nodes"))


def _proposals(p: float, q: float) -> int:
    """How many are drawn at popular items: with a the least chance to accept one, (1 − a)^n ≤ e^−4 at n = 4 / a."""
    bound = max(1.0, 1 / q)
    least = min(1.0, 1 / q, 1 / p) / bound
    return int(min(max(math.ceil(4 / least), _LEAST), _MOST))


def _with_both_ends(edges: DataFrame) -> DataFrame:
    """Edges with the out-edges of both ends (number, total weight) and the weight of the edge back, 0 where none."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    weight = F.col("weight").cast("double")
    line = Window.partitionBy("source").orderBy("target").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    summed = edges.select("source", "target", weight.alias("weight"), F.sum(weight).over(line).alias("so_far"))
    # The sum in the order of the targets, the last of the sums so far: the same whatever the partitions.
    nodes = summed.groupBy("source").agg(F.count("*").alias("degree"), F.max("so_far").alias("total"))
    own = nodes.select("source", F.col("degree").alias("source_degree"), F.col("total").alias("source_total"))
    other = nodes.withColumnRenamed("source", "target")
    back = edges.select(F.col("target").alias("source"), F.col("source").alias("target"), weight.alias("back"))
    whole = summed.drop("so_far").join(own, "source").join(other, "target", "left")
    return whole.join(back, ["source", "target"], "left").fillna({"degree": 0, "total": 0.0, "back": 0.0})


def _first_order(walkers: DataFrame, table: DataFrame, seed: int, step: int, many: int) -> DataFrame:
    """``many`` steps by weight alone; a walker stays behind where there is no way on."""
    from pyspark.sql import functions as F

    walkers = walkers.select("walk", *(c for c in _CARRIED if c in walkers.columns))
    walkers = walkers.withColumn("nodes", F.array().cast("array<int>"))
    way = table.select("source", "cell", "low", "high", "target", "weight", "degree", "total", "back")
    way = way.select(*(F.col(c).alias(f"to_{c}") for c in way.columns))
    for number in range(step, step + many):
        u = uniform(seed, "walk", number, _FIRST)
        drawn = walkers.withColumn("u", F.when(F.col("degree") > 0, u))
        drawn = drawn.withColumn("cell", cell_of(F.col("u"), F.col("degree")))
        hit = (F.col("v") == F.col("to_source")) & (F.col("cell") == F.col("to_cell"))
        hit &= (F.col("u") >= F.col("to_low")) & (F.col("u") < F.col("to_high"))
        walked = drawn.join(way, hit, "left")
        went = F.col("to_target").isNotNull()
        walkers = walked.select(
            "walk",
            F.when(went, F.col("v")).alias("t"),
            F.when(went, F.col("degree")).alias("t_degree"),
            F.when(went, F.col("total")).alias("t_total"),
            F.coalesce("to_target", "v").alias("v"),
            F.when(went, F.col("to_degree")).otherwise(F.lit(0)).alias("degree"),
            F.when(went, F.col("to_total")).otherwise(F.lit(0.0)).alias("total"),
            F.col("to_weight").alias("forth"),
            F.col("to_back").alias("back"),
            F.when(went, F.concat("nodes", F.array("to_target"))).otherwise(F.col("nodes")).alias("nodes"),
        )
    return walkers


def _second_order(
    walkers: DataFrame, edges: DataFrame, table: DataFrame, config: WalkConfig, step: int, tries: int, popular: bool
) -> DataFrame:
    from pyspark.sql import functions as F

    walkers = walkers.select("walk", *_CARRIED)
    if not popular:
        return _race(walkers, edges, config, step)
    proposed = _propose(walkers.where(F.col("degree") > tries), edges, table, config, step, tries).localCheckpoint()
    accepted = proposed.where("found is not null").select("walk", "found.*").drop("try")
    refused = proposed.where("found is null").select("walk", *_CARRIED)
    return _race(walkers.where(F.col("degree") <= tries).union(refused), edges, config, step).unionByName(accepted)


def _near(candidates: DataFrame, edges: DataFrame) -> DataFrame:
    """Candidates x with ``near``: whether there is an edge t → x."""
    from pyspark.sql import functions as F

    pairs = edges.select(F.col("source").alias("t"), F.col("target").alias("x"), F.lit(True).alias("near"))
    return candidates.join(pairs, ["t", "x"], "left")


def _next(x: str, degree: str, total: str, forth: str, back: str) -> list[Column]:
    """A walker that went on to x."""
    from pyspark.sql import functions as F

    return [
        F.col("v").alias("t"),
        F.col("degree").alias("t_degree"),
        F.col("total").alias("t_total"),
        F.col(x).alias("v"),
        F.col(degree).alias("degree"),
        F.col(total).alias("total"),
        F.col(forth).alias("forth"),
        F.col(back).alias("back"),
        F.array(x).alias("nodes"),
    ]


def _ways(edges: DataFrame, *more: str) -> DataFrame:
    from pyspark.sql import functions as F

    named = edges.select("source", "target", "weight", "degree", "total", "back", *more)
    renamed = {"source": "at", "target": "x"}
    return named.select(*(F.col(c).alias(renamed.get(c, f"x_{c}")) for c in named.columns))


def _race(walkers: DataFrame, edges: DataFrame, config: WalkConfig, step: int) -> DataFrame:
    """The next item among all out-edges, by probabilities made for this step."""
    from pyspark.sql import functions as F

    reached = walkers.join(_ways(edges), F.col("v") == F.col("at"))
    alpha = F.when(F.col("x") == F.col("t"), 1 / config.p).when(F.col("near"), 1.0).otherwise(1 / config.q)
    late = -F.log(uniform(config.seed, "walk", step, _RACE, "x")) / (alpha * F.col("x_weight"))
    run = _near(reached, edges).withColumn("late", late)
    winner = F.min(F.struct("late", "x", *(F.col(c) for c in _winner_columns(run)))).alias("won")
    won = run.groupBy("walk").agg(winner).select("walk", "won.*")
    return won.select("walk", *_next("x", "x_degree", "x_total", "x_weight", "x_back"))


def _winner_columns(run: DataFrame) -> list[str]:
    return [c for c in ("v", "degree", "total", "x_degree", "x_total", "x_weight", "x_back") if c in run.columns]


def _propose(
    walkers: DataFrame, edges: DataFrame, table: DataFrame, config: WalkConfig, step: int, tries: int
) -> DataFrame:
    """The walkers, and in ``found`` where the first accepted proposal leads; null where all were refused."""
    from pyspark.sql import functions as F

    p, q, seed = config.p, config.q, config.seed
    bound = max(1.0, 1 / q)
    extra = F.lit(max(0.0, 1 / p - bound)) * F.col("back")
    tried = walkers.withColumn("try", F.explode(F.sequence(F.lit(0), F.lit(tries - 1))))
    tried = tried.withColumn(
        "fold", uniform(seed, "walk", step, "try", _FOLD) < extra / (extra + bound * F.col("total"))
    )
    tried = tried.withColumn("u", uniform(seed, "walk", step, "try", _SLOT))
    tried = tried.withColumn("cell", cell_of(F.col("u"), F.col("degree")))
    hit = (F.col("v") == F.col("at")) & (F.col("cell") == F.col("x_cell"))
    hit &= (F.col("u") >= F.col("x_low")) & (F.col("u") < F.col("x_high"))
    drawn = _near(tried.join(_ways(table, "cell", "low", "high"), hit), edges)
    home = F.col("x") == F.col("t")
    alpha = F.when(home, min(1 / p, bound)).when(F.col("near"), 1.0).otherwise(1 / q)
    taken = F.col("fold") | (uniform(seed, "walk", step, "try", _ACCEPT) * bound < alpha)
    # By the fold the walk goes back, whatever was proposed beside it.
    to = {
        "x": "t", "x_degree": "t_degree", "x_total": "t_total", "x_weight": "back", "x_back": "forth",
    }  # fmt: skip
    drawn = drawn.select(
        "walk", *_CARRIED, "try", taken.alias("taken"),
        *(F.when(F.col("fold"), F.col(home_)).otherwise(F.col(x)).alias(x) for x, home_ in to.items()),
    )  # fmt: skip
    found = F.struct("try", *_next("x", "x_degree", "x_total", "x_weight", "x_back"))
    kept = (F.first(c).alias(c) for c in _CARRIED)
    return drawn.groupBy("walk").agg(*kept, F.min(F.when(F.col("taken"), found)).alias("found"))
