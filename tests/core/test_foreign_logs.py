"""Logs as programs and people of other places write them: times, names of columns, encodings, marks of clicks."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recemb_core.readers import InputError, Reading, load_table
from recemb_core.readers.column_names import ROLE_NAMES, plain_name
from recemb_core.readers.time_numbers import TIME_UNITS
from recemb_core.readers.times import parse_times
from recemb_core.sequences import read_events

START = datetime(2020, 9, 13, 17, 53, 42, tzinfo=UTC)
# Three people with two visits each, a day apart; within a visit a minute from item to item.
EVENTS = [
    (f"u{user}", f"p{(3 * user + 2 * day + step) % 7}", START + timedelta(days=day, minutes=step, hours=user))
    for user in (1, 2, 3)
    for day in (0, 1)
    for step in range(4)
]
RIGHT = (6, 24, 7, 3)  # sequences, events, items, users
MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
Written = Callable[[datetime], object]
SECONDS_OF_A_DAY = 86_400.0
WRITTEN: dict[str, Written] = {
    ".NET's JSON": lambda t: f"/Date({int(t.timestamp() * 1000)}+0200)/",
    "FILETIME": lambda t: int((t.timestamp() + 11_644_473_600) * 1e7),
    "WebKit": lambda t: int((t.timestamp() + 11_644_473_600) * 1e6),
    ".NET's ticks": lambda t: int((t.timestamp() + 62_135_596_800) * 1e7),
    "Julian days": lambda t: f"{t.timestamp() / SECONDS_OF_A_DAY + 2_440_587.5:.8f}",
    "Matlab's days": lambda t: f"{t.timestamp() / SECONDS_OF_A_DAY + 719_529:.8f}",
    "Excel with a comma": lambda t: f"{t.timestamp() / SECONDS_OF_A_DAY + 25_569:.8f}".replace(".", ","),
    "thousands": lambda t: f'"{int(t.timestamp()):,}"',
    "Oracle": lambda t: t.strftime("%d-%b-%y %I.%M.%S.000000 %p").upper(),
    "p. m.": lambda t: t.strftime("%d/%m/%Y %I:%M:%S ") + ("p. m." if t.hour >= 12 else "a. m."),
    "p.m.": lambda t: t.strftime("%Y-%m-%d %I:%M:%S ") + ("p.m." if t.hour >= 12 else "a.m."),
    "Chinese": lambda t: f"{t.year}年{t.month}月{t.day}日 {t:%H:%M:%S}",
    "Chinese halves": lambda t: (
        f"{t.year}年{t.month}月{t.day}日 {'下午' if t.hour >= 12 else '上午'}{t.hour % 12 or 12}:{t:%M:%S}"
    ),
    "French": lambda t: f"{t.day} {MONTHS['fr'].split()[t.month - 1]} {t.year} à {t:%H:%M:%S}",
    "French, short": lambda t: f"{t.day} sept. {t.year} {t:%H:%M:%S}",
    "Spanish": lambda t: f"{t.day} de {MONTHS['es'].split()[t.month - 1]} de {t.year} {t:%H:%M:%S}",
    "Italian": lambda t: f"{t.day} {MONTHS['it'].split()[t.month - 1]} {t.year} {t:%H:%M:%S}",
}


def log(written: Written = lambda t: t.isoformat(), header: str = "user,item,time") -> bytes:
    return "\n".join([header, *(f"{u},{i},{_quoted(written(t))}" for u, i, t in EVENTS)]).encode()


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if "," in text and not text.startswith('"') else text


def counts(source: bytes, name: str = "log.csv", reading: Reading | None = None) -> tuple[int, int, int, int]:
    s = read_events(load_table(source, name), reading=reading)
    users = 0 if s.users is None else len(set(s.users.tolist()))
    return len(s), sum(map(len, s)), len(s.items), users


@pytest.mark.parametrize("how", WRITTEN)
def test_times_as_programs_and_people_write_them(how: str) -> None:
    data = log(WRITTEN[how])
    assert counts(data) == RIGHT
    found = read_events(data).timestamps
    assert found is not None
    assert np.abs(np.sort(found) - np.sort([t.timestamp() for *_, t in EVENTS])).max() < 0.01


@pytest.mark.parametrize("language", MONTHS)
def test_all_twelve_months_are_read(language: str) -> None:
    column = pl.Series("t", [f"7 {month} 2021 10:30" for month in MONTHS[language].split()])
    right = [datetime(2021, month, 7, 10, 30, tzinfo=UTC).timestamp() for month in range(1, 13)]
    assert parse_times(column).seconds.to_list() == right


@pytest.mark.parametrize("unit", TIME_UNITS)
def test_every_unit_can_be_set(unit: str) -> None:
    parsed = parse_times(pl.Series("t", [913.0, 1014.0] if unit == "month and day" else [9e14, 9.1e14]), unit=unit)
    assert parsed.seconds.null_count() == 0
    assert parsed.seconds.n_unique() == 2


def test_seconds_since_2001_are_a_choice_beside_dates_before_1990() -> None:
    data = log(lambda t: t.timestamp() - 978_307_200)
    s = read_events(data)
    (doubt,) = [a for a in s.assumptions if a.name == "timestamp" and a.doubtful]
    assert "before 1990" in doubt.words
    reading = Reading().completed(load_table(data)).changed(dict(doubt.alternatives[0].changes))
    found = read_events(data, reading=reading).timestamps
    assert found is not None
    assert np.abs(np.sort(found) - np.sort([t.timestamp() for *_, t in EVENTS])).max() < 0.01


@pytest.mark.parametrize(
    "header",
    [
        "Kunde,Artikel,Datum", "cliente,producto,fecha", "Usuário,Produto,Data Hora", "utilisateur,produit,date",
        "用户编号,商品编号,浏览时间", "用户ID,物品ID,时间戳", "пользователь,товар,дата", "顧客,商品,日時",
        "Código Cliente,Artículo,Fecha",
        "user_pseudo_id,item_id,event_timestamp", "customer_unique_id,product_id,order_purchase_timestamp",
    ],
)  # fmt: skip
def test_columns_by_their_names_in_other_languages(header: str) -> None:
    assert counts(log(header=header)) == RIGHT


def test_every_name_that_is_known_is_as_names_are_compared() -> None:
    assert {plain_name(name) for names in ROLE_NAMES.values() for name in names} == {
        name for names in ROLE_NAMES.values() for name in names
    }


@pytest.mark.parametrize(
    ("encoding", "header"),
    [
        ("gb18030", "用户编号,商品编号,浏览时间"), ("big5", "顧客,商品,時間"), ("shift_jis", "ユーザー,アイテム,日時"),
        ("euc_kr", "사용자,상품,시간"), ("cp1251", "пользователь,товар,дата"), ("koi8-r", "пользователь,товар,дата"),
        ("utf-16-le", "user,item,time"), ("utf-16-be", "user,item,time"), ("utf-16", "user,item,time"),
    ],
)  # fmt: skip
def test_an_encoding_is_known_by_the_names_of_columns_or_by_zeros(encoding: str, header: str) -> None:
    data = log(header=header).decode().encode(encoding)
    assert counts(data) == RIGHT
    assert any(a.name == "encoding" for a in read_events(data).assumptions)


def test_names_under_the_types_of_a_database() -> None:
    mongo = "\n".join(
        json.dumps(
            {"_id": {"$oid": f"5f5e{n:020d}"}, "userId": {"$numberLong": u[1:]}, "productId": {"$numberInt": i[1:]},
             "createdAt": {"$date": {"$numberLong": str(int(t.timestamp() * 1000))}}}
        )
        for n, (u, i, t) in enumerate(EVENTS)
    )  # fmt: skip
    assert counts(mongo.encode(), "x.json") == RIGHT
    dynamo = "\n".join(
        json.dumps({"Item": {"user": {"S": u}, "sku": {"S": i}, "ts": {"N": str(int(t.timestamp()))}}})
        for u, i, t in EVENTS
    )
    assert counts(dynamo.encode(), "x.json") == RIGHT


@pytest.mark.parametrize(
    ("name", "no", "yes"), [("clicked", "0", "1"), ("is_click", "FALSE", "TRUE"), ("clk", "N", "Y")]
)
def test_what_was_only_shown_is_no_event_and_can_be_made_one(name: str, no: str, yes: str) -> None:
    rows = [f"user,item,time,{name}"]
    for u, i, t in EVENTS:
        rows += [f"{u},{i},{t.isoformat()},{yes}", f"{u},q{i},{t.isoformat()},{no}"]
    data = "\n".join(rows).encode()
    s = read_events(data)
    assert counts(data) == RIGHT
    assert "24 rows that" in str(s.report[0])
    (doubt,) = [a for a in s.assumptions if a.name == "click"]
    assert doubt.doubtful
    reading = Reading().completed(load_table(data)).changed(dict(doubt.alternatives[0].changes))
    assert counts(data, reading=reading)[1:3] == (48, 14)


def test_characters_that_nobody_sees_are_taken_off_and_said() -> None:
    data = log().replace(b"p1,", "p1\u200b,".encode(), 2)
    assert counts(data) == RIGHT
    assert any(
        "2 values in " in a.words and "characters that nobody sees" in a.words for a in read_events(data).assumptions
    )


@pytest.mark.parametrize("second", ["", "u9", "u9,p9"])
def test_a_short_or_blank_line_under_the_header_ends_nothing(second: str) -> None:
    lines = log().split(b"\n")
    data = b"\n".join([lines[0], second.encode(), *lines[1:]])
    assert counts(data)[:3] == RIGHT[:3]
    assert "u1" in load_table(data).frame["user"].to_list()


def test_hives_delimiter() -> None:
    data = b"\n".join(log().split(b"\n")[1:]).replace(b",", b"\x01")
    assert counts(data, "000000_0") == RIGHT


def test_three_tables_of_a_shop_are_joined_and_a_named_time_wins() -> None:
    orders = sorted({(u, t.date()) for u, _, t in EVENTS})
    number = {key: n for n, key in enumerate(orders, start=1)}
    lines = [f"o{number[u, t.date()]},{i},{(t + timedelta(days=9)).isoformat()}" for u, i, t in EVENTS]
    tables = {
        "order_items.csv": ["order_id,product_id,shipping_limit", *lines],
        "orders.csv": [
            "order_id,customer_id,order_purchase_timestamp",
            *(f"o{n},c{n},{day}T17:00:00" for (_, day), n in number.items()),
        ],
        "customers.csv": ["customer_id,customer_unique_id", *(f"c{n},{u}" for (u, _), n in number.items())],
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, rows in tables.items():
            archive.writestr(name, "\n".join(rows))
    s = read_events(packed.getvalue())
    assert counts(packed.getvalue(), "shop.zip") == RIGHT
    assert s.timestamps is not None
    assert {datetime.fromtimestamp(t, UTC).day for t in s.timestamps} <= {13, 14, 15}
    assert sum(a.name == "joins" for a in s.assumptions) == 2


def test_values_that_were_kept_text_by_a_formula_lose_it() -> None:
    rows = [f'"=""0{u[1:]}""","=""0{i[1:]}""",{t.isoformat()}' for u, i, t in EVENTS]
    data = "\n".join(["user,item,time", *rows]).encode()
    assert counts(data) == RIGHT
    assert read_events(data).items.ids[0].startswith("0")
    assert any("formulas around values" in a.words for a in load_table(data).assumptions)


