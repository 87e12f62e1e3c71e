"""How much a file may hold: settings of the server, asked wherever something is unpacked, split or numbered."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from recemb_core.readers.errors import InputError, shortened
from recemb_core.validation import MOST_DIMENSIONS

T = TypeVar("T")


def from_settings(
    kind: type[T], prefix: str, allowed: Mapping[str, tuple[int, int]], environment: Mapping[str, str]
) -> T:
    """A config whose fields are set by ``prefix`` and their names in capitals, each within what is allowed.

    Raises:
        InputError: a setting is no number of its field's kind, or out of range; it is named.
    """
    found, defaults = {}, kind()
    for field, (low, high) in allowed.items():
        name, default = prefix + field.upper(), getattr(defaults, field)
        text = environment.get(name, "").strip()
        try:
            value = type(default)(text) if text else default
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            what = "whole number" if isinstance(default, int) else "number"
            raise InputError(f"{name}={shortened(text)!r} is not possible: give a {what} from {low:,} to {high:,}")
        found[field] = value
    return kind(**found)


@dataclass(frozen=True, kw_only=True)
class FileLimits:
    """Bounds of one file; each is set by ``RECEMB_FILE_`` and its name in capitals.

    Attributes:
        megabytes: of everything unpacked from it, archives inside archives included, and of its decoded values.
        columns: of a table.
        depth: of values inside values (JSON, parquet).
        id_length: characters of an id, of items as of users and baskets, and of a column's name.
        cells: of a sheet, the empty ones up to its last row and column included.
        dimensions: numbers in a vector that was made elsewhere.

    >>> FileLimits.from_environment({"RECEMB_FILE_COLUMNS": "50"}).columns
    50
    """

    megabytes: int = 2_000
    columns: int = 1_000
    depth: int = 32
    id_length: int = 1_000
    cells: int = 50_000_000
    dimensions: int = MOST_DIMENSIONS

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> FileLimits:
        """The limits that the settings ask for.

        Raises:
            InputError: see :func:`from_settings`.
        """
        most = 10**15
        lowest = {"megabytes": 1, "columns": 2, "depth": 1, "id_length": 8, "cells": 100, "dimensions": 1}
        return from_settings(cls, "RECEMB_FILE_", {name: (low, most) for name, low in lowest.items()}, environment)

    def check_columns(self, count: int, called: str) -> None:
        """Raise :class:`InputError` where a table is wider than it may be."""
        if count > self.columns:
            raise InputError(
                f"{called} has {count:,} columns, and {self.columns:,} is the limit (RECEMB_FILE_COLUMNS); "
                "keep those for user, item and time"
            )

    def check_names(self, columns: Sequence[str], called: str) -> None:
        """Raise :class:`InputError` where there are more columns than there may be, or one has a name without end."""
        self.check_columns(len(columns), called)
        for number, column in enumerate(columns, start=1):
            if len(column) > self.id_length:
                raise InputError(
                    f"column {number} of {called} has a name of {len(column):,} characters ({column[:20]!r} …), and "
                    f"{self.id_length:,} is the limit (RECEMB_FILE_ID_LENGTH); give it a shorter name"
                )


def limits() -> FileLimits:
    """The limits of this process."""
    return FileLimits.from_environment()


class Budget:
    """Bytes that one file may still unpack; shared by all archives inside it."""

    def __init__(self) -> None:
        self._most = limits().megabytes * 1_000_000
        self._left = self._most

    def take(self, size: int, name: str) -> None:
        """Count ``size`` bytes; raise :class:`InputError` once there are too many."""
        self._left -= size
        self.check(0, name)

    def check(self, size: int, name: str) -> None:
        """Raise :class:`InputError` where ``size`` further bytes would be too many."""
        if size > self._left:
            raise InputError(
                f"{name or 'the file'} holds more than {self._most // 1_000_000:,} MB unpacked, the limit "
                "(RECEMB_FILE_MEGABYTES); keep fewer rows or columns, or sample the users"
            )
