"""Recall models, each registered once: files, comparison, pages and versions ask the registry.

A new recall model is one :class:`RecallSpec` given to :func:`register_recall`; nothing else has to know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from recemb_core import versions
from recemb_core.validation import UsageError, require

if TYPE_CHECKING:
    from recemb_core.deep.recall import RecallModel, UserTower
    from recemb_core.sequences import Sequences


@dataclass(frozen=True, kw_only=True)
class RecallSpec:
    """All that the rest has to know of a recall model, or of a floor that others are compared with.

    Attributes:
        kind: what files call it.
        config: class of its settings; that of None for a floor without any.
        defaults: seed → settings by the name that tables give them. One kind may stand there in several settings.
        words: what it is, Markdown for people.
        train: (training part, config, progress=, cancel=, and item_vectors= where it starts from some) → the model.
            A public function of a module, since 'As Python' names it. None: a floor, which has no vectors.
        tower: (arrays, history_length, half_life) → its user tower as a file holds it.
        scorer: of a floor, training part → what ``rank_next_items`` takes.
        work: (config, training part) → cost of a training in steps of a network of usual size.
        settings: fields of the config that a person sets beside the others' (dimensions, epochs, …).
        item_vectors: config → config of the item vectors that the training starts from; None: from nothing.
        cold: whether items without any behaviour have a place, by their side information.
        algorithm: what versions call it; empty: its kind.
        version: raise it when the model's arithmetic changes; see :mod:`recemb_core.versions`.
        made_by: other algorithms of :data:`recemb_core.versions.ALGORITHMS` that make it.
    """

    kind: str
    config: type
    defaults: Callable[[int], Mapping[str, Any]]
    words: str
    train: Callable[..., RecallModel] | None = None
    tower: Callable[..., UserTower] | None = None
    scorer: Callable[[Sequences], Any] | None = None
    work: Callable[[Any, Sequences], float] = lambda config, train: 0.0
    settings: tuple[str, ...] = ()
    item_vectors: Callable[[Any], Any] | None = None
    cold: bool = False
    algorithm: str = ""
    version: int = 1
    made_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        vectors = self.train is not None and self.tower is not None
        given = f"train {self.train}, tower {self.tower}, scorer {self.scorer}"
        require(vectors != (self.scorer is not None), self.kind, given, "given train and tower, or scorer alone")


_specs: dict[str, RecallSpec] = {}
SPECS: Mapping[str, RecallSpec] = MappingProxyType(_specs)
"""Kind → what is known of it, in the order of the tables."""


def register_recall(spec: RecallSpec) -> RecallSpec:
    """Make a model known under its kind and its config class, with its version; returns it.

    Raises:
        ValueError: another model has this kind, or this config class, or a name of its defaults.
    """
    names = {name for other in _specs.values() for name in other.defaults(0)}
    for what, value, taken in (
        ("kind", spec.kind, _specs.keys()),
        ("config", spec.config, {other.config for other in _specs.values()}),
        *(("name", name, names) for name in spec.defaults(0)),
    ):
        if value in taken:
            raise UsageError(f"{what} {value!r} is taken by another recall model")
    if spec.train is not None:
        versions.declare(spec.config.__name__, spec.algorithm or spec.kind, spec.version, spec.made_by)
    _specs[spec.kind] = spec
    return spec


def unregister_recall(kind: str) -> None:
    """Forget a model; its files can no longer be read.

    Raises:
        ValueError: no such model.
    """
    spec = recall_kind(kind)
    if spec.train is not None:
        versions.withdraw(spec.config.__name__)
    del _specs[kind]


def recall_kind(kind: str) -> RecallSpec:
    """The model of that kind.

    Raises:
        ValueError: none; the message lists those there are.

    >>> recall_kind("two_tower").cold
    True
    """
    require(kind in _specs, "kind", kind, f"one of the recall models {', '.join(_specs)}")
    return _specs[kind]


def recall_spec(config: object) -> RecallSpec:
    """The model that a config belongs to; None belongs to the floor without settings.

    Raises:
        ValueError: a config of no recall model.
    """
    for spec in _specs.values():
        if type(config) is spec.config:
            return spec
    known = ", ".join(spec.config.__name__ for spec in _specs.values() if spec.train is not None)
    raise UsageError(f"config must be that of a recall model ({known}), not {config!r}")


def recall_defaults(seed: int = 0) -> dict[str, Any]:
    """The trained models of the comparison by name, with their usual settings."""
    return {name: config for spec in SPECS.values() if spec.train for name, config in spec.defaults(seed).items()}


def recall_floors(seed: int = 0) -> dict[str, Any]:
    """What the trained models are compared with, by name."""
    return {name: config for spec in SPECS.values() if spec.scorer for name, config in spec.defaults(seed).items()}
