"""A sweep on a page: where it is kept, the buttons that start and end it, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.kit import jobs, kept_runs, model_results
from pages.kit.callbacks import told
from pages.kit.session import ActiveData
from pages.kit.sweeps import live
from pages.kit.sweeps.live import Found
from pages.kit.text import plain, sentence
from recemb_core.runs import default_folder
from recemb_core.sweeps import STAGES, Ground, Sweep

EVERY = 2.0  # seconds between two looks at a sweep at work


def place_of(data: ActiveData, ground: Ground) -> tuple[Path | None, str]:
    """(file that the sweep is kept in, or None; what is said of that)."""
    if why := kept_runs.closed():
        return None, f"Kept in this server's memory until it ends. {why}"
    if kept_runs.asks_for_leave(data):
        return (
            None,
            "Kept in this session's memory: this is your own data, and nothing of it is written without your word.",
        )
    folder = default_folder()
    return folder / "sweeps" / f"{live.key_of(data, ground)}.jsonl", (
        f"Kept in {kept_runs.place()}, run by run: a sweep that is broken off, by whatever, can be resumed."
    )


def redrawn(data: ActiveData, ground: Ground, draw: Callable[[Found, str], None]) -> Found:
    """Draw a sweep, again and again while it is at work; the page anew when that changes. How it stands now.

    Args:
        data: in use.
        ground: of the sweep.
        draw: told how it stands, and where it is kept in words.
    """
    place = place_of(data, ground)[0]
    first = live.find(data, ground, place)
    at_work = first.at_work

    def again() -> None:
        now, kept = place_of(data, ground)
        found = live.find(data, ground, place)
        if at_work is not found.at_work or now != place:
            st.rerun()  # other buttons, looking now and then or no more; or leave was given to keep it
        draw(found, kept)

    st.fragment(again, run_every=EVERY if at_work else None)()
    return first


def buttons(data: ActiveData, found: Found, *, ready: int = 0, also: Callable[[], None] = lambda: None) -> None:
    """Start or resume; pause and stop.

    Args:
        data: in use.
        found: the sweep.
        ready: of the runs to come, those whose figures are there.
        also: what else a press of Start is leave for.
    """
    ground = found.sweep.ground
    key = live.key_of(data, ground)
    with st.container(horizontal=True):
        if found.at_work:
            st.button(
                "Pause",
                icon=":material/pause_circle:",
                key="sweep pause",
                help="Ends when the run under way is done.",
                disabled=found.state == "ending" or not found.mine,
                on_click=live.pause,
                args=(data, key),
            )
            st.button(
                "Stop",
                icon=":material/stop_circle:",
                key="sweep stop",
                help="Ends now; the run under way is lost, the others are kept.",
                disabled=not found.mine,
                on_click=live.stop,
                args=(data, key),
            )
            return
        refused = live.why_not(data, key)
        if found.state != "over":
            verb = "Start" if found.state == "new" else "Resume"
            st.button(
                f"{verb} ({jobs.about(seconds_left(data, found.sweep, ready))})",
                type="primary",
                icon=":material/play_arrow:",
                key="sweep start",
                disabled=bool(refused),
                on_click=told(_start),
                args=(data, found, found.runs, also),
            )
    if refused and found.state != "over":
        st.caption(refused)


def _start(data: ActiveData, found: Found, runs: list, also: Callable[[], None]) -> None:
    also()
    live.start(data, found.sweep.ground, runs, found.place)


def anew(data: ActiveData, found: Found, *, also: Callable[[], None] = lambda: None) -> None:
    """The button that does a bundled sweep on this computer."""
    ground = found.sweep.ground
    refused = live.why_not(data, live.key_of(data, ground))
    st.button(
        f"Run it anew here ({jobs.about(seconds_left(data, Sweep(ground)))})",
        icon=":material/replay:",
        key="sweep anew",
        disabled=bool(refused),
        help=refused or "Every training again on this computer; what comes with the app is back when you forget it.",
        on_click=told(_start),
        args=(data, found, [], also),
    )


def forget(data: ActiveData, found: Found) -> None:
    """The button that forgets what a sweep has done here, where there is something and it is not at work."""
    if found.runs and not found.beforehand and not found.at_work:
        st.button(
            "Forget these runs",
            icon=":material/delete:",
            key="sweep drop",
            help="Of this very sweep: what it has found is gone, its file and its kept runs too. Runs with a note, a "
            "tag or a pin stay among all runs.",
            on_click=told(live.drop),
            args=(data, found.sweep.ground, found.place),
        )


def leave(data: ActiveData) -> None:
    """The word for keeping sweeps of a person's own data, where it is wanted."""
    if not kept_runs.closed() and kept_runs.asks_for_leave(data):
        with st.popover("Keep sweeps of this data", icon=":material/lock_open:"):
            kept_runs.leave_button(data)


def seconds_left(data: ActiveData, sweep: Sweep, ready: int = 0) -> float:
    """An estimate: by the runs that were done here, or by the model's own; ``ready`` ones take no time."""
    left, took = sweep.in_all - len(sweep.runs) - ready, [run.seconds for run in sweep.runs if run.seconds > 0]
    if took:
        seconds = left * sum(took) / len(took)
    else:
        config = sweep.ground.base.entry.config
        seconds = left * (model_results.model_seconds(data, config, len(data.items)) + 0.5)
    limit = sweep.plan.minutes
    return seconds if limit is None else min(seconds, 60 * limit)


def said(found: Found) -> None:
    """How far it is, or what came of it."""
    plan, verdict = found.sweep.plan, found.verdict
    if found.at_work:
        ending = "Ends when this run is done: " if found.state == "ending" else ""
        st.progress(found.fraction, text=sentence(f"{ending}{found.words} ({found.fraction:.0%})"))
    elif verdict is not None:
        (st.success if verdict.winner is not None else st.info)(sentence(verdict.finding))
    elif found.state == "new":
        st.info(
            f"Nothing is tried yet. Start tries up to {plan.trials} settings of {plan.model} in processes apart: "
            "go on with other pages meanwhile, and come back."
        )
    else:
        done = len(found.runs)
        st.warning(f"{sentence(found.problem)} {done} of about {found.sweep.in_all} runs are done; Resume goes on.")
    if not found.mine:
        st.caption("Another visitor has started this sweep; its rows are here as they come, and it is theirs to stop.")


def grounds(found: Found, kept: str) -> None:
    """By how many runs and whom, and where they lie."""
    plan, ground, verdict = found.sweep.plan, found.sweep.ground, found.verdict
    counts = [f"{sum(run.stage == stage for run in found.runs)} {words}" for stage, words in STAGES.items()]
    who = f"{plain(ground.whom)}." if verdict is None else sentence(verdict.grounds)
    part = "graph" in plan.spec.needs and not plan.by_structure
    walks = " Walks use the default graph of the training part." if part else ""
    ready = sum(run.seconds == 0 and not run.failed for run in found.runs)
    if found.beforehand:
        kept = (
            "These runs came with the app: the same sweep by the same code, made when its results "
            "were built (`data/build_precomputed.py`), with today's arithmetic. What they took is not shown: it was "
            "not measured on this computer."
        )
    elif ready:
        kept += f" {ready} of the runs were there before it began: their figures stand in it, and nothing was trained."
    st.caption(f"Runs: {', '.join(counts)}. {who}{walks} {kept}")
