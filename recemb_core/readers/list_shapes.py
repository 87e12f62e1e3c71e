"""Tables in which a row holds several items: padded and numbered columns, joined lists, a column that names it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl

from recemb_core.readers.column_names import LIST_NAMES, is_unlabelled, names_item, plain_name, role_rank
from recemb_core.readers.content import holds_times, is_number
from recemb_core.readers.item_lists import holds_joined

_NUMBERED = re.compile(r"^(.*?)[ _.\-]?(\d{1,4})$")
_ENOUGH = 20  # rows from which a rule without exception says something


def numbered_columns(columns: list[str]) -> list[str]:
    """The columns that are called alike but for a running number, three of them at least.

    >>> numbered_columns(["Item(s)", "Item 1", "Item 2", "Item 3"])
    ['Item 1', 'Item 2', 'Item 3']
    """
    families: dict[str, list[tuple[int, str]]] = {}
    for column in columns:
        if (found := _NUMBERED.match(column)) and found[1]:
            families.setdefault(found[1], []).append((int(found[2]), column))
    runs = [members for members in families.values() if len(members) >= 3]
    runs = [m for m in runs if [n for n, _ in m] == list(range(m[0][0], m[0][0] + len(m))) and m[0][0] in (0, 1)]
    return [name for _, name in max(runs, key=len)] if runs else []


def filled(frame: pl.DataFrame, columns: list[str]) -> np.ndarray:
    """bool (rows, columns): which fields hold something."""
    parts = [frame[c].cast(pl.String).str.strip_chars().fill_null("") != "" for c in columns]
    return np.column_stack([part.to_numpy() for part in parts])


def is_padded(frame: pl.DataFrame, columns: list[str]) -> bool:
    """Whether rows of different lengths were filled up with empty fields on the right."""
    if len(columns) < 3:
        return False
    full = filled(frame, columns)
    gaps = (full[:, 1:] & ~full[:, :-1]).any(axis=1).mean()
    lengths = full.sum(axis=1)
    return bool(gaps < 0.01 and (lengths < len(columns)).mean() > 0.2 and len(np.unique(lengths)) > 1)


def from_one_set(frame: pl.DataFrame, columns: list[str]) -> bool:
    """Whether columns draw their values from one set: together they have far fewer distinct ones than apart.

    >>> from_one_set(pl.DataFrame({"a": ["x", "y"], "b": ["y", "x"]}), ["a", "b"])
    True
    """
    distinct = [frame[c].cast(pl.String).drop_nulls().unique() for c in columns]
    distinct = [values.filter(values != "") for values in distinct]
    apart = sum(map(len, distinct))
    together = pl.concat(distinct).n_unique() if distinct else 0
    first = distinct[0]
    shared = [int(v.is_in(first.implode()).sum()) for v in distinct[1:] if len(v) >= 5]
    return apart > 0 and together < 0.8 * apart and all(s > 0 for s in shared)


def repeats_nothing(frame: pl.DataFrame, columns: list[str]) -> bool:
    """Whether no row holds a value twice, over enough rows to tell: sets are written so, paths seldom."""
    texts = [pl.col(c).cast(pl.String).str.strip_chars() for c in columns]
    rows = frame.select(pl.concat_list(texts).list.eval(pl.element().filter(pl.element() != "")).alias("r"))["r"]
    rows = rows.list.drop_nulls()
    long = rows.filter(rows.list.len() > 1)
    return len(long) >= _ENOUGH and bool((long.list.len() == long.list.n_unique()).all())


def rises(lists: pl.Series) -> bool:
    """Whether nearly all lists of numbers are sorted, as sets are written and paths are not."""
    long = lists.filter(lists.list.len() > 2).head(2_000)
    numbers = long.list.eval(pl.element().cast(pl.Float64, strict=False))
    if len(long) < 10 or bool(numbers.list.eval(pl.element().is_null()).list.any().any()):
        return False
    return float(numbers.list.diff().list.min().ge(0).mean() or 0.0) > 0.9  # type: ignore[arg-type]


def list_shape(frame: pl.DataFrame, sample: pl.DataFrame, unlabelled: bool) -> dict[str, Any] | None:
    """Arguments of a ``ColumnMapping`` of a table in which a row is a whole sequence, or None."""
    names = [column for column, kind in frame.schema.items() if not kind.is_nested()]
    family = numbered_columns(names)
    if any(names_item(c) for c in names if c not in family):
        family = []  # numbered properties of an item or of a row
    if family and not unlabelled and from_one_set(sample, family) and not any(holds_times(sample[c]) for c in family):
        if is_padded(sample, family) or len(family) >= 4:
            return _columns(
                sample, family, _row_name(sample, family), f"columns {family[0]} to {family[-1]}: a place each"
            )
        return None
    if unlabelled and len(names) >= 3 and is_padded(sample, names) and from_one_set(sample, names):
        return _columns(sample, names, None, "rows of different lengths, filled up with empty fields")
    if unlabelled and len(names) >= 4 and names_lines(sample[names[0]], sample.select(names[1:])):
        rest = names[1:]
        if (is_padded(sample, rest) or len(rest) >= 3) and from_one_set(sample, rest) and not _mixed(sample, rest):
            return _columns(sample, rest, names[0], f"{names[0]} names the row, the others hold its items")
    return _joined_list(frame, sample)


def _mixed(sample: pl.DataFrame, columns: list[str]) -> bool:
    """Whether columns hold different kinds of things: times, or numbers beside words."""
    return any(holds_times(sample[c]) for c in columns) or len({is_number(sample[c]) for c in columns}) > 1


def _columns(sample: pl.DataFrame, columns: list[str], user: str | None, why: str) -> dict[str, Any]:
    ordered = False if repeats_nothing(sample, columns) else None
    return {"shape": "sequences", "sequence": tuple(columns), "user": user, "ordered": ordered, "why": (why,)}


def _row_name(sample: pl.DataFrame, family: list[str]) -> str | None:
    """A column beside numbered ones that names a user; one that counts the filled fields is none."""
    others = [c for c in sample.columns if c not in family]
    return next((c for c in others if role_rank("user", c) is not None), None)


def counts_fields(frame: pl.DataFrame, columns: tuple[str, ...]) -> str | None:
    """The column beside a row's items that holds how many there are.

    >>> counts_fields(pl.DataFrame({"n": ["1", "2"], "a": ["x", "x"], "b": ["", "y"]}), ("a", "b"))
    'n'
    """
    lengths = filled(frame, list(columns)).sum(axis=1)
    for column in (c for c in frame.columns if c not in columns):
        numbers = frame[column].cast(pl.Float64, strict=False).to_numpy()
        if len(numbers) and np.mean(numbers == lengths) > 0.95:
            return column
    return None


def names_lines(first: pl.Series, rest: pl.DataFrame | pl.Series) -> bool:
    """Whether the first field of each line names the line: all different, and never among the items of a line."""
    heads = first.cast(pl.String).drop_nulls()
    if len(heads) < 3 or heads.n_unique() < len(first):
        return False
    if isinstance(rest, pl.Series):
        items = rest.explode().drop_nulls()
    else:
        items = pl.concat([rest[c].cast(pl.String) for c in rest.columns]).drop_nulls()
    items = items.filter(items != "")
    if items.is_empty() or items.n_unique() > 0.8 * len(items):
        return False
    numbers = heads.cast(pl.Int64, strict=False)
    running = numbers.null_count() == 0 and len(numbers) >= _ENOUGH and bool((numbers.diff().drop_nulls() == 1).all())
    return running or int(heads.is_in(items.implode()).sum()) == 0


def _joined_list(frame: pl.DataFrame, sample: pl.DataFrame) -> dict[str, Any] | None:
    texts = [c for c in frame.columns if frame.schema[c] == pl.String]
    listed = [c for c in texts if plain_name(c) in LIST_NAMES]
    called = [c for c in texts if role_rank("item", c) is not None]
    chosen = next((c for c in listed if holds_joined(sample[c], named=True)), None)
    if chosen is None:
        # An item's name may hold a comma, so a column that is called like one item has to show more.
        pool = called or [c for c in texts if role_rank("user", c) is None and role_rank("title", c) is None]
        chosen = next((c for c in pool if holds_joined(sample[c], named=False)), None)
        if chosen is not None and called and [c for c in called if c != chosen]:
            return None
    if chosen is None and is_unlabelled(frame.columns) and len(texts) == frame.width == 2:
        first, second = sample[texts[0]], sample[texts[1]]
        several = float(second.str.strip_chars().str.contains(" ", literal=True).mean() or 0.0)  # type: ignore[arg-type]
        if first.n_unique() == len(first) and several > 0.8 and holds_joined(second, named=True):
            why = f"{texts[0]} names the row, {texts[1]} holds its items"
            return {"shape": "sequences", "sequence": (texts[1],), "user": texts[0], "why": (why,)}
    if chosen is None:
        return None
    user = next((c for c in frame.columns if c != chosen and role_rank("user", c) is not None), None)
    session = next((c for c in frame.columns if c != chosen and role_rank("session", c) is not None), None)
    return {"shape": "sequences", "sequence": (chosen,), "user": user or session, "why": (f"{chosen}: items joined",)}
