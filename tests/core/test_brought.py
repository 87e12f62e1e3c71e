"""Vectors made elsewhere: every format that is written here or by gensim is read; each misfit is one sentence."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from gensim.models import KeyedVectors
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.brought import BroughtVectors, read_vectors
from recemb_core.bundles import Origin, bundle_zip
from recemb_core.embeddings import ItemVectors
from recemb_core.embeddings.exporting import FORMATS, projector_tsv, word2vec_names
from recemb_core.evaluation import agreement_matrix
from recemb_core.readers import InputError
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

IDS = ["tea", "green tea", "чай", "=1+1", "0.5", "-5", "7", "a,b"]
ROWS = np.random.default_rng(0).normal(size=(len(IDS), 5)).astype(np.float32)
VECTORS = ItemVectors(Vocabulary(IDS), ROWS, ROWS[::-1].copy())


def npy(array: np.ndarray, **more: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **more)
    return buffer.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


# --- what is read ---


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_written_here_is_read_again_and_finds_its_items(name: str, packed: bool) -> None:
    data = FORMATS[name].make(VECTORS)
    found = read_vectors(gzip.compress(data, mtime=0) if packed else data, name=f"v{FORMATS[name].ending}")
    np.testing.assert_allclose(found.vectors, ROWS, rtol=1e-6)
    assert found.ids == (word2vec_names(IDS) if FORMATS[name].renames else tuple(IDS))
    aligned, said = found.aligned(Vocabulary(IDS[::-1]))
    np.testing.assert_allclose(aligned.vectors, ROWS[::-1], rtol=1e-6)
    assert aligned.known.all()
    assert len(said) == 1 + FORMATS[name].renames
    assert (found.output_vectors is not None) == (name == "npz")


@pytest.mark.parametrize("binary", [False, True])
def test_what_gensim_writes_is_read(binary: bool, tmp_path: Path) -> None:
    keyed = KeyedVectors(5)
    keyed.add_vectors([i for i in IDS if " " not in i], ROWS[[" " not in i for i in IDS]])
    keyed.save_word2vec_format(str(tmp_path / "v"), binary=binary)
    found = read_vectors(tmp_path / "v")
    assert list(found.ids) == keyed.index_to_key
    np.testing.assert_allclose(found.vectors, keyed.vectors, rtol=1e-5)
    assert found.config.form == ("word2vec binary" if binary else "word2vec text")


def test_gensims_own_files_are_pickles_and_never_opened(tmp_path: Path) -> None:
    keyed = KeyedVectors(5)
    keyed.add_vectors(["a", "b"], ROWS[:2])
    keyed.save(str(tmp_path / "v.kv"))
    with pytest.raises(InputError, match=r"pickle.*save_word2vec_format"):
        read_vectors(tmp_path / "v.kv")


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        (npy(ROWS), "\n".join(IDS).encode()),
        (npy(ROWS.astype(np.float64)), json.dumps(IDS).encode()),
        (npy(np.asfortranarray(ROWS)), "\r\n".join(IDS).encode()),
        projector_tsv(VECTORS),
        projector_tsv(VECTORS, pl.DataFrame({"title": list("abcdefgh")})),
        (npz(emb=ROWS, names=np.array(IDS)), None),
        (npz(emb=ROWS, names=np.array(IDS), rows=np.arange(len(IDS))), None),
        (parquet(pl.DataFrame({"id": IDS, "v": ROWS.tolist()})), None),
        (parquet(pl.DataFrame({"n": range(8), "id": IDS, **{f"d{i}": ROWS[:, i] for i in range(5)}})), None),
        (zipped(vectors__npy=npy(ROWS), ids__txt="\n".join(IDS).encode()), None),
        (bundle_zip(VECTORS, Origin(data="x")), None),
    ],
    ids=["npy", "json", "windows", "tsv", "titles", "npz", "npz3", "parquet", "wide", "zip", "bundle"],
)
def test_what_other_programs_write_is_read(data: bytes, ids: bytes | None) -> None:
    found = read_vectors(data, ids)
    assert list(found.ids) == IDS
    np.testing.assert_allclose(found.vectors, ROWS, rtol=1e-6)


def test_the_two_files_of_a_pair_may_come_in_any_order() -> None:
    body, metadata = projector_tsv(VECTORS)
    assert read_vectors(metadata, body, name="metadata.tsv", ids_name="vectors.tsv").config.name == "vectors.tsv"
    assert read_vectors("\n".join(IDS).encode(), npy(ROWS)).ids == tuple(IDS)


def test_lines_without_their_size_are_gloves_and_said() -> None:
    found = read_vectors(b"tea 1 2\nmilk 3 4\n")
    assert found.ids == ("tea", "milk")
    assert "first line" in found.notes[0]
    tabs = read_vectors("2\t2\ngreen tea\t1\t2\nмолоко\t3\t4\n".encode())
    assert tabs.ids == ("green tea", "молоко")


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters=" \n"), min_size=1, max_size=5), min_size=1, unique=True
    ),
    st.integers(1, 4),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_word2vecs_formats_come_back_whatever_the_ids(ids: list[str], d: int, binary: bool) -> None:
    rows = np.random.default_rng(len(ids)).normal(size=(len(ids), d)).astype(np.float32)
    vectors = ItemVectors(Vocabulary(ids), rows)
    data = FORMATS["word2vec-binary" if binary else "word2vec-text"].make(vectors)
    found = read_vectors(data)
    assert found.ids == word2vec_names(ids)
    np.testing.assert_allclose(found.vectors, rows, rtol=1e-6)


# --- what is refused ---

W2V = b"3 2\ntea 1 2\nmilk 3 4\ncup 5 6\n"
MANY = b"".join(b"i%d 1 2 3\n" % i for i in range(15))


@pytest.mark.parametrize(
    ("data", "ids", "words"),
    [
        (b"", None, "is empty"),
        (b"just some words\nand more\n", None, "no file of vectors"),
        (b"user,item\nann,tea\n", None, "no file of vectors"),
        (MANY + b"x 1 2\n", None, "line 16 of .* has 2 numbers behind its id, and line 1 has 3"),
        (b"16 3\n" + MANY + b"x 1 2\n", None, "line 17 of .* has 2 numbers behind its id, and the first line says 3"),
        (b"3 2\ntea 1 2\nmilk 3 4\n", None, "says .* that 3 vectors follow, and 2 do; it was cut off"),
        (b"1 2\ntea 1 2\nmilk 3 4\n", None, "1 vectors follow, and 2 do"),
        (W2V.replace(b"3 4", b"3 four"), None, "line 3 of .* holds 'four' where a number belongs"),
        (W2V.replace(b"3 4", b"3 nan"), None, r"line 3 of .* \('milk'\) holds a NaN or infinity \(the only one\)"),
        (W2V.replace(b"3 4", b"3 1e999"), None, "holds a NaN or infinity"),
        (W2V.replace(b"cup", b"tea"), None, "has the id 'tea' in line 2 and in line 4"),
        (W2V.replace(b"cup", b"\xff\xfe"), None, "line 4 of .* is not UTF-8"),
        (W2V.replace(b"cup", b"c" * 1_001), None, "an id of over 1,000 characters"),
        (W2V.replace(b"milk", b"oat milk"), None, "line 3 of .* has 3 numbers behind its id"),
        (b"0 5\n", None, "holds no vectors"),
        (b"2 5000\nx 1\n", None, "5,000 numbers, and 4,096 is the limit"),
        (b"999999999999 1000\nx 1\n", None, "MB unpacked, the limit"),
        (FORMATS["word2vec-binary"].make(VECTORS)[:-9], None, "vector 8 of 8 of .* cut off"),
        (FORMATS["word2vec-binary"].make(VECTORS) + b"more", None, "goes on behind"),
        (b"900000 100\n\x01\x02\x03\x04", None, "too short"),
        (pickle.dumps({"tea": [1, 2]}), None, "pickle"),
        (npz(v=ROWS, ids=np.array(IDS, object)), None, "pickle"),
        (npy(np.array([{"a": 1}], object), allow_pickle=True), b"a", "pickle"),
        (zipped(data__pkl=b"x"), None, "pickle"),
        (npz(v=ROWS), None, "one array of numbers .* and one of n ids"),
        (npz(v=ROWS, w=ROWS, ids=np.array(IDS)), None, "one array of numbers"),
        (npz(v=ROWS, ids=np.array(IDS[:-1])), None, "one array of numbers"),
        (npz(vectors=ROWS, meta=np.frombuffer(b"{", np.uint8)), None, "damaged file of vectors"),
        (npy(ROWS), None, "array without ids; bring the file of its ids"),
        (npy(ROWS), b"a\nb\n", "holds 2 ids, and .* 8 vectors"),
        (npy(ROWS)[:-5], b"a\nb\n", "shorter than the array"),
        (npy(ROWS)[:20], b"a\nb\n", "damaged NumPy file"),
        (npy(ROWS[0]), b"a\nb\n", r"must hold numbers \(n, d\)"),
        (npy(np.array([["a"]])), b"a\n", r"must hold numbers \(n, d\)"),
        (b"1.5\t2\n3\t4\n", None, "numbers without ids"),
        (b"1\t2\n3\n", b"a\nb\n", "line 2 of .* has 1 numbers, and the first has 2"),
        (b"1\t2\n3\tx\n", b"a\nb\n", "line 2 of .* holds 'x'"),
        (b"words\n", b"more words\n", "no pair"),
        (parquet(pl.DataFrame({"id": ["a", "b"], "v": [[1.0, 2.0], [1.0]]})), None, "row 2 of .* has 1 numbers"),
        (parquet(pl.DataFrame({"id": ["a", None], "v": [[1.0], [1.0]]})), None, "row 2 of .* has no id"),
        (parquet(pl.DataFrame({"id": ["a", "b"], "v": [[1.0], [None]]})), None, "NaN or infinity"),
        (parquet(pl.DataFrame({"user": ["a"], "item": ["b"]})), None, "a column of ids and one of lists"),
        (b"PAR1 and nonsense", None, "damaged parquet"),
        (b"PK\x03\x04 and nonsense", None, "damaged zip"),
        (zipped(readme__md=b"x", other__md=b"y"), None, "no vectors that are known here"),
        (b"%PDF-1.4", None, "PDF"),
        (gzip.compress(b"just words\n", mtime=0), None, "no file of vectors"),
        (gzip.compress(W2V, mtime=0)[:-6], None, "damaged gzip"),
        (json.dumps(["\ud800", "b"]).encode(), npy(ROWS[:2]), "halves of characters"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_that_says_where(data: bytes, ids: bytes | None, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        read_vectors(data, ids, name="v", ids_name="ids")
    assert "\n" not in str(refused.value)


def test_limits_are_settings_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEMB_FILE_DIMENSIONS", "4")
    with pytest.raises(InputError, match="5 numbers, and 4 is the limit"):
        read_vectors(FORMATS["npz"].make(VECTORS))
    monkeypatch.setenv("RECEMB_FILE_DIMENSIONS", "5")
    monkeypatch.setenv("RECEMB_FILE_MEGABYTES", "1")
    bomb = gzip.compress(b"2 2\n" + b"a" * 3_000_000)
    assert len(bomb) < 10_000
    with pytest.raises(InputError, match="RECEMB_FILE_MEGABYTES"):
        read_vectors(bomb)


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"3 2\n", b"PAR1", b"a 1 2\n"])
)
@settings(max_examples=200, deadline=None)
def test_no_bytes_end_in_anything_but_a_sentence(data: bytes, head: bytes) -> None:
    for ids in (None, b"a\nb\n"):
        try:
            found = read_vectors(head + data, ids)
        except InputError:
            continue
        else:
            assert np.isfinite(found.vectors).all()


@given(st.sampled_from(list(FORMATS)), st.data())
@settings(max_examples=150, deadline=None)
def test_one_wrong_byte_is_a_sentence_or_other_vectors(name: str, data: st.DataObject) -> None:
    whole = bytearray(FORMATS[name].make(VECTORS))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_vectors(bytes(whole))
    except InputError:
        pass
    else:
        assert np.isfinite(found.vectors).all()
        assert len(set(found.ids)) == len(found.ids) == len(found.vectors)


# --- among the data's items ---


def aligned(ids: list[str]) -> tuple[BroughtVectors, tuple[str, ...]]:
    return read_vectors(FORMATS["npz"].make(VECTORS)).aligned(Vocabulary(ids), np.arange(len(ids)) + 1)


def test_items_without_a_vector_are_counted_and_in_no_list() -> None:
    vectors, said = aligned(["tea", "pot", "чай", "pan", "7"])
    assert said[0].startswith("3 of the data's 5 items have a vector")
    assert "2 have none ('pot', 'pan')" in said[0]
    assert said[1].startswith("5 of the file's 8 ids are no items of the data")
    ids, values = vectors.nearest(4)
    assert ids[[1, 3]].tolist() == [[-1] * 4] * 2
    assert np.isnan(values[[1, 3]]).all()
    assert not {1, 3} & set(ids.ravel().tolist())
    assert [item for item, _ in vectors.most_similar("tea", 9)] == [vectors.items[i] for i in ids[0] if i >= 0]
    own = vectors.own()
    assert own.items.ids == ("tea", "чай", "7")
    assert own.most_similar("tea", 9) == vectors.most_similar("tea", 9)
    with pytest.raises(ValueError, match="'pot' has no vector"):
        vectors.most_similar("pot")


def test_the_rare_filter_holds_among_brought_vectors_too() -> None:
    vectors, _ = aligned(["tea", "pot", "чай", "pan", "7"])
    assert vectors.nearest(4, min_count=5)[0][0].tolist() == [4, -1, -1, -1]
    assert [item for item, _ in vectors.most_similar("tea", 4, min_count=5)] == ["7"]


def test_ids_of_other_items_are_refused() -> None:
    with pytest.raises(InputError, match=r"none of the 8 ids .*'tea'.* is an item of this data .'1001'"):
        aligned(["1001", "1002"])


def test_saved_brought_vectors_are_those_of_the_items_that_have_one(tmp_path: Path) -> None:
    vectors, _ = aligned(["tea", "pot", "чай"])
    vectors.save(tmp_path / "v.npz")
    again = ItemVectors.load(tmp_path / "v.npz")
    assert again.items.ids == ("tea", "чай")
    np.testing.assert_array_equal(again.vectors, ROWS[[0, 2]])


def test_agreement_with_the_same_vectors_is_whole() -> None:
    vectors, _ = aligned(IDS)
    lists = {"here": VECTORS.nearest(3)[0], "brought": vectors.nearest(3)[0]}
    assert agreement_matrix(lists, items=len(IDS), candidates=len(IDS) - 1).overlap[0, 1] == 1.0


# --- lengths that arithmetic cannot bear ---


def npz(vectors: np.ndarray, **more: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, ids=np.array([f"i{row}" for row in range(len(vectors))]), vectors=vectors, **more)
    return file.getvalue()


@pytest.mark.parametrize("factor", [1e-30, 1e-18, 1e18, 1e30, 1e300])
def test_lengths_that_make_every_cosine_zero_are_refused(factor: float) -> None:
    rows = np.random.default_rng(0).normal(size=(6, 4))
    with pytest.raises(UsageError, match=r"row 1 of .* is \d\.\de[+-]\d+ long, .* \(the first of 6\); multiply"):
        read_vectors(npz(rows * factor), name="v.npz")


@given(st.floats(-14, 14), st.integers(0, 100))
def test_any_other_length_gives_the_same_neighbors(power: float, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(6, 4)) + 0.01
    usual, scaled = (read_vectors(npz(rows * factor), name="v.npz").as_item_vectors() for factor in (1.0, 10**power))
    for (item, score), (other, far) in zip(usual.most_similar("i0", 5), scaled.most_similar("i0", 5), strict=True):
        assert score == pytest.approx(far, abs=1e-4), (item, other)


def test_rows_of_zeros_are_left_out_and_it_is_said() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    rows[1] = 0
    brought = read_vectors(npz(rows), name="v.npz")
    assert brought.ids == ("i0", "i2", "i3")
    assert brought.notes[-1] == "1 vector of 'v.npz' is all zeros and left out, for it is near nothing: 'i1'."
    vectors, said = brought.aligned(Vocabulary(["i0", "i1", "i2"]))
    assert (vectors.known.tolist(), "'i1'" in said[0]) == ([True, False, True], True)
    with pytest.raises(UsageError, match=r"all 4 vectors of 'v\.npz' are zeros"):
        read_vectors(npz(rows * 0), name="v.npz")
