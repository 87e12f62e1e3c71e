"""The Evaluation page: it shows what the library gives, leaves the test part alone, and says what is wrong."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import jobs
from pages.kit.leaderboard import BoardRow
from pages.kit.results import Results
from pages.kit.told_fields import told_words
from pages.kit.uploads.uploads import File, Upload
from pages.views.evaluation import board as board_module
from pages.views.evaluation import links, words
from pages.views.evaluation.board import Board
from recemb_core import precomputed
from recemb_core.brought import read_vectors
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import EGESConfig, ItemVectors, Word2VecConfig
from recemb_core.experiments.leaderboard import (
    Entry,
    Leaderboard,
    Protocol,
    brought_row,
    entry_defaults,
    measure_all,
    measure_trained,
    part_cases,
)
from recemb_core.experiments.recall_models import recall_defaults, recall_fingerprint
from recemb_core.scorers import PopularityConfig, scorer_defaults
from recemb_core.sequences import Sequences, read_events, split_sessions
from recemb_core.validation import UsageError
from tests.pages.conftest import ROOT, healthy, numbers, questions, run_the_python, show_me, text

Open = Callable[..., AppTest]
SHOP = "planted_shop"
BASKETS = Sequences.from_lists([["a", "b"], ["b", "c"]])
QUICK = "Popularity,ItemKNN,PPMI-SVD"  # without a training that takes time


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that another test has left."""
    fresh = Results()
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: fresh)


@pytest.fixture(scope="module")
def shop() -> Sequences:
    log = load_dataset(SHOP).sequences
    assert log is not None
    return split_sessions(log, gap_minutes=60)


def log(users: int, events: int = 8) -> bytes:
    """Clicks of people who have favorites among twelve items."""
    draw = random.Random(1)
    lines = ["user,item,time"]
    for user in range(users):
        for step in range(events):
            item = draw.randrange(12) if draw.random() < 0.4 else (user + step) % 12
            lines.append(f"u{user},i{item},{1_600_000_000 + step // 2 * 90_000 + user * 60 + step % 2 * 9}")
    return "\n".join(lines).encode()


def uploaded(content: bytes, **view: Any) -> AppTest:
    """The page in a session that has uploaded a log."""
    upload = Upload(File("clicks.csv", content), None)
    found = AppTest.from_file(str(ROOT / "pages" / "evaluation.py"), default_timeout=180)
    found.session_state["uploads"], found.session_state["data"] = {upload.key: upload}, upload.key
    for parameter, value in view.items():
        found.session_state[f"evaluation_{parameter}@{upload.key}"] = value
    return found.run()


def table(page: AppTest) -> Any:
    return page.dataframe[0].value


def control(page: AppTest, kind: str, name: str, data: str = SHOP) -> Any:
    return getattr(page, kind)(key=f"evaluation_{name}@{data}")


# --- what is shown ---


