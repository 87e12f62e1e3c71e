"""Results that are computed once, under a byte budget; heavy ones in processes of their own."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.kit.held_bytes import Parts, parts
from pages.kit.session import ActiveData
from pages.kit.text import sentence
from pages.kit.uploads import held, visitor
from recemb_core.job_pool import JobLimits, JobPool
from recemb_core.progress import Progress

BYTES_KEPT = 400_000_000
PREVIEWS = "recemb_core.warm_up"  # what prompt processes load first
HERE = 0.15  # seconds; what is over sooner is done in the process that asks
T = TypeVar("T")


class Results:
    """A least-recently-used store of results under a byte budget; safe to use from several threads.

    Args:
        budget: bytes; what several results share counts once.
        changed: called after a result was added.
    """

    def __init__(self, budget: int = BYTES_KEPT, changed: Callable[[], None] = lambda: None) -> None:
        self._kept: OrderedDict[Hashable, tuple[Any, Parts]] = OrderedDict()
        self._held: dict[int, tuple[int, int]] = {}  # part → its bytes, and how many results have it
        self._budget, self._changed, self._used, self._lock = budget, changed, 0, threading.Lock()

    def get(self, key: Hashable) -> Any:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, value: Any, *, again: bool = False) -> None:
        """Keep a result; ``again`` where it is there and has grown."""
        with self._lock:
            if key in self._kept and not again:
                return
        found = parts(value)
        with self._lock:
            if key in self._kept:
                if not again:
                    return
                self._take(key)
            self._kept[key] = (value, found)
            for part, size in found.items():
                known, holders = self._held.get(part, (size, 0))
                self._used += 0 if holders else size
                self._held[part] = (known, holders + 1)
            while self._used > self._budget and len(self._kept) > 1:
                self._take(next(iter(self._kept)))
        self._changed()

    def drop(self, key: Hashable) -> None:
        """Drop a result, where it is there."""
        with self._lock:
            if key in self._kept:
                self._take(key)

    def drop_oldest(self) -> bool:
        """Drop the result that was used longest ago; False where there is but the last one."""
        with self._lock:
            if len(self._kept) < 2:
                return False
            self._take(next(iter(self._kept)))
            return True

    @property
    def used_bytes(self) -> int:
        """Bytes held now."""
        return self._used

    def parts(self) -> Parts:
        """What is held, by identity."""
        with self._lock:
            return {part: size for part, (size, _) in self._held.items()}

    def _take(self, key: Hashable) -> None:
        for part in self._kept.pop(key)[1]:
            size, holders = self._held.pop(part)
            if holders > 1:
                self._held[part] = (size, holders - 1)
            else:
                self._used -= size


@st.cache_resource(max_entries=1, show_spinner=False)
def _shared_results() -> Results:
    return Results()


@st.cache_resource(max_entries=1, show_spinner=False, scope="session")
def session_results() -> Results:
    """Results that only this session may see, and that go with it; they count among what its uploads hold."""
    found = held.holding().results = Results(changed=held.room_maker())
    return found


def workers() -> JobPool:
    """The processes that do this server's heavy work, and the queue before them."""
    return visitor.once_a_process("workers", lambda: JobPool(JobLimits.from_environment()))


def prompt_workers() -> JobPool:
    """One more process for what shall answer at once and takes a moment, a preview: it waits behind no run."""

    def make() -> JobPool:
        limits = workers().limits
        return JobPool(replace(limits, processes=min(limits.processes, 1)), slots=1, imports=PREVIEWS, nice=0)

    return visitor.once_a_process("prompt workers", make)


def results(data: ActiveData) -> Results:
    """Where results of this data set live: an upload's in its own session, a bundled set's shared by all."""
    return session_results() if data.uploaded else _shared_results()


def store_of(data: ActiveData, key: Hashable) -> Results:
    """Where the result of a key lives: what vectors that a person brought are part of, in the session in any case."""
    return session_results() if is_private(key) else results(data)


def kept(data: ActiveData, key: Hashable) -> Any:
    """The stored result of a key, or None."""
    return store_of(data, key).get(key)


