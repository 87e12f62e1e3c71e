"""The command line does what the library does: reads, trains, lists, exports, serves; its codes; no bar in a pipe."""

from __future__ import annotations

import argparse
import io
import json
import os
import pty
import subprocess
import sys
import termios
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from recemb_core.bundles import load_origin
from recemb_core.command_line import COMMANDS, main, parser
from recemb_core.command_line.targets import check_targets
from recemb_core.config_fields import config_fields
from recemb_core.datasets import list_datasets
from recemb_core.deep.average import history_average
from recemb_core.embeddings import (
    MODELS,
    ItemVectors,
    Node2VecConfig,
    Word2VecConfig,
    default_graph,
    node2vec_defaults,
    train_model,
    train_node2vec,
    train_word2vec,
    word2vec_defaults,
)
from recemb_core.embeddings.exporting import FORMATS
from recemb_core.experiments.leaderboard import Leaderboard, Protocol, entry_defaults, measure_all, part_cases
from recemb_core.item_graph.config import GraphConfig
from recemb_core.prepared import prepare_bundled, reading_settings
from recemb_core.readers import ColumnMapping, Reading
from recemb_core.sequences import Sequences, read_events
from recemb_core.session_file import SessionFile
from recemb_core.validation import UsageError
from tests.core.commands import refused, said

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--set", "dimensions=8", "--set", "epochs=1"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with a log in it, which all commands run in."""
    monkeypatch.chdir(tmp_path)
    kinds = (["tea", "milk", "green tea", "cup", "a;b"], ["nail", "saw", "drill", "=1+1", "plank"])
    lines = ["user;item;time;price"]
    for user in range(20):
        items = kinds[user % 2]
        lines += [f"{user};{items[(user + s) % 5]};{1_000 * user + 60 * s};1,5" for s in range(4)]
    Path("log.csv").write_text("\n".join(line.replace("a;b", '"a;b"') for line in lines) + "\n")
    return tmp_path


# --- prepare ---


def test_prepare_says_what_the_library_says(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "prepare", "log.csv")
    sequences = read_events("log.csv")
    assert found["counts"] == {
        "items": len(sequences.items),
        "events": len(sequences.tokens),
        "sequences": len(sequences),
        "users": 20,
    }
    assert [a["words"] for a in found["assumptions"]] == [str(a) for a in sequences.assumptions]
    assert [s["text"] for s in found["steps"]] == [s.text for s in sequences.report]


def test_every_assumption_is_printed_the_doubtful_with_what_to_give_instead(capsys: pytest.CaptureFixture[str]) -> None:
    Path("doubt.csv").write_text(
        "user,item,time\n" + "".join(f"u{i % 3},i{i % 4},0{1 + i % 9}/02/2010\n" for i in range(60))
    )
    assert main(["prepare", "doubt.csv"]) == 0
    out = capsys.readouterr().out
    sequences = read_events("doubt.csv")
    assert any(a.doubtful for a in sequences.assumptions)
    for assumption in sequences.assumptions:
        assert " ".join(str(assumption).split()) in out
    assert "--read day_first=" in out
    for day_first in ("false", "true"):
        chosen = said(capsys, "prepare", "doubt.csv", "--read", f"day_first={day_first}")
        (taken,) = (a for a in chosen["assumptions"] if a["name"] == "day_first")
        assert (taken["value"], taken["doubtful"]) == (day_first == "true", False)


def test_a_reading_is_changed_by_name_and_saved_for_the_next_time(capsys: pytest.CaptureFixture[str]) -> None:
    first = said(capsys, "prepare", "log.csv", "--read", "min_length=3", "--read", "weight=price", "--gap", "5",
                 "--save-session", "s.toml")  # fmt: skip
    saved = SessionFile.from_toml(Path("s.toml").read_bytes())
    assert saved.reading is not None
    assert saved.reading.columns is not None
    assert (saved.reading.columns.weight, saved.reading.cleaning.gap_minutes) == ("price", 5.0)
    assert said(capsys, "prepare", "--session", "s.toml")["fingerprint"] == first["fingerprint"]
    assert read_events("log.csv", reading=saved.reading).fingerprint


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_cleaned_events_read_again_are_the_same_sequences(
    ordered: bool, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"u": f"u{i // 8}", "i": f"i{i * i % 11}", "t": i * 500, "b": f"b{i // 4}"} for i in range(120)]
    pl.DataFrame(rows).write_csv("in.csv")
    how = ["--read", "user=u", "--read", "item=i"]
    how += ["--read", "timestamp=t"] if ordered else ["--read", "basket=b"]
    out = f"out.{ending}"
    main(["prepare", "in.csv", *how, "--out", out, "--save-session", "s.toml"])
    saved = SessionFile.from_toml(Path("s.toml").read_bytes())
    before = read_events("in.csv", reading=saved.reading)
    roles = {"session": "session"} if before.ordered else {"basket": "basket"}
    again = read_events(out, user="user", item="item", gap_minutes=float("inf"), min_length=1, drop_repeats=False,
                        **roles)  # fmt: skip
    assert lists(again) == lists(before)


