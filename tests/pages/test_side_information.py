"""The side-information page: weights that sum to one, an item that is born, one that is hidden, data without fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.results import Results
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import eges_defaults, train_eges
from tests.pages.conftest import healthy, numbers, run_the_python, show_me, text
from tests.pages.test_upload import baskets, upload

Open = Callable[..., AppTest]
NAME = "side_information"


def tables(page: AppTest) -> list[Any]:
    return [frame.value for frame in page.dataframe]


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Results:
    """Nothing that another test has left."""
    results = Results()
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: results)
    return results


@pytest.mark.parametrize("data", ["complete_journey", "planted_shop"])
@pytest.mark.parametrize("side", ["attention", "birth"])
@pytest.mark.slow
def test_the_opening_is_ready(
    data: str, side: str, open_page: Open, monkeypatch: pytest.MonkeyPatch, fresh: Results
) -> None:
    """Fails when walks, trainer, defaults or data changed and ``make precomputed`` was not run."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("computed on the way to the first paint: run make precomputed")

    for path in ("pages.kit.model_results.train_model", "pages.kit.maps.umap_layout"):
        monkeypatch.setattr(path, refuse)
    page = healthy(open_page(NAME, data=data, side=side))
    shown = numbers(page)
    assert 0 < float(shown["Its own weight" if side == "attention" else "Nearest, cosine"]) <= 1
    assert ("Fields given" in shown) == (side == "birth"), "a new item's numbers are its own"


@pytest.mark.slow
def test_the_page_shows_what_the_library_gives(open_page: Open) -> None:
    page = healthy(open_page(NAME, data="planted_shop"))
    shop = load_dataset("planted_shop")
    assert shop.graph is not None
    assert shop.side_info is not None
    vectors = train_eges(shop.graph, shop.side_info, eges_defaults(len(shop.graph)))
    row = shop.items.row(page.session_state["item@planted_shop"])
    # The bundled vectors may come from another processor, whose last bits differ.
    assert float(numbers(page)["Its own weight"]) == pytest.approx(vectors.attention[row, 0], abs=0.03)
    best = int(np.argmax(vectors.attention[row, 1:]))
    shown = float(numbers(page)[vectors.field_names[best]])
    assert shown == pytest.approx(vectors.attention[row, best + 1], abs=0.03)


@pytest.mark.slow
def test_more_seeds_say_how_sure_the_weights_are(open_page: Open, fresh: Results) -> None:
    page = healthy(open_page(NAME, data="planted_shop"))
    assert "Whiskers" not in text(page)
    button = next(b for b in page.button if b.label.startswith("Run 4 more seeds"))
    button.click()
    assert "Whiskers: smallest and largest weight over 5 seeds" in text(healthy(page.run()))


@pytest.mark.slow
def test_fewer_fields_train_anew_and_none_is_asked_for(open_page: Open) -> None:
    page = healthy(open_page(NAME, data="planted_shop", eges_fields="department"))
    assert "department" in numbers(page)
    assert numbers(page)["Fields it has"] == "1 of 1"
    page.multiselect(key="eges_fields@planted_shop").set_value([])
    assert "Choose at least one field" in text(healthy(page.run()))
    link = healthy(open_page(NAME, data="planted_shop", eges_fields="no such field"))
    assert numbers(link)["Fields it has"] == "3 of 3"


# --- birth of an item ---


@pytest.mark.slow
def test_a_new_item_lands_among_its_kind(open_page: Open) -> None:
    page = healthy(open_page(NAME, data="planted_shop", side="birth", new_department="Fishing", new_brand=""))
    nearest, shares = tables(page)
    assert len(nearest) == 10
    assert nearest["Cosine"].is_monotonic_decreasing
    assert (nearest["Shares"].str.contains("department")).mean() >= 0.7
    assert shares["Field"].tolist() == ["department"]
    page.selectbox(key="new_brand@planted_shop").set_value(page.selectbox(key="new_brand@planted_shop").options[3])
    healthy(page.run())
    assert tables(page)[1]["Field"].tolist() == ["department", "brand"]
    assert page.query_params["new_department"] == "Fishing"
    assert run_the_python(page).strip()


