"""What a sweep is told: the model, what varies, how settings are proposed, how long, and what they are measured by."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from recemb_core.config_fields import check_name, from_text
from recemb_core.embeddings.registry import NOT_SHOWN, ModelSpec
from recemb_core.experiments.leaderboard import Protocol, Query
from recemb_core.item_graph.config import GraphConfig
from recemb_core.neighbors import HNSWConfig, LSHConfig
from recemb_core.plans import model_named
from recemb_core.session_file import SessionFile
from recemb_core.sweeps.indexes import IndexConfig
from recemb_core.sweeps.space import Dimension, Space, dimension_from_text, space_from_toml
from recemb_core.validation import UsageError, is_whole, require, written

Sampler = Literal["random", "grid", "tpe"]
SAMPLERS: Mapping[Sampler, str] = {
    "random": "at random",
    "grid": "every combination",
    "tpe": "near what did well (Optuna's TPE)",
}
STRUCTURE: Mapping[str, str] = {"homophily": "homophily score", "structural": "structural score"}
"""Aims that are one figure of a training, of vectors of all of the data: what the node2vec page shows of p and q
(:func:`~recemb_core.evaluation.group_score` by group and by role)."""
QUALITIES: Mapping[str, str] = {"hr": "HR", "ndcg": "NDCG", "mrr": "MRR", "recall": "recall of the index", **STRUCTURE}
"""Aims that the larger is the better: a figure of each user (``recall``: of each item asked), or of a training."""
COSTS: Mapping[str, str] = {
    "seconds": "seconds of training",
    "milliseconds": "milliseconds an answer",
    "bytes": "bytes held",
}
"""Aims that are one figure of a run, the smaller the better."""
_SCOPES: Mapping[str, type] = {"graph": GraphConfig, "query": Query, "lsh": LSHConfig, "hnsw": HNSWConfig}
_FIXED = {"hnsw": ("metric",), "lsh": ("seed",)}  # what would change the question, and what every run draws anew
_INDEX = "index.kind"


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """A sweep, whole; the data aside.

    Attributes:
        model: name of a registered model.
        space: what varies; see :func:`parameters`, in whose order they are put.
        sampler: ``"random"``, ``"grid"`` or ``"tpe"`` (needs Optuna).
        trials: settings tried at most, the default among them.
        minutes: of work, at most; None: no limit but ``trials``.
        aims: what settings are measured by; the first, of :data:`QUALITIES`, decides the winner, the others are shown
            beside it, and TPE seeks all of them.
        protocol: who is asked what; its first ``ks`` is the length of the list.
        seed: of the proposals, and the first seed of all trainings.
        seeds_each: trainings of every setting in the first look. From 2 on every setting has the same seeds, so that
            settings can be compared as they are (a phase map); with 1 each has its own.
        finalists: settings that run again, beside the default, at the end.
        fresh: trainings of each of these, with seeds that did not choose it.
    """

    model: str
    space: Space
    sampler: Sampler = "random"
    trials: int = 30
    minutes: float | None = None
    aims: tuple[str, ...] = ("hr",)
    protocol: Protocol = field(default_factory=Protocol)
    seed: int = 0
    seeds_each: int = 1
    finalists: int = 3
    fresh: int = 5

    def __post_init__(self) -> None:
        spec = model_named(self.model)
        known = parameters(spec)
        for name in self.space.names:
            check_name(name, list(known), f"a sweep of {spec.name}")
        # Draws go through the parameters in turn, and a file may list them in another order.
        order = sorted(self.space.dimensions, key=lambda one: list(known).index(one.name))
        object.__setattr__(self, "space", Space(tuple(order)))
        require(self.sampler in SAMPLERS, "sampler", self.sampler, "'random', 'grid' or 'tpe'")
        limits = (("trials", 2, 10_000), ("seeds_each", 1, 20), ("finalists", 1, 20), ("fresh", 3, 50))
        for name, least, most in limits:
            value = getattr(self, name)
            whole = is_whole(value) and least <= value <= most
            require(whole, name, value, f"a whole number from {least} to {most:,}")
        minutes = self.minutes
        number = isinstance(minutes, int | float) and not isinstance(minutes, bool) and 0 < minutes < 1e6
        require(minutes is None or number, "minutes", minutes, "None or a number over 0")
        require(is_whole(self.seed) and 0 <= self.seed < 2**31, "seed", self.seed, "a whole number from 0 to 2^31 − 1")
        aims = self.aims
        fine = len(aims) > 0 and len(set(aims)) == len(aims) and aims[0] in QUALITIES
        require(fine, "aims", aims, f"distinct, the first one of {', '.join(QUALITIES)}")
        for aim in aims:
            check_name(aim, [*QUALITIES, *COSTS], "aims of a sweep")
        if self.with_index:  # or nothing that is measured would depend on what varies
            require("recall" in aims, "aims", aims, "'recall' among them, where an index varies")
        if self.by_structure:
            self._check_structure()

    def _check_structure(self) -> None:
        """Nothing is held out for these aims, so nothing that asks users or answers them goes with them."""
        asked = [aim for aim in self.aims if aim in QUALITIES and aim not in (*STRUCTURE, "recall")]
        if "milliseconds" in self.aims and not self.with_index:
            asked.append("milliseconds")
        if asked:
            raise UsageError(
                f"{asked[0]} is measured on users who are asked, {' and '.join(STRUCTURE)} on vectors of all of the "
                "data: take aims of one kind"
            )
        for name in self.space.names:
            if name.startswith(("graph.", "query.")):
                raise UsageError(
                    f"{name} cannot vary here: {' and '.join(STRUCTURE)} ask no users, and compare models of one graph"
                )

    @property
    def spec(self) -> ModelSpec:
        """Of the model."""
        return model_named(self.model)

    @property
    def by_structure(self) -> bool:
        """Whether it asks what vectors of the whole graph look like, not what users took next."""
        return any(aim in STRUCTURE for aim in self.aims)

    @property
    def of_seeds(self) -> bool:
        """Whether what decides is one figure of a training: the draw of seeds is then all the noise there is."""
        return self.aims[0] in STRUCTURE

    @property
    def with_index(self) -> bool:
        """Whether an index is built over the vectors of every run."""
        swept = any(name == _INDEX or name.startswith(("lsh.", "hnsw.")) for name in self.space.names)
        return swept or "recall" in self.aims

    @property
    def with_graph(self) -> bool:
        """Whether the graph that is walked varies."""
        return any(name.startswith("graph.") for name in self.space.names)

    @property
    def shares_trainings(self) -> bool:
        """Whether nothing varies that vectors are trained by."""
        return all(name.startswith(("index.", "lsh.", "hnsw.", "query.")) for name in self.space.names)

    def aim_words(self, aim: str) -> str:
        """An aim as a head of a column."""
        k = self.protocol.k
        if aim in COSTS:
            return COSTS[aim]
        return {"mrr": "MRR", "recall": f"index recall@{k}", **STRUCTURE}.get(aim, f"{QUALITIES[aim]}@{k}")

    def to_toml(self) -> dict[str, Any]:
        """The part ``[sweep]`` of a session, what equals its default left out; :func:`plan_of` reads it."""
        own: dict[str, Any] = {}
        for one in dataclasses.fields(self):
            value = getattr(self, one.name)
            if one.name in ("model", "space", "seed", "protocol") or value == one.default:
                continue
            own[one.name] = list(value) if isinstance(value, tuple) else value
        told = {
            f.name: list(v) if isinstance(v, tuple) else v
            for f in dataclasses.fields(Protocol)
            if (v := getattr(self.protocol, f.name)) != f.default and v is not None
        }
        if self.protocol.most_users is None:
            told["most_users"] = "none"
        return own | ({"protocol": told} if told else {}) | {"space": self.space.to_toml()}


def plan_of(saved: SessionFile) -> SweepPlan:
    """The sweep that a session asks for in its part ``[sweep]``.

    Raises:
        UsageError: no such part, no model, or something in it that is not possible.

    >>> part = {"trials": 5, "space": {"window": [2, 5]}}
    >>> plan_of(SessionFile(model="item2vec", sweep=part)).space.names
    ('window',)
    """
    if not saved.sweep:
        raise UsageError("the session has no part [sweep]; give one with a [sweep.space] of parameters and values")
    if not saved.model:
        raise UsageError("the session says no model to sweep; give [model] with its name")
    spec = model_named(saved.model)
    told = dict(saved.sweep)
    space, protocol = told.pop("space", None), told.pop("protocol", {})
    known = [f.name for f in dataclasses.fields(SweepPlan) if f.name not in ("model", "space", "protocol", "seed")]
    for name in told:
        check_name(name, [*known, "space", "protocol"], "the sweep")
    for name, value in (("space", space), ("protocol", protocol)):
        if not isinstance(value, Mapping):
            raise UsageError(f"[sweep.{name}] must be a table of settings, not {written(value)}")
    for name, value in (("aims", told.get("aims", [])), ("ks of its protocol", protocol.get("ks", []))):
        if not isinstance(value, list | tuple):
            raise UsageError(f"{name} of the sweep must be a list such as [{written(value)}], not {written(value)}")
    flat = _flat(space)
    types = parameters(spec)
    for name in flat:
        check_name(name, list(types), f"a sweep of {spec.name}")
    own: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
    asked: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in protocol.items()}
    if asked.get("most_users") == "none":
        asked["most_users"] = None
    for name in asked:
        check_name(name, [f.name for f in dataclasses.fields(Protocol)], "the protocol")
    seed = saved.seed if saved.seed is not None else 0
    try:
        return SweepPlan(
            model=spec.name,
            space=space_from_toml(flat, {name: kind is int for name, kind in types.items()}),
            protocol=Protocol(**asked),
            seed=seed,
            **own,
        )
    except TypeError:  # a comparison of text with a number
        raise UsageError(
            "a number of the sweep or of its protocol is written as text; give it without quotes"
        ) from None


def _flat(space: Mapping[str, Any]) -> dict[str, Any]:
    """``[sweep.space.graph] per_item = …`` is ``"graph.per_item" = …``."""
    found: dict[str, Any] = {}
    for name, value in space.items():
        if isinstance(value, Mapping) and name in (*_SCOPES, "index"):
            found |= {f"{name}.{inner}": own for inner, own in value.items()}
        else:
            found[name] = value
    return found


@cache
def _parameters(config: type, fixed: frozenset[str], graph: bool) -> Mapping[str, type]:
    found = {name: kind for name, kind in _kinds(config).items() if name not in (*NOT_SHOWN, *fixed)}
    for scope, other in _SCOPES.items():
        if scope != "graph" or graph:
            kinds = _kinds(other).items()
            found |= {f"{scope}.{name}": kind for name, kind in kinds if name not in _FIXED.get(scope, ())}
    return found | {_INDEX: str}


def parameters(spec: ModelSpec) -> Mapping[str, type]:
    """Every parameter that a sweep of a model can vary → int, float, bool or str.

    Fields of the model's config by their name; of the graph that it walks as ``graph.…``
    (:class:`~recemb_core.item_graph.config.GraphConfig`), of the query of a history as ``query.…``, and of an index
    over the vectors ``index.kind``, ``lsh.…`` and ``hnsw.…``. Seeds are no parameters: every run has another.

    >>> {"dimensions", "query.half_life", "lsh.tables"} <= {*parameters(model_named("item2vec"))}
    True
    """
    return _parameters(spec.config, frozenset(spec.fixed), "graph" in spec.needs)


@cache
def _kinds(config: type) -> Mapping[str, type]:
    found = {}
    for name, hint in get_type_hints(config).items():
        if name not in {f.name for f in dataclasses.fields(config)}:
            continue
        inner = [kind for kind in get_args(hint) if kind is not type(None)] if get_origin(hint) is not Literal else []
        plain = inner[0] if inner and get_origin(hint) is not tuple else hint
        found[name] = plain if plain in (int, float, bool) else str
    return found


def config_of(spec: ModelSpec, name: str) -> tuple[type, str]:
    """(the config class that a parameter belongs to, its field).

    >>> config_of(model_named("node2vec"), "graph.top")[1]
    'top'
    """
    scope, dot, inner = name.partition(".")
    if not dot:
        return spec.config, name
    return (IndexConfig, inner) if scope == "index" else (_SCOPES[scope], inner)


def dimension(spec: ModelSpec, name: str, text: str) -> Dimension:
    """A parameter with its values as a person writes them: ``16, 32, 64`` or ``0.005..0.1 log``.

    Raises:
        UsageError: a name or text that is not possible.

    >>> dimension(model_named("item2vec"), "dimensions", "16, 32").grid()
    (16, 32)
    """
    check_name(name, list(parameters(spec)), f"a sweep of {spec.name}")
    config, inner = config_of(spec, name)
    return dimension_from_text(name, text, lambda one: from_text(config, inner, one), parameters(spec)[name] is int)
