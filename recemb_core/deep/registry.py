"""Recall models, each registered once: files, comparison, pages and versions ask the registry.

A new recall model is one :class:`RecallSpec` given to :func:`register_recall`; nothing else has to know it. What ranks
without vectors, as the floor that they are compared with does, is registered in :mod:`recemb_core.scorers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recemb_core import versions
from recemb_core.scorers import SCORERS
from recemb_core.validation import UsageError, require

if TYPE_CHECKING:
    from recemb_core.deep.recall import RecallModel, UserTower
    from recemb_core.sequences import Sequences


@dataclass(frozen=True, kw_only=True)
class RecallSpec:
    """All that the rest has to know of a recall model.

    Attributes:
        kind: what files call it.
        config: class of its settings.
        defaults: seed → settings by the name that tables give them. One kind may stand there in several settings.
        words: what it is, Markdown for people.
        train: (training part, config, progress=, cancel=, and item_vectors= where it starts from some) → the model.
            A public function of a module, since 'As Python' names it.
        tower: (arrays, history_length, half_life) → its user tower as a file holds it.
        work: (config, training part) → cost of a training in steps of a network of usual size.
        settings: fields of the config that a person sets beside the others' (dimensions, epochs, …).
        item_vectors: config → config of the item vectors that the training starts from; None: from nothing.
        told: what it can be told beside histories and facts of users, "example_age" or "side_information".
        cold: whether items without any behavior have a place, by their side information.
        algorithm: what versions call it; empty: its kind.
        version: raise it when the model's arithmetic changes; see :mod:`recemb_core.versions`.
        made_by: other algorithms of :data:`recemb_core.versions.ALGORITHMS` that make it.
    """

    kind: str
    config: type
    defaults: Callable[[int], Mapping[str, Any]]
    words: str
    train: Callable[..., RecallModel]
    tower: Callable[..., UserTower]
    work: Callable[[Any, Sequences], float] = lambda config, train: 0.0
    settings: tuple[str, ...] = ()
    item_vectors: Callable[[Any], Any] | None = None
    told: tuple[str, ...] = ()
    cold: bool = False
    algorithm: str = ""
    version: int = 1
    made_by: tuple[str, ...] = ()


SPECS: dict[str, RecallSpec] = {}
"""Kind → what is known of it, in the order of the tables."""


def register_recall(spec: RecallSpec) -> RecallSpec:
    """Make a model known under its kind and its config class, with its version; returns it.

    Raises:
        ValueError: another model has this kind, or this config class, or a name of its defaults.
    """
    names = {*recall_defaults(), *SCORERS}
    for what, value, taken in (
        ("kind", spec.kind, SPECS.keys()),
        ("config", spec.config, {other.config for other in SPECS.values()}),
        *(("name", name, names) for name in spec.defaults(0)),
    ):
        if value in taken:
            raise UsageError(f"{what} {value!r} is taken by another recall model")
    versions.declare(spec.config.__name__, spec.algorithm or spec.kind, spec.version, spec.made_by)
    SPECS[spec.kind] = spec
    return spec


def unregister_recall(kind: str) -> None:
    """Forget a model; its files can no longer be read.

    Raises:
        ValueError: no such model.
    """
    versions.withdraw(recall_kind(kind).config.__name__)
    del SPECS[kind]


def recall_kind(kind: str) -> RecallSpec:
    """The model of that kind.

    Raises:
        ValueError: none; the message lists those there are.

    >>> recall_kind("two_tower").cold
    True
    """
    require(kind in SPECS, "kind", kind, f"one of the recall models {', '.join(SPECS)}")
    return SPECS[kind]


def recall_spec(config: object) -> RecallSpec:
    """The model that a config belongs to.

    Raises:
        ValueError: a config of no recall model.
    """
    for spec in SPECS.values():
        if type(config) is spec.config:
            return spec
    known = ", ".join(spec.config.__name__ for spec in SPECS.values())
    raise UsageError(f"config must be that of a recall model ({known}), not {config!r}")


def recall_defaults(seed: int = 0) -> dict[str, Any]:
    """The models of the comparison by name, with their usual settings."""
    return {name: config for spec in SPECS.values() for name, config in spec.defaults(seed).items()}
