"""JSON that is one object with a list of events, or of items, under the name of each user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_names import is_known_name, role_rank
from recemb_core.readers.content import holds_times, is_number
from recemb_core.readers.table import KEY, SEQUENCE

NO_UNFOLDING, KEYS = "nothing", "keys"  # values of the argument unfold
_PARTS = {"nodes", "rows", "records", "data", "results", "clicks", "views", "carts", "orders", "purchases", "buys"}
_SHOWN = 12  # keys that are offered alone
_MANY = 20  # keys of which a single known name does not make columns


@dataclass(frozen=True)
class Keyed:
    """The rows of such an object: objects, or columns by name; and whether it is one by all that is known.

    ``n_keys`` have something in their list, ``n_empty`` do not; ``keys`` are the former, which stand in ``column``.
    ``says_who``: whether the rows name a user, basket or session of their own.
    """

    rows: list[dict[str, Any]] | dict[str, list[Any]]
    n_keys: int
    sure: bool
    form: str
    n_empty: int = 0
    keys: tuple[str, ...] = ()
    column: str = KEY
    says_who: bool = False

    def has(self, key: str | None) -> bool:
        """Whether the rows under a key can be read alone."""
        return self.sure and self.form != "sequences" and key in self.keys


def keyed_rows(value: Any) -> Keyed | None:
    """The rows of an object of lists with their key in a column, or None where it is no such object.

    >>> keyed_rows({"u1": [{"item": "a"}, {"item": "b"}], "u2": [{"item": "a"}]}).rows[2]
    {'key': 'u2', 'item': 'a'}
    >>> keyed_rows({"u1": ["a", "b"], "u2": ["b"]}).rows
    {'key': ['u1', 'u2'], 'sequence': [['a', 'b'], ['b']]}
    """
    if not isinstance(value, dict) or len(value) < 2 or not all(isinstance(part, list) for part in value.values()):
        return None
    parts = {str(key): part for key, part in value.items() if part}
    empty = len(value) - len(parts)
    entries = [entry for part in parts.values() for entry in part if entry is not None]
    if not entries:
        return None
    named = sum(is_known_name(key) or is_known_name(key.removesuffix("s")) for key in parts)
    free = named == 0 and not {key.lower() for key in parts} & _PARTS
    if all(isinstance(entry, dict) for entry in entries):
        fields = [{name for entry in part[:3] if entry for name in entry} for part in parts.values()]
        shared = set.intersection(*fields)
        alike = len(shared) >= 0.5 * sum(map(len, fields)) / len(fields)
        name = KEY if KEY not in set().union(*fields) else f"{KEY}_"
        rows = [{name: key, **entry} for key, part in parts.items() for entry in part if entry is not None]
        who = any(role_rank(role, field) is not None for role in ("user", "basket", "session") for field in shared)
        sure = free and bool(shared) and alike
        return Keyed(rows, len(parts), sure, "objects", empty, tuple(parts), name, who)
    if all(isinstance(entry, list) for entry in entries):
        widths = {len(entry) for entry in entries}
        if len(widths) > 1 or 0 in widths:
            return None
        pairs: dict[str, list[Any]] = {KEY: [key for key, part in parts.items() for e in part if e is not None]}
        pairs |= {f"column_{n + 1}": [entry[n] for entry in entries] for n in range(min(widths))}
        return Keyed(pairs, len(parts), free, "lists", empty, tuple(parts))
    if any(isinstance(entry, (dict, list)) for entry in entries):
        return None
    items = [[None if v is None else str(v) for v in part] for part in parts.values()]
    columns = named > 1 or (named == 1 and len(parts) <= _MANY)
    return Keyed({KEY: list(parts), SEQUENCE: items}, len(parts), not columns, "sequences", empty, tuple(parts))


def keys_said(found: Keyed | None, unfold: str | None) -> list[Assumption]:
    """That keys were taken for whose the lists are, or for names of columns though they might be that."""
    if found is None:
        return []
    if found.sure if unfold is None else unfold == KEYS:
        words = f"{_what_keys_are(found)} {found.n_empty:,} with an empty list hold nothing." if found.n_empty else ""
        words = words or _what_keys_are(found)
        others = [("the keys are names of columns", NO_UNFOLDING)]
        if found.form != "sequences":  # lists of rows are no columns; each alone is a table
            others = [(f"the rows under {key!r} alone", key) for key in found.keys[:_SHOWN]]
        return [assumed("unfold", KEYS, words, *others, doubtful=unfold is None)]
    if found.has(unfold):
        words = f"Only the rows under the key {unfold!r} of the JSON were read, as set."
        return [assumed("unfold", unfold, words, ("those under every key", KEYS))]
    if not found.sure and unfold is None:
        return []
    words = f"The keys of the JSON are names of columns{', as set' if unfold else ''}."
    return [assumed("unfold", NO_UNFOLDING, words, ("each key says whose the list under it is", KEYS))]


def _what_keys_are(found: Keyed) -> str:
    count, dates = f"{found.n_keys:,}", holds_times(pl.Series(found.keys, dtype=pl.String))
    if found.form == "sequences":
        return f"Each of the {count} keys of the JSON is {'when' if dates else 'whose'} the one sequence under it is."
    if dates:
        return (
            f"The {count} keys of the JSON are dates: each stands in the column {found.column!r} of the rows under it."
        )
    if found.says_who:
        return f"Each of the {count} keys of the JSON stands in the column {found.column!r} of the rows under it."
    return f"Each of the {count} keys of the JSON is whose the rows under it are."


def role_of_keys(frame: pl.DataFrame, roles: Mapping[str, Any]) -> str | None:
    """The keys of such an object are its users, or its items where users are named inside; None where neither fits.

    >>> role_of_keys(pl.DataFrame({"key": ["u1", "u1", "u2"], "item": ["a", "b", "a"]}), {"item": "item"})
    'user'
    """
    key = frame.columns[0]
    values = frame[key]
    if key not in (KEY, "index") or key in roles.values() or holds_times(values):
        return None
    if values.n_unique() == len(values) or (key != KEY and is_number(values)):
        return None  # numbers of rows
    if not any(roles.get(role) for role in ("user", "basket", "session")):
        return "user"
    return None if roles.get("item") else "item"
