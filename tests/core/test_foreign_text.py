"""Names made harmless: nothing live is left, a person reads the same, and a spreadsheet computes nothing."""

from __future__ import annotations

import csv
import io
import re
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.figures import theme
from recemb_core.foreign_text import JOINER, LONGEST, guarded, inert, spreadsheet_csv, unguarded
from recemb_core.readers.tables import load_table
from tests import hostile

LIVELY = "http:// https://e.test www. WWW. a@b.c mailto: :smile: :red[ ]( ![ [x]: <b </b> <!-- %{x} &lt; &#60;"
PIECES = st.sampled_from([*LIVELY.split(), *"\u202e\x00\n\t x1[]():/<!=-\ud800\u2066", JOINER])
TEXTS = st.text() | st.lists(PIECES, max_size=12).map("".join)
LIVE = re.compile(r"://|www\.|\w@|@\w|!\[|\]\(|\]\[|<[\w/!?]|%\{|&[\w#]|:[\w+-]+:|:\w+\[", re.IGNORECASE)


@given(TEXTS)
def test_nothing_live_is_left(text: str) -> None:
    shown = inert(text)
    assert not LIVE.search(shown)
    assert "\n" not in shown
    assert not {unicodedata.bidirectional(c) for c in shown} & {
        "RLO",
        "LRO",
        "RLE",
        "LRE",
        "RLI",
        "LRI",
        "FSI",
        "PDF",
        "PDI",
    }
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs"}
    assert len(shown.replace(JOINER, "")) <= LONGEST
    assert inert(shown) == shown


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=LONGEST))
def test_a_person_reads_the_same(text: str) -> None:
    assert inert(text).replace(JOINER, "") == text


def test_usual_names_stay_what_they_are() -> None:
    for name in ("Coca-Cola", "Fruit & Nut (2 x 50 g), organic", "user_17", "50%", "naïve café", "12:30", "a/b.c"):
        assert inert(name) == name


def test_a_long_name_keeps_its_end_and_costs_little() -> None:
    assert inert("a" * 10_000_000 + "17").endswith("17")
    assert len(inert("a" * 10_000_000)) == LONGEST


@pytest.mark.parametrize("name", hostile.ITEMS)
def test_a_chart_shows_a_name_as_it_is(name: str) -> None:
    shown = theme.plain(name)
    assert "<" not in shown
    assert "%{" not in shown


@given(st.lists(TEXTS.filter(lambda t: "\ud800" not in t) | st.none(), min_size=1))
def test_no_cell_starts_a_formula(cells: list[str | None]) -> None:
    table = pl.DataFrame({"=name": pl.Series(cells, dtype=pl.String), "n": range(-1, len(cells) - 1)})
    rows = list(csv.reader(io.StringIO(spreadsheet_csv(table).decode(), newline="")))
    assert rows[0] == ["'=name", "n"]
    assert not any(row[0][:1] in set("=+-@\t\r") for row in rows[1:] if row[0])
    assert [int(row[1]) for row in rows[1:]] == list(range(-1, len(cells) - 1))
    assert all(unguarded(guarded(cell)) == cell for cell in cells if cell is not None)


IDS = st.lists(
    st.builds(
        "".join, st.tuples(st.sampled_from(["", "=", "+", "-", "@", "'", "''", "'=", "x"]), st.sampled_from("abc1"))
    ),
    min_size=2,
    max_size=8,
)


@given(IDS, IDS)
def test_our_own_file_is_read_back_as_it_was(items: list[str], more: list[str]) -> None:
    more = (more * len(items))[: len(items)]
    table = pl.DataFrame({"user_id": more, "item_id": items, "n": range(len(items))})
    read = load_table(spreadsheet_csv(table), "own.csv", header=True)
    assert read.frame["item_id"].to_list() == items
    assert read.frame["user_id"].to_list() == more


def test_a_guard_that_is_taken_off_is_said_and_other_quotes_stay() -> None:
    read = load_table(b"user,item\nann,'=tea\nbob,milk\n", "own.csv")
    assert read.frame["item"].to_list() == ["=tea", "milk"]
    said = next(a for a in read.assumptions if a.name == "guards")
    assert "'=tea" in said.words
    assert "'item'" in said.words
    kept = load_table(b"user,item\nann,'=tea\nbob,milk\n", "own.csv", **dict(said.alternatives[0].changes))
    assert kept.frame["item"].to_list() == ["'=tea", "milk"]
    for text in (b"user,item\nann,'tea'\nbob,'=milk\n", b"user,item\nann,'=tea\nbob,=milk\n"):
        read = load_table(text, "other.csv")
        assert read.frame["item"][0].startswith("'")
        assert all(a.name != "guards" for a in read.assumptions)
