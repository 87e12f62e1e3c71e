"""Logs of web servers in the W3C's extended form (IIS, CloudFront): their names stand in a comment ``#Fields:``."""

from __future__ import annotations

import csv
import re
from typing import Any

import polars as pl

from recemb_core.readers.errors import InputError, counted
from recemb_core.readers.limits import limits
from recemb_core.readers.line_scan import text_lines
from recemb_core.readers.table import Table

_FIELDS = r"(?i)^#\s*Fields:\s*(.+)$"
_START = re.compile(rb"(?:\s*+#[^\n]*\n)*?\s*+#[ \t]*Fields:[ \t]*\S+[ \t]+\S", re.IGNORECASE)


def is_w3c(data: bytes) -> bool:
    """Whether a comment above the first line names fields.

    >>> is_w3c(b"#Version: 1.0\\n#Fields: date c-ip\\n2024-03-01 ::1\\n"), is_w3c(b"# Fields: see below\\nuser,item\\n")
    (True, False)
    """
    if _START.match(data) is None:
        return False
    first = next(
        (line for line in data[: 1 << 16].split(b"\n") if line.strip() and not line.lstrip().startswith(b"#")), b""
    )
    names = re.search(rb"#[ \t]*Fields:([^\n]*)", data, re.IGNORECASE)
    return names is not None and len(_split(first.decode("utf-8", errors="replace"))) == len(names[1].split())


def _split(line: str) -> list[str]:
    mark = "\t" if "\t" in line else " "
    return (
        next(csv.reader([line], delimiter=mark, skipinitialspace=mark == " "), []) if '"' in line else line.split(mark)
    )


def read_w3c(data: bytes, called: str, name: str, **_: Any) -> Table:
    """Rows under the names of the comment above them, between tabs or spaces; ``-`` is nothing.

    A server writes the comments again when it starts: rows below other names are left out and counted.
    """
    lines = text_lines(data)
    fields = pl.col("text").str.extract(_FIELDS).str.strip_chars().forward_fill()
    lines = lines.with_columns(fields.alias("fields"))
    rows = lines.filter(~pl.col("text").str.starts_with("#"))
    known = rows.drop_nulls("fields")
    if known.is_empty():
        raise InputError(f"{called} has no line #Fields: with rows below it; leave line_form out")
    chosen = str(known["fields"].mode(maintain_order=True)[0])
    names = chosen.split()
    limits().check_columns(len(names), called)
    if twice := [field for field in names if names.count(field) > 1]:
        raise InputError(f"{called} names two fields {twice[0]!r}; rename one of them")
    kept = known.filter(pl.col("fields") == chosen)
    text = kept["text"]
    if bool(text.str.contains('"', literal=True).any()):
        cells = pl.Series("cells", [_split(line) for line in text], dtype=pl.List(pl.String))
    else:
        mark = "\t" if bool(text.head(100).str.contains("\t", literal=True).any()) else " "
        cells = text.str.split(mark)
    fits = cells.list.len() == len(names)
    if not bool(fits.any()):
        raise InputError(f"{called} has no row with the {len(names)} fields that its line #Fields: names")
    cells, kept = cells.filter(fits), kept.filter(fits)
    frame = pl.DataFrame([cells.list.get(k).alias(field) for k, field in enumerate(names)])
    frame = frame.with_columns(pl.when(pl.all() != "-").then(pl.all()))
    notes, left = list[str](), len(rows) - len(kept)
    if left:
        first = rows.join(kept, on="line", how="anti", maintain_order="left")["line"][0]
        notes.append(
            f"Left out, for they do not have the {len(names)} fields: {counted(left, 'line')} (first: {first})."
        )
    comments = len(lines) - len(rows)
    begin = "begins with # and is a comment" if comments == 1 else "begin with # and are comments"
    notes.append(f"{counted(comments, 'line')} {begin}.")
    return Table(frame, "csv", name, lines=kept["line"].to_numpy(), notes=tuple(notes), left_out=left)
