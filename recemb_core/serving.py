"""Vectors kept in a store and served by id: a SQLite file, or Redis where one runs.

A *version* is a whole set of user and item vectors of one model. It is written beside the one in use, which readers
see until the moment of the switch and never afterwards: nobody meets half of two versions.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from recemb_core.neighbors import ExactIndex
from recemb_core.neighbors.base import NeighborIndex
from recemb_core.validation import finite_rows, require

Kind = Literal["item", "user"]
REDIS_URL = "RECEMB_REDIS_URL"
CHUNK = 2_000  # vectors sent to Redis at a time
KEEP_OLD_SECONDS = 60  # a reader that has just read the old version's name still finds its vectors in Redis
ABANDONED_SECONDS = 3_600  # a version whose writer died before the switch goes away by itself


class StoreError(RuntimeError):
    """The store cannot be reached or does not hold what was asked for; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """What a store says about the vectors in use.

    Attributes:
        name: of this version, distinct.
        model: whose vectors these are.
        dimensions: length of a vector.
        items, users: how many of each.
        written: unix seconds.
        facts: further facts that the writer gave (text and numbers).
    """

    name: str
    model: str
    dimensions: int
    items: int
    users: int
    written: float
    facts: dict[str, Any]


class VectorStore(Protocol):
    """What both stores do. Ids are text, vectors float32; ``kind`` is ``"item"`` or ``"user"``."""

    backend: str

    def publish(
        self,
        model: str,
        item_ids: Sequence[str],
        item_vectors: npt.NDArray[np.floating],
        user_ids: Sequence[str] = (),
        user_vectors: npt.NDArray[np.floating] | None = None,
        facts: dict[str, Any] | None = None,
    ) -> Version:
        """Write a whole version and make it the one in use, in one step for every reader."""
        ...

    def version(self, model: str) -> Version:
        """The version in use; :class:`StoreError` where the model has none."""
        ...

    def models(self) -> list[str]:
        """Models that have a version in use."""
        ...

    def put(self, model: str, kind: Kind, key: str, vector: npt.NDArray[np.floating]) -> None:
        """Write one vector into the version in use, new or in place of an old one."""
        ...

    def get(self, model: str, kind: Kind, key: str) -> npt.NDArray[np.float32]:
        """One vector of the version in use, (d,)."""
        ...

    def load(self, model: str, kind: Kind) -> tuple[str, tuple[str, ...], npt.NDArray[np.float32]]:
        """All vectors of one kind of one version: (its name, ids, (n, d)), in the order in which they were written."""
        ...

    def close(self) -> None:
        """Let go of the file or connection."""
        ...


def open_store(path: str | os.PathLike[str] | None = None, *, url: str | None = None) -> VectorStore:
    """The Redis at ``url`` or in the environment's ``RECEMB_REDIS_URL``; without one, the SQLite file at ``path``.

    Raises:
        ValueError: neither is given.
        StoreError: Redis cannot be reached, its package is not installed, or the file cannot be opened.

    >>> import tempfile
    >>> store = SQLiteStore(Path(tempfile.mkdtemp()) / "vectors.db")
    >>> version = store.publish("demo", ["tea", "cup"], np.eye(2, dtype=np.float32))
    >>> store.get("demo", "item", "cup").tolist(), version.items
    ([0.0, 1.0], 2)
    >>> store.close()
    """
    url = url or os.environ.get(REDIS_URL)
    if url:
        return RedisStore(url)
    if path is None:
        raise ValueError(f"path must name a file, or {REDIS_URL} a Redis server")
    return SQLiteStore(path)


