"""The results that are bundled: all there, nothing else there, and what today's code computes."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from recemb_core import precomputed, result_files
from recemb_core.datasets import list_datasets, load_dataset
from recemb_core.embeddings import Node2VecConfig, node2vec_defaults, train_node2vec
from recemb_core.experiments.recall_models import recall_defaults
from recemb_core.experiments.sweep import SweepConfig, sweep_base, sweep_cell, sweep_from_arrays
from recemb_core.layouts import UMAPConfig
from recemb_core.result_agreement import disagreements
from recemb_core.result_files import Arrays, Key

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def builder() -> Iterator[ModuleType]:
    """The script that writes them; what is expected is what it plans."""
    sys.path.insert(0, str(ROOT / "data"))
    try:
        import build_precomputed

        yield build_precomputed
    finally:
        sys.path.remove(str(ROOT / "data"))


@pytest.fixture(scope="module")
def plan(builder: ModuleType) -> ModuleType:
    """What the script imports: the plan, and the data as the pages take it by default."""
    return sys.modules["precomputed_plan"]


# --- whole, and nothing over ---


@pytest.mark.parametrize("name", [info.name for info in list_datasets()])
@pytest.mark.slow
def test_every_planned_result_is_there_and_no_other(builder: ModuleType, name: str) -> None:
    """Fails when data, defaults or a version changed; ``python data/build_precomputed.py missing`` mends it."""
    planned, there = set(builder.whole_plan(name)), builder.of_data_set(name)
    assert len(planned) >= 15
    missing, over = (
        sorted(f"{key.identity['kind']} {key.prefix}" for key in some) for some in (planned - there, there - planned)
    )
    assert not missing, f"run python data/build_precomputed.py missing: {', '.join(missing)}"
    assert not over, f"nothing asks for {', '.join(over)}"


def test_the_folder_holds_the_bundled_data_sets_alone(builder: ModuleType) -> None:
    assert sorted(path.name for path in precomputed.FOLDER.iterdir()) == sorted(builder.EVERY)


def test_files_hold_the_arrays_that_manifests_name_and_no_other() -> None:
    for manifest in precomputed.FOLDER.glob("*/manifest.json"):
        lines = json.loads(manifest.read_text(encoding="utf-8"))["results"]
        named: dict[str, list[str]] = {}
        for line in lines:
            named.setdefault(line["file"], []).extend(f"{line['prefix']}/{array}" for array in line["arrays"])
        files = {path.stem for path in manifest.parent.iterdir()} - {manifest.stem}
        assert files == named.keys(), manifest.parent.name
        for name, arrays in named.items():
            with np.load(manifest.parent / f"{name}.npz", allow_pickle=False) as file:
                assert sorted(file.files) == sorted(arrays), (manifest.parent.name, name)
        assert all(precomputed.FILES[line["kind"]] == line["file"] for line in lines)


def test_orphans_and_gaps_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builder: ModuleType) -> None:
    """The three tests above, on a copy with a file too many, an array too many and a result too few."""
    small = tmp_path / "barbell"
    small.mkdir()
    for path in (precomputed.FOLDER / "barbell").iterdir():
        (small / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(precomputed, "FOLDER", tmp_path)
    test_files_hold_the_arrays_that_manifests_name_and_no_other()
    (small / "other.npz").write_bytes(b"")
    with pytest.raises(AssertionError):
        test_files_hold_the_arrays_that_manifests_name_and_no_other()
    (small / "other.npz").unlink()
    gone = next(iter(builder.of_data_set("barbell")))
    precomputed.save("barbell", {}, drop=frozenset([gone]), made_with="")
    test_files_hold_the_arrays_that_manifests_name_and_no_other()
    with pytest.raises(AssertionError, match=r"run python .* missing: "):
        test_every_planned_result_is_there_and_no_other(builder, "barbell")
    lines = json.loads((small / "manifest.json").read_text())["results"]
    (small / "manifest.json").write_text(json.dumps({"results": lines[1:]}))
    with pytest.raises(AssertionError):
        test_files_hold_the_arrays_that_manifests_name_and_no_other()


# --- what today's code computes ---


@cache
def plan_of(builder: ModuleType, name: str) -> dict[Key, Any]:
    """What is planned of a data set; made once, for it reads and counts the data."""
    found: dict[Key, Any] = builder.whole_plan(name)
    return found


RECALL = {type(config).__name__ for config in recall_defaults().values()}


def sort_of(key: Key) -> tuple[Any, ...]:
    """What the arithmetic of a result turns on: kind, config classes, attention or plain mean, p, q, a warm start.

    One function draws all maps: they differ by a warm start, and by whose rows they are. Scores train as vectors do.
    """
    identity = key.identity
    settings = identity["settings"]
    config = settings.get("config") or {}
    if identity["kind"] == "map":
        rows = "recall model" if config["class"] in RECALL else "item vectors"
        rows = config["class"] if config["class"] == "RoleFeaturesConfig" else rows
        return "map", ("UMAPConfig", rows), settings["anchor"] is not None, None
    classes = tuple(value.get("class") if isinstance(value, dict) else None for value in settings.values())
    lean = tuple(float(np.sign(np.log(config.get(name, 1.0)))) for name in "pq" if identity["kind"] == "vectors")
    return identity["kind"], classes, config.get("attention"), lean, config.get("score"), config.get("novel")


def one_of_every_sort(builder: ModuleType) -> dict[tuple[Any, ...], tuple[str, Key]]:
    """Of every sort of result the cheapest: of the barbell, or a short run or the first of the planted shop."""
    found: dict[tuple[Any, ...], tuple[str, Key]] = {}
    for name in ("barbell", "planted_shop"):
        plan = plan_of(builder, name)
        for key in sorted(plan, key=lambda key: not plan[key].short):
            found.setdefault(sort_of(key), (name, key))
    return found


# UMAP, and each network, compile for many seconds.
SLOW = ("UMAPConfig", "LayerConfig", "PretrainingConfig", "YouTubeDNNConfig", "TwoTowerConfig")


def computed_again(builder: ModuleType, name: str, key: Key) -> list[str]:
    """In what a result differs, computed now from the stored results that it builds on."""
    kept = precomputed.load(key)
    assert kept is not None, f"{key.prefix} is missing: python data/build_precomputed.py missing"
    plan = plan_of(builder, name)
    return disagreements(kept, plan[key].make(builder.made_before(plan, {})))


def compare(builder: ModuleType, slow: bool) -> list[str]:
    wrong = []
    for sort, (name, key) in one_of_every_sort(builder).items():
        kind, classes, *_, novel = sort
        if kind == "sweep" or novel or slow != any(c in SLOW for c in classes):
            continue  # sweeps have a test of their own; the novel tower differs by its targets alone
        wrong += [f"{name}: {kind} {key.prefix}: {line}" for line in computed_again(builder, name, key)]
    return wrong


CHANGED = (
    "today's code computes something else: if its arithmetic was changed on purpose, raise the algorithm's number in "
    "recemb_core/versions.py and run python data/build_precomputed.py missing"
)


@pytest.mark.slow
def test_what_is_kept_is_what_today_s_code_computes(builder: ModuleType) -> None:
    """One small result of every sort, computed again."""
    assert not (wrong := compare(builder, slow=False)), "\n".join([CHANGED, *wrong])


@pytest.mark.slow
def test_maps_and_networks_that_are_kept_are_what_today_s_code_computes(builder: ModuleType) -> None:
    assert not (wrong := compare(builder, slow=True)), "\n".join([CHANGED, *wrong])


@pytest.mark.slow
def test_a_sweep_that_is_kept_is_what_today_s_code_computes(plan: ModuleType) -> None:
    """Two cells of the barbell's; a cell does not depend on the others."""
    graph, by = plan.default_graph("barbell"), plan.labellings("barbell")
    n = len(graph)
    config = SweepConfig(seeds=plan.default_seeds(n), base=node2vec_defaults(n), umap=UMAPConfig().for_size(n))
    kept = precomputed.load(precomputed.result_key("sweep", graph, config))
    assert kept is not None, "missing: python data/build_precomputed.py missing"
    cells, base = sweep_from_arrays(kept, train_node2vec(graph, config.base))
    few = replace(config, seeds=3)
    again = sweep_base(graph, few, by, train_node2vec)
    wrong = disagreements(arrays_of(base, 3), arrays_of(again, 3))
    for p, q in ((1.0, 20.0), (0.2, 0.05)):
        (cell,) = (c for c in cells if (c.p, c.q) == (p, q))
        made = sweep_cell(graph, few, by, again, p, q, train_node2vec)
        wrong += disagreements(arrays_of(cell, 3), arrays_of(made, 3))
    assert not wrong, "\n".join([CHANGED, *wrong])


