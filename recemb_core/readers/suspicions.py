"""What looks wrong in a log, each with its number: said where the person reads it, never mended in silence."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from recemb_core.arrays import Float64Array
from recemb_core.readers.assumptions import Assumption, Choice, assumed
from recemb_core.readers.column_names import plain_name
from recemb_core.readers.content import BELOW_ZERO, decimal_mark, sample_of
from recemb_core.readers.errors import counted, listed, shortened
from recemb_core.readers.ids import INVISIBLE, MISSING, NOTHING, WORDS, has_float_tails, visible

if TYPE_CHECKING:
    from recemb_core.readers.column_mapping import ColumnMapping
    from recemb_core.readers.events import Parsed
    from recemb_core.readers.side_info import Details

_SCIENTIFIC = r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d+$"
_FIELDS = r"^[A-Za-z_]+[:=][^|;,]*[|;,] *[A-Za-z_]+[:=]"  # name:tea|sku:1
_TOTAL = r"(?i)(?:grand |sub)?(?:total|sum|summe|gesamt|gesamtsumme|insgesamt|totaal|totale|suma|итого|合计|总计)s?:?"
_1990 = 631_152_000
_MANY = 1.0 / 3.0


def ids_said(columns: list[pl.Series], mapping: ColumnMapping) -> list[Assumption]:
    """What was taken for no id among those of some columns, and what was taken off the others."""
    return [*_missing_said(columns, mapping), *_tidied_said(columns, mapping)]


def id_columns(frame: pl.DataFrame, mapping: ColumnMapping) -> list[pl.Series]:
    """The columns that hold one id a row."""
    named = (mapping.user, mapping.item, mapping.basket, mapping.session, mapping.source, mapping.target)
    return [frame[column] for column in dict.fromkeys(named) if column is not None]


def _missing_said(columns: list[pl.Series], mapping: ColumnMapping) -> list[Assumption]:
    """The words among the ids that were taken for 'nothing', where they might be ids."""
    if mapping.missing is not None:
        words = f"Only {listed(mapping.missing)} stand for a missing id, as set."
        return [assumed("missing", mapping.missing, words, ("decide as usual", None))]
    found: dict[str, int] = {}
    for values in columns:
        if values.dtype == pl.String:
            counts = values.filter(values.is_in(WORDS).fill_null(False)).value_counts()
            for word, count in counts.iter_rows():
                found[word] = found.get(word, 0) + count
    if not found:
        return []
    told = ", ".join(f"{word!r} ({counted(count, 'row')})" for word, count in sorted(found.items()))
    words = f"These words among the ids were read as nothing: {told}."
    return [assumed("missing", None, words, ("they are ids", NOTHING), doubtful=mapping.preset is None)]


def _tidied_said(columns: list[pl.Series], mapping: ColumnMapping) -> list[Assumption]:
    """What was taken off the ids, with the way back."""
    name, back = "ids_as_written", ("leave them as written", True)
    if mapping.ids_as_written:
        words = "Ids are as the file has them, with all that stands around them, as set."
        return [assumed(name, True, words, ("take off what is no part of them", False))]
    found = list[Assumption]()
    for raw in columns:
        if raw.dtype != pl.String:
            continue
        column = raw.name
        if unseen := int(raw.str.contains(INVISIBLE).sum()):
            what = "characters that nobody sees (zero-width spaces and the like)"
            words = f"{counted(unseen, 'value')} in {column!r} had {what}; they were taken off."
            found.append(assumed(name, False, words, back, doubtful=True))
        if spaced := int((raw.str.strip_chars() != raw).sum()):
            words = f"{counted(spaced, 'value')} in {column!r} had spaces around the id; they were taken off."
            found.append(assumed(name, False, words, back))
        if bool(raw.str.ends_with(".0").any()):
            ids = visible(raw.unique().drop_nulls()).str.strip_chars()
            ids = ids.filter(~ids.is_in(MISSING if mapping.missing is None else mapping.missing))
            tails = int(ids.str.ends_with(".0").sum())
            if has_float_tails(ids):
                words = f"{tails:,} of the ids in {column!r} ended with .0, which was cut off."
                found.append(assumed(name, False, words, back, doubtful=tails < len(ids)))
    return found


def decimal_said(column: pl.Series, given: str | None) -> list[Assumption]:
    """How numbers with commas were read."""
    mark, doubtful = decimal_mark(column)
    if given is None and (column.dtype != pl.String or not column.str.contains(",", literal=True).any()):
        return []
    mark = given or mark
    example = column.filter(column.cast(pl.String).str.contains(r"[.,]").fill_null(False))
    shown = f" ({example[0]!r})" if len(example) else ""
    what = "a comma groups thousands" if mark == "." else "a comma stands before the decimals"
    words = f"In the numbers of {column.name!r}{shown} {what}."
    other = ("a comma stands before the decimals", ",") if mark == "." else ("a comma groups thousands", ".")
    return [assumed("decimal", mark, words, other, doubtful=doubtful and given is None)]


def below_zero_said(column: pl.Series, mapping: ColumnMapping) -> list[Assumption]:
    """How numbers in parentheses were read."""
    if column.dtype != pl.String or not (below := column.str.strip_chars().str.contains(BELOW_ZERO)).any():
        return []
    role = next(role for role, name in mapping.columns.items() if name == column.name)
    count, example = counted(int(below.sum()), "number"), column.filter(below)[0]
    words = f"{count} in {column.name!r} like {example!r} are below 0."
    return [assumed(role, column.name, words, ("do not read the column", None))]


def dwell_said(dwell: Float64Array, column: str, given: str | None) -> tuple[float, Assumption]:
    """How many units of a dwell time are a second, and what was assumed of it."""
    plain, known = plain_name(column), dwell[np.isfinite(dwell) & (dwell > 0)]
    by_name = plain.startswith("ms") or plain.endswith(("ms", "msec", "millis", "milliseconds"))
    middle = float(np.median(known)) if len(known) else 0.0
    large = middle >= 1_000 and not plain.endswith(("seconds", "secs", "sec"))
    unit = given or ("milliseconds" if by_name or large else "seconds")
    why = "as set" if given else "by its name" if by_name else f"half of them are over {middle:,.0f}" if large else ""
    words = f"The dwell times in {column!r} count {unit}."
    other = "seconds" if unit == "milliseconds" else "milliseconds"
    doubtful = given is None and large and not by_name
    said = assumed("dwell_unit", unit, words, (other, other), doubtful=doubtful, why=why)
    return (1e3 if unit == "milliseconds" else 1.0), said


def suspicions(
    frame: pl.DataFrame, mapping: ColumnMapping, parsed: Parsed, details: Details | None
) -> list[Assumption]:
    """All that looks wrong in the ids, times, users and titles of a parsed log."""
    events, found = parsed.events, list[Assumption]()
    for role, ids in (("item", events.item_ids), ("user", events.user_ids)):
        column = getattr(mapping, role)
        if ids is None or column is None:
            continue
        cut = ids.str.contains(_SCIENTIFIC)
        if cut.sum() and int(cut.sum()) > 0.1 * len(ids):
            found.append(
                _suspicion(
                    f"{role} ids",
                    f"{int(cut.sum()):,} ids in {column!r} like {ids.filter(cut)[0]} look as if a spreadsheet had "
                    f"cut off their last digits; then different {role}s share one: {len(ids):,} distinct ids are left. "
                    "Export the ids as text.",
                )
            )
    if mapping.item is not None:
        found += _odd_items(frame, mapping, events.item_ids, len(events))
    if len(events) and events.row[-1] == len(frame) - 1:
        found += _total_row(frame, mapping)
    if events.time is not None and mapping.timestamp is not None and len(events.time):
        found += _odd_times(events.time, mapping, frame[mapping.timestamp])
        found += _rounded_times(frame[mapping.timestamp])
    if events.user is not None and events.user_ids is not None and len(events.user_ids) > 3:
        counts = np.bincount(events.user[events.user >= 0])
        if len(counts) and counts.max() > _MANY * len(events):
            name, share = events.user_ids[int(counts.argmax())], counts.max() / len(events)
            words = f"One user, {name!r}, has {share:.0%} of the rows: perhaps a stand-in for all who were not known."
            found.append(_suspicion("user", words))
    elif events.user_ids is not None and len(events.user_ids) == 1 and mapping.user is not None:
        name = shortened(events.user_ids[0], 40)
        found.append(assumed("user", mapping.user, f"All events are of one user, {name!r}."))
    if mapping.title is not None and mapping.title != mapping.item and mapping.item is not None:
        found += _odd_titles(frame, mapping.item, mapping.title)
    if details is not None and details.key is not None:
        matched = int((details.rows >= 0).sum())
        if matched < 0.5 * len(details.rows):
            words = (
                f"The item details, joined on {details.key!r}, know only {matched:,} of {len(details.rows):,} items."
            )
            others = tuple(
                Choice(f"{name} ({count:,} items)", (("details_key", name),))
                for name, count in details.coverage if name != details.key and count
            )  # fmt: skip
            found.append(assumed("details_key", details.key, words, doubtful=True, more=others))
    return found


def _odd_items(frame: pl.DataFrame, mapping: ColumnMapping, ids: pl.Series, rows: int) -> list[Assumption]:
    """A log of one item only, and items that are several fields in one."""
    used = set(mapping.columns.values())
    free = [c for c, kind in frame.schema.items() if kind == pl.String and c not in used]
    others = [(c, c) for c in free if sample_of(frame)[c].n_unique() > 1][:6]
    if len(ids) == 1 and rows > 2:
        words = f"All rows have one item, {ids[0]!r} in {mapping.item!r}; perhaps another column says what it was."
        return [assumed("item", mapping.item, words, *others, doubtful=True)]
    joined = ids.filter(ids.str.contains(_FIELDS))
    if len(joined) <= 0.5 * len(ids):
        return []
    words = (
        f"Items in {mapping.item!r} like {shortened(joined[0], 60)!r} hold several fields; export a column for each."
    )
    return [assumed("item", mapping.item, words, *others, doubtful=True)]


def _total_row(frame: pl.DataFrame, mapping: ColumnMapping) -> list[Assumption]:
    """A word for a sum among the ids of the last row, which is read as an event."""
    known = mapping.missing or MISSING
    for column in id_columns(frame, mapping):
        value = column[-1] if column.dtype == pl.String and len(frame) > 2 else None
        word = (value or "").strip()
        once = value is not None and int((column == value).sum()) == 1
        if once and word not in known and re.fullmatch(_TOTAL, word):
            words = f"The last row holds {word!r} in {column.name!r}, like a row of sums, and counts as an event."
            return [assumed("missing", word, words, ("it is none", (*known, word)), doubtful=True)]
    return []


def _suspicion(name: str, words: str, value: Any = None) -> Assumption:
    return assumed(name, value, words, doubtful=True)


def _odd_times(times: Float64Array, mapping: ColumnMapping, column: pl.Series) -> list[Assumption]:
    counts = column.dtype.is_numeric() or int(column.cast(pl.Float64, strict=False).count()) > 0.5 * len(column)
    early, late = int((times < _1990).sum()), int((times > time.time() + 86_400).sum())
    from_anywhere = early == len(times) and times.min() >= 0 and times.max() < 1e8 and counts
    if early + late == 0 or from_anywhere:
        return []  # seconds from an unknown start are said as such
    parts = [f"{early:,} before 1990"] * bool(early) + [f"{late:,} in the future"] * bool(late)
    words = f"Of {len(times):,} times in {mapping.timestamp!r}, {' and '.join(parts)}."
    others = list[Choice]()
    if counts and mapping.time_unit is None:
        if early == len(times) and times.min() > 4e8:
            others.append(
                Choice("they count seconds since 2001, as Apple's do", (("time_unit", "seconds since 2001"),))
            )
        if late == len(times):
            value = float(column.cast(pl.Float64, strict=False).drop_nulls()[0])
            unit = "milliseconds" if value > 1e11 else "seconds"
            label = f"they count {unit} since 1960, as {'Stata' if value > 1e11 else 'SAS'} does"
            others.append(Choice(label, (("time_unit", f"{unit} since 1960"),)))
    return [assumed("timestamp", None, words, doubtful=True, more=tuple(others))]


def _rounded_times(column: pl.Series) -> list[Assumption]:
    """Times that a spreadsheet wrote as 1.70929E+09."""
    if column.dtype != pl.String:
        return []
    cut = column.str.strip_chars().str.contains(_SCIENTIFIC)
    if int(cut.sum()) <= 0.1 * len(column):
        return []
    first, left = column.filter(cut)[0], column.n_unique()
    words = (
        f"{counted(int(cut.sum()), 'time')} in {column.name!r} like {first} lost their last digits in a spreadsheet: "
        f"{left:,} distinct times are left of {len(column):,} rows. Export them as whole numbers or as dates."
    )
    return [_suspicion("timestamp", words)]


def _odd_titles(frame: pl.DataFrame, item: str, title: str) -> list[Assumption]:
    if item not in frame.columns or title not in frame.columns or frame.schema[item].is_nested():
        return []
    sample = sample_of(frame)
    pairs = sample.lazy().select(pl.col(item).alias("i"), pl.col(title).cast(pl.String).alias("t")).drop_nulls()
    per_item = pairs.group_by("i").agg(pl.col("t").n_unique().alias("n"), pl.len().alias("rows")).collect()
    seen = per_item.filter(pl.col("rows") > 1)
    several = int((seen["n"] > 1).sum())
    if several <= 0.1 * len(seen) or several < 2:
        return []
    rows = "" if len(sample) == len(frame) else f" in the first {len(sample):,} rows"
    words = (
        f"{title!r} is no name of an item: {several:,} of {len(seen):,} items have several{rows}; "
        "the commonest is shown."
    )
    return [assumed("title", title, words, ("no title", None), doubtful=True)]
