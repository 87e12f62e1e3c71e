"""Behavior sequences: what people did, one run of items after another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array, Int64Array, StrArray
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.readers import CleaningConfig, CleaningStep, ColumnMapping, Reading
    from recemb_core.readers.assembly import ParsedLog
    from recemb_core.readers.assumptions import Assumption


@dataclass(frozen=True, eq=False)
class Sequences:
    """Item sequences in one flat array, the way a CSR matrix holds its rows.

    Sequence ``i`` is ``tokens[offsets[i]:offsets[i+1]]``; iteration yields int32 views, ``len()`` counts sequences.

    Attributes:
        items: the vocabulary; tokens are its row numbers.
        offsets: int64 (n_sequences+1,).
        tokens: int32 (n_events,).
        ordered: False for baskets, whose items have no order inside.
        users: who made each sequence, str (n_sequences,), or None.
        timestamps: unix seconds of each event, float64 (n_events,), or None.
        weights: float32 (n_events,), or None.
        side_info: one row an item in the order of ``items``; a column a field, ``title`` being the display name.
            A field with several values is a list column; a missing value is null.
        report: what each step of the cleaning did, in order; empty when nothing was read from a file. It balances: the
            rows of the file (of a file with a whole sequence a row: its items) are the events here plus what the steps
            dropped, each row booked to the step that dropped it.
        notes: what the reading decided (encoding, form of the times, …).
        assumptions: the same one by one, each with its alternatives and the argument of ``Reading`` that changes it;
            the doubtful ones come first.
    """

    items: Vocabulary
    offsets: Int64Array
    tokens: Int32Array
    ordered: bool = True
    users: StrArray | None = None
    timestamps: Float64Array | None = None
    weights: Float32Array | None = None
    side_info: pl.DataFrame | None = None
    report: tuple[CleaningStep, ...] = ()
    notes: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Int32Array]:
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield self.tokens[start:stop]

    def __getitem__(self, index: int) -> Int32Array:
        return self.tokens[self.offsets[index] : self.offsets[index + 1]]

    @classmethod
    def from_lists(cls, lists: Iterable[Iterable[object]], *, ordered: bool = True) -> Sequences:
        """From lists of item ids; the vocabulary is in order of first appearance.

        >>> s = Sequences.from_lists([["tea", "milk"], ["milk"]])
        >>> s.tokens.tolist(), s.offsets.tolist()
        ([0, 1, 1], [0, 2, 3])
        """
        rows = [[str(i) for i in line] for line in lists]
        items = Vocabulary(dict.fromkeys(i for line in rows for i in line))
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(line) for line in rows], out=offsets[1:])
        return cls(items, offsets, items.rows(i for line in rows for i in line), ordered)

    @property
    def lengths(self) -> Int64Array:
        """Number of events in each sequence."""
        return np.diff(self.offsets)

    @cached_property
    def counts(self) -> Int64Array:
        """Number of events of each item, int64 (n_items,)."""
        return np.bincount(self.tokens, minlength=len(self.items)).astype(np.int64)

    def to_frame(self) -> pl.DataFrame:
        """A row an event: ``session`` (or ``basket``) by number, ``user``, ``item``, ``timestamp``, ``weight``.

        Columns of what is not known are left out; ordered sequences without times have ``order`` in place of them.
        :func:`read_events` gives the same sequences again with ``gap_minutes=float("inf")``, ``min_length=1`` and
        ``drop_repeats=False``.

        >>> Sequences.from_lists([["tea", "milk"]]).to_frame().rows()
        [(0, 'tea', 0), (0, 'milk', 1)]
        """
        import polars as pl

        number = np.repeat(np.arange(len(self)), self.lengths)
        columns: dict[str, Any] = {"session" if self.ordered else "basket": number}
        if self.users is not None:
            columns["user"] = pl.Series(self.users.tolist(), dtype=pl.String).gather(number)
        columns["item"] = pl.Series(self.items.ids, dtype=pl.String).gather(self.tokens)
        if self.timestamps is not None:
            columns["timestamp"] = self.timestamps
        elif self.ordered:
            columns["order"] = np.arange(len(self.tokens)) - self.offsets[number]
        if self.weights is not None:
            columns["weight"] = self.weights
        return pl.DataFrame(columns)

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of ids, tokens and boundaries; the key of every cache."""
        digest = hashlib.blake2b(digest_size=12)
        digest.update(np.ascontiguousarray(self.tokens).tobytes())
        digest.update(np.ascontiguousarray(self.offsets).tobytes())
        digest.update(repr((self.ordered, self.items.ids)).encode())
        return digest.hexdigest()


