"""What a process does beside its pages: threads of its own, and the warm-up."""

from __future__ import annotations

import gc
import importlib
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.kit import results
from pages.kit.uploads import visitor
from pages.kit.uploads.apart import readers


@st.cache_resource(max_entries=16, show_spinner=False)
def _thread(name: str, _work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=_work, name=name, daemon=True)
    thread.start()
    return thread


def in_background(name: str, work: Callable[[], None], seconds: float) -> bool:
    """Whether ``work``, done once a process in a thread of its own, is over; waits at most so many seconds."""
    thread = _thread(name, work)
    thread.join(seconds)
    return not thread.is_alive()


@st.cache_resource(max_entries=1, show_spinner=False)
def warm_up() -> threading.Thread | None:
    """Import and compile what pages and their runs need, once a process, behind the first paint."""
    if os.environ.get("RECEMB_NO_WARM_UP"):
        return None
    thread = threading.Thread(target=_warm, name="warm-up", daemon=True)
    thread.start()
    return thread


_warming = threading.Event()
# Packages that pages and warm-up import inside their functions.
SHARED = ("scipy.sparse", "scipy.stats", "igraph", "faiss", "pandas")


def busy() -> bool:
    """Whether a run, a map or the warm-up has the cores: no time to measure a time."""
    return results.workers().busy or results.prompt_workers().busy or _warming.is_set()


PAUSE = 2.0  # seconds in which nobody else's page was drawn: time for what would make them wait


class Drawing:
    """Whose pages are being drawn, and whose were a moment ago; safe to use from several threads."""

    def __init__(self) -> None:
        self._runs: dict[Hashable, tuple[int, float]] = {}  # session → its runs now, when the last one ended
        self._lock = threading.Lock()
        self._alone = threading.Condition()

    @contextmanager
    def page(self, session: Hashable) -> Iterator[None]:
        """While a page of this session is drawn."""
        with self._alone:
            self._count(session, 1)
        try:
            yield
        finally:
            self._count(session, -1)

    def others(self, session: Hashable, pause: float) -> bool:
        """Whether a page of another session is being drawn, or was so many seconds ago."""
        since = time.monotonic() - pause
        with self._lock:
            return any(runs or end > since for one, (runs, end) in self._runs.items() if one != session)

    @contextmanager
    def nobody(self, patience: float) -> Iterator[None]:
        """While no page is drawn: one that begins now waits. Begins anyway after so many seconds of others' pages."""
        end = time.monotonic() + patience
        with self._alone:
            while self._drawn() and time.monotonic() < end:
                self._alone.wait(0.05)
            yield

    def quiet(self, seconds: float, patience: float) -> None:
        """Wait until nobody's page was drawn for so long, or until patience is at its end."""
        end = time.monotonic() + patience
        while self.others(None, seconds) and time.monotonic() < end:
            time.sleep(0.1)

    def _drawn(self) -> bool:
        with self._lock:
            return any(runs for runs, _ in self._runs.values())

    def _count(self, session: Hashable, more: int) -> None:
        now = time.monotonic()
        with self._lock:
            runs = self._runs.get(session, (0, 0.0))[0] + more
            self._runs = {one: kept for one, kept in self._runs.items() if kept[0] or kept[1] > now - 60}
            self._runs[session] = runs, now


def drawing() -> Drawing:
    """Of this process."""
    return visitor.once_a_process("pages drawn", Drawing)


def this_session() -> str | None:
    """The session whose page runs now."""
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else context.session_id


def others_at_work() -> bool:
    """Whether somebody else works with a page: a measurement would make them wait, and they would spoil it."""
    return drawing().others(this_session(), PAUSE)


def _warm() -> None:
    _warming.set()
    drawing().quiet(PAUSE, 5 * PAUSE)  # the first page comes to rest, in its browser too, before the compilers work
    workers = results.workers()
    workers.warm()
    results.prompt_workers().warm()
    # Of two threads that import a package with circular imports each can see it half made, so no page runs meanwhile.
    for name in SHARED:
        with drawing().nobody(5 * PAUSE):
            importlib.import_module(name)
    from recemb_core import warm_up

    readers().warm()
    warm_up.warm_up_walks()
    warm_up.warm_up_lsh()
    warm_up.warm_up_deep()
    if not workers.limits.processes:
        warm_up.warm_up()
    _warming.clear()
    tidy()


TIDY_SECONDS = 20.0


def tidy(*, times: int | None = None) -> None:
    """Look through everything for garbage now and then (Streamlit would after every run of a page).

    On a server that has worked for a while that takes .2 s of everybody's time, so what is alive now is set aside
    (frozen) until the next time.
    """
    while times is None or times > 0:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        time.sleep(TIDY_SECONDS)
        times = None if times is None else times - 1
