"""Runs that take seconds: live when quick, else a button with the estimate; a bar, a place in the queue, and a Stop.

A :class:`Job` says what it computes (its identity), what it is called and about how long it takes. Stop ends one job
and no other; what was stopped stays stopped until its own button is pressed, whatever else the person changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import streamlit as st

from pages.kit import results
from pages.kit.session import ActiveData
from pages.kit.text import sentence
from recemb_core.progress import Progress

T = TypeVar("T")
P = TypeVar("P")
LIVE_SECONDS = 2.5  # done without asking; what takes longer waits for its button
EXPERIMENT_SECONDS = 60.0  # the same where a question of the page was answered, and needs it
SETTLE_SECONDS = 10.0  # the same where a preview stands meanwhile, and a newer move ends the run
BAR_AFTER = 0.8  # seconds; what is over before them shall not make the page jump
BAR_EVERY = 0.5  # seconds between two words of a bar: a slow browser that draws without a pause draws no Stop beside it


@dataclass(frozen=True, eq=False)
class Job:
    """Something that takes seconds.

    Attributes:
        identity: what it computes, of which data and settings; tells it from other jobs, and keys its result.
        label: what it is called beside the bar and on the button.
        seconds: estimate.
        run: does it; told how to report (fraction, stage), it reports often, for a report is where Stop ends it.
        asks: it waits for its button; by default when it takes longer than ``LIVE_SECONDS``.
        extra: no answer of a question needs it, so that it waits for its own button then too.
    """

    identity: Hashable
    label: str
    seconds: float
    run: Callable[[Progress], Any]
    asks: bool | None = None
    extra: bool = False

    @property
    def waits(self) -> bool:
        return self.seconds > LIVE_SECONDS if self.asks is None else self.asks


@dataclass(frozen=True, eq=False)
class Sooner(Generic[T, P]):
    """A first look at what a job will give, computed from what is on the screen; it is no result and is kept as none.

    Attributes:
        key: what it is a look at.
        make: (the last result, the preview on the screen or None, how to report) → the preview; None where these do
            not lend themselves.
        show: (the last result, the preview) → what is shown in the place of a result.
        words: said beside the button where the job waits for one.
    """

    key: Hashable
    make: Callable[[T, P | None, Progress], P | None]
    show: Callable[[T, P], T]
    words: str


def heavy_job(
    data: ActiveData,
    key: Hashable,
    label: str,
    seconds: float,
    function: Callable[..., Any],
    /,
    *args: Any,
    reports: bool = True,
    asks: bool | None = True,
    **named: Any,
) -> Job:
    """The job that computes ``key`` by one call in a process of its own; see :func:`results.compute`."""

    def run(report: Progress) -> Any:
        return results.compute(data, key, function, *args, seconds=seconds, progress=report, reports=reports, **named)

    return Job(key, label, seconds, run, asks=asks)


# ---- what the person allowed and stopped, by data set and identity ----


def _marked(mark: str, data: ActiveData) -> set[Hashable]:
    # Not named as parameters are ("@"): Reset, which drops those, is no press of a Run button.
    return st.session_state.setdefault(f"{mark} jobs of {data.key}", set())


def stopped(data: ActiveData, job: Job) -> bool:
    """Whether the person has stopped this job, and not started it again."""
    return job.identity in _marked("stopped", data)


def halted(data: ActiveData, job: Job, kept: str = "") -> str:
    """Why a job does not start by itself, as a sentence; "" where it only waits. ``kept``: "; what … is kept"."""
    if not stopped(data, job):
        return ""
    return f"{'The last try failed' if job.identity in _marked('failed', data) else 'Stopped'}{kept}. "


def may_run(data: ActiveData, job: Job) -> bool:
    """Whether the job may start now: its button was pressed, or it is quick, or asked for, and not stopped."""
    if job.identity in _marked("allowed", data):
        return True
    asked = st.session_state.get("_asked_by_experiment", False) and not job.extra and job.seconds <= EXPERIMENT_SECONDS
    return not stopped(data, job) and (asked or not job.waits)


def asked_by_experiment(asked: bool) -> None:
    """Whether this run of the page shows a question's answer: what that needs runs as if its button were pressed."""
    st.session_state["_asked_by_experiment"] = asked


