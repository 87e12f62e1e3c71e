"""Text with one sequence a line → a frame of lists."""

from __future__ import annotations

import numpy as np
import polars as pl

from recemb_core.readers.assumptions import Assumption, Choice, assumed
from recemb_core.readers.errors import InputError, shortened
from recemb_core.readers.line_scan import DELIMITERS, guess_token_delimiter, sample_lines
from recemb_core.readers.list_shapes import names_lines
from recemb_core.readers.table import LINE, SEQUENCE, Table

_QUOTED = r'(?s)^\s*"(.*)"\s*$'


def parse_sequences(
    data: bytes, name: str = "", *, delimiter: str | None = None, line_id: bool | None = None, above: int = 0
) -> Table:
    """One sequence a line: a frame with one list column, blank lines left out.

    Args:
        data: the text.
        name: what messages call the file.
        delimiter: what stands between items; guessed when left out.
        line_id: whether the first of a line names it (a user, a session); guessed when left out.
        above: how many lines of the file stand above the text.

    Raises:
        InputError: every line holds one item only.
    """
    called = repr(name) if name else "the file"
    if delimiter is not None and len(delimiter) < 1:
        raise InputError("delimiter must not be empty")
    used = delimiter or guess_token_delimiter(sample_lines(data))
    text = pl.Series(SEQUENCE, data.decode("utf-8").split("\n"), dtype=pl.String)
    frame = pl.DataFrame({SEQUENCE: text, "line": np.arange(1, len(text) + 1)})
    frame = frame.filter(pl.col(SEQUENCE).str.strip_chars() != "")
    if frame.is_empty():
        raise InputError(f"{called} is empty (white space only); check that the export finished")
    if used is None:
        raise InputError(
            f"{called} has one item a line ({shortened(frame[SEQUENCE][0])!r} in line {frame['line'][0]}), which makes "
            "no sequences; put the items of a sequence on one line, or give the delimiter"
        )
    whole = pl.col(SEQUENCE).str.strip_chars()
    if used == " ":
        tokens = whole.str.replace_all(r"\s+", " ").str.split(" ")
    else:
        tokens = whole.str.split(used).list.eval(pl.element().str.replace(_QUOTED, "$1"))
    tokens = tokens.list.eval(pl.element().filter(pl.element().str.strip_chars() != ""))
    frame = frame.with_columns(tokens).filter(pl.col(SEQUENCE).list.len() > 0)
    if frame.is_empty() or frame[SEQUENCE].list.len().max() == 1:
        first = sample_lines(data)[0]
        raise InputError(
            f"{called}: split at {used!r}, every line holds one item (the first: {shortened(first)!r}); "
            "set the right delimiter"
        )
    lists, numbers = frame[SEQUENCE], frame["line"].to_numpy()
    heads, rest = lists.list.first(), lists.list.slice(1)
    named, said = names_lines(heads, rest), list[Assumption]()
    if line_id if line_id is not None else named:
        chosen = frame.select(heads.alias(LINE), rest.alias(SEQUENCE))
        words = f"The first of each line ({heads[0]!r}) names it and is no item."
        others = (("it is an item", False), *((("decide by the content", None),) if line_id is not None else ()))
        said.append(assumed("line_id", True, words, *others, doubtful=line_id is None, why="all are different"))
    else:
        chosen = frame.select(SEQUENCE)
        words = "The first of each line is an item like the others."
        said.append(assumed("line_id", False, words, ("it names the line", True)))
    if _stands_apart(lists):
        words = f"The first line ({' '.join(map(str, lists[0][:5]))!r}) holds items that no other line has."
        names = Choice("it is no sequence (leave it out)", (("skip_lines", above + int(numbers[0])),))
        said.append(assumed("skip_lines", above, words, more=(names,), doubtful=True, why="as names of columns would"))
    odd = _odd_tokens(lists)
    marks = {"\t": "tab", "\x01": "^A (Hive)", " ": "space"}
    other_marks = [(marks.get(m, m), m) for m in DELIMITERS if m != used]
    words = f"Each line is one sequence; its items end at a {marks.get(used, used)}."
    said.append(assumed("delimiter", used, words, *other_marks, doubtful=bool(odd), why=odd))
    return Table(chosen, "sequences", name, delimiter=used, lines=numbers, assumptions=tuple(said))


def _stands_apart(lists: pl.Series) -> bool:
    """Whether the first line shares no item with the others, which share nearly all of theirs, and is made of words.

    >>> _stands_apart(pl.Series([["visited", "pages"], *[["i1", "i2"]] * 9]))
    True
    """
    if len(lists) < 5 or any(any(map(str.isdigit, item)) for item in lists[0]):
        return False
    tokens = lists.slice(1).list.unique().explode()
    once = int(tokens.value_counts()["count"].eq(1).sum())
    return once < 0.1 * len(tokens) and not bool(tokens.is_in(lists[0].implode()).any())


def _odd_tokens(lists: pl.Series) -> str:
    """What items of a sequence seldom look like, in words; "" where nothing does.

    >>> _odd_tokens(pl.Series([[str(n), "-1"] for n in range(9)]))
    "though '-1' stands in 100% of the lines"
    """
    if len(lists) < 5:
        return ""
    tokens = lists.list.unique().explode()
    common, count = tokens.value_counts(sort=True).row(0)
    if count > 0.8 * len(lists):
        return f"though {shortened(common)!r} stands in {count / len(lists):.0%} of the lines"
    parts = tokens.filter(tokens.str.contains(r"^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|^\d+:\d|=|^\W+$"))
    if len(parts) > 0.15 * len(tokens):
        return (
            f"though {len(parts) / len(tokens):.0%} of them look like times, pairs or marks, as {shortened(parts[0])!r}"
        )
    return ""
