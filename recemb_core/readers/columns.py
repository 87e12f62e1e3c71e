"""What each column of a table means, guessed from its name and its content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from recemb_core.readers.column_mapping import ROLES, ColumnMapping, Shape, words_of
from recemb_core.readers.column_names import EDGE_NAMES, LIST_NAMES, is_unlabelled, plain_name, role_rank
from recemb_core.readers.content import (
    are_words,
    counts_lines,
    holds_days,
    holds_several,
    holds_times,
    id_likeness,
    is_empty,
    is_number,
    is_yes_or_no,
    overlap,
    per_item_columns,
    same_values,
    sample_of,
    starts_blocks,
    to_numbers,
)
from recemb_core.readers.item_lists import is_bracketed, joint_of
from recemb_core.readers.keyed import role_of_keys
from recemb_core.readers.list_shapes import list_shape, rises
from recemb_core.readers.presets import find_preset
from recemb_core.readers.table import KEY, LINE, SEQUENCE
from recemb_core.readers.time_parts import names_part
from recemb_core.readers.time_words import clock_seconds
from recemb_core.readers.times import is_clock
from recemb_core.validation import UsageError

# Why a column without a name is the user or the item: the custom is who first, what second.
_SOME_CLOCKS = 8  # different numbers, of which chance makes all times of day in one of 60 cases
_GAPS = 0.1  # the share of empty fields from which another column without any is the better user
IN_TURN = "one of the first two columns whose values repeat like ids"


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
            return _with_times(sample, structural) or structural
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
    lists = [c for c in lists if holds_several(sample[c])]
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


def _with_times(sample: pl.DataFrame, lists: ColumnMapping) -> ColumnMapping | None:
    """A log whose rows are an event for each item of a list, where they have a time, or a basket beside the user."""
    if lists.shape != "sequences" or len(lists.sequence) != 1 or lists.preset or sample.width < 3:
        return None
    (column,) = lists.sequence
    held, rest = sample[column], sample.drop(column)
    if not held.dtype.is_nested() and is_bracketed(held):
        return None  # numpy's lists, which no single mark takes apart
    roles, why = _by_name(rest, {"item": None, "title": None, "weight": None, "rating": None})
    if not roles.get("timestamp"):
        times = [c for c in rest.columns if c not in roles.values() and holds_times(rest[c]) and not is_number(rest[c])]
        roles["timestamp"] = next(iter(times), None)
        why += [f"timestamp: {c}, because its values are times" for c in times[:1]]
    grouped = roles.get("basket") or roles.get("session")
    if not (roles.get("user") or grouped) or not (roles.get("timestamp") or (roles.get("user") and grouped)):
        return None
    shape: Shape = "baskets" if roles.get("basket") else "events"
    mark = None if held.dtype.is_nested() else joint_of(held)
    told = (f"item: {column}, lists of items", *(line for line in why if not line.endswith(", as set")))
    roles = {role: name for role, name in roles.items() if name is not None}
    return ColumnMapping(shape=shape, item=column, list_mark=mark, why=told, **roles)


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
        fitting = [c for c in free if _fits(role, sample, c, roles)]
        if role == "item":  # the course that a whole log is about comes after its lessons, a line's number last
            fitting.sort(key=lambda c: (sample[c].n_unique() < 2, counts_lines(sample[c])))
        if fitting:
            column, reason = fitting[0], "by its name"
            full = [c for c in fitting if not is_empty(sample[c]).any()]
            if role == "user" and full and (gaps := int(is_empty(sample[column]).sum())) > _GAPS * len(sample):
                reason += f", though {column!r}, which is empty in {gaps:,} of {len(sample):,} rows, is called so too"
                column = full[0]
            roles[role] = column
            why.append(f"{words_of(role)}: {column}, {reason}")
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
        if _is_clock_of_digits(values) and _days_beside(sample, column):
            return False  # it is the time of day
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
        # What is the same in every row of nested values belongs to something above them (hits.total.value).
        if not is_number(values) or ("." in column and len(values) > 2 and values.n_unique() < 2):
            return False
        return role != "weight" or bool((to_numbers(values) > 0).any())  # of nothing but 0, no event would be left
    if role == "order":
        # "order" may be an order's id: step numbers are small and begin again.
        group = next((roles[r] for r in ("session", "basket", "user") if roles.get(r)), None)
        return group is not None and is_number(values) and values.n_unique() < max(0.5 * len(values), 20)
    if role in ("basket", "session"):
        if starts_blocks(values):  # an order's id on its first line only
            return roles.get("user") is None or starts_blocks(sample[roles["user"]])
        return values.count() > 0.5 * len(values)  # RetailRocket's transaction id is empty for views
    if role == "event_type":
        return values.n_unique() <= 50 and not bool(values.cast(pl.String).str.starts_with("{").any())
    return values.dtype != pl.Null


def _is_clock_of_digits(values: pl.Series) -> bool:
    """Whether numbers are times of day like 905 and 1417, or 90500 with seconds, in a column that has many."""
    numbers = to_numbers(values).drop_nulls() if is_number(values) else pl.Series(dtype=pl.Float64)
    if numbers.n_unique() < _SOME_CLOCKS or len(numbers) < values.count():
        return False
    return float(numbers.max()) >= 100 and clock_seconds(values).null_count() == values.null_count()  # type: ignore[arg-type]


def _days_beside(sample: pl.DataFrame, column: str) -> bool:
    """Whether another column is called like a time and holds days."""
    others = (c for c in sample.columns if c != column and role_rank("timestamp", c) is not None)
    return any(holds_times(sample[c]) and holds_days(sample[c]) for c in others)


def _by_content(sample: pl.DataFrame, roles: dict[str, Any], given: dict[str, str | None], why: list[str]) -> None:
    """Fill user, item, timestamp and rating that no name gave away."""

    def free() -> list[str]:
        return [c for c in sample.columns if c not in roles.values()]

    def few(column: str, least: int, most: int) -> bool:
        return least <= sample[column].n_unique() <= most

    if not roles.get("timestamp") and "timestamp" not in given:
        times = [c for c in free() if holds_times(sample[c]) and not plain_name(c).endswith("id")]
        if times:
            roles["timestamp"] = times[0]
            why.append(f"timestamp: {times[0]}, because its values are times")
    if roles.get("timestamp") and "clock" not in given and is_clock(sample[roles["timestamp"]]):
        dates = [c for c in free() if holds_times(sample[c])]
        if dates:
            roles["clock"], roles["timestamp"] = roles["timestamp"], dates[0]
            why.append(f"timestamp: {dates[0]}, with the time of day from {roles['clock']}")
    elif roles.get("timestamp") and "clock" not in given:
        hours = [c for c in free() if is_clock(sample[c]) and not is_number(sample[c])]  # 4.02 is a rating
        hours += [c for c in free() if role_rank("timestamp", c) is not None and _is_clock_of_digits(sample[c])]
        if hours and holds_days(sample[roles["timestamp"]]):
            roles["clock"] = hours[0]
            why.append(f"clock: {hours[0]}, because its values are times of day")
    unlabelled = is_unlabelled(sample.columns)
    if unlabelled and sample.width > 3 and not roles.get("rating") and "rating" not in given:
        stars = [c for c in free() if c not in sample.columns[:2] and is_number(sample[c]) and few(c, 2, 11)]
        if stars:
            roles["rating"] = stars[-1]
            why.append(f"rating: {stars[-1]}, because it has few different numbers")
    if unlabelled and "event_type" not in given and len(sample) > 40:
        words = [c for c in free() if sample[c].dtype == pl.String and few(c, 2, 8) and are_words(sample[c])]
        if words:
            roles["event_type"] = words[0]
            why.append(f"event type: {words[0]}, because it has few different words")
    grouped = any(roles.get(role) for role in ("user", "basket", "session"))
    likeness = {c: id_likeness(sample[c]) for c in free() if not is_clock(sample[c]) and not names_part(c)}
    candidates = [c for c in sorted(likeness, key=lambda c: -likeness[c]) if likeness[c] > 0]
    repeated = [c for c in candidates if sample[c].n_unique() < len(sample)]  # a number of the row is nobody
    if unlabelled and not grouped and not roles.get("item") and len(candidates) >= 2:
        # Without names, the custom is: who first, what second.
        pool = repeated if len(repeated) >= 2 else candidates
        user, item = [c for c in sample.columns if c in pool][:2]
        roles["user"], roles["item"] = given.get("user", user), given.get("item", item)
        why += [f"{role}: {column}, {IN_TURN}" for role, column in (("user", user), ("item", item))]
    elif not roles.get("item") and grouped and candidates and "item" not in given:
        roles["item"] = (repeated or candidates)[0]
        reason = "its values come again and again" if repeated else "no other column looks more like ids"
        why.append(f"item: {roles['item']}, because {reason}")
