"""Behaviour sequences: what people did, one run of items after another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Sequences:
    """Item sequences in one flat array, the way a CSR matrix holds its rows.

    Sequence ``i`` is ``tokens[offsets[i]:offsets[i+1]]``; iteration yields int32 views, ``len()`` counts sequences.

    Attributes:
        items: the vocabulary; tokens are its row numbers.
        offsets: int64 (n_sequences+1,).
        tokens: int32 (n_events,).
        ordered: False for baskets, whose items have no order inside.
        users: who made each sequence, str (n_sequences,), or None.
        timestamps: unix seconds of each event, float64 (n_events,), or None.
        weights: float32 (n_events,), or None.
        side_info: one row an item in the order of ``items``; a column a field, ``title`` being the display name.
            A field with several values is a list column; a missing value is null.
    """

    items: Vocabulary
    offsets: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int32]
    ordered: bool = True
    users: npt.NDArray[np.str_] | None = None
    timestamps: npt.NDArray[np.float64] | None = None
    weights: npt.NDArray[np.float32] | None = None
    side_info: pl.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[npt.NDArray[np.int32]]:
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield self.tokens[start:stop]

    def __getitem__(self, index: int) -> npt.NDArray[np.int32]:
        return self.tokens[self.offsets[index] : self.offsets[index + 1]]

    @classmethod
    def from_lists(cls, lists: Iterable[Iterable[object]], *, ordered: bool = True) -> Sequences:
        """From lists of item ids; the vocabulary is in order of first appearance.

        >>> s = Sequences.from_lists([["tea", "milk"], ["milk"]])
        >>> s.tokens.tolist(), s.offsets.tolist()
        ([0, 1, 1], [0, 2, 3])
        """
        rows = [[str(i) for i in line] for line in lists]
        items = Vocabulary(dict.fromkeys(i for line in rows for i in line))
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(line) for line in rows], out=offsets[1:])
        return cls(items, offsets, items.rows(i for line in rows for i in line), ordered)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of events in each sequence."""
        return np.diff(self.offsets)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Number of events of each item, int64 (n_items,)."""
        return np.bincount(self.tokens, minlength=len(self.items)).astype(np.int64)

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of ids, tokens and boundaries; the key of every cache."""
        digest = hashlib.blake2b(digest_size=12)
        digest.update(np.ascontiguousarray(self.tokens).tobytes())
        digest.update(np.ascontiguousarray(self.offsets).tobytes())
        digest.update(repr((self.ordered, self.items.ids)).encode())
        return digest.hexdigest()
