"""Rows that hold several events, JSON by user, times in parts, fields that repeat, workbooks as people keep them."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

import polars as pl
import pytest

from recemb_core.readers import InputError, Reading, load_table
from recemb_core.sequences import Sequences, read_events

Cell = str | int | float | dt.datetime | dt.date | dt.time | None
DAYS, USERS = 2, 6
LOG = [
    (f"u{user}", f"x{(3 * user + 5 * day + 2 * step) % 11}", 1_600_000_000 + 86_400 * day + 601 * user + 60 * step)
    for user in range(USERS)
    for day in range(DAYS)
    for step in range(2 + (user + day) % 3)
]
BY_USER = {user: [(item, time) for u, item, time in LOG if u == user] for user, _, _ in LOG}


def lists(s: Sequences) -> list[list[str]]:
    return sorted([s.items[t] for t in line] for line in s)


def read(data: object, reading: Reading | None = None) -> list[list[str]]:
    return lists(read_events(data, reading=reading or Reading()))


def plain(rows: Sequence[tuple[object, ...]], header: str) -> bytes:
    return "\n".join([header, *(",".join("" if v is None else str(v) for v in row) for row in rows)]).encode()


USUAL = read(plain(LOG, "user,item,time"))
WHOLE = sorted([item for item, _ in events] for events in BY_USER.values())


def other(data: bytes, name: str, name_of_file: str = "log") -> Reading:
    """The reading by the first alternative of an assumption."""
    table = load_table(data, name_of_file)
    s = read_events(data)
    said = next(a for a in s.assumptions if a.name == name and a.alternatives)
    return Reading().completed(table).changed(dict(said.alternatives[-1].changes))


def said(data: object, name: str) -> list[str]:
    return [a.words for a in read_events(data).assumptions if a.name == name]


# --- numbered columns ---

MOST = max(map(len, BY_USER.values()))


def wide(item: str, time: str, first: int = 1, *, without: str = "") -> bytes:
    head = [without or "user"] + [name.format(n) for n in range(first, first + MOST) for name in (item, time)]
    rows = []
    for user, events in BY_USER.items():
        fields: list[object] = [user] + [v for event in events for v in event]
        rows.append((*fields, *[""] * (len(head) - len(fields))))
    return plain(rows, ",".join(head))


@pytest.mark.parametrize(
    ("item", "time"),
    [
        ("item_{}", "time_{}"),
        ("Item {}", "Time {}"),
        ("item{}_id", "item{}_timestamp"),
        ("events.{}.sku", "events.{}.ts"),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.slow
def test_numbered_columns_become_rows(item: str, time: str, first: int) -> None:
    data = wide(item, time, first)
    assert read(data) == USUAL
    assert not any(a.name == "unfold" and a.doubtful for a in read_events(data).assumptions)
    reading = other(data, "unfold")
    assert reading.unfold == "nothing"
    assert len(load_table(data, unfold="nothing").frame) == USERS
    assert read(data, Reading(unfold="numbered columns")) == USUAL


def test_places_without_an_item_and_rows_without_any_are_counted() -> None:
    rows: list[tuple[object, ...]] = [("u1", "a", 7, "", 9), ("u2", "", "", "", ""), ("u3", "b", 7, "a", 8)]
    table = load_table(plain(rows, "user,item_1,qty_1,item_2,qty_2"))
    assert table.frame.rows() == [("u1", "a", "7"), ("u3", "b", "7"), ("u3", "a", "8")]
    words = next(a.words for a in table.assumptions if a.name == "unfold")
    assert "1 place without an item was left out." in words
    assert "1 row without any was left out." in words


def test_rows_that_name_nobody_are_baskets_of_their_own() -> None:
    rows: list[tuple[object, ...]] = [(n, f"a{n % 3}", 1, f"b{n % 4}", 2) for n in range(12)]
    s = read_events(plain(rows, "nr,item_1,qty_1,item_2,qty_2"))
    assert (len(s), len(s.tokens), s.ordered) == (12, 24, False)


def test_numbered_properties_of_an_item_stay() -> None:
    rows: list[tuple[object, ...]] = [(u, i, "p", 1, "q", 2) for u, i, _ in LOG]
    s = read_events(plain(rows, "user,item_id,product_1,score_1,product_2,score_2"))
    assert len(s.tokens) == len(LOG)
    assert any(c.changes == (("unfold", "numbered columns"),) for a in s.assumptions for c in a.alternatives)


# --- lists side by side ---

PARALLEL = [
    {"user_id": u, "item_ids": [i for i, _ in events], "timestamps": [t for _, t in events]}
    for u, events in BY_USER.items()
]


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def in_text(form: str) -> bytes:
    frame = pl.DataFrame(
        {
            "user_id": list(BY_USER),
            "item_ids": [_listed([i for i, _ in events], form) for events in BY_USER.values()],
            "times": [_listed([t for _, t in events], form) for events in BY_USER.values()],
        }
    )
    return frame.write_csv().encode()


def _listed(values: list[object], form: str) -> str:
    if form == "python":
        return repr(values)
    if form == "json":
        return json.dumps(values)
    if form == "numpy":
        texts = [repr(v) for v in values]
        return "[" + " ".join(texts[:3]) + "".join(f"\n {text}" for text in texts[3:]) + "]"
    return form.join(map(str, values))


SIDE_BY_SIDE = {
    "json lines": "\n".join(map(json.dumps, PARALLEL)).encode(),
    "json": json.dumps(PARALLEL).encode(),
    "keyed": json.dumps(
        {row["user_id"]: {k: v for k, v in row.items() if k != "user_id"} for row in PARALLEL}
    ).encode(),
    "parquet": parquet(pl.DataFrame(PARALLEL)),
    **{f"csv, {form}": in_text(form) for form in ("python", "json", "numpy", "|", ";")},
}


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_lists_of_equal_length_become_rows(name: str) -> None:
    data = SIDE_BY_SIDE[name]
    s = read_events(data)
    assert lists(s) == USUAL
    assert s.timestamps is not None
    if name != "keyed":
        assert read(data, other(data, "unfold")) == WHOLE


def test_lists_of_unequal_length_stay() -> None:
    rows = [dict(row, timestamps=row["timestamps"][1:]) for row in PARALLEL]  # type: ignore[index]
    assert read("\n".join(map(json.dumps, rows)).encode()) == WHOLE


def test_cells_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEMB_FILE_CELLS", "100")
    for data in (SIDE_BY_SIDE["json"], wide("item_{}", "time_{}"), baskets("1", "0")):
        with pytest.raises(InputError, match="RECEMB_FILE_CELLS"):
            load_table(data)


# --- columns of 0 and 1 ---

BASKETS = [[f"x{(n * k) % 9}" for k in range(1, 3 + n % 3)] for n in range(1, 25)]
CATALOG = sorted({item for basket in BASKETS for item in basket})


def baskets(yes: str, no: str, first: str = "basket") -> bytes:
    rows = [(n, *(yes if item in basket else no for item in CATALOG)) for n, basket in enumerate(BASKETS)]
    return plain(rows, ",".join([first, *CATALOG]))


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("TRUE", "FALSE"), ("1.0", "0.0"), ("True", "False")])
@pytest.mark.parametrize("first", ["basket", "", "transaction", "user_id"])
def test_columns_of_0_and_1_are_baskets(yes: str, no: str, first: str) -> None:
    data = baskets(yes, no, first)
    s = read_events(data)
    assert not s.ordered
    found = [basket for basket in ([*dict.fromkeys(b)] for b in BASKETS) if len(basket) > 1]
    assert sorted(map(sorted, lists(s))) == sorted(map(sorted, found))
    assert any(a.name == "unfold" and a.doubtful for a in s.assumptions)
    assert other(data, "unfold").unfold == "nothing"


@pytest.mark.parametrize("kind", [pl.Boolean, pl.Int64, pl.UInt8, pl.Float64])
def test_columns_of_0_and_1_in_a_frame(kind: type[pl.DataType]) -> None:
    frame = pl.DataFrame({item: [item in basket for basket in BASKETS] for item in CATALOG}).cast(kind)
    assert len(read_events(frame).tokens) == sum(len(set(b)) for b in BASKETS if len(set(b)) > 1)


@pytest.mark.parametrize("first", ["item_id", "title"])
def test_flags_of_items_are_no_baskets(first: str) -> None:
    assert load_table(baskets("1", "0", first)).frame.width == 1 + len(CATALOG)


def test_a_matrix_of_edges_is_no_basket_file() -> None:
    rows = [(a, *(int(a < b) for b in CATALOG)) for a in CATALOG]
    assert load_table(plain(rows, "," + ",".join(CATALOG))).frame.width == 1 + len(CATALOG)


# --- JSON keyed by user ---

KEYED = {
    "objects": json.dumps({u: [{"item": i, "ts": t} for i, t in events] for u, events in BY_USER.items()}),
    "pairs": json.dumps({u: [[i, t] for i, t in events] for u, events in BY_USER.items()}),
}


@pytest.mark.parametrize("name", KEYED)
def test_json_keyed_by_user(name: str) -> None:
    data = KEYED[name].encode()
    s = read_events(data)
    assert lists(s) == USUAL
    assert s.users is not None
    assert set(s.users) == set(BY_USER)
    assert any(a.name == "unfold" and a.doubtful for a in s.assumptions)
    alone = other(data, "unfold")
    assert alone.unfold in BY_USER
    assert alone.table(data).frame["key"].unique().to_list() == [alone.unfold]


@pytest.mark.parametrize("length", [None, 3])
def test_lists_keyed_by_user_are_sequences_also_of_equal_length(length: int | None) -> None:
    found = {u: [i for i, _ in events][:length] for u, events in BY_USER.items()}
    s = read_events(json.dumps(found).encode())
    assert lists(s) == sorted(found.values())
    assert s.users is not None
    assert set(s.users) == set(found)
    if length:
        assert load_table(json.dumps(found).encode(), unfold="nothing").frame.columns == list(found)


def test_a_list_a_column_stays_and_can_be_keyed() -> None:
    data = json.dumps({"user": ["a", "b"] * 4, "item": list("xyxyzzxy"), "mood": list("abcdabcd")}).encode()
    assert load_table(data).frame.columns == ["user", "item", "mood"]
    assert load_table(data, unfold="keys").frame["key"].to_list() == ["user", "item", "mood"]


# --- times in parts ---


def in_parts(names: str, form: str) -> bytes:
    rows = [(u, i, *dt.datetime.fromtimestamp(t, dt.UTC).strftime(form).split(" ")) for u, i, t in LOG]
    return plain(rows, f"user,item,{names}")


@pytest.mark.parametrize(
    ("names", "form"),
    [
        ("year,month,day,hour,minute,second", "%Y %m %d %H %M %S"),
        ("Jahr,Monat,Tag,Stunde,Minute", "%Y %m %d %H %M"),
        ("order_year,order_month,order_day,order_hour,order_minute", "%y %m %d %H %M"),
        ("day,month,year,time", "%d %B %Y %H:%M:%S"),
    ],
)
def test_times_in_parts(names: str, form: str) -> None:
    data = in_parts(names, form)
    s = read_events(data)
    assert lists(s) == USUAL
    assert s.timestamps is not None
    assert {int(t) // 60 for t in s.timestamps} == {t // 60 for _, _, t in LOG}
    assert any("were put together from" in words for words in said(data, "timestamp"))
    without = Reading().completed(load_table(data)).changed({"timestamp": None})
    assert read_events(data, reading=without).timestamps is None


def test_numbers_called_like_parts_that_are_none_stay() -> None:
    rows = [(u, i, n % 40, 77, n) for n, (u, i, _) in enumerate(LOG)]
    assert "datetime" not in load_table(plain(rows, "user,item,year,month,day")).frame.columns


# --- empty fields that repeat ---


def fill_down(header: str) -> bytes:
    rows, last = list[tuple[object, ...]](), None
    for user, item, time in LOG:
        rows.append((user if user != last else "", item, time))
        last = user
    return plain(rows, header)


@pytest.mark.parametrize("header", ["user,item,time", "Kunde,Artikel,Zeit", "session_id,item,time"])
def test_empty_fields_repeat_the_one_above(header: str) -> None:
    data = fill_down(header)
    s = read_events(data)
    named = next(a for a in s.assumptions if a.name == "fill_down")
    assert named.doubtful
    assert repr(header.partition(",")[0]) in named.words
    if "session" not in header:
        assert lists(s) == USUAL
    else:
        assert len(s) == USERS
    nobody = Reading().completed(load_table(data)).changed(dict(named.alternatives[0].changes))
    assert nobody.columns is not None
    assert nobody.columns.fill_down is False
    first = read_events(data, reading=nobody.with_cleaning(min_length=1))
    assert len(first.tokens) == USERS  # the rows that name somebody
    assert Reading.from_link(nobody.to_link()) == nobody


def test_the_head_of_an_order_stands_on_its_first_line() -> None:
    rows: list[tuple[object, ...]] = []
    last = None
    for user, item, time in LOG:
        key = (user, time // 86_400)
        rows.append((f"{user}-{key[1]}", user, time, item) if key != last else ("", "", "", item))
        last = key
    data = plain(rows, "order_id,customer,date,sku")
    s = read_events(data)
    assert (len(s), len(s.tokens)) == (USERS * DAYS, len(LOG))


def test_a_few_empty_users_are_nobodys_until_a_person_says_otherwise() -> None:
    rows = [("" if n % 5 == 1 else u, i, t) for n, (u, i, t) in enumerate(LOG)]
    data = plain(rows, "user,item,time")
    few = next(a for a in read_events(data).assumptions if a.name == "fill_down")
    assert few.value is None
    assert few.doubtful
    filled = Reading().completed(load_table(data)).changed(dict(few.alternatives[0].changes))
    assert len(read_events(data, reading=filled.with_cleaning(min_length=1)).tokens) == len(LOG)


# --- workbooks ---


def _cell(ref: str, value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        days = (value - dt.datetime(1899, 12, 30)).total_seconds() / 86_400
        return f'<c r="{ref}" s="3"><v>{days!r}</v></c>'
    if isinstance(value, dt.date):
        return f'<c r="{ref}" s="1"><v>{(value - dt.date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, dt.time):
        return f'<c r="{ref}" s="2"><v>{(value.hour * 3600 + value.minute * 60 + value.second) / 86_400!r}</v></c>'
    if isinstance(value, str):
        return f'<c r="{ref}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{ref}"><v>{value}</v></c>'


def book(*sheets: list[list[Cell]]) -> bytes:
    """An xlsx whose cells have a place and a kind: dates, times of day, both."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbers = range(1, len(sheets) + 1)
    names = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    links = "".join(
        f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/s{n}.xml"/>' for n in numbers
    )
    links += f'<Relationship Id="styles" Type="{office}/styles" Target="styles.xml"/>'
    parts = "".join(
        f'<Override PartName="/xl/worksheets/s{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers
    )
    formats = "".join(f'<xf numFmtId="{n}"/>' for n in (0, 14, 21, 22))
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="4">{formats}</cellXfs></styleSheet>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
    }
    for number, rows in enumerate(sheets, start=1):
        body = ""
        for r, row in enumerate(rows, start=1):
            cells = "".join(_cell(f"{chr(65 + c)}{r}", value) for c, value in enumerate(row))
            body += f'<row r="{r}">{cells}</row>'
        files[f"xl/worksheets/s{number}.xml"] = f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def moment(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None)


