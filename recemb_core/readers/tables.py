"""Any file → one table of columns, recognised by content first and by name second."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from recemb_core.readers.archives import choose_tables
from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.cells import with_cells
from recemb_core.readers.decoding import NAMES, OTHER_ENCODINGS, decode
from recemb_core.readers.delimited import parse_delimited
from recemb_core.readers.errors import InputError, counted, listed, shortened
from recemb_core.readers.graph_files import is_graph_file, parse_graph
from recemb_core.readers.guards import without_guards
from recemb_core.readers.json_shapes import parse_json, unnested
from recemb_core.readers.limits import Budget, limits
from recemb_core.readers.line_forms import FORMS_ALLOWED, LINE_FORMS, OF_SEQUENCES, form_of, form_said, read_form
from recemb_core.readers.members import has_parts, wanted_of, with_folders, with_left
from recemb_core.readers.parquet_files import parquet_frame
from recemb_core.readers.preamble import without_preamble
from recemb_core.readers.sequence_lines import parse_sequences
from recemb_core.readers.sources import Member, is_workbook, read_bytes, unpack
from recemb_core.readers.table import Table
from recemb_core.readers.time_parts import with_times
from recemb_core.readers.unfolding import unfolded
from recemb_core.readers.web_pages import check_no_page
from recemb_core.readers.workbooks import parse_workbook
from recemb_core.validation import is_whole, require


def load_table(
    source: Any,
    name: str | None = None,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    sequences: bool = False,
    skip_lines: int | None = None,
    quotes: bool | None = None,
    line_id: bool | None = None,
    line_form: str | None = None,
    unfold: str | None = None,
    joins: bool = True,
    part: str | None = None,
    guards: bool | None = None,
    row_names: bool | None = None,
    name_lines: int | None = None,
    enclosing: bool | None = None,
    folders: bool | None = None,
    cells: bool | None = None,
) -> Table:
    """Read csv, tsv, other delimited text, JSON, parquet, xlsx, GML or GraphML; plain, or in a gzip, zip or tar.

    Args:
        source: a path, bytes, a binary buffer, a polars frame, or a Table (returned as it is).
        name: the file's name for messages; taken from the source when it has one.
        delimiter: of delimited text; guessed when left out.
        encoding: of text; UTF-8, UTF-16 or Windows-1252 is guessed when left out.
        header: whether the first line names the columns; guessed when left out.
        sequences: whether to read text as one sequence a line whatever it looks like.
        skip_lines: how many lines stand above the table; guessed when left out.
        quotes: whether quotation marks hold fields together, or are part of the text; guessed when left out.
        line_id: of sequences, whether the first of a line names it; guessed when left out.
        line_form: how the lines of text are written, one of ``line_forms.LINE_FORMS``; None decides by the content, and
            takes them for plain where the delimiter is given.
        unfold: of rows that hold several events, what gives a row an event: a column of lists, ``"numbered columns"``,
            ``"columns of 0 and 1"``, or the ``"keys"`` of a JSON object; ``"nothing"`` for none; chosen when left out.
        joins: of an archive, whether users and times are looked up in a second table by a key that both have.
        part: of several tables in one file, the name of the one to read: a sheet of a workbook, a table of an SQL dump,
            a file of an archive; chosen when left out.
        guards: of delimited text, what keeps spreadsheets from computing a cell (``'=…``, ``="…"``) is taken off
            wherever it stands (True), or left (False); taken off where a whole column is so when left out.
        row_names: of delimited text whose rows have more fields than there are names, whether the first field names
            its row, as R writes it, or all further ones are the last; guessed when left out.
        name_lines: of delimited text, whether one line or two name the columns; guessed when left out.
        enclosing: of one JSON object around its rows, whether its other values stand in every row; only what says
            whose and when they are does when left out.
        folders: of an archive, whether folders like ``dt=2024-03-01`` add a column; they do when left out.
        cells: whether cells that hold JSON are read as the lists and objects that they stand for; they are where all
            cells of a column do when left out.

    Raises:
        InputError: one sentence with the cause, the place and the cure.

    >>> table = load_table(b"user,item,time\\nann,tea,1700000000\\n")
    >>> table.format, table.frame.columns, table.where(0)
    ('csv', ['user', 'item', 'time'], 'line 2')
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    if isinstance(source, pl.DataFrame):
        if source.width == 0 or source.is_empty():
            raise InputError("the frame has no rows; check the query that made it")
        return _plain(Table(source, "frame", name or ""), unfold, cells)
    require(line_form is None or line_form in LINE_FORMS, "line_form", line_form, FORMS_ALLOWED)
    packed = read_bytes(source, name)
    require(
        name_lines is None or (is_whole(name_lines) and 1 <= name_lines <= 2), "name_lines", name_lines, "1, 2 or None"
    )
    found = unpack(packed, part)
    form = _Form(
        *(delimiter, encoding, header, sequences, skip_lines, quotes, line_id, line_form, unfold, part, guards),
        *(row_names, name_lines, enclosing, cells),
    )
    wanted = wanted_of(found.members, part)
    if part is not None and wanted is None and not any(map(has_parts, found.members)):
        called, names = repr(packed.name) if packed.name else "the file", listed(m.label for m in found.members)
        many = len(found.members) > 1
        inside = f"has no part {part!r}; it holds {names}" if many else f"holds one table and no {part!r}"
        raise InputError(f"{called} {inside}; leave part out to have it chosen")

    def parse(member: Member) -> Table:
        inner = part if wanted is None else wanted.inner if wanted.label == member.label else None
        return with_folders(_parse(member, replace(form, part=inner)), member.name, folders)

    if len(found.members) == 1:
        return with_left(parse(found.members[0]), packed.name or "the archive", found.left)
    return choose_tables(packed.name, found, parse, part, wanted, joins=joins)


@dataclass(frozen=True)
class _Form:
    """What is known of a file before it is read; the arguments of :func:`load_table`."""

    delimiter: str | None
    encoding: str | None
    header: bool | None
    sequences: bool
    skip_lines: int | None
    quotes: bool | None
    line_id: bool | None
    line_form: str | None
    unfold: str | None
    part: str | None
    guards: bool | None
    row_names: bool | None
    name_lines: int | None
    enclosing: bool | None
    cells: bool | None


def _parse(member: Member, form: _Form) -> Table:
    data, name, called = member.data, member.name, repr(member.name) if member.name else "the file"
    if data.startswith(b"PAR1"):
        table = Table(parquet_frame(data, called), "parquet", name)
    elif is_workbook(data):
        table = parse_workbook(member, called, form.skip_lines, form.part, form.name_lines)
    else:
        text, used, notes = decode(data, name, form.encoding)
        table = _text_table(text, name, called, form)
        told = _encoding_said(used, form.encoding, notes)
        table = replace(table, encoding=used, notes=(*notes, *table.notes), assumptions=(told, *table.assumptions))
    limits().check_names(table.frame.columns, called)
    budget = Budget()
    for column in table.frame.get_columns():  # a long value that is held once may be written out for every row later
        if column.dtype in (pl.String, pl.Categorical):
            budget.take(int(column.cast(pl.String).str.len_bytes().cast(pl.UInt64).sum()), called)
    if table.frame.is_empty():
        raise InputError(f"{called} has {counted(table.frame.width, 'column')} and no rows; export it with its rows")
    return _plain(table, form.unfold, form.cells)


def _text_table(text: bytes, name: str, called: str, form: _Form) -> Table:
    head, given = text[:4_096].lstrip(), form.line_form is not None
    check_no_page(text[: 1 << 16].lstrip(), called)
    if not form.sequences and form.line_form in (None, "plain"):
        if is_graph_file(head):
            return parse_graph(text, called, name)
        if head.startswith(b"{") or (head.startswith(b"[") and head[1:].lstrip()[:1] in (b"{", b"[", b'"')):
            return parse_json(text.lstrip(), called, name, form.unfold, form.enclosing)
    opening = without_preamble(text, form.skip_lines, form.delimiter) if form.skip_lines is not None else None
    rest = text if opening is None else opening.data
    lines = form.line_form or ("plain" if form.delimiter else form_of(rest))
    if form.sequences and lines not in OF_SEQUENCES:
        if given and lines != "plain":
            raise InputError(f"line_form {lines!r} is a table's and no sequence a line; leave one of the two out")
        lost = 0 if opening is None else opening.skipped
        table = parse_sequences(rest, name, delimiter=form.delimiter, line_id=form.line_id, above=lost)
        told = form_said("plain", given=given, among=OF_SEQUENCES)
        return replace(table, assumptions=(*table.assumptions, told))
    if lines != "plain":
        above = b"" if opening is None else b"\n" * opening.skipped
        table = read_form(
            above + rest,
            name,
            lines,
            delimiter=form.delimiter,
            header=form.header,
            line_id=form.line_id,
            comments=opening is None,
            given=given,
            part=form.part,
        )
        return table if opening is None else replace(table, assumptions=(*opening.assumptions, *table.assumptions))
    parsed = parse_delimited(
        text,
        name,
        delimiter=form.delimiter,
        header=form.header,
        skip_lines=form.skip_lines,
        quotes=form.quotes,
        line_id=form.line_id,
        row_names=form.row_names,
        name_lines=form.name_lines,
    )
    parsed = replace(parsed, assumptions=(*parsed.assumptions, form_said("plain", given=given)))
    return without_guards(parsed, form.guards)


def _encoding_said(used: str, given: str | None, notes: tuple[str, ...]) -> Assumption:
    words = f"The text is {NAMES.get(used, used)}."
    others = [(NAMES.get(name, name), name) for name in ("utf-8", "cp1252", *OTHER_ENCODINGS) if name != used]
    back = [("decide by the content", None)] if given else []
    return assumed("encoding", used, words, *others, *back, doubtful=any("not UTF-8" in note for note in notes))


def _plain(table: Table, unfold: str | None = None, cells: bool | None = None) -> Table:
    """The table with strings, numbers, dates, truth values and lists only; columns of anything else are left out."""
    called = repr(table.name or "the file")
    columns, dropped, said = [], [], list(table.assumptions)
    done = any(assumption.name == "unfold" for assumption in said)  # JSON is unnested when it is parsed
    flat = table.frame.schema
    table = with_cells(table, cells)
    said = list(table.assumptions)
    if any(kind.is_nested() for kind in table.frame.dtypes) and not (done and table.frame.schema == flat):
        frame, lines = unnested(table.frame, table.lines, unfold, called, said)
        table = replace(table, frame=frame, lines=lines, assumptions=tuple(said))
    table = with_times(unfolded(table, unfold, called))
    for column in table.frame.get_columns():
        kind = column.dtype
        value = kind.inner if isinstance(kind, (pl.List, pl.Array)) else kind
        if isinstance(value, (pl.Struct, pl.Object)) or value == pl.Binary or (value != kind and value.is_nested()):
            dropped.append(column.name)
        elif isinstance(kind, (pl.Categorical, pl.Enum)) or kind in (pl.Time, pl.Int128, pl.UInt128):
            columns.append(column.cast(pl.String))
        elif isinstance(kind, pl.Duration):
            columns.append(column.dt.total_microseconds() / 1e6)
        elif isinstance(kind, pl.Decimal):  # whole numbers of 38 digits are ids more often than not
            whole = kind.scale == 0
            number = column.cast(pl.Int64, strict=False) if whole else column.cast(pl.Float64)
            columns.append(column.cast(pl.String) if number.null_count() > column.null_count() else number)
        elif isinstance(kind, (pl.List, pl.Array)):
            columns.append(column.cast(pl.List(pl.String)))
        else:
            columns.append(column)
    if not columns:
        raise InputError(f"none of the columns ({listed(dropped)}) holds plain values; write ids as text or numbers")
    notes = (f"Columns that hold no plain values were left out: {listed(dropped)}.",) if dropped else ()
    return replace(table, frame=pl.DataFrame(columns), notes=(*table.notes, *notes))


def _short(error: BaseException) -> str:
    return shortened(str(error).split("\n")[0], 100)
