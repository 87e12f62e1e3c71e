"""How many of an item's nearest neighbors two runs have in common, in words."""

from __future__ import annotations

import numpy as np

from recemb_core.arrays import Float64Array

NEAREST = 10


def bands(shares: Float64Array, k: int = NEAREST) -> list[str]:
    """How many of the k stayed, in up to three groups; items that a run never saw have none.

    >>> bands(np.array([0.0, 0.5, 1.0, np.nan])), bands(np.array([0.0, 0.25, 0.5, 1.0]), k=4)
    (['0 to 3', '4 to 6', '7 to 10', 'never seen'], ['0 to 1', '0 to 1', '2', '3 to 4'])
    """
    counts = np.rint(np.nan_to_num(shares) * k).astype(int)
    low, high = int(0.35 * k), int(0.65 * k)  # the last of the first and of the second group
    ends = [(0, low), (low + 1, high), (high + 1, k)]
    names = np.array([f"{one} to {last}" if one < last else str(one) for one, last in ends])
    found = names[(counts > low).astype(int) + (counts > high)]
    return [str(name) for name in np.where(np.isnan(shares), "never seen", found)]


def listed(items: int) -> int:
    """Length of the lists that are compared: of few items, all others.

    >>> listed(6), listed(100)
    (5, 10)
    """
    return max(1, min(NEAREST, items - 1))


def chance(k: int, items: int) -> str:
    """What two runs that have nothing in common share, in a sentence.

    >>> chance(10, 101)
    'Lists drawn by chance share 0.10.'
    """
    return f"Lists drawn by chance share {min(1.0, k / max(1, items - 1)):.2f}."
