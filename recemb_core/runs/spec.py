"""What a run is: data, model, settings, seed, and how it is measured; two runs of one identity are one."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recemb_core.array_files import from_plain
from recemb_core.brought import BroughtConfig
from recemb_core.embeddings.registry import MODELS, training_fingerprint
from recemb_core.experiments.leaderboard.entries import Entry, Query, recall_is_there
from recemb_core.experiments.leaderboard.protocol import Part, Protocol
from recemb_core.plans import graph_config, whole_session
from recemb_core.result_files import plain
from recemb_core.scorers import SCORERS
from recemb_core.validation import UsageError
from recemb_core.versions import installed, versions_of

if TYPE_CHECKING:
    from recemb_core.experiments.leaderboard.cases import PartCases
    from recemb_core.prepared import Prepared

BROUGHT = "Brought vectors"
"""What stands for a model where vectors were made elsewhere; the name of their file is in the config."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One training, and the question that it is asked.

    Without a protocol a run is vectors of all of the data, as the Neighbors page and ``recemb train`` have them: with
    nothing held out they have no scores. With one it learns from a part's training events alone, and is measured.

    Attributes:
        data: name of the data set or file.
        fingerprint: hash of behavior or graph and item details, as they are read; runs of one data set share it.
        trained_on: hash of all that the model saw of it: the events of a part, the graph that was walked.
        model: name of the model, scorer or recall model.
        config: its frozen dataclass; a dict where a store holds one that this program does not know.
        seed: of the training, None where there is none.
        protocol: how it is measured, or None.
        part: ``"validation"`` or ``"test"``, where it is measured.
        query: how a history becomes a query to item vectors, where it is measured.
        graph: how the graph that is walked was made, in clear, where one is walked.
        versions: algorithm → version of its arithmetic; by default today's.
        session: text of the ``session.toml`` that does the same again, or "".
        packages: package → version.

    >>> from recemb_core.embeddings import DeepWalkConfig
    >>> config = DeepWalkConfig(seed=3)
    >>> spec = RunSpec(data="shop", fingerprint="0a", trained_on="0b", model="DeepWalk", config=config)
    >>> spec.seed, RunSpec.from_plain(spec.to_plain()) == spec, spec.with_seed(4).setting_id == spec.setting_id
    (3, True, True)
    """

    data: str
    fingerprint: str
    trained_on: str
    model: str
    config: Any
    seed: int | None = None
    protocol: Protocol | None = None
    part: Part = "validation"
    query: Query | None = None
    graph: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    session: str = ""
    packages: Mapping[str, str] = field(default_factory=installed)

    def __post_init__(self) -> None:
        own = getattr(self.config, "seed", None) if dataclasses.is_dataclass(self.config) else self.seed
        if self.seed is None and isinstance(own, int):
            object.__setattr__(self, "seed", own)
        if dataclasses.is_dataclass(self.config) and not self.versions:
            asked = [one for one in (self.protocol, self.query) if one is not None]
            kind = "vectors" if self.protocol is None else "leaderboard"
            object.__setattr__(self, "versions", versions_of(kind, self.config, *asked))

    @classmethod
    def of(cls, config: Any, prepared: Prepared) -> RunSpec:
        """Vectors of a model trained on all of some prepared data.

        >>> from recemb_core.embeddings import Node2VecConfig
        >>> from recemb_core.prepared import prepare_bundled
        >>> spec = RunSpec.of(Node2VecConfig(q=2.0, seed=1), prepare_bundled("karate_club"))
        >>> spec.model, spec.seed, spec.protocol
        ('node2vec', 1, None)
        """
        spec = next((spec for spec in MODELS.values() if spec.owns(config)), None)
        if spec is None:
            raise UsageError(f"{type(config).__name__} is the config of no model of item vectors; measure it instead")
        graph, edges = (prepared.graph if "graph" in spec.needs else None), dict[str, Any]()
        if graph is not None and prepared.own_graph is None and prepared.sequences is not None:
            edges = dataclasses.asdict(graph_config(prepared.session, ordered=prepared.sequences.ordered))
        trained_on = training_fingerprint(
            config, sequences=prepared.sequences, graph=graph, side_info=prepared.side_info
        )
        return cls(
            data=prepared.name,
            fingerprint=prepared.fingerprint,
            trained_on=trained_on,
            model=spec.name,
            config=config,
            graph=edges,
            session=whole_session(prepared.session, config).to_toml(),
        )

    @classmethod
    def measured(
        cls, cases: PartCases, entry: Entry, seed: int = 0, *, name: str, fingerprint: str, session: str = ""
    ) -> RunSpec:
        """A row of the leaderboard, trained with one seed on a part's training events and asked about its users.

        Args:
            cases: see :func:`~recemb_core.experiments.leaderboard.part_cases`.
            entry: the row; its seed is replaced.
            seed: of the training; of no account where the row has none.
            name, fingerprint: of the whole data.
            session: text of the ``session.toml`` of data and reading.
        """
        config = entry.with_seed(seed).config
        return cls(
            data=name,
            fingerprint=fingerprint,
            trained_on=cases.source,
            model=model_name(config),
            config=config,
            seed=seed if entry.seeded else None,
            protocol=cases.protocol,
            part=cases.part,
            query=entry.query,
            session=session,
        )

    @property
    def entry(self) -> Entry:
        """The row of a leaderboard that it is.

        Raises:
            UsageError: a model that this program does not know.
        """
        if not dataclasses.is_dataclass(self.config):
            raise UsageError(f"this program knows no model {self.model}; open the run where it was made")
        return Entry(name=self.model, config=self.config, query=self.query)

    def with_seed(self, seed: int) -> RunSpec:
        """The same training with another seed; itself where it has none."""
        if self.seed is None:
            return self
        config = self.entry.with_seed(seed).config
        return dataclasses.replace(self, config=config, seed=seed)

    @property
    def settings(self) -> dict[str, Any]:
        """All that a person can set, seed aside, by name as plain values: what a table shows a column for."""
        own = self.config if isinstance(self.config, Mapping) else plain(self.config)
        found = {name: value for name, value in own.items() if name not in ("class", "seed")}
        found |= {f"graph {name}": value for name, value in self.graph.items()}
        if self.query is not None:
            found["asked"] = self.query.words
        return found

    @property
    def question(self) -> dict[str, Any]:
        """What a measured run is asked, by name as plain values: part, split, targets …; empty where nothing is."""
        if self.protocol is None:
            return {}
        return {"part": self.part, **{name: value for name, value in plain(self.protocol).items() if name != "class"}}

    @property
    def identity(self) -> dict[str, Any]:
        """What makes it this run and no other."""
        return {
            "fingerprint": self.fingerprint,
            "trained_on": self.trained_on,
            "model": self.model,
            "config": self.config if isinstance(self.config, Mapping) else plain(self.config),
            "seed": self.seed,
            "protocol": plain(self.protocol),
            "part": None if self.protocol is None else self.part,
            "query": plain(self.query),
            "versions": dict(self.versions),
        }

    @property
    def run_id(self) -> str:
        """A hash of the identity, 16 characters."""
        return _digest(self.identity)

    @property
    def study(self) -> str:
        """Where the app and the command line keep it: a study for each data set and question."""
        question = "all of it" if self.protocol is None else f"{self.part}, {self.protocol.split.replace('_', ' ')}"
        return f"{self.data} {self.fingerprint[:8]}: {question}, {self.aim}"

    @property
    def aim(self) -> str:
        """What its study counts."""
        return "bytes of the vectors" if self.protocol is None else f"HR@{self.protocol.k}"

    @property
    def setting_id(self) -> str:
        """The same without the seed: runs of one setting share it."""
        alike = self.identity | {"seed": None}
        return _digest(alike | {"config": _unseeded(alike["config"])})

    def to_plain(self) -> dict[str, Any]:
        """Values that JSON has; :meth:`from_plain` reads them back."""
        found = {name: getattr(self, name) for name in ("data", "session", "graph", "packages")}
        return self.identity | found

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> RunSpec:
        """What :meth:`to_plain` gave, maybe in another version of this program."""
        known = {name: told[name] for name in cls.__dataclass_fields__ if name in told}
        known["config"] = _config(told["config"])
        for name, kind in (("protocol", Protocol), ("query", Query)):
            values = known.get(name)
            if values is not None:
                known[name] = from_plain(kind, {k: v for k, v in values.items() if k != "class"})
        known["part"] = known.get("part") or "validation"
        return cls(**known)


def model_name(config: Any) -> str:
    """The name of the model, scorer or recall model that a config belongs to.

    >>> from recemb_core.scorers import PopularityConfig
    >>> model_name(PopularityConfig())
    'Popularity'
    """
    if isinstance(config, BroughtConfig):
        return BROUGHT
    for spec in MODELS.values():
        if spec.owns(config):
            return spec.name
    for scorer in SCORERS.values():
        if type(config) is scorer.config:
            return scorer.name
    if recall_is_there():
        from recemb_core.deep.registry import recall_spec

        kind = recall_spec(config)
        return next((name for name, usual in kind.defaults(0).items() if type(usual) is type(config)), kind.kind)
    raise UsageError(f"config must be that of a registered model or scorer, not {config!r}")


def _config(values: Mapping[str, Any]) -> Any:
    """The config by the name of its class; a dict where there is no such class, or its fields are others."""
    specs: tuple[Any, ...] = (*MODELS.values(), *SCORERS.values())
    kinds: dict[str, type] = {spec.config.__name__: spec.config for spec in specs}
    kinds[BroughtConfig.__name__] = BroughtConfig
    kind = kinds.get(values.get("class", ""))
    if kind is None and recall_is_there():
        from recemb_core.deep.registry import SPECS

        kind = {spec.config.__name__: spec.config for spec in SPECS.values()}.get(values.get("class", ""))
    try:
        return dict(values) if kind is None else from_plain(kind, _without_class(values))
    except (TypeError, ValueError, KeyError):
        return dict(values)


def _without_class(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: _without_class(value) for name, value in values.items() if name != "class"}
    return values


def _unseeded(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: _unseeded(value) for name, value in values.items() if name != "seed"}
    return values


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=lambda number: number.item())
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
