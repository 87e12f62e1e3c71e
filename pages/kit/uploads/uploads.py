"""This session's uploads: the files, how each is read, and what reading them gave, every step done once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TypeVar

import polars as pl
import streamlit as st

from pages.kit.uploads import held, memory
from pages.kit.uploads.apart import read_apart
from pages.kit.uploads.files import AnyFile, File, FolderFile, folder, from_folder
from pages.kit.uploads.memory import KeptUpload
from recemb_core.foreign_text import inert
from recemb_core.item_graph import ItemGraph
from recemb_core.item_graph.edge_lists import read_edges
from recemb_core.reader_pool import parse_columns
from recemb_core.readers import CleaningConfig, InputError, Reading, Table
from recemb_core.readers.assembly import ParsedLog, details_table
from recemb_core.readers.side_info import Details, choose_key
from recemb_core.sequences import Sequences, clean_log
from recemb_core.session_file import FileMark
from recemb_core.validation import UsageError

T = TypeVar("T")
_log = logging.getLogger("recemb")


MARK = "upload-"  # before an upload's hash in the address; no registered data set has such a name


def is_upload(key: str) -> bool:
    """Whether a data set's name in the address is that of an upload."""
    return key.startswith(MARK)


@dataclass(frozen=True, eq=False)
class Upload:
    """The files as they came, and how they are read; ``reading`` is None as long as all of it is guessed."""

    log: AnyFile
    side: AnyFile | None = None
    reading: Reading | None = None

    @property
    def name(self) -> str:
        """The log's file name."""
        return self.log.name

    @property
    def key(self) -> str:
        """The data set's name in the address: the same file has the same one in every session."""
        return f"{MARK}{self.log.short}"

    @property
    def files(self) -> tuple[str, ...]:
        """Names and hashes of the files: the upload's part of cache keys."""
        return tuple(part for file in (self.log, self.side) if file for part in (file.name, file.mark.digest))

    @property
    def digests(self) -> frozenset[str]:
        """Hashes of the files."""
        return frozenset(file.mark.digest for file in (self.log, self.side) if file)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What reading an upload gave; ``problem`` says in one sentence why there are neither sequences nor a graph."""

    table: Table | None = None
    reading: Reading | None = None
    log: ParsedLog | None = None
    sequences: Sequences | None = None
    graph: ItemGraph | None = None
    problem: str = ""

    @property
    def cut_by_time(self) -> bool:
        """Whether the gap decides where a sequence ends."""
        if self.log is None or self.sequences is None or not self.sequences.ordered:
            return False
        if self.log.columns.ordered and self.log.parsed.events.date_only:
            return False  # a user's day is a sequence
        return self.log.parsed.events.group is None and self.log.parsed.events.time is not None

    @property
    def details(self) -> Details | None:
        """The table of item details and how it is joined."""
        return None if self.log is None else self.log.details


def every() -> dict[str, Upload]:
    """The uploads by key, those found again after a reload among them."""
    if "uploads" not in st.session_state:
        st.session_state["uploads"] = {u.key: u for u in map(_from_memory, reversed(memory.kept()))}
        say(*memory.losses())
    return _here().copy()  # another session may need the room of one of them at any time


def _here() -> dict[str, Upload]:
    found: dict[str, Upload] = st.session_state["uploads"]
    held.holding().uploads = found
    return found


def let_go() -> list[tuple[str, str]]:
    """(key, sentence) of this session's uploads that gave way to others, each said once."""
    gone = held.holding().gone
    found = [gone.popleft() for _ in range(len(gone))]
    say(*(sentence for _, sentence in found))
    return found


def _from_memory(kept: KeptUpload) -> Upload:
    try:
        reading = Reading.from_link(kept.reading) if kept.reading else None
    except InputError:
        reading = None  # written by an earlier version
    side = None if kept.side_data is None else File(kept.side_name or "details", kept.side_data)
    return Upload(File(kept.name, kept.data), side, reading)


