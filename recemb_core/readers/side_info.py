"""Side information: one row an item, categories as strings, several values as lists, numbers in bins."""

from __future__ import annotations

import re
from collections.abc import Sequence as Row
from dataclasses import dataclass

import numpy as np
import polars as pl

from recemb_core.readers.column_names import plain_name, role_rank
from recemb_core.readers.content import is_number, to_numbers
from recemb_core.readers.errors import InputError, counted, listed, shortened
from recemb_core.readers.ids import codes_of, id_strings
from recemb_core.readers.presets import named_items
from recemb_core.readers.table import Table
from recemb_core.validation import UsageError

_QUANTITIES = re.compile(
    r"(price|cost|year|age|count|size|length|width|height|weight|duration|pages|rating|score|popularity|amount|sales"
    r"|revenue|number_of|num_|minutes|seconds|runtime|calories|date)",
    re.IGNORECASE,
)
_CODES = re.compile(r"(^|_|\b)(id|code|no|nr|family|group|class|zip|key|category|type|level)$", re.IGNORECASE)
_NONE_LISTED = "(no genres listed)"  # MovieLens' word for a missing value


def bin_numeric(series: pl.Series, bins: int = 5) -> pl.Series:
    """Numbers → labels of quantile bins, so that they can serve as a category.

    Bins hold about equally many values; equal values share a bin. Labels give the smallest and the largest value in
    the bin, so labels sort by the number they begin with. At most ``bins`` different values keep a label each.

    Args:
        series: numbers, or strings that hold numbers; anything else becomes null.
        bins: how many labels at most, from 1.

    >>> bin_numeric(pl.Series("price", [1.0, 2.0, None, 3.0, 40.0]), bins=2).to_list()
    ['1 to 2', '1 to 2', None, '3 to 40', '3 to 40']
    """
    if bins < 1:
        raise UsageError(f"bins must be a whole number from 1, not {bins!r}")
    values = to_numbers(series).fill_null(float("nan")).to_numpy()
    finite = np.isfinite(values)
    known = values[finite]
    if len(known) == 0:
        return pl.Series(series.name, [None] * len(series), dtype=pl.String)
    uppers = np.unique(known)
    if len(uppers) > bins:
        uppers = np.unique(np.quantile(known, np.arange(1, bins + 1) / bins, method="inverted_cdf"))
    codes = np.minimum(np.searchsorted(uppers, known), len(uppers) - 1)
    out = np.full(len(series), None, dtype=object)
    out[finite] = np.array([_label(known[codes == code]) for code in range(len(uppers))], dtype=object)[codes]
    return pl.Series(series.name, out.tolist(), dtype=pl.String)


def _label(values: np.ndarray) -> str:
    low, high = _number(float(values.min())), _number(float(values.max()))
    return low if low == high else f"{low} to {high}"


def _number(value: float) -> str:
    if value == round(value):
        return f"{value:.0f}"
    small = int(np.floor(np.log10(abs(value))))
    return f"{value:.{2 if small >= -2 else min(1 - small, 12)}f}"


def from_events(frame: pl.DataFrame, rows: np.ndarray, codes: np.ndarray, columns: Row[str]) -> pl.DataFrame:
    """The commonest value of each column for each item (numbers with decimals: the median), null where there is none.

    ``rows`` and ``codes`` (n_events,) say in which row of the frame each event stands and which item it is about.
    """
    n_items = int(codes.max(initial=-1)) + 1
    # Codes go to the rows, not rows to the codes: the events are sorted, and gathering strings at random is slow.
    by_row = np.full(len(frame), -1, np.int64)
    by_row[rows] = codes
    return pl.DataFrame(
        {c: (_median if _has_decimals(frame[c]) else _commonest)(frame[c], by_row, n_items) for c in columns}
    )


def _median(column: pl.Series, by_row: np.ndarray, n_items: int) -> pl.Series:
    pairs = pl.DataFrame({"item": by_row, "value": to_numbers(column)})
    best = pairs.filter(pl.col("item") >= 0).group_by("item").agg(pl.col("value").median())
    return pl.DataFrame({"item": np.arange(n_items)}).join(best, on="item", how="left", maintain_order="left")["value"]


def _commonest(column: pl.Series, by_row: np.ndarray, n_items: int) -> pl.Series:
    value, texts = codes_of(column.cast(pl.String))
    known = (by_row >= 0) & (value >= 0)
    pairs, count = np.unique(by_row[known] * max(len(texts), 1) + value[known], return_counts=True)
    item, value = np.divmod(pairs, max(len(texts), 1))
    order = np.lexsort((value, -count, item))  # ties: the value that comes first in the file
    first = order[np.diff(item[order], prepend=-1) > 0]
    best = np.full(n_items, len(texts), np.int64)
    best[item[first]] = value[first]
    return pl.concat([texts, pl.Series([None], dtype=pl.String)]).gather(best)


