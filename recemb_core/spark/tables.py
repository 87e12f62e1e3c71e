"""Files as Spark DataFrames, and their first rows as the tables that the library's own reading works on."""

from __future__ import annotations

import os
import re
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from recemb_core.readers import InputError, Reading
from recemb_core.readers.errors import listed, shortened
from recemb_core.readers.table import Table
from recemb_core.spark.connection import failures, reason

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

HEAD = 20_000  # rows that columns, forms of times and dialect are judged by
PLACE = "_recemb_place"  # where a row stands in its files, to settle ties of time
TORN = "_recemb_torn"  # a line that could not be split into the columns
_READ = "_recemb_read"  # which reading a row is of
DAMAGED = "\ufffd"  # what Spark makes of bytes that are no UTF-8, whatever letters they were
_COMPARED = 1_000
_TEXT, _PARQUET = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"), (".parquet", ".pq")


@dataclass(frozen=True, eq=False)
class Source:
    """A log before its columns are understood.

    Attributes:
        frame: the columns, all text of a text file; with ``PLACE``, and with ``TORN`` of a text file.
        head: the first rows, as the library reads them.
        raw: the same as they are: in parquet, with types that the library makes others of.
        name: of the file.
        placed: whether the rows have an order of their own; those of a DataFrame have none.
        text: the path of a text file, or "".
    """

    frame: DataFrame
    head: Table
    raw: pl.DataFrame
    name: str
    placed: bool
    text: str = ""


def open_source(spark: SparkSession, source: Any, reading: Reading) -> Source:
    """A path (csv, tsv or parquet; a file or a folder, wherever Spark can read) or a DataFrame.

    Raises:
        InputError: another kind of file, nothing in it, or text that Spark splits otherwise than the library.
    """
    from pyspark.sql import functions as F

    if not isinstance(source, str | os.PathLike):
        raw = _to_polars(source.limit(HEAD))
        head = _plain_head(raw, reading, "frame", "the DataFrame")
        return Source(_of_this_reading(source.withColumn(PLACE, F.lit(0))), head, raw, "the DataFrame", False)
    path = os.fspath(source)
    name = path.rstrip("/").rsplit("/", 1)[-1]
    ending, path = name.lower(), _by_name(path, name)
    if ending.endswith(_PARQUET) or (not ending.endswith(_TEXT) and _is_folder(path)):
        frame = _told(lambda: spark.read.parquet(path), path)
        raw = _told(lambda: _to_polars(frame.limit(HEAD)), path)
        return Source(_placed(frame), _plain_head(raw, reading, "parquet", name), raw, name, True)
    if not ending.endswith(_TEXT):
        raise InputError(
            f"{shortened(name)!r} is no csv, tsv or parquet, which the Spark engine reads; without --engine spark "
            "every format is read"
        )
    lines = _told(lambda: [row[0] for row in spark.read.text(path).limit(HEAD + 1).collect()], path)
    if any(DAMAGED in line for line in lines):
        refuse_other_encodings(spark, path, name)
    head = reading.table("\n".join((*lines, "")).encode(), re.sub(r"\.gz$", "", name))
    _refuse_empty(head)
    if head.format not in ("csv", "tsv") or head.delimiter is None:
        raise InputError(f"{name} is no table with a row an event ({head.format}); read it without --engine spark")
    return Source(_delimited(spark, path, head, name), head, head.frame, name, True, path)


def _delimited(spark: SparkSession, path: str, head: Table, name: str) -> DataFrame:
    """The file as Spark splits it, with or without a line of names: whichever gives the rows that the library gives."""
    columns, delimiter = head.frame.columns, head.delimiter or ","
    clash = sorted({c.lower() for c in columns if sum(c.lower() == other.lower() for other in columns) > 1})
    if clash:
        raise InputError(f"{name}: Spark cannot tell columns apart whose names differ in capitals ({listed(clash)})")
    expected = [tuple(map(_plain, row)) for row in head.frame.head(_COMPARED).iter_rows()]
    from pyspark.sql.types import StringType, StructField, StructType

    schema = StructType([StructField(column, StringType()) for column in (*columns, TORN)])
    for header in (True, False):
        frame = (
            spark.read.schema(schema)
            .option("sep", delimiter)
            .option("header", header)
            .option("quote", '"')
            .option("escape", '"')
            .option("mode", "PERMISSIVE")
            .option("columnNameOfCorruptRecord", TORN)
            .option("columnPruning", False)  # or lines are not torn whose unused fields are too many
            .csv(path)
        ).withColumn(TORN, _too_long(len(columns), delimiter))
        found = frame.limit(_COMPARED).collect()
        if [tuple(_plain(row[c]) for c in columns) for row in found if row[TORN] is None][: len(expected)] == expected:
            return _placed(frame)
    raise InputError(
        f"Spark splits {name} into other fields than this program does (quotes, lines above the table, an encoding); "
        "write it as parquet, or read it without --engine spark"
    )


