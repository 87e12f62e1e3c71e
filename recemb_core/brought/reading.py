"""A file of vectors, whatever its format → ids and rows; recognised by content, refused in one sentence."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
from itertools import compress
from typing import Any

import numpy as np
import polars as pl

from recemb_core.brought.binary_files import PICKLED, npy_with_ids, npz_arrays, unzipped, word2vec_bytes
from recemb_core.brought.rows import Rows, check_size, checked, row_words, without_zeros
from recemb_core.brought.text_files import SIZES, is_number, projector_pair, word2vec_lines
from recemb_core.brought.vectors import Brought, BroughtConfig
from recemb_core.readers.errors import InputError, listed
from recemb_core.readers.limits import Budget
from recemb_core.readers.packed import FOREIGN, base_name_of
from recemb_core.readers.parquet_files import parquet_frame
from recemb_core.readers.sources import Member, read_bytes, read_up_to_limit, unpacking

_IDS = re.compile(r"(?i)(ids|items|metadata|meta|labels|vocab)[^/]*\.(json|txt|tsv|csv)$")
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_LOOKED_AT = 1 << 16


def read_vectors(source: Any, ids: Any = None, *, name: str | None = None, ids_name: str | None = None) -> Brought:
    """An embedding made elsewhere.

    word2vec text and binary (gensim's ``save_word2vec_format``), GloVe's lines, npz (this program's, or an array (n, d)
    beside one of n ids), parquet (a column of ids beside one of lists or several of numbers), a bundle or a pair in a
    zip; with a file of ids an npy, and vectors.tsv with its metadata.tsv. Text and binary also as ``.gz``.

    Args:
        source: a path, bytes or a binary buffer.
        ids: the ids' file of an npy or a vectors.tsv: a JSON list, a line an id, or a table with tabs.
        name: the file's name, where the source has none.
        ids_name: likewise.

    Raises:
        InputError: it cannot be used: another format, a pickle, a row of another length, a NaN, an id twice, more than
            the limits allow. One sentence says what, and where.

    >>> read_vectors(b"2 3\\ntea 1 0 0.5\\ncup 0 1 0\\n", name="v.txt").vectors.tolist()
    [[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    member = read_bytes(source, name)
    second = None if ids is None else read_bytes(ids, ids_name)
    called = repr(member.name) if member.name else "the file"
    digest = hashlib.blake2b(member.data + b"\0" + (b"" if second is None else second.data), digest_size=12).hexdigest()
    data = _gunzipped(member)
    if second is None:
        found = _alone(data, called)
    else:
        if not needs_ids(data) and needs_ids(second.data):  # given the other way round
            member, second, data = second, member, _gunzipped(second)
            called = repr(member.name) if member.name else "the file"
        found = _pair(data, second.data, called, repr(second.name) if second.name else "the file of ids")
    rows, vectors = checked(found, called)
    outputs = None if found.output_vectors is None else np.ascontiguousarray(found.output_vectors, dtype=np.float32)
    some, said = without_zeros(rows, vectors, called)
    if said:
        rows, vectors = tuple(compress(rows, some)), vectors[some]
        outputs = None if outputs is None else outputs[some]
    config = BroughtConfig(
        name=base_name_of(member.name) or "vectors",
        digest=digest,
        form=found.form,
        dimensions=vectors.shape[1],
        rows=len(rows),
        ids_name="" if second is None else base_name_of(second.name),
    )
    return Brought(config, rows, vectors, outputs, (*found.notes, *said))


def _gunzipped(member: Member) -> bytes:
    if not member.data.startswith(b"\x1f\x8b"):
        return member.data
    with unpacking(member, "gzip"):
        return read_up_to_limit(gzip.GzipFile(fileobj=io.BytesIO(member.data)), member.name, Budget())


def _alone(data: bytes, called: str) -> Rows:
    """A file that needs no other."""
    _refuse(data, called)
    if data.startswith(b"PK"):
        return _zip(data, called)
    if data.startswith(b"PAR1"):
        return _parquet(data, called)
    if data.startswith(b"\x93NUMPY"):
        raise InputError(
            f"{called} is an array without ids; bring the file of its ids as well (a line an id, or a JSON list)"
        )
    head = SIZES.match(data)
    if head and not _is_text(data, head.end()):
        return word2vec_bytes(data, called)
    first = data.lstrip()[:_LOOKED_AT].split(b"\n")[0].split()
    if not head and first and all(map(is_number, first)) and len(first) > 1:
        raise InputError(
            f"{called} holds numbers without ids; bring the file of its ids as well (metadata.tsv, or a line an id); "
            "or, where the first of each line is its id, a first line with how many vectors of how many numbers follow"
        )
    if not head and (len(first) < 2 or not any(map(is_number, first[1:]))):
        raise InputError(
            f"{called} is no file of vectors; bring word2vec text or binary, npz, parquet, or npy or tsv with its ids"
        )
    return word2vec_lines(data, called)


def _pair(data: bytes, ids: bytes, called: str, ids_called: str) -> Rows:
    for part, name in ((data, called), (ids, ids_called)):
        _refuse(part, name)
    if data.startswith(b"\x93NUMPY"):
        return npy_with_ids(data, ids, called, ids_called)
    first = data.lstrip()[:_LOOKED_AT].split(b"\n")[0].split(b"\t")
    if all(map(is_number, first)):
        return projector_pair(data, ids, called, ids_called)
    raise InputError(
        f"{called} and {ids_called} are no pair; a pair is an .npy or a vectors.tsv of numbers alone, and its ids' file"
    )


def _refuse(data: bytes, called: str) -> None:
    if _PICKLE.match(data):
        raise InputError(f"{called} {PICKLED}")
    for magic, kind in FOREIGN.items():
        if data.startswith(magic) and magic != b"\x93NUMPY":
            raise InputError(
                f"{called} is {kind}, which holds no vectors that are read here; bring word2vec, npz or parquet"
            )


def _is_text(data: bytes, start: int) -> bool:
    """Whether what follows a line ``n d`` are numbers to read: raw float32 are, by chance, hardly ever one."""
    line = data[start : start + _LOOKED_AT].split(b"\n")[0]
    return any(map(is_number, line.split()[1:])) or not data[start:].strip()


def needs_ids(data: bytes) -> bool:
    r"""Whether a file holds vectors alone, an array or lines of nothing but numbers, so that another must name them.

    >>> needs_ids(b"0.5\t1\n"), needs_ids(b"tea\t1\n")
    (True, False)
    """
    if data.startswith(b"\x93NUMPY"):
        return True
    first = data.lstrip()[:_LOOKED_AT].split(b"\n")[0].split(b"\t")
    return len(first) > 1 and all(map(is_number, first))


def _zip(data: bytes, called: str) -> Rows:
    names = [*unzipped_names(data, called)]
    short = {base_name_of(name): name for name in names}
    if any(name.endswith((".pkl", ".pickle")) for name in names):
        raise InputError(f"{called} {PICKLED}")
    if "config.json" in short and {"vectors.npy", "ids.json"} <= short.keys():
        files = _files(data, called, {short["vectors.npy"], short["ids.json"]})
        found = npy_with_ids(
            files["vectors.npy"], files["ids.json"], f"vectors.npy in {called}", f"ids.json in {called}"
        )
        return Rows(found.ids, found.vectors, "bundle", found.where, found.notes)
    if names and all(name.endswith(".npy") for name in names):
        return npz_arrays(unzipped(data, called, lambda name: True), called)
    ids = [name for name in short if _IDS.search(name)]
    rest = [name for name in short if name not in ids and name.endswith((".npy", ".tsv"))]
    if len(ids) == 1 and len(rest) == 1:
        files = _files(data, called, {short[ids[0]], short[rest[0]]})
        return _pair(files[rest[0]], files[ids[0]], f"{rest[0]} in {called}", f"{ids[0]} in {called}")
    if len(names) == 1 and not names[0].endswith(".zip"):
        inside = _files(data, called, set(names))
        return _alone(next(iter(inside.values())), f"{base_name_of(names[0])} in {called}")
    raise InputError(
        f"{called} holds no vectors that are known here (it holds {listed(names, 6)}); bring them as one file"
    )


def unzipped_names(data: bytes, called: str) -> list[str]:
    """Names of the files in a zip, folders and hidden ones left out."""
    import zipfile

    with unpacking(Member(called.strip("'"), data), "zip"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
    return [name for name in names if not base_name_of(name).startswith(".") and "__MACOSX" not in name]


def _files(data: bytes, called: str, wanted: set[str]) -> dict[str, bytes]:
    return {base_name_of(name): part for name, part in unzipped(data, called, wanted.__contains__).items()}


def _parquet(data: bytes, called: str) -> Rows:
    frame = parquet_frame(data, called)
    kinds = frame.schema
    lists = [name for name, kind in kinds.items() if isinstance(kind, pl.List | pl.Array) and kind.inner.is_numeric()]
    texts = [name for name, kind in kinds.items() if kind in (pl.String, pl.Categorical) or kind.is_integer()]
    numbers = [name for name, kind in kinds.items() if kind.is_float()]
    words = [name for name in texts if not kinds[name].is_integer()]
    ids = next((name for name in (*words, *texts) if name not in lists), None)
    if ids is None or len(lists) > 1 or (not lists and not numbers):
        raise InputError(
            f"{called} must have a column of ids and one of lists of numbers, or several of numbers; its columns are "
            f"{listed(frame.columns)}"
        )
    if frame[ids].null_count():
        raise InputError(
            f"{row_words(int(np.argmax(frame[ids].is_null().to_numpy())))} of {called} has no id in {ids!r}"
        )
    if lists:
        column = frame[lists[0]].cast(pl.List(pl.Float32))
        lengths = column.list.len().fill_null(0)
        d = int(lengths[0]) if len(lengths) else 0
        check_size(len(frame), d, called)
        if (lengths != d).any():
            row = int(np.argmax((lengths != d).to_numpy()))
            raise InputError(f"{row_words(row)} of {called} has {lengths[row]:,} numbers, and the first has {d:,}")
        vectors = column.explode().fill_null(float("nan")).to_numpy().reshape(len(frame), d)
        notes = (f"The ids are the column {ids!r}, the vectors {lists[0]!r}.",)
    else:
        check_size(len(frame), len(numbers), called)
        vectors = frame.select(pl.col(numbers).cast(pl.Float32).fill_null(float("nan"))).to_numpy()
        notes = (f"The ids are the column {ids!r}, the vectors the {len(numbers):,} columns of decimals.",)
    return Rows(frame[ids].cast(pl.String).to_list(), vectors, "parquet", row_words, notes)
