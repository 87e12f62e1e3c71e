"""Vectors as text: word2vec's and GloVe's lines, the Embedding Projector's pair, files of ids."""

from __future__ import annotations

import json
import re

import numpy as np

from recemb_core.arrays import Float32Array
from recemb_core.brought.rows import Rows, check_size
from recemb_core.foreign_text import unguarded
from recemb_core.readers.errors import InputError, shortened

SIZES = re.compile(rb"\s*(\d{1,18})[ \t]+(\d{1,18})[ \t]*\r?\n")
_NUMBER = re.compile(rb"[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|nan|inf(inity)?)", re.IGNORECASE)


def is_number(field: bytes) -> bool:
    """Whether a field is written as a number."""
    return _NUMBER.fullmatch(field.strip()) is not None


def word2vec_lines(data: bytes, called: str) -> Rows:
    """A line an item: its id, then its numbers; with a first line ``n d`` (word2vec) or without (GloVe).

    Raises:
        InputError: a line with another number of numbers, one that is none, or fewer lines than the first one says.
    """
    head = SIZES.match(data)
    lines = data[head.end() :].split(b"\n") if head else data.split(b"\n")
    first = 2 if head else 1
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise InputError(f"{called} holds no vectors; export them again")
    between = b"\t" if b"\t" in lines[0] else b" "
    if head:
        promised, d = int(head[1]), int(head[2])
        check_size(promised, d, called)
        if len(lines) != promised:
            cut = "it was cut off" if len(lines) < promised else "they do not belong together"
            raise InputError(
                f"{called} says in its first line that {promised:,} vectors follow, and {len(lines):,} do; {cut}: "
                "export it again"
            )
    else:
        d = len(_fields(lines[0], between)) - 1
        check_size(len(lines), d, called)
    ids, vectors = [], np.empty((len(lines), d), np.float32)
    for row, line in enumerate(lines):
        name, *numbers = _fields(line, between)
        if len(numbers) != d:
            wanted = "the first line says" if head else "line 1 has"
            raise InputError(
                f"line {row + first:,} of {called} has {len(numbers):,} numbers behind its id, and {wanted} {d:,}; "
                "an id must hold no blank, and every vector must have one length"
            )
        vectors[row] = _numbers(numbers, row + first, called)
        ids.append(_decoded(name, row + first, called))
    notes = () if head else ("The file has no first line with its size, as GloVe's have none.",)
    form = "word2vec text" if head else "lines of text"
    return Rows(ids, vectors, form, lambda row: f"line {row + first:,}", notes)


def projector_pair(body: bytes, metadata: bytes, called: str, ids_called: str) -> Rows:
    """The Embedding Projector's vectors.tsv, a line of numbers an item, and its metadata.tsv."""
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    if not lines:
        raise InputError(f"{called} holds no vectors; export them again")
    d = len(_fields(lines[0][1], b"\t"))
    check_size(len(lines), d, called)
    vectors = np.empty((len(lines), d), np.float32)
    for row, (number, line) in enumerate(lines):
        numbers = _fields(line, b"\t")
        if len(numbers) != d:
            raise InputError(f"line {number:,} of {called} has {len(numbers):,} numbers, and the first has {d:,}")
        vectors[row] = _numbers(numbers, number, called)
    ids, notes = ids_of(metadata, ids_called)
    _same(len(ids), ids_called, len(lines), called)
    return Rows(ids, vectors, "Embedding Projector pair", lambda row: f"line {lines[row][0]:,}", notes)


def ids_of(data: bytes, called: str) -> tuple[list[str], tuple[str, ...]]:
    """(ids, notes) of a file of ids: a JSON list, a line an id, or, with tabs, the first column under its name.

    Raises:
        InputError: neither.
    """
    if data.lstrip()[:1] == b"[":
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list) and all(
            isinstance(item, str | int) and not isinstance(item, bool) for item in found
        ):
            return [str(item) for item in found], ()
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    texts = [_decoded(line.rstrip(b"\r"), number, called) for number, line in enumerate(lines, start=1)]
    texts = [text for text in texts if text.strip()]
    notes = list[str]()
    if texts and "\t" in texts[0]:
        name, *rest = (line.split("\t")[0] for line in texts)
        notes.append(f"The ids are the column {shortened(name)!r} of {called}.")
        texts = rest
    guards = sum(unguarded(text) != text for text in texts)
    if guards:
        notes.append(f"The ' before {guards:,} ids was taken off: it keeps spreadsheets from computing them.")
    return [unguarded(text) for text in texts], tuple(notes)


def _same(ids: int, ids_called: str, rows: int, called: str) -> None:
    if ids != rows:
        raise InputError(
            f"{ids_called} holds {ids:,} ids, and {called} {rows:,} vectors; they must belong together, row for row"
        )


def _fields(line: bytes, between: bytes) -> list[bytes]:
    return line.rstrip(b" \t\r\n").split(between)


def _numbers(fields: list[bytes], number: int, called: str) -> Float32Array:
    try:
        return np.array(fields, dtype=np.float32)
    except ValueError:
        wrong = next((field for field in fields if not is_number(field)), b"")
        shown = shortened(wrong.decode("utf-8", "replace"), 40)
        raise InputError(
            f"line {number:,} of {called} holds {shown!r} where a number belongs; export it again"
        ) from None


def _decoded(text: bytes, number: int, called: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise InputError(f"line {number:,} of {called} is not UTF-8 text; export it again as UTF-8") from None
