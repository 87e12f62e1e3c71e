"""The recall, history and serving views of the Deep models page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.results import Results
from pages.views.deep_models.edited_history import parse, swap, top_rows
from pages.views.deep_models.history import user_place
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.deep.average import history_average
from recemb_core.embeddings import ItemVectors
from recemb_core.evaluation.ranking import next_item_cases
from recemb_core.experiments.recall_models import recall_defaults, recall_fingerprint
from recemb_core.scorers import scorer_defaults
from recemb_core.sequences import split_sessions
from recemb_core.splits import leave_last_out
from recemb_core.vocabulary import Vocabulary
from tests.pages.conftest import healthy, run_the_python, text

Open = Callable[..., AppTest]
VIEWS = ("recall", "history", "serving")
INDEX = {"data": "planted_shop", "recall_look": "index"}


@pytest.fixture(autouse=True)
def _no_outside_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECEMB_REDIS_URL", raising=False)


def titles(page: AppTest) -> list[str]:
    return list(page.table[0].value["Item"])


# --- the first paint ---


@pytest.mark.parametrize("data", ["complete_journey", "planted_shop"])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.slow
def test_the_opening_is_ready(data: str, view: str, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails when models, defaults or data changed and ``make precomputed`` was not run."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("computed on the way to the first paint: run python data/build_precomputed.py recall")

    for name in ("train_recall_model", "train_model", "draw_umap", "both_figures"):
        monkeypatch.setattr(f"pages.kit.recall_models.{name}", refuse)
    monkeypatch.setattr("pages.kit.cold_items.cold_item_report", refuse)
    fresh = Results()  # nothing that another test has left
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: fresh)
    page = healthy(open_page("deep_models", data=data, section=view))
    assert not [b for b in page.button if b.label.startswith("Train")]


@pytest.mark.slow
def test_the_bundled_figures_are_of_the_bundled_models() -> None:
    """Both come from files; the second must follow from the first."""
    from recemb_core.experiments.recall_models import both_figures

    sequences = load_dataset("complete_journey").sequences
    assert sequences is not None
    known = leave_last_out(sequences)[0]
    key, cases = recall_fingerprint(known), next_item_cases(known)
    config = recall_defaults()["Two-tower"]
    model, kept = precomputed.load_recall(key, config), precomputed.load_rankings(key, config)
    assert model is not None
    assert kept is not None
    for here, there in zip(both_figures(model.scores, cases), kept, strict=True):
        assert here.hit_rate[10].value == pytest.approx(there.hit_rate[10].value, abs=2 / here.users)
        assert here.mrr.value == pytest.approx(there.mrr.value, abs=1e-3)


# --- recall ---


def scorers_of(name: str) -> list[str]:
    """Names of the scorers that the page has for a data set."""
    log = load_dataset(name).sequences
    assert log is not None
    return list(scorer_defaults(next_item_cases(leave_last_out(split_sessions(log) if log.ordered else log)[0]).train))


@pytest.mark.slow
def test_the_table_names_every_model_with_intervals(open_page: Open) -> None:
    page = healthy(open_page("deep_models", data="complete_journey"))
    table = page.dataframe[0].value
    assert list(table["Model"]) == [*scorers_of("complete_journey"), *recall_defaults()]
    folded = page.dataframe[1].value
    assert list(folded["Model"]) == list(table["Model"])
    for column in ("HR@10", "HR@50", "HR@100", "NDCG@10"):
        for cell in (table if column in table else folded)[column]:
            value, low, high = (float(x) for x in cell.replace("[", "").replace("]", "").replace(",", "").split())
            assert low <= value <= high
    assert "beat popularity beyond the noise of users" in text(page)
    assert "two-tower" in text(page).lower()
    every = table["HR@10"][0]
    page.segmented_control(key="recall_figure@complete_journey").set_value("novel")
    healthy(page.run())
    assert "first-time targets" in text(page)
    assert any("items of the history masked" in c.value for c in page.caption)
    assert page.dataframe[0].value["HR@10"][0] != every, "first-time targets tell another story"


@pytest.mark.slow
def test_new_settings_wait_for_train_and_keep_the_old_picture(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    models = ("Item average, cosine", "Two-tower")  # one whose settings stay, and one that is trained anew
    few = lambda seed: {name: recall_defaults(seed)[name] for name in models}  # noqa: E731
    monkeypatch.setattr("pages.kit.recall_models.recall_defaults", few)
    page = healthy(open_page("deep_models", data="planted_shop"))
    page.select_slider(key="recall_dimensions@planted_shop").set_value(16)
    page.slider(key="recall_epochs@planted_shop").set_value(1)
    healthy(page.run())
    assert any("settings changed" in w.value for w in page.warning)
    assert list(page.dataframe[0].value["Model"]) == [*scorers_of("planted_shop"), *models]
    button = next(b for b in page.button if b.label.startswith("Train"))
    assert "about" in button.label
    button.click()
    healthy(page.run())
    assert not page.warning
    assert page.query_params["recall_dimensions"] in ("16", ["16"])
    assert not [b for b in page.button if b.label.startswith("Train")]
    page.segmented_control(key="recall_look@planted_shop").set_value("cold")
    healthy(page.run())
    assert "planted_shop" in page.query_params["data"]
    (cold,) = page.info
    assert "taken out of the log" in cold.value, "the models are the new ones; cold items are asked for by themselves"
    assert any(b.label.startswith("Measure") for b in page.button)


@pytest.mark.slow
def test_a_fast_index_is_measured_for_each_model(open_page: Open) -> None:
    page = healthy(open_page("deep_models", **INDEX, recall_index_model="YouTube DNN", recall_index_n="10"))
    assert "Exact search hits" in text(page)
    assert "HNSW" in text(page)


# --- edit a history ---


@pytest.mark.slow
def test_removing_adding_and_reordering_change_the_list(open_page: Open) -> None:
    page = healthy(open_page("deep_models", data="complete_journey", section="history"))
    before = titles(page)
    removals = [b for b in page.button if (b.key or "").startswith("history gone")]
    assert len(removals) == 12
    removals[0].click()
    healthy(page.run())
    assert "edited" in text(page)
    assert "Before" in page.table[0].value.columns
    kept = page.session_state["history_items@complete_journey"].split(".")
    assert len(kept) == 14

    up = next(b for b in page.button if (b.key or "").startswith("history down"))
    up.click()
    healthy(page.run())
    swapped = page.session_state["history_items@complete_journey"].split(".")
    assert sorted(swapped) == sorted(kept)
    assert swapped[-2:] == kept[:-3:-1]

    items = load_dataset("complete_journey").items
    page.selectbox(key="history_add@complete_journey").set_value(items[3])
    healthy(page.run())
    assert page.session_state["history_items@complete_journey"].split(".")[-1] == "3"
    changed = titles(page)
    assert changed != before

    page.button(key="history undo").click()
    healthy(page.run())
    assert titles(page) == before


@pytest.mark.slow
def test_an_edited_history_is_in_the_link(open_page: Open) -> None:
    page = healthy(open_page("deep_models", data="planted_shop", section="history", history_items="3.14.15"))
    assert "3 events, edited" in text(page)
    assert page.query_params["history_items"] in ("3.14.15", ["3.14.15"])
    page = healthy(open_page("deep_models", data="planted_shop", section="history", history_items="3.fourteen"))
    assert "edited" not in text(page)


@pytest.mark.slow
def test_a_newcomer_gets_a_list_under_an_average_and_under_a_network(open_page: Open) -> None:
    for model in ("Item average, cosine", "Two-tower"):
        page = healthy(
            open_page("deep_models", data="planted_shop", section="history", history_items="-", history_model=model)
        )
        assert "Empty: a newcomer" in "\n".join(c.value for c in page.caption)


@pytest.mark.slow
def test_pulls_of_an_average_are_shares_and_of_a_network_differences(open_page: Open) -> None:
    page = healthy(
        open_page("deep_models", section="history", data="planted_shop", history_model="Item average, cosine")
    )
    assert all("%" in text for text in page.table[0].value["Pulled by"])
    assert any("exact" in c.value for c in page.caption)
    page = healthy(open_page("deep_models", section="history", data="planted_shop"))
    assert any("leave one out" in c.value for c in page.caption)
    assert any("+" in text for text in page.table[0].value["Pulled by"])


@pytest.mark.slow
def test_another_user_starts_from_their_own_history(open_page: Open) -> None:
    page = healthy(open_page("deep_models", section="history", data="planted_shop", history_items="3.14"))
    box = page.selectbox(key="history_user@planted_shop")
    box.set_value(box.options[5])
    healthy(page.run())
    assert page.session_state["history_items@planted_shop"] == ""
    assert "edited" not in text(page)


def test_the_user_lies_where_the_best_items_are() -> None:
    vectors = ItemVectors(Vocabulary(range(40)), np.repeat(np.eye(2, dtype=np.float32) * 9, 20, axis=0))
    model = history_average(vectors)
    positions = np.repeat(np.array([[0, 0], [10, 10]], np.float32), 20, axis=0)
    assert user_place(model, [0, 1], positions) == (0, 0)
    assert user_place(model, [25], positions) == (10, 10)
    assert [row for row, _ in top_rows(model, [0], False)][:2] == [1, 2]
    assert top_rows(model, [0], True)[0][0] == 0


def test_swapping_at_the_ends_changes_nothing() -> None:
    assert swap([1, 2, 3], 2, 3) == [1, 2, 3]
    assert swap([1, 2, 3], 0, -1) == [1, 2, 3]
    assert swap([1, 2, 3], 0, 1) == [2, 1, 3]


def test_a_history_is_read_from_text() -> None:
    class Data:
        items = Vocabulary("abc")

    assert parse(Data(), "0.2.2") == [0, 2, 2]  # type: ignore[arg-type]
    assert parse(Data(), "-") == parse(Data(), "") == []  # type: ignore[arg-type]
    for bad in ("3", "0..1", "x", "0.-1", "½", "0.x", "..", "-3"):
        assert parse(Data(), bad) is None  # type: ignore[arg-type]


# --- serving ---


@pytest.mark.slow
def test_vectors_are_served_by_id_and_replaced_at_once(open_page: Open) -> None:
    page = healthy(open_page("deep_models", data="complete_journey", section="serving"))
    facts = {m.label: m.value for m in page.metric}
    assert facts["Store"] == "SQLite"
    assert facts["Items"] == "1,748"
    assert facts["Users"] == "800"
    sequences = load_dataset("complete_journey").sequences
    assert sequences is not None
    known = leave_last_out(sequences)[0]
    cases = next_item_cases(known)
    model = precomputed.load_recall(recall_fingerprint(known), recall_defaults()["Two-tower"])
    assert model is not None
    user = page.selectbox(key="serving_user@complete_journey").value
    row = cases.users.tolist().index(user)
    expected = model.recommend(cases.histories[row], 10, exclude_seen=False)
    assert list(page.dataframe[0].value["Id"]) == [item for item, _ in expected]

    page.selectbox(key="serving_model@complete_journey").set_value("YouTube DNN")
    healthy(page.run())
    assert any("In use: **Two-tower**" in w.value for w in page.warning)
    assert {m.label: m.value for m in page.metric}["Version"] == facts["Version"]
    page.button(key="serving publish").click()
    healthy(page.run())
    assert not page.warning
    assert {m.label: m.value for m in page.metric}["Version"] != facts["Version"]
    assert any("published in" in s.value for s in page.success)


@pytest.mark.slow
def test_a_history_of_ones_own_is_put_and_served(open_page: Open) -> None:
    page = healthy(open_page("deep_models", data="planted_shop", section="serving", history_items="3.14.15"))
    page.text_input(key="serving_id").set_value("me")
    page.button(key="serving put").click()
    healthy(page.run())
    box = page.selectbox(key="serving_user@planted_shop")
    assert "me" in box.options
    box.set_value("me")
    healthy(page.run())
    assert "for user me" in text(page)
    assert len(page.dataframe[0].value) == 10


@pytest.mark.slow
def test_a_store_that_does_not_answer_is_one_sentence(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("redis")
    monkeypatch.setenv("RECEMB_REDIS_URL", "redis://:secret@127.0.0.1:1/0")
    fresh = Results()  # no store that another test has opened
    monkeypatch.setattr("pages.kit.results.session_results", lambda: fresh)
    page = open_page("deep_models", data="planted_shop", section="serving")
    assert not page.exception
    assert [e.value for e in page.error] == [
        "The Redis server of RECEMB_REDIS_URL does not answer (ConnectionError); see that it runs and can be reached, "
        "then do it again."
    ]


# --- the lines of Python ---


@pytest.mark.slow
@pytest.mark.parametrize("query", [{"section": "recall"}, {"section": "history"}, {"section": "serving"},
                                   {"section": "history", "history_model": "Item average, in · out"}])  # fmt: skip
def test_the_python_of_each_view_runs(query: dict[str, str], open_page: Open) -> None:
    page = healthy(open_page("deep_models", data="planted_shop", **query))
    assert run_the_python(page)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.slow
def test_nonsense_in_the_link_falls_back(view: str, open_page: Open) -> None:
    nonsense = {
        "recall_figure": "x",
        "recall_measure": "x",
        "recall_dimensions": "7",
        "recall_epochs": "many",
        "recall_index_n": "3",
        "history_user": "nobody",
        "history_take": "7",
        "history_model": "x",
        "serving_model": "x",
        "serving_user": "nobody",
        "recall_index_model": "x",
    }
    healthy(open_page("deep_models", data="planted_shop", section=view, **nonsense))


@pytest.mark.slow
def test_of_many_users_a_sample_is_asked_and_the_page_says_so(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.kit.recall_models.MOST_ASKED", 50)
    monkeypatch.setattr("recemb_core.precomputed.load_rankings", lambda *_: None)
    fresh = Results()
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: fresh)
    page = healthy(open_page("deep_models", data="planted_shop"))
    assert any("from a sample of 50 of 1,985" in c.value for c in page.caption)
    assert page.dataframe[0].value["Model"][0] == "Popularity"
