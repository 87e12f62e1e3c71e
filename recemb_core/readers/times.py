"""Time columns → unix seconds, whatever they are written in."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass

import polars as pl

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.errors import InputError, counted, listed, shortened, were
from recemb_core.readers.time_numbers import EARLIEST, LATEST, TimeForm, epoch, numbers_as_times
from recemb_core.readers.time_orders import SHORT_DATE, order_of
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
    "%b %d, %Y",
    "%b %d %Y",
    "%Y-%b-%d",
    "%Y %b %d",
]
_WITH_CLOCKS = ["%d/%b/%Y:%H:%M:%S", "%a, %d %b %Y %H:%M:%S", "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S UTC %Y"]
_WEEKS = ("%G-W%V-%u", "%GW%V%u")
_DAYS_OF_A_YEAR = ("%Y-%j",)
_YEAR = r"^(\D*(?:\d{1,2}\D+){0,2})(\d{3,4})((?:\D.*)?)$"  # the first number of three or four digits
_NEXT_DAY = r"([T ])24(:00(?::00(?:[.,]0+)?)?)([^\d:].*)?$"  # the midnight that ends a day
_EACH_ZONED = "Each time says its zone, and was taken to UTC."
_SOLAR, _LUNAR = (1300, 1412), (1413, 1460)  # years that people write in calendars that are not converted here
_HOUR_ALONE = r"^(\d{4}-\d\d-\d\d[ T]\d\d)$"
_OFFSET = re.compile(r"^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$")
_SOME_ZONES = ("Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Shanghai", "Asia/Kolkata")

_ZONES_OF_LETTERS = ("America/New_York", "America/Chicago", "Australia/Sydney", *_SOME_ZONES)


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
    year_first: bool | None = None,
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
        year_first: of dates like 24/3/9, whatever ``day_first`` is; found out when both are left out.

    >>> parse_times(pl.Series(["2011-12-09 12:50", "nonsense"])).seconds.to_list()
    [1323435000.0, None]
    >>> parse_times(pl.Series(["13/02/2010 08:26", "01/03/2010 08:26"])).form
    'day/month/year'
    >>> parse_times(pl.Series([913, 1001]), year=2015, unit="month and day").seconds.to_list()
    [1442102400.0, 1443657600.0]
    """
    said: list[Assumption] = []
    seconds, form, notes, zoned = _parse(column, TimeForm(day_first, unit, zone, year, year_offset, year_first), said)
    seconds = seconds.set(~seconds.is_finite().fill_null(False), None)
    if clock is not None:
        seconds = seconds + clock_seconds(clock)
        form = f"{form} with the time of day from {clock.name!r}"
    if not zoned and form != "no times":
        seconds = _in_zone(seconds, zone, said)
    notes = (*notes, *(a.words for a in said if a.doubtful and a.words not in notes))
    return ParsedTimes(seconds.rename(column.name), form, notes, tuple(said))


def _in_zone(seconds: pl.Series, zone: str | None, said: list[Assumption]) -> pl.Series:
    """Seconds as if in UTC → seconds in the zone that was meant."""
    if all(a.name != "zone" for a in said):
        words = f"The times name no zone and were read as {zone or 'UTC'}."
        said.append(_zone_said(zone, words, why="it changes no difference between times"))
    return _shifted(seconds, zone)


def _zone_said(zone: str | None, words: str, *, doubtful: bool = False, why: str = "") -> Assumption:
    others = [(name, name) for name in (*(("UTC",) if zone else ()), *_SOME_ZONES) if name != zone]
    return assumed("zone", zone, words, *others, doubtful=doubtful, why=why)


def _shifted(seconds: pl.Series, zone: str | None) -> pl.Series:
    offset = 0.0 if zone is None else zone_seconds(zone)
    if offset is not None:
        return seconds - offset
    times = pl.from_epoch((seconds * 1e6).cast(pl.Int64), time_unit="us")
    return epoch(times.dt.replace_time_zone(str(zone), ambiguous="earliest", non_existent="null"))


