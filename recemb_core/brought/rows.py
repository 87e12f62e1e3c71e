"""What all kinds of files share: ids that are different and not endless, vectors of one length that are finite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import AnyArray, Float32Array
from recemb_core.readers.errors import InputError, shortened
from recemb_core.readers.limits import Budget, limits


@dataclass(frozen=True, eq=False)
class Rows:
    """What a file gave before it is checked.

    Attributes:
        ids: of the rows.
        vectors: (n, d).
        form: the kind of file, in words.
        where: row → where it stands ("line 17").
        notes: what the reading decided.
        output_vectors: (n, d) or None.
    """

    ids: Sequence[str]
    vectors: AnyArray
    form: str
    where: Callable[[int], str]
    notes: tuple[str, ...] = ()
    output_vectors: AnyArray | None = None


def row_words(row: int) -> str:
    """Where a row stands in a file that has no lines.

    >>> row_words(16)
    'row 17'
    """
    return f"row {row + 1:,}"


def check_size(rows: int, dimensions: int, called: str) -> None:
    """Raise where so many vectors of such a length are none, or more than a file may hold; before they are made."""
    most = limits().dimensions
    if rows < 1 or dimensions < 1:
        raise InputError(f"{called} holds no vectors ({rows:,} of {dimensions:,} numbers); export them again")
    if dimensions > most:
        raise InputError(
            f"{called} has vectors of {dimensions:,} numbers, and {most:,} is the limit (RECEMB_FILE_DIMENSIONS); "
            "bring shorter ones"
        )
    Budget().check(4 * rows * dimensions, called)


def checked(found: Rows, called: str) -> tuple[tuple[str, ...], Float32Array]:
    """(ids, float32 (n, d)) that can be used.

    Raises:
        InputError: an id twice, empty or too long, a number that is not finite; it says where.
    """
    ids, where = tuple(found.ids), found.where
    if len(ids) != len(found.vectors):
        raise InputError(
            f"{called} has {len(ids):,} ids and {len(found.vectors):,} vectors; there must be as many of both"
        )
    check_size(len(ids), found.vectors.shape[1], called)
    seen: dict[str, int] = {}
    for row, item in enumerate(ids):
        if not item or len(item) > limits().id_length:
            what = "no id" if not item else f"an id of over {limits().id_length:,} characters"
            raise InputError(f"{where(row)} of {called} has {what}; export it again")
        if not item.isascii() and item.encode("utf-8", "replace").decode() != item:
            raise InputError(f"{where(row)} of {called} has an id with halves of characters; export it again as UTF-8")
        if (before := seen.setdefault(item, row)) != row:
            raise InputError(
                f"{called} has the id {shortened(item)!r} in {where(before)} and in {where(row)}; keep one of them"
            )
    with np.errstate(over="ignore"):
        vectors = np.ascontiguousarray(found.vectors, dtype=np.float32)
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        row, count = int(bad.argmax()), int(bad.sum())
        which = "the only one" if count == 1 else f"the first of {count:,}"
        raise InputError(
            f"{where(row)} of {called} ({shortened(ids[row])!r}) holds a NaN or infinity ({which}); leave such rows out"
        )
    return ids, vectors
