"""``recemb runs``, ``--keep`` and ``--store``: what the command line keeps, it finds, compares, notes and deletes."""

from __future__ import annotations

from pathlib import Path

import pytest

from recemb_core.bundles import load_origin
from recemb_core.command_line import main
from recemb_core.embeddings import ItemVectors
from recemb_core.runs import RunStore
from tests.core.commands import said

pytest.importorskip("optuna")
LOG = "user,item,time\n" + "".join(
    f"u{user},i{(user * 3 + step * step) % 7},{user * 100_000 + step * 60}\n" for user in range(40) for step in range(6)
)
EVALUATE = ("evaluate", "log.csv", "--model", "word2vec", "--set", "epochs=1", "--store", "runs")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECEMB_RUNS_FOLDER", str(tmp_path / "usual"))
    Path("log.csv").write_text(LOG)
    return tmp_path


def test_what_is_kept_is_not_trained_again_and_gives_the_same_bytes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = ("train", "log.csv", "--model", "word2vec", "--set", "epochs=1", "--keep", "--out")
    first = said(capsys, *train, "a.npz")
    monkeypatch.setattr("recemb_core.runs.doing.train_model", lambda *args, **named: pytest.fail("trained again"))
    second = said(capsys, *train, "b.npz")
    assert first["run"] == second["run"]
    assert ItemVectors.load("a.npz").vectors.tobytes() == ItemVectors.load("b.npz").vectors.tobytes()
    assert any("nothing was trained again" in note for note in second["notes"])
    (only,) = said(capsys, "runs")["runs"]
    assert (only["run"], only["state"], only["scores"], only["vectors"]) == (first["run"], "finished", {}, True)
    assert only["peak_bytes"] is None or only["peak_bytes"] > 10_000_000


@pytest.mark.slow
def test_evaluate_keeps_every_seed_and_says_the_same_the_second_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = said(capsys, *EVALUATE)
    plain = said(capsys, *EVALUATE[:-2])
    monkeypatch.setattr("recemb_core.runs.doing.train_entry", lambda *args, **named: pytest.fail("trained again"))
    second = said(capsys, *EVALUATE)
    for other in (second, plain):
        assert [row["hr"] for row in other["rows"]] == [row["hr"] for row in first["rows"]]
        assert [d["p_holm"] for d in other["differences"]] == [d["p_holm"] for d in first["differences"]]
    assert "4 of them were there before" in second["notes"][-1]
    runs = said(capsys, "runs", "--store", "runs")["runs"]
    assert sorted((run["model"], run["seed"]) for run in runs if run["seed"] is not None) == [
        ("word2vec", seed) for seed in range(3)
    ]
    assert not Path("usual").exists()


@pytest.mark.slow
def test_two_settings_are_compared_over_all_their_kept_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, *EVALUATE)
    said(capsys, *EVALUATE, "--set", "window=1")
    runs = said(capsys, "runs", "--store", "runs")["runs"]
    ids = {run["settings"]["window"]: run["run"] for run in runs if run["model"] == "word2vec"}
    found = said(capsys, "runs", "compare", *(ids[window] for window in sorted(ids)), "--store", "runs")
    assert list(found["settings"]) == ["window"]
    for metric, one in found["differences"].items():
        assert (one["measured"], one["users"]) == (True, 40), metric
        assert one["low"] <= one["value"] <= one["high"]
    assert len(found["least_overlap"]) <= 10
    assert found["neighbors"] == 6, "of seven items, all others"
    assert main(["runs", "compare", *ids.values(), "--store", "runs"]) == 0
    assert "mean overlap@6 is 1.00 over 7 items, of lists drawn by chance 1.00" in capsys.readouterr().out
    floor = next(run["run"] for run in runs if run["model"] == "Popularity")
    none = said(capsys, "runs", "compare", floor, ids[1], "--store", "runs")
    assert "No neighbors are compared: Popularity" in none["notes"][-1]
    alike = [run["run"] for run in runs if run["settings"].get("window") == 1]
    again = said(capsys, "runs", "compare", *alike[:2], "--store", "runs")
    assert "seed alone" in again["notes"][0]
    assert "differences" not in again


