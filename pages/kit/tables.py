"""Tables whose last column is seen: each column as wide as what it holds, long texts cut where the room ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
import streamlit as st

from pages.kit.text import plain

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

    Numbers take the room of their format.

    >>> fitted({"Rate": [408_597.25]}, 200, {"Rate": st.column_config.NumberColumn(format="%,.0f")})["Rate"]["width"]
    68
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
        widths[name] = one.get("width") or max([heading, *(_wide(_shown(value, one)) for value in values)])
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


def table_or_lines(
    table: pl.DataFrame, key: str, config: Mapping[str, Any] | None = None, *, names: int = 1, **more: Any
) -> None:
    """A table; on a telephone, where its last columns would be cut, its rows as lines (pages/kit/frame.css).

    Args:
        table: a short one: it is sent in both forms.
        key: of the two, one of them in a page.
        config: column configuration of the table; the lines take headings and formats of numbers from it.
        names: columns, from the left, that name a row.
        more: what else st.dataframe takes.
    """
    with st.container(key=f"table-{key}"):
        st.dataframe(table, hide_index=True, column_config=config, **more)
    with st.container(key=f"lines-{key}"):
        st.markdown("\n".join(f"- {line}" for line in row_lines(table, config or {}, names)))


def row_lines(table: pl.DataFrame, config: Mapping[str, Any], names: int = 1) -> list[str]:
    """Each row in Markdown: its names, then every other column with its heading.

    >>> columns = {"Recall": st.column_config.NumberColumn(format="%.2f")}
    >>> row_lines(pl.DataFrame({"Index": ["LSH"], "Recall": [0.912], "Seeds": [3], "Note": [""]}), columns)
    ['**LSH**: Recall 0.91 · Seeds 3']
    """
    lines = []
    for row in table.iter_rows():
        said = [
            (str((config.get(name) or {}).get("label") or name), _as_shown(value, config.get(name)))
            for name, value in zip(table.columns, row, strict=True)
        ]
        rest = " · ".join(f"{plain(head)} {value}" for head, value in said[names:] if value)
        lines.append(f"**{', '.join(value for _, value in said[:names] if value)}**: {rest}")
    return lines


def _as_shown(value: Any, config: Mapping[str, Any] | None) -> str:
    """A cell as the table writes it, in Markdown; "" where there is nothing in it."""
    form = str(((config or {}).get("type_config") or {}).get("format") or "")
    found = re.fullmatch(r"%([+,]*)(\.\d+)?f(.*)", form)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and found is not None:
        return f"{value:{found[1]}{found[2] or ''}f}{found[3].replace('%%', '%')}"
    if isinstance(value, float):
        return f"{value:.2%}" if form == "percent" else f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else plain(value)


def _wide(text: str) -> int:
    return round(LETTER * len(text)) + AROUND


def _shown(value: Any, config: Mapping[str, Any]) -> str:
    """About as long as the table writes it."""
    if isinstance(value, float) and (config.get("type_config") or {}).get("format"):
        return _as_shown(value, config)
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
