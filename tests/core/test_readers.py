"""Recognising files: formats, encodings, delimiters, columns, times and side information."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.item_graph.edge_lists import read_edges
from recemb_core.readers import bin_numeric, guess_columns, load_table, parse_times
from recemb_core.readers.line_scan import scan_lines
from recemb_core.readers.presets import named_items
from recemb_core.sequences import read_events, read_sequences

CLICKS = b"user,item,time\nann,tea,1700000000\nann,cup,1700000060\nbob,cup,1700000000\nbob,pot,1700000120\n"


def lines_of(sequences) -> list[list[str]]:
    return [[sequences.items[t] for t in line] for line in sequences]


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def workbook(*sheets: list[list[object]]) -> bytes:
    """A minimal xlsx: inline strings and numbers."""

    def cell(value: object) -> str:
        if isinstance(value, (int, float)):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbers = range(1, len(sheets) + 1)
    names = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    links = "".join(
        f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/s{n}.xml"/>' for n in numbers
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/s{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
    }
    for number, rows in enumerate(sheets, start=1):
        body = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
        files[f"xl/worksheets/s{number}.xml"] = f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
    return zipped(**{name: text.encode() for name, text in files.items()})


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


ROWS = [line.split(",") for line in CLICKS.decode().splitlines()]


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("csv", CLICKS),
        ("csv", CLICKS.replace(b"\n", b"\r\n")),
        ("csv", CLICKS.replace(b"\n", b"\r")),
        ("csv", CLICKS.rstrip(b"\n")),
        ("csv", b"\xef\xbb\xbf" + CLICKS),
        ("csv", CLICKS.decode().encode("utf-16")),
        ("tsv", CLICKS.replace(b",", b"\t")),
        ("csv", CLICKS.replace(b",", b";")),
        ("csv", CLICKS.replace(b",", b"|")),
        ("csv", CLICKS.replace(b",", b"::")),
        ("csv", b'"user","item","time"\n' + CLICKS.split(b"\n", 1)[1]),
        ("jsonl", "\n".join(json.dumps(dict(zip(ROWS[0], row, strict=True))) for row in ROWS[1:]).encode()),
        ("parquet", parquet(pl.read_csv(CLICKS))),
        ("xlsx", workbook([ROWS[0], *([u, i, int(t)] for u, i, t in ROWS[1:])])),
        ("csv", gzip.compress(CLICKS, mtime=0)),
        (
            "tsv",
            zipped(**{"folder/clicks.tsv": CLICKS.replace(b",", b"\t"), "__MACOSX/x.csv": b"junk", "README": b"hi"}),
        ),
        ("csv", zipped(**{"clicks.csv.gz": gzip.compress(CLICKS, mtime=0)})),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",  # not the bytes: an archive holds the time
)
def test_formats_agree(form: str, data: bytes) -> None:
    table = load_table(data)
    assert table.format == form
    assert lines_of(read_events(data)) == [["tea", "cup"], ["cup", "pot"]]


def test_sources(tmp_path: Path) -> None:
    path = tmp_path / "clicks.csv"
    path.write_bytes(CLICKS)
    buffer = io.BytesIO(CLICKS)
    buffer.read()  # someone has looked at it already
    for source in (path, str(path), CLICKS, bytearray(CLICKS), buffer, path.open("rb"), pl.read_csv(CLICKS)):
        assert lines_of(read_events(source)) == [["tea", "cup"], ["cup", "pot"]]
    assert load_table(path).name == "clicks.csv"


def test_content_decides_over_the_name() -> None:
    assert load_table(CLICKS.replace(b",", b"\t"), "clicks.csv").format == "tsv"
    assert load_table(parquet(pl.read_csv(CLICKS)), "clicks.csv").format == "parquet"


def test_json_array() -> None:
    rows = [{"user": "a", "item": i, "time": t} for i, t in ((1, 0), (2, 60))]
    table = load_table(json.dumps(rows).encode())
    assert table.format == "json"
    assert lines_of(read_events(table)) == [["1", "2"]]


def test_sheets_with_the_same_columns_are_joined() -> None:
    head = ["user", "item", "time"]
    table = load_table(workbook([head, ["a", "x", 1], ["a", "y", 2]], [head, ["a", "z", 3]]))
    assert table.frame["item"].to_list() == ["x", "y", "z"]
    said = next(a for a in table.assumptions if a.name == "part")
    assert "Sheet1', 'Sheet2" in said.words


def test_latin_1_is_said() -> None:
    table = load_table("user,item\nann,café\nann,thé\n".encode("latin-1"))
    assert table.frame["item"].to_list() == ["café", "thé"]
    assert "not UTF-8 (first at line 2)" in table.notes[0]


def test_mixed_encodings_are_said() -> None:
    data = "user,item\nann,café\nann,thé\nann,".encode() + "crème\n".encode("latin-1")
    table = load_table(data)
    assert table.frame["item"].to_list() == ["café", "thé", "crème"]
    assert "line 4" in table.notes[0]
    assert "save the whole file as UTF-8" in table.notes[0]


def test_ids_keep_leading_zeros_and_lose_a_float_tail() -> None:
    s = read_events(b"user,item\n17850.0,007\n17850.0,08\n12.0,08\n12.0,007\n")
    assert set(s.items) == {"007", "08"}
    assert s.users.tolist() == ["17850", "12"]


def test_quoted_fields_with_delimiters_and_line_breaks() -> None:
    data = b'user,item,title\na,x,"Tea, green"\na,y,"Two\nlines"\nb,x,"Say ""hi"""\nb,y,plain\nb,,z\n'
    table = load_table(data)
    assert table.frame["title"].to_list() == ["Tea, green", "Two\nlines", 'Say "hi"', "plain", "z"]
    assert table.where(2) == "line 5"
    report = read_events(data).report[0]
    assert "line 7 (empty)" in report.text


