"""Delimited text → a frame of strings: delimiter, header, quotation marks and ragged lines."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl

from recemb_core.arrays import Int64Array
from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_names import is_known_name, is_unlabelled
from recemb_core.readers.errors import InputError, counted, listed, shortened
from recemb_core.readers.limits import limits
from recemb_core.readers.line_scan import (
    DELIMITERS,
    LineScan,
    count_outside_quotes,
    guess_delimiter,
    guess_token_delimiter,
    sample_lines,
    scan_lines,
)
from recemb_core.readers.preamble import without_preamble
from recemb_core.readers.sequence_lines import parse_sequences
from recemb_core.readers.table import Table

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")
_UNIT = "\x1f"  # stands for '::', MovieLens-1M's delimiter; polars takes single characters only


def parse_delimited(
    data: bytes,
    name: str = "",
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    skip_lines: int | None = None,
    quotes: bool | None = None,
    line_id: bool | None = None,
) -> Table:
    """Parse UTF-8 text with ``\\n`` line ends; the lines of the table are None where they cannot be told.

    Args:
        data: the text.
        name: what messages call the file.
        delimiter: one character or ``::``; guessed when left out.
        header: whether the first line names the columns; guessed when left out.
        skip_lines: how many lines stand above the table; guessed when left out.
        quotes: whether quotation marks hold fields together, or are part of the text; guessed when left out.
        line_id: of text that turns out to be a sequence a line, see :func:`parse_sequences`.

    Raises:
        InputError: one column only, a header without rows, a name twice, or mostly ragged lines.
    """
    called = repr(name) if name else "the file"
    given = delimiter
    opening = without_preamble(data, skip_lines, delimiter)
    data, comment, skipped, said = opening.data, opening.comment, opening.skipped, list(opening.assumptions)
    delimiter = delimiter or opening.delimiter
    lines = sample_lines(data)
    if not lines:
        raise InputError(f"{called} holds comments only; check that the export finished")
    if delimiter is None and lines[0].count("::") >= 1 and all("::" in line for line in lines):
        delimiter = "::"
    if delimiter == "::":
        data, lines, delimiter = data.replace(b"::", _UNIT.encode()), [x.replace("::", _UNIT) for x in lines], _UNIT
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii()):
        raise InputError(f"delimiter must be one ASCII character or '::', not {delimiter!r}")
    used, regular = guess_delimiter(lines) if delimiter is None else (delimiter, 1.0)
    if regular < 0.8 and not any(is_known_name(field.strip('" ')) for field in lines[0].split(used)):
        tokens_by = guess_token_delimiter(lines)
        counts = [count_outside_quotes(line.strip(), tokens_by or used) for line in lines]
        if tokens_by is not None and sum(c == counts[0] for c in counts) < 0.8 * len(counts):
            told = assumed("one_sequence_a_line", True, "Lines differ in length: each is one whole sequence.")
            table = parse_sequences(data, name, delimiter=given, line_id=line_id)
            lines_at = None if table.lines is None else table.lines + skipped
            return replace(table, lines=lines_at, assumptions=(*said, told, *table.assumptions))
    if count_outside_quotes(lines[0], used) == 0:
        raise _one_column(called, lines, used, given=delimiter is not None)
    limits().check_columns(count_outside_quotes(lines[0], used) + 1, called)
    notes: list[str] = []
    escaped = b'\\"' in data and quotes is not False
    if escaped and not scan_lines(data, used).well_formed and scan_lines(doubled := _doubled(data), used).well_formed:
        data = doubled
        said.append(assumed("quotes", True, "A backslash before a quotation mark makes it part of the text."))
    scan = scan_lines(data, used, quotes=quotes is not False, first_line=skipped + 1)
    literal = quotes is False
    if quotes is None and scan.quoted and not scan.well_formed:
        plain = scan_lines(data, used, quotes=False, first_line=skipped + 1)
        literal = bool((plain.fields[plain.fields > 0] == plain.fields[0]).mean() > 0.99)
        if not literal:
            # Quotation marks both around fields and inside them: rewrite the text the way the csv module reads it.
            data = _requoted(data, used, called)
            plain = scan_lines(data, used, first_line=skipped + 1)
        scan = plain
        notes.append("Quotation marks inside fields were taken as part of the text.")
    if b'"' in data:
        said += _quotes_said(literal, quotes, scan)
    records = _first_records(data, used, quotes=not literal)
    names, has_header = _names(records, header, comment, called, scan)
    body = scan.fields[scan.fields > 0]
    said += _form_said(used, given, header, has_header, lines, float((body == np.bincount(body).argmax()).mean()))
    if has_header and not (scan.fields[1:] > 0).any():
        raise InputError(f"{called} has a header line only ({listed(names)}) and no rows; export it with its rows")
    try:
        frame = pl.read_csv(
            io.BytesIO(used.encode() * (len(names) - 1) + b"\n" + data),  # a whole row first: the next may be cut short
            separator=used,
            has_header=False,
            schema={f"column_{i + 1}": pl.String for i in range(len(names))},
            quote_char=None if literal else '"',
            truncate_ragged_lines=True,
            extra_columns="ignore",
            raise_if_empty=False,
        ).slice(1 + int(has_header))
    except pl.exceptions.PolarsError as error:
        why = shortened(str(error).split("\n")[0], 120)
        raise InputError(f"{called} cannot be split into columns ({why}); save it again as csv") from None
    frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
    frame, ends = _without_last(frame, names)
    if ends:
        said.append(
            assumed("trailing delimiter", True, f"Every row ends with a delimiter ({used!r}), which adds no column.")
        )
    shown, form = "::" if used == _UNIT else used, "tsv" if used == "\t" else "csv"
    table = Table(frame, form, name, delimiter=shown, notes=tuple(notes), assumptions=tuple(said))
    fields, numbers = scan.fields[int(has_header) :], scan.lines[int(has_header) :]
    if ends:
        fields = np.where(fields == len(names), fields - 1, fields)
    return table if len(fields) != len(frame) else _without_ragged(table, fields, numbers, called)


def _without_ragged(table: Table, fields: Int64Array, lines: Int64Array, called: str) -> Table:
    width, shown, notes = table.frame.width, table.delimiter, list(table.notes)
    long, short, blank = fields > width, (fields < width) & (fields > 0), fields == 0
    if (long | short).sum() > 0.5 * max(int((~blank).sum()), 1):
        first = int(np.flatnonzero(long | short)[0])
        raise InputError(
            f"{called}: {counted(int((long | short).sum()), 'line')} of {int((~blank).sum()):,} do not have the "
            f"{width} fields of the first line (line {lines[first]} has {fields[first]}, split at {shown!r}); "
            "set the right delimiter, or export it again with quotation marks around text"
        )
    if long.any():
        notes.append(
            f"{counted(int(long.sum()), 'line')} with more than {width} fields left out (first: line "
            f"{lines[np.flatnonzero(long)[0]]}); text that holds {shown!r} needs quotation marks around it."
        )
    if short.any():
        notes.append(
            f"{counted(int(short.sum()), 'line')} with fewer than {width} fields; the missing ones count as empty "
            f"(first: line {lines[np.flatnonzero(short)[0]]})."
        )
    keep = ~(long | blank)
    frame = table.frame if keep.all() else table.frame.filter(pl.Series(keep))
    return replace(table, frame=frame, lines=lines[keep], notes=tuple(notes), left_out=int(long.sum()))


def _doubled(data: bytes) -> bytes:
    return data.replace(b'\\"', b'""')


def _without_last(frame: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, bool]:
    """The frame without its last column where that has no name and holds nothing: lines end with a delimiter."""
    last = frame.columns[-1]
    unnamed = last == f"column_{len(names)}"
    if frame.width < 3 or not unnamed or bool((frame[last].fill_null("").str.strip_chars() != "").any()):
        return frame, False
    if is_unlabelled(names) and not bool((frame[frame.columns[-2]].fill_null("").str.strip_chars() != "").any()):
        return frame, False  # several empty ones: lists of different lengths, filled up
    return frame.drop(last), True


def _quotes_said(literal: bool, given: bool | None, scan: LineScan) -> list[Assumption]:
    value = not literal
    words = "Quotation marks hold fields together." if value else "Quotation marks are part of the text."
    other = ("they are part of the text", False) if value else ("they hold fields together", True)
    back = (("decide by the content", None),) if given is not None else ()
    return [assumed("quotes", value, words, other, *back, doubtful=given is None and not scan.well_formed and value)]


def _form_said(
    used: str, given: str | None, header: bool | None, has_header: bool, lines: list[str], regular: float
) -> list[Assumption]:
    """The delimiter and the header as they were decided."""
    shown = "::" if used == _UNIT else used
    marks = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "|", "\x01": "^A (Hive)", " ": "space", "::": "::"}
    others = [(marks[m], m) for m in (*DELIMITERS, "::") if m != shown]
    others.sort(key=lambda other: other[1] not in lines[0])
    back = [("decide by the content", None)] if given else []
    words = f"Fields end at a {marks.get(shown, repr(shown))}."
    doubtful = given is None and regular < 0.8
    first = shortened(lines[0].replace(_UNIT, "::"))
    head = f"The first line names the columns ({first!r})." if has_header else "No line names the columns."
    other = ("the first line is data", False) if has_header else ("the first line names the columns", True)
    again = [("decide by the content", None)] if header is not None else []
    return [
        assumed("delimiter", shown, words, *others, *back, doubtful=doubtful),
        assumed("header", has_header, head, other, *again),
    ]


def _first_records(data: bytes, delimiter: str, *, quotes: bool) -> list[list[str]]:
    text = "\n".join(data[: 1 << 18].decode("utf-8", errors="ignore").split("\n")[:201])
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting) if row]
    except csv.Error:
        return [line.split(delimiter) for line in text.split("\n") if line]


def _names(
    rows: list[list[str]], header: bool | None, comment: str | None, called: str, scan: LineScan
) -> tuple[list[str], bool]:
    first = [field.strip().strip("\ufeff") for field in rows[0]]
    has_header = looks_like_header(rows) if header is None else header
    if not has_header:
        from_comment = (comment or "").split("\t" if "\t" in (comment or "") else None)
        named = len(from_comment) == len(set(from_comment)) == len(first) and any(map(is_known_name, from_comment))
        return (from_comment if named else [f"column_{i + 1}" for i in range(len(first))]), False
    twice = next((name for name in first if name and first.count(name) > 1), None)
    if twice is not None:
        where = " and ".join(str(place) for place, name in enumerate(first, start=1) if name == twice)
        raise InputError(
            f"{called} names two columns {twice!r} (fields {where} of line {scan.lines[0]}); rename one of them"
        )
    names = [name or _free(f"column_{i + 1}", first) for i, name in enumerate(first)]
    body = scan.fields[1:][scan.fields[1:] > 0]
    if len(body) and (body == len(names) + 1).mean() > 0.9:
        longer = [row[-1].strip() for row in rows[1:] if len(row) == len(names) + 1]
        if not any(longer):
            return [
                *names,
                _free(f"column_{len(names) + 1}", names),
            ], True  # rows end with a delimiter, their header does not
        names = [_free("row", names), *names]  # R writes row numbers without naming them
    return names, True


def _free(name: str, taken: list[str]) -> str:
    """The name of a column without one, which no other column has."""
    return name if name not in taken else _free(f"{name}_unnamed", taken)


def looks_like_header(rows: list[list[str]]) -> bool:
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
    return len(set(first)) == len(first)


def _is_value(field: str) -> bool:
    return bool(_NUMBER.fullmatch(field) or _DATE.fullmatch(field))


def _requoted(data: bytes, delimiter: str, called: str) -> bytes:
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=delimiter)
    out = io.StringIO()
    try:
        csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL, lineterminator="\n").writerows(reader)
    except csv.Error:
        raise InputError(
            f"{called}: a quotation mark is never closed (the last one stands in line "
            f"{data.count(10, 0, data.rfind(34)) + 1}); close it, or write two of them for one inside text"
        ) from None
    return out.getvalue().encode()


def _one_column(called: str, lines: list[str], delimiter: str, *, given: bool) -> InputError:
    first = shortened(lines[0])
    if given:
        return InputError(f"{called} has no {delimiter!r} in its first line ({first!r}); set another delimiter")
    return InputError(
        f"{called} has one column only (first line: {first!r}): it holds none of the delimiters comma, tab, semicolon, "
        "| or space; set the delimiter that it uses, or add the columns for the user and the time"
    )
