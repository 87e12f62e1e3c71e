"""JSON that is one object with a list of events, or of items, under the name of each user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_names import is_known_name
from recemb_core.readers.content import holds_times, is_number
from recemb_core.readers.table import KEY, SEQUENCE

NO_UNFOLDING, KEYS = "nothing", "keys"  # values of the argument unfold
_PARTS = {"nodes", "rows", "records", "data", "results", "clicks", "views", "carts", "orders", "purchases", "buys"}
_MANY = 20  # keys of which a single known name does not make columns


@dataclass(frozen=True)
class Keyed:
    """The rows of such an object: objects, or columns by name; and whether it is one by all that is known.

    ``n_keys`` have something in their list, ``n_empty`` do not.
    """

    rows: list[dict[str, Any]] | dict[str, list[Any]]
    n_keys: int
    sure: bool
    form: str
    n_empty: int = 0


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
        return Keyed(rows, len(parts), free and bool(shared) and alike, "objects", empty)
    if all(isinstance(entry, list) for entry in entries):
        widths = {len(entry) for entry in entries}
        if len(widths) > 1 or 0 in widths:
            return None
        pairs: dict[str, list[Any]] = {KEY: [key for key, part in parts.items() for e in part if e is not None]}
        pairs |= {f"column_{n + 1}": [entry[n] for entry in entries] for n in range(min(widths))}
        return Keyed(pairs, len(parts), free, "lists", empty)
    if any(isinstance(entry, (dict, list)) for entry in entries):
        return None
    items = [[None if v is None else str(v) for v in part] for part in parts.values()]
    columns = named > 1 or (named == 1 and len(parts) <= _MANY)
    return Keyed({KEY: list(parts), SEQUENCE: items}, len(parts), not columns, "sequences", empty)


def keys_said(found: Keyed | None, unfold: str | None) -> list[Assumption]:
    """That keys were taken for whose the lists are, or for names of columns though they might be that."""
    if found is None:
        return []
    if found.sure if unfold is None else unfold == KEYS:
        each = "one sequence" if found.form == "sequences" else "the rows"
        words = f"Each of the {found.n_keys:,} keys of the JSON is whose {each} under it are."
        words = words.replace("sequence under it are", "sequence under it is")
        words += f" {found.n_empty:,} with an empty list hold nothing." if found.n_empty else ""
        other = ("the keys are names of columns", NO_UNFOLDING)
        return [assumed("unfold", KEYS, words, other, doubtful=unfold is None)]
    if not found.sure and unfold is None:
        return []
    words = f"The keys of the JSON are names of columns{', as set' if unfold else ''}."
    return [assumed("unfold", NO_UNFOLDING, words, ("each key says whose the list under it is", KEYS))]


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
