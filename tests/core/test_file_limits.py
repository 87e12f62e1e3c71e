"""Limits on what a file may hold: each said in one sentence, each a setting, none met by an honest file."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from recemb_core.reader_pool import ReaderLimits, ReaderPool
from recemb_core.readers import InputError, Reading, load_table
from recemb_core.readers.limits import FileLimits
from recemb_core.sequences import read_events
from tests import bombs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bomb", "sentence"),
    [
        (bombs.far_cell, "reach row 1,048,576 and column 16,384"),
        (bombs.far_row, "reach row 4,294,967,295"),
        (bombs.far_column, "delete what stands far out"),
        (bombs.dictionary, "more than 2,000 MB unpacked"),
        (bombs.wide_parquet, "20,000 columns, and 1,000 is the limit"),
        (bombs.wide_csv, "20,000 columns, and 1,000 is the limit"),
        (bombs.many_members, "holds 30,000 tables"),
        (bombs.deep_json, "901 deep, and 32 is the limit"),
        (bombs.deep_objects, "901 deep, and 32 is the limit"),
        (bombs.deep_array, "deep, and 32 is the limit"),
        (bombs.nested_lists, "601 deep, and 32 is the limit"),
        (bombs.new_keys, "different keys"),
    ],
)
def test_what_is_seen_before_it_costs_anything(bomb: bombs.Maker, sentence: str) -> None:
    name, data = bomb()
    with pytest.raises(InputError) as refused:
        load_table(data, name)
    assert sentence in str(refused.value)
    assert name in str(refused.value)


@pytest.mark.parametrize("bomb", [bombs.blank_lines, bombs.hash_lines])
def test_millions_of_leading_lines_are_skipped_once(bomb: bombs.Maker) -> None:
    name, data = bomb()
    table = load_table(data, name)
    assert table.frame.height == 50
    assert table.where(0) == f"line {data.count(10, 0, data.index(b'user')) + 2}"


@pytest.mark.parametrize("role", ["user", "item", "basket"])
def test_an_id_of_endless_length_is_one_row_left_out(role: str) -> None:
    rows = [{"user": f"u{n % 7}", "item": f"i{n % 11}", "basket": f"b{n % 7}"} for n in range(60)]
    rows[30][role] = "x" * 50_000
    text = "user,item,basket\n" + "".join(",".join(row.values()) + "\n" for row in rows)
    sequences = read_events(text.encode())
    assert "1 row with an id of over 1,000 characters" in str(sequences.report)
    assert max(map(len, sequences.items.ids)) < 10


def test_a_user_of_endless_length_among_sequences() -> None:
    lines = "".join(f'{{"user": "u{n}", "items": ["a", "b", "c{n % 5}"]}}\n' for n in range(40))
    lines += f'{{"user": "{"x" * 50_000}", "items": ["a", "b"]}}\n'
    sequences = read_events(lines.encode())
    assert len(sequences) == 40


@pytest.mark.parametrize("name", [f"RECEMB_FILE_{field.upper()}" for field in FileLimits.__dataclass_fields__])
@pytest.mark.parametrize("text", ["0", "-3", "1.5", "many", "²", "9" * 5_000])
def test_a_setting_that_is_none_is_named(name: str, text: str) -> None:
    with pytest.raises(InputError, match=f"{name}="):
        FileLimits.from_environment({name: text})


def test_a_limit_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEMB_FILE_COLUMNS", "3")
    assert load_table(b"user,item,time\na,b,1\n").frame.width == 3
    with pytest.raises(InputError, match="has 4 columns, and 3 is the limit"):
        load_table(b"user,item,time,more\na,b,1,2\n")


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    pool = ReaderPool(ReaderLimits(megabytes=1_500, seconds=30.0, processes=1))
    yield pool
    pool.close()


WORST = (
    *(bombs.far_row, bombs.dictionary, bombs.repeated_rows, bombs.zips_in_zips, bombs.zeros, bombs.gzip_members),
    *(bombs.deep_json, bombs.one_list, bombs.long_user, bombs.open_quote),
)


@pytest.mark.slow
@pytest.mark.parametrize("bomb", WORST, ids=lambda make: make.__name__)
def test_a_reader_answers_or_is_replaced(pool: ReaderPool, bomb: bombs.Maker) -> None:
    name, data = bomb()
    start, said = time.monotonic(), name
    try:
        pool.read(name, Reading().table, data, name)
    except InputError as refused:
        said = str(refused)
    assert name in said
    assert "\n" not in said
    assert time.monotonic() - start < 150  # the limit of seconds, and a start
    assert pool.read("log.csv", load_table, b"user,item\nann,tea\n", "log.csv").frame.height == 1


def test_a_dictionary_that_many_rows_share_counts_by_what_the_rows_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """An honest parquet file of categories: 300,000 rows of 20,000 names, 11 MB written out."""
    names = pa.array([f"item number {i:08d} of many" for i in range(20_000)])
    rows = np.random.default_rng(0).integers(0, 20_000, 300_000).astype(np.int32)
    out = io.BytesIO()
    table = pa.table({"user": rows // 100, "item": pa.DictionaryArray.from_arrays(pa.array(rows), names)})
    parquet.write_table(table, out, row_group_size=10_000)
    monkeypatch.setenv("RECEMB_FILE_MEGABYTES", "30")
    frame = load_table(out.getvalue(), "log.parquet").frame
    assert frame["item"].to_list()[:3] == [names[int(row)].as_py() for row in rows[:3]]
