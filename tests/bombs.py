"""Small files that ask for more than they look: each a name, its bytes, and nothing that a reader should end by."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator

import numpy as np

Bomb = tuple[str, bytes]
Maker = Callable[[], "Bomb"]
_HEADER = "user,item,time\n"


def _rows(count: int, start: int = 0) -> str:
    return "".join(f"u{i % 97},i{i % 31},{1_700_000_000 + i}\n" for i in range(start, start + count))


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def workbook(rows: str, strings: str | None = None, dimension: str = "A1:C2") -> bytes:
    """A workbook of one sheet with these rows, as small as one can be written by hand."""
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        '<Override PartName="/xl/sharedStrings.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    )
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    members = {
        "[Content_Types].xml": types,
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Log" sheetId="1" '
        'r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" '
        f'Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><dimension ref="{dimension}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>",
    }
    if strings is not None:
        members["xl/sharedStrings.xml"] = f'<sst xmlns="{main}">{strings}</sst>'
    return _zip({name: text.encode() for name, text in members.items()})


def _cells(row: int, values: dict[str, str]) -> str:
    inside = "".join(f'<c r="{column}{row}" t="inlineStr"><is><t>{v}</t></is></c>' for column, v in values.items())
    return f'<row r="{row}">{inside}</row>'


_HEAD_ROW = _cells(1, {"A": "user", "B": "item", "C": "time"})


def far_cell() -> Bomb:
    """A cell in the last corner that a sheet can have: as a dense table, 17 thousand million cells."""
    return "far_cell.xlsx", workbook(_HEAD_ROW + _cells(1_048_576, {"XFD": "x"}), dimension="A1:XFD1048576")


def far_row() -> Bomb:
    return "far_row.xlsx", workbook(_HEAD_ROW + _cells(4_294_967_295, {"A": "x"}))


def far_column() -> Bomb:
    return "far_column.xlsx", workbook(_HEAD_ROW + _cells(2, {"ZZZZZZ": "x"}))


def shared_strings() -> Bomb:
    rows = "".join(f'<row r="{r}">' + '<c t="s"><v>0</v></c>' * 3 + "</row>" for r in range(2, 150_000))
    return "shared_strings.xlsx", workbook(_HEAD_ROW + rows, f"<si><t>{'x' * 32_000}</t></si>")


def many_sheets() -> Bomb:
    data = io.BytesIO(workbook(_HEAD_ROW + _cells(2, {"A": "u", "B": "i", "C": "1"})))
    sheets = "".join(f'<sheet name="S{i}" sheetId="{i + 1}" r:id="rId1"/>' for i in range(20_000))
    with zipfile.ZipFile(data) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    book = members["xl/workbook.xml"].decode()
    start, end = book.index("<sheets>") + 8, book.index("</sheets>")
    members["xl/workbook.xml"] = (book[:start] + sheets + book[end:]).encode()
    return "many_sheets.xlsx", _zip(members)


def _parquet(columns: dict[str, object], **options: object) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out, **options)  # type: ignore[arg-type]
    return out.getvalue()


def dictionary() -> Bomb:
    """A parquet column of one long value in every row: written once, held a hundred thousand times."""
    import pyarrow as pa

    count = 100_000
    long = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array(["x" * 60_000]))
    users = pa.array([f"u{i % 50}" for i in range(count)])
    return "dictionary.parquet", _parquet({"user": users, "item": long, "time": pa.array(np.arange(count))})


def repeated_rows() -> Bomb:
    """Four hundred million equal rows in a few kilobytes."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    out = io.BytesIO()
    block = pa.table({"user": pa.array(np.zeros(4_000_000, np.int64)), "item": pa.array(np.ones(4_000_000, np.int64))})
    with parquet.ParquetWriter(out, block.schema, compression="zstd") as writer:
        for _ in range(100):
            writer.write_table(block, row_group_size=4_000_000)
    return "repeated_rows.parquet", out.getvalue()


def deep_parquet() -> Bomb:
    import pyarrow as pa

    kind = pa.int64()
    for _ in range(200):
        kind = pa.list_(kind)
    deep = pa.array([None, None], type=kind)
    return "deep.parquet", _parquet({"user": pa.array(["a", "b"]), "item": deep})


