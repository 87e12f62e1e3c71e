"""Files computed beforehand: found under stable names, and only for exactly the same graph and configs."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recemb_core import precomputed
from recemb_core.embeddings import DeepWalkConfig, ItemVectors, Node2VecConfig
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig

ROOT = Path(__file__).resolve().parents[2]
CONFIG = Node2VecConfig(dimensions=4, q=2.0)
UMAP = UMAPConfig(min_dist=0.5)

NAMES = """
from recemb_core import precomputed
from recemb_core.embeddings import Node2VecConfig
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
graph = ItemGraph.from_edges([0, 1, 2], [1, 2, 3], directed=False)
config = Node2VecConfig(dimensions=4, q=2.0)
print(precomputed.vectors_path(graph, config).name)
print(precomputed.map_path(graph, config, UMAPConfig(min_dist=0.5), None).name)
print(precomputed.scores_path(graph, config).name)
print(precomputed.layout_path(graph, 0).name)
"""


@pytest.fixture
def graph() -> ItemGraph:
    return ItemGraph.from_edges([0, 1, 2], [1, 2, 3], directed=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(precomputed, "FOLDER", tmp_path)
    return tmp_path


def paths(graph: ItemGraph) -> list[Path]:
    return [
        precomputed.vectors_path(graph, CONFIG),
        precomputed.map_path(graph, CONFIG, UMAP, None),
        precomputed.scores_path(graph, CONFIG),
        precomputed.layout_path(graph, 0),
    ]


def test_what_is_missing_is_none(graph: ItemGraph) -> None:
    assert precomputed.load_vectors(graph, CONFIG) is None
    assert precomputed.load_map(graph, CONFIG, UMAP, None) is None
    assert precomputed.load_scores(graph, CONFIG) is None
    assert precomputed.load_layout(graph, 0) is None


def test_round_trip(graph: ItemGraph, folder: Path) -> None:
    vectors = ItemVectors(graph.items, np.eye(4, dtype=np.float32), config=CONFIG)
    positions = np.arange(8, dtype=np.float32).reshape(4, 2)
    scores = {"role": [0.25, 0.5]}
    vectors_file, map_file, scores_file, layout_file = paths(graph)
    vectors.save(vectors_file)
    np.save(map_file, positions)
    scores_file.write_text(json.dumps(scores))
    np.save(layout_file, positions + 1)
    assert len(list(folder.iterdir())) == 4

    loaded = precomputed.load_vectors(graph, CONFIG)
    assert loaded is not None
    assert loaded.config == CONFIG
    np.testing.assert_array_equal(loaded.vectors, vectors.vectors)
    np.testing.assert_array_equal(precomputed.load_map(graph, CONFIG, UMAP, None), positions)
    assert precomputed.load_scores(graph, CONFIG) == scores
    np.testing.assert_array_equal(precomputed.load_layout(graph, 0), positions + 1)


def test_names_are_the_same_in_every_process(graph: ItemGraph) -> None:
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", NAMES], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.split() == [path.name for path in paths(graph)]


def test_equal_configs_have_one_name(graph: ItemGraph) -> None:
    whole = Node2VecConfig(dimensions=np.int64(4), p=1, q=np.float32(2))  # type: ignore[arg-type]
    assert whole == CONFIG
    assert precomputed.vectors_path(graph, whole) == precomputed.vectors_path(graph, CONFIG)
    flat, same = UMAPConfig(min_dist=0), UMAPConfig(min_dist=0.0)
    assert precomputed.map_path(graph, CONFIG, flat, None) == precomputed.map_path(graph, CONFIG, same, None)


CHANGES: list[Any] = [
    *[dataclasses.replace(CONFIG, **{f: getattr(CONFIG, f) + 1}) for f in ("dimensions", "window", "epochs", "p", "q")],
    dataclasses.replace(CONFIG, hierarchical_softmax=True),
    DeepWalkConfig(dimensions=4),
]


@pytest.mark.parametrize("config", CHANGES)
def test_another_config_has_another_name(graph: ItemGraph, config: Any) -> None:
    for path in (precomputed.vectors_path, precomputed.scores_path):
        assert path(graph, config) != path(graph, CONFIG)
    assert precomputed.map_path(graph, config, UMAP, None) != precomputed.map_path(graph, CONFIG, UMAP, None)
    assert precomputed.map_path(graph, CONFIG, UMAP, config) != precomputed.map_path(graph, CONFIG, UMAP, None)


def test_another_map_config_or_layout_seed_has_another_name(graph: ItemGraph) -> None:
    other = dataclasses.replace(UMAP, seed=1)
    assert precomputed.map_path(graph, CONFIG, other, None) != precomputed.map_path(graph, CONFIG, UMAP, None)
    assert precomputed.layout_path(graph, 1) != precomputed.layout_path(graph, 0)


def test_scores_of_all_seeds_share_a_name_and_vectors_do_not(graph: ItemGraph) -> None:
    other = dataclasses.replace(CONFIG, seed=3)
    assert precomputed.scores_path(graph, other) == precomputed.scores_path(graph, CONFIG)
    assert precomputed.vectors_path(graph, other) != precomputed.vectors_path(graph, CONFIG)


def test_another_graph_has_other_names(graph: ItemGraph) -> None:
    heavier = ItemGraph.from_edges([0, 1, 2], [1, 2, 3], [1, 1, 2], directed=False)
    assert not set(paths(graph)) & set(paths(heavier))
