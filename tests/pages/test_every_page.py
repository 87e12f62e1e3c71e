"""Every page alone, on every bundled data set, and with links that make no sense."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.navigation import SECTIONS
from pages.kit.results import Results
from recemb_core.datasets import list_datasets
from tests.pages.conftest import healthy

PAGES = [name for names in SECTIONS.values() for name in names]
DATA = [info.name for info in list_datasets()]
Open = Callable[..., AppTest]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_alone_on_its_default(name: str, open_page: Open) -> None:
    page = healthy(open_page(name))
    assert page.title[0].value.endswith("?")
    assert page.query_params["data"]


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_works_on_every_bundled_data_set(name: str, data: str, open_page: Open) -> None:
    page = healthy(open_page(name, data=data))
    assert page.query_params["data"] == data


@pytest.mark.parametrize("name", PAGES)
def test_a_link_with_nonsense_falls_back_to_the_defaults(name: str, open_page: Open) -> None:
    page = healthy(open_page(name, data="planted_shop", p="seven", q="1e9", item="no such thing", seed="-3", gap="x"))
    assert page.query_params.get("p") is None
    assert page.session_state["item@planted_shop"] in page.sidebar.selectbox[1].options or page.sidebar.selectbox


@pytest.mark.parametrize("name", PAGES)
def test_a_link_to_an_upload_asks_for_the_file(name: str, open_page: Open) -> None:
    page = open_page(name, data="upload-0123456789ab", file="clicks.csv")
    assert not page.exception
    assert any("clicks.csv" in warning.value and "Upload this file again" in warning.value for warning in page.warning)


@pytest.mark.parametrize("data", ["planted_shop", "les_miserables"])
@pytest.mark.parametrize("name", PAGES)
def test_the_python_shown_on_a_page_runs(name: str, data: str, open_page: Open) -> None:
    page = healthy(open_page(name, data=data))
    shown = [block.value for block in page.code if "import" in block.value]
    if name in {"sequences", "training", "deep_models"} and data == "les_miserables":
        assert not shown  # a graph has no log to load
        return
    assert len(shown) == 1
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(shown[0], f"As Python on {name}", "exec"), {})


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("bias", [{}, {"q": "20"}, {"q": "0.05"}, {"p": "0.05", "q": "20"}])
def test_the_opening_and_the_experiments_are_ready(
    data: str, bias: dict[str, str], open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails when walks, trainer, defaults or data changed and ``make precomputed`` was not run."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("computed on the way to the first paint: run make precomputed")

    for path in ("pages.kit.model_results.train_model", "pages.kit.maps.umap_layout", "pages.kit.maps.graph_layout"):
        monkeypatch.setattr(path, refuse)
    fresh = Results()  # nothing that another test has left
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: fresh)
    healthy(open_page("node2vec", data=data, **bias))


def test_home_says_how_good_a_list_is_where_it_is_measured(open_page: Open) -> None:
    said = " ".join(m.value for m in healthy(open_page("home", data="complete_journey")).markdown)
    assert re.search(r"\(\*\*Two-tower\*\*\) offers .* for \*\*\d\d%\*\* of the people \(95 %: \d\d% to \d\d%\)", said)
    said = " ".join(m.value for m in healthy(open_page("home", data="les_miserables")).markdown)
    assert "no list can be judged" in said
    said = " ".join(m.value for m in healthy(open_page("home", data="complete_journey", seed="3")).markdown)
    assert "Not measured for this data yet" in said
