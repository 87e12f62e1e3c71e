"""Families of hash functions, each registered once: the index, its theory and the LSH page ask the registry.

A new family is one :class:`HashFamily` given to :func:`register_family`; nothing else has to know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array, IntegerArray, NumberArray
from recemb_core.neighbors.base import Metric, unit_rows
from recemb_core.validation import UsageError, require

Floats = Float64Array
# ((seed, table), functions K, dimensions d) → (directions (K, …), offsets (K,)) of one table.
Draw = Callable[[tuple[int, int], int, int], tuple[Floats, Floats]]
# (vectors (n, d), directions (L, K, …), offsets (L, K), width) → whole numbers (n, L, K).
Codes = Callable[[Floats, Floats, Floats, float | None], IntegerArray]
# (distances, width) → probabilities of the same shape.
Probability = Callable[[Floats, float | None], Floats]


# --- distances ---


@dataclass(frozen=True)
class Distance:
    """What a family's collision probability goes by.

    Attributes:
        name: ``"euclidean"``, ‖x − y‖ in the unit of the vectors, or ``"angle"``, in radians.
        metric: of the exact search that ranks alike.
        largest: no two vectors are farther apart.
    """

    name: str
    metric: Metric
    largest: float

    @property
    def is_angle(self) -> bool:
        """Whether only directions count: vectors are scaled to length 1, and distances are shown in degrees."""
        return self.metric == "cosine"

    def space(self, rows: Float32Array) -> Float32Array:
        """The vectors that are hashed and compared: scaled to length 1 for angles."""
        return unit_rows(rows) if self.is_angle else rows

    def between(self, a: NumberArray, b: NumberArray) -> Floats:
        """Distances (…) of vectors (…, d) of that space, broadcast together."""
        a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
        apart = np.linalg.norm(a - b, axis=-1)
        if not self.is_angle:
            return np.asarray(apart)
        # Of unit vectors; precise also for small angles, where arccos is not (Kahan 2006).
        return np.asarray(2 * np.arctan2(apart, np.linalg.norm(a + b, axis=-1)))

    def of_values(self, values: NumberArray) -> Floats:
        """Distances from what an index of ``metric`` answers: itself, or the angle of 1 − cos."""
        found = values.astype(np.float64)
        return np.arccos(np.clip(1 - found, -1, 1)) if self.is_angle else found


EUCLIDEAN = Distance("euclidean", "euclidean", np.inf)
ANGLE = Distance("angle", "cosine", np.pi)


# --- rules: from a position on a line to a bucket ---


@dataclass(frozen=True)
class BucketRule:
    """How the compiled code cuts a projection into buckets, and into which neighboring ones it may probe.

    Attributes:
        by_sign: two buckets, 0 and 1 = [position ≥ 0]; probing takes the other one. Else ⌊position⌋; probing goes one
            bucket up or down.
    """

    by_sign: bool

    def buckets(self, positions: Floats) -> Int32Array:
        """Rounded down, also below 0; or 0 and 1."""
        return ((positions >= 0) if self.by_sign else np.floor(positions)).astype(np.int32)

    def borders(self, positions: Floats, others: Floats) -> Floats:
        """The border of the bucket of ``positions`` that faces ``others``."""
        if self.by_sign:
            return np.zeros(np.broadcast_shapes(positions.shape, others.shape))
        own = np.floor(positions)
        return np.where(np.floor(others) > own, own + 1, own)


FLOOR = BucketRule(by_sign=False)
SIGN = BucketRule(by_sign=True)


# --- the registry ---


@dataclass(frozen=True, kw_only=True, eq=False)
class HashFamily:
    """A family of hash functions, and all that is asked of one.

    Attributes:
        name: what :class:`~recemb_core.neighbors.lsh.LSHConfig` calls it.
        label: its name in a control.
        help: its formula and what it is for, a few words.
        explanation: a sentence for the page, with the formulas of a function and of p.
        distance: :data:`EUCLIDEAN` or :data:`ANGLE`.
        has_width: whether there is a bucket width w, in the unit of the vectors.
        draw: ((seed, table), K, d) → directions (K, …) and offsets (K,) of one table. Function j is the same whatever K
            is, and nothing depends on the width.
        probability: (distance, width) → probability that a function gives both vectors one bucket: 1 at distance 0, not
            rising with it.
        rule: how a position (a · v) / w + offset becomes a bucket; then ``directions`` are (K, d), the compiled code
            hashes and multi-probe is possible. None for a family of another kind.
        codes: (vectors (n, d), directions (L, K, …), offsets (L, K), width) → bucket numbers of 32 bits (n, L, K), the
            way for all others; they have no multi-probe. Exactly one of ``rule`` and ``codes`` is given.
        imports: lines of Python that register it, where the library does not.

    Raises:
        ValueError: both of ``rule`` and ``codes`` or neither, an empty name.
    """

    name: str
    label: str
    help: str
    explanation: str
    distance: Distance
    has_width: bool
    draw: Draw
    probability: Probability
    rule: BucketRule | None = None
    codes: Codes | None = None
    imports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(isinstance(self.name, str) and bool(self.name), "name", self.name, "a text")
        if (self.rule is None) == (self.codes is None):
            raise UsageError(f"family {self.name!r} needs a rule or codes, and not both")

    @property
    def probes(self) -> bool:
        """Whether multi-probe knows which neighboring bucket is likely."""
        return self.rule is not None

    @property
    def straight(self) -> bool:
        """Whether all borders between buckets are straight in the space of the vectors, whatever their length."""
        if self.rule is None:
            return False
        return not self.distance.is_angle or (self.rule.by_sign and not self.has_width)


_families: dict[str, HashFamily] = {}
FAMILIES: Mapping[str, HashFamily] = MappingProxyType(_families)  # by name, in the order of registration


def register_family(family: HashFamily) -> HashFamily:
    """Make a family known under its name; returns it.

    Raises:
        ValueError: another family has this name.

    >>> from dataclasses import replace
    >>> from recemb_core.neighbors import LSHConfig, LSHIndex
    >>> own = register_family(replace(family_named("hyperplane"), name="own", label="Own"))
    >>> rows = np.eye(4, 3, dtype=np.float32)
    >>> LSHIndex(LSHConfig(family="own", tables=4, functions=2)).build(rows).query(rows[:1], k=1)[0].tolist()
    [[0]]
    >>> unregister_family("own")
    """
    if family.name in _families:
        raise UsageError(f"name {family.name!r} is taken by another family of hash functions")
    _families[family.name] = family
    return family


def unregister_family(name: str) -> None:
    """Forget a family; indexes of it no longer answer.

    Raises:
        ValueError: no such family.
    """
    family_named(name)
    del _families[name]


def family_named(name: str) -> HashFamily:
    """The family of that name.

    Raises:
        ValueError: none has it; the message lists those there are.

    >>> family_named("hyperplane").distance.name
    'angle'
    """
    *others, last = [repr(known) for known in _families]
    allowed = f"{', '.join(others)} or {last}" if others else last
    require(isinstance(name, str) and name in _families, "family", name, allowed)
    return _families[name]


# --- the two families of the library ---


def _draw_strips(seed: tuple[int, int], functions: int, dimensions: int) -> tuple[Floats, Floats]:
    directions = np.random.default_rng([*seed]).standard_normal((functions, dimensions))
    return directions, np.random.default_rng([*seed, 1]).random(functions)


def _strips_probability(distance: Floats, width: float | None) -> Floats:
    """p(c) = 1 − 2Φ(−w/c) − 2c / (√(2π) w) · (1 − exp(−w² / 2c²))."""
    from scipy.special import ndtr

    # At c = 0, w/c is infinite and p is 1.
    with np.errstate(divide="ignore"):
        ratio = np.asarray(width, np.float64) / distance
    ratio = np.minimum(ratio, 1e150)
    return np.asarray(1 - 2 * ndtr(-ratio) + 2 / (np.sqrt(2 * np.pi) * ratio) * np.expm1(-(ratio**2) / 2))


def _draw_planes(seed: tuple[int, int], functions: int, dimensions: int) -> tuple[Floats, Floats]:
    return np.random.default_rng([*seed]).standard_normal((functions, dimensions)), np.zeros(functions)


def _planes_probability(angle: Floats, width: float | None) -> Floats:
    return np.asarray(np.maximum(1 - angle / np.pi, 0.0))


register_family(
    HashFamily(
        name="euclidean",
        label="Euclidean",
        help="⌊(a·v + b)/w⌋, for distances.",
        explanation=(
            r"A hash function of the Euclidean family cuts space into strips: "
            r"$h(v) = \lfloor (a \cdot v + b)/w \rfloor$ with random *a* and *b*. Two points at distance *c* fall into "
            r"the same strip with probability "
            r"$p(c) = 1 - 2\Phi(-w/c) - \frac{2c}{\sqrt{2\pi}\,w}\,(1 - e^{-w^2/2c^2})$."
        ),
        distance=EUCLIDEAN,
        has_width=True,
        draw=_draw_strips,
        probability=_strips_probability,
        rule=FLOOR,
    )
)
register_family(
    HashFamily(
        name="hyperplane",
        label="Hyperplanes (cosine)",
        help="the side a·v ≥ 0, for angles (cosine).",
        explanation=r"Random hyperplanes, $h(v) = [a \cdot v \ge 0]$, meet with $p = 1 - \theta/\pi$ at angle θ.",
        distance=ANGLE,
        has_width=False,
        draw=_draw_planes,
        probability=_planes_probability,
        rule=SIGN,
    )
)
