"""What a column's values say: times, numbers, ids, or a property of the item."""

from __future__ import annotations

import polars as pl

from recemb_core.arrays import BoolArray
from recemb_core.readers.ids import NOTHING
from recemb_core.readers.times import parse_times

_SAMPLE_ROWS = 100_000
_TIME_ROWS = 500
BELOW_ZERO = r"^\((\d[\d.,]*)\)$"
_EARLIEST, _LATEST = 3.0e8, 4.1e9  # 1979 to 2099


def sample_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Enough rows to judge by, as they come: neighbors in the file share users and items."""
    return frame.head(_SAMPLE_ROWS)


def to_numbers(values: pl.Series, decimal: str | None = None) -> pl.Series:
    """Float64, null where a value is no number; ``decimal`` is found out (:func:`decimal_mark`) where it is None.

    >>> to_numbers(pl.Series([" 2", "x", "1e3"])).to_list(), to_numbers(pl.Series(["1,5", "2"])).to_list()
    ([2.0, None, 1000.0], [1.5, 2.0])
    >>> to_numbers(pl.Series(["12", "1,200"])).to_list(), to_numbers(pl.Series(["1.200"]), ",").to_list()
    ([12.0, 1200.0], [1200.0])
    >>> to_numbers(pl.Series(["3", "(2)"])).to_list()  # as accountants write what is below 0
    [3.0, -2.0]
    """
    if values.dtype.is_nested():
        return pl.Series(values.name, [None] * len(values), dtype=pl.Float64)
    if values.dtype != pl.String:
        return values.cast(pl.Float64, strict=False)
    text = values.str.strip_chars()
    if text.str.contains(BELOW_ZERO).any():
        text = text.str.replace(BELOW_ZERO, "-$1")
    if decimal is None and not text.str.contains(",", literal=True).any():
        return text.cast(pl.Float64, strict=False)
    mark = decimal or decimal_mark(text)[0]
    other = "," if mark == "." else "."
    grouped = text.str.contains(rf"^[+-]?\d{{1,3}}(?:\{other}\d{{3}})+(?:\{mark}\d*)?$")
    bare = text.str.replace_all(other, "", literal=True)
    text = bare.zip_with(grouped.fill_null(False), text)
    if mark == ",":
        text = text.str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False)


def decimal_mark(values: pl.Series) -> tuple[str, bool]:
    """What stands before the decimals of a column of numbers, and whether 1,200 could be read either way.

    >>> decimal_mark(pl.Series(["1,5", "2"])), decimal_mark(pl.Series(["12", "1,200"]))
    ((',', False), ('.', True))
    >>> decimal_mark(pl.Series(["1.200,50"])), decimal_mark(pl.Series(["1,200,000"]))
    ((',', False), ('.', False))
    """
    if values.dtype != pl.String:
        return ".", False
    text = values.drop_nulls().str.strip_chars()
    commas = text.filter(text.str.contains(r"^[+-]?[\d.]*,[\d,.]*\d$"))
    if commas.is_empty():
        return ".", False
    if not commas.str.contains(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$").all():
        return ",", False
    certain = commas.str.contains(r",\d{3}[,.]").any()
    # All are like 1,200: decimals are rarely three digits throughout, and never beside 1.5.
    return ".", not certain and not text.str.contains(r"^[+-]?\d*\.\d+$").any()


def is_number(values: pl.Series) -> bool:
    """Whether at least 95% of the values that are there are numbers."""
    if values.dtype.is_numeric():
        return True
    if values.dtype != pl.String or values.count() == 0:
        return False
    return to_numbers(values).count() >= 0.95 * values.count()


def holds_times(values: pl.Series) -> bool:
    """Whether most values are points in time between 1979 and 2099."""
    if isinstance(values.dtype, pl.Datetime) or values.dtype == pl.Date:
        return True
    if values.dtype not in (pl.String, pl.Int64, pl.Float64, pl.Int32, pl.UInt32, pl.UInt64):
        return False
    if values.count() == 0:
        return False
    known = values.drop_nulls()
    head = known.gather_every(max(len(known) // _TIME_ROWS, 1))
    if is_number(head) and head.n_unique() < 2 and len(head) > 2:
        return False  # one number again and again is a code
    seconds = parse_times(head).seconds
    return int(seconds.is_between(_EARLIEST, _LATEST).sum()) > 0.8 * len(head)


def holds_days(values: pl.Series) -> bool:
    """Whether all times of a column are at midnight."""
    seconds = parse_times(values.drop_nulls().head(_TIME_ROWS)).seconds.drop_nulls()
    return len(seconds) > 0 and bool((seconds % 86_400 == 0).all())


def is_empty(values: pl.Series) -> pl.Series:
    """Which fields hold nothing."""
    if values.dtype != pl.String:
        return values.is_null()
    return values.str.strip_chars().fill_null("") == ""


def starts_blocks(values: pl.Series) -> bool:
    """Whether a column names the first row of each block of rows only, as merged cells do.

    >>> starts_blocks(pl.Series(["a", None, None, "b", ""])), starts_blocks(pl.Series([None, None, "a"]))
    (True, False)
    """
    if not len(values) or values.dtype.is_nested():
        return False
    empty = is_empty(values)
    return not bool(empty[0]) and 0.5 * len(values) < int(empty.sum()) < len(values)


def counts_lines(values: pl.Series) -> bool:
    """Whether a column numbers the lines of one group after the other: 1, 2, 3, then 1 again.

    >>> counts_lines(pl.Series(["1", "2", "3", "1", "2", "1"])), counts_lines(pl.Series(["1", "3", "2", "1"]))
    (True, False)
    """
    numbers = to_numbers(values)
    if numbers.null_count() or len(numbers) < 3:
        return False
    steps = numbers.diff().drop_nulls()
    return bool(((steps == 1) | (numbers.slice(1) == 1)).all()) and numbers[0] == 1 and bool((steps == 1).any())


def id_likeness(values: pl.Series) -> float:
    """How much a column looks like ids of things seen repeatedly: many distinct values, each more than once."""
    if values.dtype in (pl.Boolean, pl.Null) or values.dtype.is_nested() or values.dtype.is_temporal():
        return 0.0
    present = values.drop_nulls()
    if values.dtype == pl.String:
        present = present.filter(~present.str.strip_chars().is_in(NOTHING))
    if len(present) <= 0.5 * len(values):
        return 0.0  # a property that few rows have
    distinct = present.n_unique()
    if distinct < 2 or (values.dtype.is_float() and bool((present % 1 != 0).any())):
        return 0.0
    numbers = values.dtype == pl.String and is_number(present)
    if numbers and bool(present.head(1_000).str.contains(r"[.,]\d*[1-9]").any()):
        return 0.0  # prices and shares
    if len(present) > 50 and distinct > 0.98 * len(present):
        return 0.0  # row numbers and free text
    return float(distinct)


def overlap(a: pl.Series, b: pl.Series) -> float:
    """Shared distinct values as a share of the smaller column's."""
    first, second = a.cast(pl.String).drop_nulls().unique(), b.cast(pl.String).drop_nulls().unique()
    smaller = min(len(first), len(second))
    return int(first.is_in(second.implode()).sum()) / smaller if smaller else 0.0


