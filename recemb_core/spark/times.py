"""Times as Spark reads them: the form that gives, on the first rows, the very seconds that the library gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.readers import InputError
from recemb_core.readers.column_mapping import ColumnMapping
from recemb_core.readers.times import zone_seconds
from recemb_core.spark.tables import named

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Form = tuple[str, float]  # its name below, and seconds that are taken off for the zone
SCALES = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
# A number as the library reads it; Spark's own takes 2d and 0x1p3 for numbers as well.
_NUMBER = r"(?i)^[+-]?(?:(?:\d+[.]?\d*|[.]\d+)(?:e[+-]?\d+)?|inf|infinity|nan)$"
_ZONED = r"(?:Z|UTC|GMT|:\d\d(?:[.]\d+)? ?[+-]\d\d:?\d\d)$"
_ISO = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.]\d+)?)?( ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?)?$"
_PATTERNS = tuple(
    f"{date}[ H:mm[:ss]]"
    for date in ("d/M/y", "M/d/y", "d/M/yy", "M/d/yy", "d.M.y", "d-M-y", "M-d-y", "y/M/d", "y.M.d", "yyyyMMdd")
)


def number_of(column: str, kind: str) -> Column:
    """A double, null where a text is no number to the library."""
    from pyspark.sql import functions as F

    value = named(column)
    if kind != "string":
        return value.cast("double")
    text = F.regexp_replace(value, r"(?U)^\s+|\s+$", "")
    return F.when(text.rlike(_NUMBER), text.try_cast("double"))


def time_of(mapping: ColumnMapping, kind: str, form: Form) -> Column:
    """Unix seconds of a log's times; null too where one says its zone and the first rows do not, or the reverse."""
    from pyspark.sql import functions as F

    assert mapping.timestamp is not None
    name, off = form
    seconds = seconds_of(mapping.timestamp, kind, name) - F.lit(off)
    if name != "ISO 8601" or mapping.zone is None:
        return seconds
    zoned = F.regexp_replace(named(mapping.timestamp), r"(?U)\s+$", "").rlike(_ZONED)
    return F.when(~zoned if off else zoned | F.lit(zone_seconds(mapping.zone) == 0), seconds)


def seconds_of(column: str, kind: str, form: str) -> Column:
    """Unix seconds as a double, null where the value is no time of this form.

    They are multiplied by 1/10^n, as polars does it, and not divided by 10^n: the last bits differ.
    """
    from pyspark.sql import functions as F

    value = named(column)
    if form == "dates":
        return F.unix_micros(value.cast("timestamp")) * F.lit(1 / 1e6)
    text = F.regexp_replace(value.cast("string"), r"(?U)^\s+|\s+$", "")
    if form in SCALES:
        number = number_of(column, kind)
        finite = ~F.isnan(number) & (F.abs(number) < F.lit(float("inf")))
        return F.when(finite, number * F.lit(1 / SCALES[form]))
    if form == "ISO 8601":
        return F.when(text.rlike(_ISO), F.unix_micros(text.try_cast("timestamp")) * F.lit(1 / 1e6))
    return F.unix_micros(F.try_to_timestamp(text, F.lit(form))) * F.lit(1 / 1e6)


def find_form(head: DataFrame, mapping: ColumnMapping, rows: Int64Array, expected: Float64Array) -> Form:
    """The form of the times.

    Args:
        head: the first rows in order.
        mapping: whose ``timestamp`` and ``zone`` count.
        rows: of those that the library could use.
        expected: their unix seconds, as the library reads them.

    Raises:
        InputError: no form gives the same.
    """
    assert mapping.timestamp is not None
    kind = dict(head.dtypes)[mapping.timestamp]
    forms = list(_forms(kind))
    shown = head.select(*(seconds_of(mapping.timestamp, kind, form).alias(str(n)) for n, form in enumerate(forms)))
    found = pl.from_arrow(shown.toArrow())
    assert isinstance(found, pl.DataFrame)
    shift = 0.0 if mapping.zone is None else zone_seconds(mapping.zone)
    for number, form in enumerate(forms):
        seconds = found[str(number)].fill_null(float("nan")).to_numpy()[rows]
        for off in (0.0, shift):
            if off is not None and np.array_equal(seconds - off, expected):
                return form, off
    raise InputError(
        f"the times in {mapping.timestamp!r} are in a form that the Spark engine does not read; write them as unix "
        "seconds, as 2011-12-09 12:50:00 or in parquet, or read the file without --engine spark"
    )


def _forms(kind: str) -> Iterator[str]:
    if kind.startswith(("timestamp", "date")):
        yield "dates"
    elif kind == "string":
        yield from (*SCALES, "ISO 8601", *_PATTERNS)
    else:
        yield from SCALES
