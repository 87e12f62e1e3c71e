"""All that a reading takes for granted, from its bytes to its events, in one list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from recemb_core.readers.assumptions import Assumption, Choice, assumed
from recemb_core.readers.column_mapping import ROLES, ColumnMapping
from recemb_core.readers.column_names import is_unlabelled, role_rank
from recemb_core.readers.columns import IN_TURN, guess_columns
from recemb_core.readers.content import holds_times, is_number, overlap, sample_of, to_numbers
from recemb_core.readers.errors import listed, shortened
from recemb_core.readers.events import Parsed
from recemb_core.readers.list_shapes import counts_fields, names_lines
from recemb_core.readers.presets import Preset, find_preset
from recemb_core.readers.reading import Reading
from recemb_core.readers.side_info import Details
from recemb_core.readers.suspicions import id_columns, ids_said, suspicions
from recemb_core.readers.table import LINE, Table

_TIME_NAME = re.compile(r"time|date|zeit|datum|hour|minute|fecha|日期|时间|\bts$|\byear$|\bday$")
_NO_TIME_NAME = re.compile(r"(play|run|life|watch|dwell|reading|screen)_?time|time_?spent|times$|candidate")  # lengths
_SHAPES = {
    "events": "A row is one event: somebody did something with an item.",
    "baskets": "A row is one line of a basket.",
    "sequences": "A row is one whole sequence.",
    "edges": "A row joins two items: an edge list.",
}


def all_assumptions(
    table: Table, reading: Reading, parsed: Parsed | None, details: Details | None
) -> tuple[Assumption, ...]:
    """Of the text, the columns, the values and the details; one for each argument, the doubtful first."""
    columns = reading.columns
    assert columns is not None  # a reading is completed before it is used
    as_read = [a for a in table.assumptions if a.name not in ROLES or getattr(columns, a.name) == a.value]
    found = [*as_read, *column_assumptions(table.frame, columns)]
    if parsed is not None:
        found += [*parsed.assumptions, *suspicions(table.frame, columns, parsed, details)]
    if columns.shape == "edges":
        found += ids_said(id_columns(table.frame, columns), columns)
        if all(a.name != "directed" for a in found):
            found.append(_directed(reading))
    if details is not None and details.key is not None and all(a.name != "details_key" for a in found):
        words = f"The item details are joined on {details.key!r}."
        others = tuple(
            Choice(name, (("details_key", name),)) for name, n in details.coverage if n and name != details.key
        )
        found.append(Assumption(name="details_key", value=details.key, words=words, alternatives=others))
    told = {(a.name, a.words): a for a in found}
    return tuple(sorted(told.values(), key=lambda a: not a.doubtful))


def _directed(reading: Reading) -> Assumption:
    value = bool(reading.directed)
    words = f"Edges run {'one way only' if value else 'both ways'}{', as set' if reading.directed is not None else ''}."
    other = ("both ways", False) if value else ("one way only (directed)", True)
    return assumed("directed", value, words, other)


def column_assumptions(frame: pl.DataFrame, columns: ColumnMapping) -> list[Assumption]:
    """The layout, the shape, which column is what, and whether lists have an order."""
    found = list[Assumption]()
    preset = find_preset(frame)
    if preset is not None and all(
        getattr(columns, name) == value for name, value in preset.roles.items() if name != "side"
    ):
        found.append(_layout(frame, preset))
    found.append(_shape(frame, columns))
    for role, column in columns.columns.items():
        why = next((w for w in columns.why if w.startswith((f"{role}:", f"{role.replace('_', ' ')}:"))), "")
        reason = why.partition(", ")[2]
        others = [(name, name) for name in frame.columns[:12] if name not in columns.columns.values()]
        if role == "click":
            words = f"Rows whose {column!r} says no were only shown, and are no events."
            found.append(assumed("click", column, words, ("every row counts", None), doubtful=True))
            continue
        named = role.replace("_", " ")
        none = [("no column", None)] if role in ROLES and role not in ("user", "item") else []
        words, doubtful = f"{named}: the column {column!r}.", "though" in reason
        found.append(assumed(role, column, words, *others, *none, why=reason, doubtful=doubtful))
    if columns.shape in ("events", "baskets"):
        found += _nobody_or_no_time(frame, columns)
    if columns.side:
        found.append(assumed("side", columns.side, f"Properties of the items: {listed(columns.side)}.", ("none", ())))
    if columns.shape == "sequences":
        found += _of_lists(frame, columns)
    elif columns.clicked is not None:
        words = f"Items in {columns.item!r} that end with {columns.clicked!r} were clicked; the others were only shown."
        found.append(assumed("clicked", columns.clicked, words, ("all count", None)))
    if (order := _ordered(columns)) is not None:
        found.append(order)
    return found


def _nobody_or_no_time(frame: pl.DataFrame, columns: ColumnMapping) -> list[Assumption]:
    """What a log of events usually has and this one was not seen to have."""
    found, used = list[Assumption](), set(columns.columns.values())
    free = [column for column, kind in frame.schema.items() if column not in used and not kind.is_nested()]
    if columns.user and columns.item and any(IN_TURN in why for why in columns.why):
        swap = Choice("the other way round", (("user", columns.item), ("item", columns.user)))
        words = f"No column has a name: {columns.user!r} was taken for the user and {columns.item!r} for the item."
        third = next((c for c in free if sample_of(frame)[c].dtype == pl.String and not holds_times(frame[c])), None)
        alone = [Choice("all is one person's", (("user", None),))]
        if third is not None:
            alone.append(Choice(f"all is one person's, and the item is {third!r}", (("user", None), ("item", third))))
        more = (swap, *alone)
        found.append(assumed("user", columns.user, words, more=more, doubtful=True, why=f"each is {IN_TURN}"))
    if not (columns.user or columns.basket or columns.session):
        sample = sample_of(frame)
        groups = [c for c in free if 1 < sample[c].n_unique() < 0.8 * len(sample)][:6]
        words = "No column says who it was, so all events are one person's."
        found.append(assumed("user", None, words, *((c, c) for c in groups), doubtful=bool(groups)))
    for role in ("weight", "rating", "dwell"):
        for column in free if getattr(columns, role) is None else ():
            if role_rank(role, column) is None or sample_of(frame)[column].dtype != pl.String:
                continue
            values = sample_of(frame)[column].drop_nulls()
            numbers = to_numbers(values)
            if 0.5 * len(values) < numbers.count() < len(values):
                odd = shortened(values.filter(numbers.is_null())[0], 30)
                words = f"{column!r} is called like a {role} and is none: it holds {odd!r} among its numbers."
                found.append(assumed(role, None, words, (f"read it as the {role}", column), doubtful=True))
    if columns.timestamp is None:
        named = [c for c in free if _TIME_NAME.search(c.lower()) and not _NO_TIME_NAME.search(c.lower())]
        words = "No column of times is read, so nothing is cut by pauses."
        why = f"though {listed(named)} may tell the time in a form that is not known" if named else ""
        found.append(assumed("timestamp", None, words, *((c, c) for c in named[:6]), doubtful=bool(named), why=why))
    return found


def _layout(frame: pl.DataFrame, preset: Preset) -> Assumption:
    plain = guess_columns(frame, presets=False)
    others = [(label, _mapping(preset, arguments)) for label, arguments in preset.others]
    words = f"Recognised as {preset.name} by its columns. {preset.words}".rstrip()
    several = any("sequence" in arguments for _, arguments in preset.others)  # what a row is can be seen in two ways
    general = ("no known layout: go by names and content", plain)
    return assumed("columns", preset.name, words, *others, general, doubtful=several)


def _mapping(preset: Preset, arguments: Mapping[str, Any]) -> ColumnMapping:
    shape = "baskets" if arguments.get("basket") else "events"
    return ColumnMapping(**{"shape": shape, "preset": preset.name, **arguments})


def _shape(frame: pl.DataFrame, columns: ColumnMapping) -> Assumption:
    others, doubtful, why = list[tuple[str, ColumnMapping]](), False, ""
    unlabelled = is_unlabelled(frame.columns)
    if unlabelled and 2 <= frame.width <= 3:
        first, second, *rest = frame.columns
        sample = sample_of(frame)
        alike = overlap(sample[first], sample[second]) > 0.3
        weight = next((c for c in rest if is_number(sample[c])), None)
        if columns.shape == "events":
            edges = ColumnMapping(shape="edges", source=first, target=second, weight=weight)
            others, doubtful = [("an edge list: a row joins two items", edges)], alike
            why = "though both columns hold the same values, the second is in no order" if alike else ""
        elif columns.shape == "edges":
            log = ColumnMapping(shape="events", user=first, item=second, rating=weight)
            others, doubtful = [("a log: a row is a user and an item", log)], True
            why = "both columns hold the same values, and no name says what they are"
    elif columns.shape == "edges" and columns.source is not None and columns.target is not None:
        others = [
            (
                "a log: a row is a user and an item",
                ColumnMapping(shape="events", user=columns.source, item=columns.target),
            )
        ]
    words = _SHAPES[columns.shape]
    named = tuple(Choice(label, (("columns", mapping),)) for label, mapping in others)
    return Assumption(name="shape", value=columns.shape, words=words, alternatives=named, doubtful=doubtful, why=why)


def _of_lists(frame: pl.DataFrame, columns: ColumnMapping) -> list[Assumption]:
    shown = listed(columns.sequence, 3)
    held = "column" if len(columns.sequence) == 1 else "columns"
    found = [assumed("sequence", columns.sequence, f"The items of a row are in the {held} {shown}.")]
    many = [c for c in columns.sequence if c in frame.columns]
    if len(many) > 2 and (column := counts_fields(frame, tuple(many))) is not None:
        found.append(assumed("count", column, f"{column!r} counts the items of a row, and is none itself."))
    if columns.user is None and len(many) > 3 and is_unlabelled(frame.columns):
        first, *rest = many
        if names_lines(frame[first], frame.select(rest)):
            whole = ColumnMapping(shape="sequences", user=first, sequence=tuple(rest))
            words = f"{first!r} is an item like the others, though its values are all different."
            found.append(
                assumed("user", None, words, more=(Choice("it names the row", (("columns", whole),)),), doubtful=True)
            )
    elif columns.user == frame.columns[0] and is_unlabelled(frame.columns):
        whole = ColumnMapping(shape="sequences", sequence=tuple(frame.columns))
        words = f"The first field of each row ({frame[columns.user][0]!r}) names it and is no item."
        choice = Choice("it is an item", (("columns", whole),))
        found.append(assumed("user", columns.user, words, more=(choice,), doubtful=True, why="all are different"))
    elif columns.user is not None and columns.user != LINE and columns.user in frame.columns:
        if columns.once_a_user:
            found.append(assumed("once_a_user", True, "Only the first row of each user counts.", ("every row", False)))
        elif frame[columns.user].n_unique() < len(frame):
            words = "Every row counts, those of one user as well."
            found.append(assumed("once_a_user", False, words, ("only the first of each user", True)))
    used = (*columns.sequence, *columns.columns.values())
    for role, what in (("timestamp", "times"), ("basket", "baskets"), ("session", "sessions")):
        unread = [c for c in frame.columns if c not in used and role_rank(role, c) is not None]
        if unread and columns.sequence and columns.preset is None:
            words = f"{unread[0]!r} is called like a column of {what}, and is not read: a row is a sequence in itself."
            changes: dict[str, Any] = {"shape": "events", "sequence": (), "item": columns.sequence[0], role: unread[0]}
            as_events = Choice("a row is events with it", (("columns", replace(columns, **changes)),))
            more = (as_events,) if len(columns.sequence) == 1 else ()
            found.append(assumed(role, None, words, more=more, doubtful=role == "timestamp"))
    return found


def _ordered(columns: ColumnMapping) -> Assumption | None:
    """Whether items have an order, where the shape leaves it open."""
    baskets = columns.shape == "baskets"
    if columns.shape == "edges" or (columns.shape == "events" and columns.ordered is None):
        return None
    ordered = columns.ordered if columns.ordered is not None else not baskets
    words = "The items of a sequence are in order." if ordered else "The items of a basket have no order."
    why = "no row holds an item twice" if columns.shape == "sequences" and not ordered else ""
    other = ("they have no order", False) if ordered else ("they are in order", True)
    return assumed("ordered", ordered, words, other, doubtful=bool(why), why=why)