def read_events(
    source: Any,
    *,
    user: str | None = None,
    item: str | None = None,
    timestamp: str | None = None,
    basket: str | None = None,
    weight: str | None = None,
    side_info: Any = None,
    reading: Reading | None = None,
    mapping: ColumnMapping | None = None,
    config: CleaningConfig | None = None,
    delimiter: str | None = None,
    **cleaning: Any,
) -> Sequences:
    """Sequences from a table in which a row is an event, a basket's line or a whole sequence.

    A user's events are sorted by time and cut where the gap exceeds ``gap_minutes``, whichever of them are dropped as
    repeats, or with a rare item; a basket becomes one unordered sequence, and so does a user's day where the times have
    no hours. The steps of the cleaning, in their order: parse,
    filters, repeats, rare items, over-active users, sessions, short sessions; ``.report`` says what each one dropped.
    The vocabulary holds the items that survive, the commonest first.

    Args:
        source: a path, bytes, a binary buffer, a polars frame, or a ``readers.Table``. csv, tsv and other delimited
            text, JSON lines, parquet or xlsx; plain, or in a gzip, zip or tar.
        user: the column that says who; columns are guessed from names and content when left out.
        item: the column that says what.
        timestamp: the column that says when: unix seconds or milliseconds, ISO 8601, common date forms.
        basket: the column that tells baskets apart.
        weight: the column that says how many; rows with 0 or less are left out as returns.
        side_info: a second table with a row an item, of the same kinds; it is matched by the item's id.
        reading: everything else at once; the other arguments but ``side_info`` are then left out.
        mapping: the whole mapping (``readers.guess_columns``), instead of single columns.
        config: the whole cleaning, instead of single settings.
        delimiter: of delimited text; guessed when left out.
        **cleaning: fields of ``readers.CleaningConfig`` (``min_rating``, ``event_types``, ``min_dwell_seconds``,
            ``drop_repeats``, ``min_count``, ``max_user_events``, ``gap_minutes``, ``min_length``) and further roles of
            ``readers.ColumnMapping`` (``session``, ``order``, ``rating``, ``event_type``, ``dwell``, ``title``).

    Raises:
        InputError: (a ValueError) the file cannot be used; one sentence names the cause, the place and the cure.
        ValueError: a setting is out of range.

    >>> log = b"user,item,time\\nann,tea,0\\nann,cup,60\\nann,pot,90060\\nann,tea,90120\\n"
    >>> [[s.items[t] for t in line] for s in [read_events(log)] for line in s]
    [['tea', 'cup'], ['pot', 'tea']]
    """
    from recemb_core.readers import ROLES, CleaningConfig, Reading, guess_columns, load_table
    from recemb_core.readers.assembly import parse_log

    single = {"user": user, "item": item, "timestamp": timestamp, "basket": basket, "weight": weight}
    given = {role: column for role, column in single.items() if column is not None}
    if reading is not None:
        beside = [*given, *cleaning]
        whole = {"mapping": mapping, "config": config, "delimiter": delimiter}
        beside += [name for name, value in whole.items() if value is not None]
        if beside:
            raise UsageError(f"give either reading or {', '.join(beside)}, not both")
        return clean_log(parse_log(source, reading, side_info), reading.cleaning)
    given |= {role: cleaning.pop(role) for role in ROLES if role in cleaning}
    if mapping is not None and given:
        raise UsageError(f"give either mapping or single columns ({', '.join(given)}), not both")
    if config is not None and cleaning:
        raise UsageError(f"give either config or single settings ({', '.join(cleaning)}), not both")
    unknown = set(cleaning) - set(CleaningConfig.__dataclass_fields__)
    if unknown:
        raise TypeError(
            f"read_events has no setting {min(unknown)!r}; there are {', '.join(CleaningConfig.__dataclass_fields__)}"
        )
    config = config or CleaningConfig(**cleaning)
    table = load_table(source, delimiter=delimiter)
    reading = Reading(
        columns=mapping or guess_columns(table.frame, presets=True, **given), cleaning=config, delimiter=delimiter
    )
    return clean_log(parse_log(table, reading, side_info), config)


def clean_log(log: ParsedLog, cleaning: CleaningConfig) -> Sequences:
    """Sequences from a log that is parsed already; what :func:`read_events` does after parsing.

    Args:
        log: from ``readers.assembly.parse_log``.
        cleaning: the steps, instead of those of the log's own reading.

    Raises:
        InputError: nothing is left, or a step needs a column that is not there.
    """
    from recemb_core.readers.assembly import assemble

    return Sequences(**assemble(log, cleaning))


