"""Excel workbooks: which sheet holds the table, where on it the table begins, dates and times of day."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_names import is_known_name, role_rank
from recemb_core.readers.columns import guess_columns
from recemb_core.readers.errors import InputError, counted, listed, shortened, were
from recemb_core.readers.headers import joined_names, lines_of_names, names_said
from recemb_core.readers.limits import limits
from recemb_core.readers.parts import no_such_part, part_said
from recemb_core.readers.sources import Member
from recemb_core.readers.table import Table

Sheet = tuple[str, pl.DataFrame, int]  # its name, its rows, and how many rows stand above them
_CHUNK = 1 << 20
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384  # of a sheet, as Excel has them
_CELL = re.compile(rb'\br="([A-Z]*)(\d+)"')  # of a row, which has no letters, or of a cell
_HEAD, _MOST = 40, 12  # rows that are looked at, and that may stand above the table
_UNNAMED = re.compile(r"^__UNNAMED__\d+$")
_DAY_0 = ("1899-12-30", "1899-12-31", "1900-01-00", "1904-01-01")  # of a cell that holds a time of day alone
_CLOCK = rf"^(?:{'|'.join(_DAY_0)})[ T](\d\d:\d\d:\d\d)(?:\.\d+)?$"


def parse_workbook(
    member: Member, called: str, skip: int | None, part: str | None = None, name_lines: int | None = None
) -> Table:
    """The sheet of a workbook that holds a log, without what stands above its table.

    Args:
        member: the file.
        called: what messages call it.
        skip: how many rows stand above the table; found out when left out.
        part: the name of the sheet; chosen when left out.
        name_lines: whether one row or two name the columns; found out when left out.

    Raises:
        InputError: a damaged workbook, no such sheet, too many cells, two columns with one name, or no rows.
    """
    import fastexcel

    try:
        _check_cells(member.data, called)
        book = fastexcel.read_excel(member.data)
        sheets: list[Sheet] = []
        titles: dict[str, str] = {}
        doubled: dict[str, list[str]] = {}
        hidden = set[str]()
        for sheet in book.sheet_names:
            head = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string", n_rows=_HEAD)
            if not head.width:
                continue
            if head.visible != "visible":
                hidden.add(sheet)
            rows = head.to_polars().rows()
            above = _titles(rows) if skip is None else skip
            if above >= head.total_height:
                continue
            if above >= len(rows):
                head = book.load_sheet(sheet, header_row=None, skip_rows=above, dtypes="string", n_rows=1)
                rows = [()] * above + head.to_polars().rows()
            titles[sheet] = " ".join(str(v) for row in rows[:above] for v in row if v is not None)
            if (double := _double(rows[above:], name_lines)) and above + 2 < head.total_height:
                doubled[sheet] = double
                options: dict[str, Any] = {"header_row": None, "skip_rows": above + 2, "column_names": double}
                sheets.append((sheet, _named(book.load_sheet(sheet, **options).to_polars()), above))
                continue
            names = [str(x) for x in rows[above] if x is not None]
            twice = next((name for name in names if name and names.count(name) > 1), None)
            if twice is not None:
                raise InputError(f"{called} names two columns {twice!r} on sheet {sheet!r}; rename one of them")
            sheets.append((sheet, _named(book.load_sheet(sheet, header_row=above).to_polars()), above))
    except (InputError, MemoryError):
        raise
    except Exception as error:
        why = shortened(str(error).split("\n")[0], 100)
        raise InputError(f"{called} is a damaged Excel workbook ({why}); save it again") from None
    sheets = [entry for entry in sheets if entry[1].height and entry[1].width]
    if not sheets:
        raise InputError(f"{called} has no sheet with rows below a header; put the table on the first sheet")
    shown = [entry for entry in sheets if entry[0] not in hidden] or sheets
    name, frame, above = _sheet(shown if part is None else sheets, part, called)
    alike = [entry for entry in shown if entry[1].columns == frame.columns and part is None]
    said = []
    if len(sheets) > 1:
        said.append(_sheet_said(name, sheets, shown, len(alike), part))
    if len(alike) > 1:
        # The UCI workbooks have one sheet a year.
        frame = pl.concat([rows for _, rows, _ in alike], how="vertical_relaxed")
    first = 2 + above + (name in doubled)
    lines = np.arange(first, len(frame) + first) if len(alike) < 2 else None
    said += _above_said(above, skip, titles[name])
    if name in doubled or name_lines is not None:
        told = names_said(1 + (name in doubled), name_lines, None, doubled.get(name, []), "")
        said += [one for one in told if one.name == "name_lines"]
    return Table(_clocks(frame), "xlsx", member.name, lines=lines, assumptions=tuple(said))


def _double(rows: Sequence[Sequence[Any]], name_lines: int | None) -> list[str]:
    """The names that the first two of some rows make together, or nothing where the first alone names the columns."""
    head = [["" if value is None else str(value).strip() for value in row] for row in rows]
    if name_lines == 1 or len(head) < 2 or lines_of_names(head, None, name_lines) < 2:
        return []
    names = joined_names(head[0], head[1])
    named = [name or f"column_{place}" for place, name in enumerate(names, start=1)]
    return named if len(set(named)) == len(named) else []


def _sheet(sheets: list[Sheet], part: str | None, called: str) -> Sheet:
    """The one that is asked for, or that says who did what, or the largest."""
    if part is not None:
        found = [entry for entry in sheets if entry[0].lower() == part.lower()]
        if not found:
            raise no_such_part(called, "sheet", part, (name for name, _, _ in sheets))
        return found[0]
    several = len({tuple(rows.columns) for _, rows, _ in sheets}) > 1
    return max(sheets, key=_log_like if several else lambda entry: entry[1].height)


def _sheet_said(name: str, sheets: list[Sheet], shown: list[Sheet], alike: int, part: str | None) -> Assumption:
    """Which of the ``shown`` sheets were read, with each other one, the hidden too, as an alternative."""
    frame, seen = next(rows for title, rows, _ in sheets if title == name), {title for title, *_ in shown}
    hidden = [(title, rows) for title, rows, _ in sheets if title not in seen]
    others = [
        (title, f"the {'' if title in seen else 'hidden '}sheet {title!r} alone ({counted(rows.height, 'row')})")
        for title, rows, _ in sheets
        if alike > 1 or title != name
    ]
    if part is not None:
        also = "" if name in seen else ", which is hidden,"
        return part_said(name, f"Sheet {name!r}{also} alone was read, as set.", others, given=True)
    left = [f"{title} ({counted(rows.height, 'row')})" for title, rows in hidden]
    told = f" Hidden, and not read: {listed(left)}." if left else ""
    doubtful = not _is_log(frame) and any(_is_log(rows) for _, rows in hidden)
    if alike > 1:
        joined = listed((title for title, rows, _ in shown if rows.columns == frame.columns), 20)
        words = f"Sheets with the same columns were joined: {joined}.{told}"
        return part_said(None, words, others, doubtful=doubtful)
    doubtful |= any(rows.height >= 0.1 * frame.height for title, rows, _ in shown if title != name and _is_log(rows))
    alone = "the only one that is not hidden" if len(shown) == 1 else _chosen(shown, frame)
    return part_said(name, f"Sheet {name!r} was read, {alone}.{told}", others, doubtful=doubtful)


def _titles(rows: Sequence[Sequence[Any]]) -> int:
    """How many rows stand above the one that names the columns, as in a text (``preamble``)."""
    filled = [sum(value is not None and str(value).strip() != "" for value in row) for row in rows]
    known = [sum(is_known_name(str(value)) for value in row if value is not None) for row in rows]
    first = next((n for n, count in enumerate(filled) if count), 0)
    for above in range(first, min(first + _MOST + 1, len(rows) - 1)):
        numbers = any(_is_value(value) for value in rows[above] if value is not None)
        most, known_above = max(filled[:above], default=0), max(known[:above], default=0)
        later = range(above + 1, min(above + 6, len(rows)))
        if filled[above] < 2 or numbers or any(known[n] > known[above] and filled[n] > filled[above] for n in later):
            continue
        if known[above] and (filled[above] > most or (known[above] > 1 and not known_above)):
            return above
        rest = filled[above + 1 :]
        if above > first and most <= 1 and len(rest) >= 10 and all(count == filled[above] for count in rest):
            return above  # titles of one cell over rows that are all alike
        if above == first and filled[first] == max(filled):
            return first
    return first


def _is_value(value: Any) -> bool:
    """Whether a cell holds a number or a date, which no column is called."""
    return bool(re.fullmatch(r"[+-]?\d+(?:\.\d+)?|\d{4}-\d\d-\d\d[ T][\d:.]+", str(value).strip()))


def _above_said(above: int, skip: int | None, title: str) -> list[Assumption]:
    if skip is not None:
        back = (("decide by the content", None), *((("none", 0),) if skip else ()))
        words = f"{counted(skip, 'row')} above the table {were(skip)} skipped, as set."
        return [assumed("skip_lines", skip, words if skip else "No row above the table was skipped, as set.", *back)]
    if not above:
        return []
    what = (
        f"skipped as a title ({shortened(title)!r})"
        if title.strip()
        else f"skipped, which hold{'s' * (above == 1)} nothing"
    )
    words = f"{counted(above, 'row')} above the table {were(above)} {what}."
    other = ("none: the first row belongs to the table", 0)
    return [assumed("skip_lines", above, words, other, doubtful=bool(title.strip()))]


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns without a name by their place, or left out where they are empty as well."""
    empty = [c for c in frame.columns if _UNNAMED.match(c) and frame[c].null_count() == len(frame)]
    names = {c: f"column_{n}" for n, c in enumerate(frame.columns, start=1) if _UNNAMED.match(c)}
    names = {c: name for c, name in names.items() if name not in frame.columns}
    return frame.rename(names).drop(names.get(c, c) for c in empty)


