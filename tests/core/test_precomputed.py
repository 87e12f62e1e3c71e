"""Results computed beforehand: found under stable keys, and only for exactly this data, these settings and versions."""

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

from recemb_core import precomputed, versions
from recemb_core.embeddings import DeepWalkConfig, ItemVectors, Node2VecConfig, PPMISVDConfig
from recemb_core.experiments.leaderboard import Entry, Protocol, measure, part_cases
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
from recemb_core.result_files import Key
from recemb_core.scorers import PopularityConfig
from recemb_core.sequences import Sequences

ROOT = Path(__file__).resolve().parents[2]
CONFIG = Node2VecConfig(dimensions=4, q=2.0)
UMAP = UMAPConfig(min_dist=0.5)

KEYS = """
from recemb_core import precomputed
from recemb_core.embeddings import Node2VecConfig
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
graph = ItemGraph.from_edges([0, 1, 2], [1, 2, 3], directed=False)
config = Node2VecConfig(dimensions=4, q=2.0)
print(precomputed.result_key("vectors", graph, config).text)
print(precomputed.map_key(graph, config, UMAPConfig(min_dist=0.5), None).text)
print(precomputed.scores_key(graph, config).text)
print(precomputed.layout_key(graph, 0).text)
"""


@pytest.fixture
def graph() -> ItemGraph:
    return ItemGraph.from_edges([0, 1, 2], [1, 2, 3], directed=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(precomputed, "FOLDER", tmp_path)
    return tmp_path


def keys(graph: ItemGraph) -> list[Key]:
    return [
        precomputed.result_key("vectors", graph, CONFIG),
        precomputed.map_key(graph, CONFIG, UMAP, None),
        precomputed.scores_key(graph, CONFIG),
        precomputed.layout_key(graph, 0),
    ]


def saved(graph: ItemGraph) -> ItemVectors:
    """Vectors, a map, scores and a drawing in the files of a data set."""
    vectors = ItemVectors(graph.items, np.eye(4, dtype=np.float32), config=CONFIG)
    positions = np.arange(8, dtype=np.float32).reshape(4, 2)
    arrays = [
        vectors.to_arrays(),
        {"positions": positions},
        {"role": np.array([0.25, 0.5])},
        {"positions": positions + 1},
    ]
    precomputed.save("square", dict(zip(keys(graph), arrays, strict=True)), made_with="1.2.3")
    return vectors


def test_what_is_missing_is_none(graph: ItemGraph) -> None:
    assert precomputed.load_vectors(graph, CONFIG) is None
    assert not precomputed.has(precomputed.result_key("vectors", graph, CONFIG))
    assert precomputed.load_map(graph, CONFIG, UMAP, None) is None
    assert not precomputed.has(precomputed.map_key(graph, CONFIG, UMAP, None))
    assert precomputed.load_scores(graph, CONFIG) is None
    assert precomputed.load_layout(graph, 0) is None
    assert not precomputed.has(precomputed.result_key("sweep", graph, SweepConfig()))


def test_round_trip(graph: ItemGraph, folder: Path) -> None:
    vectors = saved(graph)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    assert names == ["square/manifest.json", "square/maps.npz", "square/scores.npz", "square/vectors.npz"]
    loaded = precomputed.load_vectors(graph, CONFIG)
    assert loaded is not None
    assert loaded.config == CONFIG
    np.testing.assert_array_equal(loaded.vectors, vectors.vectors)
    positions = precomputed.load_map(graph, CONFIG, UMAP, None)
    assert positions is not None
    assert positions.dtype == np.float32
    np.testing.assert_array_equal(positions.ravel(), np.arange(8))
    assert precomputed.load_scores(graph, CONFIG) == {"role": [0.25, 0.5]}
    np.testing.assert_array_equal(precomputed.load_layout(graph, 0), positions + 1)
    assert precomputed.has(precomputed.result_key("vectors", graph, CONFIG))
    assert precomputed.has(precomputed.map_key(graph, CONFIG, UMAP, None))


def test_the_manifest_says_in_clear_what_made_a_result(graph: ItemGraph, folder: Path) -> None:
    saved(graph)
    lines = json.loads((folder / "square" / "manifest.json").read_text())["results"]
    (line,) = [line for line in lines if line["kind"] == "map"]
    assert line["data"] == graph.fingerprint
    assert line["settings"]["config"] == {"class": "Node2VecConfig", **dataclasses.asdict(CONFIG)}
    assert line["settings"]["umap"]["min_dist"] == 0.5
    assert line["settings"]["anchor"] is None
    assert line["versions"] == versions.versions_of("map", CONFIG, UMAP)
    assert {"umap_layout", "node2vec", "skip_gram", "walks"} <= line["versions"].keys()
    assert (line["file"], line["arrays"], line["package"]) == ("maps", ["positions"], "1.2.3")


@pytest.mark.parametrize("algorithm", ["umap_layout", "skip_gram"])
def test_a_result_of_another_version_is_not_used(
    graph: ItemGraph, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A map is made by the layout and by what made its vectors."""
    saved(graph)
    now = versions.ALGORITHMS[algorithm]
    for other in (now + 1, now - 1):
        monkeypatch.setitem(versions.ALGORITHMS, algorithm, other)
        assert precomputed.load_map(graph, CONFIG, UMAP, None) is None
        assert not precomputed.has(precomputed.map_key(graph, CONFIG, UMAP, None))
        assert (precomputed.load_vectors(graph, CONFIG) is None) == (algorithm == "skip_gram")
        assert precomputed.load_layout(graph, 0) is not None
    monkeypatch.setitem(versions.ALGORITHMS, algorithm, now)
    assert precomputed.load_map(graph, CONFIG, UMAP, None) is not None


def test_a_manifest_with_an_older_or_unknown_version_is_not_used(graph: ItemGraph, folder: Path) -> None:
    """As a clone has it whose files are older than its code: the numbers are changed in the file itself."""
    saved(graph)
    manifest = folder / "square" / "manifest.json"
    text = manifest.read_text()
    for there, instead in (('"skip_gram": 2', '"skip_gram": 1'), ('"skip_gram": 2', '"hogwild": 1')):
        assert there in text
        manifest.write_text(text.replace(there, instead))
        precomputed.result_files.places.cache_clear()
        assert precomputed.load_vectors(graph, CONFIG) is None
        assert precomputed.load_layout(graph, 0) is not None


def test_what_cannot_be_read_is_said_and_not_used(graph: ItemGraph, folder: Path) -> None:
    saved(graph)
    (folder / "square" / "vectors.npz").write_bytes(b"PK no zip")
    with pytest.warns(UserWarning, match=r"square/vectors\.npz cannot be used .*build_precomputed"):
        assert precomputed.load_vectors(graph, CONFIG) is None
    (folder / "square" / "maps.npz").unlink()
    with pytest.warns(UserWarning, match=r"square/maps\.npz cannot be used"):
        assert precomputed.load_map(graph, CONFIG, UMAP, None) is None
    for nonsense in ('{"results": [', '{"results": [{}]}', "[]", '{"results": 3}', '{"other": []}', "\N{BROKEN BAR}"):
        (folder / "square" / "manifest.json").write_bytes(nonsense.encode("latin-1"))
        precomputed.result_files.places.cache_clear()
        with pytest.warns(UserWarning, match=r"square/manifest\.json cannot be used"):
            assert precomputed.load_layout(graph, 0) is None


def test_files_of_an_older_form_do_no_harm(graph: ItemGraph, folder: Path) -> None:
    (folder / "vectors_0277b91b14ecd65c6e1a.npz").write_bytes(b"old")
    assert precomputed.load_vectors(graph, CONFIG) is None
    saved(graph)
    assert precomputed.load_vectors(graph, CONFIG) is not None


def test_results_are_replaced_added_and_dropped_one_by_one(graph: ItemGraph, folder: Path) -> None:
    saved(graph)
    vectors, first_map, *_ = keys(graph)
    second_map = precomputed.map_key(graph, CONFIG, UMAP, CONFIG)
    scores_file = (folder / "square" / "scores.npz").stat()
    zeros, ones = ({"positions": np.full((4, 2), value, dtype=np.float32)} for value in (0, 1))
    precomputed.save("square", {first_map: zeros, second_map: ones}, drop=frozenset([vectors]), made_with="2")
    assert precomputed.load_vectors(graph, CONFIG) is None
    assert not (folder / "square" / "vectors.npz").exists()  # its last result is gone
    np.testing.assert_array_equal(precomputed.load_map(graph, CONFIG, UMAP, None), zeros["positions"])
    np.testing.assert_array_equal(precomputed.load_map(graph, CONFIG, UMAP, CONFIG), ones["positions"])
    assert precomputed.load_layout(graph, 0) is not None  # in the same file as the maps
    assert (folder / "square" / "scores.npz").stat().st_mtime_ns == scores_file.st_mtime_ns  # not written again
    precomputed.save("square", {}, drop=frozenset(precomputed.result_files.places(folder)), made_with="2")
    assert not list(folder.rglob("*.*"))


def test_the_same_results_give_the_same_bytes(graph: ItemGraph, folder: Path) -> None:
    saved(graph)
    first = {path.name: path.read_bytes() for path in (folder / "square").iterdir()}
    precomputed.save("square", {}, drop=frozenset(keys(graph)), made_with="1.2.3")
    saved(graph)
    assert {path.name: path.read_bytes() for path in (folder / "square").iterdir()} == first


@pytest.mark.slow
def test_keys_are_the_same_in_every_process(graph: ItemGraph) -> None:
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", KEYS], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.splitlines() == [key.text for key in keys(graph)]


def test_equal_configs_have_one_key(graph: ItemGraph) -> None:
    whole = Node2VecConfig(dimensions=np.int64(4), p=1, q=np.float32(2))  # type: ignore[arg-type]
    assert whole == CONFIG
    assert precomputed.result_key("vectors", graph, whole) == precomputed.result_key("vectors", graph, CONFIG)
    flat, same = UMAPConfig(min_dist=0), UMAPConfig(min_dist=0.0)
    assert precomputed.map_key(graph, CONFIG, flat, None) == precomputed.map_key(graph, CONFIG, same, None)
    grid, equal = SweepConfig(ps=(1, 4), base=whole), SweepConfig(ps=(1.0, 4.0), base=CONFIG)
    assert precomputed.result_key("sweep", graph, grid) == precomputed.result_key("sweep", graph, equal)


CHANGES: list[Any] = [
    *[dataclasses.replace(CONFIG, **{f: getattr(CONFIG, f) + 1}) for f in ("dimensions", "window", "epochs", "p", "q")],
    dataclasses.replace(CONFIG, hierarchical_softmax=True),
    DeepWalkConfig(dimensions=4),
]


@pytest.mark.parametrize("config", CHANGES)
def test_another_config_has_another_key(graph: ItemGraph, config: Any) -> None:
    assert precomputed.result_key("vectors", graph, config) != precomputed.result_key("vectors", graph, CONFIG)
    assert precomputed.scores_key(graph, config) != precomputed.scores_key(graph, CONFIG)
    assert precomputed.map_key(graph, config, UMAP, None) != precomputed.map_key(graph, CONFIG, UMAP, None)
    assert precomputed.map_key(graph, CONFIG, UMAP, config) != precomputed.map_key(graph, CONFIG, UMAP, None)


def test_another_map_config_or_layout_seed_has_another_key(graph: ItemGraph) -> None:
    other = dataclasses.replace(UMAP, seed=1)
    assert precomputed.map_key(graph, CONFIG, other, None) != precomputed.map_key(graph, CONFIG, UMAP, None)
    assert precomputed.layout_key(graph, 1) != precomputed.layout_key(graph, 0)


def test_scores_of_all_seeds_share_a_key_and_vectors_do_not(graph: ItemGraph) -> None:
    other = dataclasses.replace(CONFIG, seed=3)
    assert precomputed.scores_key(graph, other) == precomputed.scores_key(graph, CONFIG)
    assert precomputed.result_key("vectors", graph, other) != precomputed.result_key("vectors", graph, CONFIG)


def test_another_graph_has_other_keys_and_prefixes(graph: ItemGraph) -> None:
    heavier = ItemGraph.from_edges([0, 1, 2], [1, 2, 3], [1, 1, 2], directed=False)
    assert not set(keys(graph)) & set(keys(heavier))
    assert len({key.prefix for key in [*keys(graph), *keys(heavier)]}) == 8


@pytest.mark.slow
def test_importing_costs_nothing_heavy() -> None:
    """It stands on the way to the first paint: what it gives is imported when it is given."""
    code = "import sys, recemb_core.precomputed; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"polars", "scipy", "numba", "jax", "umap", "networkx", "gensim", "faiss"}
    light = ["array_files", "arrays", "data_folder", "moved", "numba_cache", "precomputed", "result_files"]
    core = {"recemb_core", *(f"recemb_core.{name}" for name in [*light, "validation", "versions"])}
    assert {name for name in loaded if name.split(".")[0] == "recemb_core"} == core


@pytest.mark.parametrize("config", [PopularityConfig(), PPMISVDConfig(dimensions=4)], ids=["scorer", "item vectors"])
def test_a_run_of_the_evaluation_comes_back_as_it_was(config: Any) -> None:
    """Shares as float32 holds them; views of the same users and places stand in the file once."""
    log = Sequences.from_lists([[f"i{(user * 7 + step * step) % 12}" for step in range(9)] for user in range(30)])
    cases = part_cases(log, Protocol(ks=(2, 5)))
    run = measure(cases, Entry(name="row", config=config))
    arrays = precomputed.run_to_arrays(run)
    again = precomputed.run_from_arrays(arrays)
    assert len(arrays["kept"]) < sum(report.users for report in run.views.values()), "main is one of the others"
    assert list(again.views) == list(run.views)
    for view, report in run.views.items():
        other = again.views[view]
        assert np.array_equal(np.asarray(other.best), np.asarray(report.best))
        assert np.array_equal(other.kept, report.kept)
        assert np.allclose(other.user_ndcg, report.user_ndcg, atol=1e-6)
        assert np.allclose(other.user_recall, report.user_recall, atol=1e-6)
        assert other.hit_rate == report.hit_rate
        for name in ("ks", "targets", "unknown", "exclude_seen"):
            assert getattr(other, name) == getattr(report, name)
        assert np.array_equal(list(other.coverage.values()), list(report.coverage.values()), equal_nan=True)
    facts = ("name", "part", "seed", "train_seconds", "score_seconds", "bytes", "vectors")
    assert [repr(getattr(again, name)) for name in facts] == [repr(getattr(run, name)) for name in facts]  # NaN too
