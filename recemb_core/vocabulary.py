"""Item id ↔ row number: the one numbering that every array of the project shares."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

import numpy as np

from recemb_core.arrays import Int32Array
from recemb_core.validation import UsageError


class UnknownItemError(KeyError, ValueError):
    """An item id that the vocabulary does not hold; the message names it and its nearest spellings."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class Vocabulary:
    """An immutable list of distinct item ids (strings); row numbers are positions in it.

    ``vocabulary[row]`` gives the id, ``vocabulary.row(id)`` the row number.

    >>> v = Vocabulary(["tea", "milk"])
    >>> v.row("milk"), v[0], len(v), "sugar" in v
    (1, 'tea', 2, False)
    """

    __slots__ = ("_ids", "_rows")

    def __init__(self, ids: Iterable[object]) -> None:
        self._ids: tuple[str, ...] = tuple(str(i) for i in ids)
        self._rows: dict[str, int] = {item: row for row, item in enumerate(self._ids)}
        if len(self._rows) != len(self._ids):
            seen: set[str] = set()
            twice = next(i for i in self._ids if i in seen or seen.add(i))  # type: ignore[func-returns-value]
            raise UsageError(f"items must be distinct; {twice!r} appears more than once")

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids in row order."""
        return self._ids

    def row(self, item: object) -> int:
        """Row number of an id; :class:`UnknownItemError` names the id and close spellings."""
        try:
            return self._rows[str(item)]
        except KeyError:
            near = difflib.get_close_matches(str(item), self._ids, n=3) if len(self._ids) <= 20_000 else []
            hint = f"; did you mean {', '.join(map(repr, near))}?" if near else ""
            raise UnknownItemError(f"item {str(item)!r} is not among the {len(self._ids)} items{hint}") from None

    def rows(self, items: Iterable[object]) -> Int32Array:
        """Row numbers of many ids, int32."""
        return np.fromiter((self.row(i) for i in items), dtype=np.int32)

    def __getitem__(self, row: int) -> str:
        return self._ids[row]

    def __contains__(self, item: object) -> bool:
        return str(item) in self._rows

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self._ids == other._ids

    def __hash__(self) -> int:
        return hash(self._ids)

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self._ids[:3])) + (", …" if len(self._ids) > 3 else "")
        return f"Vocabulary({len(self._ids)} items: {shown})"
