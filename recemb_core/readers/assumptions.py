"""What a reading takes for granted: one value, one line of the report and one control for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """Another way to read: what to call it, and which arguments of a reading it sets."""

    label: str
    changes: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """One thing that the file does not say itself.

    Attributes:
        name: the argument of ``Reading``, ``ColumnMapping`` or ``CleaningConfig`` that settles it; or, where no
            argument does (a suspicion), what it is about.
        value: what was taken.
        words: it as a sentence.
        alternatives: what else it may be, each a :class:`Choice`.
        doubtful: whether a person should look.
        why: what speaks for it.

    >>> comma = Assumption(name="delimiter", value=",", words="Fields end at a comma.")
    >>> str(comma), comma.doubtful
    ('Fields end at a comma.', False)
    """

    name: str
    value: Any
    words: str
    alternatives: tuple[Choice, ...] = ()
    doubtful: bool = False
    why: str = ""

    def __str__(self) -> str:
        return f"{self.words} ({self.why})" if self.why else self.words


def assumed(
    name: str,
    value: Any,
    words: str,
    *others: tuple[str, Any],
    doubtful: bool = False,
    why: str = "",
    more: tuple[Choice, ...] = (),
) -> Assumption:
    """An assumption whose alternatives are other values of the same argument (``others``: label and value).

    >>> assumed("day_first", True, "Day first.", ("month first", False)).alternatives[0].changes
    (('day_first', False),)
    """
    choices = tuple(Choice(label, ((name, other),)) for label, other in others) + more
    return Assumption(name=name, value=value, words=words, alternatives=choices, doubtful=doubtful, why=why)
