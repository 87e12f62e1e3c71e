"""Kept runs where things go wrong: killed programs, several at once, a full disk, a torn store, no Optuna."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from recemb_core.embeddings import Word2VecConfig
from recemb_core.runs import RunSpec, RunStore
from recemb_core.runs.store import KILLED
from recemb_core.validation import UsageError

pytest.importorskip("optuna")
ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="forks, and limits the size of files")

COMMON = """
import json, os, random, resource, signal, sys, time
from pathlib import Path
import numpy as np
from recemb_core.embeddings import ItemVectors, Word2VecConfig
from recemb_core.runs import RunSpec, RunStore
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary
import optuna, sqlalchemy, sqlalchemy.orm
FOLDER = Path(sys.argv[1])

def spec(seed):
    config = Word2VecConfig(dimensions=8, epochs=1, seed=seed)
    return RunSpec(data="shop", fingerprint="0a", trained_on="0b", model="word2vec", config=config)

def vectors(seed, items=2_000):
    rows = np.random.default_rng(seed).normal(size=(items, 8)).astype(np.float32)
    return ItemVectors(Vocabulary(map(str, range(items))), rows)

def keep(store, seed, items=2_000):
    with store.begin("shop", spec(seed)) as handle:
        return handle.finish(vectors=vectors(seed, items), seconds=0.1).run_id
"""

KILLS = (
    COMMON
    + """
def child(first, most, to):
    pid = os.fork()
    if pid == 0:
        try:
            store = RunStore.open(FOLDER)
            for seed in range(first, first + most):
                os.write(to, json.dumps([seed, keep(store, seed)]).encode() + b"\\n")
        except BaseException as error:
            os.write(to, json.dumps(str(error)).encode() + b"\\n")
        os._exit(0)
    return pid

reading, to = os.pipe()
RunStore.open(FOLDER)._storage.engine.dispose()
steady = [child(100_000, 12, to), child(200_000, 12, to)]
dice = random.Random(int(sys.argv[2]))
for turn in range(20):
    pid = child(1_000 * turn, 1_000, to)
    time.sleep(dice.uniform(0.02, 0.6))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
for pid in steady:
    os.waitpid(pid, 0)
os.close(to)
print(os.fdopen(reading).read())
"""
)


def program(code: str, *given: object, timeout: float = 300) -> str:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, given)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@linux
@pytest.mark.slow
def test_twenty_kills_beside_two_writers_lose_nothing_that_was_finished(tmp_path: Path) -> None:
    told = [json.loads(line) for line in program(KILLS, tmp_path, 0).splitlines() if line]
    assert [line for line in told if isinstance(line, str)] == []
    saw = {run_id: seed for seed, run_id in told}
    store = RunStore.open(tmp_path)
    there = {one.run_id: one for one in store.runs()}
    done = {run_id for run_id, one in there.items() if one.state == "finished"}
    assert {*saw} <= done
    assert sum(seed >= 100_000 for seed in saw.values()) == 24  # the steady ones
    assert {one.sentence for one in there.values() if one.state == "failed"} <= {KILLED}
    assert all(one.state != "running" for one in there.values())
    for run_id in done:
        assert store.load(run_id).vectors.shape == (2_000, 8)
    assert len(list((tmp_path / "artifacts").iterdir())) == len(done)
    assert list((tmp_path / "running").iterdir()) == []


FULL = (
    COMMON
    + """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = RunStore.open(FOLDER)
first = keep(store, 0)
size = (FOLDER / "optuna.db").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8_192, resource.RLIM_INFINITY))
for what in ("arrays", "rows"):
    try:
        if what == "arrays":
            keep(store, 1, items=40_000)
        else:
            for _ in range(50):
                store.annotate(first, tags=[str(i).zfill(50) for i in range(20)], note="x" * 20_000)
    except UsageError as error:
        print(error)
    print(len(store.load(first)), sorted(one.state for one in store.runs()))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
