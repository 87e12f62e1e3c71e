"""Times that are comparable: in turns, several rounds, and only where no other work ran beside."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

ROUNDS = 5
PATIENCE = 4  # times the rounds wanted, before giving up
_SHARE = 0.1  # of a lap that may go to others
_SLOWER = 1.5  # than ever: the processor itself, by a fixed piece of work
_TICKS = 5e-5  # seconds, of starting and stopping the clocks


class OtherWorkError(RuntimeError):
    """Other work ran beside the measurement, again and again, so that there is no time to show."""

    reports: Sequence[Any] = ()
    """what was measured beside the times, if anything"""


@dataclass(frozen=True)
class Timing:
    """Seconds of one piece of work.

    Attributes:
        median, low, high: of the laps kept, low the shortest.
        laps: that were kept.
        disturbed: laps beside which other work ran; thrown away, unless the race was told to keep them.
    """

    median: float
    low: float
    high: float
    laps: int
    disturbed: int

    def scaled(self, factor: float) -> Timing:
        """The same in another unit, or for each of several queries."""
        return Timing(self.median * factor, self.low * factor, self.high * factor, self.laps, self.disturbed)

    def clearly_shorter(self, other: Timing) -> bool:
        """Whether the longest lap of this is shorter than the shortest of the other; if not, within the spread."""
        return self.high < other.low


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """(what ``work`` gave, seconds of wall clock): one run, for what is told beside a result and compared with nothing.

    >>> timed(lambda: "tea")[0]
    'tea'
    """
    start = time.perf_counter()
    found = work()
    return found, time.perf_counter() - start


def lap(work: Callable[[], object], threads: int = 1) -> tuple[float, bool]:
    """(seconds, whether other work ran beside): one run of ``work``.

    Three signs of other work: the thread waited for a processor (its own time is over a tenth below the clock's), other
    threads of this process worked meanwhile, or a fixed piece of work afterwards took half as long again as the fastest
    time ever in this process. With several threads only the last one can be told.
    """
    process, own = time.process_time(), time.thread_time()
    _, seconds = timed(work)
    own, process = time.thread_time() - own, time.process_time() - process
    allowed = _SHARE * seconds + _TICKS
    disturbed = threads == 1 and (seconds - own > allowed or process - own > allowed)
    return seconds, disturbed or _slow_processor()


def race(
    works: Sequence[Callable[[], object]],
    *,
    rounds: int = ROUNDS,
    threads: int = 1,
    keep_disturbed: bool = False,
    step: Callable[[str, int], None] | None = None,
) -> list[Timing]:
    """Time several pieces of work in turns, so that whatever the machine does meets all alike.

    Each round begins one further on, and every second one runs backwards, so that nobody always follows the same one. A
    lap beside which other work ran is thrown away and run again in a later round.

    Args:
        works: what is timed; run each once before, what the first run does more is not part of the time.
        rounds: laps wanted of each.
        threads: that the work uses, see :func:`lap`.
        keep_disturbed: take all laps as they come and only count the disturbed ones.
        step: called before each lap with (what is being done, number of the work); what it raises ends the race.

    Raises:
        OtherWorkError: not enough laps without other work in four times the rounds.

    >>> fast, slow = race([lambda: sum(range(10)), lambda: sum(range(50_000))], keep_disturbed=True)
    >>> fast.median < slow.median, fast.laps
    (True, 5)
    """
    kept: list[list[float]] = [[] for _ in works]
    disturbed = [0] * len(works)
    for number in range(rounds if keep_disturbed else PATIENCE * rounds):
        order = np.roll(np.arange(len(works)), -number)[:: -1 if number % 2 else 1]
        for at in order.tolist():
            if len(kept[at]) == rounds:
                continue
            if step is not None:
                again = "again, because of other work"
                step(f"round {number + 1} of {rounds}" if number < rounds else again, at)
            seconds, beside = lap(works[at], threads)
            disturbed[at] += beside
            if keep_disturbed or not beside:
                kept[at].append(seconds)
        if all(len(laps) == rounds for laps in kept):
            break
    if any(len(laps) < rounds for laps in kept):
        tried = sum(map(len, kept)) + sum(disturbed)
        raise OtherWorkError(
            f"Other work on this machine ran beside {sum(disturbed)} of {tried} timed batches, also when they were "
            "repeated. A time measured so says nothing and is not shown: measure again when the machine is quiet."
        )
    return [
        Timing(float(np.median(laps)), min(laps), max(laps), len(laps), beside)
        for laps, beside in zip(kept, disturbed, strict=True)
    ]


_YARD = np.random.default_rng(0).random(20_000)
_fastest = [np.inf]  # seconds, of this process so far


def _slow_processor() -> bool:
    """Whether a fixed piece of work takes half as long again as it ever did: a shared core, a throttled clock."""
    found = np.inf
    for _ in range(3):
        found = min(found, timed(lambda: np.sort(_YARD))[1])
    _fastest[0] = min(_fastest[0], found)
    return found > _SLOWER * _fastest[0]