def _has_decimals(values: pl.Series) -> bool:
    if values.dtype.is_float():
        return True
    return is_number(values.head(10_000)) and bool(values.cast(pl.String).str.contains(r"\d[.,]\d").any())


@dataclass(frozen=True, eq=False)
class Details:
    """A table with a row an item, and how it is joined to the item ids of a log.

    Attributes:
        frame: the table without its id column, the first row of each id only.
        rows: int32 (n_ids,), row of ``frame`` for each id of the log, −1 where there is none.
        key: the column that holds the ids, or None where no column holds any.
        coverage: (column, how many of the log's ids it holds) for each column that may be the key, the best first.
        notes: what the person should know.
    """

    frame: pl.DataFrame
    rows: np.ndarray
    key: str | None
    coverage: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


def choose_key(
    table: Table,
    item_ids: pl.Series,
    item_column: str | None,
    key: str | None = None,
    *,
    strict: bool = True,
    as_written: bool = False,
) -> Details:
    """Join a second table to the ids of a log, on the column that holds most of them.

    Where several columns hold nearly as many (95% of the best), the one that is called like the log's item column
    counts, then one that is called like an item.

    Args:
        table: a row an item.
        item_ids: (n_ids,) the log's distinct item ids.
        item_column: what the log calls its item column.
        key: the column to join on; chosen when left out.
        strict: whether a table without any of the ids is refused.
        as_written: whether ids are compared with all that stands around them.

    Raises:
        InputError: there is no such column; (``strict``) no column holds the items' ids; a table of ids alone.
    """
    frame = named_items(table.frame)
    if key is not None and key not in frame.columns:
        raise InputError(f"the item details have no column {key!r}; their columns are {listed(frame.columns, 30)}")
    flat = [name for name in frame.columns if not frame[name].dtype.is_nested()]
    distinct = {name: codes_of(id_strings(frame[name], as_written=as_written)) for name in flat}
    hits = {name: int(ids.is_in(item_ids.implode()).sum()) for name, (_, ids) in distinct.items()}
    order = sorted(hits, key=lambda name: -hits[name])
    best = hits[order[0]] if order else 0
    near = [name for name in order if best and hits[name] >= 0.95 * best]
    chosen = key if key is not None else min(near, key=lambda name: _likeness(name, item_column), default=None)
    coverage = tuple((name, hits[name]) for name in dict.fromkeys([*([chosen] if chosen else []), *order]))
    message = ""
    if chosen is None or hits.get(chosen, 0) == 0:
        shown = chosen or next((name for name in order if _likeness(name, item_column) < (2, 0)), frame.columns[0])
        example = shortened(str(frame[shown][0]), 30)
        called = f" in {shortened(table.name)!r}" if table.name else ""
        message = (
            f"the side information{called} matches no item: {shown!r} holds ids like {example!r}, the log holds ids "
            f"like {shortened(item_ids[0], 30)!r}; join it on another column, or give a table in which a column holds "
            f"the log's item ids (its columns are {listed(frame.columns)})"
        )
        strict = strict or key is not None
    elif frame.width == 1:
        message = f"the side information has the column {chosen!r} only; add columns such as a title or a category"
    if message and strict:
        raise InputError(message)
    if chosen is None or message:
        nothing = np.full(len(item_ids), -1, np.int32)
        return Details(frame.clear(), nothing, None, coverage, (message[0].upper() + message[1:] + ".",))
    codes, ids = distinct[chosen]
    known = codes[codes >= 0]
    _, first = np.unique(codes, return_index=True)
    first = first[codes[first] >= 0]  # the first row of each id, in the order in which ids first appear
    notes = list(table.notes)
    if repeated := len(known) - len(ids):
        notes.append(f"{counted(repeated, 'row')} of side information repeat an item; the first one counts.")
    if empty := len(codes) - len(known):
        notes.append(f"{counted(empty, 'row')} of side information have no {chosen} and were left out.")
    place = pl.DataFrame({"id": ids, "row": np.arange(len(ids), dtype=np.int32)})
    rows = pl.DataFrame({"id": item_ids}).join(place, on="id", how="left", maintain_order="left")["row"]
    return Details(
        frame.drop(chosen)[first], rows.fill_null(-1).to_numpy().astype(np.int32), chosen, coverage, tuple(notes)
    )


