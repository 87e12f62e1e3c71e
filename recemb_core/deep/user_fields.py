"""Facts about users that recall networks take beside the history: who they are, where, and what they searched for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import Int32Array, StrArray
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    import polars as pl

USER = "user"
"""The column that names the users; it is no field."""


@dataclass(frozen=True, eq=False)
class UserFields:
    """Categorical facts about users (region, age group, words searched for, …) as codes.

    Attributes:
        names: of the fields.
        values: of each field, sorted.
        widths: of each field, how many values a user has at most: 1, or more of a field of lists.
    """

    names: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = ()
    widths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.widths:  # as files of before say it
            object.__setattr__(self, "widths", (1,) * len(self.names))

    @classmethod
    def of(cls, frame: pl.DataFrame | None) -> UserFields:
        """From a frame with a column ``user`` and a column a field; a column of lists holds several values a user."""
        if frame is None:
            return cls()
        if USER not in frame.columns:
            raise UsageError(f"user_fields needs a column 'user'; it has {', '.join(frame.columns)}")
        names = tuple(name for name in frame.columns if name != USER)
        lists = [[_many(value) for value in frame[name].to_list()] for name in names]
        values = tuple(tuple(sorted({one for row in rows for one in row})) for rows in lists)
        return cls(names, values, tuple(max([1, *map(len, rows)]) for rows in lists))

    def codes(self, facts: Sequence[Mapping[str, object] | None]) -> Int32Array:
        """Codes (q, Σ widths), −1 where a user's value is missing.

        Raises:
            ValueError: a value that the training did not see, or more values than any user of it had; the message
                names them.
        """
        found = np.full((len(facts), sum(self.widths)), -1, dtype=np.int32)
        for at, name, values, width in zip(self.starts, self.names, self.values, self.widths, strict=True):
            place = {value: i for i, value in enumerate(values)}
            for i, fact in enumerate(facts):
                many = _many(None if fact is None else fact.get(name))
                if unknown := [value for value in many if value not in place]:
                    raise UsageError(f"user field {name!r} has no value {unknown[0]!r}; it has {', '.join(values)}")
                if len(many) > width:
                    raise UsageError(f"user field {name!r} takes {width} values at most, not {len(many)}")
                found[i, at : at + len(many)] = [place[value] for value in many]
        return found

    @property
    def several(self) -> tuple[int, ...] | None:
        """The widths where any is over 1."""
        return self.widths if any(width > 1 for width in self.widths) else None

    @property
    def starts(self) -> tuple[int, ...]:
        """The first column of each field's codes."""
        return tuple(np.cumsum([0, *self.widths])[:-1].tolist())

    def codes_of(self, frame: pl.DataFrame | None, users: StrArray) -> Int32Array:
        """Codes of users by id; users without a row have no values."""
        if frame is None or not self.names:
            return np.full((len(users), sum(self.widths)), -1, dtype=np.int32)
        return self.codes(facts_of(frame, users.tolist()))


def facts_of(frame: pl.DataFrame, users: Sequence[str]) -> list[dict[str, Any] | None]:
    """{field: value} of each user, as :meth:`RecallModel.scores` takes it; None for one without a row.

    >>> import polars as pl
    >>> facts_of(pl.DataFrame({"user": [1, 2], "region": ["north", None]}), ["2", "9"])
    [{'region': None}, None]
    """
    rows = {str(row.pop(USER)): row for row in frame.iter_rows(named=True)}
    return [rows.get(user) for user in users]


def details_fingerprint(frame: pl.DataFrame | None) -> str:
    """A short hash of user details, for keys of results; "" for none."""
    if frame is None:
        return ""
    return hashlib.blake2b(frame.write_json().encode(), digest_size=12).hexdigest()


def _many(value: object) -> list[str]:
    """The values of a cell: none, one, or a list's, each once."""
    if value is None:
        return []
    if isinstance(value, list | tuple | set):
        return sorted({str(one) for one in value if one is not None})
    return [str(value)]


def beside_fields(x: Any, tables: Sequence[Any], codes: Any, xp: Any, widths: Sequence[int] | None = None) -> Any:
    """x (b, d) with the embedding of each of f user fields beside it: (b, d + e·f).

    Of several values the mean, of none zeros: (1 / |V|) Σ_{v in V} table[v]. ``widths``: columns of each field's codes;
    None: one.
    """
    found, at = [], 0
    for table, width in zip(tables, widths or (1,) * len(tables), strict=True):
        own = codes[:, at : at + width]
        at += width
        if width == 1:
            found.append(xp.where(own >= 0, table[own[:, 0]], 0.0))
            continue
        there = own >= 0
        total = xp.where(there[..., None], table[own], 0.0).sum(axis=1)
        found.append(total / xp.maximum(there.sum(axis=1), 1)[:, None].astype(x.dtype))
    return xp.concatenate([x, *found], axis=1)
