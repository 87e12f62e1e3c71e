"""How much a file may hold: settings of the server, asked wherever something is unpacked, split or numbered."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from recemb_core.readers.errors import InputError

_LOWEST = {"megabytes": 1, "columns": 2, "depth": 1, "id_length": 8, "cells": 100}


@dataclass(frozen=True, kw_only=True)
class FileLimits:
    """Bounds of one file; each is set by ``RECEMB_FILE_`` and its name in capitals.

    Attributes:
        megabytes: of everything unpacked from it, archives inside archives included, and of its decoded values.
        columns: of a table.
        depth: of values inside values (JSON, parquet).
        id_length: characters of an id, of items as of users and baskets.
        cells: of a sheet, the empty ones up to its last row and column included.

    >>> FileLimits.from_environment({"RECEMB_FILE_COLUMNS": "50"}).columns
    50
    """

    megabytes: int = 2_000
    columns: int = 1_000
    depth: int = 32
    id_length: int = 1_000
    cells: int = 50_000_000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> FileLimits:
        """The limits that the settings ask for.

        Raises:
            InputError: a setting is no whole number, or too small; it is named.
        """
        found: dict[str, int] = {}
        for field in fields(cls):
            name = f"RECEMB_FILE_{field.name.upper()}"
            text = environment.get(name, "").strip()
            lowest, whole = _LOWEST[field.name], text.isascii() and text.isdigit() and len(text) < 16
            value = int(text) if whole else getattr(cls, field.name)
            if (text and not whole) or value < lowest:
                raise InputError(f"{name}={text!r} is not possible: give a whole number of at least {lowest:,}")
            found[field.name] = value
        return cls(**found)

    def check_columns(self, count: int, called: str) -> None:
        """Raise :class:`InputError` where a table is wider than it may be."""
        if count > self.columns:
            raise InputError(
                f"{called} has {count:,} columns, and {self.columns:,} is the limit (RECEMB_FILE_COLUMNS); "
                "keep those for user, item and time"
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
