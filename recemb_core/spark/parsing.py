"""A log's columns → events, by the same reading as the library's own; where the first rows differ, it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from recemb_core.readers import Assumption, CleaningStep, InputError, Reading
from recemb_core.readers.assumptions import assumed
from recemb_core.readers.column_mapping import ColumnMapping
from recemb_core.readers.errors import counted, listed
from recemb_core.readers.events import LOST, MANY_LOST, Events, Parsed, parse_events
from recemb_core.readers.fill_down import filled_down
from recemb_core.readers.ids import INVISIBLE, MISSING, has_float_tails, visible
from recemb_core.readers.limits import limits
from recemb_core.readers.said import all_assumptions
from recemb_core.spark.connection import failures, reason
from recemb_core.spark.later_rows import kept_as_written, refuse_other_forms, written
from recemb_core.spark.settling import settled
from recemb_core.spark.tables import DAMAGED, PLACE, TORN, Source, named, open_source, refuse_other_encodings
from recemb_core.spark.times import Form, find_form, number_of, time_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_ID_ROLES = ("item", "user", "basket", "kind")
_NUMBERS = ("order", "weight", "rating", "dwell")
_NOT_HERE = ("clock", "click", "list_mark", "clicked", "cancelled", "fill_down")
_READ_OFF = ("time", *_NUMBERS)
_SPACE = r"(?U)^\s+|\s+$"
_EDGE = r"[\s" + INVISIBLE[1:]
_UNSEEN = rf"(?U)^{_EDGE}+|{_EDGE}+$|{INVISIBLE}"  # what nobody sees anywhere, and spaces at the ends
REASON = "_recemb_reason"
_ELSE = "; read it without --engine spark"


@dataclass(frozen=True, eq=False)
class SparkLog:
    """The usable events of a log.

    Attributes:
        frame: a row an event: ``item``, ``user``, ``basket`` (or session), ``time`` (unix seconds), ``order``,
            ``weight``, ``rating``, ``kind``, ``dwell`` and the row's place; null columns where there is none.
        reading: how it was read, with its columns said.
        step: what could not be used, as the first step of the cleaning.
        date_only: whether no time has an hour.
        days_repeat: whether somebody has two events on a day.
        name: of the file.
        notes: sentences that a person has to know.
        assumptions: what the first rows left to be guessed, the doubtful first.
    """

    frame: DataFrame
    reading: Reading
    step: CleaningStep
    date_only: bool
    days_repeat: bool
    name: str
    notes: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    @property
    def columns(self) -> ColumnMapping:
        """Which column plays which role."""
        assert self.reading.columns is not None
        return self.reading.columns


@dataclass(frozen=True)
class _Values:
    """What is decided on whole columns: whether whole numbers end with .0, in which form times are, units of dwell."""

    tails: frozenset[str] = frozenset()
    time: Form | None = None
    dwell: float = 1.0
    kinds: dict[str, str] = field(default_factory=dict)


def read_log(
    spark: SparkSession,
    source: Any,
    reading: Reading | None = None,
    told: Callable[[Reading], Reading] = lambda found: found,
) -> SparkLog:
    """A log as events, read as the library reads it.

    The columns, their roles and the form of the times are found on the first 20,000 rows by the library's own code;
    then Spark reads everything, and what it makes of these rows is compared with what the library makes of them, value
    by value. Where they differ, or later rows have times or numbers in other forms, nothing is read.

    Args:
        spark: from :func:`~recemb_core.spark.connect`.
        source: a path of a csv, tsv or parquet file (or a folder of parquet) that Spark can reach, or a DataFrame.
        reading: how to read it; left out, all is guessed.
        told: what is changed of the reading when its columns are guessed.

    Raises:
        InputError: see :func:`recemb_core.readers.events.parse_events`; or a kind of file, a role or a form of times
            that the Spark engine does not read.
    """
    try:
        return _read_log(spark, source, reading, told)
    except failures() as error:
        raise InputError(
            f"Spark cannot read the log ({reason(error)}); look at its values, or read it without --engine spark"
        ) from None


def _read_log(
    spark: SparkSession, source: Any, reading: Reading | None, told: Callable[[Reading], Reading]
) -> SparkLog:
    opened = open_source(spark, source, reading or Reading())
    reading = told((reading or Reading()).completed(opened.head))
    mapping = reading.columns
    assert mapping is not None
    expected = parse_events(opened.head, mapping)
    _refuse_what_is_not_here(opened, mapping)
    head = spark.createDataFrame(_arrow(opened.raw.select(*_used(mapping))))
    seconds = expected.events.time
    times = None if seconds is None else find_form(head, mapping, expected.events.row, seconds)
    dwell = _dwell_unit(opened, mapping, expected)
    values = _decide(spark, opened, mapping, times, dwell)
    _compare(head, expected, mapping, replace(values, tails=_tails_of_head(opened, mapping)), opened.name)
    frame = settled(_events(opened.frame, mapping, values))
    of_values = frame.where(f"coalesce({REASON}, 'no time') in ('no time', 'no order', 'no weight')")
    refuse_other_forms(of_values, mapping, times, opened.name)
    step, date_only, days_repeat, lost = _usable(frame, mapping, opened)
    notes = [f"Columns and forms of values were found on the first {counted(len(opened.head.frame), 'row')}."]
    if not opened.placed:
        notes.append("The rows of a DataFrame have no order: events of one user at one time go by the item's id.")
    if mapping.title or mapping.side or reading.details_key:
        notes.append("Item details are not carried along by the Spark engine.")
    kept = frame.where(f"{REASON} is null").drop(REASON, *map(written, _READ_OFF))
    said = (*lost, *(a for a in all_assumptions(opened.head, reading, expected, None) if a.name != LOST))
    return SparkLog(kept, reading, step, date_only, days_repeat, opened.name, tuple(notes), said)


def _refuse_what_is_not_here(opened: Source, mapping: ColumnMapping) -> None:
    if mapping.shape not in ("events", "baskets"):
        raise InputError(f"the Spark engine reads a row an event, and {opened.name} has {mapping.shape}{_ELSE}")
    for name in _NOT_HERE:
        if getattr(mapping, name):
            raise InputError(f"the Spark engine does not know the role or setting {name!r} ({opened.name}){_ELSE}")
    if made := [column for column in _used(mapping) if column not in opened.raw.columns]:
        raise InputError(f"{listed(made)} of {opened.name} stand inside other columns{_ELSE}")
    assert mapping.item is not None
    if opened.head.frame.schema[mapping.item].is_nested():
        raise InputError(f"column {mapping.item!r} of {opened.name} holds lists of items{_ELSE}")
    filled, _ = filled_down(opened.head.frame, mapping, layout=opened.head.format in ("csv", "tsv"))
    if filled is not opened.head.frame:
        raise InputError(f"empty fields of {opened.name} repeat the ones above, and Spark's rows have no above{_ELSE}")


def _dwell_unit(opened: Source, mapping: ColumnMapping, expected: Parsed) -> float:
    if mapping.dwell is None or expected.events.dwell is None:
        return 1.0
    from recemb_core.readers.content import to_numbers
    from recemb_core.readers.suspicions import dwell_said

    numbers = to_numbers(opened.head.frame[mapping.dwell], mapping.decimal).fill_null(float("nan")).to_numpy()
    return float(dwell_said(numbers, mapping.dwell, mapping.dwell_unit)[0])


def _used(mapping: ColumnMapping) -> list[str]:
    """The columns that events are made of."""
    values = (mapping.timestamp, *(getattr(mapping, role) for role in _NUMBERS))
    return list(dict.fromkeys((*_id_columns(mapping).values(), *(column for column in values if column is not None))))


def _id_columns(mapping: ColumnMapping) -> dict[str, str]:
    group = mapping.basket or mapping.session
    roles = {"item": mapping.item, "user": mapping.user, "basket": group, "kind": mapping.event_type}
    return {role: column for role, column in roles.items() if column is not None}


def _decide(spark: SparkSession, opened: Source, mapping: ColumnMapping, times: Form | None, dwell: float) -> _Values:
    """What depends on all rows of a column, in one pass."""
    from pyspark.sql import functions as F

    frame = opened.frame
    kinds, asked = dict(frame.dtypes), []
    for role, column in _id_columns(mapping).items():
        value = named(column)
        if kinds[column] in ("double", "float"):
            asked.append(F.max((value % 1 != 0) & ~F.isnan(value)).alias(f"{role} part"))
        elif kinds[column] == "string" and not mapping.ids_as_written:
            asked.append(F.max(value.contains(".0")).alias(f"{role} tail"))
        if opened.text:
            asked.append(F.max(value.contains(DAMAGED)).alias(f"{role} damaged"))
    told: dict[str, Any] = frame.agg(*asked).collect()[0].asDict() if asked else {}
    for role, column in _id_columns(mapping).items():
        if told.get(f"{role} damaged"):
            refuse_other_encodings(spark, opened.text, opened.name)
        if told.get(f"{role} part"):
            raise InputError(f"column {column!r} holds numbers with decimals, which are no ids; choose another column")
    return _Values(_float_tails(frame, mapping, [r for r in _ID_ROLES if told.get(f"{r} tail")]), times, dwell, kinds)


def _tails_of_head(opened: Source, mapping: ColumnMapping) -> frozenset[str]:
    """What :func:`_float_tails` finds, of the first rows alone: these may have none where later ones have."""
    frame = opened.head.frame
    texts = {role: frame[column] for role, column in _id_columns(mapping).items() if frame[column].dtype == pl.String}
    if mapping.ids_as_written:
        return frozenset()
    return frozenset(role for role, text in texts.items() if has_float_tails(_known(text, mapping)))


def _known(text: pl.Series, mapping: ColumnMapping) -> pl.Series:
    tidy = visible(text).str.strip_chars()
    return tidy.filter(~tidy.is_in(MISSING if mapping.missing is None else mapping.missing).fill_null(True))


def _float_tails(frame: DataFrame, mapping: ColumnMapping, suspects: list[str]) -> frozenset[str]:
    """Of columns with a .0 somewhere, those that are whole numbers throughout, some of them with .0 behind."""
    from pyspark.sql import functions as F

    columns, asked = _id_columns(mapping), []
    for role in suspects:
        text = _tidy(named(columns[role]), mapping)
        asked.append((F.max(text.endswith(".0")) & F.min(text.rlike(r"^\d+(?:\.0)?$"))).alias(role))
    told = frame.agg(*asked).collect()[0].asDict() if asked else {}
    return frozenset(role for role, yes in told.items() if yes)


def _tidy(value: Column, mapping: ColumnMapping) -> Column:
    from pyspark.sql import functions as F

    text = value.cast("string")
    missing = MISSING if mapping.missing is None else mapping.missing
    if mapping.ids_as_written:
        return F.when(~F.regexp_replace(text, _SPACE, "").isin(*missing), text)
    text = F.regexp_replace(text, _UNSEEN, "")
    return F.when(~text.isin(*missing), text)


def _id(column: str, role: str, mapping: ColumnMapping, values: _Values) -> Column:
    from pyspark.sql import functions as F

    value = named(column)
    if values.kinds[column] in ("double", "float"):
        return F.when(~F.isnan(value), value.cast("bigint").cast("string"))
    text = _tidy(value, mapping)
    return F.regexp_replace(text, r"\.0$", "") if role in values.tails else text


def _events(frame: DataFrame, mapping: ColumnMapping, values: _Values) -> DataFrame:
    """Every row with its values and the reason why it cannot be used."""
    from pyspark.sql import functions as F

    ids = {role: _id(column, role, mapping, values) for role, column in _id_columns(mapping).items()}
    columns: dict[str, Column] = {role: ids.get(role, F.lit(None).cast("string")) for role in _ID_ROLES}
    columns |= dict.fromkeys(_READ_OFF, F.lit(None).cast("double"))
    for role in _READ_OFF:
        column = mapping.timestamp if role == "time" else getattr(mapping, role)
        if column is None:
            continue
        kind = values.kinds[column]
        if role == "time" and values.time is not None:
            columns[role] = time_of(mapping, kind, values.time)
        elif role != "time":
            number = number_of(column, kind)
            columns[role] = number / F.lit(values.dwell) if role == "dwell" else number
        if kind == "string":
            columns[written(role)] = kept_as_written(named(column), columns[role])
    columns[PLACE] = F.col(PLACE) if PLACE in frame.columns else F.lit(0)
    torn = F.col(TORN).isNotNull() if TORN in frame.columns else F.lit(False)
    shown = frame.select(*(column.alias(name) for name, column in columns.items()), torn.alias(TORN))
    return shown.withColumn(REASON, _reason(mapping)).drop(TORN)


def _reason(mapping: ColumnMapping) -> Column:
    from pyspark.sql import functions as F

    long = limits().id_length
    group = mapping.basket or mapping.session
    asked: list[tuple[str, Column]] = [("torn", F.col(TORN)), ("no item", F.col("item").isNull())]
    if group is not None:
        asked.append(("no basket", F.col("basket").isNull()))
    if mapping.user is not None and (group is None or not mapping.keep_anonymous):
        asked.append(("no user", F.col("user").isNull()))
    asked += [("long", F.length(role) > long) for role in ("item", "basket", "user")]
    if mapping.timestamp is not None:
        asked.append(("no time", F.col("time").isNull()))
    if mapping.order is not None:
        asked.append(("no order", F.col("order").isNull() | F.isnan("order")))
    if mapping.weight is not None:
        infinite = F.isnan("weight") | (F.abs("weight") == F.lit(float("inf")))
        asked.append(("no weight", F.col("weight").isNull() | infinite))
    return F.coalesce(*(F.when(wrong, F.lit(name)) for name, wrong in asked))


def _usable(
    frame: DataFrame, mapping: ColumnMapping, opened: Source
) -> tuple[CleaningStep, bool, bool, list[Assumption]]:
    """The first step; whether no time has an hour; whether somebody has two events on a day; what many rows lack."""
    from pyspark.sql import functions as F

    hour = F.max((F.col("time") % 86_400) != 0)
    found = frame.groupBy(REASON).agg(F.count("*"), F.countDistinct("item"), hour).collect()
    by = {why: (count, items, hours) for why, count, items, hours in found}
    rows, lost = sum(n for n, *_ in by.values()), {why: n for why, (n, *_) in by.items() if why is not None}
    if None not in by:
        raise InputError(f"none of the {counted(rows, 'row')} has all of its columns filled in; check the mapping")
    told = {
        "torn": "that could not be split into columns",
        "no item": f"with no item in {mapping.item!r}",
        "no user": f"with no user in {mapping.user!r}",
        "no basket": f"with no basket or session in {mapping.basket or mapping.session!r}",
        "long": f"with an id of over {limits().id_length:,} characters",
        "no time": f"with no readable time in {mapping.timestamp!r}",
        "no order": f"with no step number in {mapping.order!r}",
        "no weight": f"with no number in {mapping.weight!r}",
    }
    for why, count in lost.items():
        if count > 0.5 * rows and opened.head.format != "parquet":
            raise InputError(f"{counted(count, 'row')} of {rows:,} {told[why]}; choose another column")
    text = f"{counted(rows, 'row')} read"
    left = "; ".join(f"{counted(lost[why], 'row')} {words} left out" for why, words in told.items() if why in lost)
    text += f"; {left}." if left else ", every one usable."
    kept, items, hours = by[None]
    whole = frame.where(f"coalesce({REASON}, '') != 'torn'")  # in whose columns stands what belongs there
    of_all = whole.agg(F.countDistinct("item")).collect()[0][0] if lost else items
    step = CleaningStep("parse", text, (rows, kept), (of_all, items))
    many = [
        assumed(LOST, n, f"{counted(n, 'row')} of {rows:,} {told[why]} left out.", doubtful=True)
        for why, n in lost.items()
        if n > MANY_LOST * rows
    ]
    if mapping.timestamp is None or hours:
        return step, False, False, many
    usable = frame.where(F.col(REASON).isNull())
    day = F.floor(F.col("time") / 86_400)
    twice = usable.groupBy("user", day.alias("day")).count().where("count > 1").limit(1).count()
    return step, True, bool(twice), many


# --- what Spark makes of the first rows, beside what the library makes of them ---


def _arrow(frame: pl.DataFrame) -> Any:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _compare(head: DataFrame, parsed: Parsed, mapping: ColumnMapping, values: _Values, name: str) -> None:
    found = pl.from_arrow(_events(head, mapping, values).drop(PLACE).toArrow())
    assert isinstance(found, pl.DataFrame)
    events = parsed.events
    rows = found.with_row_index("row").filter(pl.col(REASON).is_null())
    wrong = "rows" if rows["row"].to_list() != events.row.tolist() else _unlike(rows, events, mapping)
    if wrong:
        raise InputError(
            f"Spark reads the {wrong} of {name} otherwise than this program does; write the file as parquet with plain "
            f"numbers and ids{_ELSE.replace('; read', ', or read')}"
        )


def _unlike(rows: pl.DataFrame, events: Events, mapping: ColumnMapping) -> str:
    """The first role whose values differ, or ""."""
    named = {"item": (events.item, events.item_ids), "user": (events.user, events.user_ids)}
    for role, (codes, ids) in named.items():
        if codes is None or ids is None:
            continue
        known = rows[role].is_not_null().to_numpy()
        if ids.gather(codes[known]).to_list() != rows[role].filter(pl.Series(known)).to_list():
            return f"{role}s"
    if events.kind is not None:
        kinds = [None if code < 0 else events.kinds[code] for code in events.kind]
        if kinds != rows["kind"].to_list():
            return "event types"
    for role in ("time", *_NUMBERS):
        expected = getattr(events, role)
        if expected is not None and not np.array_equal(
            rows[role].fill_null(float("nan")).to_numpy(), expected, equal_nan=True
        ):
            return f"values of {role}"
    return ""
