"""Functions run in a process of their own: what they ask of time and memory is bounded, and their end is not ours."""

from __future__ import annotations

import importlib
import mmap
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from recemb_core.peak_memory import PeakMemory
from recemb_core.progress import Progress, TrainingCancelled

T = TypeVar("T")
_START_SECONDS = 120.0  # to start and import; on a busy machine it takes many times what it takes alone
_POLL = 0.02  # seconds between two looks at whether the caller still wants the answer
_PATIENCE = 0.3  # seconds that a run which was called off has to end by itself
_TOLD_EVERY = 0.03  # seconds between two reports of a run
_APART = 1 << 16  # bytes; buffers of arrays from this size on go through shared memory


class ProcessLost(Exception):
    """The process ended before it answered.

    ``cause`` is ``"time"``, ``"memory"``, ``"killed"`` (from outside, as by a system short of memory), ``"crash"`` or
    ``"stopped"``.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class _Channel:
    """One end of a socket for pickled messages; large arrays go beside it, in memory that both ends map.

    That memory has no name in any file system, so nothing is left of it however the two processes end. Arrays arrive
    as writable, or not, as they were sent; what is written to them stays at the end that writes.
    """

    def __init__(self, messages: int, handles: int) -> None:
        self.messages, self._handles = Connection(messages), socket.socket(fileno=handles)

    def send(self, message: Any) -> None:
        large: list[memoryview] = []

        def stays(buffer: pickle.PickleBuffer) -> bool:
            raw = buffer.raw()
            if raw.nbytes < _APART or not hasattr(os, "memfd_create"):
                return True
            large.append(raw)
            return False

        body = pickle.dumps(message, protocol=5, buffer_callback=stays)
        self.messages.send_bytes(pickle.dumps([(raw.nbytes, raw.readonly) for raw in large]))
        self.messages.send_bytes(body)
        if large:
            handle = os.memfd_create("recemb")
            try:
                with open(handle, "wb", closefd=False) as file:
                    file.writelines(large)
                socket.send_fds(self._handles, [b"."], [handle])
            finally:
                os.close(handle)

    def receive(self) -> Any:
        sizes: list[tuple[int, bool]] = pickle.loads(self.messages.recv_bytes())
        body = self.messages.recv_bytes()
        if not sizes:
            return pickle.loads(body)
        _, handles, *_ = socket.recv_fds(self._handles, 1, 1)
        if not handles:
            raise EOFError
        shared = memoryview(mmap.mmap(handles[0], sum(size for size, _ in sizes), access=mmap.ACCESS_COPY))
        os.close(handles[0])
        buffers, start = [], 0
        for size, readonly in sizes:
            part = shared[start : start + size]
            buffers.append(part.toreadonly() if readonly else part)
            start += size
        return pickle.loads(body, buffers=buffers)

    def close(self) -> None:
        self.messages.close()
        self._handles.close()


class WorkerProcess:
    """One Python process, started from nothing, that calls module-level functions one after the other.

    Arguments and results are pickled. The address space of the process is bounded where the system can do that
    (:func:`memory_is_bounded`); a call that takes too long, or is no longer wanted, ends the process. A caller starts
    another one then. When this process ends, however it ends, the other does too.

    Args:
        imports: modules to import before the first call; a function ``ready()`` of theirs is called then, and the
            functions that their ``at_leisure()`` lists one by one, while nothing is asked.
        address_space: bytes that the process may map, or None.
        beyond_imports: bytes that it may map on top of what its imports have, or None.
        name: shown by ``ps``, ``top`` and the like.
        nice: how far it stands back for others that want a processor, 0 to 19; it is also the first to go where the
            system runs short of memory.
        environment: variables it is started with, beside this process's own.

    >>> worker = WorkerProcess()
    >>> worker.call(sorted, [2, 1])
    [1, 2]
    >>> worker.close()
    """

    def __init__(
        self,
        imports: tuple[str, ...] = (),
        address_space: int | None = None,
        *,
        beyond_imports: int | None = None,
        name: str = "recemb worker",
        nice: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        ours, theirs = zip(socket.socketpair(), socket.socketpair(), strict=True)
        settings = (*(end.fileno() for end in theirs), address_space or 0, beyond_imports or 0, nice)
        command = [sys.executable, "-m", __name__, *map(str, settings), name, *imports]
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        surroundings = {**os.environ, "PYTHONPATH": paths, **(environment or {})}
        self._process = subprocess.Popen(
            command,
            pass_fds=[end.fileno() for end in theirs],
            env=surroundings,
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C in a terminal is for this program, which ends its workers
        )
        for end in theirs:
            end.close()
        self._channel = _Channel(*(end.detach() for end in ours))
        self._bounded = address_space is not None or beyond_imports is not None
        self._started = False
        self._called_off_at: float | None = None
        self.seconds = 0.0
        """of the last answered call, in the process itself"""
        self.peak_bytes: int | None = None
        """the most memory that the process had during that call; None where the system does not tell"""

    @property
    def alive(self) -> bool:
        """Whether a call can be answered."""
        return self._process.poll() is None and not self._channel.messages.closed

    @property
    def ready(self) -> bool:
        """Whether its imports are done, so that a call begins at once."""
        return self.alive and (self._started or self._channel.messages.poll())

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
        progress: Progress | None = None,
        reports: bool = False,
        **named: Any,
    ) -> T:
        """The function's result.

        Args:
            function: reached by its module and name.
            args, named: its arguments, pickled.
            seconds: how long it may take.
            wanted: asked every fiftieth of a second; once it says False the process is ended.
            progress: told as often how far the function said that it is, which is not at all unless it ``reports``.
                What is raised here is raised at once; the run ends by its next report, or with the process:
                :meth:`settled`.
            reports: the function takes ``progress=``.

        Raises:
            ProcessLost: it took too long, too much memory, ended by itself, or was no longer wanted.
            UsageError: the function's own, with its sentence; other errors of this library too.
            RuntimeError: any other error of the function, with its traceback as text.
        """
        if not self.settled():
            raise ProcessLost("stopped")
        try:
            if not self._started:  # its imports are not the function's time
                self._received(_START_SECONDS, wanted, None if progress is None else _starting(progress))
                self._started = True
            self._channel.send((function, args, named, reports))
            kind, value = self._received(seconds, wanted, progress)
        except (EOFError, OSError):
            self.close()
            raise ProcessLost(self._cause()) from None
        except BaseException:  # an answer that nobody waits for must not be taken for the next one's
            if progress is None or not self._call_off():
                self.close()
            raise
        if kind == "memory":
            self.close()
            raise ProcessLost("memory")
        if kind == "error":
            raise value
        result: T
        result, self.seconds, self.peak_bytes = value
        return result

    def _received(self, seconds: float, wanted: Callable[[], bool], progress: Progress | None) -> tuple[str, Any]:
        deadline, last = time.monotonic() + seconds, (0.0, "")
        while True:
            if not self._channel.messages.poll(_POLL):
                if progress is not None:
                    progress(*last)
                if not wanted():
                    raise ProcessLost("stopped")
                if time.monotonic() > deadline:
                    raise ProcessLost("time")
                continue
            kind, value = self._channel.receive()
            if kind != "progress":
                return kind, value
            last = value
            if progress is not None:
                progress(*last)

    def _call_off(self) -> bool:
        """Ask a run to end by its next report; whether it was told."""
        if not self._started or not self.alive:
            return False
        with suppress(OSError):
            self._channel.send("call it off")
            self._called_off_at = time.monotonic()
        return self._called_off_at is not None

    @property
    def ending(self) -> bool:
        """Whether a run that was called off may still be at work."""
        return self._called_off_at is not None

    def settled(self) -> bool:
        """Whether the next call can be answered; waits for a run that was called off, and ends one that goes on."""
        if self._called_off_at is None:
            return True
        deadline, self._called_off_at = self._called_off_at + _PATIENCE, None
        with suppress(EOFError, OSError):
            while (left := deadline - time.monotonic()) > 0:
                if self._channel.messages.poll(left) and self._channel.receive()[0] != "progress":
                    return True
            self._process.kill()
        self.close()
        return False

    def _cause(self) -> str:
        # An allocation that Rust or C++ cannot make aborts (6); the kernel's own guard kills (9).
        if self._process.returncode in (-9, 137):
            return "killed"
        return "memory" if self._process.returncode in (-6, 101, 134) and self._bounded else "crash"

    def close(self) -> None:
        """End the process at once."""
        with suppress(OSError):
            self._process.kill() if self._process.poll() is None and not self._ended(0.2) else None
        self._channel.close()
        self._process.wait()

    def _ended(self, seconds: float) -> bool:
        """Whether the process ends by itself within some time: its own reason is then known."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is not None


