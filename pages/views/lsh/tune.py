"""The LSH page's first view: five numbers, what a setting buys, the heat map, the S-curve, distances."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import background, frame, stage
from pages.kit.allowed import Options
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.views.lsh import controls, measures, words
from pages.views.lsh import times as lsh_times
from pages.views.lsh.curve import band_line, curve_chart
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LSH_PAGE, LabPoints
from pages.views.lsh.times import LabTimes
from recemb_core.figures.bucket_loads import bucket_loads_figure
from recemb_core.figures.distance_histogram import distance_histogram_figure
from recemb_core.figures.lsh_heat_map import MEASURES, lsh_heat_map_figure
from recemb_core.figures.lsh_tradeoff import Cells, parse_cell, precision_recall, recall_cost, share_text
from recemb_core.neighbors.lsh.cells import LSHCell, LSHGrid
from recemb_core.neighbors.lsh.theory import MODES
from recemb_core.timing import ROUNDS, Timing

BINS = 48
ONE_DRAW = "One draw of functions so far."
SHADE = Parameter(LSH_PAGE, "shade", "Color of the squares", Options(MEASURES), "recall")


def measured_or_theory(data: ActiveData, points: LabPoints, settings: LabSettings, *, wait: bool) -> LSHGrid:
    """The measured grid; theory's where the code that measures is still being compiled, and the page looks again."""
    # Waited for once a visit: a slider that is moved meanwhile shall not wait again.
    if not measures.kernels_ready(0 if st.session_state.get("_lsh awaited") else 1.5):
        st.session_state["_lsh awaited"] = True
        if not wait:
            st.fragment(_look_again, run_every=1.5)()
            return measures.theory_grid(data, points, settings)
        with st.spinner("Compiling the code that measures for this machine, once and for about a minute …"):
            while not measures.kernels_ready(0.5):
                pass
    with st.spinner("Measuring every K and L …") if len(points) > 20_000 else nullcontext():
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


def _card(place: Any, label: str, value: str, below: str, what: str) -> None:
    place.metric(label, value, delta=below, delta_color="off", delta_arrow="off", help=what)


def tune_metrics(settings: LabSettings, cell: LSHCell, n: int, queries: int, places: list[Any], ready: bool) -> None:
    """Recall, precision and cost as means over draws of functions, with their intervals once there are some draws."""
    waits = "95% interval follows" if ready else "theory"
    over = f"Over {queries} queries and one draw of functions, seed {settings.seed}."
    if cell.draws > 1:
        over = (
            f"Mean over {queries} queries and {cell.draws} draws of functions, seed {settings.seed} the first; below "
            "it the 95% interval, which covers both."
        )
    cards = (
        ("recall", f"Recall@{settings.k}", f"Share of the {settings.k} truly nearest that are candidates."),
        (
            "precision",
            "Precision",
            "Share of all candidates that are among the truly nearest, all queries of a draw together.",
        ),
        (
            "cost",
            "Scanned",
            f"Share of the points that are candidates, so compared with a query: {cell.candidates:,.1f} of {n - 1:,}. "
            "The query itself never counts.",
        ),
    )
    for place, (name, label, what) in zip(places, cards, strict=False):
        text = share_text if name == "cost" else "{:.3f}".format
        value, low, high = (getattr(cell, name + end) for end in ("", "_low", "_high"))
        below = f"{text(low)} to {text(high)}" if np.isfinite(low) else waits
        shown = text(value) if np.isfinite(value) else "no candidates"
        _card(place, label, shown, below, f"{what} {over if ready else 'What theory expects.'}")


def time_metrics(times: LabTimes | None, places: list[Any], points: LabPoints) -> None:
    """Microseconds a query of the setting and of the exact scan; None while they are not measured."""
    batch = f"On this machine, one thread: a batch of {len(points.queries)} queries"
    built = "" if times is None else f" ({1000 * times.build_seconds:,.0f} ms)"
    cards = (
        (
            "index",
            "Time a query",
            f"exact ranking of the candidates and multi-probe included, building not{built}. The "
            f"median of {ROUNDS} rounds in turns with the exact scan; below it the shortest and the longest.",
        ),
        (
            "scan",
            "Exact scan",
            "every query against every point (faiss); it finds everything. Median, shortest and "
            f"longest of {ROUNDS} rounds.",
        ),
    )
    for place, (name, label, what) in zip(places[3:], cards, strict=True):
        value, below = "…", "…"
        if times is not None:
            timing: Timing = getattr(times, name)
            value, below = f"{timing.median:,.1f} µs", f"{timing.low:,.1f} to {timing.high:,.1f}"
        _card(place, label, value, below, f"{batch}, {what}")


def trade_section(data: ActiveData, points: LabPoints, settings: LabSettings, measured: LSHGrid) -> LSHCell:
    """What every setting finds and scans, beside the controls; returns the figures of the one in use."""
    ready = measures.kernels_ready(0)
    cell = measures.cell(data, points, settings, measured) if ready else settings.cell_of(measured)
    cells = measures.cells_of(measured, settings.grid_mode)
    star = measures.least_cost(measured, settings)
    click = lambda cell: controls.take_cell(data, settings, *parse_cell(cell))  # noqa: E731
    probed = {f"with {settings.probing} further buckets": (cell.cost, cell.recall)}
    with stage.picture():
        figure = recall_cost(
            cells,
            current=settings.shape,
            frontier=measures.frontier(cells),
            target=settings.target,
            best=star,
            others=probed if settings.probing and cell.cost > 0 else {},
        )
        live_chart(figure, key=f"lsh cost@{data.key}", height=218, above=490, glide=False, on_click=click)
        figure = lsh_heat_map_figure(
            cells, measure=SHADE.value(data), current=settings.shape, targets={settings.target: "solid"}, best=star
        )
        live_chart(figure, key=f"lsh map@{data.key}", height=244, glide=False, on_click=click)
    _about_squares(settings, cells, star, measured.draws)
    if not ready:
        st.caption(
            "These are theory's figures, from the distances alone. The code that measures is being compiled for "
            "this machine, once and for about a minute; the measured figures come by themselves."
        )
    return cell


