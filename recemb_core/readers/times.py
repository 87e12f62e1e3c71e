"""Time columns → unix seconds, whatever they are written in."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass

import polars as pl

from recemb_core.readers.assumptions import Assumption, Choice, assumed
from recemb_core.readers.errors import InputError, shortened
from recemb_core.readers.time_words import (
    CLOCK,
    DAY,
    STARTS,
    WRITTEN_NUMBERS,
    ZONES,
    clock_seconds,
    other_start,
    plain_times,
)

_SAMPLE = 2_000
_ISO_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_CLOCKS = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p", "%I:%M:%S%.f %p")
_MONTH_NAMES = [
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d/%b/%Y",
    "%d %b %y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
]
_WITH_CLOCKS = ["%d/%b/%Y:%H:%M:%S", "%a, %d %b %Y %H:%M:%S", "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S UTC %Y"]
_TWO_NUMBERS = r"^\s*(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})\b"
_HOUR_ALONE = r"^(\d{4}-\d\d-\d\d[ T]\d\d)$"
_EXCEL_EPOCH = 25_569  # days from Excel's day 0 to 1970
_UNITS = (
    *((1e11, 1.0, "seconds"), (1e14, 1e3, "milliseconds"), (1e17, 1e6, "microseconds")),
    (float("inf"), 1e9, "nanoseconds"),
)
_SCALES = {unit: scale for _, scale, unit in _UNITS}
TIME_UNITS = (*_SCALES, "days", "month and day", *STARTS)
_OFFSET = re.compile(r"^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$")
_SOME_ZONES = ("Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Shanghai", "Asia/Kolkata")
_EARLIEST, _LATEST = 3.0e8, 4.1e9  # 1979 to 2099
_ANY_YEAR = 2000  # it has a 29th of February


@dataclass(frozen=True, eq=False)
class ParsedTimes:
    """Times of a column.

    Attributes:
        seconds: Float64, unix seconds; null where the value is missing or no time.
        form: how the times are written, in words.
        notes: decisions that the person should know.
        assumptions: those that an argument changes.
    """

    seconds: pl.Series
    form: str
    notes: tuple[str, ...]
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True)
class TimeForm:
    """How times are written, None where it is to be found out; the arguments of :func:`parse_times`."""

    day_first: bool | None = None
    unit: str | None = None
    zone: str | None = None
    year: int | None = None


def zone_seconds(zone: str) -> float | None:
    """Seconds east of UTC of a fixed offset ("+02:00", "UTC-6"), None for a name that zoneinfo knows.

    Raises:
        InputError: there is no such zone.

    >>> zone_seconds("+05:30"), zone_seconds("UTC"), zone_seconds("Europe/Berlin")
    (19800.0, 0.0, None)
    """
    if zone.upper() in ("UTC", "GMT", "Z"):
        return 0.0
    if found := _OFFSET.match(zone.strip()):
        size = 3600.0 * int(found[2]) + 60.0 * int(found[3] or 0)
        return -size if found[1] == "-" else size
    try:
        zoneinfo.ZoneInfo(zone)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise InputError(
            f"there is no time zone {shortened(zone)!r}; write an offset like '+02:00' or a name like 'Europe/Berlin'"
        ) from None
    return None


def parse_times(
    column: pl.Series,
    *,
    day_first: bool | None = None,
    unit: str | None = None,
    zone: str | None = None,
    year: int | None = None,
    clock: pl.Series | None = None,
) -> ParsedTimes:
    """Unix seconds (also milli-, micro- and nanoseconds), ISO 8601, common date forms, and date types.

    Whether 1/2/2010 is in January or February is decided on the whole column, or by ``day_first``. Times without a
    zone are read as UTC, which keeps every difference.

    Args:
        column: the times.
        day_first: of dates like 1/2/2010.
        unit: of numbers, one of ``TIME_UNITS``; guessed from their size when left out, each by itself where a column
            mixes units.
        zone: of times that name none, an offset or a name; UTC when left out.
        year: of times that are month and day only (913 is the 13th of September).
        clock: the time of day, where it stands in a column of its own.

    >>> parse_times(pl.Series(["2011-12-09 12:50", "nonsense"])).seconds.to_list()
    [1323435000.0, None]
    >>> parse_times(pl.Series(["13/02/2010 08:26", "01/03/2010 08:26"])).form
    'day/month/year'
    >>> parse_times(pl.Series([913, 1001]), year=2015, unit="month and day").seconds.to_list()
    [1442102400.0, 1443657600.0]
    """
    said: list[Assumption] = []
    seconds, form, notes, zoned = _parse(column, TimeForm(day_first, unit, zone, year), said)
    seconds = seconds.set(~seconds.is_finite().fill_null(False), None)
    if clock is not None:
        seconds = seconds + clock_seconds(clock)
        form = f"{form} with the time of day from {clock.name!r}"
    if not zoned and form != "no times":
        seconds = _in_zone(seconds, zone, said)
    notes = (*notes, *(a.words for a in said if a.doubtful and a.name != "day_first" and a.words not in notes))
    return ParsedTimes(seconds.rename(column.name), form, notes, tuple(said))


def _in_zone(seconds: pl.Series, zone: str | None, said: list[Assumption]) -> pl.Series:
    """Seconds as if in UTC → seconds in the zone that was meant."""
    if all(a.name != "zone" for a in said):
        others = [(name, name) for name in (*(("UTC",) if zone else ()), *_SOME_ZONES) if name != zone]
        words = f"The times name no zone and were read as {zone or 'UTC'}."
        said.append(assumed("zone", zone, words, *others, why="it changes no difference between times"))
    if zone is None:
        return seconds
    offset = zone_seconds(zone)
    if offset is not None:
        return seconds - offset
    times = pl.from_epoch((seconds * 1e6).cast(pl.Int64), time_unit="us")
    return _epoch(times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null"))


def is_clock(column: pl.Series) -> bool:
    """Whether a column holds times of day without a date."""
    if column.dtype != pl.String or column.count() == 0:
        return False
    head = column.drop_nulls().head(500).str.strip_chars()
    return bool(head.str.contains(CLOCK).all())


def _parse(column: pl.Series, form: TimeForm, said: list[Assumption]) -> tuple[pl.Series, str, tuple[str, ...], bool]:
    """Seconds, the form's name, notes, and whether the values settle their zone themselves."""
    kind = column.dtype
    if kind == pl.Date or isinstance(kind, pl.Datetime):
        zoned = isinstance(kind, pl.Datetime) and kind.time_zone is not None
        return _epoch(column.cast(pl.Datetime("us"))), "dates", (), zoned
    if kind.is_numeric():
        return _numbers(column.cast(pl.Float64), column.name, form, said)
    if kind not in (pl.String, pl.Categorical) and not isinstance(kind, pl.Enum):
        return pl.Series([None] * len(column), dtype=pl.Float64), "no times", (), True
    text = column.cast(pl.String).str.strip_chars()
    for pattern, replacement in WRITTEN_NUMBERS:
        if text.head(_SAMPLE).str.contains(pattern).sum() > 0.5 * max(text.head(_SAMPLE).count(), 1):
            text = text.str.replace_all(pattern if "(" in pattern else ",", replacement)
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.count() >= 0.5 * max(text.count(), 1):
        return _numbers(numbers, column.name, form, said)
    return _dates(text, form, said)


