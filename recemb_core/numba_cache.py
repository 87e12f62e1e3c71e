"""A place for compiled kernels wherever this runs: numba gives up where it finds none, and where a disk is full."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VARIABLE = "NUMBA_CACHE_DIR"
OWN = Path(__file__).parent / "kernels" / "__pycache__" / "numba"
_log = logging.getLogger("recemb")


def ensure_place(own: Path = OWN, usual: Path | None = None, temporary: str | None = None) -> Path | None:
    """Name numba another folder where the usual one cannot be written; that folder, or None where nothing was done.

    numba keeps compiled code beside the source, or else in the user's cache folder, and raises an error at import
    where neither can be written (a read-only home with packages of the system). What the person has set counts more.

    Args:
        own: a folder of this package, tried first.
        usual: the user's cache folder; by default where numba has it.
        temporary: where a temporary folder is made, which goes with the process.
    """
    if os.environ.get(VARIABLE) or _writable(usual or _usual()):
        return None
    if _writable(own):
        os.environ[VARIABLE] = str(own)
        return own
    try:
        folder = Path(tempfile.mkdtemp(prefix="recemb-numba-", dir=temporary))
    except OSError as error:
        _log.warning("no folder for compiled kernels can be written (%s): set %s to one", error, VARIABLE)
        return None
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[VARIABLE] = str(folder)
    _log.warning(
        "neither the home folder nor this package can be written: kernels are compiled at every start, for about a "
        "minute; set %s to a folder that can be written",
        VARIABLE,
    )
    return folder


def _usual() -> Path:
    home = Path.home() if os.environ.get("HOME") else Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "numba"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "numba"


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def go_on_without_room() -> None:
    """Let a kernel run where its compiled code cannot be saved or read; numba would let the call fail."""
    from numba.core import caching

    caching.Cache._guard_against_spurious_io_errors = _guard  # type: ignore[method-assign]


@contextmanager
def _guard(self: Any) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _log.warning("compiled code could not be kept (%s): it is compiled anew at the next start", error)
