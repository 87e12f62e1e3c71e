"""Tables whose lines are no fields between delimiters: blocks, tables drawn with rules, logs of web servers."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import Any

import polars as pl

from recemb_core.readers.assumptions import Choice, assumed
from recemb_core.readers.columns import guess_columns
from recemb_core.readers.errors import InputError, counted, shortened
from recemb_core.readers.headers import looks_like_header
from recemb_core.readers.limits import limits
from recemb_core.readers.line_scan import text_lines
from recemb_core.readers.table import Table

_HEAD = r"^[^\s,;|:]+:$"
_RULE, _DASHES = r"^[-=+|: \t]+$", r"--|==|-\+-"
_GROUPS = re.compile(r"[-=]+")
_FOOTER = r"^\s*\(?[\d.,]+ (?:rows?|Zeilen?|filas?|lignes?|righe|linhas?)\b"
_LOG = (  # possibly a virtual host; address, identity, name, [time], "request", status
    r"^(?:[\w.\-]+:\d{1,5} )?(\S+) \S+ ([^\[]*)\[(\d{1,2}/\w{3}/\d{4}:\d\d:\d\d:\d\d[^\]]*)\] "
    r'"((?:[^"\\]|\\.)*)" (\d{3})\b'
)
_DRAWN = str.maketrans(
    dict.fromkeys("│┃║┆┊╎", "|")
    | dict.fromkeys("─━═╌┄", "-")
    | dict.fromkeys("┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝╞╪╡┏┳┓┡╇┩┗┻┛╒╤╕╘╧╛╭╮╰╯┠╂┨┝┿┥", "+")
)
_KIND = re.compile(
    r"(?:str|cat|enum|bool|binary|null|[iuf]\d+|(?:date|datetime|time|duration|list|decimal)(?:\[.*\])?)"
)
_TITLES = 12  # lines that may stand above a drawn table
_REGULAR = 0.95
_CURE = "; leave line_form out to have it decided by the content"


# --- blocks ---


def is_blocks(lines: list[str]) -> bool:
    """Whether lines like ``21:`` name what stands below them.

    >>> is_blocks(["21:", "51,1,2020-09-13", "2:", "51,3,2020-09-13"]), is_blocks(["user:", "  name: ann"])
    (True, False)
    """
    heads = [line for line in lines if re.match(_HEAD, line.strip())]
    rest = [line.strip() for line in lines if not re.match(_HEAD, line.strip())]
    if not heads or len(rest) < 2 or heads[0] is not lines[0]:
        return False
    mark = _block_mark(rest)
    if mark is None:  # one number a line
        return all(line.isdigit() for line in rest) and all(line.strip()[:-1].isdigit() for line in heads)
    most = Counter(line.count(mark) for line in rest).most_common(1)[0]
    return most[0] > 0 and most[1] >= _REGULAR * len(rest) and not any(re.match(r"\s*-\s", line) for line in rest)


def _block_mark(rest: list[str]) -> str | None:
    """The delimiter that all lines of blocks have."""
    return next((mark for mark in (",", "\t", ";", "|", " ") if rest and all(mark in line for line in rest[:20])), None)


def read_blocks(data: bytes, called: str, name: str, *, delimiter: str | None, **_: Any) -> Table:
    """The first field of each line, the block that it stands in, and its other fields."""
    lines = text_lines(data)
    head = pl.col("text").str.contains(_HEAD)
    lines = lines.with_columns(
        head.alias("head"), pl.when(head).then(pl.col("text").str.strip_chars_end(":")).alias("b")
    )
    lines = lines.with_columns(pl.col("b").forward_fill())
    first = lines.filter("head")
    rows = lines.filter(~pl.col("head") & pl.col("b").is_not_null())
    if first.is_empty() or rows.is_empty():
        raise InputError(f"{called} has no block: no line like '21:' with lines below it{_CURE}")
    mark = delimiter or _block_mark(rows["text"].head(400).to_list())
    fields = rows["text"].str.split(mark) if mark else rows.select(pl.concat_list("text")).to_series()
    count = fields.list.len()
    width = int(count.mode().max())  # type: ignore[arg-type]
    limits().check_columns(width + 1, called)
    keep = count == width
    notes = list[str]()
    above = len(lines) - len(first) - len(rows)
    if above:
        notes.append(f"Left out, above the first block: {counted(above, 'line')}.")
    ragged = int((~keep).sum())
    if ragged:
        notes.append(
            f"{counted(ragged, 'line')} without the {counted(width, 'field')} of the others left out "
            f"(first: line {rows['line'].filter(~keep)[0]})."
        )
    fields, rows = fields.filter(keep), rows.filter(keep)
    parts = [fields.list.get(k).str.strip_chars().str.strip_chars('"') for k in range(width)]
    columns = [parts[0], rows["b"], *parts[1:]]
    frame = pl.DataFrame([values.alias(f"column_{k}") for k, values in enumerate(columns, start=1)])
    words = f"The first field of a line is the user ({frame[0, 0]!r}), its block the item ({frame[0, 1]!r})."
    swapped = guess_columns(frame, user="column_2", item="column_1")
    other = Choice("the block is the user", (("columns", swapped),))
    told = assumed("user", "column_1", words, more=(other,), doubtful=True)
    return Table(
        frame,
        "csv",
        name,
        lines=rows["line"].to_numpy(),
        notes=tuple(notes),
        left_out=ragged + above,
        assumptions=(told,),
    )


# --- tables drawn with rules ---


def is_drawn(lines: list[str]) -> bool:
    """Whether a rule of dashes stands among the first lines, and the others keep to one table.

    >>> is_drawn([" a | b ", "---+---", " 1 | 2 "]), is_drawn(["a  b ", "-- --", "1  22"]), is_drawn(["a|b", "1|2"])
    (True, True, False)
    """
    lines = [line.translate(_DRAWN).rstrip() for line in lines]
    rules = [bool(re.match(_RULE, line) and re.search(_DASHES, line)) for line in lines]
    if True not in rules[: _TITLES + 1]:
        return False
    counts = [0 if rule else line.count("|") for line, rule in zip(lines, rules, strict=True)]
    if any(counts):
        width = Counter(filter(None, counts)).most_common(1)[0][0]
        inside = [k for k, count in enumerate(counts) if count == width]
        rows = sum(not rule for rule in rules[inside[0] : inside[-1] + 1])
        return inside[0] <= _TITLES and len(inside) >= 2 and len(inside) >= _REGULAR * rows - 1
    rule = _under_names(lines, rules)
    if rule is None or rule > _TITLES:
        return False
    starts = [group.start() for group in _GROUPS.finditer(lines[rule])]
    below = [line for line, other in zip(lines[rule + 1 :], rules[rule + 1 :], strict=True) if not other]
    below = [line for line in below if not re.match(_FOOTER, line)]
    fits = sum(all(line[s - 1 : s] in ("", " ") for s in starts[1:]) for line in below)
    return bool(below) and fits >= _REGULAR * len(below) and all(_cut(lines[rule - 1], starts))


def _under_names(lines: list[str], rules: list[bool]) -> int | None:
    """The first rule of several groups of dashes with a line of text right above it."""
    for k in range(1, len(lines)):
        if rules[k] and not rules[k - 1] and not set(lines[k]) & set("|+:") and len(_GROUPS.findall(lines[k])) > 1:
            return k
    return None


def _cut(line: str, starts: list[int]) -> list[str]:
    return [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]


def read_drawn(data: bytes, called: str, name: str, *, header: bool | None, **_: Any) -> Table:
    """Cells between bars, or under groups of dashes; titles, rules, repeated names and footers left out."""
    if b"\xe2\x94" in data or b"\xe2\x95" in data:
        data = data.decode("utf-8").translate(_DRAWN).encode()
    text = pl.col("text")
    lines = text_lines(data, strip=False)
    lines = lines.with_columns((text.str.contains(_RULE) & text.str.contains(_DASHES)).alias("rule"))
    marks = pl.when("rule").then(0).otherwise(text.str.count_matches("|", literal=True)).alias("marks")
    lines = lines.with_columns(marks)
    bars = lines.filter(pl.col("marks") > 0)["marks"]
    if len(bars) and bool(lines["rule"].any()):
        width = int(bars.mode().max())  # type: ignore[arg-type]
        limits().check_columns(width + 1, called)
        inside = pl.col("marks") == width
        first = lines.filter(inside)["text"][0].strip()
        columns = range(1, width) if first[0] == first[-1] == "|" else range(width + 1)
        cells = text.str.strip_chars().str.split("|")
        parts = [cells.list.get(k).str.strip_chars() for k in columns]
    else:
        head = lines.head(400)
        rule = _under_names(head["text"].to_list(), head["rule"].to_list())
        if rule is None:
            raise InputError(f"{called} has no table drawn with rules of dashes{_CURE}")
        starts = [group.start() for group in _GROUPS.finditer(head["text"][rule])]
        limits().check_columns(len(starts), called)
        apart = [text.str.slice(s - 1, 1).is_in(["", " "]) for s in starts[1:]]
        below = pl.col("line") >= head["line"][rule - 1]
        inside = below & ~pl.col("rule") & ~text.str.contains(_FOOTER) & pl.all_horizontal(apart)
        widths = [*(end - start for start, end in pairwise(starts)), None]
        parts = [text.str.slice(s, w).str.strip_chars() for s, w in zip(starts, widths, strict=True)]
    rows = lines.filter(inside)
    if rows.is_empty() or not parts:
        raise InputError(f"{called} has no table drawn with rules of dashes{_CURE}")
    frame = rows.select(part.alias(f"column_{k}") for k, part in enumerate(parts, start=1))
    numbers = rows["line"]
    span = pl.col("line").is_between(int(numbers[0]), int(numbers[-1]))
    others = lines.filter(~inside & ~pl.col("rule"))
    around, between, notes = others.filter(~span), others.filter(span), list[str]()
    if len(around):
        shown = shortened(around["text"][0].strip())
        notes.append(f"Not read, above or below the table: {counted(len(around), 'line')} (first: {shown!r}).")
    if len(between):
        left = counted(len(between), "line")
        notes.append(f"Left out, outside the table's columns: {left} (first: line {between['line'][0]}).")
    top = [list(map(str, row)) for row in frame.head(200).rows()]
    heading = _heading(lines, rows)
    named = header if header is not None else heading > 0 or looks_like_header(top)
    frame, numbers, cut = _without_cut(frame, numbers)
    notes += cut
    if named:
        frame, numbers = _named(frame, numbers, max(heading, 1), called, notes)
    words = f"The first line names the columns ({', '.join(top[0])!r})." if named else "No line names the columns."
    other = ("the first line is data", False) if named else ("the first line names the columns", True)
    back = (("decide by the content", None),) if header is not None else ()
    said = assumed("header", named, words, other, *back)
    kept = numbers.to_numpy()
    return Table(frame, "csv", name, lines=kept, notes=tuple(notes), left_out=len(between), assumptions=(said,))


def _heading(lines: pl.DataFrame, rows: pl.DataFrame) -> int:
    """How many rows stand above the rule under the names (some programs write types below names); 0 without one."""
    rules = lines.filter("rule")["line"]
    below = rules.filter(rules > rows["line"][0])
    if len(below) > 1 and len(types := rows.filter(pl.col("line").is_between(below[0], below[1]))) == 1:
        cells = [cell.strip() for cell in re.split(r"\|", types["text"][0].strip().strip("|"))]
        below = below[1:] if all(_KIND.fullmatch(cell) for cell in cells) else below  # as polars prints them
    height = int((rows["line"] < below[0]).sum()) if len(below) else 0
    return height if height <= 2 and height < len(rows) else 0


def _without_cut(frame: pl.DataFrame, numbers: pl.Series) -> tuple[pl.DataFrame, pl.Series, list[str]]:
    """The rows without those of dots alone, which stand for rows that were not printed, and the words."""
    cut = frame.select(pl.all_horizontal(pl.all().is_in(["…", "..."]))).to_series()
    if not bool(cut.any()):
        return frame, numbers, []
    words = f"Line {numbers.filter(cut)[0]}, of dots, stands for rows that were not printed and are not in the file."
    return frame.filter(~cut), numbers.filter(~cut), [words]


def _named(
    frame: pl.DataFrame, numbers: pl.Series, heading: int, called: str, notes: list[str]
) -> tuple[pl.DataFrame, pl.Series]:
    """The rows below the heading under the names of its first, those left out that repeat it; and their lines."""
    heads = frame.head(heading).rows()
    names = [name or f"column_{k}" for k, name in enumerate(heads[0], start=1)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{called} names two columns {twice!r}; rename one of them")
    if heading > 1:
        notes.append(f"A second line under the names was left out ({shortened(', '.join(heads[1]))!r}).")
    same = [pl.all_horizontal(pl.col(c) == v for c, v in zip(frame.columns, row, strict=True)) for row in heads]
    again = frame.select(pl.any_horizontal(same)).to_series()
    repeats = int(again.sum()) - heading
    if repeats > 0:
        notes.append(f"Left out, for they repeat the names: {counted(repeats, 'line')}.")
    if bool(again.all()):
        raise InputError(f"{called} has names of columns only and no rows; export it with its rows")
    return frame.filter(~again).rename(dict(zip(frame.columns, names, strict=True))), numbers.filter(~again)


# --- logs of web servers ---


def is_access_log(lines: list[str]) -> bool:
    """Whether nearly all lines are requests in the common or combined form of Apache and nginx."""
    return sum(re.match(_LOG, line[:4_000]) is not None for line in lines) >= 0.9 * len(lines) > 0


def read_access_log(data: bytes, called: str, name: str, **_: Any) -> Table:
    """Who, when, which path, which status; a request that names nobody is its address's."""
    lines = text_lines(data)
    keys = ("address", "name", "time", "request", "status")
    groups = lines["text"].str.extract_groups(_LOG).struct.rename_fields(list(keys)).struct.unnest()
    groups = groups.with_columns(lines["line"]).filter(pl.col("address").is_not_null())
    if groups.is_empty():
        raise InputError(f"{called} has no line of a web server's access log{_CURE}")
    target = pl.col("request").str.extract(r"^[A-Z]+ (\S.*?)(?: HTTP/[\d.]+)?$")
    who = pl.col("name").str.strip_chars().str.strip_chars('"')
    groups = groups.with_columns(target.alias("target"), pl.when(~who.is_in(["", "-"])).then(who).alias("name"))
    path = pl.col("target").str.extract(r"^([^?#]*)")
    frame = groups.select(
        pl.coalesce("name", "address").alias("user"), "time", path.alias("url"), "status", "address", "target"
    ).rename({"target": "url with query"})
    nobody, notes, said = groups["name"].null_count(), list[str](), []
    if nobody == len(frame):
        frame = frame.drop("address")
    whole, paths = frame["url with query"].n_unique(), frame["url"].n_unique()
    if whole > paths:
        words = f"What stands behind ? in an address is not read: {whole:,} addresses are {counted(paths, 'path')}."
        other = ("whole addresses are the items", "url with query")
        said.append(assumed("item", "url", words, other, doubtful=paths < 0.5 * whole))
    else:
        frame = frame.drop("url with query")
    if nobody:
        words = (
            f"{counted(nobody, 'request')} of {len(frame):,} without a user's name; the network address stands for the "
            "person, and several people may share one, or one have several."
        )
        said.append(assumed("user", "user", words, ("requests are nobody's", None), doubtful=True))
    notes.append("Every request is a row, whatever its method and status; size, referrer and browser are not read.")
    left = len(lines) - len(groups)
    if left:
        first = int(lines.join(groups, on="line", how="anti", maintain_order="left")["line"][0])
        notes.append(f"Left out, for they are no request: {counted(left, 'line')} (first: line {first}).")
    numbers = groups["line"].to_numpy()
    return Table(frame, "csv", name, lines=numbers, notes=tuple(notes), left_out=left, assumptions=tuple(said))
