"""A log or a bundled data set, ready to train on: the arrays that the pages show, and the session that gives them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recemb_core.arrays import StrArray
from recemb_core.config_fields import check_name, from_text
from recemb_core.datasets import load_dataset
from recemb_core.item_graph import ItemGraph
from recemb_core.plans import counts_graph, gap_of, graph_config, made_of
from recemb_core.readers import Assumption, CleaningConfig, CleaningStep, ColumnMapping, Reading
from recemb_core.readers.assembly import details_table, parse_log
from recemb_core.readers.reading import OF_THE_TABLE
from recemb_core.readers.said import all_assumptions
from recemb_core.readers.sources import read_bytes
from recemb_core.sequences import Sequences, clean_log, split_sessions
from recemb_core.session_file import FileMark, SessionFile
from recemb_core.side_information import data_fingerprint
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a model can be trained on.

    Attributes:
        name: of the data set or the file.
        session: the session that gives it again: data or file, and the whole reading.
        sequences: behavior, or None of a graph alone.
        own_graph: a data set or a file that is a graph itself; walks use it as it is.
        side_info: one row an item, or None.
        assumptions: what the file did not say itself, the doubtful first.
        report: what each step of the cleaning did.
        notes: what else is to be known, one sentence each.
        labels: known groups of its items by name, str (n,) each.
    """

    name: str
    session: SessionFile
    sequences: Sequences | None
    own_graph: ItemGraph | None = None
    side_info: pl.DataFrame | None = None
    assumptions: tuple[Assumption, ...] = ()
    report: tuple[CleaningStep, ...] = ()
    notes: tuple[str, ...] = ()
    labels: Mapping[str, StrArray] = field(default_factory=dict)

    @property
    def items(self) -> Vocabulary:
        """The items, in the order of all arrays."""
        return self._source.items

    @property
    def _source(self) -> Sequences | ItemGraph:
        source = self.sequences if self.sequences is not None else self.own_graph
        assert source is not None  # what is opened has one of the two
        return source

    @cached_property
    def fingerprint(self) -> str:
        """A hash of behavior or graph and item details, the same on the pages."""
        return data_fingerprint(self._source, self.side_info)

    @property
    def details(self) -> tuple[str, ...]:
        """What is known of each item, by the names of the columns."""
        return () if self.side_info is None else tuple(self.side_info.columns)

    @cached_property
    def graph(self) -> ItemGraph:
        """The graph that walks use: its own, or made as the session says."""
        if self.own_graph is not None:
            return self.own_graph
        assert self.sequences is not None
        return graph_config(self.session, ordered=self.sequences.ordered).build(self.sequences)

    @property
    def counts(self) -> dict[str, int]:
        """How much of everything there is."""
        found = {"items": len(self.items)}
        if self.sequences is not None:
            found |= {"events": len(self.sequences.tokens), "sequences": len(self.sequences)}
            if self.sequences.users is not None:
                found["users"] = len(set(self.sequences.users.tolist()))
        if self.own_graph is not None:
            found["edges"] = self.own_graph.num_edges
        return found


def prepare_bundled(name: str, session: SessionFile | None = None) -> Prepared:
    """A bundled data set; a log with times is cut into sessions at the session's gap, as on the pages.

    Raises:
        UsageError: no such data set or setting of it, a gap that leaves nothing, or a graph alone whose graph should
            be counted from its log.

    >>> prepare_bundled("karate_club").counts
    {'items': 34, 'edges': 78}
    """
    session = replace(session or SessionFile(), data=name, file=None, details=None, reading=None)
    made, counted = made_of(session), counts_graph(session)
    data = load_dataset(name, **made)
    if made:
        session = replace(session, made=made)
    sequences, gap, graph = data.sequences, gap_of(session), data.graph
    if counted:
        if sequences is None:
            raise UsageError(f"{name} has no log to count a graph from; leave out graph_from")
        graph, session = None, replace(session, graph_from="log")
    if sequences is not None and sequences.ordered and sequences.timestamps is not None:
        sequences = split_sessions(sequences, gap_minutes=gap)
        session = replace(session, gap_minutes=gap)
    side_info = data.side_info if sequences is None else sequences.side_info
    report = () if sequences is None else sequences.report
    return Prepared(name, session, sequences, graph, side_info, report=report, labels=data.labels)


