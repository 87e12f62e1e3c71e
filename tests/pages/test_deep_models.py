"""Embedding layer and pre-training on the Deep models page: ready at first paint, numbers that agree with the core."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.results import Results
from pages.views.deep_models import embedding_layer, pretraining, pretraining_map
from pages.views.deep_models.boxes import boxes
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.deep.features import FeatureConfig, feature_table
from recemb_core.deep.fitting import fit
from recemb_core.deep.fm import LogisticRegression
from recemb_core.experiments.networks import LayerConfig, count_parameters, layer_defaults, networks
from recemb_core.experiments.pretraining import PretrainingConfig, pretraining_defaults
from tests.pages.conftest import healthy, numbers, run_the_python, show_me, text

Open = Callable[..., AppTest]
GROCERIES = "complete_journey"


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails when features, networks, defaults or data changed and ``make precomputed`` was not run."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("computed on the way to the first paint: run make precomputed")

    monkeypatch.setattr(embedding_layer, "compare_networks", refuse)
    monkeypatch.setattr(pretraining, "compare_starts", refuse)
    monkeypatch.setattr(pretraining_map, "before_and_after", refuse)
    fresh = Results()
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: fresh)


# --- embedding layer ---


@pytest.mark.usefixtures("no_training")
@pytest.mark.slow
def test_the_layer_is_there_at_first_paint_with_its_experiments(open_page: Open) -> None:
    page = healthy(open_page("deep_models", section="embedding"))
    found = numbers(page)
    assert found["AUC of FNN"]
    assert not page.button(key="try0").disabled
    assert "largest difference is 0." in text(page)
    # The last experiment shows another network, the second and third other negatives.
    half = numbers(_press(page, 0))
    assert int(half["Multiplications saved"].replace(",", "")) == 9 / 17 * int(
        found["Multiplications saved"].replace(",", "")
    )
    assert half["One-hot places (m)"] == found["One-hot places (m)"]
    popularity = lambda: page.dataframe[0].value["AUC"].tolist()[0]  # noqa: E731
    _press(page, 1)
    table = page.dataframe[0].value
    assert table["Model"].tolist() == ["Popularity", "Logistic regression", "FM", "FNN", "Wide & Deep", "Deep Crossing"]
    assert popularity() == pytest.approx(0.5, abs=0.01)
    _press(page, 2)
    assert popularity() > 0.6
    assert "AUC of Deep Crossing" in numbers(_press(page, 3))


def _press(page: AppTest, number: int) -> AppTest:
    show_me(page, number)
    healthy(page.run())
    assert page.success
    assert not [button for button in page.button if button.label.startswith("Train")]
    return page


@pytest.mark.slow
def test_the_numbers_are_those_of_the_table(open_page: Open) -> None:
    page = healthy(open_page("deep_models", section="embedding", embedding_network="Deep Crossing"))
    sequences = load_dataset(GROCERIES).sequences
    assert sequences is not None
    table = feature_table(sequences, FeatureConfig())
    found = numbers(page)
    assert found["One-hot places (m)"] == f"{table.n_features:,}"
    assert found["Numbers in W"] == f"{table.n_features * 16:,}"
    sizes = sum(table.fields[column].size for column in table.item_columns)
    assert found["Multiplications saved"] == f"{sizes * 16:,}"


@pytest.mark.slow
def test_the_bundled_scores_are_what_training_gives_today() -> None:
    """Logistic regression, trained anew in a second, has the bundled AUC (float rounding may move the fourth digit)."""
    sequences = load_dataset(GROCERIES).sequences
    assert sequences is not None
    config = layer_defaults()
    table = feature_table(sequences, config.features)
    report = precomputed.load_networks(table.fingerprint, config)
    assert report is not None
    model = LogisticRegression()
    result = fit(model, table, config.training)
    from recemb_core.auc import auc
    from recemb_core.deep.fitting import probabilities

    test = table.data("test")
    again = auc(test["y"], probabilities(model, result.params, test["x"]))
    assert report.model(model.name).scores.auc == pytest.approx(again, abs=5e-4)
    # What the page claims: networks with embeddings are ahead of the model without interactions.
    for name in ("FM", "FNN", "Wide & Deep", "Deep Crossing"):
        assert report.model(name).difference.low > 0


@pytest.mark.slow
def test_a_new_setting_waits_for_the_button_and_trains(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*settings: Any) -> LayerConfig:
        usual = layer_defaults(*settings)
        rows, training = replace(usual.features, max_positives=2_000), replace(usual.training, epochs=1)
        return replace(usual, features=rows, training=training)

    monkeypatch.setattr(embedding_layer, "layer_defaults", short)
    page = healthy(open_page("deep_models", section="embedding", data="planted_shop", embedding_dimensions="4"))
    assert "not trained with these settings yet" in page.info[0].value
    assert "before training" in text(page)
    page.button(key="run embedding@planted_shop").click()
    healthy(page.run())
    assert not page.info
    assert ", trained)" in text(page)
    assert len(_worth(page)) == 6
    # Another d: the old results stay, marked.
    page.select_slider(key="embedding_dimensions@planted_shop").set_value(8)
    healthy(page.run())
    assert "The settings changed" in page.warning[0].value
    assert "before training" in text(page)
    assert len(_worth(page)) == 6


def _worth(page: AppTest) -> Any:
    """The table of the models' figures."""
    look = page.segmented_control(key="embedding_look@planted_shop")
    look.set_value("worth")
    healthy(page.run())
    table = page.dataframe[0].value
    page.segmented_control(key="embedding_look@planted_shop").set_value("lookup")
    healthy(page.run())
    return table


