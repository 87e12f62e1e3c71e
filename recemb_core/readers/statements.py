"""Tables in a language of their own: Weka's ARFF, and the INSERT and COPY statements of SQL dumps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from recemb_core.readers.columns import guess_columns
from recemb_core.readers.errors import InputError, counted, listed, shortened
from recemb_core.readers.limits import limits
from recemb_core.readers.parts import no_such_part, part_said
from recemb_core.readers.sql_names import NAME, NAMES, Name, called_so, column_names, labels, name_of
from recemb_core.readers.table import Table

Row = list[str | None]
_LIKELY = 12  # tables of a dump, by size, among which the events are looked for
_CHUNK = 65_536  # rows that are held as Python objects at a time
_CURE = "; leave line_form out to have it decided by the content"
_ARFF = re.compile(rb"(?:[ \t]*+(?:%[^\n]*+)?\n)*+[ \t]*+@relation\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"|[^\s{]+)", re.IGNORECASE)
_FIELD = re.compile(r"\s*+('(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"|[^,]*)[^,]*+(?:,|$)")
_FIRST = re.compile(
    rb"(?:--|/\*|#|(?:INSERT|REPLACE|CREATE|DROP|SET|BEGIN|USE|PRAGMA|START|LOCK|COPY|ALTER|GO)[\s;])", re.IGNORECASE
)
_INSERT = re.compile(
    rb"\b(?:INSERT|REPLACE)\s++(?:(?:OR|IGNORE|REPLACE|DELAYED|LOW_PRIORITY)\s++)?(?:(?:IGNORE|REPLACE)\s++)?(?:INTO\s*+)?"
    rb"(" + NAME + rb")\s*+(?:\((" + NAMES + rb")\)\s*+)?VALUES?\b",
    re.IGNORECASE,
)
_OTHER = re.compile(rb"^[ \t]*+INSERT\s++(?:IGNORE\s++)?INTO\b", re.IGNORECASE | re.MULTILINE)
_COPY = re.compile(
    rb"^COPY\s++(" + NAME + rb")\s*+\((" + NAMES + rb")\)\s++FROM\s++stdin[^\n]*+\n", re.IGNORECASE | re.MULTILINE
)
_CREATE = re.compile(rb"\bCREATE\s++TABLE\s++(?:IF\s++NOT\s++EXISTS\s++)?(" + NAME + rb")\s*+\(", re.IGNORECASE)
_REST = rb"|\"(?:[^\"]|\"\")*+\"|--[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|[(),;]|[^\s'\"(),;]+|['\"]"
_PLAIN = re.compile(rb"'(?:[^']|'')*+'" + _REST)
_ESCAPED = re.compile(rb"'(?:[^'\\]|''|\\.)*+'" + _REST, re.DOTALL)
_DEFINED = re.compile(rb"`[^`]*+`|\[[^\]]*+\]|'(?:[^']|'')*+'" + _REST)
_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "", "b": "\b", "Z": ""}
_NO_COLUMN = {"PRIMARY", "KEY", "UNIQUE", "CONSTRAINT", "FOREIGN", "INDEX", "CHECK", "FULLTEXT", "SPATIAL", "EXCLUDE"}


def is_arff(data: bytes) -> bool:
    """Whether the first line that is no comment begins with @relation."""
    return _ARFF.match(data) is not None


def is_sql(data: bytes) -> bool:
    """Whether a text begins like SQL and puts rows into a table.

    >>> is_sql(b"-- a dump\\nINSERT INTO t (a) VALUES (1);"), is_sql(b"INSERT,INTO\\n1,2\\n")
    (True, False)
    """
    head = data[: 1 << 20].lstrip()
    return _FIRST.match(head) is not None and bool(_INSERT.search(head) or _COPY.search(head))


class _Rows:
    """Rows of one table: packed into frames as they come, so that only few are Python objects."""

    def __init__(self, names: list[str], called: str) -> None:
        limits().check_columns(len(names), called)
        if twice := [name for name in names if names.count(name) > 1]:
            raise InputError(f"{called} names two columns {twice[0]!r}; rename one of them")
        self.names, self.frames, self.rows, self.lines = names, list[pl.DataFrame](), list[Row](), list[int]()
        self.wrong = list[int]()

    def add(self, row: Row, line: int) -> None:
        if len(row) != len(self.names):
            self.wrong.append(line)
            return
        self.rows.append(row)
        self.lines.append(line)
        if len(self.rows) >= _CHUNK:
            self.pack()

    def pack(self) -> None:
        schema = dict.fromkeys(self.names, pl.String)
        self.frames.append(pl.DataFrame(self.rows, schema=schema, orient="row"))
        self.rows = []

    def table(self, name: str, called: str) -> Table:
        """All of them; lines with another number of fields are left out and said."""
        if self.rows or not self.frames:
            self.pack()
        frame, notes = pl.concat(self.frames), list[str]()
        if self.wrong:
            notes.append(
                f"{counted(len(self.wrong), 'row')} without the {counted(len(self.names), 'value')} of the others left "
                f"out (first: line {self.wrong[0]})."
            )
        if frame.is_empty():
            raise InputError(f"{called} has no row for its columns {listed(self.names)}; export it with its rows")
        lines = np.array(self.lines, dtype=np.int64)
        return Table(frame, "csv", name, lines=lines, notes=tuple(notes), left_out=len(self.wrong))


def read_arff(data: bytes, called: str, name: str, **_: Any) -> Table:
    """The rows below @data under the names of the attributes; ? is missing."""
    names, rows = list[str](), None
    for number, line in enumerate(data.decode("utf-8").split("\n"), start=1):
        text = line.strip()
        if not text or text[0] == "%":
            continue
        if rows is not None:
            if text[0] == "{":
                raise InputError(
                    f"{called} holds sparse rows (line {number}: {shortened(text)!r}); save it in Weka with the filter "
                    "SparseToNonSparse, or as csv"
                )
            rows.add(_arff_row(text, len(names)), number)
        elif text[:5].lower() == "@data":
            rows = _Rows(names, called)
        elif found := _ATTRIBUTE.match(text):
            names.append(_arff_value(found[1]) or f"column_{len(names) + 1}")
    if rows is None or not names:
        raise InputError(f"{called} has no @attribute lines with @data below them{_CURE}")
    return rows.table(name, called)


def _arff_row(text: str, width: int) -> Row:
    mark = "," if "," in text else "\t"
    if mark == "\t" or not ("'" in text or '"' in text):
        row = [_arff_value(field.strip()) for field in text.split(mark)]
    else:
        row, place, more = Row(), 0, True
        while more and (found := _FIELD.match(text, place)):
            row.append(_arff_value(found[1].rstrip()))
            place, more = found.end(), found[0].endswith(",")
    weighted = len(row) == width + 1 and (row[-1] or "").startswith("{")
    return row[:-1] if weighted else row


def _arff_value(text: str) -> str | None:
    if text == "?":
        return None
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        return _BACKSLASH.sub(lambda m: _LETTERS.get(m[1], m[1]) if m[1] in "nrt" else m[1], text[1:-1])
    return text


def read_sql(data: bytes, called: str, name: str, *, part: str | None = None, **_: Any) -> Table:
    """The rows of the statements that fill one table: ``part``, or the one that says who did what, or the largest."""
    escaped = b"`" in data or re.search(rb"\\'(?!\s*+[,)])", data) is not None
    tables = dict[Name, dict[tuple[str, ...], _Rows]]()
    created = {name_of(m[1]): m.end() for m in _CREATE.finditer(data)}
    names_of = dict[Name, list[str]]()
    place, line, statement, spans = 0, 1, _INSERT.search(data), list[tuple[int, int]]()
    while statement is not None:
        title, names = name_of(statement[1]), column_names(statement[2] or b"")
        if not names:
            if title not in names_of:
                names_of[title] = _created(data, _place_of(title, created))
            names = names_of[title]
        end = statement.end()
        for row, at in _values(data, statement.end(), called, escaped=escaped):
            if row is None:
                end = at
                break
            line, place = line + data.count(b"\n", place, at), at
            if not names:
                names = names_of[title] = [f"column_{k}" for k in range(1, len(row) + 1)]
            _rows_of(tables, title, names, called).add(row, line)
        spans.append((statement.start(), end))
        statement = _INSERT.search(data, end)
    _copied(data, tables, called)
    full = {title: found for title, found in tables.items() if any(rows.lines for rows in found.values())}
    if not full:
        for found in tables.values():
            _whole(found, name, called)  # says what is wrong with them
        raise InputError(f"{called} has no INSERT statement with rows{_CURE}")
    count = {title: sum(len(rows.lines) for rows in found.values()) for title, found in full.items()}
    sizes = sorted(full, key=lambda title: -count[title])
    asked = [] if part is None else called_so(sizes, part)
    label = labels(sizes)
    if part is not None and not asked:
        raise no_such_part(called, "table", part, label.values())
    likely = ((title, _whole(full[title], name, called)) for title in (asked or sizes)[:_LIKELY])
    chosen, table = next(
        (pair for pair in likely if asked or len(sizes) == 1 or guess_columns(pair[1].frame).is_complete),
        (sizes[0], _whole(full[sizes[0]], name, called)),
    )
    table = replace(table, notes=(*table.notes, *_unread(data, spans)))
    if len(sizes) == 1:
        return table
    others = {label[key]: f"{label[key]} ({counted(count[key], 'row')})" for key in sizes if key != chosen}
    words = f"Of several tables, {label[chosen]!r} was read ({counted(len(table.frame), 'row')}); left out: "
    words += f"{listed(others.values())}."
    told = part_said(label[chosen], words, others.items(), given=part is not None, doubtful=True)
    return replace(table, assumptions=(*table.assumptions, told))


def _rows_of(tables: dict[Name, dict[tuple[str, ...], _Rows]], title: Name, names: list[str], called: str) -> _Rows:
    found = tables.setdefault(title, {})
    if tuple(names) not in found:
        found[tuple(names)] = _Rows(names, called)
    return found[tuple(names)]


def _whole(found: dict[tuple[str, ...], _Rows], name: str, called: str) -> Table:
    """The rows of one table in the order of their lines, though its statements name different columns."""
    parts = [rows.table(name, called) for rows in found.values() if rows.lines or len(found) == 1]
    if len(parts) == 1:
        return parts[0]
    frame = pl.concat([part.frame for part in parts], how="diagonal")
    limits().check_columns(frame.width, called)
    lines = np.concatenate([part.lines for part in parts if part.lines is not None])
    order = np.argsort(lines, kind="stable")
    notes = [note for part in parts for note in part.notes]
    notes.append("Statements fill different columns of the table; what one does not name is empty in its rows.")
    gone = sum(len(rows.wrong) for rows in found.values())
    return replace(parts[0], frame=frame[order], lines=lines[order], notes=tuple(notes), left_out=gone)


def _place_of(title: Name, created: dict[Name, int]) -> int | None:
    """Where the columns of a table are named: under its name, or under one with other parts before the last."""
    alike = [place for name, place in created.items() if name[-1] == title[-1] and 1 in (len(name), len(title))]
    return created.get(title, alike[0] if len(alike) == 1 else None)


def _unread(data: bytes, spans: list[tuple[int, int]]) -> list[str]:
    """What is said of statements that insert something other than rows of values."""
    starts, ends = (np.array([span[side] for span in spans], dtype=np.int64) for side in (0, 1))
    places = np.array([found.end() - 1 for found in _OTHER.finditer(data)], dtype=np.int64)
    before = np.searchsorted(starts, places, side="right") - 1
    inside = (before >= 0) & (places < ends[before]) if len(spans) else np.zeros(len(places), dtype=bool)
    places = places[~inside]
    if not len(places):
        return []
    words = f"{counted(len(places), 'INSERT statement')} without rows of VALUES not read"
    return [f"{words} (first: line {data.count(bytes([10]), 0, int(places[0])) + 1})."]


def _values(data: bytes, start: int, called: str, *, escaped: bool) -> Iterator[tuple[Row | None, int]]:
    """The rows behind VALUES, each with where it begins; at the end None, and where the statement ends."""
    depth, begins, row, strings, words = 0, start, Row(), list[bytes](), list[bytes]()
    for found in (_ESCAPED if escaped else _PLAIN).finditer(data, start):
        token = found[0]
        first = token[:1]
        if token in (b"'", b'"'):
            line = data.count(b"\n", 0, found.start()) + 1
            raise InputError(f"{called}: the quotation mark in line {line} is never closed; export it again")
        if token[:2] in (b"--", b"/*"):
            continue
        if depth == 0:
            if token == b"(":
                depth, begins, row = 1, found.start(), Row()
            elif token != b",":
                yield None, found.start()
                return
        elif first == b"'" or first == b'"':
            strings.append(token)
        elif token == b"(":
            depth += 1
        elif token == b")" and depth > 1:
            depth -= 1
        elif depth == 1 and token in (b",", b")"):
            row.append(_sql_value(strings, words, escaped=escaped))
            strings, words = [], []
            if token == b")":
                depth = 0
                yield row, begins
        else:
            words.append(token)
    if depth:
        line = data.count(b"\n", 0, begins) + 1
        raise InputError(f"{called}: the row that begins in line {line} is never closed; export it again")
    yield None, len(data)


def _sql_value(strings: list[bytes], words: list[bytes], *, escaped: bool) -> str | None:
    """What a field holds: its first text (of casts and functions as well), or its words."""
    if not strings:
        text = b" ".join(words).decode("utf-8", errors="replace")
        return None if text.upper() in ("NULL", "") else text
    mark, inner = strings[0][:1].decode(), strings[0][1:-1].decode("utf-8", errors="replace")
    inner = inner.replace(mark * 2, mark)
    if escaped and "\\" in inner:
        return _BACKSLASH.sub(lambda m: _LETTERS.get(m[1], m[1]), inner)
    return inner


def _created(data: bytes, start: int | None) -> list[str]:
    """The columns that CREATE TABLE names, from behind its opening bracket."""
    names, depth, fresh = list[str](), 1, True
    if start is None:
        return names
    for found in _DEFINED.finditer(data, start):
        token = found[0]
        if token[:2] in (b"--", b"/*"):
            continue
        depth += {b"(": 1, b")": -1}.get(token, 0)
        if depth == 0 or token in (b";", b"'", b'"'):
            break
        if fresh and token.upper().decode("utf-8", errors="replace") not in _NO_COLUMN:
            names.append(name_of(token)[-1])
        fresh = depth == 1 and token == b","
    return names


def _copied(data: bytes, tables: dict[Name, dict[tuple[str, ...], _Rows]], called: str) -> None:
    """Add the rows of PostgreSQL's COPY blocks, which end with a line of a backslash and a dot."""
    place, line = 0, 1
    for found in _COPY.finditer(data):
        rows = _rows_of(tables, name_of(found[1]), column_names(found[2]), called)
        line, place = line + data.count(b"\n", place, found.end()), found.end()
        end = data.find(b"\n\\.", found.end() - 1)
        block = data[found.end() : len(data) if end < 0 else end].decode("utf-8", errors="replace")
        for number, text in enumerate(block.split("\n") if block else [], start=line):
            fields = (None if field == "\\N" else field for field in text.split("\t"))
            rows.add([f if f is None or "\\" not in f else _BACKSLASH.sub(_unescaped, f) for f in fields], number)


def _unescaped(found: re.Match[str]) -> str:
    return _LETTERS.get(found[1], found[1])
