"""The sweep of p and q: phase maps, the gliding map, what moved; the Sweeps view shows the same sweep otherwise."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from pages.kit import frame, jobs, parameters, stage
from pages.kit.allowed import Options, Several, Span, Steps
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


def _maps(grid: Grid, scores: dict[Cell, Scores], color: Labelling) -> None:
    """The gliding map and what moved; maps that are missing are drawn first, or behind their button."""
    data, known = grid.shown.data, grid.pictures(scores)
    missing = sum(at in scores and at not in known for at in grid.config.cells)
    if missing:
        job = grid.drawing(scores)
        if jobs.may_run(data, job):
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

    with stage.picture():
        places = frame.side_by_side("phase-maps", (1, 1), "15rem")
    for place, by, title, aim in zip(places, grid.shown.labellings, SCORES, STRUCTURE, strict=True):
        maximum = grid.shown.score(grid.shown.vectors, by).maximum
        test = judged(config, scores, aim)
        cells = []
        for p, q in config.cells:
            if (p, q) in scores:
                band = seed_band(scores[p, q][aim])
                cells.append(PhaseCell(p, q, band.mean, band.low, band.high, band.seeds, verdict(test, p, q)))
        noise = 0.0 if test is None or not test.measured else max(map(test.margin, test.change), default=0.0)
        name = f"{title} score by {plain(by.words)}"
        figure = phase_map_figure(cells, config.ps, config.qs, title=name, step=noise, chosen=grid.chosen)
        with place:
            # A line each, or the maps stand unevenly.
            st.markdown(f"**{title}** by {plain(by.words)}, of {maximum:.2f}")
            live_chart(figure, key=f"phase {title}@{data.key}", height=300, above=350, on_click=choose)
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
    events = draw_map(grid.shown, first, color, key="sweep map", height=330, named=title, frames=frames)
    return found[order[start if events.frame is None else min(events.frame, len(order) - 1)]]


def _what_moved(grid: Grid, color: Labelling, cell: SweepCell) -> None:
    """Items by change of their neighbors, measured in the original space."""
    assert grid.base is not None
    own = grid.base.own_overlap
    least = float(np.quantile(own, 0.05))  # two seeds keep as much for 95% of the items
    moved = np.flatnonzero((cell.overlap < least) & (cell.overlap < own))
    order = moved[np.argsort((cell.overlap - own)[moved], kind="stable")][:15]
    st.subheader(f"What moved at p = {cell.p:g}, q = {cell.q:g}", anchor=False)
    rule = f"fewer than {least:.0%} of their 10 nearest are kept, which another seed alone leaves to 95% of the items"
    if not len(moved):
        st.markdown(f"**Nothing beyond noise**: of no item {rule}.")
    else:
        shown = f"; the {len(order)} that moved most" if len(order) < len(moved) else ""
        st.markdown(
            f"**{len(moved):,} of {len(own):,} items** moved beyond noise, by neighbors, not by pixels: {rule}{shown}."
        )
        percent = partial(st.column_config.NumberColumn, format="percent")
        st.dataframe(
            {
                "Item": [grid.shown.data.titles[int(i)] for i in order],
                color.words.capitalize(): color.values[order].astype(str),
                "Neighbors kept": cell.overlap[order],
                "Kept between two seeds": own[order],
            },
            hide_index=True,
            height=min(248, 38 + 35 * len(order)),
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
