"""Dates of three short numbers (3/4/24): whether the day, the month or the year stands first."""

from __future__ import annotations

import polars as pl

from recemb_core.readers.assumptions import Assumption, Choice, assumed
from recemb_core.readers.errors import counted
from recemb_core.readers.time_numbers import TimeForm

SHORT_DATE = r"^\s*(?:\d{1,2}[/.\-]\d{1,2}[/.\-](?:\d{4}|\d{2})|\d{2}[/\-]\d{1,2}[/\-]\d)\b"
_NUMBERS = r"^\s*(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{1,2})\b"
_MANY_DAYS = 25  # so many different numbers up to 31 in one place are days; a log has fewer years
_FEW = 4  # with fewer in both places a column tells little
_OF_PERIODS = (1, 15, 16, 28, 29, 30, 31)  # days that alone may stand in a log of months or half months
_DAY_FIRST = Choice("day first", (("day_first", True), ("year_first", None)))
_MONTH_FIRST = Choice("month first", (("day_first", False), ("year_first", None)))
_YEAR_FIRST = Choice("year first", (("day_first", None), ("year_first", True)))
_UNSET = Choice("decide on the whole column", (("day_first", None), ("year_first", None)))


def order_of(text: pl.Series, how: TimeForm, notes: list[str], said: list[Assumption]) -> tuple[str, list[str]]:
    """The order's name and the patterns of its dates; why it is so goes to ``notes`` and ``said``.

    Years of two digits may stand first (24/03/09). The place with fewer different numbers is then the year's. That is
    firm where it has at most a third as many, where only the other place holds 25 or more, or where only this order
    makes the days of the file rise; and doubtful otherwise.
    """
    text = text.str.slice(0, 10).unique(maintain_order=True)  # the days, far fewer than the times
    parts = text.str.extract_groups(_NUMBERS).struct.unnest()
    first, second, third = (parts[name].cast(pl.Int32, strict=False) for name in parts.columns)
    digits = parts[parts.columns[2]].str.len_chars()
    separator = str(text.str.extract(r"^\s*\d{1,2}([/.\-])").drop_nulls()[0])
    known = max(first.count(), 1)
    full = int((digits == 4).sum()) >= 0.5 * known
    # Most of the column decides: single dates of another form are read by themselves.
    led = not full and int((second.is_between(1, 12) & third.is_between(1, 31)).sum()) > 0.9 * known
    year_first, firm, why = False, True, ""
    if how.year_first:
        year_first, why = True, "Year first, as set."
    elif led and how.year_first is None and how.day_first is None:
        year_first, firm, why = _year_leads(first, second, third)
    if year_first:
        notes.append(why)
        back = (_UNSET,) if how.year_first else ()
        said.append(assumed("year_first", True, why, doubtful=not firm, more=(_DAY_FIRST, _MONTH_FIRST, *back)))
        return separator.join(("year", "month", "day")), _patterns(("%y", "%m", "%d"), separator)
    day_first = _day_leads(first, second, separator, how, notes, said, why="" if firm else why, led=led)
    two = ("%d", "%m") if day_first else ("%m", "%d")
    # %Y would read the year 10 into "12/1/10", so the number of its digits decides.
    named = ("day", "month") if day_first else ("month", "day")
    return separator.join((*named, "year")), _patterns((*two, "%Y" if full else "%y"), separator)


def _patterns(places: tuple[str, ...], separator: str) -> list[str]:
    return [mark.join(places) for mark in (separator, *(c for c in "/.-" if c != separator))]


def _year_leads(first: pl.Series, second: pl.Series, third: pl.Series) -> tuple[bool, bool, str]:
    """Whether the year stands first where it may, whether that is sure, and why."""
    odd = first.filter(~first.is_between(1, 31))
    if len(odd) > 0.1 * first.count():
        return True, True, f"Year first: {odd[0]:02d} in the first place is no day and no month."
    ahead, behind = first.n_unique(), third.n_unique()
    day, month = (first, second) if int((first > 12).sum()) >= int((second > 12).sum()) else (second, first)
    rises = {True: _rises(first, second, third), False: _rises(third, month, day)}
    by_order = rises[True] != rises[False]
    leads = rises[True] if by_order else ahead < behind
    fewer, more = sorted((ahead, behind))
    apart = more >= _FEW and (3 * fewer <= more or fewer < _MANY_DAYS <= more)
    periods = leads and bool(first.drop_nulls().is_in(_OF_PERIODS).all())
    firm = (by_order or (apart and not periods)) and (leads == (ahead < behind) or not apart)
    one, other = counted(ahead, "different number"), counted(behind, "different number")
    there = f"{one} in the first place and {other} in the last"
    if not firm:
        return leads, False, f"{there}: the {'year' if leads else 'day or month'} was taken to stand first."
    return leads, True, f"Year first: {there}, where none is over 31."


def _rises(year: pl.Series, month: pl.Series, day: pl.Series) -> bool:
    """Whether days come in the order of time, over more than two of them."""
    number = (year * 10_000 + month * 100 + day).drop_nulls()
    return len(number) > 2 and bool((number.diff().drop_nulls() >= 0).all())


def _day_leads(
    first: pl.Series,
    second: pl.Series,
    separator: str,
    how: TimeForm,
    notes: list[str],
    said: list[Assumption],
    *,
    why: str,
    led: bool,
) -> bool:
    """Whether the day stands first, by the numbers over 12; ``why`` is a doubt whether it is not the year."""
    over_first, over_second = int((first > 12).sum()), int((second > 12).sum())
    day_first, open_case, doubted = how.day_first, over_first == over_second == 0, bool(why)
    if day_first is None:
        if open_case:
            # A date like 3/4 can be either: dots are European, and elsewhere the month leads in exported logs.
            day_first = separator != "/"
            words = f"{'day' if day_first else 'month'} first was assumed. Set it if that is wrong."
            told = f"No date tells whether day or month comes first; {words}"
        else:
            day_first = over_first > over_second
            if over_first and over_second:
                order = "day" if day_first else "month"
                told = (
                    f"{counted(over_first, 'day')} with a number over 12 in the first place and "
                    f"{counted(over_second, 'day')} with one in the second: some dates have the day first and some the "
                    f"month, and those that can be either were read with the {order} first."
                )
            else:
                what, place = ("Day", "first") if day_first else ("Month", "second")
                told = f"{what} first: a number over 12 stands in the {place} place."
        why = f"{why} {told}".lstrip()
        notes.append(why)
    why = why or f"{'Day' if day_first else 'Month'} first, as set."
    given = how.day_first is not None
    doubtful = not given and (open_case or doubted or bool(over_first and over_second))
    others = (
        _MONTH_FIRST if day_first else _DAY_FIRST,
        *((_YEAR_FIRST,) if led else ()),
        *((_UNSET,) if given else ()),
    )
    said.append(assumed("day_first", day_first, why, doubtful=doubtful, more=others))
    return day_first
