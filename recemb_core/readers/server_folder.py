"""Files of one folder, and of nothing outside it, read where they lie: no links are followed, no ``..``, no races.

A name is walked from the open folder down, each part opened by its parent's handle and never through a link; what is
checked and what is read is one open file. So nobody who may name a file, or change the folder meanwhile, gets another.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from recemb_core.readers.errors import InputError, shortened
from recemb_core.readers.reading import Reading
from recemb_core.readers.table import Table

MOST_FILES = 1_000  # listed
DEPTH = 4  # folders inside folders that are looked into
_CHUNK = 1 << 20
# A pipe is not waited for; a terminal does not become this process's.
_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True)
class Seen:
    """What a file was when it was looked at; any other content gives another one, unless somebody sets the clock back.

    Attributes:
        size: bytes.
        changed: nanoseconds, of its content.
        node: (device, file number).
    """

    size: int
    changed: int
    node: tuple[int, int]

    @classmethod
    def of(cls, found: os.stat_result) -> Seen:
        """From what the system says of a file."""
        return cls(found.st_size, found.st_mtime_ns, (found.st_dev, found.st_ino))


@dataclass(frozen=True)
class FolderListing:
    """What a folder holds.

    Attributes:
        files: name within the folder (``/`` between folders) → what the file was, by name.
        left: how many entries are not offered: links, hidden ones, what is no plain file, names that are no text,
            folders that may not be read.
        more: whether there are more than are listed, or folders deeper than are looked into.
    """

    files: dict[str, Seen]
    left: int
    more: bool


def check_folder(folder: Path) -> None:
    """Raise :class:`InputError` where a folder cannot be offered."""
    if os.open not in os.supports_dir_fd or not hasattr(os, "O_NOFOLLOW"):
        raise InputError("RECEMB_DATA_DIR needs a system that opens files by their folder's handle, as Linux and macOS")
    if not folder.is_dir():
        raise InputError(f"RECEMB_DATA_DIR={shortened(str(folder))!r} is no folder; give one that the app may read")


def list_folder(folder: Path) -> FolderListing:
    """The plain files of a folder and of the folders in it, hidden ones and links left out.

    Raises:
        InputError: no such folder, or it may not be read.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> _ = (place / "log.csv").write_text("user,item")
    >>> (place / "link.csv").symlink_to("/etc/hostname")
    >>> found = list_folder(place)
    >>> list(found.files), found.left
    (['log.csv'], 1)
    """
    check_folder(folder)
    files, closed, left, more = dict[str, Seen](), list[OSError](), 0, False
    top = None
    try:
        top = os.open(folder, _FOLDER)  # the setting itself may be a link
        for place, folders, names, handle in os.fwalk(".", onerror=closed.append, follow_symlinks=False, dir_fd=top):
            inside = Path(place)
            if len(inside.parts) >= DEPTH and folders:
                more, folders[:] = True, []
            kept = [name for name in folders if not name.startswith(".") and not _is_link(name, handle)]
            left += len(folders) - len(kept)
            folders[:] = sorted(kept)
            for name in sorted(names):
                path, seen = (inside / name).as_posix(), _plain_file(name, handle)
                if seen is None or not _may_be_named(path):
                    left += 1
                elif len(files) >= MOST_FILES:
                    more = True
                else:
                    files[path] = seen
    except OSError as error:
        raise InputError(f"RECEMB_DATA_DIR cannot be listed ({(error.strerror or str(error)).lower()})") from None
    finally:
        if top is not None:
            os.close(top)
    return FolderListing(files, left + len(closed), more)


def _is_link(name: str, handle: int) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode)


def _plain_file(name: str, handle: int) -> Seen | None:
    if name.startswith("."):
        return None
    try:
        found = os.stat(name, dir_fd=handle, follow_symlinks=False)
    except OSError:  # gone since
        return None
    return Seen.of(found) if stat.S_ISREG(found.st_mode) else None


def _may_be_named(name: str) -> bool:
    """Whether a name can be one of the folder's: text, and no part empty, hidden or a way up."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    parts = name.split("/")
    # A backslash parts names on another system, and a NUL ends them.
    return all(part and not part.startswith(".") and "\0" not in part and "\\" not in part for part in parts)


@contextmanager
def open_within(folder: Path, name: str, seen: Seen | None = None) -> Iterator[IO[bytes]]:
    """A file of the folder, open for reading.

    Args:
        folder: the only one that files may be of.
        name: within it, as :func:`list_folder` gives it.
        seen: what the file must still be; None takes it as it is.

    Raises:
        InputError: it is not there (any more), no plain file, outside the folder, or has changed.

    >>> with open_within(Path("/etc"), "../etc/hostname"):
    ...     pass
    Traceback (most recent call last):
        ...
    recemb_core.readers.errors.InputError: '../etc/hostname' is no name of a file in the server's folder
    """
    called, parts = repr(shortened(name)), name.split("/")
    if not _may_be_named(name):
        raise InputError(f"{called} is no name of a file in the server's folder")
    check_folder(folder)
    handles = list[int]()
    try:
        handles.append(os.open(folder, _FOLDER))
        for part in parts[:-1]:
            handles.append(os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=handles[-1]))
        file = os.open(parts[-1], _FILE, dir_fd=handles[-1])
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        why = "is not in the server's folder (any more); choose another file" if gone else "cannot be opened there"
        raise InputError(f"{called} {why}") from None
    finally:
        for handle in handles:
            os.close(handle)
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        os.close(file)
        raise InputError(f"{called} is no plain file of the server's folder")
    with os.fdopen(file, "rb") as stream:
        if seen is not None and Seen.of(found) != seen:
            raise InputError(f"{called} has changed in the server's folder since it was chosen; choose it again")
        yield stream


def fingerprint_within(folder: Path, name: str, *sizes: int) -> tuple[Seen, tuple[str, ...]]:
    """What a file is now, and its BLAKE2b hashes of these sizes, read in pieces.

    Raises:
        InputError: see :func:`open_within`; or it changed while it was read.
    """
    with open_within(folder, name) as stream:
        seen = Seen.of(os.fstat(stream.fileno()))
        digests = [hashlib.blake2b(digest_size=size) for size in sizes]
        while piece := stream.read(_CHUNK):
            for digest in digests:
                digest.update(piece)
        if Seen.of(os.fstat(stream.fileno())) != seen:
            raise InputError(f"{shortened(name)!r} is being written to; choose it again when that is over")
    return seen, tuple(digest.hexdigest() for digest in digests)


def table_within(reading: Reading, folder: Path, name: str, seen: Seen) -> Table:
    """:meth:`Reading.table` of a file of the folder, as long as it is the one that was seen.

    Raises:
        InputError: see :func:`open_within`, and what reading a table raises.
    """
    with open_within(folder, name, seen) as stream:
        table = reading.table(stream, name)
        if Seen.of(os.fstat(stream.fileno())) != seen:
            raise InputError(f"{shortened(name)!r} has changed while it was read; choose it again")
    return table
