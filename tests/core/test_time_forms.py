"""Times in every form that is promised: as written, whatever the order, the language, the zone, the clock."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.readers import Assumption, load_table
from recemb_core.readers.times import ParsedTimes, parse_times
from recemb_core.sequences import read_events

START = datetime(2021, 3, 7, 10, 30, tzinfo=UTC)


def parsed(values: list[str], **how: object) -> ParsedTimes:
    return parse_times(pl.Series("t", values), **how)  # type: ignore[arg-type]


def said(found: ParsedTimes, name: str) -> list[Assumption]:
    return [a for a in found.assumptions if a.name == name]


def seconds(times: list[datetime]) -> list[float]:
    return [t.timestamp() for t in times]


# --- years of two digits ---

ORDERS = {"year": "%y{0}%m{0}%d %H:%M", "day": "%d{0}%m{0}%y %H:%M", "month": "%m{0}%d{0}%y %H:%M"}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(ORDERS)),
    st.sampled_from("/-."),
    st.datetimes(datetime(2001, 1, 1), datetime(2030, 1, 1)),
    st.integers(1, 1_200),
    st.integers(8, 80),
    st.randoms(use_true_random=False),
    st.booleans(),
)
@pytest.mark.slow
def test_the_order_of_short_dates_is_right_or_doubted_with_its_cure(
    order: str, mark: str, start: datetime, days: int, rows: int, random: object, in_order: bool
) -> None:
    draw = random.randrange  # type: ignore[attr-defined]
    times = [start.replace(tzinfo=UTC, second=0, microsecond=0) + timedelta(days=draw(days + 1)) for _ in range(rows)]
    times = sorted(times) if in_order else times
    values = [t.strftime(ORDERS[order].format(mark)) for t in times]
    found = parsed(values)
    told = [*said(found, "year_first"), *said(found, "day_first")]
    if found.seconds.to_list() == seconds(times):
        return
    cures = [dict(choice.changes) for a in told for choice in a.alternatives]
    assert any(parsed(values, **cure).seconds.to_list() == seconds(times) for cure in cures)
    firm = [a for a in told if not a.doubtful]
    assert not firm or len({t.date() for t in times}) < 8, (values, firm)  # a handful of days may deceive


@pytest.mark.parametrize("mark", ["/", "-", "."])
def test_a_year_of_two_digits_in_front(mark: str) -> None:
    times = [START + timedelta(hours=19 * k) for k in range(40)]
    found = parsed([t.strftime(f"%y{mark}%m{mark}%d %H:%M") for t in times])
    assert found.seconds.to_list() == seconds(times)
    (order,) = said(found, "year_first")
    assert not order.doubtful
    assert "1 different number in the first place" in order.words
    assert {choice.label for choice in order.alternatives} == {"day first", "month first"}


@pytest.mark.parametrize("clock", ["", " 10:30", "T10:30"])
def test_short_dates_without_zeros_have_the_year_in_front(clock: str) -> None:
    values = [f"24/3/{day}{clock}" for day in range(1, 29)] if "T" not in clock else [
        f"24-3-{day}{clock}" for day in range(1, 29)
    ]  # fmt: skip
    found = parsed(values)
    assert found.seconds.null_count() == 0
    assert found.seconds.diff().drop_nulls().unique().to_list() == [86_400.0]


def test_a_plain_log_of_days_and_short_years_is_no_doubt() -> None:
    times = [START + timedelta(hours=7 * k) for k in range(200)]
    found = parsed([t.strftime("%d.%m.%y %H:%M") for t in times])
    assert found.seconds.to_list() == seconds(times)
    assert not any(a.doubtful for a in found.assumptions)


def test_dates_with_day_and_month_first_say_what_was_done_with_each() -> None:
    values = [f"{day:02d}/05/2021" for day in range(3, 25)] + [f"05/{day:02d}/2021" for day in range(3, 29)]
    found = parsed(values)
    assert found.seconds.null_count() == 0
    (order,) = said(found, "day_first")
    assert order.doubtful
    assert "12 days with a number over 12 in the first place and 16 days" in order.words
    assert "could not be read" not in order.words
    (form,) = said(found, "timestamp")
    assert "12 of 48 times are day/month/year, the others month/day/year" in form.words


# --- months ---

MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "en, whole": "January February March April May June July August September October November December",
    "en, Sept": "Jan Feb Mar Apr May June July Aug Sept Oct Nov Dec",
    "de": "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "de, long": "Jan Febr März Apr Mai Juni Juli Aug Sept Okt Nov Dez",
    "de, Mrz": "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "de, whole": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "de, Austria": "Jänner Feber März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janv févr mars avr mai juin juil août sept oct nov déc",
    "fr, three": "jan fév mar avr mai jun jul aoû sep oct nov déc",
    "fr, whole": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "ene feb mar abr may jun jul ago sept oct nov dic",
    "es, sep": "ene feb mar abr may jun jul ago sep oct nov dic",
    "es, whole": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "it, whole": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "jan fev mar abr mai jun jul ago set out nov dez",
    "pt, whole": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "nl, sept": "jan febr mrt apr mei juni juli aug sept okt nov dec",
    "nl, whole": "januari februari maart april mei juni juli augustus september oktober november december",
}
CHANGES = {
    "as written": str,
    "capitals": str.upper,
    "lower": str.lower,
    "accents apart": lambda text: unicodedata.normalize("NFD", text),
    "no accents": lambda text: "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)),
}
FORMS = ("{d} {m} {y}", "{d}-{m}-{y}", "{d} {m} {y} à 10 h 30")


@pytest.mark.parametrize("language", MONTHS)
def test_every_month_of_every_language(language: str) -> None:
    for number, (form, dot) in enumerate(product(FORMS, ("", "."))):
        change = list(CHANGES.values())[number % len(CHANGES)]
        values = [form.format(d=7, m=change(name) + dot, y=2021) for name in MONTHS[language].split()]
        days = [datetime.fromtimestamp(t, UTC).date() for t in parsed(values).seconds.fill_null(0.0)]
        assert [(d.year, d.month, d.day) for d in days] == [(2021, month, 7) for month in range(1, 13)], values


def test_a_month_that_is_rare_in_a_long_column_is_read_too() -> None:
    values = [f"{1 + k % 28} nov. 2021 10:{k % 60:02d}" for k in range(9_000)]
    values[4_321] = "24 déc. 2021 10:30"
    assert parsed(values).seconds.null_count() == 0


# --- zones ---


@pytest.mark.parametrize("own", ["Z", "+02:00"])
@pytest.mark.parametrize("every", [2, 5, 50])
@pytest.mark.parametrize("zone", [None, "-05:00"])
def test_times_of_which_some_say_their_zone(own: str, every: int, zone: str | None) -> None:
    times = [START + timedelta(minutes=k) for k in range(100)]
    shift = timedelta(hours=2 if own != "Z" else 0)
    values = [
        f"{t + shift:%Y-%m-%dT%H:%M:%S}{own}" if k % every else f"{t:%Y-%m-%d %H:%M:%S}" for k, t in enumerate(times)
    ]
    found = parsed(values, zone=zone)
    late = 5 * 3_600 if zone else 0
    right = [t + late * (k % every == 0) for k, t in enumerate(seconds(times))]
    assert found.seconds.to_list() == right
    (doubt,) = said(found, "zone")
    assert doubt.doubtful is (zone is None)
    assert f"{100 - 100 // every} of 100 times say their zone; the others were read as {zone or 'UTC'}" in doubt.words


def test_dates_among_counts_are_in_the_zone_that_is_set() -> None:
    times = [START + timedelta(minutes=k) for k in range(40)]
    values = [str(int(t.timestamp())) if k % 4 else f"{t:%Y-%m-%d %H:%M:%S}" for k, t in enumerate(times)]
    found = parsed(values, zone="+01:00").seconds
    assert found.to_list() == [t - 3_600 * (k % 4 == 0) for k, t in enumerate(seconds(times))]
    assert "30 of 40 times count from UTC" in said(parsed(values), "zone")[0].words


def test_letters_of_summer_and_winter_are_each_read_and_no_doubt() -> None:
    times = [START + timedelta(hours=k) for k in range(40)]
    values = [
        f"{t + timedelta(hours=2):%Y-%m-%d %H:%M:%S} CEST"
        if k % 3
        else f"{t + timedelta(hours=1):%Y-%m-%d %H:%M:%S} CET"
        for k, t in enumerate(times)
    ]
    found = parsed(values)
    assert found.seconds.to_list() == seconds(times)
    assert not any(a.doubtful for a in found.assumptions)
    assert said(found, "zone")[0].words == "The zones CEST, CET were read as +02:00, +01:00."


def test_letters_that_mean_several_zones_are_doubted_and_a_set_zone_wins() -> None:
    found = parsed(["2021-03-07 10:30 EST", "2021-03-07 10:31 EDT"])
    assert said(found, "zone")[0].doubtful
    assert found.seconds.to_list() == [START.timestamp() + 5 * 3600, START.timestamp() + 60 + 4 * 3600]
    given_zone = parsed(["2021-03-07 10:30 EST", "2021-03-07 10:31 EDT"], zone="+10:00")
    assert given_zone.seconds[0] == START.timestamp() - 10 * 3600
    assert "passed over" in said(given_zone, "zone")[0].words


# --- ISO ---


@pytest.mark.parametrize("form", ["%Y%m%dT%H%M%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"])
@pytest.mark.parametrize("fraction", ["", ",250", ".25"])
@pytest.mark.parametrize("zone", ["", "Z", "+0000"])
def test_iso_times_basic_and_with_fractions(form: str, fraction: str, zone: str) -> None:
    times = [START + timedelta(seconds=11 * k) for k in range(30)]
    found = parsed([t.strftime(form) + fraction + zone for t in times]).seconds
    more = 0.25 if fraction else 0.0
    assert found.to_list() == pytest.approx([t + more for t in seconds(times)], abs=1e-6)


@pytest.mark.parametrize("form", ["%G-W%V-%u", "%GW%V%u", "%Y-%j"])
@pytest.mark.parametrize("clock", ["", "T%H:%M:%SZ", " %H:%M"])
def test_iso_weeks_and_days_of_a_year(form: str, clock: str) -> None:
    times = [
        START.replace(hour=10 if clock else 0, minute=30 if clock else 0) + timedelta(days=9 * k) for k in range(99)
    ]
    assert parsed([t.strftime(form + clock) for t in times]).seconds.to_list() == seconds(times)


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("2021-03-07T11:30:00+01:00[Europe/Berlin]", "10:30:00"),
        ("2021-03-07T10:30Z[UTC]", "10:30:00"),
        ("2021年3月7日 10時30分", "10:30:00"),
        ("2021年3月7日10时30分05秒", "10:30:05"),
        ("2021年3月7日(日) 10:30", "10:30:00"),
        ("2021/03/07(日) 10:30", "10:30:00"),
        ("2021年3月7日 星期日 10:30", "10:30:00"),
        ("2021年3月7日 午後3時05分", "15:05:00"),
        ("2021年3月7日 下午3时5分", "15:05:00"),
        ("2021年3月7日 上午10点30分", "10:30:00"),
        ("2021년 3월 7일 오후 3시 5분", "15:05:00"),
        ("2021年3月7日", "00:00:00"),
        ("2021-03-06 24:00", "00:00:00"),
        ("2021-03-06T24:00:00Z", "00:00:00"),
        ("06.03.2021 24:00", "00:00:00"),
    ],
)
def test_other_ways_to_write_a_time(written: str, right: str) -> None:
    assert datetime.fromtimestamp(parsed([written] * 3).seconds[0], UTC).isoformat() == f"2021-03-07T{right}+00:00"


def test_midnight_at_the_end_of_a_day_is_said() -> None:
    found = parsed(["2021-03-06 24:00", "2021-03-06 23:59", "2021-03-06 12:24:00"])
    assert found.seconds.diff().to_list()[1:] == [-60.0, -(11 * 3_600 + 35 * 60)]
    assert said(found, "timestamp")[0].words == "1 time at 24:00 was read as 00:00 of the next day."


@pytest.mark.parametrize(("year", "calendar"), [(1402, "Solar Hijri"), (1445, "Islamic")])
def test_a_calendar_that_is_not_converted_is_named(year: int, calendar: str) -> None:
    rows = "\n".join(f"u{k % 3},i{k % 4},{year}/08/{k % 28 + 1:02d} 10:30" for k in range(40))
    s = read_events(load_table(f"user,item,date\n{rows}".encode()), min_length=1)
    assert any(calendar in a.words and a.doubtful and a.alternatives for a in s.assumptions)


# --- a date and a time of day in numbers ---

CLOCKS = {
    "hhmm": lambda t: str(int(f"{t:%H%M}")),
    "padded": lambda t: f"{t:%H%M}",
    "hhmmss": lambda t: str(int(f"{t:%H%M%S}")),
    "with .0": lambda t: f"{int(f'{t:%H%M}')}.0",
    "hh:mm": lambda t: f"{t:%H:%M}",
}


@pytest.mark.parametrize("how", CLOCKS)
@pytest.mark.parametrize("date", ["%Y%m%d", "%Y-%m-%d", "%d.%m.%Y"])
@pytest.mark.parametrize("head", ["user,item,date,time", "user,item,time,date", "user,item,orderdate,eventtime"])
def test_a_time_of_day_in_digits_is_read_with_its_date(how: str, date: str, head: str) -> None:
    times = [
        START.replace(hour=0, minute=3) + timedelta(minutes=97 * k, seconds=11 * (how == "hhmmss")) for k in range(60)
    ]
    clock_last = head.endswith("time")
    rows = [
        f"u{k % 3},i{k % 4}," + ",".join([t.strftime(date), CLOCKS[how](t)][:: 1 if clock_last else -1])
        for k, t in enumerate(times)
    ]
    s = read_events(load_table("\n".join([head, *rows]).encode()), min_length=1)
    assert s.timestamps is not None
    assert sorted(s.timestamps.tolist()) == seconds(times)
    assert any(a.name == "clock" for a in s.assumptions)


def test_numbers_that_are_no_times_of_day_are_none() -> None:
    rows = [f"u{k % 3},i{k % 4},2021-03-{k % 28 + 1:02d},{60 + 37 * k}" for k in range(60)]
    s = read_events(load_table("\n".join(["user,item,date,time", *rows]).encode()), min_length=1)
    assert not any(a.name == "clock" for a in s.assumptions)
