"""Tables whose rows hold several events → a row an event: numbered columns, lists side by side, columns of 0 and 1."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from recemb_core.arrays import Int64Array
from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.column_names import LIST_NAMES, is_unlabelled, names_item, plain_name, role_rank
from recemb_core.readers.content import is_number
from recemb_core.readers.errors import InputError, counted, listed, were
from recemb_core.readers.item_lists import cut_short, is_bracketed, joint_of, split_lists
from recemb_core.readers.keyed import NO_UNFOLDING
from recemb_core.readers.limits import limits
from recemb_core.readers.presets import find_preset
from recemb_core.readers.table import KEY, Table

NUMBERED, FLAGS = "numbered columns", "columns of 0 and 1"  # values of the argument unfold
_ROW = "recemb row"
_BESIDE = ("timestamp", "weight", "rating", "event_type", "dwell")  # roles of what stands beside an item
_GROUPS = ("user", "basket", "session")
_NUMBER = re.compile(r"^(.*?)[ _.\-\[(]*(\d{1,4})[\])]?[ _.\-]*(\D*)$")
_LIST = re.compile(r"(?::(?:token|float)_seq)$|[ _\-.]?(?:list|seq|sequence|array)$", re.IGNORECASE)
_YES, _NO = ("1", "1.0", "true"), ("0", "0.0", "false")
_FEW_FLAGS = 5


@dataclass(frozen=True)
class _Way:
    """One way to unfold a table: the value of ``unfold``, what a row becomes, and the doing."""

    value: str
    words: str
    label: str
    sure: bool
    doubtful: bool
    unfold: Callable[[str], tuple[pl.DataFrame, Int64Array, list[str]]]


def unfolded(table: Table, unfold: str | None, called: str) -> Table:
    """A row an event, where a row holds several; said, and as ``unfold`` asks (``"nothing"`` for none).

    Raises:
        InputError: more cells than a table may have; JSON or parquet without what ``unfold`` names.

    >>> row = {"user": "u", "item_1": "a", "time_1": "7", "item_2": "b", "time_2": "9"}
    >>> unfolded(Table(pl.DataFrame([row]), "csv"), None, "the file").frame.rows()
    [('u', 'a', '7'), ('u', 'b', '9')]
    """
    said = [a for a in table.assumptions if a.name == "unfold"]
    done = any(a.value != NO_UNFOLDING for a in said)
    if done or table.format in ("sequences", "gml", "graphml"):
        return table
    ways = list(_ways(table.frame))
    if ways and unfold is None and find_preset(table.frame) is not None:
        return table
    chosen = next((w for w in ways if (w.sure if unfold is None else w.value == unfold)), None)
    if chosen is None:
        return replace(table, assumptions=(*table.assumptions, *_left(table, unfold, ways, said, called)))
    frame, rows, notes = chosen.unfold(called)
    others = [(w.label, w.value) for w in ways if w is not chosen] + [("leave the rows as they are", NO_UNFOLDING)]
    doubtful = chosen.doubtful and unfold is None
    told = [assumed("unfold", chosen.value, " ".join((chosen.words, *notes)), *others, doubtful=doubtful)]
    lines = None if table.lines is None else table.lines[rows]
    return replace(table, frame=frame, lines=lines, assumptions=(*table.assumptions, *told))


def _left(table: Table, unfold: str | None, ways: list[_Way], said: list[Assumption], called: str) -> list[Assumption]:
    """What is said of a table that stays as it is though it could be, or was to be, unfolded."""
    if unfold not in (None, NO_UNFOLDING):
        there = [w.value for w in ways] + [str(c.changes[0][1]) for a in said for c in a.alternatives]
        words = f"nothing in {called} is unfolded by {unfold!r}; there are {listed(dict.fromkeys(there)) or 'none'}"
        if table.format in ("json", "jsonl", "parquet", "frame"):
            raise InputError(words)
        return [assumed("unfold", None, f"{words}.", ("decide by the content", None), doubtful=True)]
    if not ways:
        return []
    words = f"The rows were left as they are{', as set' if unfold else ''}."
    return [assumed("unfold", NO_UNFOLDING, words, *((w.label, w.value) for w in ways))]


def _ways(frame: pl.DataFrame) -> Iterator[_Way]:
    for find in (_numbered, _side_by_side, _flags):
        if (way := find(frame)) is not None:
            yield way


def _check_size(rows: int, width: int, called: str, what: str) -> None:
    if rows * width > limits().cells:
        raise InputError(
            f"{called}: {what} hold {counted(rows, 'event')}, with the other columns more than {limits().cells:,} "
            "cells (RECEMB_FILE_CELLS); keep fewer columns"
        )


def _full(values: pl.Series) -> pl.Series:
    return values.cast(pl.String).str.strip_chars().fill_null("") != ""


def _free(name: str, taken: tuple[str, ...]) -> str:
    while name in taken:
        name += "_"
    return name


def _in_rows(whole: pl.DataFrame, before: int, notes: list[str]) -> tuple[pl.DataFrame, Int64Array, list[str]]:
    """The frame without the numbers of the rows that it came from, these, and the words, those of empty rows added."""
    rows = whole[_ROW].to_numpy().astype(np.int64)
    if gone := before - len(np.unique(rows)):
        notes = [*notes, f"{counted(gone, 'row')} without any {were(gone)} left out."]
    if not len(rows):
        raise InputError("no place of the rows to unfold holds an item; read the rows as they are (unfold='nothing')")
    return whole.drop(_ROW), rows, notes


def _grouped(frame: pl.DataFrame, others: list[str], name: str) -> tuple[pl.DataFrame, list[str]]:
    """The frame with the number of each row under ``name`` where no other column says whose it is, and the words."""
    keyed = bool(others) and others[0] in (KEY, "index") and not is_number(frame[others[0]])
    if keyed or name in frame.columns or any(role_rank(role, c) is not None for c in others for role in _GROUPS):
        return frame, []
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).cast(pl.String).alias(name)
    return frame.with_columns(number), [f"No column says whose it is, so each row is a {name} of its own."]


# --- item_1, time_1, item_2, time_2, … ---


def _known(names: tuple[str, ...]) -> tuple[str, str] | None:
    """Role and name of the first of some names that is called like an item or what stands beside one."""
    for name in names:
        for role in ("item", *_BESIDE):
            if role_rank(role, name) is not None:
                return role, name
    return None


def _families(columns: list[str]) -> dict[str, dict[int, str]]:
    """The columns that are called alike but for a number, by the name without it."""
    found: dict[str, dict[int, str]] = {}
    for column in columns:
        if parts := _NUMBER.match(column):
            stem = "_".join(filter(None, (parts[1], parts[3])))
            if stem:
                found.setdefault(stem, {}).setdefault(int(parts[2]), column)
    return {stem: members for stem, members in found.items() if len(members) > 1}


def _numbered(frame: pl.DataFrame) -> _Way | None:
    plain = [c for c, kind in frame.schema.items() if not kind.is_nested()]
    by_numbers: dict[tuple[int, ...], dict[str, dict[int, str]]] = {}
    for stem, members in _families(plain).items():
        by_numbers.setdefault(tuple(sorted(members)), {})[stem] = members
    for found in sorted(by_numbers.items(), key=lambda pair: -len(pair[0])):
        numbers, families = found
        roles = {stem: _known((stem, re.split(r"[ _.\-]", stem)[-1])) for stem in families}
        items = [stem for stem, known in roles.items() if known is not None and known[0] == "item"]
        items.sort(key=lambda stem: not names_item(roles[stem][1]))  # type: ignore[index]
        beside = {known[0] for stem, known in roles.items() if known is not None and stem not in items}
        if items and beside:
            break
    else:
        return None
    used = {column for members in families.values() for column in members.values()}
    others = [c for c in frame.columns if c not in used]
    names: dict[str, str] = {}
    for stem in sorted(families, key=lambda s: s != items[0]):
        known = roles[stem]
        name = known[1] if known is not None and (known[0] != "item" or stem == items[0]) else stem
        names[stem] = name if name not in (*others, *names.values()) else _free(stem, (*others, *names.values()))

    def unfold(called: str) -> tuple[pl.DataFrame, Int64Array, list[str]]:
        full = {n: _full(frame[families[items[0]][n]]) for n in numbers}
        filled = sum(int(mask.sum()) for mask in full.values())
        _check_size(filled, len(others) + len(names) + 1, called, "the numbered columns")
        whole, notes = _grouped(frame, others, "session" if "timestamp" in beside else "basket")
        whole = whole.with_row_index(_ROW)
        kept = [c for c in whole.columns if c not in used]
        parts = [
            whole.filter(full[n]).select(*kept, *(pl.col(families[stem][n]).alias(names[stem]) for stem in families))
            for n in numbers
        ]
        uneven = [c for c in names.values() if len({part.schema[c] for part in parts}) > 1]
        parts = [part.with_columns(pl.col(uneven).cast(pl.String)) if uneven else part for part in parts]
        lone = 0
        for n in numbers:
            rest = [_full(frame[members[n]]) for stem, members in families.items() if stem != items[0]]
            lone += int((~full[n] & pl.Series(np.any([r.to_numpy() for r in rest], axis=0))).sum())
        if lone:
            notes.append(f"{counted(lone, 'place')} without an item {were(lone)} left out.")
        return _in_rows(pl.concat(parts).sort(_ROW, maintain_order=True), len(frame), notes)

    first, last = (families[items[0]][n] for n in (numbers[0], numbers[-1]))
    words = (
        f"Each of the columns {first!r} to {last!r}, with those of the same number, became a row "
        f"({listed(names.values())})."
    )
    sure = not any(names_item(c) for c in others)
    return _Way(NUMBERED, words, f"a row for each of {first!r} to {last!r}", sure, False, unfold)


# --- lists of equal length ---


def _singular(name: str) -> str:
    """What one value of a list is called: item_ids → item_id, timestamp_list → timestamp."""
    short = _LIST.sub("", _LIST.sub("", name)) or name
    if short.lower().endswith("ies"):
        return short[:-3] + "y"
    return short[:-1] if short.lower().endswith("s") and not short.lower().endswith(("ss", "ts", "stars")) else short


def _list_names(column: str) -> tuple[str, ...]:
    short = _LIST.sub("", _LIST.sub("", column))
    without_s = short[:-1] if short.lower().endswith("s") else short
    return tuple(dict.fromkeys(name for name in (_singular(column), without_s, short, column) if name))


def _side_by_side(frame: pl.DataFrame) -> _Way | None:
    kinds = frame.schema
    lists = [c for c, k in kinds.items() if isinstance(k, (pl.List, pl.Array)) and not k.inner.is_nested()]
    # Text counts as lists where its name says that it holds several and each row is written as a list.
    texts = [c for c, k in kinds.items() if k == pl.String and not lists and _known((c,)) is None]
    roles = {c: _known(_list_names(c)) for c in (*lists, *texts)}
    items = [c for c, known in roles.items() if known is not None and known[0] == "item"]
    items += [c for c in roles if c not in items and plain_name(c) in LIST_NAMES]
    beside = [c for c, known in roles.items() if known is not None and known[0] != "item" and c not in items]
    if not items or not beside:
        return None
    item = items[0]
    if texts and not _alike(frame, (item, *beside)):
        beside = [c for c in beside if _alike(frame, (item, c))]
    held = {c: _as_lists(frame[c]) for c in (lists or (item, *beside))}
    sizes = {c: values.list.len().fill_null(0) for c, values in held.items()}
    together = [c for c in sizes if bool((sizes[c] == sizes[item]).all())]
    if not set(beside) & set(together) or not bool((sizes[item] > 1).any()):
        return None
    others = [c for c in frame.columns if c not in together]
    names: dict[str, str] = {}
    for column in together:
        known = roles[column]
        name = "item" if column == item and known is None else column if known is None else known[1]
        names[column] = _free(name, (*others, *names.values()))

    def unfold(called: str) -> tuple[pl.DataFrame, Int64Array, list[str]]:
        _check_size(int(sizes[item].sum()), frame.width + 1, called, f"the lists in {item!r}")
        timed = any(known is not None and known[0] == "timestamp" for c in together if (known := roles[c]))
        whole, notes = _grouped(frame, others, "session" if timed else "basket")
        whole = whole.with_columns(held[c].alias(c) for c in together).with_row_index(_ROW).explode(together)
        blank = ~_full(whole[item])
        lone = int((blank & (sizes[item] > 0).gather(whole[_ROW])).sum())
        if lone:
            notes.append(f"{counted(lone, 'place')} without an item {were(lone)} left out.")
        notes += cut_short(frame[item])
        return _in_rows(whole.filter(~blank).rename(names), len(frame), notes)

    words = f"The lists in {listed(together)} have equal lengths in every row: each place of them became a row."
    sure = not any(names_item(c) for c in others)
    return _Way(item, words, f"a row for each place of {listed(together)}", sure, False, unfold)


def _as_lists(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.Array):
        return values.cast(pl.List(values.dtype.inner))
    return split_lists(values)


def _alike(frame: pl.DataFrame, columns: tuple[str, ...]) -> bool:
    """Whether text columns are all written as lists in brackets, or all joined by the same mark."""
    written = {c: is_bracketed(frame[c]) for c in columns}
    return all(written.values()) or (not any(written.values()) and len({joint_of(frame[c]) for c in columns}) == 1)


# --- a column an item, 1 where the basket holds it ---


def _flag(values: pl.Series) -> pl.Series | None:
    """Which rows are 1 or TRUE, or None where a column holds anything else."""
    for some in (values.head(50), values):
        if some.dtype == pl.Boolean:
            continue
        if some.dtype.is_numeric():
            told = (some == 0) | (some == 1)
        elif some.dtype == pl.String:
            told = some.str.strip_chars().str.to_lowercase().is_in([*_YES, *_NO])
        else:
            return None
        if some.null_count() or not bool(told.all()):
            return None
    if values.dtype == pl.String:
        return values.str.strip_chars().str.to_lowercase().is_in(list(_YES))
    return None if values.null_count() else values.cast(pl.Float64) == 1


def _flags(frame: pl.DataFrame) -> _Way | None:
    if frame.width < _FEW_FLAGS or is_unlabelled(frame.columns):
        return None
    others, flags = list[str](), dict[str, Any]()
    for column in frame.columns:
        flag = _flag(frame[column]) if not any(role_rank(r, column) is not None for r in _GROUPS) else None
        if flag is None:
            others.append(column)
        else:
            flags[column] = flag
        if len(others) > 4:
            return None
    strangers = [c for c in others if not any(role_rank(r, c) is not None for r in (*_GROUPS, "timestamp"))]
    known = any(role_rank(role, c) is not None for c in strangers for role in ("item", "title", *_BESIDE))
    if len(flags) < _FEW_FLAGS or len(strangers) > 1 or known:
        return None
    rows_named = {str(v) for c in strangers for v in frame[c].head(1_000)}
    if len(rows_named & set(flags)) > 0.5 * len(rows_named) > 0:
        return None  # rows and columns have the same names: a matrix of edges

    def unfold(called: str) -> tuple[pl.DataFrame, Int64Array, list[str]]:
        _check_size(sum(int(flag.sum()) for flag in flags.values()), len(others) + 2, called, f"the {FLAGS}")
        rows, places = np.nonzero(np.column_stack([flag.to_numpy() for flag in flags.values()]))
        user = [c for c in others if any(role_rank(role, c) is not None for role in ("basket", "session"))]
        whole, notes = frame.select(others), list[str]()
        name = _free("basket", tuple(others))
        if not user:
            number = pl.Series(name, np.arange(1, len(frame) + 1)).cast(pl.String)
            whole = whole.with_columns(number) if others else pl.DataFrame([number])
            notes = ["Each row is a basket of its own."]
        item = pl.Series(_free("item", tuple(whole.columns)), np.array(list(flags), dtype=object)[places].tolist())
        chosen = whole[rows].with_columns(item, pl.Series(_ROW, rows, dtype=pl.Int64))
        return _in_rows(chosen, len(frame), notes)

    words = f"{counted(len(flags), 'column')} hold 0 and 1 only: each is an item, and a row for each 1 was made."
    return _Way(FLAGS, words, "a row for each 1, its column is the item", True, True, unfold)