def answer_waits(say: Callable[[], object] | None) -> None:
    """What is to be called when a bar is drawn: the answer that this run of the page owes is not there yet."""
    st.session_state["_answer_waits"] = say


def allow(data: ActiveData, identities: Sequence[Hashable]) -> None:
    """Let these jobs run from the next run of the page on; a button's callback."""
    _marked("allowed", data).update(identities)
    for mark in ("stopped", "failed"):
        _marked(mark, data).difference_update(identities)


def stop(data: ActiveData, identities: Sequence[Hashable]) -> None:
    """End these jobs and keep them from starting by themselves; a button's callback."""
    _marked("stopped", data).update(identities)
    _marked("allowed", data).difference_update(identities)


def _stop_button(data: ActiveData, key: str, label: str, jobs: Sequence[Job]) -> None:
    st.button(label, key=key, icon=":material/stop_circle:", on_click=stop, args=(data, [job.identity for job in jobs]))


def about(seconds: float) -> str:
    """An estimate in words."""
    if seconds < 1.5:
        return "about a second"
    return f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} min"


def run_button(data: ActiveData, view: str, jobs: Sequence[Job], *, verb: str = "Run", names: str = "") -> None:
    """The button that lets these jobs run."""
    words = " ".join(filter(None, (verb, names)))
    st.button(
        f"{words} ({about(sum(job.seconds for job in jobs))})",
        type="primary",
        icon=":material/play_arrow:",
        key=f"run {view}@{data.key}",
        on_click=allow,
        args=(data, [job.identity for job in jobs]),
    )


def perform(data: ActiveData, job: Job, queued: Sequence[Job] = (), *, floats: bool = False) -> Any:
    """Run the job now, with a bar that tells the truth and a Stop; its result.

    The bar comes only when the run is not over in under a second. ``queued`` jobs come after it: one button stops all.
    ``floats``: the bar lies over a corner of the window, so that what is drawn already does not move.
    """
    place = st.empty()
    start = time.monotonic()
    bar: Any = None
    told, drawn = "", 0.0

    def report(fraction: float, stage: str) -> None:
        nonlocal bar, told, drawn
        now, words = time.monotonic(), f"{job.label}: {sentence(stage)} ({fraction:.0%})"
        if words == told or now - drawn < BAR_EVERY:
            results.let_stop()
            return
        if bar is None:
            if now - start < BAR_AFTER:
                return
            with place.container(key="settling" if floats else None):
                if floats:
                    st.html(FLOATING)
                bar = st.progress(0.0)
                with st.container(horizontal=True):
                    _stop_button(data, f"stop {job.label}", "Stop", [job])
                    if queued:
                        _stop_button(data, "stop all", "Stop all", [job, *queued])
            if (say := st.session_state.pop("_answer_waits", None)) is not None:
                say()
        bar.progress(min(fraction, 1.0), text=words)
        told, drawn = words, now

    try:
        value = job.run(report)
    except Exception:
        place.empty()  # the page says what is wrong; a bar that stands still would say that it goes on
        stop(data, [job.identity])  # it would fail again: its button, or another setting, starts the next try
        _marked("failed", data).add(job.identity)
        raise
    place.empty()
    _marked("allowed", data).discard(job.identity)
    return value


def part(report: Progress, done: int, parts: int, words: str) -> Progress:
    """How far one of several equal parts is, told as how far all are; "{stage}" in ``words`` is the part's own."""
    return lambda fraction, stage: report((done + fraction) / parts, words.format(stage=stage))


def shown_before(data: ActiveData, view: str) -> bool:
    """Whether :func:`result` has shown something of this view."""
    return f"shown {view}@{data.key}" in st.session_state


