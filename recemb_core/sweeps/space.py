"""What a sweep varies: parameters by name, each over values or over a range, and how either is written."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recemb_core.validation import UsageError, is_whole, require, written

GRID_STEPS = 5
"""Points that a grid takes of a range."""
_MOST = 10**15
"""Of the ends of a range: up to here floats tell whole numbers apart, and a generator draws them."""
_PLAIN = (bool, int, float, str)


@dataclass(frozen=True)
class Choices:
    """A parameter that has one of some values.

    Attributes:
        name: of the parameter.
        values: distinct plain values, None or tuples of words, in the order in which they are given.

    >>> Choices("dimensions", (16, 32)).text
    '16, 32'
    """

    name: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        values = self.values
        require(len(values) > 0, f"values of {self.name}", values, "at least one")
        alike = {(type(value) is bool, value) for value in values}
        require(len(alike) == len(values), f"values of {self.name}", values, "distinct")

    def draw(self, rng: np.random.Generator) -> Any:
        """A value at random, each as likely."""
        return self.values[int(rng.integers(len(self.values)))]

    def grid(self) -> tuple[Any, ...]:
        """The values that a grid takes: all."""
        return self.values

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that have to be possible for all to be."""
        return self.values

    @property
    def text(self) -> str:
        """As a person writes it; :func:`dimension_from_text` reads it."""
        return ", ".join(_word(value) for value in self.values)

    def to_toml(self) -> Any:
        """As a file has it."""
        return ["none" if v is None else list(v) if isinstance(v, tuple) else v for v in self.values]


@dataclass(frozen=True)
class Range:
    """A number between two ends, which belong to it.

    Attributes:
        name: of the parameter.
        low, high: the ends.
        log: drawn evenly by its logarithm, as rates and sizes are; both ends over 0.
        whole: whole numbers alone.

    >>> Range("window", 1, 9, whole=True).grid()
    (1, 3, 5, 7, 9)
    >>> Range("learning_rate", 0.01, 0.1, log=True).text
    '0.01..0.1 log'
    """

    name: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        for end in ("low", "high"):
            value = getattr(self, end)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            require(number and -math.inf < value < math.inf, f"{end} of {self.name}", value, "a finite number")
            require(abs(value) <= _MOST, f"{end} of {self.name}", value, "at most 10^15 from 0")
            require(not self.whole or float(value).is_integer(), f"{end} of {self.name}", value, "a whole number")
        require(self.low < self.high, f"high of {self.name}", self.high, f"over low = {self.low:g}")
        require(not self.log or self.low > 0, f"low of {self.name}", self.low, "over 0, for log = true")

    def draw(self, rng: np.random.Generator) -> float:
        """A value at random, evenly, or evenly by its logarithm."""
        if self.whole and not self.log:
            return int(rng.integers(int(self.low), int(self.high) + 1))
        return self._at(float(rng.random()))

    def grid(self) -> tuple[float, ...]:
        """Points from end to end, evenly spaced; fewer where there are fewer whole numbers."""
        return tuple(dict.fromkeys(self._at(share) for share in np.linspace(0, 1, GRID_STEPS)))

    def _at(self, share: float) -> float:
        if share in (0, 1):
            return self.ends[int(share)]
        if self.log:
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        if self.whole:
            return int(min(max(round(value), self.low), self.high))
        return min(max(float(f"{value:.4g}"), self.low), self.high)  # digits that a person can read and copy

    @property
    def ends(self) -> tuple[float, ...]:
        """Values that have to be possible for all to be."""
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)

    @property
    def text(self) -> str:
        """As a person writes it; :func:`dimension_from_text` reads it."""
        return f"{self.low:g}..{self.high:g}{' log' if self.log else ''}"

    def to_toml(self) -> Any:
        """As a file has it."""
        low, high = self.ends
        return {"low": low, "high": high} | ({"log": True} if self.log else {})


Dimension = Choices | Range


