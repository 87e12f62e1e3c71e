"""Files read in processes of their own: what a file asks for is bounded, and the end of its reader is not ours."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from recemb_core.processes import ProcessLost, WorkerProcess, memory_of
from recemb_core.readers import Assumption, InputError, Reading, Table
from recemb_core.readers.events import Parsed
from recemb_core.readers.limits import from_settings
from recemb_core.readers.side_info import Details

T = TypeVar("T")
_MB = 1 << 20
_REMEMBERED = 1_000  # refusals
_HEAVY = 400 * _MB  # a reader that holds more after a file, or has mapped most of what it may, is ended


@dataclass(frozen=True, kw_only=True)
class ReaderLimits:
    """What reading one file may take.

    Attributes:
        megabytes: address space of a reader; it needs about 1,000 before it has read anything.
        seconds: for one step of the reading (file to table, table to events).
        processes: readers at a time; whoever comes later waits for one.
    """

    megabytes: int = 3_000
    seconds: float = 60.0
    processes: int = 2

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> ReaderLimits:
        """``RECEMB_READER_MEGABYTES``, ``RECEMB_READER_SECONDS`` and ``RECEMB_READER_PROCESSES``, where they are set.

        Raises:
            InputError: see :func:`from_settings`.

        >>> ReaderLimits.from_environment({"RECEMB_READER_SECONDS": "5"}).seconds
        5.0
        """
        allowed = {"megabytes": (1_200, 1_000_000), "seconds": (1, 86_400), "processes": (1, 64)}
        return from_settings(cls, "RECEMB_READER_", allowed, environment)


class ReaderPool:
    """Processes that read files, started when they are needed and used again.

    >>> from recemb_core.readers import Reading
    >>> pool = ReaderPool(ReaderLimits(processes=1))
    >>> pool.read("log.csv", Reading().table, b"user,item\\nann,tea\\n", "log.csv").frame.columns
    ['user', 'item']
    >>> pool.close()
    """

    def __init__(self, limits: ReaderLimits | None = None) -> None:
        self.limits = limits or ReaderLimits()
        self._idle: list[WorkerProcess] = []
        self._places = threading.Semaphore(self.limits.processes)
        self._lock = threading.Lock()
        self._refused: OrderedDict[Hashable, str] = OrderedDict()
        self.lost = 0  # readers that ended before they answered

    def warm(self) -> None:
        """Start a reader ahead of the first file."""
        with self._lock:
            if not self._idle:
                self._idle.append(self._start())

    def read(
        self,
        name: str,
        function: Callable[..., T],
        /,
        *args: Any,
        key: Hashable = None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> T:
        """``function(*args)`` in a reader.

        Args:
            name: the file's, for the sentence that says why it was given up.
            function: of a module, or a method of something that can be pickled.
            args: its arguments.
            key: what tells the same file and step again; one that ended its reader is not tried a second time.
            wanted: asked again and again; once it says False the reader is ended.

        Raises:
            InputError: the function's own, or the reader took too long, too much memory, or crashed.
        """
        if key is not None and key in self._refused:
            raise InputError(self._refused[key])
        while not self._places.acquire(timeout=0.1):
            if not wanted():
                raise ProcessLost("stopped")
        try:
            reader = self._take()
            try:
                return reader.call(function, *args, seconds=self.limits.seconds, wanted=wanted)
            except ProcessLost as lost:
                if lost.cause == "stopped":
                    raise
                sentence = self._sentence(name, lost.cause)
                with self._lock:
                    self.lost += 1
                    if key is not None:
                        self._refused[key] = sentence
                        while len(self._refused) > _REMEMBERED:
                            self._refused.popitem(last=False)
                raise InputError(sentence) from None
            finally:
                self._give_back(reader)
        finally:
            self._places.release()

    def close(self) -> None:
        """End all readers that wait for work."""
        with self._lock:
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()

    def _start(self) -> WorkerProcess:
        return WorkerProcess(
            ("recemb_core.reader_pool",),
            self.limits.megabytes * _MB,
            name="recemb reader",
            environment={"POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "1"},
        )

    def _take(self) -> WorkerProcess:
        with self._lock:
            while self._idle:
                reader = self._idle.pop()
                if reader.alive:
                    return reader
                reader.close()
        return self._start()

    def _give_back(self, reader: WorkerProcess) -> None:
        mapped, held = memory_of(reader.pid)
        if reader.alive and held < _HEAVY and mapped < 0.9 * self.limits.megabytes * _MB:
            with self._lock:
                self._idle.append(reader)
        else:
            reader.close()

    def _sentence(self, name: str, cause: str) -> str:
        limits = self.limits
        if cause == "time":
            why = f"reading it takes longer than {limits.seconds:g} s, the limit (RECEMB_READER_SECONDS)"
        elif cause in ("memory", "killed"):
            why = f"reading it takes more than {limits.megabytes:,} MB of memory, the limit (RECEMB_READER_MEGABYTES)"
        else:
            return f"{name!r} ended the process that read it, so it is damaged or made to do so; export it again"
        return f"{name!r} was given up: {why}; keep fewer rows or columns, or sample the users"


def parse_columns(
    table: Table, reading: Reading, details: Table | None
) -> tuple[Reading, Parsed, Details | None, tuple[Assumption, ...]]:
    """What :func:`parse_log` gives but for the table itself, which whoever asks has and need not be sent again."""
    from recemb_core.readers.assembly import parse_log

    log = parse_log(table, reading, details)
    return log.reading, log.parsed, log.details, log.assumptions


def ready() -> None:
    """Load what reading needs before the first file, so that the limit of memory is for the file alone."""
    import fastexcel  # noqa: F401
    import polars as pl
    import pyarrow.parquet  # noqa: F401

    import recemb_core.item_graph.edge_lists
    import recemb_core.readers.assembly
    import recemb_core.sequences  # noqa: F401

    pl.DataFrame({"a": range(1_000)}).lazy().group_by(pl.col("a") % 7).len().collect()
