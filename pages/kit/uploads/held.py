"""What the sessions hold of uploads, in bytes: a budget for each session, one for all, and what gives way."""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import streamlit as st

from pages.kit.uploads import visitor
from pages.kit.uploads.store import megabytes

if TYPE_CHECKING:
    from pages.kit.held_bytes import Parts

Key = tuple[str, Hashable]  # kind, and what it was made of


class Store(Protocol):
    """Results of a session; see ``pages/kit/results.py``."""

    def parts(self) -> Parts:
        """What it holds."""

    def drop_oldest(self) -> bool:
        """Drop what was used longest ago; False where there is nothing but the last result."""


@dataclass(frozen=True, kw_only=True)
class HeldLimits:
    """Bytes that one session's uploads may hold with all that was made of them, and those of all sessions."""

    session_bytes: int
    total_bytes: int


@dataclass(frozen=True, eq=False)
class _Made:
    value: Any
    parts: Parts
    digests: frozenset[str]  # of the files that it was made of
    used: float


class Holding:
    """One session's uploads, what reading them gave, and the results on them."""

    def __init__(self) -> None:
        self.uploads: dict[str, Any] = {}  # the session's own, as is the next
        self.ready: dict[str, Any] = {}
        self.results: Store | None = None
        self.made: OrderedDict[Key, _Made] = OrderedDict()
        self.used: dict[str, float] = {}  # upload → when it was last in use
        self.gone: deque[tuple[str, str]] = deque(maxlen=20)  # (upload, sentence)
        self.seen = time.monotonic()

    def parts(self) -> Parts:
        """What it holds."""
        found: Parts = {}
        for upload in self.uploads.copy().values():
            for file in (upload.log, upload.side):
                found |= {} if file is None else file.held
        for made in self.made.copy().values():
            found |= made.parts
        return found if self.results is None else found | self.results.parts()

    def find(self, key: Key) -> Any:
        """What was made under a key, or None."""
        made = self.made.get(key)
        if made is None:
            return None
        self.made[key] = _Made(made.value, made.parts, made.digests, time.monotonic())
        self.made.move_to_end(key)
        return made.value

    def keep(self, key: Key, value: Any, digests: frozenset[str], most: int) -> None:
        """Keep what was made; the ``most`` of its kind that were used last stay."""
        from pages.kit.held_bytes import parts  # the server, which asks for the limits alone, starts without arrays

        self.made[key] = _Made(value, parts(value), digests, time.monotonic())
        same = [other for other in self.made if other[0] == key[0]]
        for other in same[: max(len(same) - most, 0)]:
            del self.made[other]

    def forget(self, upload_key: str) -> Any:
        """Let go of an upload and of what only it has led to; the upload."""
        upload = self.uploads.pop(upload_key, None)
        self.ready.pop(upload_key, None)
        self.used.pop(upload_key, None)
        others = {digest for other in self.uploads.values() for digest in other.digests}
        for key, made in list(self.made.items()):
            if not made.digests <= others:
                self.made.pop(key, None)
        return upload

    def give_way(self, why: str) -> bool:
        """Let go of one thing: what can be made again first, the upload in use last; False where nothing is left."""
        here = {digest for upload in self.uploads.copy().values() for digest in upload.digests}
        stale = next((k for k, made in self.made.items() if made.used < self.seen or not made.digests <= here), None)
        if stale is not None:
            del self.made[stale]
            return True
        if self.results is not None and self.results.drop_oldest():
            return True
        oldest = sorted(self.uploads, key=lambda key: self.used.get(key, 0.0))
        if not oldest:
            return False
        upload = self.forget(oldest[0])
        self.gone.append((oldest[0], f"{upload.name} was let go because {why}; upload it again to go on with it."))
        return True


class Ledger:
    """All sessions' holdings, and the budgets; every method may be called from any thread."""

    def __init__(self, limits: HeldLimits) -> None:
        self.limits = limits
        self.lock = threading.RLock()
        self._all: weakref.WeakSet[Holding] = weakref.WeakSet()

    def open(self) -> Holding:
        """A session's new holding; it is forgotten with the session."""
        with self.lock:
            found = Holding()
            self._all.add(found)
            return found

    def used_bytes(self) -> int:
        """What all sessions hold, a thing that several share once."""
        with self.lock:
            together: Parts = {}
            for holding in self._all:
                together |= holding.parts()
            return sum(together.values())

    def make_room(self, mine: Holding) -> None:
        """Keep the budgets: this session's, then that of all, for which whoever was away for longest gives way."""
        with self.lock:
            session, total = self.limits.session_bytes, self.limits.total_bytes
            why = f"this session's uploads and what was made of them need more than {megabytes(session)} MB"
            while sum(mine.parts().values()) > session and mine.give_way(why):
                pass
            why = f"all sessions' uploads together need more than {megabytes(total)} MB"
            others = sorted((one for one in self._all if one is not mine), key=lambda one: one.seen)
            for holding in (*others, mine):
                while self.used_bytes() > total and holding.give_way(why):
                    pass


def ledger() -> Ledger:
    """The one of this process."""
    from pages.kit.uploads.memory import held_limits_from_environment

    return visitor.once_a_process("what sessions hold", lambda: Ledger(held_limits_from_environment()))


def holding() -> Holding:
    """This session's."""
    if "_holding" not in st.session_state:
        st.session_state["_holding"] = ledger().open()
    found: Holding = st.session_state["_holding"]
    return found


def in_use(upload_key: str) -> None:
    """This upload is in use now: the last one to give way."""
    found = holding()
    found.seen = found.used[upload_key] = time.monotonic()


def room_maker() -> Callable[[], None]:
    """What keeps this session within the budgets, to be called when something was added; it keeps no session alive."""
    mine = weakref.ref(holding())

    def make_room() -> None:
        found = mine()
        if found is not None:
            ledger().make_room(found)

    return make_room
