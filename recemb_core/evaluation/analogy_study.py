"""What a table of many models' analogies is made of: questions and reports, what they are found by, their arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from typing import Any

import numpy as np

from recemb_core.array_files import Arrays, from_json, to_json
from recemb_core.arrays import AnyArray, Float32Array
from recemb_core.evaluation.analogies import Analogies, AnalogyReport, How, Rate, measure_analogies
from recemb_core.validation import UsageError

LISTS = (1, 5)
"""Lengths of the lists that a table tells of."""
Reports = dict[str, tuple[AnalogyReport, ...]]
"""The field that steps → a report for each length of :data:`LISTS`."""
_SIDES = ("a", "b", "c", "target", "cell", "group")
_RATES = ("accuracy", "nearest", "gain")
_PLAIN = [field.name for field in fields_of(AnalogyReport) if field.name not in _RATES]


def joint_level(models: int) -> float:
    """The level of one interval for which all of ``models`` intervals hold together with 95% (Bonferroni).

    >>> joint_level(5)
    0.99
    """
    return 1 - 0.05 / max(models, 1)


def fields_fingerprint(fields: Mapping[str, AnyArray]) -> str:
    """A short hash of what items are said to be: names of fields in their order, and the value of every item.

    >>> kind = np.array(["tea", "nail"])
    >>> fields_fingerprint({"kind": kind}) == fields_fingerprint({"kind": kind[::-1]})
    False
    """
    digest = hashlib.blake2b(digest_size=12)
    for name, values in fields.items():
        said = [None if value is None or value != value else str(value) for value in np.asarray(values).tolist()]
        digest.update(repr((name, said)).encode())
    return digest.hexdigest()


def lengths(items: int) -> tuple[int, ...]:
    """Those of :data:`LISTS` as far as there are items beside the three that are put in."""
    return tuple(min(k, max(items - 3, 1)) for k in LISTS)


def report_both(
    vectors: Float32Array, asked: Analogies, *, how: How = "add", level: float = 0.95
) -> tuple[AnalogyReport, ...]:
    """Ask a model all questions of one field: a report for each length of :data:`LISTS`.

    Args:
        vectors: (n, d), n > 3.
        asked, how, level: as in :func:`~recemb_core.evaluation.analogies.measure_analogies`.

    Raises:
        UsageError: no item beside the three that are put in.
    """
    if len(vectors) < 4:
        raise UsageError(f"an analogy takes three items and asks for a fourth, and there are {len(vectors)} items")
    return tuple(measure_analogies(vectors, asked, k=k, how=how, level=level) for k in lengths(len(vectors)))


# --- as arrays ---


def questions_to_arrays(asked: Mapping[str, Analogies]) -> Arrays:
    """Questions as few arrays, those of all fields one after the other."""
    said = [{"step": step, "held": of.held, "there": of.there, "asked": len(of)} for step, of in asked.items()]
    empty = [np.empty(0, dtype=np.int32)]
    sides = {side: np.concatenate([*empty, *(getattr(of, side) for of in asked.values())]) for side in _SIDES}
    return {**sides, "meta": to_json(said)}


def questions_from_arrays(found: Mapping[str, AnyArray]) -> dict[str, Analogies]:
    """What :func:`questions_to_arrays` was given."""
    said: Sequence[dict[str, Any]] = from_json(found["meta"])
    asked, begin = dict[str, Analogies](), 0
    items = len(found["cell"]) // max(len(said), 1)
    for at, one in enumerate(said):
        end = begin + one["asked"]
        sides = {side: found[side][begin:end] for side in _SIDES if side != "cell"}
        cell = found["cell"][at * items : (at + 1) * items]
        asked[one["step"]] = Analogies(
            **sides, cell=cell, step=one["step"], held=tuple(one["held"]), there=one["there"]
        )
        begin = end
    return asked


def reports_to_arrays(reports: Reports) -> Arrays:
    """Reports as one array (fields, lists, figures); JSON has no NaN."""
    rows = [[_row(one) for one in of] for of in reports.values()]
    return {"figures": np.array(rows, dtype=np.float64), "meta": to_json(list(reports))}


def _row(report: AnalogyReport) -> list[float]:
    rates = [getattr(report, name) for name in _RATES]
    ends = [end for rate in rates for end in (rate.value, rate.low, rate.high)]
    return [*ends, *(getattr(report, name) for name in _PLAIN)]


def reports_from_arrays(found: Mapping[str, AnyArray]) -> Reports:
    """What :func:`reports_to_arrays` was given."""
    return {
        step: tuple(_report(row) for row in rows)
        for step, rows in zip(from_json(found["meta"]), found["figures"].tolist(), strict=True)
    }


def _report(row: Sequence[float]) -> AnalogyReport:
    rates = {name: Rate(*row[3 * at : 3 * at + 3]) for at, name in enumerate(_RATES)}
    rest = dict(zip(_PLAIN, row[3 * len(_RATES) :], strict=True))
    whole = {name: int(rest[name]) for name in ("k", "questions", "groups")}
    return AnalogyReport(**{**rates, **rest, **whole})  # type: ignore[arg-type]
