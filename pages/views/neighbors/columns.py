"""Ranked lists of items side by side, an item in the same color wherever it stands; a click chooses it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.kit.model_jobs import State


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A value of the item's side information; ``same``: the chosen item has it too."""

    text: str
    same: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One neighbor.

    Attributes:
        id: item id, handed over by a click.
        rank: place in this list, 1 the best.
        title: display name.
        score: as shown.
        count: how often the item was seen, as shown.
        hint: everything in words, shown on hover and read aloud.
        color: the item's color, or "" for an item of one list only.
        striped: the color's second use, drawn as stripes.
        times: in how many lists the item stands ("×4"), or "".
        chips: side information.
    """

    id: str
    rank: int
    title: str
    score: str
    count: str
    hint: str
    color: str = ""
    striped: bool = False
    times: str = ""
    chips: tuple[Chip, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Column:
    """One model's list, or the sentence that stands in its place."""

    key: str
    name: str
    note: str = ""
    state: State = "ready"
    message: str = ""
    rows: tuple[Row, ...] = ()


_component = st.components.v2.component(
    "recemb_neighbor_columns",
    html='<div class="neighbor-columns"></div>',
    css="""
        .neighbor-columns {
            display: grid; grid-template-columns: repeat(auto-fit, minmax(min(5.5rem, 100%), 1fr)); gap: 0 0.375rem;
            color: var(--st-text-color); font: 0.875rem/1.3 var(--st-font);
        }
        .neighbor-columns .column {
            display: grid; grid-template-rows: subgrid; grid-row: span var(--rows); align-content: start; min-width: 0;
            grid-template-columns: minmax(0, 1fr); gap: 0.25rem 0; margin-bottom: 1rem;
        }
        /* As high as the window leaves, and scrolled inside; on a narrow page all rows stand below each other. */
        @media (min-width: 56rem) {
            .neighbor-columns {
                max-height: var(--high); overflow-y: auto;
                grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
            }
            .neighbor-columns[data-many] .chips { display: none; } /* said on hover */
        }
        .neighbor-columns .head { padding: 0 0 0.25rem 0.25rem; border-bottom: 2px solid var(--st-border-color); }
        .neighbor-columns .name { display: block; font-size: 1rem; }
        .neighbor-columns .note {
            display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; opacity: 0.8;
        }
        .neighbor-columns .message {
            grid-row: 2 / span 4; margin: 0; padding: 0.5rem; opacity: 0.8; border-radius: 0.375rem;
            border: 1px dashed var(--st-border-color);
        }
        .neighbor-columns [data-state=stale] .row { opacity: 0.45; }
        .neighbor-columns .row {
            position: relative; display: flex; flex-direction: column; gap: 0.125rem; width: 100%; min-width: 0;
            margin: 0; padding: 0.25rem 0.3125rem 0.3125rem 0.625rem; overflow: hidden; cursor: pointer;
            text-align: left; color: inherit; background: var(--st-secondary-background-color); font: inherit;
            border: 1px solid transparent; border-radius: 0.375rem; transition: opacity 0.12s;
        }
        .neighbor-columns .row[data-mark]::before {
            content: ""; position: absolute; inset: 0 auto 0 0; width: 0.375rem; background: var(--mark);
        }
        .neighbor-columns .row[data-mark=striped]::before {
            background: repeating-linear-gradient(
                to bottom, var(--mark) 0 0.3125rem, var(--st-background-color) 0.3125rem 0.5rem
            );
        }
        .neighbor-columns .row:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
        .neighbor-columns[data-lit] .row:not([data-same]) { opacity: 0.4; }
        .neighbor-columns .row[data-same] { border-color: var(--mark, var(--st-text-color)); }
        .neighbor-columns .first { display: flex; gap: 0.25rem; min-width: 0; }
        .neighbor-columns .rank { flex: none; min-width: 1em; opacity: 0.8; font-variant-numeric: tabular-nums; }
        .neighbor-columns .title {
            display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden;
            overflow-wrap: anywhere;
        }
        /* Of many lists, the name has the whole width, so that no word is broken in the middle. */
        .neighbor-columns[data-many] .first { flex-wrap: wrap; gap: 0 0.25rem; }
        .neighbor-columns[data-many] .row { padding: 0.125rem 0.1875rem 0.1875rem 0.5rem; gap: 0; }
        .neighbor-columns[data-many] .title { order: 1; flex: 0 0 100%; -webkit-line-clamp: 2; }
        .neighbor-columns .second {
            display: flex; flex-wrap: wrap; gap: 0 0.375rem; font-variant-numeric: tabular-nums;
        }
        .neighbor-columns .count { margin-left: auto; opacity: 0.75; }
        .neighbor-columns .times { margin-left: auto; font-weight: 600; }
        .neighbor-columns .chips { display: flex; flex-wrap: wrap; gap: 0.1875rem; margin-top: auto; }
        .neighbor-columns .chip {
            max-width: 100%; padding: 0 0.375rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
            border: 1px solid var(--st-border-color); border-radius: 0.75rem;
        }
        .neighbor-columns .chip.same { font-weight: 600; border-color: currentColor; }
        @media (prefers-reduced-motion: reduce) { .neighbor-columns .row { transition: none; } }
    """,
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def neighbor_columns(columns: Sequence[Column], *, key: str, above: int, on_click: Callable[[str], None]) -> None:
    """Show the lists; the same ``key`` is the same element, whatever it shows.

    Args:
        columns: left to right.
        key: Streamlit key.
        above: pixels of the window that lie above and below: the lists take the rest, and scroll.
        on_click: called with the item's id before the script runs, so it may set the state of any widget.
    """

    def clicked() -> None:
        state = st.session_state.get(key)
        item = None if state is None else state.get("clicked")
        if item is not None:
            on_click(str(item))

    words: list[dict[str, Any]] = [dataclasses.asdict(column) for column in columns]
    _component(
        key=key,
        data={
            "columns": words,
            "high": f"max(20rem, calc(100vh - {above}px))",
            "rows": max([len(column.rows) for column in columns], default=0),
            "revision": hashlib.blake2b(json.dumps([above, words]).encode(), digest_size=6).hexdigest(),
        },
        on_clicked_change=clicked,
    )
