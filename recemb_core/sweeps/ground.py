"""What a sweep stands on: who is asked, and the setting that every other one differs from."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from recemb_core.config_fields import changed
from recemb_core.embeddings.registry import NEEDS
from recemb_core.experiments.leaderboard import Entry, PartCases, default_query, part_cases
from recemb_core.item_graph import ItemGraph
from recemb_core.item_graph.config import GraphConfig
from recemb_core.plans import graph_config, model_config
from recemb_core.sequences import Sequences
from recemb_core.session_file import SessionFile
from recemb_core.sweeps.indexes import IndexConfig
from recemb_core.sweeps.plan import SweepPlan, config_of
from recemb_core.sweeps.space import same_values
from recemb_core.sweeps.structure import Structure
from recemb_core.timing import timed
from recemb_core.validation import UsageError


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of a sweep, ready to be trained with any seed.

    Attributes:
        entry: model and query.
        graph: that is walked, where the model walks one; nothing in it is left to ``"auto"``.
        index: over the vectors, where the sweep looks at one.
    """

    entry: Entry
    graph: GraphConfig | None = None
    index: IndexConfig | None = None

    def with_seed(self, seed: int) -> Setting:
        """The same, all of its draws from this seed."""
        index = self.index
        if index is not None:
            index = replace(index, lsh=replace(index.lsh, seed=seed))
        return replace(self, entry=self.entry.with_seed(seed), index=index)

    @property
    def seeded(self) -> bool:
        """Whether another seed gives another result."""
        return self.entry.seeded or (self.index is not None and self.index.kind == "lsh")

    @property
    def training(self) -> tuple[Any, GraphConfig | None]:
        """What is trained: settings that differ in the rest share their vectors."""
        return self.entry.config, self.graph


