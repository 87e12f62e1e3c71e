"""A file as columns: what every part of the reading works on."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from recemb_core.arrays import Int64Array
from recemb_core.readers.assumptions import Assumption
from recemb_core.readers.errors import listed

SEQUENCE, LINE = "sequence", "line"  # columns of a text with one sequence a line, the second where lines have a name
KEY = "key"  # the column of the keys of a JSON object that holds a list under each


@dataclass(frozen=True, eq=False)
class Table:
    """A file as columns.

    Attributes:
        frame: the columns; everything from text files is a string, so that ids keep their leading zeros.
        format: ``"csv"`` (any delimiter but tab), ``"tsv"``, ``"jsonl"``, ``"json"``, ``"parquet"``, ``"xlsx"``,
            ``"sequences"`` (one a line) or ``"frame"`` (given as such).
        name: the file's name as far as known.
        encoding: of text files, else None.
        delimiter: of delimited text, else None.
        notes: what the person should know about the reading.
        companion: a second table that came in the same archive (the items), or None.
        lines: int64 (n_rows,), line numbers of the rows in the file, or None.
        assumptions: what the file does not say itself and was decided.
        directed: of a graph file that says it, else None.
        left_out: lines that hold something but could not be split into these columns; the notes say why.
    """

    frame: pl.DataFrame
    format: str
    name: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    notes: tuple[str, ...] = ()
    companion: pl.DataFrame | None = None
    lines: Int64Array | None = None
    left_out: int = 0
    assumptions: tuple[Assumption, ...] = ()
    directed: bool | None = None

    def where(self, row: int) -> str:
        """A row in the person's words: its line in the file, or its number from 1."""
        return f"line {self.lines[row]}" if self.lines is not None else f"row {row + 1}"

    def names(self) -> str:
        """The columns for a message, and that their letters are guessed where the text's encoding is."""
        shown = listed(self.frame.columns, 30)
        guessed = any(a.name == "encoding" and a.doubtful for a in self.assumptions)
        if guessed and not all(map(str.isascii, self.frame.columns)):
            shown += f" (read as {self.encoding}, which is doubtful: set the encoding if these names look wrong)"
        return shown
