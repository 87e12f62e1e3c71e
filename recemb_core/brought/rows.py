"""What all kinds of files share: ids that are different and not endless, vectors of one length that are finite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import AnyArray, BoolArray, Float32Array
from recemb_core.readers.errors import InputError, counted, shortened
from recemb_core.readers.limits import Budget, limits

SHORTEST, LONGEST = 1e-15, 1e15  # of a vector: squares and products of such are float32 numbers above 0, and finite


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
        InputError: an id twice, empty or too long, a number that is not finite, or a vector beyond float32's squares;
            it says where.
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
    vectors = _in_range(found.vectors, ids, where, called)
    if found.output_vectors is not None:
        _in_range(found.output_vectors, ids, where, f"the output vectors of {called}")
    return ids, vectors


def _in_range(rows: AnyArray, ids: Sequence[str], where: Callable[[int], str], called: str) -> Float32Array:
    """Rows as float32 whose squares and products 32-bit numbers hold as well.

    Raises:
        InputError: a number that is not finite, or vectors so long or short that every cosine would come out as 0.
    """
    rows = np.asarray(rows)
    with np.errstate(over="ignore"):
        vectors = np.ascontiguousarray(rows, dtype=np.float32)
    unknown: BoolArray = np.logical_not(np.isfinite(rows).all(axis=1))
    exact = np.where(unknown[:, None], 0.0, rows).astype(np.float64)
    largest = np.abs(exact).max(axis=1)  # taken out first, so that a square of it is no infinity here
    lengths = largest * np.linalg.norm(exact / np.where(largest > 0, largest, 1.0)[:, None], axis=1)
    outside = ~unknown & (lengths > 0) & ~((lengths >= SHORTEST) & (lengths <= LONGEST))
    for bad, what, cure in (
        (unknown, "holds a NaN or infinity", "leave such rows out"),
        (outside, "{length} long, beyond what 32-bit arithmetic squares", "multiply all of them by one number"),
    ):
        if bad.any():
            row, count = int(bad.argmax()), int(bad.sum())
            which = "the only one" if count == 1 else f"the first of {count:,}"
            told = what.format(length=f"is {lengths[row]:.1e}")
            raise InputError(f"{where(row)} of {called} ({shortened(ids[row])!r}) {told} ({which}); {cure}")
    return vectors


def without_zeros(ids: tuple[str, ...], vectors: Float32Array, called: str) -> tuple[BoolArray, tuple[str, ...]]:
    """(rows that have a direction, what is said of those that have none): a row of zeros is near nothing.

    Raises:
        InputError: all of them are zeros.

    >>> without_zeros(("pad", "tea"), np.array([[0, 0], [1, 0]], np.float32), "'v.txt'")
    (array([False,  True]), ("1 vector of 'v.txt' is all zeros and left out, for it is near nothing: 'pad'.",))
    """
    some: BoolArray = np.asarray(vectors.any(axis=1))
    if not some.any():
        raise InputError(f"all {len(ids):,} vectors of {called} are zeros; export them again")
    if some.all():
        return some, ()
    gone = [shortened(ids[int(row)]) for row in np.flatnonzero(~some)]
    few = ", ".join(map(repr, gone[:3])) + (", …" if len(gone) > 3 else "")
    are = "is all zeros and left out, for it is" if len(gone) == 1 else "are all zeros and left out, for they are"
    return some, (f"{counted(len(gone), 'vector')} of {called} {are} near nothing: {few}.",)
