"""From events to sequences, step by step as :mod:`recemb_core.readers.cleaning` does it, on DataFrames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.readers import CleaningConfig, CleaningStep, InputError, Reading
from recemb_core.readers.errors import counted
from recemb_core.spark.parsing import SparkLog
from recemb_core.spark.settling import settled
from recemb_core.spark.tables import PLACE
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from recemb_core.sequences import Sequences

SEQUENCE = ("user", "basket", "number")  # what tells sequences apart
_DAY = 86_400


@dataclass(frozen=True, eq=False)
class SparkSequences:
    """Sequences as DataFrames.

    Attributes:
        events: a row an event: ``user``, ``basket``, ``number`` (together they name the sequence), ``position`` from 0,
            ``item`` (its row in ``items``), ``timestamp`` (unix seconds), ``weight``.
        items: ``row``, ``id``, ``count``; the commonest first, ties by id, as everywhere.
        ordered: False for baskets.
        n_items, n_events, n_sequences: how much there is.
        report: what each step did.
        reading: how the log was read, or None where none was.
        name: of the log.
        notes: sentences that a person has to know.
    """

    events: DataFrame
    items: DataFrame
    ordered: bool
    n_items: int
    n_events: int
    n_sequences: int
    report: tuple[CleaningStep, ...] = ()
    reading: Reading | None = None
    name: str = ""
    notes: tuple[str, ...] = ()

    def vocabulary(self) -> Vocabulary:
        """The items in the order of their rows, brought to the driver: as many strings as there are vectors."""
        ids = self.items.select("row", "id").toArrow().sort_by("row").column("id")
        return Vocabulary(ids.to_pylist())

    def collect(self) -> Sequences:
        """The same in one process; for what fits into its memory.

        Sequences are in the order of user, start and basket.
        """
        from recemb_core.sequences import Sequences

        frame = self.events.toArrow().to_pandas()
        start = frame.groupby([*SEQUENCE], dropna=False)["timestamp"].transform("min")
        frame = frame.assign(start=start).sort_values(["user", "start", "basket", "number", "position"], kind="stable")
        named = frame.groupby([*SEQUENCE], dropna=False, sort=False).ngroup().to_numpy()
        cuts = np.append(np.flatnonzero(np.diff(named, prepend=-1)), len(frame)).astype(np.int64)
        known = {name: not frame[name].isna().all() for name in ("user", "timestamp", "weight")}
        mapping = None if self.reading is None else self.reading.columns
        known["user"] |= mapping is not None and mapping.user is not None  # all of them may be nobody known
        users = frame["user"].fillna("unknown").to_numpy()[cuts[:-1]].astype(np.str_) if known["user"] else None
        return Sequences(
            self.vocabulary(),
            cuts,
            frame["item"].to_numpy().astype(np.int32),
            self.ordered,
            users,
            frame["timestamp"].to_numpy() if known["timestamp"] else None,
            frame["weight"].to_numpy().astype(np.float32) if known["weight"] else None,
            report=self.report,
        )


class _Run:
    """The events after each step, and what each did."""

    def __init__(self, log: SparkLog) -> None:
        self.frame, self.steps = log.frame, [log.step]

    def keep(self, name: str, condition: Column, text: str, cure: str) -> None:
        """Keep rows; ``{n}`` in the text stands for how many were dropped."""
        self.frame = self.frame.where(condition)
        self.count(name, text, cure)

    def count(self, name: str, text: str, cure: str) -> None:
        """Count what a step has left, and say it."""
        from pyspark.sql import functions as F

        before = self.steps[-1]
        rows, items = self.frame.agg(F.count("*"), F.countDistinct("item")).collect()[0]
        said = text.replace("{n}", counted(before.rows[1] - rows, "row"))
        self.steps.append(CleaningStep(name, said, (before.rows[1], rows), (before.items[1], items)))
        if rows == 0:
            dropped = counted(before.rows[1], "row")
            raise InputError(f"no sequence is left: step “{name}” removed the last {dropped}; {cure}")


def clean_events(log: SparkLog, cleaning: CleaningConfig | None = None) -> SparkSequences:
    """Sequences of a log: filters, repeats, rare items, over-active users, sessions, short sessions.

    The steps and their order are those of :func:`recemb_core.readers.cleaning.clean`, and so are the sequences, events
    and weights; sequences are told apart by (user, basket, number) in place of their place in an array. Every step is a
    filter, an aggregation, or a window over one user or basket.

    Args:
        log: from :func:`~recemb_core.spark.read_log`.
        cleaning: the steps, instead of those of the log's reading.

    Raises:
        InputError: nothing is left, or a step needs a column that is not there.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    config = cleaning or log.reading.cleaning
    run = _Run(log)
    _filters(run, log, config)
    baskets = _grouped(run, log)
    grouped = _has_groups(log, baskets)
    _visits(run, config, baskets, grouped)
    _repeats(run, config, baskets, grouped)
    if config.min_count > 1:
        whole = F.count("*").over(Window.partitionBy("item"))
        text = f"{{n}} of items with fewer than {config.min_count} events dropped."
        run.frame = run.frame.withColumn("_n", whole)
        run.keep("rare items", F.col("_n") >= config.min_count, text, "lower min_count")
    if (limit := config.max_user_events) is not None:
        _needs(log.columns.user, "max_user_events", "user")
        # Whoever is not known is somebody else in each basket.
        owner = Window.partitionBy("user", F.when(F.col("user").isNull(), F.col("basket")))
        run.frame = run.frame.withColumn("_n", F.count("*").over(owner))
        text = f"{{n}} of users with more than {limit:,} events dropped."
        run.keep("over-active users", F.col("_n") <= limit, text, "raise max_user_events")
    return _finish(run, log, config, baskets, grouped)


