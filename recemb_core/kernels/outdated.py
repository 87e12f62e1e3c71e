"""Compiled code on disk that was made from other sources than today's."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

_STAMP = "kernels.sha256"


def forget_outdated(package: Path) -> bool:
    """Delete numba's index files (``*.nbi``) under ``package`` if any of its numba sources has changed; whether it did.

    numba compiles a kernel anew when the kernel's own file has changed. It does not look at what is inlined into it
    from other files, and would go on running the old arithmetic after an update. The hash of all sources that import
    numba stands beside the compiled code. Where the folder cannot be written, numba keeps its code elsewhere, and this
    does nothing.
    """
    sources = (path.read_bytes() for path in sorted(package.rglob("*.py")))
    found = hashlib.sha256(b"\0".join(source for source in sources if b"import numba" in source)).hexdigest()
    stamp = package / "kernels" / "__pycache__" / _STAMP
    with suppress(OSError):
        if stamp.exists() and stamp.read_text(encoding="ascii") == found:
            return False
        for index in package.rglob("*.nbi"):
            index.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(found, encoding="ascii")
        return True
    return False
