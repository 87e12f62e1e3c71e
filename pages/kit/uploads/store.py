"""A bounded store of uploads in memory, a shelf for each visitor: nothing of it is known to a page or a browser."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import takewhile

MB = 1 << 20  # as Streamlit counts the size of an upload
Digests = tuple[bytes, ...]
VISITORS = 10_000  # remembered at once; an empty shelf takes about a kilobyte
SAID = 20  # losses remembered for a visitor who does not come to read them


@dataclass(frozen=True, eq=False)
class KeptUpload:
    """The files of one upload as they came, and how they were read (text that means something to its writer only)."""

    key: str
    name: str
    data: bytes = field(repr=False)
    side_name: str | None = None
    side_data: bytes | None = field(default=None, repr=False)
    reading: str = ""

    @property
    def nbytes(self) -> int:
        """What counts against the limits: the files, their names and the reading."""
        return sum(map(len, self.files)) + self.text_bytes

    @property
    def files(self) -> tuple[bytes, ...]:
        """The one or two files."""
        return (self.data,) if self.side_data is None else (self.data, self.side_data)

    @property
    def text_bytes(self) -> int:
        """Size of all but the files."""
        texts = (self.key, self.name, self.side_name or "", self.reading)
        return sum(len(text.encode(errors="surrogatepass")) for text in texts)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of the memory; a visitor has at most half of it, so that no one upload can take everybody's place."""

    total_bytes: int
    seconds: float
    count: int

    @property
    def visitor_bytes(self) -> int:
        return self.total_bytes // 2

    @property
    def on(self) -> bool:
        return min(self.total_bytes, self.seconds, self.count) > 0


@dataclass
class _Shelf:
    """One visitor's uploads, oldest first, and what was lost since the last visit."""

    seen: float
    uploads: OrderedDict[str, tuple[KeptUpload, Digests]] = field(default_factory=OrderedDict)
    lost: deque[str] = field(default_factory=lambda: deque(maxlen=SAID))
    nbytes: int = 0