def _needs(column: str | None, setting: str, role: str) -> None:
    if column is None:
        raise InputError(
            f"{setting} needs a column for the {role}, and none is mapped; map one, or leave {setting} out"
        )


def _filters(run: _Run, log: SparkLog, config: CleaningConfig) -> None:
    from pyspark.sql import functions as F

    mapping = log.columns
    if mapping.weight is not None and run.frame.where("weight <= 0").limit(1).count():
        text = f"{{n}} with {mapping.weight} of 0 or less dropped (returns and corrections)."
        run.keep("filter: returns", F.col("weight") > 0, text, "choose another column, or none, for the weight")
    if config.min_rating is not None:
        _needs(mapping.rating, "min_rating", "rating")
        text = f"{{n}} rated under {config.min_rating:g} or not at all dropped."
        run.keep("filter: rating", _at_least("rating", config.min_rating), text, "lower min_rating")
    if config.event_types is not None:
        _needs(mapping.event_type, "event_types", "event type")
        wanted = sorted(name.strip().lower() for name in config.event_types)
        known = {str(row[0]).lower() for row in run.frame.select("kind").distinct().limit(1_000).collect()}
        if unknown := [name for name in wanted if name not in known]:
            raise InputError(f"there is no event type {unknown[0]!r} in column {mapping.event_type!r}")
        text = f"{{n}} of other types than {', '.join(config.event_types)} dropped."
        run.keep("filter: event type", F.lower("kind").isin(wanted), text, "choose another event type")
    if config.min_dwell_seconds is not None:
        _needs(mapping.dwell, "min_dwell_seconds", "dwell time")
        text = f"{{n}} looked at for under {config.min_dwell_seconds:g} seconds, or without a dwell time, dropped."
        run.keep("filter: dwell time", _at_least("dwell", config.min_dwell_seconds), text, "lower min_dwell_seconds")


def _at_least(column: str, least: float) -> Column:
    """Spark holds NaN to be larger than every number."""
    from pyspark.sql import functions as F

    return (F.col(column) >= least) & ~F.isnan(column)


def _grouped(run: _Run, log: SparkLog) -> bool:
    """Whether the sequences are baskets; days and users that are baskets get their names."""
    from pyspark.sql import functions as F

    mapping = log.columns
    if mapping.basket or mapping.session:
        given = mapping.shape == "baskets" and mapping.basket is not None
        return given if mapping.ordered is None else not mapping.ordered
    if mapping.ordered is False and mapping.timestamp is None and mapping.user is not None:
        run.frame = run.frame.withColumn("basket", F.lit("all"))
        return True
    if not log.date_only or mapping.order is not None or not log.days_repeat:
        return False
    run.frame = run.frame.withColumn("basket", F.floor(F.col("time") / _DAY).cast("string"))
    return not mapping.ordered


def _has_groups(log: SparkLog, baskets: bool) -> bool:
    mapping = log.columns
    days = log.date_only and log.days_repeat and mapping.order is None
    return bool(mapping.basket or mapping.session) or baskets or days


def _in_order(baskets: bool, grouped: bool, *, placed: bool) -> list[Any]:
    """What events of a user or basket are sorted by: see ``cleaning._sorted``."""
    tie = PLACE if placed else "item"
    keys = [] if baskets else ["order", "time"] if grouped else ["time", "order"]
    return [*keys, tie]


