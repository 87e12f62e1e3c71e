"""Layouts of well-known data sets, on invented rows in the shapes of their public descriptions."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from recemb_core.readers import guess_columns, load_table
from recemb_core.sequences import Sequences, read_events

Events = list[tuple[int, int, int]]  # user, item, unix seconds


def behavior(users: int = 8, items: int = 12, seed: int = 5) -> Events:
    """Each user comes twice, a day apart, and takes three different items each time, a minute apart."""
    rng = np.random.default_rng(seed)
    found = []
    for user in range(1, users + 1):
        for day in range(2):
            start = 1_600_000_000 + 86_400 * day + 977 * user
            found += [(user, int(i) + 1, start + 60 * k) for k, i in enumerate(rng.choice(items, 3, replace=False))]
    return found


def iso(seconds: int, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return str(np.datetime64(seconds, "s").astype(object).strftime(form))


def text(rows: list[tuple], delimiter: str = ",", header: str = "") -> bytes:
    lines = [header] * bool(header) + [delimiter.join(map(str, row)) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def asin(i: int) -> str:
    return f"B00{i:07d}"


def amazon_2018(e: Events) -> bytes:
    rows = [
        {"overall": 4.0, "reviewerID": f"A{u:013d}", "asin": asin(i), "reviewText": "so, so", "summary": "Five Stars",
         "reviewTime": iso(t, "%m %d, %Y"), "unixReviewTime": t}
        for u, i, t in e
    ]  # fmt: skip
    return "\n".join(map(json.dumps, rows)).encode()


def amazon_2023(e: Events) -> bytes:
    rows = [
        {"rating": 4.0, "title": f"Words {t % 5}", "text": "so", "images": [{"small_image_url": "x"}] if t % 2 else [],
         "asin": f"{asin(i)}{t % 3}", "parent_asin": asin(i), "user_id": f"A{u}", "timestamp": 1000 * t}
        for u, i, t in e
    ]  # fmt: skip
    return "\n".join(map(json.dumps, rows)).encode()


def diginetica(e: Events) -> bytes:
    rows = [(f"{u}{iso(t, '%d')}", "NA", i, t % 86_400 * 1000, iso(t, "%Y-%m-%d")) for u, i, t in e]
    return text(rows[::-1], ";", "sessionId;userId;itemId;timeframe;eventdate")


def mind(e: Events) -> bytes:
    rows = [
        (n, f"U{u}", iso(t, "%m/%d/%Y %I:%M:%S %p"), "N900 N901", f"N{i + 50}-0 N{i}-1 N{i + 70}-0")
        for n, (u, i, t) in enumerate(e)
    ]
    return text(rows, "\t")


def steam(e: Events) -> bytes:
    users = sorted({u for u, _, _ in e})
    rows = [
        {"user_id": f"u{u}", "items_count": 6, "steam_id": f"7656{u}", "user_url": "x",
         "items": [{"item_id": str(i), "item_name": f"Game {i}", "playtime_forever": i} for w, i, _ in e if w == u]}
        for u in users
    ]  # fmt: skip
    return "\n".join(map(repr, rows)).encode()


def instacart(e: Events) -> bytes:
    orders = {visit: n for n, visit in enumerate(sorted({(u, t // 40_000) for u, _, t in e}), start=1)}
    lines = [(orders[u, t // 40_000], i, k % 3 + 1, 0) for k, (u, i, t) in enumerate(e)]
    whose = [(n, u, "prior", 1, 2, 10, "") for (u, _), n in orders.items()]
    products = [(i, f"Thing {i}", i % 3, i % 2) for i in range(1, 13)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "order_products__train.csv", text(lines, header="order_id,product_id,add_to_cart_order,reordered")
        )
        head = "order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,days_since_prior_order"
        archive.writestr("orders.csv", text(whose, header=head))
        archive.writestr("products.csv", text(products, header="product_id,product_name,aisle_id,department_id"))
    return buffer.getvalue()


def sha1(u: int) -> str:
    return f"{u:040x}"


def mbid(i: int) -> str:
    return f"{i:08x}-0000-4000-8000-{i:012x}"


def amazon_m2(events: list[tuple[int, int, int]]) -> bytes:
    """As pandas writes numpy's arrays: no commas, and a line break inside."""
    rows = []
    for n in range(0, len(events), 3):
        one, two, last = (asin(i) for _, i, _ in events[n : n + 3])
        rows.append((f"\"['{one}'\n '{two}']\"", last, "DE"))
    return text(rows, header="prev_items,next_item,locale")