def memory_is_bounded() -> bool:
    """Whether this system can bound the address space of a process (Linux can; macOS and Windows cannot)."""
    return sys.platform == "linux"


def _starting(progress: Progress) -> Progress:
    return lambda fraction, stage: progress(0.0, "starting a process for it")


def _serve(channel: _Channel, address_space: int, beyond_imports: int, imports: list[str]) -> None:
    modules = [importlib.import_module(name) for name in imports]
    for module in modules:
        getattr(module, "ready", lambda: None)()
    leisure = [step for module in modules for step in getattr(module, "at_leisure", list)()]
    if beyond_imports:
        address_space = memory_of(os.getpid())[0] + beyond_imports
    if address_space and memory_is_bounded():
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = address_space if hard == resource.RLIM_INFINITY else min(address_space, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel.send(("ready", None))
    while True:
        while leisure and not channel.messages.poll():
            with suppress(Exception):  # a run will say what is wrong
                leisure.pop(0)()
        try:
            asked = channel.receive()
        except EOFError:
            return
        except (MemoryError, OSError):  # the arguments alone are too large
            with suppress(OSError):
                channel.send(("memory", None))
            return
        except Exception:
            channel.send(("error", RuntimeError(traceback.format_exc())))
            continue
        if asked == "call it off":  # it came when the run was over
            continue
        answer = _answer(channel, asked, bool(address_space))
        del asked  # what the last call held is let go while the next one is waited for
        try:
            channel.send(answer)
        except MemoryError:
            channel.send(("memory", None))
        except OSError:
            return
        except Exception:
            channel.send(("error", RuntimeError(traceback.format_exc())))
        del answer


def _answer(
    channel: _Channel, asked: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], bool], bounded: bool
) -> Any:
    function, args, named, reports = asked
    start = last = time.monotonic()
    peak = PeakMemory()

    def tell(fraction: float, stage: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _TOLD_EVERY:
            return
        last = now
        if channel.messages.poll():
            channel.receive()
            raise TrainingCancelled("the run was called off")
        channel.send(("progress", (fraction, stage)))

    try:
        value = function(*args, **named, **({"progress": tell} if reports else {}))
        return "value", (value, time.monotonic() - start, peak.bytes)
    except MemoryError:
        return "memory", None
    except Exception as error:
        if bounded and isinstance(error, ImportError | SystemError):  # a library found no room to be loaded
            return "memory", None
        ours = type(error).__module__.startswith(f"{__package__}.")
        return "error", error if ours else RuntimeError(traceback.format_exc())
    except BaseException:
        return "error", RuntimeError(traceback.format_exc())


def memory_of(pid: int) -> tuple[int, int]:
    """Bytes that a process has mapped and that it holds in memory; 0 where the system does not say."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            mapped, held, *_ = (int(pages) * os.sysconf("SC_PAGE_SIZE") for pages in file.read().split())
    except (OSError, ValueError):
        return 0, 0
    return mapped, held


def _introduce(name: str, nice: int) -> None:
    """Tell the system who this is and that others come first."""
    os.nice(nice)
    with suppress(OSError), open("/proc/self/comm", "w") as file:
        file.write(name[:15])
    if nice:
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("800")


def _end_with(parent: int) -> None:
    """End when the process that started this one has ended; a call that is under way is not waited for."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _main(messages: str, handles: str, address_space: str, beyond: str, nice: str, name: str, *imports: str) -> None:
    threading.Thread(target=_end_with, args=(os.getppid(),), name="end with the parent", daemon=True).start()
    _introduce(name, int(nice))
    _serve(_Channel(int(messages), int(handles)), int(address_space), int(beyond), list(imports))


if __name__ == "__main__":
    # Messages name classes of this module as they are imported, not as "__main__".
    from recemb_core import processes

    processes._main(*sys.argv[1:])