@dataclass(frozen=True, eq=False)
class Ground:
    """The data of a sweep, and its first setting: the model's defaults for this data, changed as the session says.

    Attributes:
        plan: of the sweep.
        asked: the validation part of a log, whose test part is never made; or the graph whose structure is looked at.
        base: the first setting.
    """

    plan: SweepPlan
    asked: PartCases | Structure
    base: Setting

    @classmethod
    def of(
        cls,
        plan: SweepPlan,
        sequences: Sequences | None,
        saved: SessionFile | None = None,
        *,
        cases: PartCases | None = None,
        structure: Structure | None = None,
        config: Any = None,
    ) -> Ground:
        """The ground of a plan.

        Args:
            plan: see :class:`SweepPlan`.
            sequences: the whole log; it is split here. None of a graph.
            saved: a session whose settings of model and graph the first setting has.
            cases: the validation part, where it is there already.
            structure: of a plan by structure: what it looks at; by default the graph that the session makes of the log.
            config: of the first setting's model, in place of the session's.

        Raises:
            UsageError: the data lacks what the model needs, or a value that the sweep names is not possible.
        """
        saved, spec = saved or SessionFile(), plan.spec
        if plan.by_structure:
            return cls._of_structure(plan, sequences, saved, structure, config)
        if sequences is None:
            raise UsageError(
                "this data is a graph alone, and nobody can be asked what was taken next; take a log, or structural or "
                "homophily as the aim"
            )
        cases = cases or part_cases(sequences, plan.protocol)
        train = cases.train
        if lacking := spec.lacking(train, True, train.side_info):
            raise UsageError(f"{spec.name} needs {NEEDS[lacking[0]]}, and this data has none; choose another model")
        graph = graph_config(saved, ordered=train.ordered) if "graph" in spec.needs else None
        if config is None:
            walked = None if graph is None else graph_of(cases, graph)[0]
            config = model_config(saved, spec, sequences=train, graph=walked, side_info=train.side_info)
        entry = Entry(name=spec.name, config=config, query=default_query(config, train)).with_seed(0)
        index = IndexConfig() if plan.with_index else None
        return cls(plan, cases, Setting(entry=entry, graph=graph, index=index))._checked()

    @classmethod
    def _of_structure(
        cls, plan: SweepPlan, sequences: Sequences | None, saved: SessionFile, structure: Structure | None, config: Any
    ) -> Ground:
        spec = plan.spec
        if structure is None:
            if sequences is None:
                raise UsageError("a sweep by structure needs a graph, or a log to make one of")
            how = graph_config(saved, ordered=sequences.ordered)
            more: dict[str, Any] = {
                "edges": dataclasses.asdict(how),
                "sequences": sequences,
                "side_info": sequences.side_info,
            }
            structure = Structure.of(how.build(sequences), **more)
        if lacking := spec.lacking(**structure.given):
            raise UsageError(f"{spec.name} needs {NEEDS[lacking[0]]}, and this data has none; choose another model")
        config = model_config(saved, spec, **structure.given) if config is None else config
        structure = structure.needed(spec.needs)
        entry = Entry(name=spec.name, config=config).with_seed(0)
        if not entry.seeded and plan.of_seeds:
            raise UsageError(
                f"{spec.name} depends on no seed, so its {plan.aims[0]} score has no noise to be judged by; choose "
                "another model"
            )
        index = IndexConfig() if plan.with_index else None
        return cls(plan, structure, Setting(entry=entry, index=index))._checked()

    def _checked(self) -> Ground:
        for one in self.plan.space.dimensions:
            for value in one.ends:
                self.check(one.name, value)
        return self

    @property
    def cases(self) -> PartCases:
        """The validation part, of a sweep that asks users."""
        assert isinstance(self.asked, PartCases), "nobody is asked in a sweep by structure"
        return self.asked

    @property
    def whom(self) -> str:
        """Who is asked, or what is looked at."""
        if isinstance(self.asked, Structure):
            return self.asked.words
        users, there = len(self.asked.users), self.asked.there
        return f"{users:,} of {there:,} validation users" if users < there else f"{users:,} validation users"

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What the first setting has for every parameter that varies."""
        return {name: getattr(*self._owner(self.base, name)) for name in self.plan.space.names}

    @staticmethod
    def _owner(setting: Setting, name: str) -> tuple[Any, str]:
        scope, dot, inner = name.partition(".")
        assert setting.index is not None or scope not in ("index", "lsh", "hnsw")
        owners: dict[str, Any] = {
            "graph": setting.graph,
            "query": setting.entry.query,
            "index": setting.index,
            "lsh": setting.index and setting.index.lsh,
            "hnsw": setting.index and setting.index.hnsw,
        }
        return (owners[scope], inner) if dot else (setting.entry.config, name)

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that its own class refuses; combinations are met as they come.

        Raises:
            UsageError: says the parameter, the value, and what is allowed.
        """
        owner, inner = self._owner(self.base, name)
        if same_values({name: value}, {name: getattr(owner, inner)}):
            return
        config = config_of(self.plan.spec, name)[0]
        alone = config if config is not type(owner) else None
        with_rest = owner if alone is None else alone()
        try:
            changed(with_rest, {inner: value}, self.plan.model)
        except UsageError as error:
            raise UsageError(f"a sweep cannot give {name} the value {value!r}: {error}") from None

    def setting(self, values: Mapping[str, Any]) -> Setting:
        """The setting with these values.

        Raises:
            UsageError: a combination that is not possible.
        """
        groups: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            scope, dot, inner = name.partition(".")
            groups.setdefault(scope if dot else "", {})[inner if dot else name] = value
        base, model = self.base, self.plan.model
        config = changed(base.entry.config, groups.get("", {}), model)
        query = changed(base.entry.query, groups.get("query", {}), "the query")
        if getattr(config, "hierarchical_softmax", False) and "score" not in groups.get("query", {}):
            assert query is not None
            query = replace(query, score="cosine")  # it has no output vectors
        graph = base.graph
        if graph is not None:
            graph = changed(graph, groups.get("graph", {}), "the graph").resolved(self.cases.train.ordered)
        index = base.index
        if index is not None:
            parts = {name: changed(getattr(index, name), groups.get(name, {}), name) for name in ("lsh", "hnsw")}
            index = replace(index, **parts, **groups.get("index", {}))
        entry = replace(base.entry, config=config, query=query)
        return Setting(entry=entry, graph=graph, index=index)

    @property
    def may_be_seeded(self) -> bool:
        """Whether an index that depends on a seed is among what varies."""
        return self.base.index is not None and any(
            "lsh" in one.ends for one in self.plan.space.dimensions if one.name == "index.kind"
        )

    @cached_property
    def source(self) -> str:
        """A hash of the data that is learned from and asked about; with the plan, what a sweep is known by."""
        return self.asked.source


def cases_for(ground: Ground, setting: Setting) -> PartCases:
    """The cases with the graph of a setting in them."""
    if setting.graph is None:
        return ground.cases
    kept = ("views", "head", "source", "links")  # what was worked out before holds for any graph
    other = dataclasses.replace(ground.cases)
    other.__dict__.update({k: v for k, v in ground.cases.__dict__.items() if k in kept})
    other.__dict__["timed_graph"] = graph_of(ground.cases, setting.graph)
    return other


_KEPT = 4
_graphs: OrderedDict[tuple[str, GraphConfig], tuple[ItemGraph, float]] = OrderedDict()  # of this process, the last ones


def graph_of(cases: PartCases, config: GraphConfig) -> tuple[ItemGraph, float]:
    """(the graph of the training part, seconds that it took when it was built)."""
    key = (cases.source, config)
    if key not in _graphs:
        _graphs[key] = timed(lambda: config.build(cases.train))
    _graphs.move_to_end(key)
    while len(_graphs) > _KEPT:
        _graphs.popitem(last=False)
    return _graphs[key]