@pytest.mark.slow
def test_a_new_item_like_the_chosen_one_and_one_without_fields(open_page: Open) -> None:
    page = healthy(open_page(NAME, data="planted_shop", side="birth", item="tent"))
    next(b for b in page.button if b.label == "Like Tent").click()
    healthy(page.run())
    shop = load_dataset("planted_shop")
    assert shop.side_info is not None
    assert page.selectbox(key="new_brand@planted_shop").value == shop.side_info["brand"][shop.items.row("tent")]
    next(b for b in page.button if b.label == "Nothing given").click()
    assert "a value in at least one field" in text(healthy(page.run()))
    assert not tables(page)


@pytest.mark.slow
def test_another_table_of_the_same_log_is_learned_anew(app: AppTest) -> None:
    rows = [
        item
        for group in (("tea", "milk", "sugar", "cup", "pot"), ("hammer", "nail", "saw", "drill", "glue"))
        for item in group
    ]
    one = "\n".join(["item_id,kind", *(f"{item},{number % 2}" for number, item in enumerate(rows))])
    two = "\n".join(["item_id,kind", *(f"{item},{number // 5}|{number % 3}" for number, item in enumerate(rows))])
    app.run()
    found = []
    for side in (one, two):
        app.switch_page("pages/sequences.py").run()
        healthy(upload(app, "shop.csv", baskets(), side=side.encode()))
        app.switch_page(f"pages/{NAME}.py").run()
        app.segmented_control(key=f"side@{app.query_params['data']}").set_value("birth")
        healthy(app.run())
        found.append([box.key for box in app.multiselect if box.key.startswith("new_")])
    assert found == [[], [f"new_kind@{app.query_params['data']}"]], "a field of several values has a box for several"


@pytest.mark.slow
def test_an_upload_with_fields_of_several_values(app: AppTest) -> None:
    kinds = {"tea": "drink|hot", "milk": "drink", "sugar": "sweet", "cup": "ware|hot", "pot": "ware"}
    kinds |= {"hammer": "tool", "nail": "metal", "saw": "tool|metal", "drill": "tool", "glue": ""}
    items = "\n".join(["item_id,title,kind", *(f"{item},{item.title()},{kind}" for item, kind in kinds.items())])
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "shop.csv", baskets(), side=items.encode()))
    app.switch_page(f"pages/{NAME}.py").run()
    healthy(app)
    key = app.query_params["data"]
    assert numbers(app)["Fields it has"] in ("0 of 1", "1 of 1")
    app.segmented_control(key=f"side@{key}").set_value("birth")
    healthy(app.run())
    app.multiselect(key=f"new_kind@{key}").set_value(["tool", "metal"])
    healthy(app.run())
    nearest = tables(app)[0]["Item"].tolist()
    assert set(nearest[:3]) <= {"Hammer", "Nail", "Saw", "Drill", "Glue"}
    app.sidebar.selectbox[1].set_value("glue")
    app.segmented_control(key=f"side@{key}").set_value("hide")
    assert "has no value in any field" in text(healthy(app.run()))


@pytest.mark.slow
def test_an_upload_without_fields_says_what_is_needed(app: AppTest) -> None:
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "shop.csv", baskets()))
    app.switch_page(f"pages/{NAME}.py").run()
    assert "says nothing about its items" in text(healthy(app))


# --- hiding a known item ---


@pytest.mark.slow
def test_a_hidden_item_is_scored_against_popularity_and_chance(open_page: Open, fresh: Results) -> None:
    page = healthy(open_page(NAME, data="planted_shop", side="hide"))
    assert run_the_python(page).strip()
    scores = tables(page)[0].set_index("Ordered by")["Beats"]
    assert scores["chance"] == 0.5
    assert scores["own vector, nothing hidden"] > 0.8
    assert {"fields, clicks never seen", "fields, clicks seen in training", "most popular first"} <= set(scores.index)
    said = text(page)
    assert "of 10 tenths of the catalogue" in said
    rest = next(b for b in page.button if b.label.startswith("Run the same for the other 9 tenths"))
    rest.click()
    found = re.search(r"Over (\d+) hidden items\*\* \(10 of 10", text(healthy(page.run())))
    assert found is not None
    assert int(found[1]) >= 170  # all but those whose neighbors were all hidden with them
    # The numbers on top are those of the picture and of the answer beside it, not of one item.
    show_me(page, 0)
    page = healthy(page.run())
    shares = re.search(r"before (\d+%) of the others \(.*?\), before (\d+%)", page.success[0].value)
    assert shares is not None
    assert (numbers(page)["Fields, unseen"], numbers(page)["Most popular"]) == shares.groups()