def wide_parquet() -> Bomb:
    return "wide.parquet", _parquet({f"c{i}": np.zeros(1) for i in range(20_000)})


def zips_in_zips() -> Bomb:
    """Sixteen zips of sixteen zips of a table of zeros each: four gigabytes in a few kilobytes."""
    table = (_HEADER + "u,i,1\n" * 3_000_000).encode()
    inner = _zip({"log.csv": table})
    middle = _zip({f"{i}.zip": inner for i in range(16)})
    return "tree.zip", _zip({f"{i}.zip": middle for i in range(16)})


def many_members() -> Bomb:
    return "members.zip", _zip({f"{i}.csv": b"user,item\na,b\n" for i in range(30_000)})


def zeros() -> Bomb:
    return "zeros.csv.gz", _gzip_of(b"\x00", 8 << 30)


def gzip_of_gzip() -> Bomb:
    return "twice.csv.gz.gz", gzip.compress(_gzip_of(b"\n", 4 << 30))


def gzip_members() -> Bomb:
    """Ten thousand gzip members one behind the other, a megabyte of one line each."""
    return "members.csv.gz", gzip.compress(_HEADER.encode()) + gzip.compress(b"u,i,1\n" * 200_000) * 2_000


def _gzip_of(piece: bytes, size: int) -> bytes:
    out = io.BytesIO()
    block = piece * (1 << 20)
    # The same compressed block again and again: members of a gzip file stand one behind the other.
    packed = gzip.compress(block * 64)
    for _ in range(size // (64 << 20)):
        out.write(packed)
    return gzip.compress(gzip.decompress(packed)[:16]) + out.getvalue()


def deep_json() -> Bomb:
    deep = "[" * 900 + "]" * 900
    return "deep.jsonl", "\n".join(f'{{"user": "u{i}", "item": {deep}}}' for i in range(40)).encode()


def deep_objects() -> Bomb:
    deep = '{"a":' * 900 + "1" + "}" * 900
    return "objects.jsonl", "\n".join(f'{{"user": "u{i}", "item": {deep}}}' for i in range(40)).encode()


def deep_array() -> Bomb:
    return "deep.json", ('[{"user": "a", "item": ' + "[" * 100_000 + "]" * 100_000 + "}]").encode()


def new_keys() -> Bomb:
    """Every row of a JSON file has a key that no other has."""
    return "keys.jsonl", "\n".join(json.dumps({"user": i, "item": i % 7, f"k{i}": 1}) for i in range(20_000)).encode()


def nested_lists() -> Bomb:
    deep = "[" * 600 + '"a"' + "]" * 600
    return "lists.jsonl", "\n".join(f'{{"items": {deep}}}' for _ in range(200)).encode()


def one_list() -> Bomb:
    """One row whose list holds millions of items."""
    return "list.jsonl", b'{"user": "a", "items": [' + b"1," * 3_000_000 + b"1]}\n"


def long_number() -> Bomb:
    return "number.jsonl", ('{"user": 1, "item": ' + "9" * 900_000 + "}\n").encode() * 3


def long_user() -> Bomb:
    """One user id of 50,000 characters among 20,000: as an array of equal widths, 4 GB."""
    rows = "".join(f"user{i},i{i % 31},{1_700_000_000 + i}\n" for i in range(20_000))
    return "long_user.csv", (_HEADER + rows + f"{'x' * 50_000},i1,1700000000\n").encode()


def long_item() -> Bomb:
    rows = "".join(f"u{i % 97},item{i},{1_700_000_000 + i}\n" for i in range(20_000))
    return "long_item.csv", (_HEADER + rows + f"u1,{'x' * 50_000},1700000000\n").encode()


def long_token() -> Bomb:
    lines = "".join(f"i{i} i{i + 1} i{i + 2}\n" for i in range(20_000))
    return "long_token.txt", (lines + "x" * 60_000 + " i1 i2\n").encode()


def long_field_value() -> Bomb:
    rows = "".join(f"u{i % 97},item{i % 900},{1_700_000_000 + i},c{i % 900}\n" for i in range(20_000))
    return "long_value.csv", ("user,item,time,category\n" + rows + f"u1,i1,1700000000,{'x' * 90_000}\n").encode()


def long_names() -> Bomb:
    return "long_names.csv", (f"user,item,{'n' * 400_000}\n" + _rows(300).replace("\n", ",1\n")).encode()


def blank_lines() -> Bomb:
    return "blank.csv", b"\n" * 4_000_000 + (_HEADER + _rows(50)).encode()


def hash_lines() -> Bomb:
    return "hash.csv", b"#\n" * 3_000_000 + (_HEADER + _rows(50)).encode()


def blank_between() -> Bomb:
    return "between.csv", (_HEADER + "\n" * 4_000_000 + _rows(50)).encode()


def quotes() -> Bomb:
    return "quotes.csv", (_HEADER + '"' * 900_001 + "\n" + _rows(50)).encode()


def open_quote() -> Bomb:
    return "open_quote.csv", (_HEADER + '"' + _rows(200_000)).encode()


def wide_csv() -> Bomb:
    header = ",".join(f"c{i}" for i in range(20_000))
    return "wide.csv", (header + "\n" + ",".join("1" for _ in range(20_000)) + "\n").encode()


def ragged() -> Bomb:
    draw = random.Random(0)
    return "ragged.csv", (_HEADER + "".join("," * draw.randint(0, 3_000) + "\n" for _ in range(3_000))).encode()


def delimiters() -> Bomb:
    return "delimiters.csv", b"," * 900_000 + b"\n" + b"," * 900_000 + b"\n"


def utf16() -> Bomb:
    return "utf16.csv.gz", gzip.compress(("user,item\n" + "\u4e00,\u4e8c\n" * 20_000_000).encode("utf-16"))


def duplicate_columns() -> Bomb:
    return "same.csv", (",".join(["a"] * 5_000) + "\n" + ",".join(["1"] * 5_000) + "\n").encode()


def far_times() -> Bomb:
    rows = "".join(f"u{i % 9},i{i % 5},{'9' * (i % 300 + 1)}\n" for i in range(5_000))
    return "far_times.csv", (_HEADER + rows).encode()


def many_edges() -> Bomb:
    rows = "".join(f"n{i},n{i * 7919 % 100_003},1e308\n" for i in range(100_000))
    return "edges.csv", ("source,target,weight\n" + rows).encode()


def one_user() -> Bomb:
    """One user with every event, each with another item: the most pairs that a log of its size can have."""
    rows = "".join(f"u,i{i},{1_700_000_000 + i}\n" for i in range(200_000))
    return "one_user.csv", (_HEADER + rows).encode()


def one_basket() -> Bomb:
    """One basket of fifty thousand items: two and a half thousand million pairs, were all of them formed."""
    rows = "".join(f"b,i{i}\n" for i in range(50_000))
    return "one_basket.csv", ("basket,item\n" + rows + "c,i1\nc,i2\n").encode()


def local_name() -> Bomb:
    """A zip whose directory says a small size and whose member is large."""
    data = bytearray(_zip({"log.csv": (_HEADER + "u,i,1\n" * 2_000_000).encode()}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    return "lying.zip", bytes(data)


MAKERS: tuple[Maker, ...] = (
    *(far_cell, far_row, far_column, shared_strings, many_sheets),
    *(dictionary, repeated_rows, deep_parquet, wide_parquet),
    *(zips_in_zips, many_members, zeros, gzip_of_gzip, gzip_members, local_name),
    *(deep_json, deep_objects, deep_array, new_keys, nested_lists, one_list, long_number),
    *(long_user, long_item, long_token, long_field_value, long_names),
    *(blank_lines, hash_lines, blank_between, quotes, open_quote, wide_csv, ragged, delimiters),
    *(utf16, duplicate_columns, far_times, many_edges, one_user, one_basket),
)


def bombs() -> Iterator[Bomb]:
    """All of them, made one at a time."""
    for make in MAKERS:
        yield make()