def _checked(
    model: str,
    item_ids: Sequence[str],
    item_vectors: npt.NDArray[np.floating],
    user_ids: Sequence[str],
    user_vectors: npt.NDArray[np.floating] | None,
    facts: dict[str, Any] | None,
) -> tuple[Version, dict[Kind, tuple[list[str], npt.NDArray[np.float32]]]]:
    require(bool(model), "model", model, "a name")
    items = np.ascontiguousarray(item_vectors, dtype="<f4")
    if items.ndim != 2 or len(items) != len(item_ids) or not len(items):
        raise ValueError(f"item_vectors must be ({len(item_ids)}, d) with at least one row, not {items.shape}")
    d = items.shape[1]
    users = np.empty((0, d), "<f4") if user_vectors is None else np.ascontiguousarray(user_vectors, dtype="<f4")
    if users.shape != (len(user_ids), d):
        raise ValueError(f"user_vectors must be ({len(user_ids)}, {d}) as the items', not {users.shape}")
    parts: dict[Kind, tuple[list[str], npt.NDArray[np.float32]]] = {
        "item": ([str(i) for i in item_ids], items),
        "user": ([str(u) for u in user_ids], users),
    }
    for kind, (ids, vectors) in parts.items():
        if len(set(ids)) != len(ids):
            raise ValueError(f"{kind} ids must be distinct")
        finite_rows(vectors, f"{kind}_vectors", items=ids, called=kind)
    now = time.time()
    version = Version(
        name=uuid.uuid4().hex[:12],
        model=model,
        dimensions=d,
        items=len(items),
        users=len(users),
        written=now,
        facts=dict(facts or {}),
    )
    return version, parts


def _one(vector: npt.NDArray[np.floating], dimensions: int) -> bytes:
    row = np.ascontiguousarray(vector, dtype="<f4")
    require(row.shape == (dimensions,), "vector", row.shape, f"of shape ({dimensions},) as the version in use")
    finite_rows(row, "vector", advice="keep the one in use")
    return row.tobytes()


def _no_version(model: str) -> StoreError:
    return StoreError(f"the store has no vectors of {model!r}; publish them first")


def _no_vector(model: str, kind: str, key: str) -> StoreError:
    return StoreError(f"the vectors of {model!r} in use hold no {kind} {key!r}")


class SQLiteStore:
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

    def publish(
        self,
        model: str,
        item_ids: Sequence[str],
        item_vectors: npt.NDArray[np.floating],
        user_ids: Sequence[str] = (),
        user_vectors: npt.NDArray[np.floating] | None = None,
        facts: dict[str, Any] | None = None,
    ) -> Version:
        """See :class:`VectorStore`."""
        version, parts = _checked(model, item_ids, item_vectors, user_ids, user_vectors, facts)
        fields = {k: v for k, v in vars(version).items() if k not in ("name", "model")}
        rows = (
            (model, kind, key, place, row.tobytes())
            for kind, (ids, vectors) in parts.items()
            for place, (key, row) in enumerate(zip(ids, vectors, strict=True))
        )
        with _Transaction(self._db):
            self._db.execute("DELETE FROM vectors WHERE model = ?", (model,))
            self._db.executemany("INSERT INTO vectors VALUES (?, ?, ?, ?, ?)", rows)
            self._db.execute(
                "INSERT OR REPLACE INTO versions VALUES (?, ?, ?)", (model, version.name, json.dumps(fields))
            )
        return version

    def version(self, model: str) -> Version:
        """See :class:`VectorStore`."""
        row = self._db.execute("SELECT name, facts FROM versions WHERE model = ?", (model,)).fetchone()
        if row is None:
            raise _no_version(model)
        return Version(name=row[0], model=model, **json.loads(row[1]))

    def models(self) -> list[str]:
        """See :class:`VectorStore`."""
        return [row[0] for row in self._db.execute("SELECT model FROM versions ORDER BY model")]

    def put(self, model: str, kind: Kind, key: str, vector: npt.NDArray[np.floating]) -> None:
        """See :class:`VectorStore`."""
        require(kind in ("item", "user"), "kind", kind, "'item' or 'user'")
        with _Transaction(self._db):
            data = _one(vector, self.version(model).dimensions)
            self._db.execute(
                "INSERT INTO vectors SELECT ?, ?, ?, COALESCE(MAX(place) + 1, 0), ? FROM vectors"
                " WHERE model = ? AND kind = ? ON CONFLICT DO UPDATE SET vector = excluded.vector",
                (model, kind, str(key), data, model, kind),
            )

    def get(self, model: str, kind: Kind, key: str) -> npt.NDArray[np.float32]:
        """See :class:`VectorStore`."""
        row = self._db.execute(
            "SELECT vector FROM vectors WHERE model = ? AND kind = ? AND id = ?", (model, kind, str(key))
        ).fetchone()
        if row is None:
            self.version(model)
            raise _no_vector(model, kind, key)
        return np.frombuffer(row[0], dtype="<f4")

    def load(self, model: str, kind: Kind) -> tuple[str, tuple[str, ...], npt.NDArray[np.float32]]:
        """See :class:`VectorStore`."""
        # One statement sees one version, whatever is published meanwhile.
        found = self._db.execute(
            "SELECT v.name, v.facts, x.id, x.vector FROM versions v LEFT JOIN vectors x"
            " ON x.model = v.model AND x.kind = ? WHERE v.model = ? ORDER BY x.place",
            (kind, model),
        ).fetchall()
        if not found:
            raise _no_version(model)
        rows = [(key, blob) for _, _, key, blob in found if key is not None]
        d = json.loads(found[0][1])["dimensions"]
        matrix = np.frombuffer(b"".join(blob for _, blob in rows), dtype="<f4").reshape(-1, d)
        return found[0][0], tuple(key for key, _ in rows), matrix

    def close(self) -> None:
        """See :class:`VectorStore`."""
        self._db.close()


