"""Files of a zip or a tar as entries of one kind, and which of them may be tables."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import IO

from recemb_core.readers.errors import InputError

_BLOCK = 512  # bytes; a tar is made of such
_MOST_ENTRIES = 100_000  # of a tar, which has no list of them: each is looked for
_TABLES = (
    ".csv .tsv .tab .txt .dat .data .item .inter .json .jsonl .ndjson .sql .arff .parquet .xlsx "
    ".xlsm .gml .graphml .gz .zip .tar .tgz .base .edges .edgelist .log .pq"
)
_DOCUMENTS = (
    ".md .rst .html .htm .xml .xsd .css .js .ts .py .ipynb .r .rmd .sh .bat .yml .yaml .toml .ini "
    ".cfg .conf .properties .tex .bib .rtf .svg .java .php .sas .sps .do .m .cpp .c .h .crc .md5 "
    ".sha256 .eml"
)
_TABLE_SUFFIXES, _DOCUMENT_SUFFIXES = tuple(_TABLES.split()), tuple(_DOCUMENTS.split())
_ABOUT = {"readme", "license", "licence", "copying", "notice", "source", "changelog", "requirements"}
_HEAD = 4_096  # bytes by which a file without a known ending is told from a picture or a program
FOREIGN = {
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

# Documents that are zips, by a file that only they have.
_DOCUMENT_FILES = {
    "xl/workbook.bin": "a binary Excel workbook (.xlsb)",
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
    "Index/Document.iwa": "a document of Apple's Numbers, Pages or Keynote",
}
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."


@dataclass(frozen=True)
class Entry:
    """A file of an archive: its name with folders, its size unpacked, and how to open it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def base_name_of(path: str) -> str:
    """A file's name without its folders."""
    return PurePosixPath(path.replace("\\", "/")).name


def is_tar(data: bytes) -> bool:
    r"""Whether bytes begin with a tar's header, whose checksum must hold; very old ones have no other mark.

    >>> is_tar(b"user,item\n" * 60)
    False
    """
    head = data[:_BLOCK]
    try:
        told = int(head[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    return len(head) == _BLOCK and told == sum(head[:148]) + 8 * 32 + sum(head[156:])


def document_kind(archive: zipfile.ZipFile) -> str | None:
    """What an office document is that comes as a zip, or None."""
    names = set(archive.namelist())
    if found := next((kind for name, kind in _DOCUMENT_FILES.items() if name in names), None):
        return found
    if not {"mimetype", "content.xml"} <= names:
        return None
    with archive.open("mimetype") as stream:
        kind = stream.read(len(_OPEN_DOCUMENT) + 20)
    if not kind.startswith(_OPEN_DOCUMENT):
        return None
    return "an OpenDocument spreadsheet (.ods)" if b"spreadsheet" in kind else "an OpenDocument document"


def zip_entries(archive: zipfile.ZipFile) -> list[Entry]:
    """The files of a zip."""
    infos = (info for info in archive.infolist() if not info.is_dir())
    return [Entry(info.filename, info.file_size, partial(archive.open, info)) for info in infos]


def tar_entries(data: bytes, called: str) -> tuple[list[Entry], list[str]]:
    """The files of a tar, and what of it is none: links and devices, and what stands where its end should be.

    Raises:
        InputError: too many files.
        tarfile.TarError: a damaged header.
    """
    archive = tarfile.open(fileobj=io.BytesIO(data), mode="r:")  # noqa: SIM115  # the entries are opened later
    found, left, end = list[Entry](), list[str](), 0
    for count, info in enumerate(archive, start=1):
        if count > _MOST_ENTRIES:
            raise InputError(f"{called} holds more than {_MOST_ENTRIES:,} files; pack only the events and the items")
        if info.size < 0 or archive.offset <= end:  # it would be gone through for ever
            raise tarfile.ReadError(f"the size of file {count:,} is none")
        end = archive.offset
        if info.isreg():
            found.append(Entry(info.name, info.size, partial(_opened, archive, info)))
        elif not info.isdir():
            left.append(f"{info.name} (a link or a device)")
    rest = data[archive.offset :]
    if rest[:_BLOCK].strip(b"\0"):
        raise tarfile.ReadError(f"a header is broken behind file {len(found):,}")
    if len(rest) < _BLOCK:
        left.append("what may stand behind the last file (the archive has no end mark)")
    elif rest.strip(b"\0"):
        left.append("what stands behind the end mark (another archive?)")
    return found, left


def _opened(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(info)
    assert stream is not None  # a regular file always has content
    return stream


def is_meant(name: str, part: str) -> bool:
    """Whether a part is called by a file's path or by its name."""
    path = name.replace("\\", "/").lower()
    return part.lower() == path or part.lower() == base_name_of(path)


def tables_of(entries: list[Entry], part: str | None) -> tuple[list[Entry], list[str]]:
    """The files of an archive that may be tables, and the names of the others but hidden ones.

    A file without a known ending is one where it holds text or a known kind of table, unless it is called like a
    document or a program; those are read where there is nothing else, or where they are asked for.
    """
    tables, documents, left = list[Entry](), list[Entry](), list[str]()
    for entry in entries:
        path = PurePosixPath(entry.name.replace("\\", "/"))
        name = path.name.lower()
        hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        if hidden or (name.startswith("_") and not name.endswith(_TABLE_SUFFIXES)):
            continue  # _SUCCESS and its like
        if PurePosixPath(name).stem in _ABOUT:
            left.append(entry.name)
        elif name.endswith(_TABLE_SUFFIXES):
            tables.append(entry)
        elif not _may_be_table(entry):
            left.append(entry.name)
        elif name.endswith(_DOCUMENT_SUFFIXES) and not (part and is_meant(entry.name, part)):
            documents.append(entry)
        else:
            tables.append(entry)
    if tables:
        return tables, [*left, *(entry.name for entry in documents)]
    return documents, left


def _may_be_table(entry: Entry) -> bool:
    with entry.open() as stream:
        head = stream.read(_HEAD)
    if head.startswith((b"PAR1", b"\x1f\x8b")):
        return True
    if head.startswith(b"PK") or is_tar(head):
        return "." not in base_name_of(entry.name)  # text documents, programs and pictures are zips as well
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16
    odd = sum(byte < 9 or 13 < byte < 28 for byte in head.replace(b"\x01", b""))  # Hive writes it between fields
    return bool(head) and (marked or odd <= 0.02 * len(head)) and not head.startswith(tuple(FOREIGN))
