"""Files of an archive: every table can be read by the name that is shown, and nothing is left out unsaid."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.readers import Assumption, InputError, Reading, load_table
from recemb_core.readers.table import Table
from recemb_core.sequences import read_events
from tests.core.test_readers import workbook

T = 1_709_290_000


def packed(files: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def rows(count: int) -> list[list[Any]]:
    return [[f"u{k % 3}", f"i{k % 4}", T + k] for k in range(count)]


def log(count: int, names: str = "user,item,time") -> str:
    return "\n".join(([names] if names else []) + [",".join(map(str, row)) for row in rows(count)])


def sql(count: int, table: str = "clicks") -> str:
    values = ", ".join(f"('{u}', '{i}', {t})" for u, i, t in rows(count))
    return f"INSERT INTO {table} (user, item, time) VALUES {values};\n"


ARFF = "@relation log\n@attribute user string\n@attribute item string\n@data\n"


def said(table: Table, name: str) -> Assumption:
    return next(a for a in table.assumptions if a.name == name)


def text(table: Table) -> str:
    return " ".join([*(a.words for a in table.assumptions), *table.notes])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("dump.sql", sql(12)),
        ("part-00000", log(12)),
        ("000000_0", log(12, "").replace(",", "\x01")),
        ("log.arff", ARFF + "\n".join(f"u{k % 3},i{k % 4}" for k in range(12))),
        ("clicks.log.2024-03-01", log(12)),
        ("log.md", log(12)),
    ],
)
def test_a_file_is_known_by_its_content_not_by_its_ending(name: str, data: str) -> None:
    table = load_table(packed({f"export/{name}": data, "export/_SUCCESS": b"", "export/.part.crc": b"\x00\x01"}))
    assert len(table.frame) == 12
    assert not table.notes


@pytest.mark.parametrize("other", ["dump.sql", "dump", "b.csv"])
@pytest.mark.slow
def test_what_is_left_out_is_named_and_can_be_read(other: str) -> None:
    data = packed(
        {
            **{"log.csv": log(30), other: sql(12) if "dump" in other else log(12, "who,what,when")},
            **{
                "README.md": "# Log",
                "photo.png": b"\x89PNG\r\n\x1a\n\x00",
                "__MACOSX/._log.csv": "x",
                "empty.csv": b"",
            },
        }
    )
    table = load_table(data, "own.zip")
    assert len(table.frame) == 30  # the same columns in another form may be the same rows
    assert said(table, "part").doubtful is ("dump" in other)
    assert other in text(table)
    for name in ("README.md", "photo.png", "empty.csv (empty)"):
        assert name in table.notes[-1]
    assert "MACOSX" not in text(table)
    assert len(load_table(data, "own.zip", part=other).frame) == 12


def test_a_table_that_cannot_be_read_is_named_with_why() -> None:
    table = load_table(packed({"log.csv": log(30), "broken.csv": "user,item\n"}), "own.zip")
    assert "broken.csv" in table.notes[-1]
    assert "no rows" in table.notes[-1]


FILES = {
    "csv": lambda n: log(n).encode(),
    "other columns": lambda n: log(n, "customer,product,when").encode(),
    "sql": lambda n: (sql(n) + sql(n // 2, "buys")).encode(),
    "workbook": lambda n: workbook([["user", "item", "time"], *rows(n)], [["who", "item", "when"], *rows(n // 2)]),
    "items": lambda n: ("item,name\n" + "\n".join(f"i{k},tea {k}" for k in range(4 + n))).encode(),
}
NAMES = ("log.csv", "2023/log.csv", "2024/log.csv", "2024/people", "a/Log.csv", "b.xlsx", "dt=2024-03-01/part-0")


@settings(deadline=None, max_examples=10)
@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(sorted(FILES)), st.integers(8, 20)),
        min_size=2,
        max_size=4,
        unique_by=lambda file: file[0],
    )
)
@pytest.mark.slow
def test_a_part_that_is_shown_gives_what_was_shown(files: list[tuple[str, str, int]]) -> None:
    data = packed({name: FILES[kind](count) for name, kind, count in files})
    try:
        table = load_table(data, "own.zip")
    except InputError:
        return  # no table of events
    shown = [a for a in table.assumptions if a.name == "part"]
    for one in shown:
        assert load_table(data, "own.zip", part=one.value).frame.equals(table.frame), one.value
        for choice in one.alternatives:
            value = dict(choice.changes)["part"]
            again = load_table(data, "own.zip", part=value)
            assert f"({len(again.frame)} rows)" in choice.label or "(" not in choice.label, (value, choice.label)
            told = [a for a in again.assumptions if a.name == "part"]
            assert value in [a.value for a in told], (value, told)
            assert again.frame.equals(load_table(data, "own.zip", part=told[0].value).frame), value


def test_files_with_the_same_name_are_told_by_their_folders() -> None:
    data = packed({"2023/log.csv": log(12), "2024/log.csv": log(20)})
    table = load_table(data, "own.zip")
    part = said(table, "part")
    assert part.value is None
    assert part.words == "'2023/log.csv', '2024/log.csv' have the same columns and were put together: 32 rows."
    values = {dict(choice.changes)["part"]: choice.label for choice in part.alternatives}
    assert {value: len(load_table(data, part=value).frame) for value in values} == {
        "2023/log.csv": 12,
        "2024/log.csv": 20,
    }
    assert all("alone" in label for label in values.values())
    with pytest.raises(InputError, match=r"2023/log\.csv"):
        load_table(data, part="log.csv")


def test_what_a_part_of_the_whole_was_read_with_is_said() -> None:
    data = packed({"a.csv": log(20), "b.csv": log(12).replace(",", ";") + "\nu1;i1;1;2\n"})
    table = load_table(data, "own.zip")
    assert (len(table.frame), table.left_out) == (32, 1)
    assert any(note.startswith("b.csv: 1 line with more") for note in table.notes)
    assert any("delimiter: ';'" in note for note in table.notes)


def test_a_known_pair_stays_one_when_its_events_are_asked_for() -> None:
    films = "movieId,title\n" + "\n".join(f"i{k},film {k}" for k in range(4))
    links = "movieId,imdb\n" + "\n".join(f"i{k},tt{k}{'0' * 40}" for k in range(4))
    data = packed({"ml/ratings.csv": log(30), "ml/movies.csv": films, "ml/links.csv": links})
    first, asked = load_table(data, "ml.zip"), load_table(data, "ml.zip", part="ratings.csv")
    assert said(first, "part").value == "ratings.csv"
    assert "links.csv" in said(first, "part").words
    assert asked.companion is not None
    assert asked.companion.equals(first.companion)


def test_folders_that_say_a_value_are_a_column() -> None:
    data = packed({f"log/dt=2024-03-0{day}/part-0.csv": log(12, "user,item,step") for day in (1, 2)})
    table = load_table(data, "own.zip")
    assert table.frame["dt"].unique().sort().to_list() == ["2024-03-01", "2024-03-02"]
    assert "'dt'" in said(table, "folders").words
    columns = Reading().completed(table).columns
    assert columns is not None
    assert columns.timestamp == "dt"
    without = Reading().changed(dict(said(table, "folders").alternatives[0].changes)).table(data)
    assert without.frame.columns == ["user", "item", "step"]
    assert "as set" in said(without, "folders").words


def test_sheets_of_two_workbooks_are_told_apart() -> None:
    names = ["user", "item", "time"]
    data = packed(
        {
            "a.xlsx": workbook([names, *rows(30)], [["who", "sku", "when"], *rows(9)]),
            "b.xlsx": workbook([["customer", "product", "day"], *rows(20)], [["who", "sku", "at"], *rows(8)]),
        }
    )
    inner = [a for a in load_table(data).assumptions if a.name == "part"][1]
    assert inner.value == "a.xlsx/Sheet1"
    assert len(load_table(data, part="b.xlsx/Sheet2").frame) == 8
    assert len(load_table(data, part="a.xlsx/Sheet2").frame) == 9


# --- hidden sheets ---

LOG = [["user", "item", "time"], *rows(12)]
OLD = [["user", "item", "time"], *rows(30)]
COVER = [["about", "by"], ["a report", "ann"]]


def hide(data: bytes, *numbers: int, state: str = "hidden") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as book, zipfile.ZipFile(out, "w") as archive:
        for name in book.namelist():
            content = book.read(name)
            for number in numbers if name == "xl/workbook.xml" else ():
                mark = f'sheetId="{number}"'.encode()
                content = content.replace(mark, mark + f' state="{state}"'.encode())
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
@pytest.mark.parametrize(
    "sheets", [(LOG, OLD), (OLD, LOG), (COVER, LOG, OLD), (LOG, [["who", "what", "when"], *rows(40)])]
)
def test_a_hidden_sheet_is_read_only_where_it_is_chosen(sheets: tuple[list[Any], ...], state: str) -> None:
    number = max(range(len(sheets)), key=lambda n: len(sheets[n])) + 1
    data = hide(workbook(*sheets), number, state=state)
    table = load_table(data, "own.xlsx")
    assert len(table.frame) == 12
    part = said(table, "part")
    assert f"Hidden, and not read: 'Sheet{number} ({len(sheets[number - 1]) - 1} rows)'." in part.words
    assert not part.doubtful
    (hidden,) = [c for c in part.alternatives if "hidden" in c.label]
    chosen = Reading().changed(dict(hidden.changes)).table(data, "own.xlsx")
    assert len(chosen.frame) == len(sheets[number - 1]) - 1
    assert "which is hidden, alone was read, as set" in said(chosen, "part").words


def test_a_hidden_log_beside_a_cover_is_doubted_and_one_that_is_alone_is_read() -> None:
    beside = load_table(hide(workbook(COVER, LOG), 2), "own.xlsx")
    assert said(beside, "part").doubtful
    assert len(load_table(hide(workbook(LOG), 1), "own.xlsx").frame) == 12
    assert len(load_table(hide(workbook(LOG, OLD), 1, 2), "own.xlsx").frame) == 42


# --- keys that are called id in their own table ---


@pytest.mark.parametrize(
    ("table", "own", "key"),
    [
        ("orders.csv", "id", "order_id"),
        ("shop_orders_2024.csv", "ID", "orderId"),
        ("order.csv", "_id", "order_id"),
        ("DimOrder.csv", "id", "id_order"),
        ("export/orders_dataset.csv", "id", "OrderID"),
        ("orders.csv", "order_id", "order_id"),
    ],
)
@pytest.mark.slow
def test_a_key_is_found_by_the_name_of_its_table(table: str, own: str, key: str) -> None:
    lines = [f"{k + 100},{k // 3},{1 + k % 5},1" for k in range(30)]
    orders = [f"{n},c{n % 4},2024-03-{n + 1:02d} 10:00" for n in range(10)]
    products = [f"{n},Tea {n}" for n in range(1, 6)]
    data = packed(
        {
            "order_items.csv": f"id,{key},product_id,quantity\n" + "\n".join(lines),
            table: f"{own},customer_id,created_at\n" + "\n".join(orders),
            "products.csv": "id,name\n" + "\n".join(products),
        }
    )
    s = read_events(data, min_length=1)
    joined = [a for a in s.assumptions if a.name == "joins"]
    assert len(joined) == 1
    assert "'customer_id', 'created_at' were taken from" in joined[0].words
    assert "found for 30 of 30 rows" in joined[0].words
    assert s.users is not None
    assert set(s.users.tolist()) == {f"c{n}" for n in range(4)}
    assert s.side_info is not None
    assert "Tea 3" in s.side_info["title"].to_list()
    bare = load_table(data, "shop.zip", joins=False)
    assert "customer_id" not in bare.frame.columns


@pytest.mark.parametrize("table", ["order_notes.csv", "items.csv", "preorders_log.csv"])
def test_the_id_of_another_table_is_no_key(table: str) -> None:
    lines = [f"{k // 3},{1 + k % 5}" for k in range(30)]
    others = [f"{n},c{n % 4},2024-03-{n + 1:02d} 10:00" for n in range(10)]
    data = packed(
        {
            "order_items.csv": "order_id,product_id\n" + "\n".join(lines),
            table: "id,customer_id,created_at\n" + "\n".join(others),
        }
    )
    assert not any(a.name == "joins" for a in load_table(data, "shop.zip").assumptions)


# --- words about nobody ---


def test_empty_times_of_rows_that_are_no_events_are_not_told_as_events_without_a_time() -> None:
    text = log(12) + "\n# a comment,,\nGrand total,,\n"
    s = read_events(load_table(text.encode(), "own.csv"), min_length=1)
    assert not any("are at no time" in a.words for a in s.assumptions)
    s = read_events(load_table((log(12) + "\nu1,i1,\n# a comment,,\n").encode(), "own.csv"), min_length=1)
    assert any("are at no time (1 of 14 rows)" in a.words for a in s.assumptions)


@pytest.mark.parametrize(("head", "users"), [("user,item,date", True), ("basis,item,date", False)])
def test_what_is_said_of_days_names_users_only_where_there_are_some(head: str, users: bool) -> None:
    rows = "\n".join(f"{'u' if users else 'x'}{k % 3 * users},i{k % 4},2024-03-{k // 4 + 1:02d}" for k in range(24))
    s = read_events(load_table(f"{head}\n{rows}".encode()), min_length=1)
    text = next(step.text for step in s.report if step.name == "sessions")
    assert ("of a user" in text) is users
    assert "one for each day" in text