class _Transaction:
    """All or nothing, for other connections as well; a second writer waits up to the connection's timeout."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


class RedisStore:
    """Vectors in Redis: a hash a version and kind, and one key a model that names the version in use.

    A restart loses nothing where the server writes its log (``appendonly yes``); :attr:`durable` says what it answers.

    Args:
        url: ``redis://[[user]:password@]host[:port]/database``, ``rediss://`` or ``unix://``.
        prefix: of every key.
    """

    backend = "Redis"

    def __init__(self, url: str, prefix: str = "recemb") -> None:
        try:
            import redis
        except ImportError:
            raise StoreError("Redis needs the package 'redis': pip install -r requirements-redis.txt") from None
        self._errors = redis.RedisError
        self._prefix = prefix
        try:
            self._db: Any = redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=3)
            self._db.ping()
        except (redis.RedisError, ValueError) as error:
            # The address may hold a password.
            raise StoreError(f"the Redis server of {REDIS_URL} does not answer ({type(error).__name__})") from error

    @property
    def durable(self) -> bool | None:
        """Whether the server logs every write to disk; None where it does not tell."""
        try:
            return self._db.config_get("appendonly").get("appendonly") == "yes"
        except self._errors:
            return None

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))

    def _call(self, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except self._errors as error:
            raise StoreError(f"the Redis server did not do what was asked ({type(error).__name__}: {error})") from error

    def publish(
        self,
        model: str,
        item_ids: Sequence[str],
        item_vectors: npt.NDArray[np.floating],
        user_ids: Sequence[str] = (),
        user_vectors: npt.NDArray[np.floating] | None = None,
        facts: dict[str, Any] | None = None,
    ) -> Version:
        """See :class:`VectorStore`."""
        version, parts = _checked(model, item_ids, item_vectors, user_ids, user_vectors, facts)
        return self._call(lambda: self._publish(model, version, parts))

    def _publish(
        self, model: str, version: Version, parts: dict[Kind, tuple[list[str], npt.NDArray[np.float32]]]
    ) -> Version:
        new = self._names(model, version.name)
        fields = {k: v for k, v in vars(version).items() if k not in ("name", "model")}
        # The order of writing, kept beside the hash, which has none.
        self._db.hset(new["meta"], mapping={"facts": json.dumps(fields)})
        self._db.expire(new["meta"], ABANDONED_SECONDS)
        for kind, (ids, vectors) in parts.items():
            for start in range(0, len(ids), CHUNK):
                part = slice(start, start + CHUNK)
                pipe = self._db.pipeline(transaction=False)
                pipe.hset(new[kind], mapping={k: v.tobytes() for k, v in zip(ids[part], vectors[part], strict=True)})
                pipe.rpush(new[f"{kind} order"], *ids[part])
                pipe.expire(new[kind], ABANDONED_SECONDS)
                pipe.expire(new[f"{kind} order"], ABANDONED_SECONDS)
                pipe.execute()
        pipe = self._db.pipeline(transaction=True)  # the switch: one step for everybody else
        for key in new.values():
            pipe.persist(key)
        pipe.hget(self._key("current"), model)
        pipe.hset(self._key("current"), model, version.name)
        old = pipe.execute()[-2]
        if old is not None:
            pipe = self._db.pipeline(transaction=False)
            for key in self._names(model, old.decode()).values():
                pipe.expire(key, KEEP_OLD_SECONDS)
            pipe.execute()
        return version

    def _names(self, model: str, version: str) -> dict[str, str]:
        return {part: self._key(model, version, part) for part in ("meta", "item", "item order", "user", "user order")}

    def _current(self, model: str) -> tuple[str, dict[str, str]]:
        name = self._call(lambda: self._db.hget(self._key("current"), model))
        if name is None:
            raise _no_version(model)
        return name.decode(), self._names(model, name.decode())

    def version(self, model: str) -> Version:
        """See :class:`VectorStore`."""
        name, keys = self._current(model)
        facts = self._call(lambda: self._db.hget(keys["meta"], "facts"))
        if facts is None:
            raise _no_version(model)
        return Version(name=name, model=model, **json.loads(facts))

    def models(self) -> list[str]:
        """See :class:`VectorStore`."""
        return sorted(key.decode() for key in self._call(lambda: self._db.hkeys(self._key("current"))))

    def put(self, model: str, kind: Kind, key: str, vector: npt.NDArray[np.floating]) -> None:
        """See :class:`VectorStore`. A version published at the same moment may win over it."""
        require(kind in ("item", "user"), "kind", kind, "'item' or 'user'")
        version = self.version(model)
        data, keys = _one(vector, version.dimensions), self._names(model, version.name)

        def write() -> None:
            if self._db.hset(keys[kind], str(key), data):  # 1 where the id is new
                self._db.rpush(keys[f"{kind} order"], str(key))

        self._call(write)

    def get(self, model: str, kind: Kind, key: str) -> npt.NDArray[np.float32]:
        """See :class:`VectorStore`."""
        _, keys = self._current(model)
        found = self._call(lambda: self._db.hget(keys[kind], str(key)))
        if found is None:
            raise _no_vector(model, kind, key)
        return np.frombuffer(found, dtype="<f4")

    def load(self, model: str, kind: Kind) -> tuple[str, tuple[str, ...], npt.NDArray[np.float32]]:
        """See :class:`VectorStore`."""
        version = self.version(model)
        keys = self._names(model, version.name)
        ids = [key.decode() for key in self._call(lambda: self._db.lrange(keys[f"{kind} order"], 0, -1))]
        blobs: list[bytes] = []
        for start in range(0, len(ids), CHUNK):
            blobs += self._call(partial(self._db.hmget, keys[kind], ids[start : start + CHUNK]))
        if any(blob is None for blob in blobs):
            raise StoreError(f"version {version.name} of {model!r} went away while it was read; read again")
        return version.name, tuple(ids), np.frombuffer(b"".join(blobs), dtype="<f4").reshape(-1, version.dimensions)

    def close(self) -> None:
        """See :class:`VectorStore`."""
        self._db.close()


class RecallServer:
    """Top-N for a user id: the user's vector from the store, the items from an index that was loaded from it.

    Args:
        store: an open store.
        model: whose vectors.
        make_index: an empty index over inner products; exact search where left out. What the index scores must be the
            inner product, or an order that agrees with it.
    """

    def __init__(self, store: VectorStore, model: str, make_index: Callable[[], NeighborIndex] | None = None) -> None:
        self.store, self.model = store, model
        self._make = make_index or (lambda: ExactIndex("inner_product"))
        self.refresh()

    def refresh(self) -> bool:
        """Load the version in use where it is not the one loaded; True where something was loaded."""
        name = self.store.version(self.model).name
        if getattr(self, "loaded", None) == name:
            return False
        self.loaded, self.ids, vectors = self.store.load(self.model, "item")
        self._index = self._make().build(vectors)
        return True

    def top(self, user: str, n: int = 10) -> list[tuple[str, float]]:
        """The n best items of a user who is in the store, best first, as (id, value) pairs.

        Raises:
            StoreError: the user is not in the store.
        """
        return self.top_for(self.store.get(self.model, "user", user), n)

    def top_for(self, vector: npt.NDArray[np.floating], n: int = 10) -> list[tuple[str, float]]:
        """The n best items for a user vector (d,)."""
        ids, values = self._index.query(np.asarray(vector, dtype=np.float32)[None], n)
        return [(self.ids[i], float(v)) for i, v in zip(ids[0], values[0], strict=True) if i >= 0]
