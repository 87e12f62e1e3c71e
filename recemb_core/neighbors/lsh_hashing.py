"""The hash functions of locality-sensitive hashing, drawn so that a larger set contains the smaller one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recemb_core.neighbors.base import unit_rows
from recemb_core.neighbors.exact import ExactIndex
from recemb_core.neighbors.lsh_theory import Family
from recemb_core.validation import finite_rows

# Buckets are numbered in 32 bits; a width that needs more is far below the distances of the data.
_MOST_BUCKETS = 2.0**31 - 1


@dataclass(frozen=True, eq=False)
class HashFunctions:
    """L tables of K functions.

    Attributes:
        family: ``"euclidean"`` or ``"hyperplane"``.
        directions: float64 (L, K, d), standard normal.
        offsets: float64 (L, K), the shift b / w of the bucket borders, uniform in [0, 1); 0 for hyperplanes.
        width: bucket width w, or None for hyperplanes.
    """

    family: Family
    directions: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.float64]
    width: float | None

    def positions(self, vectors: npt.NDArray) -> npt.NDArray[np.float64]:
        """float64 (n, L, K): (a · v + b) / w, whose floor is the bucket; for hyperplanes a · v, whose sign is.

        In double precision, so that a vector gets the same bucket whatever it is multiplied together with.

        Raises:
            ValueError: a width so small that bucket numbers exceed 32 bits, or vectors that are not finite.
        """
        tables, functions, d = self.directions.shape
        flat = self.directions.reshape(tables * functions, d)
        if self.width is not None:
            flat = flat / self.width
        result = finite_rows(np.asarray(vectors, dtype=np.float64)) @ flat.T
        if self.width is not None:
            result += self.offsets.reshape(-1)
            if result.size and max(result.max(), -result.min()) > _MOST_BUCKETS:
                raise ValueError(f"width must be larger: {self.width:g} cuts these vectors into over 2^31 buckets")
        return result.reshape(-1, tables, functions)

    def codes(self, vectors: npt.NDArray) -> npt.NDArray[np.int32]:
        """int32 (n, L, K): the bucket numbers, rounded down also below 0; 0 or 1 for hyperplanes."""
        positions = self.positions(vectors)
        if self.family == "hyperplane":
            return (positions >= 0).astype(np.int32)
        return np.floor(positions).astype(np.int32)


def draw_functions(
    dimensions: int, *, family: Family, tables: int, functions: int, width: float | None, seed: int
) -> HashFunctions:
    """Random functions; function j of table t depends on the seed, t and j alone, and not on the width.

    >>> few, many = (draw_functions(3, family="euclidean", tables=t, functions=t, width=1.0, seed=0) for t in (2, 5))
    >>> bool((many.directions[:2, :2] == few.directions).all())
    True
    """
    directions = np.empty((tables, functions, dimensions))
    offsets = np.zeros((tables, functions))
    for table in range(tables):
        directions[table] = np.random.default_rng([seed, table]).standard_normal((functions, dimensions))
        if family == "euclidean":
            offsets[table] = np.random.default_rng([seed, table, 1]).random(functions)
    return HashFunctions(family, directions, offsets, width if family == "euclidean" else None)


def default_width(vectors: npt.NDArray[np.float32], *, k: int = 10, sample: int = 200, seed: int = 0) -> float:
    """Four times the median distance of a row's k nearest others, over a sample of rows.

    There one function keeps a near neighbor with probability .80 and a point three times as far with .49. Where that
    median is 0 (copies), the median of the distances above 0; 1 where there are none.
    """
    n = len(vectors)
    k = min(k, n - 1)
    if k < 1:
        return 1.0
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(n, size=min(sample, n), replace=False))
    # The row itself is at distance 0 and first, or tied with copies at distance 0: dropping one 0 is right.
    _, distances = ExactIndex("euclidean").build(vectors).query(vectors[rows], k + 1)
    near = distances[:, 1:]
    median = float(np.median(near))
    if median > 0:
        return 4 * median
    others = np.linalg.norm(vectors[rows] - vectors[rng.integers(n, size=len(rows))], axis=1)
    positive = np.concatenate([near[near > 0], others[others > 0]])
    return 4 * float(np.median(positive)) if len(positive) else 1.0


def checked_vectors(vectors: npt.NDArray, dimensions: int | None, name: str = "vectors") -> npt.NDArray[np.float32]:
    """Finite float32 (n, d), contiguous.

    Raises:
        ValueError: another shape, or NaN or infinity in it.
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or (dimensions is not None and rows.shape[1] != dimensions):
        wanted = "(n, d)" if dimensions is None else f"(n, {dimensions})"
        raise ValueError(f"{name} must be {wanted}, not of shape {rows.shape}")
    finite_rows(rows, name)
    return rows


def in_family_space(vectors: npt.NDArray[np.float32], family: Family) -> npt.NDArray[np.float32]:
    """The vectors that are hashed and compared: scaled to length 1 for hyperplanes."""
    return unit_rows(vectors) if family == "hyperplane" else vectors
