"""Whose file of SQLite's this is: looked at without a change, before another program's tables stand in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

WAIT = 60.0  # seconds for another program's transaction


def foreign_table(file: Path, ours: set[str]) -> str | None:
    """The first table of a file in which none of ours stands; None where one does, or where the file is empty or new.

    Args:
        file: of SQLite's.
        ours: tables that our own files have from their first transaction on.

    Raises:
        sqlite3.Error: it is no such file, or cannot be read.
    """
    if not file.exists():
        return None
    try:
        tables = _tables(file, "ro")
    except sqlite3.OperationalError as error:
        # What a killed program left unfinished is rolled back by whoever reads next, who must be allowed to write.
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise
        tables = _tables(file, "rw")
    return None if ours & set(tables) else next(iter(tables), None)


def _tables(file: Path, mode: str) -> list[str]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=WAIT)) as db:
        named = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [str(row[0]) for row in named]
