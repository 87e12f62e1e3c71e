"""Shapes that logs really have, with invented values: each is read by its right value, and what was assumed is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recemb_core.readers import Assumption, Reading
from recemb_core.sequences import Sequences, read_events

FILES = Path(__file__).parents[1] / "odd_files"
USUAL = (35, 129, 28, 12)  # sequences, events, items, users

# file: sequences, events, items, users; whether ordered
RIGHT: dict[str, tuple[tuple[int | None, ...], bool]] = {
    "04_diginetica_train-item-views.csv": ((35, 129, 28, None), True),
    "05_amazon2023.jsonl": (USUAL, True),
    "07_lastfm1k.tsv": ((31, 107, 24, 12), True),
    "08_steam_items.json": ((12, None, 28, 12), False),
    "09_instacart.zip": ((40, None, None, 9), False),
    "13c_trailing_comma_names.csv": ((12, 129, 28, 12), True),
    "14_sep_hint.csv": (USUAL, True),
    "15_scientific_ids.csv": ((None, None, 4, None), True),
    "16_mixed_units.csv": (USUAL, True),
    "17_thousands_us.csv": ((35, 108, 28, 12), False),
    "18b2_dates_us_dashes.csv": (USUAL, True),
    "20b_mixed_ends.csv": (USUAL, True),
    "23_pandas_default.json": (USUAL, True),
    "23e_nested.jsonl": (USUAL, True),
    "27b_basket_padded.csv": ((35, 108, 28, None), False),
    "27c_groceries_count.csv": ((35, 108, 28, None), False),
    "29_basic_iso.csv": (USUAL, True),
    "29_cst.csv": (USUAL, True),
    "29_logging_comma.csv": (USUAL, True),
    "29_twitter.csv": (USUAL, True),
    "30_breadbasket.csv": ((35, 108, 28, None), False),
    "34b_sessions_tab.txt": ((35, 129, 28, None), True),
    "35_sasrec.txt": ((30, None, 29, 30), True),
    "37_bx_ratings.csv": ((12, 129, 28, 12), True),
    "40_mind_behaviors.tsv": ((36, 149, 29, 12), True),
    "44_foursquare.txt": (USUAL, True),
    "45_tmall_log.csv": ((28, 129, 28, 12), True),
    "46_kuairec.csv": (USUAL, True),
    "48b_title_line.csv": (USUAL, True),
    "49_mixed_float_ids.csv": (USUAL, True),
    "58c_user_items_joined.tsv": ((None, None, 28, 12), True),
    "61_cross_session_repeat.csv": ((60, 120, None, 30), True),
}


def read(name: str, **how: Any) -> Sequences:
    return read_events(FILES / name, **how)


def size(s: Sequences) -> tuple[int, int, int, int | None]:
    return len(s), len(s.tokens), len(s.items), None if s.users is None else len(np.unique(s.users))


def said(s: Sequences, name: str) -> Assumption:
    return next(a for a in s.assumptions if a.name == name)


def doubts(s: Sequences) -> set[str]:
    return {a.name for a in s.assumptions if a.doubtful}


@pytest.mark.parametrize("name", RIGHT)
def test_each_by_its_right_value(name: str) -> None:
    right, ordered = RIGHT[name]
    s = read(name)
    got = size(s)
    assert tuple(g if r is not None else None for g, r in zip(got, right, strict=True)) == right, got
    assert s.ordered == ordered
    # What was taken for granted is in the report, line by line, and the report still balances.
    lines = " ".join(step.text for step in s.report)
    assert s.assumptions
    assert all(a.words in lines for a in s.assumptions)
    assert s.report[0].rows[0] - sum(step.dropped_rows for step in s.report) == len(s.tokens)


@pytest.mark.parametrize("name", RIGHT)
def test_every_alternative_is_a_reading_that_survives_its_link(name: str) -> None:
    s, taken = read(name), Reading().completed(Reading().table(FILES / name))
    for assumption in s.assumptions:
        for choice in assumption.alternatives:
            reading = taken.changed(dict(choice.changes))
            assert Reading.from_link(reading.to_link()) == reading
            assert Reading.from_dict(reading.to_dict()) == reading


def test_order_inside_a_session_comes_from_timeframe() -> None:
    s = read("04_diginetica_train-item-views.csv", drop_repeats=False, min_length=1)
    sessions = [[s.items[t] for t in line] for line in s]
    assert ["115", "118"] in sessions
    assert ["118", "115"] not in sessions  # timeframe 1000000 before 1027000, against the order of the file
    assert "NA" not in set(s.users)
    assert "'NA' (114 rows)" in said(s, "missing").words


def test_headlines_of_reviews_are_no_titles() -> None:
    s = read("05_amazon2023.jsonl")
    assert s.side_info is None or "title" not in s.side_info.columns
    variants = dict(said(s, "columns").alternatives[0].changes)["columns"]
    assert len(read("05_amazon2023.jsonl", mapping=variants).items) == 52


def test_blank_ids_are_counted() -> None:
    assert "no item" in read("07_lastfm1k.tsv").report[0].text


def test_lost_digits_are_counted() -> None:
    s = read("15_scientific_ids.csv")
    assert "4 distinct ids are left" in said(s, "item ids").words
    assert "item ids" in doubts(s)


def test_numbers_with_commas() -> None:
    s = read("17_thousands_us.csv")
    assert max(s.weights) >= 1200
    assert min(s.weights) > 1.2
    assert "decimal" in doubts(s)
    reading = Reading().completed(Reading().table(FILES / "17_thousands_us.csv")).changed({"decimal": ","})
    assert min(read("17_thousands_us.csv", reading=reading).weights) == np.float32(1.2)


def test_day_or_month_can_be_switched() -> None:
    name = "18b2_dates_us_dashes.csv"
    s = read(name)
    other = said(s, "day_first")
    assert other.doubtful
    reading = Reading().completed(Reading().table(FILES / name)).changed(dict(other.alternatives[0].changes))
    t = read(name, reading=reading)
    assert size(t) == size(s) == USUAL

    def last(q: Sequences) -> dict[str, str]:
        return {u: q.items[line[-1]] for u, line in zip(q.users, q, strict=True)}  # the last sequence of each stays

    changed = sum(last(s)[user] != last(t)[user] for user in last(s))
    assert changed == 11


def test_zones_by_letters_are_named() -> None:
    s = read("29_cst.csv")
    zone = said(s, "zone")
    assert zone.doubtful
    assert "CST name several time zones" in zone.words
    china = Reading().completed(Reading().table(FILES / "29_cst.csv")).changed(dict(zone.alternatives[0].changes))
    assert float(s.timestamps[0] - read("29_cst.csv", reading=china).timestamps[0]) == 14 * 3600


def test_forms_of_one_time_agree() -> None:
    base = read("29_twitter.csv").timestamps
    assert base[0] == 1_600_001_000
    for name in ("29_basic_iso.csv", "44_foursquare.txt"):
        assert np.array_equal(read(name).timestamps, base)
    assert np.abs(read("29_logging_comma.csv").timestamps - base).max() < 1


def test_history_or_clicks_of_an_impression_log() -> None:
    s = read("40_mind_behaviors.tsv")
    layout = said(s, "columns")
    assert "impression log" in layout.words
    assert layout.doubtful
    history = dict(layout.alternatives[0].changes)["columns"]
    t = read("40_mind_behaviors.tsv", mapping=history)
    assert len(t) <= 12
    raw = s.report[0].rows
    assert raw == (151, 151)
    assert "is no event" in " ".join(s.notes) or "are no events" in " ".join(s.notes)


def test_a_year_that_is_not_there_is_asked_for() -> None:
    s = read("45_tmall_log.csv")
    assert said(s, "year").doubtful
    reading = Reading().completed(Reading().table(FILES / "45_tmall_log.csv")).changed({"year": 2015})
    t = read("45_tmall_log.csv", reading=reading)
    assert not said(t, "year").doubtful
    assert min(t.timestamps) == 1_442_102_400  # the 13th of September 2015


def test_milliseconds_of_dwell() -> None:
    s = read("46_kuairec.csv", min_dwell_seconds=20)
    dropped = {step.name: step.dropped_rows for step in s.report}
    assert dropped["filter: dwell time"] == 97


def test_details_with_backslashes() -> None:
    s = read("37_bx_ratings.csv", side_info=FILES / "37b_bx_books.csv")
    assert s.side_info["title"].null_count() == 0
    table = Reading().table(FILES / "37b_bx_books.csv")
    assert len(table.frame) == 30
    assert any('"' in title for title in table.frame["Book-Title"])
    rated = read("37_bx_ratings.csv", min_rating=1)
    assert len(rated.tokens) < 129


def test_a_log_or_an_edge_list_is_a_choice() -> None:
    s = read("35_sasrec.txt", drop_repeats=False, min_length=1)
    assert len(s.tokens) == 248
    shape = said(s, "shape")
    assert shape.doubtful
    edges = dict(shape.alternatives[0].changes)["columns"]
    assert (edges.shape, edges.source, edges.target) == ("edges", "column_1", "column_2")


def test_users_come_from_the_table_of_orders_or_not() -> None:
    s = read("09_instacart.zip")
    assert "joined by 'order_id'" in said(s, "joins").words
    assert read("09_instacart.zip", reading=Reading(joins=False)).users is None
