"""Data of more than 5,000 items: first trainings that are short, maps of a sample, and all of it said."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import large, maps, session
from pages.kit.session import ActiveData
from pages.kit.uploads.uploads import File, Upload
from recemb_core.embeddings import MODELS, EGESConfig, PPMISVDConfig, Word2VecConfig, node2vec_defaults
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary
from tests.pages.conftest import ROOT, healthy, text

ITEMS = 5_200


def a_log(items: int, per_item: int = 3) -> Sequences:
    """Sessions of six items that lie near each other."""
    rng = np.random.default_rng(0)
    starts = np.concatenate([np.arange(0, items, 3), rng.integers(0, items, items * per_item // 6)])
    tokens = ((starts[:, None] + np.sort(rng.integers(0, 12, (len(starts), 6)), axis=1)) % items).astype(np.int32)
    tokens[: -(-items // 3), :3] = (np.arange(-(-items // 3) * 3) % items).reshape(-1, 3)  # every item is there
    return Sequences(Vocabulary(f"i{k}" for k in range(items)), np.arange(len(starts) + 1) * 6, tokens.ravel())


def data_of(items: int) -> ActiveData:
    return ActiveData("upload-x", "log", "", a_log(items), None)


@pytest.mark.parametrize("items", [5_001, 20_000, 60_000])
@pytest.mark.parametrize("name", ["word2vec", "DeepWalk", "node2vec", "GES", "EGES"])
def test_a_first_training_keeps_to_its_budget_and_leaves_all_else_alone(items: int, name: str) -> None:
    data, spec = data_of(items), MODELS[name]
    graph = range(items)  # the defaults ask for its size alone
    usual = spec.default_config(data.sequences, graph, None)  # type: ignore[arg-type]
    found = large.first_look(data, spec, usual)
    budget = 2.0 if items <= 50_000 else 6.0
    least = all(getattr(found, field, at_least) == at_least for field, (at_least, _) in large.FEWER.items())
    assert spec.cost(found, data.sequences, items) <= budget * spec.speed * 1.0001 or least
    for field, value in vars(usual).items():
        if field in large.FEWER:
            assert large.FEWER[field][0] <= getattr(found, field) <= value
        else:
            assert getattr(found, field) == value
    assert large.first_look(data, spec, found) == found


def test_small_data_and_what_cannot_be_shortened_stay_as_they_are() -> None:
    config: Any
    for config in (node2vec_defaults(500), Word2VecConfig(epochs=500), EGESConfig()):
        assert large.first_look(data_of(5_000), MODELS["node2vec"], config) is config
    single = PPMISVDConfig()
    assert large.first_look(data_of(20_000), MODELS["PPMI-SVD"], single) is single


@pytest.mark.slow
def test_node2vec_of_many_items_draws_a_sample_with_the_chosen_item_and_says_so() -> None:
    log = a_log(ITEMS)
    frame = log.to_frame().select(pl.col("session").alias("session_id"), pl.col("item").alias("item_id"), "order")
    upload = Upload(File("many.csv", frame.write_csv().encode()))
    page = AppTest.from_file(str(ROOT / "pages" / "node2vec.py"), default_timeout=900)
    page.session_state["uploads"], page.session_state["data"] = {upload.key: upload}, upload.key
    page.query_params["item"] = f"i{ITEMS - 1}"
    healthy(page.run())
    said = text(page)
    assert f"The map shows 2,000 of {ITEMS:,} items, drawn at random, and the chosen one with its neighbors" in said
    assert f"Of 3,000 of {ITEMS:,} items, drawn at random." in " ".join(m.help for m in page.metric)
    config = large.first_look(data_of(ITEMS), MODELS["node2vec"], node2vec_defaults(ITEMS))
    fewer = config != node2vec_defaults(ITEMS)
    assert ("First look" in said) == fewer
    assert not re.search(r"\b1 (epochs|walks|items)\b", said)
    chart = next(c for c in page.get("bidi_component") if f"map@{upload.key}" in c.proto.id)
    figure = json.loads(json.loads(chart.proto.json)["figure"])
    ids = {point[0] for trace in figure["data"] for point in trace.get("customdata") or []}
    assert f"i{ITEMS - 1}" in ids
    assert 2_000 <= len(ids) <= 2_011  # the sample, the chosen item and its ten nearest
    if fewer:
        page.button(key=f"longer node2vec page node2vec@{upload.key}").click().run()
        healthy(page)
        assert "First look" not in text(page)
        assert page.session_state[f"epochs@{upload.key}"] == node2vec_defaults(ITEMS).epochs


def test_the_map_of_a_small_sample_does_not_wait_for_its_button(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: int | None
    for drawn, asks in ((2_000, False), (5_000, False), (10_000, None), (None, None)):
        monkeypatch.setattr(large, "on_map", lambda data, drawn=drawn: drawn)
        assert maps.map_asks(data_of(10)) is asks


@pytest.mark.parametrize(
    ("typed", "found"),
    [("i7", "i7"), ("Thing 7", "i7"), ("thing 5100", "i5100"), ("  i5199 ", "i5199"), ("nothing", None), ("", None)],
)
def test_any_item_is_found_by_what_is_typed(typed: str, found: str | None) -> None:
    titles = pl.DataFrame({"title": [f"Thing {k}" for k in range(ITEMS)]})
    data = replace(data_of(ITEMS), side_info=titles)
    assert session.find_item(data, typed) == found


def test_words_mean_the_most_popular_item_that_has_them_and_boxes_list_the_most_popular() -> None:
    titles = pl.DataFrame({"title": ["Tea pot" if k in (3, 4_000, 5_100) else f"Thing {k}" for k in range(ITEMS)]})
    data = replace(data_of(ITEMS), side_info=titles)
    order = session.items_by_popularity(data)
    assert session.find_item(data, "tea") == next(item for item in order if item in ("i3", "i4000", "i5100"))
    listed = session.listed_items(data, order[-1], order[0])
    assert listed == [*order[: session.LISTED], order[-1]]
    assert "5,000 most popular of 5,200" in session.listed_words(data)
    assert session.listed_words(data_of(100)) == ""
