"""Times as people and programs write them → forms that one pattern reads: zones by letters, German, comma fractions."""

from __future__ import annotations

import math
import re

import polars as pl

from recemb_core.readers.column_names import plain_name

DAY = 86_400.0  # seconds
# Counts from another start than 1970: (seconds of one, that start in seconds since 1970, from, to), as of 1960 to 2100.
STARTS = {
    "Julian days": (DAY, -2_440_587.5 * DAY, 2.436e6, 2.489e6),
    "Matlab's days": (DAY, -719_529 * DAY, 7.16e5, 7.68e5),
    "100 ns since 1601": (1e-7, -11_644_473_600.0, 1.14e17, 1.58e17),  # Windows' FILETIME
    "microseconds since 1601": (1e-6, -11_644_473_600.0, 1.14e16, 1.58e16),  # WebKit
    "100 ns since the year 1": (1e-7, -62_135_596_800.0, 6.18e17, 6.63e17),  # .NET's ticks
    "seconds since 1582": (1.0, -12_219_379_200.0, 1.19e10, 1.64e10),  # SPSS
    # Those below look like counts from 1970 and are never chosen by themselves.
    "seconds since 2001": (1.0, 978_307_200.0, math.inf, math.inf),  # Cocoa
    "seconds since 1960": (1.0, -315_619_200.0, math.inf, math.inf),  # SAS
    "milliseconds since 1960": (1e-3, -315_619_200.0, math.inf, math.inf),  # Stata
    "days since 1960": (DAY, -315_619_200.0, math.inf, math.inf),
}
# Numbers as some programs write them: (what it looks like, what it becomes).
WRITTEN_NUMBERS = (
    (r"^/Date\((-?\d+)(?:[+-]\d{4})?\)/$", "$1"),  # .NET's JSON, milliseconds since 1970
    (r"^\d{1,3},\d{3},\d{3},\d{3}", ""),  # thousands parted by commas
    (r"^\d{5,13},\d+$", "."),  # a day number or unix time with a decimal comma
)
# Hours from UTC of zones named by letters; several where the letters mean several, the commonest first.
ZONES: dict[str, tuple[float, ...]] = {
    **{"UTC": (0,), "GMT": (0,), "WET": (0,), "WEST": (1,), "CET": (1,), "MEZ": (1,), "CEST": (2,), "MESZ": (2,)},
    **{"EET": (2,), "EEST": (3,), "MSK": (3,), "JST": (9,), "KST": (9,), "HKT": (8,), "SGT": (8,), "AEDT": (11,)},
    **{"AEST": (10,), "NZST": (12,), "NZDT": (13,), "AKST": (-9,), "AKDT": (-8,), "HST": (-10,)},
    **{"EST": (-5, 10), "EDT": (-4, 11), "CST": (-6, 8, -5), "CDT": (-5, -4), "MST": (-7, 8, 6.5), "MDT": (-6,)},
    **{"PST": (-8, 8), "PDT": (-7,), "BST": (1, 6), "IST": (5.5, 1, 2), "AST": (-4, 3), "GST": (4, -2)},
    **{"SST": (-11, 8), "WST": (8, 13), "ECT": (-5, -4), "AMT": (-4, 4), "ADT": (-3, 4), "BRT": (-3,)},
}
# Months in other languages, without accents and case, by their number's English name; what is English already is not.
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = (
    "januar janvier janv enero ene gennaio gen janeiro januari stycznia",
    "februar fevrier fevr febrero febbraio fevereiro fev februari lutego",
    "marz mar maerz mars marzo marco maart mrt marca",
    "avril avr abril abr aprile kwietnia",
    "mai mayo may maggio mag maio mei maja",
    "juni juin junio giugno giu junho czerwca",
    "juli juillet juil julio luglio lug julho lipca",
    "aout agosto ago augustus sierpnia",
    "septembre sept septiembre setiembre settembre setembro set wrzesnia",
    "oktober okt octobre octubre ottobre ott outubro out pazdziernika",
    "novembre noviembre novembro listopada",
    "dezember dez decembre diciembre dic dicembre dezembro grudnia",
)
_MONTH_OF = {word: _ENGLISH[n] for n, words in enumerate(_MONTHS) for word in words.split()}
_WEEKDAY = (
    r"^(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)[.,]{0,2} +"
)
_ZONE = r"(?:^|[\d ])(" + "|".join(sorted(ZONES, key=len, reverse=True)) + r")(?: \d{4})?$"
# (what a sample must hold, pattern, replacement)
_REWRITTEN = (
    (r"^\[|\]$", r"^\[|\]$", ""),
    (r"\((?:[^()]*)\)$", r" *\([^()]*\)$", ""),
    (r"(?:GMT|UTC)[+-]\d", r" *(?:GMT|UTC)([+-]\d{1,2}:?\d{0,2})", " $1"),
    (r"(?i)uhr$", r"(?i) *uhr$", ""),
    (r"(?i)[ap]\. ?m\.", r"(?i)([ap])\. ?m\.", "${1}m"),
    (r"\d年", r"(\d{2,4})年 ?(\d{1,2})月 ?(\d{1,2})[日号] *", "$1-$2-$3 "),
    (r"下午", r"下午 ?(\d{1,2}:\d\d(?::\d\d)?)", "$1 PM"),
    (r"上午", r"上午 ?(\d{1,2}:\d\d(?::\d\d)?)", "$1 AM"),
    (r"(?i)\d (?:de )?[^\W\d_]+\.? de \d", r"(?i) de ", " "),
    # 05.53.42.000000 PM, as Oracle writes
    (r" \d\d\.\d\d\.\d\d", r" (\d\d)\.(\d\d)\.(\d\d)", " $1:$2:$3"),
    (r"(?i)" + _WEEKDAY, r"(?i)" + _WEEKDAY, ""),
    (r"^\d{1,2}\. ?[A-Za-zä]", r"^(\d{1,2})\. ?([A-Za-zä])", "$1 $2"),
    (r"[A-Za-z]\.", r"([A-Za-z])\. ", "$1 "),
    (r":\d\d,\d", r"(:\d\d),(\d{1,9})", "$1.$2"),
    (r"\d{4}, ", r"(\d{4}), +(\d)", "$1 $2"),
    (r"[/.\-]\d\d, \d", r"([/.\-]\d\d), +(\d)", "$1 $2"),
    (r" \d\dh\d\d$", r" (\d\d)h(\d\d)$", " $1:$2"),
    (r"\d{4} (?:um|at|à|a las|alle|às|om) ", r"(\d{4}) (?:um|at|à|a las|alle|às|om) +(\d)", "$1 $2"),
    (r"(?i)\d{4} \d\d? ?h ?\d\d", r"(?i)(\d{4} \d\d?) ?h ?(\d\d)", "$1:$2"),
    (r"^\d{8}[T _]\d{4}", r"^(\d{4})(\d\d)(\d\d)[T _](\d\d)(\d\d)(\d\d)?", "$1-$2-${3}T$4:$5:$6"),
    (r"T\d\d:\d\d:(?:[^\d]|$)", r"(T\d\d:\d\d):([^\d]|$)", "$1:00$2"),
    (r"^\d{4}-\d\d-\d\d-\d\d", r"^(\d{4}-\d\d-\d\d)-(\d\d)[.:](\d\d)[.:](\d\d)", "$1 $2:$3:$4"),
    # Sep 13 12:43:20 +0000 2020 → 13 Sep 2020 12:43:20 +0000
    (
        r"^[A-Za-z]{3,9} +\d{1,2} +\d{1,2}:",
        r"^([A-Za-z]{3,9}) +(\d{1,2}) +(\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?)((?: [+-]\d\d:?\d\d)?) (\d{4})$",
        "$2 $1 $5 $3$4",
    ),
    (r"  ", r" +", " "),
)


