"""The sweep of p and q: phase maps, the gliding map, what moved; the Sweeps view shows the same sweep otherwise."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from pages.kit import frame, jobs, model_results, navigation, parameters, results, stage
from pages.kit.allowed import Several, Span
from pages.kit.answer_words import number
from pages.kit.controls import BIASES, Labelling
from pages.kit.live_chart import Frames, live_chart
from pages.kit.model_controls import MINUTES_OFFERED
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.sweeps import opening, panel
from pages.kit.sweeps.live import Found
from pages.kit.text import plain, plain_field
from pages.views.node2vec.one_setting import NODE2VEC_PAGE, SCORES, Shown, base_of, draw_map, rows_on_map
from pages.views.node2vec.sweep_grid import AskedGrid, Grid
from pages.views.node2vec.sweep_words import TWO_QUESTIONS, judged, verdict, verdicts
from recemb_core.embeddings import Node2VecConfig
from recemb_core.evaluation import seed_band
from recemb_core.evaluation.noise import LEAST_SEEDS, default_seeds
from recemb_core.experiments.sweep import SweepCell, SweepConfig
from recemb_core.figures.phase_map import PhaseCell, parse_cell, phase_map_figure
from recemb_core.layouts import UMAPConfig
from recemb_core.sweeps import STRUCTURE
from recemb_core.sweeps.grid import Cell, Scores

DEFAULT = SweepConfig()
SWEEP_PS = Parameter(
    NODE2VEC_PAGE, "sweep_ps", "Values of p", Several(BIASES, least=1), list(DEFAULT.ps), help="Rows of the maps."
)
SWEEP_QS = Parameter(
    NODE2VEC_PAGE,
    "sweep_qs",
    "Values of q",
    Several(BIASES, least=1),
    list(DEFAULT.qs),
    help="Columns of the phase maps.",
)
SWEEP_SEEDS = Parameter(
    NODE2VEC_PAGE,
    "sweep_seeds",
    "Seeds a cell",
    Span(2, 10),
    help=f"More seeds find smaller changes. Noise is measured from {LEAST_SEEDS} seeds on.",
)
SWEEP_BY = Parameter(
    NODE2VEC_PAGE,
    "sweep_by",
    "The winner goes by",
    Options({"structural": "structural score", "homophily": "homophily score"}),
    "structural",
    help="Both scores are measured in every cell. The best three by this one, and p = q = 1, are trained again with "
    "fresh seeds, and the verdict goes by these.",
)
SWEEP_MINUTES = Parameter(
    NODE2VEC_PAGE,
    "sweep_most_minutes",
    "Minutes at most",
    Steps(MINUTES_OFFERED, lambda value: str(value) if value else "no limit"),
    MINUTES_OFFERED[0],
    help="Of work, fresh seeds included: fewer cells are filled where all would take longer.",
)
_PRESSED = "_square was pressed"


def sweep_controls(data: ActiveData, n: int, base: Node2VecConfig, umap: UMAPConfig) -> AskedGrid:
    """The grid, editable; the other settings are those of the page."""
    with st.expander("Grid"):
        ps, qs = (tuple(sorted(one.draw(data))) or (1.0,) for one in (SWEEP_PS, SWEEP_QS))
        seeds = SWEEP_SEEDS.draw(data, default=default_seeds(n))
        aim = SWEEP_BY.draw(data)
        minutes = SWEEP_MINUTES.draw(data)
    return AskedGrid(SweepConfig(ps=ps, qs=qs, seeds=seeds, base=base_of(base), umap=umap), aim, minutes or None)


def sweep_section(shown: Shown, asked: AskedGrid, color: Labelling) -> None:
    """Draw the sweep; what is missing is run when the person asks, behind the page."""
    data, grid = shown.data, Grid(shown, asked)
    # Whoever starts the sweep wants its maps too.
    also = partial(jobs.allow, data, [grid.drawing({}).identity])

    def draw(found: Found, kept: str) -> None:
        if st.session_state.pop(_PRESSED, False):
            st.rerun()  # p and q of the whole page, of which this is a part
        scores = grid.scores(found.runs)
        panel.buttons(data, found, ready=grid.ready(scores, found.runs), also=also)
        if found.state != "over":
            panel.said(found)
        if scores:
            _phase_maps(grid, scores)
            st.caption(verdicts(asked.config, shown.labellings, scores))
        if found.state == "over":
            panel.said(found)
        st.caption(TWO_QUESTIONS)
        panel.grounds(found, kept)
        panel.leave(data)
        with st.container(horizontal=True):
            if found.beforehand:
                panel.anew(data, found, also=also)
            panel.forget(data, found)

    opening.to_mine_at_work(data, grid.ground)
    found = panel.redrawn(data, grid.ground, draw)
    opening.to_the_sweeps(data, grid.ground)
    if not found.at_work and (scores := grid.scores(found.runs)):
        _maps(grid, scores, color)


def sweep_section(shown: Shown, config: SweepConfig, color: Labelling) -> None:
    """Draw the sweep, running what is missing when the person asks."""
    data, sweep = shown.data, Sweep(shown, config)
    missing = len(sweep.missing)
    places: list[Any] = []
    runs = missing * config.seeds + (0 if sweep.base is not None else max(config.seeds, 2))
    job = Job(
        ("sweep", shown.graph.fingerprint, config, sweep.names),
        f"the sweep: {missing} cells × {config.seeds} seeds",
        runs * model_results.model_seconds(data, config.base, len(shown.graph)) + 0.3 * missing,
        lambda report: sweep.fill(places, report),
        asks=True,
    )
    run = missing > 0 and jobs.may_run(data, job)
    if missing and not run:
        jobs.run_button(data, "sweep", [job], names=job.label)
        halted = jobs.halted(data, job, "; the cells that were done are kept")
        if not sweep.found:
            st.info(
                f"{halted}Each cell is a setting of p and q, trained with several seeds. Press Run to fill the grid."
            )
            return
        if halted:
            st.caption(halted)
    bar = st.container()
    with stage.picture():
        places += [column.empty() for column in frame.side_by_side("phase-maps", (1, 1), "15rem")]
        _phase_maps(sweep, places)
    if run:
        with bar:
            jobs.perform(data, job)
            st.rerun()
        jobs.run_button(data, "sweep maps", [job], verb="Draw", names=job.label)
        st.caption(f"{jobs.halted(data, job, '; the maps that were done are kept')}{missing} cells have no map yet.")
    if known:
        _what_moved(grid, color, _frames(grid, known, color))


def _phase_maps(grid: Grid, scores: dict[Cell, Scores]) -> None:
    data, config = grid.shown.data, grid.config

    def choose(cell: str) -> None:
        parameters.set_parameters(data, **dict(zip("pq", parse_cell(cell), strict=True)))
        st.session_state[_PRESSED] = True

def sweep_settings(config: SweepConfig) -> dict[str, Any]:
    """The grid as parameters of the Sweeps view."""
    own = {name: value for name, value in asdict(config.base).items() if name != "seed"}
    told = page_settings(SessionFile(model="node2vec", config=own))[0]
    del told["models"]
    for name, values in (("p", config.ps), ("q", config.qs)):
        told[f"sweep_values_node2vec.{name}"] = ", ".join(f"{value:g}" for value in values)
    trials = len(config.cells) + (1 if (1.0, 1.0) not in config.cells else 0)
    return told | {
        "runs_view": "sweep",
        "sweep_model": "node2vec",
        "sweep_over": ["p", "q"],
        "sweep_aim": "structural",
        "sweep_sampler": "grid",
        "sweep_trials": next((most for most in TRIALS_OFFERED if most >= trials), TRIALS_OFFERED[-1]),
    }


def _phase_maps(sweep: Sweep, places: list[Any], tag: str = "") -> None:
    data, config = sweep.shown.data, sweep.config
    choose = lambda cell: parameters.set_parameters(data, **dict(zip("pq", parse_cell(cell), strict=True)))  # noqa: E731
    for place, by, title in zip(places, sweep.shown.labellings, SCORES, strict=True):
        maximum = sweep.shown.score(sweep.shown.vectors, by).maximum
        test = judged(config, sweep.found, sweep.base, by.name)
        cells = [
            PhaseCell(c.p, c.q, band.mean, band.low, band.high, band.seeds, verdict(test, c.p, c.q))
            for c in sweep.found.values()
            for band in [c.band(by.name)]
        ]
        noise = 0.0 if test is None or not test.measured else max(map(test.margin, test.change), default=0.0)
        name = f"{title} score by {plain(by.words)}"
        figure = phase_map_figure(cells, config.ps, config.qs, title=name, step=noise, chosen=sweep.chosen)
        with place.container():
            # A line each, or the maps stand unevenly.
            st.markdown(f"**{title}** by {plain(by.words)}, of {maximum:.2f}")
            live_chart(figure, key=f"phase {title}@{data.key}{tag}", height=300, above=350, on_click=choose)
            steps = f"one color: alike within noise, ±{noise:.3f}" if noise else "noise not judged yet"
            low, high = min((c.mean for c in cells), default=0.0), max((c.mean for c in cells), default=0.0)
            st.caption(f"Colors from {number(low)} to {number(high)}; {steps}.")


def _frames(grid: Grid, found: dict[Cell, SweepCell], color: Labelling) -> SweepCell:
    """The map that glides through the grid; returns the cell at which the person stopped."""
    config = grid.config
    # Every other row backwards, so that each frame differs from the last by one step of p or q.
    rows = [[(p, q) for q in config.qs][:: 1 if i % 2 == 0 else -1] for i, p in enumerate(config.ps)]
    order = [cell for row in rows for cell in row if cell in found]
    start = next((order.index(cell) for cell in (grid.chosen, (1.0, 1.0)) if cell in order), 0)
    drawn = rows_on_map(grid.shown)
    titled = list(zip(("homophily", "structural"), grid.names, strict=True))
    frames = Frames(
        ids=tuple(grid.shown.graph.items[int(row)] for row in drawn),
        positions=np.stack([found[cell].map[drawn] for cell in order]),
        labels=tuple(f"p = {p:g}, q = {q:g}" for p, q in order),
        start=start,
        captions=tuple(
            " · ".join(f"{title} {found[cell].band(name).mean:.2f}" for title, name in titled) for cell in order
        ),
    )
    st.markdown("**The map through the grid** — play, or move the slider; items whose neighbors stay do not move")
    first, title = found[order[start]].map, "sweep of p and q"
    events = draw_map(grid.shown, first, color, key="sweep map", height=560, named=title, frames=frames)
    return found[order[start if events.frame is None else min(events.frame, len(order) - 1)]]


def _what_moved(grid: Grid, color: Labelling, cell: SweepCell) -> None:
    """Items by change of their neighbors, measured in the original space."""
    assert sweep.base is not None
    own = sweep.base.own_overlap
    least = float(np.quantile(own, 0.05))  # two seeds keep as much for 95 % of the items
    moved = np.flatnonzero((cell.overlap < least) & (cell.overlap < own))
    order = moved[np.argsort((cell.overlap - own)[moved], kind="stable")][:15]
    st.subheader(f"What moved at p = {cell.p:g}, q = {cell.q:g}", anchor=False)
    rule = f"fewer than {least:.0%} of their 10 nearest are kept, which another seed alone leaves to 95 % of the items"
    if not len(moved):
        st.markdown(f"**Nothing beyond noise**: of no item {rule}.")
    else:
        shown = f"; the {len(order)} that moved most" if len(order) < len(moved) else ""
        st.markdown(
            f"**{len(moved):,} of {len(own):,} items** moved beyond noise, by neighbors, not by pixels: {rule}{shown}."
        )
    percent = partial(st.column_config.NumberColumn, format="percent")
    if len(moved):
        st.dataframe(
            {
                "Item": [sweep.shown.data.titles[int(i)] for i in order],
                color.words.capitalize(): color.values[order].astype(str),
                "Neighbors kept": cell.overlap[order],
                "Kept between two seeds": own[order],
            },
            hide_index=True,
            column_config={
                "Neighbors kept": percent(help="Of the 10 nearest at p = q = 1."),
                "Kept between two seeds": percent(help="At p = q = 1: what noise alone leaves."),
            },
        )
    st.caption(
        f"On average {cell.overlap.mean():.0%} of an item's 10 nearest neighbors at p = q = 1 are still there; two "
        f"seeds there share {own.mean():.0%}. The map keeps what it should: scores of the 2-D points themselves are "
        + ", ".join(f"{value:.2f} by {plain_field(name)}" for name, value in cell.spread_2d.items())
        + "."
    )
