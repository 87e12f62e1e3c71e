"""Vectors in one SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from recemb_core.arrays import Float32Array, FloatArray
from recemb_core.serving.store import (
    Kind,
    Parts,
    StoreError,
    VectorStore,
    Version,
    all_rows,
    no_vector,
    no_version,
    one_row,
    one_vector,
    told,
)
from recemb_core.sqlite_files import foreign_table


class SQLiteStore(VectorStore):
    """One file. A publish is one transaction; every commit is on the disk before it returns (``synchronous = FULL``).

    Args:
        path: of the file, made where it is missing; ``-wal`` and ``-shm`` files stand beside it while it is open. None
            keeps all of it in memory, and nothing of it on any disk: it ends with the process, or when it is closed.

    >>> SQLiteStore(None).durable
    False
    """

    failures = (sqlite3.Error, OSError)

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = None if path is None else Path(path)
        self.backend = "SQLite" if self.path is not None else "SQLite in memory"
        self.place = "the store in memory" if self.path is None else f"the store {self.path}"
        self.turn = threading.RLock()
        self._open()

    @property
    def durable(self) -> bool:
        """Whether what was published outlives this process."""
        return self.path is not None

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it holds, about; 0 of a file's."""
        if self.path is not None:
            return 0
        (pages,), (size,) = (self._db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
        return int(pages * size)

    @told
    def _open(self) -> None:
        # One connection for all threads of a server. SQLite serializes their statements, but within a connection an
        # unfinished transaction is seen: so a call waits for its turn.
        table = None if self.path is None else foreign_table(self.path, {"vectors", "versions"})
        if table is not None:
            raise StoreError(f"{self.path} is another program's file (it holds {table!r}): name another file")
        name = ":memory:" if self.path is None else self.path
        self._db = sqlite3.connect(name, timeout=30, isolation_level=None, check_same_thread=False)
        if self.path is None:
            self._db.execute("PRAGMA temp_store = MEMORY")  # a large sort would go to a temporary file
        else:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS versions (model TEXT PRIMARY KEY, name TEXT NOT NULL, facts TEXT NOT NULL)"
        )
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS vectors (model TEXT, kind TEXT, id TEXT, place INTEGER, vector BLOB,"
            " PRIMARY KEY (model, kind, id)) WITHOUT ROWID"
        )

    def _said(self, error: Exception) -> str:
        text = str(error)
        if "full" in text:
            cure = "free some room on its disk, then do it again; what was published before is still in use"
        elif "locked" in text:
            cure = "another program writes to it; do it again later"
        elif "closed" in text:
            cure = "open it again"
        elif any(word in text for word in ("not a database", "malformed", "no such", "has no column", "datatype")):
            cure = "move this file away, and publish anew"
        else:
            cure = "look whether the folder is there, can be written, and has room"
        return f"{self.place} cannot be used ({text}): {cure}"

    @told
    def _write(self, version: Version, parts: Parts) -> None:
        rows = (
            (version.model, kind, key, place, row.tobytes())
            for kind, (ids, vectors) in parts.items()
            for place, (key, row) in enumerate(zip(ids, vectors, strict=True))
        )
        with _transaction(self._db):
            self._db.execute("DELETE FROM vectors WHERE model = ?", (version.model,))
            self._db.executemany("INSERT INTO vectors VALUES (?, ?, ?, ?, ?)", rows)
            row = (version.model, version.name, json.dumps(version.rest))
            self._db.execute("INSERT OR REPLACE INTO versions VALUES (?, ?, ?)", row)

    @told
    def version(self, model: str) -> Version:
        row = self._db.execute("SELECT name, facts FROM versions WHERE model = ?", (model,)).fetchone()
        if row is None:
            raise no_version(model)
        return Version(name=row[0], model=model, **json.loads(row[1]))

    @told
    def models(self) -> list[str]:
        return [str(row[0]) for row in self._db.execute("SELECT model FROM versions ORDER BY model")]

    @told
    def put(self, model: str, kind: Kind, key: str, vector: FloatArray) -> None:
        with _transaction(self._db):
            data = one_vector(vector, kind, self.version(model).dimensions)
            self._db.execute(
                "INSERT INTO vectors SELECT ?, ?, ?, COALESCE(MAX(place) + 1, 0), ? FROM vectors"
                " WHERE model = ? AND kind = ? ON CONFLICT DO UPDATE SET vector = excluded.vector",
                (model, kind, str(key), data, model, kind),
            )

    @told
    def get(self, model: str, kind: Kind, key: str) -> Float32Array:
        row = self._db.execute(
            "SELECT x.vector, v.facts FROM vectors x JOIN versions v ON v.model = x.model"
            " WHERE x.model = ? AND x.kind = ? AND x.id = ?",
            (model, kind, str(key)),
        ).fetchone()
        if row is None:
            self.version(model)
            raise no_vector(model, kind, key)
        return one_row(row[0], json.loads(row[1])["dimensions"], self.place)

    @told
    def load(self, model: str, kind: Kind) -> tuple[str, tuple[str, ...], Float32Array]:
        # One statement sees one version, whatever is published meanwhile.
        found = self._db.execute(
            "SELECT v.name, v.facts, x.id, x.vector FROM versions v LEFT JOIN vectors x"
            " ON x.model = v.model AND x.kind = ? WHERE v.model = ? ORDER BY x.place",
            (kind, model),
        ).fetchall()
        if not found:
            raise no_version(model)
        rows = [(key, blob) for _, _, key, blob in found if key is not None]
        matrix = all_rows([blob for _, blob in rows], json.loads(found[0][1])["dimensions"], self.place)
        return found[0][0], tuple(key for key, _ in rows), matrix

    def close(self) -> None:
        self._db.close()


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, for other connections as well; a second writer waits up to the connection's timeout."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk has ended the transaction already
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
