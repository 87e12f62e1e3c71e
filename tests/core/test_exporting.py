"""Exported vectors, read back by the programs they are for."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.embeddings import ItemVectors
from recemb_core.embeddings.exporting import (
    FORMATS,
    neighbors_parquet,
    neighbors_table,
    projector_tsv,
    renamed,
    vectors_parquet,
    word2vec_binary,
    word2vec_names,
    word2vec_text,
)
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


HOSTILE = [
    "green tea", "green_tea", "green\ttea", "green_tea~2", "", " ", "_", "=1+1", "-5", "@cmd", "a\nb", "a\r\nb",
    "\u2028", "x\u00a0y", "x_y", "\x1b[31m", "0.5", "3 2", "\ud800", "чай", "'quoted",
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile() -> ItemVectors:
    rows = np.random.default_rng(1).normal(size=(len(HOSTILE), 4)).astype(np.float32)
    return ItemVectors(Vocabulary(HOSTILE), rows)


@pytest.mark.parametrize(("make", "binary"), [(word2vec_text, False), (word2vec_binary, True)])
def test_gensim_finds_every_item_of_hostile_names(hostile: ItemVectors, tmp_path: Path, make, binary: bool) -> None:
    path = tmp_path / "vectors"
    path.write_bytes(make(hostile))
    read = KeyedVectors.load_word2vec_format(str(path), binary=binary)
    assert read.index_to_key == list(word2vec_names(HOSTILE))
    np.testing.assert_allclose(read.vectors, hostile.vectors, rtol=1e-6)
    if binary:
        np.testing.assert_array_equal(read.vectors, hostile.vectors)


@given(st.lists(st.text(max_size=6) | st.sampled_from(HOSTILE), unique=True))
def test_names_for_word2vec_are_different_and_hold_no_blank(ids: list[str]) -> None:
    names = word2vec_names(ids)
    assert len(set(names)) == len(ids)
    assert all(name and not any(c.isspace() for c in name) for name in names)
    plain = [i for i in ids if i and not any(c.isspace() for c in i) and i.encode("utf-8", "replace").decode() == i]
    assert all(name == item for item, name in zip(ids, names, strict=True) if item in plain)


def test_ids_that_are_written_otherwise_are_counted(vectors: ItemVectors) -> None:
    assert renamed(vectors.items.ids).startswith("1 of 4 ids is written otherwise")
    changed = sum(a != b for a, b in zip(HOSTILE, word2vec_names(HOSTILE), strict=True))
    assert renamed(HOSTILE).startswith(f"{changed} of {len(HOSTILE)} ids are")
    assert renamed(["a", "b"]) == ""


def read_as_the_projector_does(content: bytes) -> list[list[str]]:
    """Lines without text are passed over; a first line that holds a tab has the names of the columns."""
    lines = [line for line in content.decode().split("\n") if line.strip()]
    rows = [line.split("\t") for line in lines]
    return rows[1:] if rows and len(rows[0]) > 1 else rows


@pytest.mark.parametrize("sided", [False, True])
def test_the_projector_finds_the_metadata_of_every_vector(hostile: ItemVectors, sided: bool) -> None:
    side = pl.DataFrame({"title\tof\nit": ["a\tb\n\nc", *[None] * (len(hostile) - 1)]}) if sided else None
    body, metadata = projector_tsv(hostile, side)
    labels = read_as_the_projector_does(metadata)
    assert len(labels) == len([line for line in body.decode().split("\n") if line.strip()]) == len(hostile)
    assert {len(row) for row in labels} == {2 if sided else 1}
    # In a spreadsheet no cell is computed.
    assert not [cell for row in labels for cell in row if cell[:1] in "=+-@" and cell]


def test_neighbors_as_a_table_are_the_lists_of_the_vectors(vectors: ItemVectors) -> None:
    table = pl.read_parquet(io.BytesIO(neighbors_parquet(vectors, k=2)))
    assert table.equals(neighbors_table(vectors, k=2))
    for item in vectors.items:
        listed = table.filter(pl.col("item") == item).sort("rank")
        wanted = vectors.most_similar(item, k=2)
        assert listed["neighbor"].to_list() == [other for other, _ in wanted]
        assert listed["cosine"].to_list() == pytest.approx([value for _, value in wanted], abs=1e-6)
    assert len(neighbors_table(vectors, k=9)) == 4 * 3


def test_neighbors_may_leave_out_the_rare(vectors: ItemVectors) -> None:
    counts = np.array([9, 1, 9, 9])
    assert "green  tea\tleaf" not in neighbors_table(vectors, 3, min_count=2, counts=counts)["neighbor"].to_list()


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_format_gives_the_same_bytes_every_time(hostile: ItemVectors, name: str) -> None:
    if name in ("parquet", "npz"):  # which hold no halves of characters; no file that is read gives any
        hostile = ItemVectors(Vocabulary(["?" if i == "\ud800" else i for i in HOSTILE]), hostile.vectors)
    one, two = FORMATS[name].make(hostile), FORMATS[name].make(hostile)
    assert one == two


def test_the_projectors_pair_in_a_zip(vectors: ItemVectors) -> None:
    with zipfile.ZipFile(io.BytesIO(FORMATS["projector"].make(vectors))) as archive:
        assert (archive.read("vectors.tsv"), archive.read("metadata.tsv")) == projector_tsv(vectors)