def read_sequences(source: Any, *, delimiter: str | None = None) -> Sequences:
    """Sequences from text with one sequence a line, items separated by spaces, tabs or commas.

    Nothing is cleaned: repeats and sequences of one item stay. Blank lines are skipped.

    Args:
        source: a path, bytes or a binary buffer; plain, or in a gzip, zip or tar.
        delimiter: what stands between items; guessed when left out.

    Raises:
        InputError: (a ValueError) the file is empty or binary, or no line holds two items.

    >>> s = read_sequences(b"tea cup tea\\ncup pot\\n")
    >>> s.items.ids, s.tokens.tolist(), s.offsets.tolist()
    (('cup', 'tea', 'pot'), [1, 0, 1, 0, 2], [0, 3, 5])
    """
    from recemb_core.readers import CleaningConfig, Reading

    kept = CleaningConfig(drop_repeats=False, min_length=1)
    return read_events(source, reading=Reading(cleaning=kept, delimiter=delimiter, one_sequence_a_line=True))


def split_sessions(
    sequences: Sequences, *, gap_minutes: float = 60, min_length: int = 2, drop_repeats: bool = True
) -> Sequences:
    """Cut sequences where the time between two events exceeds a gap.

    Sequences of one user are joined first, so that cutting again with a longer gap undoes a shorter one; without
    users, each sequence is cut on its own. Then direct repeats inside a session and short sessions are dropped, and the
    items that occur in no session any more leave the vocabulary.

    Args:
        sequences: ordered, with timestamps.
        gap_minutes: minutes, over 0; larger values give fewer and longer sessions.
        min_length: sessions with fewer events are dropped.
        drop_repeats: whether an item directly after itself is dropped.

    Raises:
        ValueError: baskets, no timestamps, a setting out of range, or no session is left.

    >>> s = read_events(b"user,item,time\\nann,tea,0\\nann,cup,60\\nann,pot,90060\\nann,tea,90120\\n")
    >>> len(split_sessions(s, gap_minutes=30)), len(split_sessions(s, gap_minutes=26 * 60))
    (2, 1)
    """
    import polars as pl

    from recemb_core.readers import CleaningConfig, ColumnMapping, InputError
    from recemb_core.readers.cleaning import clean
    from recemb_core.readers.events import Events, Parsed

    config = CleaningConfig(gap_minutes=gap_minutes, min_length=min_length, drop_repeats=drop_repeats)
    if not sequences.ordered:
        raise UsageError("baskets have no order inside, so they cannot be cut into sessions; use them as they are")
    if sequences.timestamps is None:
        raise UsageError("these sequences have no timestamps, so no gap can be measured; map a column for the time")
    owner = np.arange(len(sequences))
    if sequences.users is not None:
        _, first, inverse = np.unique(sequences.users, return_index=True, return_inverse=True)
        owner = first[inverse]  # the order in which users first appear
    n = len(sequences.tokens)
    log = Events(
        row=np.arange(n, dtype=np.int64),
        mark=np.zeros(n, np.int8),
        item=sequences.tokens,
        item_ids=pl.Series(sequences.items.ids, dtype=pl.String),
        user=np.repeat(owner, sequences.lengths).astype(np.int32),
        time=sequences.timestamps,
    )
    try:
        cleaned = clean(Parsed(log, n, log.n_items, (), (), ()), ColumnMapping(shape="events"), config)
    except InputError as error:
        raise InputError(str(error).replace("no sequence is left", "no session is left")) from None
    events = cleaned.events
    assert events.user is not None
    cut = replace(
        sequences,
        offsets=cleaned.offsets,
        tokens=events.item,
        users=None if sequences.users is None else sequences.users[events.user[cleaned.offsets[:-1]]],
        timestamps=events.time,
        weights=None if sequences.weights is None else sequences.weights[events.row],
        report=(*sequences.report, *cleaned.steps[1:]),
    )
    return _without_unused_items(cut)


def _without_unused_items(sequences: Sequences) -> Sequences:
    """The same sequences with the items that occur in one; side information follows."""
    used = sequences.counts > 0
    if used.all():
        return sequences
    row = np.cumsum(used, dtype=np.int32) - 1
    side = sequences.side_info
    return replace(
        sequences,
        items=Vocabulary(item for item, kept in zip(sequences.items.ids, used, strict=True) if kept),
        tokens=row[sequences.tokens].astype(np.int32),
        side_info=None if side is None else side[np.flatnonzero(used)],
    )
