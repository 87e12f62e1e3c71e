"""Sweeps at work behind the pages: a thread each, their runs in processes of heavy work; and what they have found.

One started on a page is that of every page which asks for the same ground.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pages.kit import kept_runs, links, results
from pages.kit.session import ActiveData
from pages.kit.sweeps.keeping import OnPages
from pages.kit.uploads import visitor
from recemb_core.sweeps import Control, Ground, InStore, Journal, Run, Sweep, Verdict, head_of
from recemb_core.sweeps.beforehand import load_swept
from recemb_core.validation import UsageError

State = Literal["new", "running", "ending", "broken off", "failed", "over"]
AT_ONCE = 4
"""Sweeps at work at a time in one server; of one person one."""
_FIRST_SECONDS = 5.0  # of a run, until some are done
_log = logging.getLogger("recemb")


@dataclass(eq=False)
class Live:
    """A sweep at work.

    Attributes:
        sweep: its runs grow.
        owner: who started it.
        data_key, title: of the data.
        control: pauses and stops it.
        fraction, words: how far it is.
        problem: why it ended early, a sentence.
    """

    sweep: Sweep
    owner: Hashable
    data_key: str
    title: str
    control: Control = field(default_factory=Control)
    fraction: float = 0.0
    words: str = "waiting for its turn"
    problem: str = ""
    thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


@dataclass(frozen=True, eq=False)
class Found:
    """A sweep as far as it is there.

    Attributes:
        state: "new": nothing is done; "running"; "ending": after the run under way; "broken off": can be resumed;
            "failed": likewise, ``problem`` says why; "over".
        sweep: ground and runs so far.
        fraction, words: how far one that is running is.
        problem: see above.
        place: file that its runs are kept in; None: they are in memory alone.
        mine: whether who asks has started the one that is running.
        beforehand: whether its runs come with this program, and nobody has begun them here.
    """

    state: State
    sweep: Sweep
    fraction: float = 0.0
    words: str = ""
    problem: str = ""
    place: Path | None = None
    mine: bool = True
    beforehand: bool = False

    @property
    def runs(self) -> list[Run]:
        return self.sweep.runs

    @property
    def at_work(self) -> bool:
        return self.state in ("running", "ending")

    @property
    def verdict(self) -> Verdict | None:
        """Of one that is over."""
        return self.sweep.verdict if self.state == "over" else None


def _registry() -> dict[Hashable, Live]:
    return visitor.once_a_process("sweeps at work", dict)


def key_of(data: ActiveData, ground: Ground) -> str:
    """What a sweep is known by: everything that its figures depend on, its budget aside."""
    head = {name: value for name, value in head_of(ground).items() if name != "budget"}
    return hashlib.blake2b(json.dumps(head, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()


def study_of(ground: Ground, key: str) -> str:
    """What its study is called in the store of runs."""
    return f"sweep of {ground.plan.model} {key}"


def _own(data: ActiveData, key: str) -> Hashable:
    """An upload's sweeps are its person's own; those of a bundled data set are everybody's."""
    return (me(), key) if data.uploaded else key


def me() -> Hashable:
    """Who is asking."""
    return visitor.visitor() or results._session()


def mine_at_work() -> Live | None:
    """The sweep of whoever asks that is at work now."""
    return next((one for one in _registry().values() if one.running and one.owner == me()), None)


def find(data: ActiveData, ground: Ground, place: Path | None) -> Found:
    """The sweep of a ground: at work, done in this server's life, kept in a file, bundled, or new."""
    key = key_of(data, ground)
    live = _registry().get(_own(data, key))
    if live is not None:
        sweep = Sweep(ground, runs=list(live.sweep.runs))
        state: State = "running" if live.control.wanted else "ending"
        if not live.running:
            state = "failed" if live.problem else _done(sweep)
        return Found(state, sweep, live.fraction, live.words, live.problem, place, live.owner == me())
    runs = results.results(data).get(("sweep runs", key)) or ()
    if place is not None and place.exists():
        kept = Journal.read(place)[1]
        runs = kept if len(kept) > len(runs) else runs
    beforehand = not runs
    if beforehand and not data.uploaded:
        runs = results.ready(data, ("sweep beforehand", key), lambda: load_swept(ground) or None) or ()
    sweep = Sweep(ground, runs=list(runs))
    return Found(_done(sweep), sweep, place=place, beforehand=beforehand and bool(runs))


