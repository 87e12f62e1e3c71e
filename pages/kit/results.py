"""Results that are computed once, under a byte budget, and the one lock around heavy work."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from pages.kit.session import ActiveData
from recemb_core.progress import Progress

BYTES_KEPT = 400_000_000
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


@st.cache_resource(max_entries=1, show_spinner=False)
def heavy_lock() -> threading.Lock:
    """One training or UMAP run at a time in the whole process: jobs queue instead of fighting for the cores."""
    return threading.Lock()


def busy() -> bool:
    """Whether a training, a map or the warm-up has the cores: no time to measure a time."""
    return heavy_lock().locked()


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


def remember_heavy(data: ActiveData, key: Hashable, make: Callable[[], Any], progress: Progress | None = None) -> Any:
    """Like :func:`remember`, under the lock; while another run has it, the wait is shown and can be stopped."""
    value = results(data).get(key)
    if value is not None:
        return value
    lock = heavy_lock()
    while not lock.acquire(timeout=0.2):
        if progress is not None:
            progress(0.0, "waiting for another run on this server to end")
    try:
        return remember(data, key, make)
    finally:
        lock.release()
