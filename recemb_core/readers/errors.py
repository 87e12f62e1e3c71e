"""The one exception that a file can cause, and the words its messages share."""

from __future__ import annotations

from collections.abc import Iterable

from recemb_core.validation import UsageError


class InputError(UsageError):
    """A file or a column that cannot be used: one sentence naming the cause, where it is, and the cure."""


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names for a message: quoted, with commas, cut after ``most``.

    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    all_names = [shortened(name) for name in names]
    return ", ".join(map(repr, all_names[:most])) + (
        f" and {len(all_names) - most} more" if len(all_names) > most else ""
    )


def shortened(value: object, most: int = 60) -> str:
    """A value for a message, cut in the middle of nowhere rather than filling the screen."""
    text = str(value)
    return text if len(text) <= most else text[:most] + "…"


def counted(number: int, noun: str) -> str:
    """A number with thousands separators and its noun in the right number.

    >>> counted(1, "row"), counted(1200, "row"), counted(2, "entry")
    ('1 row', '1,200 rows', '2 entries')
    """
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"
    return f"{number:,} {plural}"


def were(number: int) -> str:
    """The verb behind a number of things.

    >>> were(1), were(2)
    ('was', 'were')
    """
    return "was" if number == 1 else "were"