def arrays_of(part: Any, seeds: int) -> Arrays:
    scores = {f"scores {name}": np.array(values[:seeds]) for name, values in part.scores.items()}
    moved = part.overlap if hasattr(part, "overlap") else part.own_overlap
    return {**scores, "positions": part.map, "overlap": np.asarray(moved, dtype=np.float16)}


def test_every_sort_of_result_has_a_small_one(builder: ModuleType) -> None:
    """A new kind, or a model that only a large data set has, is not left out by the tests above."""
    small = set(one_of_every_sort(builder))
    assert {sort_of(key) for name in builder.EVERY for key in plan_of(builder, name)} <= small


# --- the comparison itself ---


@pytest.mark.slow
def test_the_comparison_passes_rounding_and_stops_at_a_changed_schedule() -> None:
    graph = load_dataset("karate_club").graph
    assert graph is not None
    config = Node2VecConfig(dimensions=8, num_walks=10, walk_length=40, epochs=2, window=2)
    kept = train_node2vec(graph, config).to_arrays()
    assert disagreements(kept, train_node2vec(graph, config).to_arrays()) == []
    rng = np.random.default_rng(0)
    rounded = {n: a * (1 + rng.normal(scale=3e-4, size=a.shape).astype(a.dtype)) if a.dtype == "f4" else a
               for n, a in kept.items()}  # fmt: skip
    assert disagreements(kept, rounded) == []
    slower = train_node2vec(graph, replace(config, learning_rate=0.0245))  # 2% less
    said = disagreements(kept, {**slower.to_arrays(), "meta": kept["meta"]})
    assert any(line.startswith("vectors is") for line in said)
    assert disagreements(kept, {**kept, "counts": kept["counts"] + 10})
    assert disagreements(kept, {"vectors": kept["vectors"]})
    assert disagreements(kept, {**kept, "vectors": kept["vectors"][:, :-1]})
    assert disagreements(kept, {**kept, "vectors": kept["vectors"] * np.nan})
    mirrored = {"positions": rng.normal(size=(50, 2)).astype(np.float32)}
    assert disagreements(mirrored, {"positions": -mirrored["positions"]}) == []  # neighbors count, not where they lie
    assert disagreements(mirrored, {"positions": rng.permutation(mirrored["positions"])})


def test_times_are_not_compared_and_words_are() -> None:
    text = lambda **values: {"meta": np.frombuffer(json.dumps(values).encode(), dtype=np.uint8)}  # noqa: E731
    assert disagreements(text(seconds=1.0, history=[1.0]), text(seconds=9.0, history=[1.0001])) == []
    assert disagreements(text(history=[1.0]), text(history=[1.1])) == ["meta.history is 10.0% off (at most 0.3%)"]
    assert disagreements(text(title="a"), text(title="b")) == ["meta.title is 'b', not 'a'"]
    assert disagreements(text(title="a"), text(other="a")) == ["meta has other entries"]


@pytest.mark.slow
def test_no_bundled_file_is_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for key in result_files.places(precomputed.FOLDER):
            assert precomputed.load(key)
