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
# Months in eight languages, without accents and case, by their number's short English name, to which all are brought.
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = (
    "january januar janner jaenner janvier janv enero ene gennaio gen janeiro januari stycznia",
    "february februar febr feber fevrier fevr febrero febbraio fevereiro fev februari lutego",
    "march marz mrz mar maerz mars marzo marco maart mrt marca",
    "april avril avr abril abr aprile kwietnia",
    "mai mayo may maggio mag maio mei maja",
    "june juni juin junio giugno giu junho czerwca",
    "july juli juillet juil julio luglio lug julho lipca",
    "august aout aou agosto ago augustus sierpnia",
    "september septembre sept septiembre setiembre settembre setembro set wrzesnia",
    "october oktober okt octobre octubre ottobre ott outubro out pazdziernika",
    "november novembre noviembre novembro listopada",
    "december dezember dez decembre diciembre dic dicembre dezembro grudnia",
)
_MONTH_OF = {word: _ENGLISH[n] for n, words in enumerate(_MONTHS) for word in words.split()}
_MONTH_OF |= {name.lower(): name for name in _ENGLISH}  # déc and DÉC are Dec once their accents are off
_AS_IN_ENGLISH = {name.lower() for name in _ENGLISH}
_WEEKDAY = (
    r"^(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)[.,]{0,2} +"
)
_ZONE = r"(?:^|[\d ])(" + "|".join(sorted(ZONES, key=len, reverse=True)) + r")(?: \d{4})?$"
# (what a sample must hold, pattern, replacement)
_REWRITTEN = (
    (r"[Z\d]\[.+\]$", r"(Z|[+-]\d\d:?\d\d(?::?\d\d)?)\[[\w/+\-:]+\]$", "$1"),  # +01:00[Europe/Berlin], Java's
    (r"^\[|\]$", r"^\[|\]$", ""),
    (r"\((?:[^()]*)\)$", r" *\([^()]*\)$", ""),
    (r"(?:GMT|UTC)[+-]\d", r" *(?:GMT|UTC)([+-]\d{1,2}:?\d{0,2})", " $1"),
    (r"(?i)uhr$", r"(?i) *uhr$", ""),
    (r"(?i)[ap]\. ?m\.", r"(?i)([ap])\. ?m\.", "${1}m"),
    (r"[(（][月火水木金土日월화수목금토일]", r" *[(（][月火水木金土日월화수목금토일](?:曜日?|요일)?[)）] *", " "),
    (r"(?:星期|周|週)[一二三四五六日天]", r" *(?:星期|周|週)[一二三四五六日天] *", " "),
    (r"\d[年년]", r"(\d{2,4})[年년] ?(\d{1,2})[月월] ?(\d{1,2})[日号號일] *", "$1-$2-$3 "),
    (r"\d ?[時时點点시]", r"(\d{1,2}) ?[時时點点시] ?(\d{1,2}) ?[分분] ?(\d{1,2}) ?[秒초]", "$1:$2:$3"),
    (r"\d ?[時时點点시]", r"(\d{1,2}) ?[時时點点시] ?(\d{1,2}) ?[分분]", "$1:$2"),
    (r"\d ?[時时點点시]", r"(\d{1,2}) ?[時时點点시]", "$1:00"),
    (r"午|오[전후]", r"(?:下午|午後|오후) ?(\d{1,2}:\d{1,2}(?::\d{1,2})?)", "$1 PM"),
    (r"午|오[전후]", r"(?:上午|午前|오전) ?(\d{1,2}:\d{1,2}(?::\d{1,2})?)", "$1 AM"),
    (r"(?i)\d (?:de )?[^\W\d_]+\.? de \d", r"(?i) de ", " "),
    # 05.53.42.000000 PM, as Oracle writes
    (r" \d\d\.\d\d\.\d\d", r" (\d\d)\.(\d\d)\.(\d\d)", " $1:$2:$3"),
    (r"(?i)" + _WEEKDAY, r"(?i)" + _WEEKDAY, ""),
    (r"^\d{1,2}\. ?[A-Za-zä]", r"^(\d{1,2})\. ?([A-Za-zä])", "$1 $2"),
    (r"[A-Za-z]{3}\.", r"([A-Za-z]{3})\. ?(\d)", "$1 $2"),
    (r"[A-Za-z]\.", r"([A-Za-z])\.([ /\-])", "$1$2"),
    (r"^\d{8}[T _]\d{4}", r"^(\d{4})(\d\d)(\d\d)[T _](\d\d)(\d\d)(\d\d)?", "$1-$2-${3}T$4:$5:$6"),
    (r":\d\d,\d", r"(:\d\d),(\d{1,9})", "$1.$2"),
    (r"\d{4}, ", r"(\d{4}), +(\d)", "$1 $2"),
    (r"[/.\-]\d\d, \d", r"([/.\-]\d\d), +(\d)", "$1 $2"),
    (r" \d\dh\d\d$", r" (\d\d)h(\d\d)$", " $1:$2"),
    (r"\d{4} (?:um|at|à|a las|alle|às|om) ", r"(\d{4}) (?:um|at|à|a las|alle|às|om) +(\d)", "$1 $2"),
    (r"(?i)\d{4} \d\d? ?h ?\d\d", r"(?i)(\d{4} \d\d?) ?h ?(\d\d)", "$1:$2"),
    (r"T\d\d:\d\d:(?:[^\d]|$)", r"(T\d\d:\d\d):([^\d]|$)", "$1:00$2"),
    (r"^\d{4}-\d\d-\d\d-\d\d", r"^(\d{4}-\d\d-\d\d)-(\d\d)[.:](\d\d)[.:](\d\d)", "$1 $2:$3:$4"),
    # Sep 13 12:43:20 +0000 2020 → 13 Sep 2020 12:43:20 +0000
    (
        r"^[A-Za-z]{3,9} +\d{1,2} +\d{1,2}:",
        r"^([A-Za-z]{3,9}) +(\d{1,2}) +(\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?)((?: [+-]\d\d:?\d\d)?) (\d{4})$",
        "$2 $1 $5 $3$4",
    ),
    (r"  ", r" +", " "),
    (r" $", r" +$", ""),
)


