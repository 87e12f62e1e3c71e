"""The alias method: from a table of m places, one of m numbers is drawn in the odds asked for, in constant time."""

from __future__ import annotations

import numba
import numpy as np

from recemb_core.arrays import Float64Array, Int32Array, UInt32Array

HALF_WORD = 2.0**32


@numba.njit(cache=True, nogil=True)
def fill_alias_table(
    share: Float64Array, first: int, end: int, keep: UInt32Array, alias: Int32Array, stack: Int32Array
) -> None:
    """Vose's alias method (1991) on the places first … end − 1: a place drawn uniformly is kept with ``keep`` / 2³².

    Else the place that ``alias`` names is taken. ``share`` (m,) holds each one's odds over the mean of the table, so
    that they add up to end − first; it is used up. ``stack`` (m,) is room to work in; both may be shared by tables of
    other places. O(end − first).
    """
    # The stretch of the stack holds places below their fair share from the left, the others from the right.
    low, high = first, end
    for e in range(first, end):
        alias[e] = e
        keep[e] = np.uint32(0xFFFFFFFF)
        if share[e] < 1.0:
            stack[low] = e
            low += 1
        else:
            high -= 1
            stack[high] = e
    while low > first and high < end:
        low -= 1
        small, large = stack[low], stack[high]
        keep[small] = np.uint32(share[small] * HALF_WORD)
        alias[small] = large
        share[large] -= 1.0 - share[small]
        if share[large] < 1.0:
            high += 1
            stack[low] = large
            low += 1
    # What is left on either side is 1 up to rounding and keeps the alias to itself.
