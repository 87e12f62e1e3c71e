"""Sweeps: settings tried one after the other behind the page, what they got so far, and a winner only beyond noise."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.kit import frame, jobs, kept_runs, links, model_results
from pages.kit.allowed import Options
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain, sentence
from pages.views.runs import sweep_charts, sweep_live, sweep_words
from pages.views.runs.kept import RUNS_PAGE
from pages.views.runs.sweep_live import Found
from pages.views.runs.sweep_settings import SweepSettings, model_settings, settings_of
from pages.views.runs.sweep_settings import controls as sweep_controls
from recemb_core.runs import default_folder
from recemb_core.sweeps import STAGES, Ground, Sweep

EVERY = 2.0  # seconds between two looks at a sweep at work
PICTURES = {
    "board": ("Leaderboard", sweep_charts.leaderboard),
    "axes": ("Parallel axes", sweep_charts.axes),
    "slices": ("Slices", sweep_charts.slices),
    "decides": ("What decides", sweep_charts.what_decides),
    "front": ("Quality and cost", sweep_charts.front),
}
LOOK = Parameter(
    RUNS_PAGE,
    "sweep_look",
    "Picture",
    Options({name: words for name, (words, _) in PICTURES.items()}, row=True),
    "board",
    view=True,
)


def sweep_view(data: ActiveData) -> None:
    """The whole view."""
    settings = settings_of(data)
    main, side = frame.side_by_side("sweep", (3, 1), "12rem")
    with side:
        sweep_controls(settings)
    with main:
        if settings.ground is None:
            st.info("Nothing can be swept under these settings; the box beside says why.")
        else:
            _body(settings)
    model_settings(settings)
    frame.what_you_see(sweep_words.WHAT_YOU_SEE)
    if settings.ground is not None:
        frame.as_python(sweep_words.as_python(settings))


def _place(data: ActiveData, ground: Ground) -> tuple[Path | None, str]:
    """(file that the sweep is kept in, or None; what is said of that)."""
    if why := kept_runs.closed():
        return None, f"Kept in this server's memory until it ends. {why}"
    if kept_runs.asks_for_leave(data):
        return (
            None,
            "Kept in this session's memory: this is your own data, and nothing of it is written without your word.",
        )
    folder = default_folder()
    return folder / "sweeps" / f"{sweep_live.key_of(data, ground)}.jsonl", (
        f"Kept in {kept_runs.place()}, run by run: a sweep that is broken off, by whatever, can be resumed."
    )


def _body(settings: SweepSettings) -> None:
    """What is redrawn while a sweep is at work."""
    data, ground = settings.data, settings.ground
    assert ground is not None
    place, kept = _place(data, ground)
    session = links.saved_session(data)
    at_work = sweep_live.find(data, ground, place).state in ("running", "ending")

    def draw() -> None:
        found = sweep_live.find(data, ground, place)
        began_or_ended = at_work is not (found.state in ("running", "ending"))
        if began_or_ended or _place(data, ground)[0] != place:
            st.rerun()  # other buttons, looking now and then or no more; or leave was given to keep it
        _buttons(settings, found)
        _said(found)
        if found.runs:
            look = LOOK.draw(data, label_visibility="collapsed")
            PICTURES[look][1](found)
        _grounds(found, kept)
        if found.beforehand:
            _anew(settings, found)
        sweep_words.downloads(found, session)
        if not kept_runs.closed() and kept_runs.asks_for_leave(data):
            with st.popover("Keep sweeps of this data", icon=":material/lock_open:"):
                kept_runs.leave_button(data)
        if found.runs and not found.beforehand and found.state not in ("running", "ending"):
            st.button(
                "Forget these runs",
                icon=":material/delete:",
                key="sweep drop",
                help="Of this very sweep: what it has found is gone, its file too.",
                on_click=sweep_live.drop,
                args=(data, sweep_live.key_of(data, ground), found.place),
            )

    st.fragment(draw, run_every=EVERY if at_work else None)()


def _buttons(settings: SweepSettings, found: Found) -> None:
    data, ground = settings.data, settings.ground
    assert ground is not None
    key = sweep_live.key_of(data, ground)
    with st.container(horizontal=True):
        if found.state in ("running", "ending"):
            st.button(
                "Pause",
                icon=":material/pause_circle:",
                key="sweep pause",
                help="Ends when the run under way is done.",
                disabled=found.state == "ending" or not found.mine,
                on_click=sweep_live.pause,
                args=(data, key),
            )
            st.button(
                "Stop",
                icon=":material/stop_circle:",
                key="sweep stop",
                help="Ends now; the run under way is lost, the others are kept.",
                disabled=not found.mine,
                on_click=sweep_live.stop,
                args=(data, key),
            )
            return
        refused = sweep_live.why_not(data, key)
        if found.state != "over":
            verb = "Start" if found.state == "new" else "Resume"
            st.button(
                f"{verb} ({jobs.about(seconds_left(settings, found))})",
                type="primary",
                icon=":material/play_arrow:",
                key="sweep start",
                disabled=bool(refused),
                on_click=sweep_live.start,
                args=(data, ground, found.runs, found.place),
            )
    if refused and found.state != "over":
        st.caption(refused)


def _anew(settings: SweepSettings, found: Found) -> None:
    """The button that does a bundled sweep on this computer."""
    data, ground = settings.data, settings.ground
    assert ground is not None
    refused = sweep_live.why_not(data, sweep_live.key_of(data, ground))
    st.button(
        f"Run it anew here ({jobs.about(seconds_left(settings, None))})",
        icon=":material/replay:",
        key="sweep anew",
        disabled=bool(refused),
        help=refused or "Every training again on this computer; what comes with the app is back when you forget it.",
        on_click=sweep_live.start,
        args=(data, ground, [], found.place),
    )


def seconds_left(settings: SweepSettings, found: Found | None) -> float:
    """An estimate: by the runs that were done here, or by the model's own; of the whole sweep without any."""
    assert settings.ground is not None
    sweep = Sweep(settings.ground) if found is None else found.sweep
    left, spent = sweep.in_all - len(sweep.runs), sum(run.seconds for run in sweep.runs)
    if spent > 0:
        seconds = left * spent / len(sweep.runs)
    else:
        config = sweep.ground.base.entry.config
        seconds = left * (model_results.model_seconds(settings.data, config, len(settings.data.items)) + 0.5)
    limit = sweep.plan.minutes
    return seconds if limit is None else min(seconds, 60 * limit)


def _said(found: Found) -> None:
    """How far it is, or what came of it."""
    plan, verdict = found.sweep.plan, found.verdict
    if found.state in ("running", "ending"):
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


def _grounds(found: Found, kept: str) -> None:
    """By how many runs and whom, and where they lie."""
    plan, ground, verdict = found.sweep.plan, found.sweep.ground, found.verdict
    counts = [f"{sum(run.stage == stage for run in found.runs)} {words}" for stage, words in STAGES.items()]
    who = f"{plain(ground.whom)}." if verdict is None else sentence(verdict.grounds)
    part = "graph" in plan.spec.needs and not plan.by_structure
    walks = " Walks use the default graph of the training part." if part else ""
    if found.beforehand:
        kept = (
            "These runs came with the app: the same sweep by the same code, made when its results "
            "were built (`data/build_precomputed.py`), with today's arithmetic. What they took is not shown: it was "
            "not measured on this computer."
        )
    st.caption(f"Runs: {', '.join(counts)}. {who}{walks} {kept}")