def same_values(frame: pl.DataFrame) -> bool:
    """Whether every column draws its values from the same set as the first one."""
    names = frame.columns
    return not any(holds_times(frame[c]) for c in names) and all(
        overlap(frame[names[0]], frame[c]) > 0.5 for c in names[1:]
    )


def constancy(frame: pl.DataFrame, item: str, column: str) -> float:
    """How far a column is a property of the item: 1 when each item has one value, 0 when items tell nothing.

    With m_i the number of rows of item i that hold its commonest value and n_i its rows, the share
    s = Σ(m_i − 1) / Σ(n_i − 1) is set against the share b of the column's commonest value: (s − b) / (1 − b). So a
    country that nearly every row has is no property of the items.
    """
    pairs = frame.lazy().select(pl.col(item).alias("i"), pl.col(column).alias("v")).drop_nulls()
    by_value = (
        pairs.group_by("i", "v").len().group_by("i").agg(pl.col("len").max().alias("m"), pl.col("len").sum().alias("n"))
    )
    totals = by_value.select((pl.col("m") - 1).sum(), (pl.col("n") - 1).sum()).collect()
    most, rows = int(totals["m"][0]), int(totals["n"][0])
    if rows == 0:
        return 0.0
    common = pairs.group_by("v").len().select(pl.col("len").max() / pl.col("len").sum()).collect().item()
    if common is None or common >= 1.0:
        return 0.0
    return float((most / rows - common) / (1.0 - common))


def per_item_columns(frame: pl.DataFrame, item: str, columns: list[str]) -> tuple[str, ...]:
    """The columns that are constant, or nearly so, for each item."""
    kinds = {c: frame.schema[c] for c in columns if frame[c].count()}
    told = [c for c, kind in kinds.items() if kind not in (pl.Null, pl.Boolean) and not kind.is_nested()]
    return tuple(c for c in told if constancy(frame, item, c) >= 0.8)


_NO = ("0", "0.0", "false", "f", "no", "n", "nein", "non")
_YES = ("1", "1.0", "true", "t", "yes", "y", "ja", "oui", "si")


def are_words(values: pl.Series) -> bool:
    """Whether a column of text holds words rather than codes: letters, and no digit among them.

    >>> are_words(pl.Series(["view", "add to cart"])), are_words(pl.Series(["a1", "b2"]))
    (True, False)
    """
    known = values.drop_nulls()
    return len(known) > 0 and bool(known.str.contains(r"^[^\d]{1,40}$").all())


def holds_several(values: pl.Series) -> bool:
    """Whether a column of lists holds more than one thing: lists longer than one, and not the same all over.

    >>> holds_several(pl.Series([["a"], ["a"]])), holds_several(pl.Series([["a", "b"], ["c"]]))
    (False, True)
    """
    lists = values.cast(pl.List(values.dtype.inner)) if isinstance(values.dtype, pl.Array) else values
    return bool((lists.list.len() > 1).any()) and lists.explode().n_unique() > 1


def is_yes_or_no(column: pl.Series) -> bool:
    """Whether a column says yes of some rows and no of others, and hardly anything else.

    >>> is_yes_or_no(pl.Series(["Y", "N", "Y"])), is_yes_or_no(pl.Series([0, 1, 2])), is_yes_or_no(pl.Series([1, 1]))
    (True, False, False)
    """
    words = _words(column).drop_nulls()
    no, yes = int(words.is_in(_NO).sum()), int(words.is_in(_YES).sum())
    return min(no, yes) > 0 and no + yes > 0.95 * len(words)


def says_no(column: pl.Series) -> BoolArray:
    """bool (rows,): where the value is a no, in any of the usual words; a missing value is none."""
    return _words(column).is_in(_NO).fill_null(False).to_numpy()


def _words(column: pl.Series) -> pl.Series:
    return column.cast(pl.String).str.strip_chars().str.to_lowercase()
