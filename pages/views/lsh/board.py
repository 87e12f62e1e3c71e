"""The plane that hash functions cut into buckets: points to drag, and what theory expects of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import results
from pages.kit.allowed import Options, Span
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
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


def board_controls(data: ActiveData, settings: LabSettings) -> None:
    """Widgets of the board."""
    controls.MODE.draw(data)
    BOARD_K.draw(data, disabled=settings.mode == "or")
    BOARD_L.draw(data, disabled=settings.mode == "and")
    BOARD_W.draw(data, disabled=not settings.hashing.has_width)
    controls.family_control(data)
    PATTERN.draw(data)
    for drawn in (DRAWN_POINTS, DRAWN_FUNCTIONS):
        draw_button(data, drawn)


def board_section(data: ActiveData, settings: LabSettings) -> None:
    """The board, and the table of the query's true neighbors."""
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
    points = hash_board(board, key=f"lsh board@{data.key}")
    st.caption(
        "Drag any point, the red query too, or use the arrow keys. Full lines are the borders of the function pressed "
        "above, dashed ones those of the others; the arrow is its direction a, and the line below holds the "
        "projections. Green: the candidates, and the region where a point would be one. "
        f"Orange rings: the {NEAREST} truly nearest."
    )
    _what_theory_expects(data, settings, points, hashing)


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


def _what_theory_expects(data: ActiveData, settings: LabSettings, points: Float64Array, hashing: HashFunctions) -> None:
    measure = settings.hashing.distance
    near = true_neighbors(points.astype(np.float32), np.array([0]), NEAREST, measure.metric).ids[0]
    distance = angles_or_distances(points[near], points[:1], settings.family)
    tables, functions = hashing.offsets.shape
    p, chance = replace(settings, width=hashing.width, tables=tables, functions=functions).chance(distance)
    caught = meets(hashing, points, settings.mode)
    found = np.asarray(caught.all(axis=1) if settings.mode == "or_and" else caught.any(axis=1))
    st.dataframe(
        pl.DataFrame(
            {
                "Nearest": [f"Point {i}" for i in near],
                "Distance": np.degrees(distance) if measure.is_angle else distance,
                "p": p,
                "P(candidate)": chance,
                "In tables": [", ".join(str(t + 1) for t in np.flatnonzero(caught[i])) or "–" for i in near],
                "Found": found[near],
            }
        ),
        hide_index=True,
        column_config={
            "Distance": st.column_config.NumberColumn("Angle (°)" if measure.is_angle else "Distance", format="%.2f"),
            "p": st.column_config.NumberColumn(
                format="%.2f", help="Probability that one function keeps both together."
            ),
            "P(candidate)": st.column_config.NumberColumn(format="%.2f", help="The same after AND and OR."),
        },
    )
    expected, often = float(chance.mean()), _many_draws(data, settings, points, near, hashing)
    said = "nothing" if not found[near].any() else f"{int(found[near].sum())} of {NEAREST}"
    st.markdown(
        f"These functions find **{said}** of the nearest. Theory expects a recall of **{expected:.2f}**; "
        f"over {DRAWS} other draws of functions it is **{float(often.mean):.2f}** on average (95 % interval "
        f"{float(often.low):.2f} to {float(often.high):.2f})."
    )


def _many_draws(
    data: ActiveData, settings: LabSettings, points: Float64Array, near: Int32Array, like: HashFunctions
) -> Share:
    """Recall over many draws of functions; the query is the only one, so that only the draws are noise."""
    tables, functions = like.offsets.shape
    key = ("board functions", settings.family, tables, functions)
    make = lambda: draw_functions(  # noqa: E731
        2, family=settings.family, tables=DRAWS * tables, functions=functions, width=like.width, seed=77
    )
    hashing = replace(results.remember(data, key, make), width=like.width)
    caught = meets(hashing, np.concatenate([points[:1], points[near]]), settings.mode)[1:]
    caught = caught.reshape(len(near), DRAWS, tables)
    found = caught.all(axis=2) if settings.mode == "or_and" else caught.any(axis=2)
    return share_over_draws(found.mean(axis=0), trials=DRAWS)
