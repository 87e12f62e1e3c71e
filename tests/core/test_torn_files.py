"""Files that broke off, that are no table at all, or that say more than their rows; and words that must be true."""

from __future__ import annotations

import json

import polars as pl
import pytest

from recemb_core.readers import Assumption, InputError, Reading, load_table
from recemb_core.readers.table import Table

T = 1_709_290_000
EVENTS = [{"user": f"u{k % 3}", "item": f"i{k % 4}", "ts": T + k} for k in range(12)]
CSV = "user,item\n" + "".join(f"u{k % 3},i{k % 4}\n" for k in range(12))


def said(table: Table, name: str) -> Assumption:
    return next(a for a in table.assumptions if a.name == name)


def chosen(data: bytes, assumption: Assumption, number: int = 0) -> Table:
    return Reading().changed(dict(assumption.alternatives[number].changes)).table(data)


# --- NUL bytes ---


@pytest.mark.parametrize(("torn", "rows"), [("\0" * 300 + "\n", 13), ("u1,\0i2\n", 14), ("\0\n", 13)])
def test_a_line_of_nul_bytes_is_taken_off_and_said(torn: str, rows: int) -> None:
    table = load_table((CSV + torn + "u1,i2\n").encode())
    assert len(table.frame) == rows
    assert any("line 14" in note and "NUL byte" in note for note in table.notes)
    assert len(load_table((CSV + torn + "u1,i2\n").encode(), encoding="cp1252").frame) == rows


@pytest.mark.parametrize("data", [b"a,\0b\n" * 30, b"\0\1\2\3" * 100, CSV.encode() + bytes(range(256))])
def test_many_are_binary(data: bytes) -> None:
    with pytest.raises(InputError, match="binary"):
        load_table(data)


# --- a last line that breaks off ---


@pytest.mark.parametrize("cut", [3, 12, 30])
def test_a_torn_last_line_of_json_is_left_out_and_counted(cut: int) -> None:
    text = "\n".join(map(json.dumps, EVENTS))
    table = load_table(text[:-cut].encode())
    assert (len(table.frame), table.left_out) == (11, 1)
    assert "Line 12" in table.notes[0]
    assert table.where(10) == "line 11"


def test_a_torn_line_above_the_last_is_refused() -> None:
    lines = [json.dumps(event) for event in EVENTS]
    lines[4] = lines[4][:-8]
    with pytest.raises(InputError, match="line 5"):
        load_table("\n".join(lines).encode())
    with pytest.raises(InputError):
        load_table(f"{lines[0]}\n{lines[1]}\nnot json".encode())


