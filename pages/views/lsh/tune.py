"""The LSH page's first view: five numbers, what a setting buys, the heat map, the S-curve, distances."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, results
from pages.kit.allowed import Options
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.views.lsh import answers, controls, measures, words
from pages.views.lsh import times as lsh_times
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LSH_PAGE, LabPoints
from pages.views.lsh.times import LabTimes
from recemb_core.figures.bucket_loads import bucket_loads_figure
from recemb_core.figures.collision_curve import collision_curve_figure
from recemb_core.figures.distance_histogram import distance_histogram_figure
from recemb_core.figures.lsh_heat_map import MEASURES, lsh_heat_map_figure
from recemb_core.figures.lsh_tradeoff import Cells, parse_cell, precision_recall, recall_cost, share_text
from recemb_core.neighbors.lsh.cells import LSHCell, LSHGrid
from recemb_core.neighbors.lsh.theory import MODES, amplified_probability, collision_probability
from recemb_core.timing import ROUNDS

CURVE = 160  # points of a drawn curve
BINS = 48
SHADE = Parameter(LSH_PAGE, "shade", "Color", Options(MEASURES, row=True), "recall")


def measured_or_theory(data: ActiveData, points: LabPoints, settings: LabSettings, *, wait: bool) -> LSHGrid:
    """The measured grid; theory's where the code that measures is still being compiled, and the page looks again."""
    if not measures.kernels_ready(1.5):
        if not wait:
            st.info(
                "These are theory's figures, from the distances alone. The code that measures is being compiled for "
                "this machine, once and for about a minute; the measured figures come by themselves."
            )
            st.fragment(_look_again, run_every=1.5)()
            return measures.theory_grid(data, points, settings)
        with st.spinner("Compiling the code that measures for this machine, once and for about a minute …"):
            while not measures.kernels_ready(0.5):
                pass
    note = st.spinner("Measuring every K and L …") if len(points) > 20_000 else nullcontext()
    with note:
        return measures.grid_so_far(data, points, settings)


def _look_again() -> None:
    if measures.kernels_ready(0):
        st.rerun()


def _later(work: Callable[[], bool], seconds: float) -> None:
    """Do ``work`` again and again after this run, when everything is drawn; once it says True the page runs anew."""
    drawn = False

    def run() -> None:
        nonlocal drawn
        if drawn and work():
            st.rerun()
        drawn = True

    st.fragment(run, run_every=seconds)()


def tune_metrics(settings: LabSettings, cell: LSHCell, n: int, queries: int, places: list[Any], ready: bool) -> None:
    """Recall, precision and cost as means over draws of functions, with their intervals once there are some draws."""
    waits = "95 % interval follows" if ready else "theory"
    over = f"Over {queries} queries and one draw of functions, seed {settings.seed}."
    if cell.draws > 1:
        over = (
            f"Mean over {queries} queries and {cell.draws} draws of functions, seed {settings.seed} the first; below "
            "it the 95 % interval, which covers both."
        )
    empty = not np.isfinite(cell.precision)

    def card(
        place: Any, label: str, value: str, ends: tuple[float, float], text: Callable[[float], str], what: str
    ) -> None:
        place.metric(
            label,
            value,
            delta=f"{text(ends[0])} to {text(ends[1])}" if np.isfinite(ends[0]) else waits,
            delta_color="off",
            delta_arrow="off",
            help=f"{what} {over if ready else 'What theory expects.'}",
        )

    three = "{:.3f}".format
    card(
        places[0],
        f"Recall@{settings.k}",
        three(cell.recall),
        (cell.recall_low, cell.recall_high),
        three,
        f"Share of the {settings.k} truly nearest that are candidates.",
    )
    card(
        places[1],
        "Precision",
        "no candidates" if empty else three(cell.precision),
        (cell.precision_low, cell.precision_high),
        three,
        "Share of all candidates that are among the truly nearest, all queries of a draw together.",
    )
    card(
        places[2],
        "Candidates scanned",
        share_text(cell.cost),
        (cell.cost_low, cell.cost_high),
        share_text,
        f"Points compared with a query: {cell.candidates:,.1f} of {n - 1:,}. The query itself never counts.",
    )


