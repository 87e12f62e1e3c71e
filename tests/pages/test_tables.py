"""Tables fit the room they have."""

from __future__ import annotations

import polars as pl
import streamlit as st
from hypothesis import given
from hypothesis import strategies as strategy

from pages.kit.number_table import number_table
from pages.kit.tables import AROUND, LEAST, LETTER, fitted, row_lines

texts = strategy.lists(strategy.text(max_size=80), min_size=3, max_size=3)


@given(
    strategy.dictionaries(strategy.text("abcdef", min_size=1, max_size=9), texts, min_size=1),
    strategy.integers(100, 900),
)
def test_columns_fit_the_room_or_are_as_narrow_as_their_headings(table: dict[str, list[str]], room: int) -> None:
    widths = {name: one["width"] for name, one in fitted(table, room).items()}
    least = {name: max(round(LETTER * len(name)) + AROUND, LEAST) for name in table}
    full = {name: max(round(LETTER * len(text)) + AROUND for text in (name, *values)) for name, values in table.items()}
    assert all(width <= max(full[name], least[name]) for name, width in widths.items())
    assert sum(widths.values()) <= room or all(widths[name] <= least[name] for name in widths)
    if sum(full.values()) <= room:
        assert widths == full


def test_what_is_said_of_a_column_stays_and_hidden_ones_take_no_room() -> None:
    table = pl.DataFrame({"Item": ["x" * 60], "Weight of the edge": [0.123456], "Seeds": [3]})
    config = {"Weight of the edge": st.column_config.NumberColumn("w", format="%.2f", help="Of it."), "Seeds": None}
    found = fitted(table, 200, config)
    assert found["Seeds"] is None
    assert (found["Weight of the edge"]["label"], found["Weight of the edge"]["help"]) == ("w", "Of it.")
    assert found["Item"]["width"] + found["Weight of the edge"]["width"] == 200
    assert config["Weight of the edge"]["width"] is None, "what was given is not changed"
    assert fitted(table, 200, {"Item": st.column_config.TextColumn(width=90)})["Item"]["width"] == 90


def test_lines_say_what_the_table_writes() -> None:
    number = st.column_config.NumberColumn
    config = {
        "Queries/s": number(format="%,.0f"),
        "Bias": number("b", format="%+.2f"),
        "Scanned": number(format="%.1f%%"),
        "Cover": number(format="percent"),
    }
    table = pl.DataFrame(
        {
            "Index": ["LSH", "all *points*"],
            "Setting": ["K = 2", ""],
            "Queries/s": [12345.6, None],
            "Bias": [0.5, -0.25],
            "Scanned": [12.34, 100.0],
            "Cover": [0.25, 1.0],
            "Rows": [1234, 5],
            "Found": [True, False],
        }
    )
    assert row_lines(table, config, 2) == [
        "**LSH, K = 2**: Queries/s 12,346 · b +0.50 · Scanned 12.3% · Cover 25.00% · Rows 1,234 · Found yes",
        r"**all \*points\***: b -0.25 · Scanned 100.0% · Cover 100.00% · Rows 5 · Found no",
    ]


def test_a_number_of_which_no_digit_is_left_has_no_sign() -> None:
    made = number_table(("Item", "W 1", "W 2"), [("Tent", [-0.001, -1.5])])
    assert ">0.00<" in made
    assert ">−1.50<" in made
