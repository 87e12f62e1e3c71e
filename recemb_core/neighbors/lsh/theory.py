"""What theory says about locality-sensitive hashing: collision probabilities, alone and combined by AND and OR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array, NumberArray
from recemb_core.neighbors.lsh.families import family_named
from recemb_core.validation import UsageError, is_whole, require

Family = str  # the name of a registered family, see recemb_core.neighbors.lsh.families
Mode = Literal["and_or", "and", "or", "or_and"]
GridMode = Literal["and_or", "or_and"]

MODES: tuple[Mode, ...] = ("and_or", "and", "or", "or_and")
GRID_MODES: tuple[GridMode, ...] = ("and_or", "or_and")


def collision_probability(
    distance: npt.ArrayLike, width: float | None = None, family: Family = "euclidean"
) -> Float64Array:
    """Probability that one hash function puts two vectors into the same bucket.

    Euclidean, h(v) = ⌊(a · v + b) / w⌋ with a ~ N(0, I), b ~ U[0, w), at distance c:
    p(c) = 1 − 2Φ(−w/c) − 2c / (√(2π) w) · (1 − exp(−w² / 2c²)).
    Hyperplane, h(v) = [a · v ≥ 0], at angle θ: p(θ) = 1 − θ/π. Another family gives what it is registered with.

    Args:
        distance: ‖x − y‖ ≥ 0, in the unit of the vectors; for ``"hyperplane"`` the angle in radians, 0 to π. Any shape.
        width: bucket width w > 0, in the same unit; larger makes every collision likelier. Hyperplanes have none.
        family: ``"euclidean"``, ``"hyperplane"`` or another registered one.

    Returns:
        float64 of the shape of ``distance``; 1 at distance 0, falling with distance.

    References:
        Datar, Immorlica, Indyk, Mirrokni, *Locality-sensitive hashing scheme based on p-stable distributions* (2004).
        Charikar, *Similarity estimation techniques from rounding algorithms* (2002).

    >>> collision_probability([1, 2, 4], 4.0).round(4).tolist()
    [0.8005, 0.6095, 0.3687]
    >>> float(collision_probability(np.pi / 2, family="hyperplane"))
    0.5
    """
    kind = family_named(family)
    c = np.asarray(distance, dtype=np.float64)
    if not (c >= 0).all():
        raise UsageError("distance must be at least 0 everywhere")
    largest = kind.distance.largest
    if not (c <= largest + 1e-6).all():
        raise UsageError(f"distance is the angle with family {family!r}: at most π")
    if kind.has_width:
        require(width is not None and 0 < width < np.inf, "width", width, "above 0 and finite")
    return np.asarray(kind.probability(np.minimum(c, largest), width if kind.has_width else None))


def amplified_probability(
    p: npt.ArrayLike, tables: npt.ArrayLike, functions: npt.ArrayLike, mode: Mode = "and_or"
) -> Float64Array:
    """Probability of being a candidate when functions that agree with probability p are combined.

    ``"and"`` p^K (one table of K functions), ``"or"`` 1 − (1 − p)^L (L tables of one function),
    ``"and_or"`` 1 − (1 − p^K)^L, ``"or_and"`` (1 − (1 − p)^K)^L, with K = functions and L = tables.

    Args:
        p: probability that one function agrees, any shape.
        tables: L ≥ 1. More of them raise the probability under OR and lower it under ``"or_and"``.
        functions: K ≥ 1. More of them lower the probability under AND and raise it under ``"or_and"``.
        mode: how they combine.

    Returns:
        float64, ``p``, ``tables`` and ``functions`` broadcast together.

    >>> [float(amplified_probability(0.5, 4, 2, mode)) for mode in ("and", "or", "and_or", "or_and")]
    [0.25, 0.9375, 0.68359375, 0.31640625]
    """
    require(mode in MODES, "mode", mode, "'and_or', 'and', 'or' or 'or_and'")
    p, n_tables, n_functions = np.broadcast_arrays(np.asarray(p, dtype=np.float64), tables, functions)
    if mode == "and":
        return np.asarray(p**n_functions)
    if mode == "or":
        return _any_of(p, n_tables)
    if mode == "and_or":
        return _any_of(p**n_functions, n_tables)
    return np.asarray(_any_of(p, n_functions) ** n_tables)


def _any_of(p: NumberArray, times: NumberArray) -> Float64Array:
    """1 − (1 − p)^times, also where p is so small that 1 − p rounds to 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(times * np.log1p(-p)))


