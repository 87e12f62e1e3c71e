"""What belongs to the visit: parameters, the chosen item, the link."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import healthy, show_me

Open = Callable[..., AppTest]


@pytest.mark.slow
def test_parameters_and_item_survive_a_page_change(app: AppTest) -> None:
    app.run()
    app.switch_page("pages/node2vec.py").run()
    healthy(app)
    app.select_slider(key="q@planted_shop").set_value(20.0)
    app.sidebar.selectbox[1].set_value("tent")
    healthy(app.run())
    app.switch_page("pages/item_graph.py").run()
    app.switch_page("pages/node2vec.py").run()
    healthy(app)
    assert app.select_slider(key="q@planted_shop").value == 20.0
    assert app.query_params["q"] == "20"


@pytest.mark.slow
def test_a_data_set_chosen_once_follows_everywhere(app: AppTest) -> None:
    app.run()
    app.sidebar.selectbox[0].set_value("les_miserables").run()
    app.switch_page("pages/node2vec.py").run()
    healthy(app)
    assert app.query_params["data"] == "les_miserables"
    app.switch_page("pages/item_graph.py").run()
    assert app.query_params["data"] == "les_miserables"


@pytest.mark.slow
def test_the_link_reproduces_the_view(open_page: Open) -> None:
    first = healthy(open_page("node2vec", data="planted_shop", p="1", q="20", item="tent"))
    link = {key: first.query_params[key] for key in first.query_params}
    assert link == {"data": "planted_shop", "q": "20", "item": "tent"}
    again = healthy(open_page("node2vec", **link))
    assert [m.value for m in again.metric] == [m.value for m in first.metric]
    assert again.sidebar.selectbox[1].value == "tent"


@pytest.mark.slow
def test_an_experiment_sets_the_controls_and_says_what_to_look_for(open_page: Open) -> None:
    page = open_page("node2vec")
    show_me(page, 0)
    healthy(page.run())
    assert page.select_slider(key="q@planted_shop").value == 20.0
    assert "best-seller" in page.success[0].value
    structural = page.metric[1]
    assert structural.label == "Structural score by role"
    assert float(structural.value.split()[0]) > 0.35
    assert structural.delta.endswith("in 5 seeds")


@pytest.mark.slow
def test_reset_goes_back_to_the_defaults(open_page: Open) -> None:
    page = open_page("node2vec", data="planted_shop", q="20")
    next(button for button in page.button if button.label == "Reset").click()
    healthy(page.run())
    assert page.select_slider(key="q@planted_shop").value == 1.0
    assert "q" not in page.query_params


@pytest.mark.slow
def test_a_shorter_gap_gives_more_and_shorter_sessions(open_page: Open) -> None:
    page = healthy(open_page("sequences"))
    before = {m.label: m.value for m in page.metric}
    page.select_slider(key="gap@planted_shop").set_value(1)
    after = {m.label: m.value for m in healthy(page.run()).metric}
    assert float(after["Median length"].split()[0]) < float(before["Median length"].split()[0])
    assert page.query_params["gap"] == "1"


@pytest.mark.slow
def test_a_change_of_view_does_not_train_again(open_page: Open, monkeypatch) -> None:
    page = healthy(open_page("node2vec"))

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("pages.kit.model_results.train_model", refuse)
    page.selectbox(key="color@planted_shop").set_value("role")
    healthy(page.run())