def _epoch(times: pl.Series) -> pl.Series:
    return times.dt.epoch("us").cast(pl.Float64) / 1e6


def _numbers(
    numbers: pl.Series, name: str, form: TimeForm, said: list[Assumption]
) -> tuple[pl.Series, str, tuple[str, ...], bool]:
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
        for digits, pattern in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S"), (12, "%Y%m%d%H%M")):
            if 1.9 * 10 ** (digits - 1) <= median < 2.1 * 10 ** (digits - 1):
                written = numbers.cast(pl.Int64, strict=False).cast(pl.String)
                whole = written if digits == 8 else written.str.slice(0, 8) + " " + written.str.slice(8)
                times = whole.str.to_datetime(pattern.replace("%d%H", "%d %H"), strict=False, time_unit="us")
                if times.count() >= 0.9 * len(known):
                    said.append(_unit_said(None, "The times are dates written as one number, like 20200913.", None))
                    return _epoch(times), "dates written as one number", (), False
    if form.unit is None and _is_short_date(known, name):
        said.append(
            _unit_said(None, "The times are dates written as one number, like 200913 (year, month, day).", None)
        )
        written = (numbers + 20_000_000).cast(pl.Int64, strict=False).cast(pl.String)
        return _epoch(written.str.to_datetime("%Y%m%d", strict=False, time_unit="us")), "dates as yymmdd", (), False
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
        pl.when(size.is_null() | ~size.is_finite() | (size < _EARLIEST)).then(None)
        .when(size < 1e11).then(0).when(size < 1e14).then(1).when(size < 1e17).then(2).otherwise(3)
    ).to_series()  # fmt: skip
    found = dict(place.drop_nulls().value_counts().sort("count", descending=True).iter_rows())
    if len(found) < 2:
        return None
    scale = place.fill_null(0).replace_strict({n: s for n, (_, s, _) in enumerate(_UNITS)}, return_dtype=pl.Float64)
    seconds = numbers / scale
    if not bool(seconds.filter(place.is_not_null()).is_between(_EARLIEST, _LATEST).all()):
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
    seconds = _epoch(written.str.to_datetime("%Y%m%d", strict=False, time_unit="us"))
    taken = "it is not in the file, so 2000 was taken" if form.year is None else "as set"
    words = f"Times like {numbers.drop_nulls()[0]:.0f} were read as month and day of the year {year} ({taken})."
    small = Choice("seconds from an unknown start", (("time_unit", "seconds"), ("year", None)))
    years = [(f"year {other}", other) for other in (2014, 2015) if other != year]
    said.append(assumed("year", form.year, words, *years, doubtful=form.year is None, more=(small,)))
    return seconds, "month and day", (), False


