"""The hash functions of locality-sensitive hashing, drawn so that a larger set contains the smaller one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array, NumberArray
from recemb_core.neighbors.exact import ExactIndex
from recemb_core.neighbors.lsh.families import Floats, HashFamily, family_named
from recemb_core.validation import UsageError, finite_rows, require

# Buckets are numbered in 32 bits; a width that needs more is far below the distances of the data.
_MOST_BUCKETS = 2.0**31 - 1


@dataclass(frozen=True, eq=False)
class HashFunctions:
    """L tables of K functions.

    Attributes:
        family: name of a registered family.
        directions: (L, K, …), what was drawn for each function; float64 (L, K, d), standard normal, for
            ``"euclidean"`` and ``"hyperplane"``.
        offsets: float64 (L, K), the shift b / w of the bucket borders, uniform in [0, 1); 0 where there is none.
        width: bucket width w, or None for a family without.
    """

    family: str
    directions: Floats
    offsets: Floats
    width: float | None

    @property
    def kind(self) -> HashFamily:
        """The family itself."""
        return family_named(self.family)

    @property
    def by_sign(self) -> bool:
        """How compiled code reads :meth:`positions`: their sign is the bucket, or their floor."""
        return self.kind.rule is not None and self.kind.rule.by_sign

    def positions(self, vectors: NumberArray) -> Float64Array:
        """float64 (n, L, K): (a · v) / w + b / w, whose floor is the bucket; without a width a · v (hyperplanes: whose
        sign is). Of a family that has codes alone, those: their floor is themselves.

        In double precision, so that a vector gets the same bucket whatever it is multiplied together with.

        Raises:
            ValueError: a width so small that bucket numbers exceed 32 bits, or vectors that are not finite.
        """
        kind = self.kind
        tables, functions = self.offsets.shape
        rows = finite_rows(np.asarray(vectors, dtype=np.float64))
        if kind.codes is not None:
            codes = np.asarray(kind.codes(rows, self.directions, self.offsets, self.width))
            wanted = len(rows), tables, functions
            if codes.shape != wanted or not np.issubdtype(codes.dtype, np.integer):
                raise UsageError(
                    f"codes of family {self.family!r} must be whole numbers {wanted}, not {codes.dtype} {codes.shape}"
                )
            result = codes.reshape(len(rows), -1).astype(np.float64)
        else:
            flat = self.directions.reshape(tables * functions, self.directions.shape[2])
            if self.width is not None:
                flat = flat / self.width
            result = rows @ flat.T
            if self.offsets.any():
                result += self.offsets.reshape(-1)
        if not self.by_sign and result.size and max(result.max(), -result.min()) > _MOST_BUCKETS:
            if self.width is not None:
                raise UsageError(f"width must be larger: {self.width:g} cuts these vectors into over 2^31 buckets")
            raise UsageError(f"family {self.family!r} gives these vectors bucket numbers over 2^31")
        return result.reshape(-1, tables, functions)

    def codes(self, vectors: NumberArray) -> Int32Array:
        """int32 (n, L, K): the bucket numbers, rounded down also below 0; 0 or 1 for hyperplanes."""
        positions = self.positions(vectors)
        rule = self.kind.rule
        return positions.astype(np.int32) if rule is None else rule.buckets(positions)


def draw_functions(
    dimensions: int, *, family: str, tables: int, functions: int, width: float | None, seed: int
) -> HashFunctions:
    """Random functions; function j of table t depends on the seed, t and j alone, and not on the width.

    Raises:
        ValueError: an unknown family, a width that is missing where there has to be one, or not above 0.

    >>> few, many = (draw_functions(3, family="euclidean", tables=t, functions=t, width=1.0, seed=0) for t in (2, 5))
    >>> bool((many.directions[:2, :2] == few.directions).all())
    True
    """
    kind = family_named(family)
    if kind.has_width:
        require(width is not None and 0 < width < np.inf, "width", width, "above 0 and finite")
    drawn = [kind.draw((seed, table), functions, dimensions) for table in range(tables)]
    directions = np.stack([directions for directions, _ in drawn])
    if kind.rule is not None and directions.shape[1:] != (functions, dimensions):
        shape = directions.shape[1:]
        raise UsageError(f"family {family!r} must draw directions {(functions, dimensions)}, not {shape}")
    offsets = np.stack([offsets for _, offsets in drawn]).astype(np.float64)
    return HashFunctions(family, directions, offsets, width if kind.has_width else None)


def width_in_use(vectors: Float32Array, family: str, width: float | None, *, seed: int = 0) -> float | None:
    """``width``, or the default one where it is None; None for a family without."""
    kind = family_named(family)
    if not kind.has_width:
        return None
    return float(width) if width is not None else default_width(kind.distance.space(vectors), seed=seed)


def default_width(vectors: Float32Array, *, k: int = 10, sample: int = 200, seed: int = 0) -> float:
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
