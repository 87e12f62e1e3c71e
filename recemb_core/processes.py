"""Functions run in a process of their own: what they ask of time and memory is bounded, and their end is not ours."""

from __future__ import annotations

import importlib
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from recemb_core.validation import UsageError

T = TypeVar("T")
_START_SECONDS = 120.0  # to start and import; on a busy machine it takes many times what it takes alone
_POLL = 0.1  # seconds between two looks at whether the caller still wants the answer


class ProcessLost(Exception):
    """The process ended before it answered; ``cause`` is ``"time"``, ``"memory"``, ``"crash"`` or ``"stopped"``."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class WorkerProcess:
    """One Python process, started from nothing, that calls module-level functions one after the other.

    Arguments and results are pickled through a socket. The address space of the process is bounded where the system
    can do that (:func:`memory_is_bounded`); a call that takes too long, or is no longer wanted, ends the process. A
    caller starts another one then. When this process ends, however it ends, the other does too.

    Args:
        imports: modules to import before the first call; a function ``ready()`` of theirs is called then.
        address_space: bytes that the process may map, or None.

    >>> worker = WorkerProcess()
    >>> worker.call(sorted, [2, 1])
    [1, 2]
    >>> worker.close()
    """

    def __init__(self, imports: tuple[str, ...] = (), address_space: int | None = None) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", __name__, str(theirs.fileno()), str(address_space or 0), *imports]
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": paths, "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "1"}
        with theirs:
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL
            )
        self._connection = Connection(ours.detach())
        self._bounded = address_space is not None
        self._started = False

    @property
    def alive(self) -> bool:
        """Whether a call can be answered."""
        return self._process.poll() is None and not self._connection.closed

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def call(
        self,
        function: Callable[..., T],
        /,
        *args: Any,
        seconds: float = float("inf"),
        wanted: Callable[[], bool] = lambda: True,
    ) -> T:
        """The function's result.

        Args:
            function: reached by its module and name.
            args: its arguments, pickled.
            seconds: how long it may take.
            wanted: asked every tenth of a second; once it says False the process is ended.

        Raises:
            ProcessLost: it took too long, too much memory, ended by itself, or was no longer wanted.
            UsageError: the function's own, with its sentence.
            RuntimeError: any other error of the function, with its traceback as text.
        """
        try:
            if not self._started:  # its imports are not the function's time
                self._received(_START_SECONDS, wanted)
                self._started = True
            self._connection.send_bytes(pickle.dumps((function, args), protocol=5))
            kind, value = self._received(seconds, wanted)
        except (EOFError, OSError):
            self.close()
            raise ProcessLost(self._cause()) from None
        except BaseException:  # an answer that nobody waits for must not be taken for the next one's
            self.close()
            raise
        if kind == "memory":
            self.close()
            raise ProcessLost("memory")
        if kind == "error":
            raise value
        result: T = value
        return result

    def _received(self, seconds: float, wanted: Callable[[], bool]) -> tuple[str, Any]:
        deadline = time.monotonic() + seconds
        while not self._connection.poll(_POLL):
            if not wanted():
                raise ProcessLost("stopped")
            if time.monotonic() > deadline:
                raise ProcessLost("time")
        message: tuple[str, Any] = pickle.loads(self._connection.recv_bytes())
        return message

    def _cause(self) -> str:
        # An allocation that Rust or C++ cannot make aborts (6); the kernel's own guard kills (9).
        return "memory" if self._process.returncode in (-6, -9, 101, 134, 137) and self._bounded else "crash"

    def close(self) -> None:
        """End the process at once."""
        with suppress(OSError):
            self._process.kill() if self._process.poll() is None and not self._ended(0.2) else None
        self._connection.close()
        self._process.wait()

    def _ended(self, seconds: float) -> bool:
        """Whether the process ends by itself within some time: its own reason is then known."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is not None


def memory_is_bounded() -> bool:
    """Whether this system can bound the address space of a process (Linux can; macOS and Windows cannot)."""
    return sys.platform == "linux"


def _serve(connection: Connection, address_space: int, imports: list[str]) -> None:
    for name in imports:
        getattr(importlib.import_module(name), "ready", lambda: None)()
    if address_space and memory_is_bounded():
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = address_space if hard == resource.RLIM_INFINITY else min(address_space, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection.send_bytes(pickle.dumps(("ready", None)))
    asked: bytes | None
    while True:
        try:
            asked = connection.recv_bytes()
        except (EOFError, OSError):
            return
        answer = _answer(asked)
        asked = None
        connection.send_bytes(answer)


def _answer(asked: bytes) -> bytes:
    try:
        function, args = pickle.loads(asked)
        return pickle.dumps(("value", function(*args)), protocol=5)
    except MemoryError:
        return pickle.dumps(("memory", None))
    except UsageError as error:
        return pickle.dumps(("error", error))
    except BaseException:
        return pickle.dumps(("error", RuntimeError(traceback.format_exc())))


def _end_with(parent: int) -> None:
    """End when the process that started this one has ended; a call that is under way is not waited for."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _serve(Connection(int(sys.argv[1])), int(sys.argv[2]), sys.argv[3:])
