"""Bytes out of whatever a person hands over: a path, bytes, a buffer; plain, gzipped or zipped."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, TypeVar

from recemb_core.readers.errors import InputError
from recemb_core.readers.limits import Budget

T = TypeVar("T")
_CHUNK = 1 << 20
_MAX_DEPTH = 3
_MAX_MEMBERS = 400  # a job's output is often 200 files
_TABLE_SUFFIXES = (
    *(
        ".csv",
        ".tsv",
        ".tab",
        ".txt",
        ".dat",
        ".data",
        ".item",
        ".inter",
        ".json",
        ".jsonl",
        ".ndjson",
        ".sql",
        ".arff",
    ),
    *(".parquet", ".xlsx", ".xlsm", ".gml", ".graphml", ".gz", ".zip", ".base", ".edges", ".edgelist", ".log", ".pq"),
)
_DOCUMENT_SUFFIXES = (
    *(
        ".md",
        ".rst",
        ".html",
        ".htm",
        ".xml",
        ".xsd",
        ".css",
        ".js",
        ".ts",
        ".py",
        ".ipynb",
        ".r",
        ".rmd",
        ".sh",
        ".bat",
    ),
    *(
        ".yml",
        ".yaml",
        ".toml",
        ".ini",
        ".cfg",
        ".conf",
        ".properties",
        ".tex",
        ".bib",
        ".rtf",
        ".svg",
        ".java",
        ".php",
    ),
    *(".sas", ".sps", ".do", ".m", ".cpp", ".c", ".h", ".crc", ".md5", ".sha256", ".eml"),
)
_ABOUT = {"readme", "license", "licence", "copying", "notice", "source", "changelog", "requirements"}
_HEAD = 4_096  # bytes by which a file without a known ending is told from a picture or a program
_DAMAGE = (
    *(OSError, EOFError, ValueError, IndexError, OverflowError, NotImplementedError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, struct.error),
)
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\xfd7zXZ": "an xz archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"SQLite format 3": "an SQLite database",
    b"ARROW1": "an Arrow/Feather file",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"\x80\x04\x95": "a Python pickle",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
}


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
        return _base_name(self.name).lower()


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


def _base_name(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


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
    return bytes(data) + _read_up_to_limit(buffer, "the file", Budget())


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
    short = Counter(_base_name(path).lower() for path in paths)
    labels, seen = list[str](), Counter[str]()
    for path in paths:
        label = _base_name(path) if short[_base_name(path).lower()] == 1 else path
        seen[label.lower()] += 1
        labels.append(label if seen[label.lower()] == 1 else f"{label} ({seen[label.lower()]})")
    return labels


def _unpack(member: Member, part: str | None, depth: int, budget: Budget) -> Contents:
    """``budget`` is that of the whole file, which archives inside archives share."""
    if depth > _MAX_DEPTH:
        raise InputError(f"{_called(member)} is an archive inside an archive inside an archive; unpack it once by hand")
    if member.data.startswith(b"\x1f\x8b"):
        inner = member.name[:-3] if member.name.lower().endswith(".gz") else member.name
        with _guarded(member, "gzip"):
            data = _read_up_to_limit(gzip.GzipFile(fileobj=io.BytesIO(member.data)), member.name, budget)
        return _unpack(Member(inner, data), part, depth + 1, budget)
    if member.data.startswith(b"PK") and not is_workbook(member.data):
        packed = _unzip(member, part, depth, budget)
        members, beside, left = list[Member](), list(packed.beside), list(packed.left)
        for one in packed.members:
            if not one.data:
                left.append(f"{_base_name(one.name)} (empty)")
                continue
            inside = _unpack(one, part, depth + 1, budget)
            members += inside.members
            beside += inside.beside
            left += inside.left
        if len(members) > _MAX_MEMBERS:
            raise InputError(f"{_called(member)} holds {len(members)} tables; zip only the events and the items")
        return Contents(members, tuple(beside), tuple(left))
    for magic, kind in _FOREIGN.items():
        if member.data.startswith(magic):
            raise InputError(f"{_called(member)} is {kind}, which is not read here; save it as csv, parquet or xlsx")
    return Contents([member])


@contextmanager
def _guarded(member: Member, kind: str) -> Iterator[None]:
    """Every way in which an archive can be broken, as one sentence."""
    try:
        yield
    except InputError:
        raise
    except NotImplementedError:
        raise InputError(f"{_called(member)} is packed in an uncommon way; zip it again with plain deflate") from None
    except RuntimeError as error:
        if "password" not in str(error):
            raise
        raise InputError(f"{_called(member)} is locked with a password; zip it again without one") from None
    except _DAMAGE as error:
        raise InputError(
            f"{_called(member)} is a damaged {kind} archive ({_reason(error)}); download or pack it again"
        ) from None


def _read_up_to_limit(stream: Any, name: str, budget: Budget) -> bytes:
    # In chunks, so that a file that unpacks to terabytes is stopped at the limit and not by the machine.
    found = bytearray()
    while chunk := stream.read(_CHUNK):
        budget.take(len(chunk), name or "the archive")
        found += chunk
    return bytes(found)


def _unzip(member: Member, part: str | None, depth: int, budget: Budget) -> Contents:
    with _guarded(member, "zip"), zipfile.ZipFile(io.BytesIO(member.data)) as archive:
        infos, left = _tables(archive, part)
        if not infos:
            inside = ", ".join(info.filename for info in archive.infolist()[:6]) or "nothing"
            raise InputError(
                f"{_called(member)} holds no table (it holds {inside}); "
                "zip a csv, tsv, txt, jsonl, parquet or xlsx file"
            )
        # The names first: what is asked for is unpacked, the rest (tags, README, genome scores) is not.
        known = known_pair(infos, lambda info: _base_name(info.filename).lower().removesuffix(".gz"))
        if known and part is not None and not _is_meant(known[0].filename.removesuffix(".gz"), part):
            known = []
        within = f"{member.name}/" if depth else ""  # files of archives inside an archive are told by it
        beside = tuple(within + info.filename for info in infos if known and info not in known)
        infos = known or infos
        if len(infos) > _MAX_MEMBERS:
            raise InputError(f"{_called(member)} holds {len(infos):,} tables; zip only the events and the items")
        budget.check(sum(info.file_size for info in infos), member.name or "the archive")
        parts = list[Member]()
        for info in infos:
            with archive.open(info) as stream:
                parts.append(Member(within + info.filename, _read_up_to_limit(stream, info.filename, budget)))
    return Contents(parts, beside, tuple(_base_name(name) for name in left))


def _is_meant(name: str, part: str) -> bool:
    path = name.replace("\\", "/").lower()
    return part.lower() == path or part.lower() == _base_name(path)


def _tables(archive: zipfile.ZipFile, part: str | None) -> tuple[list[zipfile.ZipInfo], list[str]]:
    """The files of an archive that may be tables, and the names of the others but hidden ones.

    A file without a known ending is one where it holds text or a known kind of table, unless it is called like a
    document or a program; those are read where there is nothing else, or where they are asked for.
    """
    tables, documents, left = list[zipfile.ZipInfo](), list[zipfile.ZipInfo](), list[str]()
    for info in archive.infolist():
        path = PurePosixPath(info.filename.replace("\\", "/"))
        name = path.name.lower()
        hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        if info.is_dir() or hidden or (name.startswith("_") and not name.endswith(_TABLE_SUFFIXES)):
            continue  # _SUCCESS and its like
        if PurePosixPath(name).stem in _ABOUT:
            left.append(info.filename)
        elif name.endswith(_TABLE_SUFFIXES):
            tables.append(info)
        elif not _may_be_table(archive, info):
            left.append(info.filename)
        elif name.endswith(_DOCUMENT_SUFFIXES) and not (part and _is_meant(info.filename, part)):
            documents.append(info)
        else:
            tables.append(info)
    if tables:
        return tables, [*left, *(info.filename for info in documents)]
    return documents, left


def _may_be_table(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    with archive.open(info) as stream:
        head = stream.read(_HEAD)
    if head.startswith((b"PAR1", b"\x1f\x8b")):
        return True
    if head.startswith(b"PK"):
        return "." not in _base_name(info.filename)  # text documents, programs and pictures are zips as well
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16
    odd = sum(byte < 9 or 13 < byte < 28 for byte in head.replace(b"\x01", b""))  # Hive writes it between fields
    return bool(head) and (marked or odd <= 0.02 * len(head)) and not head.startswith(tuple(_FOREIGN))


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
