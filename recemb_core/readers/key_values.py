"""Rows that name their own values: ``user=ann item=tea`` in lines, as services log, and mysql's vertical output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from recemb_core.readers.assumptions import assumed
from recemb_core.readers.errors import InputError, counted, shortened, were
from recemb_core.readers.limits import limits
from recemb_core.readers.table import Table

_PAIR = re.compile(r"""(?<!\S)([A-Za-z_][\w.\-/@]*+)=("(?:[^"\\]|\\.)*+"|[^\s"]*+)(?=\s|$)""")
_RULE = re.compile(r"^\*{5,} *\d+\. row *\*{5,}$")
_FIELD = re.compile(r"^\s*([^:]+): ?(.*)$", re.DOTALL)
_MOST = 0.9


def is_key_values(lines: list[str]) -> bool:
    """Whether nearly every line is made of pairs like ``user=ann``, two or more.

    >>> is_key_values(['user=ann item="green tea"', "user=bob item=milk"]), is_key_values(["a=b", "c d"])
    (True, False)
    """
    return sum(_values(line) is not None for line in lines) >= _MOST * len(lines)


def is_vertical(lines: list[str]) -> bool:
    """Whether a text is what mysql prints for a query that ends with ``\\G``."""
    return bool(_RULE.match(lines[0].strip()))


def _values(line: str) -> dict[str, str] | None:
    pairs = _PAIR.findall(line)
    if len(pairs) < 2 or _PAIR.sub("", line).strip():
        return None
    return {key: value[1:-1].replace('\\"', '"') if value.startswith('"') else value for key, value in pairs}


def read_key_values(data: bytes, called: str, name: str, **_: Any) -> Table:
    """A row a line, a column a key.

    >>> read_key_values(b"user=ann item=tea\\nuser=bob item=milk\\n", "the file", "").frame.rows()
    [('ann', 'tea'), ('bob', 'milk')]
    """
    rows, numbers, left = list[dict[str, str]](), list[int](), list[tuple[int, str]]()
    for number, line in enumerate(data.decode("utf-8", errors="replace").split("\n"), start=1):
        if not line.strip():
            continue
        values = _values(line)
        if values is None:
            left.append((number, line))
        else:
            rows.append(values)
            numbers.append(number)
    said = []
    if left:
        number, line = left[0]
        words = f"{counted(len(left), 'line')} that {'is' if len(left) == 1 else 'are'} not made of pairs "
        words += f"{were(len(left))} left out (first: line {number}, {shortened(line.strip(), 40)!r})."
        said.append(assumed("line_form", "key=value", words, ("plain", "plain"), doubtful=len(left) > 0.1 * len(rows)))
    return _table(rows, numbers, called, name, left=len(left), said=said)


def read_vertical(data: bytes, called: str, name: str, **_: Any) -> Table:
    """A row for each block below a rule of stars, a column a name."""
    rows, numbers = list[dict[str, str]](), list[int]()
    for number, fields in _blocks(data.decode("utf-8", errors="replace").split("\n")):
        rows.append(fields)
        numbers.append(number)
    return _table(rows, numbers, called, name, left=0, said=[])


def _blocks(lines: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    start, fields = 0, dict[str, str]()
    for number, line in enumerate(lines, start=1):
        if _RULE.match(line.strip()):
            if fields:
                yield start, fields
            start, fields = number, {}
        elif start and (found := _FIELD.match(line)):
            fields[found[1].strip()] = found[2]
    if fields:
        yield start, fields


def _table(rows: list[dict[str, str]], numbers: list[int], called: str, name: str, *, left: int, said: Any) -> Table:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    if not rows:
        raise InputError(f"{called} holds no line of pairs like user=ann; set line_form to plain")
    limits().check_columns(len(keys), called)
    frame = pl.DataFrame({key: pl.Series([row.get(key) for row in rows], dtype=pl.String) for key in keys})
    return Table(frame, "csv", name, lines=np.array(numbers), assumptions=tuple(said), left_out=left)
