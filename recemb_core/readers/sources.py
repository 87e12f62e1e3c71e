"""Bytes out of whatever a person hands over: a path, bytes, a buffer; plain, or in a gzip, zip or tar."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import re
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, TypeVar

from recemb_core.readers.errors import InputError
from recemb_core.readers.limits import Budget
from recemb_core.readers.packed import (
    FOREIGN,
    Entry,
    base_name_of,
    document_kind,
    is_meant,
    is_tar,
    tables_of,
    tar_entries,
    zip_entries,
)

T = TypeVar("T")
_CHUNK = 1 << 20
_MAX_DEPTH = 3
_MAX_MEMBERS = 400  # a job's output is often 200 files
_DAMAGE = (
    *(OSError, EOFError, ValueError, LookupError, OverflowError, NotImplementedError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, struct.error, tarfile.TarError),
)


@dataclass(frozen=True)
class Member:
    """One unpacked file: its name as far as known (with folders inside an archive), its bytes, and what it is called.

    ``label``: the name without folders where no other file of its archive has the same, else with them.
    """

    name: str
    data: bytes
    label: str = ""

    @property
    def base_name(self) -> str:
        """The name without folders, in lower case."""
        return base_name_of(self.name).lower()


@dataclass(frozen=True)
class Contents:
    """What a file holds.

    Attributes:
        members: the files that are read; the file itself where it is no archive.
        beside: the labels of tables of a well-known archive that were not unpacked.
        left: files that are no tables, as a text (name, and why) each.
    """

    members: list[Member]
    beside: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def read_bytes(source: Any, name: str | None = None) -> Member:
    """All bytes of a path, bytes or binary buffer, still packed.

    Raises:
        InputError: no such file, a folder, a text buffer, nothing inside, or too large.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        Budget().take(len(source), name or "the file")
        member = Member(name or "", bytes(source))
    elif isinstance(source, (str, os.PathLike)):
        member = Member(name or os.path.basename(os.fspath(source)), _read_path(Path(source)))
    elif hasattr(source, "read"):
        if hasattr(source, "seek") and getattr(source, "seekable", lambda: True)():
            source.seek(0)  # a buffer that someone has looked at before is read from its start again
        member = Member(name or os.path.basename(str(getattr(source, "name", ""))), _read_buffer(source))
    else:
        raise InputError(
            f"the source must be a path, bytes, a binary buffer or a polars DataFrame, not {type(source).__name__}"
        )
    if not member.data:
        raise InputError(f"{_called(member)} is empty (0 bytes); check that the export or upload finished")
    return member


def _read_path(path: Path) -> bytes:
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} cannot be opened ({_reason(error)}); check the path") from None
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder; give one file, or zip the folder")
    Budget().take(size, path.name)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read ({_reason(error)}); check its permissions") from None


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _read_buffer(buffer: IO[Any]) -> bytes:
    data = buffer.read(_CHUNK)
    if isinstance(data, str):
        raise InputError("the source is a text buffer; open the file in binary mode, so that its encoding can be found")
    return bytes(data) + read_up_to_limit(buffer, "the file", Budget())


def _called(member: Member) -> str:
    return repr(member.name) if member.name else "the file"


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are a zip that holds an Excel workbook."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names, size = archive.namelist(), sum(info.file_size for info in archive.infolist())
    except _DAMAGE:
        return False  # unpacking it says what is wrong
    if "xl/workbook.xml" not in names:
        return False
    Budget().check(size, "the workbook")
    return True


def unpack(member: Member, part: str | None = None) -> Contents:
    """The files inside: itself when it is not packed, every table-like member of an archive otherwise.

    ``part`` is the one that is wanted; of a well-known archive without it, the others are not unpacked.

    Raises:
        InputError: a damaged or locked archive, one without a table, one too large, or a kind that is no table.
    """
    found = _unpack(member, part, 0, Budget())
    names = [packed.name for packed in found.members]
    called = _labels([*names, *found.beside])
    members = [replace(packed, label=label) for packed, label in zip(found.members, called, strict=False)]
    return Contents(members, tuple(called[len(names) :]), found.left)


def _labels(names: list[str]) -> list[str]:
    """Names without folders where these are different, else with them; a number behind what is called alike even so."""
    paths = [name.replace("\\", "/").lstrip("./") for name in names]
    short = Counter(base_name_of(path).lower() for path in paths)
    labels, seen = list[str](), Counter[str]()
    for path in paths:
        label = base_name_of(path) if short[base_name_of(path).lower()] == 1 else path
        seen[label.lower()] += 1
        labels.append(label if seen[label.lower()] == 1 else f"{label} ({seen[label.lower()]})")
    return labels


