"""Side information in numbers: which values each item has in each field, as rows of one table of values."""

from __future__ import annotations

import difflib
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from recemb_core.arrays import AnyArray, BoolArray, Int32Array, Int64Array
from recemb_core.validation import UsageError
from recemb_core.vocabulary import UnknownItemError

if TYPE_CHECKING:
    import polars as pl

TITLE = "title"
"""The column that names items for people; it is no field."""
BINS = 5
"""Into how many bins of about equal size a field of numbers is cut."""
FEW_VALUES = 12
"""So many values of a field are all named where one is asked for that it does not have."""
MISSING = "(missing)"
"""Stands in a label column for a value that nobody gave."""
_NUMBER = r"-?\d+(?:\.\d+)?"
_BIN = re.compile(rf"({_NUMBER})(?: to ({_NUMBER}))?")


class UnknownValueError(UnknownItemError):
    """A field or a value that the side information does not hold; the message names it and its nearest spellings."""


def data_fingerprint(source: Fingerprinted, side_info: pl.DataFrame | None) -> str:
    """A short hash of behavior (or of a graph, where there is none) and item details: what names a data set in keys.

    Args:
        source: sequences or a graph; anything with a ``fingerprint``.
        side_info: a row an item, or None.
    """
    digest = hashlib.blake2b(source.fingerprint.encode(), digest_size=12)
    if side_info is not None:
        digest.update(repr(side_info.schema).encode() + side_info.hash_rows().to_numpy().tobytes())
    return digest.hexdigest()


def item_fields(labels: Mapping[str, AnyArray], side_info: pl.DataFrame | None) -> dict[str, AnyArray]:
    """Label columns by name, (n,) each: the labels, then the side information; of a list its first value.

    Args:
        labels: known groups, (n,) each; a field of the same name does not stand beside them.
        side_info: a row an item; its ``title`` is no field. What is missing is :data:`MISSING`.

    >>> import polars as pl
    >>> {name: list(map(str, of)) for name, of in item_fields({}, pl.DataFrame({"kind": [["tea", "hot"], []]})).items()}
    {'kind': ['tea', '(missing)']}
    """
    found = dict(labels)
    for name in side_info.columns if side_info is not None else ():
        if name not in (TITLE, *found):
            values = [v[0] if isinstance(v, list) and v else v for v in side_info[name].to_list()]  # type: ignore[index]
            found[name] = np.array([str(v) if v not in (None, []) else MISSING for v in values])
    return found


class Fingerprinted(Protocol):
    """Sequences or a graph."""

    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True, eq=False)
