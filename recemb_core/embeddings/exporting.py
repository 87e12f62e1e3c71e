"""Vectors for other programs: word2vec text, the Embedding Projector's pair of TSV files, parquet."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.embeddings.item_vectors import ItemVectors, rows_of

if TYPE_CHECKING:
    import polars as pl


def word2vec_text(vectors: ItemVectors) -> bytes:
    """The text format of word2vec: a line ``n d``, then a line an item. Blanks in ids become underscores.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> word2vec_text(ItemVectors(Vocabulary(["green tea"]), np.array([[1, 0.5]], np.float32))).decode()
    '1 2\\ngreen_tea 1 0.5\\n'
    """
    rows_of(vectors)  # what is not finite, no other program can read
    text = io.StringIO()
    text.write(f"{len(vectors)} {vectors.vectors.shape[1]}\n")
    for item, row in zip(vectors.items, vectors.vectors, strict=True):
        text.write(f"{'_'.join(item.split())} {' '.join(f'{x:.7g}' for x in row)}\n")
    return text.getvalue().encode()


def projector_tsv(vectors: ItemVectors, side_info: pl.DataFrame | None = None) -> tuple[bytes, bytes]:
    """(vectors.tsv, metadata.tsv) for the TensorFlow Embedding Projector.

    Args:
        vectors: n items.
        side_info: n rows of further columns for the metadata; lists are joined by "|".
    """
    body = "\n".join("\t".join(f"{x:.7g}" for x in row) for row in rows_of(vectors)) + "\n"
    columns = [("item", list(vectors.items))]
    if side_info is not None:
        columns += [(name, [_cell(v) for v in side_info[name].to_list()]) for name in side_info.columns]
    head = "\t".join(name for name, _ in columns) if len(columns) > 1 else None  # one column has no header there
    lines = ["\t".join(" ".join(str(v).split()) for v in row) for row in zip(*(v for _, v in columns), strict=True)]
    return body.encode(), ("\n".join([head, *lines] if head else lines) + "\n").encode()


def vectors_parquet(vectors: ItemVectors) -> bytes:
    """A parquet file with a column ``item`` and a column ``vector`` (a fixed-size list of float32)."""
    import polars as pl

    buffer = io.BytesIO()
    width = vectors.vectors.shape[1]
    rows = pl.Series("vector", np.ascontiguousarray(rows_of(vectors)), dtype=pl.Array(pl.Float32, width))
    pl.DataFrame([pl.Series("item", vectors.items.ids, dtype=pl.String), rows]).write_parquet(buffer)
    return buffer.getvalue()


def _cell(value: object) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
