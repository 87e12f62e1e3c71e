"""Vectors in Redis."""

from __future__ import annotations

import json
from typing import Any

from recemb_core.arrays import Float32Array, FloatArray
from recemb_core.serving.store import (
    REDIS_URL,
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

SECONDS = 5  # that an answer may take
CHUNK = 2_000  # vectors sent to Redis at a time
KEEP_OLD_SECONDS = 60  # a reader that has just read the old version's name still finds its vectors in Redis
ABANDONED_SECONDS = 3_600  # a version whose writer died before the switch goes away by itself


class RedisStore(VectorStore):
    """Vectors in Redis: a hash a version and kind, and one key a model that names the version in use.

    A restart loses nothing where the server writes its log (``appendonly yes``); :attr:`durable` says what it answers.

    Args:
        url: ``redis://[[user]:password@]host[:port]/database``, ``rediss://`` or ``unix://``.
        prefix: of every key.
    """

    backend = "Redis"
    place = f"the Redis server of {REDIS_URL}"

    def __init__(self, url: str, prefix: str = "recemb") -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise StoreError("Redis needs the package 'redis': pip install 'recemb-explorer[redis]'") from None
        self.failures = (redis.RedisError, OSError)
        self._silent = (redis.ConnectionError, redis.TimeoutError, OSError)
        self._refused = (redis.AuthenticationError, redis.exceptions.AuthorizationError)
        self._prefix = prefix
        try:
            # Asked once: a page waits for the answer, and a person can ask again.
            again = Retry(NoBackoff(), 0)
            self._db: Any = redis.Redis.from_url(
                url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=again
            )
            self._db.ping()
        except (redis.RedisError, OSError, ValueError) as error:
            raise StoreError(self._said(error)) from error

    def _said(self, error: Exception) -> str:
        # The address may hold a password: of what is wrong with it, its kind is said alone.
        name = type(error).__name__
        if isinstance(error, self._refused) or "NOAUTH" in str(error) or "WRONGPASS" in str(error):
            return f"{self.place} does not accept its user or password ({name}); set the right ones and start anew"
        if isinstance(error, self._silent):
            return f"{self.place} does not answer ({name}); see that it runs and can be reached, then do it again"
        if isinstance(error, ValueError):
            return f"{REDIS_URL} is no address of a Redis server ({name}); it looks like redis://localhost:6379/0"
        return f"{self.place} did not do what was asked ({name}: {str(error)[:200]})"

    @property
    def durable(self) -> bool | None:
        """Whether the server logs every write to disk; None where it does not tell."""
        try:
            return bool(self._db.config_get("appendonly").get("appendonly") == "yes")
        except self.failures:
            return None

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))

    @told
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

    @told
    def version(self, model: str) -> Version:
        name, keys = self._current(model)
        facts = self._db.hget(keys["meta"], "facts")
        if facts is None:
            raise no_version(model)
        return Version(name=name, model=model, **json.loads(facts))

    @told
    def models(self) -> list[str]:
        return sorted(key.decode() for key in self._db.hkeys(self._key("current")))

    @told
    def put(self, model: str, kind: Kind, key: str, vector: FloatArray) -> None:
        """See :class:`VectorStore`; a version published at the same moment may win over it."""
        version = self.version(model)
        data, keys = one_vector(vector, kind, version.dimensions), self._names(model, version.name)
        if self._db.hset(keys[kind], str(key), data):  # 1 where the id is new
            self._db.rpush(keys[f"{kind} order"], str(key))

    @told
    def get(self, model: str, kind: Kind, key: str) -> Float32Array:
        _, keys = self._current(model)
        found, facts = (
            self._db.pipeline(transaction=False).hget(keys[kind], str(key)).hget(keys["meta"], "facts").execute()
        )
        if found is None:
            raise no_vector(model, kind, key)
        if facts is None:
            raise no_version(model)
        return one_row(found, json.loads(facts)["dimensions"], self.place)

    @told
    def load(self, model: str, kind: Kind) -> tuple[str, tuple[str, ...], Float32Array]:
        version = self.version(model)
        keys = self._names(model, version.name)
        ids = [key.decode() for key in self._db.lrange(keys[f"{kind} order"], 0, -1)]
        blobs: list[bytes] = []
        for start in range(0, len(ids), CHUNK):
            blobs += self._db.hmget(keys[kind], ids[start : start + CHUNK])
        if any(blob is None for blob in blobs):
            raise StoreError(f"version {version.name} of {model!r} went away while it was read; read again")
        return version.name, tuple(ids), all_rows(blobs, version.dimensions, self.place)

    def close(self) -> None:
        self._db.close()
