"""Pairs of vectors hashed once, so that the measured S-curve of every K, L and mode is only looked up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, IntegerArray, UInt8Array
from recemb_core.neighbors.base import checked_vectors
from recemb_core.neighbors.lsh.curve import CollisionCurve
from recemb_core.neighbors.lsh.draws import draw_seed, share_over_draws
from recemb_core.neighbors.lsh.families import family_named
from recemb_core.neighbors.lsh.hashing import draw_functions
from recemb_core.neighbors.lsh.theory import MODES, Family, Mode, amplified_probability, collision_probability
from recemb_core.validation import is_whole, require


@dataclass(frozen=True, eq=False)
class PairAgreement:
    """What repeated draws of hash functions did with pairs of vectors.

    Attributes:
        distance: float64 (pairs,), as the family measures it: ‖x − y‖, or the angle in radians.
        before: uint8 (repeats, pairs, L), functions of a table that agree before the first that does not.
        first: uint8 (repeats, pairs, L), number of the first function that agrees, from 1; K + 1 where none does.
        functions: K, the most that can be asked for.
        width, family: of the functions.
    """

    distance: Float64Array
    before: UInt8Array
    first: UInt8Array
    functions: int
    width: float | None
    family: Family

    def curve(self, mode: Mode, functions: int, tables: int, *, bins: int = 16) -> CollisionCurve:
        """Share of the pairs that meet, by distance, with its 95% interval over repeats (draws of functions).

        Bins hold equally many pairs: distances are crowded, and a bin of few pairs says little.

        Args:
            mode, functions, tables: as in :class:`~recemb_core.neighbors.lsh.LSHConfig`.
            bins: number of bins.

        Raises:
            ValueError: more functions or tables than were drawn.
        """
        require(mode in MODES, "mode", mode, "'and_or', 'and', 'or' or 'or_and'")
        repeats, pairs, most = self.before.shape
        require(1 <= functions <= self.functions, "functions", functions, f"from 1 to {self.functions}")
        require(1 <= tables <= most, "tables", tables, f"from 1 to {most}")
        tables, functions = 1 if mode == "and" else tables, 1 if mode == "or" else functions
        if mode == "or_and":
            meets = self.first[:, :, :tables].max(axis=2) <= functions
        else:
            meets = self.before[:, :, :tables].max(axis=2) >= functions
        p = collision_probability(self.distance, self.width, self.family)
        chance = amplified_probability(p, tables, functions, mode)
        order = np.argsort(self.distance, kind="stable")
        cuts = np.linspace(0, pairs, min(bins, pairs) + 1).astype(np.int64)
        counts = np.diff(cuts)

        def means(values: Float64Array) -> Float64Array:
            return np.asarray(np.add.reduceat(values, cuts[:-1], axis=-1) / counts)

        share = share_over_draws(means(meets[:, order].astype(np.float64)), trials=repeats * counts)
        sorted_distance = self.distance[order]
        return CollisionCurve(
            edges=np.column_stack([sorted_distance[cuts[:-1]], sorted_distance[cuts[1:] - 1]]),
            distance=means(sorted_distance),
            frequency=share.mean,
            low=share.low,
            high=share.high,
            pairs=counts,
            expected=means(chance[order]),
        )


def pair_agreement(
    vectors: Float32Array,
    pairs: IntegerArray,
    *,
    family: Family = "euclidean",
    width: float | None = None,
    tables: int = 32,
    functions: int = 16,
    repeats: int = 16,
    seed: int = 0,
) -> PairAgreement:
    """Hash both ends of each pair with ``repeats`` independent sets of functions.

    Args:
        vectors: float32 (n, d).
        pairs: (pairs, 2) row numbers.
        family: ``"euclidean"``, ``"hyperplane"`` or another registered one.
        width: bucket width w > 0, in the unit of the vectors; hyperplanes have none.
        tables, functions: the largest L and K that will be asked for.
        repeats: sets of functions, at least 2; more narrow the interval.
        seed: of the functions, those of an index with this seed first.

    Raises:
        ValueError: no pairs, rows that do not exist, a width that is missing or not above 0.

    >>> rows = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    >>> pairs = np.column_stack([np.arange(49), np.arange(1, 50)])
    >>> seen = pair_agreement(rows, pairs, width=4.0, tables=4, functions=3)
    >>> bool((seen.curve("and", 1, 1).frequency >= seen.curve("and", 3, 1).frequency).all())
    True
    """
    kind = family_named(family)
    bounds = (("tables", tables, 1, 1024), ("functions", functions, 1, 32), ("repeats", repeats, 2, 1024))
    for name, value, least, most in bounds:
        require(is_whole(value) and least <= value <= most, name, value, f"a whole number from {least} to {most:,}")
    if kind.has_width:
        require(width is not None and 0 < width < np.inf, "width", width, "above 0 and finite")
    else:
        width = None
    rows = kind.distance.space(checked_vectors(vectors, None))
    pairs = np.asarray(pairs)
    require(pairs.ndim == 2 and pairs.shape[1] == 2 and len(pairs) > 0, "pairs", pairs.shape, "of shape (pairs, 2)")
    require(pairs.min() >= 0 and pairs.max() < len(rows), "pairs", int(pairs.max()), f"rows from 0 to {len(rows) - 1}")
    used, place = np.unique(pairs, return_inverse=True)
    place = place.reshape(pairs.shape)
    used_rows = rows[used]
    before, first = (np.empty((repeats, len(pairs), tables), dtype=np.uint8) for _ in range(2))
    for repeat in range(repeats):
        drawn = draw_seed(seed, repeat)
        hashing = draw_functions(
            rows.shape[1], family=family, tables=tables, functions=functions, width=width, seed=drawn
        )
        codes = hashing.codes(used_rows)
        same = codes[place[:, 0]] == codes[place[:, 1]]
        before[repeat] = np.where(same.all(axis=2), functions, np.argmin(same, axis=2))
        first[repeat] = np.where(same.any(axis=2), np.argmax(same, axis=2) + 1, functions + 1)
    distance = kind.distance.between(rows[pairs[:, 0]], rows[pairs[:, 1]])
    return PairAgreement(distance, before, first, functions, width, family)
