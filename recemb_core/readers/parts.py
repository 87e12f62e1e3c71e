"""Which of several tables in one file is read: a sheet of a workbook, a table of a dump, a file of an archive."""

from __future__ import annotations

from collections.abc import Iterable

from recemb_core.readers.assumptions import Assumption, assumed
from recemb_core.readers.errors import InputError, listed


def part_said(
    name: str | None, words: str, others: Iterable[tuple[str, str]], *, given: bool = False, doubtful: bool = False
) -> Assumption:
    """Which part was read, and the others as alternatives.

    Args:
        name: the part, or None for several that were put together.
        words: what was read, as a sentence.
        others: the name and a description of each other part that can be read.
        given: whether it was set.
        doubtful: whether another part may be the one that is meant.

    >>> said = part_said("log", "Sheet 'log' was read.", [("people", "the sheet 'people' (3 rows)")])
    >>> said.alternatives[0].label, said.alternatives[0].changes
    ("the sheet 'people' (3 rows)", (('part', 'people'),))
    """
    back = [("decide by the content", None)] if given else []
    labels = [(label, other) for other, label in others]
    return assumed("part", name, words, *labels, *back, doubtful=doubtful and not given)


def no_such_part(called: str, kind: str, part: str, there: Iterable[str]) -> InputError:
    """What is said of a part that the file does not have."""
    return InputError(f"{called} has no {kind} {part!r} with rows; there are {listed(there, 20)}")
