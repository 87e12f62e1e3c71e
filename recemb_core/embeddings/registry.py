"""Models of item vectors, each registered once: training, keys of results, comparisons, pages and files ask the table.

A new model is one :class:`ModelSpec` given to :func:`register`; nothing else has to know it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints

from recemb_core import versions
from recemb_core.config_fields import said_of
from recemb_core.progress import Cancel, Progress
from recemb_core.validation import UsageError, require

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.embeddings.item_vectors import ItemVectors
    from recemb_core.item_graph import ItemGraph
    from recemb_core.sequences import Sequences

Need = Literal["sequences", "graph", "side_info"]
# What a model can be trained on → in words.
NEEDS: Mapping[str, str] = {"sequences": "sequences", "graph": "a graph", "side_info": "side information"}
NOT_SHOWN = ("seed", "workers")  # fields that are no setting of one model


@dataclass(frozen=True)
class Setting:
    """A field of a config that a person can set.

    Attributes:
        field: of the config.
        label: beside its control.
        values: the numbers that it steps through, or name → words, or None for yes and no.
        help: one sentence.
    """

    field: str
    label: str
    values: tuple[float, ...] | Mapping[str, str] | None
    help: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelSpec:
    """A model of item vectors, and all that is asked of one. The first four lines are enough.

    Attributes:
        name: for people, in links and in keys; without ``_``, ``,`` and ``@``.
        config: its frozen dataclass.
        train: ``train(*needs, config, *, progress, cancel) -> ItemVectors`` with that config in it; a function of a
            module, so that a page can show how to import it.
        needs: what it reads, in the order in which ``train`` takes it.
        words: what it learns from, after "learns from".
        defaults: (sequences, graph, side_info, seed) → config for this data; without it the class's own.
        fixed: fields of the config that make it this model, where several share a class (GES: ``attention=False``).
        settings: the controls; without them one for each number, flag and choice of the config.
        in_words: config → a few words, for the head of a column; without it its first settings.
        work: (config, sequences, items) → multiplications of a run, up to a factor.
        speed: work a second to start an estimate with; runs correct it.
        algorithm: its line in ``versions.ALGORITHMS``; its name where left out.
        version: of its arithmetic, where that table has no such line: raise it when the arithmetic changes.
        built_on: other lines of that table that its vectors are made by.
        preview: ``preview(*needs, config, shown, *, progress) -> ItemVectors``: vectors near those of ``config`` in a
            small part of its time, going on from other ones of the same items; None where there is no such short cut.
        idle: config → the fields that its vectors do not depend on, each with the reason; None where there are none.
    """

    name: str
    config: type
    train: Callable[..., ItemVectors]
    needs: tuple[Need, ...]
    words: str = "this data"
    defaults: Callable[[Any, Any, Any, int], Any] | None = None
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    settings: tuple[Setting, ...] | None = None
    in_words: Callable[[Any], str] | None = None
    work: Callable[[Any, Sequences | None, int], float] | None = None
    speed: float = 1e7
    algorithm: str = ""
    version: int = 1
    built_on: tuple[str, ...] = ()
    preview: Callable[..., ItemVectors] | None = None
    idle: Callable[[Any], Mapping[str, str]] | None = None

    def __post_init__(self) -> None:
        require(bool(re.fullmatch(r"[^_,@]+", self.name)), "name", self.name, "a name without _ , and @")
        frozen = dataclasses.is_dataclass(self.config) and self.config.__dataclass_params__.frozen  # type: ignore[attr-defined]
        require(frozen, "config", self.config, "a frozen dataclass")
        # Side information alone does not name the items that its rows are.
        known = {*self.needs} <= {*NEEDS} and {*self.needs} - {"side_info"} and len({*self.needs}) == len(self.needs)
        require(bool(known), "needs", self.needs, "'sequences' or 'graph' or both, with 'side_info' or without")
        fields = {f.name for f in dataclasses.fields(self.config)}
        for name in (*self.fixed, *(s.field for s in self.settings or ())):
            require(name in fields, f"settings of {self.name}", name, f"fields of {self.config.__name__}")

    def owns(self, config: object) -> bool:
        """Whether a config is this model's."""
        return type(config) is self.config and all(getattr(config, k) == v for k, v in self.fixed.items())

    def lacking(self, sequences: object, graph: object, side_info: pl.DataFrame | None) -> tuple[Need, ...]:
        """What the data lacks for this model; titles alone are no side information."""
        sided = side_info is not None and any(name != "title" for name in side_info.columns)
        there = {"sequences": sequences is not None, "graph": graph is not None, "side_info": sided}
        return tuple(need for need in self.needs if not there[need])

    def default_config(
        self, sequences: Sequences | None, graph: ItemGraph | None, side_info: pl.DataFrame | None, seed: int = 0
    ) -> Any:
        """Where the settings start for this data."""
        if self.defaults is not None:
            return dataclasses.replace(self.defaults(sequences, graph, side_info, seed), **self.fixed)
        seeded = {"seed": seed} if any(f.name == "seed" for f in dataclasses.fields(self.config)) else {}
        return self.config(**seeded, **self.fixed)

    def shown(self) -> tuple[Setting, ...]:
        """Its controls."""
        if self.settings is not None:
            return self.settings
        return tuple(one for one in settings_of(self.config) if one.field not in self.fixed)

    def key_of(self, field: str) -> str:
        """What a field of its config is called among the settings of all models: in links and saved sessions."""
        return f"{self.name}_{field}"

    def head(self, config: Any) -> str:
        """A config in a few words."""
        if self.in_words is not None:
            return self.in_words(config)
        return ", ".join(f"{s.label.lower()} {getattr(config, s.field)}" for s in self.shown()[:2])

    def cost(self, config: Any, sequences: Sequences | None, items: int) -> float:
        """Work of a training run; divided by work a second, its time."""
        if self.work is not None:
            return self.work(config, sequences, items)
        size = len(sequences.tokens) if sequences is not None and "sequences" in self.needs else items
        return float(size * getattr(config, "epochs", 1) * (getattr(config, "dimensions", 0) + 64))


