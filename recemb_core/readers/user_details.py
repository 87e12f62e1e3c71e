"""A second table, of the users: who they are, where, and what they searched for, joined to the users of a log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from recemb_core.readers.errors import InputError, counted, listed, shortened, were
from recemb_core.readers.ids import codes_of, id_strings
from recemb_core.readers.side_info import tidy
from recemb_core.readers.tables import load_table

USER = "user"
EXAMPLE_AGE, SIDE_INFORMATION = "age of the example", "side information of items"
EVERYTHING, NOTHING = "everything", "the history alone"
RESERVED = (USER, EXAMPLE_AGE, SIDE_INFORMATION, EVERYTHING, NOTHING)
"""What a study of features calls its own; a fact of such a name gets a number."""
MOST_WORDS, WORDS_A_USER = 1_000, 20


@dataclass(frozen=True, eq=False)
class UserDetails:
    """What a table says of users.

    Attributes:
        frame: ``user`` and a column a fact: text, or lists of text where a user has several.
        columns: those of the file that may hold words, the users' own left out.
        notes: what was done, in sentences.
    """

    frame: pl.DataFrame
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def read_user_details(source: Any, users: Sequence[str], *, words: str | None = None, name: str = "") -> UserDetails:
    """Read a table with a row a user, in any format that logs are read in.

    The users' column is the one that holds most of the log's users. Numbers are cut into bins, values joined by ``|``
    are several, and a column that cannot group users is left out, each with a note.

    Args:
        source: a path, bytes, a buffer, or a frame.
        users: those of the log.
        words: a column of text whose words count one by one, such as what was searched for: in small letters, those
            that two users or more have, the 1,000 most frequent, and the first 20 of a user.
        name: of the file, for messages.

    Raises:
        InputError: no column holds the users, nothing is left beside them, or there is no column ``words``.

    >>> file = b"id,age,searched\\nann,19-24,Green tea\\nbob,65+,tea cup\\ncy,65+,\\n"
    >>> read_user_details(file, ["ann", "bob", "cy"], words="searched").frame.rows()
    [('ann', '19-24', ['tea']), ('bob', '65+', ['tea']), ('cy', '65+', None)]
    """
    table = load_table(source, name or None)
    frame = table.frame
    flat = [one for one in frame.columns if not frame[one].dtype.is_nested()]
    wanted = pl.Series(list(users), dtype=pl.String)
    ids = {one: id_strings(frame[one]) for one in flat}
    hits = {one: int(codes_of(ids[one])[1].is_in(wanted.implode()).sum()) for one in flat}
    key = max(flat, key=lambda one: hits[one], default=None)
    if key is None or not hits[key]:
        shown = f", such as {shortened(str(users[0]), 30)!r}" if len(users) else ""
        raise InputError(
            f"no column of the user details holds users of this log{shown}; give a table with a row a user (its "
            f"columns are {listed(frame.columns)})"
        )
    if words is not None and (words not in flat or words == key):
        raise InputError(f"the user details have no column {words!r} of words; they have {listed(frame.columns)}")
    there = ids[key].is_in(wanted.implode()).fill_null(False)
    owners, spare = ids[key].filter(there), len(frame) - int(there.sum())
    first = owners.is_first_distinct()
    frame, people = frame.filter(there).filter(first), owners.filter(first)
    notes = [f"Users matched by {key!r}: {counted(hits[key], 'user')} of {len(wanted):,} have details."]
    if spare:
        notes.append(f"{counted(spare, 'row')} of no user of this log {were(spare)} left out.")
    if repeated := len(owners) - len(people):
        notes.append(f"{counted(repeated, 'row')} for a user who has one before; the first one counts.")
    rest = frame[[one for one in frame.columns if one not in (key, words)]]  # drop and select take "*" for all
    kept, more = tidy(rest, "", "users") if rest.width else (None, ())
    columns = [] if kept is None else [one.alias("name" if one.name == "title" else one.name) for one in kept]
    if words is not None:
        found, note = shared_words(frame[words])
        columns.append(found)
        notes.append(note)
    columns = [one for one in columns if one.drop_nulls().len()]
    if not columns:
        said = f"the user details have nothing that groups users beside {key!r}"
        raise InputError("; ".join((said, *more)))
    others = tuple(one for one in flat if one != key)
    told = a_row_a_user(people, columns)
    return UserDetails(told, others, (*table.notes, *notes, *more, *renamed(columns, told)))


def a_row_a_user(users: pl.Series, facts: Sequence[pl.Series]) -> pl.DataFrame:
    """The frame of user details; a fact whose name is taken or :data:`RESERVED` gets a number.

    >>> a_row_a_user(pl.Series(["ann"]), [pl.Series("user", ["x"]), pl.Series("age", [3])]).columns
    ['user', 'user (2)', 'age']
    """
    found = {USER: users.cast(pl.String)}
    for fact in facts:
        names = (fact.name, *(f"{fact.name} ({number})" for number in range(2, len(facts) + 3)))
        found[next(name for name in names if name not in (*RESERVED, *found))] = fact
    return pl.DataFrame(found)


def renamed(facts: Sequence[pl.Series], frame: pl.DataFrame) -> tuple[str, ...]:
    """A note for each fact that has another name in the frame.

    >>> fact = pl.Series("user", ["x"])
    >>> renamed([fact], a_row_a_user(pl.Series(["ann"]), [fact]))
    ("The column 'user' is called 'user (2)' here: the name is taken.",)
    """
    pairs = zip((fact.name for fact in facts), frame.columns[1:], strict=True)
    return tuple(
        f"The column {shortened(old, 30)!r} is called {shortened(new, 40)!r} here: the name is taken."
        for old, new in pairs
        if old != new
    )


def join_details(first: pl.DataFrame | None, second: pl.DataFrame | None) -> pl.DataFrame | None:
    """All that two tables of user details say: a row a user of either, the columns of both.

    >>> first = pl.DataFrame({"user": ["ann", "bob"], "place": ["Bern", "Chur"]})
    >>> join_details(first, pl.DataFrame({"user": ["cy", "ann"], "place": ["north", "south"]})).rows()
    [('ann', 'Bern', 'south'), ('bob', 'Chur', None), ('cy', None, 'north')]
    """
    if first is None or second is None:
        return second if first is None else first
    first, second = (one.with_columns(pl.col(USER).cast(pl.String)) for one in (first, second))
    users = pl.concat([first[USER], second[USER]]).unique(maintain_order=True)
    rows = [users.to_frame().join(one, on=USER, how="left", maintain_order="left") for one in (first, second)]
    return a_row_a_user(users, [fact for one in rows for fact in one if fact.name != USER])


def shared_words(text: pl.Series, which: str = "first") -> tuple[pl.Series, str]:
    """Lists of the words that tell users apart, and what was kept; ``which``: what the first of a text are called."""
    rows = [list(dict.fromkeys(re.findall(r"\w\w+", (one or "").lower()))) for one in text.cast(pl.String).to_list()]
    counts = Counter(word for row in rows for word in row)
    known = {word for word, count in counts.most_common(MOST_WORDS) if count > 1}
    kept = [[word for word in row if word in known][:WORDS_A_USER] or None for row in rows]
    note = (
        f"Words of {text.name!r}: {len(known):,} of {len(counts):,} are kept, those that two users or more have "
        f"(the {MOST_WORDS:,} most frequent), and the {which} {WORDS_A_USER} of a user."
    )
    return pl.Series(text.name, kept, dtype=pl.List(pl.String)), note