def _some_zoned(
    seconds: pl.Series, zoned: pl.Series, how: TimeForm, said: list[Assumption], *, counts: bool = False
) -> pl.Series:
    """Seconds of which only some said their zone: the others are taken to be in the one that is set, or UTC."""
    bare = ~zoned & seconds.is_not_null()
    count, all_of = int(bare.sum()), int(seconds.count())
    one = all_of - count == 1
    tell = f"count{'s' * one} from UTC" if counts else "says its zone" if one else "say their zone"
    words = f"{all_of - count:,} of {all_of:,} times {tell}; the others were read as {how.zone or 'UTC'}"
    words += ", as set." if how.zone else "."
    said[:] = [a for a in said if a.words != _EACH_ZONED]
    said.append(_zone_said(how.zone, words, doubtful=how.zone is None))
    return _shifted(seconds.set(~bare, None), how.zone).zip_with(bare, seconds)


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
    rest, own = text.set(~left, None), list[Assumption]()
    counts = numbers.set(~left, None)
    if counts.count() and not words.startswith("unix"):
        others, other, _, own_zone = numbers_as_times(counts, name, form, own)
    else:
        others, other, _, own_zone = _dates(rest, form, own)
    others = others.set(~others.is_between(EARLIEST, LATEST).fill_null(False), None)
    if not others.count():
        return found
    count, example = f"{others.count():,} of {text.count():,} times", text.filter(others.is_not_null())[0]
    as_what = f"are {other}, the others {words}" if other != words else "are not written as the others are"
    message = f"{count} {as_what} (the first: {shortened(example)!r}); each was read as what it is."
    said.append(assumed("timestamp", name, message, doubtful=True))
    told = {a.name for a in said}
    said += [a for a in own if a.doubtful and (a.name not in told or a.name == "zone")]
    whole = seconds.zip_with(~left, others)
    if zoned is not own_zone:
        unix = "unix" in (other if own_zone else words)
        whole, zoned = _some_zoned(whole, left if own_zone else ~left, form, said, counts=unix), True
    return whole, f"{words} and others", notes, zoned