def _visits(run: _Run, config: CleaningConfig, baskets: bool, grouped: bool) -> None:
    """Number the sessions that pauses part: an event that a later step drops was no pause all the same."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    placed = dict(run.frame.dtypes)[PLACE] != "int"
    line = Window.partitionBy("user", "basket").orderBy(*_in_order(baskets, grouped, placed=placed))
    cut = run.frame.withColumn("_starts", _pause(config, line, grouped).cast("int"))
    so_far = line.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    run.frame = settled(cut.withColumn("number", F.sum("_starts").over(so_far).cast("int")).drop("_starts"))


def _repeats(run: _Run, config: CleaningConfig, baskets: bool, grouped: bool) -> None:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    placed = dict(run.frame.dtypes)[PLACE] != "int"
    ways = _in_order(baskets, grouped, placed=placed)
    if baskets:
        once = Window.partitionBy("user", "basket", "item")
        run.frame = (
            run.frame.withColumn("time", F.min("time").over(Window.partitionBy("user", "basket")))
            .withColumn("weight", F.sum("weight").over(once))
            .withColumn("_n", F.row_number().over(once.orderBy(*ways)))
        )
        run.keep("repeats", F.col("_n") == 1, "{n} dropped for naming an item again in the same basket.", "")
    elif config.drop_repeats:
        before = F.lag("item").over(Window.partitionBy(*SEQUENCE).orderBy(*ways))
        same = before.isNotNull() & (before == F.col("item"))
        run.frame = run.frame.withColumn("_n", same)
        run.keep("repeats", ~F.col("_n"), "{n} dropped for repeating the item just before.", "")
    else:
        return
    run.frame = settled(run.frame.drop("_n"))


def _pause(config: CleaningConfig, line: Any, grouped: bool) -> Column:
    """Whether a session begins here because the pause before was too long."""
    from pyspark.sql import functions as F

    if grouped or not np.isfinite(config.gap_minutes):
        return F.lit(False)
    return F.coalesce(F.col("time") - F.lag("time").over(line) > config.gap_minutes * 60.0, F.lit(False))


def _finish(run: _Run, log: SparkLog, config: CleaningConfig, baskets: bool, grouped: bool) -> SparkSequences:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    placed = dict(run.frame.dtypes)[PLACE] != "int"
    inside = Window.partitionBy(*SEQUENCE)
    cut = run.frame.withColumn("_n", F.count("*").over(inside))
    place = F.row_number().over(inside.orderBy(*_in_order(baskets, grouped, placed=placed))) - 1
    cut = settled(cut.withColumn("position", place))
    before, noun = run.steps[-1], "basket" if baskets else "sequence"
    opens, long = F.col("position") == 0, F.col("_n") >= config.min_length
    longest, total, left = cut.agg(F.max("_n"), F.count_if(opens), F.count_if(opens & long)).collect()[0]
    text = f"{counted(total, noun)}{'' if grouped else f', cut at pauses of more than {config.gap_minutes:g} minutes'}."
    run.steps.append(CleaningStep("sessions", text, (before.rows[1],) * 2, (before.items[1],) * 2, (total, total)))
    kept = cut.where(long)
    items = kept.groupBy("item").agg(F.count("*").alias("count"))
    ranked = Window.orderBy(F.desc("count"), "item")  # one task sorts the items; the vectors will be as many
    items = items.select((F.row_number().over(ranked) - 1).alias("row"), F.col("item").alias("id"), "count")
    items = settled(items)
    n_items, rows = items.agg(F.count("*"), F.sum("count")).collect()[0]
    text = f"{counted(total - left, noun)} shorter than {config.min_length} dropped, with "
    text += f"{counted(before.rows[1] - (rows or 0), 'event')}."
    step = (before.rows[1], rows or 0), (before.items[1], n_items), (total, left)
    run.steps.append(CleaningStep("short sessions", text, *step))
    if left == 0:
        raise InputError(
            f"no sequence is left: step “short sessions” removed all {counted(total, noun)}, the longest of which has "
            f"{counted(longest, 'event')}, while min_length is {config.min_length}; "
            "lower min_length or raise gap_minutes"
        )
    named = kept.withColumnRenamed("item", "id").join(items.select("id", "row"), "id")
    events = settled(
        named.select(
            *SEQUENCE,
            "position",
            F.col("row").alias("item"),
            F.col("time").alias("timestamp"),
            F.col("weight").cast("float").alias("weight"),
        )
    )
    events.count()  # done now, so that what it was made of can go
    for helper in (cut, run.frame):
        helper.unpersist()
    return SparkSequences(
        events, items, not baskets, n_items, rows, left, tuple(run.steps), log.reading, log.name, log.notes
    )


def from_sequences(spark: SparkSession, sequences: Sequences, name: str = "sequences") -> SparkSequences:
    """Sequences that are in memory already, as DataFrames: how a bundled data set comes to Spark."""
    import polars as pl

    number = np.repeat(np.arange(len(sequences)), sequences.lengths)
    nothing = pl.Series([None] * len(number), dtype=pl.Float64)
    users = pl.Series([None] * len(sequences), dtype=pl.String)
    if sequences.users is not None:
        users = pl.Series(sequences.users.tolist(), dtype=pl.String)
    events = pl.DataFrame(
        {
            "user": users.gather(number),
            "basket": pl.Series(number).cast(pl.String),
            "number": np.zeros(len(number), np.int32),
            "position": (np.arange(len(number)) - sequences.offsets[number]).astype(np.int32),
            "item": sequences.tokens,
            "timestamp": nothing if sequences.timestamps is None else sequences.timestamps,
            "weight": nothing.cast(pl.Float32) if sequences.weights is None else sequences.weights,
        }
    )
    n = len(sequences.items)
    items = pl.DataFrame(
        {"row": np.arange(n, dtype=np.int32), "id": list(sequences.items.ids), "count": sequences.counts}
    )
    there, known = (
        settled(spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest())))
        for frame in (events, items)
    )
    size = (n, len(number), len(sequences))
    return SparkSequences(there, known, sequences.ordered, *size, sequences.report, name=name)
