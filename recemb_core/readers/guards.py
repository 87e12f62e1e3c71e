"""Cells that were guarded against being computed by a spreadsheet: the guard is taken off, and said."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from recemb_core.foreign_text import unguarded
from recemb_core.readers.assumptions import assumed
from recemb_core.readers.errors import counted
from recemb_core.readers.table import Table

_BARE = r"^[=+\-@\t\r]"
_GUARDED = r"^'['=+\-@\t\r]"
_AS_TEXT = r'^="[^"]*"$'  # ="0121": what keeps a spreadsheet from making a number of it


def without_guards(table: Table, guards: bool | None = None) -> Table:
    r"""A delimited table whose cells are what they were before :func:`~recemb_core.foreign_text.spreadsheet_csv`.

    A column is taken for guarded where every cell that begins with ``'`` goes on as only a guarded one does, and no
    cell starts a formula. The assumption says in which columns that was so, with an example. With ``guards`` True a
    guard is taken off each cell that has one, whatever the others of its column hold; with False all are left.

    >>> mixed = Table(pl.DataFrame({"item": ["'=tea", "=milk"]}), "csv")
    >>> [without_guards(mixed, value).frame["item"].to_list() for value in (None, True)]
    [["'=tea", '=milk'], ['=tea', '=milk']]
    """
    if guards is False:
        said = assumed("guards", False, "Cells are left as they stand, as set.", ("decide by the content", None))
        return replace(table, assumptions=(*table.assumptions, said))
    names = [unguarded(name) if pl.Series([name]).str.contains(_GUARDED)[0] else name for name in table.frame.columns]
    columns, notes = [], []
    for column, name in zip(table.frame.get_columns(), names, strict=True):
        if column.dtype == pl.String:
            as_text = column.str.contains(_AS_TEXT)
            if as_text.any() and (guards or int(as_text.sum()) > 0.9 * column.count()):
                example = _example(column.filter(as_text), '=""')
                column = column.str.replace(r'^="([^"]*)"$', "$1")
                notes.append(f"In column {name!r} the formulas around values like {example!r} were taken off.")
            quotes = column.str.starts_with("'")
            guarded = column.str.contains(_GUARDED)
            only = bool((quotes == guarded).all()) and not column.str.contains(_BARE).any()
            if guarded.any() and (guards or only):
                example = _example(column.filter(guarded), "'=")
                column = pl.select(pl.when(guarded).then(column.str.slice(1)).otherwise(column)).to_series()
                notes.append(
                    f"In column {name!r} the ' before {counted(int(guarded.sum()), 'value')} like {example!r} was "
                    "taken off: it keeps spreadsheets from computing what begins like a formula."
                )
        columns.append(column.alias(name))
    if len(set(names)) < len(names) or (not notes and names == table.frame.columns):
        return table
    words = " ".join(notes) or "The ' before some names of columns was taken off."
    back = (("decide by the content", None),) if guards else ()
    said = assumed("guards", True, words, ("leave the cells as they stand", False), *back)
    return replace(table, frame=pl.DataFrame(columns), assumptions=(*table.assumptions, said))


def _example(values: pl.Series, empty: str) -> str:
    """The first of some cells that holds more than the guard itself."""
    full = values.filter(values.str.len_chars() > len(empty))
    return str((full if len(full) else values)[0])
