"""Vectors as bytes: word2vec's binary format, NumPy's arrays. Nothing is ever unpickled."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np

from recemb_core.arrays import AnyArray
from recemb_core.brought.rows import Rows, check_size, row_words
from recemb_core.brought.text_files import SIZES, ids_of
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.readers.errors import InputError, listed
from recemb_core.readers.limits import Budget, limits
from recemb_core.readers.sources import Member, read_up_to_limit, unpacking

PICKLED = (
    "is a Python pickle, or holds one, which can run programs and is never opened; save plain arrays (np.savez without "
    'objects), or of gensim\'s vectors keyed_vectors.save_word2vec_format("vectors.bin", binary=True)'
)


def word2vec_bytes(data: bytes, called: str) -> Rows:
    """word2vec's binary format: a line ``n d``, then for each item its id, a blank and d float32.

    Raises:
        InputError: it ends before the last vector, goes on behind it, or an id is no UTF-8 text.
    """
    head = SIZES.match(data)
    assert head is not None  # by which the format is known
    n, d = int(head[1]), int(head[2])
    check_size(n, d, called)
    if n * (4 * d + 2) > len(data):  # before so much memory is asked for
        raise InputError(f"{called} says that {n:,} vectors of {d:,} numbers follow, and is too short; export it again")
    at, longest = head.end(), 4 * limits().id_length + 2
    ids, vectors = [], np.empty((n, d), "<f4")
    for row in range(n):
        blank = data.find(b" ", at, at + longest)
        if blank < 0 or blank + 1 + 4 * d > len(data):
            raise InputError(f"vector {row + 1:,} of {n:,} of {called} is damaged or cut off; export it again")
        vectors[row] = np.frombuffer(data, "<f4", d, blank + 1)
        try:
            ids.append(data[at:blank].lstrip(b"\n").decode())
        except UnicodeDecodeError:
            raise InputError(f"the id of vector {row + 1:,} of {called} is not UTF-8 text; export it again") from None
        at = blank + 1 + 4 * d
    if data[at:].strip():
        raise InputError(f"{called} goes on behind its {n:,} vectors; its first line or the rest is damaged")
    return Rows(ids, vectors, "word2vec binary", lambda row: f"vector {row + 1:,}")


def array_of(data: bytes, called: str) -> AnyArray:
    """The array of an npy file.

    Raises:
        InputError: damaged, or an array of objects.
    """
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(stream)
        if kind.hasobject:
            raise InputError(f"{called} {PICKLED}")
        if int(np.prod(shape, dtype=object)) * kind.itemsize > len(data) - stream.tell():
            raise InputError(f"{called} is shorter than the array that it says to be; export it again")
        stream.seek(0)
        return np.load(stream, allow_pickle=False)  # type: ignore[no-any-return]
    except InputError:
        raise
    except (ValueError, TypeError, OSError, EOFError, SyntaxError, RecursionError, OverflowError, KeyError):
        raise InputError(f"{called} is a damaged NumPy file; export it again") from None


def npy_with_ids(data: bytes, ids: bytes, called: str, ids_called: str) -> Rows:
    """An npy file (n, d) and a file of ids."""
    vectors = _numbers(array_of(data, called), called)
    found, notes = ids_of(ids, ids_called)
    if len(found) != len(vectors):
        raise InputError(
            f"{ids_called} holds {len(found):,} ids, and {called} {len(vectors):,} vectors; they must belong together, "
            "row for row"
        )
    return Rows(found, vectors, "NumPy array and ids", row_words, notes)


def npz_arrays(members: dict[str, bytes], called: str) -> Rows:
    """An npz file: this program's own, or one with an array (n, d) of numbers and one (n,) of texts.

    Raises:
        InputError: other arrays, or several of a kind.
    """
    arrays = {name.removesuffix(".npy"): array_of(data, f"{name} in {called}") for name, data in members.items()}
    if {"vectors", "meta"} <= arrays.keys():
        return _own(arrays, called)
    tables = {name: a for name, a in arrays.items() if a.ndim == 2 and a.dtype.kind in "fiu"}
    texts = {name: a for name, a in arrays.items() if a.ndim == 1 and a.dtype.kind in "USiu"}
    pairs = [(t, i) for t in tables for i in texts if len(tables[t]) == len(texts[i])]
    if len(pairs) > 1 and len(named := [(t, i) for t, i in pairs if texts[i].dtype.kind in "US"]) == 1:
        pairs = named
    if len(pairs) != 1:
        shapes = [f"{name} {array.dtype} {array.shape}" for name, array in arrays.items()]
        raise InputError(
            f"{called} must hold one array of numbers (n, d) and one of n ids, and holds {listed(shapes)}; save "
            "np.savez(file, vectors=…, ids=…)"
        )
    (table, names) = pairs[0]
    ids = [i.decode("utf-8", "replace") if isinstance(i, bytes) else str(i) for i in texts[names].tolist()]
    notes = (f"The vectors are the array {table!r}, the ids {names!r}.",)
    return Rows(ids, _numbers(tables[table], called), "npz", row_words, notes)


def _own(arrays: dict[str, AnyArray], called: str) -> Rows:
    """What :meth:`ItemVectors.save` wrote."""
    try:
        meta: Any = json.loads(arrays["meta"].tobytes())
        ids = [str(item) for item in meta["items"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InputError(f"{called} is a damaged file of vectors; save it again") from None
    outputs = arrays.get("output_vectors")
    vectors = _numbers(arrays["vectors"], called)
    if outputs is not None and (
        outputs.shape != vectors.shape or outputs.dtype.kind != "f" or not np.isfinite(outputs).all()
    ):
        raise InputError(f"{called} has output vectors that are none ({outputs.dtype} {outputs.shape}); save it again")
    form = f"npz of {ItemVectors.__name__}"
    return Rows(ids, vectors, form, row_words, (), outputs)


def _numbers(array: AnyArray, called: str) -> AnyArray:
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise InputError(f"{called} must hold numbers (n, d), and holds {array.dtype} {array.shape}")
    check_size(len(array), array.shape[1], called)
    return array


def unzipped(data: bytes, called: str, wanted: Any) -> dict[str, bytes]:
    """The files of a zip that are wanted, within the limits."""
    budget, found = Budget(), dict[str, bytes]()
    with unpacking(Member(called.strip("'"), data), "zip"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if wanted(info.filename):
                with archive.open(info) as stream:
                    found[info.filename] = read_up_to_limit(stream, called, budget)
    return found
