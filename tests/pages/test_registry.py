"""A model is registered once: a new one in this file is on the pages with its controls, and gone afterwards."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from recemb_core.embeddings import MODELS, ItemVectors, ModelSpec, register, unregister
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Progress
from tests.pages.conftest import healthy
from tests.pages.test_neighbors import EVERY, SMALL, columns, ids, run_the_python, text

FOUR = ["DeepWalk", "node2vec", "GES", "EGES"]  # that a graph of people with side information can have
Open = Callable[..., AppTest]


@dataclass(frozen=True, kw_only=True)
class SpectralConfig:
    """A factorization of the graph.

    Attributes:
        dimensions: length of a vector.
        power: of the singular values.
        seed: nothing is random here.
    """

    dimensions: int = 8
    power: float = 0.5
    seed: int = 0


def train_spectral(
    graph: ItemGraph,
    config: SpectralConfig | None = None,
    *,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> ItemVectors:
    """A + I ≈ U S Vᵀ; vectors U S^power, output vectors V S^(1 − power)."""
    config = config or SpectralConfig()
    table = np.eye(len(graph))
    table[np.repeat(np.arange(len(graph)), np.diff(graph.indptr)), graph.indices] += graph.weights
    u, s, v = np.linalg.svd(table)
    u, s, v = u[:, : config.dimensions], s[: config.dimensions], v[: config.dimensions].T
    if progress is not None:
        progress(1.0, "training")
    ways = ((u * s**config.power), (v * s ** (1 - config.power)))
    vectors, outputs = (np.ascontiguousarray(way, dtype=np.float32) for way in ways)
    return ItemVectors(graph.items, vectors, outputs, config=config)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register(ModelSpec(name="Spectral", config=SpectralConfig, train=train_spectral, needs=("graph",)))
    yield
    if "Spectral" in MODELS:
        unregister("Spectral")
    assert list(MODELS) == EVERY


def widget(page: AppTest, kind: str, key: str) -> Any:
    return next(one for one in page.get(kind) if one.key == key)


@pytest.mark.slow
def test_it_has_a_column_controls_agreement_files_and_python(open_page: Open) -> None:
    page = healthy(open_page("neighbors", data=SMALL, models="DeepWalk,Spectral", Spectral_power="1.0", k="5"))
    shown = columns(page)
    assert list(shown) == ["DeepWalk", "Spectral"]
    assert shown["Spectral"]["state"] == "ready"
    assert shown["Spectral"]["note"] == "dimensions 8, power 1.0"
    assert widget(page, "select_slider", f"Spectral_power@{SMALL}").value == 1.0  # as the link says
    sizes = widget(page, "select_slider", f"Spectral_dimensions@{SMALL}")
    assert sizes.options == ["1", "2", "4", "8", "16", "32", "64"]
    assert widget(page, "select_slider", f"Spectral_power@{SMALL}").help == "Of the singular values."
    assert page.dataframe[1].value["Model"].tolist() == ["DeepWalk", "Spectral"]
    assert "Named by all 2" in {metric.label for metric in page.metric}  # agreement counts it
    assert "DeepWalk, node2vec and Spectral from a graph" in text(page)
    assert widget(page, "selectbox", f"files@{SMALL}").options == ["DeepWalk", "Spectral"]
    assert widget(page, "selectbox", f"map_of@{SMALL}").options == ["DeepWalk", "Spectral"]
    printed = {
        name: [item for item, _ in ast.literal_eval(found)]
        for name, found in re.findall(r"^(\w+) (\[\(.*\)\])$", run_the_python(page), flags=re.MULTILINE)
    }
    assert printed == ids(page)
    assert any("SpectralConfig(power=1.0)" in block.value for block in page.code)


@pytest.mark.slow
def test_two_settings_of_it_are_compared(open_page: Open) -> None:
    query = {"data": SMALL, "compare": "two", "first": "Spectral", "second": "Spectral", "b_Spectral_dimensions": "2"}
    page = healthy(open_page("neighbors", **query, score="in_out"))
    assert {name: column["state"] for name, column in columns(page).items()} == {
        "Spectral, first": "ready",
        "Spectral, second": "ready",
    }
    assert "The two differ in: dimensions 8 against 2" in text(page)


@pytest.mark.slow
def test_the_lsh_page_searches_its_vectors(open_page: Open) -> None:
    page = healthy(open_page("lsh", data=SMALL, vectors="Spectral"))
    choice = widget(page, "selectbox", f"vectors@{SMALL}")
    assert (choice.value, choice.options) == ("Spectral", [*FOUR, "Spectral"])
    assert "Items of this data set by their Spectral vectors" in text(page)
    lines = next(block.value for block in page.code if "import" in block.value)
    assert "train_spectral(graph, SpectralConfig())" in lines
    exec(compile(lines, "As Python on lsh", "exec"), {})


@pytest.mark.slow
def test_it_is_gone_when_it_is_unregistered(open_page: Open) -> None:
    unregister("Spectral")
    page = healthy(open_page("neighbors", data=SMALL, models="DeepWalk,Spectral"))
    assert list(columns(page)) == FOUR
    assert "Spectral" not in text(page)


@pytest.mark.slow
def test_more_models_than_columns_are_left_out_and_said(open_page: Open) -> None:
    more = [f"Spectral {number}" for number in range(8)]
    for name in more:
        kind = dataclass(frozen=True, kw_only=True)(type(f"{name.replace(' ', '')}Config", (SpectralConfig,), {}))
        register(ModelSpec(name=name, config=kind, train=train_spectral, needs=("graph",)))
    try:
        page = healthy(open_page("neighbors", data=SMALL))
        assert list(columns(page)) == [*FOUR, "Spectral", *more[:3]]
        box = next(one for one in page.multiselect if one.key == f"models@{SMALL}")
        assert box.proto.placeholder == "None chosen: the first 8 of 13 that this data can have are shown"
    finally:
        for name in more:
            unregister(name)