def _dates(text: pl.Series, how: TimeForm, said: list[Assumption]) -> tuple[pl.Series, str, tuple[str, ...], bool]:
    notes: list[str] = []
    present = text.drop_nulls()
    sample = present.gather_every(max(len(present) // _SAMPLE, 1)).unique(maintain_order=True)
    text, sample, letters = plain_times(text, sample)
    if sample.str.contains(_HOUR_ALONE).any():
        text, sample = (s.str.replace(_HOUR_ALONE, "$1:00") for s in (text, sample))  # as in Alibaba's logs
    formats, form = _formats(text.drop_nulls(), sample, how.day_first, notes, said)
    result = pl.Series([None] * len(text), dtype=pl.Float64)
    for name in formats:
        left = text if result.null_count() == len(result) else text.set(result.is_not_null(), None)
        if left.null_count() == len(left):
            break
        result = result.zip_with(result.is_not_null(), _strptime(left, name))
    zoned = any("%#z" in name or name.endswith(("Z", "UTC", "GMT")) for name in formats[:1])
    if zoned:
        said.append(assumed("zone", None, "Each time says its zone, and was taken to UTC."))
    elif letters is not None and how.zone is None and form != "no times":
        result, zoned = result - 3600 * _lettered_zone(letters, said), True
    return result, form, tuple(notes), zoned


def _lettered_zone(letters: str, said: list[Assumption]) -> float:
    """Hours from UTC of a zone named by letters; where they mean several, the commonest, and it is said."""
    first, *others = ZONES[letters]
    words = f"The zone {letters} was read as {_offset(first)}."
    if others:
        words = f"The letters {letters} name several time zones; the times were read as {_offset(first)}."
    choices = [(_offset(hours), _offset(hours)) for hours in others]
    said.append(assumed("zone", None, words, *choices, doubtful=bool(others), why="set zone if that is wrong"))
    return first


def _offset(hours: float) -> str:
    size = round(abs(hours) * 60)
    return f"{'-' if hours < 0 else '+'}{size // 60:02d}:{size % 60:02d}"


def _strptime(text: pl.Series, name: str) -> pl.Series:
    try:
        times = text.str.to_datetime(name, strict=False, time_unit="us", ambiguous="earliest")
    except pl.exceptions.PolarsError:
        return pl.Series([None] * len(text), dtype=pl.Float64)
    return _epoch(times)


def _formats(
    present: pl.Series, sample: pl.Series, day_first: bool | None, notes: list[str], said: list[Assumption]
) -> tuple[list[str], str]:
    """The forms that fit a sample of the column, the commonest first, and their name."""
    form, dates, whole = "ISO dates", list[str](), list[str]()
    if sample.str.contains(_TWO_NUMBERS).any():
        form, dates = _day_or_month(present, day_first, notes, said)
    elif sample.str.contains(r"[A-Za-z]{3}").any():
        # %Y would read the year 20 into "13 Sep 20", so whether four digits stand together decides.
        full = sample.str.contains(r"(?:^|[A-Za-z]{3}[\-/ .,]|[/ ])\d{4}(?:\D|$)").any()
        months = [name for name in _MONTH_NAMES if ("%Y" in name) == full]
        form, dates, whole = "dates with month names", months, _WITH_CLOCKS
    candidates = [f"{date} {clock}".rstrip() for date in (*dates, *_ISO_DATES) for clock in _CLOCKS] + whole
    candidates += [name.replace(" %H", "T%H") for name in candidates if name.startswith("%Y-") and "%H" in name]
    if sample.str.contains(r"\d(Z| ?UTC| ?GMT| ?[+-]\d{2}:?\d{0,2})$").any():
        timed = [name for name in candidates if "%H" in name]
        zones = ("%#z", "Z", " UTC", " GMT", " %#z")
        candidates = [name + zone for name in timed for zone in zones] + candidates
    found = [_strptime(sample, name).count() for name in candidates]
    hits = sorted((-hit, order) for order, hit in enumerate(found) if hit)
    return [candidates[order] for _, order in hits], form if hits else "no times"


def _day_or_month(
    text: pl.Series, day_first: bool | None, notes: list[str], said: list[Assumption]
) -> tuple[str, list[str]]:
    text = text.str.slice(0, 10).unique(maintain_order=True)  # the days, far fewer than the times
    parts = text.str.extract_groups(_TWO_NUMBERS).struct.unnest()
    first, second = (parts[name].cast(pl.Int32, strict=False) for name in parts.columns[:2])
    separator = str(text.str.extract(r"^\s*\d{1,2}([/.\-])").drop_nulls()[0])
    known = max(first.count(), 1)
    over_first, over_second = int((first > 12).sum()), int((second > 12).sum())
    given, open_case, why = day_first, over_first == over_second == 0, ""
    if day_first is None:
        if open_case:
            # A date like 3/4 can be either: dots are European, and elsewhere the month leads in exported logs.
            day_first = separator != "/"
            words = f"{'day' if day_first else 'month'} first was assumed. Set it if that is wrong."
            why = f"No date tells whether day or month comes first; {words}"
        else:
            day_first = over_first > over_second
            if over_first and over_second:
                why = "Some dates have the day first and some the month; the rarer ones could not be read."
            else:
                what, place = ("Day", "first") if day_first else ("Month", "second")
                why = f"{what} first: a number over 12 stands in the {place} place."
        notes.append(why)
    why = why or f"{'Day' if day_first else 'Month'} first, as set."
    other = ("month first", False) if day_first else ("day first", True)
    doubtful = given is None and (open_case or bool(over_first and over_second))
    back = () if given is None else (Choice("decide on the whole column", (("day_first", None),)),)
    said.append(assumed("day_first", day_first, why, other, doubtful=doubtful, more=back))
    two = ("%d", "%m") if day_first else ("%m", "%d")
    # %Y would read the year 10 into "12/1/10", so the number of its digits decides.
    year = "%Y" if (parts[parts.columns[2]].str.len_chars() == 4).sum() >= 0.5 * known else "%y"
    dates = [other.join((*two, year)) for other in (separator, *(c for c in "/.-" if c != separator))]
    return separator.join((*(("day", "month") if day_first else ("month", "day")), "year")), dates
