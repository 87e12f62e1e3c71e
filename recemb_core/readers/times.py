"""Time columns → unix seconds, whatever they are written in."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass

import polars as pl

from recemb_core.readers.assumptions import Assumption, Choice, assumed
from recemb_core.readers.errors import InputError, shortened
from recemb_core.readers.time_numbers import EARLIEST, LATEST, TimeForm, epoch, numbers_as_times
from recemb_core.readers.time_words import CLOCK, WRITTEN_NUMBERS, ZONES, clock_seconds, plain_times

_SAMPLE = 2_000
_ISO_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_CLOCKS = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p", "%I:%M:%S%.f %p")
_MONTH_NAMES = [
    "%d %b %Y",
    "%d%b%Y",
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
_YEAR = r"^(\D*(?:\d{1,2}\D+){0,2})(\d{3,4})((?:\D.*)?)$"  # the first number of three or four digits
_HOUR_ALONE = r"^(\d{4}-\d\d-\d\d[ T]\d\d)$"
_OFFSET = re.compile(r"^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$")
_SOME_ZONES = ("Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Shanghai", "Asia/Kolkata")


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
    year_offset: int | None = None,
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
        year_offset: what is added to the years of dates: 1911 to those of the Republic of China, -543 to Buddhist ones;
            found out when left out.
        clock: the time of day, where it stands in a column of its own.

    >>> parse_times(pl.Series(["2011-12-09 12:50", "nonsense"])).seconds.to_list()
    [1323435000.0, None]
    >>> parse_times(pl.Series(["13/02/2010 08:26", "01/03/2010 08:26"])).form
    'day/month/year'
    >>> parse_times(pl.Series([913, 1001]), year=2015, unit="month and day").seconds.to_list()
    [1442102400.0, 1443657600.0]
    """
    said: list[Assumption] = []
    seconds, form, notes, zoned = _parse(column, TimeForm(day_first, unit, zone, year, year_offset), said)
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
    return epoch(times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null"))


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
        return epoch(column.cast(pl.Datetime("us"))), "dates", (), zoned
    if kind.is_numeric():
        return numbers_as_times(column.cast(pl.Float64), column.name, form, said)
    if kind not in (pl.String, pl.Categorical) and not isinstance(kind, pl.Enum):
        return pl.Series([None] * len(column), dtype=pl.Float64), "no times", (), True
    text = column.cast(pl.String).str.strip_chars()
    for pattern, replacement in WRITTEN_NUMBERS:
        if text.head(_SAMPLE).str.contains(pattern).sum() > 0.5 * max(text.head(_SAMPLE).count(), 1):
            text = text.str.replace_all(pattern if "(" in pattern else ",", replacement)
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.count() == text.count() > 0:
        return numbers_as_times(numbers, column.name, form, said)
    mostly = numbers.count() >= 0.5 * max(text.count(), 1)
    found = numbers_as_times(numbers, column.name, form, said) if mostly else _dates(text, form, said)
    return _with_others(found, text, numbers, column.name, form, said)


def _with_others(
    found: tuple[pl.Series, str, tuple[str, ...], bool],
    text: pl.Series,
    numbers: pl.Series,
    name: str,
    form: TimeForm,
    said: list[Assumption],
) -> tuple[pl.Series, str, tuple[str, ...], bool]:
    """Counts since 1970 among dates, or dates among counts: each is read as what it is, and said."""
    seconds, words, notes, zoned = found
    left = seconds.is_null() & (text.fill_null("") != "")
    if not left.any() or seconds.null_count() == len(seconds):
        return found
    rest, unsaid = text.set(~left, None), list[Assumption]()
    counts = numbers.set(~left, None)
    if counts.count() and words != "unix seconds":
        others = numbers_as_times(counts, name, form, unsaid)[0]
    else:
        others = _dates(rest, form, unsaid)[0]
    others = others.set(~others.is_between(EARLIEST, LATEST).fill_null(False), None)
    if not others.count():
        return found
    what = "counts since 1970 among dates" if counts.count() else "dates among counts since 1970"
    message = f"{others.count():,} of {text.count():,} times are {what}; each was read as what it is."
    said.append(assumed("timestamp", name, message, doubtful=True))
    return seconds.zip_with(~left, others), f"{words} and others", notes, zoned


def _dates(text: pl.Series, how: TimeForm, said: list[Assumption]) -> tuple[pl.Series, str, tuple[str, ...], bool]:
    notes: list[str] = []
    present = text.drop_nulls()
    sample = present.gather_every(max(len(present) // _SAMPLE, 1)).unique(maintain_order=True)
    text, sample, letters = plain_times(text, sample)
    if sample.str.contains(_HOUR_ALONE).any():
        text, sample = (s.str.replace(_HOUR_ALONE, "$1:00") for s in (text, sample))  # as in Alibaba's logs
    if offset := _year_offset(sample, how.year_offset, said):
        text, sample = (_with_years(s, offset) for s in (text, sample))
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


def _year_offset(sample: pl.Series, given: int | None, said: list[Assumption]) -> int:
    """What the years lack to be those of our calendar."""
    labels = {1911: "they count from 1911 (Republic of China)", -543: "they are Buddhist", 0: "they are as written"}
    offset = given or 0
    if given is None:
        years = sample.str.extract(_YEAR, 2).cast(pl.Int32, strict=False)
        for start, low, high in ((1911, 80, 160), (-543, 2500, 2650)):
            if years.count() > 0.9 * len(sample) and bool(years.drop_nulls().is_between(low, high).all()):
                offset = start
    if offset or given is not None:
        what = f"{offset:,} was added to the years" if offset > 0 else f"{-offset:,} was taken off the years"
        words = f"{what[0].upper()}{what[1:]} of the times{'' if given is None else ', as set'}."
        others = [(label, value) for value, label in labels.items() if value != offset]
        said.append(assumed("year_offset", offset, words, *others, doubtful=given is None, why=labels.get(offset, "")))
    return offset


def _with_years(text: pl.Series, offset: int) -> pl.Series:
    parts = text.str.extract_groups(_YEAR).struct.unnest()
    before, year, behind = parts.get_columns()
    years = (year.cast(pl.Int32, strict=False) + offset).cast(pl.String).str.zfill(4)
    return (before + years + behind).zip_with(year.is_not_null(), text)


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
    return epoch(times)


def _formats(
    present: pl.Series, sample: pl.Series, day_first: bool | None, notes: list[str], said: list[Assumption]
) -> tuple[list[str], str]:
    """The forms that fit a sample of the column, the commonest first, and their name."""
    form, dates, whole = "ISO dates", list[str](), list[str]()
    if sample.str.contains(_TWO_NUMBERS).any():
        form, dates = _day_or_month(present, day_first, notes, said)
    elif sample.str.contains(r"[A-Za-z]{3}").any():
        # %Y would read the year 20 into "13 Sep 20", so whether four digits stand together decides.
        full = sample.str.contains(r"(?:^|[A-Za-z]{3}[\-/ .,]?|[/ ])\d{4}(?:\D|$)").any()
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