def lists(sequences: Sequences) -> list[list[str]]:
    found = [[sequences.items[t] for t in line] for line in sequences]
    return found if sequences.ordered else sorted(map(sorted, found))


def test_sequences_without_times_keep_their_order_in_a_table() -> None:
    shop = Sequences.from_lists([["tea", "milk", "tea"], ["cup", "tea"]])
    frame = shop.to_frame()
    assert frame.columns == ["session", "item", "order"]
    columns = ColumnMapping(shape="events", session="session", item="item", order="order")
    again = read_events(frame, reading=Reading(columns=columns).with_cleaning(min_length=1, drop_repeats=False))
    assert lists(again) == lists(shop)


def test_an_edge_list_is_a_graph_that_can_be_walked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("edges.csv").write_text("source,target,weight\ntea,cup,2\ncup,milk,1\nmilk,tea,3\n")
    assert said(capsys, "prepare", "edges.csv")["counts"] == {"items": 3, "edges": 3}
    found = said(capsys, "train", "edges.csv", "--model", "deepwalk", *SMALL, "--out", "v.npz")
    assert found["counts"]["edges walked"] == 3
    assert "needs sequences" in refused(capsys, "train", "edges.csv", "--model", "word2vec", "--out", "w.npz")


def test_details_beside_a_log_are_side_information(capsys: pytest.CaptureFixture[str]) -> None:
    Path("items.csv").write_text("item,kind\ntea,drink\nmilk,drink\ncup,thing\nsaw,tool\nnail,tool\n")
    found = said(capsys, "prepare", "log.csv", "--details", "items.csv", "--save-session", "s.toml")
    assert found["details"] == ["kind"]
    assert said(capsys, "prepare", "--session", "s.toml")["fingerprint"] == found["fingerprint"]
    trained = said(capsys, "train", "--session", "s.toml", "--model", "GES", *SMALL, "--out", "v.npz")
    assert trained["model"] == "GES"
    without = said(capsys, "prepare", "log.csv", "--session", "s.toml")
    assert any("items.csv" in note for note in without["notes"])


# --- train ---


def test_training_is_the_librarys(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "train", "log.csv", "--model", "word2vec", "--seed", "3", "--set", "window=2", "--out", "v.npz")
    sequences = read_events("log.csv")
    wanted = train_word2vec(sequences, Word2VecConfig(**{**vars(word2vec_defaults(sequences, 3)), "window": 2}))
    found = ItemVectors.load("v.npz")
    np.testing.assert_array_equal(found.vectors, wanted.vectors)
    assert found.config == wanted.config


@pytest.mark.parametrize(("told", "by_size"), [([], True), (["--set", "epochs=3"], False)])
def test_training_says_the_epochs_and_whether_they_go_by_size(
    told: list[str], by_size: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["train", "log.csv", "--model", "word2vec", *told, "--out", "v.npz", "--save-session", "s.toml"]
    found = said(capsys, *common)
    epochs = word2vec_defaults(read_events("log.csv")).epochs if by_size else 3
    assert (found["config"]["epochs"], found["epochs_by_size"]) == (epochs, by_size)
    assert main(common) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.strip().startswith("epochs ")]
    assert line.split()[1:] == [str(epochs), *(["(by", "size)"] if by_size else [])]
    # The session says the number, whoever chose it.
    again = said(capsys, "train", "log.csv", "--session", "s.toml", "--out", "w.npz")
    assert (again["config"], again["epochs_by_size"]) == (found["config"], False)


