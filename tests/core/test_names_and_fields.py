"""Fewer names than fields, two lines of names, titles full of delimiters, blanks before quotation marks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.readers import Assumption, Reading, load_table
from recemb_core.readers.table import Table
from tests.core.test_readers import workbook

T = 1_709_290_000


def said(table: Table, name: str) -> Assumption:
    return next(a for a in table.assumptions if a.name == name)


def other(data: bytes, assumption: Assumption, number: int = 0) -> Table:
    return Reading().changed(dict(assumption.alternatives[number].changes)).table(data)


@settings(deadline=None, max_examples=30)
@given(more=st.integers(1, 6), mark=st.sampled_from(",\t;|"), users=st.integers(1, 5))
def test_fields_without_a_name_are_the_last_and_shift_nothing(more: int, mark: str, users: int) -> None:
    rows = [[f"u{k % users}", f"i{k % 4}", str(T + k), *(f"0.{n}" for n in range(more))] for k in range(12)]
    data = "\n".join(mark.join(row) for row in [["user_id", "item_id", "timestamp"], *rows]).encode()
    table = load_table(data)
    assert table.frame.columns == ["user_id", "item_id", "timestamp", *(f"column_{n + 4}" for n in range(more))]
    assert [list(row) for row in table.frame.rows()] == rows
    told = said(table, "row_names")
    assert told.value is False
    assert f"{more} field" in told.words
    assert said(table, "delimiter").value == mark
    assert other(data, told).frame.columns[:2] == ["row", "user_id"]


def numbered(first: Any) -> bytes:
    return "\n".join(["user item time", *(f'"{first(k)}" u{k % 3} i{k % 4} {T + k}' for k in range(12))]).encode()


@pytest.mark.parametrize(("first", "doubtful"), [(lambda k: k + 1, False), (lambda k: f"row{(k * 5) % 12}", True)])
def test_names_of_rows_are_said_and_can_be_the_last_field(first: Any, doubtful: bool) -> None:
    table = load_table(numbered(first))
    assert table.frame.columns == ["row", "user", "item", "time"]
    assert said(table, "row_names").doubtful is doubtful
    plain = other(numbered(first), said(table, "row_names"))
    assert plain.frame.columns == ["user", "item", "time", "column_4"]
    assert "as set" in said(plain, "row_names").words
    assert other(numbered(first), said(plain, "row_names"), 1).frame.columns == table.frame.columns


def test_times_that_are_all_different_are_no_names_of_rows() -> None:
    data = "\n".join(["time,user,item", *(f"{T + k},u{k % 3},i{k % 4},x{k}" for k in range(12))]).encode()
    assert load_table(data).frame.columns == ["time", "user", "item", "column_4"]


def test_several_delimiters_at_the_ends_of_rows_add_no_column() -> None:
    table = load_table(b"user,item\n" + b"".join(b"u%d,i%d,,\n" % (k % 3, k % 4) for k in range(12)))
    assert table.frame.columns == ["user", "item"]
    assert "2 delimiters" in said(table, "trailing delimiter").words
    assert not table.notes


def test_two_lines_of_names_are_joined_where_the_first_has_gaps() -> None:
    rows = "".join(f"{k // 2},2024-03-01,{k % 3},Ann\n" for k in range(12))
    data = f"Order,,Customer,\nid,date,id,name\n{rows}".encode()
    table = load_table(data)
    assert table.frame.columns == ["Order id", "Order date", "Customer id", "Customer name"]
    assert (len(table.frame), table.where(0)) == (12, "line 3")
    one = other(data, said(table, "name_lines"))
    assert one.frame.columns == ["Order", "column_2", "Customer", "column_4"]
    assert len(one.frame) == 13


@pytest.mark.parametrize(
    "data", [b"user,item,,\nu1,i1,a,b\nu2,i2,a,c\n", b",user,item\n0,product,i1\n1,u2,i2\n2,u1,i3\n"]
)
def test_one_line_of_names_with_gaps_stays_one(data: bytes) -> None:
    table = load_table(data)
    assert "skip_lines" not in [a.name for a in table.assumptions]
    assert "name_lines" not in [a.name for a in table.assumptions]
    assert table.where(0) == "line 2"


@pytest.mark.parametrize("title", ["01.04.2024\t\t\tReport\t", "Report\t\t\t\t\n\t\t\tpage 1\t"])
def test_a_title_with_the_tables_delimiters_is_a_title(title: str) -> None:
    rows = "".join(f"\tu{k % 3}\ti{k % 4}\t01.03.2024\t1\n" for k in range(12))
    data = f"{title}\n\n\tUser\tItem\tDate\tQty\n\n{rows}".encode()
    table = load_table(data)
    assert table.frame.columns[1:] == ["User", "Item", "Date", "Qty"]
    assert table.frame.row(0)[1:] == ("u0", "i0", "01.03.2024", "1")
    assert said(table, "skip_lines").doubtful


def test_a_blank_before_a_quotation_mark_is_no_text() -> None:
    rows = [f'"u{k % 3}", "tea, ""i{k % 4}""", "2024-03-01 10:00:{k:02d}"' for k in range(12)]
    data = "\n".join(rows).encode()
    table = load_table(data)
    assert table.frame.row(1) == ("u1", 'tea, "i1"', "2024-03-01 10:00:01")
    assert "blanks" in said(table, "quotes").words
    assert '"' in other(data, said(table, "quotes")).frame.row(0)[0]


@pytest.mark.parametrize("count", [1, 2])
def test_lines_are_counted_in_the_right_number(count: int) -> None:
    rows = b"user,item\n" + b"".join(b"u%d,i%d\n" % (k % 3, k % 4) for k in range(12))
    for above, reading in ((b"# note\n", Reading()), (b"x y\n", Reading(skip_lines=count))):
        words = said(reading.table(above * count + rows), "skip_lines").words
        assert words.startswith("1 line above" if count == 1 else "2 lines above")
        assert ("was" if count == 1 else "were") in words


def test_two_rows_of_names_on_a_sheet_are_joined_too() -> None:
    rows = [[f"u{k % 3}", "Ann", f"i{k % 4}", "Tea"] for k in range(12)]
    data = workbook([["Report"], ["Customer", "", "Product", ""], ["ID", "Name", "ID", "Name"], *rows])
    table = load_table(data)
    assert table.frame.columns == ["Customer ID", "Customer Name", "Product ID", "Product Name"]
    assert (len(table.frame), table.where(0)) == (12, "line 4")
    assert said(table, "name_lines").doubtful
    one = other(data, said(table, "name_lines"))
    assert one.frame.columns[::2] == ["Customer", "Product"]
    assert len(one.frame) == 13
    assert len(load_table(data, name_lines=2).frame) == 12
