"""Tables fit the room they have."""

from __future__ import annotations

import polars as pl
import streamlit as st
from hypothesis import given
from hypothesis import strategies as strategy

from pages.kit.tables import AROUND, LEAST, LETTER, fitted

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