def time_metrics(times: LabTimes | None, places: list[Any], points: LabPoints) -> None:
    """Microseconds a query of the setting and of the exact scan; None while they are not measured."""
    wait = "…"
    batch = f"On this machine, one thread: a batch of {len(points.queries)} queries"
    spread = lambda timing: f"{timing.low:,.1f} to {timing.high:,.1f}"  # noqa: E731
    places[3].metric(
        "Time a query",
        wait if times is None else f"{times.index.median:,.1f} µs",
        delta=wait if times is None else spread(times.index),
        delta_color="off",
        delta_arrow="off",
        help=f"{batch}, exact ranking of the candidates and multi-probe included, building not"
        + ("" if times is None else f" ({1000 * times.build_seconds:,.0f} ms)")
        + f". The median of {ROUNDS} rounds in turns with the exact scan; below it the shortest and the longest.",
    )
    places[4].metric(
        "Exact scan",
        wait if times is None else f"{times.scan.median:,.1f} µs",
        delta=wait if times is None else spread(times.scan),
        delta_color="off",
        delta_arrow="off",
        help=f"{batch}, every query against every point (faiss); it finds everything. Median, shortest and longest of "
        f"{ROUNDS} rounds.",
    )


def trade_section(data: ActiveData, settings: LabSettings, measured: LSHGrid, cell: LSHCell) -> None:
    """What every setting finds and scans, beside the controls."""
    cells = measures.cells_of(measured, settings.grid_mode)
    star = measures.least_cost(measured, settings)
    click = lambda cell: controls.take_cell(data, settings, *parse_cell(cell))  # noqa: E731
    left, right = controls.columns("trade")
    with left:
        st.markdown("**Recall against cost**")
        figure = recall_cost(
            cells,
            current=settings.shape,
            frontier=measures.frontier(cells),
            target=settings.target,
            best=star,
            others={f"with {settings.probing} further buckets": (cell.cost, cell.recall)}
            if settings.probing and cell.cost > 0
            else {},
        )
        live_chart(figure, key=f"lsh cost@{data.key}", height=340, glide=False, on_click=click)
    with right:
        st.markdown("**Precision against recall**")
        figure = precision_recall(cells, current=settings.shape, mode=measures.MODES[settings.mode])
        live_chart(figure, key=f"lsh paths@{data.key}", height=340, glide=False, on_click=click)
    _heat_map(data, settings, cells, star, click, measured.draws)