def is_private(key: Hashable) -> bool:
    """Whether a config that belongs to one session (``private``) is part of a key: vectors that it brought."""
    return any(map(is_private, key)) if isinstance(key, tuple) else getattr(key, "private", False) is True


def remember(data: ActiveData, key: Hashable, make: Callable[[], Any]) -> Any:
    """The stored result of ``key``, or ``make()`` stored."""
    store = store_of(data, key)
    value = store.get(key)
    if value is None:
        value = make()
        store.put(key, value)
    return value


def ready(data: ActiveData, key: Hashable, load: Callable[[], T | None]) -> T | None:
    """The stored result of ``key``, or a bundled one that ``load`` finds, stored; None where there is neither."""
    value: T | None = store_of(data, key).get(key)
    if value is None and (value := load()) is not None:
        store_of(data, key).put(key, value)
    return value


def compute(
    data: ActiveData,
    key: Hashable,
    function: Callable[..., Any],
    /,
    *args: Any,
    seconds: float = 1.0,
    progress: Progress | None = None,
    reports: bool = False,
    took: Callable[[float, int | None], None] | None = None,
    what: str = "it",
    **named: Any,
) -> Any:
    """Like :func:`remember` of ``function(*args, **named)``, in a process of its own, when it is this one's turn.

    Args:
        what: it is, where no ``progress`` tells of it: a line of the page does when it takes more than a second.
        seconds: about how long it takes: long runs do not stand before short ones, and the shortest need no process.
        progress: told where the run stands in the queue, then how far it is; what it raises (Stop) ends the run.
        reports: the function takes ``progress=``.
        took: told the seconds of the run itself, and the most memory of its process (None: not known).
    """
    store = store_of(data, key)
    if (value := store.get(key)) is not None:
        return value
    if seconds < HERE:
        return remember(data, key, partial(function, *args, **named, **({"progress": progress} if reports else {})))
    peaks: list[int | None] = [None]
    value, spent = _apart(
        function,
        *args,
        peak=peaks.append,
        key=(id(store), key),
        ready=lambda: store.get(key),
        seconds=seconds,
        progress=progress,
        reports=reports,
        what=what,
        **named,
    )
    if took is not None and spent:
        took(spent, peaks[-1])
    store.put(key, value)
    return value


def compute_once(function: Callable[..., T], /, *args: Any, seconds: float = 0.3, **named: Any) -> T:
    """``function(*args, **named)`` by a prompt process, kept nowhere: what is no result, as a preview."""
    value: T = _apart(function, *args, pool=prompt_workers(), seconds=seconds, **named)[0]
    return value


def _apart(
    function: Callable[..., Any],
    /,
    *args: Any,
    pool: JobPool | None = None,
    key: Hashable = None,
    ready: Callable[[], Any] = lambda: None,
    seconds: float,
    progress: Progress | None = None,
    reports: bool = False,
    peak: Callable[[int | None], None] = lambda most: None,
    what: str = "it",
    **named: Any,
) -> tuple[Any, float]:
    """(the function's value, its seconds), in a process of its own, when it is this session's turn."""
    note = _Note(what)
    try:
        return (pool or workers()).run(
            function,
            *args,
            person=visitor.visitor() or _session(),
            key=key,
            seconds=seconds,
            ready=ready,
            progress=progress or note,
            reports=reports,
            peak=peak,
            **named,
        )
    finally:
        note.clear()


def let_stop() -> None:
    """Where Streamlit ends a run of the page that was stopped or overtaken, with nothing to draw for the browser."""
    _ = "any" in st.session_state


class _Note:
    """A line of the page that says what is waited for; drawing it is also where Streamlit ends a run."""

    def __init__(self, what: str) -> None:
        self._what, self._begun = what, time.monotonic()
        self._place: Any = None
        self._told = ""

    def __call__(self, fraction: float, stage: str) -> None:
        if time.monotonic() - self._begun > 1 and stage != self._told:
            self._place, self._told = self._place or st.empty(), stage
            self._place.caption(f"Working on {self._what}: {sentence(stage)} …")
        else:
            let_stop()

    def clear(self) -> None:
        if self._place is not None:
            self._place.empty()


def _session() -> str | None:
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else context.session_id