def rows_of(header: str, *columns: Sequence[Cell]) -> list[list[Cell]]:
    return [list(header.split(",")), *(list(row) for row in zip(*columns, strict=True))]


WHO, WHAT = [u for u, _, _ in LOG], [i for _, i, _ in LOG]
WHEN = [moment(t) for _, _, t in LOG]
FIRST = [None if n and WHO[n - 1] == u else u for n, u in enumerate(WHO)]
STAMPED = rows_of("user,item,time", WHO, WHAT, WHEN)
APART = rows_of("Kunde,Artikel,Datum,Uhrzeit", WHO, WHAT, [w.date() for w in WHEN], [w.time() for w in WHEN])
MERGED = rows_of("user,item,time", FIRST, WHAT, WHEN)
COVER: list[list[Cell]] = [["Report", None], ["made", dt.date(2020, 10, 1)], ["rows", len(LOG)]]
LONG_COVER = rows_of("Notes", [f"line {n}" for n in range(200)])
TITLE: list[list[Cell]] = [["Clicks of September"], [None]]
BOOKS = {
    "plain": book(STAMPED),
    "blank rows above": book([[None], [None], *STAMPED]),
    "a title": book([TITLE[0], *STAMPED]),
    "a title and a blank row": book([*TITLE, *STAMPED]),
    "a date and a time of day": book(APART),
    "a title of two columns": book([["Report"], ["from", dt.date(2020, 9, 1)], ["to", "today"], [None], *STAMPED]),
    "a title and times of day": book([*TITLE, *APART]),
    "a cover": book(COVER, STAMPED),
    "a cover longer than the log": book(LONG_COVER, STAMPED),
    "a total": book([*APART, ["Total", len(LOG), None, None]]),
    "merged cells": book(MERGED),
    "columns without a name": book([[*row, None, n or None] for n, row in enumerate(STAMPED)]),
}


