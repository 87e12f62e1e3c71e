"""A plane of points cut into buckets by hash functions: points are dragged, buckets and candidates follow at once.

The browser computes with the very numbers of :class:`recemb_core.neighbors.lsh.hashing.HashFunctions`; where the
points were put comes back to Python, which computes the same again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme
from recemb_core.neighbors.lsh.hashing import HashFunctions
from recemb_core.validation import require

REACH = (4.0, 3.0)  # the plane goes from −4 to 4 and from −3 to 3
COLORS = {"candidate": theme.FOUND, "near": theme.NEAR, "chosen": theme.CHOSEN, "other": theme.OTHER}

_component = st.components.v2.component(
    "recemb_hash_board",
    html='<div class="hash-board"></div>',
    css="""
        .hash-board { width: 100%; color: var(--st-text-color); font: 0.875rem var(--st-font); }
        /* Wholly in the window with its buttons and words: the plane is 640 units wide and 576 high. */
        .hash-board svg {
            width: 100%; max-width: max(20rem, (100vh - 19.5rem) * 640 / 576); height: auto; display: block;
            margin: 0 auto; touch-action: pan-y;
        }
        .hash-board svg text { font-size: 17px; }
        .hash-board-chips { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin-bottom: 0.375rem; }
        .hash-board button {
            cursor: pointer; color: inherit; background: var(--st-secondary-background-color); font: inherit;
            border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 0.5rem);
            padding: 0.1rem 0.55rem; margin: 0 0.125rem;
        }
        .hash-board button:hover, .hash-board button[aria-pressed=true] {
            color: var(--st-primary-color); border-color: var(--st-primary-color);
        }
        .hash-board-point { cursor: grab; touch-action: none; }
        .hash-board-point:active { cursor: grabbing; }
        .hash-board-point:focus { outline: none; }
        .hash-board-point:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
        .hash-board-foot { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; margin-top: 0.25rem; }
        .hash-board-words { flex: 1 1 16rem; font-weight: 600; font-variant-numeric: tabular-nums; }
    """,
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Board:
    """What lies on the plane and how it is cut.

    Raises:
        ValueError: arrays that do not fit each other; the message names them.
    """

    points: Float64Array
    """(n, 2), where they lie before anybody drags one"""
    names: tuple[str, ...]
    """(n,)"""
    query: int
    """index of the query"""
    k: int
    """nearest neighbors that count as true"""
    hashing: HashFunctions
    """of a family with straight borders, in two dimensions"""
    mode: str = "and_or"
    """One of "and_or" (all functions of one table agree), "or_and" (in every table one function does)."""

    def __post_init__(self) -> None:
        require(self.hashing.kind.straight, "hashing", self.hashing.family, "of a family with straight borders")
        n, at, cut = len(self.points), self.points.shape, self.hashing.directions.shape
        require(at == (n, 2) and n > 1, "points", at, "(n, 2) with n at least 2")
        require(len(self.names) == n, "names", len(self.names), f"a name for each of {n} points")
        require(0 <= self.query < n, "query", self.query, f"from 0 to {n - 1}")
        require(len(cut) == 3 and cut[2] == 2, "directions", cut, "(L, K, 2)")
        require(self.hashing.offsets.shape == cut[:2], "offsets", self.hashing.offsets.shape, f"of shape {cut[:2]}")


def hash_board(board: Board, *, key: str) -> Float64Array:
    """Show the board; returns where its points lie now, float64 (n, 2), those that were dragged included.

    Other functions, another width or mode leave the points where they were put; other points replace them.
    """
    points = board.points.round(3).tolist()
    points_revision = _digest(points, board.query, board.names)
    hashing = board.hashing
    words: dict[str, Any] = {
        "points": points,
        "points_revision": points_revision,
        "names": board.names,
        "query": board.query,
        "k": board.k,
        "by_sign": hashing.by_sign,
        "angle": hashing.kind.distance.is_angle,
        "directions": hashing.directions.tolist(),
        "offsets": hashing.offsets.tolist(),
        "width": hashing.width,
        "mode": board.mode,
        "colors": COLORS,
    }
    words["revision"] = _digest(words)
    result = _component(key=key, data=words, default={"placed": None}, on_placed_change=lambda: None)
    placed = result.get("placed")
    if placed and placed["revision"] == points_revision and len(placed["points"]) == len(points):
        return np.array(placed["points"], dtype=np.float64)
    return np.array(points, dtype=np.float64)


def _digest(*parts: Any) -> str:
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=6).hexdigest()
