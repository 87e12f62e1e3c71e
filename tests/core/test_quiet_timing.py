"""Times in turns, and other work noticed. No test here asks how fast the machine is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core import timing as quiet_timing
from recemb_core.timing import OtherWorkError, Timing, lap, race


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor itself is as fast as ever: what is left to see is the waiting and the other threads."""
    monkeypatch.setattr(quiet_timing, "_slow_processor", lambda: False)


def spin(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.usefixtures("steady")
def test_waiting_for_the_processor_is_noticed() -> None:
    seconds, disturbed = lap(lambda: time.sleep(0.02))
    assert seconds >= 0.02
    assert disturbed
    assert not lap(lambda: time.sleep(0.02), threads=2)[1], "with several threads the waiting cannot be told"


@pytest.mark.usefixtures("steady")
def test_other_threads_of_the_process_are_noticed() -> None:
    stop = threading.Event()

    def busy() -> None:
        rows = np.random.default_rng(0).random(200_000)
        while not stop.is_set():
            np.sort(rows)

    other = threading.Thread(target=busy)
    other.start()
    try:
        assert lap(lambda: spin(0.1))[1]
    finally:
        stop.set()
        other.join()


def test_a_slower_processor_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_timing, "_fastest", [1e-12])
    assert quiet_timing._slow_processor()
    monkeypatch.setattr(quiet_timing, "_fastest", [np.inf])
    assert not quiet_timing._slow_processor(), "the first measurement is the fastest so far"
    assert quiet_timing._fastest[0] < 1


def laps(monkeypatch: pytest.MonkeyPatch, beside: Callable[[int], bool]) -> list[int]:
    """Laps that take as many seconds as their number says; ``beside`` says which are disturbed. Returns the order."""
    order: list[int] = []

    def one(work: Callable[[], object], threads: int) -> tuple[float, bool]:
        order.append(work())  # type: ignore[arg-type]
        return float(len(order)), beside(len(order))

    monkeypatch.setattr(quiet_timing, "lap", one)
    return order


def test_each_round_goes_in_another_order(monkeypatch: pytest.MonkeyPatch) -> None:
    order = laps(monkeypatch, lambda number: False)
    found = race([lambda: 0, lambda: 1, lambda: 2], rounds=4)
    rounds = [tuple(order[i : i + 3]) for i in range(0, 12, 3)]
    assert [sorted(r) for r in rounds] == [[0, 1, 2]] * 4
    assert len({r[0] for r in rounds}) > 1
    assert len({(a, b) for r in rounds for a, b in pairwise(r)}) > 2, "nobody always follows the same"
    times = [[1.0 + i for i, who in enumerate(order) if who == w] for w in range(3)]
    assert [(t.low, t.high, t.laps) for t in found] == [(min(t), max(t), 4) for t in times]
    assert [t.median for t in found] == [float(np.median(t)) for t in times]


def test_a_disturbed_lap_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    order = laps(monkeypatch, lambda number: number in (2, 3))
    first, second = race([lambda: 0, lambda: 1], rounds=3)
    assert len(order) == 8
    assert first.laps == second.laps == 3
    assert first.disturbed + second.disturbed == 2
    assert {first.low, first.high, second.low, second.high}.isdisjoint({2.0, 3.0})


def test_a_machine_that_is_never_quiet_gets_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    order = laps(monkeypatch, lambda number: number > 1)
    with pytest.raises(OtherWorkError, match="ran beside 15 of 16 timed batches"):
        race([lambda: 0, lambda: 1], rounds=2)
    assert len(order) == 16
    order.clear()
    kept = race([lambda: 0, lambda: 1], rounds=2, keep_disturbed=True)
    assert [t.laps for t in kept] == [2, 2]
    assert sum(t.disturbed for t in kept) == 3


@given(st.tuples(*[st.floats(0.1, 9)] * 4))
def test_within_the_spread_nobody_is_shorter(ends: tuple[float, float, float, float]) -> None:
    a, b = (Timing(sum(pair) / 2, min(pair), max(pair), 5, 0) for pair in (ends[:2], ends[2:]))
    assert a.clearly_shorter(b) == (a.high < b.low)
    assert not (a.clearly_shorter(b) and b.clearly_shorter(a))
    if a.clearly_shorter(b):
        assert a.median < b.median
    assert a.scaled(2).clearly_shorter(b.scaled(2)) == a.clearly_shorter(b)
