"""What was decided about a file can be decided otherwise: which part is read, what is taken off ids, who counts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from recemb_core.readers import Assumption, CleaningConfig, ColumnMapping, InputError, Reading, load_table
from recemb_core.readers.said import column_assumptions
from recemb_core.sequences import Sequences, read_events
from tests.core.test_readers import workbook, zipped

VIEWS = [("user", "item", "time"), *((f"u{n % 4}", f"v{n % 6}", 1_700_000_000 + n) for n in range(40))]
BUYS = [("customer", "product", "qty"), *((f"c{n % 3}", f"b{n % 5}", 1 + n % 2) for n in range(20))]


def csv(rows: list[Any]) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in rows).encode()


def statements(table: str, rows: list[Any]) -> bytes:
    names, *values = rows
    held = ",\n".join("(" + ", ".join(f"'{value}'" for value in row) + ")" for row in values)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES\n{held};\n".encode()


TWO_LOGS = {
    "sheets": (workbook(list(map(list, VIEWS)), list(map(list, BUYS))), "Sheet1", "Sheet2"),
    "tables": (statements("views", VIEWS) + statements("buys", BUYS), "views", "buys"),
    "files": (zipped(**{"views.csv": csv(VIEWS), "buys.csv": csv(BUYS)}), "views.csv", "buys.csv"),
    "sheets in a zip": (
        zipped(**{"a.xlsx": workbook(list(map(list, VIEWS)), list(map(list, BUYS))), "notes.txt": b"nothing\n"}),
        "Sheet1",
        "Sheet2",
    ),
}


def said(s: Sequences, name: str) -> Assumption:
    found = [a for a in s.assumptions if a.name == name]
    return next((a for a in found if a.alternatives), found[0])


def chosen(data: bytes, assumption: Assumption, number: int = 0) -> tuple[Sequences, Reading]:
    table = Reading().table(data)
    reading = Reading().completed(table).changed(dict(assumption.alternatives[number].changes))
    return read_events(data, reading=reading), reading


@pytest.mark.parametrize("name", TWO_LOGS)
def test_the_other_of_two_logs_is_a_choice_away(name: str) -> None:
    data, first, second = TWO_LOGS[name]
    s = read_events(data)
    assert set(s.items.ids) == {f"v{n}" for n in range(6)}
    part = said(s, "part")
    assert part.value == first
    assert part.doubtful
    other, reading = chosen(data, part)
    assert reading.part == second
    assert set(other.items.ids) == {f"b{n}" for n in range(5)}
    assert not said(other, "part").doubtful
    again, back = chosen(data, said(other, "part"), -1)
    assert back.part is None
    assert again.fingerprint == s.fingerprint
    assert Reading.from_link(reading.to_link()) == reading
    scope: dict[str, Any] = {}
    exec("\n".join([f"from recemb_core.readers import {', '.join(reading.names_used())}", *reading.as_python()]), scope)
    assert scope["reading"] == reading


@pytest.mark.parametrize("name", TWO_LOGS)
def test_a_part_that_is_not_there_is_one_sentence(name: str) -> None:
    data, first, second = TWO_LOGS[name]
    with pytest.raises(InputError) as refused:
        load_table(data, "own", part="nowhere")
    if "zip" not in name:  # of which every file has its own parts
        assert repr(first) in str(refused.value)
        assert repr(second) in str(refused.value)


def test_a_file_of_one_table_has_no_parts() -> None:
    with pytest.raises(InputError, match="holds one table and no 'views'; leave part out"):
        load_table(csv(VIEWS), "own.csv", part="views")


def test_sheets_that_were_joined_can_be_read_alone() -> None:
    data = workbook(list(map(list, VIEWS[:21])), list(map(list, [VIEWS[0], *VIEWS[21:]])))
    joined = read_events(data)
    assert sum(map(len, joined)) == 40
    assert said(joined, "part").value is None
    alone, reading = chosen(data, said(joined, "part"), 1)
    assert reading.part == "Sheet2"
    assert sum(map(len, alone)) == 20


def test_what_is_left_in_a_well_known_archive_can_be_read() -> None:
    head = ("userId", "movieId", "rating", "timestamp")
    ratings = [head, *((n % 4, n % 6, 4, 1_700_000_000 + n) for n in range(40))]
    tags = [("userId", "movieId", "tag", "timestamp"), *((n % 3, n % 2, "x", 1_700_000_000 + n) for n in range(12))]
    films = [("movieId", "title"), *((n, f"film {n}") for n in range(6))]
    data = zipped(**{"ratings.csv": csv(ratings), "movies.csv": csv(films), "tags.csv": csv(tags)})
    s = read_events(data)
    assert sum(map(len, s)) == 40
    place = [choice.label for choice in said(s, "part").alternatives].index("the file tags.csv")
    tagged, reading = chosen(data, said(s, "part"), place)
    assert reading.part == "tags.csv"
    assert sum(map(len, tagged)) == 12


MESSY_MARKS = re.compile(r"^ | $|\u200b$|\.0$")
MESSY = {"spaces": (" {} ", False), "characters that nobody sees": ("{}\u200b", True), "ended with .0": ("{}.0", False)}


@pytest.mark.parametrize("what", MESSY)
def test_what_was_taken_off_ids_can_stay(what: str) -> None:
    form, doubtful = MESSY[what]
    numbers = [str(10 + n % 6) for n in range(40)]
    data = csv([("user", "item"), *((f"u{n // 10}", form.format(item)) for n, item in enumerate(numbers))])
    s = read_events(data)
    assert set(s.items.ids) == set(numbers)
    tidied = said(s, "ids_as_written")
    assert what in tidied.words
    assert tidied.doubtful is doubtful
    kept, _ = chosen(data, tidied)
    assert set(kept.items.ids) == {form.format(item) for item in numbers}
    assert "as set" in said(kept, "ids_as_written").words
    again, _ = chosen(data, said(kept, "ids_as_written"))
    assert again.items.ids == s.items.ids


LISTS = {
    "bars": lambda items: "|".join(items),
    "quoted lists": lambda items: "[" + "; ".join(f"'{item}'" for item in items) + "]",
    "padded columns": None,
    "lines": lambda items: "|".join(items),
    "user and list": lambda items: "|".join(items),
}


def in_lists(kind: str, form: str) -> tuple[bytes, list[list[str]]]:
    """Eight rows of five items each in one shape of lists, and the items as they are written."""
    rows = [[form.format(10 + (n + k * (n % 3 + 1)) % 6) for k in range(5)] for n in range(8)]
    joined = LISTS[kind]
    if joined is None:
        return csv([("item1", "item2", "item3", "item4", "item5"), *rows]), rows
    if kind == "user and list":
        return csv([("user", "items"), *((f"u{n}", joined(row)) for n, row in enumerate(rows))]), rows
    return csv([("items",)] * (kind != "lines") + [(joined(row),) for row in rows]), rows


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("what", MESSY)
def test_what_was_taken_off_ids_in_lists_is_said_and_can_stay(kind: str, what: str) -> None:
    form, doubtful = MESSY[what]
    data, rows = in_lists(kind, form)
    table = Reading().table(data)
    names = table.frame.columns
    columns = ColumnMapping(shape="sequences", user="user" if "user" in names else None)
    columns = replace(columns, sequence=("items",) if "items" in names else tuple(names))
    reading = Reading(columns=columns)
    s = read_events(data, reading=reading)
    plain = [[MESSY_MARKS.sub("", item) for item in row] for row in rows]
    assert [[s.items.ids[i] for i in sequence] for sequence in s] == plain
    (tidied,) = [a for a in s.assumptions if a.name == "ids_as_written"]
    assert what in tidied.words
    assert tidied.doubtful is doubtful
    kept = read_events(data, reading=reading.changed(dict(tidied.alternatives[0].changes)))
    # The blank at the end of a row is the end of the line's, or of the list's.
    wanted = (
        rows
        if kind in ("padded columns", "quoted lists", "lines")
        else [[row[0].lstrip(), *row[1:-1], row[-1].rstrip()] for row in rows]
    )
    assert [[kept.items.ids[i] for i in sequence] for sequence in kept] == wanted


MARKED = [(mark, quote) for mark in ("|", ",", ";", " ", ", ") for quote in ("", '"')]


@pytest.mark.parametrize(("mark", "quote"), MARKED)
@pytest.mark.parametrize("head", ["items", "history", "pages", "visited pages", ""])
def test_one_column_of_lists_is_a_sequence_a_row(head: str, mark: str, quote: str) -> None:
    rows = [[f"i{(n * (k + 2) + k) % 9}" for k in range(3 + n % 4)] for n in range(40)]
    lines = [quote + mark.join(row) + quote for row in rows]
    data = "\n".join([head] * bool(head) + lines).encode()
    if mark == " " and quote and head not in ("items", "history"):  # might be any text
        return
    s = read_events(data, config=CleaningConfig(drop_repeats=False))
    doubts = [a for a in s.assumptions if a.doubtful and a.name == "skip_lines"]
    if doubts:  # no name that is known: a line of one or two items, or the head of the column
        assert head in ("pages", "visited pages")
        table = Reading().table(data)
        reading = Reading().completed(table).with_cleaning(drop_repeats=False)
        s = read_events(data, reading=reading.changed(dict(doubts[0].alternatives[0].changes)))
    assert [[s.items.ids[i] for i in sequence] for sequence in s] == rows


def test_a_word_for_nothing_in_a_list_is_said_and_can_be_an_id() -> None:
    data = csv([("user", "items"), *((f"u{n}", f"a{n % 3}|NONE|b{n % 2}") for n in range(8))])
    s = read_events(data)
    assert set(s.items.ids) == {"a0", "a1", "a2", "b0", "b1"}
    missing = said(s, "missing")
    assert "'NONE' (8 rows)" in missing.words
    assert missing.doubtful
    kept, _ = chosen(data, missing)
    assert "NONE" in kept.items.ids


def test_kept_ids_still_find_their_details_as_written() -> None:
    log = csv([("user", "item"), *((f"u{n // 10}", f" i{n % 6}") for n in range(40))])
    details = csv([("item", "kind"), *((f"{' ' * (n < 3)}i{n}", "fruit" if n % 2 else "tea") for n in range(6))])
    reading = Reading().completed(load_table(log))
    both = read_events(log, reading=reading, side_info=details)
    kept = read_events(log, reading=reading.changed({"ids_as_written": True}), side_info=details)
    assert both.side_info is not None
    assert both.side_info["kind"].null_count() == 0
    assert kept.side_info is not None
    assert kept.side_info["kind"].null_count() == 3


def test_rows_without_a_user_are_each_a_user_or_left_out() -> None:
    rows = [(f"b{n // 4}", f"i{n % 6}", "" if n < 8 else f"u{n // 8}") for n in range(40)]
    data = csv([("basket_id", "item", "user"), *rows])
    s = read_events(data)
    assert len(s) == 10
    anonymous = said(s, "keep_anonymous")
    assert "8 rows without 'user'" in anonymous.words
    known, _ = chosen(data, anonymous)
    assert len(known) == 8
    back, _ = chosen(data, said(known, "keep_anonymous"))
    assert len(back) == 10


@pytest.mark.parametrize("word", ["Total", "Grand Total", "Gesamt", "总计"])
def test_a_row_of_sums_is_doubted(word: str) -> None:
    events = csv([*VIEWS, (word, 40, 1_700_000_050)])
    doubt = next(a for a in read_events(events).assumptions if a.name == "missing")
    assert doubt.doubtful
    assert word in doubt.words
    without, _ = chosen(events, doubt)
    assert sum(map(len, without)) == 40
    assert all(a.name != "missing" for a in read_events(csv(VIEWS)).assumptions)
    inside = csv([*VIEWS, *[(word, "v1", 1_700_000_050), (word, "v2", 1_700_000_060)]])  # somebody who is called so
    assert all(a.name != "missing" for a in read_events(inside).assumptions)


@pytest.mark.parametrize("above", [b"", b"# made by hand\n"])
def test_a_head_of_sequences_is_left_out_below_a_comment_too(above: bytes) -> None:
    lines = [" ".join(f"i{(n * (k + 2) + k) % 9}" for k in range(3 + n % 4)) for n in range(40)]
    data = above + "\n".join(["visited pages", *lines]).encode()
    doubt = next(a for a in read_events(data).assumptions if a.doubtful and "no other line has" in a.words)
    changes = dict(doubt.alternatives[0].changes)
    assert not {"visited", "pages"} & set(read_events(data, reading=Reading().changed(changes)).items.ids)


def test_the_only_list_may_be_chosen_for_the_user() -> None:
    data = csv([("date", "items"), *((f"2024-03-{1 + n // 2:02d}", f"i{n % 3}|i{n % 5}|i{n % 7}") for n in range(40))])
    table = Reading().table(data)
    columns = Reading().completed(table).columns
    assert columns is not None
    taken = columns.taking({"user": "items"})
    assert taken.sequence == ()
    assert column_assumptions(table.frame, taken)
    with pytest.raises(InputError, match="no column holds the sequences"):
        read_events(table, reading=Reading(columns=taken))
