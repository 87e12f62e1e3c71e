"""Rows after those that a log's columns were judged by: their values may be written otherwise, and then it is said.

The library looks at whole columns, and reads each value as what it is. Here every value that Spark could not read is
kept as it is written; the library is asked for them, and where it reads one, the log is refused: it would be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from recemb_core.readers import InputError
from recemb_core.readers.column_mapping import ColumnMapping
from recemb_core.readers.content import to_numbers
from recemb_core.readers.errors import counted, shortened, were
from recemb_core.readers.time_numbers import EARLIEST, LATEST
from recemb_core.readers.times import parse_times
from recemb_core.spark.times import SCALES, Form

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

MOST = 1_000  # values that the library is asked for
_LIMITS = (1e11, 1e14, 1e17)  # sizes at which a count of seconds is one of milliseconds, and so on, to the library
_SUFFIX = "_recemb_unread"
_ELSE = "or read it without --engine spark"


def kept_as_written(raw: Column, value: Column) -> Column:
    """What a field of text holds where nothing could be read from it."""
    from pyspark.sql import functions as F

    return F.when(value.isNull() & (F.trim(raw) != ""), raw)


def written(role: str) -> str:
    """The name of the column of what could not be read."""
    return f"{role}{_SUFFIX}"


def refuse_other_forms(frame: DataFrame, mapping: ColumnMapping, time: Form | None, name: str) -> None:
    """Refuse a log whose later rows have times or numbers that the library would read, and Spark does not.

    Args:
        frame: every row, with the columns ``written(role)`` of the roles that are text, and ``time``.
        mapping: which column plays which role.
        time: in which form times are.
        name: of the file.

    Raises:
        InputError: there are such values, or times count in several units.
    """
    from pyspark.sql import functions as F

    roles = [c.removesuffix(_SUFFIX) for c in frame.columns if c.endswith(_SUFFIX)]
    size = F.abs("time") * F.lit(SCALES.get(time[0], 1.0) if time else 1.0)
    told = frame.agg(
        *(F.count(written(role)).alias(role) for role in roles),
        F.min(F.when(size >= EARLIEST, size)).alias("_least"),
        F.max(size).alias("_most"),
    ).collect()[0]
    for role in roles:
        if told[role]:
            few = frame.select(F.col(written(role)).alias("text")).where("text is not null").distinct().limit(MOST)
            text = pl.Series(few.toArrow().column("text").to_pylist(), dtype=pl.String).sort()
            _ask_the_library(text, role, int(told[role]), mapping, name)
    if time is not None and time[0] in SCALES and mapping.time_unit is None and told["_least"] is not None:
        _refuse_several_units(told["_least"], told["_most"], time[0], mapping, name)


def _ask_the_library(text: pl.Series, role: str, count: int, mapping: ColumnMapping, name: str) -> None:
    column: Any = mapping.timestamp if role == "time" else getattr(mapping, role)
    if role == "time":
        found = parse_times(text.alias(column), **mapping.time_form).seconds
        known = found.is_between(EARLIEST, LATEST)
    else:
        known = to_numbers(text, mapping.decimal).is_finite()
    readable = text.filter(known.fill_null(False))
    if len(readable):
        what, setting = ("time", "day_first") if role == "time" else ("number", "decimal")
        raise InputError(
            f"{counted(count, what)} in {column!r} of {name} {were(count)} written otherwise than in the first rows, "
            f"such as {shortened(readable[0])!r}; write all alike, say how ({setting}), {_ELSE}"
        )


def _refuse_several_units(least: float, most: float, form: str, mapping: ColumnMapping, name: str) -> None:
    place = list(SCALES).index(form)
    if {sum(size >= limit for limit in _LIMITS) for size in (least, most)} != {place}:
        raise InputError(
            f"the times in {mapping.timestamp!r} of {name} count {form} in the first rows, and go from {least:.10g} to "
            f"{most:.10g}: by their size some count another unit; set time_unit={form} if they do not, "
            f"{_ELSE}"
        )
