"""Lines that hold a whole sequence and more than its items: marks, a count, a number behind each item."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import polars as pl

from recemb_core.arrays import Int64Array
from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.errors import InputError, counted, shortened
from recemb_core.readers.line_scan import DELIMITERS, sample_lines, text_lines
from recemb_core.readers.table import LINE, SEQUENCE, Table

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PAIR = re.compile(rf"[^\s:]+:{_NUMBER}")
_CLOCK = re.compile(r"\d{1,2}:[0-5]\d")
_BETWEEN = r"[\s,;|]+"
_ENOUGH, _AGREE = 5, 0.95
_EMPTY = "; leave line_form out to have it decided by the content"


def is_spmf(lines: list[str]) -> bool:
    """Whether nearly all lines end with -2 and hold -1.

    >>> is_spmf(["1 -1 2 3 -1 -2", "4 -1 -2"]), is_spmf(["1 -1 2", "3 -2"])
    (True, False)
    """
    body = [line.split() for line in lines if line[0] not in "@#%"]
    marked = sum(tokens[-1] == "-2" and "-1" in tokens for tokens in body)
    return len(body) >= 2 and marked >= 0.9 * len(body)


def count_mark(lines: list[str]) -> tuple[str, float]:
    """What stands between the items of lines that begin with the number of those, and the share of lines that do.

    >>> count_mark(["2 7 8", "1 7", "3 7 8 9", "2 8 9", "1 8"])
    (' ', 1.0)
    """
    best, share = " ", 0.0
    for mark in (" ", *(d for d in DELIMITERS if d != " ")):
        rows = [line.split() if mark == " " else [t for t in line.split(mark) if t.strip()] for line in lines]
        right = [bool(row) and row[0].strip() == str(len(row) - 1) for row in rows]
        found = sum(right) / max(len(rows), 1)
        if right and right[0] and len({len(row) for row in rows}) > 1 and found > share:
            best, share = mark, found
    return best, share


def is_counted(lines: list[str]) -> bool:
    """Whether the first of a line says how many items follow, over lines of different lengths."""
    return len(lines) >= _ENOUGH and count_mark(lines)[1] >= _AGREE


def is_pairs(lines: list[str]) -> bool:
    """Whether all of a line but its first are items with a number: ``51 1121:1 1102:5``.

    >>> is_pairs(["51 1121:1 1102:5", "52 7:1 8:2 9:1"]), is_pairs(["51 2020-09-13 17:53", "52 2020-09-13 17:54"])
    (True, False)
    """
    rows = [[token for token in re.split(_BETWEEN, line) if token] for line in lines]
    pairs = [[token for token in row[1:] if _PAIR.fullmatch(token)] for row in rows]
    flat = [token for found in pairs for token in found]
    if len(rows) < 2 or not flat or len(flat) < 0.9 * sum(len(row) - 1 for row in rows if row):
        return False
    if sum(len(found) >= 2 for found in pairs) < 0.5 * len(rows) or all(map(_CLOCK.fullmatch, flat)):
        return False
    keys = [frozenset(token.partition(":")[0] for token in found) for found in pairs]
    return len(rows) < 3 or Counter(keys).most_common(1)[0][1] < 0.9 * len(keys)  # else these are names of fields


def read_spmf(data: bytes, called: str, name: str, *, line_id: bool | None, **_: Any) -> Table:
    """Sequences in SPMF's form; its names of items are used, its times, costs and utilities are not."""
    lines = text_lines(data)
    named = lines.filter(pl.col("text").str.starts_with("@ITEM="))["text"]
    body = lines.filter(~pl.col("text").str.contains(r"^[@#%]"))
    apart = r"\[[^\]\s]*\]|<[^>\s]*>|SUtility:\S+"
    extras = int(body["text"].str.count_matches(apart).sum() or 0)
    words = body.select("line", pl.col("text").str.replace_all(apart, "").str.extract_all(r"\S+")).explode("text")
    words = words.drop_nulls()
    if not int((words["text"] == "-2").sum()):
        raise InputError(f"{called} has no -2 at the end of a sequence, so it is not in SPMF's form{_EMPTY}")
    begins = (pl.col("line").diff() != 0) | (pl.col("text").shift() == "-2")
    words = words.with_columns(begins.fill_null(True).cast(pl.Int64).cum_sum().alias("number"))
    items = words.filter(~pl.col("text").is_in(["-1", "-2"]))
    several = len(items) - int((words["text"] == "-1").sum())
    lists = items.group_by("number", maintain_order=True).agg(pl.col("line").first(), pl.col("text"))
    found, notes = lists["text"], list[str]()
    if len(named):
        parts = named.str.splitn("=", 3).struct
        known = {k: v for k, v in zip(parts.field("field_1"), parts.field("field_2"), strict=True) if v}
        found = found.list.eval(pl.element().replace(known))
        notes.append(f"{counted(len(known), 'name')} of items were taken from the lines that begin with @ITEM.")
    if several > 0:
        notes.append("Some sets hold several items (no -1 between them); these follow each other as the line has them.")
    if extras:
        notes.append(f"Times, costs or utilities beside the items were not read ({counted(extras, 'field')}).")
    return _sequences(found, lists["line"].to_numpy(), None, called, name, line_id or False, notes)