@pytest.mark.slow
def test_an_item_that_training_never_saw_has_no_row(open_page: Open) -> None:
    sequences = load_dataset(GROCERIES).sequences
    assert sequences is not None
    table = feature_table(sequences, FeatureConfig())
    unknown = np.flatnonzero((table.item_x < 0).any(axis=1))
    assert len(unknown)
    page = healthy(open_page("deep_models", section="embedding", item=sequences.items[int(unknown[0])]))
    assert "largest difference is 0." in text(page)


@pytest.mark.slow
def test_the_python_of_the_layer_runs(open_page: Open) -> None:
    page = healthy(open_page("deep_models", section="embedding", data="planted_shop", embedding_network="Wide & Deep"))
    assert "Wide & Deep" in run_the_python(page)


@pytest.mark.parametrize("index", [2, 3, 4])
def test_diagrams_hold_together(index: int) -> None:
    sequences = load_dataset("planted_shop").sequences
    assert sequences is not None
    table = feature_table(sequences, FeatureConfig(max_positives=500))
    network = networks(table, 8)[index]
    drawn = boxes(network, table)
    assert [box.kind for box in drawn].count("embedding") == 1
    assert drawn[-1].kind == "answer"
    for i, box in enumerate(drawn[1:], start=1):
        assert box.after
        assert all(j < i and drawn[j].level < box.level for j in box.after)
    # Every box but the answer is read by another one.
    assert {j for box in drawn for j in box.after} == set(range(len(drawn) - 1))
    assert f"{table.n_features:,} × " in next(box.detail for box in drawn if box.kind == "embedding")
    assert sum(count_parameters(network.init(table)).values()) > table.n_features * 8


# --- pre-training ---


@pytest.mark.usefixtures("no_training")
@pytest.mark.slow
def test_the_curves_are_there_at_first_paint_with_their_experiments(open_page: Open) -> None:
    page = healthy(open_page("deep_models", section="pretraining"))
    assert {"Validation, random", "Validation, FM", "Epochs, FM / random"} <= set(numbers(page))
    table = page.dataframe[0].value
    assert len(table) == 5
    said = text(page)
    assert "Dunnett's test against the random start, 5% for all starts together, 3 seeds a start" in said
    assert len(re.findall(r"against the random start, (?:beyond|within) noise", said)) == 4
    for number in range(4):
        _press(page, number)
    assert page.selectbox(key="pretraining_map@complete_journey").value == "fm"


