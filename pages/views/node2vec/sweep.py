"""The sweep of p and q: phase maps, the gliding map, what moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, jobs, model_results, parameters, results, session
from pages.kit.allowed import Several, Span
from pages.kit.controls import BIASES, Labelling
from pages.kit.jobs import Job
from pages.kit.live_chart import Frames, live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.views.node2vec.one_setting import NODE2VEC_PAGE
from pages.views.node2vec.sweep_words import judged, verdict, verdicts
from recemb_core import precomputed
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.evaluation import GroupScore
from recemb_core.evaluation.noise import LEAST_SEEDS, default_seeds
from recemb_core.experiments.sweep import SweepBase, SweepCell, SweepConfig, sweep_base, sweep_cell
from recemb_core.figures.item_map import item_map_figure
from recemb_core.figures.phase_map import PhaseCell, parse_cell, phase_map_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
from recemb_core.progress import Progress

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
    return SweepConfig(ps=ps, qs=qs, seeds=seeds, base=replace(base, p=1.0, q=1.0), umap=umap)


def _ready(
    data: ActiveData, graph: ItemGraph, config: SweepConfig, labellings: dict[str, Labelling]
) -> tuple[dict[tuple[float, float], SweepCell], SweepBase | None]:
    """What is known without training: cells of this process, or the bundled file."""
    store = results.results(data)
    names = tuple(labellings)
    base = store.get(("sweep base", graph.fingerprint, _common(config), names))
    if base is None and precomputed.has_sweep(graph, config):
        vectors = model_results.node2vec_vectors(data, graph, config.base)
        cells, base = precomputed.load_sweep(graph, config, vectors) or ([], None)
        if cells and set(cells[0].scores) == set(names):
            store.put(("sweep base", graph.fingerprint, _common(config), names), base)
            for cell in cells:
                store.put(("sweep cell", graph.fingerprint, _common(config), names, cell.p, cell.q), cell)
        else:
            base = None
    found = {}
    for p, q in config.cells:
        cell = store.get(("sweep cell", graph.fingerprint, _common(config), names, p, q))
        if cell is not None:
            found[p, q] = cell
    return found, base


def _common(config: SweepConfig) -> SweepConfig:
    """What a cell's result depends on: everything but which other cells there are."""
    return replace(config, ps=(1.0,), qs=(1.0,))


def sweep_section(
    data: ActiveData, graph: ItemGraph, config: SweepConfig, labellings: tuple[Labelling, Labelling], color: Labelling
) -> None:
    """Draw the sweep, running what is missing when the person asks."""
    by = {labelling.name: labelling for labelling in labellings}
    found, base = _ready(data, graph, config, by)
    missing = [cell for cell in config.cells if cell not in found]
    places: list[Any] = []
    runs = len(missing) * config.seeds + (0 if base is not None else max(config.seeds, 2))
    job = Job(
        ("sweep", graph.fingerprint, config, tuple(by)),
        f"the sweep: {len(missing)} cells × {config.seeds} seeds",
        runs * model_results.training_seconds(config.base, len(graph)) + 0.3 * len(missing),
        lambda report: _fill(data, graph, config, labellings, found, base, missing, places, report),
        asks=True,
    )
    run = bool(missing) and jobs.may_run(data, job)
    if missing and not run:
        jobs.run_button(data, "sweep", [job], names=job.label)
        halted = "Stopped; the cells that were done are kept. " if jobs.stopped(data, job) else ""
        if not found:
            st.info(
                f"{halted}Each cell is a setting of p and q, trained with several seeds. Press Run to fill the grid."
            )
            return
        if halted:
            st.caption(halted)
    bar = st.container()
    left, right = frame.side_by_side("phase-maps", (1, 1), "17rem")
    places += [left.empty(), right.empty()]
    _phase_maps(data, graph, config, labellings, found, base, places)
    if run:
        with bar:
            jobs.perform(data, job)
        st.rerun()
    st.caption(verdicts(config, labellings, found, base))
    if base is not None and found:
        cell = _frames(data, graph, config, labellings, color, found)
        _what_moved(data, graph, color, base, found[cell])


def _fill(
    data: ActiveData,
    graph: ItemGraph,
    config: SweepConfig,
    labellings: tuple[Labelling, Labelling],
    found: dict[tuple[float, float], SweepCell],
    base: SweepBase | None,
    missing: list[tuple[float, float]],
    places: list[Any],
    report: Progress,
) -> None:
    """Train cell by cell; each is kept and drawn as it arrives, so that Stop loses nothing."""
    values = {labelling.name: labelling.values for labelling in labellings}
    names = tuple(values)
    common = _common(config)

    total = len(missing) + 1
    done = 0

    def train(graph: ItemGraph, run: Node2VecConfig) -> ItemVectors:
        stage = f"p = {run.p:g}, q = {run.q:g}, seed {run.seed}"
        return model_results.node2vec_vectors(data, graph, run, lambda fraction, _: report(done / total, stage))

    if base is None:
        base = results.remember(
            data, ("sweep base", graph.fingerprint, common, names), lambda: sweep_base(graph, config, values, train)
        )
    for done, (p, q) in enumerate(missing, start=1):
        report(done / total, f"p = {p:g}, q = {q:g}")
        key = ("sweep cell", graph.fingerprint, common, names, p, q)
        make = lambda p=p, q=q: sweep_cell(graph, config, values, base, p, q, train)  # noqa: E731
        found[p, q] = results.remember(data, key, make)
        _phase_maps(data, graph, config, labellings, found, base, places, tag=f"{done}")


