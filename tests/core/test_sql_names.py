"""Tables of an SQL dump under any name: none is lost, merged with another, or out of reach."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.readers import InputError, Reading, load_table
from recemb_core.readers.sql_names import labels, name_of

PARTS = ("a b", "a.b", "log", "Log", "b", "it's", "x(y)", "a")
QUOTES = {'"': '"{}"', "`": "`{}`", "[": "[{}]"}


def insert(table: str, rows: int, columns: str = "user, item, time") -> str:
    width = columns.count(",") + 1
    values = [", ".join([f"'u{k % 3}'", f"'i{k % 4}'", str(1_709_290_000 + k)][:width]) for k in range(rows)]
    return f"INSERT INTO {table} ({columns}) VALUES {', '.join(f'({v})' for v in values)};\n"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["", *PARTS]), st.sampled_from(PARTS), st.sampled_from(sorted(QUOTES))),
        min_size=1,
        max_size=4,
        unique_by=lambda name: name[:2],
    )
)
@pytest.mark.slow
def test_every_table_is_read_by_the_name_that_is_shown(names: list[tuple[str, str, str]]) -> None:
    text, sizes = "-- dump\n", dict[tuple[str, ...], int]()
    for place, (schema, table, quote) in enumerate(names):
        parts = tuple(filter(None, (schema, table)))
        sizes[parts] = 12 + place
        text += insert(".".join(QUOTES[quote].format(part) for part in parts), 12 + place)
    shown = labels(sizes)
    assert len(set(shown.values())) == len(names)
    table = load_table(text.encode())
    if len(names) == 1:
        assert len(table.frame) == 12
        return
    told = next(a for a in table.assumptions if a.name == "part")
    values = [told.value, *(choice.changes[0][1] for choice in told.alternatives)]
    assert set(values) == set(shown.values())
    for parts, label in shown.items():
        again = Reading(part=label).table(text.encode())
        assert len(again.frame) == sizes[parts]
        assert next(a for a in again.assumptions if a.name == "part").value == label
    assert len(table.frame) == len(Reading(part=told.value).table(text.encode()).frame)


def test_a_short_name_that_two_have_is_refused_with_the_whole_ones() -> None:
    text = (insert("shop.log", 12) + insert("old.log", 6)).encode()
    assert len(load_table(text).frame) == 12
    with pytest.raises(InputError, match=r"'shop\.log', 'old\.log'"):
        load_table(text, part="log")


def test_statements_that_fill_different_columns_of_one_table_are_one_table() -> None:
    text = insert("log", 3) + insert("log", 2, "item, user") + "INSERT INTO log SELECT * FROM old;\n" + insert("log", 1)
    table = load_table(text.encode())
    assert table.frame["time"].null_count() == 2
    assert len(table.frame) == 6
    assert table.lines is not None
    assert table.lines.tolist() == [1, 1, 1, 2, 2, 4]
    assert any("different columns" in note for note in table.notes)
    assert any(note.startswith("1 INSERT statement without rows") and "line 3" in note for note in table.notes)


def test_columns_have_any_name_too() -> None:
    text = (
        b'CREATE TABLE `my db`.`a b` (`user, id` int, [the item] text, "t" int);\nINSERT INTO `a b` VALUES (1,2,3);\n'
    )
    assert load_table(text).frame.columns == ["user, id", "the item", "t"]
    copy = b'COPY public."a b" (who, "the item") FROM stdin;\nu\ti\n\\.\n'
    assert load_table(copy).frame.columns == ["who", "the item"]
    assert name_of(b'public."say ""x"""') == ("public", 'say "x"')
