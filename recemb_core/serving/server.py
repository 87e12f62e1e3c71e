"""Top-N for a user whose vector is in a store."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recemb_core.arrays import FloatArray
from recemb_core.neighbors import ExactIndex
from recemb_core.neighbors.base import NeighborIndex
from recemb_core.serving.store import StoreError, VectorStore
from recemb_core.validation import UsageError


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
        try:
            self._index = self._make().build(vectors)
        except UsageError as error:
            raise StoreError(f"{self.store.place} holds no items to search ({error}); publish anew") from error
        self._dimensions = vectors.shape[1]
        return True

    def top(self, user: str, n: int = 10) -> list[tuple[str, float]]:
        """The n best items of a user who is in the store, best first, as (id, value) pairs.

        Raises:
            StoreError: the user is not in the store.
        """
        return self.top_for(self.store.get(self.model, "user", user), n)

    def top_for(self, vector: FloatArray, n: int = 10) -> list[tuple[str, float]]:
        """The n best items for a user vector (d,)."""
        row = np.asarray(vector, dtype=np.float32)
        if row.shape != (self._dimensions,):
            raise StoreError(
                f"a user's vector has shape {row.shape}, the items' {self._dimensions} numbers; publish anew"
            )
        ids, values = self._index.query(row[None], n)
        return [(self.ids[i], float(v)) for i, v in zip(ids[0], values[0], strict=True) if i >= 0]
