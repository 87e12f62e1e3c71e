"""Compact letters: which of many are not told apart, readable from a column of letters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from string import ascii_lowercase


def letters(names: Sequence[str], apart: Collection[tuple[str, str]]) -> dict[str, str]:
    """Letters by name: two names share a letter if and only if they are not told apart.

    Insert and absorb: begin with one column that holds everybody; for each pair told apart, every column that holds
    both is split in two, one without the first and one without the second, and columns that lie within another go.
    Columns are lettered by their first name, in the order of ``names``.

    Args:
        names: in the order of the table, each once.
        apart: pairs that are told apart, in either order.

    References:
        Piepho, *An Algorithm for a Letter-Based Representation of All-Pairwise Comparisons* (Journal of Computational
        and Graphical Statistics 2004).

    >>> letters(["a", "b", "c"], {("a", "c")})  # b is told apart from neither
    {'a': 'a', 'b': 'ab', 'c': 'b'}
    >>> letters(["a", "b"], set())
    {'a': 'a', 'b': 'a'}
    """
    place = {name: at for at, name in enumerate(names)}
    pairs = sorted({(min(place[a], place[b]), max(place[a], place[b])) for a, b in apart})
    columns = [frozenset(range(len(names)))] if names else []
    for first, second in pairs:
        split = [column for column in columns if not {first, second} <= column]
        for column in columns:
            if {first, second} <= column:
                split += [column - {first}, column - {second}]
        columns = [
            column
            for at, column in enumerate(split)
            if not any(column < other or (column == other and at > where) for where, other in enumerate(split))
        ]
    columns = sorted(columns, key=sorted)
    return {name: "".join(_letter(at) for at, column in enumerate(columns) if place[name] in column) for name in names}


def _letter(number: int) -> str:
    """a … z, then a′ … z′, a″ …

    >>> _letter(0), _letter(27)
    ('a', 'b′')
    """
    return ascii_lowercase[number % 26] + "′" * (number // 26)