def plain_times(text: pl.Series, sample: pl.Series) -> tuple[pl.Series, pl.Series, str | None]:
    """The column and its sample with every known peculiarity rewritten, and the zone's letters that were taken out.

    >>> column = pl.Series(["Sun Sep 13 12:43:20 +0000 2020", "13. Okt. 2020, 12:43:20,5 Uhr"])
    >>> plain_times(column, column)[0].to_list()
    ['13 Sep 2020 12:43:20 +0000', '13 Oct 2020 12:43:20.5']
    """
    letters = None
    named = sample.str.extract(_ZONE).drop_nulls()
    if len(named) and len(named) > 0.5 * len(sample):
        letters = str(named.mode().sort()[0])
        pattern = r"([\d ]) ?" + letters + r"((?: \d{4})?)$"
        text, sample = (s.str.replace(pattern, "$1$2").str.strip_chars() for s in (text, sample))
    for word in sample.str.extract_all(r"[^\W\d_]{3,}").explode().drop_nulls().unique().sort():
        month = _MONTH_OF.get(plain_name(word))
        if month is not None and month.lower() != word.lower():
            text, sample = (
                s.str.replace(rf"(?i)(^|[\W\d]){word}($|[\W\d])", f"${{1}}{month}${{2}}") for s in (text, sample)
            )
    for holds, pattern, replacement in _REWRITTEN:
        if sample.str.contains(holds).any():
            text, sample = (s.str.replace_all(pattern, replacement) for s in (text, sample))
    return text, sample, letters


_CLOCK = re.compile(r"^(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}(?:[.,]\d+)?))? ?([AaPp][Mm])?$")
CLOCK = r"^\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)? ?(?:[AaPp][Mm])?$"


def clock_seconds(column: pl.Series) -> pl.Series:
    """Seconds since midnight of times of day: 12:43, 12:43:20, 1:43 PM, an hour from 0 to 23, or 124320.

    >>> clock_seconds(pl.Series(["12:43:20", "1:43 PM", "x"])).to_list()
    [45800.0, 49380.0, None]
    >>> clock_seconds(pl.Series(["7", "23"])).to_list()
    [25200.0, 82800.0]
    """
    text = column.cast(pl.String).str.strip_chars()
    values = text.unique().drop_nulls()
    numbers = values.cast(pl.Int64, strict=False)
    hours = bool(numbers.is_between(0, 24).all()) if numbers.count() == len(values) else False
    seconds = {value: _of_day(value, hours) for value in values}
    return text.replace_strict(seconds, default=None, return_dtype=pl.Float64)


def _of_day(value: str, hours: bool) -> float | None:
    if value.isascii() and value.isdigit() and len(value) <= 6:
        if hours:
            return float(value) % 24 * 3600
        padded = value.zfill(4 if len(value) <= 4 else 6).ljust(6, "0")
        parts = [padded[:2], padded[2:4], padded[4:]]
        half = ""
    else:
        found = _CLOCK.match(value)
        if found is None:
            return None
        parts, half = [found[1], found[2], (found[3] or "0").replace(",", ".")], (found[4] or "").lower()
    hour, minute, second = map(float, parts)
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return None if hour > 24 or minute > 59 or second >= 61 else 3600 * hour + 60 * minute + second


def other_start(known: pl.Series, unit: str | None) -> str | None:
    """The start that numbers count from: as set, or where all lie where such a count of our times lies."""
    if unit is not None:
        return unit if unit in STARTS else None
    return next((name for name, (*_, low, high) in STARTS.items() if bool(known.is_between(low, high).all())), None)
