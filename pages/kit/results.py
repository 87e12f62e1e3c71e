"""Results that are computed once, under a byte budget; heavy ones in processes of their own."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, TypeVar

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.kit.session import ActiveData
from pages.kit.uploads import visitor
from recemb_core.job_pool import JobLimits, JobPool
from recemb_core.progress import Progress

BYTES_KEPT = 400_000_000
HERE = 0.15  # seconds; what is over sooner is done in the process that asks
T = TypeVar("T")


class Results:
    """A least-recently-used store of results under a byte budget; safe to use from several threads."""

    def __init__(self, budget: int = BYTES_KEPT) -> None:
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._budget, self._used, self._lock = budget, 0, threading.Lock()

    def get(self, key: Hashable) -> Any:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, value: Any) -> None:
        with self._lock:
            if key in self._kept:
                return
            size = _size(value)
            self._kept[key] = (value, size)
            self._used += size
            while self._used > self._budget and len(self._kept) > 1:
                self._used -= self._kept.popitem(last=False)[1][1]


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if dataclasses.is_dataclass(value):
        return sum(_size(getattr(value, f.name)) for f in dataclasses.fields(value)) + 200
    if isinstance(value, tuple | list):
        return sum(map(_size, value)) + 100
    if isinstance(value, dict):
        return sum(map(_size, value.values())) + 100
    return 100


@st.cache_resource(max_entries=1, show_spinner=False)
def _shared_results() -> Results:
    return Results()


@st.cache_resource(max_entries=1, show_spinner=False, scope="session")
def session_results() -> Results:
    """Results that only this session may see, and that go with it."""
    return Results()


def workers() -> JobPool:
    """The processes that do this server's heavy work, and the queue before them."""
    return visitor.once_a_process("workers", lambda: JobPool(JobLimits.from_environment()))


def results(data: ActiveData) -> Results:
    """Where results of this data set live: an upload's in its own session, a bundled set's shared by all."""
    return session_results() if data.uploaded else _shared_results()


def remember(data: ActiveData, key: Hashable, make: Callable[[], Any]) -> Any:
    """The stored result of ``key``, or ``make()`` stored."""
    store = results(data)
    value = store.get(key)
    if value is None:
        value = make()
        store.put(key, value)
    return value


def ready(data: ActiveData, key: Hashable, load: Callable[[], T | None]) -> T | None:
    """The stored result of ``key``, or a bundled one that ``load`` finds, stored; None where there is neither."""
    value: T | None = results(data).get(key)
    if value is None and (value := load()) is not None:
        results(data).put(key, value)
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
    took: Callable[[float], None] | None = None,
    what: str = "",
    **named: Any,
) -> Any:
    """Like :func:`remember` of ``function(*args, **named)``, in a process of its own, when it is this one's turn.

    Args:
        what: it is, where no ``progress`` tells of it: a line of the page does when it takes more than a second.
        seconds: about how long it takes: long runs do not stand before short ones, and the shortest need no process.
        progress: told where the run stands in the queue, then how far it is; what it raises (Stop) ends the run.
        reports: the function takes ``progress=``.
        took: told the seconds of the run itself.
    """
    store = results(data)
    if (value := store.get(key)) is not None:
        return value
    if seconds < HERE:
        return remember(data, key, partial(function, *args, **named, **({"progress": progress} if reports else {})))
    note = _Note(what)
    value, spent = workers().run(
        function,
        *args,
        person=visitor.visitor() or _session(),
        key=(id(store), key),
        seconds=seconds,
        ready=lambda: store.get(key),
        progress=progress or note,
        reports=reports,
        **named,
    )
    note.clear()
    if took is not None and spent:
        took(spent)
    store.put(key, value)
    return value


class _Note:
    """A line of the page that says what is waited for; drawing it is also where Streamlit ends a run."""

    def __init__(self, what: str) -> None:
        self._what, self._begun = what, time.monotonic()
        self._place: Any = None

    def __call__(self, fraction: float, stage: str) -> None:
        if time.monotonic() - self._begun > 1 and self._what:
            self._place = self._place or st.empty()
            self._place.caption(f"Working on {self._what}: {stage} …")

    def clear(self) -> None:
        if self._place is not None:
            self._place.empty()


def _session() -> str | None:
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else context.session_id
