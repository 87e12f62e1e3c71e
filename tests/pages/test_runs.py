"""The Runs page: what pages keep is in its table, is opened again untrained, compared, noted and deleted."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import session
from pages.kit.uploads import server
from recemb_core.brought import Brought
from recemb_core.embeddings import ItemVectors, Node2VecConfig, train_node2vec
from recemb_core.embeddings.exporting import word2vec_binary
from recemb_core.experiments.leaderboard import Entry, Part, Protocol, default_query, part_cases
from recemb_core.prepared import prepare_bundled, prepare_file
from recemb_core.runs import RunRecord, RunSpec, RunStore
from recemb_core.runs.comparing import side_by_side
from recemb_core.runs.doing import kept_measurement, kept_vectors
from recemb_core.scorers import PopularityConfig
from recemb_core.vocabulary import Vocabulary
from tests.pages.conftest import healthy, questions, run_the_python, show_me, text
from tests.pages.test_upload import baskets, upload

pytest.importorskip("optuna")
Open = Callable[..., AppTest]
DATA = "planted_shop"


def store() -> RunStore:
    return RunStore.open(os.environ["RECEMB_RUNS_FOLDER"])


def measured(dimensions: int, seeds: int = 3, epochs: int = 1) -> list[RunRecord]:
    from recemb_core.embeddings import Word2VecConfig

    shop = prepare_bundled(DATA)
    assert shop.sequences is not None
    cases = part_cases(shop.sequences, Protocol(most_users=300))
    config = Word2VecConfig(dimensions=dimensions, epochs=epochs)
    entry = Entry(name="word2vec", config=config, query=default_query(config, cases.train))
    about = {"name": shop.name, "fingerprint": shop.fingerprint}
    return [kept_measurement(store(), cases, entry, seed, **about)[1] for seed in range(seeds)]


def asked(question: Protocol, part: Part = "validation") -> RunRecord:
    """Popularity, asked something."""
    shop = prepare_bundled(DATA)
    assert shop.sequences is not None
    entry = Entry(name="Popularity", config=PopularityConfig(), query=None)
    about = {"name": shop.name, "fingerprint": shop.fingerprint}
    return kept_measurement(store(), part_cases(shop.sequences, question, part=part), entry, **about)[1]


def walked(q: float) -> RunRecord:
    return kept_vectors(
        store(), Node2VecConfig(dimensions=8, epochs=1, num_walks=2, q=q), prepare_bundled("karate_club")
    )[1]


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [one for one in page.button if one.label == label]
    return healthy(button.click().run())


def test_an_empty_store_says_how_runs_come_into_it(open_page: Open) -> None:
    page = healthy(open_page("runs"))
    assert "No runs of" in text(page)
    assert "recemb evaluate --keep" in text(page)
    run_the_python(page)


@pytest.mark.slow
def test_the_table_has_what_differs_and_scores_with_intervals(open_page: Open) -> None:
    runs = [*measured(8), *measured(16, seeds=1)]
    page = healthy(open_page("runs"))
    table = page.dataframe[0].value
    assert set(table["Run"]) == {one.run_id[:6] for one in runs}
    assert sorted(table["Dimensions"]) == ["16", "8", "8", "8"]
    assert "Window" not in table
    one = runs[0].scores["hr"]
    shown = table.loc[table["Run"] == runs[0].run_id[:6], "HR@10"].item()
    assert shown == f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
    assert len(page.selectbox(key=f"runs_run@{DATA}").options) == len(runs)
    assert run_the_python(page).count("finished") == len(runs)


def test_scores_of_different_questions_stand_under_different_heads_and_it_is_said(open_page: Open) -> None:
    five, ten = asked(Protocol(ks=(5, 20), most_users=200)), asked(Protocol(most_users=300))
    page = healthy(open_page("runs"))
    table = page.dataframe[1].value  # all columns
    for run, head, other in ((five, "HR@5", "HR@10"), (ten, "HR@10", "HR@5")):
        row = table.loc[table["Run"] == run.run_id[:6]]
        assert row[head].item().startswith(f"{run.scores['hr'].value:.3f} (")
        assert row[other].isna().item()
        assert row["Question most users"].item() == str(run.spec.protocol.most_users)
    assert "different questions (by length of the lists, most users)" in text(page)
    both = {"runs_view": "two", "runs_first": five.run_id, "runs_second": ten.run_id}
    assert "most_users 200 and 300" in text(healthy(open_page("runs", **both))).replace("\\", "")


def test_a_run_that_was_deleted_elsewhere_is_no_end_of_the_page(open_page: Open) -> None:
    for label in ("Save", "Delete it", "Open it on the Evaluation page"):
        run = asked(Protocol(most_users=200))
        page = healthy(open_page("runs"))
        store().delete(run.run_id)
        said = text(press(page, label))
        assert "may have been deleted" in said or "No runs of" in said, label


def test_what_others_said_of_a_run_meanwhile_is_not_overwritten(open_page: Open) -> None:
    run = asked(Protocol(most_users=200))
    page = healthy(open_page("runs"))
    store().annotate(run.run_id, note="from the terminal", pinned=True)
    page.text_input[0].set_value("x")
    page = press(page, "Save")
    kept = store().record(run.run_id)
    assert (kept.note, kept.tags, kept.pinned) == ("from the terminal", ("x",), True)
    assert page.text_area[0].value == "from the terminal", "and it is shown from then on"
    page.text_area[0].set_value("")
    press(page, "Save")
    assert store().record(run.run_id).note == ""


def test_a_folder_that_was_taken_away_is_opened_anew(open_page: Open) -> None:
    run = asked(Protocol(most_users=200))
    assert run.run_id[:6] in str(healthy(open_page("runs")).dataframe[0].value["Run"].tolist())
    folder = store().folder
    folder.rename(folder.with_name("elsewhere"))
    assert "No runs of" in text(healthy(open_page("runs"))), "what is gone is not shown"
    page = healthy(open_page("node2vec", data="karate_club"))
    press(page, "Keep this run")
    assert [one.spec.model for one in store().runs()] == ["node2vec"], "and others can be kept"


@pytest.mark.slow
def test_two_settings_are_told_apart_only_beyond_noise_and_with_three_seeds(open_page: Open) -> None:
    small, large = measured(4), measured(32, epochs=12)
    view = {"runs_view": "two", "runs_first": large[0].run_id, "runs_second": small[0].run_id}
    said = text(healthy(open_page("runs", **view)))
    assert "kept seeds: 3 and 3" in said
    assert "Not told apart" in said or "is better**, beyond noise" in said
    assert "mean overlap@10 is" in said
    store().delete(small[2].run_id)
    said = text(healthy(open_page("runs", **view)))
    assert "Noise not measured" in said
    same = {"runs_view": "two", "runs_first": large[0].run_id, "runs_second": large[1].run_id}
    assert "seed alone" in text(healthy(open_page("runs", **same)))


@pytest.mark.slow
def test_notes_tags_and_pins_are_kept_and_a_deleted_run_is_gone(open_page: Open) -> None:
    run = walked(1.0)
    page = healthy(open_page("runs", data="karate_club"))
    page.text_area[0].set_value("much *better* <b>")
    page.text_input[0].set_value("x, y")
    press(page, "Save")
    kept = store().runs()[0]
    assert (kept.note, kept.tags) == ("much *better* <b>", ("x", "y"))
    page = press(page, "Delete it")
    assert store().runs() == []
    assert "No runs of" in text(page)
    assert run.run_id.encode() not in b"".join(p.read_bytes() for p in store().folder.rglob("*") if p.is_file())


@pytest.mark.slow
def test_a_second_press_of_delete_finds_no_button(open_page: Open) -> None:
    """The box stays open, and the next run stands in it."""
    first, second = walked(1.0), walked(2.0)
    page = healthy(open_page("runs", data="karate_club"))
    page = press(page, "Delete it")
    (left,) = store().runs()
    assert left.run_id in {first.run_id, second.run_id}
    assert "Delete it" not in [one.label for one in page.button]
    press(press(page, "Delete another run"), "Delete it")
    assert store().runs() == []


@pytest.mark.slow
def test_what_node2vec_shows_is_the_run_that_the_command_line_would_make(open_page: Open) -> None:
    page = healthy(open_page("node2vec", data="karate_club"))
    press(page, "Keep this run")
    (only,) = store().runs()
    club = prepare_bundled("karate_club")
    assert only.spec.run_id == RunSpec.of(only.spec.config, club).run_id
    assert store().load(only.run_id).vectors.tobytes() == train_node2vec(club.graph, only.spec.config).vectors.tobytes()
    press(page, "Keep this run")
    assert len(store().runs()) == 1


@pytest.mark.slow
def test_an_opened_run_is_shown_untrained(open_page: Open, app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    walked(4.0)
    monkeypatch.setattr("pages.kit.model_results.train_model", lambda *args, **named: pytest.fail("trained again"))
    app.query_params["data"] = "karate_club"
    page = app.run()
    page = page.switch_page("pages/runs.py").run()
    page = press(page, "Open it on the Neighbors page")
    assert page.session_state["node2vec_q@karate_club"] == 4.0
    loaded = session._bundled("karate_club")
    config = replace(store().runs()[0].spec.config)
    from pages.kit import model_results

    assert model_results.has_model(loaded, config, graph=loaded.graph)


@pytest.mark.slow
def test_a_row_of_the_evaluation_is_kept_with_every_seed(open_page: Open) -> None:
    page = healthy(open_page("evaluation", data=DATA, evaluation_rows="Popularity,word2vec"))
    (button,) = [one for one in page.button if one.label.startswith("Keep 3 runs")]
    healthy(button.click().run())
    runs = store().runs()
    assert sorted(one.spec.seed for one in runs) == [0, 1, 2]  # type: ignore[type-var]
    assert all(one.has_users and one.has_vectors and one.spec.model == "word2vec" for one in runs)


def test_a_server_for_others_keeps_none_unless_it_is_switched_on(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECEMB_RUNS")
    page = healthy(open_page("runs"))
    assert "This server keeps no runs" in text(page)
    assert not Path(os.environ["RECEMB_RUNS_FOLDER"]).exists()


@pytest.mark.parametrize(("name", "text"), [("RECEMB_RUNS", "maybe"), ("RECEMB_RUNS_MEGABYTES", "much")])
def test_an_impossible_setting_ends_the_start(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit, match=name):
        server.middleware()


@pytest.mark.slow
def test_nothing_of_an_upload_is_kept_without_a_word(app: AppTest, tmp_path: Path) -> None:
    """And with it, its run is the one that the command line makes of the same file."""
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "shop.csv", baskets()))
    page = healthy(app.switch_page("pages/node2vec.py").run())
    assert not [one for one in page.button if one.label == "Keep this run"]
    assert "is your own data" in text(page)
    assert store().runs() == []
    press(page, "Let runs of this data be kept")
    press(page, "Keep this run")
    (only,) = store().runs()
    path = tmp_path / "shop.csv"
    path.write_bytes(baskets())
    assert only.run_id == RunSpec.of(only.spec.config, prepare_file(path)).run_id
    assert only.spec.settings["graph edges"] == "co_occurrence"
    page = healthy(app.switch_page("pages/runs.py").run())
    assert page.dataframe[0].value["Run"].tolist() == [only.run_id[:6]]
    assert b"u16" not in b"".join(p.read_bytes() for p in store().folder.rglob("*") if p.is_file())  # a user's name


@pytest.mark.slow
def test_vectors_made_elsewhere_are_a_run_that_is_kept_opened_and_compared(open_page: Open, app: AppTest) -> None:
    """Some items have none; kept by a word of their own, here again in another session, held against a model."""
    club = prepare_bundled("karate_club")
    some = Vocabulary(club.items.ids[:30])
    rows = np.random.default_rng(7).normal(size=(30, 6)).astype(np.float32)
    file = ("<b>mine.bin", word2vec_binary(ItemVectors(some, rows)), "application/octet-stream")
    page = healthy(open_page("neighbors", data="karate_club", models="DeepWalk"))
    page.file_uploader(key="brought_files").set_value([file])
    page = healthy(page.run())
    assert store().runs() == [], "nothing is kept without a word"
    press(page, "Keep it as a run")
    (kept,) = store().runs()
    assert (kept.spec.model, kept.spec.seed, kept.spec.config.name) == ("Brought vectors", None, "<b>mine.bin")
    back = Brought.of_kept(kept.spec.config, store().load(kept.run_id)).aligned(club.items)[0]
    assert np.array_equal(back.vectors[:30], rows)
    assert back.known.sum() == 30
    other = walked(1.0)
    both = {"runs_view": "two", "runs_first": kept.run_id, "runs_second": other.run_id, "data": "karate_club"}
    said = text(healthy(open_page("runs", **both)))
    assert "4 of 34 items have no vector in" in said
    assert "over 30 items" in said
    app.query_params["data"] = "karate_club"
    fresh = app.run().switch_page("pages/runs.py").run()
    fresh = healthy(fresh.selectbox(key="runs_run@karate_club").set_value(kept.run_id).run())
    fresh = press(fresh, "Open it on the Neighbors page")
    neighbors = healthy(fresh.switch_page("pages/neighbors.py").run())
    assert "30 of the data's 34 items have a vector in" in text(neighbors)


def answered(page: AppTest, number: int) -> str:
    show_me(page, number)
    (said,) = healthy(page.run()).success
    return str(said.value)


@pytest.mark.slow
def test_the_questions_of_all_runs_are_answered_from_the_kept_ones(open_page: Open) -> None:
    one, other = measured(8), measured(32, epochs=12)
    page = healthy(open_page("runs"))
    assert questions(page) == 2
    said = answered(page, 0)
    means = {id(runs): np.mean([run.scores["hr"].value for run in runs]) for runs in (one, other)}
    # Both have three seeds; the setting with the better mean comes first.
    seeds = max((one, other), key=lambda runs: means[id(runs)])
    values = [run.scores["hr"].value for run in seeds]
    wide = np.mean([run.scores["hr"].high - run.scores["hr"].low for run in seeds])
    apart = max(values) - min(values)
    assert f"**{apart:.3f}** apart" in said
    assert f"is {wide:.3f} wide" in said
    assert said.startswith("**Yes, closer.**" if apart < wide else "**No, as far apart")
    assert page.selectbox(key=f"runs_order@{DATA}").value == "setting"

    said = answered(page, 1)
    best, second = sorted((one, other), key=lambda runs: -means[id(runs)])
    found = side_by_side(store(), best[0], second[0]).differences["hr"]  # of two settings there is one pair
    assert f"**{found.value:+.3f}**" in said
    assert f"p = {found.p:.2g}" in said
    assert said.startswith("**Yes, beyond noise.**" if found.told_apart else "**No, they are not told apart.**")
    assert page.selectbox(key=f"runs_order@{DATA}").value == "score"


@pytest.mark.slow
def test_runs_whose_scores_by_user_are_gone_are_in_the_table_alone(open_page: Open) -> None:
    one = measured(8, seeds=1)
    gone = list((store().folder / "artifacts").iterdir())
    measured(16, seeds=1)
    measured(32, seeds=1)
    for path in gone:
        path.unlink()
    page = healthy(open_page("runs"))
    assert "In the table alone: 1, asked another question, or without scores of each user." in text(page)
    assert "keep three seeds" in answered(page, 1)
    assert one[0].run_id[:6] in set(page.dataframe[0].value["Run"])


@pytest.mark.slow
def test_what_cannot_be_answered_of_a_few_runs_says_what_to_do(open_page: Open) -> None:
    measured(8, seeds=1)
    page = healthy(open_page("runs"))
    assert "choose another seed" in answered(page, 0)
    assert "keep a run of another one" in answered(page, 1)
    measured(16, seeds=1)
    page = healthy(open_page("runs"))
    assert "keep three seeds" in answered(page, 1)
