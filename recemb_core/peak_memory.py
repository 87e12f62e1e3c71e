"""The most memory that a process had while something ran."""

from __future__ import annotations

import sys
from pathlib import Path


class PeakMemory:
    """Begins where it is made; :attr:`bytes` is the most since then.

    Linux counts anew from there. Elsewhere it is the most since the process began, and nothing is known on Windows. All
    of the process counts, its libraries and what other threads do at the time included.

    >>> found = PeakMemory().bytes
    >>> found is None or found > 1_000_000
    True
    """

    def __init__(self) -> None:
        self._since = False
        try:
            Path("/proc/self/clear_refs").write_text("5", "ascii")
            self._since = True
        except OSError:
            pass

    @property
    def bytes(self) -> int | None:
        """The peak in bytes, None where the system does not tell."""
        if self._since:
            for line in Path("/proc/self/status").read_text("utf-8").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1_024
        if sys.platform == "win32":
            return None
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1_024
