"""The sweep of p and q: phase maps, the gliding map, what moved."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, jobs, model_results, navigation, parameters, results
from pages.kit.allowed import Several, Span
from pages.kit.controls import BIASES, Labelling
from pages.kit.jobs import Job
from pages.kit.live_chart import Frames, live_chart
from pages.kit.model_controls import TRIALS_OFFERED
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain, plain_field
from pages.views.node2vec.one_setting import NODE2VEC_PAGE, SCORES, Shown, base_of, draw_map
from pages.views.node2vec.sweep_words import judged, verdict, verdicts
from recemb_core import precomputed
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.evaluation.noise import LEAST_SEEDS, default_seeds
from recemb_core.experiments.sweep import SweepBase, SweepCell, SweepConfig, sweep_base, sweep_cell
from recemb_core.figures.phase_map import PhaseCell, parse_cell, phase_map_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
from recemb_core.plans import page_settings
from recemb_core.progress import Progress
from recemb_core.session_file import SessionFile

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


def sweep_controls(data: ActiveData, n: int, base: Node2VecConfig, umap: UMAPConfig) -> SweepConfig:
    """The grid, editable; the other settings are those of the page."""
    with st.expander("Grid"):
        ps, qs = (tuple(sorted(one.draw(data))) or (1.0,) for one in (SWEEP_PS, SWEEP_QS))
        seeds = SWEEP_SEEDS.draw(data, default=default_seeds(n))
    return SweepConfig(ps=ps, qs=qs, seeds=seeds, base=base_of(base), umap=umap)


@dataclass(eq=False)
class Sweep:
    """The sweep as far as it is known without training: cells of this process, or of the bundled file."""

    shown: Shown
    config: SweepConfig
    found: dict[tuple[float, float], SweepCell] = field(init=False)
    base: SweepBase | None = field(init=False)

    def __post_init__(self) -> None:
        data, graph, config = self.shown.data, self.shown.graph, self.config
        store = results.results(data)
        self.base = store.get(self.key())
        if self.base is None and precomputed.has(precomputed.result_key("sweep", graph, config)):
            cells, base = precomputed.load_sweep(graph, config, self.shown.train(config.base)) or ([], None)
            if cells and set(cells[0].scores) == set(self.names):
                store.put(self.key(), base)
                for cell in cells:
                    store.put(self.key(cell.p, cell.q), cell)
                self.base = base
        known = ((at, store.get(self.key(*at))) for at in config.cells)
        self.found = {at: cell for at, cell in known if cell is not None}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(by.name for by in self.shown.labellings)

    @property
    def missing(self) -> list[tuple[float, float]]:
        return [cell for cell in self.config.cells if cell not in self.found]

    @property
    def chosen(self) -> tuple[float, float]:
        """The p and q of the controls."""
        return self.shown.wanted.p, self.shown.wanted.q

    def key(self, *cell: float) -> Hashable:
        """Of the base, or of a cell, in the store: which other cells there are plays no part."""
        common = replace(self.config, ps=(1.0,), qs=(1.0,))
        return ("sweep", self.shown.graph.fingerprint, common, self.names, *cell)

    def fill(self, places: list[Any], report: Progress) -> None:
        """Train cell by cell; each is kept and drawn as it arrives, so that Stop loses nothing."""
        values = {by.name: by.values for by in self.shown.labellings}
        data, graph, missing, done = self.shown.data, self.shown.graph, self.missing, 0

        def train(graph: ItemGraph, run: Node2VecConfig) -> ItemVectors:
            stage = f"p = {run.p:g}, q = {run.q:g}, seed {run.seed}"
            return self.shown.train(run, lambda fraction, _: report(done / (len(missing) + 1), stage))

        base = self.base = results.remember(data, self.key(), lambda: sweep_base(graph, self.config, values, train))
        for done, (p, q) in enumerate(missing, start=1):
            report(done / (len(missing) + 1), f"p = {p:g}, q = {q:g}")
            make = partial(sweep_cell, graph, self.config, values, base, p, q, train)
            self.found[p, q] = results.remember(data, self.key(p, q), make)
            _phase_maps(self, places, tag=f"{done}")


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
    places += [column.empty() for column in frame.side_by_side("phase-maps", (1, 1), "17rem")]
    _phase_maps(sweep, places)
    if run:
        with bar:
            jobs.perform(data, job)
        st.rerun()
    st.caption(verdicts(config, shown.labellings, sweep.found, sweep.base))
    _to_the_sweeps(data, config)
    if sweep.base is not None and sweep.found:
        _what_moved(sweep, color, _frames(sweep, color))


def _to_the_sweeps(data: ActiveData, config: SweepConfig) -> None:
    """The same grid where a setting is chosen: fresh seeds, kept run by run, paused and resumed."""
    pressed = st.button(
        "Choose p and q on the Sweeps view",
        key=f"to sweeps {data.key}",
        icon=":material/emoji_events:",
        help="The same grid from the same first setting, by the structural score: one seed a cell, more for the better "
        "ones, and seeds that had no part in the choice for the verdict. Runs are kept, paused and resumed there.",
        on_click=lambda: parameters.set_parameters(data, **sweep_settings(config)),
    )
    if pressed:
        navigation.go("runs")


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
        limits = (min([0.0, *(c.mean for c in cells)]), maximum)
        name = f"{title} score by {plain(by.words)}"
        figure = phase_map_figure(cells, config.ps, config.qs, title=name, limits=limits, chosen=sweep.chosen)
        with place.container():
            st.markdown(f"**{name}**, of {maximum:.2f}")
            live_chart(figure, key=f"phase {title}@{data.key}{tag}", height=360, on_click=choose)


def _frames(sweep: Sweep, color: Labelling) -> SweepCell:
    """The map that glides through the grid; returns the cell at which the person stopped."""
    config, found = sweep.config, sweep.found
    # Every other row backwards, so that each frame differs from the last by one step of p or q.
    rows = [[(p, q) for q in config.qs][:: 1 if i % 2 == 0 else -1] for i, p in enumerate(config.ps)]
    order = [cell for row in rows for cell in row if cell in found]
    start = next((order.index(cell) for cell in (sweep.chosen, (1.0, 1.0)) if cell in order), 0)
    titled = list(zip(("homophily", "structural"), sweep.names, strict=True))
    frames = Frames(
        ids=sweep.shown.graph.items.ids,
        positions=np.stack([found[cell].map for cell in order]),
        labels=tuple(f"p = {p:g}, q = {q:g}" for p, q in order),
        start=start,
        captions=tuple(
            " · ".join(f"{title} {found[cell].band(name).mean:.2f}" for title, name in titled) for cell in order
        ),
    )
    st.markdown("**The map through the grid** — play, or move the slider; items whose neighbors stay do not move")
    first, title = found[order[start]].map, "sweep of p and q"
    events = draw_map(sweep.shown, first, color, key="sweep map", height=560, named=title, frames=frames)
    return found[order[start if events.frame is None else min(events.frame, len(order) - 1)]]


def _what_moved(sweep: Sweep, color: Labelling, cell: SweepCell) -> None:
    """Items by change of their neighbors, measured in the original space."""
    assert sweep.base is not None
    own = sweep.base.own_overlap
    order = np.argsort(cell.overlap - own, kind="stable")[:15]
    st.markdown(f"**What moved at p = {cell.p:g}, q = {cell.q:g}** — by neighbors, not by pixels")
    percent = partial(st.column_config.NumberColumn, format="percent")
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
