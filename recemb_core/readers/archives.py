"""Which table of an archive holds the events, and which the items."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_mapping import ColumnMapping
from recemb_core.readers.column_names import plain_name, role_rank
from recemb_core.readers.columns import guess_columns
from recemb_core.readers.errors import InputError, counted, listed, were
from recemb_core.readers.members import Wanted, has_parts, with_left, within
from recemb_core.readers.packed import base_name_of
from recemb_core.readers.parts import part_said
from recemb_core.readers.sources import Contents, Member, known_pair
from recemb_core.readers.table import Table

_SETTINGS = ("encoding", "delimiter", "header", "line_form", "skip_lines", "row_names")
_NO_KINDS = {"dataset", "data", "table", "tbl", "export", "dump", "all", "full"}  # words behind a table's name

Entry = tuple[Member, Table, ColumnMapping]


def choose_tables(
    name: str,
    contents: Contents,
    parse: Callable[[Member], Table],
    part: str | None = None,
    wanted: Wanted | None = None,
    *,
    joins: bool = True,
) -> Table:
    """The table of events (the file that is ``wanted``, or the one that has ``part``) with that of items beside it.

    Where a second table has one row for each basket or session of the events and says whose it was or when, these
    columns are joined to the events (``joins``).

    Known pairs (MovieLens, RecBole) are told by name; otherwise the events are the largest table whose columns say
    who did what, and the items another table with one row for each item. Tables with the same columns are one.

    Raises:
        InputError: no member can be read as a table of events.
    """
    members, called = contents.members, name or "the archive"
    pair = known_pair(members, lambda member: member.base_name)
    if pair and (part is None or (wanted is not None and wanted.label == pair[0].label)):
        found = [(member, _quietly(parse, member)) for member in pair[1:]]
        items = [(member, table) for member, (table, _) in found if table is not None]
        others = [(other, f"the file {other}") for other in (*(m.label for m in pair[1:]), *contents.beside)]
        told = _Told(left=list(contents.beside), given=part is not None)
        whole = _joined(name, pair[0], parse(pair[0]), items, others, told)
        return with_left(whole, called, contents.left, [problem for _, (_, problem) in found if problem])
    readable, problems = list[Entry](), dict[str, str]()
    several = sum(map(has_parts, members)) > 1
    for member in sorted(members, key=lambda m: -len(m.data)):
        table, problem = _quietly(parse, member)
        if table is None:
            problems[member.label] = problem
        else:
            table = within(table, member.label) if several and has_parts(member) else table
            readable.append((member, table, guess_columns(table.frame)))
        if table is None and wanted is not None and member.label == wanted.label:
            raise InputError(problem)
    if len(readable) == 1 and ("graph" in readable[0][1].format or readable[0][1].format == "gml"):
        return with_left(readable[0][1], called, contents.left, problems.values())
    if wanted is not None:
        events = [entry for entry in readable if entry[0].label == wanted.label]
    elif part is not None:
        events = [entry for entry in readable if has_parts(entry[0])]
    else:
        events = [entry for entry in readable if entry[2].is_complete]
    if not events:
        if problems and (part is not None or (len(problems) == 1 and not readable)):
            raise InputError(next(iter(problems.values())))
        raise InputError(
            f"{name!r} holds {listed(m.label for m in members)}, and none has columns for a user or basket and an "
            "item; zip the table of events alone"
        )
    member, table, mapping = max(events, key=lambda entry: (entry[2].item is not None, len(entry[1].frame)))
    others = [(m.label, f"the file {m.label} ({counted(len(t.frame), 'row')})") for m, t, _ in readable]
    parts = [e for e in events if e[1].frame.columns == table.frame.columns and _kind(e[1]) == _kind(table)]
    rivals = [entry for entry in events if entry not in parts and len(entry[1].frame) >= 0.1 * len(table.frame)]
    together = list[str]()
    if len(parts) > 1 and part is None:
        ordered = sorted(parts, key=lambda entry: entry[0].label)
        table = _put_together(member, table, [(m, t) for m, t, _ in ordered], joins)
        readable = [entry for entry in readable if entry not in parts]
        together = [m.label for m, _, _ in ordered] if joins else []
    wider, said = _widened(table, mapping, [(m, t) for m, t, _ in readable if t is not table], joins)
    items = [(m, t) for m, t, _ in readable if t is not table and _is_by_item(t, m.label, mapping)]
    doubtful = not said and any(entry[1] is not (items[0][1] if items else None) for entry in rivals)
    used = {member.label, *together, *(m.label for m, _ in items[:1])}
    used |= {m.label for m, _, _ in readable if any(f"from {m.label}, joined" in one.words for one in said)}
    left = [f"{m.label} ({counted(len(t.frame), 'row')})" for m, t, _ in readable if m.label not in used]
    inner, given = part is not None and (wanted is None or wanted.inner is not None), part is not None
    told = _Told(together, left, given, inner, doubtful)
    whole = _joined(name, member, table, items, others, told)
    whole = replace(whole, frame=wider, assumptions=(*whole.assumptions, *said)) if said else whole
    return with_left(whole, called, contents.left, problems.values())


def _put_together(member: Member, largest: Table, parts: list[tuple[Member, Table]], joins: bool) -> Table:
    """Tables with the same columns, one under the other by name (a file a month, parts of one export)."""
    if not joins:
        words = f"{listed(m.label for m, _ in parts)} have the same columns; the largest alone was read, as set."
        said = assumed("joins", False, words, ("put them together", True))
        return replace(largest, assumptions=(*largest.assumptions, said))
    frame = pl.concat([part.frame for _, part in parts], how="vertical_relaxed")
    notes = [f"{m.label}: {note}" for m, part in parts for note in part.notes]
    otherwise = list[str]()
    for m, part in parts:
        own = [a for a in part.assumptions if a.name in _SETTINGS and _setting(largest, a.name) != a.value]
        otherwise += [f"{m.label} ({', '.join(f'{a.name}: {a.value!r}' for a in own)})"] if own else []
    if otherwise:
        notes.append(f"Read otherwise than {member.label}: {listed(otherwise)}.")
    assumptions = tuple(a for a in largest.assumptions if a.name != "part")
    gone = sum(part.left_out for _, part in parts)
    return replace(largest, frame=frame, lines=None, notes=tuple(notes), left_out=gone, assumptions=assumptions)


def _kind(table: Table) -> tuple[str, object]:
    """How a table is written: the same columns in another form (a dump beside its csv) may well be the same rows."""
    return "text" if table.format in ("csv", "tsv") else table.format, _setting(table, "line_form")


def _setting(table: Table, name: str) -> object:
    return next((a.value for a in table.assumptions if a.name == name), None)


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
            own_key = _key_of(other.frame, member.label, key)
            if own_key is None or other.frame[own_key].n_unique() < len(other.frame):
                continue
            columns = _wanted_of(other.frame, own_key, key, role, wanted, frame)
            if not columns:
                continue
            if not joins:
                words = f"{member.label} has {listed(columns)} for each {role}, and was not used, as set."
                return frame, [assumed("joins", False, words, ("join it", True))]
            right = other.frame.select(pl.col(own_key).cast(pl.String).alias(key), *columns)
            wide = frame.with_columns(pl.col(key).cast(pl.String)).join(
                right, on=key, how="left", maintain_order="left"
            )
            found = int(wide[columns[0]].is_not_null().sum())
            if not found and plain_name(own_key) != plain_name(key):
                continue
            frame, by = wide, repr(key) + ("" if plain_name(own_key) == plain_name(key) else f", its {own_key!r}")
            words = (
                f"{listed(columns)} {were(len(columns))} taken from {member.label}, joined by {by}: found for "
                f"{found:,} of {len(frame):,} rows."
            )
            said.append(assumed("joins", True, words, ("do not join", False), doubtful=found < 0.5 * len(frame)))
            user = next((c for c in columns if role_rank("user", c) is not None), user)
            break
    return frame, said


def _key_of(table: pl.DataFrame, label: str, key: str) -> str | None:
    """The column of a table that holds a key of the events: called the same, or its ``id`` (``order_id``: the ``id`` of
    orders).

    >>> _key_of(pl.DataFrame({"id": [1], "user_id": [2]}), "shop_orders.csv", "order_id")
    'id'
    >>> _key_of(pl.DataFrame({"id": [1], "product_id": [2]}), "order_items.csv", "order_id") is None
    True
    """
    plain = {plain_name(column): column for column in reversed(table.columns)}
    name = plain_name(key)
    if name in plain:
        return plain[name]
    kind = name.removesuffix("id") if name.endswith("id") else name.removeprefix("id")
    if "id" not in plain or kind in ("", name):
        return None
    words = [word for word in re.split(r"[\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", _stem(label)).lower()) if word]
    while len(words) > 1 and words[-1] in _NO_KINDS:
        words.pop()
    called = {"".join(words[place:]) for place in range(len(words))}  # the last words say what its rows are
    several = {kind + end for end in ("", "s", "es", "n", "en", "e")} | {
        f"{kind[:-1]}ies" if kind.endswith("y") else kind
    }
    return plain["id"] if called & several else None


def _stem(label: str) -> str:
    return base_name_of(label).partition(".")[0]


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


def _is_by_item(table: Table, label: str, events: ColumnMapping) -> bool:
    if events.item is None:
        return False
    key = _key_of(table.frame, label, events.item)
    return key is not None and table.frame[key].n_unique() > 0.9 * len(table.frame)


def _quietly(parse: Callable[[Member], Table], member: Member) -> tuple[Table | None, str]:
    try:
        return parse(member), ""
    except InputError as error:
        return None, str(error)


@dataclass(frozen=True)
class _Told:
    """What is said of a choice: files that are one table, files left out, whether it (or a table inside) was set."""

    together: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    given: bool = False
    inner: bool = False
    doubtful: bool = False


def _joined(
    name: str,
    member: Member,
    table: Table,
    items: list[tuple[Member, Table]],
    others: list[tuple[str, str]],
    told: _Told,
) -> Table:
    """The events, the first of the items beside them, and what they were."""
    value: str | None = member.label
    words = f"From {name or 'the archive'}: {member.label} was read as the events"
    if told.together:
        value = None
        words = f"{listed(told.together)} have the same columns and were put together: {len(table.frame):,} rows"
    elif told.inner:  # the file alone would mean the table that is chosen inside it
        value = next((a.value for a in table.assumptions if a.name == "part" and a.value is not None), member.label)
    words += f", and {items[0][0].label} as side information by item" if items else ""
    words += f"; left out: {listed(told.left)}." if told.left else "."
    alone = [(other, f"{label} alone" if other in told.together else label) for other, label in others]
    alone = [(other, label) for other, label in alone if other != value]
    said = part_said(value, words, alone, given=told.given, doubtful=told.doubtful)
    return replace(table, companion=items[0][1].frame if items else None, assumptions=(said, *table.assumptions))
