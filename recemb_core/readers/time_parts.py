"""Year, month, day, hour, minute and second in columns of their own → one column of times."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from recemb_core.readers.assumptions import assumed
from recemb_core.readers.column_names import role_rank
from recemb_core.readers.content import holds_times, sample_of
from recemb_core.readers.errors import listed
from recemb_core.readers.table import Table

TIME = "datetime"  # the column that is made
_NAMES = {
    "year": {"year", "yyyy", "yr", "jahr", "ano", "año", "annee", "année", "anno", "jaar", "rok", "年"},
    "month": {"month", "mon", "mm", "mth", "monat", "mes", "mês", "mois", "mese", "maand", "月"},
    "day": {"day", "dd", "tag", "dia", "día", "jour", "giorno", "dag", "dayofmonth", "mday", "日"},
    "hour": {"hour", "hh", "hr", "stunde", "hora", "heure", "ora", "uur", "时"},
    "minute": {"minute", "min", "mi", "minuto", "minuut", "分"},
    "second": {"second", "sec", "ss", "sekunde", "segundo", "seconde", "secondo", "秒"},
}
_RANGES = {"year": (0, 2099), "month": (1, 12), "day": (1, 31), "hour": (0, 24), "minute": (0, 59), "second": (0, 60)}
_MONTHS = ("jan", "feb", "mar|mär|mrz", "apr", "may|mai", "jun", "jul", "aug", "sep", "oct|okt", "nov", "dec|dez")
_MOST = 0.95


def names_part(column: str) -> bool:
    """Whether a column is called like a part of a time.

    >>> names_part("minute"), names_part("item")
    (True, False)
    """
    return any(column.strip().lower() in names for names in _NAMES.values())


def with_times(table: Table) -> Table:
    """The table with a column of times, where year, month and day stand apart and no column holds whole times.

    >>> parts = {"user": ["u"], "year": ["2020"], "month": ["9"], "day": ["13"], "hour": ["17"]}
    >>> with_times(Table(pl.DataFrame(parts), "csv")).frame["datetime"].to_list()
    [datetime.datetime(2020, 9, 13, 17, 0)]
    """
    frame = table.frame
    if not {"year", "month", "day"} <= (parts := _parts(frame.columns)).keys() or TIME in frame.columns:
        return table
    sample = sample_of(frame)
    others = [c for c in frame.columns if role_rank("timestamp", c) is not None and c not in parts.values()]
    if any(holds_times(sample[c]) for c in others):
        return table
    numbers = {part: _numbers(frame[column], part) for part, column in parts.items()}
    known = numbers["year"].count()
    for part, values in list(numbers.items()):
        within = values.is_between(*_RANGES[part])
        if not known or int(within.sum()) < _MOST * known:
            if part in ("year", "month", "day"):
                return table
            del numbers[part], parts[part]
    year = numbers["year"]
    if bool((year.drop_nulls() < 100).all()):
        numbers["year"] = year + pl.select(pl.when(year < 70).then(2000).otherwise(1900)).to_series()
    elif int(year.is_between(1970, 2099).sum()) < _MOST * known:
        return table
    whole = pl.DataFrame([values.alias(part) for part, values in numbers.items()])
    digits = [pl.col("year").cast(pl.String).str.zfill(4)]
    digits += [
        (pl.col(part).cast(pl.String) if part in numbers else pl.lit("00")).str.zfill(2) for part in list(_NAMES)[1:]
    ]
    times = whole.select(pl.concat_str(digits, separator=" ").str.to_datetime("%Y %m %d %H %M %S", strict=False))
    words = f"The times in {TIME!r} were put together from {listed(parts[p] for p in _NAMES if p in parts)}."
    said = assumed("timestamp", TIME, words, ("read no times", None))
    column = times.to_series().alias(TIME)
    return replace(table, frame=frame.with_columns(column), assumptions=(*table.assumptions, said))


def _parts(columns: list[str]) -> dict[str, str]:
    """The columns of the parts by their names, which may share a word before or behind (order_year, order_month)."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for column in columns:
        words = re.sub(r"([a-z])([A-Z])", r"\1 \2", column).lower()
        tokens = [token for token in re.split(r"[\W_]+", words) if token]
        for place in {0, len(tokens) - 1} if tokens else ():
            part = next((name for name, known in _NAMES.items() if tokens[place] in known), None)
            if part is not None:
                rest = tuple(token for n, token in enumerate(tokens) if n != place)
                found.setdefault(rest, {}).setdefault(part, column)
    return max(found.values(), key=len, default={})


def _numbers(values: pl.Series, part: str) -> pl.Series:
    numbers = values.cast(pl.Float64, strict=False)
    if part == "month" and values.dtype == pl.String and numbers.count() == 0:
        begin = values.str.strip_chars().str.to_lowercase()
        months = pl.lit(None, dtype=pl.Float64)
        for number, names in enumerate(_MONTHS, start=1):
            months = pl.when(begin.str.contains(rf"^(?:{names})")).then(float(number)).otherwise(months)
        numbers = pl.select(months).to_series()
    return numbers.floor().cast(pl.Int64, strict=False)
