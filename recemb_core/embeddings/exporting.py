"""Vectors and neighbors for other programs: word2vec's two formats, npz, parquet, the Embedding Projector's pair."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.embeddings.item_vectors import ItemVectors, Score, rows_of
from recemb_core.foreign_text import guarded

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.arrays import NumberArray

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of files in a zip: the same content is the same bytes on any day


def word2vec_names(ids: Iterable[str]) -> tuple[str, ...]:
    """Ids as word2vec's formats can hold them, which end an id at a blank: all different, none empty.

    Runs of blanks, tabs and line ends become ``_``, an empty id too, and halves of characters ``?``. Where two ids
    would become one, the later gets ``~2``, ``~3``, …; an id that needs no change keeps its own.

    >>> word2vec_names(["green tea", "green_tea", "milk"])
    ('green_tea~2', 'green_tea', 'milk')
    """
    given = tuple(map(str, ids))
    if _as_they_are(given):
        return given
    plain = ["_".join(item.encode("utf-8", "replace").decode().split()) or "_" for item in given]
    taken = {item for item, name in zip(given, plain, strict=True) if item == name}
    last: dict[str, int] = {}
    found = []
    for item, name in zip(given, plain, strict=True):
        free = name
        if item != name:
            while free in taken:
                last[name] = last.get(name, 1) + 1
                free = f"{name}~{last[name]}"
            taken.add(free)
        found.append(free)
    return tuple(found)


def _as_they_are(ids: Sequence[str]) -> bool:
    """Whether all ids of a catalogue can be written as they are: no blank, none empty, no half of a character."""
    whole = "".join(ids)
    return all(ids) and len(whole.split()) <= 1 and whole == whole.strip() and whole.isprintable()


def word2vec_text(vectors: ItemVectors) -> bytes:
    """The text format of word2vec: a line ``n d``, then a line an item, ids by :func:`word2vec_names`.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> word2vec_text(ItemVectors(Vocabulary(["green tea"]), np.array([[1, 0.5]], np.float32))).decode()
    '1 2\\ngreen_tea 1 0.5\\n'
    """
    rows_of(vectors)  # what is not finite, no other program can read
    text = io.StringIO()
    text.write(f"{len(vectors)} {vectors.vectors.shape[1]}\n")
    for name, row in zip(word2vec_names(vectors.items), vectors.vectors, strict=True):
        text.write(f"{name} {' '.join(f'{x:.7g}' for x in row)}\n")
    return text.getvalue().encode()


def word2vec_binary(vectors: ItemVectors) -> bytes:
    """The binary format of word2vec: a line ``n d``, then for each item its id, a blank, d float32 and a line end.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> word2vec_binary(ItemVectors(Vocabulary(["tea"]), np.array([[1, 0.5]], np.float32)))[:8]
    b'1 2\\ntea '
    """
    rows = np.ascontiguousarray(rows_of(vectors), dtype="<f4")
    parts = [f"{len(vectors)} {rows.shape[1]}\n".encode()]
    for name, row in zip(word2vec_names(vectors.items), rows, strict=True):
        parts.append(f"{name} ".encode() + row.tobytes() + b"\n")
    return b"".join(parts)


def projector_tsv(vectors: ItemVectors, side_info: pl.DataFrame | None = None) -> tuple[bytes, bytes]:
    """(vectors.tsv, metadata.tsv) for the TensorFlow Embedding Projector.

    It passes over lines without text, and takes the first line for names where that holds a tab. So every line has its
    id first (``(no id)`` where that is empty), a single column has no names, and tabs and line ends inside become a
    blank. A cell that a spreadsheet would compute begins with ``'``.

    Args:
        vectors: n items.
        side_info: n rows of further columns for the metadata; lists are joined by "|".
    """
    body = "\n".join("\t".join(f"{x:.7g}" for x in row) for row in rows_of(vectors)) + "\n"
    columns = [("item", [item if item.replace("\ufeff", "").split() else "(no id)" for item in vectors.items])]
    if side_info is not None:
        columns += [(name, [_cell(v) for v in side_info[name].to_list()]) for name in side_info.columns]
    head = "\t".join(_line(name) for name, _ in columns) if len(columns) > 1 else None
    lines = ["\t".join(map(_line, row)) for row in zip(*(v for _, v in columns), strict=True)]
    return _bytes(body), _bytes("\n".join([head, *lines] if head else lines) + "\n")


def projector_zip(vectors: ItemVectors, side_info: pl.DataFrame | None = None) -> bytes:
    """Both files of :func:`projector_tsv` in one zip."""
    body, metadata = projector_tsv(vectors, side_info)
    return zipped({"vectors.tsv": body, "metadata.tsv": metadata})


def vectors_parquet(vectors: ItemVectors) -> bytes:
    """A parquet file with a column ``item`` and a column ``vector`` (a fixed-size list of float32)."""
    import polars as pl

    buffer = io.BytesIO()
    width = vectors.vectors.shape[1]
    rows = pl.Series("vector", np.ascontiguousarray(rows_of(vectors)), dtype=pl.Array(pl.Float32, width))
    pl.DataFrame([pl.Series("item", vectors.items.ids, dtype=pl.String), rows]).write_parquet(buffer)
    return buffer.getvalue()


def neighbors_table(
    vectors: ItemVectors, k: int = 10, score: Score = "cosine", *, min_count: int = 0, counts: NumberArray | None = None
) -> pl.DataFrame:
    """The k nearest of every item, best first: columns ``item``, ``rank`` (from 1), ``neighbor``, and the score.

    Args:
        vectors, k, score, min_count, counts: as in :meth:`ItemVectors.nearest`.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> rows = np.array([[1, 0], [1, 1], [0, 1]], np.float32)
    >>> neighbors_table(ItemVectors(Vocabulary("abc"), rows), k=1)["neighbor"].to_list()
    ['b', 'a', 'b']
    """
    import polars as pl

    found, values = vectors.nearest(k, score, min_count, counts=counts)
    item, place = np.nonzero(found >= 0)
    ids = pl.Series("id", vectors.items.ids, dtype=pl.String)
    return pl.DataFrame(
        {
            "item": ids.gather(item),
            "rank": (place + 1).astype(np.int32),
            "neighbor": ids.gather(found[item, place]),
            score: values[item, place],
        }
    )


def neighbors_parquet(
    vectors: ItemVectors, k: int = 10, score: Score = "cosine", *, min_count: int = 0, counts: NumberArray | None = None
) -> bytes:
    """:func:`neighbors_table` as a parquet file."""
    buffer = io.BytesIO()
    neighbors_table(vectors, k, score, min_count=min_count, counts=counts).write_parquet(buffer)
    return buffer.getvalue()


@dataclass(frozen=True)
class Format:
    """A way to write vectors.

    Attributes:
        name: on the command line.
        label: on a button.
        ending: of the file.
        make: vectors → its bytes.
        renames: whether ids are written by :func:`word2vec_names`.
    """

    name: str
    label: str
    ending: str
    make: Callable[[ItemVectors], bytes]
    renames: bool = False


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("word2vec-text", "word2vec text", ".txt", word2vec_text, renames=True),
        Format("word2vec-binary", "word2vec binary", ".bin", word2vec_binary, renames=True),
        Format("npz", "npz (numpy, no pickle)", ".npz", ItemVectors.to_bytes),
        Format("parquet", "parquet", ".parquet", vectors_parquet),
        Format("projector", "Embedding Projector pair (zip)", ".zip", projector_zip),
    )
}


def renamed(ids: Sequence[str]) -> str:
    """One sentence on the ids that word2vec's formats cannot hold as they are; "" where there are none.

    >>> renamed(["green tea", "cup"])
    "1 of 2 ids is written otherwise, for word2vec's formats end an id at a blank: 'green tea' as 'green_tea'."
    """
    pairs = [(i, n) for i, n in zip(ids, word2vec_names(ids), strict=True) if i != n]
    if not pairs:
        return ""
    item, name = pairs[0]
    is_ = "is" if len(pairs) == 1 else "are"
    return (
        f"{len(pairs):,} of {len(ids):,} ids {is_} written otherwise, for word2vec's formats end an id at a blank: "
        f"{item[:60]!r} as {name[:60]!r}."
    )


def zipped(files: dict[str, bytes]) -> bytes:
    """Files by name as one zip; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _cell(value: object) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _line(cell: str) -> str:
    return guarded(" ".join(cell.split()))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
