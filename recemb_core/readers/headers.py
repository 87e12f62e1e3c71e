"""Which lines of a delimited text name its columns, and what the columns are called where names are too few."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from recemb_core.arrays import Int64Array
from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_names import is_known_name, role_rank
from recemb_core.readers.content import holds_times
from recemb_core.readers.errors import InputError, counted, listed, shortened

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")
_ALIKE = 0.9  # share of the lines that have as many fields, so that this many are meant


def looks_like_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of some records names the columns.

    >>> looks_like_header([["196", "242"], ["186", "302"]]), looks_like_header([["who", "n"], ["x", "1"]])
    (False, True)
    """
    first, rest = [field.strip() for field in rows[0]], rows[1:]
    if any(is_known_name(field) for field in first) and not any(_is_value(field) for field in first):
        return True
    if any(_is_value(field) for field in first if field) or not rest:
        return not rest and not any(_is_value(field) for field in first)
    below = {field.strip() for row in rest for field in row}
    for position in range(len(first)):
        column = [row[position].strip() for row in rest if position < len(row)]
        if sum(map(_is_value, column)) > 0.8 * max(len(column), 1):
            return True  # a word above numbers or dates
    if any(field in below for field in first if field):
        return False  # it comes again below: it is a value
    words = {word for field in below for word in _parts(field)}
    if any(len(parts := _parts(field)) > 2 and words.issuperset(parts) for field in first):
        return False  # a list of what comes again below
    return len(set(first)) == len(first)


def _parts(field: str) -> list[str]:
    return [part for part in re.split(r"[\s,;|]+", field) if part]


def _is_value(field: str) -> bool:
    listed = (field[:1], field[-1:]) in (("{", "}"), ("[", "]"))  # JSON in a cell
    return listed or bool(_NUMBER.fullmatch(field) or _DATE.fullmatch(field))


def lines_of_names(rows: Sequence[Sequence[str]], header: bool | None, name_lines: int | None) -> int:
    """How many lines name the columns: 0, 1, or 2 where the first has gaps and the second repeats a name.

    >>> rows = [["Order", "", "Customer", ""], ["id", "date", "id", "name"], ["7", "2024-03-01", "3", "Ann"]]
    >>> lines_of_names(rows, None, None), lines_of_names(rows, None, 1), lines_of_names(rows[1:], False, None)
    (2, 1, 0)
    """
    if header is False:
        return 0
    if name_lines is not None:
        return min(name_lines, len(rows))
    if _is_double(rows):
        return 2
    return int(looks_like_header(rows) if header is None else header)


def _is_double(rows: Sequence[Sequence[str]]) -> bool:
    if len(rows) < 3 or len(rows[0]) != len(rows[1]):
        return False
    upper, lower = ([field.strip().strip("\ufeff") for field in row] for row in rows[:2])
    if not upper[0] or all(upper) or sum(map(bool, upper)) < 2 or not all(lower) or len(set(lower)) == len(lower):
        return False
    joined = joined_names(upper, lower)
    return len(set(joined)) == len(joined) and not any(map(_is_value, (*upper, *lower)))


