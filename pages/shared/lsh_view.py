"""The LSH laboratory's controls, and what a click on a setting does."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared import parameters, selection
from pages.shared.lsh_measures import (
    MODES,
    MOST_FUNCTIONS,
    MOST_TABLES,
    LabSettings,
    default_width,
    least_cost,
)
from pages.shared.lsh_points import LabPoints
from pages.shared.selection import ActiveData
from recemb_core.figures.lsh_tradeoff import share_text
from recemb_core.neighbors.lsh_cells import LSHGrid

FAMILIES = {"euclidean": "Euclidean", "hyperplane": "Hyperplanes (cosine)"}
RATIOS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
NEIGHBORS = (1, 5, 10, 20, 50)
TARGETS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99)
PROBES = (0, 1, 2, 4, 8, 16, 32)


def lab_settings(data: ActiveData, points: LabPoints) -> LabSettings:
    """The settings in use; binds them to the session and the link without drawing anything."""
    ks = [k for k in NEIGHBORS if k < len(points)]
    spec: dict[str, tuple[Any, Any, Any]] = {
        "hashing": ("euclidean", str, lambda v: v in FAMILIES),
        "mode": ("and_or", str, lambda v: v in MODES),
        "functions": (10, int, lambda v: 1 <= v <= MOST_FUNCTIONS),
        "tables": (24, int, lambda v: 1 <= v <= MOST_TABLES),
        "ratio": (4.0, float, lambda v: v in RATIOS),
        "nearest": (max((k for k in ks if k <= 10), default=1), int, lambda v: v in NEIGHBORS),
        "probes": (0, int, lambda v: v in PROBES),
        "target": (0.9, float, lambda v: v in TARGETS),
    }
    v = {name: st.session_state[selection.parameter(name, data, *how)] for name, how in spec.items()}
    if v["nearest"] not in ks:  # set where there were more points
        v["nearest"] = st.session_state[f"nearest@{data.key}"] = ks[-1]
    usual = default_width(data, points)
    return LabSettings(
        family=v["hashing"],
        mode=v["mode"],
        functions=v["functions"],
        tables=v["tables"],
        ratio=v["ratio"],
        width=usual * v["ratio"] / 4 if v["hashing"] == "euclidean" else None,
        default_width=usual,
        k=v["nearest"],
        probes=v["probes"],
        target=v["target"],
        seed=selection.seed(),
    )


def mode_control(data: ActiveData) -> None:
    """How functions combine."""
    st.selectbox(
        "Combine by",
        list(MODES),
        format_func=MODES.__getitem__,
        key=f"mode@{data.key}",
        persist_state="session",
        help="AND: all K functions agree. OR: one of L does. AND-then-OR: all K agree in one of L tables. "
        "OR-then-AND: one of K agrees in every of L tables.",
    )


def family_control(data: ActiveData) -> None:
    """Which hash functions."""
    st.selectbox(
        "Hash family",
        list(FAMILIES),
        format_func=FAMILIES.__getitem__,
        key=f"hashing@{data.key}",
        persist_state="session",
        help="Euclidean: ⌊(a·v + b)/w⌋, for distances. Hyperplane: the side a·v ≥ 0, for angles (cosine).",
    )


def lab_controls(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """Widgets of the settings."""
    keep: Any = "session"
    one = settings.default_width / 4
    mode_control(data)
    st.slider(
        "Functions K",
        1,
        MOST_FUNCTIONS,
        key=f"functions@{data.key}",
        persist_state=keep,
        disabled=settings.mode == "or",
        help="Functions a table. OR uses one.",
    )
    st.slider(
        "Tables L",
        1,
        MOST_TABLES,
        key=f"tables@{data.key}",
        persist_state=keep,
        disabled=settings.mode == "and",
        help="Tables, each with functions of its own. AND uses one.",
    )
    st.select_slider(
        "Bucket width w",
        RATIOS,
        format_func=lambda ratio: f"{ratio * one:.3g}",
        key=f"ratio@{data.key}",
        persist_state=keep,
        disabled=settings.family == "hyperplane",
        help=f"In the unit of the vectors. The median distance of near neighbors is {one:.3g}, and four times that is "
        "where it starts. Hyperplanes have no width.",
    )
    family_control(data)
    with st.expander("Neighbors and probing"):
        st.select_slider(
            "Nearest neighbors k",
            [k for k in NEIGHBORS if k < len(points)] if len(points) > 6 else [1, 1 if len(points) < 6 else 5],
            key=f"nearest@{data.key}",
            persist_state=keep,
            help="Recall counts how many of the k truly nearest points are among the candidates.",
        )
        st.select_slider(
            "Further buckets a table (multi-probe)",
            PROBES,
            key=f"probes@{data.key}",
            persist_state=keep,
            disabled=settings.mode == "or_and",
            help="Also looks into the likeliest neighboring buckets: more recall without more tables.",
        )


def target_controls(data: ActiveData, settings: LabSettings, measured: LSHGrid) -> None:
    """The recall asked for, and the button that takes the cheapest setting which reaches it."""
    st.select_slider(
        "Recall wanted",
        TARGETS,
        format_func=lambda share: f"{share:.0%}",
        key=f"target@{data.key}",
        persist_state="session",
        help="The line in the charts.",
    )
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


def columns(name: str, widths: tuple[int, int] = (1, 1)) -> Any:
    """Two columns that lie one under the other where each would be too narrow to read."""
    with st.container(key=f"lsh-{name}"):
        # Said three times to weigh more than the rule of the columns that the row itself may stand in.
        st.html(f"<style>.st-key-lsh-{name} {COLUMN * 3} {{ min-width: min(17rem, 100%); }}</style>")
        return st.columns(widths, gap="medium")
