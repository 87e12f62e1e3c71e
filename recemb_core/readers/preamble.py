"""What stands above a table in a text file: comments, a hint for Excel, a title."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_names import is_known_name
from recemb_core.readers.errors import counted, shortened, were
from recemb_core.readers.line_scan import DELIMITERS, count_outside_quotes, sample_lines

_COMMENTS = re.compile(rb"((?:[#%][^\n]*\n)*+)\n*+")  # possessive: nothing is tried twice
_HINT = re.compile(rb'"?sep=(.)"?[;,\t|]*\n', re.IGNORECASE)
_MOST = 12  # lines that may stand above a table
_REGULAR = 0.95


@dataclass(frozen=True)
class Opening:
    """The text without what stands above its table.

    Attributes:
        data: the rest.
        skipped: how many lines were taken off.
        comment: the last of the lines that begin with # or %, which may name the columns.
        delimiter: that a hint above the table gives, or None.
        assumptions: what was decided.
    """

    data: bytes
    skipped: int
    comment: str | None
    delimiter: str | None
    assumptions: tuple[Assumption, ...]


def without_preamble(data: bytes, skip: int | None, delimiter: str | None) -> Opening:
    """Take off comments, Excel's ``sep=`` line and titles; exactly ``skip`` lines where that is given.

    >>> opening = without_preamble(b"sep=;\\nuser;item\\na;x\\n", None, None)
    >>> opening.delimiter, opening.skipped, opening.data
    (';', 1, b'user;item\\na;x\\n')
    >>> without_preamble(b"Clicks of May\\n\\nuser,item\\na,x\\na,y\\nb,x\\n", None, None).skipped
    2
    """
    if skip is not None:
        rest = data.split(b"\n", skip)[-1] if data.count(b"\n") >= skip else b""
        words = f"{counted(skip, 'line')} above the table {were(skip)} skipped, as set."
        words = words if skip else "No line above the table was skipped, as set."
        back = (("decide by the content", None), *((("none", 0),) if skip else ()))
        return Opening(rest, skip, None, None, (assumed("skip_lines", skip, words, *back),))
    start = _COMMENTS.match(data)
    head = start[0] if start else b""
    comments = start[1].splitlines() if start else []
    comment = (
        comments[-1].decode("utf-8", errors="replace").lstrip("#% ").removeprefix("Fields:").strip()
        if comments
        else None
    )
    data, skipped, said = data[len(head) :], head.count(b"\n"), list[Assumption]()
    if comments:
        begin = "begins with # or % and was" if len(comments) == 1 else "begin with # or % and were"
        words = f"{counted(len(comments), 'line')} above the table {begin} skipped as comments."
        said.append(assumed("skip_lines", skipped, words, ("none", 0)))
    hint = None
    if found := _HINT.match(data):
        hint = found[1].decode("latin-1")
        data, skipped = data[found.end() :], skipped + 1
        said.append(
            assumed("skip_lines", skipped, f"The first line says that fields end at {hint!r} (sep=).", ("none", 0))
        )
    elif titles := _titles(data, delimiter):
        title = data.split(b"\n", 1)[0].decode("utf-8", errors="replace")
        data, skipped = data.split(b"\n", titles)[-1], skipped + titles
        words = f"{counted(titles, 'line')} above the table {were(titles)} skipped as a title ({shortened(title)!r})."
        said.append(
            assumed("skip_lines", skipped, words, ("none: the first line belongs to the table", 0), doubtful=True)
        )
    return Opening(data, skipped, comment, hint if hint is not None and hint.isascii() else None, tuple(said))


def leading_comments(data: bytes) -> int:
    """How many bytes of lines that begin with # or % stand first, blank lines between and below them counted.

    >>> leading_comments(b"# a\\n% b\\n1 2\\n"), leading_comments(b"1 2\\n")
    (8, 0)
    """
    found = _COMMENTS.match(data)
    return found.end() if found and found[1] else 0


def _titles(data: bytes, delimiter: str | None) -> int:
    """How many lines, blank ones counted, stand above a table whose lines all have more fields than these."""
    head = data[: 1 << 16].split(b"\n")
    lines = sample_lines(data)
    if len(lines) < 4:
        return 0
    marks = [d for d in DELIMITERS if d != " "] if delimiter is None else [delimiter]
    marks = [mark for mark in marks if len(mark) == 1]
    counts = {mark: [count_outside_quotes(line, mark) for line in lines] for mark in marks}
    like_others = [mark for mark, c in counts.items() if c[0] and sum(n == c[0] for n in c) >= 0.9 * len(c)]
    for above in range(1, min(_MOST, len(lines) - 3) + 1):
        for mark, count in counts.items():
            fields, rest = count[above], count[above:]
            regular = sum(n == fields for n in rest) >= _REGULAR * len(rest)
            if not fields or not regular or (like_others and mark not in like_others):
                continue
            names = _split(lines[above], mark)
            named = sum(map(is_known_name, names)) >= 1 and not any(name.replace(".", "").isdigit() for name in names)
            if max(count[:above]) >= fields:
                # A program may end every line, those of the title too, with the delimiters of the whole table.
                if named and max(count[:above]) == fields and _is_filled_more(lines, above, mark):
                    double = (
                        len(set(filter(None, names))) < sum(map(bool, names))
                        and sum(map(bool, _split(lines[above - 1], mark))) > 1
                    )
                    return _physical(head, above - double)
                continue
            # Without names to go by, only a text of lines that are all alike below can be told from lists of items.
            alike = fields >= 2 and len(rest) >= 10 and len(set(rest)) == 1 and max(count[:above]) == 0
            if named or alike:
                return _physical(head, above)
    return 0


def _split(line: str, mark: str) -> list[str]:
    return [field.strip().strip('"') for field in next(csv.reader([line], delimiter=mark), [])]


def _is_filled_more(lines: list[str], above: int, mark: str) -> bool:
    """Whether a line holds more fields and known names than any above it, and none of its names comes again below."""
    filled = [[field for field in _split(line, mark) if field] for line in lines[: above + 60]]
    known = [sum(map(is_known_name, fields)) for fields in filled]
    again = {field for fields in filled[above + 1 :] for field in fields} & {
        field for field in filled[above] if is_known_name(field)
    }
    return not again and all(len(filled[n]) < len(filled[above]) and known[n] < known[above] for n in range(above))


def _physical(lines: list[bytes], above: int) -> int:
    """The number of lines before the one that has ``above`` lines with content before it."""
    seen = 0
    for number, line in enumerate(lines):
        if line.strip():
            if seen == above:
                return number
            seen += 1
    return 0