def test_a_comparison_says_the_epochs_of_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    common = ["compare", "log.csv", "--row", "Popularity", "--row", "word2vec", "--row", "word2vec,epochs=2"]
    rows = said(capsys, *common)["rows"]
    epochs = {row["row"]: row["config"].get("epochs") for row in rows}
    assert epochs["word2vec, epochs=2"] == 2
    main(common)
    out = " ".join(capsys.readouterr().out.split())
    assert f"word2vec: {epochs['word2vec']}; word2vec, epochs=2: 2" in out


def test_a_model_on_walks_takes_graph_settings(capsys: pytest.CaptureFixture[str]) -> None:
    common = ["train", "log.csv", "--model", "node2vec", *SMALL, "--set", "q=0.5", "--out", "v.npz"]
    said(capsys, *common)
    sequences = read_events("log.csv")
    graph = default_graph(sequences)
    config = Node2VecConfig(**{**vars(node2vec_defaults(len(graph))), "dimensions": 8, "epochs": 1, "q": 0.5})
    np.testing.assert_array_equal(ItemVectors.load("v.npz").vectors, train_node2vec(graph, config).vectors)
    said(capsys, *common, "--graph", "backbone=top_edges", "--graph", "top=1", "--graph", "directed=false")
    graph = GraphConfig(backbone="top_edges", top=1, directed=False).build(sequences)
    np.testing.assert_array_equal(ItemVectors.load("v.npz").vectors, train_node2vec(graph, config).vectors)