def _phase_maps(
    data: ActiveData,
    graph: ItemGraph,
    config: SweepConfig,
    labellings: tuple[Labelling, Labelling],
    found: dict[tuple[float, float], SweepCell],
    base: SweepBase | None,
    places: list[Any],
    tag: str = "",
) -> None:
    chosen = tuple(st.session_state[f"{name}@{data.key}"] for name in "pq")
    for place, labelling, title in zip(places, labellings, ("Homophily", "Structural"), strict=True):
        name = labelling.name
        maximum = _maximum(data, graph, labelling)
        test = judged(config, found, base, name)
        cells = [
            PhaseCell(c.p, c.q, band.mean, band.low, band.high, band.seeds, verdict(test, c.p, c.q))
            for c in found.values()
            for band in [c.band(name)]
        ]
        low = min([0.0, *(c.mean for c in cells)])
        figure = phase_map_figure(
            cells, config.ps, config.qs, title=f"{title} score by {name}", limits=(low, maximum), chosen=chosen
        )
        with place.container():
            st.markdown(f"**{title} score by {name}** (maximum {maximum:.2f})")
            live_chart(
                figure,
                key=f"phase {title}@{data.key}{tag}",
                height=360,
                on_click=lambda cell: parameters.set_parameters(data, **dict(zip("pq", parse_cell(cell), strict=True))),
            )


def _maximum(data: ActiveData, graph: ItemGraph, labelling: Labelling) -> float:
    def make() -> GroupScore:
        from recemb_core.evaluation import group_score

        return group_score(np.zeros((len(graph), 1), dtype=np.float32), labelling.values)

    return results.remember(data, ("score maximum", graph.fingerprint, labelling.name), make).maximum


def _frames(
    data: ActiveData,
    graph: ItemGraph,
    config: SweepConfig,
    labellings: tuple[Labelling, Labelling],
    color: Labelling,
    found: dict[tuple[float, float], SweepCell],
) -> tuple[float, float]:
    """The map that glides through the grid; returns the cell at which the person stopped."""
    # Every other row backwards, so that each frame differs from the last by one step of p or q.
    rows = [[(p, q) for q in config.qs][:: 1 if i % 2 == 0 else -1] for i, p in enumerate(config.ps)]
    order = [cell for row in rows for cell in row if cell in found]
    chosen = tuple(st.session_state[f"{name}@{data.key}"] for name in "pq")
    start = order.index(chosen) if chosen in order else order.index((1.0, 1.0)) if (1.0, 1.0) in order else 0
    captions = tuple(
        " · ".join(
            f"{title} {found[cell].band(by.name).mean:.2f}"
            for title, by in zip(("homophily", "structural"), labellings, strict=True)
        )
        for cell in order
    )
    frames = Frames(
        ids=graph.items.ids,
        positions=np.stack([found[cell].map for cell in order]),
        labels=tuple(f"p = {p:g}, q = {q:g}" for p, q in order),
        start=start,
        captions=captions,
    )
    roles = labellings[1]
    figure = item_map_figure(
        found[order[start]].map,
        graph.items.ids,
        data.titles,
        color_by=color.values,
        color_title=color.words,
        symbol_by=roles.values if roles.planted else None,
        symbol_title=roles.words,
        size=np.sqrt(graph.strength),
        chosen=session.chosen_item(data),
        title="sweep of p and q",
    )
    figure.update_layout(title_text=None)
    st.markdown("**The map through the grid** — play, or move the slider; items whose neighbors stay do not move")
    events = live_chart(
        figure, key=f"sweep map@{data.key}", height=560, frames=frames, on_click=lambda item: session.pick(data, item)
    )
    return order[start if events.frame is None else min(events.frame, len(order) - 1)]


def _what_moved(data: ActiveData, graph: ItemGraph, color: Labelling, base: SweepBase, cell: SweepCell) -> None:
    """Items by change of their neighbors, measured in the original space."""
    lost = base.own_overlap - cell.overlap
    order = np.argsort(-lost, kind="stable")[:15]
    st.markdown(f"**What moved at p = {cell.p:g}, q = {cell.q:g}** — by neighbors, not by pixels")
    st.dataframe(
        pl.DataFrame(
            {
                "Item": [data.titles[int(i)] for i in order],
                color.words.capitalize(): [str(color.values[int(i)]) for i in order],
                "Neighbors kept": [float(cell.overlap[i]) for i in order],
                "Kept between two seeds": [float(base.own_overlap[i]) for i in order],
            }
        ),
        hide_index=True,
        column_config={
            "Neighbors kept": st.column_config.NumberColumn(format="percent", help="Of the 10 nearest at p = q = 1."),
            "Kept between two seeds": st.column_config.NumberColumn(
                format="percent", help="At p = q = 1: what noise alone leaves."
            ),
        },
    )
    st.caption(
        f"On average {cell.overlap.mean():.0%} of an item's 10 nearest neighbors at p = q = 1 are still there; "
        f"two seeds there share {base.own_overlap.mean():.0%}. The map keeps what it should: scores of the 2-D points "
        "themselves are " + ", ".join(f"{value:.2f} by {name}" for name, value in cell.spread_2d.items()) + "."
    )
