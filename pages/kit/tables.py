"""Tables whose last column is seen: each column as wide as what it holds, long texts cut where the room ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

MAIN, HALF, FOLDED = 676, 318, 642
"""Pixels of the main column beside the controls in a window of 1,280, of half of it, and of a fold in it."""
LETTER, AROUND = 7.1, 18  # pixels: of a letter on average, and of a cell's margins
LEAST = 64  # of a text that is cut


def fitted(
    table: Mapping[str, Iterable[Any]] | pl.DataFrame, room: int, config: Mapping[str, Any] | None = None
) -> Any:
    """Column configuration with widths that add up to no more than the room, as far as the headings allow.

    Args:
        table: as st.dataframe takes it.
        room: pixels there are: ``MAIN``, ``HALF`` or ``FOLDED``.
        config: what else is said of columns; None in it hides one, and a width in it stays.

    >>> widths = fitted({"Item": ["a" * 200, "b"], "Cosine": [0.5, 0.25]}, 200)
    >>> {name: one["width"] for name, one in widths.items()}
    {'Item': 139, 'Cosine': 61}
    """
    given = dict(config or {})
    columns = {name: list(table[name]) for name in (table.columns if isinstance(table, pl.DataFrame) else table)}
    widths, texts = {}, []
    for name, values in columns.items():
        if name in given and given[name] is None:
            continue
        one = dict(given.get(name) or {})
        given[name] = one
        heading = _wide(one.get("label") or name)
        widths[name] = one.get("width") or max([heading, *(_wide(_shown(value)) for value in values)])
        if not one.get("width") and any(isinstance(value, str) for value in values):
            texts.append((name, max(heading, LEAST)))
    over = sum(widths.values()) - room
    for name, least in sorted(texts, key=lambda text: -widths[text[0]]):
        taken = min(max(over, 0), max(widths[name] - least, 0))
        widths[name] -= taken
        over -= taken
    for name, width in widths.items():
        given[name]["width"] = int(width)
    return given


def _wide(text: str) -> int:
    return round(LETTER * len(text)) + AROUND


def _shown(value: Any) -> str:
    """About as long as the table writes it."""
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