def _likeness(name: str, item_column: str | None) -> tuple[int, int]:
    """How much a column is called like the log's items; smaller is more."""
    if item_column is not None and plain_name(name) == plain_name(item_column):
        return 0, 0
    rank = role_rank("item", name)
    return (2, 0) if rank is None else (1, rank)


def from_details(details: Details, codes: np.ndarray) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows of a second table for items given by their place among the log's ids, and one line about the match."""
    rows = details.rows[codes]
    if details.key is None:
        return pl.DataFrame(), ()
    lacking, spare = int((rows < 0).sum()), len(details.frame) - int((rows >= 0).sum())
    wide = pl.concat([details.frame, details.frame.clear(1)])  # the last row stands for a missing one
    note = (
        f"Side information matched by {details.key!r}: {counted(lacking, 'item')} without any, "
        f"{counted(spare, 'row')} without an item."
    )
    return wide[np.where(rows < 0, len(details.frame), rows)], (note,)


def tidy(frame: pl.DataFrame, title: str | None, rows: str = "items") -> tuple[pl.DataFrame | None, tuple[str, ...]]:
    """Raw columns → ``title``, category strings and lists; what cannot group ``rows`` is left out, with a note."""
    if title not in frame.columns:
        ranked = sorted((rank, c) for c in frame.columns if (rank := role_rank("title", c)) is not None)
        title = next((c for _, c in ranked if not frame[c].dtype.is_nested()), None)
    columns: dict[str, pl.Series] = {} if title is None else {"title": known_text(frame[title])}
    notes: list[str] = []
    for name in frame.columns:
        if name == title:
            continue
        column, note = as_field(frame[name], rows)
        notes += [note] if note else []
        if column is not None:
            plain = re.sub(r":(token|float)(_seq)?$", "", name)
            names = (plain, *(f"{plain} ({number})" for number in range(2, frame.width + 2)))
            columns[next(name for name in names if name not in ("title", *columns))] = column
    return pl.DataFrame(columns) if columns else None, tuple(notes)


def known_text(column: pl.Series) -> pl.Series:
    """Text without blanks around it, null where a value says that there is none."""
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(["", _NONE_LISTED, "nan", "NaN", "NULL", "null", "None", "\\N"]).fill_null(False), None)


def as_field(column: pl.Series, rows: str) -> tuple[pl.Series | None, str]:
    """A raw column as categories, and a note; None where it cannot group ``rows``."""
    name = column.name
    if isinstance(column.dtype, (pl.List, pl.Array)):
        lists = column.cast(pl.List(pl.String))
        return lists.set(lists.list.len().fill_null(0) == 0, None), ""
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return None, f"Field {name!r} was left out: its values are no categories."
    text = known_text(column.dt.year() if column.dtype.is_temporal() and column.dtype != pl.Time else column)
    distinct = text.drop_nulls().n_unique() if text.count() else 0
    if distinct < 2:
        return None, f"Field {name!r} was left out: it has {'one value only' if distinct else 'no values'}."
    if (joined := _split(text, name)) is not None:
        return joined, ""
    if _is_quantity(text, name, distinct):
        return bin_numeric(text), f"Field {name!r} holds numbers; it was cut into bins of about equal size."
    if distinct == text.count() and distinct > 20:
        return None, f"Field {name!r} was left out: no two {rows} share a value."
    return text, ""


def _split(text: pl.Series, name: str) -> pl.Series | None:
    mark = " " if name.endswith(":token_seq") else "|"
    known = text.drop_nulls()
    if mark == "|" and int(known.str.contains("|", literal=True).sum()) < max(1, 0.01 * len(known)):
        return None
    part = pl.element().str.strip_chars()
    parts = text.str.split(mark).list.eval(part.filter(part != ""))
    # Parts that come again and again are values; a stray | in a name leaves parts that never do.
    if mark == "|" and parts.explode().drop_nulls().n_unique() > 0.5 * int(parts.list.len().sum() or 0) > 10:
        return None
    return parts


def _is_quantity(text: pl.Series, name: str, distinct: int) -> bool:
    if distinct <= 5 or not is_number(text) or _CODES.search(name):
        return False
    decimals = bool(text.drop_nulls().str.contains(r"\d[.,]\d*[1-9]").any())
    if name.endswith(":float") or decimals or _QUANTITIES.search(name):
        return True
    digits = text.drop_nulls().str.len_chars().to_numpy()
    same_width = np.bincount(digits).max() >= 0.9 * len(digits)  # codes are all equally long, quantities are not
    return distinct > 20 and not same_width