def test_a_list_that_few_rows_have_gives_no_rows() -> None:
    rows = [
        {"actor": {"id": u}, "repo": {"id": 7, "name": i}, "created_at": t.isoformat(),
         "payload": {"commits": [{"sha": "1"}, {"sha": "2"}]} if n % 3 == 0 else {"action": "started"}}
        for n, (u, i, t) in enumerate(EVENTS)
    ]  # fmt: skip
    s = read_events("\n".join(map(json.dumps, rows)).encode())
    assert sum(map(len, s)) == len(EVENTS)


# --- encodings ---

ENGLISH = "user,item,time"
TEXTS = {
    "cp1250": ("Łukasz Źdź", ENGLISH), "iso-8859-2": ("Šťastný žitný", ENGLISH), "cp1254": ("Çığ köftesi", ENGLISH),
    "cp1255": ("שלום", ENGLISH), "cp1256": ("مرحبا", ENGLISH), "cp1257": ("Ąžuolas šaltį", ENGLISH),
    "iso-8859-15": ("œuvre à 5 €", ENGLISH), "mac-roman": ("Müller Café", ENGLISH), "cp1253": ("Φέτα", ENGLISH),
    "cp1251": ("Чай", "клиент,товар,дата"), "gb18030": ("绿茶", "用户,商品,时间"),
}  # fmt: skip


