"""How the lines of a text are written, where it is neither fields between delimiters nor items alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.errors import counted
from recemb_core.readers.key_values import is_key_values, is_vertical, read_key_values, read_vertical
from recemb_core.readers.line_lists import is_counted, is_pairs, is_spmf, read_counted, read_pairs, read_spmf
from recemb_core.readers.line_scan import sample_lines
from recemb_core.readers.line_tables import is_access_log, is_blocks, is_drawn, read_access_log, read_blocks, read_drawn
from recemb_core.readers.preamble import leading_comments
from recemb_core.readers.statements import is_arff, is_sql, read_arff, read_sql
from recemb_core.readers.table import Table
from recemb_core.readers.w3c_logs import is_w3c, read_w3c

_LABELS = {
    "plain": "plain: fields or items between delimiters",
    "spmf": "SPMF: -1 ends a set of items, -2 a sequence",
    "counted": "the first of a line counts its items",
    "pairs": "items with a number each, as tea:3",
    "blocks": "blocks below lines like 21:",
    "drawn": "a table drawn with rules of dashes",
    "arff": "Weka's ARFF",
    "sql": "SQL: rows in INSERT or COPY statements",
    "access log": "requests in a web server's log",
    "key=value": "pairs like user=ann item=tea (logfmt)",
    "vertical": "mysql's vertical output (\\G)",
    "w3c log": "rows below a line #Fields:, as IIS and CloudFront write them",
}
LINE_FORMS = tuple(_LABELS)
FORMS_ALLOWED = f"one of {', '.join(LINE_FORMS)}, or None"
OF_SEQUENCES = ("spmf", "counted", "pairs")  # a line of these is a whole sequence
_WORDS = {
    "spmf": "The text is in SPMF's form: -1 ends a set of items and -2 a sequence; neither is an item.",
    "counted": "The first number of a line says how many items follow, and is none.",
    "pairs": "A line holds pairs of an item and a number; the item stands before the colon.",
    "blocks": "A line like '21:' names the block of the lines below it.",
    "drawn": "The text is a table drawn with rules of dashes.",
    "arff": "The text is Weka's ARFF: the names are those of its attributes, and ? is missing.",
    "sql": "The text is SQL: its rows stand in statements that fill a table.",
    "key=value": "A line holds pairs like user=ann, and each key is a column.",
    "vertical": "The text is mysql's vertical output: each block below a rule of stars is a row.",
    "w3c log": "The line #Fields: names the columns of a web server's log, and - is nothing.",
    "access log": "Each line is a request in a web server's log: user, time, path and status are read.",
}
_GUESSED = {"counted": "each number agrees with its line", "pairs": "", "blocks": ""}
_OF_LINES: dict[str, Callable[[list[str]], bool]] = {
    "access log": is_access_log,
    "key=value": is_key_values,
    "vertical": is_vertical,
    "drawn": is_drawn,
    "spmf": is_spmf,
    "blocks": is_blocks,
    "pairs": is_pairs,
    "counted": is_counted,
}
_HEAD = 1 << 20  # bytes that are looked at
_READERS: dict[str, Callable[..., Table]] = {
    "spmf": read_spmf,
    "counted": read_counted,
    "pairs": read_pairs,
    "blocks": read_blocks,
    "drawn": read_drawn,
    "arff": read_arff,
    "sql": read_sql,
    "access log": read_access_log,
    "key=value": read_key_values,
    "vertical": read_vertical,
    "w3c log": read_w3c,
}


def form_of(data: bytes) -> str:
    """One of ``LINE_FORMS``, by the first lines of the text; ``"plain"`` where nothing speaks for another.

    >>> form_of(b"5 -1 7 -1 -2\\n9 -1 5 -1 -2\\n"), form_of(b"user,item\\na,x\\n")
    ('spmf', 'plain')
    """
    if is_arff(data):
        return "arff"
    if is_sql(data):
        return "sql"
    if is_w3c(data):
        return "w3c log"
    start = leading_comments(data)
    lines = [line for line in sample_lines(data[start : start + _HEAD], 200) if line.strip()]  # wide blanks are blank
    return next((form for form, fits in _OF_LINES.items() if lines and fits(lines)), "plain")


def read_form(
    data: bytes,
    name: str,
    form: str,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    line_id: bool | None = None,
    comments: bool = True,
    given: bool = False,
    part: str | None = None,
) -> Table:
    """A text whose lines are not plain, as a table whose ``lines`` are those of the text.

    Args:
        data: UTF-8 text with ``\\n`` line ends.
        name: what messages call the file.
        form: one of ``LINE_FORMS`` but ``"plain"``.
        delimiter: what stands between the fields or items of a line, where the form leaves that open.
        header: of a drawn table, whether the first line names the columns; guessed when left out.
        line_id: of sequences, whether the first of a line names it.
        comments: whether lines that begin with # or % above all others are none of the data.
        given: whether the form was said rather than found.
        part: of an SQL dump, the table to read; chosen when left out.

    Raises:
        InputError: nothing in the text is in this form.

    >>> table = read_form(b"2 a b\\n1 c\\n", "", "counted")
    >>> table.frame["sequence"].to_list(), table.where(1)
    ([['a', 'b'], ['c']], 'line 2')
    """
    called = repr(name) if name else "the file"
    start = leading_comments(data) if comments and form != "w3c log" else 0
    skipped = data.count(b"\n", 0, start)
    rest = b"\n" * skipped + data[start:]  # lines keep their numbers, in what is said of them as well
    table = _READERS[form](rest, called, name, delimiter=delimiter, header=header, line_id=line_id, part=part)
    said = [form_said(form, given=given)]
    if skipped:
        number = counted(sum(map(bool, data[:start].split(b"\n"))), "line")
        words = f"What begins with # or % above the first line of data is a comment: {number}."
        said.append(assumed("skip_lines", skipped, words, *((("none", 0),) if form != "arff" else ())))
    return replace(table, assumptions=(*said, *table.assumptions))


def form_said(form: str, *, given: bool, among: tuple[str, ...] = LINE_FORMS) -> Assumption:
    """The form as it was decided or set; ``among``: the forms that plain lines may have instead."""
    back = (("decide by the content", None),) if given else ()
    if form == "plain":
        others = [(label, other) for other, label in _LABELS.items() if other in among and other != form]
        return assumed("line_form", form, "Lines are plain: fields or items between delimiters.", *back, *others)
    doubtful = not given and form in _GUESSED
    plain = (_LABELS["plain"], "plain")
    why = _GUESSED.get(form, "") if doubtful else ""
    return assumed("line_form", form, _WORDS[form], plain, *back, doubtful=doubtful, why=why)
