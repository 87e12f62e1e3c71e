"""Time columns → unix seconds, whatever they are written in."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

_SAMPLE = 2_000
_ISO_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_CLOCKS = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p")
_MONTH_NAMES = ["%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y"]
_WITH_CLOCKS = ["%d/%b/%Y:%H:%M:%S", "%a, %d %b %Y %H:%M:%S", "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S UTC %Y"]
_TWO_NUMBERS = r"^\s*(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})\b"
_HOUR_ALONE = r"^(\d{4}-\d\d-\d\d[ T]\d\d)$"
_DAY = 86_400.0
_EXCEL_EPOCH = 25_569  # days from Excel's day 0 to 1970
_UNITS = (
    *((1e11, 1.0, "seconds"), (1e14, 1e3, "milliseconds"), (1e17, 1e6, "microseconds")),
    (float("inf"), 1e9, "nanoseconds"),
)


@dataclass(frozen=True, eq=False)
class ParsedTimes:
    """Times of a column.

    Attributes:
        seconds: Float64, unix seconds; null where the value is missing or no time.
        form: how the times are written, in words.
        notes: decisions that the person should know.
    """

    seconds: pl.Series
    form: str
    notes: tuple[str, ...]


def parse_times(column: pl.Series, *, day_first: bool | None = None) -> ParsedTimes:
    """Unix seconds (also milli-, micro- and nanoseconds), ISO 8601, common date forms, and date types.

    Whether 1/2/2010 is in January or February is decided on the whole column, or by ``day_first``. Times without a
    zone are read as UTC, which keeps every difference.

    >>> parse_times(pl.Series(["2011-12-09 12:50", "nonsense"])).seconds.to_list()
    [1323435000.0, None]
    >>> parse_times(pl.Series(["13/02/2010 08:26", "01/03/2010 08:26"])).form
    'day/month/year'
    """
    seconds, form, notes = _parse(column, day_first)
    seconds = seconds.set(~seconds.is_finite().fill_null(False), None)
    return ParsedTimes(seconds.rename(column.name), form, notes)


def _parse(column: pl.Series, day_first: bool | None) -> tuple[pl.Series, str, tuple[str, ...]]:
    kind = column.dtype
    if kind == pl.Date or isinstance(kind, pl.Datetime):
        return _epoch(column.cast(pl.Datetime("us"))), "dates", ()
    if kind.is_numeric():
        return _numbers(column.cast(pl.Float64), column.name)
    if kind not in (pl.String, pl.Categorical) and not isinstance(kind, pl.Enum):
        return pl.Series([None] * len(column), dtype=pl.Float64), "no times", ()
    text = column.cast(pl.String).str.strip_chars()
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.count() >= 0.5 * max(text.count(), 1):
        return _numbers(numbers, column.name)
    return _dates(text, day_first)


def _epoch(times: pl.Series) -> pl.Series:
    return times.dt.epoch("us").cast(pl.Float64) / 1e6


def _numbers(numbers: pl.Series, name: str) -> tuple[pl.Series, str, tuple[str, ...]]:
    known = numbers.filter(numbers.is_finite().fill_null(False))
    if known.is_empty():
        return numbers, "no times", ()
    median = float(known.median())  # type: ignore[arg-type]
    if bool(known.is_between(20_000, 80_000).all()) and (bool((known % 1 != 0).any()) or "date" in name.lower()):
        days = numbers - _EXCEL_EPOCH  # to the second: the fractions are rounded
        return (days * _DAY).round(0), "Excel's day numbers", ()
    for digits, form in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S")):
        if 1.9 * 10 ** (digits - 1) <= median < 2.1 * 10 ** (digits - 1):
            written = numbers.cast(pl.Int64, strict=False).cast(pl.String)
            whole = written if digits == 8 else written.str.slice(0, 8) + " " + written.str.slice(8)
            times = whole.str.to_datetime(form.replace("%d%H", "%d %H"), strict=False, time_unit="us")
            if times.count() >= 0.9 * len(known):
                return _epoch(times), "dates written as one number", ()
    scale, unit = next((scale, unit) for limit, scale, unit in _UNITS if abs(median) < limit)
    if abs(median) < 1e8:
        note = "The times are small numbers, no dates; they were taken as seconds from an unknown start."
        return numbers / scale, "seconds from an unknown start", (note,)
    return numbers / scale, f"unix {unit}", ()


def _dates(text: pl.Series, day_first: bool | None) -> tuple[pl.Series, str, tuple[str, ...]]:
    notes: list[str] = []
    present = text.drop_nulls()
    sample = present.gather_every(max(len(present) // _SAMPLE, 1)).unique(maintain_order=True)
    if sample.str.contains(_HOUR_ALONE).any():
        text, sample = (s.str.replace(_HOUR_ALONE, "$1:00") for s in (text, sample))  # as in Alibaba's logs
    formats, form = _formats(present, sample, day_first, notes)
    result = pl.Series([None] * len(text), dtype=pl.Float64)
    for name in formats:
        left = text if result.null_count() == len(result) else text.set(result.is_not_null(), None)
        if left.null_count() == len(left):
            break
        result = result.zip_with(result.is_not_null(), _strptime(left, name))
    return result, form, tuple(notes)


def _strptime(text: pl.Series, name: str) -> pl.Series:
    try:
        times = text.str.to_datetime(name, strict=False, time_unit="us", ambiguous="earliest")
    except pl.exceptions.PolarsError:
        return pl.Series([None] * len(text), dtype=pl.Float64)
    return _epoch(times)


def _formats(present: pl.Series, sample: pl.Series, day_first: bool | None, notes: list[str]) -> tuple[list[str], str]:
    """The forms that fit a sample of the column, the commonest first, and their name."""
    form, dates, whole = "ISO dates", list[str](), list[str]()
    if sample.str.contains(_TWO_NUMBERS).any():
        form, dates = _day_or_month(present, day_first, notes)
    elif sample.str.contains(r"[A-Za-z]{3}").any():
        form, dates, whole = "dates with month names", _MONTH_NAMES, _WITH_CLOCKS
    candidates = [f"{date} {clock}".rstrip() for date in (*dates, *_ISO_DATES) for clock in _CLOCKS] + whole
    candidates += [name.replace(" %H", "T%H") for name in candidates if name.startswith("%Y-") and "%H" in name]
    if sample.str.contains(r"\d(Z| ?UTC| ?GMT| ?[+-]\d{2}:?\d{0,2})$").any():
        timed = [name for name in candidates if "%H" in name]
        zones = ("%#z", "Z", " UTC", " GMT", " %#z")
        candidates = [name + zone for name in timed for zone in zones] + candidates
    found = [_strptime(sample, name).count() for name in candidates]
    hits = sorted((-hit, order) for order, hit in enumerate(found) if hit)
    return [candidates[order] for _, order in hits], form if hits else "no times"


def _day_or_month(text: pl.Series, day_first: bool | None, notes: list[str]) -> tuple[str, list[str]]:
    text = text.str.slice(0, 10).unique(maintain_order=True)  # the days, far fewer than the times
    parts = text.str.extract_groups(_TWO_NUMBERS).struct.unnest()
    first, second = (parts[name].cast(pl.Int32, strict=False) for name in parts.columns[:2])
    separator = str(text.str.extract(r"^\s*\d{1,2}([/.\-])").drop_nulls()[0])
    known = max(first.count(), 1)
    over_first, over_second = int((first > 12).sum()), int((second > 12).sum())
    if day_first is None:
        if over_first == over_second == 0:
            # A date like 3/4 can be either: dots are European, and elsewhere the month leads in exported logs.
            day_first = separator != "/"
            words = f"{'day' if day_first else 'month'} first was assumed. Set it if that is wrong."
            notes.append(f"No date tells whether day or month comes first; {words}")
        else:
            day_first = over_first > over_second
            if over_first and over_second:
                notes.append("Some dates have the day first and some the month; the rarer ones could not be read.")
            else:
                what, place = ("Day", "first") if day_first else ("Month", "second")
                notes.append(f"{what} first: a number over 12 stands in the {place} place.")
    two = ("%d", "%m") if day_first else ("%m", "%d")
    # %Y would read the year 10 into "12/1/10", so the number of its digits decides.
    year = "%Y" if (parts[parts.columns[2]].str.len_chars() == 4).sum() >= 0.5 * known else "%y"
    dates = [other.join((*two, year)) for other in (separator, *(c for c in "/.-" if c != separator))]
    return separator.join((*(("day", "month") if day_first else ("month", "day")), "year")), dates
