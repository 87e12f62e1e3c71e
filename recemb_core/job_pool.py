"""Heavy work in processes of its own, first come first served: pages stay quick, and a run that fails ends alone."""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from recemb_core.parallel import available_threads
from recemb_core.processes import ProcessLost, WorkerProcess, memory_of
from recemb_core.progress import Progress
from recemb_core.readers.limits import from_settings
from recemb_core.validation import UsageError

T = TypeVar("T")
_MB = 1 << 20
_LIGHT = 2.5  # seconds; shorter runs have a process that longer ones may not take
_LOOK = 0.1  # seconds between two looks of somebody who waits
_HEAVY = 1_500 * _MB  # a process that holds more when a run is over is ended, so that its memory goes back
_NICE = 5
_log = logging.getLogger(__name__)


def _memory_of_the_machine() -> int:
    with suppress(ValueError, OSError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MB
    return 8_000


@dataclass(frozen=True, kw_only=True)
class JobLimits:
    """What heavy work may take.

    Attributes:
        processes: long runs at a time: by default one for each processor but the one that draws pages, and at least
            one. Short runs have one more process of their own. 0 does all work in the process that asks.
        megabytes: that a run may map beside what the process had when it began, libraries that are loaded later
            included (about 1,000); by default what the machine has.
    """

    processes: int = field(default_factory=lambda: max(1, available_threads() - 1))
    megabytes: int = field(default_factory=_memory_of_the_machine)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> JobLimits:
        """``RECEMB_JOB_PROCESSES`` and ``RECEMB_JOB_MEGABYTES``, where they are set.

        Raises:
            InputError: see :func:`from_settings`.

        >>> JobLimits.from_environment({"RECEMB_JOB_PROCESSES": "0"}).processes
        0
        """
        return from_settings(cls, "RECEMB_JOB_", {"processes": (0, 256), "megabytes": (1_500, 10_000_000)}, environment)


@dataclass(eq=False)
class _Run:
    """A run that waits or works: whose, of what length, in which round it is served, since when, and how far."""

    person: Hashable
    key: Hashable
    seconds: float
    number: int
    turn: int = 0
    started: float | None = None
    fraction: float = 0.0

    @property
    def light(self) -> bool:
        return self.seconds <= _LIGHT

    def left(self) -> float:
        """Seconds until it is over, by how far it is; by the estimate while that says little."""
        if self.started is None:
            return self.seconds
        spent = time.monotonic() - self.started
        if self.fraction > 0.05:
            return spent * (1 / self.fraction - 1)
        return max(self.seconds - spent, 1.0)


@dataclass(frozen=True)
class Standing:
    """Where one stands in the queue.

    Attributes:
        ahead: runs that begin or end before.
        seconds: about how long until this one begins.
        same: another run of the very same is under way; its result will be this one's.
    """

    ahead: int
    seconds: float
    same: bool = False

    def words(self) -> str:
        """For people."""
        if self.same:
            return f"the same is being computed already, about {self.seconds:.0f} s left"
        runs = "one run" if self.ahead == 1 else f"{self.ahead} runs"
        return f"waiting: {runs} of others before this one, about {self.seconds:.0f} s"


class JobPool:
    """Processes that do heavy work, and the queue before them.

    Who comes first is served first, but a second run of one person stands behind everybody's first, and a short run
    never stands behind long ones: it has a process of its own. Two who want the same wait for one run.

    Args:
        limits: see :class:`JobLimits`.
        slots: runs at a time; by default those of ``limits`` and one for short runs.
        imports: a module with what the processes load first, see :class:`~recemb_core.processes.WorkerProcess`.
        nice: how far they stand back for pages.

    >>> pool = JobPool(JobLimits(processes=1))
    >>> pool.run(sorted, [2, 1])[0]
    [1, 2]
    >>> pool.close()
    """

    def __init__(
        self, limits: JobLimits | None = None, *, slots: int | None = None, imports: str = __name__, nice: int = _NICE
    ) -> None:
        self.limits = limits or JobLimits()
        self.slots = slots or (self.limits.processes + 1 if self.limits.processes else 1)
        """Runs at a time, the short one's own place included."""
        self._imports, self._nice = imports, nice
        self._idle: list[WorkerProcess] = []
        self._settling: list[threading.Thread] = []  # each with a process whose run was called off
        self._waiting: list[_Run] = []
        self._working: list[_Run] = []
        self._turn, self._turns = 0, dict[Hashable, int]()
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._warm = False
        self.lost = 0  # processes that ended before they answered

    @property
    def busy(self) -> bool:
        """Whether a run is under way: no time to measure a time."""
        with self._changed:
            return bool(self._working)

    @property
    def prompt(self) -> bool:
        """Whether a run need not wait until a process has started and loaded what it needs."""
        with self._changed:
            there = self._working or self._settling or any(process.ready for process in self._idle)
            return bool(there) or not self.limits.processes

    def warm(self) -> None:
        """Start the processes ahead of the first run, and keep one ready for whoever comes next from now on."""
        self._warm = True
        self._refill()

    def run(
        self,
        function: Callable[..., T],
        /,
        *args: Any,
        person: Hashable = None,
        key: Hashable = None,
        seconds: float = 1.0,
        ready: Callable[[], T | None] = lambda: None,
        progress: Progress | None = None,
        reports: bool = False,
        peak: Callable[[int | None], None] = lambda most: None,
        **named: Any,
    ) -> tuple[T, float]:
        """(the function's result, seconds that it took; 0 where it was ``ready``).

        Args:
            function: of a module.
            args, named: its arguments; they can be pickled.
            person: whose run it is.
            key: tells the same run again.
            seconds: about how long it takes.
            ready: asked once it is this one's turn: the result, if the same run of somebody else made it meanwhile.
            progress: told where one stands in the queue, then how far the run is; what it raises ends the run.
            reports: the function takes ``progress=``.
            peak: told the most memory that the process had meanwhile, libraries included; None where that is not
                known: of work that is done in the process that asks, too.

        Raises:
            UsageError: the function's own, or the process ran out of memory or crashed.
            RuntimeError: any other error of the function.
        """
        tell = progress or (lambda fraction, stage: None)
        with self._changed:
            run = _Run(person, key, seconds, next(self._numbers), self._turn_of(person))
            self._waiting.append(run)
        try:
            while True:
                with self._changed:
                    if not self._first(run):
                        self._changed.wait(_LOOK)
                        standing = None if self._first(run) else self._standing(run)
                    else:
                        standing = None
                    if standing is None:
                        self._begin(run)
                        break
                tell(0.0, standing.words())
            if (found := ready()) is not None:
                return found, 0.0

            def follow(fraction: float, stage: str) -> None:
                run.fraction = fraction
                spent = time.monotonic() - (run.started or 0.0)
                tell(fraction, stage if reports else f"{spent:.0f} s")

            tells = follow if reports or progress is not None else None
            value, spent, most = self._work(tells, reports, function, args, named)
            peak(most)
            return value, spent
        finally:
            with self._changed:
                for runs in (self._waiting, self._working):
                    if run in runs:
                        runs.remove(run)
                self._changed.notify_all()

    def settle(self) -> None:
        """Wait until no run that was called off is at work any more."""
        for thread in list(self._settling):
            thread.join()

    def close(self) -> None:
        """End the processes that wait for work."""
        self._warm = False
        self.settle()
        with self._changed:
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()

    # ---- the queue ----

    def _turn_of(self, person: Hashable) -> int:
        """The round in which a new run is served: one later than this person's last, not before the present one."""
        self._turns = {who: turn for who, turn in self._turns.items() if turn > self._turn}
        turn = max(self._turn, self._turns.get(person, 0)) + 1
        if person is not None:
            self._turns[person] = turn
        return turn

    def _begin(self, run: _Run) -> None:
        self._waiting.remove(run)
        self._turn = max(self._turn, run.turn - 1)
        run.started = time.monotonic()
        self._working.append(run)

    def _order(self) -> list[_Run]:
        """Those who wait, as they will be served."""
        return sorted(self._waiting, key=lambda one: (one.turn, one.number))

    def _first(self, run: _Run) -> bool:
        """Whether it may begin now."""
        if len(self._working) >= self.slots or self._same(run) is not None:
            return False
        order = [one for one in self._order() if self._same(one) is None]
        long_ones = sum(not one.light for one in self._working)
        room = long_ones < max(self.limits.processes, 1)
        if run.light:
            # Beside its own place it takes one of the long runs' only while none of them waits.
            first = next(one for one in order if one.light)
            spare = self.slots - len(self._working) - (1 if room and self.limits.processes else 0)
            waits = any(not one.light for one in order)
            return run is first and (spare > 0 or not waits)
        return room and run is next(one for one in order if not one.light)

    def _same(self, run: _Run) -> _Run | None:
        """Somebody else's run of the very same, under way or before this one in the queue."""
        if run.key is None:
            return None
        for one in self._working:
            if one.key == run.key:
                return one
        before = [one for one in self._waiting if one.key == run.key and one.number < run.number]
        return before[0] if before else None

    def _standing(self, run: _Run) -> Standing:
        same = self._same(run)
        if same is not None:
            return Standing(1, same.left(), same=True)
        order = self._order()
        ahead = [one for one in order[: order.index(run)] if one.light == run.light]
        ahead += [one for one in self._working if one.light == run.light or self.slots == 1]
        lanes = 1 if run.light else max(self.limits.processes, 1)
        return Standing(max(len(ahead), 1), sum(one.left() for one in ahead) / lanes)

    # ---- the processes ----

    def _work(
        self,
        progress: Progress | None,
        reports: bool,
        function: Callable[..., T],
        args: tuple[Any, ...],
        named: dict[str, Any],
    ) -> tuple[T, float, int | None]:
        if self.limits.processes == 0:
            start = time.monotonic()
            value = function(*args, **named, **({"progress": progress} if reports and progress else {}))
            return value, time.monotonic() - start, None
        process = self._take()
        try:
            value = process.call(function, *args, progress=progress, reports=reports, **named)
            return value, process.seconds, process.peak_bytes
        except ProcessLost as lost:
            self.lost += 1
            _log.warning("a process of heavy work was lost (%s) in %s", lost.cause, function)
            raise UsageError(self._sentence(lost.cause)) from None
        finally:
            self._give_back(process)

    def _start(self) -> WorkerProcess:
        return WorkerProcess(
            (self._imports,) if self._warm else (),
            beyond_imports=self.limits.megabytes * _MB,
            name="recemb job",
            nice=self._nice,
        )

    def _take(self) -> WorkerProcess:
        while True:
            with self._changed:
                self._idle.sort(key=lambda process: process.ready)  # one that still starts only if there is no other
                while self._idle and not (self._settling and not self._idle[-1].ready):
                    process = self._idle.pop()
                    if process.alive:
                        return process
                    process.close()
                if not self._settling:
                    return self._start()
            time.sleep(0.005)  # one whose run was called off is free sooner than a new one

    def _give_back(self, process: WorkerProcess) -> None:
        if process.ending:  # who called the run off goes on, with another process
            thread = threading.Thread(target=self._settle, args=(process,), name="settle", daemon=True)
            self._settling.append(thread)
            thread.start()
            return
        with self._changed:
            spare = len(self._idle) <= self.slots  # one more than can work at a time, for one that is still ending
            if spare and process.alive and memory_of(process.pid)[1] < _HEAVY:
                self._idle.append(process)
                return
        process.close()
        if self._warm:
            self._refill()

    def _settle(self, process: WorkerProcess) -> None:
        process.settled()
        self._give_back(process)
        self._settling.remove(threading.current_thread())

    def _refill(self) -> None:
        with self._changed:
            missing = self.slots - len(self._idle) - max(len(self._working) - 1, 0)
            self._idle += [self._start() for _ in range(missing if self.limits.processes else 0)]

    def _sentence(self, cause: str) -> str:
        if cause == "memory":
            return (
                f"this run takes more than {self.limits.megabytes:,} MB of memory, or than the machine has left "
                "(RECEMB_JOB_MEGABYTES); take fewer dimensions, walks or items"
            )
        if cause == "killed":
            return (
                "the process of this run was ended from outside, as a machine does that runs short of memory; run it "
                "again, with fewer dimensions, walks or items if that happens twice"
            )
        return "the process of this run ended before it answered; run it again"


def ready() -> None:
    """Load what most runs need, before the first one."""
    import recemb_core.embeddings
    import recemb_core.item_graph
    import recemb_core.layouts
    import recemb_core.sequences
    import recemb_core.walks  # noqa: F401


def at_leisure() -> list[Callable[[], None]]:
    """What runs compile, piece by piece while nothing is asked."""
    from recemb_core.warm_up import warm_up_deep, warm_up_maps, warm_up_models, warm_up_walks

    return [warm_up_walks, warm_up_maps, warm_up_models, warm_up_deep]
