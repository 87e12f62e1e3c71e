"""What a control offers: the values that a parameter can have, how a link writes them, and the widget for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
N = TypeVar("N", int, float)


class Allowed(Protocol[T]):
    """The values that a parameter can have, how a link writes them, and the widget that offers them."""

    def holds(self, value: T) -> bool:
        """Whether the control offers this value."""

    def parse(self, text: str) -> T:
        """The value that a link writes so; a ValueError or KeyError where it is none."""

    def among(self, options: Iterable[T]) -> Allowed[T]:
        """The same with the options that the data in use has."""

    def nearest(self, value: T) -> T:
        """What the control offers in place of a value that it does not."""

    def widget(self, place: Any, label: str, **more: Any) -> Any:
        """Draw it."""


def whole(text: str) -> int:
    """The whole number that a link writes so; a ValueError where it is none, other scripts' digits among them.

    >>> whole("17")
    17
    """
    if not re.fullmatch("-?[0-9]{1,100}", text):
        raise ValueError("not a whole number")
    return int(text)


def number(text: str) -> float:
    """The number that a link writes so; a ValueError where it is none. It may be infinite, or no number ("nan")."""
    if not re.fullmatch("[-+.0-9a-zA-Z]{1,40}", text):  # float() would also read other digits, blanks and _
        raise ValueError("not a number")
    return float(text) + 0.0  # −0 is 0


def _read(text: str, like: Any) -> Any:
    if isinstance(like, bool):
        return {"True": True, "False": False}[text]
    if isinstance(like, int):
        return whole(text)
    if isinstance(like, float):
        return number(text)
    if not isinstance(like, str):
        raise ValueError("a link cannot say this")
    return text


@dataclass(frozen=True)
class Steps(Generic[T]):
    """One of a row of values: a slider that snaps to them."""

    values: Sequence[T]
    shown: Callable[[T], str] = str

    def holds(self, value: T) -> bool:
        return value in self.values

    def parse(self, text: str) -> T:
        return _read(text, self.values[0])

    def nearest(self, value: T) -> T:
        below = [v for v in self.values if v <= value]  # type: ignore[operator]
        return max(below) if below else self.values[0]  # type: ignore[type-var]

    def among(self, options: Iterable[T]) -> Steps[T]:
        return replace(self, values=tuple(options))

    def widget(self, place: Any, label: str, **more: Any) -> T:
        return place.select_slider(label, self.values, **{"format_func": self.shown} | more)


@dataclass(frozen=True)
class Span(Generic[N]):
    """A number of a range: a slider."""

    low: N
    high: N
    step: float = 1

    def holds(self, value: N) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def parse(self, text: str) -> N:
        return _read(text, self.low)

    def nearest(self, value: N) -> N:
        return min(max(value, self.low), self.high)

    def among(self, options: Iterable[N]) -> Span[N]:
        found = sorted(options)
        return replace(self, low=found[0], high=found[-1])

    def widget(self, place: Any, label: str, **more: Any) -> N:
        return place.slider(label, self.low, self.high, step=self.step, **more)


@dataclass(frozen=True)
class Number(Span[N]):
    """A number of a range: a box to type it in."""

    def widget(self, place: Any, label: str, **more: Any) -> N:
        return place.number_input(label, self.low, self.high, step=self.step, **more)


@dataclass(frozen=True)
class Options:
    """One of some names: a box, a row of buttons where ``row``, or radio buttons where ``radio``."""

    names: Mapping[Any, Any] | Sequence[Any] = ()
    row: bool = False
    shown: Callable[[Any], str] | None = None
    radio: bool = False

    def holds(self, value: Any) -> bool:
        return value in self.names

    def parse(self, text: str) -> Any:
        first = next(iter(self.names), "")
        return _read(text, first)

    def nearest(self, value: Any) -> Any:
        return next(iter(self.names))

    def among(self, options: Iterable[Any]) -> Options:
        found = tuple(options)
        names = {name: self.names[name] for name in found} if isinstance(self.names, Mapping) and self.names else found
        return replace(self, names=names)

    def widget(self, place: Any, label: str, **more: Any) -> Any:
        if "format_func" not in more:
            shown = self.names.__getitem__ if isinstance(self.names, Mapping) else str
            more["format_func"] = self.shown or shown
        if self.row:
            return place.segmented_control(label, list(self.names), required=True, **more)
        return (place.radio if self.radio else place.selectbox)(label, list(self.names), **more)


@dataclass(frozen=True)
class Flag:
    """Yes or no: a checkbox, or a switch where ``switch``."""

    switch: bool = False

    def holds(self, value: bool) -> bool:
        return isinstance(value, bool)

    def parse(self, text: str) -> bool:
        return _read(text, True)

    def nearest(self, value: bool) -> bool:
        return bool(value)

    def among(self, options: Iterable[bool]) -> Flag:
        return self

    def widget(self, place: Any, label: str, **more: Any) -> bool:
        return (place.toggle if self.switch else place.checkbox)(label, **more)


@dataclass(frozen=True)
class Several:
    """Any of some names, at least ``least``: a box for several, or a row of them where ``row``."""

    names: Sequence[Any] | Mapping[Any, str] = ()
    least: int = 0
    row: bool = False
    shown: Callable[[Any], str] = str

    def holds(self, value: Sequence[Any]) -> bool:
        several = isinstance(value, list | tuple) and len(value) >= self.least
        return several and all(v in self.names for v in value) and len(set(value)) == len(value)

    def parse(self, text: str) -> list[Any]:
        first = next(iter(self.names), "")
        names, parts, found = {str(name) for name in self.names}, text.split(","), list[Any]()
        while parts:  # a name may hold commas: the longest that fits
            ends = range(len(parts), 0, -1)
            size = next((end for end in ends if ",".join(parts[:end]) in names), 1)
            name, parts = ",".join(parts[:size]), parts[size:]
            found += [_read(name, first)] if name else []
        return found

    def nearest(self, value: Sequence[Any]) -> list[Any]:
        return [v for v in dict.fromkeys(value) if v in self.names]

    def among(self, options: Iterable[Any]) -> Several:
        found = tuple(options)
        names = {name: self.names[name] for name in found} if isinstance(self.names, Mapping) and self.names else found
        return replace(self, names=names)

    def widget(self, place: Any, label: str, **more: Any) -> list[Any]:
        more = {"format_func": self.names.__getitem__ if isinstance(self.names, Mapping) else self.shown} | more
        if self.row:
            return place.pills(label, list(self.names), selection_mode="multi", **more)
        return place.multiselect(label, list(self.names), **{"wrap": True} | more)  # all that is chosen is seen


def as_offered(allowed: Allowed[Any], value: Any) -> Any:
    """A value as its control offers it: 1.0 for 1, which Python takes for the same and a browser, by its text, not.

    >>> as_offered(Several((0.05, 1.0, 4.0)), [1, 4])
    [1.0, 4.0]
    """
    if isinstance(allowed, Several) and isinstance(value, list | tuple):
        return [as_offered(Options(tuple(allowed.names)), one) for one in value]
    names = allowed.values if isinstance(allowed, Steps) else allowed.names if isinstance(allowed, Options) else ()
    return next((name for name in names if name == value), value)


@dataclass(frozen=True)
class Text:
    """Any text, or any that passes ``check``; kept, and linked, without a widget of its own."""

    check: Callable[[str], bool] = lambda text: True

    def holds(self, value: str) -> bool:
        return isinstance(value, str) and self.check(value)

    def parse(self, text: str) -> str:
        return text

    def nearest(self, value: str) -> str:
        return ""

    def among(self, options: Iterable[str]) -> Options:
        return Options(tuple(options))

    def widget(self, place: Any, label: str, **more: Any) -> str:
        return place.text_input(label, **more)