@pytest.mark.slow
def test_what_the_page_says_is_what_the_runs_gave() -> None:
    sequences = load_dataset(GROCERIES).sequences
    assert sequences is not None
    config = pretraining_defaults()
    table = feature_table(sequences, config.features)
    report = precomputed.load_pretraining(table.fingerprint, config)
    assert report is not None
    assert report.config == config
    assert len(report.curves) == 15
    # The graph starts end lower than the random start, every seed below every seed.
    worst_graph = max(curve.loss.min() for curve in report.of("graph"))
    assert worst_graph < min(curve.loss.min() for curve in report.of("random"))
    np.testing.assert_array_equal(report.before["fm_frozen"], report.after["fm_frozen"])


@pytest.mark.slow
def test_starts_are_trained_on_request(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(**settings: Any) -> PretrainingConfig:
        usual = pretraining_defaults(**settings)
        return replace(usual, features=replace(usual.features, max_positives=2_000))

    monkeypatch.setattr(pretraining, "pretraining_defaults", short)
    page = open_page(
        "deep_models",
        section="pretraining",
        data="planted_shop",
        pretraining_starts="random,fm",
        pretraining_seeds="2",
        pretraining_events="10000",
    )
    healthy(page)
    assert "not trained with these settings yet" in page.info[0].value
    page.button(key="run pretraining@planted_shop").click()
    healthy(page.run())
    assert page.dataframe[0].value["Start"].tolist() == ["Random start", "FM start, fine-tuned"]
    assert not page.info
    page.segmented_control(key="pretraining_look@planted_shop").set_value("map")
    healthy(page.run())
    assert [info.value for info in page.info] == ["The item vectors before and after are not drawn yet."]
    assert page.button(key="run network maps@planted_shop")
    assert page.selectbox(key="pretraining_map@planted_shop").value == "random", "the first of these starts"
    assert not page.toast


@pytest.mark.slow
def test_the_python_of_pretraining_runs(open_page: Open) -> None:
    page = open_page(
        "deep_models",
        section="pretraining",
        data="planted_shop",
        pretraining_starts="random,fm",
        pretraining_seeds="2",
        pretraining_events="10000",
    )
    said = run_the_python(healthy(page))
    assert "fm 1" in said
    assert "Reached" in said
    assert "{'fm': 'noise not measured'}" in said  # two seeds


@pytest.mark.slow
def test_too_little_data_is_one_sentence(open_page: Open) -> None:
    page = open_page("deep_models", section="embedding", data="les_miserables")
    assert not page.exception
    assert "needs sequences" in page.info[0].value


@pytest.mark.slow
def test_another_page_has_views_of_its_own(app: AppTest) -> None:
    """Its name for them was node2vec's too, once; neither page stumbles over the other's."""
    app.query_params["data"] = "planted_shop"
    app.query_params["view"] = "why"
    app.run()
    healthy(app.switch_page("pages/node2vec.py").run())
    assert app.session_state["view@planted_shop"] == "why"
    healthy(app.switch_page("pages/deep_models.py").run())
    assert not app.toast, "the link spoke of the other page"
    assert app.session_state["section@planted_shop"] == "recall"
    app.session_state["section@planted_shop"] = "embedding"
    healthy(app.run())
    healthy(app.switch_page("pages/node2vec.py").run())
    assert app.session_state["view@planted_shop"] == "why"


def test_a_link_of_before_opens_its_view(open_page: Open) -> None:
    page = healthy(open_page("deep_models", data="planted_shop", view="embedding"))
    assert page.segmented_control(key="section@planted_shop").value == "embedding"
    assert page.query_params["section"] == "embedding"
    assert "view" not in page.query_params
