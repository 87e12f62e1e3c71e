"""The LSH page's first view: five numbers, what a setting buys, the heat map, the S-curve, distances."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import streamlit as st

from pages.shared import cached, frame, lsh_measures, lsh_view, lsh_words, selection
from pages.shared.live_chart import live_chart
from pages.shared.lsh_measures import LabRun, LabSettings
from pages.shared.lsh_points import LabPoints
from pages.shared.selection import ActiveData
from recemb_core.figures.bucket_loads import bucket_loads
from recemb_core.figures.collision_curve import collision_curve
from recemb_core.figures.distance_histogram import distance_histogram
from recemb_core.figures.lsh_heat_map import MEASURES, lsh_heat_map
from recemb_core.figures.lsh_tradeoff import Cells, parse_cell, precision_recall, recall_cost, share_text
from recemb_core.neighbors.lsh_grid import LSHGrid
from recemb_core.neighbors.lsh_theory import MODES, amplified_probability, collision_probability

CURVE = 160  # points of a drawn curve
BINS = 48


def measured_or_theory(data: ActiveData, points: LabPoints, settings: LabSettings, *, wait: bool) -> LSHGrid:
    """The measured grid; theory's where the code that measures is still being compiled, and the page looks again."""
    if not lsh_measures.kernels_ready(1.5):
        if not wait:
            st.info(
                "These are theory's figures, from the distances alone. The code that measures is being compiled for "
                "this machine, once and for about a minute; the measured figures come by themselves."
            )
            st.fragment(_look_again, run_every=1.5)()
            return lsh_measures.theory_grid(data, points, settings)
        with st.spinner("Compiling the code that measures for this machine, once and for about a minute …"):
            while not lsh_measures.kernels_ready(0.5):
                pass
    note = st.spinner("Measuring every K and L …") if len(points) > 20_000 else nullcontext()
    with note:
        return lsh_measures.grid(data, points, settings)


def _look_again() -> None:
    if lsh_measures.kernels_ready(0):
        st.rerun()


def _when_free() -> None:
    if not cached.busy():
        st.rerun()


def tune_metrics(settings: LabSettings, measured: LSHGrid, run: LabRun | None, places: list[Any]) -> None:
    """What the grid knows at once: recall, precision, candidates; the times follow when they are measured.

    Further probes are not in the grid: with them the figures are those of the index itself.
    """
    cell = measured.cell(settings.grid_mode, *settings.shape)
    if run is not None and settings.probing:
        mean = float(run.counts.mean())
        cell = cell._replace(
            recall=run.recall, precision=run.precision, candidates=mean, cost=mean / measured.n,
            recall_error=run.recall_error, precision_error=float("nan"),
        )  # fmt: skip
    noise = lambda error: f"± {1.96 * error:.3f}" if np.isfinite(error) else "noise not measured"  # noqa: E731
    empty = not np.isfinite(cell.precision)
    places[0].metric(
        f"Recall@{settings.k}",
        f"{cell.recall:.3f}",
        delta=noise(cell.recall_error),
        delta_color="off",
        delta_arrow="off",
        help=f"Share of the {settings.k} truly nearest that are candidates, mean over {measured.queries} queries; "
        "± is the 95 % interval over queries, with one draw of functions.",
    )
    places[1].metric(
        "Precision",
        "no candidates" if empty else f"{cell.precision:.3f}",
        delta=None if empty else noise(cell.precision_error),
        delta_color="off",
        delta_arrow="off",
        help="Share of all candidates that are among the truly nearest, all queries together.",
    )
    places[2].metric(
        "Candidates scanned",
        share_text(cell.cost),
        delta=f"{cell.candidates:,.0f} of {measured.n - 1:,}" if cell.candidates >= 10 else f"{cell.candidates:.1f}",
        delta_color="off",
        delta_arrow="off",
        help="Points compared with a query, on average. The query itself never counts.",
    )


def time_metrics(
    settings: LabSettings, run: LabRun | None, exact: float | None, places: list[Any], points: LabPoints
) -> None:
    """Microseconds a query of the setting and of the exact scan; None while they are not measured."""
    wait = "…"
    places[3].metric(
        "Time a query",
        wait if run is None else f"{run.microseconds:,.1f} µs",
        delta=wait if run is None else f"built in {1000 * run.build_seconds:,.0f} ms",
        delta_color="off",
        delta_arrow="off",
        help=f"On this machine: a batch of {len(points.queries)} queries, the best of three, exact ranking of the "
        "candidates included and building not. It includes multi-probe.",
    )
    against = wait
    if run is not None and exact is not None:
        factor = exact / max(run.microseconds, 1e-9)
        against = f"LSH is {factor:.1f} × as fast" if factor >= 1 else f"LSH is {1 / factor:.1f} × slower"
    places[4].metric(
        "Exact scan",
        wait if exact is None else f"{exact:,.1f} µs",
        delta=against,
        delta_color="off",
        delta_arrow="off",
        help="Every query against every point (faiss), the same batch on the same machine; it finds everything.",
    )


def trade_section(data: ActiveData, settings: LabSettings, measured: LSHGrid, run: LabRun | None) -> None:
    """What every setting finds and scans, beside the controls."""
    cells = lsh_measures.cells_of(measured, settings.grid_mode)
    star = lsh_measures.least_cost(measured, settings)
    click = lambda cell: lsh_view.take_cell(data, settings, *parse_cell(cell))  # noqa: E731
    left, right = lsh_view.columns("trade")
    with left:
        st.markdown("**Recall against cost**")
        figure = recall_cost(
            cells,
            current=settings.shape,
            frontier=lsh_measures.frontier(cells),
            target=settings.target,
            best=star,
            others=_probed(settings, measured, run),
        )
        live_chart(figure, key=f"lsh cost@{data.key}", height=340, glide=False, on_click=click)
    with right:
        st.markdown("**Precision against recall**")
        figure = precision_recall(cells, current=settings.shape, mode=lsh_measures.MODES[settings.mode])
        live_chart(figure, key=f"lsh paths@{data.key}", height=340, glide=False, on_click=click)
    _heat_map(data, settings, cells, star, click)