def _heat_map(
    data: ActiveData, settings: LabSettings, cells: Cells, star: tuple[int, int] | None, click: Any, draws: int
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Every K and L**", width="content")
        measure = SHADE.draw(data, label_visibility="collapsed")
    figure = lsh_heat_map_figure(
        cells, measure=measure, current=settings.shape, targets={settings.target: "solid"}, best=star
    )
    live_chart(figure, key=f"lsh map@{data.key}", height=360, glide=False, on_click=click)
    reached = (cells.recall >= settings.target - 1e-12).sum()
    st.caption(
        f"A click takes the square's K and L. The white line parts the {reached} of {cells.recall.size} settings that "
        f"find at least {settings.target:.0%} from the rest"
        + ("; the star is the cheapest of them. " if star is not None else ". ")
        + (f"{_draws_in_words(draws)} Hover for the intervals." if draws > 1 else _draws_in_words(draws))
        + (" AND is the first column, OR the lowest row." if settings.grid_mode == "and_or" else "")
    )


def _draws_in_words(draws: int) -> str:
    return f"Means of {draws} draws of functions." if draws > 1 else "One draw of functions so far."


def curve_section(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """Why: the probability to meet by distance, and where the distances lie."""
    left, right = controls.columns("curves")
    angle = settings.hashing.distance.is_angle
    near, every = measures.distances(data, points, settings)
    with left:
        st.markdown(
            "**Probability to meet, by distance**: lines are theory, points are measured over "
            f"{measures.CURVE_DRAWS} draws"
        )
        reach = np.pi if angle else float(max(every.max(), 1.5 * np.median(near)))
        distance = np.linspace(0, reach, CURVE)
        single = collision_probability(distance, settings.width, settings.family)
        curves: dict[str, Any] = {
            mode: amplified_probability(single, settings.tables, settings.functions, mode) for mode in MODES
        }
        low, high = np.quantile(near, [0.1, 0.9])
        figure = collision_curve_figure(
            distance,
            single,
            curves,
            mode=settings.mode,
            measured=measures.measured_curves(data, points, settings),
            bands={f"{settings.k} nearest": (float(low), float(high))},
            angle=angle,
        )
        live_chart(figure, key=f"lsh curve@{data.key}", height=400, glide=False)
    with right:
        st.markdown("**Distances**: the nearest against all pairs")
        edges = np.linspace(0, max(float(every.max()), float(near.max())) or 1.0, BINS + 1)
        figure = distance_histogram_figure(
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


def load_section(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """How many candidates each query gets."""
    counts = lsh_times.candidate_counts(data, points, settings)
    st.markdown(
        f"**Candidates of a query**, in the index with seed {settings.seed}: {int((counts == 0).sum())} of "
        f"{len(counts)} queries have none (red), half have at most {int(np.median(counts)):,}"
    )
    figure = bucket_loads_figure(counts, len(points) - 1, name=settings.said())
    live_chart(figure, key=f"lsh loads@{data.key}", height=260, glide=False)


def tune_section(
    data: ActiveData, points: LabPoints, settings: LabSettings, measured: LSHGrid, numbers: Any, main: Any
) -> None:
    """The whole view: figures on top, charts beside the controls and below; times and further draws come last."""
    ready = measures.kernels_ready(0)
    with numbers:
        st.html("<style>.st-key-lsh-numbers [data-testid=stColumn] { min-width: 8.5rem; }</style>")
        places = [column.empty() for column in st.columns(5)]
        said, more = st.empty(), st.container()
    cell = measures.cell(data, points, settings, measured) if ready else measured.cell(
        settings.grid_mode, *settings.shape
    )  # fmt: skip
    tune_metrics(settings, cell, measured.n, measured.queries, places, ready)
    time_metrics(None, places, points)
    with main:
        trade_section(data, settings, measured, cell)
    frame.try_this(data, answers.experiments(data, points, settings))
    curve_section(data, points, settings)
    times = lsh_times.lab_times(data, points, settings) if ready else None
    with more:
        if times is not None:
            time_metrics(times, places, points)
            said.markdown(words.verdict(points, settings, cell, times))
        elif ready:
            said.caption(
                "Times are measured as soon as the server has ended another run, or its warm-up."
                if results.busy()
                else "Other work on this machine spoils the times, so none is shown; they are measured again and again."
            )
            _later(lambda: lsh_times.lab_times(data, points, settings) is not None, 5.0)
        if ready and measured.draws == 1:
            _more_draws(data, points, settings)
        elif ready:
            st.caption(words.draws_line(settings, measured, cell))
    if ready:
        load_section(data, points, settings)


def _more_draws(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """Further draws of functions, behind what is drawn already."""

    def work() -> bool:
        place = st.empty()

        def report(fraction: float, stage: str) -> None:
            place.caption(f"Measuring how much the functions matter: {stage}.")

        measures.grid_over_draws(data, points, settings, report)
        return True

    st.caption("One draw of functions so far; others follow, and with them the intervals.")
    _later(work, 0.2)
