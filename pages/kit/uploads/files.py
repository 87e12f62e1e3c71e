"""A file as it came: sent by a browser, or lying in the server's folder (``RECEMB_DATA_DIR``)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from recemb_core.readers import InputError, Reading, Table
from recemb_core.readers.server_folder import (
    FolderListing,
    Seen,
    fingerprint_within,
    list_folder,
    open_within,
    table_within,
)
from recemb_core.session_file import FileMark

SETTING = "RECEMB_DATA_DIR"
_SHORT, _LONG = 6, 12  # bytes of the hashes in addresses, and in a file's mark


@dataclass(frozen=True, eq=False)
class File:
    """A file as it came from a browser; hashed once."""

    name: str
    data: bytes

    @cached_property
    def mark(self) -> FileMark:
        """What tells the file again."""
        return FileMark.of(self.name, self.data)

    @cached_property
    def short(self) -> str:
        """A hash for addresses."""
        return hashlib.blake2b(self.data, digest_size=_SHORT).hexdigest()

    @property
    def identity(self) -> Hashable:
        """What its table depends on."""
        return self.name, self.mark.digest

    @property
    def held(self) -> dict[int, int]:
        """What of it this process holds: identity → bytes."""
        return {id(self.data): len(self.data)}

    def reading_call(self, reading: Reading) -> tuple[Callable[..., Table], tuple[Any, ...]]:
        """(function, arguments) that give its table, for another process."""
        return reading.table, (self.data, self.name)

    @property
    def outdated(self) -> str:
        """Why it is not what it was, a sentence; "" where it is."""
        return ""


@dataclass(frozen=True, eq=False)
class FolderFile:
    """A file of the server's folder, by its name within it; none of its bytes are held here."""

    name: str
    folder: Path
    seen: Seen
    mark: FileMark
    short: str

    @property
    def identity(self) -> Hashable:
        """What its table depends on, and whether it may be read."""
        return self.name, self.mark.digest, self.seen

    @property
    def held(self) -> dict[int, int]:
        """Nothing."""
        return {}

    def reading_call(self, reading: Reading) -> tuple[Callable[..., Table], tuple[Any, ...]]:
        """(function, arguments) that give its table, for another process."""
        return table_within, (reading, self.folder, self.name, self.seen)

    @property
    def outdated(self) -> str:
        """Why it is not what it was, a sentence; "" where it is."""
        try:
            with open_within(self.folder, self.name, self.seen):
                return ""
        except InputError as error:
            return str(error)


AnyFile = File | FolderFile


def folder() -> Path | None:
    """The folder whose files are offered; None where the setting is off."""
    text = os.environ.get(SETTING, "").strip()
    return Path(text).absolute() if text else None


def listing() -> FolderListing | None:
    """What it holds; None where the setting is off.

    Raises:
        InputError: it cannot be listed.
    """
    place = folder()
    return None if place is None else list_folder(place)


def from_folder(name: str) -> FolderFile:
    """A file of the folder, hashed as it is now.

    Raises:
        InputError: the setting is off, or see :func:`fingerprint_within`.
    """
    place = folder()
    if place is None:
        raise InputError(f"this server offers no folder ({SETTING} is not set); upload the file")
    seen, (short, long) = fingerprint_within(place, name, _SHORT, _LONG)
    return FolderFile(name, place, seen, FileMark(name=name, size=seen.size, digest=long), short)