MODELS: dict[str, ModelSpec] = {}  # in the order in which pages show them


def register(spec: ModelSpec) -> ModelSpec:
    """Make a model known everywhere, after those that are.

    Raises:
        ValueError: the name is taken, or a config would belong to two models.
    """
    if spec.name in MODELS:
        raise UsageError(f"there is a model {spec.name!r} already; unregister it first, or choose another name")
    alike = [other for other in MODELS.values() if other.config is spec.config]
    for other in alike:
        apart = any(other.fixed.get(name, value) != value for name, value in spec.fixed.items())
        if not apart:
            raise UsageError(
                f"{spec.config.__name__} belongs to {other.name}; say in fixed= of both which field tells them apart"
            )
    if not alike:
        versions.declare(spec.config.__name__, spec.algorithm or spec.name, spec.version, spec.built_on)
    MODELS[spec.name] = spec
    return spec


def unregister(name: str) -> None:
    """Forget a model."""
    if name not in MODELS:
        raise UsageError(f"no model is called {name!r}; there are {', '.join(MODELS)}")
    config = MODELS.pop(name).config
    if all(other.config is not config for other in MODELS.values()):
        versions.withdraw(config.__name__)


def spec_of(config: object) -> ModelSpec:
    """The model that a config belongs to.

    Raises:
        ValueError: it belongs to none.

    >>> from recemb_core.embeddings import EGESConfig
    >>> spec_of(EGESConfig(attention=False)).name
    'GES'
    """
    for spec in MODELS.values():
        if spec.owns(config):
            return spec
    *names, last = MODELS
    raise UsageError(f"config must be that of {', '.join(names)} or {last}, not {config!r}")


# --- what is done with all of them ---


def comparison_defaults(
    sequences: Sequences | None, graph: ItemGraph | None, side_info: pl.DataFrame | None = None, seed: int = 0
) -> dict[str, Any]:
    """Name → config of the models that this data can have, each with its defaults for this data.

    Of those that come with the library, word2vec, item2vec and PPMI-SVD need sequences; DeepWalk, node2vec, GES and
    EGES a graph, the last two a field of side information beside ``title``. DeepWalk and node2vec differ by q = 20
    alone (with p = q = 1 they are the same), and GES and EGES by attention alone.

    >>> from recemb_core.embeddings import default_graph
    >>> from recemb_core.sequences import Sequences
    >>> shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> list(comparison_defaults(shop, default_graph(shop)))
    ['word2vec', 'item2vec', 'DeepWalk', 'node2vec', 'PPMI-SVD']
    """
    return {
        name: spec.default_config(sequences, graph, side_info, seed)
        for name, spec in MODELS.items()
        if not spec.lacking(sequences, graph, side_info)
    }


def needs_graph(config: Any) -> bool:
    """Whether a config's model is trained on a graph.

    Raises:
        ValueError: the config of no model that can be compared.
    """
    return "graph" in spec_of(config).needs


def _needed(config: Any, **given: Any) -> dict[str, Any]:
    """What a config's model reads of this data, in its order."""
    needs = spec_of(config).needs
    for need in needs:
        if given[need] is None:
            raise UsageError(f"{type(config).__name__.removesuffix('Config')} needs {NEEDS[need]}, and none is given")
    return {need: given[need] for need in needs}


