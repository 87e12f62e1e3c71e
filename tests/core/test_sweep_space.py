"""What a sweep can vary: names, values and ranges, from files, text and controls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.embeddings.registry import MODELS
from recemb_core.session_file import SessionFile
from recemb_core.sweeps import (
    Choices,
    Ground,
    IndexConfig,
    Range,
    Setting,
    Space,
    SweepPlan,
    dimension,
    parameters,
    plan_of,
)
from recemb_core.validation import UsageError
from tests.core.sweep_helpers import ground_of

FILE = """
format = "recemb-session"
version = 1
data = "planted_shop"
seed = 3
[model]
name = "node2vec"
epochs = 2
[sweep]
sampler = "grid"
trials = 7
aims = ["ndcg", "seconds"]
[sweep.protocol]
targets = "all"
most_users = "none"
[sweep.space]
p = [0.5, 1.0]
dimensions = {low = 8, high = 64, log = true}
"query.half_life" = ["none", 20.0]
[sweep.space.graph]
directed = [true, false]
"""


def test_a_session_says_all_of_a_sweep() -> None:
    plan = plan_of(SessionFile.from_toml(FILE))
    assert plan.space.names == ("dimensions", "p", "graph.directed", "query.half_life")
    assert plan.space.dimensions[0] == Range("dimensions", 8, 64, log=True, whole=True)
    assert plan.space.dimensions[3] == Choices("query.half_life", (None, 20.0))
    assert (plan.seed, plan.trials, plan.aims, plan.protocol.most_users) == (3, 7, ("ndcg", "seconds"), None)


def test_what_a_plan_writes_it_reads() -> None:
    saved = SessionFile.from_toml(FILE)
    plan = plan_of(saved)
    again = SessionFile(model="node2vec", seed=3, sweep=plan.to_toml())
    assert plan_of(SessionFile.from_toml(again.to_toml())) == plan


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"space": {"dimension": [1, 2]}}, "did you mean dimensions"),
        ({"space": {"seed": [1, 2]}}, "no setting 'seed'"),
        ({"space": {"graph.top": [1, 2]}}, "no setting 'graph.top'"),  # item2vec walks no graph
        ({"space": {"window": 5}}, "list of values"),
        ({"space": {"window": {"low": 5, "high": 2}}}, "high of window must be over low"),
        ({"space": {"window": {"low": 1.5, "high": 3}}}, "whole number"),
        ({"space": {"window": [2, 2]}}, "distinct"),
        ({"space": {"learning_rate": {"low": 0.0, "high": 1.0, "log": True}}}, "over 0"),
        ({"space": {}}, "one parameter or more"),
        ({"sampler": "luck"}, "sampler must be"),
        ({"trials": 1}, "trials must be"),
        ({"trials": "many"}, "trials must be"),
        ({"aims": ["bytes"]}, "the first one of"),
        ({"aims": ["hr", "beauty"]}, "no setting 'beauty'"),
        ({"space": {"index.kind": ["lsh", "hnsw"]}}, "'recall' among them"),
        ({"budget": 3}, "no setting 'budget'"),
        ({"protocol": 3}, "must be a table"),
        ({"aims": "hr"}, r"aims of the sweep must be a list such as \['hr'\]"),
        ({"protocol": {"ks": 10}}, r"ks of its protocol of the sweep must be a list such as \[10\]"),
        ({"space": {"window": {"low": 1e300, "high": 1e301}}}, "low of window must be at most"),
        ({"space": {"learning_rate": {"low": -1e308, "high": 1e308}}}, "low of learning_rate must be at most"),
        ({"space": {"window": {"low": 1, "high": 10**400}}}, "high of window must be"),
    ],
)
def test_what_is_not_possible_is_said(change: dict[str, Any], says: str) -> None:
    sweep = {"space": {"window": [2, 5]}, **change}
    with pytest.raises(UsageError, match=says):
        plan_of(SessionFile(model="item2vec", sweep=sweep))


@pytest.mark.parametrize(
    ("space", "says"),
    [
        (Space((Choices("dimensions", (8, -1)),)), "cannot give dimensions the value -1"),
        (Space((Choices("mode", ("set", "bag")),)), "cannot give mode the value 'bag'"),
        (Space((Range("learning_rate", -1.0, 1.0),)), "cannot give learning_rate the value -1.0"),
        (Space((Choices("query.score", ("cosine", "loudness")),)), "cannot give query.score"),
        (Space((Choices("dimensions", ("big", "small")),)), "cannot give dimensions the value 'big'"),
    ],
)
def test_values_are_asked_of_the_model_before_anything_is_trained(space: Space, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ground_of(space=space)


@pytest.mark.parametrize("name", ["word2vec", "item2vec", "DeepWalk", "node2vec", "PPMI-SVD"])
def test_every_parameter_of_a_model_can_be_swept(name: str) -> None:
    """Each that :func:`parameters` lists, by the value that the default has."""
    spec = MODELS[name]
    known = list(parameters(spec))
    assert not {"seed", *spec.fixed} & set(known)
    for one in known:
        indexed = one.partition(".")[0] in ("index", "lsh", "hnsw")
        aims = ("hr", "recall") if indexed else ("hr",)
        kind = {int: 1, float: 1.0, bool: True, str: ""}[parameters(spec)[one]]
        plan = SweepPlan(model=name, space=Space((Choices(one, (kind,)),)), aims=aims)
        ground = Ground(plan, known_ground(name).cases, base(name, indexed))
        value = ground.defaults[one]
        assert ground.setting({one: value}) == ground.base


def known_ground(name: str) -> Ground:
    return ground_of(model=name, space=Space((Choices("dimensions", (8,)),)))


def base(name: str, indexed: bool) -> Setting:
    found = known_ground(name).base
    return replace(found, index=IndexConfig() if indexed else None)


@given(low=st.integers(1, 50), more=st.integers(1, 50), log=st.booleans(), seed=st.integers(0, 2**20))
def test_draws_and_grids_stay_inside(low: int, more: int, log: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for one in (
        Range("window", low, low + more, log=log, whole=True),
        Range("rate", low / 7, (low + more) / 7, log=log),
    ):
        values = [one.draw(rng), *one.grid()]
        assert all(one.low <= value <= one.high for value in values)
        assert isinstance(values[0], int) is one.whole
        assert (one.grid()[0], one.grid()[-1]) == (one.low, one.high)
        assert len(set(one.grid())) == len(one.grid())


def test_text_and_file_say_the_same() -> None:
    spec = MODELS["item2vec"]
    assert dimension(spec, "mode", "set, shuffle") == Choices("mode", ("set", "shuffle"))
    assert dimension(spec, "window", "1..9") == Range("window", 1, 9, whole=True)
    assert dimension(spec, "learning_rate", "0.01..0.1 log") == Range("learning_rate", 0.01, 0.1, log=True)
    assert dimension(spec, "query.newest", "none, 3").grid() == (None, 3)
    for one in (dimension(spec, "window", "1..9"), dimension(spec, "query.newest", "none, 3")):
        assert dimension(spec, one.name, one.text) == one
    for text in ("", " , ", "a..b", "9..1"):
        with pytest.raises(UsageError):
            dimension(spec, "window", text)


def test_combinations_become_settings() -> None:
    space = Space(
        (Choices("dimensions", (8,)), Choices("query.score", ("cosine", "in_out")), Choices("lsh.tables", (4,)))
    )
    ground = ground_of(space=space, aims=("hr", "recall"))
    setting = ground.setting({"dimensions": 8, "query.score": "cosine", "lsh.tables": 4})
    assert setting.index is not None
    assert setting.entry.query is not None
    assert (setting.entry.config.dimensions, setting.entry.query.score, setting.index.lsh.tables) == (8, "cosine", 4)
    own = setting.with_seed(5)
    assert own.index is not None
    assert (own.entry.config.seed, own.index.lsh.seed) == (5, 5)
    assert ground.defaults["dimensions"] == ground.base.entry.config.dimensions


def test_a_graph_alone_cannot_be_swept() -> None:
    with pytest.raises(UsageError, match="graph alone"):
        Ground.of(SweepPlan(model="DeepWalk", space=Space((Choices("window", (2, 5)),))), None)