def _is_log(rows: pl.DataFrame) -> bool:
    return guess_columns(rows).is_complete


def _log_like(entry: Sheet) -> tuple[bool, int]:
    return _is_log(entry[1]), entry[1].height


def _chosen(sheets: list[Sheet], frame: pl.DataFrame) -> str:
    most = max(rows.height for _, rows, _ in sheets)
    return "the one with most rows" if frame.height == most else "the one whose columns say who did what"


def _clocks(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells with a time of day alone, which count from Excel's day 0, as times of day."""
    found: list[pl.Series] = []
    for column in frame.get_columns():
        if isinstance(column.dtype, pl.Datetime):
            text = column.dt.strftime("%Y-%m-%d %H:%M:%S")
        elif column.dtype == pl.String:
            text = column
        elif isinstance(column.dtype, pl.Duration):
            text = _of_day(column)
        else:
            continue
        head = text.drop_nulls().head(500)
        if not len(head) or float(head.str.contains(_CLOCK).mean() or 0.0) < 0.9:  # type: ignore[arg-type]
            continue
        found.append(text.str.replace(_CLOCK, "$1"))
    return frame.with_columns(found)


def _of_day(column: pl.Series) -> pl.Series:
    """Lengths of time below a day as times on day 0, where the column is called like a time; else nothing."""
    called = any(role_rank(role, column.name) is not None for role in ("timestamp", "clock"))
    within = bool(column.drop_nulls().is_between(pl.duration(days=0), pl.duration(days=1)).all()) if called else False
    if not within:
        return pl.Series(column.name, [None] * len(column), dtype=pl.String)
    times = pl.select(pl.lit("1899-12-31").str.to_datetime() + column).to_series()
    return times.dt.strftime("%Y-%m-%d %H:%M:%S").alias(column.name)


def _check_cells(data: bytes, called: str) -> None:
    """Refuse a sheet whose last cell lies so far out that the table up to it, empty cells and all, is too large."""
    bounds = limits()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        for name in sheets:
            row = column = 0
            rest = b""
            with archive.open(name) as stream:
                while chunk := stream.read(_CHUNK):
                    text = rest + chunk
                    found = _CELL.findall(text)
                    row = max(row, max((int(digits[:12]) for _, digits in found), default=0))
                    column = max(column, *map(_column_number, {letters for letters, _ in found}), 0)
                    rest = text[-64:]
            if row > _LAST_ROW or column > _LAST_COLUMN or row * column > bounds.cells:
                raise InputError(
                    f"{called}: the cells of {PurePosixPath(name).stem} reach row {row:,} and column {column:,}, more "
                    f"than {bounds.cells:,} cells with the empty ones (RECEMB_FILE_CELLS); delete what stands far out"
                )
            bounds.check_columns(column, called)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:8]:
        number = 26 * number + letter - 64
    return number
