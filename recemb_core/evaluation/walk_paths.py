"""The ways on which walks bring two items together: one step apart, or through the items between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Int32Array
from recemb_core.validation import is_whole, require


@dataclass(frozen=True)
class WalkPaths:
    """Places of a and b at most a window apart, by what lies between them.

    Attributes:
        pairs: pairs of places, one of a and one of b, at most ``window`` steps apart.
        direct: those one step apart.
        through: (row, pairs) of every other item that lies between the two in at least one of the rest, most first; a
            pair with several items between counts for each of them.
        deviation: standard deviation of direct − (pairs − direct). Walks are drawn independently: it is √m times that
            of one walk's difference.
    """

    pairs: int
    direct: int
    through: tuple[tuple[int, int], ...]
    deviation: float


def walk_paths(walks: Int32Array, a: int, b: int, *, window: int) -> WalkPaths:
    """How walks get from one item to the other, in either order, within the window of a skip-gram training.

    With w_i the i-th item of a walk, pairs = |{(i, d): {w_i, w_{i+d}} = {a, b}, 1 ≤ d ≤ window}| over all walks, and an
    item x lies between where x ∈ {w_{i+1}, …, w_{i+d−1}}. A larger window finds longer ways too.

    Args:
        walks: int32 (m, length), rows of a graph padded with −1 behind their end.
        a: row number of the one item.
        b: row number of the other.
        window: steps, at least 1.

    Raises:
        ValueError: a and b are the same, or ``window`` is below 1.

    >>> walk_paths(np.array([[0, 1, 2], [2, 0, 3]], np.int32), 0, 2, window=2)
    WalkPaths(pairs=2, direct=1, through=((1, 1),), deviation=2.0)
    """
    require(a != b, "b", b, "another item than a")
    require(is_whole(window) and window >= 1, "window", window, "a whole number, at least 1")
    found, between = [0], [np.empty(0, dtype=np.int64)]
    differences = np.zeros(len(walks))
    for steps in range(1, min(window, walks.shape[1] - 1) + 1):
        first, last = walks[:, :-steps], walks[:, steps:]
        rows, places = np.nonzero(((first == a) & (last == b)) | ((first == b) & (last == a)))
        found.append(len(rows))
        differences += np.bincount(rows, minlength=len(walks)) * (1 if steps == 1 else -1)
        if steps > 1:
            inner = walks[rows[:, None], places[:, None] + np.arange(1, steps)]
            inner = np.sort(inner, axis=1)
            once = np.diff(inner, axis=1, prepend=-1) != 0  # an item met twice on the way counts once
            between.append(inner[once & (inner != a) & (inner != b)].astype(np.int64))
    items, counts = np.unique(np.concatenate(between), return_counts=True)
    order = np.lexsort((items, -counts))
    through = tuple((int(items[i]), int(counts[i])) for i in order)
    deviation = float((differences.var(ddof=1) * len(walks)) ** 0.5) if len(walks) > 1 else 0.0
    return WalkPaths(sum(found), found[1] if len(found) > 1 else 0, through, deviation)
