"""Functions in a process of their own: bounded, stoppable, and gone with the process that asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recemb_core.processes import ProcessLost, WorkerProcess, memory_is_bounded
from recemb_core.readers import InputError, load_table

MB = 1 << 20
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    worker = WorkerProcess(address_space=1_500 * MB)
    yield worker
    worker.close()


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_calls_are_answered_one_after_the_other_by_one_process(worker: WorkerProcess) -> None:
    assert [worker.call(os.getpid) for _ in range(3)] == [worker.pid] * 3
    array = np.arange(300_000, dtype=np.float32)
    assert np.array_equal(worker.call(np.sort, array[::-1]), array)


def test_errors_come_back_as_what_they_are(worker: WorkerProcess) -> None:
    with pytest.raises(InputError, match="is empty"):
        worker.call(load_table, b"", "log.csv")
    with pytest.raises(RuntimeError, match="invalid literal for int"):
        worker.call(int, "x")
    assert worker.alive


def _held(size: int) -> int:
    return int(np.ones(size, dtype=np.uint8).sum())  # written to, so that it is in memory


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system counts no peak anew")
@pytest.mark.slow
def test_the_most_memory_of_a_call_is_that_call_s_alone(worker: WorkerProcess) -> None:
    worker.call(_held, 1)
    before = worker.peak_bytes
    worker.call(_held, 300 * MB)
    large = worker.peak_bytes
    worker.call(_held, 1)
    after = worker.peak_bytes
    assert before is not None
    assert large is not None
    assert after is not None
    assert 290 * MB <= large - before < 400 * MB  # the system counts in steps
    assert after < before + 50 * MB


@pytest.mark.skipif(not memory_is_bounded(), reason="this system cannot bound the memory of a process")
def test_too_much_memory_is_said_and_ends_the_process(worker: WorkerProcess) -> None:
    with pytest.raises(ProcessLost) as lost:
        worker.call(bytes, 2_000 * MB)
    assert lost.value.cause == "memory"
    assert not worker.alive


def test_too_long_a_call_ends_the_process(worker: WorkerProcess) -> None:
    start = time.monotonic()
    with pytest.raises(ProcessLost) as lost:
        worker.call(time.sleep, 60, seconds=0.3)
    assert lost.value.cause == "time"
    assert time.monotonic() - start < 30
    assert gone(worker.pid)


def test_what_is_no_longer_wanted_is_ended(worker: WorkerProcess) -> None:
    asked = iter([True, True, False])
    with pytest.raises(ProcessLost) as lost:
        worker.call(time.sleep, 60, wanted=lambda: next(asked))
    assert lost.value.cause == "stopped"
    assert gone(worker.pid)


def test_an_interrupted_wait_leaves_no_answer_for_the_next_call(worker: WorkerProcess) -> None:
    def leave() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.call(time.sleep, 60, wanted=leave)
    assert not worker.alive


@pytest.mark.parametrize(("end", "cause"), [((os._exit, 3), "crash"), ((os.abort,), "memory")])
def test_a_process_that_ends_by_itself_is_noticed(worker: WorkerProcess, end: tuple, cause: str) -> None:
    with pytest.raises(ProcessLost) as lost:
        worker.call(*end)
    assert lost.value.cause == cause


@pytest.mark.slow
def test_it_ends_with_the_process_that_started_it() -> None:
    script = (
        "import os, time\nfrom recemb_core.processes import WorkerProcess\nworker = WorkerProcess()\n"
        "print(worker.call(os.getpid), flush=True)\nworker.call(time.sleep, 600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert gone(pid)


def test_a_terminals_ctrl_c_does_not_reach_a_worker() -> None:
    """It goes to every process of a group, and a worker that was at its imports printed a traceback."""
    with closing(WorkerProcess()) as worker:
        assert worker.call(os.getpgrp) != os.getpgrp()
