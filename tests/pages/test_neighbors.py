"""The Neighbors page: what the columns hold, that a view never retrains, data of every kind, two settings."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import jobs, model_jobs, model_results
from pages.kit.results import Results
from pages.kit.uploads.uploads import File, Upload
from pages.views.neighbors.compared import filter_steps
from recemb_core.datasets import load_dataset
from recemb_core.figures import theme
from tests.pages.conftest import ROOT, healthy, numbers, questions, run_the_python, show_me, text
from tests.pages.test_upload import ITEMS, baskets, upload

Open = Callable[..., AppTest]
EVERY = ["word2vec", "item2vec", "DeepWalk", "node2vec", "GES", "EGES", "PPMI-SVD"]
# A graph of 34 people: four models are trained on it in a second or two.
SMALL = "karate_club"


def columns(page: AppTest) -> dict[str, dict[str, Any]]:
    """Model → what its column is given."""
    for component in page.get("bidi_component"):
        if component.proto.component_name == "recemb_neighbor_columns":
            return {column["key"]: column for column in json.loads(component.proto.json)["columns"]}
    raise AssertionError("no columns on the page")


def ids(page: AppTest) -> dict[str, list[str]]:
    return {name: [row["id"] for row in column["rows"]] for name, column in columns(page).items()}


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("trained or drawn where everything should be there")

    for path in ("pages.kit.model_results.train_model", "pages.kit.maps.umap_layout"):
        monkeypatch.setattr(path, refuse)


@pytest.fixture(scope="module")
def opening() -> AppTest:
    """The groceries as they open, for tests that only look."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECEMB_NO_WARM_UP", "1")
        return healthy(AppTest.from_file(str(ROOT / "pages" / "neighbors.py"), default_timeout=180).run())


