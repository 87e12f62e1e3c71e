"""Where runs are kept when nobody says another folder, and how many bytes of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recemb_core.readers.limits import from_settings

FOLDER = "RECEMB_RUNS_FOLDER"


@dataclass(frozen=True, kw_only=True)
class RunLimits:
    """What a store may hold; set by ``RECEMB_RUNS_`` and the name in capitals.

    Attributes:
        megabytes: of its whole folder. When a run that is done makes it more, the vectors of the oldest runs that are
            not pinned are removed until it is not; settings, scores and notes stay.

    >>> RunLimits.from_environment({"RECEMB_RUNS_MEGABYTES": "50"}).bytes
    50000000
    """

    megabytes: int = 2_000

    @property
    def bytes(self) -> int:
        """The same in bytes."""
        return self.megabytes * 1_000_000

    @property
    def words(self) -> str:
        """The rule in a sentence.

        >>> RunLimits().words.partition(":")[0]
        'At most 2,000 MB are kept'
        """
        return (
            f"At most {self.megabytes:,} MB are kept: beyond that the vectors of the oldest runs that are not pinned "
            "are removed, and their settings, scores and notes stay."
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> RunLimits:
        """What the environment asks for.

        Raises:
            InputError: no whole number, or out of range; the variable is named.
        """
        return from_settings(cls, "RECEMB_RUNS_", {"megabytes": (1, 10_000_000)}, environment)


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder in ``RECEMB_RUNS_FOLDER``, else ``recemb/runs`` where this user's programs keep their data.

    >>> str(default_folder({"RECEMB_RUNS_FOLDER": "kept"}))
    'kept'
    >>> default_folder({"RECEMB_RUNS_FOLDER": "~/kept"}) == Path.home() / "kept"  # where no shell has read it
    True
    """
    named = environment.get(FOLDER, "").strip()
    if named:
        return Path(named).expanduser()
    data = environment.get("XDG_DATA_HOME", "").strip()
    return (Path(data) if data else Path.home() / ".local" / "share") / "recemb" / "runs"