def result(
    data: ActiveData,
    view: str,
    job: Job,
    *,
    ready: Callable[[Any], T | None] | None = None,
    verb: str = "Run",
    waiting: str = "",
    kept: str = "",
    stale: Callable[[T], str] | str | None = "The settings changed: you still see the results of the last ones.",
    sooner: Sooner[T, Any] | None = None,
) -> tuple[T | None, bool]:
    """What a job gives: at once where it is there or quick; else the last one, marked stale, until the button.

    Args:
        data: the data set in use.
        view: whose result it is; what it showed last is kept under this name.
        job: how it is made. ``run`` gives the result.
        ready: the result of an identity if it is there; by default what the store has.
        verb: of the button.
        waiting: said while there is nothing to show.
        kept: said of a run that was stopped, "; what … is kept" where it goes on from there.
        stale: said above the last result, which it may describe; None where only this very job's will do.
        sooner: a preview, in the place of the last result once there is one. The page is drawn with it; the job, if it
            may, runs when all is drawn (:func:`settle`), and the page is drawn anew.

    Returns:
        (result, preview or None, whether it is that of this very job).
    """
    find: Callable[[Any], T | None] = partial(results.kept, data) if ready is None else ready
    shown = f"shown {view}@{data.key}"
    place = st.empty() if sooner is not None else None  # of the bar: gone once a newer run comes by here
    # One element whatever is said: one more or less before a chart in a container would build it anew.
    said = st.container()
    value = find(job.identity)
    if value is None:
        last = find(st.session_state[shown]) if stale is not None and shown in st.session_state else None
        soon = None if sooner is None else _preview(data, view, sooner, last)
        follows = may_run(data, job) or (job.seconds <= SETTLE_SECONDS and not stopped(data, job))
        if soon is not None and follows:
            st.session_state.setdefault("_settling", []).append((data, job, place))
            return soon, False
        if not may_run(data, job):
            with said:
                run_button(data, view, [job], verb=verb)
                why = halted(data, job, kept)
                if soon is not None and sooner is not None:
                    st.info(f"{why}{sooner.words} Press {verb} for the exact result.")
                elif last is not None:
                    st.warning(f"{why}{stale(last) if callable(stale) else stale} Press {verb} for the new ones.")
                else:
                    st.info(f"{why}{waiting or f'Press {verb}.'}")
            return last if soon is None else soon, False
        with said:
            value = perform(data, job)
    st.session_state[shown] = job.identity
    if sooner is not None:
        results.session_results().drop(_preview_key(data, view))
    return value, True


def _preview_key(data: ActiveData, view: str) -> Hashable:
    return ("preview", view, data.key)


def _preview(data: ActiveData, view: str, sooner: Sooner[T, Any], last: T | None) -> T | None:
    """The preview of this job, made once, from the preview on the screen or else from the last result."""
    if last is None:
        return None
    store, key = results.session_results(), _preview_key(data, view)
    made_for, kept = store.get(key) or (None, None)
    if made_for != sooner.key:
        if not results.prompt_workers().prompt:  # while the server warms up, the result itself is there sooner
            return None
        kept = sooner.make(last, kept, lambda fraction, stage: results.let_stop())
        if kept is None:
            return None
        store.put(key, (sooner.key, kept), again=True)
    return sooner.show(last, kept)


FLOATING = """<style>.st-key-settling { position: fixed; right: 1.5rem; bottom: 1.5rem; width: 21rem; z-index: 99;
padding: .75rem 1rem; border-radius: .5rem; background: var(--st-background-color, Canvas);
box-shadow: 0 2px 12px rgba(0, 0, 0, .25); }</style>"""


def settle() -> None:
    """Run what :func:`result` put off, now that the page is drawn, and draw it anew with the results."""
    todo = st.session_state.pop("_settling", [])
    for data, job, place in todo:
        with place.container():
            perform(data, job, floats=True)
    if todo:
        st.rerun()


def forget_settling() -> None:
    """What a run of the page that was overtaken had put off is not this one's."""
    st.session_state.pop("_settling", None)


def run_next(data: ActiveData, todo: Sequence[Job], place: Any, *, verb: str = "Run", names: str = "") -> None:
    """Run the first of several jobs that may run, its bar at ``place``, then draw the page anew.

    Called when all else is drawn, so that the page stands while it trains, model by model. The button for those that
    wait has ``verb`` and ``names``, by default their labels.
    """
    running = [job for job in todo if may_run(data, job)]
    waiting = [job for job in todo if not may_run(data, job)]
    with place.container():
        if running:
            job = running[0]
            more = f" · {len(todo) - 1} more to come" if len(todo) > 1 else ""
            st.caption(f"Now: **{job.label}** ({about(job.seconds)}){more}")
            perform(data, job, running[1:])
            st.rerun()
        elif waiting:
            run_button(data, "models", waiting, verb=verb, names=names or ", ".join(job.label for job in waiting))
