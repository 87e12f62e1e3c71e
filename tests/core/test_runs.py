"""Kept runs: one identity is one run, what is kept comes back, what is deleted is gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recemb_core.embeddings import ItemVectors, Node2VecConfig, Word2VecConfig, train_word2vec
from recemb_core.experiments.leaderboard import (
    Entry,
    PartCases,
    Protocol,
    Query,
    measure_trained,
    part_cases,
    train_entry,
)
from recemb_core.prepared import prepare_bundled, prepare_file
from recemb_core.runs import RunLimits, RunSpec, RunStore
from recemb_core.runs.record import differing
from recemb_core.scorers import PopularityConfig, scorer_defaults
from recemb_core.sequences import Sequences
from recemb_core.session_file import SessionFile
from recemb_core.validation import UsageError

pytest.importorskip("optuna")
LISTS = [["tea", "milk", "cup", "tea", "pot"], ["tea", "cup", "milk", "pot"], ["pot", "cup", "tea", "milk"]] * 8
SHOP = Sequences.from_lists(LISTS)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore.open(tmp_path / "runs")


@pytest.fixture(scope="module")
def cases() -> PartCases:
    return part_cases(SHOP, Protocol(ks=(2,)))


def spec(config: object = Word2VecConfig(dimensions=4, epochs=1), **others: object) -> RunSpec:
    about = {"data": "shop", "fingerprint": "0a" * 12, "trained_on": "0b" * 12, "model": "word2vec", "config": config}
    return RunSpec(**about | others)  # type: ignore[arg-type]


def vectors_of(seed: int, items: int = 4) -> ItemVectors:
    from recemb_core.vocabulary import Vocabulary

    rows = np.random.default_rng(seed).normal(size=(items, 4)).astype(np.float32)
    return ItemVectors(Vocabulary(f"item {i}" for i in range(items)), rows, config=Word2VecConfig(seed=seed))


def keep(store: RunStore, run: RunSpec, seed: int = 0, items: int = 4, study: str = "shop") -> str:
    with store.begin(study, run) as handle:
        return handle.finish(vectors=vectors_of(seed, items), seconds=1.5, peak_bytes=10_000_000).run_id


def measured(store: RunStore, cases: PartCases, entry: Entry, seed: int) -> RunSpec:
    run = RunSpec.measured(cases, entry, seed, name="shop", fingerprint=SHOP.fingerprint)
    trained = train_entry(cases, entry, seed)
    with store.begin(run.study, run) as handle:
        handle.finish(
            vectors=trained.model if entry.kind == "embedding" else None,
            scores=measure_trained(cases, entry, trained, seed),
            seconds=trained.seconds,
        )
    return run


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


# --- identity ---


@pytest.mark.parametrize(
    "other",
    [
        {"fingerprint": "1a"},
        {"trained_on": "1b"},
        {"config": Word2VecConfig(dimensions=8, epochs=1)},
        {"config": Word2VecConfig(dimensions=4, epochs=1, seed=1)},
        {"protocol": Protocol()},
        {"versions": {"word2vec": 99}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_whatever_changes_the_result_changes_the_run(other: dict[str, object]) -> None:
    assert spec(**other).run_id != spec().run_id


def test_what_changes_no_result_changes_no_run() -> None:
    alike = [
        spec(data="another name"),
        spec(session="seed = 3"),
        spec(Word2VecConfig(dimensions=4, epochs=1, workers=1)),
    ]
    assert {one.run_id for one in alike} == {spec().run_id}
    assert spec(protocol=Protocol(), part="test").run_id != spec(protocol=Protocol()).run_id
    asked = [spec(protocol=Protocol(), query=query).run_id for query in (Query(), Query(newest=1))]
    assert len({*asked}) == 2


def test_seeds_of_one_setting_share_it() -> None:
    runs = [spec(Word2VecConfig(dimensions=4, epochs=1, seed=seed)) for seed in range(3)]
    assert len({run.run_id for run in runs}) == 3
    assert len({run.setting_id for run in runs}) == 1
    assert spec(Word2VecConfig(dimensions=8, epochs=1)).setting_id != runs[0].setting_id
    assert [run.with_seed(2).run_id for run in runs] == [runs[2].run_id] * 3


@pytest.mark.parametrize("name", [*scorer_defaults(SHOP), "word2vec"])
def test_a_spec_of_every_kind_survives_json(cases: PartCases, name: str) -> None:
    config = scorer_defaults(SHOP).get(name, Word2VecConfig(dimensions=4))
    run = RunSpec.measured(cases, Entry(name=name, config=config), 3, name="shop", fingerprint="0a")
    again = RunSpec.from_plain(run.to_plain())
    assert (again, again.run_id, again.setting_id) == (run, run.run_id, run.setting_id)
    assert again.entry.config == run.config


def test_a_model_of_another_program_stays_a_dict_and_keeps_its_id() -> None:
    told = spec().to_plain()
    told["config"] = told["config"] | {"class": "FarAwayConfig"}
    again = RunSpec.from_plain(told)
    assert again.settings["dimensions"] == 4
    assert again.run_id == RunSpec.from_plain(again.to_plain()).run_id
    with pytest.raises(UsageError, match="knows no model"):
        _ = again.entry


def test_the_graph_that_is_walked_is_part_of_a_run(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    lines = [f"u{i},{item},{i * 86_400 + at * 60}" for i, line in enumerate(LISTS) for at, item in enumerate(line)]
    log.write_text("\n".join(["user,item,time", *lines]))
    graphs: list[dict[str, object]] = [{}, {"edges": "co_occurrence"}]
    runs = [RunSpec.of(Node2VecConfig(), prepare_file(log, session=SessionFile(graph=graph))) for graph in graphs]
    assert runs[0].run_id != runs[1].run_id
    assert runs[0].fingerprint == runs[1].fingerprint
    assert "graph edges" in differing({"a": runs[0], "b": runs[1]})
    assert "graph edges" not in RunSpec.of(Node2VecConfig(), prepare_bundled("karate_club")).settings


# --- what is kept comes back ---


@pytest.mark.slow
def test_vectors_and_figures_come_back_as_they_were(store: RunStore, cases: PartCases) -> None:
    entry = Entry(name="word2vec", config=Word2VecConfig(dimensions=4, epochs=2))
    run = measured(store, cases, entry, seed=2)
    found = RunStore.open(store.folder).find(run)
    assert found is not None
    trained = train_word2vec(cases.train, replace(entry.config, seed=2))
    assert store.load(found.run_id).vectors.tobytes() == trained.vectors.tobytes()
    again = store.user_scores(found.run_id)
    assert again.views["main"].hit_rate[2].value == found.scores["hr"].value
    assert (found.scores["hr"].k, found.scores["hr"].users, found.scores["mrr"].k) == (2, again.views["main"].users, 0)
    assert found.scores["hr"].low <= found.scores["hr"].value <= found.scores["hr"].high
    assert found.spec == run


def test_a_run_that_is_there_is_found_and_one_of_another_seed_is_not(store: RunStore) -> None:
    assert store.find(spec()) is None
    run_id = keep(store, spec())
    found = store.find(replace(spec(), data="renamed"))
    assert found is not None
    assert (found.run_id, found.seconds, found.peak_bytes) == (run_id, 1.5, 10_000_000)
    assert store.find(spec(Word2VecConfig(dimensions=4, epochs=1, seed=1))) is None
    assert store.record(run_id[:6]).run_id == run_id
    with pytest.raises(UsageError, match="no run is called"):
        store.record("zz")


def test_two_trainings_of_one_run_are_one_line(store: RunStore) -> None:
    keep(store, spec())
    store.annotate(spec().run_id, note="first")
    store.drop_vectors(spec().run_id)
    assert not store.runs()[0].has_vectors
    keep(store, spec(), seed=5)
    (only,) = store.runs()
    assert (only.has_vectors, only.note) == (True, "first")
    assert store.load(only.run_id).vectors.tobytes() == vectors_of(5).vectors.tobytes()


def test_runs_are_listed_by_study_and_by_data(store: RunStore) -> None:
    keep(store, spec(), study="one")
    keep(store, spec(fingerprint="1a"), study="two")
    assert [one.study for one in store.runs()] == ["two", "one"]
    assert [one.study for one in store.runs("one")] == ["one"]
    assert [one.study for one in store.runs(fingerprint="1a")] == ["two"]


def test_a_run_without_seed_or_vectors(store: RunStore, cases: PartCases) -> None:
    run = measured(store, cases, Entry(name="Popularity", config=PopularityConfig()), seed=7)
    found = store.find(run)
    assert found is not None
    assert (found.spec.seed, found.has_vectors, found.has_users) == (None, False, True)
    with pytest.raises(UsageError, match="has no vectors"):
        store.load(found.run_id)


def test_a_failed_run_says_why_and_is_not_found(store: RunStore) -> None:
    with pytest.raises(ZeroDivisionError), store.begin("shop", spec()):
        raise ZeroDivisionError("of nothing")
    (only,) = store.runs()
    assert (only.state, only.sentence) == ("failed", "of nothing")
    assert store.find(spec()) is None
    with store.begin("shop", spec()) as handle:
        handle.fail("stopped")
    with pytest.raises(UsageError, match="already"):
        handle.finish(seconds=1.0)
    assert not list((store.folder / "running").iterdir())


def test_values_that_do_not_fit_a_study_are_refused_and_the_run_fails(store: RunStore) -> None:
    store.study("two aims", directions=["maximize", "minimize"])
    handle = store.begin("two aims", spec())
    with pytest.raises(UsageError, match="has 2 aims"):
        handle.finish(vectors=vectors_of(0), seconds=1.0)
    assert store.runs()[0].state == "failed"
    assert not list((store.folder / "artifacts").iterdir())


# --- what others read ---


@pytest.mark.slow
def test_optuna_reads_the_same_trials_params_and_artifacts(store: RunStore) -> None:
    import optuna

    run_id = keep(store, spec())
    store.annotate(run_id, note="x" * 5_000, tags=["kept"], pinned=True)
    study = optuna.load_study(study_name="shop", storage=f"sqlite:///{store.folder / 'optuna.db'}")
    (trial,) = study.get_trials()
    assert (trial.state.name, trial.params["word2vec_dimensions"]) == ("COMPLETE", 4)
    (meta,) = optuna.artifacts.get_all_artifact_meta(trial, storage=study._storage)
    folder = optuna.artifacts.FileSystemArtifactStore(store.folder / "artifacts")
    with folder.open_reader(meta.artifact_id) as file:
        assert ItemVectors.load(file).vectors.tobytes() == vectors_of(0).vectors.tobytes()
    system = study._storage.get_study_system_attrs(study._study_id)
    parts = [value for key, value in system.items() if "note_str" in key]
    assert max(map(len, parts)) <= 2_045
    assert (store.runs()[0].note, store.runs()[0].tags, store.runs()[0].pinned) == ("x" * 5_000, ("kept",), True)
    store.annotate(run_id, note="short")
    assert (store.runs()[0].note, store.runs()[0].tags) == ("short", ("kept",))


@pytest.mark.slow
def test_a_trial_of_a_sweep_can_be_a_run(store: RunStore) -> None:
    study = store.study("sweep")
    trial = study.ask()
    trial.suggest_int("dimensions", 2, 8)
    with store.begin("sweep", spec(), trial=trial) as handle:
        handle.finish(vectors=vectors_of(0), seconds=1.0, values=[0.25])
    assert store.study("sweep").best_value == 0.25
    assert store.runs("sweep")[0].has_vectors


# --- delete means gone ---


def test_nothing_of_a_deleted_run_is_left_in_any_byte(store: RunStore) -> None:
    marks = [b"secret-shop", b"secret note", b"secrettag", b"word2vec_dimensions", b"feedfacecafe"]
    other = keep(store, spec(fingerprint="1a"), seed=1, study="another")
    run = spec(data="secret-shop", fingerprint="feedfacecafe")
    run_id = keep(store, run, study="secret-shop study")
    store.annotate(run_id, note="secret note " * 500, tags=["secrettag"])
    store.annotate(run_id, note="secret note, shorter")
    before = bytes_of(store.folder)
    assert all(mark in before for mark in (*marks, run_id.encode()))
    store.delete(run_id)
    after = bytes_of(store.folder)
    assert [mark for mark in (*marks[:3], marks[4], run_id.encode()) if mark in after] == []
    assert [one.run_id for one in store.runs()] == [other]
    assert "secret-shop study" not in {study.study_name for study in store.study("another")._storage.get_all_studies()}
    assert len(list((store.folder / "artifacts").iterdir())) == 1


@pytest.mark.slow
def test_trials_keep_their_numbers_when_one_between_them_is_deleted(store: RunStore) -> None:
    ids = [keep(store, spec(Word2VecConfig(dimensions=d, epochs=1)), seed=d) for d in (2, 3, 4)]
    store.delete(ids[1])
    keep(store, spec(Word2VecConfig(dimensions=5, epochs=1)), seed=5)
    assert sorted(one.number for one in store.runs()) == [0, 2, 3]
    for run_id, d in zip((ids[0], ids[2]), (2, 4), strict=True):
        assert store.load(run_id).vectors.tobytes() == vectors_of(d).vectors.tobytes()
    with pytest.raises(UsageError, match="there is no run"):
        store.delete(ids[1])


@pytest.mark.slow
def test_a_running_run_is_not_deleted_and_a_whole_study_is(store: RunStore) -> None:
    keep(store, spec(), study="shop")
    handle = store.begin("shop", spec(fingerprint="1a"))
    with pytest.raises(UsageError, match="is running"):
        store.delete(handle.run_id)
    with pytest.raises(UsageError, match="is running"):
        store.delete_study("shop")
    handle.fail("stopped")
    store.delete_study("shop")
    assert store.runs() == []
    assert not list((store.folder / "artifacts").iterdir())


def test_of_a_study_that_is_forgotten_what_somebody_spoke_of_stays(store: RunStore) -> None:
    runs = [keep(store, spec(fingerprint=one), study="sweep") for one in ("1a", "1b", "1c", "1d")]
    store.annotate(runs[0], note="the good one")
    store.annotate(runs[1], tags=["x"])
    store.annotate(runs[2], pinned=True)
    other = keep(store, spec(), study="shop")
    store.delete_study("sweep", spare_said=True)
    assert {one.run_id for one in store.runs()} == {*runs[:3], other}
    assert len(store.load(runs[0])) == 4
    assert runs[3].encode() not in bytes_of(store.folder)
    for run in runs[:3]:
        store.annotate(run, note="", tags=[], pinned=False)
    store.delete_study("sweep", spare_said=True)
    assert (store.has_study("sweep"), store.has_study("shop")) == (False, True)


# --- bytes ---


@pytest.mark.slow
def test_vectors_of_the_oldest_go_first_and_scores_notes_and_pins_stay(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path, RunLimits(megabytes=1))
    runs = [spec(Word2VecConfig(dimensions=d, epochs=1)) for d in range(2, 9)]
    keep(store, runs[0], seed=0, items=15_000)
    store.annotate(runs[0].run_id, note="precious", pinned=True)
    for seed, run in enumerate(runs[1:], start=1):
        keep(store, run, seed=seed, items=15_000)
    there = {one.run_id: one for one in store.runs()}
    assert len(there) == 7
    assert store.bytes <= store.limits.bytes
    assert there[runs[0].run_id].has_vectors
    assert there[runs[-1].run_id].has_vectors
    assert not there[runs[1].run_id].has_vectors
    assert all(one.seconds == 1.5 for one in there.values())


@pytest.mark.slow
def test_a_store_of_pinned_runs_says_that_it_is_full(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path, RunLimits(megabytes=1))
    for seed in range(5):
        keep(store, run := spec(Word2VecConfig(dimensions=4, epochs=1, seed=seed)), seed=seed, items=15_000)
        store.annotate(run.run_id, pinned=True)
        if store.bytes > store.limits.bytes:
            break
    with pytest.raises(UsageError, match="delete or unpin some"):
        store.begin("shop", spec(fingerprint="1a"))
    store.annotate(run.run_id, pinned=False)
    store.begin("shop", spec(fingerprint="1a")).fail("enough")


def test_notes_and_tags_have_a_bound(store: RunStore) -> None:
    run_id = keep(store, spec())
    with pytest.raises(UsageError, match="may have 20,000 characters"):
        store.annotate(run_id, note="x" * 20_001)
    with pytest.raises(UsageError, match="up to 20 tags"):
        store.annotate(run_id, tags=[f"t{i}" for i in range(21)])
    assert RunLimits(megabytes=5).bytes == 5_000_000


def test_a_database_of_another_program_is_not_written_to(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "optuna.db")) as db:
        db.execute("CREATE TABLE mine (x)")
    before = (tmp_path / "optuna.db").read_bytes()
    with pytest.raises(UsageError, match=r"another program's file \(it holds 'mine'\)"):
        RunStore.open(tmp_path)
    assert (tmp_path / "optuna.db").read_bytes() == before