def _probed(settings: LabSettings, measured: LSHGrid, run: LabRun | None) -> dict[str, tuple[float, float]]:
    """The setting with further probes, a point of its own: the grid has none."""
    if run is None or not settings.probing or not run.counts.any():
        return {}
    return {f"with {settings.probing} further buckets": (float(run.counts.mean()) / measured.n, run.recall)}


def _heat_map(data: ActiveData, settings: LabSettings, cells: Cells, star: tuple[int, int] | None, click: Any) -> None:
    key = selection.parameter("shade", data, "recall", str, lambda v: v in MEASURES)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Every K and L**", width="content")
        st.segmented_control(
            "Color", list(MEASURES), format_func=MEASURES.__getitem__, key=key, required=True,
            persist_state="session", label_visibility="collapsed",
        )  # fmt: skip
    figure = lsh_heat_map(
        cells,
        measure=st.session_state[key],
        current=settings.shape,
        targets={settings.target: "solid"},
        best=star,
    )
    live_chart(figure, key=f"lsh map@{data.key}", height=360, glide=False, on_click=click)
    st.caption(
        f"A click takes the square's K and L. Settings on the bright side of the white line find at least "
        f"{settings.target:.0%}; the star is the cheapest of them. AND is the first column, OR the lowest row."
        if settings.grid_mode == "and_or"
        else f"A click takes the square's K and L. The white line is recall {settings.target:.0%}; the star is the "
        "cheapest setting that reaches it."
    )


def curve_section(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """Why: the probability to meet by distance, and where the distances lie."""
    left, right = lsh_view.columns("curves")
    angle = settings.family == "hyperplane"
    near, every = lsh_measures.distances(data, points, settings)
    with left:
        st.markdown("**Probability to meet, by distance**: lines are theory, points are measured")
        reach = np.pi if angle else float(max(every.max(), 1.5 * np.median(near)))
        distance = np.linspace(0, reach, CURVE)
        single = collision_probability(distance, settings.width, settings.family)
        curves: dict[str, Any] = {
            mode: amplified_probability(single, settings.tables, settings.functions, mode) for mode in MODES
        }
        low, high = np.quantile(near, [0.1, 0.9])
        figure = collision_curve(
            distance,
            single,
            curves,
            mode=settings.mode,
            measured=lsh_measures.measured_curves(data, points, settings),
            bands={f"{settings.k} nearest": (float(low), float(high))},
            angle=angle,
        )
        live_chart(figure, key=f"lsh curve@{data.key}", height=400, glide=False)
    with right:
        st.markdown("**Distances**: the nearest against all pairs")
        edges = np.linspace(0, max(float(every.max()), float(near.max())) or 1.0, BINS + 1)
        figure = distance_histogram(
            edges,
            np.histogram(near, edges)[0],
            np.histogram(every, edges)[0],
            k=settings.k,
            width=settings.width,
            default_width=settings.default_width if settings.width is not None else None,
            angle=angle,
        )
        live_chart(figure, key=f"lsh distances@{data.key}", height=400, glide=False)
    st.caption(
        f"The shaded band holds the middle 80 % of the distances to the {settings.k} nearest. A good setting is high "
        "inside it and low where all other pairs are; where the two histograms overlap, no setting can part them."
    )


def load_section(data: ActiveData, points: LabPoints, settings: LabSettings, run: LabRun) -> None:
    """How many candidates each query gets."""
    st.markdown("**Candidates of a query**: AND empties the buckets (red), OR floods them")
    figure = bucket_loads(run.counts, len(points) - 1, name=settings.said())
    live_chart(figure, key=f"lsh loads@{data.key}", height=260, glide=False)


def tune_section(
    data: ActiveData, points: LabPoints, settings: LabSettings, measured: LSHGrid, numbers: Any, main: Any
) -> None:
    """The whole view: figures on top, charts beside the controls and below; times are measured last."""
    ready = lsh_measures.kernels_ready(0)
    with numbers:
        st.html("<style>.st-key-lsh-numbers [data-testid=stColumn] { min-width: 8.5rem; }</style>")
        places = [column.empty() for column in st.columns(5)]
        said = st.empty()
    run = lsh_measures.run_setting(data, points, settings) if settings.probing and ready else None
    tune_metrics(settings, measured, run, places)
    time_metrics(settings, None, None, places, points)
    with main:
        trade_section(data, settings, measured, run)
    frame.try_this(data, lsh_words.EXPERIMENTS)
    curve_section(data, points, settings)
    busy = cached.busy()
    exact = None if busy or not ready else lsh_measures.exact_microseconds(data, points, settings)
    run = lsh_measures.run_setting(data, points, settings) if ready else None
    if busy:
        said.caption("Times are measured as soon as the server has ended another run, or its warm-up.")
        st.fragment(_when_free, run_every=1.5)()
    else:
        time_metrics(settings, run, exact, places, points)
        if run is not None and exact is not None:
            said.markdown(lsh_words.verdict(points, settings, run, exact))
    if run is not None:
        load_section(data, points, settings, run)
