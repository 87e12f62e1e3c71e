"""Distances of near and of all pairs, and how often vectors at a distance really share a bucket."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array, Int64Array, NumberArray
from recemb_core.neighbors.base import checked_vectors
from recemb_core.neighbors.lsh.families import family_named
from recemb_core.neighbors.lsh.hashing import width_in_use
from recemb_core.neighbors.lsh.theory import Family
from recemb_core.neighbors.truth import split_queries, true_neighbors
from recemb_core.validation import UsageError, is_whole, require


@dataclass(frozen=True, eq=False)
class DistanceSample:
    """Distances as the family's collision probability takes them: Euclidean, or angles in radians.

    Attributes:
        near: float64 (q, k), from the queries to their true neighbors, ascending; NaN where there are fewer.
        every: float64 (pairs,), from queries to points drawn at random, never to themselves.
        width: the default bucket width for these vectors, None for families without.
    """

    near: Float64Array
    every: Float64Array
    width: float | None


def distance_sample(
    vectors: Float32Array,
    queries: NumberArray,
    k: int = 10,
    *,
    family: Family = "euclidean",
    pairs: int = 20_000,
    seed: int = 0,
    truth: Int32Array | None = None,
) -> DistanceSample:
    """Distances of near neighbors and of all pairs, for the histogram and for what theory expects.

    Args:
        vectors: float32 (n, d).
        queries: row numbers (q,), which are no neighbors of themselves, or vectors (q, d).
        k: neighbors a query.
        family: ``"euclidean"``, ``"hyperplane"`` or another registered one.
        pairs: size of the sample of all pairs.
        seed: of the sample.
        truth: int32 (q, k) ids of the true neighbors where they are known already, −1 for none.
    """
    require(is_whole(pairs) and pairs >= 1, "pairs", pairs, "a whole number, at least 1")
    measure = family_named(family).distance
    vectors = checked_vectors(vectors, None)
    own, wanted = split_queries(vectors, queries)
    if not len(own) or len(vectors) < 2:
        raise UsageError("queries must not be empty, and vectors need two rows")
    ids = true_neighbors(vectors, queries, k, measure.metric).ids if truth is None else truth
    rows, asked = measure.space(vectors), measure.space(wanted)
    near = np.where(ids >= 0, measure.between(asked[:, None], rows[ids]), np.nan)
    rng = np.random.default_rng(seed)
    who = rng.integers(len(own), size=pairs)
    other = others_than(own[who], len(rows), rng)
    width = width_in_use(vectors, family, None, seed=seed)
    return DistanceSample(np.sort(near, axis=1), measure.between(asked[who], rows[other]), width)


def others_than(own: Int64Array, n: int, rng: np.random.Generator) -> Int64Array:
    """For each of ``own`` another of n rows, drawn at random; any of them where it is −1, no row itself."""
    other = rng.integers(n - int((own >= 0).any()), size=own.shape)
    return other + ((own >= 0) & (other >= own))


@dataclass(frozen=True, eq=False)
class CollisionCurve:
    """Measured share of pairs that are candidates of each other, by distance; one entry a bin that has pairs.

    Attributes:
        edges: float64 (bins, 2), of each bin.
        distance: mean distance (or angle) of its pairs.
        frequency: mean over repeats of the share of its pairs that collide.
        low, high: 95% interval of that mean over repeats, each with functions of its own.
        pairs: number of pairs.
        expected: theory's probability, mean over the same pairs.
    """

    edges: Float64Array
    distance: Float64Array
    frequency: Float64Array
    low: Float64Array
    high: Float64Array
    pairs: Int64Array
    expected: Float64Array
