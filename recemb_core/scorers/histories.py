"""What a scorer is asked: histories of item rows, and the tables of counts that scorers are made of."""

from __future__ import annotations

from collections.abc import Sequence as Several
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from recemb_core.arrays import AnyArray, Float32Array, Int64Array, IntegerArray
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Histories = Several[IntegerArray]


class Scorer(Protocol):
    """What a fit gives."""

    def scores(self, histories: Histories) -> Float32Array:
        """Scores (q, n) of all n items for q histories of item rows, oldest first; larger is better."""
        ...


def checked(histories: Histories, items: int) -> list[Int64Array]:
    rows = [np.asarray(history, dtype=np.int64) for history in histories]
    for history in rows:
        if len(history) and not (history.min() >= 0 and history.max() < items):
            raise UsageError(f"histories must hold item rows from 0 to {items - 1}")
    return rows


def table_of(owners: AnyArray, rows: AnyArray, shape: tuple[int, int], *, distinct: bool = False) -> csr_array:
    """Counts (owners, items) of events; ``distinct``: 1 where there is one or more."""
    from scipy.sparse import coo_array

    found = coo_array((np.ones(len(rows)), (owners, rows)), shape=shape).tocsr()
    if distinct:
        found.data[:] = 1
    return found


def history_table(rows: list[Int64Array], items: int, *, distinct: bool) -> csr_array:
    owners = np.repeat(np.arange(len(rows)), [len(history) for history in rows])
    events = np.concatenate([np.empty(0, dtype=np.int64), *rows])
    return table_of(owners, events, (len(rows), items), distinct=distinct)


def held_by(sequences: Sequences, over: Literal["users", "sequences"]) -> csr_array:
    """1 where a user (or a sequence) holds an item, (owners, n); where users are not known, each sequence is one."""
    owners = np.arange(len(sequences))
    if over == "users" and sequences.users is not None:
        owners = np.unique(sequences.users, return_inverse=True)[1]
    shape = max(len(sequences), 1), len(sequences.items)
    return table_of(np.repeat(owners, sequences.lengths), sequences.tokens, shape, distinct=True)


def events_at_once(sequences: Sequences) -> int:
    """Events that happen in one step: one, of baskets as many as one holds on average.

    >>> events_at_once(Sequences.from_lists([["tea", "milk"], ["tea", "milk", "cup", "pot"]], ordered=False))
    3
    """
    if sequences.ordered or not len(sequences):
        return 1
    return max(1, round(float(sequences.lengths.mean())))