def test_quotation_marks_inside_fields() -> None:
    table = load_table(b'user\titem\na\t5" pipe\na\t6" pipe\nb\t"x\n')
    assert table.frame["item"].to_list() == ['5" pipe', '6" pipe', '"x']
    mixed = load_table(b'user,item\na,5" pipe\na,"tea, green"\n')
    assert mixed.frame["item"].to_list() == ['5" pipe', "tea, green"]


def test_decimal_commas_do_not_hide_the_semicolon() -> None:
    table = load_table(b"user;item;quantity\na;x;1,5\na;y;2,5\n")
    assert (table.delimiter, table.frame.width) == (";", 3)
    assert read_events(table).weights.tolist() == [1.5, 2.5]


@given(st.lists(st.lists(st.text(alphabet='ab,"\n ', max_size=4), min_size=2, max_size=3), min_size=1, max_size=6))
def test_scan_counts_what_the_csv_module_reads(rows: list[list[str]]) -> None:
    import csv

    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    scan = scan_lines(out.getvalue().encode(), ",")
    assert scan.well_formed
    assert scan.fields.tolist() == [len(row) for row in rows]
    breaks = np.cumsum([1] + [1 + sum(f.count("\n") for f in row) for row in rows])[:-1]
    assert scan.lines.tolist() == breaks.tolist()


# Columns


def roles_of(data: bytes | pl.DataFrame) -> dict[str, str]:
    return guess_columns(load_table(data).frame).columns


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("user_id,basket_id,item_id,timestamp,quantity", "1,9,7,1291733820,4",
         {"user": "user_id", "basket": "basket_id", "item": "item_id", "timestamp": "timestamp", "weight": "quantity"}),
        ("visitor,sku,when", "a,x,2020-01-01 10:00", {"user": "visitor", "item": "sku", "timestamp": "when"}),
        ("CustomerKey,Customer ID,Product ID,Order Date", "1,a,x,2020-01-01",
         {"user": "Customer ID", "item": "Product ID", "timestamp": "Order Date"}),
        ("userId,trackId,playCount", "a,x,3", {"user": "userId", "item": "trackId", "weight": "playCount"}),
        ("user_id,item_id,item_name,rating", "a,x,X,4",
         {"user": "user_id", "item": "item_id", "title": "item_name", "rating": "rating"}),
        ("SessionId,ItemId,Time", "1,7,2014-04-07T10:51:09.277Z",
         {"session": "SessionId", "item": "ItemId", "timestamp": "Time"}),
    ],
)  # fmt: skip
def test_names(header: str, row: str, expected: dict[str, str]) -> None:
    assert roles_of(f"{header}\n{row}\n{row}\n".encode()) == expected


