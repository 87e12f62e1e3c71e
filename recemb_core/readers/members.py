"""Files of an archive: which one a name means, what their folders say of them, and what is said of those left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

import polars as pl

from recemb_core.readers.assumptions import Assumption, Choice, assumed
from recemb_core.readers.errors import listed
from recemb_core.readers.sources import Member, is_workbook
from recemb_core.readers.statements import is_sql
from recemb_core.readers.table import Table

_FOLDER = re.compile(r"([A-Za-z_]\w*)=(.+)")  # Hive's and Spark's partitions: dt=2024-03-01
_MANY = 20  # names of files that are written out
_NOTHING = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Wanted:
    """The file that a part means, and the sheet or table inside it where the part names that too."""

    label: str
    inner: str | None = None


def has_parts(member: Member) -> bool:
    """Whether a file may hold several tables: a workbook, or a dump."""
    return is_workbook(member.data) or is_sql(member.data)


def wanted_of(members: list[Member], part: str | None) -> Wanted | None:
    """The file that ``part`` means: by its label, its path, or its name where only one is called so.

    >>> members = [Member("a/log.csv", b"", "a/log.csv"), Member("b/log.csv", b"", "b/log.csv")]
    >>> wanted_of(members, "b/log.csv"), wanted_of(members, "log.csv")
    (Wanted(label='b/log.csv', inner=None), None)
    """
    if part is None:
        return None
    asked = part.lower()
    for place in range(3):
        calls = ((member.label.lower(), member.name.lower(), member.base_name)[place] for member in members)
        found = [member.label for member, called in zip(members, calls, strict=True) if called == asked]
        if len(found) == 1:
            return Wanted(found[0])
    for member in members:
        if asked.startswith(f"{member.label.lower()}/") and has_parts(member):
            return Wanted(member.label, part[len(member.label) + 1 :])
    return None


def with_folders(table: Table, path: str, folders: bool | None) -> Table:
    """The table with a column for each of its folders that are called ``name=value``.

    >>> table = Table(pl.DataFrame({"item": ["a", "b"]}), "csv")
    >>> with_folders(table, "log/dt=2024-03-01/part-0.csv", None).frame.rows()
    [('a', '2024-03-01'), ('b', '2024-03-01')]
    """
    found = [match for part in path.replace("\\", "/").split("/")[:-1] if (match := _FOLDER.fullmatch(part))]
    values = {match[1]: unquote(match[2]) for match in found if match[1] not in table.frame.columns}
    if not values or table.format in ("sequences", "gml", "graphml"):
        return table
    back = (("decide by the content", None),) if folders is not None else ()
    if folders is False:
        words = f"What folders like {found[0][0]} say of their files was not read, as set."
        said = assumed("folders", False, words, ("as columns", True), *back)
        return replace(table, assumptions=(*table.assumptions, said))
    known = {name: None if value == _NOTHING else value for name, value in values.items()}
    frame = table.frame.with_columns(pl.lit(value, dtype=pl.String).alias(name) for name, value in known.items())
    words = (
        f"What folders like {found[0][0]} say of their files became {'a column' if len(known) == 1 else 'columns'}: "
    )
    words += f"{listed(known)}{', as set' if folders else ''}."
    said = assumed("folders", True, words, ("leave it out", False), *back)
    return replace(table, frame=frame, assumptions=(*table.assumptions, said))


def with_left(table: Table, archive: str, left: Iterable[str], problems: Iterable[str] = ()) -> Table:
    """The table with a note of the files of its archive that were not read, and why where that is no matter of kind."""
    names, notes = list(left), [f"Not read: {problem}." for problem in problems]
    if names:
        more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
        notes.insert(0, f"Not read in {archive}: {', '.join(names[:_MANY])}{more}.")
    return replace(table, notes=(*table.notes, *notes)) if notes else table


def within(table: Table, label: str) -> Table:
    """The table with its sheets or tables called by the file that they are in, as ``a.xlsx/Sheet1``."""

    def of_file(value: str | None) -> str:
        return label if value is None else f"{label}/{value}"

    def told(said: Assumption) -> Assumption:
        if said.name != "part":
            return said
        choices = tuple(
            Choice(c.label, tuple((n, of_file(v) if n == "part" else v) for n, v in c.changes))
            for c in said.alternatives
        )
        return replace(said, value=of_file(said.value), alternatives=choices)

    return replace(table, assumptions=tuple(map(told, table.assumptions)))
