"""Which column of a table plays which role, and how its values are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import polars as pl

from recemb_core.readers.errors import InputError, listed
from recemb_core.readers.time_numbers import TIME_UNITS
from recemb_core.readers.times import zone_seconds
from recemb_core.validation import is_whole, require

Shape = Literal["events", "baskets", "sequences", "edges"]
ROLES = (
    *("user", "item", "timestamp", "basket", "session", "order", "weight", "rating", "event_type", "dwell", "title"),
    *("clock", "click"),
)


def words_of(name: str) -> str:
    """An argument's name as a person writes it."""
    return name.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """Which column plays which role; None where there is none.

    Attributes:
        shape: ``"events"`` (a row is a user's deed), ``"baskets"`` (a row is a line of a basket), ``"sequences"``
            (a row is a whole sequence) or ``"edges"`` (a row joins two items).
        user: who did it.
        item: to what.
        timestamp: when.
        basket: the invoice or order; its lines have no order inside.
        session: sessions that the file has already cut; their events are ordered.
        order: the step number inside a session or of a user.
        weight: how many, e.g. a quantity; rows with 0 or less are returns and left out.
        rating: for ``min_rating``.
        event_type: for ``event_types``.
        dwell: seconds spent, for ``min_dwell_seconds``.
        title: the item's display name.
        side: further columns that are properties of the item.
        sequence: columns that hold the items of a sequence (one list column, or a column a position).
        source: an edge's start.
        target: an edge's end.
        clock: the time of day, where it stands apart from the date.
        click: whether what a row shows was clicked; rows that say no are no events.
        day_first: whether 1/2/2010 is the first of February; None decides on the whole column.
        year_first: whether 24/3/9 is the 9th of March 2024, whatever ``day_first`` is; None finds it out.
        time_unit: what times that are numbers count, one of ``time_numbers.TIME_UNITS``; None goes by their size.
        zone: the zone of times that name none, like "+02:00" or "Europe/Berlin"; None is UTC.
        year: of times that are month and day only.
        year_offset: what is added to the years of dates (1911: Republic of China, -543: Buddhist); None finds it out.
        dwell_unit: "seconds" or "milliseconds"; None goes by the column's name and size.
        decimal: "." or ",", what stands before the decimals of numbers; None decides on the whole column.
        missing: the words that stand for a missing id; None is ``ids.MISSING``.
        ordered: whether the items of a sequence or a basket have an order; None follows the shape.
        list_mark: what stands between the items of a column that holds several; None finds it out.
        clicked: of lists of shown items, what those that were clicked end with ("-1"); the others are no events.
        fill_down: whether an empty user, basket or date repeats the one above; None: where over half are empty.
        ids_as_written: whether ids keep the spaces around them, characters that nobody sees, and the .0 of floats.
        keep_anonymous: of rows without a user in a basket or session: whether each of these is a user of its own, or
            they are left out.
        once_a_user: sequences: only the first row of each user counts (histories that repeat).
        preset: the known layout that was recognised, or None.
        cancelled: what the basket ids of cancellations start with, or None.
        why: how each role was found, in words.
    """

    shape: Shape
    user: str | None = None
    item: str | None = None
    timestamp: str | None = None
    basket: str | None = None
    session: str | None = None
    order: str | None = None
    weight: str | None = None
    rating: str | None = None
    event_type: str | None = None
    dwell: str | None = None
    title: str | None = None
    side: tuple[str, ...] = ()
    sequence: tuple[str, ...] = ()
    source: str | None = None
    target: str | None = None
    clock: str | None = None
    click: str | None = None
    day_first: bool | None = None
    year_first: bool | None = None
    time_unit: str | None = None
    zone: str | None = None
    year: int | None = None
    year_offset: int | None = None
    dwell_unit: str | None = None
    decimal: str | None = None
    missing: tuple[str, ...] | None = None
    ordered: bool | None = None
    list_mark: str | None = None
    clicked: str | None = None
    fill_down: bool | None = None
    ids_as_written: bool = False
    keep_anonymous: bool = True
    once_a_user: bool = False
    preset: str | None = field(default=None, compare=False)
    cancelled: str | None = None
    why: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        require(self.shape in get_args(Shape), "shape", self.shape, f"one of {', '.join(get_args(Shape))}")
        for name in (*ROLES, "source", "target", "cancelled"):
            value = getattr(self, name)
            require(value is None or isinstance(value, str), name, value, "the name of a column, or None")
        for name in ("side", "sequence"):
            value = getattr(self, name)
            listed_names = isinstance(value, (tuple, list)) and all(isinstance(v, str) for v in value)
            require(listed_names, name, value, "names of columns")
            object.__setattr__(self, name, tuple(value))
        for name in ("day_first", "year_first", "ordered", "fill_down"):
            value = getattr(self, name)
            require(value is None or isinstance(value, bool), name, value, "True, False or None")
        for name in ("once_a_user", "ids_as_written", "keep_anonymous"):
            require(isinstance(getattr(self, name), bool), name, getattr(self, name), "True or False")
        allowed = {"time_unit": TIME_UNITS, "dwell_unit": ("seconds", "milliseconds"), "decimal": (".", ",")}
        for name, values in allowed.items():
            value = getattr(self, name)
            require(value is None or value in values, name, value, f"one of {', '.join(values)}, or None")
        for name in ("zone", "list_mark", "clicked"):
            value = getattr(self, name)
            require(value is None or (isinstance(value, str) and value != ""), name, value, "text that is not empty")
        if self.zone is not None:
            zone_seconds(self.zone)
        within = self.year is None or (is_whole(self.year) and 1 <= self.year <= 9_998)
        require(within, "year", self.year, "a year, or None")
        offset = self.year_offset
        within = offset is None or (isinstance(offset, int) and not isinstance(offset, bool) and abs(offset) <= 9_998)
        require(within, "year_offset", offset, "a whole number of years, or None")
        words = self.missing
        if words is not None:
            told = isinstance(words, (tuple, list)) and len(words) > 0 and all(isinstance(word, str) for word in words)
            require(told, "missing", words, "words, or None")
            object.__setattr__(self, "missing", tuple(words))

    @property
    def columns(self) -> dict[str, str]:
        """The roles that have a column."""
        return {role: name for role in (*ROLES, "source", "target") if (name := getattr(self, role)) is not None}

    @property
    def time_form(self) -> dict[str, Any]:
        """What is said of how times are written, as :func:`~recemb_core.readers.times.parse_times` takes it."""
        names = ("day_first", "year_first", "zone", "year", "year_offset")
        return {"unit": self.time_unit} | {name: getattr(self, name) for name in names}

    @property
    def is_complete(self) -> bool:
        """Whether there is enough to read sequences from: items, and something that groups them."""
        if self.shape == "sequences":
            return bool(self.sequence)
        return self.item is not None and any((self.user, self.basket, self.session))

    def with_roles(self, **roles: Any) -> ColumnMapping:
        """A copy with some parts replaced; the shape follows unless it is given too."""
        if "shape" not in roles and self.shape in ("events", "baskets") and "basket" in roles:
            roles["shape"] = "baskets" if roles["basket"] else "events"
        return replace(self, **roles)

    def taking(self, changes: Mapping[str, Any]) -> ColumnMapping:
        """A copy with arguments replaced as a person chose; a column that gets a role has no other one any more.

        >>> taken = ColumnMapping(shape="events", user="a", item="b", event_type="c").taking({"item": "c"})
        >>> taken.item, taken.event_type
        ('c', None)
        >>> ColumnMapping(shape="sequences", sequence=("a", "b")).taking({"user": "a"}).sequence
        ('b',)
        """
        chosen = {value for name, value in changes.items() if name in ROLES and value is not None}
        held = chosen | set(changes.get("sequence", ()))
        freed = {role: None for role, column in self.columns.items() if column in held and role not in changes}
        if freed.get("title", "") is None and self.title == changes.get("item"):
            del freed["title"]  # a name may be the id as well
        heads = tuple(f"{name}:" for name in (*changes, *map(words_of, changes), *freed))
        why = [line for line in self.why if not line.startswith(heads)]
        shown = [f"{words_of(name)}: {value}, as chosen" for name, value in changes.items()]
        side = tuple(column for column in changes.get("side", self.side) if column not in chosen)
        sequence = tuple(changes.get("sequence", (column for column in self.sequence if column not in chosen)))
        return replace(self, **{**freed, **changes, "side": side, "sequence": sequence, "why": (*why, *shown)})

    def check(self, frame: pl.DataFrame) -> None:
        """Raise :class:`InputError` for a column that the table does not have, or one with two roles."""
        taken: dict[str, str] = {}
        for role, name in self.columns.items():
            if name not in frame.columns:
                raise InputError(
                    f"there is no column {name!r} for the {role.replace('_', ' ')}; the columns are "
                    f"{listed(frame.columns, 30)}"
                )
            if name in taken and {role, taken[name]} != {"item", "title"}:
                raise InputError(f"column {name!r} cannot be both the {taken[name]} and the {role}; change one of them")
            taken[name] = role
        single = [name for name in (*taken, *self.side) if taken.get(name) != "item" or self.shape == "edges"]
        lists = [name for name in single if name in frame.columns and frame.schema[name].is_nested()]
        if lists:
            raise InputError(f"column {lists[0]!r} holds lists; only the items' column may, choose another one")
        missing = [name for name in (*self.side, *self.sequence) if name not in frame.columns]
        if missing:
            raise InputError(f"there is no column {missing[0]!r}; the columns are {listed(frame.columns, 30)}")