def _too_long(columns: int, delimiter: str) -> Column:
    """A line that is torn for having too many fields, as in the library; too few of them are empty ones at its end."""
    from pyspark.sql import functions as F

    line = F.col(TORN)
    fields = F.length(line) - F.length(F.replace(line, F.lit(delimiter), F.lit(""))) + 1
    return F.when(line.contains('"') | (fields > columns), line)


def refuse_other_encodings(spark: SparkSession, path: str, name: str) -> None:
    """Refuse text that is no UTF-8: ids that differ in such letters would be one id. Marks that the file has may stay.

    Raises:
        InputError: a line is no UTF-8.
    """
    from pyspark.sql import functions as F

    if _told(lambda: spark.read.text(path).where(~F.is_valid_utf8("value")).limit(1).count(), path):
        raise InputError(
            f"{name} is not written in UTF-8, in which Spark reads text; write it so, or as parquet, or read it "
            "without --engine spark"
        )


def _placed(frame: DataFrame) -> DataFrame:
    """The rows with their place: file, part of the file, row in that part; the same however many parts are read."""
    from pyspark.sql import functions as F

    place = F.struct(
        F.col("_metadata.file_path"), F.col("_metadata.file_block_start"), F.monotonically_increasing_id().alias("row")
    )
    return _of_this_reading(frame.select("*", place.alias(PLACE)))


def _of_this_reading(frame: DataFrame) -> DataFrame:
    """The frame with a mark of its own: a plan that Spark has kept is answered from there, though the file changed."""
    from pyspark.sql import functions as F

    return frame.withColumn(_READ, F.lit(uuid.uuid4().hex))


def named(column: str) -> Column:
    """A column by its name, whatever stands in it: dots and backticks mean something to Spark."""
    from pyspark.sql import functions as F

    return F.col(f"`{column.replace('`', '``')}`")


def _to_polars(frame: DataFrame) -> pl.DataFrame:
    found = pl.from_arrow(frame.toArrow())
    assert isinstance(found, pl.DataFrame)
    return found


def _plain(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _plain_head(raw: pl.DataFrame, reading: Reading, form: str, name: str) -> Table:
    """The rows as the library takes them: values inside values taken apart, what is no plain value left out."""
    _refuse_empty(Table(raw, form, name))
    head = replace(reading.table(raw, name), format=form, name=name)
    if len(head.frame) != len(raw):
        raise InputError(f"rows of {name} hold several events each; read it without --engine spark")
    return head


def _refuse_empty(head: Table) -> None:
    if not len(head.frame):
        raise InputError(f"{head.name} has no rows; give a log with events")


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) or ("://" in path and "." not in path.rstrip("/").rsplit("/", 1)[-1])


def _told(read: Any, path: str) -> Any:
    """What a reading gives; a sentence where Spark cannot read."""
    try:
        return read()
    except failures() as error:
        raise InputError(
            f"{shortened(path, 200)} cannot be read by Spark ({reason(error)}); look whether it is there and whole, or "
            "read it without --engine spark"
        ) from None


def _by_name(path: str, name: str) -> str:
    """A path as Spark is to be told it: a file that is there is that file, whatever its name would match."""
    if "://" in path or not os.path.exists(path):
        return path
    if os.path.isfile(path) and name.startswith(("_", ".")):
        raise InputError(f"Spark passes over files whose names begin with _ or ., as {name!r} does; rename it")
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", path)