def put(upload: Upload) -> None:
    """Keep an upload for the session and, where that is on, for the browser."""
    every()
    _here()[upload.key] = upload
    held.in_use(upload.key)
    reading = "" if upload.reading is None else upload.reading.to_link()
    if isinstance(upload.log, File) and memory.enabled():  # a file of the server's folder is found again by its link
        kept = KeptUpload(upload.key, upload.name, upload.log.data, reading=reading)
        if isinstance(upload.side, File):
            kept = replace(kept, side_name=upload.side.name, side_data=upload.side.data)
        say(*memory.keep(kept))
    held.room_maker()()


def drop(key: str) -> None:
    """Forget an upload, here and in the memory of the server."""
    every()
    held.holding().forget(key)
    memory.forget(key)


def say(*sentences: str) -> None:
    """Sentences for the person, shown beside the upload box until the next upload."""
    st.session_state["_upload_said"] = [*st.session_state.get("_upload_said", []), *sentences][-5:]


def said() -> list[str]:
    """What :func:`say` was given."""
    return st.session_state.get("_upload_said", [])


def outdated(upload: Upload) -> list[str]:
    """A sentence for each file of an upload that has changed in the server's folder, or is gone from it, since."""
    return [said for file in (upload.log, upload.side) if file is not None and (said := file.outdated)]


def from_link(key: str, name: str, details: str | None) -> None:
    """Bring a file of the server's folder into use that a link names, where it still has the content of the link."""
    tried: set[str] = st.session_state.setdefault("_folder_links", set())
    if not is_upload(key) or key in tried or key in every() or folder() is None:
        return
    tried.add(key)
    try:
        log = from_folder(name)
        if f"{MARK}{log.short}" != key:
            say(f"{name} in the server's folder is not the file that the link was made with; choose it to see it.")
            return
        put(Upload(log, None if details is None else from_folder(details)))
    except InputError as error:
        say(str(error))


def of_mark(log: FileMark, details: FileMark | None) -> Upload | None:
    """Files of the server's folder that a saved session names, where they still have its content; None for none."""
    if folder() is None:
        return None
    found = list[FolderFile | None]()
    for mark in (log, details):
        try:
            one = None if mark is None else from_folder(mark.name)
        except InputError:  # the session says itself what is missing
            one = None
        found.append(one if mark is not None and one is not None and one.mark.digest == mark.digest else None)
    return None if found[0] is None else Upload(found[0], found[1])


def title(upload: Upload) -> str:
    """The name in lists; where two uploads have one name, their contents' hashes tell them apart."""
    twins = sum(other.name == upload.name for other in every().values())
    name = inert(upload.name, 60)
    return f"{name} (yours)" if twins < 2 else f"{name} (yours, {upload.log.mark.digest[:6]})"


def change_reading(key: str, change: Callable[[Reading], Reading]) -> None:
    """Read an upload differently, from a callback."""
    upload = every()[key]
    reading = outcome(upload).reading if upload.reading is None else upload.reading
    if reading is not None:
        put(replace(upload, reading=change(reading)))


def outcome(upload: Upload, *, gap_minutes: float | None = None) -> Outcome:
    """Read an upload; a refusal is remembered like a result.

    ``gap_minutes`` stands for that of the upload's own reading.
    """
    asked = upload.reading or Reading()
    table, problem = _table(upload.log, asked)
    if table is None:
        return Outcome(problem=problem)
    reading, problem = _once(
        "reading", (upload.files[:2], asked.to_link()), 16, lambda: asked.completed(table), upload.digests
    )
    if reading is None:
        return Outcome(table, problem=problem)
    if gap_minutes is not None:
        reading = reading.with_cleaning(gap_minutes=gap_minutes)
    assert reading.columns is not None
    key = _uncleaned(upload, reading)
    if reading.columns.shape == "edges":
        read = lambda: _graph(upload, table, reading, side_source(upload))  # noqa: E731
        graph, problem = _once("graph", key, 4, read, upload.digests)
        return Outcome(table, reading, graph=graph, problem=problem)
    log, problem = _once("log", key, 4, lambda: _parsed(upload, table, reading, side_source(upload)), upload.digests)
    if log is None:
        return Outcome(table, reading, problem=problem)
    sequences, problem = _sequences(upload, log, reading)
    return Outcome(table, reading, log, sequences, problem=problem)