@pytest.mark.parametrize("name", BOOKS)
def test_workbooks(name: str) -> None:
    s = read_events(BOOKS[name])
    assert lists(s) == USUAL
    assert s.timestamps is not None
    assert {round(float(t)) for t in s.timestamps} == {t for _, _, t in LOG}


def test_rows_above_a_sheets_table_are_said_and_chosen() -> None:
    data = BOOKS["a title and a blank row"]
    table = load_table(data)
    above = next(a for a in table.assumptions if a.name == "skip_lines")
    assert (above.value, above.doubtful) == (2, True)
    assert table.where(0) == "line 4"
    whole = load_table(data, skip_lines=0)
    assert whole.frame.columns[0] == "Clicks of September"
    assert read(data, Reading(skip_lines=2)) == USUAL
    with pytest.raises(InputError, match="no sheet with rows"):
        load_table(data, skip_lines=900)


# --- lists as numpy writes them ---


def test_numpys_lists_over_several_lines() -> None:
    data = pl.DataFrame({"user_id": list(BY_USER), "items": [_listed(w, "numpy") for w in WHOLE]}).write_csv()
    assert read(data.encode()) == WHOLE


def test_amazon_m2_is_the_session_and_the_item_behind_it() -> None:
    rows = [(f'"{_listed(list(w[:-1]), "numpy")}"', w[-1], "DE") for w in WHOLE]
    data = plain(rows, "prev_items,next_item,locale")
    assert read(data) == WHOLE
    layout = next(a for a in read_events(data).assumptions if a.name == "columns")
    alone = next(c for c in layout.alternatives if c.label == "prev_items alone")
    reading = Reading().completed(load_table(data)).changed(dict(alone.changes))
    assert read(data, reading) == sorted(w[:-1] for w in WHOLE if len(w) > 2)


@pytest.mark.parametrize("quote", ["'", ""])
def test_what_numpy_left_out_of_a_list_is_said(quote: str) -> None:
    rows = [f'u{n},"[{quote}a{quote} {quote}b{quote} ... {quote}c{n % 3}{quote}]"' for n in range(12)]
    s = read_events("\n".join(["user,items", *rows]).encode())
    assert set(s.items) == {"a", "b", "c0", "c1", "c2"}
    assert any(a.doubtful and "12 lists in 'items' are cut short" in a.words for a in s.assumptions)


def test_a_dict_of_python_keyed_by_numbers() -> None:
    found = {n: [f"x{(n * k) % 7}" for k in range(2 + n % 3)] for n in range(1, 9)}
    assert read(repr(found).encode(), Reading().with_cleaning(drop_repeats=False)) == sorted(found.values())