FORMS: dict[str, Callable[[Events], bytes]] = {
    "Amazon Reviews 2018": amazon_2018,
    "Amazon Reviews 2023": amazon_2023,
    "Amazon Reviews 2018 (ratings only)": lambda e: text([(asin(i), f"A{u:012d}X", 4.0, t) for u, i, t in e]),
    "Amazon Reviews 2014 (ratings only)": lambda e: text([(f"A{u:012d}X", asin(i), 4.0, t) for u, i, t in e]),
    "Yoochoose clicks": lambda e: text(
        [
            (u * 100 + t // 40_000 % 9, iso(t, "%Y-%m-%dT%H:%M:%S.123Z"), 214_000 + i, "S" if i % 3 else 0)
            for u, i, t in e
        ]
    ),
    "Yoochoose buys": lambda e: text(
        [(u * 100 + t // 40_000 % 9, iso(t, "%Y-%m-%dT%H:%M:%S.123Z"), 214_000 + i, 1046, 1) for u, i, t in e]
    ),
    "Diginetica": diginetica,
    "Amazon-M2": amazon_m2,
    "Last.fm 360K": lambda e: text([(sha1(u), mbid(i), f"Band {i} and friends", 3) for u, i, _ in e], "\t"),
    "Last.fm 1K": lambda e: text(
        [(f"user_{u:06d}", iso(t), mbid(i), f"Band {i}", "", f"Song {i}, live") for u, i, t in e], "\t"
    ),
    "Last.fm (HetRec 2011)": lambda e: text([(u, i, 30) for u, i, _ in e], "\t", "userID\tartistID\tweight"),
    "Steam": steam,
    "Steam 200k": lambda e: text([(u, f"Game {i}, the second".replace(",", ""), "purchase", 1.0, 0) for u, i, _ in e]),
    "Book-Crossing": lambda e: text(
        [(f'"{u}"', f'"034{i:07d}"', '"0"') for u, i, _ in e], ";", '"User-ID";"ISBN";"Book-Rating"'
    ),
    "KuaiRec": lambda e: text(
        [(u, i, 30_000, 10_000, iso(t, "%Y-%m-%d %H:%M:%S.5"), iso(t, "%Y%m%d"), t + 0.5, 3.0) for u, i, t in e],
        header="user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio",
    ),
    "MIND": mind,
    "Tmall": lambda e: text(
        [(u, i, i % 4, i % 3, i % 5, iso(t, "%m%d").lstrip("0"), 0) for u, i, t in e],
        header="user_id,item_id,cat_id,seller_id,brand_id,time_stamp,action_type",
    ),
    "Instacart": instacart,
    "Kaggle groceries": lambda e: text(
        [(u, iso(t, "%d-%m-%Y"), f"food {i}") for u, i, t in e], header="Member_number,Date,itemDescription"
    ),
    "BreadBasket": lambda e: text(
        [
            (iso(t, "%Y-%m-%d"), iso(t, "%H:%M:%S"), f"{u}{t // 40_000}", "NONE" if n % 9 == 8 else f"Bread {i}")
            for n, (u, i, t) in enumerate(e)
        ],
        header="Date,Time,Transaction,Item",
    ),
    "H&M": lambda e: text(
        [(iso(t, "%Y-%m-%d"), sha1(u), f"0{i:09d}", 0.05, 2) for u, i, t in e],
        header="t_dat,customer_id,article_id,price,sales_channel_id",
    ),
    "Foursquare (TSMC 2014)": lambda e: text(
        [
            (u, f"{i:024x}", f"{i % 4:024x}", f"Bar {i % 4}", 40.7, -74.1, -240, iso(t, "%a %b %d %H:%M:%S +0000 %Y"))
            for u, i, t in e
        ],
        "\t",
    ),
    "Foursquare (global check-ins)": lambda e: text(
        [(u, f"{i:024x}", iso(t, "%a %b %d %H:%M:%S +0000 %Y"), -240) for u, i, t in e], "\t"
    ),
    "Gowalla or Brightkite": lambda e: text([(u, iso(t), 30.2, -97.7, 22_000 + i) for u, i, t in e], "\t"),
}
SETS = {"Last.fm 360K", "Last.fm (HetRec 2011)", "Steam", "Steam 200k"}  # a person is one basket
DAYS = {"Kaggle groceries", "H&M"}
NO_TIME = {"Book-Crossing"}


def words(s: Sequences) -> str:
    return next(a.words for a in s.assumptions if a.name == "columns")


@pytest.mark.parametrize("name", FORMS)
def test_each_layout_is_recognised_said_and_changeable(name: str) -> None:
    events = behavior()
    source = FORMS[name](events)
    table = load_table(source)
    assert guess_columns(table.frame).preset == name
    s = read_events(source)
    assert f"Recognised as {name}" in words(s)
    layout = next(a for a in s.assumptions if a.name == "columns")
    assert "no known layout" in layout.alternatives[-1].label
    if name == "BreadBasket":
        assert "'NONE'" in " ".join(a.words for a in s.assumptions if a.name == "missing")
        assert not any("NONE" in item for item in s.items)
        return
    assert len(s.items) == len({i for _, i, _ in events})
    expected = 8 if name in SETS | NO_TIME else 16
    assert len(s) == expected
    assert s.ordered == (name not in SETS | DAYS | {"Instacart"})


def test_variants_of_breadbasket() -> None:
    rows = [
        (n // 3 + 1, f"Bread {n % 7}", iso(1_600_000_000 + 9_000 * n, "%d-%m-%Y %H:%M"), "morning", "weekday")
        for n in range(30)
    ]
    s = read_events(text(rows, header="Transaction,Item,date_time,period_day,weekday_weekend"))
    assert len(s) == 10


def test_baskets_of_the_groceries() -> None:
    rng = np.random.default_rng(1)
    lines = []
    for _ in range(60):
        chosen = [f"food {i}" for i in rng.choice(30, rng.integers(1, 6), replace=False)]
        lines.append((len(chosen), *chosen, *[""] * (8 - len(chosen))))
    s = read_events(text(lines, header="Item(s)," + ",".join(f"Item {n}" for n in range(1, 9))))
    assert not s.ordered
    assert s.report[0].rows[0] == sum(line[0] for line in lines)
    assert any("counts the items of a row" in a.words for a in s.assumptions)


def test_a_layout_yields_to_columns_that_are_set_by_hand() -> None:
    source = FORMS["Amazon Reviews 2023"](behavior())
    assert guess_columns(load_table(source).frame, item="asin").item == "asin"
    assert guess_columns(load_table(source).frame, presets=False).preset is None
