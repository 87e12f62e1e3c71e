"""Real runs of sweeps: what is measured, where it is kept, and what a killed program leaves."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import numpy as np
import pytest

from recemb_core.command_line import main
from recemb_core.sweeps import Choices, Control, InStore, Journal, Space, Sweep, head_of, measure_setting, tpe_is_there
from recemb_core.validation import UsageError
from tests.core.sweep_helpers import MadeUp, done, ground_of, killed, lasting

SMALL = Space((Choices("dimensions", (4, 8)), Choices("epochs", (1,))))
TOML = """
format = "recemb-session"
version = 1
data = "planted_shop"
[model]
name = "item2vec"
epochs = 1
[sweep]
trials = {trials}
[sweep.space]
dimensions = [4, 6, 8, 12]
"""


def test_the_same_seed_gives_the_same_figures_and_another_others() -> None:
    ground = ground_of(space=SMALL, aims=("hr", "ndcg", "mrr", "bytes", "seconds", "milliseconds"))
    setting = ground.setting({"dimensions": 4, "epochs": 1})
    one, two, other = (measure_setting(ground, setting, seed) for seed in (0, 0, 1))
    assert np.array_equal(one.users, two.users)
    assert not np.array_equal(one.users, other.users)
    assert one.users.mean() == pytest.approx(one.aims["hr"])
    assert one.aims["bytes"] == one.run.bytes
    assert all(one.aims[name] > 0 for name in ground.plan.aims)


@pytest.mark.parametrize("kind", ["exact", "kd_tree", "lsh", "hnsw"])
@pytest.mark.slow
def test_an_index_is_measured_by_what_it_finds(kind: str) -> None:
    space = Space((Choices("index.kind", (kind,)), Choices("lsh.functions", (16, 2)), Choices("lsh.tables", (2,))))
    ground = ground_of(space=space, aims=("recall", "milliseconds", "bytes"))
    values = {"index.kind": kind, "lsh.functions": 16, "lsh.tables": 2}
    found = measure_setting(ground, ground.setting(values), 0)
    assert found.users.shape == (min(1_000, len(ground.cases.train.items)),)
    if kind in ("exact", "kd_tree"):
        assert found.aims["recall"] == 1.0
    if kind == "lsh":  # fewer functions, larger buckets, more found
        wide = measure_setting(ground, ground.setting(values | {"lsh.functions": 2}), 0)
        assert wide.aims["recall"] > found.aims["recall"]


@pytest.mark.slow
def test_the_graph_that_is_walked_varies() -> None:
    space = Space((Choices("graph.backbone", ("none", "top_edges")), Choices("graph.top", (1,))))
    ground = ground_of(model="DeepWalk", space=space)
    runs = [
        measure_setting(ground, ground.setting({"graph.backbone": kept, "graph.top": 1}), 0).users
        for kept in ("none", "top_edges")
    ]
    assert not np.array_equal(*runs)


# --- the journal ---


def test_a_journal_gives_back_what_it_was_given(tmp_path: Path) -> None:
    sweep = done(ground_of(trials=4))
    path = tmp_path / "own" / "sweep.jsonl"
    with Journal(path, head_of(sweep.ground)) as journal:
        for run in sweep.runs:
            journal.add(run)
        assert Journal.is_open(path)
        with pytest.raises(UsageError, match="another program"):
            Journal(path, head_of(sweep.ground))
    assert not Journal.is_open(path)
    _, back = Journal.read(path)
    for one, two in zip(sweep.runs, back, strict=True):
        assert np.array_equal(one.users, two.users)
        assert {**vars(one), "users": 0} == {**vars(two), "users": 0}


@pytest.mark.parametrize("cut", [1, 17, 150])
def test_a_torn_line_is_cut_off(tmp_path: Path, cut: int) -> None:
    sweep, path = done(ground_of(trials=4)), tmp_path / "sweep.jsonl"
    with Journal(path, head_of(sweep.ground)) as journal:
        for run in sweep.runs:
            journal.add(run)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with Journal(path, head_of(sweep.ground)) as journal:
        assert len(journal.runs) == len(sweep.runs) - 1
        journal.add(sweep.runs[-1])
    assert path.read_bytes() == whole


def test_another_sweep_has_another_name_but_a_longer_one_may_go_on(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    Journal(path, head_of(ground_of(trials=4))).close()
    Journal(path, head_of(ground_of(trials=8))).close()
    with pytest.raises(UsageError, match=r"another sweep \(sweep, space"):
        Journal(path, head_of(ground_of(trials=4, space=SMALL)))


@pytest.mark.parametrize("text", ["hello\n", "hello", "line one\nline two, no end", '{"format": "mine"', "{", " "])
def test_a_file_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    path, head = tmp_path / "sweep.jsonl", head_of(ground_of(trials=4))
    path.write_text(text)
    if text == "{":  # what a killed sweep may leave of its first line
        Journal(path, head).close()
        assert Journal.read(path)[0]["model"] == "item2vec"
        return
    with pytest.raises(UsageError, match="no sweep of this version"):
        Journal(path, head)
    assert path.read_text() == text


@pytest.mark.parametrize("cut", [1, 5, 30, 60])
def test_a_torn_first_line_is_begun_again(tmp_path: Path, cut: int) -> None:
    path, head = tmp_path / "sweep.jsonl", head_of(ground_of(trials=4))
    Journal(path, head).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    Journal(path, head).close()
    assert path.read_bytes() == whole


def test_a_full_disk_says_so_and_keeps_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ground, path = ground_of(trials=4), tmp_path / "sweep.jsonl"
    write, calls = os.write, 0

    def full(handle: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 4:
            return write(handle, data[:50])
        if calls == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data)

    with Journal(path, head_of(ground)) as journal:
        monkeypatch.setattr("recemb_core.sweeps.records.os.write", full)
        with pytest.raises(UsageError, match="make room and resume"):
            Sweep(ground, journal).go(work=MadeUp())
    monkeypatch.undo()
    assert len(Journal.read(path)[1]) == 3
    with Journal(path, head_of(ground)) as journal:
        assert Sweep(ground, journal).go(work=MadeUp()) is not None


# --- a store of runs beside ---


@pytest.mark.skipif(not tpe_is_there(), reason="needs Optuna")
@pytest.mark.slow
def test_a_store_has_every_training_and_none_is_done_twice(tmp_path: Path) -> None:
    from recemb_core.runs import RunStore

    ground = ground_of(space=SMALL, trials=3, finalists=1, fresh=3, aims=("hr", "bytes"))
    store = RunStore.open(tmp_path)
    about = ("planted_shop", "0a")
    first = Sweep(ground, store=InStore(store, "sweep", ground, *about))
    first.go()
    records = store.runs("sweep")
    assert len(records) == len(first.runs)
    found = sorted(one.scores["hr"].value for one in records)
    assert found == pytest.approx(sorted(run.aims["hr"] for run in first.runs))
    assert all(len(store.load(one.run_id)) for one in records)
    assert [len(trial.values) for trial in store.study("sweep").trials] == [2] * len(records)
    again = Sweep(ground, store=InStore(store, "sweep again", ground, *about))
    again.go(work=_refuse)
    assert all(np.array_equal(a.users, b.users) for a, b in zip(first.runs, again.runs, strict=True))


def _refuse(*args: object, **named: object) -> object:
    raise AssertionError("trained again")


# --- the command ---


@pytest.mark.slow
def test_the_command_sweeps_keeps_and_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "dims.toml"
    file.write_text(TOML.format(trials=3))
    best = tmp_path / "best.toml"
    command = ["sweep", str(file), "--store", str(tmp_path / "store"), "--json"]
    assert main([*command, "--save-session", str(best)]) == 0
    first = capsys.readouterr().out
    assert '"verdict"' in first
    assert best.read_text().count("[model]") == 1
    assert main(command) == 1
    assert "--resume" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0
    assert capsys.readouterr().out.replace(" ", "").split('"files"')[0] == first.replace(" ", "").split('"files"')[0]
    assert "was not there" not in first
    assert main([*command, "--name", "another", "--resume"]) == 0
    assert "another.jsonl was not there: nothing is resumed" in capsys.readouterr().out
    from recemb_core.runs import RunStore

    run = RunStore.open(tmp_path / "store").runs()[0]
    assert main(["runs", "delete", run.run_id, "--store", str(tmp_path / "store")]) == 0
    assert "the file of a sweep, keeps what each user got" in "".join(capsys.readouterr())
    assert main(["sweep", str(file), "--resume", "--minutes", "-1"]) == 1
    with pytest.raises(SystemExit):
        main(["sweep", str(file), "--resume"])


@pytest.mark.slow
def test_a_killed_sweep_loses_at_most_the_run_under_way(tmp_path: Path) -> None:
    """Killed at random moments; each time the file holds whole runs alone, never fewer than before."""
    file = tmp_path / "dims.toml"
    file.write_text(TOML.format(trials=5))
    place = tmp_path / "store" / "sweeps" / "dims.jsonl"
    command = ["sweep", str(file), "--store", str(tmp_path / "store"), "--resume"]
    known = killed(command, place, random.Random(0), kills=3, runs=(1, 4))
    assert main(command) == 0
    runs = Journal.read(place)[1]
    assert len({(run.setting, run.repeat) for run in runs}) == len(runs)
    assert list(map(lasting, runs[: len(known)])) == list(map(lasting, known))
    assert sum(run.stage == "final" for run in runs) == 20


@pytest.mark.skipif(not tpe_is_there(), reason="needs Optuna")
@pytest.mark.slow
def test_a_run_that_is_deleted_meanwhile_is_trained_again(tmp_path: Path) -> None:
    from recemb_core.runs import RunStore

    ground = ground_of(space=SMALL, trials=2, finalists=1, fresh=3)
    store = RunStore.open(tmp_path)
    kept = InStore(store, "sweep", ground, "planted_shop", "0a")
    sweep = Sweep(ground, store=kept)
    step = sweep.next()
    assert step is not None
    sweep.go(told=lambda run: control.pause(), control=(control := Control()))
    assert kept.find(step) is not None
    for one in store.runs("sweep"):
        store.delete(one.run_id)
    assert kept.find(step) is None
