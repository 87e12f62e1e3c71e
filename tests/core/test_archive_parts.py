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
