"""Vectors kept in a store and served by id: a SQLite file, or Redis where one runs."""

from recemb_core.serving.opening import open_store
from recemb_core.serving.redis import RedisStore
from recemb_core.serving.server import RecallServer
from recemb_core.serving.sqlite import SQLiteStore
from recemb_core.serving.store import REDIS_URL, Kind, StoreError, VectorStore, Version
from recemb_core.serving.switching import Switches, reads_while_publishing

__all__ = [
    "REDIS_URL",
    "Kind",
    "RecallServer",
    "RedisStore",
    "SQLiteStore",
    "StoreError",
    "Switches",
    "VectorStore",
    "Version",
    "open_store",
    "reads_while_publishing",
]
