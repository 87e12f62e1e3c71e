"""The plane that hash functions cut into buckets: points to drag, and what theory expects of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, results, stage
from pages.kit.allowed import Options, Span
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.tables import table_or_lines
from pages.views.lsh import controls
from pages.views.lsh.hash_board import Board, hash_board
from pages.views.lsh.measures import LabSettings, angles_or_distances
from pages.views.lsh.points import LSH_PAGE
from recemb_core.arrays import AnyArray, BoolArray, Float64Array, Int32Array
from recemb_core.datasets.point_clouds import plane_points
from recemb_core.neighbors.lsh import LSHConfig
from recemb_core.neighbors.lsh.draws import Share, share_over_draws
from recemb_core.neighbors.lsh.hashing import HashFunctions, draw_functions
from recemb_core.neighbors.truth import true_neighbors

POINTS, NEAREST, DRAWS = 40, 5, 500
PATTERNS = {"groups": "Three groups", "cloud": "One cloud", "even": "Evenly spread", "rays": "Along rays"}
PATTERN = Parameter(
    LSH_PAGE,
    "pattern",
    "Points on the plane",
    Options(PATTERNS),
    "groups",
    help="Forty points; the red one is the query.",
)
BOARD_K = Parameter(
    LSH_PAGE,
    "board_k",
    "Functions K on the plane",
    Span(1, 4),
    2,
    help="Functions a table here; the page's own K is for many dimensions.",
)
BOARD_L = Parameter(
    LSH_PAGE, "board_l", "Tables L on the plane", Span(1, 4), 2, help="Tables here, each with functions of its own."
)
BOARD_W = Parameter(
    LSH_PAGE, "board_w", "Width w on the plane", Span(0.4, 5.0, 0.2), 2.0, help="The plane is 8 wide and 6 high."
)
# Each press of the button draws others; the number is the seed.
DRAWN_POINTS = Parameter(LSH_PAGE, "drawn_points", "New points", Span(1, 10_000), 1)
DRAWN_FUNCTIONS = Parameter(LSH_PAGE, "drawn_functions", "New functions", Span(1, 10_000), 1)


def board_controls(data: ActiveData, settings: LabSettings, further: Any) -> None:
    """Widgets of the board; those that no question is about go to ``further``."""
    controls.MODE.draw(data)
    shape_controls(data, settings)
    with further:
        for drawn in (DRAWN_FUNCTIONS, DRAWN_POINTS):
            draw_button(data, drawn)
        controls.family_control(data)
        PATTERN.draw(data)


def shape_controls(data: ActiveData, settings: LabSettings) -> None:
    """K, L and w of the plane."""
    left, right = controls.pair("board")
    BOARD_K.draw(data, left, label="Functions K", disabled=settings.mode == "or")
    BOARD_L.draw(data, right, label="Tables L", disabled=settings.mode == "and")
    BOARD_W.draw(data, disabled=not settings.hashing.has_width)


def board_section(data: ActiveData, settings: LabSettings, numbers: Any, drawn: list[Plane]) -> None:
    """The board, and the table of the query's true neighbors; what lies there now is put into ``drawn``."""
    if not settings.hashing.straight:
        st.info(
            f"The plane is drawn for functions that cut it along straight borders. {settings.hashing.label}: these cut "
            "it otherwise. Choose another hash family, or look at one item."
        )
        return
    hashing = functions_of(plane_config(data, settings))
    board = Board(
        points=plane_points(PATTERN.value(data), DRAWN_POINTS.value(data), n=POINTS),
        names=tuple(f"Point {i}" for i in range(POINTS)),
        query=0,
        k=NEAREST,
        hashing=hashing,
        mode=settings.grid_mode,
    )
    with stage.picture():
        points = hash_board(board, key=f"lsh board@{data.key}")
    plane = Plane(points, hashing, settings)
    drawn.append(plane)
    _plane_figures(data, plane, numbers)
    st.caption(
        "Drag any point, the red query too, or use the arrow keys. Full lines are the borders of the function pressed "
        "above, dashed ones those of the others; the arrow is its direction a, and the line below holds the "
        "projections. Green: the candidates, and the region where a point would be one. "
        f"Orange rings: the {NEAREST} truly nearest."
    )
    _what_theory_expects(plane)