def test_a_list_of_runs_tells_different_questions_apart(capsys: pytest.CaptureFixture[str]) -> None:
    one = [*EVALUATE, "--seeds", "1"]
    said(capsys, *one)
    assert main(["runs", "--store", "runs"]) == 0
    assert "different questions" not in capsys.readouterr().out
    said(capsys, *one, "--protocol", "ks=5,20")
    said(capsys, *one, "--protocol", "most_users=30")
    assert main(["runs", "--store", "runs"]) == 0
    shown = capsys.readouterr().out
    assert "different questions (they differ by ks, most_users)" in shown
    for run in said(capsys, "runs", "--store", "runs")["runs"]:
        hr = run["scores"]["hr"]
        (line,) = (line for line in shown.splitlines() if line.startswith(run["run"][:8]))
        assert f"{run['part']}" in line
        assert f"{hr['value']:.4f} @{hr['k']}" in line


@pytest.mark.slow
def test_a_folder_of_ones_home_is_meant_where_no_shell_reads_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    said(capsys, *EVALUATE[:-2], "--seeds", "1", "--store=~/kept")
    assert len(said(capsys, "runs", "--store=~/kept")["runs"]) == 2
    monkeypatch.setenv("RECEMB_RUNS_FOLDER", "~/kept")
    assert len(said(capsys, "runs")["runs"]) == 2
    assert (tmp_path / "home" / "kept" / "optuna.db").exists()
    assert not (tmp_path / "~").exists()


@pytest.mark.slow
def test_notes_tags_pins_and_deleting(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, *EVALUATE)
    run = said(capsys, "runs", "--store", "runs")["runs"][0]["run"]
    told = said(capsys, "runs", "note", run[:8], "--text", "the good one", "--tag", "x", "--pin", "--store", "runs")
    assert (told["note"], told["tags"], told["pinned"]) == ("the good one", ["x"], True)
    told = said(capsys, "runs", "note", run[:8], "--tag", "", "--store", "runs")
    assert (told["note"], told["tags"], told["pinned"]) == ("the good one", [], True)
    assert main(["runs", "--store", "runs"]) == 0
    assert "the good one" in capsys.readouterr().out
    vectors = next(one for one in said(capsys, "runs", "--store", "runs")["runs"] if one["vectors"])["run"]
    said(capsys, "runs", "show", vectors, "--out", "v.npz", "--store", "runs")
    origin = load_origin("v.npz")
    assert origin is not None
    assert "held out" in origin.notes[0]
    assert said(capsys, "runs", "delete", run, vectors, "--store", "runs")["deleted"] == [run, vectors]
    assert {run, vectors} & {one.run_id for one in RunStore.open("runs").runs()} == set()


def test_what_is_wrong_is_a_sentence_or_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show", "zz"]) == 1
    assert "no run is called 'zz'" in capsys.readouterr().err
    for wrong in (["runs", "compare", "one"], ["runs", "delete"], ["train", "log.csv", "--model", "word2vec"]):
        with pytest.raises(SystemExit):
            main(wrong)
        capsys.readouterr()
    Path("file").write_text("")
    assert main(["runs", "--store", "file"]) == 1
    assert "cannot be used" in capsys.readouterr().err
    Path("other").mkdir()
    for folder, why in (("typo", "is no folder"), ("other", "holds no kept runs")):
        for action in ([], ["show", "zz"], ["delete", "zz"]):
            assert main(["runs", *action, "--store", folder]) == 1
            assert why in capsys.readouterr().err
    assert not Path("typo").exists(), "what only reads makes nothing"
    assert not list(Path("other").iterdir())
    assert main(["runs"]) == 0
    assert "No runs are kept" in capsys.readouterr().out
    assert said(capsys, "runs")["runs"] == []
    assert not Path("usual").exists()
