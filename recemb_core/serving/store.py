"""Vectors kept in a store and served by id: a SQLite file, or Redis where one runs.

A *version* is a whole set of user and item vectors of one model. It is written beside the one in use, which readers
see until the moment of the switch and never afterwards: nobody meets half of two versions.
"""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import numpy as np

from recemb_core.arrays import Float32Array, FloatArray
from recemb_core.validation import UsageError, finite_rows, require

Kind = Literal["item", "user"]
Parts = dict[Kind, tuple[list[str], Float32Array]]
REDIS_URL = "RECEMB_REDIS_URL"
P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="VectorStore")


class StoreError(RuntimeError):
    """The store cannot be reached or does not hold what was asked for; the message says which and what to do."""


def told(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Whatever a store can meet, as a :class:`StoreError`: what the database says, and bytes that are no vectors."""

    @wraps(method)
    def call(self: S, /, *args: P.args, **given: P.kwargs) -> T:
        try:
            with self.turn:
                return method(self, *args, **given)
        except (StoreError, UsageError):
            raise
        except self.failures as error:
            raise StoreError(self._said(error)) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
            raise StoreError(
                f"{self.place} holds something that is no version of vectors ({type(error).__name__}); publish anew, "
                "or use a store of its own"
            ) from error

    return call


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

    @property
    def rest(self) -> dict[str, Any]:
        """What is stored beside the names."""
        return {name: value for name, value in vars(self).items() if name not in ("name", "model")}


class VectorStore(ABC):
    """What both stores do. Ids are text, vectors float32; ``kind`` is ``"item"`` or ``"user"``."""

    backend: str
    place: str  # for sentences
    failures: tuple[type[Exception], ...]  # what the database raises
    turn: AbstractContextManager[Any] = nullcontext()
    """Held during a call, where threads that share the store would see each other's unfinished work."""

    @abstractmethod
    def _said(self, error: Exception) -> str:
        """One sentence: what the database could not do, and what to do about it."""

    def publish(
        self,
        model: str,
        item_ids: Sequence[str],
        item_vectors: FloatArray,
        user_ids: Sequence[str] = (),
        user_vectors: FloatArray | None = None,
        facts: dict[str, Any] | None = None,
    ) -> Version:
        """Write a whole version and make it the one in use, in one step for every reader."""
        require(bool(model), "model", model, "a name")
        items = np.ascontiguousarray(item_vectors, dtype="<f4")
        if items.ndim != 2 or len(items) != len(item_ids) or not len(items):
            raise UsageError(f"item_vectors must be ({len(item_ids)}, d) with at least one row, not {items.shape}")
        d = items.shape[1]
        users = np.empty((0, d), "<f4") if user_vectors is None else np.ascontiguousarray(user_vectors, dtype="<f4")
        if users.shape != (len(user_ids), d):
            raise UsageError(f"user_vectors must be ({len(user_ids)}, {d}) as the items', not {users.shape}")
        parts: Parts = {"item": ([str(i) for i in item_ids], items), "user": ([str(u) for u in user_ids], users)}
        for kind, (ids, vectors) in parts.items():
            if len(set(ids)) != len(ids):
                raise UsageError(f"{kind} ids must be distinct")
            finite_rows(vectors, f"{kind}_vectors", items=ids, called=kind)
        counts = {"dimensions": d, "items": len(items), "users": len(users)}
        name, now = uuid.uuid4().hex[:12], time.time()
        version = Version(name=name, model=model, **counts, written=now, facts=dict(facts or {}))
        self._write(version, parts)
        return version

    @abstractmethod
    def _write(self, version: Version, parts: Parts) -> None:
        """Store the ids and vectors of each kind, then switch to them."""

    @abstractmethod
    def version(self, model: str) -> Version:
        """The version in use; :class:`StoreError` where the model has none."""

    @abstractmethod
    def models(self) -> list[str]:
        """Models that have a version in use."""

    @abstractmethod
    def put(self, model: str, kind: Kind, key: str, vector: FloatArray) -> None:
        """Write one vector into the version in use, new or in place of an old one."""

    @abstractmethod
    def get(self, model: str, kind: Kind, key: str) -> Float32Array:
        """One vector of the version in use, (d,)."""

    @abstractmethod
    def load(self, model: str, kind: Kind) -> tuple[str, tuple[str, ...], Float32Array]:
        """All vectors of one kind of one version: (its name, ids, (n, d)), in the order in which they were written."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file or connection."""


def one_vector(vector: FloatArray, kind: Kind, dimensions: int) -> bytes:
    require(kind in ("item", "user"), "kind", kind, "'item' or 'user'")
    row = np.ascontiguousarray(vector, dtype="<f4")
    require(row.shape == (dimensions,), "vector", row.shape, f"of shape ({dimensions},) as the version in use")
    finite_rows(row, "vector", advice="keep the one in use")
    return row.tobytes()


def one_row(blob: bytes, dimensions: int, place: str) -> Float32Array:
    """The vector that a store holds as bytes."""
    row = np.frombuffer(blob, dtype="<f4")
    _as_published(row, row.shape == (dimensions,), place)
    return row


def all_rows(blobs: Sequence[bytes], dimensions: int, place: str) -> Float32Array:
    """The vectors that a store holds as bytes, (n, d)."""
    _as_published(np.empty(0), all(len(blob) == 4 * dimensions for blob in blobs), place)
    rows = np.frombuffer(b"".join(blobs), dtype="<f4").reshape(-1, dimensions)
    _as_published(rows, True, place)
    return rows


def _as_published(rows: FloatArray, fits: bool, place: str) -> None:
    if not (fits and np.isfinite(rows).all()):
        raise StoreError(f"{place} holds a vector that was never published so (its length or numbers); publish anew")


def no_version(model: str) -> StoreError:
    return StoreError(f"the store has no vectors of {model!r}; publish them first")


def no_vector(model: str, kind: str, key: str) -> StoreError:
    return StoreError(f"the vectors of {model!r} in use hold no {kind} {key!r}")
