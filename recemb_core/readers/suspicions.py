"""What looks wrong in a log, each with its number: said where the person reads it, never mended in silence."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from recemb_core.arrays import Float64Array
from recemb_core.readers.assumptions import Assumption, Choice, assumed
from recemb_core.readers.column_names import plain_name
from recemb_core.readers.content import decimal_mark, sample_of
from recemb_core.readers.errors import counted, listed
from recemb_core.readers.ids import INVISIBLE, NOTHING, WORDS, has_float_tails

if TYPE_CHECKING:
    from recemb_core.readers.columns import ColumnMapping
    from recemb_core.readers.events import Parsed
    from recemb_core.readers.side_info import Details

_SCIENTIFIC = r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d+$"
_1990 = 631_152_000
_MANY = 1.0 / 3.0


def missing_said(frame: pl.DataFrame, mapping: ColumnMapping) -> list[Assumption]:
    """The words among the ids that were taken for 'nothing', where they might be ids."""
    if mapping.missing is not None:
        words = f"Only {listed(mapping.missing)} stand for a missing id, as set."
        return [assumed("missing", mapping.missing, words, ("decide as usual", None))]
    found: dict[str, int] = {}
    for column in (mapping.user, mapping.item, mapping.basket, mapping.session):
        if column is None:
            continue
        values = frame[column]
        if values.dtype == pl.String:
            counts = values.filter(values.is_in(WORDS).fill_null(False)).value_counts()
            for word, count in counts.iter_rows():
                found[word] = found.get(word, 0) + count
    if not found:
        return []
    told = ", ".join(f"{word!r} ({counted(count, 'row')})" for word, count in sorted(found.items()))
    words = f"These words among the ids were read as nothing: {told}."
    return [assumed("missing", None, words, ("they are ids", NOTHING), doubtful=True)]


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
                    f"{int(cut.sum()):,} ids in {column!r} like {ids.filter(cut)[0]} lost their last digits in "
                    f"a spreadsheet, and different {role}s may share one: {len(ids):,} distinct ids are left. "
                    "Export the ids as text.",
                )
            )
        texts = column in frame.columns and frame.schema[column] == pl.String
        if texts and (unseen := int(frame[column].str.contains(INVISIBLE).sum())):
            what = "characters that nobody sees (zero-width spaces and the like)"
            words = f"{counted(unseen, 'row')} had {what} in {column!r}; they were taken off."
            found.append(_suspicion(f"{role} ids", words))
        if texts and bool(frame[column].str.ends_with(".0").any()):
            raw = frame[column].unique().drop_nulls().str.strip_chars()
            raw = raw.filter(~raw.is_in((*NOTHING, *WORDS)))
            tails = int(raw.str.ends_with(".0").sum())
            if has_float_tails(raw) and tails < len(raw):
                found.append(
                    _suspicion(f"{role} ids", f"{tails:,} of the ids in {column!r} ended with .0, which was cut off.")
                )
    if events.time is not None and mapping.timestamp is not None and len(events.time):
        found += _odd_times(events.time, mapping)
    if events.user is not None and events.user_ids is not None and len(events.user_ids) > 3:
        counts = np.bincount(events.user[events.user >= 0])
        if len(counts) and counts.max() > _MANY * len(events):
            name, share = events.user_ids[int(counts.argmax())], counts.max() / len(events)
            words = f"One user, {name!r}, has {share:.0%} of the rows: perhaps a stand-in for all who were not known."
            found.append(_suspicion("user", words))
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


def _suspicion(name: str, words: str, value: Any = None) -> Assumption:
    return assumed(name, value, words, doubtful=True)


def _odd_times(times: Float64Array, mapping: ColumnMapping) -> list[Assumption]:
    early, late = int((times < _1990).sum()), int((times > time.time() + 86_400).sum())
    if early + late == 0 or (early == len(times) and times.max() < 1e8):
        return []  # seconds from an unknown start are said as such
    parts = [f"{early:,} before 1990"] * bool(early) + [f"{late:,} in the future"] * bool(late)
    words = f"Of {len(times):,} times in {mapping.timestamp!r}, {' and '.join(parts)}."
    if early == len(times) and times.min() > 4e8 and mapping.time_unit is None:
        since = Choice("they count seconds since 2001, as Apple's do", (("time_unit", "seconds since 2001"),))
        return [assumed("timestamp", None, words, doubtful=True, more=(since,))]
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
