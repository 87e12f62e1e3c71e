"""Heavy work in processes of its own: the queue before them, and what a run that fails leaves behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recemb_core import processes
from recemb_core.embeddings import Node2VecConfig, train_node2vec
from recemb_core.item_graph import ItemGraph
from recemb_core.job_pool import JobLimits, JobPool, _Run
from recemb_core.layouts import UMAPConfig, umap_layout
from recemb_core.processes import memory_is_bounded, memory_of
from recemb_core.validation import UsageError

MB = 1 << 20


@pytest.fixture(scope="module")
def shared() -> Iterator[JobPool]:
    pool = JobPool(JobLimits(processes=1, megabytes=2_000))
    yield pool
    pool.close()


def ring(n: int = 60) -> ItemGraph:
    at = np.arange(n)
    return ItemGraph.from_edges(at, np.roll(at, 1), directed=False)


@pytest.mark.slow
def test_vectors_and_maps_are_those_of_a_call_here(shared: JobPool) -> None:
    graph, config, told = ring(), Node2VecConfig(dimensions=16, num_walks=3, walk_length=10), []
    here = train_node2vec(graph, config)
    there, seconds = shared.run(
        train_node2vec, graph, config, reports=True, progress=lambda fraction, stage: told.append((fraction, stage))
    )
    assert there.vectors.tobytes() == here.vectors.tobytes()
    assert there.vectors.flags.writeable == here.vectors.flags.writeable
    assert there.items.ids == here.items.ids
    assert seconds > 0
    assert told
    assert shared.run(umap_layout, here)[0].tobytes() == umap_layout(here).tobytes()


def test_large_arrays_go_both_ways_and_leave_nothing(shared: JobPool) -> None:
    rows = np.random.default_rng(0).normal(size=(200_000, 8))
    rows.setflags(write=False)
    before = set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()
    for _ in range(3):
        back, _ = shared.run(np.sort, rows)
        assert np.array_equal(back, np.sort(rows))
        assert back.flags.writeable
    assert before == (set(os.listdir("/dev/shm")) if before else set())


def test_errors_are_their_own(shared: JobPool) -> None:
    with pytest.raises(UsageError, match="vectors must be"):
        shared.run(umap_layout, np.zeros(3))
    with pytest.raises(RuntimeError, match="invalid literal for int"):
        shared.run(int, "x")
    assert not shared.busy


@pytest.mark.skipif(not memory_is_bounded(), reason="this system cannot bound the memory of a process")
def test_a_run_without_memory_is_one_sentence_and_the_next_one_works(shared: JobPool) -> None:
    with pytest.raises(UsageError, match="takes more than 2,000 MB of memory"):
        shared.run(np.ones, 400 * MB)
    assert shared.run(sorted, [2, 1])[0] == [1, 2]


def test_a_crash_is_one_sentence_and_the_next_one_works(shared: JobPool) -> None:
    with pytest.raises(UsageError, match="ended before it answered"):
        shared.run(os.kill, shared.run(os.getpid)[0], signal.SIGSEGV)
    assert shared.run(sorted, [2, 1])[0] == [1, 2]


class Stopped(BaseException):
    pass


@pytest.mark.slow
def test_stop_frees_the_process_or_ends_it(shared: JobPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop_soon(fraction: float, stage: str) -> None:
        if fraction > 0 or time.monotonic() - start > 60:
            raise Stopped

    def stop_at_once(fraction: float, stage: str) -> None:
        if time.monotonic() - start > 0.5:
            raise Stopped

    pid = shared.run(os.getpid)[0]
    start = time.monotonic()
    monkeypatch.setattr(processes, "_PATIENCE", 60.0)  # on however busy a machine
    with pytest.raises(Stopped):  # tells how far it is, and so can be called off
        shared.run(train_node2vec, ring(500), Node2VecConfig(num_walks=2, epochs=500), reports=True, progress=stop_soon)
    shared.settle()
    assert shared.run(os.getpid)[0] == pid
    start = time.monotonic()
    monkeypatch.undo()
    with pytest.raises(Stopped):  # tells nothing
        shared.run(time.sleep, 60, progress=stop_at_once)
    assert time.monotonic() - start < 10
    shared.settle()
    assert shared.run(os.getpid)[0] != pid
    assert not shared.busy


def test_it_is_prompt_once_a_process_is_there() -> None:
    pool = JobPool(JobLimits(processes=1), slots=1)
    assert not pool.prompt
    pool.run(os.getpid)
    assert pool.prompt
    pool.close()
    assert not pool.prompt
    assert JobPool(JobLimits(processes=0)).prompt


def test_who_calls_a_run_off_goes_on_at_once_with_another_process(shared: JobPool) -> None:
    def stop(fraction: float, stage: str) -> None:
        raise Stopped

    pid = shared.run(os.getpid)[0]
    with pytest.raises(Stopped):
        shared.run(time.sleep, 60, progress=stop)
    assert len(shared._settling) == 1  # the run is not waited for
    assert not shared.busy  # nor does it stand in the queue
    assert shared.run(os.getpid)[0] != pid
    shared.settle()
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("start", [False, True])
@pytest.mark.slow
def test_a_map_under_way_is_called_off_and_its_process_works_on(
    shared: JobPool, start: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PATIENCE", 60.0)  # on however busy a machine
    vectors = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    places: dict[str, Any] = {"start": np.random.default_rng(1).normal(size=(300, 2))} if start else {}
    told: list[float] = []

    def stop(fraction: float, stage: str) -> None:
        if stage == "epochs" and 0 < fraction < 1:
            told.append(fraction)
            raise Stopped

    pid = shared.run(os.getpid)[0]
    long = UMAPConfig(n_epochs=100_000)
    with pytest.raises(Stopped):
        shared.run(umap_layout, vectors, long, **places, reports=True, progress=stop)
    shared.settle()
    assert told
    assert shared.run(os.getpid)[0] == pid
    small: dict[str, Any] = {"reports": True, "progress": lambda fraction, stage: None}
    again = shared.run(umap_layout, vectors, UMAPConfig(n_epochs=5), **places, **small)[0]
    assert np.array_equal(again, umap_layout(vectors, UMAPConfig(n_epochs=5), **places))


def test_without_processes_the_work_is_done_here() -> None:
    pool = JobPool(JobLimits(processes=0))
    assert pool.run(os.getpid)[0] == os.getpid()
    told: list[float] = []
    config = Node2VecConfig(dimensions=4, num_walks=1, walk_length=5)
    pool.run(train_node2vec, ring(), config, reports=True, progress=lambda fraction, _: told.append(fraction))
    assert told[-1] == 1


# --- the queue ---


class Line:
    """Runs that wait and work, without processes."""

    def __init__(self, processes: int = 1) -> None:
        self.pool = JobPool(JobLimits(processes=processes))
        self.count = 0

    def come(self, person: str, seconds: float, key: Any = None) -> _Run:
        run = _Run(person, key, seconds, self.count, self.pool._turn_of(person))
        self.count += 1
        self.pool._waiting.append(run)
        return run

    def serve(self) -> list[_Run]:
        """Let all begin that may."""
        begun = []
        while (run := next((run for run in self.pool._waiting if self.pool._first(run)), None)) is not None:
            self.pool._begin(run)
            begun.append(run)
        return begun

    def end(self, run: _Run) -> None:
        self.pool._working.remove(run)


def test_first_come_first_served() -> None:
    line = Line()
    runs = [line.come(person, 60) for person in "abc"]
    for run in runs:
        assert line.serve() == [run]
        line.end(run)


def test_a_second_run_of_one_person_stands_behind_everybodys_first() -> None:
    line = Line()
    first, second, third = line.come("greedy", 60), line.come("greedy", 60), line.come("greedy", 60)
    other = line.come("late", 60)
    for run in (first, other, second, third):
        assert line.serve() == [run]
        line.end(run)


def test_a_short_run_never_stands_behind_long_ones() -> None:
    line = Line()
    long = [line.come(person, 60) for person in "abcd"]
    assert line.serve() == long[:1]
    short = [line.come(person, 1) for person in "xy"]
    assert line.serve() == short[:1], "it has a place of its own, and the long ones cannot take it"
    line.end(short[0])
    assert line.serve() == short[1:]


def test_short_runs_take_a_long_ones_place_only_while_none_waits() -> None:
    line = Line(2)
    assert len([line.come(person, 1) for person in "abcd"]) == 4
    assert len(line.serve()) == 3
    line.come("long", 60)
    line.end(line.pool._working[0])
    assert [run.person for run in line.serve()] == ["long"]


@pytest.mark.parametrize("seed", range(20))
def test_everybody_is_served_and_never_more_than_there_are_processes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    line = Line(int(rng.integers(1, 4)))
    served = 0
    for _ in range(300):
        if rng.random() < 0.5:
            line.come(str(rng.integers(5)), float(rng.choice([1.0, 60.0])), key=int(rng.integers(8)) or None)
        served += len(line.serve())
        working = line.pool._working
        assert len(working) <= line.pool.slots
        assert sum(not run.light for run in working) <= line.pool.limits.processes
        keys = [run.key for run in working if run.key is not None]
        assert len(keys) == len(set(keys)), "the same is computed once"
        if working and rng.random() < 0.6:
            line.end(working[int(rng.integers(len(working)))])
    served += len(line.serve())
    while line.pool._working:
        line.end(line.pool._working[0])
        served += len(line.serve())
    assert served == line.count
    assert not line.pool._waiting


def test_who_waits_is_told_the_place_and_an_estimate() -> None:
    line = Line()
    for person in "abc":
        line.come(person, 30)
    line.serve()
    mine = line.come("me", 30)
    assert line.pool._standing(mine).words() == "waiting: 3 runs of others before this one, about 90 s"
    same = line.come("you", 30, key="map")
    twin = line.come("me", 30, key="map")
    assert "the same is being computed already" in line.pool._standing(twin).words()
    assert same.number < twin.number


def test_two_who_want_the_same_wait_for_one_run() -> None:
    pool, kept, runs = JobPool(JobLimits(processes=0)), {}, []

    def work() -> int:
        runs.append(1)
        time.sleep(0.3)
        kept["value"] = 7
        return 7

    found: list[int] = []
    ask = lambda: found.append(pool.run(work, key="seven", ready=lambda: kept.get("value"))[0])  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [7] * 5
    assert len(runs) == 1


def test_memory_of_a_process_is_told() -> None:
    mapped, held = memory_of(os.getpid())
    assert mapped > held > 10 * MB
    assert memory_of(2**22 + 1) == (0, 0)


def test_settings_are_read_and_refused() -> None:
    limits = JobLimits.from_environment({"RECEMB_JOB_PROCESSES": "3", "RECEMB_JOB_MEGABYTES": "1900"})
    assert (limits.processes, limits.megabytes) == (3, 1_900)
    with pytest.raises(UsageError, match="RECEMB_JOB_PROCESSES='many' is not possible"):
        JobLimits.from_environment({"RECEMB_JOB_PROCESSES": "many"})