def test_links_and_fields_begin_with_one_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anybody is asked; and that seed's figures are those of the row's first run later."""
    known, todos = [], []

    def noted(board: Board) -> links.Known:
        known.append(found(board))
        return known[-1]

    def first_alone(board: Board, todo: list[jobs.Job], place: Any) -> None:
        todos.append([job.label for job in todo])
        if len(todos) == 1:
            jobs.run_next(board.data, todo[:1], place)

    found, run_next = links.known_of, board_module.run_next
    monkeypatch.setattr(links, "known_of", noted)
    monkeypatch.setattr(board_module, "run_next", first_alone)
    page = healthy(uploaded(log(61), look="vectors"))
    (name,) = known[-1].rows
    assert todos[0][0] == f"{name}, one seed"
    assert not any("one seed" in label for label in todos[-1])
    assert known[-1].first
    assert f"one seed of {name}, before anybody is asked" in text(page)
    assert list(table(page).columns) == ["Score", name]
    first = known[-1].one
    monkeypatch.setattr(board_module, "run_next", run_next)
    page = healthy(page.run())
    assert not known[-1].first
    assert known[-1].rows[name][0] == first
    assert len(known[-1].rows) > 3
    assert "before anybody is asked" not in text(page)


@pytest.mark.parametrize("data", ["complete_journey", SHOP])
@pytest.mark.slow
def test_the_opening_and_the_experiments_are_ready(data: str, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails when models, defaults or data changed and ``make precomputed`` was not run."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("computed on the way to the first paint: run python data/build_precomputed.py evaluation")

    for name in ("measure", "train_entry", "measure_trained"):
        monkeypatch.setattr(f"pages.kit.leaderboard.{name}", refuse)
    page = healthy(open_page("evaluation", data=data))
    assert not [b for b in page.button if b.label.startswith("Measure")]
    assert len(table(page)) >= 15, "baselines, item vectors and networks"
    for look in ("all", "pairs"):
        page = healthy(open_page("evaluation", data=data, evaluation_look=look))
        for number in range(questions(page)):
            show_me(page, number)
            healthy(page.run())
            assert len(page.success) == 1
            assert "not measured" not in page.success[0].value
            assert "Nothing is measured" not in page.success[0].value


def test_the_table_is_what_the_library_gives(open_page: Open, shop: Sequences) -> None:
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows=QUICK))
    cases = part_cases(shop, Protocol())
    entries = entry_defaults(cases.train)
    board = Leaderboard.of(measure_all(cases, [entries[name] for name in QUICK.split(",")]))
    comparison = board.compare("hr", 10)
    shown = table(page)
    assert list(shown["Model"]) == list(comparison.order)
    assert list(shown["Group"]) == [comparison.letters[name] for name in comparison.order]
    for _, line in shown.iterrows():
        name = line["Model"]
        for head, metric in (("HR@10", "hr"), ("NDCG@10", "ndcg"), ("MRR", "mrr")):
            assert line[head] == pytest.approx(board.estimate(name, metric, 10).value, abs=1e-6)  # type: ignore[arg-type]
        low, high = map(float, line["95%"].split(" to "))
        figure = board.estimate(name, "hr", 10)
        assert (low, high) == pytest.approx((figure.low, figure.high), abs=6e-4)
        assert line["Coverage@10"] == pytest.approx(board.coverage(name, 10), abs=1e-6)
        assert line["Popularity bias"] == pytest.approx(board.head_share(name).value - cases.head_targets, abs=1e-5)
    assert board.advice(comparison).words in text(page).replace("\\", "")
    assert cases.choice.words.split(":")[1].strip(" .") in text(page).replace("\\", "")
    assert numbers(page)["Users asked"] == f"{len(cases.users):,}"


@pytest.mark.slow
def test_events_that_repeat_are_said_of_the_groceries(open_page: Open) -> None:
    """Counted once more: per household, items of a basket that an earlier basket had; the first basket aside."""
    baskets = load_dataset("complete_journey").sequences
    assert baskets is not None
    assert baskets.users is not None
    train = part_cases(baskets, Protocol()).train
    assert train.users is not None
    assert train.timestamps is not None
    shares: dict[str, list[bool]] = {}
    had: dict[str, set[int]] = {}
    for n in np.argsort(train.timestamps[train.offsets[:-1]], kind="stable"):
        user, basket = train.users[n], train.tokens[train.offsets[n] : train.offsets[n + 1]].tolist()
        if user in had:
            shares.setdefault(user, []).extend(item in had[user] for item in basket)
        had.setdefault(user, set()).update(basket)
    share = np.mean([np.mean(one) for one in shares.values()])
    page = healthy(open_page("evaluation", data="complete_journey"))
    assert f"{share:.0%} are of an item that the user had before (mean over users)" in text(page)


@pytest.mark.slow
def test_every_control_changes_what_it_says(open_page: Open) -> None:
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows=QUICK))
    before = table(page)
    control(page, "segmented_control", "metric").set_value("mrr")
    healthy(page.run())
    assert list(table(page)["MRR"]) == sorted(table(page)["MRR"], reverse=True)
    assert "Best, MRR" in numbers(page)
    control(page, "segmented_control", "metric").set_value("hr")
    healthy(page.run())
    control(page, "selectbox", "k").set_value(50)
    healthy(page.run())
    longer, shorter = table(page).set_index("Model")["HR@50"], before.set_index("Model")["HR@10"]
    assert all(longer[name] > shorter[name] for name in before["Model"])
    control(page, "selectbox", "targets").set_value("first_time")
    healthy(page.run())
    assert "Coverage@50" not in table(page), "those are of other lists"
    assert "choose them to see both" in text(page)
    control(page, "selectbox", "targets").set_value("all")
    control(page, "selectbox", "k").set_value(10)
    healthy(page.run())
    assert table(page)["HR@10"].tolist() == before["HR@10"].tolist(), "back again"
    control(page, "selectbox", "score").set_value("cosine")
    healthy(page.run())
    now, then = (found.set_index("Model")["HR@10"] for found in (table(page), before))
    assert now["PPMI-SVD"] != then["PPMI-SVD"]
    assert now["ItemKNN"] == then["ItemKNN"], "a scorer has its own way"
    control(page, "selectbox", "query").set_value("last")
    healthy(page.run())
    assert table(page).set_index("Model")["HR@10"]["PPMI-SVD"] != now["PPMI-SVD"]
    assert "last event, cosine" in text(page)
    for look in ("popularity", "targets", "vectors", "pairs"):
        control(page, "segmented_control", "look").set_value(look)
        healthy(page.run())
        assert len(page.dataframe) == 1
    assert len(table(page)) == 3, "pairs of three rows"
    assert {"Row", "Less", "Difference", "95%", "Holm's p", "Found from", "Verdict"} == set(table(page))


def test_a_cut_for_everybody(open_page: Open, shop: Sequences) -> None:
    query = {"evaluation_split": "global_time", "evaluation_validation_share": "0.2"}
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows="Popularity", **query))
    cases = part_cases(shop, Protocol(split="global_time", validation_share=0.2))
    assert "global time" in text(page)
    assert numbers(page)["Users asked"] == f"{len(cases.users):,}"
    assert page.select_slider(key=f"evaluation_test_share@{SHOP}").value == 0.1


def test_the_second_setting_of_a_model_begins_like_the_first_and_is_a_row(open_page: Open) -> None:
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows=QUICK))
    control(page, "selectbox", "second").set_value("PPMI-SVD")
    healthy(page.run())
    rows = table(page).set_index("Model")
    assert rows["HR@10"]["PPMI-SVD, second setting"] == rows["HR@10"]["PPMI-SVD"]
    page.select_slider(key=f"b_PPMI-SVD_dimensions@{SHOP}").set_value(8)
    healthy(page.run())
    rows = table(page).set_index("Model")
    assert rows["HR@10"]["PPMI-SVD, second setting"] != rows["HR@10"]["PPMI-SVD"]


def test_the_python_prints_what_the_page_shows(open_page: Open) -> None:
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows=QUICK, evaluation_metric="ndcg"))
    printed = run_the_python(page)
    for _, line in table(page).iterrows():
        assert re.search(rf"^{line['Model']}: {line['NDCG@10']:.4f} \(.*\) {line['Group']}$", printed, re.MULTILINE)


def test_the_file_holds_every_run_user_by_user(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(words, "download", lambda label, name, make, *of: given.update({name: make(*of)}))
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows=QUICK))
    (csv, text_) = given.values()
    assert csv.columns == list(table(page))
    found = json.loads(text_)
    assert found["part"] == "validation"
    assert {pair["verdict"] for pair in found["pairs"]} <= {"better", "worse", "within noise", "noise not measured"}
    for row in found["rows"]:
        (run,) = row["runs"]
        assert len(run["HR@10"]) == len(run["asked"]) <= len(found["users"])
        assert np.mean(run["HR@10"]) == pytest.approx(row["figures"]["HR@10"][0], abs=1e-5)


# --- the test part ---


def test_the_test_part_is_untouched_until_asked_and_ever_after_said(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pages.kit import leaderboard

    parts: list[str] = []
    for name in ("measure", "train_entry"):
        real = getattr(leaderboard, name)

        def noted(cases: Any, *args: Any, _real: Any = real, **named: Any) -> Any:
            parts.append(cases.part)
            return _real(cases, *args, **named)

        monkeypatch.setattr(leaderboard, name, noted)
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows="Popularity,ItemKNN"))
    assert "The test part is untouched" in text(page)
    control(page, "segmented_control", "part").set_value("test")
    healthy(page.run())
    assert "test" not in parts
    assert "Nobody has looked at it" in text(page)
    (button,) = [b for b in page.button if b.label.startswith("Measure")]
    assert "2 rows on the test part" in button.label
    control(page, "segmented_control", "metric").set_value("ndcg")
    healthy(page.run())
    assert "test" not in parts, "another measure is no request"
    next(b for b in page.button if b.label.startswith("Measure")).click()
    healthy(page.run())
    assert parts.count("test") == 2
    assert "This is the test part" in text(page)
    assert "was looked at 1 time" in text(page)
    assert len(table(page)) == 2
    control(page, "segmented_control", "part").set_value("validation")
    healthy(page.run())
    assert "was looked at 1 time" in text(page), "it stays said"
    next(b for b in page.button if b.label == "Reset").click()
    healthy(page.run())
    assert "was looked at 1 time" in text(page), "Reset makes nobody unsee it"


def test_a_link_to_the_test_part_measures_nothing_by_itself(open_page: Open) -> None:
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows="Popularity", evaluation_part="test"))
    assert not page.dataframe
    assert [b for b in page.button if "on the test part" in b.label]


def test_links_of_rows_that_are_not_measured_yet_are_said_to_come(open_page: Open) -> None:
    look = {"evaluation_part": "test", "evaluation_look": "vectors"}
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows="Popularity,word2vec,DeepWalk", **look))
    assert "none is measured yet: word2vec, DeepWalk." in text(page)
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows="Popularity", **look))
    assert "choose word2vec or node2vec among the rows" in text(page)


@pytest.mark.slow
def test_choosing_on_the_test_part_is_worked_out_only_once_it_is_measured(open_page: Open) -> None:
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows=QUICK, evaluation_honesty="True"))
    assert "not measured, since the test part is not" in text(page)
    ways = page.dataframe[1].value
    assert len(ways) >= 3
    control(page, "segmented_control", "part").set_value("test")
    healthy(page.run())
    next(b for b in page.button if b.label.startswith("Measure")).click()
    healthy(page.run())
    assert "both parts choose" in text(page) or "validation chooses" in text(page)


# --- vectors made elsewhere ---


def brought(page: AppTest, name: str, content: bytes) -> AppTest:
    page.file_uploader(key="brought_files").set_value([(name, content, "application/octet-stream")])
    return healthy(page.run())


@pytest.mark.slow
def test_brought_vectors_are_a_row_and_the_python_measures_it(
    open_page: Open, shop: Sequences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = part_cases(shop, Protocol())
    rows = np.random.default_rng(0).normal(size=(len(shop.items), 4)).astype(np.float32)
    ItemVectors(shop.items, rows).save(tmp_path / "mine.npz")
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows="Popularity,ItemKNN"))
    page = brought(page, "mine.npz", (tmp_path / "mine.npz").read_bytes())
    entry, vectors = brought_row(cases, read_vectors(tmp_path / "mine.npz"), "mine")
    figure = Leaderboard.of([(entry, measure_trained(cases, entry, vectors))]).estimate("mine")
    line = table(page).set_index("Model").loc["mine"]
    assert line["HR@10"] == pytest.approx(figure.value, abs=1e-6)
    assert line["Seeds"] == 0
    assert np.isnan(line["Training, s"])
    assert "What its training cost is not known here, nor whether it has seen the validation part" in text(page)
    assert "mine" not in str(page.query_params)
    monkeypatch.chdir(tmp_path)
    printed = run_the_python(page)
    assert re.search(rf"^mine: {figure.value:.4f} ", printed, re.MULTILINE)
    control(page, "segmented_control", "look").set_value("vectors")
    assert "mine" in healthy(page.run()).dataframe[0].value.columns
    control(page, "segmented_control", "look").set_value("pairs")
    healthy(page.run())
    assert "mine" in set(page.dataframe[0].value["Less"])
    control(page, "selectbox", "against").set_value("mine")
    healthy(page.run())
    (digest,) = page.session_state["_brought"]
    page.button(key=f"remove vectors {digest}").click()
    control(page, "segmented_control", "look").set_value("all")
    assert list(table(healthy(page.run()))["Model"]) == ["ItemKNN", "Popularity"]


def test_a_file_called_like_a_row_takes_no_place_and_one_of_other_items_says_so(open_page: Open) -> None:
    page = healthy(open_page("evaluation", data=SHOP, evaluation_rows="Popularity"))
    items = load_dataset(SHOP).items
    some = "\n".join(f"{item} {row % 3} 1" for row, item in enumerate(items.ids[:90]))
    page = brought(page, "Popularity.txt", f"90 2\n{some}\n".encode())
    assert set(table(page)["Model"]) == {"Popularity", "Popularity (yours)"}
    page = brought(page, "other.txt", b"1 2\nnobody 1 0\n")
    assert len(table(page)) == 2
    assert "No row of other: none of the 1 ids" in text(page).replace("\\", "")


# --- own data ---


@pytest.mark.slow
def test_rows_of_an_upload_arrive_the_cheap_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.kit import jobs

    began: list[str] = []
    real = jobs.perform
    monkeypatch.setattr(jobs, "perform", lambda data, job, *more: (began.append(job.label), real(data, job, *more))[1])
    page = healthy(uploaded(log(60)))
    baselines, *models = began
    assert baselines == f"{len(scorer_defaults(BASKETS))} baselines", "in one go, before anything is trained"
    shown = set(table(page)["Model"])
    assert {label.split(" (")[0] for label in models} == shown - set(scorer_defaults(BASKETS))
    assert all(label == "PPMI-SVD" or label.endswith(" (3 seeds)") for label in models)
    assert len(models) == len(set(models)), "each once"
    assert not {"YouTube DNN", "Two-tower"} & set(table(page)["Model"]), "networks are a choice"
    assert "The test part is untouched" in text(page)


def test_another_split_does_not_train_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.kit import jobs

    page = healthy(uploaded(log(60), rows=["Popularity", "PPMI-SVD", "word2vec"]))
    key = page.session_state["data"]
    assert len(table(page)) == 3
    monkeypatch.setattr(jobs, "LIVE_SECONDS", 0.2)  # a baseline is quicker, three trainings are not
    control(page, "selectbox", "split", key).set_value("global_time")
    healthy(page.run())
    assert "Popularity" in set(table(page)["Model"]), "what is quick is live"
    assert "word2vec" not in set(table(page)["Model"])
    (button,) = [b for b in page.button if b.label.startswith("Run")]
    assert "word2vec" in button.label
    assert "about" in button.label
    assert "word2vec: Not measured yet." in text(page)
    button.click()
    healthy(page.run())
    assert "word2vec" in set(table(page)["Model"])


def test_a_cut_that_leaves_nobody_can_be_taken_back() -> None:
    """Everybody comes and goes before the next one comes: nobody has something before and after one moment."""
    lines = [f"u{user},i{step},{1_600_000_000 + user * 90_000 + step * 60}" for user in range(30) for step in range(6)]
    page = healthy(uploaded("\n".join(["user,item,time", *lines]).encode(), rows=["Popularity"]))
    key = page.session_state["data"]
    control(page, "selectbox", "split", key).set_value("global_time")
    page.run()
    assert not page.exception
    (error,) = page.error
    assert "give a longer log, or another split" in error.value
    control(page, "selectbox", "split", key).set_value("leave_last_out")
    assert len(table(healthy(page.run()))) == 1


def test_a_row_that_cannot_be_had_says_why_and_the_others_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.kit import leaderboard

    real = leaderboard.train_entry

    def fails(cases: Any, entry: Entry, *args: Any, **named: Any) -> Any:
        if type(entry.config).__name__ == "Word2VecConfig":
            raise UsageError("the words are too few")
        return real(cases, entry, *args, **named)

    monkeypatch.setattr(leaderboard, "train_entry", fails)
    page = healthy(uploaded(log(40), rows=["Popularity", "word2vec", "PPMI-SVD"]))
    assert "word2vec: the words are too few." in text(page)
    assert set(table(page)["Model"]) == {"Popularity", "PPMI-SVD"}


def test_a_tree_of_softmax_is_asked_by_cosine() -> None:
    page = uploaded(log(40), rows=["Popularity", "word2vec"])
    key = page.session_state["data"]
    page.session_state[f"word2vec_hierarchical_softmax@{key}"] = True
    healthy(page.run())
    if waiting := [b for b in page.button if b.label.startswith("Run")]:
        waiting[0].click()
        healthy(page.run())
    assert "half-life 20 events, cosine" in text(page)
    assert "word2vec" in set(table(page)["Model"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"user,item,time\nann,tea,1600000000\nbob,cup,1600000060\n", ""),
        (b"user,item,time\n" + b"\n".join(b"u%d,tea,%d" % (i, 1_600_000_000 + i) for i in range(9)), ""),
        (log(2, 3), ""),
    ],
    ids=["two events", "one item", "two people"],
)
def test_too_little_is_said_in_one_sentence(content: bytes, said: str) -> None:
    page = uploaded(content)
    assert not page.exception
    assert len(page.error) <= 1
    assert "Traceback" not in text(page)
    for error in page.error:
        assert "could not be drawn" not in error.value, error.value


def test_links_that_make_no_sense(open_page: Open) -> None:
    nonsense = {"metric": "accuracy", "k": "7", "part": "train", "split": "random", "rows": "Oracle", "query": "x"}
    nonsense |= {"validation_share": "0.9", "second": "Oracle", "targets": "none", "look": "sideways"}
    page = healthy(open_page("evaluation", data=SHOP, **{f"evaluation_{name}": v for name, v in nonsense.items()}))
    assert numbers(page)["Users asked"] == "1,985"
    assert len(page.toast) >= len(nonsense) - 2  # shares are bound where they matter alone


def test_a_graph_alone_is_told_what_it_lacks(open_page: Open) -> None:
    assert "needs sequences" in text(healthy(open_page("evaluation", data="les_miserables")))


@pytest.mark.slow
def test_the_deep_models_page_shows_the_same_figures(open_page: Open) -> None:
    """Its table is of the same part, the same users and the same training, with the visit's seed alone."""
    deep = healthy(open_page("deep_models", data=SHOP)).dataframe[0].value.set_index("Model")["HR@10"]
    page = healthy(open_page("evaluation", data=SHOP))
    here = table(page).set_index("Model")["HR@10"]
    shared = [name for name in here.index if name in deep.index]
    assert len(shared) >= 8, "baselines and networks"
    log = load_dataset(SHOP).sequences
    assert log is not None
    source = recall_fingerprint(split_sessions(log, gap_minutes=60))
    for name in shared:
        config = recall_defaults().get(name)
        shown = float(deep[name].split()[0])
        if config is None:
            assert shown == pytest.approx(here[name], abs=6e-4)
            continue
        run = precomputed.load_run(source, Protocol(), Entry(name=name, config=config), "validation", 0)
        assert run is not None
        report = run.views["all"]
        assert shown == pytest.approx(report.hit_rate[10].value, abs=2 / report.users + 6e-4)  # kept with three digits


