"""The bar of a run: its words change now and then; a browser that draws without a pause draws no Stop beside them."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.state import SafeSessionState, SessionState, session_state_proxy

from pages.kit import jobs
from recemb_core.progress import Progress

REPORTS = 400  # at ten a second
DATA: Any = SimpleNamespace(key="some data")


class Stopped(BaseException):
    """What Streamlit raises in a run of the page that was stopped."""


class Clock:
    """Time that costs nothing."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(jobs, "time", clock)
    return clock


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> list[tuple[float, str]]:
    """When the bar was drawn, and what it said."""
    said: list[tuple[float, str]] = []
    bar = SimpleNamespace(progress=lambda value, text: said.append((clock.now, text)))
    monkeypatch.setattr(st, "progress", lambda value: bar)
    return said


def job(clock: Clock, changes: bool) -> jobs.Job:
    def run(report: Progress) -> str:
        for number in range(REPORTS):
            clock.now += 0.1
            report(number / REPORTS if changes else 0.0, "training")
        return "done"

    return jobs.Job("a run", "word2vec", 40.0, run)


def test_a_bar_is_drawn_twice_a_second_at_most(clock: Clock, drawn: list[tuple[float, str]]) -> None:
    assert jobs.perform(DATA, job(clock, changes=True)) == "done"
    assert drawn[0][0] == pytest.approx(100 + jobs.BAR_AFTER, abs=0.11)
    pauses = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(drawn)]
    assert min(pauses) >= jobs.BAR_EVERY - 1e-9
    assert max(pauses) < jobs.BAR_EVERY + 0.5, "it goes on"
    assert len({text for _, text in drawn}) == len(drawn)


def test_a_bar_that_has_nothing_new_to_say_is_left_alone(clock: Clock, drawn: list[tuple[float, str]]) -> None:
    jobs.perform(DATA, job(clock, changes=False))
    assert [text for _, text in drawn] == ["word2vec: training (0%)"]


@pytest.mark.parametrize("changes", [True, False])
def test_every_report_lets_streamlit_end_the_run(
    clock: Clock, drawn: list[tuple[float, str]], changes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that draws nothing: a look at the session is where Streamlit stops a run of the page."""
    stop_at = 120.0

    def look() -> None:
        if clock.now >= stop_at:
            raise Stopped

    session = SafeSessionState(SessionState(), look)
    monkeypatch.setattr(session_state_proxy, "get_session_state", lambda: session)
    with pytest.raises(Stopped):
        jobs.perform(DATA, job(clock, changes=changes))
    assert clock.now < stop_at + 2 * 0.1 + (jobs.BAR_EVERY if changes else 0.0)
