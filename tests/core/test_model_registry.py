"""One registration is enough: a new model is trained, keyed, compared, stored and written as Python like the rest."""

from __future__ import annotations

import ast
import dataclasses
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import pytest

from recemb_core import precomputed, versions
from recemb_core.embeddings import (
    MODELS,
    DeepWalkConfig,
    EGESConfig,
    ItemVectors,
    ModelSpec,
    Node2VecConfig,
    comparison_defaults,
    default_graph,
    register,
    spec_of,
    train_deepwalk,
    train_model,
    training_fingerprint,
    unregister,
)
from recemb_core.embeddings.exporting import vectors_parquet, word2vec_text
from recemb_core.embeddings.registry import Setting, python_call, python_imports, settings_of
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Progress, TrainingCancelled
from recemb_core.sequences import Sequences
from recemb_core.validation import MOST_DIMENSIONS, UsageError

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ["word2vec", "item2vec", "DeepWalk", "node2vec", "GES", "EGES", "PPMI-SVD"]


@dataclass(frozen=True, kw_only=True)
class PrefixConfig:
    """A toy.

    Attributes:
        dimensions: how many columns
            are kept.
        share: of the side information, from 0 to 1.
        mode: "graph" or "counts".
        center: take the mean away.
        names: nothing that a control could offer.
        seed: moves every number a little.
    """

    dimensions: int = 4
    share: float = 0.5
    mode: Literal["graph", "counts"] = "graph"
    center: bool = False
    names: tuple[str, ...] = ("a",)
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.dimensions < 1:
            raise ValueError("out of range")