# --- web pages ---


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("<html><body><table><tr><td>u1</td></tr></table></body></html>", "a web page .* with a table"),
        (
            "<!-- x -->\n<!DOCTYPE html>\n<html>" + "<style>p{}</style>" * 900 + "<table><tr>",
            "a web page .* with a table",
        ),
        ("MIME-Version: 1.0\nContent-Type: multipart/related\n\nContent-Type: text/html\n<table>", "a web page"),
        ("\n<!doctype html><html><body>Sign in</body></html>", "sign in"),
        ('<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook>', "spreadsheet in XML"),
    ],
)
def test_a_web_page_is_told_with_what_to_do(data: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        load_table(data.encode(), "report.xls")
    assert "save" in str(refused.value)
    assert "csv" in str(refused.value)


# --- JSON: what stands around the rows, and keys that are no users ---


def test_what_stands_around_rows_is_no_column_of_theirs() -> None:
    hits = {"total": {"value": 60}, "hits": [{"_source": event} for event in EVENTS]}
    data = json.dumps({"took": 5, "hits": hits}).encode()
    table = load_table(data)
    assert not any("total" in name or "took" in name for name in table.frame.columns)
    told = said(table, "enclosing")
    assert "'took', 'hits.total.value' stand once" in told.words
    whole = chosen(data, told)
    assert whole.frame["hits.total.value"].to_list() == [60] * 12
    assert chosen(data, said(whole, "enclosing")).frame.equals(table.frame)


def test_whose_the_rows_are_stays() -> None:
    rows = [{"item": "a", "time": T}, {"item": "b", "time": T + 1}]
    table = load_table(json.dumps({"user_id": "x", "pages": 3, "history": rows}).encode())
    assert table.frame["user_id"].to_list() == ["x", "x"]
    assert "pages" not in table.frame.columns


@pytest.mark.parametrize("cut", [8, 9])
def test_keys_that_are_dates_are_no_users(cut: int) -> None:
    data = json.dumps({"2024-03-01": EVENTS[:4], "2024-03-02": EVENTS[4:cut], "2024-03-03": EVENTS[8:]}).encode()
    told = said(load_table(data), "unfold")
    assert "keys of the JSON are dates" in told.words
    columns = Reading().completed(load_table(data)).columns
    assert columns is not None
    assert columns.user == "user"
    for number, count in enumerate((4, cut - 4, 4)):
        assert len(chosen(data, told, number).frame) == count
    assert chosen(data, said(chosen(data, told), "unfold")).frame.equals(load_table(data).frame)


def test_keys_are_whose_only_where_rows_name_nobody() -> None:
    named = {key: EVENTS[place::3] for place, key in enumerate(["tea", "milk", "jam"])}
    own = {key: [{"item": e["item"], "ts": e["ts"]} for e in events] for key, events in named.items()}
    assert "is whose" not in said(load_table(json.dumps(named).encode()), "unfold").words
    assert "is whose" in said(load_table(json.dumps(own).encode()), "unfold").words


# --- logs with #Fields: ---

HEAD = "#Version: 1.0\n#Fields: date time c-ip cs-uri-stem cs-username\n"


@pytest.mark.parametrize("mark", [" ", "\t"])
def test_names_of_a_log_stand_in_its_comment(mark: str) -> None:
    rows = [
        ["2024-03-01", f"10:00:{k:02}", f"10.0.0.{k % 3}", f"/p/{k % 4}", "-" if k % 2 else "bob"] for k in range(12)
    ]
    text = HEAD + "".join(mark.join(row) + "\n" for row in rows)
    table = load_table((text + "#Software: x\n" + HEAD + mark.join(rows[0]) + "\n#Fields: date\n2024-03-01\n").encode())
    assert table.frame.columns == ["date", "time", "c-ip", "cs-uri-stem", "cs-username"]
    assert table.frame["cs-username"].null_count() == 6
    assert (len(table.frame), table.left_out, table.where(12)) == (13, 1, "line 18")
    assert said(table, "line_form").value == "w3c log"
    plain = chosen(text.encode(), said(table, "line_form"))
    assert plain.frame.columns == table.frame.columns
    assert plain.frame["cs-username"].to_list() == [row[-1] for row in rows]


# --- guards and prints ---


def test_a_guard_is_shown_full_and_true_means_everywhere() -> None:
    words = said(load_table(b'item,user\n"=""""",u1\n"=""0121""",u2\n"=""0122""",u3\n'), "guards").words
    assert "0121" in words
    mixed = b"item,user\n'=a,u1\n=b,u2\n" + b'"=""7""",u3\n'
    assert load_table(mixed).frame["item"].to_list() == ["'=a", "=b", '="7"']
    every = load_table(mixed, guards=True)
    assert every.frame["item"].to_list() == ["=a", "=b", "7"]
    assert [c.changes[0][1] for c in said(every, "guards").alternatives] == [False, None]


def test_a_frame_that_polars_printed_is_read_and_what_it_did_not_print_is_said() -> None:
    frame = pl.DataFrame({"user": [e["user"] for e in EVENTS], "item": [e["item"] for e in EVENTS], "n": range(12)})
    for shown, count in ((8, 8), (20, 12)):
        with pl.Config(tbl_rows=shown):
            table = load_table(str(frame).encode())
        assert table.frame.columns == ["user", "item", "n"]
        assert len(table.frame) == count
        assert any("not printed" in note for note in table.notes) is (count < 12)
