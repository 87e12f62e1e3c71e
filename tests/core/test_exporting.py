"""Exported vectors, read back by the programs they are for."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from gensim.models import KeyedVectors

from recemb_core.embeddings import ItemVectors
from recemb_core.embeddings.exporting import projector_tsv, vectors_parquet, word2vec_text
from recemb_core.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def vectors() -> ItemVectors:
    rows = np.random.default_rng(0).normal(size=(4, 5)) * [[1], [1e-6], [1e6], [0]]
    return ItemVectors(Vocabulary(["milk", "green  tea\tleaf", "чай", "7"]), rows.astype(np.float32))


def test_word2vec_text_is_read_by_gensim(vectors: ItemVectors, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_bytes(word2vec_text(vectors))
    read = KeyedVectors.load_word2vec_format(str(path))
    assert read.index_to_key == ["milk", "green_tea_leaf", "чай", "7"]
    np.testing.assert_allclose(read.vectors, vectors.vectors, rtol=1e-6)


def test_word2vec_text_without_items() -> None:
    assert word2vec_text(ItemVectors(Vocabulary([]), np.zeros((0, 3), np.float32))) == b"0 3\n"


def test_projector_files_have_a_line_an_item(vectors: ItemVectors) -> None:
    body, metadata = projector_tsv(vectors)
    read = np.loadtxt(io.BytesIO(body), delimiter="\t")
    np.testing.assert_allclose(read, vectors.vectors, rtol=1e-6)
    # A single column has no header in the projector's format; tabs and runs of blanks would break it.
    assert metadata.decode().splitlines() == ["milk", "green tea leaf", "чай", "7"]


def test_projector_metadata_carries_side_information(vectors: ItemVectors) -> None:
    side_info = pl.DataFrame(
        {
            "title": ["Milk", None, "Tea\nloose", ""],
            "tags": [["a", "b"], None, [], ["c"]],
            "price": [1.5, 2.0, None, 3.0],
        }
    )
    _, metadata = projector_tsv(vectors, side_info)
    assert [line.split("\t") for line in metadata.decode().split("\n")] == [
        ["item", "title", "tags", "price"],
        ["milk", "Milk", "a|b", "1.5"],
        ["green tea leaf", "", "", "2.0"],
        ["чай", "Tea loose", "", ""],
        ["7", "", "c", "3.0"],
        [""],
    ]


def test_projector_refuses_side_information_of_another_length(vectors: ItemVectors) -> None:
    with pytest.raises(ValueError, match="shorter"):
        projector_tsv(vectors, pl.DataFrame({"title": ["Milk"]}))


def test_parquet_is_exact(vectors: ItemVectors) -> None:
    frame = pl.read_parquet(io.BytesIO(vectors_parquet(vectors)))
    assert frame.schema == {"item": pl.String, "vector": pl.Array(pl.Float32, 5)}
    assert tuple(frame["item"]) == vectors.items.ids
    np.testing.assert_array_equal(frame["vector"].to_numpy(), vectors.vectors)


def test_parquet_of_a_view(vectors: ItemVectors) -> None:
    # Every second column: an array that is not contiguous.
    view = ItemVectors(vectors.items, vectors.vectors[:, ::2])
    frame = pl.read_parquet(io.BytesIO(vectors_parquet(view)))
    np.testing.assert_array_equal(frame["vector"].to_numpy(), view.vectors)
