"""The store that a machine has."""

from __future__ import annotations

import os

from recemb_core.serving.redis import RedisStore
from recemb_core.serving.sqlite import SQLiteStore
from recemb_core.serving.store import REDIS_URL, VectorStore
from recemb_core.validation import UsageError


def open_store(path: str | os.PathLike[str] | None = None, *, url: str | None = None) -> VectorStore:
    """The Redis at ``url`` or in the environment's ``RECEMB_REDIS_URL``; without one, the SQLite file at ``path``.

    Raises:
        ValueError: neither is given.
        StoreError: Redis cannot be reached, its package is not installed, or the file cannot be opened.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
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
        raise UsageError(f"path must name a file, or {REDIS_URL} a Redis server")
    return SQLiteStore(path)