def distance_at_probability(
    probability: float,
    *,
    tables: int = 1,
    functions: int = 1,
    width: float | None = None,
    mode: Mode = "and_or",
    family: Family = "euclidean",
) -> float:
    """The distance (or angle) at which the probability of being a candidate is ``probability``, by bisection.

    At 0.5 it tells where the S-curve falls: much nearer is found, much farther is left out.

    Raises:
        ValueError: a probability not between 0 and 1, or one that the family exceeds at every distance.

    >>> round(distance_at_probability(0.8005, width=4.0), 2)
    1.0
    """
    require(0 < probability < 1, "probability", probability, "above 0 and below 1")

    def chance(distance: float) -> float:
        return float(amplified_probability(collision_probability(distance, width, family), tables, functions, mode))

    largest = family_named(family).distance.largest
    low, high = 0.0, min(largest, float(width or 1.0))
    farthest = min(largest, 1e100 * high)
    while high < farthest and chance(high) > probability:
        low, high = high, min(2 * high, farthest)
    if chance(high) > probability:
        raise UsageError(f"probability must be at least {chance(high):.3g}, which family {family!r} never falls below")
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) > probability else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, eq=False)
class ExpectedGrid:
    """What theory expects in every cell; arrays (modes, functions K, tables L), index 0 is K = 1 or L = 1.

    Attributes:
        modes: of the first axis.
        recall: mean probability that a near neighbor is a candidate.
        cost: mean probability that any point is one: the share of points scanned.
        precision: expected true neighbors among candidates over expected candidates; NaN where none are expected.
    """

    modes: tuple[GridMode, ...]
    recall: Float64Array
    cost: Float64Array
    precision: Float64Array


def expected_grid(
    near_distances: npt.ArrayLike,
    all_distances: npt.ArrayLike,
    *,
    n: int,
    k: int,
    tables: int = 32,
    functions: int = 16,
    width: float | None = None,
    family: Family = "euclidean",
    modes: tuple[GridMode, ...] = GRID_MODES,
    bins: int = 512,
) -> ExpectedGrid:
    """Recall, cost and precision of every (K, L) that the distances alone imply.

    Mean of the amplified collision probability over the near distances (recall) and over all distances (cost). It
    needs no hash function, only a sample of distances; a measured grid scatters around it with the functions drawn.

    Args:
        near_distances: from queries to their k nearest, any shape, as the family measures them (hyperplanes: angles).
        all_distances: a sample of distances from queries to any other point.
        n: number of points, k: true neighbors a query; both only turn cost into precision.
        tables, functions: the largest L and K.
        width, family: as in :func:`collision_probability`.
        modes: any of ``"and_or"``, ``"or_and"``.
        bins: of the histogram that stands for the distances; more is finer and slower.

    >>> grid = expected_grid([0.5, 0.6], [2.0, 3.0], n=1_000, k=2, tables=8, functions=4, width=2.0)
    >>> bool(grid.recall[0, 3, 7] > grid.cost[0, 3, 7])
    True
    """
    for name, value in (("tables", tables), ("functions", functions), ("bins", bins), ("n", n), ("k", k)):
        require(is_whole(value) and value >= 1, name, value, "a whole number, at least 1")
    require(bool(modes) and set(modes) <= set(GRID_MODES), "modes", modes, "some of 'and_or', 'or_and'")
    shape = np.arange(1, tables + 1)[None, :], np.arange(1, functions + 1)[:, None]
    means = []
    for distances in (near_distances, all_distances):
        values = np.asarray(distances, dtype=np.float64).ravel()
        if not len(values):
            raise UsageError("near_distances and all_distances must not be empty")
        count, edges = np.histogram(values, bins=bins)
        center = (edges[:-1] + edges[1:]) / 2
        center = np.clip(center, 0.0, family_named(family).distance.largest)
        p = collision_probability(center[count > 0], width, family)[:, None, None]
        weight = count[count > 0] / len(values)
        means.append(np.stack([np.tensordot(weight, amplified_probability(p, *shape, mode), axes=1) for mode in modes]))
    recall, cost = means
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(cost * n > 1e-9, np.minimum(recall * k / (cost * n), 1.0), np.nan)
    return ExpectedGrid(tuple(modes), recall, cost, precision)
