"""From raw events to sequences: filters, repeats, rare items, over-active users, sessions, short sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recemb_core.arrays import BoolArray, Int64Array, NumberArray
from recemb_core.readers.column_mapping import ColumnMapping
from recemb_core.readers.errors import InputError, counted, listed
from recemb_core.readers.events import CANCELLED, NO_PRODUCT, Events, Parsed
from recemb_core.validation import is_whole, require


@dataclass(frozen=True, kw_only=True)
class CleaningConfig:
    """What to clean, in the order in which it happens; None switches a step off.

    Attributes:
        min_rating: keep rows with at least this rating.
        event_types: keep these event types only.
        min_dwell_seconds: keep rows with at least this dwell time.
        drop_repeats: drop an item that directly repeats the previous one of the session (baskets: always once).
        min_count: keep items with at least this many events.
        max_user_events: drop users with more events than this.
        gap_minutes: a longer gap between a user's events, those that later steps drop included, starts a new session.
        min_length: keep sequences with at least this many events.

    >>> CleaningConfig(min_count=0)
    Traceback (most recent call last):
        ...
    recemb_core.validation.UsageError: min_count must be a whole number from 1, not 0
    """

    min_rating: float | None = None
    event_types: tuple[str, ...] | None = None
    min_dwell_seconds: float | None = None
    drop_repeats: bool = True
    min_count: int = 1
    max_user_events: int | None = None
    gap_minutes: float = 60
    min_length: int = 2

    def __post_init__(self) -> None:
        kinds = (self.event_types,) if isinstance(self.event_types, str) else self.event_types
        object.__setattr__(self, "event_types", None if kinds is None else tuple(map(str, kinds)))
        for name in ("min_rating", "min_dwell_seconds"):
            value = getattr(self, name)
            require(value is None or np.isfinite(_number(value)), name, value, "a finite number or None")
        require(self.event_types != (), "event_types", (), "not empty, or None")
        require(isinstance(self.drop_repeats, (bool, np.bool_)), "drop_repeats", self.drop_repeats, "True or False")
        for name in ("min_count", "min_length"):
            value = getattr(self, name)
            require(is_whole(value) and value >= 1, name, value, "a whole number from 1")
        limit = self.max_user_events
        allowed = "a whole number from 1, or None"
        require(limit is None or (is_whole(limit) and limit >= 1), "max_user_events", limit, allowed)
        for name in self.__dataclass_fields__:
            if isinstance(value := getattr(self, name), np.generic):
                object.__setattr__(self, name, value.item())
        gap = self.gap_minutes
        require(_number(gap) > 0, "gap_minutes", gap, "a number over 0 (float('inf') never splits)")


def _number(value: object) -> float:
    """NaN for what is no number, or a whole one of hundreds of digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return np.nan
    try:
        return float(value)
    except OverflowError:
        return np.nan