def plain_times(text: pl.Series, sample: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series | None]:
    """The column and its sample with every known peculiarity rewritten, and the zones' letters that were taken out.

    >>> column = pl.Series(["Sun Sep 13 12:43:20 +0000 2020", "13. Okt. 2020, 12:43:20,5 Uhr"])
    >>> plain_times(column, column)[0].to_list()
    ['13 Sep 2020 12:43:20 +0000', '13 Oct 2020 12:43:20.5']
    >>> plain_times(pl.Series(["2020-09-13 12:43 CEST"]), pl.Series(["2020-09-13 12:43 CEST"]))[2].to_list()
    ['CEST']
    """
    letters = None
    if int(sample.str.contains(_ZONE).sum()) > 0.5 * len(sample):
        letters = text.str.extract(_ZONE)
        known = sorted(letters.drop_nulls().unique().to_list(), key=len, reverse=True)
        pattern = rf"([\d ]) ?(?:{'|'.join(known)})((?: \d{{4}})?)$"
        text, sample = (s.str.replace(pattern, "$1$2").str.strip_chars() for s in (text, sample))
    words = _words_of(sample)
    if any(word.lower() not in _AS_IN_ENGLISH for word in words if plain_name(word) in _MONTH_OF):
        words = _words_of(text)  # December may be rare
    for word in words:
        month = _MONTH_OF.get(plain_name(word))
        if month is not None and month.lower() != word.lower():
            text, sample = (
                s.str.replace(rf"(?i)(^|[\W\d]){word}($|[\W\d])", f"${{1}}{month}${{2}}") for s in (text, sample)
            )
    for holds, pattern, replacement in _REWRITTEN:
        if sample.str.contains(holds).any():
            text, sample = (s.str.replace_all(pattern, replacement) for s in (text, sample))
    return text, sample, letters


def _words_of(text: pl.Series) -> list[str]:
    return text.str.extract_all(r"[^\W\d_]{3,}").explode().drop_nulls().unique().sort().to_list()


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
    text = text.str.replace(r"^(\d+)\.0$", "$1")  # whole numbers beside gaps, as pandas writes them
    values = text.unique().drop_nulls()
    numbers = values.cast(pl.Int64, strict=False)
    hours = bool(numbers.is_between(0, 24).all()) if numbers.count() == len(values) else False
    digits = 6 if numbers.count() == len(values) and (numbers > 9_999).any() else 4  # beside 124320, 905 is 00:09:05
    seconds = {value: _of_day(value, hours, digits) for value in values}
    return text.replace_strict(seconds, default=None, return_dtype=pl.Float64)


def _of_day(value: str, hours: bool, digits: int) -> float | None:
    if value.isascii() and value.isdigit() and len(value) <= 6:
        if hours:
            return float(value) % 24 * 3600
        padded = value.zfill(digits if len(value) <= 4 else 6).ljust(6, "0")
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
