"""What changes nothing in a sweep is said: settings that another setting puts out of use."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from recemb_core.datasets import load_dataset
from recemb_core.embeddings import MODELS, train_model
from recemb_core.prepared import prepare_bundled
from recemb_core.sweeps import Choices, Ground, Space, SweepPlan
from recemb_core.sweeps.idle import idle_parameters, idle_words

SWITCHES: dict[str, tuple[Any, ...]] = {"mode": ("set", "shuffle", "sequence"), "hierarchical_softmax": (True, False)}
OTHER: dict[str, Any] = {"window": 2, "negative": 2, "ns_exponent": 0.25}
SMALL = {"dimensions": 4, "epochs": 1, "num_walks": 1, "walk_length": 10, "window": 4}


def variants() -> list[tuple[str, Any]]:
    found = []
    for name, spec in MODELS.items():
        for field, values in SWITCHES.items():
            names = {one.name for one in fields(spec.config)}
            if spec.idle is None or field not in names:
                continue
            base = replace(spec.config(**spec.fixed), **{k: v for k, v in SMALL.items() if k in names})
            for value in values:
                try:
                    found.append((name, replace(base, **{field: value})))
                except ValueError:  # a mode that the model has not
                    continue
    return found


@pytest.mark.parametrize(("name", "config"), variants(), ids=str)
def test_what_is_called_idle_leaves_every_byte_and_nothing_else_does(name: str, config: Any) -> None:
    shop = prepare_bundled("planted_shop")
    spec = MODELS[name]
    assert spec.idle is not None
    idle = spec.idle(config)
    given: dict[str, Any] = {"sequences": shop.sequences, "graph": shop.graph, "side_info": shop.side_info}
    usual = train_model(config, **given).vectors.tobytes()
    for field, value in OTHER.items():
        if hasattr(config, field):
            same = train_model(replace(config, **{field: value}), **given).vectors.tobytes() == usual
            assert same is (field in idle), field


def ground(model: str, *dimensions: Choices, **how: Any) -> Ground:
    return Ground.of(SweepPlan(model=model, space=Space(dimensions), **how), load_dataset("planted_shop").sequences)


@pytest.mark.parametrize(
    ("model", "dimensions", "aims", "idle"),
    [
        ("item2vec", [("window", (2, 5)), ("dimensions", (4, 8))], ("hr",), {"window"}),
        ("item2vec", [("window", (2, 5)), ("mode", ("set", "sequence"))], ("hr",), set()),
        ("word2vec", [("negative", (2, 5)), ("hierarchical_softmax", (True,))], ("hr",), {"negative"}),
        ("word2vec", [("negative", (2, 5)), ("window", (2, 5))], ("hr",), set()),
        ("item2vec", [("hnsw.links", (8, 16)), ("lsh.tables", (2, 4))], ("recall",), {"hnsw.links"}),
        ("item2vec", [("hnsw.links", (8, 16)), ("index.kind", ("lsh", "hnsw"))], ("recall",), set()),
        ("DeepWalk", [("graph.top", (5, 9)), ("graph.backbone", ("none", "disparity"))], ("hr",), {"graph.top"}),
        ("DeepWalk", [("graph.top", (5, 9)), ("graph.backbone", ("none", "top_edges"))], ("hr",), set()),
    ],
)
def test_a_parameter_is_idle_where_no_setting_of_the_sweep_uses_it(
    model: str, dimensions: list[tuple[str, tuple[Any, ...]]], aims: tuple[str, ...], idle: set[str]
) -> None:
    found = ground(model, *(Choices(name, values) for name, values in dimensions), aims=aims)
    assert set(idle_parameters(found)) == idle
    assert all("changes nothing in this sweep (" in words for words in idle_words(found))