class SideFields:
    """Fields of n items, each with categories of its own; a value's row number is unique over all fields.

    The values of item ``i`` in field ``f`` are ``codes[indptr[i * n_fields + f]:indptr[i * n_fields + f + 1]]``: none
    where the value is missing, several where the field has several.

    Attributes:
        n_items: number of items.
        names: the fields, in the order of the columns.
        values: the distinct values of each field as text, sorted (bins by their numbers).
        indptr: int64 (n_items · n_fields + 1,).
        codes: int32, rows of the table of all values; field f owns ``first[f]`` to ``first[f + 1]``.
        uppers: for a field of numbers the largest number in each bin, else empty.
        lowers: for a field of numbers the smallest number in each bin, else empty.
    """

    n_items: int
    names: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    indptr: Int64Array
    codes: Int32Array
    uppers: tuple[tuple[float, ...], ...]
    lowers: tuple[tuple[float, ...], ...] = ()

    @cached_property
    def first(self) -> Int64Array:
        """First value row of each field, and the number of rows at the end: int64 (n_fields + 1,)."""
        return np.cumsum([0, *map(len, self.values)]).astype(np.int64)

    @cached_property
    def present(self) -> BoolArray:
        """Which item has a value in which field, (n_items, n_fields)."""
        return np.diff(self.indptr).reshape(self.n_items, len(self.names)) > 0

    @cached_property
    def bins(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """(smallest, largest) number of each value of each field that holds bins of numbers; () for other fields.

        A field of numbers says them itself; where a table was cut into bins before, its labels do ("126.54 to 130.98").
        """
        found = []
        for f, labels in enumerate(self.values):
            if self.uppers[f] and self.lowers:
                found.append(tuple(zip(self.lowers[f], self.uppers[f], strict=True)))
            else:
                found.append(_bins_of(labels, sure=bool(self.uppers[f])))
        return tuple(found)

    def of(self, item: int) -> dict[str, tuple[str, ...]]:
        """The values of an item row by field; fields without a value are left out."""
        found = {}
        for f, name in enumerate(self.names):
            span = slice(self.indptr[item * len(self.names) + f], self.indptr[item * len(self.names) + f + 1])
            if span.stop > span.start:
                found[name] = tuple(self.values[f][code - self.first[f]] for code in self.codes[span])
        return found

    def rows(self, given: Mapping[str, Any]) -> list[Int64Array]:
        """The value rows of each given field: several for a list, none (and no entry) for None.

        In a field of bins a number (or text that is one) stands for the bin that it falls in; between two bins or
        outside all of them for the nearest bin, of two equally near ones the lower.

        Raises:
            UnknownValueError: no such field, or no such value in it; the known ones are named, of many the nearest
                spellings. A NaN or infinity is no value.
        """
        found = []
        for name, value in given.items():
            f = self._field(name)
            many = value if isinstance(value, (list, tuple, set)) else [value]
            codes = sorted({self._code(f, one) for one in many if one is not None})
            if codes:
                found.append(self.first[f] + np.array(codes, dtype=np.int64))
        return found

    def _field(self, name: str) -> int:
        if name in self.names:
            return self.names.index(name)
        known = f"the fields are {', '.join(self.names)}" if self.names else "there are no fields"
        raise UnknownValueError(f"there is no field {name!r}{_near(name, self.names)}; {known}")

    def _code(self, f: int, value: Any) -> int:
        text, known = _text(value), self.values[f]
        if text in known:
            return known.index(text)
        number = _number(value)
        if number is not None and math.isfinite(number):
            if number == int(number) and str(int(number)) in known:
                return known.index(str(int(number)))
            if self.bins[f]:
                away = [(max(low - number, number - high, 0.0), low) for low, high in self.bins[f]]
                return away.index(min(away))
        binned = "; a finite number finds its bin" if self.bins[f] else ""
        raise UnknownValueError(
            f"field {self.names[f]!r} has no value {text!r} among its {len(known):,}{known_values(text, known)}{binned}"
        )


def encode_side_info(frame: pl.DataFrame, fields: Sequence[str] | None = None, *, bins: int = BINS) -> SideFields:
    """Value tables of a frame with a row an item.

    Text and truth values are categories; a list column is a field with several values; numbers are cut into bins of
    about equal size, times into years. Null and blank are missing. The column ``title`` is no field.

    Args:
        frame: (n, fields).
        fields: the columns to use; None: all but ``title``.
        bins: into how many a field of numbers is cut; so many different numbers keep a value each.

    Raises:
        UnknownValueError: a column that the frame does not have.
        ValueError: a column whose values are no categories (structs, binary data).

    >>> import polars as pl
    >>> frame = pl.DataFrame({"title": ["Tea", "Milk"], "shelf": ["dry", None], "tags": [["a", "b"], ["b"]]})
    >>> side = encode_side_info(frame)
    >>> side.names, side.values, side.of(0), side.of(1)
    (('shelf', 'tags'), (('dry',), ('a', 'b')), {'shelf': ('dry',), 'tags': ('a', 'b')}, {'tags': ('b',)})
    """
    names = tuple(c for c in frame.columns if c != TITLE) if fields is None else tuple(fields)
    for name in names:
        if name not in frame.columns:
            near = _near(name, frame.columns)
            raise UnknownValueError(f"the side information has no column {name!r}{near}; it has {frame.columns}")
    columns = [_column(frame[name], bins) for name in names]
    values = tuple(known for _, known, _ in columns)
    first = np.cumsum([0, *map(len, values)])
    counts = np.zeros((len(frame), len(names)), dtype=np.int64)
    for f, (lists, _, _) in enumerate(columns):
        counts[:, f] = [len(codes) for codes in lists]
    indptr = np.concatenate([[0], np.cumsum(counts.ravel())]).astype(np.int64)
    flat = [
        code + first[f] for row in range(len(frame)) for f, (lists, _, _) in enumerate(columns) for code in lists[row]
    ]
    lowers, uppers = (tuple(tuple(ends[at] for ends in bins) for _, _, bins in columns) for at in (0, 1))
    return SideFields(len(frame), names, values, indptr, np.array(flat, dtype=np.int32), uppers, lowers)


def _column(column: pl.Series, most: int) -> tuple[list[list[int]], tuple[str, ...], tuple[tuple[float, float], ...]]:
    """(codes by item, values, smallest and largest number of each bin) of one column; no bins for categories."""
    import polars as pl

    from recemb_core.readers.side_info import bin_numeric

    dtype = column.dtype
    bins: tuple[tuple[float, float], ...] = ()
    if isinstance(dtype, (pl.List, pl.Array)):
        texts = [sorted({_text(v) for v in row or () if v is not None} - {""}) for row in column.to_list()]
        known = tuple(sorted({text for row in texts for text in row}))
    elif dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise UsageError(f"field {column.name!r} must hold categories, lists of them, or numbers, not {dtype}")
    elif dtype.is_numeric():
        labels = bin_numeric(column, most)
        numbers = column.cast(pl.Float64)
        ends: dict[str, tuple[float, float]] = {}
        for label, number in zip(labels, numbers, strict=True):
            if label is not None:
                low, high = ends.get(label, (number, number))
                ends[label] = min(number, low), max(number, high)
        known = tuple(sorted(ends, key=ends.__getitem__))
        bins = tuple(ends[label] for label in known)
        texts = [[] if label is None else [label] for label in labels]
    else:
        if dtype.is_temporal() and dtype != pl.Time:
            column = column.dt.year()
        texts = [[text] if (text := "" if v is None else _text(v)) else [] for v in column.to_list()]
        known = tuple(sorted({text for row in texts for text in row}))
    code = {text: c for c, text in enumerate(known)}
    return [[code[text] for text in row] for row in texts], known, bins


def _bins_of(labels: Sequence[str], *, sure: bool) -> tuple[tuple[float, float], ...]:
    """(smallest, largest) of labels that are bins of numbers, else (). Numbers alone are categories, unless sure."""
    found = []
    for label in labels:
        match = _BIN.fullmatch(label)
        if match is None:
            return ()
        low, high = float(match[1]), float(match[2] or match[1])
        if low > high:
            return ()
        found.append((low, high))
    return tuple(found) if sure or any(" to " in label for label in labels) else ()


def _number(value: Any) -> float | None:
    """A number, or the number that a text is; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (Real, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _text(value: Any) -> str:
    return str(value).strip()


def known_values(text: str, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown value: near spellings, and all known values where they are few.

    >>> known_values("dri", ["cold", "dry"])
    "; did you mean 'dry'? It has 'cold', 'dry'"
    """
    near = _near(text, known)
    if len(known) <= FEW_VALUES:
        every = ", ".join(map(repr, known)) or "none"
        return f"{near} It has {every}" if near else f"; it has {every}"
    return near or f"; among them are {', '.join(map(repr, known[:3]))}"


def _near(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=3) if len(known) <= 20_000 else []
    return f"; did you mean {', '.join(map(repr, near))}?" if near else ""