def train_prefix(
    side_info: pl.DataFrame,
    graph: ItemGraph,
    sequences: Sequences,
    config: PrefixConfig | None = None,
    *,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> ItemVectors:
    """Columns of the adjacency, a column of counts and one of side information."""
    config = config or PrefixConfig()
    if cancel is not None and cancel():
        raise TrainingCancelled
    table = np.zeros((len(graph), len(graph) + 2), np.float32)
    table[np.repeat(np.arange(len(graph)), np.diff(graph.indptr)), graph.indices] = graph.weights
    table[:, -2] = sequences.counts
    table[:, -1] = config.share * side_info["kind"].rank("dense").fill_null(0).to_numpy()
    table = np.roll(table, config.seed, axis=1)[:, : config.dimensions] - (table.mean() if config.center else 0)
    if progress is not None:
        progress(1.0, "training")
    return ItemVectors(graph.items, np.ascontiguousarray(table), config=config)


PREFIX = ModelSpec(name="Prefix", config=PrefixConfig, train=train_prefix, needs=("side_info", "graph", "sequences"))


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    lines, of_config = dict(versions.ALGORITHMS), dict(versions.OF_CONFIG)
    assert register(PREFIX) is PREFIX
    yield
    unregister("Prefix")
    assert list(MODELS) == BUNDLED
    assert (lines, of_config) == (versions.ALGORITHMS, versions.OF_CONFIG)
    with pytest.raises(ValueError, match=r"config must be that of word2vec, item2vec, .* EGES or PPMI-SVD, not"):
        train_model(PrefixConfig())


@pytest.fixture
def data() -> dict[str, Any]:
    lists = [["tea", "milk", "cup"], ["tea", "cup"], ["nail", "saw"], ["saw", "nail", "axe"]] * 5
    shop = Sequences.from_lists(lists, ordered=False)
    side = pl.DataFrame({"title": list(shop.items), "kind": ["drink", "drink", "drink", "tool", "tool", None]})
    return {"sequences": shop, "graph": default_graph(shop), "side_info": side}


# --- the new one ---


def test_it_is_trained_on_what_it_needs_in_its_own_order(data: dict[str, Any]) -> None:
    config = comparison_defaults(**data, seed=1)["Prefix"]
    assert config == PrefixConfig(seed=1)
    seen: list[float] = []
    found = train_model(config, **data, progress=lambda share, _: seen.append(share))
    assert (found.vectors == train_prefix(data["side_info"], data["graph"], data["sequences"], config).vectors).all()
    assert seen == [1.0]
    with pytest.raises(TrainingCancelled):
        train_model(config, **data, cancel=lambda: True)


@pytest.mark.parametrize("need", PREFIX.needs)
def test_each_need_is_asked_for_and_is_part_of_the_key(need: str, data: dict[str, Any]) -> None:
    known = training_fingerprint(PrefixConfig(), **data)
    other = {
        "sequences": replace(data["sequences"], tokens=data["sequences"].tokens[::-1].copy()),
        "graph": ItemGraph.from_edges([0, 1], [1, 2], directed=False, items=data["graph"].items),
        "side_info": data["side_info"].with_columns(kind=pl.Series(["drink", "tool", None, "tool", "tool", "tool"])),
    }
    assert training_fingerprint(PrefixConfig(), **data | {need: other[need]}) != known
    assert "Prefix" not in comparison_defaults(**data | {need: None})
    words = {"sequences": "sequences", "graph": "a graph", "side_info": "side information"}[need]
    with pytest.raises(ValueError, match=f"Prefix needs {words}, and none is given"):
        train_model(PrefixConfig(), **data | {need: None})


def test_its_results_carry_its_version(data: dict[str, Any]) -> None:
    key = precomputed.result_key("vectors", "0a", PrefixConfig())
    assert key.identity["versions"] == {"Prefix": 1}
    assert not precomputed.has(precomputed.result_key("vectors", "0a", PrefixConfig()))
    unregister("Prefix")
    register(dataclasses.replace(PREFIX, version=2, built_on=("walks",)))
    assert precomputed.result_key("vectors", "0a", PrefixConfig()).identity["versions"] == {"Prefix": 2, "walks": 1}


def test_it_comes_back_from_a_file_with_its_config(data: dict[str, Any]) -> None:
    found = train_model(PrefixConfig(names=("a", "b"), share=0.25), **data)
    again = ItemVectors.load(io.BytesIO(found.to_bytes()))
    assert again.config == found.config
    assert (again.vectors == found.vectors).all()
    assert word2vec_text(found).startswith(b"6 4\n")
    assert pl.read_parquet(vectors_parquet(found))["item"].to_list() == list(found.items)


def test_a_file_calls_nothing_but_configs(data: dict[str, Any]) -> None:
    for name in ("Progress", "register", "unregister", "ModelSpec", "NoSuchConfig"):
        arrays = train_model(PrefixConfig(), **data).to_arrays()
        text = arrays["meta"].tobytes().decode().replace('"class": "PrefixConfig"', f'"class": "{name}"')
        arrays["meta"] = np.frombuffer(text.encode(), np.uint8)
        assert ItemVectors.from_arrays(arrays).config["class"] == name


def test_its_controls_are_read_off_its_config() -> None:
    controls = {one.field: one for one in PREFIX.shown()}
    assert list(controls) == ["dimensions", "share", "mode", "center"]  # neither seed nor what no control could offer
    assert controls["dimensions"].values == (1, 2, 4, 8, 16, 32)
    assert controls["dimensions"].help == "How many columns are kept."
    assert controls["share"].values == (0.0625, 0.125, 0.25, 0.5, 1.0)
    assert controls["mode"].values == {"graph": "graph", "counts": "counts"}
    assert controls["center"].values is None
    assert PREFIX.head(PrefixConfig(dimensions=8)) == "dimensions 8, share 0.5"
    assert PREFIX.cost(PrefixConfig(), None, 10) > 0


def test_its_lines_of_python_run(data: dict[str, Any]) -> None:
    configs = [PrefixConfig(share=0.25), DeepWalkConfig(dimensions=4), EGESConfig(attention=False, dimensions=4)]
    lines = python_imports(configs)
    assert lines[0] == "from recemb_core.embeddings import DeepWalkConfig, EGESConfig, train_deepwalk, train_eges"
    room: dict[str, Any] = dict(data)
    exec("\n".join(lines), room)
    for config in configs:
        assert eval(python_call(config), room).config == config


# --- those that come with the library ---


def test_the_bundled_ones_know_their_own(data: dict[str, Any]) -> None:
    every = comparison_defaults(**data)
    assert list(every) == [*BUNDLED, "Prefix"]
    for name, config in every.items():
        spec = spec_of(config)
        assert spec.name == name
        assert spec.head(config)
        assert spec.cost(config, data["sequences"], 6) > 0
        for one in spec.shown():
            values = (True, False) if one.values is None else one.values
            for value in values:
                dataclasses.replace(config, **{one.field: value})  # all that a control offers, the config takes
    assert spec_of(Node2VecConfig()).name == "node2vec"
    assert spec_of(EGESConfig()).name == "EGES"


@pytest.mark.parametrize(
    "kind", [*dict.fromkeys(spec.config for spec in MODELS.values())], ids=lambda kind: kind.__name__
)
def test_controls_read_off_a_class_offer_what_it_takes(kind: type) -> None:
    found = settings_of(kind)
    assert found
    for one in found:
        default = getattr(kind(), one.field)
        assert one.values is None or default in one.values
        for value in (True, False) if one.values is None else one.values:
            kind(**{one.field: value})


# --- what is refused ---


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "a_b"}, "name must be a name without"),
        ({"name": ""}, "name must be a name without"),
        ({"config": int}, "config must be a frozen dataclass"),
        ({"needs": ()}, "needs must be"),
        ({"needs": ("side_info",)}, "needs must be"),
        ({"needs": ("graph", "graph")}, "needs must be"),
        ({"needs": ("graph", "prices")}, "needs must be"),
        ({"fixed": {"size": 3}}, "settings of Other must be fields of PrefixConfig, not 'size'"),
        ({"settings": (Setting("size", "Size", (1, 2)),)}, "settings of Other must be fields of PrefixConfig"),
    ],
)
def test_a_registration_that_cannot_work_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(PREFIX, **{"name": "Other"} | change)