def test_content_where_names_say_nothing() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "who cares": [1.5] * 400,
            "moment": rng.integers(1_600_000_000, 1_600_100_000, 400),
            "thing": [f"t{i}" for i in rng.integers(0, 30, 400)],
            "customer": [f"c{i}" for i in rng.integers(0, 20, 400)],
            "kind": rng.choice(["a", "b"], 400),
        }
    )
    assert guess_columns(frame).columns == {"user": "customer", "item": "thing", "timestamp": "moment"}


def test_columns_without_names() -> None:
    rng = np.random.default_rng(0)
    rows = zip(
        rng.integers(1, 9, 200),
        rng.integers(100, 130, 200),
        rng.choice(["pv", "buy"], 200),
        rng.integers(0, 9, 200),
        strict=True,
    )
    data = "".join(f"{u},{i},{event},{1_511_544_070 + t}\n" for u, i, event, t in rows).encode()
    expected = {"user": "column_1", "item": "column_2", "event_type": "column_3", "timestamp": "column_4"}
    assert roles_of(data) == expected


def test_every_part_can_be_set() -> None:
    frame = load_table(CLICKS).frame
    assert guess_columns(frame, timestamp=None).timestamp is None
    assert guess_columns(frame, user="item", item="user").columns["user"] == "item"
    mapping = guess_columns(frame).with_roles(timestamp=None, basket="user", user=None)
    assert mapping.shape == "baskets"
    assert not read_events(load_table(CLICKS), mapping=mapping).ordered
    with pytest.raises(ValueError, match="no role 'colour'"):
        guess_columns(frame, colour="item")


def test_step_log() -> None:
    data = (
        b"session_id,order,item_id,category,price,country,day\n"
        b"s1,2,b,cups,4,UK,2020-01-01\ns1,1,a,teas,2,UK,2020-01-01\ns2,1,b,cups,4,FR,2020-01-01\ns2,2,c,pots,9,FR,2020-01-01\n"
        b"s3,1,a,teas,2,UK,2020-01-02\ns3,2,c,pots,9,UK,2020-01-02\n"
    )
    mapping = guess_columns(load_table(data).frame)
    assert (mapping.session, mapping.order, mapping.item) == ("session_id", "order", "item_id")
    s = read_events(data)
    assert s.ordered
    assert lines_of(s) == [["a", "b"], ["b", "c"], ["a", "c"]]
    fields = dict(zip(s.items, s.side_info["category"], strict=True))
    assert fields == {"a": "teas", "b": "cups", "c": "pots"}
    assert "country" not in s.side_info.columns


def test_movielens_zip_takes_the_films_along() -> None:
    films = (
        "movieId,title,genres\n1,Toy Story (1995),Adventure|Comedy\n"
        '2,"Heat, The (1995)",Action\n3,None,(no genres listed)\n'
    )
    ratings = "userId,movieId,rating,timestamp\n" + "".join(f"1,{m},{m + 1},{1_000_000_000 + m}\n" for m in (1, 2, 3))
    data = zipped(
        **{
            "ml/ratings.csv": ratings.encode(),
            "ml/movies.csv": films.encode(),
            "ml/tags.csv": b"userId,movieId,tag,timestamp\n1,1,x,1\n",
            "ml/README.txt": b"hello",
        }
    )
    table = load_table(io.BytesIO(data))
    assert guess_columns(table.frame).preset == "MovieLens"
    s = read_events(data)
    assert s.items.ids == ("1", "2", "3")
    assert s.side_info["title"].to_list() == ["Toy Story (1995)", "Heat, The (1995)", None]
    assert s.side_info["genres"].to_list() == [["Adventure", "Comedy"], ["Action"], None]
    assert lines_of(read_events(data, min_rating=3)) == [["2", "3"]]


