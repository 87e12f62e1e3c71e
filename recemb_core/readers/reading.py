"""How a file is read: everything that is decided between its bytes and the arrays, in one frozen value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import Any, TypeVar
from urllib.parse import unquote

from recemb_core.readers.cleaning import CleaningConfig
from recemb_core.readers.column_mapping import ColumnMapping
from recemb_core.readers.columns import guess_columns
from recemb_core.readers.errors import InputError, listed, shortened
from recemb_core.readers.line_forms import FORMS_ALLOWED, LINE_FORMS
from recemb_core.readers.table import Table
from recemb_core.readers.tables import load_table
from recemb_core.validation import is_whole, require, written

T = TypeVar("T")
_NOT_SAID = ("why", "preset")  # how a column was found changes nothing in what is read
OF_THE_TABLE = (
    *("delimiter", "encoding", "header", "skip_lines", "quotes", "one_sequence_a_line", "line_id", "unfold", "joins"),
    *("line_form", "part", "guards", "row_names", "name_lines", "enclosing", "folders", "cells"),
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The only way from a file to ``Sequences`` or a graph: the same file and the same reading give the same arrays.

    Attributes:
        columns: the shape of the table, which column plays which role, and how its times are written; None guesses
            all of it from names and content (:func:`guess_columns`).
        cleaning: the steps from events to sequences, the session gap among them.
        delimiter: of delimited text; None guesses it.
        encoding: of text; None guesses UTF-8, UTF-16 or Windows-1252.
        header: whether the first line names the columns; None guesses it.
        skip_lines: how many lines of text, or rows of a sheet, stand above the table; None guesses it.
        quotes: whether quotation marks hold fields together or are part of the text; None guesses it.
        one_sequence_a_line: text is read as one sequence a line, whatever it looks like.
        line_id: whether the first of such a line names it and is no item; None guesses it.
        line_form: how the lines of text are written: "plain" (fields or items between delimiters), "spmf", "counted",
            "pairs", "blocks", "drawn", "arff", "sql", "access log" or "w3c log"; None decides by the content.
        unfold: where rows hold several events, what gives a row an event: the name of a column of lists (of objects,
            or of items beside lists of equal length), ``"numbered columns"`` (item_1, time_1, item_2, …),
            ``"columns of 0 and 1"``, or the ``"keys"`` of a JSON object; ``"nothing"`` leaves the rows as they are;
            None chooses.
        part: of several tables in one file, the name of the one that is read: a sheet of a workbook, a table of an SQL
            dump, a file of an archive; None chooses.
        guards: whether what keeps spreadsheets from computing a cell (``'=…``, ``="…"``) is taken off, wherever it
            stands; None takes it off where a whole column is so.
        row_names: where rows have more fields than there are names, whether the first field names its row, as R writes
            it, or all further ones are the last; None goes by whether the first fields are all different.
        name_lines: whether one line or two name the columns (``Order,,Customer,`` above ``id,date,id,name``); None
            decides by the content.
        enclosing: of one JSON object around its rows, whether its other values (``took``, ``total``) stand in every
            row; None keeps only what says whose and when they are.
        folders: of an archive, whether folders like ``dt=2024-03-01`` add a column; None adds it.
        cells: whether cells that hold JSON or Python's lists are read as what they stand for; None does so where all
            cells of a column do.
        joins: whether users and times of an archive's events are looked up in its other tables.
        details: whether a second table with a row an item is used where there is one (given, or in the same archive).
        details_key: the column of that table that holds the items' ids; None takes the one that covers most items.
        directed: edge lists: whether an edge runs one way only; None goes by the file, and is False where that does
            not say.

    >>> columns = ColumnMapping(shape="events", user="u", item="i")
    >>> reading = Reading(columns=columns, cleaning=CleaningConfig(min_count=5))
    >>> reading.to_link()
    'events~user.u~item.i~min_count.5'
    >>> Reading.from_link(reading.to_link()) == reading
    True
    """

    columns: ColumnMapping | None = None
    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    skip_lines: int | None = None
    quotes: bool | None = None
    one_sequence_a_line: bool = False
    line_id: bool | None = None
    line_form: str | None = None
    unfold: str | None = None
    part: str | None = None
    guards: bool | None = None
    row_names: bool | None = None
    name_lines: int | None = None
    enclosing: bool | None = None
    folders: bool | None = None
    cells: bool | None = None
    joins: bool = True
    details: bool = True
    details_key: str | None = None
    directed: bool | None = None

    def __post_init__(self) -> None:
        for name, kind in (("columns", ColumnMapping), ("cleaning", CleaningConfig)):
            value = getattr(self, name)
            known = isinstance(value, kind) or (name == "columns" and value is None)
            require(known, name, value, f"a {kind.__name__}")
        for name in ("delimiter", "encoding", "details_key", "unfold", "part"):
            value = getattr(self, name)
            require(value is None or (isinstance(value, str) and value != ""), name, value, "text that is not empty")
        for name in ("header", "quotes", "line_id", "directed", "guards", "row_names", "enclosing", "folders", "cells"):
            value = getattr(self, name)
            require(value is None or isinstance(value, bool), name, value, "True, False or None")
        for name in ("one_sequence_a_line", "joins", "details"):
            require(isinstance(getattr(self, name), bool), name, getattr(self, name), "True or False")
        form = self.line_form
        require(form is None or form in LINE_FORMS, "line_form", form, FORMS_ALLOWED)
        lines = self.skip_lines
        least = "a whole number from 0, or None"
        require(lines is None or (is_whole(lines) and lines >= 0), "skip_lines", lines, least)
        named = self.name_lines
        require(named is None or (is_whole(named) and 1 <= named <= 2), "name_lines", named, "1, 2 or None")

    def table(self, source: Any, name: str | None = None) -> Table:
        """The file as columns; see :func:`load_table`."""
        return load_table(
            source,
            name,
            delimiter=self.delimiter,
            encoding=self.encoding,
            header=self.header,
            sequences=self.one_sequence_a_line,
            skip_lines=self.skip_lines,
            quotes=self.quotes,
            line_id=self.line_id,
            line_form=self.line_form,
            unfold=self.unfold,
            joins=self.joins,
            part=self.part,
            guards=self.guards,
            row_names=self.row_names,
            name_lines=self.name_lines,
            enclosing=self.enclosing,
            folders=self.folders,
            cells=self.cells,
        )

    def changed(self, changes: Mapping[str, Any]) -> Reading:
        """A copy with arguments replaced, those of its columns and its cleaning by their own names.

        Where the table itself is read differently, its columns are guessed anew.

        >>> Reading(columns=ColumnMapping(shape="events", user="u")).changed({"delimiter": ";"}).columns is None
        True
        """
        own = {name: value for name, value in changes.items() if name in _settings(Reading) or name == "columns"}
        mapped = {name: value for name, value in changes.items() if name in _settings(ColumnMapping)}
        cleaned = {name: value for name, value in changes.items() if name in _settings(CleaningConfig)}
        if unknown := [name for name in changes if name not in {**own, **mapped, **cleaned}]:
            raise InputError(f"a reading has no setting {unknown[0]!r}")
        columns = self.columns
        if set(own) & set(OF_THE_TABLE):
            columns = None
        elif mapped and columns is not None:
            columns = columns.taking(mapped)
        whole = {"columns": columns, "cleaning": replace(self.cleaning, **cleaned), **own}
        return replace(self, **whole)

    def completed(self, table: Table) -> Reading:
        """The same with every column said, guessed from the table where it was left out."""
        return self if self.columns is not None else replace(self, columns=guess_columns(table.frame))

    def with_cleaning(self, **settings: Any) -> Reading:
        """A copy with some cleaning settings replaced."""
        return replace(self, cleaning=replace(self.cleaning, **settings))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that a TOML or JSON file can hold, whatever equals its default left out."""
        found = _said(self)
        if self.columns is not None:
            found["columns"] = _said(self.columns)
        return found | {"cleaning": _said(self.cleaning)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Reading:
        """What :meth:`to_dict` gave.

        Raises:
            InputError: a setting that does not exist, or a value that it cannot have.
        """
        if not isinstance(values, Mapping):
            raise InputError(f"the reading must be a group of settings, not {written(values)}")
        parts = dict(values)
        columns, cleaning = parts.pop("columns", None), parts.pop("cleaning", {})
        mapping = None if columns is None else _built(ColumnMapping, columns, "columns")
        return _built(cls, {**parts, "columns": mapping, "cleaning": _built(CleaningConfig, cleaning, "cleaning")}, "")

    def to_link(self) -> str:
        """One short text for an address: ``shape~role.column~setting.value``, defaults left out."""
        parts: list[str] = [] if self.columns is None else [self.columns.shape]
        for part in (self.columns, self.cleaning, self):
            for name, value in () if part is None else _said(part).items():
                if name == "shape":
                    continue
                for one in value if isinstance(value, list) else [value]:
                    parts.append(f"{name}.{_quoted(one)}")
        return "~".join(parts)

    @classmethod
    def from_link(cls, text: str) -> Reading:
        """What :meth:`to_link` wrote.

        Raises:
            InputError: a part that cannot be understood; it is named.
        """
        values: dict[str, Any] = {"columns": {}, "cleaning": {}}
        for part in filter(None, text.split("~")):
            name, dot, value = part.partition(".")
            if not dot:
                values["columns"]["shape"] = unquote(name)
                continue
            place = next((p for p in (ColumnMapping, CleaningConfig, cls) if name in _settings(p)), None)
            if place is None:
                raise InputError(f"the link's reading has no setting {shortened(name)!r}")
            into = values if place is cls else values["columns" if place is ColumnMapping else "cleaning"]
            read = _read(_settings(place)[name], unquote(value))
            many = "tuple" in str(_settings(place)[name].type)
            into[name] = [*into.get(name, []), read] if many else read
        if not values["columns"]:
            del values["columns"]
        elif "shape" not in values["columns"]:
            raise InputError(f"the link's reading {text[:60]!r} does not begin with the shape of the table")
        return cls.from_dict(values)

    def as_python(self) -> list[str]:
        """The lines of Python that make this reading."""
        lines = ["reading = Reading("]
        if self.columns is not None:
            lines.append(f"    columns=ColumnMapping({_arguments(self.columns)}),")
        if arguments := _arguments(self.cleaning):
            lines.append(f"    cleaning=CleaningConfig({arguments}),")
        if arguments := _arguments(self):
            lines.append(f"    {arguments},")
        return [*lines, ")"] if len(lines) > 1 else ["reading = Reading()"]

    def names_used(self) -> list[str]:
        """The names that :meth:`as_python` needs from ``recemb_core.readers``."""
        used = {"CleaningConfig": bool(_said(self.cleaning)), "ColumnMapping": self.columns is not None}
        return [*(name for name, needed in used.items() if needed), "Reading"]


def _settings(kind: type) -> dict[str, Field[Any]]:
    return {f.name: f for f in fields(kind) if f.name not in (*_NOT_SAID, "columns", "cleaning")}


def _said(part: Any) -> dict[str, Any]:
    """The settings that differ from their defaults, tuples as lists."""
    known = _settings(type(part))
    values = {name: value for name, f in known.items() if (value := getattr(part, name)) != f.default}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _built(kind: type[T], values: Mapping[str, Any], place: str) -> T:
    where = f"the reading's {place}" if place else "the reading"
    if not isinstance(values, Mapping):
        raise InputError(f"{where} must be a group of settings, not {written(values)}")
    known = _settings(kind) | ({"columns": None, "cleaning": None} if kind is Reading else {})
    unknown = [name for name in values if name not in known]
    if unknown:
        raise InputError(f"{where} has no setting {shortened(unknown[0])!r}; there are {listed(known, 40)}")
    required = [name for name, f in _settings(kind).items() if f.default is MISSING and f.default_factory is MISSING]
    lacking = [name for name in required if name not in values]
    if lacking:
        raise InputError(f"{where} must say its {lacking[0]}")
    try:
        return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {error}") from None


def _read(setting: Field[Any], text: str) -> Any:
    kind = str(setting.type)
    if "bool" in kind:
        if text not in ("True", "False"):
            raise InputError(f"the link's reading: {setting.name} must be True or False, not {shortened(text)!r}")
        return text == "True"
    if "int" in kind or "float" in kind:
        try:
            return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else float(text)
        except ValueError:
            raise InputError(f"the link's reading: {setting.name} must be a number, not {shortened(text)!r}") from None
    return text


def _quoted(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
    return text.replace("%", "%25").replace("~", "%7E")


def _arguments(part: Any) -> str:
    said = {name: tuple(value) if isinstance(value, list) else value for name, value in _said(part).items()}
    return ", ".join(f"{name}={_python(value)}" for name, value in said.items())


def _python(value: Any) -> str:
    return f'float("{value}")' if isinstance(value, float) and not math.isfinite(value) else repr(value)
