"""Logs in which the likeliest reading is wrong: read right, or doubted with the right one a click away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recemb_core.readers import Assumption, CleaningConfig, ColumnMapping, Reading
from recemb_core.sequences import Sequences, read_events

AS_IT_IS = CleaningConfig(min_length=1, drop_repeats=False)
T = 1_709_290_000  # 2024-03-01 10:46:40


def csv(names: str, rows: list[str]) -> bytes:
    return "\n".join([names, *rows] if names else rows).encode()


def read(data: bytes, **changes: Any) -> Sequences:
    table = Reading().table(data)
    reading = Reading(cleaning=AS_IT_IS).completed(table)
    return read_events(data, reading=reading.changed(changes) if changes else reading)


def said(s: Sequences, name: str) -> list[Assumption]:
    return [a for a in s.assumptions if a.name == name]


def who(s: Sequences) -> set[str]:
    assert s.users is not None
    return set(s.users.tolist())


def day(s: Sequences) -> str:
    assert s.timestamps is not None
    import numpy as np

    return str(np.datetime64(int(s.timestamps.min()), "s"))[:10]


@pytest.mark.parametrize(
    ("form", "offset"),
    [("113/03/{:02d}", 1911), ("2567-03-{:02d} 10:00", -543), ("{:02d}/03/2567", -543), ("113.03.{:02d}", 1911)],
)
def test_years_of_another_calendar(form: str, offset: int) -> None:
    data = csv("user,item,date", [f"u{k % 3},i{k % 4},{form.format(k + 1)}" for k in range(28)])
    s = read(data)
    assert day(s) == "2024-03-01"
    (calendar,) = said(s, "year_offset")
    assert calendar.value == offset
    assert calendar.doubtful
    as_written = next(c for c in calendar.alternatives if c.label == "they are as written")
    assert day(read(data, **dict(as_written.changes))) != "2024-03-01"


def test_a_leap_day_of_another_calendar() -> None:
    assert day(read(csv("user,item,date", [f"u{k % 2},i{k % 3},113/02/29" for k in range(9)]))) == "2024-02-29"


@pytest.mark.parametrize("time", ["1960-03-01 10:00:00", "-310000000", "0966-03-01 10:00"])
def test_times_before_1990_are_doubted(time: str) -> None:
    s = read(csv("user,item,time", [f"u{k % 3},i{k % 4},{time}" for k in range(12)]))
    assert any("before 1990" in a.words and a.doubtful for a in said(s, "timestamp"))


@pytest.mark.parametrize(("unit", "shift", "scale"), [("seconds", 1, 1), ("milliseconds", 1000, 1000)])
def test_counts_since_1960(unit: str, shift: int, scale: int) -> None:
    data = csv("user,item,time", [f"u{k % 3},i{k % 4},{(T + 315_619_200 + 60 * k) * scale}" for k in range(12)])
    doubt = next(a for a in said(read(data), "timestamp") if "in the future" in a.words)
    assert doubt.alternatives[0].changes == (("time_unit", f"{unit} since 1960"),)
    assert day(read(data, **dict(doubt.alternatives[0].changes))) == "2024-03-01"


def test_counts_since_1582() -> None:
    data = csv("user,item,time", [f"u{k % 3},i{k % 4},{T + 12_219_379_200 + 60 * k}" for k in range(12)])
    assert day(read(data)) == "2024-03-01"


@pytest.mark.parametrize("every", [2, 3, 5])
@pytest.mark.parametrize("counts", [True, False])
def test_counts_among_dates_are_read_as_what_they_are(every: int, counts: bool) -> None:
    rows = [
        f"u{k % 3},i{k % 4}," + (str(T + 60 * k) if (k % every == 0) is counts else f"2024-03-01T11:{k:02d}:00Z")
        for k in range(40)
    ]
    s = read(csv("user,item,time", rows))
    assert sum(map(len, s)) == 40
    assert any("each was read as what it is" in a.words and a.doubtful for a in said(s, "timestamp"))


@pytest.mark.parametrize("form", ["2024030110", "24030110"])
def test_hours_written_as_one_number(form: str) -> None:
    data = csv("user,item,hour", [f"u{k % 3},i{k % 4},{int(form) + k % 9}" for k in range(30)])
    s = read(data, timestamp="hour")
    assert s.timestamps is not None
    assert day(s) == "2024-03-01"
    assert s.timestamps.max() - s.timestamps.min() == 8 * 3_600


def test_an_id_is_no_time() -> None:
    rows = [f"{10**18 + 7_919 * k},u{k % 3},i{k % 4},240301{k % 24:02d}" for k in range(30)]
    s = read(csv("id,user,item,hour", rows))
    assert all(a.value != "id" for a in said(s, "timestamp"))


def test_times_that_a_spreadsheet_rounded_are_doubted() -> None:
    s = read(csv("user,item,time", [f"u{k % 3},i{k % 4},{T + 60 * k:.5E}" for k in range(12)]))
    assert any("lost their last digits" in a.words and "1 distinct" in a.words for a in said(s, "timestamp"))


def test_a_time_of_day_under_any_name_is_read_with_its_date() -> None:
    rows = [f"u{k % 3},i{k % 4},2024-03-01,10:{k:02d}:00" for k in range(12)]
    s = read(csv("user,item,serverDate,serverTimePretty", rows))
    assert s.timestamps is not None
    assert s.timestamps.max() - s.timestamps.min() == 11 * 60
    assert said(s, "clock")[0].value == "serverTimePretty"


def test_a_number_with_two_decimals_is_no_time_of_day() -> None:
    rows = [f"u{k % 3},i{k % 4},{4 + k / 100:.2f},2024/03/{k + 1:02d}" for k in range(12)]
    s = read(csv("user,item,Average Score,Date Read", rows))
    assert s.timestamps is not None
    assert (s.timestamps % 86_400 == 0).all()
    assert not said(s, "clock")


@pytest.mark.parametrize("start", [0, 1, 1000])
def test_a_row_number_is_nobody(start: int) -> None:
    rows = [f"{k + start}\tu{k % 3}\ti{k % 4}\t2024-03-01 10:{k:02d}:00" for k in range(24)]
    assert who(read(csv("", rows))) == {"u0", "u1", "u2"}


def test_user_and_item_without_names_can_be_swapped() -> None:
    data = csv("", [f"i{k % 4}\tu{k % 3}\t{T + 60 * k}" for k in range(24)])
    (doubt,) = [a for a in said(read(data), "user") if a.doubtful]
    assert "No column has a name" in doubt.words
    swap, alone = doubt.alternatives
    assert who(read(data, **dict(swap.changes))) == {"u0", "u1", "u2"}
    assert dict(alone.changes) == {"user": None}
    assert not [a for a in said(read(csv("user\titem\tt", data.decode().split("\n"))), "user") if a.doubtful]


def records(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def test_empty_users_of_records_are_nobody() -> None:
    rows = [{"user": "u9" if k % 3 == 0 else None, "item": f"i{k % 4}", "time": T + 60 * k} for k in range(12)]
    s = read(records(rows))
    assert sum(map(len, s)) == 4
    (nobody,) = said(s, "fill_down")
    assert "8 of 12 rows" in nobody.words
    assert nobody.doubtful
    assert sum(map(len, read(records(rows), **dict(nobody.alternatives[0].changes)))) == 12


def test_a_complete_name_of_the_user_comes_before_one_with_gaps() -> None:
    rows = [
        {"userId": f"u{k % 2}" if k % 4 == 0 else None, "anonymousId": f"a{k % 5}", "item": f"i{k % 4}", "time": T + k}
        for k in range(40)
    ]
    s = read(records(rows))
    assert who(s) == {f"a{k}" for k in range(5)}
    (user,) = [a for a in said(s, "user") if a.value == "anonymousId"]
    assert user.doubtful
    assert "empty in 30 of 40 rows" in str(user)
    assert any(("user", "userId") in c.changes for c in user.alternatives)


def test_a_list_with_one_thing_in_all_rows_is_no_sequence() -> None:
    rows = [
        {"title": f"Watched i{k % 4}", "time": f"2024-03-01T10:{k:02d}:00Z", "products": ["YouTube"]} for k in range(20)
    ]
    s = read(json.dumps(rows).encode())
    assert len(s.items) == 4
    assert s.timestamps is not None


def test_baskets_without_a_time_say_so() -> None:
    rows = [f"h{k // 2 % 3},b{k // 2},{k // 2 + 1},p{k % 4}" for k in range(24)]
    s = read(csv("household_key,BASKET_ID,DAY,PRODUCT_ID", rows))
    (none,) = said(s, "timestamp")
    assert none.doubtful
    assert ("timestamp", "DAY") in [change for c in none.alternatives for change in c.changes]


def test_a_column_without_values_plays_no_role() -> None:
    s = read(csv("user,item,time,quantity", [f"u{k % 3},i{k % 4},{T + 60 * k}," for k in range(12)]))
    assert sum(map(len, s)) == 12


def test_a_payload_is_no_kind_of_event() -> None:
    rows = [
        {
            "user": f"u{k % 3}",
            "item": f"i{k % 4}",
            "event_type": ("play", "pause")[k % 2],
            "event": '{"x":1}',
            "time": T + k,
        }
        for k in range(20)
    ]
    assert said(read(records(rows)), "event_type")[0].value == "event_type"


def test_many_rows_that_are_left_out_are_doubted() -> None:
    rows = [
        {
            "user": f"u{k % 3}",
            "time": T + k,
            **({"movie": {"title": f"m{k % 5}"}} if k % 2 else {"show": {"title": "s"}}),
        }
        for k in range(40)
    ]
    s = read(records(rows), item="movie.title")
    (lost,) = said(s, "rows left out")
    assert lost.doubtful
    assert "20 rows of 40" in lost.words


def test_what_holds_for_all_rows_is_no_weight() -> None:
    hits = [{"_source": {"user": f"u{k % 3}", "item": f"i{k % 4}", "time": T + k}} for k in range(20)]
    s = read(json.dumps({"took": 5, "hits": {"total": {"value": 20}, "hits": hits}}).encode())
    assert s.weights is None


def test_a_chosen_column_leaves_the_role_that_it_had() -> None:
    mapping = ColumnMapping(shape="events", user="a", item="b", event_type="c", side=("d",))
    taken = mapping.taking({"item": "c", "weight": "d"})
    assert (taken.item, taken.event_type, taken.weight, taken.side) == ("c", None, "d", ())
    assert mapping.taking({"user": "b", "item": "a"}).columns == {"user": "b", "item": "a", "event_type": "c"}


@pytest.mark.parametrize(
    "names", ["id_user,id_item,time", "会员,商品,时间", "使用者,商品編號,交易日期", "c-ip,cs-uri-stem,time"]
)
def test_more_names(names: str) -> None:
    s = read(csv(names, [f"u{k % 3},i{k % 4},{T + 60 * k}" for k in range(12)]))
    assert who(s) == {"u0", "u1", "u2"}
    assert set(s.items.ids) == {f"i{k}" for k in range(4)}


def test_a_column_that_is_the_same_in_all_rows_is_the_item_last() -> None:
    s = read(csv("user,course_id,resource,ts", [f"u{k % 3},c1,r{k % 4},{T + 60 * k}" for k in range(20)]))
    assert s.items.ids == ("c1",)  # nothing else is called like an item
    (doubt,) = [a for a in said(s, "item") if a.doubtful]
    assert (
        len(
            read(
                csv("user,course_id,resource,ts", [f"u{k % 3},c1,r{k % 4},{T + 60 * k}" for k in range(20)]),
                **dict(doubt.alternatives[0].changes),
            ).items
        )
        == 4
    )
    s = read(csv("user,course_id,item_name,ts", [f"u{k % 3},c1,r{k % 4},{T + 60 * k}" for k in range(20)]))
    assert len(s.items) == 4


@pytest.mark.parametrize("form", ["{:02d}mar2024 10:00:00", "{:02d}mar2024"])
def test_days_and_months_without_anything_between(form: str) -> None:
    s = read(csv("user,item,dt", [f"u{k % 3},i{k % 4},{form.format(k + 1)}" for k in range(20)]))
    assert day(s) == "2024-03-01"


def test_several_fields_in_one_item_are_doubted() -> None:
    rows = [f"o{k // 2};u{k % 3};name:Tea {k % 4}|sku:W{k % 4}|qty:1" for k in range(24)]
    assert any(
        a.doubtful and "hold several fields" in a.words for a in said(read(csv("order_id;user;product", rows)), "item")
    )
    plain = [f"o{k // 2};u{k % 3};Tea: {k % 4}" for k in range(24)]
    assert not [a for a in said(read(csv("order_id;user;product", plain)), "item") if a.doubtful]