def _done(sweep: Sweep) -> State:
    if not sweep.runs:
        return "new"
    return "over" if sweep.next() is None else "broken off"


def why_not(data: ActiveData, key: str) -> str:
    """Why another sweep cannot start now, a sentence; "" where it can."""
    working = [live for live in _registry().values() if live.running]
    if any(live.owner == me() for live in working):
        return "Another sweep of yours is at work: pause or stop it first."
    if len(working) >= AT_ONCE:
        return f"{AT_ONCE} sweeps of others are at work on this server; try again when one is over."
    return ""


def start(data: ActiveData, ground: Ground, runs: list[Run], place: Path | None) -> None:
    """Begin a sweep, or go on with one; a button's callback."""
    key, registry = key_of(data, ground), _registry()
    own = _own(data, key)
    for other in [name for name, live in registry.items() if not live.running]:
        del registry[other]  # what they found is in the store of results, or in their file
    if own in registry or why_not(data, key):
        return
    beside: tuple[Any, ...] = ()
    if place is not None:
        about = (kept_runs.name_of(data), data.fingerprint, links.saved_session(data).to_toml())
        beside = (kept_runs.store(), study_of(ground, key), ground, *about)
    live = registry[own] = Live(Sweep(ground, runs=list(runs)), me(), data.key, data.title)
    store = results.results(data)
    keeper = OnPages(store, ground)
    pool = results.workers()

    def work(function: Any, /, *args: Any, progress: Any, **named: Any) -> Any:
        done = [run.seconds for run in live.sweep.runs]
        seconds = sum(done) / len(done) if done else _FIRST_SECONDS
        person = ("sweep", live.owner)
        return pool.run(function, *args, person=person, seconds=seconds, progress=progress, reports=True, **named)[0]

    def tell(fraction: float, words: str) -> None:
        live.fraction, live.words = fraction, words

    def go() -> None:
        journal = None
        try:
            if place is not None:
                journal = Journal(place, head_of(ground))
                keeper.beside = InStore(*beside)
                live.sweep.journal = journal
                if len(journal.runs) < len(live.sweep.runs):
                    for run in live.sweep.runs[len(journal.runs) :]:
                        journal.add(run)
                live.sweep.runs = list(journal.runs)
            if place is not None or ground.plan.by_structure:
                live.sweep.store = keeper
            live.sweep.go(work=work, control=live.control, progress=tell)
        except UsageError as error:
            live.problem = f"{error}."
        except Exception as error:
            _log.exception("a sweep failed")
            live.problem = f"The sweep ended ({type(error).__name__}); what was done is kept. Press Resume."
        finally:
            live.sweep.store = None
            if journal is not None:
                journal.close()
                live.sweep.journal = None
            store.put(("sweep runs", key), tuple(live.sweep.runs), again=True)

    live.thread = threading.Thread(target=go, name="sweep", daemon=True)
    live.thread.start()


def pause(data: ActiveData, key: str) -> None:
    """End a sweep when the run under way is done; a button's callback."""
    if (live := _registry().get(_own(data, key))) is not None and live.owner == me():
        live.control.pause()


def stop(data: ActiveData, key: str) -> None:
    """End a sweep now; a button's callback."""
    if (live := _registry().get(_own(data, key))) is not None and live.owner == me():
        live.control.stop()


def drop(data: ActiveData, ground: Ground, place: Path | None) -> None:
    """Forget what a sweep has done, its file and its kept runs too; a button's callback.

    Raises:
        UsageError: the store of runs cannot be used.
    """
    key = key_of(data, ground)
    live = _registry().get(_own(data, key))
    if live is not None and live.running:
        return
    if place is not None:
        store, study = kept_runs.store(), study_of(ground, key)
        if store.has_study(study):
            store.delete_study(study, spare_said=True)
        place.unlink(missing_ok=True)
    _registry().pop(_own(data, key), None)
    results.results(data).drop(("sweep runs", key))
