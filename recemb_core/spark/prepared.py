"""A log on Spark, ready to train on: what :mod:`recemb_core.prepared` is for one process."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recemb_core.arrays import Int64Array
from recemb_core.plans import graph_config
from recemb_core.prepared import changed_reading, prepare_bundled
from recemb_core.readers import Assumption, CleaningStep, Reading
from recemb_core.session_file import FileMark, SessionFile
from recemb_core.spark.cleaning import SEQUENCE, SparkSequences, clean_events, from_sequences
from recemb_core.spark.edges import item_edges
from recemb_core.spark.graph import SparkGraph, from_graph
from recemb_core.spark.parsing import read_log
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Sizes(NamedTuple):
    """What the defaults of a model ask of sequences: the items, the length of each sequence, events of each item."""

    items: Vocabulary
    lengths: Int64Array
    counts: Int64Array


@dataclass(frozen=True, eq=False)
class SparkPrepared:
    """What a model can be trained on.

    Attributes:
        name: of the file or data set.
        session: the session that gives it again.
        items: the vocabulary, in the order of all vectors.
        sequences: behavior, or None of a graph alone.
        own_graph: of a data set that is a graph itself.
        assumptions: what the first rows did not say themselves, the doubtful first.
        report: what each step of the cleaning did.
        notes: what else is to be known, one sentence each.
        fingerprint: none: the hash of all events would need them in one place.
        details: none: Spark carries no item details.
    """

    name: str
    session: SessionFile
    items: Vocabulary
    sequences: SparkSequences | None
    own_graph: SparkGraph | None = None
    assumptions: tuple[Assumption, ...] = ()
    report: tuple[CleaningStep, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str = ""
    details: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How much of everything there is."""
        found = {"items": len(self.items)}
        if self.sequences is not None:
            found |= {"events": self.sequences.n_events, "sequences": self.sequences.n_sequences}
        return found

    def graph(self) -> SparkGraph:
        """The graph that walks use: its own, or made as the session says."""
        if self.own_graph is not None:
            return self.own_graph
        assert self.sequences is not None
        return item_edges(self.sequences, graph_config(self.session, ordered=self.sequences.ordered))

    def sizes(self) -> Sizes | None:
        """What a model's defaults go by; None of a graph alone."""
        if self.sequences is None:
            return None
        from pyspark.sql import functions as F

        by = self.sequences.events.groupBy(*SEQUENCE).count().groupBy("count").agg(F.count("*").alias("n")).toArrow()
        lengths = np.repeat(by.column("count").to_numpy(), by.column("n").to_numpy())
        counts = self.sequences.items.select("row", "count").toArrow().sort_by("row").column("count").to_numpy()
        return Sizes(self.items, np.sort(lengths), counts)


def prepare_on_spark(
    spark: SparkSession, source: str, session: SessionFile, told: Mapping[str, str] | None = None
) -> SparkPrepared:
    """A file of one's own.

    Args:
        spark: from :func:`~recemb_core.spark.connect`.
        source: a path that Spark can reach.
        session: whose reading is used where it has one, and whose graph, model and seed stay.
        told: further arguments of ``Reading``, ``ColumnMapping`` and ``CleaningConfig`` by name, as text.

    Raises:
        InputError: see :func:`~recemb_core.spark.read_log` and :func:`~recemb_core.spark.clean_events`.
    """
    told = told or {}
    asked = changed_reading(session.reading or Reading(), told, of_the_table=True)
    log = read_log(spark, source, asked, lambda found: changed_reading(found, told, of_the_table=False))
    sequences = clean_events(log)
    notes = list(sequences.notes)
    mark = _mark(Path(source))
    if mark is None:
        notes.append(f"{log.name} is no file of this computer: a saved session does not know it again.")
    if session.file is not None and mark is not None and session.file.digest != mark.digest:
        notes.append(
            f"The session was saved for {session.file.name}, another file: its reading is used for {log.name}."
        )
    if session.details is not None:
        notes.append(f"The session used {session.details.name} as item details, which the Spark engine leaves out.")
    saved = replace(session, data="", file=mark, details=None, reading=log.reading, gap_minutes=None)
    items = sequences.vocabulary()
    return SparkPrepared(log.name, saved, items, sequences, None, log.assumptions, sequences.report, tuple(notes))


def bundled_on_spark(spark: SparkSession, name: str, session: SessionFile) -> SparkPrepared:
    """A bundled data set: prepared in this process, which it fits into, and brought to Spark."""
    here = prepare_bundled(name, session)
    sequences = None if here.sequences is None else from_sequences(spark, here.sequences, here.name)
    own = None if here.own_graph is None else from_graph(spark, here.own_graph)
    return SparkPrepared(here.name, here.session, here.items, sequences, own, here.assumptions, here.report, here.notes)


def _mark(path: Path) -> FileMark | None:
    """The mark of a file on this computer, read piece by piece."""
    if not path.is_file():
        return None
    digest = hashlib.blake2b(digest_size=12)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return FileMark(name=path.name, size=path.stat().st_size, digest=digest.hexdigest())


def check_events_target(target: str) -> None:
    """Refuse a place for events before any work is done for it.

    Raises:
        UsageError: the target ends otherwise than in ``.parquet``, or is there already.
    """
    if not target.endswith(".parquet"):
        raise UsageError(f"--out must end in .parquet with --engine spark (a folder of parts), not {target!r}")
    if os.path.lexists(target):
        raise UsageError(f"{target} is there already; give another name, or remove it")


def write_events(sequences: SparkSequences, target: str) -> None:
    """The cleaned events as a folder of parquet: ``user``, ``session`` or ``basket``, ``order``, ``item``, …

    A folder appears when all of it is written. With a path that only the cluster sees, Spark's own commit sees to it.

    Raises:
        UsageError: the target ends otherwise, or is there already.
    """
    from pyspark.sql import functions as F

    check_events_target(target)
    named = sequences.events.withColumnRenamed("item", "row").join(sequences.items.select("row", "id"), "row")
    kind = "session" if sequences.ordered else "basket"
    order = ["position"] if sequences.ordered else []
    lines = (
        named.repartition(*SEQUENCE)
        .sortWithinPartitions(*SEQUENCE, "position")
        .select(
            "user",
            F.coalesce("basket", F.col("number").cast("string")).alias(kind),
            *(F.col(name).alias("order") for name in order),
            F.col("id").alias("item"),
            "timestamp",
            "weight",
        )
    )
    here = "://" not in target and Path(target).absolute().parent.is_dir()
    part = f"{target}.{uuid.uuid4().hex[:8]}.part" if here else target  # no folder that somebody has
    try:
        lines.write.mode("errorifexists").parquet(part)
        if here and os.path.isdir(part):
            os.replace(part, target)
    finally:
        if here:
            shutil.rmtree(part, ignore_errors=True)