def test_names_and_configs_belong_to_one_model() -> None:
    with pytest.raises(ValueError, match="there is a model 'Prefix' already"):
        register(replace(PREFIX))
    with pytest.raises(ValueError, match="PrefixConfig belongs to Prefix; say in fixed="):
        register(replace(PREFIX, name="Suffix", fixed={"center": True}))
    same = type("DeepWalkConfig", (PrefixConfig,), {"__doc__": "Another.", "__dataclass_params__": None})
    same = dataclass(frozen=True, kw_only=True)(same)
    with pytest.raises(ValueError, match="there is another DeepWalkConfig already"):
        register(replace(PREFIX, name="Suffix", config=same))
    with pytest.raises(ValueError, match=r"built_on must name lines of versions\.ALGORITHMS, not 'magic'"):
        register(replace(PREFIX, name="Suffix", config=NewConfig, built_on=("magic",)))
    with pytest.raises(ValueError, match="no model is called 'Suffix'"):
        unregister("Suffix")
    assert list(MODELS) == [*BUNDLED, "Prefix"]


@dataclass(frozen=True)
class NewConfig:
    seed: int = 0


def test_two_models_of_one_class_are_told_apart_by_what_is_fixed() -> None:
    centered = [
        ModelSpec(name=name, config=NewConfig, train=train_deepwalk, needs=("graph",), fixed={"seed": seed})
        for name, seed in (("even", 0), ("odd", 1))
    ]
    for spec in centered:
        register(spec)
    assert [spec_of(NewConfig(seed)).name for seed in (0, 1)] == ["even", "odd"]
    unregister("even")
    assert spec_of(NewConfig(1)).name == "odd"
    assert "NewConfig" in versions.OF_CONFIG
    unregister("odd")
    assert "NewConfig" not in versions.OF_CONFIG


# --- nobody asks whose a config is but the registry ---


@pytest.mark.slow
def test_nobody_else_tells_models_apart_by_their_class() -> None:
    """A branch on a config class is a place that a new model would have to be added to."""
    bases = {base.__name__ for spec in MODELS.values() for base in spec.config.__mro__ if base is not object}
    folders = ("recemb_core", "pages", "data", "benchmarks")
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 200
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
                names = {part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name)}
                # pairs.py lists the training pairs of word2vec and item2vec, and belongs to their trainers.
                assert path.name == "pairs.py" or not names & bases, f"{path}:{node.lineno}"


@pytest.mark.parametrize("name", BUNDLED)
def test_dimensions_have_a_bound_that_is_said(name: str) -> None:
    config = MODELS[name].config()
    assert replace(config, dimensions=MOST_DIMENSIONS).dimensions == 4_096
    for wrong in (MOST_DIMENSIONS + 1, 10**12, 2**70, 0, -1, 1.5, True, "8"):
        with pytest.raises(UsageError, match="dimensions must be a whole number from 1 to 4,096, not"):
            replace(config, dimensions=wrong)


@pytest.mark.parametrize(
    "name", ["YouTubeDNNConfig", "TwoTowerConfig", "FactorizationMachine", "FNN", "WideAndDeep", "DeepCrossing"]
)
def test_networks_and_recall_models_have_the_same_bound(name: str) -> None:
    pytest.importorskip("jax")
    from recemb_core import deep

    kind = getattr(deep, name)
    for field in ("dimensions", "field_dimensions", "hidden"):
        if field not in {one.name for one in dataclasses.fields(kind)}:
            continue
        usual = getattr(kind(), field)
        for most, fits in ((MOST_DIMENSIONS, True), (MOST_DIMENSIONS + 1, False)):
            value = (most, *usual[1:]) if isinstance(usual, tuple) else most
            if fits:
                assert getattr(kind(**{field: value}), field) == value
            else:
                with pytest.raises(UsageError, match=f"{field} must be .*4,096"):
                    kind(**{field: value})
