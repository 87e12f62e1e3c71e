"""What readers meet while one version of vectors takes the place of another: counted by a thread that reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import Float32Array
from recemb_core.serving.store import VectorStore
from recemb_core.validation import require

Items = tuple[Sequence[str], Float32Array]
LEAST = 20  # reads, before the last version ends the count


@dataclass(frozen=True)
class Switches:
    """What was read.

    Attributes:
        first, second: reads that gave the whole first version, and the whole second one.
        mixed: reads that gave anything else.
        published: versions written meanwhile.
        seconds: that this took.
    """

    first: int
    second: int
    mixed: int
    published: int
    seconds: float


def reads_while_publishing(store: VectorStore, model: str, first: Items, second: Items, *, times: int = 6) -> Switches:
    """Publish two versions in turn while a thread loads all items again and again, and compare what it gets with both.

    The thread shares ``store`` with the writer, as the threads of a server do. Each load is compared number by number:
    it is the first version, the second, or neither.

    Args:
        store: an open store; it is left with the version written last.
        model: the name that both are published by.
        first, second: (ids, (n, d) float32) of each.
        times: versions that are written in turn, at least; as many more as the reader needs to have read twenty times.

    Raises:
        ValueError: ``times`` below 1, or both versions the same.
        StoreError: the store's own.

    >>> from recemb_core.serving import SQLiteStore
    >>> one, other = np.zeros((3, 2), np.float32), np.ones((3, 2), np.float32)
    >>> found = reads_while_publishing(SQLiteStore(None), "m", (["a", "b", "c"], one), (["a", "b", "c"], other))
    >>> found.mixed, found.first + found.second >= 20
    (0, True)
    """
    require(times >= 1, "times", times, "1 or more")
    parts = [(tuple(map(str, ids)), np.ascontiguousarray(rows, dtype="<f4")) for ids, rows in (first, second)]
    require(not _same(parts[0], parts[1]), "second", "the first version again", "another version")
    start, counts, problems, stop = time.perf_counter(), [0, 0, 0], list[Exception](), threading.Event()
    store.publish(model, *parts[0])

    def read() -> None:
        try:
            while not stop.is_set():
                _, ids, rows = store.load(model, "item")
                whole = [_same((ids, rows), part) for part in parts]
                counts[whole.index(True) if any(whole) else 2] += 1
        except Exception as error:
            problems.append(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    published = 0
    try:
        while published < times or (sum(counts) < LEAST and not problems):
            published += 1
            store.publish(model, *parts[published % 2])
    finally:
        stop.set()
        reader.join()
    if problems:
        raise problems[0]
    first_seen, second_seen, mixed = counts
    return Switches(first_seen, second_seen, mixed, published, time.perf_counter() - start)


def _same(one: tuple[Sequence[str], Float32Array], other: tuple[Sequence[str], Float32Array]) -> bool:
    return tuple(one[0]) == tuple(other[0]) and np.array_equal(one[1], other[1])