# --- GES ---


@pytest.mark.slow
def test_ges_and_eges_side_by_side_and_the_hidden_edges(open_page: Open, fresh: Results) -> None:
    page = healthy(open_page(NAME, data="planted_shop", side="ges"))
    assert run_the_python(page).strip()
    plain, attended = tables(page)
    assert len(plain) == len(attended) == 10
    assert (plain["Both"].sum()) == attended["Both"].sum()
    assert f"share **{int(plain['Both'].sum())} of 10**" in text(page)
    next(b for b in page.button if b.label.startswith("Run the test on hidden edges")).click()
    said = text(healthy(page.run()))
    assert re.search(r"Side information changes the AUC by \S+ \(GES against none, (beyond|within) noise\)", said)
    assert re.search(r"attention by \S+ \(EGES against GES, (beyond|within) noise\).* 5% for both together", said)


# --- words ---


@pytest.mark.slow
def test_data_without_fields_says_what_is_needed_and_offers_the_groceries(open_page: Open) -> None:
    page = healthy(open_page(NAME, data="les_miserables"))
    assert "says nothing about its items" in text(page)
    next(b for b in page.button if b.label.startswith("Show it on Groceries")).click()
    healthy(page.run())
    assert page.query_params["data"] == "complete_journey"
    assert "Its own weight" in numbers(page)


@pytest.mark.slow
def test_a_field_is_named_in_words(open_page: Open) -> None:
    """``product_category`` is a name of a column; a person reads "product category"."""
    names = [name for name in load_dataset("complete_journey").side_info.columns if "_" in name]  # type: ignore[union-attr]
    assert "product_category" in names
    for page, query in (
        (NAME, {"eges_fields": "product_category"}),
        (NAME, {"side": "birth"}),
        ("item_graph", {}),
        ("node2vec", {}),
    ):
        shown = healthy(open_page(page, data="complete_journey", **query))
        widgets = [one for kind in ("multiselect", "selectbox", "metric", "button", "pills") for one in shown.get(kind)]
        said = [text(shown), *(one.label for one in widgets)]
        said += [str(one.options) for one in widgets if hasattr(one, "options")]
        said += [f"{list(frame.value.columns)} {frame.value.to_numpy().tolist()}" for frame in shown.dataframe]
        for name in names:
            assert not any(name in words for words in said), f"{name} on {page} {query}"


@pytest.mark.slow
def test_three_forms_of_the_weights_are_those_of_the_library(open_page: Callable[..., AppTest]) -> None:
    page = healthy(open_page("side_information", data="planted_shop", side="forms", form_start="learned"))
    said = text(page)
    assert "**Σa = 0**: nothing can be divided by it" in said
    printed = run_the_python(page)
    assert "share [nan nan nan nan]" in printed
    assert len(page.get("bidi_component")) == 3
    page.slider(key="form_shift@planted_shop").set_value(0.5)
    healthy(page.run())
    assert "**Σa = 2**, by which every gradient is divided" in text(page)  # four embeddings
    page.selectbox(key="form_start@planted_shop").set_value("zero")
    page.slider(key="form_shift@planted_shop").set_value(0.0)
    healthy(page.run())
    assert "4 at 0: a negative one turns" in text(page)
    assert "Weights from 0.250 to 0.250" in text(page)


def test_no_step_of_descent_leaves_the_start(open_page: Callable[..., AppTest]) -> None:
    page = healthy(open_page("side_information", data="planted_shop", side="forms", form_steps="0"))
    assert text(page).count("0 steps: loss") == 3
