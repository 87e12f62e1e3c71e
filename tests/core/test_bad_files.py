"""Bad files: each gives one clear sentence that names the cause, the place and the cure."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recemb_core.item_graph.edge_lists import read_edges
from recemb_core.readers import InputError, load_table
from recemb_core.sequences import read_events, read_sequences

CLICKS = b"user,item,time\nann,tea,1700000000\nann,cup,1700000060\nbob,cup,1700000000\nbob,pot,1700000120\n"


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


NOISE = np.random.default_rng(0).bytes(5_000)
BROKEN_BOOK = zipped(**{"xl/workbook.xml": b"<nonsense", "[Content_Types].xml": b"x"})

CASES: dict[str, tuple[bytes, list[str]]] = {
    "empty": (b"", ["empty (0 bytes)", "export or upload"]),
    "white space": (b"\n \n\n", ["empty (white space only)"]),
    "header only": (b"user,item,time\n", ["header line only", "'user', 'item', 'time'", "export it with its rows"]),
    "header only, tabs": (b"user\titem\ttime", ["header line only", "'item'"]),
    "wrong delimiter": (CLICKS.replace(b",", b"~"), ["one column only", "user~item~time", "set the delimiter"]),
    "one column": (b"item\ntea\ncup\npot\n", ["one column only", "'item'", "delimiter"]),
    "binary": (NOISE, ["binary, not a table", "save it as csv"]),
    "picture": (b"\x89PNG\r\n\x1a\n" + NOISE, ["a PNG picture", "save it as csv"]),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE, ["old Excel workbook (.xls)", "xlsx"]),
    "no number in time": (
        b"user,item,time\nann,tea,yesterday\nann,cup,soon\nbob,cup,1700000000\n",
        ["'time'", "no readable time", "line 2 ('yesterday')", "unix seconds"],
    ),
    "one giant line": (b"user,item,time," * 200_000, ["one line of 3,000,000 bytes", "line break after every row"]),
    "one giant line inside": (CLICKS + b"x" * 2_000_000 + b"\n", ["line 6 is one giant line", "2,000,000 bytes"]),
    "nothing left": (
        b"user,item,time\nann,tea,1700000000\nbob,cup,1700000000\n",
        ["no sequence is left", "short sessions", "min_length is 2", "lower min_length or raise gap_minutes"],
    ),
    "no item column": (
        b"user,time\nann,1700000000\nann,1700000060\n",
        ["no column was recognised as the item", "'user'"],
    ),
    "no user column": (b"item,price\ntea,1\ncup,2\ntea,1\n", ["no column says who", "'item', 'price'", "user"]),
    "damaged parquet": (parquet(pl.read_csv(CLICKS))[:-40], ["damaged parquet file", "download it again"]),
    "parquet in name only": (b"PAR1" + NOISE, ["damaged parquet file"]),
    "damaged workbook": (BROKEN_BOOK, ["damaged Excel workbook", "save it again"]),
    "damaged zip": (zipped(**{"a.csv": CLICKS})[:-30], ["damaged zip archive", "pack it again"]),
    "damaged gzip": (gzip.compress(CLICKS * 50)[:-20], ["damaged gzip archive", "pack it again"]),
    "gzip of noise": (b"\x1f\x8b" + NOISE, ["damaged gzip archive"]),
    "zip without a table": (zipped(**{"photo.jpg": NOISE, "readme.md": b"x"}), ["holds no table", "photo.jpg", "csv"]),
    "zip of other tables": (zipped(**{"a.csv": b"x,y\n1,2\n", "b.csv": b"z,w\n1,2\n"}), ["a.csv", "user or basket"]),
    "a name twice": (b"user,item,item\nann,tea,1\n", ["two columns 'item'", "fields 2 and 3 of line 1", "rename"]),
    "NUL bytes": (CLICKS.replace(b"a", b"\x00"), ["binary", "save it as csv"]),
    "a web page": (b"<html><table><tr><td>ann</td></tr></table></html>", ["web page", "xlsx or csv"]),
    "ragged lines": (
        b"user,item,time\n" + b"ann,tea,big,1700000000\n" * 5 + b"ann,tea,1700000000\n" * 2,
        ["5 lines of 7 do not have the 3 fields", "line 2 has 4", "quotation marks"],
    ),
    "ids that are texts": (
        b"user,item\n" + b"".join(b"ann," + b"x" * 2_000 + b"%d\n" % i for i in range(5)),
        ["over 1,000 characters", "choose a column of ids"],
    ),
    "no items": (
        b"user,item,time\nann,,1700000000\nann,NULL,1700000060\nann,tea,1700000000\n",
        ["no item", "line 2 (empty)"],
    ),
    "json lines": (b'{"user": 1, "item": 2}\n{"user": 1, "it\n', ["line 2 is no JSON object", "one object a line"]),
    "json array": (b'[{"user": 1,]', ["no JSON table", "one object a line"]),
    "an edge list": (b"source,target\na,b\nb,c\n", ["edge list (source → target)", "read_edges"]),
    "OpenDocument": (
        zipped(**{"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<office/>"}),
        ["an OpenDocument spreadsheet (.ods)", "save it as xlsx or csv"],
    ),
    "a letter": (zipped(**{"word/document.xml": b"<w/>", "a.xml": b"<a/>"}), ["a Word document", "save it as xlsx"]),
    "xlsb": (zipped(**{"xl/workbook.bin": b"\0\1"}), ["a binary Excel workbook (.xlsb)", "save it as xlsx"]),
    "never closed": (
        b'user,item\nann,"tea\n' + b"ann,cup, x\n" * 20_000,
        ["never closed", "in line 2", "write two of them"],
    ),
    "comments only": (b"# nothing\n# here\n", ["comments only"]),
    "UTF-16 cut short": (b"\xff\xfe" + "user,item\n".encode("utf-16-le") + b"\x00", ["UTF-16", "save it as UTF-8"]),
}


@pytest.mark.parametrize("case", CASES)
def test_one_sentence(case: str) -> None:
    data, parts = CASES[case]
    with pytest.raises(InputError) as caught:
        read_events(data)
    message = str(caught.value)
    for part in parts:
        assert part in message
    assert "\n" not in message
    assert len(message) < 420
    assert caught.value.__cause__ is None


def test_file_name_is_said() -> None:
    with pytest.raises(InputError, match=r"'clicks\.csv' is empty"):
        load_table(b"", "clicks.csv")


def test_paths(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_events(tmp_path / "missing.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_events(tmp_path)
    with pytest.raises(InputError, match="binary mode"):
        read_events(io.StringIO("user,item\n"))
    with pytest.raises(InputError, match="not int"):
        read_events(3)
    with pytest.raises(InputError, match="no rows"):
        read_events(pl.DataFrame({"user": []}))


def test_missing_column_lists_what_exists() -> None:
    with pytest.raises(InputError, match="no column 'sku' for the item; the columns are 'user', 'item', 'time'"):
        read_events(CLICKS, item="sku")
    with pytest.raises(InputError, match="cannot be both the user and the item"):
        read_events(CLICKS, user="item", item="item")
    with pytest.raises(InputError, match="no column 'x' for the source"):
        read_edges(b"a,b\n1,2\n", source_column="x")


def test_a_few_bad_rows_are_counted_not_raised() -> None:
    bad = CLICKS + b"bob,cup,never\n,cup,1700000000\nbob,,1700000000\n"
    report = read_events(bad).report[0]
    assert report.rows == (7, 4)
    assert "1 row with no readable time in 'time' left out (first: line 6 ('never'))" in report.text
    assert "1 row with no user in 'user' left out (first: line 7 (empty))" in report.text
    assert "1 row with no item in 'item' left out (first: line 8 (empty))" in report.text
    assert report.examples[0] == "line 8 (empty): no item"


def test_a_few_ragged_lines_are_counted() -> None:
    table = load_table(CLICKS + b"bob,tea,with milk,1700000000\nbob,tea\n\n")
    assert table.frame.height == 5
    assert any("1 line with more than 3 fields left out (first: line 6)" in note for note in table.notes)
    assert any("1 line with fewer than 3 fields" in note for note in table.notes)
    assert table.where(4) == "line 7"
    assert set(table.notes) <= set(read_events(table).notes)


def test_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEMB_FILE_MEGABYTES", "1")
    bomb = b"user,item\n" + b"a,b\n" * 2_000_000
    for packed in (
        bomb,
        gzip.compress(bomb, mtime=0),
        zipped(**{"a.csv": bomb}),
        zipped(**{"a.csv.gz": gzip.compress(bomb, mtime=0)}),
    ):
        with pytest.raises(InputError, match="more than 1 MB unpacked, the limit"):
            read_events(packed)


def test_zip_in_zip_in_zip() -> None:
    data = CLICKS
    for _ in range(6):
        data = zipped(**{"a.zip": data}) if data != CLICKS else zipped(**{"a.csv": data})
    with pytest.raises(InputError, match="unpack it once by hand"):
        load_table(data)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"min_count": 3}, "“rare items” removed the last 4 rows; the commonest item has 2 events"),
        ({"max_user_events": 1}, "“over-active users” removed the last 4 rows; the least active user has 2 events"),
        ({"min_rating": 3}, "min_rating needs a column for the rating"),
        ({"event_types": ["buy"]}, "event_types needs a column for the event type"),
        ({"min_dwell_seconds": 3}, "min_dwell_seconds needs a column for the dwell time"),
        ({"min_length": 3}, "the longest of which has 2 events"),
        ({"gap_minutes": 0.5}, "raise gap_minutes (half of all pauses are"),
    ],
)
def test_nothing_left_says_which_step(setting: dict, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_events(CLICKS, **setting)
    assert message in str(caught.value)


def test_filters_that_leave_nothing() -> None:
    data = b"user,item,rating,event,dwell\nann,tea,2,view,3\nann,cup,3,view,4\n"
    for setting, message in (
        ({"min_rating": 4}, "the highest rating is 3"),
        ({"min_dwell_seconds": 9}, "the longest is 4 seconds"),
        ({"event_types": "buy"}, "no event type 'buy' in column 'event'; it holds 'view'"),
    ):
        with pytest.raises(InputError, match=message):
            read_events(data, **setting)


@pytest.mark.parametrize(
    "setting",
    [{"gap_minutes": 0}, {"gap_minutes": float("nan")}, {"min_length": 0}, {"min_count": 1.5}, {"min_rating": "x"}],
)
def test_settings_out_of_range(setting: dict) -> None:
    (name,) = setting
    with pytest.raises(ValueError, match=f"{name} must be"):
        read_events(CLICKS, **setting)


def test_unknown_setting() -> None:
    with pytest.raises(TypeError, match="no setting 'gap'"):
        read_events(CLICKS, gap=3)


def test_side_information_that_does_not_match() -> None:
    with pytest.raises(InputError, match="matches no item: 'item' holds ids like '1'"):
        read_events(CLICKS, side_info=b"item,kind\n1,x\n2,y\n")
    with pytest.raises(InputError, match="'item' only"):
        read_events(CLICKS, side_info=pl.DataFrame({"item": ["tea", "cup"]}))


def test_sequences_of_one_item() -> None:
    with pytest.raises(InputError, match="one item a line"):
        read_sequences(b"tea\ncup\npot\n")
    with pytest.raises(InputError, match="every line holds one item"):
        read_sequences(b"tea cup\ncup pot\n", delimiter=";")


def test_bad_edges() -> None:
    with pytest.raises(InputError, match="'weight': 1 weight not a number over 0, the first in line 3"):
        read_edges(b"source,target,weight\na,b,1\nb,c,-2\n")
    with pytest.raises(InputError, match="no row has both ends"):
        read_edges(b"source,target\na,\n,c\n")


def test_huge_whole_numbers() -> None:
    big = 2**70
    rows = [{"user": "a", "item": big + i, "time": 1_700_000_000 + i} for i in range(3)]
    csv = "user,item,time\n" + "".join(f"a,{r['item']},{r['time']}\n" for r in rows)
    assert read_events(csv.encode()).items.ids == tuple(str(big + i) for i in range(3))
    with contextlib.suppress(InputError):  # a sentence is fine, a polars exception is not
        assert len(read_events("\n".join(map(json.dumps, rows)).encode()).items) == 3


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(alphabet='ab1,;\t\n" |:0-[{}]', max_size=200).map(str.encode)))
@example(b"\xa0")  # white space, though no byte of it is
@pytest.mark.slow
def test_anything_reads_or_says_why(data: bytes) -> None:
    for read in (read_events, read_sequences, read_edges):
        try:
            read(data)
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=6))
@pytest.mark.slow
def test_damaged_files_read_or_say_why(where: int, junk: bytes) -> None:
    frame = pl.read_csv(CLICKS)
    for data in (CLICKS, gzip.compress(CLICKS, mtime=0), zipped(**{"a.csv": CLICKS}), parquet(frame)):
        at = where % len(data)
        with contextlib.suppress(InputError):
            read_events(data[:at] + junk + data[at + len(junk) :])
