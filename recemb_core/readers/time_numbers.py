"""Times that are numbers → unix seconds: counts from several starts, and dates written as one number."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from recemb_core.readers.assumptions import Assumption, Choice, assumed
from recemb_core.readers.time_words import DAY, STARTS, other_start

_EXCEL_EPOCH = 25_569  # days from Excel's day 0 to 1970
_UNITS = (
    *((1e11, 1.0, "seconds"), (1e14, 1e3, "milliseconds"), (1e17, 1e6, "microseconds")),
    (float("inf"), 1e9, "nanoseconds"),
)
_SCALES = {unit: scale for _, scale, unit in _UNITS}
TIME_UNITS = (*_SCALES, "days", "month and day", *STARTS)
EARLIEST, LATEST = 3.0e8, 4.1e9  # 1979 to 2099
_ANY_YEAR = 2000  # it has a 29th of February


@dataclass(frozen=True)
class TimeForm:
    """How times are written, None where it is to be found out; the arguments of :func:`parse_times`."""

    day_first: bool | None = None
    unit: str | None = None
    zone: str | None = None
    year: int | None = None
    year_offset: int | None = None
    year_first: bool | None = None


def epoch(times: pl.Series) -> pl.Series:
    """Seconds since 1970 of a column of dates."""
    return times.dt.epoch("us").cast(pl.Float64) / 1e6


def numbers_as_times(
    numbers: pl.Series, name: str, form: TimeForm, said: list[Assumption]
) -> tuple[pl.Series, str, tuple[str, ...], bool]:
    """Seconds, the form's name, notes, and whether they settle their zone themselves."""
    known = numbers.filter(numbers.is_finite().fill_null(False))
    if known.is_empty():
        return numbers, "no times", (), True
    median = float(known.median())  # type: ignore[arg-type]
    if form.unit is None or form.unit == "days":
        excel = bool(known.is_between(20_000, 80_000).all())
        if form.unit == "days" and not excel:
            return numbers * DAY, "days from an unknown start", (), True
        if excel and (form.unit or bool((known % 1 != 0).any()) or "date" in name.lower()):
            days = numbers - _EXCEL_EPOCH  # to the second: the fractions are rounded
            said.append(_unit_said("days", "The times are Excel's day numbers.", form.unit))
            return (days * DAY).round(0), "Excel's day numbers", (), False
    if form.unit is None:
        for digits, pattern in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S"), (12, "%Y%m%d%H%M"), (10, "%Y%m%d%H")):
            if 1.9 * 10 ** (digits - 1) <= median < 2.1 * 10 ** (digits - 1):
                written = numbers.cast(pl.Int64, strict=False).cast(pl.String)
                times = _written_out(written, pattern)
                if times.count() >= 0.9 * len(known):
                    said.append(_unit_said(None, "The times are dates written as one number, like 20200913.", None))
                    return epoch(times), "dates written as one number", (), False
    if form.unit is None and re.search(r"hour|date|time", name.lower()) and _is_short_hour(known):
        words = "The times are hours written as one number, like 20091317 (year, month, day, hour)."
        said.append(_unit_said(None, words, None))
        written = "20" + numbers.cast(pl.Int64, strict=False).cast(pl.String)
        return epoch(_written_out(written, "%Y%m%d%H")), "hours as yymmddhh", (), False
    if form.unit is None and _is_short_date(known, name):
        said.append(
            _unit_said(None, "The times are dates written as one number, like 200913 (year, month, day).", None)
        )
        written = (numbers + 20_000_000).cast(pl.Int64, strict=False).cast(pl.String)
        return epoch(written.str.to_datetime("%Y%m%d", strict=False, time_unit="us")), "dates as yymmdd", (), False
    if (start := other_start(known, form.unit)) is not None:
        size, begin, *_ = STARTS[start]
        words = f"The times count {start}{', as set' if form.unit else ''}."
        said.append(_unit_said(start, words, form.unit, doubtful=form.unit is None))
        return (numbers * size + begin).round(3), start, (), True
    if form.unit == "month and day" or (form.unit is None and (form.year is not None or _is_month_day(known, name))):
        return _month_day(numbers, form, said)
    if form.unit is not None:
        said.append(_unit_said(form.unit, f"The times count {form.unit}, as set.", form.unit))
        return numbers / _SCALES[form.unit], f"unix {form.unit}", (), True
    scale, unit = next((scale, unit) for limit, scale, unit in _UNITS if abs(median) < limit)
    if abs(median) < 1e8:
        note = "The times are small numbers, no dates; they were taken as seconds from an unknown start."
        said.append(_unit_said("seconds", note, None, doubtful=True))
        return numbers / scale, "seconds from an unknown start", (note,), True
    mixed = _each_in_its_unit(numbers, said)
    if mixed is not None:
        return mixed, "unix times in several units", (), True
    said.append(_unit_said(unit, f"The times count {unit} since 1970.", None))
    return numbers / scale, f"unix {unit}", (), True