last = len(store.load(keep(store, 2)))
print(last, sorted(one.state for one in store.runs()), len(list((FOLDER / "artifacts").iterdir())))
"""
)


@linux
@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_finished_runs_stay(tmp_path: Path) -> None:
    arrays, after, rows, then, last = program(FULL, tmp_path).strip().splitlines()
    for sentence in (arrays, rows):
        assert sentence.startswith(f"the kept runs in {tmp_path} cannot be used (")
        assert "free some room there" in sentence
    assert after == "2000 ['failed', 'finished']"
    assert then == after
    assert last == "2000 ['failed', 'finished', 'finished'] 2"


TWICE = (
    COMMON
    + """
for number in range(3):
    if os.fork() == 0:
        store = RunStore.open(FOLDER)
        for seed in range(4):
            keep(store, seed)
            store.annotate(spec(seed).run_id, tags=[f"by {number}"])
        os._exit(0)
print([os.wait()[1] for _ in range(3)])
"""
)


@linux
@pytest.mark.slow
def test_three_programs_that_keep_the_same_runs_give_one_of_each(tmp_path: Path) -> None:
    assert program(TWICE, tmp_path).strip() == "[0, 0, 0]"
    store = RunStore.open(tmp_path)
    assert len(store.runs()) == 4
    assert all(one.state == "finished" and len(one.tags) == 1 for one in store.runs())
    for one in store.runs():
        store.delete(one.run_id)
    assert list((tmp_path / "artifacts").iterdir()) == []


def spec() -> RunSpec:
    config = Word2VecConfig(dimensions=8, epochs=1)
    return RunSpec(data="shop", fingerprint="0a", trained_on="0b", model="word2vec", config=config)


def test_a_run_whose_program_is_there_stays_running_and_one_whose_is_not_fails(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path)
    handle = store.begin("shop", spec())
    RunStore.open(tmp_path)
    assert [one.state for one in store.runs()] == ["running"]
    handle._held.close()  # what the system does for a killed program
    assert [(one.state, one.sentence) for one in store.runs()] == [("failed", KILLED)]


def test_a_file_that_is_no_store_is_a_sentence_and_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "optuna.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(UsageError, match="move that folder away"):
        RunStore.open(tmp_path)
    assert (tmp_path / "optuna.db").read_bytes() == b"no database at all" * 100


def test_what_a_killed_program_left_unfinished_is_rolled_back_when_the_folder_is_opened(tmp_path: Path) -> None:
    """A transaction larger than SQLite's memory stands in the file, its journal beside it, until somebody reads."""
    mine, torn = tmp_path / "mine", tmp_path / "torn"
    program(COMMON + "print(keep(RunStore.open(FOLDER), 0))", mine)
    with closing(sqlite3.connect(mine / "optuna.db", isolation_level=None)) as db:
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE trials SET state = 'FAIL'")
        db.execute("CREATE TABLE large (x)")
        db.executemany("INSERT INTO large VALUES (?)", [("x" * 4_000,)] * 50)
        shutil.copytree(mine, torn)
        db.execute("ROLLBACK")
    assert (torn / "optuna.db-journal").stat().st_size > 0
    assert (torn / "optuna.db").stat().st_size > (mine / "optuna.db").stat().st_size
    assert [run.state for run in RunStore.open(torn).runs()] == ["finished"]
    assert not (torn / "optuna.db-journal").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(UsageError, match="look whether it is there"):
        RunStore.open(tmp_path / "file" / "runs")


@pytest.mark.slow
def test_torn_arrays_are_a_sentence(tmp_path: Path) -> None:
    program(COMMON + "print(keep(RunStore.open(FOLDER), 0))", tmp_path)
    store = RunStore.open(tmp_path)
    (path,) = (tmp_path / "artifacts").iterdir()
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UsageError, match="has no vectors"):
        store.load(store.runs()[0].run_id)


def test_without_optuna_it_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recemb_core.runs.database.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"install recemb-explorer\[sweep\]"):
        RunStore.open(tmp_path)
    assert list(tmp_path.iterdir()) == []
