"""The walk microscope page: numbers that sum to one, controls that do what they say, graphs of every kind."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.views.walks.many_walks import _checks
from recemb_core.datasets import list_datasets, load_dataset
from recemb_core.item_graph import backbone, build_item_graph
from recemb_core.walks.statistics import ExactVisits
from tests.pages.conftest import healthy, numbers, run_the_python, show_me, text
from tests.pages.test_upload import upload

Open = Callable[..., AppTest]


def percent(page: AppTest, label: str) -> float:
    return float(numbers(page)[label].rstrip("%"))


@pytest.mark.parametrize(
    ("data", "q"), [(info.name, ("0.05", "20")[number % 2]) for number, info in enumerate(list_datasets())]
)
@pytest.mark.slow
def test_probabilities_sum_to_one_and_walks_agree(data: str, q: str, open_page: Open) -> None:
    page = healthy(open_page("walks", data=data, q=q))
    table = page.dataframe[0].value
    assert table["P(x)"].sum() == pytest.approx(1)
    assert (table["α·w"] / table["α·w"].sum()).tolist() == pytest.approx(table["P(x)"].tolist())
    assert len(table) == int(numbers(page)["Ways on"])
    assert percent(page, "Back") + percent(page, "Stay near") + percent(page, "Away") == pytest.approx(100, abs=0.2)
    assert "Σ probability = 1.000000" in text(page)
    assert "Walks and closed form disagree" not in text(healthy(open_page("walks", data=data, q=q, walks_view="many")))


@pytest.mark.slow
def test_large_p_makes_a_return_rare_and_small_p_frequent(open_page: Open) -> None:
    page = healthy(open_page("walks"))
    middle = percent(page, "Back")
    page.select_slider(key="p@planted_shop").set_value(20.0)
    assert percent(healthy(page.run()), "Back") < middle / 5
    page.select_slider(key="p@planted_shop").set_value(0.05)
    assert percent(healthy(page.run()), "Back") > 5 * middle


@pytest.mark.slow
def test_the_experiments_come_out_as_they_say(open_page: Open) -> None:
    page = healthy(open_page("walks"))
    for number, (label, value) in enumerate([("Away", 1.1), ("Away", 82), ("Back", 54), ("Away", 0)]):
        show_me(page, number)
        healthy(page.run())
        assert percent(page, label) == pytest.approx(value, abs=0.5)
        assert page.success


@pytest.mark.slow
def test_p_and_q_follow_to_the_node2vec_page(app: AppTest) -> None:
    app.run()
    app.switch_page("pages/walks.py").run()
    app.select_slider(key="q@planted_shop").set_value(20.0)
    healthy(app.run())
    assert app.query_params["q"] == "20"
    app.switch_page("pages/node2vec.py").run()
    assert healthy(app).select_slider(key="q@planted_shop").value == 20.0


@pytest.mark.slow
def test_the_previous_item_follows_the_chosen_one(open_page: Open) -> None:
    page = healthy(open_page("walks", data="les_miserables", item="Valjean", previous="Cosette"))
    assert page.selectbox(key="previous@les_miserables").value == "Cosette"
    page.sidebar.selectbox[1].set_value("Napoleon")  # knows Myriel only
    healthy(page.run())
    assert page.selectbox(key="previous@les_miserables").value == "Myriel"
    assert numbers(page)["Back"] == "100.0%"
    page.selectbox(key="previous@les_miserables").set_value("")
    healthy(page.run())
    assert numbers(page)["Back"] == "–"
    assert numbers(page)["Ways on"] == "1"


@pytest.mark.slow
def test_a_walk_is_replayed_and_the_next_one_is_another(open_page: Open) -> None:
    def walk(page: AppTest) -> str:
        return next(m.value for m in page.markdown if m.value.startswith("Walk "))

    page = healthy(open_page("walks", walks_view="walk"))
    whole = walk(page)
    assert walk(healthy(open_page("walks", walks_view="walk"))) == whole
    page.button(key="back@planted_shop").click()
    first = walk(healthy(page.run()))
    assert first.count("→") == whole.count("→") - 1
    page.button(key="on@planted_shop").click()
    further = walk(healthy(page.run()))
    assert further.count("→") == first.count("→") + 1
    assert further.replace("*", "").startswith(first.split("step")[0])
    page.button(key="another@planted_shop").click()
    assert walk(healthy(page.run())).startswith("Walk 2 of 1,000")
    page.slider(key="player step@planted_shop").set_value(0)
    assert "→" not in walk(healthy(page.run()))


@pytest.fixture
def walks_on(app: AppTest) -> Callable[[bytes], AppTest]:
    """The Walks page on an upload."""

    def load(content: bytes) -> AppTest:
        app.run()
        app.switch_page("pages/sequences.py").run()
        healthy(upload(app, "mine.csv", content))
        app.switch_page("pages/walks.py").run()
        return healthy(app)

    return load


@pytest.mark.slow
def test_an_edge_list(walks_on: Callable[[bytes], AppTest]) -> None:
    page = walks_on(b"source,target,weight\na,b,2\nb,c,1\nc,a,1\nc,d,3\n")
    page.sidebar.selectbox[1].set_value("c")
    page.selectbox(key=f"previous@{page.query_params['data']}").set_value("a")
    table = {row["Next item"]: row["P(x)"] for row in healthy(page.run()).dataframe[0].value.to_dict("records")}
    assert table == pytest.approx({"a": 0.2, "b": 0.2, "d": 0.6})
    assert "**undirected**" in text(page)


@pytest.mark.slow
def test_a_directed_graph_with_a_sink(walks_on: Callable[[bytes], AppTest]) -> None:
    sessions = ["tv", "vx", "vy", "ty", "xt", "vz", "vz", "tv"]  # z leads nowhere
    rows = [f"u{i},{item},{60 * i + k}" for i, pair in enumerate(sessions) for k, item in enumerate(pair)]
    page = walks_on("\n".join(["user,item,timestamp", *rows]).encode())
    key = page.query_params["data"]
    page.sidebar.selectbox[1].set_value("v")
    page.select_slider(key=f"q@{key}").set_value(4.0)
    healthy(page.run())
    assert "**directed**" in text(page)
    assert "no edge out" in text(page)
    assert page.selectbox(key=f"previous@{key}").value == "t"
    table = {row["Next item"]: row for row in page.dataframe[0].value.to_dict("records")}
    assert set(table) == {"x", "y", "z"}
    assert table["y"]["α"] == "1"  # t → y
    assert table["x"]["α"] == "1/q = 0.25"  # x → t does not count
    assert percent(page, "Back") == 0
    page.sidebar.selectbox[1].set_value("z")
    healthy(page.run())
    assert "none out" in page.info[0].value


@pytest.mark.slow
def test_an_item_without_any_edge_is_explained(open_page: Open) -> None:
    sequences = load_dataset("complete_journey").sequences
    graph = backbone(build_item_graph(sequences, edges="co_occurrence"), method="noise_corrected", edges_per_item=8)
    lonely = graph.items[int((graph.out_degree == 0).argmax())]
    page = healthy(open_page("walks", data="complete_journey", item=lonely))
    assert "no edge at all" in page.info[0].value
    assert numbers(page)["Ways on"] == "0"
    run_the_python(page)


@pytest.mark.slow
def test_the_python_prints_the_same_probabilities_and_reset_goes_back(open_page: Open) -> None:
    page = healthy(open_page("walks", p="4", q="0.2", walk="7"))
    printed = dict(re.findall(r"^(.+): (0\.\d+)$", run_the_python(page), flags=re.MULTILINE))
    shown = page.dataframe[0].value["P(x)"].tolist()
    assert sorted(map(float, printed.values())) == pytest.approx(sorted(shown), abs=1e-5)
    next(button for button in page.button if button.label == "Reset").click()
    healthy(page.run())
    assert page.select_slider(key="q@planted_shop").value == 1.0
    assert "walk" not in page.query_params


def test_walks_that_ended_say_nothing_of_returns() -> None:
    """Ten of 1,000 walks took a second step and none went back: one in ten may all the same."""
    walks = np.full((1_000, 4), -1, dtype=np.int32)
    walks[:, :2], walks[:10, 2:] = (0, 1), (2, 3)
    walking = np.array([1.0, 1.0, 0.01, 0.01])
    exact = ExactVisits(np.ones((4, 4)) * walking[:, None] / 4, np.array([0.0, 0.0, 0.001, 0.001]), walking)
    (check,) = (one for one in _checks(None, None, walks, exact, None) if "that go back" in one.what)  # type: ignore[arg-type]
    assert check.agreement.startswith("Inside")
    walks[:, 2:] = -1
    assert not any("that go back" in one.what for one in _checks(None, None, walks, exact, None))  # type: ignore[arg-type]


@pytest.mark.slow
def test_few_walks_that_are_left_tell_no_mean(walks_on: Callable[[bytes], AppTest]) -> None:
    sessions = ["vz"] * 60 + ["vx", "xv"]  # one walk in 61 takes a second step, v → x → v
    rows = [f"u{i},{item},{60 * i + k}" for i, pair in enumerate(sessions) for k, item in enumerate(pair)]
    page = walks_on("\n".join(["user,item,timestamp", *rows]).encode())
    page.sidebar.selectbox[1].set_value("v")
    page.button_group(key=f"walks_view@{page.query_params['data']}").set_value("many")
    healthy(page.run())
    told = [m for m in page.metric if m.label.startswith("Edges from the start")]
    assert told
    for metric in told:
        assert "Mean after 1 step," in metric.help
        assert "of the 1,000 walks" in metric.help