@dataclass(frozen=True)
class Space:
    """Everything that a sweep varies.

    Attributes:
        dimensions: one for each parameter; none stands twice.

    >>> space = Space((Choices("mode", ("set", "shuffle")), Range("window", 1, 9, whole=True)))
    >>> len(space.grid()), space.grid()[0]
    (10, {'mode': 'set', 'window': 1})
    """

    dimensions: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        names = self.names
        require(len(names) > 0, "space", names, "one parameter or more")
        require(len(set(names)) == len(names), "space", names, "distinct parameters")

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters."""
        return tuple(one.name for one in self.dimensions)

    @property
    def size(self) -> float:
        """Settings that it has; infinite where a range is not of whole numbers."""
        total = 1.0
        for one in self.dimensions:
            if isinstance(one, Choices):
                total *= len(one.values)
            else:
                total *= one.high - one.low + 1 if one.whole else math.inf
        return total

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """A setting at random."""
        return {one.name: one.draw(rng) for one in self.dimensions}

    def grid(self) -> list[dict[str, Any]]:
        """Every combination of values; of a range five points."""
        count = math.prod(len(one.grid()) for one in self.dimensions)
        require(count <= 100_000, "settings of the grid", count, "100,000 at most; give fewer values")
        found: list[dict[str, Any]] = [{}]
        for one in self.dimensions:
            found = [{**before, one.name: value} for before in found for value in one.grid()]
        return found

    def to_toml(self) -> dict[str, Any]:
        """As a file has it; :func:`space_from_toml` reads it."""
        return {one.name: one.to_toml() for one in self.dimensions}


# --- reading ---


def space_from_toml(told: Mapping[str, Any], whole: Mapping[str, bool]) -> Space:
    """A space as a file has it: ``name = [values]`` or ``name = {low = 1, high = 9, log = true}``.

    Args:
        told: parameter → values or range.
        whole: parameter → whether it is a whole number; only these are known.

    Raises:
        UsageError: what is neither.

    >>> space_from_toml({"window": {"low": 1, "high": 9}}, {"window": True}).dimensions
    (Range(name='window', low=1, high=9, log=False, whole=True),)
    """
    return Space(tuple(_dimension(name, value, whole[name]) for name, value in told.items()))


def _dimension(name: str, told: Any, whole: bool) -> Dimension:
    if isinstance(told, Mapping):
        more = set(told) - {"low", "high", "log"}
        if more or not {"low", "high"} <= set(told) or not isinstance(told.get("log", False), bool):
            raise UsageError(f"{name} of the sweep needs low and high, and may have log = true, not {written(told)}")
        return Range(name, told["low"], told["high"], bool(told.get("log", False)), whole)
    if isinstance(told, list | tuple) and told and all(_is_value(value) for value in told):
        return Choices(name, tuple(_value(value) for value in told))
    raise UsageError(
        f"{name} of the sweep must be a list of values or {{low = …, high = …}}, not {written(told)}; "
        "a single value belongs to the model's own part"
    )


def _is_value(value: Any) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, list) and all(isinstance(v, str) for v in value))


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return None if value == "none" else value


def dimension_from_text(name: str, text: str, read: Any, whole: bool) -> Dimension:
    """A parameter's values or range as a person writes it: ``16, 32, 64`` or ``0.005..0.1 log``.

    Args:
        name: of the parameter.
        text: what is written.
        read: text → one value.
        whole: whether it is a whole number.

    Raises:
        UsageError: no values, or ends that are no numbers.

    >>> dimension_from_text("window", "1..9", int, True)
    Range(name='window', low=1, high=9, log=False, whole=True)
    """
    found = re.fullmatch(r"\s*(\S+?)\s*(?:\.\.|…)\s*(\S+?)(\s+log)?\s*", text)
    if found:
        try:
            low, high = (float(found[i]) for i in (1, 2))
        except ValueError:
            raise UsageError(f"{name} needs a range of numbers such as 1..9, not {written(text, 60)}") from None
        if whole and low.is_integer() and high.is_integer():
            low, high = int(low), int(high)
        return Range(name, low, high, bool(found[3]), whole)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise UsageError(f"{name} needs values such as 16, 32, 64 or a range such as 1..9; leave it out to keep it")
    return Choices(name, tuple(read(part) for part in parts))


def same_values(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two settings are one, numbers by value."""
    return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)


def _same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def in_words(values: Mapping[str, Any], base: Mapping[str, Any] | None = None, most: int = 6) -> str:
    """A setting in a line: what differs from ``base``, or "the default" where nothing does.

    >>> in_words({"window": 3, "learning_rate": 0.05}, {"window": 5, "learning_rate": 0.05})
    'window 3'
    """
    differs = {n: v for n, v in values.items() if base is None or n not in base or not _same(v, base[n])}
    if not differs:
        return "the default"
    said = [f"{name.replace('_', ' ').replace('.', ' ')} {_word(value)}" for name, value in differs.items()]
    return ", ".join(said[:most]) + (f" and {len(said) - most} more" if len(said) > most else "")


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "+".join(map(str, value)) or "nothing"
    if isinstance(value, float) and not is_whole(value):
        return f"{value:.4g}"
    return str(value)


def value_words(values: Sequence[Any]) -> list[str]:
    """Values as people read them."""
    return [_word(value) for value in values]
