"""Models of a data set as pages get them: from the store, from the bundled file, trained once; stopped; neighbors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest

from pages.kit import maps, model_results, results
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import (
    EGESConfig,
    Item2VecConfig,
    Node2VecConfig,
    Word2VecConfig,
    comparison_defaults,
    default_graph,
)
from recemb_core.item_graph import ItemGraph, build_item_graph
from recemb_core.layouts import UMAPConfig
from recemb_core.sequences import Sequences, split_sessions

WALKS = {"dimensions": 4, "num_walks": 2, "walk_length": 8, "epochs": 1}
CONFIGS: list[Any] = [
    Word2VecConfig(dimensions=4, epochs=1),
    Item2VecConfig(dimensions=4, epochs=1),
    Node2VecConfig(**WALKS),
    EGESConfig(**WALKS),
]
every_config = pytest.mark.parametrize("config", CONFIGS, ids=lambda c: type(c).__name__)


class Stopped(Exception):
    pass


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[results.Results]:
    fresh = results.Results()
    monkeypatch.setattr(results, "results", lambda data: fresh)
    yield fresh
    assert not results.workers().busy, "a training left its place taken"


@pytest.fixture
def data() -> ActiveData:
    lists = [["tea", "milk", "cup"], ["tea", "cup"], ["nail", "saw"], ["saw", "nail", "axe"]] * 5
    sequences = Sequences.from_lists(lists, ordered=False)
    side = pl.DataFrame({"title": list(sequences.items), "kind": ["drink"] * 3 + ["tool"] * 3})
    return ActiveData("upload-1", "Mine", "", sequences, None, side_info=side)


@pytest.fixture
def graph(data: ActiveData) -> ItemGraph:
    assert data.sequences is not None
    return build_item_graph(data.sequences)


def no_training(*args: object, **kwargs: object) -> None:
    raise AssertionError("trained, although the vectors were there")


@every_config
def test_a_model_is_trained_once_and_kept(
    config: Any, data: ActiveData, graph: ItemGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not model_results.has_model(data, config, graph=graph)
    assert model_results.model_seconds(data, config, len(graph)) > 0
    seen: list[float] = []
    vectors = model_results.model_vectors(data, config, lambda share, _: seen.append(share), graph=graph)
    assert seen[-1] == 1
    assert vectors.config == config
    assert model_results.has_model(data, config, graph=graph)
    monkeypatch.setattr(model_results, "train_model", no_training)
    assert model_results.model_vectors(data, config, graph=graph) is vectors


@every_config
def test_stop_ends_a_training_and_nothing_is_kept(config: Any, data: ActiveData, graph: ItemGraph) -> None:
    def progress(share: float, stage: str) -> None:
        raise Stopped(stage)

    with pytest.raises(Stopped):
        model_results.model_vectors(data, config, progress, graph=graph)
    assert not model_results.has_model(data, config, graph=graph)


def test_a_walk_model_without_a_graph_says_so(data: ActiveData) -> None:
    with pytest.raises(ValueError, match="Node2Vec needs a graph"):
        model_results.model_vectors(data, CONFIGS[2])


@pytest.mark.parametrize("name", ["complete_journey", "planted_shop"])
@pytest.mark.slow
def test_the_default_models_of_bundled_data_and_their_maps_need_no_training(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails when defaults or data changed and ``make precomputed`` was not run."""
    loaded = load_dataset(name)
    assert loaded.sequences is not None
    sequences = split_sessions(loaded.sequences, gap_minutes=60) if loaded.sequences.ordered else loaded.sequences
    data = ActiveData(name, name, "", sequences, loaded.graph, side_info=loaded.side_info, info=loaded.info)
    graph = loaded.graph or default_graph(loaded.sequences)
    monkeypatch.setattr(model_results, "train_model", no_training)
    monkeypatch.setattr(maps, "umap_layout", no_training)
    umap = UMAPConfig().for_size(len(graph))
    for model, config in comparison_defaults(data.sequences, graph, data.side_info).items():
        assert model_results.has_model(data, config, graph=graph), model
        assert len(model_results.model_vectors(data, config, graph=graph)) == len(graph)
        assert maps.has_model_map(data, config, umap, graph=graph), model
        assert maps.model_map(data, config, umap, graph=graph).shape == (len(graph), 2)


def test_neighbors_are_counted_by_events_of_the_data(data: ActiveData, graph: ItemGraph) -> None:
    """Milk and axe have 5 events, the other four 10; walks visit all six more often than that."""
    assert data.sequences is not None
    assert data.sequences.counts.tolist() == [10, 5, 10, 10, 10, 5]
    rows = np.arange(len(graph))
    for config in CONFIGS:
        everything, _ = model_results.model_neighbors(data, config, 5, graph=graph, rows=rows)
        assert (everything >= 0).all()
        ids, values = model_results.model_neighbors(data, config, 5, "in_out", 10, graph=graph, rows=rows)
        assert set(np.unique(ids)) == {-1, 0, 2, 3, 4}
        assert np.isnan(values).sum(axis=1).tolist() == [2, 1, 2, 2, 2, 1]  # of four that count, less the item itself
        assert model_results.model_neighbors(data, config, 5, "in_out", 10, graph=graph, rows=rows)[0] is ids


def test_side_information_is_part_of_what_eges_is_kept_under(data: ActiveData, graph: ItemGraph) -> None:
    """An upload that has the log of a bundled set and other side information never gets the bundled vectors."""
    loaded = load_dataset("planted_shop")
    assert loaded.graph is not None
    assert loaded.side_info is not None
    config = comparison_defaults(None, loaded.graph, loaded.side_info)["EGES"]
    other = loaded.side_info.with_columns(category=pl.lit("one"))
    mine = ActiveData("upload-2", "", "", loaded.sequences, loaded.graph, side_info=other)
    assert not model_results.has_model(mine, config, graph=loaded.graph)
    bundled = ActiveData("shop", "", "", loaded.sequences, loaded.graph, side_info=loaded.side_info)
    assert model_results.has_model(bundled, config, graph=loaded.graph)


def test_an_estimate_learns_from_a_run(data: ActiveData, graph: ItemGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    speed = {type(config).__name__: 1.0 for config in CONFIGS}
    monkeypatch.setattr(model_results, "_speed", lambda: speed)
    for config in CONFIGS:
        before = model_results.model_seconds(data, config, len(graph))
        model_results.model_vectors(data, config, graph=graph)
        assert model_results.model_seconds(data, config, len(graph)) < before
    assert precomputed.load_vectors(graph, CONFIGS[2]) is None