def joined_names(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Each name of the lower line behind the last one above it."""
    names, over = list[str](), ""
    for above, name in zip(upper, lower, strict=False):
        over = above or over
        names.append(" ".join(filter(None, (over, name))))
    return names


def width_of(fields: Int64Array, first: int) -> int:
    """How many columns a text has: those of its first line, or of nearly all the others where that is more.

    >>> width_of(np.array([3, 4, 4, 4]), 3), width_of(np.array([3, 4, 2, 3]), 3)
    (4, 3)
    """
    body = fields[1:][fields[1:] > 0]
    if not len(body):
        return first
    usual = int(np.bincount(body).argmax())
    return usual if usual > first and float((body == usual).mean()) > _ALIKE else first


def names_from(rows: Sequence[Sequence[str]], count: int, comment: str | None, called: str, line: int) -> list[str]:
    """The names in the first ``count`` lines, or in a comment above them; else ``column_1``, … .

    Raises:
        InputError: two columns with one name.
    """
    first = [field.strip().strip("\ufeff") for field in rows[0]]
    if not count:
        from_comment = (comment or "").split("\t" if "\t" in (comment or "") else None)
        named = len(from_comment) == len(set(from_comment)) == len(first) and any(map(is_known_name, from_comment))
        return from_comment if named else [f"column_{i + 1}" for i in range(len(first))]
    if count > 1:
        first = joined_names(first, [field.strip() for field in rows[1]])
    often = Counter(filter(None, first))
    if twice := next((name for name, count in often.items() if count > 1), ""):
        places = [str(place) for place, name in enumerate(first, start=1) if name == twice]
        where = " and ".join(places[:3]) + (f" and {len(places) - 3:,} more" if len(places) > 3 else "")
        name = shortened(twice, 40)
        raise InputError(f"{called} names two columns {name!r} (fields {where} of line {line}); rename one of them")
    return [name or free_name(f"column_{i + 1}", first) for i, name in enumerate(first)]


def free_name(name: str, taken: list[str]) -> str:
    """The name of a column without one, which no other column has."""
    return name if name not in taken else free_name(f"{name}_unnamed", taken)


def with_names(
    frame: pl.DataFrame, names: list[str], row_names: bool | None
) -> tuple[pl.DataFrame, int, list[Assumption]]:
    """The columns under their names, which may be fewer than the columns.

    Further columns are the last ones, unless the first column holds the names of rows, as R writes them: then its
    values are all different.

    Returns:
        The frame, how many empty columns at its end were left out, and what was decided.

    >>> frame = pl.DataFrame({"a": ["1", "2"], "b": ["u", "u"], "c": ["x", "y"]})
    >>> with_names(frame, ["user", "item"], None)[0].columns, with_names(frame, ["user", "item"], False)[0].columns
    (['row', 'user', 'item'], ['user', 'item', 'column_3'])
    """
    more = frame.width - len(names)
    if more <= 0:
        return frame.rename(dict(zip(frame.columns, names, strict=True))), 0, []
    blank = pl.all_horizontal(pl.col(frame.columns[len(names) :]).fill_null("").str.strip_chars() == "")
    if bool(frame.select(blank.all()).item()):
        words = f"Every row ends with {counted(more, 'delimiter')} more than the names, which add no column."
        kept = frame.select(frame.columns[: len(names)])
        said = [assumed("trailing delimiter", True, words)]
        return kept.rename(dict(zip(kept.columns, names, strict=True))), more, said
    first, running = frame[frame.columns[0]], False
    if row_names is None:
        told = first.drop_nulls()
        distinct = more == 1 and len(told) > 1 and told.n_unique() == len(told) >= _ALIKE * len(first)
        is_row = distinct and not (role_rank("timestamp", names[0]) is not None and holds_times(first))
        steps = told.cast(pl.Int64, strict=False).diff().drop_nulls() if is_row else told
        running = is_row and len(steps) == len(told) - 1 and bool((steps > 0).all())
    else:
        is_row = row_names
    left = more - int(is_row)
    named = [free_name("row", names), *names] if is_row else list(names)
    for place in range(len(named) + 1, frame.width + 1):
        named.append(free_name(f"column_{place}", named))
    further = named[frame.width - left :]
    back = (("decide by the content", None),) if row_names is not None else ()
    words = f"Rows have {counted(more, 'field')} more than there are names: "
    if is_row:
        each = "" if row_names else ", whose values are all different,"
        words += f"the first{each} was read as the name of its row ({named[0]!r}), as R writes them"
        words += f", and the last as {listed(further)}" if further else ""
    elif left == 1:
        words += f"the last became a column without a name ({further[0]!r})"
    else:
        words += f"the last became columns without a name ({further[0]!r} to {further[-1]!r})"
    words += ", as set." if row_names is not None else "."
    other = ("the last have no name", False) if is_row else ("the first is the name of its row", True)
    doubtful = row_names is None and more == 1 and not running
    said = [assumed("row_names", is_row, words, other, *back, doubtful=doubtful)]
    return frame.rename(dict(zip(frame.columns, named, strict=True))), 0, said


def names_said(count: int, given: int | None, header: bool | None, names: list[str], line: str) -> list[Assumption]:
    """That a line names the columns, or none, or two."""
    again = [("decide by the content", None)] if header is not None else []
    head = f"The first line names the columns ({shortened(line)!r})." if count else "No line names the columns."
    other = ("the first line is data", False) if count else ("the first line names the columns", True)
    said = [assumed("header", bool(count), head, other, *again)]
    if count > 1 or given is not None:
        two = (
            f"The first two lines name the columns: a name of the second stands behind that above it ({listed(names)})"
        )
        words = two if count > 1 else "The first line alone names the columns"
        back = [("decide by the content", None)] if given is not None else []
        others = ("the first line alone", 1) if count > 1 else ("the first two lines", 2)
        words += ", as set." if given is not None else "."
        said.append(assumed("name_lines", count, words, others, *back, doubtful=given is None))
    return said