def prepare_file(
    path: str | os.PathLike[str],
    details: str | os.PathLike[str] | None = None,
    *,
    session: SessionFile | None = None,
    reading: Mapping[str, str] | None = None,
) -> Prepared:
    """A file of one's own, read by a session's reading, and cleaned.

    Args:
        path: the log, in any format that is read.
        details: a table with a row an item.
        session: whose reading is used, where it has one; without it all is guessed.
        reading: further arguments of ``Reading``, ``ColumnMapping`` and ``CleaningConfig`` by name, as text.

    Raises:
        InputError: the file cannot be used, or a setting that a reading does not have.

    >>> import tempfile
    >>> log = Path(tempfile.mkdtemp()) / "log.csv"
    >>> _ = log.write_text("user,item,time\\nann,tea,0\\nann,cup,60\\nann,pot,90060\\nann,tea,90120\\n")
    >>> prepare_file(log, reading={"gap_minutes": "2000"}).counts
    {'items': 3, 'events': 4, 'sequences': 1, 'users': 1}
    """
    path, session = Path(path), session or SessionFile()
    data = read_bytes(path).data
    mark, notes = FileMark.of(path.name, data), list[str]()
    if session.file is not None and session.file.digest != mark.digest:
        notes.append(
            f"The session was saved for {session.file.name}, another file: its reading is used for {path.name}."
        )
    side = None if details is None else read_bytes(Path(details)).data
    marks = None if details is None or side is None else FileMark.of(Path(details).name, side)
    if session.details is not None and marks is None:
        notes.append(
            f"The session used {session.details.name} as item details, and none are given: it is read without."
        )
    asked = changed_reading(session.reading or Reading(), reading or {}, of_the_table=True)
    table = asked.table(data, path.name)
    asked = changed_reading(asked.completed(table), reading or {}, of_the_table=False)
    second = None if side is None else Reading().table(side, Path(details or "").name)
    saved = replace(session, data="", file=mark, details=marks, reading=asked, gap_minutes=None)
    assert asked.columns is not None
    if asked.columns.shape == "edges":
        from recemb_core.item_graph.edge_lists import read_edges

        graph = read_edges(table, reading=asked, side_info=second)
        said = all_assumptions(table, asked, None, None)
        if second is None and details_table(table, asked, None) is not None:
            notes.append("The item details in the archive are not used for an edge list; give them as a file.")
        return Prepared(path.name, saved, None, graph, graph.side_info, said, notes=(*notes, f"Graph: {graph.rule}."))
    log = parse_log(table, asked, second)
    sequences = clean_log(log, asked.cleaning)
    saved = replace(saved, reading=log.reading)
    return Prepared(
        path.name,
        saved,
        sequences,
        None,
        sequences.side_info,
        log.assumptions,
        sequences.report,
        (*notes, *sequences.notes),
    )


def changed_reading(reading: Reading, told: Mapping[str, str], *, of_the_table: bool) -> Reading:
    """A reading with what a person wrote: first what decides on the table, then what its columns are."""
    known, changes = reading_settings(), dict[str, Any]()
    for name, text in told.items():
        check_name(name, sorted(known), "a reading")
        if (name in OF_THE_TABLE) is of_the_table:
            changes[name] = from_text(known[name], name, text)
    return reading.changed(changes) if changes else reading


def reading_settings() -> dict[str, type]:
    """Every argument of a reading, of its columns and of its cleaning → the class that has it.

    >>> reading_settings()["min_count"].__name__
    'CleaningConfig'
    """
    parts = (ColumnMapping, CleaningConfig, Reading)
    found = {field.name: kind for kind in parts for field in dataclasses.fields(kind)}
    # How a column was found, and the groups themselves, are nothing to be set.
    return {name: kind for name, kind in found.items() if name not in ("why", "preset", "columns", "cleaning")}
