"""What the shared parts of the kernels compute, in plain Python: made to be read, and for the tests to compare with."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from recemb_core.arrays import AnyArray

GOLDEN = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1
Rates = tuple[float, float]  # at the first, and at the last


def mix(z: int) -> int:
    """SplitMix64's output function, in whole numbers below 2⁶⁴.

    The first output of the generator that begins at 0 (Vigna's splitmix64.c):

    >>> hex(mix(GOLDEN))
    '0xe220a8397b1dcdaf'
    """
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _WORD
    return z ^ z >> 31


def mixed_number(seed: int, number: int) -> int:
    """The ``number``-th output of SplitMix64 from ``seed``."""
    return mix(seed + number * GOLDEN & _WORD)


def alias_table(weights: AnyArray) -> tuple[list[int], list[int]]:
    """(keep, alias) of Vose's method: slot i, drawn uniformly, is kept with chance (keep + 1) / 2³², else alias[i].

    >>> alias_table(np.array([1.0, 3.0])) == ([2**31, 2**32 - 1], [1, 1])
    True
    """
    total = sum(float(w) for w in weights)
    share = [float(w) * len(weights) / total for w in weights]
    keep, alias = [2**32 - 1] * len(share), list(range(len(share)))
    small = [i for i, s in enumerate(share) if s < 1]
    large = [i for i, s in enumerate(share) if s >= 1]
    while small and large:
        i, j = small.pop(), large[-1]
        keep[i], alias[i] = int(share[i] * 2**32), j
        share[j] -= 1 - share[i]
        if share[j] < 1:
            small.append(large.pop())
    return keep, alias


class Draws:
    """xorshift64*: 31 random bits a draw."""

    def __init__(self, state: int) -> None:
        self.state = state

    def bits(self) -> int:
        """The next number."""
        self.state ^= self.state >> 12
        self.state ^= self.state << 25 & _WORD
        self.state ^= self.state >> 27
        return (self.state * 0x2545F4914F6CDD1D & _WORD) >> 33

    def word(self) -> int:
        """The next number, with 32 bits."""
        self.bits()
        return (self.state * 0x2545F4914F6CDD1D & _WORD) >> 32

    def negative(self, items: Sequence[int], keep: Sequence[int], alias: Sequence[int]) -> int:
        """One of ``items`` by their alias table."""
        slot, inside = divmod(self.word() * len(items), 2**32)
        return items[slot if inside < keep[slot] else alias[slot]]


def stepped(score: float, *, bound: float = 8.0, steps: int = 4096) -> float:
    """The score in whose place σ is taken: the middle of its step.

    >>> stepped(0.001), stepped(99.0)
    (0.001953125, 7.998046875)
    """
    step = min(int((min(max(score, -bound), bound) + bound) * steps / (2 * bound)), steps - 1)
    return (step + 0.5) * 2 * bound / steps - bound


def falling_rate(rates: Rates, done: int, total: int) -> float:
    """The learning rate after ``done`` of ``total`` equal parts."""
    return rates[0] + (rates[1] - rates[0]) * done / total


def update_pair(vector: AnyArray, outputs: AnyArray, targets: Sequence[int], rate: float) -> float:
    """One input v with the output rows ``targets``, the positive first; changes both, returns the loss.

    v'_u += rate · (y_u − σ(v'_u · v)) · v one after the other, and v by the sum of rate · (y_u − σ) · v'_u at the end.
    """
    loss, gather = 0.0, np.zeros_like(vector)
    for draw, target in enumerate(targets):
        if draw and target == targets[0]:
            continue
        sign = -1 if draw else 1
        wrong = 1 / (1 + math.exp(sign * stepped(float(outputs[target] @ vector))))
        loss -= math.log1p(-wrong)
        gather += rate * sign * wrong * outputs[target]
        outputs[target] += rate * sign * wrong * vector
    vector += gather
    return loss
