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
from recemb_core.readers.column_names import LIST_NAMES, is_known_name, is_unlabelled, plain_name
from recemb_core.readers.errors import InputError, counted, listed, shortened
from recemb_core.readers.headers import lines_of_names, names_from, names_said, width_of, with_names
from recemb_core.readers.item_lists import holds_joined, is_bracketed, joint_of
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

_UNIT = "\x1f"  # stands for '::', MovieLens-1M's delimiter; polars takes single characters only
_NONE = "\x1e"  # where a line is one field


def parse_delimited(
    data: bytes,
    name: str = "",
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    skip_lines: int | None = None,
    quotes: bool | None = None,
    line_id: bool | None = None,
    row_names: bool | None = None,
    name_lines: int | None = None,
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
        row_names: where rows have more fields than there are names, whether the first of them names its row, as R
            writes it, or all further ones are the last; guessed when left out.
        name_lines: whether one line or two name the columns; guessed when left out.

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
    if delimiter is None and _is_column_of_lists(lines, used):
        used, regular = _NONE, 1.0
    if regular < 0.8 and not any(is_known_name(field.strip('" ')) for field in lines[0].split(used)):
        tokens_by = guess_token_delimiter(lines)
        counts = [count_outside_quotes(line.strip(), tokens_by or used) for line in lines]
        if tokens_by is not None and sum(c == counts[0] for c in counts) < 0.8 * len(counts):
            told = assumed("one_sequence_a_line", True, "Lines differ in length: each is one whole sequence.")
            table = parse_sequences(data, name, delimiter=given, line_id=line_id, above=skipped)
            lines_at = None if table.lines is None else table.lines + skipped
            return replace(table, lines=lines_at, assumptions=(*said, told, *table.assumptions))
    if count_outside_quotes(lines[0], used) == 0 and used != _NONE:
        raise _one_column(called, lines, used, given=delimiter is not None)
    limits().check_columns(count_outside_quotes(lines[0], used) + 1, called)
    notes: list[str] = []
    escaped = b'\\"' in data and quotes is not False
    if escaped and not scan_lines(data, used).well_formed and scan_lines(doubled := _doubled(data), used).well_formed:
        data = doubled
        said.append(assumed("quotes", True, "A backslash before a quotation mark makes it part of the text."))
    scan = scan_lines(data, used, quotes=quotes is not False, first_line=skipped + 1)
    literal = quotes is False
    spaced = scan.quoted and not scan.well_formed and _is_spaced(lines, used)
    if spaced:
        data = _requoted(data, used, called, spaced=True)
        scan = scan_lines(data, used, first_line=skipped + 1)
        said.append(_spaced_said(quotes))
    elif quotes is None and scan.quoted and not scan.well_formed:
        plain = scan_lines(data, used, quotes=False, first_line=skipped + 1)
        literal = bool((plain.fields[plain.fields > 0] == plain.fields[0]).mean() > 0.99)
        if not literal:
            # Quotation marks both around fields and inside them: rewrite the text the way the csv module reads it.
            data = _requoted(data, used, called)
            plain = scan_lines(data, used, first_line=skipped + 1)
        scan = plain
        notes.append("Quotation marks inside fields were taken as part of the text.")
    if b'"' in data and not spaced:
        said += _quotes_said(literal, quotes, scan)
    records = _first_records(data, used, quotes=not literal)
    one_field = used == _NONE and header is None
    above = (
        0
        if one_field and joint_of(pl.Series([row[0] for row in records[1:]])) in records[0][0]
        else lines_of_names(records, header, name_lines)
    )
    names = names_from(records, above, comment, called, int(scan.lines[0]))
    width = width_of(scan.fields, len(records[0]))
    limits().check_columns(width, called)
    body = scan.fields[scan.fields > 0]
    said += _form_said(used, given, lines, float((body == np.bincount(body).argmax()).mean()))
    said += names_said(above, name_lines, header, names, lines[0].replace(_UNIT, "::"))
    if above and not (scan.fields[above:] > 0).any():
        raise InputError(f"{called} has a header line only ({listed(names)}) and no rows; export it with its rows")
    try:
        frame = pl.read_csv(
            io.BytesIO(used.encode() * (width - 1) + b"\n" + data),  # a whole row first: the next may be cut short
            separator=used,
            has_header=False,
            schema={f"column_{i + 1}": pl.String for i in range(width)},
            quote_char=None if literal else '"',
            truncate_ragged_lines=True,
            extra_columns="ignore",
            raise_if_empty=False,
        ).slice(1 + above)
    except pl.exceptions.PolarsError as error:
        why = shortened(str(error).split("\n")[0], 120)
        raise InputError(f"{called} cannot be split into columns ({why}); save it again as csv") from None
    frame, ends, further = with_names(frame, names, row_names)
    said += further
    if not further and (shorter := _without_last(frame, names)) is not None:
        frame, ends = shorter, 1
        words = f"Every row ends with a delimiter ({used!r}), which adds no column."
        said.append(assumed("trailing delimiter", True, words))
    shown, form = {_UNIT: "::", _NONE: None}.get(used, used), "tsv" if used == "\t" else "csv"
    table = Table(frame, form, name, delimiter=shown, notes=tuple(notes), assumptions=tuple(said))
    fields, numbers = scan.fields[above:], scan.lines[above:]
    if ends:
        fields = np.where(fields == width, fields - ends, fields)
    return table if len(fields) != len(frame) else _without_ragged(table, fields, numbers, called)


def _without_ragged(table: Table, fields: Int64Array, lines: Int64Array, called: str) -> Table:
    width, shown, notes = table.frame.width, table.delimiter, list(table.notes)
    long, short, blank = fields > width, (fields < width) & (fields > 0), fields == 0
    wrong = int((long | short).sum())
    if wrong > 0.5 * max(int((~blank).sum()), 1):
        first = int(np.flatnonzero(long | short)[0])
        raise InputError(
            f"{called}: {counted(wrong, 'line')} of {int((~blank).sum()):,} {'does' if wrong == 1 else 'do'} not have "
            f"the {width} fields of the first line (line {lines[first]} has {fields[first]}, split at {shown!r}); "
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


def _is_column_of_lists(lines: list[str], delimiter: str) -> bool:
    """Whether the first line is one field, a name or a list in quotation marks, and all others are lists of items."""
    first, rest = lines[0].strip(), lines[1:]
    if len(rest) < 2:
        return False
    whole = [re.fullmatch(r'"((?:[^"]|"")*)"', line.strip()) for line in rest]
    values = pl.Series([line if m is None else m[1].replace('""', '"') for line, m in zip(rest, whole, strict=True)])
    named = plain_name(first.strip('"')) in LIST_NAMES
    quoted = all(m is not None or not any(d in line for d in ',;|\t"') for m, line in zip(whole, rest, strict=True))
    if count_outside_quotes(first, delimiter) and not (delimiter == " " and None not in whole):
        return False  # a name of several words, above lists in quotation marks, is one field all the same
    return (named or quoted or is_bracketed(values)) and holds_joined(values, named=named)


def _doubled(data: bytes) -> bytes:
    return data.replace(b'\\"', b'""')


def _without_last(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame | None:
    """The frame without its last column where that has no name and holds nothing (lines end with a delimiter)."""
    last = frame.columns[-1]
    unnamed = last == f"column_{len(names)}"
    if frame.width < 3 or not unnamed or bool((frame[last].fill_null("").str.strip_chars() != "").any()):
        return None
    if is_unlabelled(names) and not bool((frame[frame.columns[-2]].fill_null("").str.strip_chars() != "").any()):
        return None  # several empty ones: lists of different lengths, filled up
    return frame.drop(last)


def _quotes_said(literal: bool, given: bool | None, scan: LineScan) -> list[Assumption]:
    value = not literal
    words = "Quotation marks hold fields together." if value else "Quotation marks are part of the text."
    other = ("they are part of the text", False) if value else ("they hold fields together", True)
    back = (("decide by the content", None),) if given is not None else ()
    return [assumed("quotes", value, words, other, *back, doubtful=given is None and not scan.well_formed and value)]


def _form_said(used: str, given: str | None, lines: list[str], regular: float) -> list[Assumption]:
    """The delimiter as it was decided."""
    shown = "::" if used == _UNIT else used
    words = "Each line is one field, which holds several items." if used == _NONE else ""
    marks = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "|", "\x01": "^A (Hive)", " ": "space", "::": "::"}
    others = [(marks[m], m) for m in (*DELIMITERS, "::") if m != shown]
    others.sort(key=lambda other: other[1] not in lines[0])
    back = [("decide by the content", None)] if given else []
    words = words or f"Fields end at a {marks.get(shown, repr(shown))}."
    doubtful = given is None and regular < 0.8
    return [assumed("delimiter", shown, words, *others, *back, doubtful=doubtful)]


def _is_spaced(lines: list[str], delimiter: str) -> bool:
    """Whether blanks stand between delimiters and the quotation marks behind them."""
    quoted = [line for line in lines if '"' in line]
    mark = re.compile(rf'{re.escape(delimiter)} +"')
    return delimiter != " " and sum(bool(mark.search(line)) for line in quoted) >= 0.8 * len(quoted) > 0


def _spaced_said(given: bool | None) -> Assumption:
    words = "Quotation marks hold fields together, though blanks stand between a delimiter and the mark."
    back = (("decide by the content", None),) if given is not None else ()
    return assumed("quotes", True, words, ("they are part of the text", False), *back)


def _first_records(data: bytes, delimiter: str, *, quotes: bool) -> list[list[str]]:
    text = "\n".join(data[: 1 << 18].decode("utf-8", errors="ignore").split("\n")[:201])
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting) if row]
    except csv.Error:
        return [line.split(delimiter) for line in text.split("\n") if line]


def _requoted(data: bytes, delimiter: str, called: str, *, spaced: bool = False) -> bytes:
    text = io.StringIO(data.decode("utf-8"), newline="")
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=spaced)
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
