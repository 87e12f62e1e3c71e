"""Lists and objects in the cells of a table, and lists that stand beside a time or a basket."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from recemb_core.readers import CleaningConfig, Reading, load_table
from recemb_core.sequences import Sequences, read_events

ALL = CleaningConfig(drop_repeats=False, min_length=1, gap_minutes=float("inf"))
ITEMS = ['Mug, 2" blue', "a|b", "it's", "tea", "5;6", "[x]", "ß €"]
ORDERS = [(f"o{n}", f"u{n % 4}", f"2024-03-{1 + n // 2:02d} 10:{n:02d}:00", n) for n in range(40)]


def basket(n: int) -> list[str]:
    return [ITEMS[(n * 3 + k) % len(ITEMS)] for k in range(2 + n % 3)]


def written(head: list[str], rows: list[list[Any]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([head, *rows])
    return out.getvalue().encode()


def events(s: Sequences) -> list[tuple[str, str, float]]:
    assert s.users is not None
    assert s.timestamps is not None
    at = [str(s.users[k]) for k in range(len(s)) for _ in range(s.offsets[k], s.offsets[k + 1])]
    return sorted(zip(at, (s.items.ids[t] for t in s.tokens), map(float, s.timestamps), strict=True))


def wanted() -> list[tuple[str, str, float]]:
    start = 1_709_251_200  # 2024-03-01
    days = [start + 86_400 * (n // 2) + 36_000 + 60 * n for *_, n in ORDERS]
    return sorted((ORDERS[n][1], item, float(days[n])) for n in range(40) for item in basket(n))


FORMS = {
    "JSON": json.dumps,
    "JSON, not ASCII": lambda items: json.dumps(items, ensure_ascii=False),
    "Python": str,
    "objects": lambda items: json.dumps([{"sku": item, "price": 2.5} for item in items]),
    "objects of Python": lambda items: str([{"sku": item, "gift": None} for item in items]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_lists_in_cells_are_read_whatever_their_items_hold(form: str, delimiter: str) -> None:
    rows = [[order, user, time, FORMS[form](basket(n))] for order, user, time, n in ORDERS]
    s = read_events(written(["order_id", "customer", "ordered_at", "items"], rows, delimiter), config=ALL)
    assert events(s) == wanted()
    told = [a for a in s.assumptions if a.name == "cells"]
    assert len(told) == 1
    assert "'items'" in told[0].words
    assert not any(a.doubtful for a in s.assumptions)


@pytest.mark.parametrize("mark", ["|", ",", ", ", ";"])
def test_joined_lists_keep_the_time_and_the_basket_of_their_row(mark: str) -> None:
    def plain(n: int) -> list[str]:
        return [f"i{(n * 3 + k) % 7}" for k in range(2 + n % 3)]

    rows = [[order, user, time, mark.join(plain(n))] for order, user, time, n in ORDERS]
    s = read_events(written(["order_id", "customer", "ordered_at", "items"], rows), config=ALL)
    times = {(user, time) for user, _, time in wanted()}
    assert {(user, time) for user, _, time in events(s)} == times
    assert [item for _, item, _ in events(s)].count("i0") == sum(plain(n).count("i0") for n in range(40))
    assert any(a.name == "list_mark" for a in s.assumptions)
    assert not s.ordered


def test_a_time_that_is_not_read_beside_lists_is_doubted() -> None:
    rows = [[f"2024-03-{1 + n // 2:02d}", "|".join(f"i{(n * k) % 7}" for k in range(1, 4))] for n in range(40)]
    s = read_events(written(["date", "items"], rows))
    doubt = next(a for a in s.assumptions if a.doubtful)
    assert "'date' is called like a column of times, and is not read" in doubt.words
    reading = Reading().completed(load_table(written(["date", "items"], rows)))
    timed = read_events(written(["date", "items"], rows), reading=reading.changed(dict(doubt.alternatives[0].changes)))
    assert timed.timestamps is not None


def test_an_object_in_a_cell_gives_columns_by_path() -> None:
    rows = [
        [f"u{n % 4}", f"2024-03-01 10:{n:02d}:00", json.dumps({"product_id": f"p{n % 5}", "price": n})]
        for n in range(40)
    ]
    data = written(["distinct_id", "time", "properties"], rows)
    s = read_events(data)
    assert set(s.items.ids) == {f"p{n}" for n in range(5)}
    text = load_table(data, cells=False)
    assert text.frame.columns == ["distinct_id", "time", "properties"]
    again = next(a for a in text.assumptions if a.name == "cells")
    assert [c.changes for c in again.alternatives] == [(("cells", True),), (("cells", None),)]
    assert Reading.from_link(Reading(cells=False).to_link()) == Reading(cells=False)


@pytest.mark.parametrize("cell", ["[1, 2", "{'a': 1", "['a' 'b']", "[[1], [2]]", "[" * 900 + "]" * 900, "{}"])
def test_what_is_no_list_or_object_stays_text(cell: str) -> None:
    data = written(["user", "item", "note"], [[f"u{n % 4}", f"i{n % 6}", cell] for n in range(40)])
    table = load_table(data)
    assert table.frame["note"].to_list() == [cell] * 40
    assert not any(a.name == "cells" for a in table.assumptions)


def test_a_few_cells_that_are_no_json_leave_the_column_as_text_and_are_said() -> None:
    cells = [json.dumps({"sku": f"p{n % 5}"}) if n != 30 else "{broken}" for n in range(60)]
    table = load_table(written(["user", "item", "more"], [[f"u{n % 4}", f"i{n % 6}", c] for n, c in enumerate(cells)]))
    assert table.frame["more"].dtype == pl.String
    (doubt,) = [a for a in table.assumptions if a.name == "cells"]
    assert doubt.doubtful
    assert "'{broken}'" in doubt.words


def test_whole_decimals_keep_all_their_digits() -> None:
    ids = [Decimal(9_007_199_254_740_992 + n % 7) for n in range(40)]
    huge = [Decimal(10**30 + n % 5) for n in range(40)]
    frame = pl.DataFrame(
        {"user": pl.Series(ids, dtype=pl.Decimal(38, 0)), "item": pl.Series(huge, dtype=pl.Decimal(38, 0))}
    )
    out = io.BytesIO()
    frame.write_parquet(out)
    s = read_events(out.getvalue())
    assert s.users is not None
    assert set(map(str, s.users)) == {str(9_007_199_254_740_992 + n) for n in range(7)}
    assert set(s.items.ids) == {str(10**30 + n) for n in range(5)}


def test_numbers_in_parentheses_are_below_zero_and_said() -> None:
    rows = [[n // 4, f"u{n % 3}", f"i{n % 6}", "(2)" if n % 5 == 0 else 1] for n in range(60)]
    s = read_events(written(["order_id", "user", "sku", "qty"], rows))
    assert any("'(2)'" in a.words and "below 0" in a.words for a in s.assumptions)
    assert sum(step.dropped_rows for step in s.report if "return" in step.name) == 12


def test_a_column_of_numbers_with_words_among_them_is_doubted() -> None:
    rows = [[n // 4, f"u{n % 3}", f"i{n % 6}", "many" if n % 5 == 0 else 1] for n in range(60)]
    s = read_events(written(["order_id", "user", "sku", "qty"], rows))
    doubt = next(a for a in s.assumptions if a.name == "weight" and a.doubtful)
    assert "'many'" in doubt.words
    assert doubt.alternatives[0].changes == (("weight", "qty"),)


def test_the_number_of_a_line_is_no_item_where_another_column_is_called_one() -> None:
    rows = [[500 + n // 4, 1 + n % 4, f"m{(n * 7) % 9}", f"k{n // 8}"] for n in range(80)]
    s = read_events(written(["order_id", "item", "material", "customer"], rows))
    assert set(s.items.ids) == {f"m{n}" for n in range(9)}


def test_nothing_but_zeros_is_no_weight() -> None:
    rows = [[f"u{n % 4}", f"i{n % 6}", 0] for n in range(40)]
    assert len(read_events(written(["user", "item", "value"], rows)).items) == 6


def test_rows_under_a_key_with_lists_of_their_own() -> None:
    mixes = [{"user": n, "songs": [{"song_id": f"s{(n + k) % 7}"} for k in range(3)]} for n in range(20)]
    s = read_events(json.dumps({"info": {"made": "today"}, "playlists": mixes}).encode())
    assert set(s.items.ids) == {f"s{n}" for n in range(7)}
    (around,) = [a for a in s.assumptions if a.name == "enclosing"]
    assert "'info.made'" in around.words


@pytest.mark.parametrize("path", [("events",), ("data", "events")])
def test_what_stands_around_the_rows_is_said_and_can_be_read(path: tuple[str, ...]) -> None:
    value: Any = {"events": [{"item": f"i{n % 7}", "user": f"u{n % 3}"} for n in range(30)], "source": "web"}
    data = json.dumps({"data": value, "n": 3} if len(path) > 1 else value).encode()
    s = read_events(data)
    assert set(s.items.ids) == {f"i{n}" for n in range(7)}
    (around,) = [a for a in s.assumptions if a.name == "enclosing"]
    assert "source" in around.words
    frame = load_table(data, enclosing=True).frame
    assert any(c.endswith("source") for c in frame.columns)


@pytest.mark.parametrize("names", [[], ["id", "payload"]])
def test_json_in_a_file_without_names_or_beside_others_loses_no_line(names: list[str]) -> None:
    rows = [json.dumps({"user": f"u{n % 4}", "item": f"i{n % 6}"}) for n in range(40)]
    data = (
        written(names, [[n, row] for n, row in enumerate(rows)]) if names else "\n".join(map(json.dumps, rows)).encode()
    )
    s = read_events(data, config=ALL)
    assert sum(map(len, s)) == 40
    assert set(s.items.ids) == {f"i{n}" for n in range(6)}
