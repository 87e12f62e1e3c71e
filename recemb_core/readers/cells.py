"""Columns whose every cell is a list or an object of JSON or Python: read as such, and said."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from typing import Any

import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.errors import counted, listed, shortened
from recemb_core.readers.ids import NOTHING
from recemb_core.readers.limits import limits
from recemb_core.readers.table import Table

_SAMPLE = 50
_OPENS = re.compile(r"[\[{(]")
_NO_COMMA = re.compile(r"""['"]\s+['"]""")  # as numpy prints: Python would join the two texts
_FEW = 0.05  # the share of cells that may be something else


def with_cells(table: Table, cells: bool | None = None) -> Table:
    r"""A table whose columns of JSON or Python text hold the lists and objects that the text stands for.

    Args:
        table: with columns of text.
        cells: whether such text is read as what it stands for; None does so wherever all cells of a column are.

    >>> table = Table(pl.DataFrame({"items": ['["tea, green", "milk"]', "[]"]}), "csv")
    >>> with_cells(table).frame["items"].to_list()
    [['tea, green', 'milk'], []]
    >>> with_cells(table, False).frame["items"].to_list()
    ['["tea, green", "milk"]', '[]']
    """
    columns, read, odd = [], list[str](), list[Assumption]()
    for column in table.frame.get_columns():
        parsed, strange = _parsed(column) if column.dtype == pl.String else (None, None)
        if parsed is not None:
            read.append(column.name)
        if strange is not None and cells is not False:
            odd.append(assumed("cells", False, strange, doubtful=True))
        columns.append(column if parsed is None or cells is False else parsed)
    if not read and not odd:
        return table
    back = (("decide by the content", None),) if cells is not None else ()
    held = "text" if cells is False else "such"
    words = f"The cells of {listed(read)} hold lists or objects, and were read as {held}{', as set' if back else ''}."
    other = ("read the lists and objects in it", True) if cells is False else ("leave it as text", False)
    said = [assumed("cells", cells is not False, words, other, *back)] if read else []
    frame = pl.DataFrame(columns)
    return replace(table, frame=frame, assumptions=(*table.assumptions, *said, *odd))


def _parsed(column: pl.Series) -> tuple[pl.Series | None, str | None]:
    """The lists or objects that a column's text stands for, or None; and a sentence where it is nearly so."""
    text = column.str.strip_chars()
    text = text.set(text.is_in(NOTHING).fill_null(False), None)
    known = text.drop_nulls()
    head = known.head(_SAMPLE)
    if head.is_empty() or not bool(head.str.contains(r"(?s)^[\[{].*[\]}]$").all()) or _value(head[0]) is None:
        return None, None
    distinct = known.unique(maintain_order=True)
    values = {cell: _value(cell) for cell in distinct}
    failed = [cell for cell, value in values.items() if value is None]
    if failed:
        count = int(known.is_in(failed).sum())
        if count > _FEW * len(known):
            return None, None
        but = f"{counted(count, 'cell')} ({shortened(failed[0], 40)!r})"
        words = f"{column.name!r} holds lists or objects but for {but}: left as text."
        return None, words
    if not any(values.values()):
        return None, None
    # Lists of lists stay text, as does what is a list in one row and an object in the next.
    plain = [[v for v in value if v is not None] if isinstance(value, list) else [value] for value in values.values()]
    objects = {isinstance(inner, dict) for value in plain for inner in value}
    lists = {isinstance(value, list) for value in values.values()}
    if len(objects) > 1 or len(lists) > 1 or any(isinstance(inner, list) for value in plain for inner in value):
        return None, None
    if objects != {True}:
        values = {cell: [None if v is None else _text(v) for v in value] for cell, value in values.items()}
    rows = [None if cell is None else values[cell] for cell in text.to_list()]
    try:
        return pl.DataFrame({column.name: rows}, infer_schema_length=None, strict=False)[column.name], None
    except (pl.exceptions.PolarsError, ValueError, TypeError, OverflowError, RecursionError):
        return None, f"{column.name!r} holds objects whose values are of several kinds: left as text."


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _value(cell: str) -> Any:
    """A list or an object from JSON or Python text (nothing is run), or None."""
    depth = deepest = 0
    if len(_OPENS.findall(cell)) > limits().depth:
        for step in re.findall(r"[\[{(]|[\]})]", cell):
            depth += 1 if _OPENS.match(step) else -1
            deepest = max(deepest, depth)
    if deepest > limits().depth:
        return None
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        try:
            long = len(cell) > 100 * limits().id_length
            value = None if long or _NO_COMMA.search(cell) else ast.literal_eval(cell)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
    return value if isinstance(value, (list, dict)) else None