@dataclass(frozen=True)
class CleaningStep:
    """What one step did.

    Attributes:
        name: of the step, e.g. ``"rare items"``.
        text: what happened and why, one sentence.
        rows: events before and after.
        items: different items before and after.
        sequences: sequences before and after; None while there are none yet.
        examples: a few lines of the file that were left out.
    """

    name: str
    text: str
    rows: tuple[int, int]
    items: tuple[int, int]
    sequences: tuple[int, int] | None = None
    examples: tuple[str, ...] = ()

    @property
    def dropped_rows(self) -> int:
        """Events that the step left out."""
        return self.rows[0] - self.rows[1]

    @property
    def dropped_items(self) -> int:
        """Items that no event mentions any more after the step."""
        return self.items[0] - self.items[1]

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Events in their final order, where each sequence starts and ends (int64 (n+1,)), and the steps."""

    events: Events
    offsets: Int64Array
    ordered: bool
    steps: tuple[CleaningStep, ...]


class _Run:
    """The events as they stand after each step, and the record of the steps."""

    def __init__(self, parsed: Parsed) -> None:
        self.events, self.steps = parsed.events, []  # type: tuple[Events, list[CleaningStep]]
        text = f"{counted(parsed.rows, parsed.unit)} read"
        text += f"; {'; '.join(parsed.problems)}." if parsed.problems else ", every one usable."
        rows, items = (parsed.rows, len(self.events)), (parsed.items, self.events.n_items)
        self.steps.append(CleaningStep("parse", text, rows, items, None, parsed.examples))

    def keep(self, name: str, mask: BoolArray, text: str, cure: str) -> None:
        """Keep the events of a mask; ``{n}`` in the text stands for the number dropped."""
        before, items = len(self.events), self.events.n_items
        if not mask.all():
            self.events = self.events.take(mask)
        dropped = before - len(self.events)
        sentence = text.replace("{n}", counted(dropped, "row"))
        self.steps.append(CleaningStep(name, sentence, (before, len(self.events)), (items, self.events.n_items)))
        if len(self.events) == 0:
            raise InputError(f"no sequence is left: step “{name}” removed the last {counted(before, 'row')}; {cure}")


def clean(parsed: Parsed, mapping: ColumnMapping, config: CleaningConfig) -> Cleaned:
    """Run all steps in their fixed order.

    Raises:
        InputError: a step needs a column that is not there, or nothing is left; it names the step and the cure.
    """
    run = _Run(parsed)
    _filters(run, mapping, config)
    events, baskets = _grouped(run.events, mapping)
    run.events = _with_visits(_sorted(events, baskets), config)
    _repeats(run, config, baskets)
    if config.min_count > 1:
        counts = np.bincount(run.events.item)
        text = f"{{n}} of items with fewer than {config.min_count} events dropped."
        cure = f"the commonest item has {counted(int(counts.max()), 'event')}: lower min_count to that or less"
        run.keep("rare items", counts[run.events.item] >= config.min_count, text, cure)
    if (limit := config.max_user_events) is not None:
        user = _needed(run.events.user, "max_user_events", "user")
        counts = np.bincount(user)
        text = f"{{n}} of {counted(int((counts > limit).sum()), 'user')} with more than {limit:,} events dropped."
        cure = f"the least active user has {counted(int(counts[counts > 0].min()), 'event')}: raise max_user_events"
        run.keep("over-active users", counts[user] <= limit, text, cure)
    return _finish(run, mapping, config, baskets)


def _filters(run: _Run, mapping: ColumnMapping, config: CleaningConfig) -> None:
    if (run.events.mark == CANCELLED).any():
        text = f"{{n}} of cancelled baskets ({mapping.basket} starts with {mapping.cancelled}) dropped."
        run.keep("filter: cancellations", run.events.mark != CANCELLED, text, "choose another column for the basket")
    if (run.events.mark == NO_PRODUCT).any():
        text = "{n} of postage, fees and corrections dropped, which have no product's code."
        run.keep("filter: no products", run.events.mark != NO_PRODUCT, text, "choose another column for the item")
    if run.events.weight is not None and (run.events.weight <= 0).any():
        text = f"{{n}} with {mapping.weight} of 0 or less dropped (returns and corrections)."
        run.keep("filter: returns", run.events.weight > 0, text, "choose another column, or none, for the weight")
    if config.min_rating is not None:
        rating = _needed(run.events.rating, "min_rating", "rating")
        text = f"{{n}} rated under {config.min_rating:g} or not at all dropped."
        cure = f"the highest rating is {np.nanmax(rating, initial=-np.inf):g}: lower min_rating"
        run.keep("filter: rating", rating >= config.min_rating, text, cure)
    if config.event_types is not None:
        kind = _needed(run.events.kind, "event_types", "event type")
        wanted, known = {name.strip().lower() for name in config.event_types}, [k.lower() for k in run.events.kinds]
        if unknown := wanted.difference(known):
            raise InputError(
                f"there is no event type {min(unknown)!r} in column {mapping.event_type!r}; "
                f"it holds {listed(run.events.kinds)}"
            )
        codes = [code for code, name in enumerate(known) if name in wanted]
        text = f"{{n}} of other types than {', '.join(config.event_types)} dropped."
        run.keep("filter: event type", np.isin(kind, codes), text, f"choose among {listed(run.events.kinds)}")
    if config.min_dwell_seconds is not None:
        dwell = _needed(run.events.dwell, "min_dwell_seconds", "dwell time")
        text = f"{{n}} looked at for under {config.min_dwell_seconds:g} seconds, or without a dwell time, dropped."
        cure = f"the longest is {np.nanmax(dwell, initial=-np.inf):g} seconds: lower min_dwell_seconds"
        run.keep("filter: dwell time", dwell >= config.min_dwell_seconds, text, cure)


def _needed(values: NumberArray | None, setting: str, role: str) -> NumberArray:
    if values is None:
        raise InputError(
            f"{setting} needs a column for the {role}, and none is mapped; map one, or leave {setting} out"
        )
    return values


def _grouped(events: Events, mapping: ColumnMapping) -> tuple[Events, bool]:
    """The events with their baskets; dates without hours make each day of a user a basket."""
    if events.group is not None:
        baskets = mapping.shape == "baskets" and mapping.basket is not None
        return events, baskets if mapping.ordered is None else not mapping.ordered
    if mapping.ordered is False and events.time is None and events.user is not None:
        return replace(events, group=events.user), True
    if not events.date_only or events.order is not None or events.time is None:
        return events, False
    days = events.time.astype(np.int64) // 86_400
    user = np.zeros(len(events), np.int64) if events.user is None else events.user.astype(np.int64)
    span = int(days.max() - days.min()) + 1
    _, group = np.unique(user * span + (days - days.min()), return_inverse=True)
    if int(group.max()) + 1 == len(events):
        return events, False  # nobody has two events on a day, so the days tell the order
    return replace(events, group=group.astype(np.int32)), not mapping.ordered


def _sorted(events: Events, baskets: bool) -> Events:
    """By user, time and step number; sequences that the file gives stay whole, each where it begins."""
    group = events.group
    if group is None:
        keys: list[NumberArray] = [k for k in (events.order, events.time, events.user) if k is not None]
        return events.take(_stable_order(keys)) if keys else events
    n = int(group.max()) + 1
    first = np.full(n, len(events), np.int64)
    np.minimum.at(first, group, np.arange(len(events)))
    ranked: list[NumberArray] = [first]
    if events.time is not None:
        start = np.full(n, np.inf)
        np.minimum.at(start, group, events.time)
        ranked.append(start)
        if baskets:
            events = replace(events, time=start[group])
    if events.user is not None:
        owner = np.zeros(n, np.int64)
        owner[group] = events.user
        ranked.append(owner)
    rank = np.empty(n, np.int32)
    rank[np.lexsort(ranked)] = np.arange(n, dtype=np.int32)
    events = replace(events, group=rank[group])
    inside = [] if baskets else [k for k in (events.time, events.order) if k is not None]
    return events.take(_stable_order([*inside, rank[group]]))


def _stable_order(keys: Sequence[NumberArray]) -> Int64Array:
    """``np.lexsort``, three times as fast where whole numbers fit together into one key."""
    spans = []
    if len(keys[0]) == 0:
        return np.empty(0, np.int64)
    for key in keys:
        low, high = float(key.min()), float(key.max())
        whole = key.dtype.kind in "iu" or bool((key == np.floor(key)).all())
        spans.append((low, high - low + 1.0) if whole else (0.0, np.inf))
    if not np.prod([span for _, span in spans]) < 2.0**62:
        return np.lexsort(keys)
    packed = np.zeros(len(keys[0]), np.int64)
    for key, (low, span) in reversed(list(zip(keys, spans, strict=True))):
        packed = packed * int(span) + (key - low).astype(np.int64)
    return np.argsort(packed, kind="stable")


def _repeats(run: _Run, config: CleaningConfig, baskets: bool) -> None:
    events = run.events
    if baskets:
        assert events.group is not None
        key = events.group.astype(np.int64) * len(events.item_ids) + events.item
        order = np.argsort(key, kind="stable")
        new = np.ones(len(key), dtype=bool)
        new[1:] = key[order][1:] != key[order][:-1]
        mask = np.zeros(len(events), dtype=bool)
        mask[order[new]] = True
        if events.weight is not None and not mask.all():
            weight = events.weight.copy()
            weight[order[new]] = np.add.reduceat(events.weight[order], np.flatnonzero(new))
            run.events = replace(events, weight=weight)
        added = " (weights added up)" if events.weight is not None else ""
        run.keep("repeats", mask, f"{{n}} dropped for naming an item again in the same basket{added}.", "")
    elif config.drop_repeats:
        # Coming back to an item after a session's gap is no repeat.
        repeat = ~_starts(events)
        repeat[1:] &= events.item[1:] == events.item[:-1]
        run.keep("repeats", ~repeat, "{n} dropped for repeating the item just before.", "")


def _with_visits(events: Events, config: CleaningConfig) -> Events:
    """The same with the sessions that pauses part: an event that a later step drops was no pause all the same."""
    if events.group is not None or events.time is None:
        return events
    starts = _starts(events)
    starts[1:] |= np.diff(events.time) > config.gap_minutes * 60.0
    return replace(events, visit=np.cumsum(starts, dtype=np.int32))


def _starts(events: Events) -> BoolArray:
    """Whether each event opens a sequence."""
    starts = np.zeros(len(events), dtype=bool)
    starts[:1] = True
    by = next((key for key in (events.group, events.visit, events.user) if key is not None), None)
    if by is not None:
        starts[1:] |= by[1:] != by[:-1]
    return starts


def _finish(run: _Run, mapping: ColumnMapping, config: CleaningConfig, baskets: bool) -> Cleaned:
    events = run.events
    rows, items = len(events), events.n_items
    lengths = np.diff(np.append(np.flatnonzero(_starts(events)), rows))
    total = len(lengths)
    text = _how_cut(events, mapping, config, baskets, total)
    run.steps.append(CleaningStep("sessions", text, (rows, rows), (items, items), (total, total)))
    keep = lengths >= config.min_length
    kept = events.take(np.repeat(keep, lengths))
    noun = "basket" if baskets else "sequence"
    short = counted(int((~keep).sum()), noun)
    text = f"{short} shorter than {config.min_length} dropped, with {counted(rows - len(kept), 'event')}."
    if config.min_length == 1:
        text = f"None is too short: {noun}s of one event are kept."
    after, left = kept.n_items, int(keep.sum())
    run.steps.append(CleaningStep("short sessions", text, (rows, len(kept)), (items, after), (total, left)))
    if left == 0:
        raise InputError(
            f"no sequence is left: step “short sessions” removed all {counted(total, noun)}, the longest of which has "
            f"{counted(int(lengths.max()), 'event')}, while min_length is {config.min_length}; "
            f"{_cure(run, events)}"
        )
    offsets = np.concatenate([[0], np.cumsum(lengths[keep])]).astype(np.int64)
    return Cleaned(kept, offsets, not baskets, tuple(run.steps))


def _how_cut(events: Events, mapping: ColumnMapping, config: CleaningConfig, baskets: bool, total: int) -> str:
    lists, pause = counted(total, "basket" if baskets else "sequence"), f"{config.gap_minutes:,.10g} minutes"
    pause = "1 minute" if config.gap_minutes == 1 else pause
    days = "The times are dates without hours"
    days += ", so the order within a day is unknown" if baskets else "; the rows of a day are taken to be in order"
    own, someone = mapping.basket or mapping.session, events.user is not None
    paused = "a user paused" if someone else "nothing came"
    placed = "the file" if mapping.order is None else repr(mapping.order)
    in_time = f"{counted(total, 'session')}, cut where {paused} for more than {pause}."
    each, of_days = ", one a user" if someone else "", "one for each day" + " of a user" * someone
    ways = (
        (baskets and mapping.shape == "sequences", f"{lists}, as given; their items have no order."),
        (baskets and own is None and events.time is None, f"{lists}{each}; their items have no order."),
        (baskets and own is None, f"{days}: {lists}, {of_days}."),
        (baskets, f"{lists}, as {own!r} tells them apart; their items have no order."),
        (mapping.shape == "sequences", f"{lists}, as given."),
        (events.group is not None and own is None, f"{days}: {lists}, {of_days}."),
        (events.group is not None, f"{counted(total, 'session')}, as {own!r} tells them apart."),
        (events.time is None, f"There is no time, so nothing is cut: {lists}{each}, in the order of {placed}."),
        (not np.isfinite(config.gap_minutes), f"No pause is too long, so nothing is cut: {lists}{each}."),
    )
    return next((text for holds, text in ways if holds), in_time)


def _usual_pause(events: Events) -> str:
    """The middle pause between two events of a user, for who has to choose a longer gap; "" where there is none."""
    assert events.time is not None
    pauses = np.diff(events.time)
    if events.user is not None:
        pauses = pauses[events.user[1:] == events.user[:-1]]
    if len(pauses) == 0:
        return ""
    minutes = float(np.median(pauses)) / 60.0
    return f" (half of all pauses are {round(minutes, 1):,.10g} minutes or longer)"


def _cure(run: _Run, events: Events) -> str:
    largest = max(run.steps, key=lambda step: step.dropped_rows if step.name != "short sessions" else -1)
    ways = ["lower min_length"]
    if events.group is None and events.time is not None:
        ways.append("raise gap_minutes" + _usual_pause(events))
    if largest.dropped_rows > 0:
        ways.append(f"loosen “{largest.name}”, which dropped {counted(largest.dropped_rows, 'row')}")
    return " or ".join(ways)
