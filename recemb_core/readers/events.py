"""A table and its mapping → plain arrays of events, with everything unusable counted."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from recemb_core.arrays import BoolArray, Float64Array, Int8Array, Int32Array, Int64Array
from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_mapping import ColumnMapping
from recemb_core.readers.content import is_empty, says_no, to_numbers
from recemb_core.readers.errors import InputError, counted, shortened
from recemb_core.readers.fill_down import filled_down
from recemb_core.readers.ids import id_codes, id_strings
from recemb_core.readers.item_lists import cut_short, is_bracketed, joint_of, mark_said, one_item_a_row, split_lists
from recemb_core.readers.limits import limits
from recemb_core.readers.suspicions import below_zero_said, decimal_said, dwell_said, id_columns, ids_said
from recemb_core.readers.table import Table
from recemb_core.readers.times import parse_times

_NO_EXAMPLES = 3
LOST = "rows left out"  # the name of an assumption
MANY_LOST = 0.2  # the share of rows that are left out for one reason from which a person should look
_LAID_OUT = ("csv", "tsv", "xlsx")  # where cells can be merged
CANCELLED, NO_PRODUCT = 1, 2
_UCI_NO_PRODUCTS = r"(?i)^(POST|D|M|S|B|DOT|PADS|C2|C3|CRUK|BANK CHARGES|AMAZONFEE|ADJUST2?|TEST\d+)$"


@dataclass(frozen=True, eq=False)
class Events:
    """One entry an event, in arrays of equal length; an absent column is None.

    Attributes:
        row: int64, row in the table.
        mark: int8, 0 or ``CANCELLED`` or ``NO_PRODUCT``.
        item: int32, position in ``item_ids``.
        item_ids: str, in order of first appearance.
        user: int32, position in ``user_ids``; −1 unknown.
        user_ids: str, likewise.
        group: int32, number of the basket, session or given sequence, or None when sessions are cut by time.
        time: float64, unix seconds.
        order: float64, step number.
        weight: float64.
        rating: float64, NaN where missing.
        kind: int32, position in ``kinds``; −1 missing.
        dwell: float64 seconds, NaN where missing.
        kinds: the event types.
        date_only: whether no time has an hour.
        visit: int32, number of the session that pauses part, or None until they are counted.
    """

    row: Int64Array
    mark: Int8Array
    item: Int32Array
    item_ids: pl.Series
    user: Int32Array | None = None
    user_ids: pl.Series | None = None
    group: Int32Array | None = None
    time: Float64Array | None = None
    order: Float64Array | None = None
    weight: Float64Array | None = None
    rating: Float64Array | None = None
    kind: Int32Array | None = None
    dwell: Float64Array | None = None
    kinds: tuple[str, ...] = ()
    date_only: bool = False
    visit: Int32Array | None = None

    def __len__(self) -> int:
        return len(self.row)

    @property
    def n_items(self) -> int:
        """Number of different items that occur."""
        return int(np.count_nonzero(np.bincount(self.item))) if len(self.item) else 0

    def take(self, chosen: npt.NDArray[np.integer | np.bool_]) -> Events:
        """The events at a mask or at positions."""
        arrays = {f.name: value[chosen] for f in fields(self) if isinstance(value := getattr(self, f.name), np.ndarray)}
        return replace(self, **arrays)


@dataclass(frozen=True)
class Parsed:
    """Events, how many the file holds, and sentences about what could not be used with examples.

    ``rows`` counts what the balance of the report starts from, in ``unit``: a log's and a basket file's rows (lines
    that hold something, those included that could not be split into columns), or, where a row is a whole sequence, the
    items in it.
    """

    events: Events
    rows: int
    items: int
    problems: tuple[str, ...]
    examples: tuple[str, ...]
    notes: tuple[str, ...]
    unit: str = "row"
    assumptions: tuple[Assumption, ...] = ()


def parse_events(table: Table, mapping: ColumnMapping) -> Parsed:
    """Codes for ids and numbers for everything else; rows without item, user or time are left out and counted.

    Raises:
        InputError: a column is missing, roles are missing, or more than half of the rows are unusable.
    """
    mapping.check(table.frame)
    _require_roles(table, mapping)
    return _parse_sequence_rows(table, mapping) if mapping.shape == "sequences" else _parse_rows(table, mapping)


def _require_roles(table: Table, mapping: ColumnMapping) -> None:
    columns = table.names()
    if mapping.shape == "edges":
        raise InputError(
            f"the table is an edge list ({mapping.source} → {mapping.target}), which has no sequences; "
            "read it as a graph (read_edges)"
        )
    if mapping.shape == "sequences":
        if not mapping.sequence:
            raise InputError(f"no column holds the sequences; the columns are {columns}")
        return
    lacks = "" if any((mapping.user, mapping.basket, mapping.session, mapping.timestamp)) else "user"
    lacks = "item" if mapping.item is None else lacks
    if lacks:
        found = {"item": "was recognised as the item", "user": "says who did it, in which basket, or when"}[lacks]
        raise InputError(f"no column {found}; the columns are {columns}: say which one holds the {lacks}")


def _numbers(column: pl.Series, mapping: ColumnMapping, said: list[Assumption]) -> Float64Array:
    said += decimal_said(column, mapping.decimal)
    said += below_zero_said(column, mapping)
    return to_numbers(column, mapping.decimal).fill_null(float("nan")).to_numpy()


def _too_long(codes: Int32Array, ids: pl.Series) -> BoolArray:
    long: BoolArray = np.append((ids.str.len_chars() > limits().id_length).to_numpy(), False)[codes]
    return long


def _too_long_words() -> str:
    return f"an id of over {limits().id_length:,} characters"


class _Problems:
    """Collects which rows are unusable and why."""

    def __init__(self, table: Table) -> None:
        self.table, self.bad = table, np.zeros(len(table.frame), dtype=bool)
        self.sentences: list[str] = []
        self.examples: list[str] = []
        self.said: list[Assumption] = []

    def add(self, rows: BoolArray, what: str, column: str, cure: str, *, known: bool = False) -> None:
        """Note rows; raise when they are more than half of the table and nobody has said so (``known``)."""
        rows = rows & ~self.bad
        count = int(rows.sum())
        if not count:
            return
        where = np.flatnonzero(rows)[:_NO_EXAMPLES]
        values = [f"{self.table.where(int(r))} ({self._value(column, int(r))})" for r in where]
        if count > 0.5 * len(rows) and not known:
            raise InputError(
                f"column {column!r}: {counted(count, 'row')} of {len(rows):,} with {what}, first in {values[0]}; {cure}"
            )
        self.bad |= rows
        if count > MANY_LOST * len(rows) and not known:
            left = f"{counted(count, 'row')} of {len(rows):,} left out"
            words = f"{left}, for they have {what} in {column!r} (first: {values[0]})."
            self.said.append(assumed(LOST, count, words, doubtful=True))
        self.sentences.append(f"{counted(count, 'row')} with {what} in {column!r} left out (first: {values[0]})")
        self.examples += [f"{value}: {what}" for value in values]

    def add_long(self, codes: Int32Array, ids: pl.Series, column: str) -> None:
        """Note rows whose id is longer than an id may be: as an array, all would be as wide as the widest."""
        self.add(_too_long(codes, ids), _too_long_words(), column, "choose a column of ids")

    def _value(self, column: str, row: int) -> str:
        value = self.table.frame[column][row]
        return "empty" if value is None or value == "" else repr(shortened(value, 40))


def _parse_rows(table: Table, mapping: ColumnMapping) -> Parsed:
    notes, said = list[str](), list[Assumption]()
    assert mapping.item is not None  # _require_roles has seen to it
    if mapping.list_mark is not None:
        said.append(mark_said(mapping.item, mapping.list_mark))
    if mapping.list_mark is not None or mapping.clicked is not None or table.frame[mapping.item].dtype.is_nested():
        table, passed = one_item_a_row(table, mapping.item, mapping.list_mark, mapping.clicked)
        if passed:
            notes.append(f"{counted(passed, 'shown item')} without a click in {mapping.item!r} are no events.")
    frame, told_down = filled_down(table.frame, mapping, layout=table.format in _LAID_OUT)
    said += told_down
    records = mapping.fill_down is None and table.format not in _LAID_OUT  # there an empty field is empty
    table, nobody = replace(table, frame=frame), mapping.fill_down is False or records
    problems = _Problems(table)
    codes = partial(id_codes, missing=mapping.missing, as_written=mapping.ids_as_written)
    item, item_ids = codes(frame[mapping.item])
    problems.add(item < 0, "no item", mapping.item, "choose the column that holds the item")
    problems.add_long(item, item_ids, mapping.item)
    group, group_ids = None, None
    for role in ("basket", "session"):
        column = getattr(mapping, role)
        if column is not None and group is None:
            group, group_ids = codes(frame[column])
            cure = f"choose another column, or none, for the {role}"
            problems.add(group < 0, f"no {role}", column, cure, known=nobody)
            problems.add_long(group, group_ids, column)
    user, user_ids = None, None
    if mapping.user is not None:
        user, user_ids = codes(frame[mapping.user])
        problems.add_long(user, user_ids, mapping.user)
        if group is None:
            problems.add(user < 0, "no user", mapping.user, "choose another column for the user", known=nobody)
        elif (user < 0).any() and mapping.keep_anonymous:
            said.append(_anonymous_said(int((user < 0).sum()), mapping))
            user, user_ids = _anonymous(user, user_ids, group)
        elif not mapping.keep_anonymous:
            said.append(_anonymous_said(int((user < 0).sum()), mapping))
            problems.add(user < 0, "no user", mapping.user, "choose another column for the user", known=True)
    time, date_only = None, False
    if mapping.timestamp is not None:
        parsed = parse_times(
            frame[mapping.timestamp], **mapping.time_form, clock=None if mapping.clock is None else frame[mapping.clock]
        )
        said += parsed.assumptions
        time = parsed.seconds.fill_null(float("nan")).to_numpy()
        cure = "write times as unix seconds or like 2011-12-09 12:50, or choose another column, or none, for the time"
        empty = nobody and bool(is_empty(frame[mapping.timestamp]).filter(pl.Series(np.isnan(time))).all())
        problems.add(np.isnan(time), "no readable time", mapping.timestamp, cure, known=empty)
        notes.append(f"Times in {mapping.timestamp!r} were read as {parsed.form}.")
        notes += parsed.notes
        known = parsed.seconds.filter(pl.Series(~problems.bad))
        date_only = bool(len(known)) and bool((known % 86_400 == 0).all())
    order, weight = None, None
    cure = "choose another column, or none, for the {}"
    if mapping.order is not None:
        order = _numbers(frame[mapping.order], mapping, said)
        problems.add(np.isnan(order), "no step number", mapping.order, cure.format("order"))
    if mapping.weight is not None:
        weight = _numbers(frame[mapping.weight], mapping, said)
        problems.add(~np.isfinite(weight), "no number", mapping.weight, cure.format("weight"))
    row, mark = np.arange(len(frame), dtype=np.int64), _marks(item, item_ids, group, group_ids, mapping)
    events = Events(row, mark, item, item_ids, user, user_ids, _pairs(user, group), time, order, weight)
    if mapping.rating is not None:
        events = replace(events, rating=_numbers(frame[mapping.rating], mapping, said))
    if mapping.dwell is not None:
        dwell = _numbers(frame[mapping.dwell], mapping, said)
        units, unit_said = dwell_said(dwell, mapping.dwell, mapping.dwell_unit)
        said.append(unit_said)
        events = replace(events, dwell=dwell / units)
    if mapping.event_type is not None:
        kind, names = id_codes(frame[mapping.event_type])
        events = replace(events, kind=kind, kinds=tuple(names.to_list()))
    events = replace(events, date_only=date_only)
    shown = np.zeros(len(frame), bool)
    if mapping.click is not None:
        shown = says_no(frame[mapping.click]) & ~problems.bad
    if problems.bad.any() or shown.any():
        events = events.take(~problems.bad & ~shown)
    _refuse_nothing(table, events)
    sentences = list(problems.sentences)
    if shown.any():
        sentences.append(f"{counted(int(shown.sum()), 'row')} that {mapping.click!r} says no of left out")
    if table.left_out:
        sentences.append(f"{counted(table.left_out, 'line')} that could not be split into columns left out")
    rows = len(frame) + table.left_out
    said += [*ids_said(id_columns(frame, mapping), mapping), *problems.said]
    told, noted = tuple(problems.examples), (*table.notes, *notes)
    return Parsed(events, rows, len(item_ids), tuple(sentences), told, noted, assumptions=tuple(said))


def _marks(
    item: Int32Array, item_ids: pl.Series, group: Int32Array | None, group_ids: pl.Series | None, mapping: ColumnMapping
) -> Int8Array:
    marks = np.zeros(len(item), np.int8)
    if mapping.cancelled is None or mapping.basket is None or group is None or group_ids is None:
        return marks
    # Only where most codes are five digits is a bare letter known to be no product.
    if len(item_ids) and item_ids.str.contains(r"^\d{5}").sum() > 0.8 * len(item_ids):
        marks[np.append(item_ids.str.contains(_UCI_NO_PRODUCTS).to_numpy(), False)[item]] = NO_PRODUCT
    marks[np.append(group_ids.str.starts_with(mapping.cancelled).to_numpy(), False)[group]] = CANCELLED
    return marks


def _refuse_nothing(table: Table, events: Events) -> None:
    if len(events) == 0:
        raise InputError(
            f"none of the {counted(len(table.frame), 'row')} has all of its columns filled in; check the mapping"
        )


def _pairs(user: Int32Array | None, group: Int32Array | None) -> Int32Array | None:
    """A number for each pair of user and basket: some files number the baskets of every user from 1."""
    if group is None or user is None:
        return group
    known = group >= 0
    owner = np.full(int(group.max(initial=0)) + 1, -1, np.int32)
    owner[group[known]] = user[known]
    if (owner[group[known]] == user[known]).all():
        return group
    key = user.astype(np.int64) * (int(group.max(initial=0)) + 2) + group
    _, number = np.unique(key, return_inverse=True)
    return np.asarray(number, dtype=np.int32)


def _anonymous_said(rows: int, mapping: ColumnMapping) -> Assumption:
    own = mapping.basket or mapping.session
    what = f"{counted(rows, 'row')} without {mapping.user!r}"
    if mapping.keep_anonymous:
        words, other = f"{what}: each of their {own!r} is its own user.", ("leave them out", False)
    else:
        words, other = f"{what} were left out, as set.", (f"each {own} is its own user", True)
    return assumed("keep_anonymous", mapping.keep_anonymous, words, other)


def _anonymous(user: Int32Array, user_ids: pl.Series, group: Int32Array) -> tuple[Int32Array, pl.Series]:
    # One shared "unknown" would look like a single customer with thousands of baskets.
    nobody = user < 0
    groups, codes = np.unique(group[nobody], return_inverse=True)
    user = user.copy()
    user[nobody] = len(user_ids) + codes.astype(np.int32)
    return user, pl.concat([user_ids, pl.Series([f"unknown {n + 1}" for n in range(len(groups))], dtype=pl.String)])


def _holds_lists(column: pl.Series) -> bool:
    return column.dtype.is_nested() or is_bracketed(column)


def _one_id(column: pl.Series) -> pl.Series:
    # Numbers as ids are written; words as they stand, so that what is done with them is said.
    return id_strings(column) if column.dtype.is_float() else column.cast(pl.String)


def _as_lists(column: pl.Series) -> pl.Series:
    """Lists as they are, single items as lists of one."""
    if _holds_lists(column):
        return split_lists(column, tidy=False).cast(pl.List(pl.String))
    return pl.DataFrame([_one_id(column).alias("item")]).select(pl.concat_list("item"))["item"]


def _parse_sequence_rows(table: Table, mapping: ColumnMapping) -> Parsed:
    first, *others = map(table.frame.get_column, mapping.sequence)
    if others and any(map(_holds_lists, (first, *others))):
        parts = [_as_lists(c) for c in (first, *others)]
        empty = pl.lit([], dtype=pl.List(pl.String))
        whole = pl.DataFrame([part.alias(str(n)) for n, part in enumerate(parts)])
        lists = whole.select(pl.concat_list(pl.all().fill_null(empty)).alias("sequence"))["sequence"]
    elif others:
        lists = pl.DataFrame(list(map(_one_id, (first, *others)))).select(pl.concat_list(pl.all()).alias("sequence"))[
            "sequence"
        ]
    else:
        lists = split_lists(first, mapping.list_mark, tidy=False)
    rows = pl.DataFrame({"row": np.arange(len(lists), dtype=np.int64), "item": lists}).explode("item")
    # An empty place (a padded column, two delimiters in a row) is no entry, and nothing is lost with it.
    rows = rows.filter(pl.col("item").cast(pl.String).str.strip_chars().fill_null("") != "")
    notes = table.notes
    codes = partial(id_codes, missing=mapping.missing, as_written=mapping.ids_as_written)
    user, user_ids, whose = None, None, np.zeros(len(rows), bool)
    if mapping.user is not None:
        by_row, user_ids = codes(table.frame[mapping.user].cast(pl.String).fill_null("unknown"))
        if mapping.once_a_user:
            _, first_rows = np.unique(by_row, return_index=True)
            rows = rows.filter(pl.col("row").is_in(pl.Series(first_rows).implode()))
            notes = (*notes, f"The first row of each of {counted(len(first_rows), 'user')} was read.")
        user = by_row[rows["row"].to_numpy()]
        whose = _too_long(user, user_ids)
    item, item_ids = codes(rows["item"])
    row = rows["row"].to_numpy()
    events = Events(row, np.zeros(len(row), np.int8), item, item_ids, user, user_ids, row.astype(np.int32))
    too_long, words = _too_long(item, item_ids), _too_long_words()
    problems, examples = [], []
    for bad, what in ((item < 0, "no item"), (too_long, words), (whose, f"a user with {words}")):
        if bad.any():
            at = int(bad.argmax())
            value = f"{table.where(int(row[at]))} ({shortened(rows['item'][at], 40)!r})"
            problems.append(f"{counted(int(bad.sum()), 'entry')} with {what} left out (first: {value})")
            examples.append(f"{value}: {what}")
    kept = events.take((item >= 0) & ~too_long & ~whose)
    _refuse_nothing(table, kept)
    within = rows["item"].alias(first.name if not others else "the items of the rows")
    said = ids_said([*id_columns(table.frame, mapping), within], mapping)
    if not others and not first.dtype.is_nested():
        said.append(mark_said(first.name, mapping.list_mark or joint_of(first)))
    for column in (first, *others):
        said += [assumed("sequence", mapping.sequence, words, doubtful=True) for words in cut_short(column)]
    told = tuple(problems), tuple(examples)
    return Parsed(kept, len(rows), len(item_ids), *told, notes, "item", tuple(said))
