"""Which table of an archive holds the events, and which the items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_mapping import ColumnMapping
from recemb_core.readers.column_names import plain_name, role_rank
from recemb_core.readers.columns import guess_columns
from recemb_core.readers.errors import InputError, counted, listed
from recemb_core.readers.parts import part_said
from recemb_core.readers.sources import Member, known_pair
from recemb_core.readers.table import Table


def choose_tables(
    name: str, members: list[Member], parse: Callable[[Member], Table], wanted: str | None = None, *, joins: bool = True
) -> Table:
    """The table of events (``wanted``, where its name is set) with the table of items as its companion.

    Where a second table has one row for each basket or session of the events and says whose it was or when, these
    columns are joined to the events (``joins``).

    Known pairs (MovieLens, RecBole) are told by name; otherwise the events are the largest table whose columns say
    who did what, and the items another table with one row for each item.

    Raises:
        InputError: no member can be read as a table of events.
    """
    if wanted is None and (pair := known_pair(members, lambda member: member.base_name)):
        items = [(member, found) for member in pair[1:] if (found := _quietly(parse, member)[0])]
        others = [(other, f"the file {other}") for other in (*(m.base_name for m in pair[1:]), *pair[0].beside)]
        return _joined(name, pair[0], parse(pair[0]), items, others)
    readable: list[tuple[Member, Table, ColumnMapping]] = []
    problems: list[str] = []
    for member in sorted(members, key=lambda m: -len(m.data)):
        found, problem = _quietly(parse, member)
        if found is None:
            problems.append(problem)
        else:
            readable.append((member, found, guess_columns(found.frame)))
        if found is None and member.base_name == wanted:
            raise InputError(problem)
    alike = [entry for entry in readable if "graph" in entry[1].format or entry[1].format == "gml"]
    if alike and len(readable) == 1:
        return alike[0][1]
    asked = [entry for entry in readable if entry[0].base_name == wanted][:1]
    events = asked or [entry for entry in readable if entry[2].is_complete]
    if not events:
        if len(problems) == 1 and not readable:
            raise InputError(problems[0])
        raise InputError(
            f"{name!r} holds {listed(m.base_name for m in members)}, and none has columns for a user or basket and an "
            "item; zip the table of events alone"
        )
    member, table, mapping = max(events, key=lambda entry: (entry[2].item is not None, len(entry[1].frame)))
    others = [(m.base_name, f"the file {m.base_name} ({counted(len(t.frame), 'row')})") for m, t, _ in readable]
    others = [(other, label) for other, label in others if other != member.base_name]
    parts = [entry for entry in events if entry[1].frame.columns == table.frame.columns]
    rivals = [entry for entry in events if entry not in parts and len(entry[1].frame) >= 0.1 * len(table.frame)]
    if len(parts) > 1:
        table = _put_together(table, [(m, t) for m, t, _ in sorted(parts, key=lambda entry: entry[0].base_name)], joins)
        readable = [entry for entry in readable if entry not in parts]
    wider, said = _widened(table, mapping, [(m, t) for m, t, _ in readable if t is not table], joins)
    items = [(m, t) for m, t, _ in readable if t is not table and _is_by_item(t, mapping)]
    doubtful = not said and any(entry[1] is not (items[0][1] if items else None) for entry in rivals)
    whole = _joined(name, member, table, items, others, given=wanted is not None, doubtful=doubtful)
    return replace(whole, frame=wider, assumptions=(*whole.assumptions, *said)) if said else whole


def _put_together(largest: Table, parts: list[tuple[Member, Table]], joins: bool) -> Table:
    """Tables with the same columns, one under the other by name (a file a month, parts of one export)."""
    names, rows = listed(member.base_name for member, _ in parts), sum(len(part.frame) for _, part in parts)
    if not joins:
        words = f"{names} have the same columns; the largest alone was read, as set."
        said = assumed("joins", False, words, ("put them together", True))
        return replace(largest, assumptions=(*largest.assumptions, said))
    words = f"{names} have the same columns and were put together: {rows:,} rows."
    frame = pl.concat([part.frame for _, part in parts], how="vertical_relaxed")
    said = assumed("joins", True, words, ("the largest alone", False))
    return replace(largest, frame=frame, lines=None, assumptions=(*largest.assumptions, said))


def _widened(
    table: Table, mapping: ColumnMapping, others: list[tuple[Member, Table]], joins: bool
) -> tuple[pl.DataFrame, list[Assumption]]:
    """The events with users and times from tables that have a row for each of their baskets, sessions or users."""
    frame, said, user = table.frame, list[Assumption](), mapping.user
    # A time that no name gives away (a delivery's, say) yields to one that is called so.
    named = mapping.timestamp is not None and role_rank("timestamp", mapping.timestamp) is not None
    wanted = [
        role for role in ("user", "timestamp") if getattr(mapping, role) is None or (role == "timestamp" and not named)
    ]
    for role in ("basket", "session", "user"):
        key = user if role == "user" else getattr(mapping, role)
        if key is None:
            continue
        for member, other in others:
            keys = [c for c in other.frame.columns if plain_name(c) == plain_name(key)]
            if not keys or other.frame[keys[0]].n_unique() < len(other.frame):
                continue
            columns = _wanted_of(other.frame, keys[0], key, role, wanted, frame)
            if not columns:
                continue
            if not joins:
                words = f"{member.base_name} has {listed(columns)} for each {role}, and was not used, as set."
                return frame, [assumed("joins", False, words, ("join it", True))]
            right = other.frame.select(pl.col(keys[0]).cast(pl.String).alias(key), *columns)
            frame = frame.with_columns(pl.col(key).cast(pl.String)).join(
                right, on=key, how="left", maintain_order="left"
            )
            found = int(frame[columns[0]].is_not_null().sum())
            words = (
                f"{listed(columns)} were taken from {member.base_name}, joined by {key!r}: found for "
                f"{found:,} of {len(frame):,} rows."
            )
            said.append(assumed("joins", True, words, ("do not join", False), doubtful=found < 0.5 * len(frame)))
            user = next((c for c in columns if role_rank("user", c) is not None), user)
            break
    return frame, said


def _wanted_of(
    other: pl.DataFrame, own_key: str, key: str, role: str, wanted: list[str], frame: pl.DataFrame
) -> list[str]:
    """The columns of a second table that say whose or when; of one with a row a user, a surer name for who that is."""
    if role == "user":
        ranks = {c: rank for c in other.columns if c != own_key and (rank := role_rank("user", c)) is not None}
        better = [c for c, rank in ranks.items() if rank < (role_rank("user", key) or 0) and c not in frame.columns]
        return sorted(better, key=ranks.__getitem__)[:1]
    there = guess_columns(other, presets=False).columns
    return [there[r] for r in wanted if r in there and there[r] not in (own_key, *frame.columns)]


def _is_by_item(table: Table, events: ColumnMapping) -> bool:
    if events.item is None:
        return False
    same = [c for c in table.frame.columns if plain_name(c) == plain_name(events.item)]
    return bool(same) and table.frame[same[0]].n_unique() > 0.9 * len(table.frame)


def _quietly(parse: Callable[[Member], Table], member: Member) -> tuple[Table | None, str]:
    try:
        return parse(member), ""
    except InputError as error:
        return None, str(error)


def _joined(
    name: str,
    member: Member,
    table: Table,
    items: list[tuple[Member, Table]],
    others: list[tuple[str, str]],
    *,
    given: bool = False,
    doubtful: bool = False,
) -> Table:
    """The events, the first of the items beside them, and what they were."""
    beside = f" and {items[0][0].base_name} as side information by item" if items else ""
    words = f"From {name or 'the archive'}: {member.base_name} was read as the events{beside}."
    said = part_said(member.base_name, words, others, given=given, doubtful=doubtful)
    return replace(table, companion=items[0][1].frame if items else None, assumptions=(said, *table.assumptions))
