"""A parameter is declared once: key, link, check of what is in the session, and widget follow from it.

A page's controls are declared at the top of its views::

    WALKS = Scope("walks")
    CLICK = Parameter(WALKS, "click", "A click chooses", Options({"item": "the item", "previous": "the previous one"}))

and used anywhere on it: ``CLICK.value(data)`` reads, ``CLICK.draw(data)`` draws the widget, ``CLICK.key(data)`` is the
session-state key. What depends on the data in use (its fields, its users) is given where it is bound:
``USER.bind(data, default=users[0], among=users)``.

Values live in the session by name and data set (``q@groceries``), stand in the link where they differ from the default,
and in a saved session. All names share these places, so a name is declared once in the whole app, and a second
declaration fails at import.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import streamlit as st

from pages.kit.allowed import Allowed, as_offered, whole
from pages.kit.opened_link import link, set_link
from pages.kit.text import field_words, plain
from recemb_core.readers.errors import shortened

T = TypeVar("T")
LINK_VERSION = 2  # 1: links without a version, in which a parameter may have one of its former names


class HasKey(Protocol):
    """A data set as far as parameters care."""

    @property
    def key(self) -> str: ...


# ---- declarations ----


@dataclass(frozen=True)
class Scope:
    """Where parameters belong: one page, or (``Scope("")``) the whole visit."""

    page: str


_DECLARED: dict[str, tuple[Parameter[Any], Any]] = {}  # name → it, and the line where it is declared
VISIT = Scope("")


@dataclass(frozen=True, eq=False)
class Parameter(Generic[T]):
    """A control, declared once.

    Attributes:
        scope: of its page, or ``VISIT``.
        name: in keys, links and saved sessions.
        label: beside the widget.
        allowed: the values it can have; what only the data knows is given to :meth:`bind`.
        default: where it starts; likewise.
        help: one sentence.
        view: it says which part of a page is looked at. Reset leaves such a one alone.
        of_data: it says what the data set is; likewise.
        parts: one of several alike, told apart by a part of their name ("backbone_transitions").
        former: names that it had in links of version 1.
        of_visit: one value for all data sets, which Reset leaves alone too.
        stays: a question of the page (``pages/kit/stage.py``) leaves it as it is.
        follows: what was left at its default takes the new one when the data asks for another, though the old would do.
    """

    scope: Scope
    name: str
    label: str
    allowed: Allowed[T]
    default: T | None = None
    help: str | None = None
    view: bool = False
    of_data: bool = False
    parts: bool = False
    former: tuple[str, ...] = field(default=())
    of_visit: bool = False
    follows: bool = False
    stays: bool = False

    def __post_init__(self) -> None:
        caller = sys._getframe(2)  # 1 is the dataclass's own __init__
        line = (caller.f_code.co_filename, caller.f_lineno, id(caller.f_globals))
        known, there = _DECLARED.get(self.name, (self, line))
        # A page's own script runs again and again, and an edited module is read again: both declare anew.
        again = there[:2] == line[:2] or (there[0] == line[0] and there[2] != line[2])
        if not again:
            raise ValueError(
                f"parameter {self.name!r} is declared twice: for {known.scope.page or 'the visit'} ({there[0]}) "
                f"and for {self.scope.page or 'the visit'} ({line[0]})"
            )
        if self.default is not None and self.holds_any() and not self.allowed.holds(self.default):
            raise ValueError(f"parameter {self.name!r} starts at {self.default!r}, which its control does not offer")
        _DECLARED[self.name] = (self, line)

    def holds_any(self) -> bool:
        """Whether what it can be is known without data."""
        return bool(getattr(self.allowed, "names", True))

    def bind(
        self,
        data: HasKey,
        part: str = "",
        *,
        default: Any = None,
        among: Iterable[Any] | None = None,
        check: Callable[[Any], bool] = lambda value: True,
    ) -> Bound:
        """Fill it from the link at first, check what the session has, and keep it in the link and the saved session.

        Args:
            data: the data set in use.
            part: of its name, where it is one of several.
            default: of this data, where the declaration has none.
            among: the options of this data.
            check: what a value has to pass besides, where this data's options cannot be listed.
        """
        start = self.default if default is None else default
        allowed = self.allowed if among is None else self.allowed.among(among)
        name = f"{self.name}_{part}" if self.parts else self.name
        label = f"{self.label} ({field_words(part)})" if self.parts else self.label
        holds = lambda value: allowed.holds(value) and check(value)  # noqa: E731
        more: dict[str, Any] = {"former": self.former, "of_visit": self.of_visit, "follows": self.follows}
        key = fill(name, data.key, start, allowed.parse, holds, label=label, **more)
        if not (self.view or self.of_data or self.of_visit or self.stays):
            _by_scope()[key] = (self.scope.page, start)
        _scopes().add(self.scope.page)
        return Bound(self, key, allowed)

    def key(self, data: HasKey, part: str = "") -> str:
        """The session-state key."""
        name = f"{self.name}_{part}" if self.parts else self.name
        return name if self.of_visit else f"{name}@{data.key}"

    def value(self, data: HasKey, part: str = "", *, default: Any = None, among: Iterable[Any] | None = None) -> T:
        """Its value now; see :meth:`bind`."""
        return self.bind(data, part, default=default, among=among).value

    def draw(
        self,
        data: HasKey,
        place: Any = st,
        part: str = "",
        *,
        default: Any = None,
        among: Iterable[Any] | None = None,
        **more: Any,
    ) -> T:
        """Its widget; ``more`` goes to it, a ``label`` or ``help`` in place of the declared one too."""
        return self.bind(data, part, default=default, among=among).draw(place, **more)


@dataclass(frozen=True)
class Bound:
    """A parameter of the data set in use."""

    parameter: Parameter[Any]
    key: str
    allowed: Allowed[Any]

    @property
    def value(self) -> Any:
        return st.session_state[self.key]

    def set(self, value: Any) -> None:
        """Another value, before the widget is drawn or from a callback."""
        st.session_state[self.key] = value

    def draw(self, place: Any = st, *, offered: Iterable[Any] | None = None, **more: Any) -> Any:
        """Its widget, which may offer less than is allowed: what it does not offer gives way, and that is said."""
        given = {"help": self.parameter.help, "persist_state": "session"} | more
        label = given.pop("label", self.parameter.label)
        allowed = self.allowed if offered is None else self.allowed.among(offered)
        if not allowed.holds(self.value):
            given_way, taken = self.value, allowed.nearest(self.value)
            st.toast(f"{label}: {_shown(given_way)} is not offered here, {_shown(taken)} is used.")
            self.set(taken)
        elif repr(own := as_offered(allowed, self.value)) != repr(self.value):
            self.set(own)
        return allowed.widget(place, label, key=self.key, **given)


def declared() -> list[Parameter[Any]]:
    """Every parameter of the pages that are imported."""
    return [one for one, _ in _DECLARED.values()]


def control(name: str) -> tuple[str, str] | None:
    """(key, label) of a parameter that this run has bound; of one of several alike, by its whole name."""
    if name not in bound():
        return None
    key, _ = bound()[name]
    if name in _DECLARED:
        return key, _DECLARED[name][0].label
    (one,) = [one for one, _ in _DECLARED.values() if one.parts and name.startswith(f"{one.name}_")][:1]
    return key, f"{one.label} ({field_words(name.removeprefix(f'{one.name}_'))})"


def reused_names() -> set[str]:
    """Names that a link of version 1 may have meant otherwise, and the names that took their place."""
    return {name for one in declared() if one.former for name in (one.name, *one.former)}


# ---- what a run has bound ----


def fill(
    name: str,
    data_key: str,
    default: Any,
    parse: Callable[[str], Any],
    allowed: Callable[[Any], bool],
    *,
    label: str = "",
    former: tuple[str, ...] = (),
    of_visit: bool = False,
    follows: bool = False,
) -> str:
    """The session-state key of a parameter, filled from the link at first and checked ever after.

    A value in the link that does not parse, or is not allowed, is passed over for the default, and said. What was left
    at a default that the data no longer has follows the new default; nobody chose it, so nothing is said.
    """
    key = name if of_visit else f"{name}@{data_key}"
    if key in st.session_state:
        now = st.session_state[key]
        left = follows and now == met().get(key)
        if now != default and (
            left or not allowed(now)
        ):  # another reading has other items, another graph other numbers
            st.session_state[key] = default
            if now != met().get(key):
                st.toast(f"{plain(label or name)}: {_shown(now)} is not possible any more, {_shown(default)} is used.")
    else:
        st.session_state[key] = default
        told = _told(name, former) if of_visit or link().get("data", data_key) == data_key else None
        if told is not None:
            try:
                value = parse(link()[told])
                possible = bool(allowed(value))
            except (ValueError, KeyError):
                possible = False
            if possible:
                st.session_state[key] = value
            else:
                st.toast(f"The link's {told}={_shown(link()[told])} is not possible here; {_shown(default)} is used.")
    bound()[name] = (key, default)
    met()[key] = default
    return key


def _shown(value: Any) -> str:
    return plain(repr(shortened(value)))


def _told(name: str, former: tuple[str, ...]) -> str | None:
    """The name by which the link speaks of a parameter.

    What one parameter has read is not read by another: a former name may be that of another page's control today.
    """
    reader = st.session_state.setdefault("_link_read", {})
    names = (name, *former) if _version() < LINK_VERSION else (name,)
    return next((n for n in names if n in link() and reader.setdefault(n, name) == name), None)


def _version() -> int:
    try:
        return whole(link().get("v", "1"))
    except ValueError:
        return 1


def bound() -> dict[str, tuple[str, Any]]:
    """Name → (key, default) of what this run has bound: what the link holds."""
    return st.session_state.setdefault("_bound", {})


def met() -> dict[str, Any]:
    """Every parameter that a page of this visit has bound, with its default: what a saved session holds."""
    return st.session_state.setdefault("_met", {})


def forget_bound() -> None:
    """Start a page run with no parameters in the link but those that the page binds."""
    st.session_state["_bound"] = {}
    _scopes().clear()


def _by_scope() -> dict[str, tuple[str, Any]]:
    """Key → (page, default) of what this visit has bound, but the view, what the data is and what is the visit's."""
    return st.session_state.setdefault("_by_scope", {})


def _scopes() -> set[str]:
    """The pages whose parameters this run has bound: its own, and those that it shares."""
    return st.session_state.setdefault("_scopes", set())


def defaults_of_page(data: HasKey) -> dict[str, Any]:
    """Key → default of the parameters of the page drawn last, its other views' too; of shared ones, of what it drew."""
    ending = f"@{data.key}"
    now = {key for key, _ in bound().values()}
    return {
        key: start
        for key, (page, start) in _by_scope().items()
        if key.endswith(ending) and (key in now or (page and page in _scopes()))
    }


def set_parameters(data: HasKey, **values: Any) -> None:
    """Set parameters from a button's callback (before the widgets of the next run are drawn)."""
    for name, value in values.items():
        st.session_state[f"{name}@{data.key}"] = value


def reset_parameters(data: HasKey) -> None:
    """Every parameter of this data set back to its default from the next run on, but the view and what the data is."""
    left = {f"{name}@{data.key}" for name, (one, _) in _DECLARED.items() if one.view or one.of_data}
    for key in [k for k in st.session_state if isinstance(k, str) and k.endswith(f"@{data.key}")]:
        if key not in left:
            del st.session_state[key]
    set_link({})


def as_text(value: Any) -> str:
    """A value as a link writes it."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
