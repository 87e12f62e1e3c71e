"""Uploads that outlive a reload: kept in this process's memory for the browser that sent them, within limits."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

from pages.kit.uploads import visitor
from pages.kit.uploads.held import HeldLimits
from pages.kit.uploads.store import MB, KeptUpload, Limits, UploadMemory, hours_text, megabytes

# Setting: (default, largest, what to give)
SETTINGS = {
    "RECEMB_UPLOAD_MEMORY_MB": (800.0, 1_000_000.0, "a number of megabytes, for all browsers together,"),
    "RECEMB_UPLOAD_MEMORY_HOURS": (12.0, 8_760.0, "a number of hours"),
    "RECEMB_UPLOAD_MEMORY_COUNT": (5.0, 1_000.0, "a whole number of uploads of one browser"),
}
HELD_SETTINGS = {"RECEMB_SESSION_MB": 3_000.0, "RECEMB_SESSIONS_MB": 6_000.0}


def limits_from_environment(environment: Mapping[str, str] = os.environ) -> Limits:
    """The limits that the settings ask for; a setting of 0 turns the memory off.

    Raises:
        ValueError: a setting is no number, or out of range; the sentence names it, its value and what is allowed.

    >>> limits_from_environment({"RECEMB_UPLOAD_MEMORY_HOURS": "0.5"})
    Limits(total_bytes=838860800, seconds=1800.0, count=5)
    """
    size, hours, count = (_setting(name, environment) for name in SETTINGS)
    return Limits(total_bytes=int(size * MB), seconds=hours * 3600, count=int(count))


def held_limits_from_environment(environment: Mapping[str, str] = os.environ) -> HeldLimits:
    """What uploads may hold in open sessions, with all that is made of them.

    Raises:
        ValueError: as :func:`limits_from_environment`.

    >>> held_limits_from_environment({"RECEMB_SESSION_MB": "1"}).session_bytes
    1048576
    """
    found = []
    for name, default in HELD_SETTINGS.items():
        text = environment.get(name, "").strip()
        try:
            value = float(text) if text else default
        except ValueError:
            value = math.nan
        if not 1 <= value <= 1_000_000:
            raise ValueError(f"{name}={text!r} is not possible: give a number of megabytes from 1 to 1,000,000.")
        found.append(int(value * MB))
    return HeldLimits(session_bytes=found[0], total_bytes=found[1])


def _setting(name: str, environment: Mapping[str, str]) -> float:
    default, largest, what = SETTINGS[name]
    text = environment.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not 0 <= value <= largest or (name.endswith("COUNT") and value != int(value)):
        raise ValueError(f"{name}={text!r} is not possible: give {what} from 0 to {largest:,.0f}; 0 keeps no uploads.")
    return value


def _memory() -> UploadMemory:
    return visitor.once_a_process("kept uploads", lambda: UploadMemory(limits_from_environment()))


def _who() -> str | None:
    return visitor.visitor() if _memory().limits.on else None


def enabled() -> bool:
    """Whether an upload of this visitor is kept over a reload."""
    return _who() is not None


def kept() -> tuple[KeptUpload, ...]:
    """This visitor's uploads, newest first."""
    who = _who()
    return () if who is None else _memory().kept(who)


def keep(upload: KeptUpload) -> tuple[str, ...]:
    """Keep an upload, in place of an older one of its key; cheap where nothing has changed.

    Returns sentences, as plain text, for the person: which uploads had to go for it, or why it is not kept itself.
    """
    who = _who()
    return (limits_text(),) if who is None else _memory().keep(who, upload)


def forget(key: str) -> None:
    """Drop one of this visitor's uploads."""
    if (who := _who()) is not None:
        _memory().forget(who, key)


def forget_all() -> None:
    """Drop all that is kept of this visitor."""
    if (who := _who()) is not None:
        _memory().forget_all(who)


def losses() -> tuple[str, ...]:
    """What this visitor lost since it was last asked for, as plain text, said once."""
    who = _who()
    return () if who is None else _memory().losses(who)


def limits_text() -> str:
    """One sentence for beside the upload box: what a reload finds again and for how long, or that it finds nothing."""
    limits = _memory().limits
    lost = "A reload or a closed tab loses the upload"
    if not limits.on:
        return f"{lost}: this server is set to keep none."
    if _who() is None:
        return f"{lost}: this browser sent no cookie of this server. Where cookies are allowed, reload the page first."
    uploads = "the last upload" if limits.count == 1 else f"the last {limits.count:,} uploads"
    size, hours = f"{megabytes(limits.visitor_bytes)} MB", hours_text(limits.seconds / 3600)
    return (
        f"After a reload or in a new tab, this browser finds {uploads} again, up to {size} in all and until {hours} "
        "after the page was last loaded, unless others' uploads need the room."
    )
