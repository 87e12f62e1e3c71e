"""Vectors in Redis."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from recemb_core.arrays import Float32Array, FloatArray
from recemb_core.serving.store import (
    REDIS_URL,
    Kind,
    Parts,
    StoreError,
    VectorStore,
    Version,
    no_vector,
    no_version,
    one_vector,
)

P = ParamSpec("P")
T = TypeVar("T")
CHUNK = 2_000  # vectors sent to Redis at a time
KEEP_OLD_SECONDS = 60  # a reader that has just read the old version's name still finds its vectors in Redis
ABANDONED_SECONDS = 3_600  # a version whose writer died before the switch goes away by itself


def _told(method: Callable[Concatenate[RedisStore, P], T]) -> Callable[Concatenate[RedisStore, P], T]:
    """What goes wrong at the server, as a :class:`StoreError`."""

    @wraps(method)
    def call(self: RedisStore, /, *args: P.args, **given: P.kwargs) -> T:
        try:
            return method(self, *args, **given)
        except self.errors as error:
            raise StoreError(f"the Redis server did not do what was asked ({type(error).__name__}: {error})") from error

    return call


class RedisStore(VectorStore):
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
            raise StoreError("Redis needs the package 'redis': pip install 'recemb-explorer[redis]'") from None
        self.errors: type[Exception] = redis.RedisError
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
            return bool(self._db.config_get("appendonly").get("appendonly") == "yes")
        except self.errors:
            return None

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))

    @_told
    def _write(self, version: Version, parts: Parts) -> None:
        model = version.model
        new = self._names(model, version.name)
        # The order of writing, kept beside the hash, which has none.
        self._db.hset(new["meta"], mapping={"facts": json.dumps(version.rest)})
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

    def _names(self, model: str, version: str) -> dict[str, str]:
        return {part: self._key(model, version, part) for part in ("meta", "item", "item order", "user", "user order")}

    def _current(self, model: str) -> tuple[str, dict[str, str]]:
        name = self._db.hget(self._key("current"), model)
        if name is None:
            raise no_version(model)
        return name.decode(), self._names(model, name.decode())

    @_told
    def version(self, model: str) -> Version:
        name, keys = self._current(model)
        facts = self._db.hget(keys["meta"], "facts")
        if facts is None:
            raise no_version(model)
        return Version(name=name, model=model, **json.loads(facts))

    @_told
    def models(self) -> list[str]:
        return sorted(key.decode() for key in self._db.hkeys(self._key("current")))

    @_told
    def put(self, model: str, kind: Kind, key: str, vector: FloatArray) -> None:
        """See :class:`VectorStore`; a version published at the same moment may win over it."""
        version = self.version(model)
        data, keys = one_vector(vector, kind, version.dimensions), self._names(model, version.name)
        if self._db.hset(keys[kind], str(key), data):  # 1 where the id is new
            self._db.rpush(keys[f"{kind} order"], str(key))

    @_told
    def get(self, model: str, kind: Kind, key: str) -> Float32Array:
        _, keys = self._current(model)
        found = self._db.hget(keys[kind], str(key))
        if found is None:
            raise no_vector(model, kind, key)
        return np.frombuffer(found, dtype="<f4")

    @_told
    def load(self, model: str, kind: Kind) -> tuple[str, tuple[str, ...], Float32Array]:
        version = self.version(model)
        keys = self._names(model, version.name)
        ids = [key.decode() for key in self._db.lrange(keys[f"{kind} order"], 0, -1)]
        blobs: list[bytes] = []
        for start in range(0, len(ids), CHUNK):
            blobs += self._db.hmget(keys[kind], ids[start : start + CHUNK])
        if any(blob is None for blob in blobs):
            raise StoreError(f"version {version.name} of {model!r} went away while it was read; read again")
        return version.name, tuple(ids), np.frombuffer(b"".join(blobs), dtype="<f4").reshape(-1, version.dimensions)

    def close(self) -> None:
        self._db.close()
