"""JSON in the shapes that people export it: lines, arrays, pandas' orients, nested values, Python's own dicts."""

from __future__ import annotations

import ast
import io
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_names import is_known_name, names_item, plain_name, role_rank
from recemb_core.readers.errors import InputError, counted, listed, shortened, were
from recemb_core.readers.keyed import KEYS, NO_UNFOLDING, keyed_rows, keys_said
from recemb_core.readers.limits import limits
from recemb_core.readers.table import SEQUENCE, Table

_OF_ROWS = ("user", "basket", "session", "timestamp")  # what an object around rows may say of each of them
_HEAD = 1 << 20  # bytes of JSON whose keys are counted
_UNDER = "an object whose rows are under"
_LONGEST = 1_000_000  # characters of a line of Python
# Every text is taken whole, one that never ends too: none is looked through again from a quotation mark inside it.
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*+)(?:"(\s*+:)?|\\?\Z)', re.DOTALL)


def parse_json(data: bytes, called: str, name: str, unfold: str | None, enclosing: bool | None = None) -> Table:
    """A table from JSON text that begins with ``{`` or ``[``.

    Args:
        data: UTF-8 text.
        called: what messages call the file.
        name: the file's.
        unfold: the column of lists of objects that gives a row an object; ``"nothing"`` keeps such columns out;
            chosen when left out.
        enclosing: whether the values of one object around the rows stand in every row; only those that say whose and
            when they are do when left out.

    Raises:
        InputError: no JSON; values nested too deep; too many different keys; none of the shapes that are known.
    """
    numbered = _check(data, called)
    said: list[Assumption] = []
    lines, torn, alone = None, list[int](), False
    frame = None if numbered else _by_lines(data)
    form = "jsonl"
    if frame is None or (len(frame) == 1 and frame.width and _is_one_object(frame)):
        value, by_line, python, torn = _value(data, called)
        form = "jsonl" if by_line else "json"
        if python:
            said.append(assumed("format", "Python", "The lines are Python's dicts, not JSON; they were read as such."))
        if form == "jsonl" and isinstance(value, list) and all(isinstance(row, dict) for row in value):
            lines = np.flatnonzero([bool(line.strip()) for line in data.split(b"\n")]) + 1
            lines = lines[: len(value)] if len(value) > 1 else None
        by_key = keyed_rows(value)
        alone = by_key is not None and by_key.has(unfold)
        if by_key is not None and (by_key.sure if unfold is None else unfold == KEYS or alone):
            frame, companion, shape = _keyed(by_key.rows, called), None, ""
            frame = frame.filter(pl.col(by_key.column) == unfold) if alone else frame
        else:
            frame, companion, shape = _frame(value, called)
            frame = _with_enclosing(frame, value, called, enclosing, said) if shape.startswith(_UNDER) else frame
        if shape:
            said.append(assumed("format", shape, f"The JSON is {shape}."))
        said += keys_said(by_key, unfold)
    else:
        companion, lines = None, np.arange(1, len(frame) + 1)
    notes = tuple(f"Line {n}, the last, breaks off in the middle and was left out." for n in torn)
    if frame.columns == [SEQUENCE]:
        return Table(frame, "sequences", name, assumptions=tuple(said), notes=notes, left_out=len(torn))
    frame, lines = unnested(frame, lines, None if unfold == KEYS or alone else unfold, called, said, enclosing)
    table = Table(frame, form, name, companion=companion, lines=lines, assumptions=tuple(said))
    return replace(table, notes=notes, left_out=len(torn)) if torn else table


def _by_lines(data: bytes) -> pl.DataFrame | None:
    if not data.startswith(b"{"):
        return None
    try:
        return pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
    except (pl.exceptions.PolarsError, ValueError, TypeError, RecursionError):
        return None


def _is_one_object(frame: pl.DataFrame) -> bool:
    return all(kind.is_nested() for kind in frame.dtypes) or any(isinstance(kind, pl.List) for kind in frame.dtypes)


def _value(data: bytes, called: str) -> tuple[Any, bool, bool, list[int]]:
    """The whole text as one value, or its lines as a list; whether by line; whether it is Python; a torn last line."""
    try:
        return json.loads(data), False, False, []
    except (ValueError, RecursionError):
        pass
    array = data.startswith(b"[")
    rows, python, written = list[Any](), False, data.rstrip().split(b"\n")
    for number, line in enumerate(written, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = _python_value(line, called, number)
            python = python or value is not None
        if array and not rows and not isinstance(value, list):
            raise InputError(f"{called} is no JSON table; write one object a line, all with the same keys")
        if value is None and len(rows) > 1 and number == len(written) and _breaks_off(line):
            return rows, True, python, [number]
        if not isinstance(value, (list if array else dict)):
            shown = shortened(line.decode("utf-8", errors="replace"))
            raise InputError(
                f"{called} is read as JSON lines, and line {number} is no JSON {'array' if array else 'object'} "
                f"({shown!r}); write one object a line"
            )
        rows.append(value)
    if len(rows) == 1 and (array or python):
        return rows[0], False, python, []
    return rows, True, python, []


def _breaks_off(line: bytes) -> bool:
    """Whether a line opens more than it closes: an export that was stopped."""
    outside = _TEXT.sub(b"", line)
    opened = sum(outside.count(mark) for mark in (b"{", b"["))
    return opened > sum(outside.count(mark) for mark in (b"}", b"]"))


def _python_value(line: bytes, called: str, number: int) -> Any:
    """A literal of Python (dicts, lists, text, numbers; nothing is run), or None."""
    text = line.decode("utf-8", errors="replace").strip().rstrip(",")
    if len(text) > _LONGEST:
        raise InputError(
            f"{called}: line {number} is no JSON and longer than {_LONGEST:,} characters; write JSON lines"
        )
    depth = deepest = 0
    for step in re.findall(r"[\[{(]|[\]})]", text):
        depth += 1 if step in "[{(" else -1
        deepest = max(deepest, depth)
    if deepest > limits().depth:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _frame(value: Any, called: str) -> tuple[pl.DataFrame, pl.DataFrame | None, str]:
    """A value as a frame, a second one of nodes, and the shape in words (nothing for plain rows)."""
    if isinstance(value, dict):
        return _of_object(value, called)
    rows = [row for row in value if row is not None] if isinstance(value, list) else []
    if rows and all(isinstance(row, dict) for row in rows):
        return _of_rows(rows, called), None, ""
    if rows and all(isinstance(row, list) for row in rows):
        return (*_of_lists(rows, called), "an array of arrays")
    raise InputError(f"{called} is no JSON table; write one object a line, all with the same keys")


def _of_object(value: dict[str, Any], called: str) -> tuple[pl.DataFrame, pl.DataFrame | None, str]:
    parts = list(value.values())
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        names = [".".join(map(str, n)) if isinstance(n, list) else str(n) for n in value["columns"]]
        return _of_lists(value["data"], called, names)[0], None, "pandas' orient 'split'"
    if isinstance(value.get("schema"), dict) and isinstance(value.get("data"), list):
        return _of_rows(value["data"], called), None, "pandas' orient 'table'"
    links = value.get("links", value.get("edges"))
    if isinstance(links, list) and isinstance(value.get("nodes"), list) and links:
        nodes = _of_rows(value["nodes"], called) if all(isinstance(n, dict) for n in value["nodes"]) else None
        edges = _of_rows(links, called) if isinstance(links[0], dict) else _of_lists(links, called)[0]
        return edges, nodes if nodes is not None and nodes.width > 1 else None, "a graph of nodes and links"
    holds_rows = [any(map(_is_rows, part.values())) for part in parts if isinstance(part, dict)]
    if len(holds_rows) == len(parts) and sum(holds_rows) == 1:  # {"data": {"events": […]}, "meta": {…}}
        return _of_rows([value], called), None, ""
    if parts and all(isinstance(part, dict) for part in parts):
        inner = list(dict.fromkeys(key for part in parts[:1_000] for key in part))
        by_row = any(map(is_known_name, inner)) and not any(map(is_known_name, value))
        if by_row or (not any(map(is_known_name, value)) and len(value) > len(inner)):
            index = [{"index": key, **part} for key, part in value.items()]
            return _of_rows(index, called), None, "pandas' orient 'index'"
        limits().check_columns(len(value), called)
        keys = list(dict.fromkeys(key for part in parts for key in part))
        columns = {name: [part.get(key) for key in keys] for name, part in value.items()}
        return _typed(columns, called), None, "pandas' orient 'columns'"
    equal = bool(parts) and all(isinstance(part, list) for part in parts) and len(set(map(len, parts))) == 1
    if equal and (len(parts) > 1 or not all(isinstance(v, dict) for v in parts[0])):
        limits().check_columns(len(value), called)
        return _typed(value, called), None, "an object with a list a column"
    tables = [key for key, part in value.items() if _is_rows(part)]
    if len(tables) == 1 and not (set(map(plain_name, value)) & {"userid", "user", "sessionid"}):
        return _of_rows(value[tables[0]], called), None, f"{_UNDER} {tables[0]!r}"
    return _of_rows([value], called), None, ""


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _of_rows(rows: list[Any], called: str) -> pl.DataFrame:
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{called} mixes objects with other values; write one object a row")
    limits().check_columns(len({key for row in rows[:10_000] for key in row}), called)
    try:
        return pl.DataFrame(rows, infer_schema_length=None, strict=False)
    except (pl.exceptions.PolarsError, ValueError, TypeError, OverflowError, RecursionError):
        raise InputError(f"{called} is no JSON table; write one object a line, all with the same keys") from None


def _keyed(rows: Any, called: str) -> pl.DataFrame:
    return _typed(rows, called) if isinstance(rows, dict) else _of_rows(rows, called)


def _of_lists(rows: list[Any], called: str, names: list[str] | None = None) -> tuple[pl.DataFrame, None]:
    if not rows or not all(isinstance(row, list) for row in rows):
        raise InputError(f"{called} has no rows in its JSON; export it with its rows")
    widths = {len(row) for row in rows}
    if names is None and len(widths) > 1:
        lists = [[None if v is None else str(v) for v in row] for row in rows]
        return pl.DataFrame({SEQUENCE: pl.Series(lists, dtype=pl.List(pl.String))}), None
    if len(widths) > 1 or (names is not None and len(names) != max(widths)):
        raise InputError(f"{called} has rows with {min(widths)} to {max(widths)} fields; write as many in each")
    first = rows[0]
    if names is None and all(isinstance(v, str) for v in first) and any(map(is_known_name, first)):
        names, rows = list(map(str, first)), rows[1:]
    names = names or [f"column_{i + 1}" for i in range(max(widths))]
    limits().check_columns(len(names), called)
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise InputError(f"{called} names two columns {twice!r}; rename one of them")
    return _typed({name: [row[i] for row in rows] for i, name in enumerate(names)}, called), None


def _typed(columns: dict[str, Any], called: str) -> pl.DataFrame:
    try:
        return pl.DataFrame({name: pl.Series(name, values, strict=False) for name, values in columns.items()})
    except (pl.exceptions.PolarsError, ValueError, TypeError, OverflowError, RecursionError):
        raise InputError(f"{called} has a column of mixed values; write text or numbers in each column") from None


def unnested(
    frame: pl.DataFrame,
    lines: Any,
    unfold: str | None,
    called: str,
    said: list[Assumption],
    enclosing: bool | None = None,
) -> tuple[pl.DataFrame, Any]:
    """Values inside values as columns by their path (``user.id``), and a row an object of one column of lists.

    Raises:
        InputError: more columns or cells than a table may have.
    """
    frame, paths = _flat(frame, called)
    lists = [c for c, kind in frame.schema.items() if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)]
    chosen = unfold if unfold in (None, NO_UNFOLDING, *lists) else NO_UNFOLDING  # it may name another way to unfold
    if unfold is None and lists:
        # Where a row has an item of its own, lists beside it (pictures, tags) say more about that; or where it may have
        # one, and few rows have a list.
        plain = [c for c, kind in frame.schema.items() if not kind.is_nested()]
        usual = [c for c in lists if int((frame[c].list.len().fill_null(0) > 0).sum()) > 0.5 * len(frame)]
        own = any(map(names_item, plain)) or (not usual and any(role_rank("item", c) is not None for c in plain))
        chosen = NO_UNFOLDING if own else max(usual or lists, key=lambda c: _item_like(frame, c))
    if lists:
        others = [(f"a row for each of {c}", c) for c in lists if c != chosen]
        others += [("leave them out", NO_UNFOLDING)] * (chosen != NO_UNFOLDING and frame.width > len(lists))
        words = (
            f"Each object in {chosen!r} became a row."
            if chosen != NO_UNFOLDING
            else f"{listed(lists)} {were(len(lists))} left out."
        )
        said.append(assumed("unfold", chosen, words, *others, doubtful=unfold is None and len(lists) > 1))
    if chosen is not None and chosen != NO_UNFOLDING:
        rows = int(frame[chosen].list.len().sum() or 0)
        if rows * frame.width > limits().cells:
            raise InputError(
                f"{called}: {chosen!r} holds {counted(rows, 'object')}, with the other columns more than "
                f"{limits().cells:,} cells (RECEMB_FILE_CELLS); keep fewer columns"
            )
        if len(frame) == 1:
            frame = _without_enclosing(frame, chosen, enclosing, said)
        whole = frame.with_row_index("recemb row").explode(chosen).drop_nulls(chosen)
        if gone := int((frame[chosen].list.len().fill_null(0) == 0).sum()):
            words = f"{counted(gone, 'row')} whose {chosen!r} is empty or absent {were(gone)} left out."
            said.append(
                assumed("unfold", chosen, words, ("leave the lists out", NO_UNFOLDING), doubtful=unfold is None)
            )
        lines = None if lines is None else lines[whole["recemb row"].to_numpy()]
        frame, more = _flat(whole.drop("recemb row"), called)
        paths += more
    if paths:
        said.append(
            assumed("paths", True, f"Values inside {listed(dict.fromkeys(paths))} became columns by their path.")
        )
    return frame, lines


def _without_enclosing(
    frame: pl.DataFrame, chosen: str, enclosing: bool | None, said: list[Assumption]
) -> pl.DataFrame:
    """The one object around a list without those of its values that say nothing of each of its rows."""
    outside = [c for c, kind in frame.schema.items() if c != chosen and not kind.is_nested()]
    of_rows = [c for c in outside if any(role_rank(role, c) is not None for role in _OF_ROWS)]
    gone = [c for c in outside if c not in of_rows] if enclosing is None else [] if enclosing else outside
    back = (("decide by the content", None),) if enclosing is not None else ()
    as_set = ", as set" if back else ""
    if gone:
        stand = "stands" if len(gone) == 1 else "stand"
        words = f"{listed(gone)} {stand} once, around the rows in {chosen!r}, and {were(len(gone))} left out{as_set}."
        said.append(assumed("enclosing", False, words, ("they stand in every row", True), *back))
    elif outside:
        stand, hold = ("stands", "holds") if len(outside) == 1 else ("stand", "hold")
        words = f"{listed(outside)} {stand} once, around the rows in {chosen!r}, and {hold} for each of them{as_set}."
        said.append(assumed("enclosing", True, words, ("leave them out", False), *back))
    return frame.drop(gone)


def _with_enclosing(
    frame: pl.DataFrame, value: dict[str, Any], called: str, enclosing: bool | None, said: list[Assumption]
) -> pl.DataFrame:
    """The rows of an object with those of its other values that say something of each of them."""
    key = next(key for key, part in value.items() if _is_rows(part))
    others = {name: part for name, part in value.items() if name != key and name not in frame.columns}
    outside, _ = _flat(_of_rows([others], called), called) if others else (pl.DataFrame(), [])
    outside = outside.select(c for c, kind in outside.schema.items() if not kind.is_nested() and kind != pl.Null)
    if not outside.width:
        return frame
    kept = _without_enclosing(outside, key, enclosing, said)
    return frame.with_columns(pl.lit(kept[c][0]).alias(c) for c in kept.columns if c not in frame.columns)


def _flat(frame: pl.DataFrame, called: str) -> tuple[pl.DataFrame, list[str]]:
    paths: list[str] = []
    while structs := [c for c, kind in frame.schema.items() if isinstance(kind, pl.Struct)]:
        paths += structs
        parts: list[pl.Expr] = []
        taken = {c for c in frame.columns if c not in structs}
        for column, kind in frame.schema.items():
            if not isinstance(kind, pl.Struct):
                parts.append(pl.col(column))
                continue
            for inner in kind.fields:
                path = f"{column}.{inner.name}"
                while path in taken:
                    path += "_"
                taken.add(path)
                parts.append(pl.col(column).struct.field(inner.name).alias(path))
        limits().check_columns(len(parts), called)
        frame = frame.select(parts)
    return frame, paths


def _item_like(frame: pl.DataFrame, column: str) -> int:
    """How many fields of the objects in a column are called like something known."""
    kind = frame.schema[column]
    assert isinstance(kind, pl.List)
    inner = kind.inner
    return sum(is_known_name(f.name) for f in inner.fields) if isinstance(inner, pl.Struct) else 0


def _check(data: bytes, called: str) -> bool:
    """Refuse values nested too deep, and keys without end; whether rows are numbered by keys.

    Both take the parser's memory or time, not the file's.
    """
    many = _check_keys(data[:_HEAD], called)
    text = np.frombuffer(data, np.uint8)
    opened = np.flatnonzero((text == ord("[")) | (text == ord("{")))
    lines = np.concatenate([[0], np.flatnonzero(text == 10), [len(text)]])
    if not data.startswith(b"[") and np.diff(np.searchsorted(opened, lines)).max() <= limits().depth:
        return many  # no line opens so many, in its text or outside
    outside = np.frombuffer(_TEXT.sub(b"", data), np.uint8)
    steps = np.isin(outside, np.frombuffer(b"[{", np.uint8)).astype(np.int8)
    steps -= np.isin(outside, np.frombuffer(b"]}", np.uint8))
    depth = int(np.cumsum(steps, dtype=np.int32).max(initial=0))
    if depth > limits().depth:
        raise InputError(
            f"{called} has values inside values {depth:,} deep, and {limits().depth} is the limit (RECEMB_FILE_DEPTH); "
            "write one flat object a line"
        )
    return many


def _check_keys(head: bytes, called: str) -> bool:
    most = 20 * limits().columns  # those inside values are counted as well
    keys = {found[1] for found in _KEY.finditer(head) if found[2]}
    numbers = sum(map(bytes.isdigit, _some(keys)))
    if len(keys) - numbers > most:
        raise InputError(
            f"{called} has {len(keys):,} different keys in its first {len(head):,} bytes, more than 20 tables may have "
            "columns (RECEMB_FILE_COLUMNS); write the same keys in every object"
        )
    return numbers > limits().columns


def _some(keys: Iterable[bytes]) -> Iterable[bytes]:
    return (key for key in keys if len(key) < 20)