def _unpack(member: Member, part: str | None, depth: int, budget: Budget, *, inner: bool = False) -> Contents:
    """``budget`` is that of the whole file, which archives inside archives share; ``inner``: inside another archive."""
    if depth > _MAX_DEPTH:
        raise InputError(f"{_called(member)} is an archive inside an archive inside an archive; unpack it once by hand")
    if member.data.startswith(b"\x1f\x8b"):
        name = re.sub(r"(?i)\.gz$", "", re.sub(r"(?i)\.tgz$", ".tar", member.name))
        with unpacking(member, "gzip"):
            data = read_up_to_limit(gzip.GzipFile(fileobj=io.BytesIO(member.data)), member.name, budget)
        return _unpack(Member(name, data), part, depth + 1, budget, inner=inner)
    packed = None
    if member.data.startswith(b"PK") and not is_workbook(member.data):
        with unpacking(member, "zip"), zipfile.ZipFile(io.BytesIO(member.data)) as archive:
            if kind := document_kind(archive):
                raise InputError(f"{_called(member)} is {kind}, which is not read here; save it as xlsx or csv")
            packed = _entries(member, zip_entries(archive), [], part, budget, inner=inner)
    elif is_tar(member.data):
        with unpacking(member, "tar"):
            packed = _entries(member, *tar_entries(member.data, _called(member)), part, budget, inner=inner)
    if packed is not None:
        members, beside, left = list[Member](), list(packed.beside), list(packed.left)
        for one in packed.members:
            if not one.data:
                left.append(f"{base_name_of(one.name)} (empty)")
                continue
            inside = _unpack(one, part, depth + 1, budget, inner=True)
            members += inside.members
            beside += inside.beside
            left += inside.left
        if len(members) > _MAX_MEMBERS:
            raise InputError(f"{_called(member)} holds {len(members)} tables; pack only the events and the items")
        return Contents(members, tuple(beside), tuple(left))
    for magic, kind in FOREIGN.items():
        if member.data.startswith(magic):
            raise InputError(f"{_called(member)} is {kind}, which is not read here; save it as csv, parquet or xlsx")
    return Contents([member])


@contextmanager
def unpacking(member: Member, kind: str) -> Iterator[None]:
    """Every way in which an archive can be broken, as one sentence."""
    try:
        yield
    except InputError:
        raise
    except NotImplementedError:
        raise InputError(f"{_called(member)} is packed in an uncommon way; zip it again with plain deflate") from None
    except RecursionError:  # headers upon headers
        raise InputError(f"{_called(member)} is a damaged {kind} archive; download or pack it again") from None
    except RuntimeError as error:
        if "password" not in str(error):
            raise
        raise InputError(f"{_called(member)} is locked with a password; zip it again without one") from None
    except _DAMAGE as error:
        raise InputError(
            f"{_called(member)} is a damaged {kind} archive ({_reason(error)}); download or pack it again"
        ) from None


def read_up_to_limit(stream: Any, name: str, budget: Budget) -> bytes:
    """All of a stream, as far as the budget goes."""
    # In chunks, so that a file that unpacks to terabytes is stopped at the limit and not by the machine.
    found = bytearray()
    while chunk := stream.read(_CHUNK):
        budget.take(len(chunk), name or "the archive")
        found += chunk
    return bytes(found)


def _entries(
    member: Member, entries: list[Entry], others: list[str], part: str | None, budget: Budget, *, inner: bool
) -> Contents:
    """The files of an archive that may be tables, unpacked; ``others``: what else it holds."""
    found, left = tables_of(entries, part)
    left = [*map(base_name_of, left), *others]
    if not found:
        inside = ", ".join([*(entry.name for entry in entries[:6]), *others[:3]]) or "nothing"
        raise InputError(
            f"{_called(member)} holds no table (it holds {inside}); pack a csv, tsv, txt, jsonl, parquet or xlsx file"
        )
    # The names first: what is asked for is unpacked, the rest (tags, README, genome scores) is not.
    known = known_pair(found, lambda entry: base_name_of(entry.name).lower().removesuffix(".gz"))
    if known and part is not None and not is_meant(known[0].name.removesuffix(".gz"), part):
        known = []
    within = f"{member.name}/" if inner else ""  # files of archives inside an archive are told by it
    beside = tuple(within + entry.name for entry in found if known and entry not in known)
    found = known or found
    if len(found) > _MAX_MEMBERS:
        raise InputError(f"{_called(member)} holds {len(found):,} tables; pack only the events and the items")
    budget.check(sum(entry.size for entry in found), member.name or "the archive")
    parts = list[Member]()
    for entry in found:
        with entry.open() as stream:
            parts.append(Member(within + entry.name, read_up_to_limit(stream, entry.name, budget)))
    return Contents(parts, beside, tuple(left))


# Names of the events and of the items; a dot begins an ending.
_KNOWN_PAIRS = (
    *(("ratings.csv", "movies.csv"), ("u.data", "u.item"), ("ratings.dat", "movies.dat")),
    *(("events.csv", ""), (".inter", ".item")),
)


def known_pair(files: list[T], base_name: Callable[[T], str]) -> list[T]:
    """The events of a well-known archive, then the items where it has them; nothing where the archive is not known."""
    for pair in _KNOWN_PAIRS:
        events, items = ([f for f in files if _is_called(base_name(f), wanted)] for wanted in pair)
        if len(events) == 1:
            return events + items[:1]
    return []


def _is_called(name: str, wanted: str) -> bool:
    return name.endswith(wanted) if wanted.startswith(".") else name == wanted
