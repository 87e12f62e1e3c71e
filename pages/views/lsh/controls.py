"""The LSH laboratory's controls, and what a click on a setting does."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.kit import parameters, session
from pages.kit.allowed import Options, Span, Steps
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.views.lsh.measures import (
    MODES,
    MOST_FUNCTIONS,
    MOST_TABLES,
    NEIGHBORS,
    LabSettings,
    default_width,
    least_cost,
    usual_nearest,
)
from pages.views.lsh.points import LSH_PAGE, LabPoints
from recemb_core.figures.lsh_tradeoff import share_text
from recemb_core.neighbors.lsh.cells import LSHGrid
from recemb_core.neighbors.lsh.families import FAMILIES

RATIOS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
TARGETS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99)
PROBES = (0, 1, 2, 4, 8, 16, 32)

HASHING = Parameter(
    LSH_PAGE, "hashing", "Hash family", Options(FAMILIES, shown=lambda name: FAMILIES[name].label), "euclidean"
)
MODE = Parameter(
    LSH_PAGE,
    "mode",
    "Combine by",
    Options(MODES),
    "and_or",
    help="AND: all K functions agree. OR: one of L does. AND-then-OR: all K agree in one of L tables. "
    "OR-then-AND: one of K agrees in every of L tables.",
)
FUNCTIONS = Parameter(
    LSH_PAGE, "functions", "Functions K", Span(1, MOST_FUNCTIONS), 10, help="Functions a table. OR uses one."
)
TABLES = Parameter(
    LSH_PAGE,
    "tables",
    "Tables L",
    Span(1, MOST_TABLES),
    24,
    help="Tables, each with functions of its own. AND uses one.",
)
RATIO = Parameter(LSH_PAGE, "ratio", "Bucket width w", Steps(RATIOS), 4.0)
NEAREST = Parameter(
    LSH_PAGE,
    "nearest",
    "Nearest neighbors k",
    Steps(NEIGHBORS),
    help="Recall counts how many of the k truly nearest points are among the candidates.",
)
PROBING = Parameter(
    LSH_PAGE,
    "probes",
    "Further buckets a table (multi-probe)",
    Steps(PROBES),
    0,
    help="Also looks into the likeliest neighboring buckets: more recall without more tables.",
)
TARGET = Parameter(
    LSH_PAGE, "target", "Recall wanted", Steps(TARGETS, "{:.0%}".format), 0.9, help="The line in the charts."
)


def lab_settings(data: ActiveData, points: LabPoints) -> LabSettings:
    """The settings in use; binds them to the session and the link without drawing anything."""
    family, ratio = HASHING.value(data), RATIO.value(data)
    usual = default_width(data, points, family)
    return LabSettings(
        family=family,
        mode=MODE.value(data),
        functions=FUNCTIONS.value(data),
        tables=TABLES.value(data),
        ratio=ratio,
        width=usual * ratio / 4 if FAMILIES[family].has_width else None,
        default_width=usual,
        k=_nearest(data, points).value,
        probes=PROBING.value(data),
        target=TARGET.value(data),
        seed=session.seed(),
    )


def usual_settings(data: ActiveData, points: LabPoints) -> LabSettings:
    """Those that the page starts with, on the points in use."""
    family, ratio = HASHING.default or "euclidean", RATIO.default or 4.0
    usual = default_width(data, points, family)
    return LabSettings(
        family=family,
        mode=MODE.default or "and_or",
        functions=FUNCTIONS.default or 10,
        tables=TABLES.default or 24,
        ratio=ratio,
        width=usual * ratio / 4 if FAMILIES[family].has_width else None,
        default_width=usual,
        k=usual_nearest(len(points)),
        probes=0,
        target=TARGET.default or 0.9,
        seed=session.seed(),
    )


def family_control(data: ActiveData) -> None:
    """Which hash functions: whatever is registered."""
    HASHING.draw(data, help=" ".join(f"{family.label}: {family.help}" for family in FAMILIES.values()))


def _numbers(points: LabPoints) -> list[int]:
    return [k for k in NEIGHBORS if k < len(points)]


def _nearest(data: ActiveData, points: LabPoints) -> Bound:
    """How many neighbors: fewer than there are points."""
    ks = _numbers(points)
    return NEAREST.bind(data, default=usual_nearest(len(points)), among=ks)


def lab_controls(data: ActiveData, settings: LabSettings) -> None:
    """Widgets of what is tuned: how functions are combined, how many, how wide their buckets are."""
    one = settings.default_width / 4
    MODE.draw(data)
    left, right = pair("shape")
    FUNCTIONS.draw(data, left, disabled=settings.mode == "or")
    TABLES.draw(data, right, disabled=settings.mode == "and")
    RATIO.draw(
        data,
        format_func=lambda ratio: f"{ratio * one:.3g}",
        disabled=not settings.hashing.has_width,
        help=f"In the unit of the vectors. The median distance of near neighbors is {one:.3g}, and four times that is "
        f"where it starts. Without a width: {', '.join(f.label for f in FAMILIES.values() if not f.has_width)}.",
    )


def more_controls(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """Widgets of what is set once: the hash functions, how many neighbors, further buckets."""
    with st.expander("Hashing, neighbors, probing"):
        family_control(data)
        ks = _numbers(points)
        _nearest(data, points).draw(offered=ks if len(ks) > 1 else ks * 2)  # a slider has two ends
        PROBING.draw(data, disabled=not settings.can_probe)


def target_controls(data: ActiveData, settings: LabSettings, measured: LSHGrid) -> None:
    """The recall asked for, and the button that takes the cheapest setting which reaches it."""
    TARGET.draw(data)
    best = least_cost(measured, settings)
    st.button(
        "Least cost at this recall",
        icon=":material/target:",
        width="stretch",
        disabled=best is None,
        on_click=take_cell,
        args=(data, settings, *(best or settings.shape)),
    )
    if best is None:
        st.caption(f"No K and L of {MODES[settings.mode]} reaches {settings.target:.0%} at this width.")
    else:
        cell = measured.cell(settings.grid_mode, *best)
        ends = f" ({cell.recall_low:.2f} to {cell.recall_high:.2f})" if cell.draws > 1 else ""
        st.caption(f"K = {best[0]}, L = {best[1]}: scans {share_text(cell.cost)}, recall {cell.recall:.2f}{ends}.")


def take_cell(data: ActiveData, settings: LabSettings, functions: int, tables: int) -> None:
    """Use the setting of a clicked cell, with the mode that has it."""
    mode = settings.mode
    if (mode == "and" and tables > 1) or (mode == "or" and functions > 1):
        mode = "and_or"
    parameters.set_parameters(data, functions=functions, tables=tables, mode=mode)


COLUMN = "[data-testid=stColumn]"


def pair(name: str) -> Any:
    """Two columns for two short controls, side by side in a narrow column."""
    with st.container(key=f"lsh-{name}"):
        st.html(f"<style>.st-key-lsh-{name} {COLUMN * 3} {{ min-width: 6rem; }}</style>")
        return st.columns(2, gap="small")


def columns(name: str, widths: tuple[int, int] = (1, 1)) -> Any:
    """Two columns that lie one under the other where each would be too narrow to read."""
    with st.container(key=f"lsh-{name}"):
        # Said three times to weigh more than the rule of the columns that the row itself may stand in.
        st.html(f"<style>.st-key-lsh-{name} {COLUMN * 3} {{ min-width: min(17rem, 100%); }}</style>")
        return st.columns(widths, gap="medium")
