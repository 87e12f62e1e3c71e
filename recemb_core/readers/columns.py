"""What each column of a table means, guessed from its name and its content; every part can be set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import polars as pl

from recemb_core.readers.column_names import EDGE_NAMES, LIST_NAMES, is_unlabelled, plain_name, role_rank
from recemb_core.readers.content import (
    holds_days,
    holds_times,
    id_likeness,
    is_number,
    is_yes_or_no,
    overlap,
    per_item_columns,
    same_values,
    sample_of,
    starts_blocks,
)
from recemb_core.readers.errors import InputError, listed
from recemb_core.readers.keyed import role_of_keys
from recemb_core.readers.list_shapes import list_shape, rises
from recemb_core.readers.presets import find_preset
from recemb_core.readers.table import KEY, LINE, SEQUENCE
from recemb_core.readers.time_words import clock_seconds
from recemb_core.readers.times import TIME_UNITS, is_clock, zone_seconds
from recemb_core.validation import UsageError, is_whole, require

Shape = Literal["events", "baskets", "sequences", "edges"]
ROLES = (
    *("user", "item", "timestamp", "basket", "session", "order", "weight", "rating", "event_type", "dwell", "title"),
    *("clock", "click"),
)


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
        time_unit: what times that are numbers count, one of ``times.TIME_UNITS``; None goes by their size.
        zone: the zone of times that name none, like "+02:00" or "Europe/Berlin"; None is UTC.
        year: of times that are month and day only.
        dwell_unit: "seconds" or "milliseconds"; None goes by the column's name and size.
        decimal: "." or ",", what stands before the decimals of numbers; None decides on the whole column.
        missing: the words that stand for a missing id; None is ``events.MISSING``.
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
    time_unit: str | None = None
    zone: str | None = None
    year: int | None = None
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
        for name in ("day_first", "ordered", "fill_down"):
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
        lists = [name for name in (*taken, *self.side) if name in frame.columns and frame.schema[name].is_nested()]
        if lists:
            raise InputError(
                f"column {lists[0]!r} holds lists; only a column of whole sequences may, choose another one"
            )
        missing = [name for name in (*self.side, *self.sequence) if name not in frame.columns]
        if missing:
            raise InputError(f"there is no column {missing[0]!r}; the columns are {listed(frame.columns, 30)}")


def guess_columns(frame: pl.DataFrame, *, presets: bool = True, **given: str | None) -> ColumnMapping:
    """Guess what each column means; never fails, an unknown role stays None.

    Args:
        frame: the table.
        presets: whether layouts of well-known data sets are looked for.
        **given: roles already known (``item="sku"``); a role given as None is left without a column.

    >>> guess_columns(pl.DataFrame({"visitor": ["a", "a"], "sku": ["x", "y"], "when": [1.7e9, 1.7e9]})).columns
    {'user': 'visitor', 'item': 'sku', 'timestamp': 'when'}
    """
    unknown = set(given) - set(ROLES)
    if unknown:
        raise UsageError(f"there is no role {min(unknown)!r}; the roles are {', '.join(ROLES)}")
    sample = sample_of(frame)
    preset = find_preset(frame) if presets else None
    if preset is not None and _disagrees(preset.roles, given):
        preset = None
    if preset is not None:
        roles, name = {**preset.roles, **given}, preset.name
        why = [f"recognised as {name} by its columns"]
    else:
        roles, name, why = {}, None, []
        structural = _edges_or_sequences(frame, sample) if not given else None
        if structural is not None:
            return structural
        roles, why = _by_name(sample, given)
        if (role := role_of_keys(sample, roles)) is not None and role not in given:
            roles[role] = sample.columns[0]
            why.append(f"{role}: {roles[role]}, the name that each list of the file stands under")
        _by_content(sample, roles, given, why)
    if "side" not in roles:
        free = [c for c in sample.columns if c not in roles.values()]
        item = roles.get("item")
        roles["side"] = per_item_columns(sample, item, free) if item in sample.columns else ()
    shape: Shape = "baskets" if roles.get("basket") else "events"
    return ColumnMapping(**{"shape": shape, "preset": name, "why": tuple(why), **roles})


def _disagrees(roles: Mapping[str, Any], given: dict[str, str | None]) -> bool:
    """Whether a column that is set by hand has another role in the preset."""
    return any(
        column is not None and roles.get(other) == column
        for role, column in given.items()
        for other in roles
        if other != role
    )


def _edges_or_sequences(frame: pl.DataFrame, sample: pl.DataFrame) -> ColumnMapping | None:
    plain = {plain_name(c): c for c in frame.columns}
    unlabelled = is_unlabelled(frame.columns)
    lists = [c for c, kind in frame.schema.items() if isinstance(kind, (pl.List, pl.Array))]
    named = [plain[n] for n in LIST_NAMES if n in plain]
    users, items = ([c for c in frame.columns if role_rank(role, c) is not None] for role in ("user", "item"))
    user = next(iter(users), None)
    if frame.columns == [LINE, SEQUENCE]:
        why = "the first of each line names it, the others are its items"
        ordered = False if rises(frame[SEQUENCE]) else None
        return ColumnMapping(shape="sequences", sequence=(SEQUENCE,), user=LINE, ordered=ordered, why=(why,))
    if lists and (set(lists) & set(named) or frame.width == 1):
        chosen = next((c for c in named if c in lists), lists[0])
        user = user or (KEY if frame.columns[0] == KEY else None)
        return ColumnMapping(shape="sequences", sequence=(chosen,), user=user, why=(f"{chosen}: lists of items",))
    joined = next((c for c in named if c.endswith(":token_seq")), None)
    if joined is not None:
        why = f"{joined}: RecBole token lists"
        return ColumnMapping(shape="sequences", sequence=(joined,), user=user, preset="RecBole", why=(why,))
    arguments = list_shape(frame, sample, unlabelled)
    if arguments is not None:
        return ColumnMapping(**arguments)
    for a, b in EDGE_NAMES:
        if a in plain and b in plain and not (users and items):
            ends = plain[a], plain[b]
            heavy = (c for c in frame.columns if role_rank("weight", c) is not None and c not in ends)
            weight = next((c for c in heavy if is_number(sample[c])), None)
            why = f"{ends[0]} → {ends[1]}: names of an edge list"
            return ColumnMapping(shape="edges", source=ends[0], target=ends[1], weight=weight, why=(why,))
    if not unlabelled or frame.width < 2:
        return None
    first, second, *others = frame.columns
    numeric = len(others) <= 1 and all(is_number(sample[c]) for c in others)
    shared = numeric and overlap(sample[first], sample[second]) > 0.3
    if shared and is_log_of_pairs(sample[first], sample[second]):
        rating = next((c for c in others if sample[c].n_unique() <= 11), None)
        why = f"user: {first} and item: {second}, the users one after the other"
        return ColumnMapping(shape="events", user=first, item=second, rating=rating, why=(why,))
    if shared:
        third, why = next(iter(others), None), "two columns with the same values: an edge list"
        return ColumnMapping(shape="edges", source=first, target=second, weight=third, why=(why,))
    if frame.width >= 3 and same_values(sample):
        why = "all columns hold the same values: one sequence a row"
        return ColumnMapping(shape="sequences", sequence=tuple(frame.columns), why=(why,))
    return None


def is_log_of_pairs(first: pl.Series, second: pl.Series) -> bool:
    """Whether pairs of numbers are somebody's items in turn rather than edges, though both count from 1.

    Users come one after the other, each in one block, and their items are in no order; edges that are sorted by their
    start are sorted by their end as well, or name each other both ways.

    >>> is_log_of_pairs(pl.Series(["1"] * 4 + ["2"] * 4), pl.Series(list("52315243")))
    True
    >>> is_log_of_pairs(pl.Series(list("11223")), pl.Series(list("23344")))
    False
    """
    a, b = first.cast(pl.Int64, strict=False), second.cast(pl.Int64, strict=False)
    if a.null_count() or b.null_count() or len(a) < 8 or bool((a.diff().drop_nulls() < 0).any()):
        return False
    inside = (a.diff() == 0).fill_null(False)
    falls = int((inside & (b.diff() < 0).fill_null(False)).sum())
    running = a.n_unique() > 0.9 * (int(a.max()) - int(a.min()) + 1)  # type: ignore[arg-type]
    return running and falls > 0.2 * max(int(inside.sum()), 1) and int(inside.sum()) > 0.5 * len(a)


def _by_name(sample: pl.DataFrame, given: dict[str, str | None]) -> tuple[dict[str, Any], list[str]]:
    roles: dict[str, Any] = dict(given)
    why = [f"{role}: {name}, as set" for role, name in given.items() if name]
    # The surest names first, so that "item_name" is a title where there is an "item_id" and an item where there is not.
    for role in ROLES:
        if role in roles:
            continue
        ranks = {c: rank for c in sample.columns if (rank := role_rank(role, c)) is not None}
        free = (c for c in sorted(ranks, key=ranks.__getitem__) if c not in roles.values())
        column = next((c for c in free if _fits(role, sample, c, roles)), None)
        if column is not None:
            roles[role] = column
            why.append(f"{role.replace('_', ' ')}: {column}, by its name")
    return roles, why


def _fits(role: str, sample: pl.DataFrame, column: str, roles: dict[str, Any]) -> bool:
    """Whether the content agrees with what the name says."""
    values = sample[column]
    if role == "timestamp":
        plain = plain_name(column)
        if plain in ("day", "when"):
            return holds_times(values)  # "Monday", or a day's number
        if is_clock(values):
            return True  # the date is looked for in another column
        # A column called time may count seconds from anywhere; a column called date that holds small numbers is none.
        return not is_number(values) or holds_times(values) or "time" in plain or plain in ("ts", "epoch")
    if role == "clock":
        date, head = roles.get("timestamp"), values.head(500)
        if date is None or values.count() == 0 or not holds_days(sample[date]):
            return False
        return clock_seconds(head).null_count() == head.null_count()
    if role == "click":
        return is_yes_or_no(values)
    if role in ("weight", "rating", "dwell"):
        return values.count() == 0 or is_number(values)
    if role == "order":
        # "order" may be an order's id: step numbers are small and begin again.
        group = next((roles[r] for r in ("session", "basket", "user") if roles.get(r)), None)
        return group is not None and is_number(values) and values.n_unique() < max(0.5 * len(values), 20)
    if role in ("basket", "session"):
        if starts_blocks(values):  # an order's id on its first line only
            return roles.get("user") is None or starts_blocks(sample[roles["user"]])
        return values.count() > 0.5 * len(values)  # RetailRocket's transaction id is empty for views
    if role == "event_type":
        return values.n_unique() <= 50
    return values.dtype != pl.Null


def _by_content(sample: pl.DataFrame, roles: dict[str, Any], given: dict[str, str | None], why: list[str]) -> None:
    """Fill user, item, timestamp and rating that no name gave away."""

    def free() -> list[str]:
        return [c for c in sample.columns if c not in roles.values()]

    def few(column: str, least: int, most: int) -> bool:
        return least <= sample[column].n_unique() <= most

    if roles.get("timestamp") and "clock" not in given and is_clock(sample[roles["timestamp"]]):
        dates = [c for c in free() if holds_times(sample[c])]
        if dates:
            roles["clock"], roles["timestamp"] = roles["timestamp"], dates[0]
            why.append(f"timestamp: {dates[0]}, with the time of day from {roles['clock']}")
    elif roles.get("timestamp") and "clock" not in given:
        hours = [c for c in free() if is_clock(sample[c])]
        if hours and holds_days(sample[roles["timestamp"]]):
            roles["clock"] = hours[0]
            why.append(f"clock: {hours[0]}, because its values are times of day")
    if not roles.get("timestamp") and "timestamp" not in given:
        times = [c for c in free() if holds_times(sample[c])]
        if times:
            roles["timestamp"] = times[0]
            why.append(f"timestamp: {times[0]}, because its values are times")
    unlabelled = is_unlabelled(sample.columns)
    if unlabelled and sample.width > 3 and not roles.get("rating") and "rating" not in given:
        stars = [c for c in free() if c not in sample.columns[:2] and is_number(sample[c]) and few(c, 2, 11)]
        if stars:
            roles["rating"] = stars[-1]
            why.append(f"rating: {stars[-1]}, because it has few different numbers")
    if unlabelled and "event_type" not in given and len(sample) > 40:
        words = [c for c in free() if sample[c].dtype == pl.String and few(c, 2, 8) and not is_number(sample[c])]
        if words:
            roles["event_type"] = words[0]
            why.append(f"event type: {words[0]}, because it has few different words")
    grouped = any(roles.get(role) for role in ("user", "basket", "session"))
    likeness = {c: id_likeness(sample[c]) for c in free()}
    candidates = [c for c in sorted(likeness, key=lambda c: -likeness[c]) if likeness[c] > 0]
    if unlabelled and not grouped and not roles.get("item") and len(candidates) >= 2:
        # Without names, the custom is: who first, what second.
        user, item = [c for c in sample.columns if c in candidates][:2]
        roles["user"], roles["item"] = given.get("user", user), given.get("item", item)
        why.append(f"user: {user} and item: {item}, the first two columns of ids")
    elif not roles.get("item") and grouped and candidates and "item" not in given:
        roles["item"] = candidates[0]
        why.append(f"item: {candidates[0]}, because its values come again and again")
