"""The fields of a config class for people: what each means, what it may be, and how it is written as text."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from recemb_core.validation import UsageError, written

T = TypeVar("T")


@dataclass(frozen=True)
class ConfigField:
    """One field.

    Attributes:
        name: of the field.
        allowed: what it may be, in words.
        default: of the class; ``dataclasses.MISSING`` where it has none.
        words: what ``Attributes:`` says of it, one or two sentences; "" where that says nothing.
    """

    name: str
    allowed: str
    default: Any
    words: str


def config_fields(config: type) -> tuple[ConfigField, ...]:
    """The fields of a config class in their order, described by its docstring and those of the classes it is built on.

    >>> from recemb_core.walks.generate import WalkConfig
    >>> [field.name for field in config_fields(WalkConfig)]
    ['num_walks', 'walk_length', 'p', 'q', 'seed']
    >>> config_fields(WalkConfig)[0].allowed
    'a whole number'
    """
    hints = get_type_hints(config)
    found = []
    for field in dataclasses.fields(config):
        own = field.default_factory() if callable(field.default_factory) else field.default
        found.append(ConfigField(field.name, _allowed(hints[field.name]), own, said_of(config, field.name)))
    return tuple(found)


def said_of(config: type, field: str) -> str:
    """What a config's docstring, or that of a class it is built on, says of a field; "" where none does."""
    for kind in config.__mro__:
        text = inspect.cleandoc(kind.__doc__ or "")
        line = re.search(rf"^ +(?:\w+, )*{field}(?:, \w+)*: ((?:.|\n {{6,}})+)", text, flags=re.MULTILINE)
        if line:
            # Sphinx's references are for the documentation: `~a.b.C` is C here.
            words = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", " ".join(line[1].replace("``", "").split()))
            return words[:1].upper() + words[1:]
    return ""


def _allowed(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(str(value) for value in get_args(hint))
    if get_origin(hint) is tuple:
        return f"several of: {_allowed(get_args(hint)[0])}"
    if get_origin(hint) is Union or type(None) in get_args(hint):
        return " or ".join("none" if one is type(None) else _allowed(one) for one in get_args(hint))
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text"}.get(hint, "text")


def from_text(config: type, name: str, text: str) -> Any:
    """A field's value as a person writes it: ``3``, ``0.5``, ``true``, ``set``, ``none``, ``brand,category``.

    Raises:
        UsageError: no such field.

    >>> from recemb_core.walks.generate import WalkConfig
    >>> from_text(WalkConfig, "q", "0.5"), from_text(WalkConfig, "num_walks", "3")
    (0.5, 3)
    """
    check_names(config, [name])
    hint = get_type_hints(config)[name]
    kinds = get_args(hint) if get_origin(hint) is not Literal and get_origin(hint) is not tuple else ()
    if type(None) in kinds and text.strip().lower() == "none":
        return None
    several = [kind for kind in (hint, *kinds) if get_origin(kind) is tuple]
    if several:
        inside = get_args(several[0])[0]
        return tuple(_plain(inside, part.strip()) for part in text.strip("[]()").split(",") if part.strip())
    return _plain(next((kind for kind in kinds if kind is not type(None)), hint), text)


def _plain(kind: Any, text: str) -> Any:
    """A word stays one where a word is asked for; else what TOML takes it for, and the config says whether it fits."""
    if kind is str or get_origin(kind) is Literal:
        return text
    try:
        return tomllib.loads(f"value = {text.strip().lower() if kind is bool else text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def check_names(config: type, names: Iterable[object], called: str = "") -> None:
    """Refuse what is no field of the config.

    Raises:
        UsageError: names it, the nearest spelling, and the fields that there are.
    """
    for name in names:
        check_name(name, [field.name for field in dataclasses.fields(config)], called or config.__name__)


def check_name(name: object, known: Sequence[str], called: str) -> None:
    """Refuse a name that is not among those that there are; see :func:`check_names`."""
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise UsageError(f"{called} has no setting {written(name, 60)}{meant}; there are {', '.join(known)}")


def changed(config: T, values: Mapping[str, Any], called: str = "") -> T:
    """A config with some fields replaced; lists, which files have, become tuples.

    Raises:
        UsageError: no such field, or a value that the config refuses.

    >>> from recemb_core.walks.generate import WalkConfig
    >>> changed(WalkConfig(), {"q": 0.5}).q
    0.5
    """
    check_names(type(config), values, called)
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return dataclasses.replace(config, **plain)  # type: ignore[type-var]
    except UsageError as error:
        raise UsageError(f"{called}: {error}" if called else str(error)) from None
    except (TypeError, ValueError):  # a comparison of text with a number, say
        told = ", ".join(f"{name} = {written(value, 60)}" for name, value in plain.items())
        raise UsageError(
            f"{called or type(config).__name__} cannot have {told}; give values of the right kind"
        ) from None