def _unit_said(
    unit: str | None, words: str, given: str | None, *, doubtful: bool = False, more: tuple[Choice, ...] = ()
) -> Assumption:
    others = [(other, other) for other in TIME_UNITS if other != unit]
    back = (Choice("decide by their size", (("time_unit", None),)),) if given else ()
    return assumed("time_unit", given or unit, words, *others, doubtful=doubtful, more=(*back, *more))


def _each_in_its_unit(numbers: pl.Series, said: list[Assumption]) -> pl.Series | None:
    """Times of different units, told apart by their size: each then lies between 1979 and 2099."""
    size = numbers.abs()
    place = pl.select(
        pl.when(size.is_null() | ~size.is_finite() | (size < EARLIEST)).then(None)
        .when(size < 1e11).then(0).when(size < 1e14).then(1).when(size < 1e17).then(2).otherwise(3)
    ).to_series()  # fmt: skip
    found = dict(place.drop_nulls().value_counts().sort("count", descending=True).iter_rows())
    if len(found) < 2:
        return None
    scale = place.fill_null(0).replace_strict({n: s for n, (_, s, _) in enumerate(_UNITS)}, return_dtype=pl.Float64)
    seconds = numbers / scale
    if not bool(seconds.filter(place.is_not_null()).is_between(EARLIEST, LATEST).all()):
        return None
    counts = ", ".join(f"{count:,} in {_UNITS[n][2]}" for n, count in found.items())
    words = f"The times mix units, and each was read in its own: {counts}."
    others = [(f"all in {_UNITS[n][2]}", _UNITS[n][2]) for n in found]
    said.append(assumed("time_unit", None, words, *others, doubtful=True, why="all lie between 1979 and 2099 then"))
    return seconds


def _is_month_day(known: pl.Series, name: str) -> bool:
    """Whether numbers are dates like 913, month and day, in a column that is called like a time or a date."""
    called = re.search(r"time|date|day|stamp|mmdd", name.lower())
    if not called or known.n_unique() < 2 or not bool((known % 1 == 0).all()):
        return False
    month, day = (known / 100).floor(), known % 100
    return bool((month.is_between(1, 12) & day.is_between(1, 31)).all())


def _written_out(digits: pl.Series, pattern: str) -> pl.Series:
    """Dates of digits alone, the day parted from the time."""
    if len(pattern) == len("%Y%m%d"):
        return digits.str.to_datetime(pattern, strict=False, time_unit="us")
    if pattern.endswith("%d%H"):  # an hour alone is no time to the parser
        digits, pattern = digits + "00", pattern + "%M"
    apart = digits.str.slice(0, 8) + " " + digits.str.slice(8)
    return apart.str.to_datetime(pattern.replace("%d%H", "%d %H"), strict=False, time_unit="us")


def _is_short_hour(known: pl.Series) -> bool:
    """Whether numbers are hours like 20091317: year, month, day and hour, two digits each."""
    hour, rest = known % 100, (known / 100).floor()
    day, month, year = rest % 100, (rest / 100).floor() % 100, (rest / 10_000).floor()
    ranges = ((hour, 0, 23), (day, 1, 31), (month, 1, 12), (year, 10, 60))
    return bool((known % 1 == 0).all()) and all(bool(part.is_between(low, high).all()) for part, low, high in ranges)


def _is_short_date(known: pl.Series, name: str) -> bool:
    """Whether numbers are dates like 200913 in a column that is called like a date."""
    if not re.search(r"date|day|yymmdd", name.lower()) or not bool((known % 1 == 0).all()):
        return False
    year, rest = (known / 10_000).floor(), known % 10_000
    month, day = (rest / 100).floor(), rest % 100
    return bool(
        (year.is_between(0, 60) & month.is_between(1, 12) & day.is_between(1, 31)).all() and (known > 10_000).all()
    )


def _month_day(
    numbers: pl.Series, form: TimeForm, said: list[Assumption]
) -> tuple[pl.Series, str, tuple[str, ...], bool]:
    year = _ANY_YEAR if form.year is None else form.year
    written = (numbers + 10_000 * year).cast(pl.Int64, strict=False).cast(pl.String)
    seconds = epoch(written.str.to_datetime("%Y%m%d", strict=False, time_unit="us"))
    taken = "it is not in the file, so 2000 was taken" if form.year is None else "as set"
    words = f"Times like {numbers.drop_nulls()[0]:.0f} were read as month and day of the year {year} ({taken})."
    small = Choice("seconds from an unknown start", (("time_unit", "seconds"), ("year", None)))
    years = [(f"year {other}", other) for other in (2014, 2015) if other != year]
    said.append(assumed("year", form.year, words, *years, doubtful=form.year is None, more=(small,)))
    return seconds, "month and day", (), False
