"""Columns that hold several items in each row: how they are written, and how they become rows."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.errors import InputError, listed
from recemb_core.readers.limits import limits
from recemb_core.readers.table import Table

MARKS = ("|", ",", ";", " ")
_BRACKETS = r"""(?s)^\s*[\[\(\{].*[\]\)\}]\s*$"""
_QUOTED = r"""'[^']*'|"[^"]*\""""
_COMMA = r"""['"]\s*[,;|]\s*['"]"""


def joint_of(column: pl.Series) -> str:
    """What stands between the items of a column of joined lists: of the marks that occur, the one in most rows.

    >>> joint_of(pl.Series(["115,118", "119"])), joint_of(pl.Series(["a b", "c d"]))
    (',', ' ')
    """
    head = column.cast(pl.String).drop_nulls().head(500).str.strip_chars()
    return max(MARKS, key=lambda mark: (int(head.str.contains(mark, literal=True).sum()), mark != " "))


def mark_said(column: str, mark: str) -> Assumption:
    """What the items of a column of joined lists are joined by."""
    words = f"The items of a row in {column!r} are joined by {mark!r}."
    return assumed("list_mark", mark, words, *((repr(m), m) for m in MARKS if m != mark))


def split_lists(column: pl.Series, mark: str | None = None, *, tidy: bool = True) -> pl.Series:
    """Joined lists → lists; brackets around a list and quotation marks around its items are no part of them.

    Without brackets the blanks beside a mark may belong to an item: they stay unless the items are to be ``tidy``.

    >>> split_lists(pl.Series(["['a', 'b']", "['c']"])).to_list()
    [['a', 'b'], ['c']]
    >>> split_lists(pl.Series(["['a' 'b c'\\n 'd']", "[]"])).to_list()
    [['a', 'b c', 'd'], []]
    >>> split_lists(pl.Series(["a | b"])).to_list(), split_lists(pl.Series(["a | b"]), tidy=False).to_list()
    ([['a', 'b']], [['a ', ' b']])
    """
    if column.dtype.is_nested():
        return column
    text = column.cast(pl.String).str.strip_chars()
    bracketed = is_bracketed(text)
    if bracketed:
        text = text.str.strip_chars("[](){} \n")
        quoted = bool(text.str.contains(_QUOTED).any())
        apart = not text.str.contains(_COMMA).any() if quoted else joint_of(text) == " "
        if mark is None and apart:  # as numpy writes arrays, with blanks and line breaks between the items
            lists = text.str.extract_all(_QUOTED if quoted else r"\S+")
            lists = lists.list.eval(pl.element().str.strip_chars("'\""))
            return lists.list.eval(pl.element().filter(pl.element() != "..."))  # see cut_short
    lists = text.str.split(mark or joint_of(text))
    if not (tidy or bracketed):
        return lists
    stripped = pl.element().str.strip_chars().str.strip_chars("'\"") if bracketed else pl.element().str.strip_chars()
    return lists.list.eval(stripped)


def is_bracketed(column: pl.Series) -> bool:
    """Whether every text in a column is a list in brackets."""
    known = column.drop_nulls()
    return column.dtype == pl.String and len(known) > 0 and bool(known.str.contains(_BRACKETS).all())


def cut_short(column: pl.Series) -> list[str]:
    """In words, how many lists lack their middle: numpy prints three dots for it where an array is long.

    >>> cut_short(pl.Series(["['a' ... 'b']", "['c']"]).alias("items"))
    ["1 list in 'items' is cut short by '...', and what stood there is lost; write whole lists."]
    """
    if not is_bracketed(column):
        return []
    count = int(column.str.contains(r"[\s,]\.\.\.[\s,]").sum())
    many = "list" if count == 1 else "lists"
    words = f"{count:,} {many} in {column.name!r} {'is' if count == 1 else 'are'} cut short by '...', and what stood "
    return [f"{words}there is lost; write whole lists."] if count else []


def holds_joined(column: pl.Series, *, named: bool) -> bool:
    """Whether a text column holds items joined by a mark: parts that come again and again, in other company.

    ``named`` says that the column is called like a list; otherwise the evidence has to be stronger.

    >>> holds_joined(pl.Series(["1,2,3", "2,3", "1,3,2"]), named=True)
    True
    """
    if column.dtype != pl.String:
        return False
    known = column.drop_nulls().head(5_000).str.strip_chars()
    known = known.filter(known != "")
    if len(known) < 2:
        return False
    mark = joint_of(known)
    share = float(known.str.contains(mark, literal=True).mean() or 0.0)  # type: ignore[arg-type]
    if share < (0.3 if named else 0.5):
        return False
    parts = split_lists(known, mark).explode().drop_nulls()
    parts = parts.filter(parts != "")
    distinct = parts.n_unique()
    if named:
        return distinct < 0.95 * len(parts)
    words = bool(parts.head(2_000).str.contains(r"\s").any())
    told = (mark != " " or is_bracketed(known)) and not words
    return told and distinct < 0.5 * len(parts) and known.n_unique() > 0.5 * len(known)


def one_item_a_row(table: Table, column: str, mark: str | None, clicked: str | None) -> tuple[Table, int]:
    """A table with a row for each item of a column that holds several; the rest of a row is repeated.

    Args:
        table: the table.
        column: which holds the items.
        mark: what stands between them; found out when left out.
        clicked: what those that were clicked end with; the others (shown, not clicked) are left out.

    Returns:
        The table, and how many shown items were not clicked.

    Raises:
        InputError: there would be more cells than a table may have; no item ends as the clicked ones do.
    """
    lists = split_lists(table.frame[column], mark, tidy=False).cast(pl.List(pl.String))
    rows, width = int(lists.list.len().sum() or 0), table.frame.width
    if rows * width > limits().cells:
        raise InputError(
            f"column {column!r} holds {rows:,} items, with the other columns more than {limits().cells:,} cells "
            "(RECEMB_FILE_CELLS); keep the columns for user, item and time"
        )
    frame = table.frame.with_columns(lists.alias(column)).with_row_index("recemb row").explode(column)
    frame = frame.filter(pl.col(column).is_not_null() & (pl.col(column).str.strip_chars() != ""))
    shown = len(frame)
    if clicked is not None:
        ends = pl.col(column).str.strip_chars_end()
        frame = frame.filter(ends.str.ends_with(clicked)).with_columns(ends.str.strip_suffix(clicked))
        if frame.is_empty():
            raise InputError(
                f"no item in column {column!r} ends with {clicked!r}; choose what the clicked ones end with"
            )
    lines = None if table.lines is None else table.lines[frame["recemb row"].to_numpy()]
    if frame.is_empty():
        raise InputError(f"column {column!r} holds no items; the columns are {listed(table.frame.columns, 30)}")
    return replace(table, frame=frame.drop("recemb row"), lines=lines), shown - len(frame)