def _about_squares(settings: LabSettings, cells: Cells, star: tuple[int, int] | None, draws: int) -> None:
    reached = (cells.recall >= settings.target - 1e-12).sum()
    st.caption(
        "Above: every K and L by what it finds and scans. Below: the same as squares; a click takes one's K and L. The "
        f"white line parts the {reached} of {cells.recall.size} settings that find at least {settings.target:.0%} "
        "from the rest"
        + ("; the star is the cheapest of them. " if star is not None else ". ")
        + (f"Means of {draws} draws of functions. Hover for the intervals." if draws > 1 else ONE_DRAW)
        + (" AND is the first column, OR the lowest row." if settings.grid_mode == "and_or" else "")
    )


def curve_section(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """Why: the probability to meet by distance, and where the distances lie."""
    st.subheader("Why: how likely two points meet", anchor=False)
    left, right = controls.columns("curves")
    near, every = measures.distances(data, points, settings)
    with left:
        st.markdown(
            "**Probability to meet, by distance**: lines are theory, points are measured over "
            f"{measures.CURVE_DRAWS} draws"
        )
        curve_chart(data, points, settings, MODES, measured=True, key="lsh curve", height=285)
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
            angle=settings.hashing.distance.is_angle,
        )
        live_chart(figure, key=f"lsh distances@{data.key}", height=285, glide=False)
    st.caption(
        f"{band_line(settings)} A good setting is high inside it and low where all other pairs are; where the two "
        "histograms overlap, no setting can part them."
    )


def paths_section(data: ActiveData, settings: LabSettings, measured: LSHGrid) -> None:
    """What one more table, or one more function, buys from the setting in use."""
    cells = measures.cells_of(measured, settings.grid_mode)
    st.subheader("Precision against recall", anchor=False)
    st.markdown("One table, or one function, more at a time")
    figure = precision_recall(cells, current=settings.shape, mode=measures.MODES[settings.mode])
    click = lambda cell: controls.take_cell(data, settings, *parse_cell(cell))  # noqa: E731
    live_chart(figure, key=f"lsh paths@{data.key}", height=196, glide=False, on_click=click)


def load_section(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """How many candidates each query gets."""
    counts = lsh_times.candidate_counts(data, points, settings)
    st.subheader("How many candidates each query gets", anchor=False)
    st.markdown(
        f"In the index with seed {settings.seed}, {int((counts == 0).sum())} of "
        f"{len(counts)} queries have none (red), half have at most {int(np.median(counts)):,}"
    )
    figure = bucket_loads_figure(counts, len(points) - 1, name=settings.said())
    live_chart(figure, key=f"lsh loads@{data.key}", height=196, glide=False)


def tune_section(
    data: ActiveData, points: LabPoints, settings: LabSettings, measured: LSHGrid, cell: LSHCell, numbers: Any
) -> None:
    """What stands around :func:`trade_section`: figures on top, charts below; times and further draws come last."""
    ready = measures.kernels_ready(0)
    with numbers:
        places = [column.empty() for column in frame.figure_columns("scores", 5)]
    said, more = st.empty(), st.container()
    tune_metrics(settings, cell, measured.n, measured.queries, places, ready)
    time_metrics(None, places, points)
    curve_section(data, points, settings)
    left, right = controls.columns("paths")
    with left:
        paths_section(data, settings, measured)
    with right:
        if ready:
            load_section(data, points, settings)
    times = lsh_times.lab_times(data, points, settings) if ready else None
    with more:
        if verdict := words.verdict(points, settings, cell, times):
            said.markdown(verdict)
        if times is not None:
            time_metrics(times, places, points)
        elif ready:
            st.caption(_why_no_times())
            _later(lambda: lsh_times.lab_times(data, points, settings) is not None, 5.0)
        if ready and measured.draws == 1:
            _more_draws(data, points, settings)
        elif ready:
            st.caption(words.draws_line(settings, measured, cell))


def _why_no_times() -> str:
    if background.busy():
        return "Times are measured as soon as the server has ended another run, or its warm-up."
    if background.others_at_work():
        return (
            "Other people use this server, and a measurement would make them wait: times are measured in the first "
            f"{background.PAUSE:g} s in which nobody else's page is drawn."
        )
    return "Other work on this machine spoils the times, so none is shown; they are measured again and again."


def _more_draws(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """Further draws of functions, behind what is drawn already."""

    def work() -> bool:
        place = st.empty()

        def report(fraction: float, stage: str) -> None:
            place.caption(f"Measuring how much the functions matter: {stage}.")

        measures.grid_over_draws(data, points, settings, report)
        return True

    st.caption(f"{ONE_DRAW[:-1]}; others follow, and with them the intervals.")
    _later(work, 0.2)
