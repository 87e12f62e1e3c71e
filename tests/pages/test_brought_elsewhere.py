"""Vectors of one's own on the Training and Deep models pages: looked up, a start of a network; or said why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import results
from pages.kit.results import Results
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import ItemVectors
from recemb_core.embeddings.exporting import word2vec_binary
from recemb_core.vocabulary import Vocabulary
from tests.pages.conftest import healthy, run_the_python, text

Open = Callable[..., AppTest]
SHOP = load_dataset("planted_shop")
ROWS = np.random.default_rng(3).normal(size=(len(SHOP.items), 20)).astype(np.float32)
HALF = ItemVectors(Vocabulary(SHOP.items.ids[::2]), ROWS[::2])
WHOLE = ItemVectors(SHOP.items, ROWS, output_vectors=ROWS[::-1].copy())


def bring(page: AppTest, name: str, data: bytes) -> AppTest:
    page.file_uploader(key="brought_files").set_value([(name, data, "application/octet-stream")])
    return healthy(page.run())


@pytest.mark.slow
def test_a_row_is_looked_up_in_a_file_of_one_s_own(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    page = bring(healthy(open_page("training", data="planted_shop", look="lookup")), "mine.bin", word2vec_binary(HALF))
    assert "which you brought" not in text(page), "nothing changes until it is chosen"
    page.session_state["training_table@planted_shop"] = "mine"
    page.session_state["item@planted_shop"] = SHOP.items[0]
    healthy(page.run())
    said = text(page)
    assert f"{len(HALF)} of {len(SHOP.items)} items have a vector" in said
    assert [one.value for one in page.metric][:2] == [str(len(SHOP.items)), "20"]
    assert any(f"{ROWS[0, 0]:.2f}".replace("-", "−") in html.value for html in page.get("html")) or "x · W" in said
    page.session_state["item@planted_shop"] = SHOP.items[1]
    assert "has none: its row here is zeros" in text(healthy(page.run()))
    (tmp_path / "mine.bin").write_bytes(word2vec_binary(HALF))
    monkeypatch.chdir(tmp_path)
    assert run_the_python(page).strip() == "0.0"


def test_two_vectors_are_asked_for_where_two_are_shown(open_page: Open) -> None:
    page = bring(
        healthy(open_page("training", data="planted_shop", look="two")),
        "one.bin",
        word2vec_binary(ItemVectors(SHOP.items, ROWS)),
    )
    assert "one: not offered here, for the file has one vector an item" in text(page)
    page = bring(healthy(open_page("training", data="planted_shop", look="two")), "both.npz", WHOLE.to_bytes())
    page.session_state["training_table@planted_shop"] = "both"
    page.session_state["item@planted_shop"] = SHOP.items[4]
    healthy(page.run())
    assert "which you brought" in text(page)
    own = float(ROWS[4] @ ROWS[::-1][4])
    assert page.metric[1].value.replace("−", "-") == f"{own:.2f}"
    assert not any("predict first" in one.value for one in page.markdown), "what to try is about what the page trains"


def test_the_other_views_say_why_they_have_none(open_page: Open) -> None:
    page = bring(healthy(open_page("training", data="planted_shop", look="lookup")), "mine.bin", word2vec_binary(HALF))
    assert "Your vectors are not in this view" not in text(page)
    page.session_state["look@planted_shop"] = "window"
    assert "Your vectors are not in this view: it shows how vectors come about" in text(healthy(page.run()))


def test_a_network_starts_from_vectors_of_one_s_own(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody, mine = Results(), Results()
    monkeypatch.setattr(results, "_shared_results", lambda: everybody)
    monkeypatch.setattr(results, "session_results", lambda: mine)
    page = healthy(open_page("deep_models", data="planted_shop", section="pretraining"))
    assert "Start from your vectors" not in page.multiselect(key="pretraining_starts@planted_shop").options
    page = bring(page, "mine.bin", word2vec_binary(HALF))
    assert "Start from your vectors" in page.multiselect(key="pretraining_starts@planted_shop").options
    page.multiselect(key="pretraining_starts@planted_shop").set_value(["random", "brought"])
    healthy(page.run())
    said = text(page)
    assert f"From mine: {len(HALF)} of {len(SHOP.items)} items, each vector scaled to length 1" in said
    assert "principal directions" in said
    assert "only who made them knows" in said
    code = next(block.value for block in page.code if "compare_starts" in block.value)
    assert "read_vectors('mine.bin').aligned(sequences.items)" in code.replace('"', "'")
    assert "brought=brought" in code
    assert any(one.label.startswith("Train") for one in page.button)


@pytest.mark.slow
def test_what_a_network_made_of_them_stays_in_the_session(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody, mine = Results(), Results()
    monkeypatch.setattr(results, "_shared_results", lambda: everybody)
    monkeypatch.setattr(results, "session_results", lambda: mine)
    page = healthy(open_page("deep_models", data="planted_shop", section="pretraining", pretraining_events="10000"))
    page = bring(page, "mine.bin", word2vec_binary(HALF))
    page.multiselect(key="pretraining_starts@planted_shop").set_value(["random", "brought"])
    page.session_state["pretraining_seeds@planted_shop"] = 2
    healthy(page.run())
    (train,) = [one for one in page.button if one.label.startswith("Train")]
    healthy(train.click().run())
    assert "**Start from your vectors**: lowest loss" in text(page)
    kept = [key for store in (everybody, mine) for key in store._kept if "deep pretraining" in str(key)]
    assert kept
    assert not [key for key in everybody._kept if "BroughtConfig" in str(key)]