def test_movielens_100k() -> None:
    events = b"196\t242\t3\t881250949\n196\t302\t4\t881250950\n22\t242\t1\t881250951\n22\t302\t5\t881250952\n"
    flags = ["0"] * 19
    flags[5] = flags[8] = "1"
    films = [
        f"{number}|{title}|24-Jan-1997||http://x|{'|'.join(flags)}"
        for number, title in ((242, "Kolya (1996)"), (302, "Thé"))
    ]
    data = zipped(**{"ml-100k/u.data": events, "ml-100k/u.item": "\n".join(films).encode("latin-1"), "u.user": b"1|2"})
    s = read_events(data)
    assert s.users.tolist() == ["196", "22"]
    assert set(s.side_info["title"]) == {"Kolya (1996)", "Thé"}
    assert s.side_info["genres"].to_list()[0] == ["Comedy", "Drama"]


RETAIL = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,HEART HOLDER,6,12/1/2010 8:26,2.55,17850.0,United Kingdom
536365,71053,LANTERN,6,12/1/2010 8:26,3.39,17850.0,United Kingdom
536365,71053,LANTERN,2,12/1/2010 8:26,3.39,17850.0,United Kingdom
C536379,71053,LANTERN,-1,12/1/2010 9:41,3.39,17850.0,United Kingdom
536380,22752,BOXES,2,12/13/2010 8:34,7.65,13047.0,France
536380,85123A,HEART HOLDER,2,12/13/2010 8:34,2.55,13047.0,France
536381,85123A,heart holder?,2,12/13/2010 8:34,2.95,,France
536381,22752,BOXES,2,12/13/2010 8:34,7.65,,France
536382,22752,BOXES,-2,12/13/2010 8:34,7.65,13047.0,France
"""


def test_online_retail() -> None:
    table = load_table(RETAIL.encode())
    assert guess_columns(table.frame).preset == "UCI Online Retail"
    s = read_events(table)
    assert not s.ordered
    assert sorted(map(sorted, lines_of(s))) == [["22752", "85123A"], ["22752", "85123A"], ["71053", "85123A"]]
    assert s.items.ids == ("85123A", "22752", "71053")
    assert s.side_info["title"].to_list() == ["HEART HOLDER", "BOXES", "LANTERN"]
    assert s.users.tolist() == ["17850", "13047", "unknown 1"]
    steps = {step.name: step for step in s.report}
    assert steps["filter: cancellations"].dropped_rows == 1
    assert steps["filter: returns"].dropped_rows == 1
    assert steps["repeats"].dropped_rows == 1
    assert dict(
        zip(zip(*(map(str, x) for x in ([s.items[t] for t in s.tokens], s.weights)), strict=True), s, strict=False)
    )
    assert float(s.weights[s.tokens == s.items.row("71053")][0]) == 8.0


def test_retail_rocket() -> None:
    data = (
        b"timestamp,visitorid,event,itemid,transactionid\n"
        b"1433221332117,257597,view,355908,\n1433221342117,257597,addtocart,248676,\n1433221392117,257597,transaction,355908,7\n"
    )
    mapping = guess_columns(load_table(data).frame)
    assert (mapping.preset, mapping.basket) == ("RetailRocket", None)
    s = read_events(data)
    assert s.timestamps[0] == 1433221332.117
    assert lines_of(read_events(data, event_types=["view", "addtocart"])) == [["355908", "248676"]]


def test_recbole_files() -> None:
    events = b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t7\t4\t978300760\n1\t8\t3\t978300761\n"
    items = b"item_id:token\tmovie_title:token_seq\tclass:token_seq\n7\tToy Story\tA B\n8\tHeat\tC\n"
    s = read_events(zipped(**{"ml.inter": events, "ml.item": items}))
    assert lines_of(s) == [["7", "8"]]
    assert s.side_info["class"].to_list() == [["A", "B"], ["C"]]
    assert s.side_info["title"].to_list() == ["Toy Story", "Heat"]
    lists = read_events(b"session_id:token\titem_id_list:token_seq\n1\t7 8 9\n2\t8 9\n")
    assert lines_of(lists) == [["7", "8", "9"], ["8", "9"]]


def test_zip_by_content() -> None:
    items = b"item,title,kind\ntea,Tea,drink\ncup,Cup,ware\npot,Pot,ware\n"
    table = load_table(zipped(**{"a/products.csv": items, "a/log.csv": CLICKS}))
    assert table.companion is not None
    assert read_events(table).side_info["kind"].drop_nulls().len() == 3


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a b c\nb c\n", [["a", "b", "c"], ["b", "c"]]),
        (b"a\tb\tc\nb\tc\n\n", [["a", "b", "c"], ["b", "c"]]),
        (b"a, b, c\nb, c\n", [["a", "b", "c"], ["b", "c"]]),
        (b"green tea,cup\ncup,a big pot,x\n", [["green tea", "cup"], ["cup", "a big pot", "x"]]),
        (b"a a\nb\n", [["a", "a"], ["b"]]),
    ],
)
def test_one_sequence_a_line(data: bytes, expected: list[list[str]]) -> None:
    s = read_sequences(data)
    assert lines_of(s) == expected
    assert s.ordered


def test_one_sequence_a_line_is_recognised() -> None:
    data = b"a b c\nb c\nc a b a\na\nb c\n"
    assert guess_columns(load_table(data).frame).shape == "sequences"
    assert lines_of(read_events(data)) == [["a", "b", "c"], ["b", "c"], ["c", "a", "b", "a"], ["b", "c"]]
    assert lines_of(read_events(b"a,b,c\nb,c,a\nc,a,b\n")) == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]


# Times


@pytest.mark.parametrize(
    "text",
    [
        "1323435000", "1323435000000", "1323435000000000", "2011-12-09 12:50", "2011-12-09T12:50:00Z",
        "2011-12-09 12:50:00", "2011-12-09T13:50:00+01:00", "2011-12-09 12:50:00.000", "2011/12/09 12:50",
        "12/9/2011 12:50", "09.12.2011 12:50", "20111209125000", "9 Dec 2011 12:50", "Dec 9, 2011 12:50",
        "12/9/2011 12:50 PM", "12/9/11 12:50", "2011-12-09 12:50:00 UTC", "2011-12-09T12:50:00.000Z",
        "09/Dec/2011:12:50:00 +0000", "Fri, 09 Dec 2011 12:50:00 GMT",
    ],
)  # fmt: skip
def test_time_forms(text: str) -> None:
    assert parse_times(pl.Series([text, text, None])).seconds.to_list() == [1323435000.0, 1323435000.0, None]


def test_times_of_other_types() -> None:
    from datetime import date, datetime

    assert parse_times(pl.Series([datetime(2011, 12, 9, 12, 50)])).seconds.to_list() == [1323435000.0]
    assert parse_times(pl.Series([datetime(2011, 12, 9, 12, 50)]).dt.replace_time_zone("Europe/Paris")).seconds[0] == (
        1323435000.0 - 3600
    )
    days = parse_times(pl.Series([date(2011, 12, 9)]))
    assert days.seconds[0] == 1323388800.0
    assert parse_times(pl.Series([20101201, 20101202])).seconds.diff()[1] == 86_400
    assert parse_times(pl.Series(["2014-12-06 02"])).seconds[0] == 1417831200.0
    assert parse_times(pl.Series([40886.5347222])).seconds[0] == 1323435000.0  # Excel's 2011-12-09 12:50
    assert parse_times(pl.Series([0, 60, 3600])).seconds.to_list() == [0.0, 60.0, 3600.0]


def test_day_or_month_is_decided_on_the_whole_column() -> None:
    ambiguous = ["3/4/2020 10:00"] * 3
    day_first = parse_times(pl.Series([*ambiguous, "25/4/2020 10:00"]))
    month_first = parse_times(pl.Series([*ambiguous, "4/25/2020 10:00"]))
    assert day_first.seconds[0] - month_first.seconds[0] == 29 * 86_400 + 86_400
    assert "Day first" in day_first.notes[0]
    open_case = parse_times(pl.Series(ambiguous))
    assert "No date tells" in open_case.notes[0]
    assert parse_times(pl.Series(ambiguous), day_first=True).seconds[0] == day_first.seconds[0]


# Side information


def test_side_information_from_a_second_file() -> None:
    side = b"item,name,price,tags\ncup,Cup,3.5,a|b\ntea,Tea,2.5,b\nspoon,Spoon,1.0,a\n"
    s = read_events(CLICKS, side_info=side)
    assert s.items.ids == ("cup", "pot", "tea")
    assert s.side_info["title"].to_list() == ["Cup", None, "Tea"]
    assert s.side_info["tags"].to_list() == [["a", "b"], None, ["b"]]
    text = s.report[-1].text
    assert "1 item without any, 1 row without an item" in text


def test_side_information_by_another_name() -> None:
    s = read_events(CLICKS, side_info=pl.DataFrame({"article": ["tea", "cup"], "kind": ["drink", "ware"]}))
    assert s.side_info["kind"].to_list() == ["ware", None, "drink"]


def test_bins() -> None:
    values = pl.Series("price", np.arange(100) / 4)
    binned = bin_numeric(values, 4)
    assert binned.value_counts()["count"].to_list() == [25] * 4
    assert binned[0] == "0 to 6"
    assert bin_numeric(pl.Series([1, 1, 1, 9])).to_list() == ["1", "1", "1", "9"]
    assert bin_numeric(pl.Series(["x", None])).to_list() == [None, None]
    assert bin_numeric(pl.Series([float("nan"), float("inf"), 2.0])).to_list() == [None, None, "2"]
    with pytest.raises(ValueError, match="bins"):
        bin_numeric(values, 0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.integers(1, 7))
@pytest.mark.slow
def test_bins_keep_the_order(values: list[float], bins: int) -> None:
    labels = bin_numeric(pl.Series(values), bins).to_list()
    groups: dict[str, list[float]] = {}
    for value, label in zip(values, labels, strict=True):
        groups.setdefault(label, []).append(value)
    assert len(groups) <= bins
    spans = sorted((min(g), max(g)) for g in groups.values())
    assert all(a[1] < b[0] for a, b in itertools.pairwise(spans))


# Edge lists


@pytest.mark.parametrize(
    "data",
    [
        b"source,target\ntea,cup\ncup,pot\n",
        b"from\tto\tweight\ntea\tcup\t1\ncup\tpot\t1\n",
        b"u v\ntea cup\ncup pot\n",
        b"tea,cup\ncup,pot\n",
        b"# Nodes: 3 Edges: 2\n# FromNodeId\tToNodeId\ntea\tcup\ncup\tpot\n",
        b"tea cup 1.0\ncup pot 1.0\n",
    ],
)
def test_edge_lists(data: bytes) -> None:
    graph = read_edges(data)
    assert graph.items.ids == ("tea", "cup", "pot")
    assert graph.num_edges == 2
    assert graph.weights.tolist() == [1, 1, 1, 1]


def test_edge_lists_say_what_was_left_out() -> None:
    data = b"a,b,n,w\nx,y,1,2\ny,x,1,3\nx,x,1,1\n,y,1,1\n"
    graph = read_edges(data)
    assert "1 self-loop left out" in graph.rule
    assert "1 repeated row added up" in graph.rule
    assert "line 5" in graph.rule
    assert graph.weights.tolist() == [5, 5]
    assert read_edges(data, directed=True).num_edges == 2
    assert read_edges(data, source_column="a", target_column="b", weight="n").weights.tolist() == [2, 2]


def test_three_columns_without_names_are_films_where_most_titles_end_in_a_year() -> None:
    films = pl.DataFrame({"column_1": ["1", "2"], "column_2": ["Heat (1995)", "Casino (1995)"], "column_3": ["a", "b"]})
    assert named_items(films).columns == ["movie_id", "title", "genres"]
    one = films.with_columns(column_2=pl.Series(["Heat (1995)", "a lamp"]))
    assert named_items(one).columns == films.columns
    numbers = films.with_columns(column_2=pl.Series([1, 2]))
    assert named_items(numbers).columns == films.columns
