"""A new point on a map that is already drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int64Array, NumberArray
from recemb_core.neighbors.base import unit_rows
from recemb_core.validation import UsageError, finite_rows, require


@dataclass(frozen=True, eq=False)
class Placing:
    """Where a new vector goes.

    Attributes:
        position: float32 (2,), the weighted mean of the neighbors' positions.
        rows: int64 (k,), the nearest items, best first.
        cosines: float32 (k,), theirs.
        weights: float64 (k,), of each in the mean; they sum to 1.
        spread: weighted root mean square distance of the neighbors from the position, in units of the map.
    """

    position: Float32Array
    rows: Int64Array
    cosines: Float32Array
    weights: Float64Array
    spread: float


def place_on_map(
    vector: NumberArray, vectors: NumberArray, positions: NumberArray, *, k: int = 5, softness: float = 0.05
) -> Placing:
    """Place a new vector on the map as drawn: Σ_i w_i y_i over its k nearest items, w_i ∝ e^{cos_i / softness}.

    Args:
        vector: (d,) the new item's.
        vectors: (n, d) of the items on the map.
        positions: (n, 2) of the items.
        k: how many neighbors take part; more pull the point to the middle.
        softness: larger lets the neighbors weigh alike, smaller lets the nearest decide.

    Raises:
        ValueError: no items, k below 1, softness not above 0, or vectors or positions that are not finite.

    >>> at = place_on_map(np.array([1.0, 0.0]), np.eye(2), np.array([[5.0, 5.0], [0.0, 0.0]]), k=1)
    >>> at.position.tolist(), at.rows.tolist()
    ([5.0, 5.0], [0])
    """
    require(k >= 1, "k", k, "at least 1")
    require(softness > 0, "softness", softness, "above 0")
    if len(vectors) == 0:
        raise UsageError("a map without items has no place for a new one")
    positions = finite_rows(positions, "positions", advice="give every item a place on the map")
    finite_rows(np.asarray(vector), "vector", advice="place an item whose vector is known")
    cosines = np.einsum("ij,j->i", unit_rows(vectors), unit_rows(np.asarray(vector)[None])[0])
    rows = np.argsort(-cosines, kind="stable")[:k]
    weights = np.exp((cosines[rows] - cosines[rows[0]]).astype(np.float64) / softness)
    weights /= weights.sum()
    near = np.asarray(positions, dtype=np.float64)[rows]
    position = weights @ near
    spread = float(np.sqrt(weights @ ((near - position) ** 2).sum(axis=1)))
    return Placing(position.astype(np.float32), rows, cosines[rows].astype(np.float32), weights, spread)
