"""Ids as strings: tidied or as written, the missing ones null."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl

from recemb_core.arrays import Int32Array
from recemb_core.readers.errors import InputError

NOTHING = ("", "nan", "NaN", "NULL", "null", "None", "\\N", "<NA>")
WORDS = ("NA", "N/A", "n/a", "#N/A", "NONE", "none", "(null)", "undefined")  # may be an id; it is said when they occur
MISSING = (*NOTHING, *WORDS)
INVISIBLE = r"[\u200b\u200e\u200f\u2060\ufeff\u00ad]"  # zero-width spaces, marks of direction, soft hyphens
_WHOLE = r"^\d+(?:\.0)?$"


def id_strings(column: pl.Series, missing: tuple[str, ...] | None = None, *, as_written: bool = False) -> pl.Series:
    """Ids as strings, null where missing.

    Unless they are kept ``as_written``, spaces around them and characters that nobody sees are taken off, and the .0 of
    whole numbers that were floats once.

    >>> id_strings(pl.Series([" a ", "NULL", "b"])).to_list(), id_strings(pl.Series([17850.0, None])).to_list()
    (['a', None, 'b'], ['17850', None])
    >>> id_strings(pl.Series(["17850", "17850.0"])).to_list(), id_strings(pl.Series(["1.5", "2.0"])).to_list()
    (['17850', '17850'], ['1.5', '2.0'])
    """
    if column.dtype.is_float():
        whole = bool((column.drop_nulls().drop_nans() % 1 == 0).all())
        column = column.fill_nan(None)
        return column.cast(pl.Int64, strict=False).cast(pl.String) if whole else column.cast(pl.String)
    if column.dtype.is_nested():
        raise InputError(f"column {column.name!r} holds lists; a column of ids holds one value a row")
    text = column.cast(pl.String)
    if not as_written:
        text = visible(text).str.strip_chars()
    nothing = text.str.strip_chars().is_in(MISSING if missing is None else missing)
    text = text.set(nothing.fill_null(False), None)
    if not as_written and has_float_tails(text):
        text = text.str.strip_suffix(".0")
    return text


def visible(text: pl.Series) -> pl.Series:
    """Without the characters that nobody sees."""
    return text.str.replace_all(INVISIBLE, "") if bool(text.str.contains(INVISIBLE).any()) else text


def has_float_tails(text: pl.Series) -> bool:
    """Whether a column of whole numbers has some that end with .0."""
    known = text.drop_nulls()
    return bool(known.str.ends_with(".0").any()) and bool(known.str.contains(_WHOLE).all())


def id_codes(
    column: pl.Series, missing: tuple[str, ...] | None = None, *, as_written: bool = False
) -> tuple[Int32Array, pl.Series]:
    """Position of each id in the distinct ones, in order of first appearance; −1 where missing."""
    tidy = partial(id_strings, missing=missing, as_written=as_written)
    raw, values = codes_of(tidy(column) if column.dtype != pl.String else column)
    ids, distinct = codes_of(tidy(values))  # each distinct value is tidied once
    if len(distinct) == len(values):
        return raw, distinct
    return np.append(ids, np.int32(-1))[raw], distinct


def codes_of(text: pl.Series) -> tuple[Int32Array, pl.Series]:
    """Position of each string in the distinct ones, in order of first appearance; −1 for null."""
    distinct = text.unique(maintain_order=True).drop_nulls()
    if distinct.is_empty():
        return np.full(len(text), -1, np.int32), distinct
    codes = text.cast(pl.Enum(distinct)).to_physical().cast(pl.Int32).fill_null(-1)
    return codes.to_numpy(), distinct