@pytest.mark.parametrize("name", list(MODELS))
def test_every_registered_model_trains_and_its_session_trains_it_again(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("items.csv").write_text("item,kind\ntea,drink\nmilk,drink\ncup,thing\nsaw,tool\nnail,tool\n")
    data = ["log.csv", "--details", "items.csv"]
    small = [] if name == "PPMI-SVD" else SMALL
    first = said(capsys, "train", *data, "--model", name, *small, "--seed", "5", "--out", "a.npz",
                 "--save-session", "s.toml")  # fmt: skip
    said(capsys, "train", "--session", "s.toml", "--out", "b.npz")
    assert Path("a.npz").read_bytes() == Path("b.npz").read_bytes()
    assert first["config"].get("seed", 5) == 5
    origin = load_origin("a.npz")
    assert origin is not None
    assert origin.session == Path("s.toml").read_text()


def test_a_session_of_the_pages_trains_what_they_show(capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"word2vec_window": 3, "word2vec_dimensions": 4, "seed": 9, "k": 5}
    Path("s.toml").write_text(SessionFile(data="planted_shop", settings={**settings, "gap": 1}).to_toml())
    found = said(capsys, "train", "--session", "s.toml", "--model", "word2vec", "--set", "epochs=1", "--out", "v.npz")
    assert {found["config"][name] for name in ("window", "dimensions", "seed")} == {3, 4, 9}
    cut = prepare_bundled("planted_shop", SessionFile(gap_minutes=1))
    assert found["fingerprint"] == cut.fingerprint
    assert found["fingerprint"] != prepare_bundled("planted_shop").fingerprint


def test_another_log_with_the_same_reading_is_said_to_be_another(capsys: pytest.CaptureFixture[str]) -> None:
    main(["prepare", "log.csv", "--save-session", "s.toml"])
    Path("tomorrow.csv").write_text(Path("log.csv").read_text() + "20;saw;999\n")
    notes = said(capsys, "prepare", "tomorrow.csv", "--session", "s.toml")["notes"]
    assert any("another file" in note for note in notes)


# --- neighbors, export ---


@pytest.fixture
def trained(capsys: pytest.CaptureFixture[str]) -> ItemVectors:
    said(capsys, "train", "log.csv", "--model", "item2vec", *SMALL, "--out", "v.npz")
    return ItemVectors.load("v.npz")


def test_neighbors_are_the_vectors_own(trained: ItemVectors, capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "neighbors", "v.npz", "--item", "tea", "--item", "=1+1", "-k", "3", "--score", "in_out")
    for item in ("tea", "=1+1"):
        wanted = trained.most_similar(item, 3, "in_out")
        assert [(one["id"], one["score"]) for one in found["neighbors"][item]] == wanted
    said(capsys, "neighbors", "v.npz", "--out", "all.parquet", "-k", "2")
    assert len(pl.read_parquet("all.parquet")) == 2 * len(trained)
    said(capsys, "neighbors", "v.npz", "--out", "all.csv", "-k", "2")
    assert not [line for line in Path("all.csv").read_text().splitlines() if line.startswith("=")]


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_is_written(name: str, trained: ItemVectors, capsys: pytest.CaptureFixture[str]) -> None:
    ending = FORMATS[name].ending
    found = said(capsys, "export", "v.npz", "--out", f"file{ending}")
    assert found["format"] == name
    if name != "npz":
        assert Path(f"file{ending}").read_bytes() == FORMATS[name].make(trained)
    else:
        np.testing.assert_array_equal(ItemVectors.load("file.npz").vectors, trained.vectors)
    assert bool(found["notes"]) == FORMATS[name].renames  # of 'green tea'


def test_a_bundle_says_the_data_it_is_of(trained: ItemVectors, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "export", "v.npz", "--bundle", "bundle")
    card = Path("bundle/README.md").read_text("utf-8")
    assert "`log.csv`" in card
    assert said(capsys, "prepare", "log.csv")["fingerprint"] in card
    Path("bundle/session.toml").rename("s.toml")
    said(capsys, "train", "--session", "s.toml", "--out", "again.npz")
    assert Path("again.npz").read_bytes() == Path("v.npz").read_bytes()
    assert "not an empty folder" in refused(capsys, "export", "v.npz", "--bundle", "bundle")


@pytest.mark.parametrize("ending", ["txt", "bin", "parquet", "zip"])
def test_vectors_made_elsewhere_are_listed_exported_and_served_like_any(
    ending: str, trained: ItemVectors, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "export", "v.npz", "--out", f"w.{ending}")
    found = said(capsys, "neighbors", f"w.{ending}", "--item", "tea", "-k", "3")
    wanted = trained.most_similar("tea", 3)
    assert [one["id"].replace("_", " ") for one in found["neighbors"]["tea"]] == [item for item, _ in wanted]
    assert "Read as" in found["notes"][0]
    said(capsys, "export", f"w.{ending}", "--bundle", "b.zip")
    assert said(capsys, "neighbors", "b.zip", "--item", "tea", "-k", "3")["neighbors"] == found["neighbors"]
    assert said(capsys, "serve", "log.csv", "--store", "s.db", "--vectors", f"w.{ending}")["version"]["users"] == 20


def test_an_array_needs_its_ids(trained: ItemVectors, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("v.npy", trained.vectors)
    Path("ids.txt").write_text("\n".join(trained.items))
    assert "bring the file of its ids" in refused(capsys, "neighbors", "v.npy", "--item", "tea")
    found = said(capsys, "neighbors", "v.npy", "--ids", "ids.txt", "--item", "tea", "-k", "3")
    assert [one["id"] for one in found["neighbors"]["tea"]] == [item for item, _ in trained.most_similar("tea", 3)]


# --- serve ---


def test_serving_answers_what_the_history_says(
    trained: ItemVectors, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = said(capsys, "serve", "log.csv", "--store", "s.db", "--vectors", "v.npz", "--user", "3", "--item", "tea")
    assert (found["version"]["users"], found["version"]["items"]) == (20, len(trained))
    sequences = read_events("log.csv")
    history = np.concatenate([line for line, user in zip(sequences, sequences.users, strict=True) if user == "3"])
    rows = trained.items.rows(sequences.items[t] for t in history)
    model = history_average(trained)
    best = model.encode([rows]) @ model.item_vectors.T
    top = found["answers"]["user 3"]["top"]
    assert [one["score"] for one in top] == pytest.approx(np.sort(best[0])[::-1][:10], abs=1e-5)
    near = [one["id"] for one in found["answers"]["item tea"]["top"]]
    assert near == [item for item, _ in trained.most_similar("tea", 9)]
    monkeypatch.setattr(sys, "stdin", io.StringIO("3\nnobody\n"))
    assert main(["serve", "--store", "s.db", "--stdin", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["top"] == top
    assert "nobody" in lines[1]["error"]
    monkeypatch.setenv("RECEMB_REDIS_URL", "redis://127.0.0.1:1/0")  # nobody is there: a file that is named is taken
    assert [one["model"] for one in said(capsys, "serve", "--store", "s.db")["models"]] == ["item2vec"]


def test_events_of_other_items_are_counted_when_users_are_published(
    trained: ItemVectors, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("other.csv").write_text("user,item,time\nann,tea,1\nann,pot,2\nbob,pot,3\nbob,pan,4\n")
    found = said(capsys, "serve", "other.csv", "--store", "s.db", "--vectors", "v.npz")
    assert found["version"]["users"] == 1
    assert any("3 events" in note for note in found["notes"])


# --- evaluate, compare ---


def test_comparing_is_the_librarys(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "compare", "log.csv", "--row", "popularity", "--row", "ItemKNN, last 1",
                 "--row", "word2vec,dimensions=4,epochs=1", "--protocol", "ks=2,3", "--seed", "5")  # fmt: skip
    cases = part_cases(read_events("log.csv"), Protocol(ks=(2, 3)))
    entries = entry_defaults(cases.train)
    word2vec = replace(entries["word2vec"], config=replace(entries["word2vec"].config, dimensions=4, epochs=1))
    board = Leaderboard.of(
        measure_all(cases, [entries["Popularity"], entries["ItemKNN, last 1"], word2vec], seeds=(5, 6, 7))
    )
    comparison = board.compare("hr", 2)
    names = {"word2vec, dimensions=4, epochs=1": "word2vec"}
    assert [names.get(row["row"], row["row"]) for row in found["rows"]] == list(comparison.order)
    for row in found["rows"]:
        name = names.get(row["row"], row["row"])
        about = board.estimate(name, "hr", 2)
        assert row["hr"] == {"value": about.value, "low": about.low, "high": about.high}
        assert row["letters"] == comparison.letters[name]
    assert [d["verdict"] for d in found["differences"]] == [d.verdict for d in comparison.differences.values()]
    assert found["part"] == "validation"


def test_vectors_made_elsewhere_are_a_row_beside_the_model_that_made_them(capsys: pytest.CaptureFixture[str]) -> None:
    cases = part_cases(read_events("log.csv"), Protocol())
    config = replace(entry_defaults(cases.train)["word2vec"].config, dimensions=4, epochs=1)
    train_model(config, sequences=cases.train).save("mine.npz")
    found = said(capsys, "compare", "log.csv", "--row", "word2vec,dimensions=4,epochs=1", "--seeds", "1",
                 "--vectors", "mine.npz")  # fmt: skip
    rows = {row["row"]: row for row in found["rows"]}
    assert rows["mine.npz"]["hr"] == pytest.approx(rows["word2vec, dimensions=4, epochs=1"]["hr"])
    assert rows["mine.npz"]["seeds"] is rows["mine.npz"]["train_seconds"] is None
    assert any("whether it has seen the validation part" in note for note in found["notes"])
    alone = said(capsys, "evaluate", "log.csv", "--vectors", "mine.npz")
    assert {row["row"] for row in alone["rows"]} == {"mine.npz", "Popularity"}


def test_a_model_is_evaluated_beside_the_floor_and_its_scores_go_on_the_card(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said(capsys, "train", "log.csv", "--model", "word2vec", *SMALL, "--out", "v.npz", "--save-session", "s.toml")
    found = said(capsys, "evaluate", "--session", "s.toml")
    assert {row["row"] for row in found["rows"]} == {"word2vec", "Popularity"}
    Path("scores.json").write_text(json.dumps(found))
    (measured,) = (row for row in found["rows"] if row["row"] == "word2vec")
    said(capsys, "export", "v.npz", "--bundle", "b", "--scores", "scores.json")
    card = Path("b/README.md").read_text("utf-8")
    assert f"| HR@10 | {measured['hr']['value']:.3f} |" in card
    assert "No score of the model itself" not in card
    wrong = [({"fingerprint": "other"}, "other data"), ({"rows": []}, "no row"), ({"rows": 3}, "not what")]
    for change, words in wrong:
        Path("wrong.json").write_text(json.dumps({**found, **change}))
        assert words in refused(capsys, "export", "v.npz", "--bundle", "c", "--scores", "wrong.json")


# --- what is wrong, and how it is said ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("prepare nowhere.csv", "'nowhere.csv' cannot be opened"),
        ("prepare --data nothing", "no data set is called 'nothing'"),
        ("prepare log.csv --read min_cuont=3", "did you mean min_count?"),
        ("prepare log.csv --read min_count=0", "min_count must be"),
        ("prepare log.csv --read min_count", "--read needs NAME=VALUE"),
        ("prepare log.csv --read gap_minutes=3 --read gap_minutes=4", "given twice"),
        ("prepare log.csv --out x.xls", "must end in .parquet or .csv"),
        ("prepare log.csv --session nowhere.toml", "nowhere.toml cannot be read"),
        ("prepare log.csv --session log.csv", "no valid TOML"),
        ("prepare log.csv --out nowhere/x.parquet", "nowhere/x.parquet"),
        ("prepare --data karate_club --read gap_minutes=3", "read already"),
        ("train log.csv --model wordvec --out v.npz", "no model is called 'wordvec'"),
        ("train log.csv --model word2vec --set windw=3 --out v.npz", "did you mean window?"),
        ("train log.csv --model word2vec --set window=zero --out v.npz", "window must be a whole number"),
        ("train log.csv --model word2vec --set window=0 --out v.npz", "window must be a whole number"),
        ("train log.csv --model word2vec --graph tops=0 --out v.npz", "no setting 'tops'"),
        ("train log.csv --model word2vec --seed -1 --out v.npz", "seed must be"),
        ("train log.csv --model EGES --out v.npz", "EGES needs side information"),
        ("train log.csv --model word2vec --out nowhere/v.npz", "nowhere/v.npz"),
        ("train log.csv --model word2vec --set dimensions=100000000 --out v.npz", "from 1 to 4,096, not 100000000"),
        ("sweep log.csv --model word2vec --vary window=2,3", "a log goes behind --log"),
        ("train --session log.csv --model word2vec --out v.npz", "log.csv: the saved session is no valid TOML"),
        ("neighbors log.csv --item tea", "'log.csv' is no file of vectors"),
        ("neighbors nowhere.npz --item tea", "'nowhere.npz' cannot be opened"),
        ("export nowhere.npz --out v.txt", "'nowhere.npz' cannot be opened"),
        ("serve --store s.db --user 3", "publish with --vectors"),
        ("serve --store nowhere/s.db", "nowhere/s.db"),
        ("compare log.csv --row nothing", "no row is called 'nothing'"),
        ("compare log.csv --row word2vec,windw=3", "did you mean window?"),
        ("compare log.csv --row Popularity --row Popularity", "asked for twice"),
        ("compare log.csv --row EGES", "EGES needs side information"),
        ("compare log.csv --vectors log.csv", "log.csv"),
        ("compare log.csv --seeds 0", "--seeds must be 1 or more"),
        ("compare log.csv --protocol split=middle", "split must be"),
        ("evaluate --data karate_club --model DeepWalk", "nothing of it can be held out"),
        ("models wordvec", "no model is called 'wordvec'"),
        ("train log.csv --model word2vec --out v.txt", "--out must end in .npz, not '.txt'; 'recemb export'"),
        ("train log.csv --model word2vec --out .", "--out must name a file"),
        ("train log.csv --model word2vec --out v.npz --save-session nowhere/s.toml", "no folder nowhere for"),
        ("sweep nowhere.toml --save-session nowhere/s.toml", "no folder nowhere for"),
        ("serve --store s.db --item tea -n 0", "-n must be 1 or more, not 0"),
        ("serve --store s.db --item tea -n -3", "-n must be 1 or more, not -3"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_code_1(
    arguments: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refused(capsys, *arguments.split())


def test_a_memory_that_is_full_is_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **named: object) -> None:
        np.empty(2**50)

    monkeypatch.setattr("recemb_core.command_line.train.train_model", full)
    said = refused(capsys, "train", "log.csv", "--model", "word2vec", "--out", "v.npz")
    assert "not enough memory" in said
    assert "fewer dimensions" in said


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "fly",
        "prepare",
        "prepare log.csv --data karate_club",
        "train log.csv --out v.npz",
        "train log.csv --model word2vec",
        "neighbors v.npz",
        "export v.npz",
        "export v.npz --out x --as gif",
        "serve log.csv --store s.db",
        "prepare log.csv --gap soon",
        "evaluate log.csv",
        "compare log.csv --part all",
    ],
)
def test_a_wrong_command_is_code_2(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments.split())
    assert left.value.code == 2
    assert "usage: recemb" in capsys.readouterr().err


def test_a_session_whose_file_is_not_there_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    main(["prepare", "log.csv", "--save-session", "s.toml"])
    Path("log.csv").unlink()
    sentence = refused(capsys, "prepare", "--session", "s.toml")
    assert "log.csv" in sentence
    assert "bytes" in sentence


def test_a_terminal_is_not_steered_by_names(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]0;owned\x07tea\u202e"
    rows = [
        {"user": u, "item": i, "time": t}
        for t, (u, i) in enumerate((u, i) for u in "abc" for i in (evil, "cup", "pot"))
    ]
    Path("evil.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    main(["train", "evil.jsonl", "--model", "word2vec", *SMALL, "--out", "v.npz"])
    main(["neighbors", "v.npz", "--item", "cup"])
    main(["neighbors", "v.npz", "--item", evil + "x"])
    out, err = capsys.readouterr()
    assert "owned" in out + err
    assert not any(c in out + err for c in "\x1b\x07\u202e")


# --- help ---


@pytest.mark.slow
def test_help_says_every_command_setting_and_data_set(capsys: pytest.CaptureFixture[str]) -> None:
    whole = parser().format_help()
    assert all(command.NAME in whole for command in COMMANDS)

    def help_of(*words: str) -> str:
        with pytest.raises(SystemExit) as left:
            main([*words, "--help"])
        assert left.value.code == 0
        return capsys.readouterr().out

    prepare = help_of("prepare")
    assert all(f"  {name}  (" in prepare for name in reading_settings())
    assert all(info.name in prepare for info in list_datasets())
    train = help_of("train")
    assert all(name in train for name in MODELS)
    assert all(f"  {field.name}  (" in train for field in config_fields(GraphConfig))
    for name, spec in MODELS.items():
        capsys.readouterr()
        main(["models", name])
        listed = capsys.readouterr().out
        assert all(f"  {f.name}  (" in listed for f in config_fields(spec.config) if f.name not in spec.fixed)
        assert "`" not in listed
    for command in COMMANDS:
        assert "`" not in help_of(command.NAME), "marks for the documentation"


# --- as a program ---


def program(*arguments: str, **more: Any) -> list[str]:
    return [sys.executable, "-m", "recemb_core", *arguments]


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.slow
def test_the_program_gives_its_code_and_no_bar_in_a_pipe() -> None:
    command = program("train", "log.csv", "--model", "word2vec", "--out", "v.npz", "--json")
    run = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert run.returncode == 0
    assert run.stderr == ""
    assert json.loads(run.stdout)["model"] == "word2vec"
    for arguments, code in ((["models", "nothing"], 1), (["fly"], 2)):
        assert subprocess.run(program(*arguments), capture_output=True, env=ENVIRONMENT, check=False).returncode == code


@pytest.mark.slow
def test_the_program_shows_a_bar_on_a_terminal() -> None:
    command = program("train", "log.csv", "--model", "word2vec", "--set", "epochs=400", "--out", "v.npz")
    mine, its = pty.openpty()
    termios.tcsetwinsize(its, (24, 80))
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=its, env=ENVIRONMENT)
    os.close(its)
    shown = b""
    while True:
        try:
            part = os.read(mine, 4_096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(mine)
    assert run.wait(timeout=60) == 0
    assert b"word2vec" in shown
    assert b"%" in shown


@pytest.mark.slow
def test_a_reader_that_has_enough_is_no_error() -> None:
    command = f"{sys.executable} -m recemb_core models word2vec | head -n 1"
    run = subprocess.run(command, shell=True, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert run.stdout.strip() == "word2vec"
    assert run.stderr == ""


def test_what_spark_is_to_write_is_looked_at_before_its_work(tmp_path: Path) -> None:
    """Spark writes events as a folder of files, which must not be there yet, and may lie where only Spark can look."""
    (tmp_path / "there.parquet").mkdir()
    args = {"command": "prepare", "out": str(tmp_path / "there.parquet")}
    with pytest.raises(UsageError, match="is there already"):
        check_targets(argparse.Namespace(**args, engine="spark"))
    with pytest.raises(UsageError, match="is a folder"):
        check_targets(argparse.Namespace(**args, engine="polars"))
    for good in (str(tmp_path / "new.parquet"), "hdfs://names:9000/new.parquet"):
        check_targets(argparse.Namespace(command="prepare", out=good, engine="spark"))
    with pytest.raises(UsageError, match="there is no folder"):
        check_targets(argparse.Namespace(command="prepare", out=str(tmp_path / "gone" / "new.parquet"), engine="spark"))