@pytest.mark.parametrize("encoding", TEXTS)
def test_every_encoding_is_a_choice_and_one_that_its_names_tell_is_no_doubt(encoding: str) -> None:
    word, header = TEXTS[encoding]
    rows = [f"{u},{word} {i},{t.isoformat()}" for u, i, t in EVENTS]
    data = "\n".join([header, *rows]).encode(encoding)
    table = load_table(data)
    (said,) = [a for a in table.assumptions if a.name == "encoding"]
    assert said.doubtful is (header == ENGLISH)
    if said.doubtful:
        (choice,) = [c for c in said.alternatives if c.changes == (("encoding", encoding),)]
        table = Reading().changed(dict(choice.changes)).table(data)
    assert set(read_events(table).items.ids) == {f"{word} {i}" for _, i, _ in EVENTS}


def test_names_that_several_encodings_tell_leave_the_rest_in_doubt() -> None:
    rows = [f"{u},Šťastný {i},{t.isoformat()}" for u, i, t in EVENTS]
    data = "\n".join(["Usuário,Produto,Data", *rows]).encode("iso-8859-2", errors="replace")
    (said,) = [a for a in load_table(data).assumptions if a.name == "encoding"]
    assert said.doubtful


def test_a_refusal_with_garbled_names_says_that_the_encoding_was_guessed() -> None:
    data = "předplatné;zboží;cena\n".encode("iso-8859-2") + b"".join(b"u%d;i%d;%d\n" % (k % 3, k, k) for k in range(9))
    with pytest.raises(InputError, match=r"read as cp1252, which is doubtful: set the encoding"):
        read_events(data)
    with pytest.raises(InputError) as refused:
        read_events("předplatné;zboží;cena\n".encode() + data.split(b"\n", 1)[1])
    assert "encoding" not in str(refused.value)