@pytest.mark.slow
def test_the_opening_is_ready(open_page: Open, no_training: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails when trainers, defaults or data changed and ``make precomputed`` was not run."""
    fresh = Results()
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: fresh)
    page = healthy(open_page("neighbors"))
    assert list(columns(page)) == EVERY
    assert {column["state"] for column in columns(page).values()} == {"ready"}
    assert {len(column["rows"]) for column in columns(page).values()} == {10}
    counts = load_dataset("complete_journey").sequences.counts  # type: ignore[union-attr]
    assert f"seen {counts.max():,}" in text(page), "a popular item is chosen"
    assert "{" not in "".join(numbers(page).values())


@pytest.mark.slow
def test_an_item_wears_one_color_and_single_ones_none(opening: AppTest) -> None:
    shown = columns(opening)
    held: dict[str, list[dict[str, Any]]] = {}
    for column in shown.values():
        assert [row["rank"] for row in column["rows"]] == list(range(1, 11))
        for row in column["rows"]:
            held.setdefault(row["id"], []).append(row)
    several = {item: rows for item, rows in held.items() if len(rows) > 1}
    assert several
    for rows in several.values():
        assert len({(row["color"], row["striped"]) for row in rows}) == 1
        assert {row["times"] for row in rows} == {f"×{len(rows)}"}
    looks = [(rows[0]["color"], rows[0]["striped"]) for rows in several.values()]
    assert len(set(looks)) == min(len(looks), 2 * len(theme.PALETTE) + 1), "and no two items look the same"
    assert all(rows[0]["color"] == rows[0]["times"] == "" for rows in held.values() if len(rows) == 1)


def test_the_numbers_are_those_of_the_columns(opening: AppTest) -> None:
    page = opening
    named = [set(rows) for rows in ids(page).values()]
    assert numbers(page)[f"Named by all {len(EVERY)}"] == f"{len(set.intersection(*named))} of 10"
    assert numbers(page)["Different items"] == f"{len(set.union(*named))} in {10 * len(EVERY)}"
    pairs = [len(a & b) / 10 for i, a in enumerate(named) for b in named[i + 1 :]]
    assert float(numbers(page)["Agreement here"]) == pytest.approx(np.mean(pairs), abs=0.006)


@pytest.mark.slow
def test_a_view_never_retrains(open_page: Open, no_training: None) -> None:
    page = healthy(open_page("neighbors", min_count="100", k="5", score="in_out", models="word2vec,EGES"))
    assert list(columns(page)) == ["word2vec", "EGES"]
    data = load_dataset("complete_journey")
    hidden = int((data.sequences.counts < 100).sum())  # type: ignore[union-attr]
    assert f"hides {hidden:,} of {len(data.items):,} items" in text(page)
    rows = [row for column in columns(page).values() for row in column["rows"]]
    assert len(rows) == 10
    assert all(int(row["count"].replace(",", "")) >= 100 for row in rows)
    assert all("in · out" in row["hint"] for row in rows)


def test_filter_steps_leave_items_to_name() -> None:
    assert filter_steps(np.array([1, 1, 2, 3, 50, 1_000])) == (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
    assert filter_steps(np.array([1, 1, 1])) == (0, 1)
    assert filter_steps(np.array([])) == (0,)


@pytest.mark.slow
def test_experiments_show_what_they_say(open_page: Open) -> None:
    page = healthy(open_page("neighbors", data=SMALL))
    count = questions(page)
    assert count >= 2
    for number in range(count):
        show_me(page, number)
        page = healthy(page.run())
        assert page.success, "the answer is said"


@pytest.mark.slow
def test_two_seeds_of_one_model(open_page: Open) -> None:
    page = healthy(open_page("neighbors", data=SMALL, compare="two", first="DeepWalk", second="DeepWalk"))
    assert any("everything agrees" in info.value for info in page.info)
    assert float(numbers(page)["Overlap@10"].split()[0]) == 1
    page.checkbox(key=f"b_reseed@{SMALL}").set_value(True)
    page = healthy(page.run())
    assert not page.info
    assert 0.303 < float(numbers(page)["Overlap@10"].split()[0]) < 1
    assert "seed 0 against 1" in text(page)
    assert list(columns(page)) == ["DeepWalk, first", "DeepWalk, second"]
    assert page.query_params["b_reseed"] == "True"


@pytest.mark.slow
def test_the_second_has_settings_of_its_own(open_page: Open) -> None:
    page = healthy(
        open_page("neighbors", data=SMALL, compare="two", first="node2vec", second="node2vec", b_node2vec_q="0.05")
    )
    assert "q 20 against 0.05" in text(page)
    assert [column["note"] for column in columns(page).values()] == ["p = 1, q = 20", "p = 1, q = 0.05"]
    maps = [c for c in page.get("bidi_component") if "pair maps" in c.proto.id]
    figure = json.loads(json.loads(maps[0].proto.json)["figure"])
    assert {trace.get("xaxis", "x") for trace in figure["data"]} == {"x", "x2"}
    assert figure["layout"]["meta"]["linked_hover"] is True


@pytest.mark.parametrize(
    ("data", "models", "said"),
    [
        ("les_miserables", ["DeepWalk", "node2vec"], ("Needs sequences", "Needs side information")),
        (SMALL, ["DeepWalk", "node2vec", "GES", "EGES"], ("Needs sequences",)),
    ],
)
@pytest.mark.slow
def test_a_graph_serves_the_models_that_walk(
    data: str, models: list[str], said: tuple[str, ...], open_page: Open
) -> None:
    assert list(columns(healthy(open_page("neighbors", data=data)))) == models
    page = healthy(open_page("neighbors", data=data, models=",".join(EVERY)))
    shown = columns(page)
    assert [name for name in EVERY if shown[name]["rows"]] == models
    messages = " ".join(column["message"] for column in shown.values())
    assert all(sentence in messages for sentence in said)


@pytest.mark.slow
def test_an_upload_has_them_all_and_says_where_output_vectors_lack(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.csv").write_bytes(baskets())
    (tmp_path / "items.csv").write_bytes(ITEMS)
    monkeypatch.chdir(tmp_path)
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "shop.csv", baskets(), side=ITEMS))
    app.switch_page("pages/neighbors.py").run()
    page = healthy(app)
    assert list(columns(page)) == EVERY
    assert all(len(column["rows"]) == 9 for column in columns(page).values()), "k larger than n − 1"
    assert all(model in run_the_python(page) for model in EVERY)
    key = page.query_params["data"]
    page.checkbox(key=f"word2vec_hierarchical_softmax@{key}").set_value(True)
    healthy(page.run())
    page.session_state[f"score@{key}"] = "in_out"
    shown = columns(healthy(page.run()))
    assert "no output vectors" in shown["word2vec"]["message"]
    assert not shown["word2vec"]["rows"]
    assert shown["item2vec"]["rows"]


@pytest.mark.parametrize(
    "log",
    [
        b"user,item,timestamp\nu,a,1\nu,b,2\nv,b,1\nv,c,2\nw,a,5\nw,c,6\n",
        b"source,target,weight\na,b,1\nb,c,1\n",
        b"user,basket,item\nu,1,a\nu,1,b\nv,2,a\nv,2,b\n",
    ],
)
@pytest.mark.slow
def test_tiny_data(log: bytes, app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.csv").write_bytes(log)
    monkeypatch.chdir(tmp_path)  # the lines read the file from where one is
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "tiny.csv", log))
    app.switch_page("pages/neighbors.py").run()
    page = healthy(app)
    for view in ("models", "two"):
        page.session_state[f"compare@{page.query_params['data']}"] = view
        page = healthy(page.run())
        assert all(1 <= len(column["rows"]) <= 2 for column in columns(page).values() if not column["message"])
        run_the_python(page)


@pytest.mark.slow
def test_stopped_stays_stopped_until_run(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Results()
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: fresh)
    page = AppTest.from_file(str(model_jobs.__file__).replace("kit/model_jobs.py", "neighbors.py"))
    page.default_timeout = 180
    page.query_params["data"], page.query_params["seed"] = SMALL, "1"  # the bundled vectors have seed 0
    seen = set()
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "may_run", lambda data, job: seen.add(job.identity))
        healthy(page.run())
    page.session_state[f"stopped jobs of {SMALL}"] = seen  # what the Stop button sets
    healthy(page.run())
    waiting = dict.fromkeys(("DeepWalk", "node2vec", "GES", "EGES"), "waiting")
    assert {name: column["state"] for name, column in columns(page).items()} == waiting
    healthy(page.run())
    assert {name: column["state"] for name, column in columns(page).items()} == waiting
    (run,) = [button for button in page.button if button.label.startswith("Run DeepWalk, node2vec, GES, EGES")]
    run.click()
    healthy(page.run())
    assert {column["state"] for column in columns(page).values()} == {"ready"}


@pytest.mark.slow
def test_a_slow_change_waits_and_the_old_column_stays(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = healthy(open_page("neighbors", data=SMALL, models="DeepWalk"))
    before = ids(page)["DeepWalk"]
    monkeypatch.setattr(model_results, "model_seconds", lambda data, config, n: 60.0)
    page.select_slider(key=f"DeepWalk_dimensions@{SMALL}").set_value(4)
    page = healthy(page.run())
    assert columns(page)["DeepWalk"]["state"] == "stale"
    assert ids(page)["DeepWalk"] == before
    (run,) = [button for button in page.button if button.label.startswith("Run DeepWalk (about 60 s)")]
    run.click()
    page = healthy(page.run())
    assert columns(page)["DeepWalk"]["state"] == "ready"


@pytest.mark.slow
def test_a_link_brings_the_settings_back(open_page: Open) -> None:
    page = healthy(open_page("neighbors", data=SMALL, DeepWalk_window="8", k="3", node2vec_q="-1", models="DeepWalk"))
    assert page.select_slider(key=f"DeepWalk_window@{SMALL}").value == 8
    assert page.query_params["DeepWalk_window"] == "8"
    assert len(ids(page)["DeepWalk"]) == 3
    assert columns(page)["DeepWalk"]["note"].startswith("window 8")


@pytest.mark.slow
def test_the_python_names_the_same_neighbors(open_page: Open) -> None:
    page = healthy(open_page("neighbors", data=SMALL, k="5"))
    printed = {
        name: [item for item, _ in ast.literal_eval(found)]
        for name, found in re.findall(r"^(\w+) (\[\(.*\)\])$", run_the_python(page), flags=re.MULTILINE)
    }
    assert printed == ids(page)


def test_the_purity_and_hub_tables_are_there(opening: AppTest) -> None:
    page = opening
    hubs = page.dataframe[1].value
    assert hubs["Model"].tolist() == EVERY
    assert ((hubs["In lists"] > 0) & (hubs["In lists"] <= 1)).all()
    disputed = page.dataframe[0].value
    assert (np.diff(disputed["Agreement"]) >= -1e-9).all(), "the most disputed first"
    assert len(disputed) == 20


@pytest.mark.slow
def test_chance_is_that_of_the_items_that_may_be_named(open_page: Open) -> None:
    """Random lists of those that a filter leaves, drawn: what two share, and how many lists name one item."""
    page = healthy(open_page("neighbors", min_count="100", k="5", models="word2vec,PPMI-SVD"))
    counts = load_dataset("complete_journey").sequences.counts  # type: ignore[union-attr]
    may, n, rng = np.flatnonzero(counts >= 100), len(counts), np.random.default_rng(0)
    draws = [[rng.choice(may[may != row], 5, replace=False) for _ in range(2)] for row in range(n)]
    shared = np.mean([len(np.intersect1d(*pair)) / 5 for pair in draws])
    told = next(c.value for c in page.caption if "random lists" in c.value and "overlap@5" in c.value)
    assert float(re.findall(r"random lists: (0\.\d+)", told)[0]) == pytest.approx(shared, abs=0.01)
    named = np.mean([(np.array([a for a, _ in draws]) == item).any(axis=1).mean() for item in may])
    help_text = next(json.loads(d.proto.columns)["In lists"]["help"] for d in page.dataframe if "In lists" in d.value)
    assert float(re.findall(r"chance (\d+\.\d)%", help_text)[0]) / 100 == pytest.approx(named, abs=0.002)


@pytest.mark.slow
def test_a_small_catalogue_has_short_lists(open_page: Open) -> None:
    """Of six items a list of ten holds five."""
    lines = [f"u{u},i{(u + s * s) % 6},{1_600_000_000 + 60 * s + 9_000 * u}" for u in range(20) for s in range(5)]
    upload = Upload(File("few.csv", "\n".join(["user,item,time", *lines]).encode()), None)
    page = AppTest.from_file(str(ROOT / "pages" / "neighbors.py"), default_timeout=180)
    page.session_state["uploads"], page.session_state["data"] = {upload.key: upload}, upload.key
    assert re.fullmatch(
        r"\d of 5", next(v for k, v in numbers(healthy(page.run())).items() if k.startswith("Named by"))
    )
