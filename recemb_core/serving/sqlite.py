"""Vectors in one SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from recemb_core.arrays import Float32Array, FloatArray
from recemb_core.serving.store import Kind, Parts, StoreError, VectorStore, Version, no_vector, no_version, one_vector


class SQLiteStore(VectorStore):
    """One file. A publish is one transaction; every commit is on the disk before it returns (``synchronous = FULL``).

    Args:
        path: of the file, made where it is missing; ``-wal`` and ``-shm`` files stand beside it while it is open.
    """

    backend = "SQLite"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            # One connection for all threads of a server; SQLite itself serializes them.
            self._db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS versions (model TEXT PRIMARY KEY, name TEXT NOT NULL, facts TEXT NOT NULL)"
            )
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS vectors (model TEXT, kind TEXT, id TEXT, place INTEGER, vector BLOB,"
                " PRIMARY KEY (model, kind, id)) WITHOUT ROWID"
            )
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be used as a store of vectors: {error}") from error

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

    def version(self, model: str) -> Version:
        row = self._db.execute("SELECT name, facts FROM versions WHERE model = ?", (model,)).fetchone()
        if row is None:
            raise no_version(model)
        return Version(name=row[0], model=model, **json.loads(row[1]))

    def models(self) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT model FROM versions ORDER BY model")]

    def put(self, model: str, kind: Kind, key: str, vector: FloatArray) -> None:
        with _transaction(self._db):
            data = one_vector(vector, kind, self.version(model).dimensions)
            self._db.execute(
                "INSERT INTO vectors SELECT ?, ?, ?, COALESCE(MAX(place) + 1, 0), ? FROM vectors"
                " WHERE model = ? AND kind = ? ON CONFLICT DO UPDATE SET vector = excluded.vector",
                (model, kind, str(key), data, model, kind),
            )

    def get(self, model: str, kind: Kind, key: str) -> Float32Array:
        row = self._db.execute(
            "SELECT vector FROM vectors WHERE model = ? AND kind = ? AND id = ?", (model, kind, str(key))
        ).fetchone()
        if row is None:
            self.version(model)
            raise no_vector(model, kind, key)
        return np.frombuffer(row[0], dtype="<f4")

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
        d = json.loads(found[0][1])["dimensions"]
        matrix = np.frombuffer(b"".join(blob for _, blob in rows), dtype="<f4").reshape(-1, d)
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
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
