"""What item2vec does not see, on examples that are looked for in a log: order and time, and strength.

item2vec trains the two items of every ordered pair of a set, once a set (Barkan & Koenigstein 2016). So it cannot tell
sequences apart that hold the same items; each function here finds two things of this log that differ and that it takes
for the same, by a rule that does not look at any vector. What it is not told of side information:
:mod:`recemb_core.experiments.never_together`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import AnyArray, Int64Array
from recemb_core.experiments.set_pairs import looked_up, pairs_of_sets
from recemb_core.sequences import Sequences

LEVEL = 0.05
LEAST = 5  # sequences that hold a pair, from which on it can be an example


@dataclass(frozen=True)
class Lean:
    """Two items, and how often they were seen in one of two ways and in the other.

    Attributes:
        first, second: item rows.
        one, other: times.
        share: of the first way, where it were chance alone.
        pairs: how many were looked through for the one that leans most.
        p_value: of a two-sided binomial test of it, times ``pairs`` (Bonferroni), at most 1; each time counts as
            independent of the others.
    """

    first: int
    second: int
    one: int
    other: int
    share: float
    pairs: int
    p_value: float

    @property
    def beyond_chance(self) -> bool:
        """Whether at most one log in twenty has any such pair by chance."""
        return self.p_value < LEVEL


@dataclass(frozen=True)
class SideBySide:
    """Two pairs that as many sequences hold, one mostly side by side, the other hardly ever.

    Attributes:
        near, far: (item row, item row).
        sequences: that hold both items, of either pair.
        near_times, far_times: of these, where the two stand directly beside each other.
        share: the same over all pairs.
        pairs: looked through.
        p_value: of ``near_times`` or more at that share, times ``pairs``, at most 1.
    """

    near: tuple[int, int]
    far: tuple[int, int]
    sequences: int
    near_times: int
    far_times: int
    share: float
    pairs: int
    p_value: float

    @property
    def beyond_chance(self) -> bool:
        """As :attr:`Lean.beyond_chance`."""
        return self.p_value < LEVEL


@dataclass(frozen=True)
class Unweighted:
    """Two items of one sequence that differ in strength, and for a set are alike.

    Attributes:
        kind: "weights" (of the log's own column) or "repeats" (how often the sequence has each).
        sequence: its number, from 0.
        strong, weak: item rows.
        most, least: their strengths there.
        share: of all events of the log, those that a set leaves out as repeats.
    """

    kind: str
    sequence: int
    strong: int
    weak: int
    most: float
    least: float
    share: float


@dataclass(frozen=True)
class Sizes:
    """How pairs are spread over sets: one of n items yields n·(n − 1), however loosely they belong together.

    Attributes:
        largest, median: distinct items.
        sequence: number of the largest, from 0.
        share: of all pairs, those of the tenth of the sets with most items.
    """

    largest: int
    median: int
    sequence: int
    share: float

    @property
    def times(self) -> float:
        """Pairs of the largest for each of the median set."""
        return self.largest * (self.largest - 1) / max(self.median * (self.median - 1), 1)


# --- order and time ---


def side_by_side(sequences: Sequences) -> SideBySide | None:
    """Two pairs that as many sequences hold, one of them far more often side by side than the other.

    A set counts both alike. Of all such two, those are taken whose shares differ most for their number of sequences
    (difference · √sequences). None for baskets, and where no pair is in :data:`LEAST` sequences.

    >>> log = Sequences.from_lists([["a", "b", "x", "c"], ["c", "x", "a", "b"]] * 20)
    >>> found = side_by_side(log)
    >>> found.sequences, found.near_times, found.far_times
    (40, 40, 0)
    """
    from scipy.stats import binom

    if not sequences.ordered:
        return None
    n, (i, j, held) = len(sequences.items), pairs_of_sets(sequences)
    owner, first, second = _steps(sequences)
    low, high = np.minimum(first, second), np.maximum(first, second)
    seen = np.unique(np.column_stack([owner, low, high])[low != high], axis=0)
    beside = looked_up(i * n + j, seen[:, 1] * n + seen[:, 2])
    kept = held >= LEAST
    if not kept.any():
        return None
    i, j, held, beside = i[kept], j[kept], held[kept], beside[kept]
    share = float(beside.sum() / held.sum())
    best: tuple[float, int, int] | None = None
    for size in np.unique(held):
        alike = np.flatnonzero(held == size)
        near, far = alike[np.argmax(beside[alike])], alike[np.argmin(beside[alike])]
        apart = float(beside[near] - beside[far]) / float(size) ** 0.5
        if apart > (best[0] if best is not None else 0.0):
            best = apart, int(near), int(far)
    if best is None:
        return None
    _, near, far = best
    tail = float(binom.sf(beside[near] - 1, held[near], share))
    one, other = ((int(i[at]), int(j[at])) for at in (near, far))
    p = min(tail * len(held), 1.0)
    return SideBySide(one, other, int(held[near]), int(beside[near]), int(beside[far]), share, len(held), p)


def one_way(sequences: Sequences) -> Lean | None:
    """The pair that is taken most one-sidedly in one order: ``first`` directly before ``second`` ``one`` times.

    For a set, and so for item2vec, both orders are the same. None for baskets, or without any step.

    >>> found = one_way(Sequences.from_lists([["a", "b"]] * 30 + [["b", "a"]] * 2))
    >>> found.one, found.other, found.beyond_chance
    (30, 2, True)
    """
    if not sequences.ordered:
        return None
    n = len(sequences.items)
    _, first, second = _steps(sequences)
    moved = first != second
    keys, forth = np.unique(first[moved].astype(np.int64) * n + second[moved], return_counts=True)
    back = looked_up(keys // n + keys % n * n, keys, forth)
    once = (keys // n < keys % n) | (back == 0)  # of two orders that were seen, the one from the lower row
    found = _leaning(keys[once] // n, keys[once] % n, forth[once], back[once], 0.5)
    if found is None or found.one >= found.other:
        return found
    return Lean(found.second, found.first, found.other, found.one, 0.5, found.pairs, found.p_value)


def early_or_late(sequences: Sequences) -> Lean | None:
    """The pair that changed most with time: together ``one`` times in the first half of the sequences, then ``other``.

    Halves by the time of a sequence's first event. item2vec trains both halves alike. None where times are not known.

    >>> early, late = [["a", "b"], ["c", "d"]] * 20, [["a", "c"], ["b", "d"]] * 20
    >>> from dataclasses import replace
    >>> log = Sequences.from_lists(early + late)
    >>> found = early_or_late(replace(log, timestamps=np.arange(len(log.tokens), dtype=float)))
    >>> (found.one, found.other) in [(20, 0), (0, 20)]
    True
    """
    if sequences.timestamps is None or len(sequences) < 2:
        return None
    full = np.flatnonzero(sequences.lengths > 0)
    begun = sequences.timestamps[sequences.offsets[:-1][full]]
    early = np.zeros(len(sequences), dtype=bool)
    early[full[np.argsort(begun, kind="stable")[: len(full) // 2]]] = True
    n = len(sequences.items)
    i, j, both = pairs_of_sets(sequences)
    a, b, first = pairs_of_sets(_only(sequences, early))
    one = looked_up(i * n + j, a * n + b, first)
    return _leaning(i, j, one, both - one, float(early.sum() / max(len(full), 1)))


# --- strength ---


def unweighted(sequences: Sequences) -> tuple[Unweighted, ...]:
    """Sequences in which a set loses most of what tells two items apart: by the log's weights, and by repeats.

    Empty where the log has neither.

    >>> log = Sequences.from_lists([["tea", "milk", "tea", "tea"], ["tea", "cup"]])
    >>> [(one.kind, one.sequence, one.most, one.least, round(one.share, 2)) for one in unweighted(log)]
    [('repeats', 0, 3.0, 1.0, 0.33)]
    """
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    n = len(sequences.items)
    keys, place, times = np.unique(owner * n + sequences.tokens, return_inverse=True, return_counts=True)
    dropped = 1 - len(keys) / max(len(owner), 1)
    measured = {"repeats": times.astype(np.float64)}
    if sequences.weights is not None:
        measured = {"weights": np.bincount(place, weights=sequences.weights, minlength=len(keys)), **measured}
    found = []
    for kind, value in measured.items():
        row, at = keys // n, np.arange(len(keys))
        order = np.lexsort((at, value, row))
        starts = np.flatnonzero(np.diff(row[order], prepend=-1))
        ends = np.append(starts[1:], len(order)) - 1
        least, most = value[order[starts]], value[order[ends]]
        if not len(starts) or not (most > least).any():
            continue
        best = int(np.argmax(np.where(least > 0, most / np.maximum(least, 1e-300), 0)))
        weak, strong = order[starts[best]], order[ends[best]]
        if most[best] > least[best]:
            more, less = (int(keys[one] % n) for one in (strong, weak))
            found.append(
                Unweighted(kind, int(row[strong]), more, less, float(most[best]), float(least[best]), float(dropped))
            )
    return tuple(found)


def sizes(sequences: Sequences) -> Sizes | None:
    """How unevenly sets of different sizes share the pairs; None where no sequence has two items.

    >>> sizes(Sequences.from_lists([["a", "b"], ["a", "b", "c", "d"], ["a"]])).largest
    4
    """
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    n = len(sequences.items)
    keys = np.unique(owner * n + sequences.tokens, return_counts=True)[0]  # counts: by sorting, which is the faster way
    distinct = np.bincount(keys // n, minlength=len(sequences))
    pairs = np.sort(distinct * (distinct - 1))[::-1]
    if not pairs.sum():
        return None
    top = pairs[: -(-len(pairs) // 10)].sum() / pairs.sum()
    held = distinct[distinct > 1]
    return Sizes(int(distinct.max()), int(np.median(held)), int(np.argmax(distinct)), float(top))


# --- parts ---


def _steps(sequences: Sequences) -> tuple[AnyArray, AnyArray, AnyArray]:
    """(sequence, item, the item after it) of every two events in a row."""
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    same = owner[1:] == owner[:-1]
    return owner[1:][same], sequences.tokens[:-1][same].astype(np.int64), sequences.tokens[1:][same].astype(np.int64)


def _only(sequences: Sequences, mask: AnyArray) -> Sequences:
    """The sequences where the mask is true."""
    kept = np.repeat(mask, sequences.lengths)
    offsets = np.concatenate([[0], np.cumsum(sequences.lengths[mask])]).astype(np.int64)
    return Sequences(sequences.items, offsets, sequences.tokens[kept], sequences.ordered)


def _leaning(i: Int64Array, j: Int64Array, one: Int64Array, other: Int64Array, share: float) -> Lean | None:
    """The pair whose counts are least likely at this share, by a two-sided binomial test."""
    from scipy.stats import binom

    if not len(i) or not 0 < share < 1:
        return None
    # Most pairs have one of a few small counts.
    top = int((one + other).max()) + 1
    kinds, place = np.unique(one * top + other, return_inverse=True)
    few, many = kinds // top, kinds // top + kinds % top
    tails = (np.minimum(binom.logsf(few - 1, many, share), binom.logcdf(few, many, share)) + np.log(2))[place]
    best = int(np.lexsort((j, i, tails))[0])
    p = float(min(np.exp(min(tails[best], 0.0)) * len(i), 1.0))
    return Lean(int(i[best]), int(j[best]), int(one[best]), int(other[best]), share, len(i), p)