def uncut(upload: Upload, found: Outcome) -> Sequences:
    """The log before it is cut, repeats and all: where the pauses between events are seen."""
    assert found.reading is not None
    assert found.log is not None
    whole = found.reading.with_cleaning(gap_minutes=float("inf"), min_length=1, drop_repeats=False)
    sequences, problem = _sequences(upload, found.log, whole)
    if sequences is None:
        raise InputError(problem)
    return sequences


def details_of(upload: Upload, found: Outcome) -> Details | None:
    """How the item details are joined, for a graph as for a log; None without details or without a readable log."""
    if found.details is not None and found.details.key is not None:
        return found.details
    if found.table is None or found.reading is None or (upload.side is None and found.table.companion is None):
        return None
    # Which column covers how many items, where the join itself is not at hand or has failed.
    table, bare = found.table, replace(found.reading, details=False, details_key=None, cleaning=CleaningConfig())

    def make() -> Details | None:
        second = details_table(table, Reading(), side_source(upload))
        if second is None or bare.columns is None:
            return None
        if bare.columns.shape == "edges":
            ids = pl.Series("id", _graph(upload, table, bare, None).items.ids, dtype=pl.String)
        else:
            ids = _parsed(upload, table, bare, None).parsed.events.item_ids
        return choose_key(second, ids, bare.columns.item, strict=False)

    return _once("coverage", _uncleaned(upload, bare), 4, make, upload.digests)[0]


def side_source(upload: Upload) -> Table | None:
    """The table of item details as it came."""
    if upload.side is None:
        return None
    table, problem = _table(upload.side, Reading())
    if table is None:
        raise InputError(problem)
    return table


def _parsed(upload: Upload, table: Table, reading: Reading, details: Table | None) -> ParsedLog:
    key = ("log", _uncleaned(upload, reading))
    return ParsedLog(table, *read_apart(upload.name, parse_columns, table, reading, details, remember=key))


def _graph(upload: Upload, table: Table, reading: Reading, details: Table | None) -> ItemGraph:
    key = ("graph", _uncleaned(upload, reading))
    return read_apart(upload.name, read_edges, table, remember=key, reading=reading, side_info=details)


def _once(
    kind: str, key: Hashable, most: int, make: Callable[[], T], digests: frozenset[str] = frozenset()
) -> tuple[T | None, str]:
    """The session's result of a kind, or None and the sentence that says why there is none.

    The key says all that it depends on, ``digests`` the files; the ``most`` used last are kept.
    """
    mine = held.holding()
    found: tuple[T | None, str] | None = mine.find((kind, key))
    if found is None:
        try:
            found = make(), ""
        except UsageError as error:  # InputError among them
            found = None, str(error)
        except Exception as error:
            _log.exception("an upload could not be read")
            name = type(error).__name__
            found = None, f"the file could not be read ({name}); the server's log has the details"
        mine.keep((kind, key), found, digests, most)
        held.room_maker()()
    return found


def _table(file: AnyFile, reading: Reading) -> tuple[Table | None, str]:
    plain = replace(reading, columns=None, cleaning=CleaningConfig(), details=True, details_key=None, directed=None)
    key = (file.identity, plain.to_link())  # what of a reading the table depends on
    function, args = file.reading_call(reading)
    read = lambda: read_apart(file.name, function, *args, remember=key)  # noqa: E731
    return _once("table", key, 8, read, frozenset({file.mark.digest}))


def _sequences(upload: Upload, log: ParsedLog, reading: Reading) -> tuple[Sequences | None, str]:
    key = (_uncleaned(upload, reading), reading.cleaning)
    return _once("sequences", key, 12, lambda: clean_log(log, reading.cleaning), upload.digests)


def _uncleaned(upload: Upload, reading: Reading) -> Hashable:
    """What a parsed log depends on."""
    return upload.files, replace(reading, cleaning=CleaningConfig()).to_link()