class UploadMemory:
    """Visitors' uploads within limits; every method may be called from any thread.

    A visitor sees its own uploads alone. Equal files of several visitors are held once. Where room is needed, a
    visitor's own oldest upload goes first; for the room of all, the oldest of whoever was away for longest. What goes
    is told to the visitor whose it was: at once, or by :meth:`losses`.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.time) -> None:
        self.limits = limits
        self._clock, self._now = clock, -math.inf
        self._shelves: OrderedDict[str, _Shelf] = OrderedDict()  # who was away for longest comes first
        self._files: dict[bytes, tuple[bytes, int]] = {}  # digest → a file, and by how many uploads it is held
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used_bytes(self) -> int:
        """Bytes held now, equal files counted once."""
        with self._lock:
            self._sweep()
            return self._used

    def kept(self, who: str) -> tuple[KeptUpload, ...]:
        """The visitor's uploads, newest first."""
        with self._lock:
            return tuple(upload for upload, _ in reversed(self._visit(who).uploads.values()))

    def keep(self, who: str, upload: KeptUpload) -> tuple[str, ...]:
        """Store an upload as the newest, in place of an older one of its key; returns what the visitor has to know."""
        limits = self.limits
        with self._lock:
            old, digests = self._visit(who).uploads.get(upload.key, (None, ()))
        if old is None or old.files != upload.files:  # as a page's every run may ask for this, only a change is hashed
            digests = tuple(hashlib.blake2b(file, digest_size=32).digest() for file in upload.files)
        with self._lock:
            shelf = self._visit(who)
            if upload.key in shelf.uploads:
                self._take(shelf, upload.key)
            if upload.nbytes > limits.visitor_bytes:
                most = f"{megabytes(limits.visitor_bytes)} MB"
                size = f"{megabytes(upload.nbytes, up=True)} MB"
                return (f"{upload.name} ({size}) is not kept for a reload: one browser may have {most} kept.",)
            while len(self._shelves) >= VISITORS and who not in self._shelves:
                self._drop(next(iter(self._shelves)))
            self._shelves[who] = shelf
            self._put(shelf, upload, digests)
            gone: list[str] = []
            while len(shelf.uploads) > limits.count or shelf.nbytes > limits.visitor_bytes:
                gone.append(self._take(shelf, next(iter(shelf.uploads))).name)
            while self._used > limits.total_bytes:
                other = next(s for s in self._shelves.values() if s.uploads)
                name = self._take(other, next(iter(other.uploads))).name
                other.lost.append(f"{name} is no longer kept for a reload: other browsers' uploads needed the room.")
            return tuple(f"{name} is no longer kept for a reload: {upload.name} needed its place." for name in gone)

    def forget(self, who: str, key: str) -> None:
        """Drop one upload of the visitor."""
        with self._lock:
            shelf = self._visit(who)
            if key in shelf.uploads:
                self._take(shelf, key)

    def forget_all(self, who: str) -> None:
        """Drop all that is known of the visitor."""
        with self._lock:
            self._sweep()
            self._drop(who)

    def losses(self, who: str) -> tuple[str, ...]:
        """What this visitor lost since the last call, said once."""
        with self._lock:
            shelf = self._visit(who)
            lost = tuple(shelf.lost)
            shelf.lost.clear()
            return lost

    # ---- under the lock ----

    def _visit(self, who: str) -> _Shelf:
        """The visitor's shelf; an empty one, which is not among those remembered, where there is none."""
        self._sweep()
        if who not in self._shelves:
            return _Shelf(self._now)
        self._shelves.move_to_end(who)
        self._shelves[who].seen = self._now
        return self._shelves[who]

    def _sweep(self) -> None:
        """Drop what nobody came for in time; that it happened is remembered for as long again."""
        self._now = max(self._now, self._clock())  # a clock that is set back keeps the order of the shelves
        hours = self.limits.seconds / 3600
        overdue = takewhile(lambda pair: self._now - pair[1].seen > self.limits.seconds, self._shelves.items())
        for who, shelf in list(overdue):
            while shelf.uploads:
                name = self._take(shelf, next(iter(shelf.uploads))).name
                shelf.lost.append(
                    f"{name} is no longer kept for a reload: this browser was away for more than {hours_text(hours)}."
                )
            if self._now - shelf.seen > 2 * self.limits.seconds:
                self._drop(who)

    def _drop(self, who: str) -> None:
        shelf = self._shelves.pop(who, None)
        while shelf is not None and shelf.uploads:
            self._take(shelf, next(iter(shelf.uploads)))

    def _put(self, shelf: _Shelf, upload: KeptUpload, digests: Digests) -> None:
        files = []
        for digest, file in zip(digests, upload.files, strict=True):
            same, holders = self._files.get(digest, (file, 0))
            self._files[digest] = (same, holders + 1)
            self._used += 0 if holders else len(same)
            files.append(same)
        self._used += upload.text_bytes
        shelf.nbytes += upload.nbytes
        shared = replace(upload, data=files[0], side_data=files[1] if len(files) > 1 else None)
        shelf.uploads[upload.key] = (shared, digests)

    def _take(self, shelf: _Shelf, key: str) -> KeptUpload:
        upload, digests = shelf.uploads.pop(key)
        for digest in digests:
            file, holders = self._files.pop(digest)
            if holders > 1:
                self._files[digest] = (file, holders - 1)
            else:
                self._used -= len(file)
        self._used -= upload.text_bytes
        shelf.nbytes -= upload.nbytes
        return upload


def megabytes(nbytes: int, *, up: bool = False) -> str:
    """Megabytes to a tenth, as a limit rounded down and as a size rounded up: what is too large looks it."""
    tenths = (math.ceil if up else math.floor)(nbytes / MB * 10)
    return f"{tenths / 10:,.1f}".removesuffix(".0")


def hours_text(hours: float) -> str:
    """A number of hours in words."""
    return "1 hour" if hours == 1 else f"{hours:,g} hours"