@dataclass(frozen=True, eq=False)
class Plane:
    """Where the points lie now, and the functions that cut them; the first point is the query."""

    points: Float64Array
    hashing: HashFunctions
    settings: LabSettings

    @property
    def near(self) -> Int32Array:
        """The truly nearest, nearest first."""
        rows = self.points.astype(np.float32)
        return true_neighbors(rows, np.array([0]), NEAREST, self.settings.hashing.distance.metric).ids[0]

    @property
    def found(self) -> BoolArray:
        """(n,) which points are candidates."""
        caught = meets(self.hashing, self.points, self.settings.mode)
        return np.asarray(caught.all(axis=1) if self.settings.mode == "or_and" else caught.any(axis=1))

    def chances(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Of the nearest: (distance, chance that one function keeps them together, that the setting does)."""
        distance = angles_or_distances(self.points[self.near], self.points[:1], self.settings.family)
        tables, functions = self.hashing.offsets.shape
        setting = replace(self.settings, width=self.hashing.width, tables=tables, functions=functions)
        return distance, *setting.chance(distance)


def _plane_figures(data: ActiveData, plane: Plane, numbers: Any) -> None:
    near, found, often = plane.near, plane.found, many_draws(data, plane)
    frame.metrics(
        [
            ("Found", f"{int(found[near].sum())} of {NEAREST}", "Of the truly nearest, by the functions drawn here."),
            ("Scanned", f"{int(found[1:].sum())} of {len(found) - 1}", "Candidates among the other points."),
            ("Theory", f"{plane.chances()[2].mean():.2f}", "The recall expected from the distances alone."),
            (
                f"Recall, {DRAWS} draws",
                f"{float(often.mean):.2f}",
                f"Mean over {DRAWS} other draws of functions, these points; 95% interval {float(often.low):.2f} to "
                f"{float(often.high):.2f}.",
            ),
        ],
        numbers,
    )


def draw_button(data: ActiveData, drawn: Parameter[int]) -> None:
    """The button that draws others."""
    st.button(drawn.label, icon=":material/casino:", on_click=_another, args=(data, drawn), width="stretch")


def plane_config(data: ActiveData, settings: LabSettings) -> LSHConfig:
    """The index that the plane shows."""
    functions, tables = replace(settings, functions=BOARD_K.value(data), tables=BOARD_L.value(data)).shape
    return LSHConfig(
        family=settings.family,
        mode=settings.mode,
        functions=functions,
        tables=tables,
        width=BOARD_W.value(data),
        seed=10_000 * (settings.seed % 1_000) + DRAWN_FUNCTIONS.value(data),
    )


def plane_with(data: ActiveData, plane: Plane, **change: Any) -> Plane:
    """The same points cut by other functions: ``functions``, ``tables`` or ``width`` of the index."""
    config = replace(plane_config(data, plane.settings), **change)
    return replace(plane, hashing=functions_of(config))


def functions_of(config: LSHConfig) -> HashFunctions:
    """The functions that an index of this setting draws on the plane."""
    return draw_functions(
        2, family=config.family, tables=config.tables, functions=config.functions, width=config.width, seed=config.seed
    )


def _another(data: ActiveData, drawn: Parameter[int]) -> None:
    now = drawn.bind(data)
    now.set(now.value % 10_000 + 1)


def meets(hashing: HashFunctions, points: AnyArray, mode: str) -> BoolArray:
    """(n, L): whether a table takes each point as a candidate of the first one."""
    codes = hashing.codes(points)
    agree = codes == codes[:1]
    return agree.any(axis=2) if mode == "or_and" else agree.all(axis=2)


def _what_theory_expects(plane: Plane) -> None:
    near, found, angle = plane.near, plane.found, plane.settings.hashing.distance.is_angle
    distance, p, chance = plane.chances()
    caught = meets(plane.hashing, plane.points, plane.settings.mode)
    table_or_lines(
        pl.DataFrame(
            {
                "Nearest": [f"Point {i}" for i in near],
                "Distance": np.degrees(distance) if angle else distance,
                "p": p,
                "P(candidate)": chance,
                "In tables": [", ".join(str(t + 1) for t in np.flatnonzero(caught[i])) or "–" for i in near],
                "Found": found[near],
            }
        ),
        "plane",
        {
            "Distance": st.column_config.NumberColumn("Angle (°)" if angle else "Distance", format="%.2f"),
            "p": st.column_config.NumberColumn(
                format="%.2f", help="Probability that one function keeps both together."
            ),
            "P(candidate)": st.column_config.NumberColumn(format="%.2f", help="The same after AND and OR."),
        },
    )
    said = "nothing" if not found[near].any() else f"{int(found[near].sum())} of {NEAREST}"
    st.markdown(
        f"These functions find **{said}** of the nearest. Theory expects a recall of **{float(chance.mean()):.2f}**."
    )


def many_draws(data: ActiveData, plane: Plane) -> Share:
    """Recall over many draws of functions; the query is the only one, so that only the draws are noise."""
    settings, like = plane.settings, plane.hashing
    tables, functions = like.offsets.shape
    key = ("board functions", settings.family, tables, functions)
    make = lambda: draw_functions(  # noqa: E731
        2, family=settings.family, tables=DRAWS * tables, functions=functions, width=like.width, seed=77
    )
    hashing = replace(results.remember(data, key, make), width=like.width)
    near = plane.points[plane.near]
    caught = meets(hashing, np.concatenate([plane.points[:1], near]), settings.mode)[1:]
    caught = caught.reshape(len(near), DRAWS, tables)
    found = caught.all(axis=2) if settings.mode == "or_and" else caught.any(axis=2)
    return share_over_draws(found.mean(axis=0), trials=DRAWS)
