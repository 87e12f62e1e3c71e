"""The models of a data set: which it can have, what their vectors depend on, and that each config finds its own."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import polars as pl
import pytest

from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import (
    DeepWalkConfig,
    EGESConfig,
    Item2VecConfig,
    ItemVectors,
    Node2VecConfig,
    RoleFeaturesConfig,
    TrainingCancelled,
    Word2VecConfig,
    comparison_defaults,
    deepwalk_defaults,
    default_graph,
    needs_graph,
    node2vec_defaults,
    train_model,
    training_fingerprint,
)
from recemb_core.item_graph import ItemGraph, build_item_graph
from recemb_core.sequences import Sequences, split_sessions

QUICK = {"dimensions": 4, "window": 2, "epochs": 1}
WALKS = {**QUICK, "num_walks": 2, "walk_length": 8}
CONFIGS: list[Any] = [
    Word2VecConfig(**QUICK),
    Item2VecConfig(**QUICK),
    Item2VecConfig(**QUICK, mode="shuffle"),
    DeepWalkConfig(**WALKS),
    Node2VecConfig(**WALKS, q=4.0),
    EGESConfig(**WALKS, attention=False),
    EGESConfig(**WALKS),
]
every_config = pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{type(c).__name__}{CONFIGS.index(c)}")


@pytest.fixture
def baskets() -> Sequences:
    lists = [["tea", "milk", "cup"], ["tea", "cup"], ["nail", "saw"], ["saw", "nail", "axe"]] * 5
    return Sequences.from_lists(lists, ordered=False)


@pytest.fixture
def data(baskets: Sequences) -> dict[str, Any]:
    kinds = ["drink", "drink", "drink", "tool", "tool", None]
    side = pl.DataFrame({"title": list(baskets.items), "kind": kinds})
    return {"sequences": baskets, "graph": build_item_graph(baskets), "side_info": side}


@every_config
def test_every_config_trains_its_own_model(config: Any, data: dict[str, Any]) -> None:
    seen: list[float] = []
    vectors = train_model(config, **data, progress=lambda share, _: seen.append(share))
    assert isinstance(vectors, ItemVectors)
    assert vectors.config == config
    assert vectors.items == data["sequences"].items
    assert vectors.vectors.shape == (6, 4)
    assert seen[-1] == 1


@every_config
def test_every_model_can_be_cancelled(config: Any, data: dict[str, Any]) -> None:
    with pytest.raises(TrainingCancelled):
        train_model(config, **data, cancel=lambda: True)


@every_config
def test_a_model_says_which_data_it_lacks(config: Any, data: dict[str, Any]) -> None:
    lacking = "graph" if needs_graph(config) else "sequences"
    with pytest.raises(ValueError, match=f"{type(config).__name__.removesuffix('Config')} needs .*{lacking}"):
        train_model(config, **{**data, lacking: None})
    if isinstance(config, EGESConfig):
        with pytest.raises(ValueError, match="EGES needs side information"):
            train_model(config, **{**data, "side_info": None})


@pytest.mark.parametrize("config", [RoleFeaturesConfig(), None, {"dimensions": 4}])
def test_other_configs_are_refused(config: Any, data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="config must be that of word2vec"):
        train_model(config, **data)


@every_config
def test_the_fingerprint_changes_with_what_the_model_reads_and_only_then(config: Any, data: dict[str, Any]) -> None:
    sequences, graph, side = data["sequences"], data["graph"], data["side_info"]
    changed = {
        "sequences": dataclasses.replace(sequences, tokens=sequences.tokens[::-1].copy()),
        "graph": ItemGraph.from_edges([0, 1], [1, 2], directed=False, items=graph.items),
        "side_info": side.with_columns(kind=pl.Series(["drink", "tool", None, "tool", "tool", "tool"])),
    }
    reads = {"graph"} if needs_graph(config) else {"sequences"}
    reads |= {"side_info"} if isinstance(config, EGESConfig) else set()
    known = training_fingerprint(config, **data)
    assert known == training_fingerprint(config, **data)
    for name, value in changed.items():
        assert (training_fingerprint(config, **{**data, name: value}) != known) == (name in reads)


def test_titles_are_no_side_information(data: dict[str, Any]) -> None:
    renamed = data["side_info"].with_columns(title=pl.Series(list("abcdef")))
    config = EGESConfig(**WALKS)
    assert training_fingerprint(config, **{**data, "side_info": renamed}) == training_fingerprint(config, **data)


# --- defaults ---


def test_a_data_set_has_the_models_that_it_can_have(data: dict[str, Any]) -> None:
    every = comparison_defaults(**data, seed=7)
    assert list(every) == ["word2vec", "item2vec", "DeepWalk", "node2vec", "GES", "EGES", "PPMI-SVD"]
    assert {getattr(config, "seed", 7) for config in every.values()} == {7}  # PPMI-SVD draws nothing
    sequences, graph, side = data["sequences"], data["graph"], data["side_info"]
    assert list(comparison_defaults(sequences, None, side)) == ["word2vec", "item2vec", "PPMI-SVD"]
    assert list(comparison_defaults(None, graph)) == ["DeepWalk", "node2vec"]
    assert list(comparison_defaults(None, graph, side.select("title"))) == ["DeepWalk", "node2vec"]
    assert comparison_defaults(None, None) == {}


@pytest.mark.parametrize("n", [10, 500, 501, 5_000])
def test_deepwalk_and_node2vec_differ_by_their_walks_alone(n: int) -> None:
    node2vec = dataclasses.asdict(node2vec_defaults(n, seed=2))
    assert {name: node2vec.pop(name) for name in "pq"} == {"p": 1.0, "q": 1.0}
    assert dataclasses.asdict(deepwalk_defaults(n, seed=2)) == node2vec


def test_ges_and_eges_differ_by_attention_alone(data: dict[str, Any]) -> None:
    every = comparison_defaults(**data)
    assert dataclasses.replace(every["GES"], attention=True) == every["EGES"]
    assert not every["GES"].attention


@pytest.mark.slow
def test_baskets_are_walked_on_their_backbone_and_clicks_on_their_transitions(baskets: Sequences) -> None:
    assert not default_graph(baskets).directed
    assert default_graph(dataclasses.replace(baskets, ordered=True)).directed
    groceries = load_dataset("complete_journey").sequences
    assert groceries is not None
    assert default_graph(groceries).num_edges == pytest.approx(8 * len(groceries.items), rel=0.01)


# --- the bundled files ---


@pytest.mark.parametrize("name", ["complete_journey", "planted_shop"])
@pytest.mark.slow
def test_the_default_models_of_the_bundled_data_lie_ready(name: str) -> None:
    """Fails when defaults or data changed and ``make precomputed`` was not run."""
    data = load_dataset(name)
    assert data.sequences is not None
    graph = data.graph if data.graph is not None else default_graph(data.sequences)
    sequences = split_sessions(data.sequences, gap_minutes=60) if data.sequences.ordered else data.sequences
    known = {"sequences": sequences, "graph": graph, "side_info": data.side_info}
    for model, config in comparison_defaults(**known).items():
        ready = precomputed.load_vectors(training_fingerprint(config, **known), config)
        assert ready is not None, model
        assert ready.config == config
        assert ready.items == data.items
        assert np.isfinite(ready.vectors).all()
