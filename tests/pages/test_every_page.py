"""Every page alone, on every bundled data set, and with links that make no sense."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import maps, model_results, session
from pages.kit.navigation import SECTIONS
from pages.kit.results import Results
from recemb_core import precomputed
from recemb_core.datasets import list_datasets, load_dataset
from recemb_core.embeddings import default_graph, node2vec_defaults
from recemb_core.layouts import UMAPConfig
from recemb_core.sequences import split_sessions
from tests.pages.conftest import ROOT, healthy

PAGES = [name for names in SECTIONS.values() for name in names]
DATA = [info.name for info in list_datasets()]
RUN = ("planted_shop", "les_miserables")  # a log and a graph alone: where the Python shown is run
Open = Callable[..., AppTest]


def opens_on(name: str) -> str:
    """The data set that a page shows until a person chooses one."""
    found = re.search(
        r'opens_on=("\w+"|session\.OPENS_ON)', (ROOT / "pages" / f"{name}.py").read_text(encoding="utf-8")
    )
    assert found is not None
    return session.OPENS_ON if found[1].startswith("session") else found[1].strip('"')


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.slow
def test_a_page_works_on_every_bundled_data_set(name: str, data: str, open_page: Open) -> None:
    """A page's own data set is opened without being named, the planted shop by a link that makes no sense besides."""
    nonsense = {"p": "seven", "q": "1e9", "item": "no such thing", "seed": "-3", "gap": "x"}
    named = {} if data == opens_on(name) else {"data": data}
    page = healthy(open_page(name, **named, **(nonsense if data == "planted_shop" else {})))
    assert page.title[0].value.endswith("?")
    assert page.query_params["data"] in (data, [data])
    assert page.query_params.get("p") is None
    assert page.session_state[f"item@{data}"] in load_dataset(data).items
    if data not in RUN:
        return
    shown = [block.value for block in page.code if "import" in block.value]
    if name in {"sequences", "training", "deep_models", "evaluation"} and data == "les_miserables":
        assert not shown  # a graph has no log to load
        return
    assert len(shown) == 1
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(shown[0], f"As Python on {name}", "exec"), {})


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.slow
def test_a_link_to_an_upload_asks_for_the_file(name: str, open_page: Open) -> None:
    page = open_page(name, data="upload-0123456789ab", file="clicks.csv")
    assert not page.exception
    assert any("clicks.csv" in warning.value and "Upload this file again" in warning.value for warning in page.warning)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("bias", [{}, {"q": "20"}, {"q": "0.05"}, {"p": "0.05", "q": "20"}], ids=str)
@pytest.mark.slow
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
    if data in RUN and len(bias) != 1:  # the page as a person sees it; of the rest, what it would draw
        healthy(open_page("node2vec", data=data, **bias))
        return
    loaded = session._bundled(data)
    if loaded.log is not None:
        loaded = replace(loaded, sequences=split_sessions(loaded.log, gap_minutes=60))
    graph = default_graph(loaded.sequences) if loaded.graph is None else loaded.graph  # type: ignore[arg-type]
    base, umap = node2vec_defaults(len(graph)), UMAPConfig().for_size(len(graph))
    config = replace(base, **{name: float(value) for name, value in bias.items()})
    assert model_results.has_model(loaded, config, graph=graph)
    assert maps.has_map(loaded, graph, config, umap, None if config == base else base)
    assert precomputed.load_scores(graph, config) is not None


@pytest.mark.slow
def test_home_says_how_good_a_list_is_where_it_is_measured(open_page: Open) -> None:
    said = " ".join(m.value for m in healthy(open_page("home", data="complete_journey")).markdown)
    share = r"\d+\.\d% \((?:95%: )?\d+\.\d% to \d+\.\d%\)"
    found = re.search(rf"\*\*node2vec\*\*, p = 1, q = 1\) .* for {share}, .* items for {share}: \*\*(.*?)\*\*", said)
    assert found is not None, said
    assert found[1] in ("more, beyond noise", "less, beyond noise", "not told apart")
    said = " ".join(m.value for m in healthy(open_page("home", data="les_miserables")).markdown)
    assert "no list can be judged" in said
    said = " ".join(m.value for m in healthy(open_page("home", data="complete_journey", seed="3")).markdown)
    assert "Not measured for this data yet" in said
