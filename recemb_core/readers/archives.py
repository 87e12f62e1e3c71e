"""Which table of an archive holds the events, and which the items."""

from __future__ import annotations

from collections.abc import Callable

from recemb_core.readers.column_names import plain_name
from recemb_core.readers.columns import ColumnMapping, guess_columns
from recemb_core.readers.errors import InputError, listed
from recemb_core.readers.sources import KNOWN_PAIRS, Member
from recemb_core.readers.table import Table


def choose_tables(name: str, members: list[Member], parse: Callable[[Member], Table]) -> Table:
    """The table of events with the table of items as its companion.

    Known pairs (MovieLens, RecBole) are told by name; otherwise the events are the largest table whose columns say
    who did what, and the items another table with one row for each item.

    Raises:
        InputError: no member can be read as a table of events.
    """
    for events_name, items_name in KNOWN_PAIRS:
        first = [m for m in members if _is(m, events_name)]
        second = [m for m in members if items_name and _is(m, items_name)]
        if len(first) == 1:
            table = parse(first[0])
            companion = _quietly(parse, second[0])[0] if second else None
            return table.with_companion(companion, _said(name, first[0], second[0] if companion else None))
    return _by_content(name, members, parse)


def _by_content(name: str, members: list[Member], parse: Callable[[Member], Table]) -> Table:
    readable: list[tuple[Member, Table, ColumnMapping]] = []
    problems = []
    for member in sorted(members, key=lambda m: -len(m.data)):
        table, problem = _quietly(parse, member)
        if table is None:
            problems.append(problem)
        else:
            readable.append((member, table, guess_columns(table.frame)))
    events = [entry for entry in readable if entry[2].is_complete]
    if not events:
        if len(problems) == 1 and not readable:
            raise InputError(problems[0])
        raise InputError(
            f"{name!r} holds {listed(m.base_name for m in members)}, and none has columns for a user or basket and an "
            "item; zip the table of events alone"
        )
    member, table, mapping = max(events, key=lambda entry: len(entry[1].frame))
    others = [entry for entry in readable if entry[1] is not table]
    companion = next((entry for entry in others if _is_by_item(entry[1], mapping)), None)
    said = _said(name, member, companion[0] if companion else None)
    return table.with_companion(companion[1] if companion else None, said)


def _is_by_item(table: Table, events: ColumnMapping) -> bool:
    if events.item is None:
        return False
    same = [c for c in table.frame.columns if plain_name(c) == plain_name(events.item)]
    return bool(same) and table.frame[same[0]].n_unique() > 0.9 * len(table.frame)


def _is(member: Member, wanted: str) -> bool:
    return member.base_name.endswith(wanted) if wanted.startswith(".") else member.base_name == wanted


def _quietly(parse: Callable[[Member], Table], member: Member) -> tuple[Table | None, str]:
    try:
        return parse(member), ""
    except InputError as error:
        return None, str(error)


def _said(name: str, events: Member, items: Member | None) -> str:
    beside = f" and {items.base_name} as side information by item" if items else ""
    return f"From {name or 'the archive'}: {events.base_name} was read as the events{beside}."