def read_counted(
    data: bytes, called: str, name: str, *, delimiter: str | None, line_id: bool | None, **_: Any
) -> Table:
    """Sequences behind the number of their items, which is none."""
    lines = text_lines(data)
    mark = delimiter or count_mark(sample_lines(data))[0]
    tokens = _split(lines["text"], mark)
    right = tokens.list.first() == (tokens.list.len() - 1).cast(pl.String)
    if not bool(right.any()):
        raise InputError(f"{called} has no line that begins with the number of its items{_EMPTY}")
    number = tokens.list.first().str.contains(r"^\d+$")
    wrong, notes = ~right.fill_null(False), list[str]()
    if int(wrong.sum()):
        first = int(lines["line"].filter(wrong)[0])
        notes.append(
            f"{counted(int(wrong.sum()), 'line')} with another number of items than the first says (line {first} for "
            "one); what is there counts."
        )
    kept = pl.DataFrame({"items": tokens, "number": number}).select(
        pl.when("number").then(pl.col("items").list.slice(1)).otherwise("items")
    )
    return _sequences(kept["items"], lines["line"].to_numpy(), None, called, name, line_id or False, notes)


def read_pairs(data: bytes, called: str, name: str, *, delimiter: str | None, line_id: bool | None, **_: Any) -> Table:
    """Items before a colon and a number; what stands in front of all is the line's name or a label."""
    lines = text_lines(data)
    if delimiter is None:
        tokens = lines["text"].str.replace_all(_BETWEEN, " ").str.strip_chars(" ").str.split(" ")
    else:
        tokens = _split(lines["text"], delimiter)
    pair = f"^{_PAIR.pattern}$"
    items = tokens.list.eval(pl.element().filter(pl.element().str.contains(pair)).str.extract(r"^([^:]+):"))
    if not int(items.list.len().sum()):
        raise InputError(f"{called} has no pair of an item and a number like tea:3{_EMPTY}")
    first = tokens.list.first()
    headed = ~first.str.contains(pair)
    odd = int(tokens.list.len().sum()) - int(items.list.len().sum()) - int(headed.sum())
    notes = ["The numbers behind the items are not read."]
    if odd:
        notes.append(f"Left out, for they are no pair of an item and a number: {counted(odd, 'field')}.")
    heads = pl.DataFrame({"head": first, "headed": headed}).select(
        pl.when("headed").then(pl.col("head").str.strip_chars_end(":"))
    )["head"]
    given, said = line_id, list[Assumption]()
    sizes = (heads == items.list.len().cast(pl.String)).fill_null(False)
    counts = len(heads) >= _ENOUGH and float(sizes.mean() or 0) >= _AGREE and items.list.len().n_unique() > 1  # type: ignore[arg-type]
    if bool(headed.any()):
        named = heads.null_count() == 0 and heads.n_unique() == len(heads) and not counts
        line_id = named if line_id is None else line_id
        shown = repr(shortened(heads.drop_nulls()[0]))
        what = "counts its pairs" if counts else "is a label"
        words = f"The first of each line ({shown}) {'names it' if line_id else what} and is no item."
        other = ("it is a label and left out", False) if line_id else ("it names the line", True)
        back = (("decide by the content", None),) if given is not None else ()
        why = "all are different" if named else "" if counts or line_id else "some come again"
        doubtful = given is None and not counts
        said.append(assumed("line_id", line_id, words, other, *back, doubtful=doubtful, why=why))
    return _sequences(items, lines["line"].to_numpy(), heads if line_id else None, called, name, False, notes, said)


def _split(text: pl.Series, mark: str) -> pl.Series:
    if mark == " ":
        return text.str.extract_all(r"\S+")
    tokens = text.str.split(mark).list.eval(pl.element().str.strip_chars().str.strip_chars('"'))
    return tokens.list.eval(pl.element().filter(pl.element() != ""))


def _sequences(
    lists: pl.Series,
    lines: Int64Array,
    heads: pl.Series | None,
    called: str,
    name: str,
    first_names: bool,
    notes: list[str],
    said: list[Assumption] | None = None,
) -> Table:
    """The table of these lists, empty ones left out; ``first_names``: their first is no item but names them."""
    if said is None:
        words = f"The first of each line is {'its name and no item' if first_names else 'an item like the others'}."
        other = ("it is an item", False) if first_names else ("it names the line", True)
        said = [assumed("line_id", first_names, words, other)]
    columns = {SEQUENCE: lists}
    if first_names:
        columns = {LINE: lists.list.first(), SEQUENCE: lists.list.slice(1)}
    elif heads is not None:
        columns = {LINE: heads, SEQUENCE: lists}
    full = columns[SEQUENCE].list.len() > 0
    frame = pl.DataFrame([values.alias(key) for key, values in columns.items()]).filter(full)
    if frame.is_empty() or frame[SEQUENCE].list.len().max() == 1:
        raise InputError(f"{called} has one item a line, which makes no sequences; put those of a sequence on one line")
    empty = len(full) - len(frame)
    if empty:
        notes = [*notes, f"Left out, for they hold no item: {counted(empty, 'line')}."]
    numbers = np.asarray(lines, dtype=np.int64)[full.to_numpy()]
    return Table(frame, "sequences", name, lines=numbers, notes=tuple(notes), assumptions=tuple(said))
