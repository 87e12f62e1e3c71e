"""Locks that end with their process, however it ends: the system gives them up when it is killed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _take(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class HeldFile:
    """A file that one process holds; :meth:`close` gives it up, and so does the end of the process.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "here"
    >>> first = HeldFile.take(path)
    >>> HeldFile.take(path) is None
    True
    >>> first.close()
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Hold the file, made where it is missing; None where somebody else holds it."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if _take(descriptor):
            return cls(path, descriptor)
        os.close(descriptor)
        return None

    @classmethod
    def soon(cls, path: Path, seconds: float = 5.0) -> Self | None:
        """The same, with some patience: whoever looks whether a file is held holds it for a moment."""
        end = time.monotonic() + seconds
        while (held := cls.take(path)) is None and time.monotonic() < end:
            time.sleep(0.01)
        return held

    @property
    def closed(self) -> bool:
        """Whether it is given up."""
        return self._descriptor < 0

    def close(self) -> None:
        """Give it up."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


@contextmanager
def waited_for(path: Path, seconds: float = 60.0) -> Iterator[None]:
    """Hold a file, and wait for it.

    Raises:
        TimeoutError: somebody else holds it all that time.
    """
    held = HeldFile.soon(path, seconds)
    if held is None:
        raise TimeoutError(f"{path} is held by another program")
    with held:
        yield


def release(path: Path) -> None:
    """Remove a held file, and the folder of drafts beside it."""
    shutil.rmtree(path.with_name(path.name + ".d"), ignore_errors=True)
    with suppress(OSError):  # Windows removes no open file; the next tidying does
        path.unlink(missing_ok=True)
