"""User features out of a log's own columns: where users were, what they searched for; of the training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from recemb_core.arrays import Int64Array, StrArray
from recemb_core.readers.assembly import ParsedLog, users_of
from recemb_core.readers.cleaning import CleaningConfig, clean
from recemb_core.readers.column_mapping import ROLES, ColumnMapping
from recemb_core.readers.content import holds_times, is_number
from recemb_core.readers.errors import InputError, counted, listed, shortened
from recemb_core.readers.side_info import as_field, known_text
from recemb_core.readers.user_details import a_row_a_user, renamed, shared_words
from recemb_core.sequences import Sequences
from recemb_core.splits import event_order, leave_last_out, user_streams
from recemb_core.validation import is_whole, require
from recemb_core.vocabulary import Vocabulary

_SHOWN = 3  # of the most frequent values in a note


@dataclass(frozen=True, eq=False)
class LogColumns:
    """What a log's own columns say of its users.

    Attributes:
        frame: ``user`` and a column a fact, as :func:`train_youtube_dnn` takes it; text, or lists of text.
        notes: what was taken, in sentences.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Part:
    """The training part: its users, and the user and the row of the table of each event, oldest first."""

    users: StrArray
    owner: Int64Array
    row: Int64Array
    events: int


def free_columns(log: ParsedLog) -> tuple[str, ...]:
    """The columns that may tell of users: those that have no role, then those taken for properties of the items.

    >>> from recemb_core.readers import Reading
    >>> from recemb_core.readers.assembly import parse_log
    >>> file = b"user,item,time,city\\nann,tea,1,Bern\\nann,cup,2,Chur\\nbob,tea,3,Bern\\nbob,cup,4,Bern\\n"
    >>> free_columns(parse_log(file, Reading()))
    ('city',)
    """
    frame, mapping = log.table.frame, log.columns
    taken = _with_a_role(mapping)
    flat = [name for name, kind in frame.schema.items() if not (kind.is_nested() or kind in (pl.Binary, pl.Null))]
    free = [name for name in flat if name not in taken]
    return tuple(sorted(free, key=lambda name: name in mapping.side))


def user_columns(
    log: ParsedLog, cleaning: CleaningConfig, *, latest: Sequence[str] = (), words: str | None = None, held_out: int = 2
) -> LogColumns:
    """Columns of the log as facts about its users, read from the training part and from nothing else.

    Of a column in ``latest`` a user has the value of their newest event that has one; numbers are cut into bins, values
    joined by ``|`` are several. Of ``words`` a user has the words of all their events, the newest first, by the rules
    of :func:`read_user_details`. What :func:`leave_last_out` holds out, ``held_out`` times over, is not read, nor is a
    row of the file that holds such an event beside others, nor an event that the cleaning has dropped.

    A user has one value for all of their examples, so one in the middle of the training part is told what came later
    there. Of those who are asked about the held-out part, only the past is told.

    Args:
        log: from :func:`recemb_core.readers.assembly.parse_log`.
        cleaning: as the sequences were made with.
        latest: columns with one value a user, such as a place.
        words: a column of text whose words count one by one, such as what was searched for.
        held_out: how often the last basket or click of each user is left out: 2 where one is kept for a test and the
            one before it is asked about.

    Raises:
        InputError: no such column, one that has a role, that is chosen twice or that cannot be a fact; nothing is left.

    >>> from recemb_core.readers import CleaningConfig, Reading
    >>> from recemb_core.readers.assembly import parse_log
    >>> rows = ["ann,tea,1,Bern,green tea", "ann,cup,2,Chur,cup", "ann,pot,3,Rome,pot", "bob,tea,1,Chur,tea"]
    >>> rows += ["bob,cup,2,,tea cup", "bob,pot,3,Rome,pot", "cy,tea,5,Bern,cup", "cy,pot,6,Rome,pot"]
    >>> log = parse_log("\\n".join(["user,item,time,city,search", *rows]).encode(), Reading())
    >>> user_columns(log, CleaningConfig(), latest=["city"], words="search", held_out=1).frame.rows()
    [('ann', 'Chur', ['cup', 'tea']), ('bob', 'Chur', ['tea', 'cup']), ('cy', 'Bern', ['cup'])]
    """
    require(is_whole(held_out) and held_out >= 0, "held_out", held_out, "a whole number from 0")
    wanted = [*latest, *([words] if words is not None else [])]
    _check(log, wanted, words)
    part = _training_part(log, cleaning, held_out)
    notes = [
        f"Read from the training part alone, {counted(part.events, 'event')} of {counted(len(part.users), 'user')}; "
        f"{_held(held_out)}."
    ]
    facts: list[pl.Series] = []
    for name in latest:
        column, more = _latest(log.table.frame[name], part)
        notes += more
        facts += [column] if column is not None else []
    if words is not None:
        column, more = _newest_words(log.table.frame[words], part)
        notes += more
        facts += [column] if column is not None else []
    if not facts:
        raise InputError(
            f"{listed(wanted)} of the log tell nothing of its users before what is held out; choose another column "
            f"({' '.join(notes[1:])})"
        )
    frame = a_row_a_user(pl.Series(part.users.tolist(), dtype=pl.String), facts)
    known = pl.any_horizontal(pl.nth(range(1, frame.width)).is_not_null())
    return LogColumns(frame.filter(known), (*notes, *renamed(facts, frame)))


