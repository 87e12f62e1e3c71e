"""Optuna's journal file and SQLite beside each other, where things go wrong; kept runs use what survives.

``python -m benchmarks.run_stores`` has two apps and a command line write trials into one store, kills a fourth writer
again and again, fills the disk, and looks whether what a writer saw finished is there, whole and readable.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("journal file", "SQLite, plain", "SQLite, as kept runs use it")
WRITERS, TRIALS, KILLS = 3, 60, 20

WRITE = """
import resource, signal, sys, time
from pathlib import Path
import optuna
from benchmarks.run_stores import storage_of
from optuna.trial import TrialState
optuna.logging.set_verbosity(optuna.logging.ERROR)
kind, folder, trials, room = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
storage = storage_of(kind, folder)
study = storage.get_study_id_from_name("one")
if room:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
for _ in range(trials):
    begun = time.perf_counter()
    trial = storage.create_new_trial(study)
    storage.set_trial_user_attr(trial, "run", {"what": "x" * 2000})
    storage.set_trial_state_values(trial, TrialState.COMPLETE, [0.5])
    print(trial, time.perf_counter() - begun, flush=True)
"""


def storage_of(kind: str, folder: Path):
    """One of the storages."""
    import optuna

    if kind.startswith("journal"):
        from optuna.storages.journal import JournalFileBackend

        return optuna.storages.JournalStorage(JournalFileBackend(str(folder / "journal.log")))
    if kind.endswith("plain"):
        return optuna.storages.RDBStorage(f"sqlite:///{folder / 'optuna.db'}")
    from recemb_core.runs.database import open_storage

    return open_storage(folder)


def writer(kind: str, folder: Path, trials: int, room: int = 0) -> subprocess.Popen[str]:
    """A program that writes trials, and prints each one that it has finished."""
    given = [sys.executable, "-c", WRITE, kind, str(folder), str(trials), str(room)]
    return subprocess.Popen(
        given, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=-1, stderr=-1, text=True
    )


def finished(kind: str, folder: Path) -> set[int] | str:
    """The finished trials that a program that comes later finds, or what it is refused with."""
    look = (
        "import sys, json; from pathlib import Path; from benchmarks.run_stores import storage_of\n"
        "s = storage_of(sys.argv[1], Path(sys.argv[2])); study = s.get_study_id_from_name('one')\n"
        "print(json.dumps([t._trial_id for t in s.get_all_trials(study) if t.state.name == 'COMPLETE']))"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    given = [sys.executable, "-c", look, kind, str(folder)]
    run = subprocess.run(given, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    if run.returncode:
        return run.stderr.strip().splitlines()[-1][:90]
    return set(json.loads(run.stdout.splitlines()[-1]))


def said(program: subprocess.Popen[str], timeout: float = 300) -> tuple[set[int], float, str]:
    """(trials that it saw finished, the longest that one took, its last words)."""
    out, err = program.communicate(timeout=timeout)
    lines = [line.split() for line in out.splitlines() if line.count(" ") == 1 and line.split()[1]]
    last = err.strip().splitlines()[-1][:90] if program.returncode and err.strip() else ""
    return {int(line[0]) for line in lines}, max((float(line[1]) for line in lines), default=0.0), last


def lost(saw: set[int], kind: str, folder: Path) -> str:
    """How many of the trials that were finished are not there."""
    found = finished(kind, folder)
    return (
        f"all of {len(saw)}: cannot be read ({found})"
        if isinstance(found, str)
        else f"{len(saw - found)} of {len(saw)}"
    )


def together(kind: str, folder: Path) -> None:
    """Three programs at once, the third of them killed again and again."""
    storage_of(kind, folder).create_new_study([_up()], "one")
    begun = time.perf_counter()
    steady = [writer(kind, folder, TRIALS) for _ in range(WRITERS - 1)]
    dice, saw = random.Random(0), set[int]()
    for _ in range(KILLS):
        victim = writer(kind, folder, 10_000)
        assert victim.stdout is not None
        first = victim.stdout.readline().split()
        saw |= {int(first[0])} if first else set()
        time.sleep(dice.uniform(0, 0.3))
        victim.send_signal(signal.SIGKILL)
        saw |= said(victim)[0]
    longest, words = 0.0, ""
    for program in steady:
        own, slow, last = said(program)
        saw, longest, words = saw | own, max(longest, slow), words or last
    print(f"  three writers, {KILLS} kills: lost {lost(saw, kind, folder)}; longest write {longest:.1f} s", end="; ")
    print(f"a steady writer ended with: {words}" if words else "steady writers wrote all", end="; ")
    print(f"{time.perf_counter() - begun:.0f} s")


def full(kind: str, folder: Path) -> None:
    """A file that may grow no more in the middle of a write, then room again."""
    storage_of(kind, folder).create_new_study([_up()], "one")
    saw, _, _ = said(writer(kind, folder, 5))
    size = max(path.stat().st_size for path in folder.iterdir())
    more, _, words = said(writer(kind, folder, 50, room=size + 30_500))
    print(f"  a full disk: lost {lost(saw | more, kind, folder)}; the writer said: {words or 'nothing'}")
    after, _, words = said(writer(kind, folder, 3))
    print(f"  with room again: lost {lost(saw | more | after, kind, folder)}; wrote {len(after)} of 3 {words}")


def _up():
    from optuna.study import StudyDirection

    return StudyDirection.MAXIMIZE


def main() -> None:
    """All of it."""
    for kind in KINDS:
        print(kind)
        for trial in (together, full):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    trial(kind, Path(folder))
                except Exception as error:
                    print(f"  {trial.__name__}: {type(error).__name__}: {str(error)[:200]}")


if __name__ == "__main__":
    main()