def test_rows_that_are_told_a_field_are_named_beside_its_purity() -> None:
    configs = {
        "EGES": EGESConfig(),
        "GES of brands": EGESConfig(attention=False, fields=("brand",)),
        "word2vec": Word2VecConfig(),
        "Popularity": PopularityConfig(),
    }
    rows = [BoardRow(name, Entry(name=name, config=config), None, (), "waiting") for name, config in configs.items()]
    data = SimpleNamespace(side_fields=("brand", "category"))
    board: Any = SimpleNamespace(rows=rows, data=data)
    assert links.told_rows(board, list(configs), "category") == ["EGES"]
    assert links.told_rows(board, list(configs), "brand") == ["EGES", "GES of brands"]
    assert "are told the field: a high share there is no proof" in told_words(["EGES", "GES of brands"], "the field")
    assert told_words([], "the field") == ""


@pytest.mark.slow
def test_users_asked_are_those_whose_targets_count() -> None:
    """Of 40 people some repeat what they had: first-time targets ask fewer, and the top and the caption say so."""
    page = healthy(uploaded(log(40), rows=["Popularity"], targets="first_time"))
    sequences = read_events(log(40))
    cases = part_cases(sequences, Protocol(targets="first_time"))
    counted = sum(not set(t) <= set(h) for t, h in zip(cases.targets, cases.histories, strict=True))
    assert 0 < counted < len(cases.users)
    assert numbers(page)["Users asked"] == f"{counted:,}"
    assert f"{len(cases.users):,} users, of whom {counted:,} have a target that counts" in text(page)


@pytest.mark.slow
def test_rows_of_one_score_alone_are_said() -> None:
    """On baskets PPMI-SVD alone is asked by in · out at first: one row has both scores after *Show me*."""
    draw = random.Random(2)
    rows = [(u, b, draw.randrange(5) + 5 * (u % 2)) for u in range(30) for b in range(5) for _ in range(4)]
    lines = [f"u{u},b{u}-{b},i{item},{1_600_000_000 + 90_000 * b}" for u, b, item in rows]
    content = "\n".join(["user,basket,item,time", *lines]).encode()
    page = healthy(uploaded(content, rows=["Popularity", "word2vec", "PPMI-SVD"]))
    for number in range(questions(page)):
        show_me(page, number)
        said = healthy(page.run()).success[0].value
        if "beyond both intervals" in said:
            break
    assert "of 1 row " in said
    assert "4 more rows are measured by cosine alone." in said, "word2vec, item2vec, DeepWalk, node2vec"