def _with_a_role(mapping: ColumnMapping) -> set[str]:
    """The columns that a reading uses."""
    single = (*ROLES, "source", "target")
    taken = {getattr(mapping, one.name) for one in fields(mapping) if one.name in single}
    return {name for name in (*taken, *mapping.sequence) if name is not None}


def _check(log: ParsedLog, wanted: Sequence[str], words: str | None) -> None:
    free = free_columns(log)
    if not wanted:
        raise InputError("no column of the log is chosen; name one for latest or for words")
    for at, name in enumerate(wanted):
        if name not in log.table.frame.columns:
            raise InputError(f"the log has no column {shortened(name)!r}; it has {log.table.names()}")
        if name not in free:
            others = f"choose among {listed(free, 30)}" if free else "it has no further columns"
            raise InputError(f"column {name!r} of the log has a role already, or holds no text or numbers; {others}")
        if name in wanted[:at]:
            twice = "as one value and as words" if name == words else "twice"
            raise InputError(f"column {name!r} of the log is chosen {twice}; choose it once")


def _held(times: int) -> str:
    if times == 0:
        return "nothing is held out"
    last = "basket or click of each user is" if times == 1 else f"{times} baskets or clicks of each user are"
    return f"the last {last} kept for measuring"


def _training_part(log: ParsedLog, cleaning: CleaningConfig, held_out: int) -> _Part:
    cleaned = clean(log.parsed, log.columns, cleaning)
    rows = cleaned.events.row
    # The number of an event in place of its item: a split tells by it which events it has kept.
    part = Sequences(
        items=Vocabulary([]),
        offsets=cleaned.offsets,
        tokens=np.arange(len(rows), dtype=np.int32),
        ordered=cleaned.ordered,
        users=users_of(cleaned),
        timestamps=cleaned.events.time,
    )
    for _ in range(held_out):
        part, _ = leave_last_out(part)
    users, offsets, order = user_streams(part)
    stream = part.tokens[event_order(part, order)]
    gone = np.ones(len(rows), dtype=bool)
    gone[part.tokens] = False
    owner = np.repeat(np.arange(len(users)), np.diff(offsets))
    seen = ~np.isin(rows[stream], rows[gone])  # a row may hold a whole history, what is held out of it included
    return _Part(users, owner[seen], rows[stream][seen], len(stream))


def _values(column: pl.Series, part: _Part) -> pl.DataFrame:
    """(owner, value) of the events that have one, oldest first."""
    text = known_text(column)
    found = pl.DataFrame({"owner": part.owner, "value": text.gather(part.row)}).drop_nulls("value")
    if column.dtype.is_temporal() or (holds_times(found["value"]) and not is_number(found["value"])):
        raise InputError(f"column {column.name!r} of the log holds times, which group no users; choose another column")
    return found


def _by_user(found: pl.DataFrame, part: _Part, name: str) -> pl.Series:
    everybody = pl.DataFrame({"owner": np.arange(len(part.users))})
    return everybody.join(found, on="owner", how="left", maintain_order="left")["value"].alias(name)


def _latest(column: pl.Series, part: _Part) -> tuple[pl.Series | None, list[str]]:
    newest = _values(column, part).group_by("owner", maintain_order=True).last()
    found, note = as_field(_by_user(newest, part, column.name), "users")
    if found is None:
        return None, [note]
    what = f"The latest value of {column.name!r}"
    return found, [_said(what, found), *([note] if note else [])]


def _newest_words(column: pl.Series, part: _Part) -> tuple[pl.Series | None, list[str]]:
    # The same text again says nothing new, and a log repeats what was searched for with every click.
    values = _values(column, part)
    if is_number(values["value"]):
        raise InputError(f"column {column.name!r} of the log holds numbers and no words; choose it as one value a user")
    newest = values.reverse().unique(["owner", "value"], keep="first", maintain_order=True)
    texts = newest.group_by("owner", maintain_order=True).agg(pl.col("value").str.join("\n"))
    found, note = shared_words(_by_user(texts, part, column.name), "newest")
    if not found.drop_nulls().len():
        return None, [note]
    return found, [note, _said("Of these words", found, "some")]


def _said(what: str, found: pl.Series, some: str = "one") -> str:
    """How many users have a value, how many values there are, and which are the most frequent."""
    single = found.explode() if found.dtype == pl.List else found
    counts = single.drop_nulls().alias("value").value_counts().sort(["count", "value"], descending=[True, False])
    top = [f"{shortened(value, 30)!r} ({count:,})" for value, count in counts.head(_SHOWN).iter_rows()]
    alone = int((counts["count"] == 1).sum())
    rare = f", {alone:,} of one user only" if alone else ""
    return (
        f"{what}: {found.count():,} of {counted(len(found), 'user')} have {some}, "
        f"{len(counts):,} different{rare}; most often {', '.join(top)}."
    )