def _dates(text: pl.Series, how: TimeForm, said: list[Assumption]) -> tuple[pl.Series, str, tuple[str, ...], bool]:
    notes: list[str] = []
    present = text.drop_nulls()
    sample = present.gather_every(max(len(present) // _SAMPLE, 1)).unique(maintain_order=True)
    text, sample, letters = plain_times(text, sample)
    if sample.str.contains(_HOUR_ALONE).any():
        text, sample = (s.str.replace(_HOUR_ALONE, "$1:00") for s in (text, sample))  # as in Alibaba's logs
    next_day = text.str.contains(_NEXT_DAY).fill_null(False)
    if next_day.any():
        text, sample = (s.str.replace(_NEXT_DAY, "${1}00$2$3") for s in (text, sample))
    if offset := _year_offset(sample, how.year_offset, said):
        text, sample = (_with_years(s, offset) for s in (text, sample))
    formats, form = _formats(text.drop_nulls(), sample, how, notes, said)
    result, zoned = pl.Series([None] * len(text), dtype=pl.Float64), pl.repeat(False, len(text), eager=True)
    for name in formats:
        left = text if result.null_count() == len(result) else text.set(result.is_not_null(), None)
        if left.null_count() == len(left):
            break
        found = _strptime(left, name)
        if "%#z" in name or name.endswith(("Z", "UTC", "GMT")):
            zoned = zoned | found.is_not_null()
        result = result.zip_with(result.is_not_null(), found)
    if next_day.any() and (count := int(next_day.filter(result.is_not_null()).sum())):
        result = result + 86_400 * next_day.cast(pl.Float64)
        words = f"{counted(count, 'time')} at 24:00 {were(count)} read as 00:00 of the next day."
        said.append(assumed("timestamp", None, words))
    if letters is not None and form != "no times" and letters.count():
        hours, told = _lettered_zones(letters, how.zone)
        said += told
        if how.zone is None:
            result, zoned = result - 3600 * hours.fill_null(0.0), zoned | hours.is_not_null()
    count, all_of = int((zoned & result.is_not_null()).sum()), result.count()
    if 0 < count < all_of:
        return _some_zoned(result, zoned, how, said), form, tuple(notes), True
    if count and letters is None:
        said.append(assumed("zone", None, _EACH_ZONED))
    return result, form, tuple(notes), count > 0


def _year_offset(sample: pl.Series, given: int | None, said: list[Assumption]) -> int:
    """What the years lack to be those of our calendar."""
    labels = {1911: "they count from 1911 (Republic of China)", -543: "they are Buddhist", 0: "they are as written"}
    offset = given or 0
    if given is None:
        years = sample.str.extract(_YEAR, 2).cast(pl.Int32, strict=False)
        for start, low, high in ((1911, 80, 160), (-543, 2500, 2650)):
            if years.count() > 0.9 * len(sample) and bool(years.drop_nulls().is_between(low, high).all()):
                offset = start
    if given is None and not offset and len(sample):
        said += _foreign_calendar(years, len(sample))
    if offset or given is not None:
        what = f"{offset:,} was added to the years" if offset > 0 else f"{-offset:,} was taken off the years"
        words = f"{what[0].upper()}{what[1:]} of the times{'' if given is None else ', as set'}."
        others = [(label, value) for value, label in labels.items() if value != offset]
        said.append(assumed("year_offset", offset, words, *others, doubtful=given is None, why=labels.get(offset, "")))
    return offset


def _foreign_calendar(years: pl.Series, rows: int) -> list[Assumption]:
    """What is said of years like 1402 and 1445, whose months and days are not ours."""
    for (low, high), calendar in ((_SOLAR, "Solar Hijri (Persian)"), (_LUNAR, "Islamic (Hijri)")):
        if years.count() > 0.9 * rows and int(years.is_between(low, high).sum()) > 0.9 * rows:
            words = (
                f"Years like {years.drop_nulls()[0]} are those of the {calendar} calendar, which is not "
                "converted: months, days and pauses between times are wrong. Write the dates in the Gregorian calendar."
            )
            return [assumed("timestamp", None, words, ("read no times", None), doubtful=True)]
    return []


def _with_years(text: pl.Series, offset: int) -> pl.Series:
    parts = text.str.extract_groups(_YEAR).struct.unnest()
    before, year, behind = parts.get_columns()
    years = (year.cast(pl.Int32, strict=False) + offset).cast(pl.String).str.zfill(4)
    return (before + years + behind).zip_with(year.is_not_null(), text)


def _lettered_zones(letters: pl.Series, given: str | None) -> tuple[pl.Series, list[Assumption]]:
    """Hours from UTC of zones named by letters; where they mean several, the commonest, and it is said."""
    named = letters.drop_nulls().unique().sort().to_list()
    if given is not None:
        words = f"The letters {listed(named)} were passed over: the times were read as {given}, as set."
        return letters, [assumed("zone", given, words, ("go by the letters", None))]
    hours = letters.replace_strict({name: float(ZONES[name][0]) for name in named}, return_dtype=pl.Float64)
    read = {name: _offset(ZONES[name][0]) for name in named}
    open_ones = [name for name in named if len(ZONES[name]) > 1]
    if len(named) == 1:
        choices = [(_offset(other), _offset(other)) for other in ZONES[named[0]][1:]]
    else:
        choices = [(zone, zone) for zone in _ZONES_OF_LETTERS]
    if open_ones:
        of = {name: read[name] for name in open_ones}
        what = f"The letters {', '.join(of)} name several time zones; the times were read as {', '.join(of.values())}."
        return hours, [assumed("zone", None, what, *choices, doubtful=True, why="set zone if that is wrong")]
    what = "zone" if len(named) == 1 else "zones"
    words = f"The {what} {', '.join(named)} {were(len(named))} read as {', '.join(read.values())}."
    return hours, [assumed("zone", None, words)]


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
    present: pl.Series, sample: pl.Series, how: TimeForm, notes: list[str], said: list[Assumption]
) -> tuple[list[str], str]:
    """The forms that fit a sample of the column, the commonest first, and their name."""
    form, dates, whole = "ISO dates", list[str](), list[str]()
    if sample.str.contains(SHORT_DATE).any():
        form, dates = order_of(present, how, notes, said)
    elif sample.str.contains(r"^\d{4}-?W\d\d-?\d").any():
        form, dates = "ISO weeks", list(_WEEKS)
    elif sample.str.contains(r"^\d{4}-\d{3}(?:[T ]|$)").any():
        form, dates = "ISO days of a year", list(_DAYS_OF_A_YEAR)
    elif sample.str.contains(r"[A-Za-z]{3}").any():
        # %Y would read the year 20 into "13 Sep 20", so whether four digits stand together decides.
        full = sample.str.contains(r"(?:^|[A-Za-z]{3}[\-/ .,]?|[/ ])\d{4}(?:\D|$)").any()
        months = [name for name in _MONTH_NAMES if ("%Y" in name) == full]
        form, dates, whole = "dates with month names", months, _WITH_CLOCKS
    candidates = [f"{date} {clock}".rstrip() for date in (*dates, *_ISO_DATES) for clock in _CLOCKS] + whole
    led = ("%Y-", "%y-", *_WEEKS)
    candidates += [name.replace(" %H", "T%H") for name in candidates if name.startswith(led) and "%H" in name]
    if sample.str.contains(r"\d(Z| ?UTC| ?GMT| ?[+-]\d{2}:?\d{0,2})$").any():
        timed = [name for name in candidates if "%H" in name]
        zones = ("%#z", "Z", " UTC", " GMT", " %#z")
        candidates = [name + zone for name in timed for zone in zones] + candidates
    found = [_strptime(sample, name).count() for name in candidates]
    hits = sorted((-hit, order) for order, hit in enumerate(found) if hit)
    return [candidates[order] for _, order in hits], form if hits else "no times"
