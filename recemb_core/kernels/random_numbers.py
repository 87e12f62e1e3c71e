"""Random numbers in a kernel: a stream of its own for every walk, center or window, from one seed.

A stream is a 64-bit state that the caller holds. Which thread draws from it, and when, changes nothing.
"""

from __future__ import annotations

import numba
import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2⁶⁴ over the golden ratio, odd: its multiples lie far apart, and visit every 64-bit number."""


@numba.njit(cache=True, nogil=True, inline="always")
def mix(z: np.uint64) -> np.uint64:
    """The output function of SplitMix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@numba.njit(cache=True, nogil=True, inline="always")
def mixed_number(seed: np.uint64, number: int) -> np.uint64:
    """The ``number``-th output of SplitMix64 from ``seed``, without the ones before it."""
    return mix(seed + np.uint64(number) * GOLDEN)


@numba.njit(cache=True, nogil=True, inline="always")
def next_state(state: np.uint64) -> np.uint64:
    """xorshift64* (Marsaglia 2003, Vigna 2016): the next state, never 0 after one that is not.

    :func:`random_bits` makes a number of it. Three shifts where :func:`mix` has two products: for draws in a hurry.
    """
    state ^= state >> np.uint64(12)
    state ^= state << np.uint64(25)
    return state ^ (state >> np.uint64(27))


@numba.njit(cache=True, nogil=True, inline="always")
def random_bits(state: np.uint64) -> np.uint64:
    """31 random bits of a state of :func:`next_state`: the upper ones of its product, as the lower ones are weak."""
    return (state * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)


@numba.njit(cache=True, nogil=True, inline="always")
def random_word(state: np.uint64) -> np.uint64:
    """32 random bits of such a state, one more than :func:`random_bits` has."""
    return (state * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(32)
