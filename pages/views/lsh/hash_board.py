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
from recemb_core.neighbors.lsh.families import family_named

REACH = (4.0, 3.0)  # the plane goes from −4 to 4 and from −3 to 3
COLORS = {"candidate": theme.FOUND, "near": theme.NEAR, "chosen": theme.CHOSEN, "other": theme.OTHER}

_component = st.components.v2.component(
    "recemb_hash_board",
    html='<div class="hash-board"></div>',
    css="""
        .hash-board { width: 100%; color: var(--st-text-color); font: 0.875rem var(--st-font); }
        .hash-board svg { width: 100%; height: auto; display: block; touch-action: pan-y; }
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
    family: str
    """name of a registered family with straight borders"""
    directions: Float64Array
    """(L, K, 2)"""
    offsets: Float64Array
    """(L, K), b / w"""
    width: float | None
    """w; None for families without"""
    mode: str = "and_or"
    """One of "and_or" (all functions of one table agree), "or_and" (in every table one function does)."""

    def __post_init__(self) -> None:
        if not family_named(self.family).straight:
            raise ValueError(f"family must have straight borders to be drawn, and {self.family!r} has not")
        n = len(self.points)
        if self.points.shape != (n, 2) or n < 2:
            raise ValueError(f"points must be (n, 2) with n at least 2, not of shape {self.points.shape}")
        if len(self.names) != n:
            raise ValueError(f"names has {len(self.names)} values for {n} points")
        if not 0 <= self.query < n:
            raise ValueError(f"query is {self.query}; allowed are 0 to {n - 1}")
        if self.directions.ndim != 3 or self.directions.shape[2] != 2:
            raise ValueError(f"directions must be (L, K, 2), not of shape {self.directions.shape}")
        if self.offsets.shape != self.directions.shape[:2]:
            raise ValueError(f"offsets must be {self.directions.shape[:2]}, not {self.offsets.shape}")


def hash_board(board: Board, *, key: str) -> Float64Array:
    """Show the board; returns where its points lie now, float64 (n, 2), those that were dragged included.

    Other functions, another width or mode leave the points where they were put; other points replace them.
    """
    points = board.points.round(3).tolist()
    points_revision = _digest(points, board.query, board.names)
    family = family_named(board.family)
    rule = family.rule
    words: dict[str, Any] = {
        "points": points,
        "points_revision": points_revision,
        "names": board.names,
        "query": board.query,
        "k": board.k,
        "by_sign": rule is not None and rule.by_sign,
        "angle": family.distance.is_angle,
        "directions": board.directions.tolist(),
        "offsets": board.offsets.tolist(),
        "width": board.width,
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