def training_fingerprint(
    config: Any,
    *,
    sequences: Sequences | None = None,
    graph: ItemGraph | None = None,
    side_info: pl.DataFrame | None = None,
) -> str:
    """A short hash of all data that a model sees; with its config, the key of its vectors.

    Raises:
        ValueError: the data that this model needs is not there.
    """
    needed = _needed(config, sequences=sequences, graph=graph, side_info=side_info)
    table = needed.pop("side_info", None)
    source = "+".join(one.fingerprint for one in needed.values())
    if table is None:
        return source
    from recemb_core.side_information import encode_side_info

    side = encode_side_info(table, getattr(config, "fields", None))
    digest = hashlib.blake2b(repr((source, side.names, side.values, side.uppers)).encode(), digest_size=12)
    digest.update(side.indptr.tobytes() + side.codes.tobytes())
    return digest.hexdigest()


def train_model(
    config: Any,
    *,
    sequences: Sequences | None = None,
    graph: ItemGraph | None = None,
    side_info: pl.DataFrame | None = None,
    progress: Progress | None = None,
    cancel: Cancel = None,
) -> ItemVectors:
    """Train the model that a config belongs to, on the part of the data that it reads.

    Args:
        config: of any registered model; its :class:`ModelSpec` says what it needs.
        sequences: for word2vec and item2vec.
        graph: for DeepWalk, node2vec, GES and EGES.
        side_info: for EGES and GES, a row an item.
        progress: called with (fraction done, stage) several times a second.
        cancel: asked as often; True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: another config, or the data that the model needs is not there.
    """
    needed = _needed(config, sequences=sequences, graph=graph, side_info=side_info)
    return spec_of(config).train(*needed.values(), config, progress=progress, cancel=cancel)


# --- controls read off a config class ---


def settings_of(config: type) -> tuple[Setting, ...]:
    """A control for each number, flag and choice of a config, offering only what the class accepts.

    Numbers step from an eighth of the default to eight times it. Words come from ``Attributes:`` of the docstring.
    """
    hints = get_type_hints(config)
    found = []
    for field in dataclasses.fields(config):
        default, kind = field.default, hints[field.name]
        if field.name in NOT_SHOWN or default is dataclasses.MISSING:
            continue
        offered: list[Any] = []
        if isinstance(default, bool):
            offered = [True, False]
        elif isinstance(default, int | float):
            offered = sorted({type(default)(default * 2**power) for power in range(-3, 4)} | {default})
        elif isinstance(default, str):
            offered = [name for name in get_args(kind) if isinstance(name, str)]
        offered = [value for value in offered if _accepts(config, field.name, value)]
        if len(offered) < 2:
            continue
        values: tuple[float, ...] | dict[str, str] | None = tuple(offered)
        if isinstance(default, bool | str):
            values = None if isinstance(default, bool) else {name: name for name in offered}
        label = field.name.replace("_", " ").capitalize()
        found.append(Setting(field.name, label, values, said_of(config, field.name)))
    return tuple(found)


def _accepts(config: type, field: str, value: object) -> bool:
    try:
        config(**{field: value})
    except ValueError:
        return False
    return True


# --- the lines that train a model ---


def python_call(config: Any) -> str:
    """The call that trains a model, with every field that differs from the class's own default.

    >>> from recemb_core.embeddings import DeepWalkConfig
    >>> python_call(DeepWalkConfig(window=2))
    'train_deepwalk(graph, DeepWalkConfig(window=2))'
    """
    spec = spec_of(config)
    fields = dataclasses.fields(config)
    own = {f.name: f.default_factory() if callable(f.default_factory) else f.default for f in fields}
    given = ", ".join(f"{k}={getattr(config, k)!r}" for k, v in own.items() if getattr(config, k) != v)
    return f"{spec.train.__name__}({', '.join(spec.needs)}, {spec.config.__name__}({given}))"


def python_imports(configs: Iterable[Any]) -> list[str]:
    """The import lines that these calls need, a line a module."""
    names: dict[str, set[str]] = {}
    for spec in map(spec_of, configs):
        for one in (spec.config, spec.train):
            package = one.__module__.rpartition(".")[0]  # where it is public, its package says so
            public = bool(package) and getattr(importlib.import_module(package), one.__name__, None) is one
            names.setdefault(package if public else one.__module__, set()).add(one.__name__)
    order = lambda name: (name[0].islower(), name)  # noqa: E731
    return [f"from {module} import {', '.join(sorted(names[module], key=order))}" for module in sorted(names)]
