"""Epochs by size on the pages: the library's default, called what it is, and a number in the link in its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from recemb_core.datasets import load_dataset
from recemb_core.embeddings import comparison_defaults, default_graph
from recemb_core.sequences import split_sessions
from tests.pages.conftest import healthy

Open = Callable[..., AppTest]
MODELS = ("word2vec", "item2vec")
SHOP = "planted_shop"


def offered(page: AppTest, model: str) -> list[str]:
    """What an epochs control offers, as it shows it."""
    return list(page.select_slider(key=f"{model}_epochs@{SHOP}").options)


@pytest.fixture(scope="module")
def by_size() -> dict[str, int]:
    sequences = load_dataset(SHOP).sequences
    assert sequences is not None
    sessions = split_sessions(sequences, gap_minutes=60)
    graph = default_graph(sessions)
    return {name: config.epochs for name, config in comparison_defaults(sessions, graph).items() if name in MODELS}


def test_a_control_starts_at_the_librarys_default_and_says_so(open_page: Open, by_size: dict[str, int]) -> None:
    page = healthy(open_page("neighbors", data=SHOP, models=",".join(MODELS)))
    for model, epochs in by_size.items():
        assert page.session_state[f"{model}_epochs@{SHOP}"] == epochs
        assert [text for text in offered(page, model) if "by size" in text] == [f"{epochs} (by size)"]
        assert f"{model}_epochs" not in page.query_params


def test_a_number_in_the_link_is_used_and_is_not_called_by_size(open_page: Open, by_size: dict[str, int]) -> None:
    page = healthy(open_page("neighbors", data=SHOP, models="word2vec", word2vec_epochs="5"))
    assert page.session_state[f"word2vec_epochs@{SHOP}"] == 5
    assert {"5", f"{by_size['word2vec']} (by size)"} <= {*offered(page, "word2vec")}
    assert page.query_params["word2vec_epochs"] in ("5", ["5"])
    assert "epochs=5" in " ".join(code.value for code in page.code)


def test_the_slider_of_node2vec_says_the_number_by_size(open_page: Open) -> None:
    page = healthy(open_page("node2vec", data="les_miserables"))
    slider = page.slider(key="epochs@les_miserables")
    assert (slider.label, slider.value) == ("Epochs (by size: 3)", 3)
