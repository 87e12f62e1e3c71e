"""The scorers by name: each registered once, like models of item vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from recemb_core import versions
from recemb_core.scorers.histories import Scorer
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError


@dataclass(frozen=True, kw_only=True, eq=False)
class ScorerSpec:
    """A scorer, and all that is asked of one.

    Attributes:
        name: for people.
        config: its frozen dataclass.
        fit: (sequences, config) → a :class:`Scorer` of all of ``sequences.items``.
        words: what it goes by, after "scores by".
        defaults: sequences → config for this data, or several by the names that tables give them; without it the
            class's own under the scorer's name.
        missing: sequences → what they lack, in a sentence; "" where they lack nothing.
        version: of its arithmetic; raise it when that changes.
    """

    name: str
    config: type
    fit: Callable[[Sequences, Any], Scorer]
    words: str = ""
    defaults: Callable[[Sequences], Any] | None = None
    missing: Callable[[Sequences], str] = lambda sequences: ""
    version: int = 1


SCORERS: dict[str, ScorerSpec] = {}


def register_scorer(spec: ScorerSpec) -> ScorerSpec:
    """Make a scorer known, after those that are.

    Raises:
        ValueError: its name, or the name of its config class, is taken.
    """
    if spec.name in SCORERS:
        raise UsageError(f"there is a scorer {spec.name!r} already; unregister it first, or choose another name")
    versions.declare(spec.config.__name__, spec.name.lower(), spec.version)
    SCORERS[spec.name] = spec
    return spec


def unregister_scorer(name: str) -> None:
    """Forget a scorer."""
    if name not in SCORERS:
        raise UsageError(f"no scorer is called {name!r}; there are {', '.join(SCORERS)}")
    versions.withdraw(SCORERS.pop(name).config.__name__)


def scorer_defaults(sequences: Sequences) -> dict[str, Any]:
    """Name → config of the scorers that this data can have, each with its defaults for this data.

    >>> from recemb_core.scorers import scorer_defaults
    >>> list(scorer_defaults(Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])))[:3]
    ['Popularity', 'ItemKNN', 'ItemKNN, last 5']
    """
    found: dict[str, Any] = {}
    for name, spec in SCORERS.items():
        if not spec.missing(sequences):
            own = spec.defaults(sequences) if spec.defaults else spec.config()
            found |= own if isinstance(own, Mapping) else {name: own}
    return found


def fit_scorer(sequences: Sequences, config: Any) -> Scorer:
    """Fit the scorer that a config belongs to.

    Raises:
        ValueError: the config of no scorer, or the sequences lack what it needs.

    >>> from recemb_core.scorers import MarkovChainConfig
    >>> shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> print(fit_scorer(shop, MarkovChainConfig()).scores([[0]]).round(2))
    [[0.13 0.4  0.47]]
    """
    for spec in SCORERS.values():
        if type(config) is spec.config:
            if spec.missing(sequences):
                raise UsageError(f"{spec.name}: {spec.missing(sequences)}")
            return spec.fit(sequences, config)
    raise UsageError(f"config must be that of {', '.join(SCORERS)}, not {config!r}")
