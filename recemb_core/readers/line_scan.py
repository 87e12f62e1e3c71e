"""Where the records of a delimited text start and how many fields each has, without a loop over lines.

duckdb's ``sniff_csv`` (2.0.1) was measured on the 28 delimited files of ``tests/odd_files``: delimiter, names and rows
are right for 22 there and for all 28 here; it misses lists of items without names, and refuses mixed line ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from recemb_core.arrays import Int64Array, UInt8Array
from recemb_core.readers.column_names import is_known_name

DELIMITERS = ("\t", ",", ";", "|", "\x01", " ")


@dataclass(frozen=True)
class LineScan:
    """One entry a record; a quoted field may hold line breaks, so a record is not always a line.

    Attributes:
        fields: int64 (r,), number of fields; 0 for a blank line.
        lines: int64 (r,), the number of the line on which the record starts, from 1.
        quoted: whether quotation marks are used as such.
        well_formed: whether every quotation mark opens or closes a whole field.
    """

    fields: Int64Array
    lines: Int64Array
    quoted: bool
    well_formed: bool


def scan_lines(data: bytes, delimiter: str, *, quotes: bool = True, first_line: int = 1) -> LineScan:
    """Count the fields of each record.

    >>> scan = scan_lines(b'a,b\\n"x,\\ny",2\\n1,2,3\\n', ",")
    >>> scan.fields.tolist(), scan.lines.tolist()
    ([2, 2, 3], [1, 2, 4])
    """
    text = np.frombuffer(data, np.uint8)
    breaks = np.flatnonzero(text == 10)
    marks = np.flatnonzero(text == ord(delimiter))
    quote_at = np.flatnonzero(text == 34) if quotes else np.empty(0, np.int64)
    well_formed = _is_well_formed(text, quote_at, ord(delimiter))
    starts = np.concatenate([[0], breaks + 1])
    if len(quote_at) and well_formed:
        # Between an odd and an even quotation mark a comma or a line break is part of the field.
        breaks_kept = breaks[np.searchsorted(quote_at, breaks) % 2 == 0]
        marks = marks[np.searchsorted(quote_at, marks) % 2 == 0]
        record_starts = np.concatenate([[0], breaks_kept + 1])
    else:
        breaks_kept, record_starts = breaks, starts
    if len(record_starts) and record_starts[-1] >= len(text):
        record_starts = record_starts[:-1]
    ends = np.concatenate([breaks_kept, [len(text)]])[: len(record_starts)]
    fields = np.searchsorted(marks, ends) - np.searchsorted(marks, record_starts) + 1
    fields[ends == record_starts] = 0
    lines = np.searchsorted(starts, record_starts, side="right") - 1 + first_line
    return LineScan(fields.astype(np.int64), lines.astype(np.int64), bool(len(quote_at)), well_formed)


def _is_well_formed(text: UInt8Array, quote_at: Int64Array, delimiter: int) -> bool:
    if len(quote_at) % 2:
        return False
    opening, closing = quote_at[0::2], quote_at[1::2]
    before = text[np.maximum(opening - 1, 0)]
    after = text[np.minimum(closing + 1, len(text) - 1)]
    opens = (opening == 0) | np.isin(before, (delimiter, 10, 34))
    closes = (closing == len(text) - 1) | np.isin(after, (delimiter, 10, 34))
    return bool(opens.all() and closes.all())


def sample_lines(data: bytes, most: int = 400) -> list[str]:
    """The first non-blank records, line breaks between quotation marks kept, the last left out when it may be cut."""
    head = data[: 1 << 20]
    lines = head.split(b"\n", 2 * most)
    if (len(head) < len(data) or len(lines) > 2 * most) and len(lines) > 1:
        lines = lines[:-1]
    if any(line.count(b'"') % 2 for line in lines):
        lines = _records(lines)
    return [line.decode("utf-8", errors="replace") for line in lines if line.strip()][:most]


def _records(lines: list[bytes]) -> list[bytes]:
    """Lines put together where a quoted field goes on, or as they are where the quotation marks are no such thing."""
    records, open_ = list[bytes](), False
    for line in lines:
        if open_:
            records[-1] += b"\n" + line
        else:
            records.append(line)
        open_ ^= line.count(b'"') % 2 == 1
    whole = records[:-1] if open_ else records
    text = b"\n".join(whole)
    marks = np.frombuffer(text, np.uint8)
    quote_at = np.flatnonzero(marks == 34)
    fits = any(_is_well_formed(marks, quote_at, ord(delimiter)) for delimiter in DELIMITERS)
    return whole if fits and len(quote_at) else lines


def count_outside_quotes(line: str, delimiter: str) -> int:
    """How often a delimiter occurs in a line, quoted fields not counted; a quotation mark inside a field is no quote.

    >>> count_outside_quotes('"a,b",c', ","), count_outside_quotes('The "X,12" mix,c', ",")
    (1, 2)
    """
    return (_quoted(delimiter).sub(r"\1", line) if '"' in line else line).count(delimiter)


@lru_cache(maxsize=32)
def _quoted(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    # Padding has a bound: between fields that spaces part, each space of a long run would look through all after it.
    return re.compile(rf'(^ {{0,64}}|{mark} {{0,64}})"(?:[^"]|"")*+" {{0,64}}(?={mark}|$)')


def guess_delimiter(lines: list[str]) -> tuple[str, float]:
    """The delimiter that gives every line as many fields as the first one has; a space only if nothing else does.

    Returns:
        It, and the share of lines that have as many of them as the first line (0: none in it).

    >>> guess_delimiter(["a;b", "1,5;2", "3;4"])
    (';', 1.0)
    """
    best, share = ",", 0.0
    for delimiter in DELIMITERS:
        counts = [count_outside_quotes(line, delimiter) for line in lines]
        if not counts[0]:
            # A first line with one field only happens in "one sequence a line", where it proves nothing.
            continue
        regular = sum(count == counts[0] for count in counts) / len(counts)
        usual = max(set(counts[1:]), key=counts[1:].count, default=0)
        longer = sum(count == usual for count in counts[1:]) / max(len(counts) - 1, 1)
        named = usual == counts[0] + 1 or (usual > counts[0] and any(map(is_known_name, lines[0].split(delimiter))))
        if named and longer >= 0.95 and len(counts) > 2:
            regular = longer - 0.01  # rows are numbered, or end with a delimiter, or more, and the header is not
        if regular > share + 0.02 and not (delimiter == " " and share >= 0.5):
            best, share = delimiter, regular
    return best, share


def guess_token_delimiter(lines: list[str]) -> str | None:
    """The delimiter inside lines of different lengths: the one most lines have; None when there is hardly any.

    >>> guess_token_delimiter(["a b c", "d", "e f"])
    ' '
    """
    shares = {d: sum(d in line.strip() for line in lines) / len(lines) for d in DELIMITERS}
    best = max(DELIMITERS, key=lambda d: shares[d] if d != " " else shares[d] - 0.3)
    return best if shares[best] >= 0.1 else None


def text_lines(data: bytes, *, strip: bool = True) -> pl.DataFrame:
    """The lines that hold something: ``text``, and ``line``, their number from 1.

    >>> text_lines(b"a\\n\\n b \\n").rows()
    [('a', 1), ('b', 3)]
    """
    text = pl.Series("text", data.decode("utf-8").split("\n"), dtype=pl.String)
    frame = pl.DataFrame({"text": text, "line": np.arange(1, len(text) + 1)})
    stripped = pl.col("text").str.strip_chars()
    return frame.with_columns(stripped if strip else pl.col("text")).filter(stripped != "")
