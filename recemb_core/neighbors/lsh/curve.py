"""How often vectors really share a bucket, by their distance: the measured side of the S-curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int64Array, NumberArray
from recemb_core.neighbors.base import checked_vectors
from recemb_core.neighbors.lsh.draws import draw_seed, share_over_draws
from recemb_core.neighbors.lsh.families import family_named
from recemb_core.neighbors.lsh.hashing import draw_functions, width_in_use
from recemb_core.neighbors.lsh.theory import MODES, Family, Mode, amplified_probability, collision_probability
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
) -> DistanceSample:
    """Distances of near neighbors and of all pairs, for the histogram and for what theory expects.

    Args:
        vectors: float32 (n, d).
        queries: row numbers (q,), which are no neighbors of themselves, or vectors (q, d).
        k: neighbors a query.
        family: ``"euclidean"``, ``"hyperplane"`` or another registered one.
        pairs: size of the sample of all pairs.
        seed: of the sample.
    """
    require(is_whole(pairs) and pairs >= 1, "pairs", pairs, "a whole number, at least 1")
    rows, who, other, near = _pairs(vectors, queries, k, family, pairs, seed)
    width = width_in_use(checked_vectors(vectors, None), family, None, seed=seed)
    return DistanceSample(near, family_named(family).distance.between(rows[0][who], rows[1][other]), width)


@dataclass(frozen=True, eq=False)
class CollisionCurve:
    """Measured share of pairs that are candidates of each other, by distance; one entry a bin that has pairs.

    Attributes:
        edges: float64 (bins, 2), of each bin.
        distance: mean distance (or angle) of its pairs.
        frequency: mean over repeats of the share of its pairs that collide.
        low, high: 95 % interval of that mean over repeats, each with functions of its own.
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


def collision_curve(
    vectors: Float32Array,
    queries: NumberArray,
    k: int = 10,
    *,
    family: Family = "euclidean",
    width: float | None = None,
    tables: int = 1,
    functions: int = 1,
    mode: Mode = "and_or",
    repeats: int = 64,
    pairs: int = 4_000,
    bins: int = 20,
    seed: int = 0,
) -> CollisionCurve:
    """Hash pairs of vectors again and again and count how often each distance collides.

    Half of the pairs are queries with near neighbors, half with points drawn at random, so that both ends of the curve
    have pairs. Pairs share functions within a repeat, so the interval is taken over repeats, not over pairs.

    Args:
        vectors, queries, k: as in :func:`distance_sample`.
        family, width: of the functions; None takes the default width.
        tables, functions, mode: how functions combine; 1 and 1 give a single function's curve.
        repeats: independent sets of functions, at least 2; more narrow the interval.
        pairs, bins, seed: size of the sample, number of equal distance bins from 0, seed of both sample and functions.

    >>> rows = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    >>> curve = collision_curve(rows, np.arange(50), repeats=400)
    >>> bool((np.abs(curve.frequency - curve.expected)[curve.pairs > 50] < 0.1).all())
    True
    """
    require(mode in MODES, "mode", mode, "'and_or', 'and', 'or' or 'or_and'")
    for name, value, least in (
        ("tables", tables, 1), ("functions", functions, 1), ("repeats", repeats, 2), ("pairs", pairs, 2),
        ("bins", bins, 1),
    ):  # fmt: skip
        require(is_whole(value) and value >= least, name, value, f"a whole number, at least {least}")
    require(width is None or 0 < width < np.inf, "width", width, "None or a finite number above 0")
    width = width_in_use(checked_vectors(vectors, None), family, width, seed=seed)
    (asked, rows), who, other, _ = _pairs(vectors, queries, k, family, -(-pairs // 2), seed, near_pairs=pairs // 2)
    distance = family_named(family).distance.between(asked[who], rows[other])
    top = float(distance.max()) if len(distance) else 1.0
    bounds = np.linspace(0, top or 1.0, bins + 1)
    place = np.clip(np.searchsorted(bounds, distance, side="right") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    some = count > 0
    chance = amplified_probability(collision_probability(distance, width, family), tables, functions, mode)
    used, position = np.unique(other, return_inverse=True)
    shares = np.empty((repeats, bins))
    used_tables, used_functions = 1 if mode == "and" else tables, 1 if mode == "or" else functions
    for repeat in range(repeats):
        hashing = draw_functions(
            rows.shape[1], family=family, tables=used_tables, functions=used_functions, width=width,
            seed=draw_seed(seed, repeat),
        )  # fmt: skip
        same = hashing.codes(asked)[who] == hashing.codes(rows[used])[position]
        hit = same.any(axis=2).all(axis=1) if mode == "or_and" else same.all(axis=2).any(axis=1)
        shares[repeat] = np.bincount(place, weights=hit, minlength=bins) / np.maximum(count, 1)
    share = share_over_draws(shares, trials=repeats * np.maximum(count, 1))
    return CollisionCurve(
        np.column_stack([bounds[:-1], bounds[1:]])[some],
        (np.bincount(place, weights=distance, minlength=bins)[some] / count[some]),
        share.mean[some],
        share.low[some],
        share.high[some],
        count[some].astype(np.int64),
        (np.bincount(place, weights=chance, minlength=bins)[some] / count[some]),
    )


def _pairs(
    vectors: Float32Array, queries: NumberArray, k: int, family: Family, pairs: int, seed: int, near_pairs: int = 0
) -> tuple[tuple[Float32Array, Float32Array], Int64Array, Int64Array, Float64Array]:
    """((queries, rows) as hashed, query number and row of each pair, near distances (q, k))."""
    measure = family_named(family).distance
    vectors = checked_vectors(vectors, None)
    own, wanted = split_queries(vectors, queries)
    if not len(own) or len(vectors) < 2:
        raise UsageError("queries must not be empty, and vectors need two rows")
    truth = true_neighbors(vectors, queries, k, measure.metric)
    near = measure.of_values(truth.values)
    rng = np.random.default_rng(seed)
    who = rng.integers(len(own), size=pairs)
    other = rng.integers(len(vectors), size=pairs)
    other = np.where(other == own[who], (other + 1) % len(vectors), other)
    if near_pairs:
        at = np.argwhere(truth.ids >= 0)
        at = at[rng.integers(len(at), size=near_pairs)]
        who, other = np.append(who, at[:, 0]), np.append(other, truth.ids[at[:, 0], at[:, 1]].astype(np.int64))
    return (measure.space(wanted), measure.space(vectors)), who, other, near
