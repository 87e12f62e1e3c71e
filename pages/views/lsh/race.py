"""The LSH page's third view: every index on the same vectors, the kd-tree by dimensions, the inner product."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, jobs, stage
from pages.kit.allowed import Options, Steps
from pages.kit.answer_words import counted
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.tables import MAIN, fitted, table_or_lines
from pages.kit.text import sentence
from pages.views.lsh import answers, measures
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LSH_PAGE, LabPoints
from recemb_core.experiments.index_race import (
    IndexReport,
    compare_indexes,
    default_contenders,
    inner_product_contenders,
    lsh_contender,
)
from recemb_core.experiments.kd_tree_decay import KDTreeDecay, kd_tree_decay
from recemb_core.figures.index_race import RacePoint, index_race_figure
from recemb_core.figures.index_race import kd_tree_decay as decay_chart
from recemb_core.figures.lsh_tradeoff import recall_cost, share_text
from recemb_core.figures.recall_bars import recall_bars_figure
from recemb_core.neighbors import LSHConfig
from recemb_core.neighbors.lsh.cells import LSHGrid
from recemb_core.timing import ROUNDS, OtherWorkError, Timing

LIVE_POINTS = 5_000  # compared without asking
BY_THEORY = 20_000  # points from which on theory alone says which hash tables to enter: to measure all takes longer
AIMS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
FAMILIES = ("exact scan", "kd-tree", "HNSW", "faiss LSH", "LSH tables", "multi-probe LSH", "LSH in use")
AXES = (1, 2, 4, 8, 16, 32, 64, 128)
RACE = Parameter(
    LSH_PAGE,
    "race",
    "Compare",
    Options({"all": "All indexes", "kd": "kd-tree by dimensions", "product": "Inner product"}, row=True),
    "all",
    view=True,
    former=("compare",),
)
DIMENSIONS_KEPT = Parameter(
    LSH_PAGE,
    "axes",
    "Dimensions kept (principal axes)",
    Steps(AXES),
    help="The vectors are turned onto the axes along which they spread most, and the first ones are kept.",
)
SPREAD = Parameter(
    LSH_PAGE,
    "spread",
    "Spread of the lengths (σ)",
    Steps((0.0, 0.25, 0.5, 1.0, 1.5)),
    0.0,
    help="Multiplies each vector by exp(σ · N(0, 1)): popular items are often longer. 0 leaves them as trained.",
)


class SpoiledError(Exception):
    """A comparison beside which other work ran: it has no times."""

    def __init__(self, name: str, identity: Hashable, error: OtherWorkError) -> None:
        super().__init__(str(error))
        self.name, self.identity, self.error = name, identity, error


def part_controls(data: ActiveData, points: LabPoints, part: str) -> None:
    """The control of a comparison's own."""
    if part == "kd" and len(_axes(points)) > 1:
        _kept(data, points).draw()
    elif part == "product":
        SPREAD.draw(data)


def race_section(
    data: ActiveData, points: LabPoints, settings: LabSettings, measured: LSHGrid, part: str, numbers: Any
) -> Any:
    """One of the three comparisons; what it measured, None if nothing yet."""
    top = st.container()  # of the picture, whatever is said of the run
    section = {"kd": _decay, "product": _product, "all": _all_indexes}[part]
    try:
        found = section(data, points, settings, measured, numbers)
    except SpoiledError as spoiled:
        _meanwhile(data, settings, measured, numbers, top)
        st.warning(sentence(spoiled.error))
        st.button(
            "Measure again",
            icon=":material/replay:",
            key=f"again {spoiled.name}@{data.key}",
            on_click=jobs.allow,
            args=(data, [spoiled.identity]),
        )
        if spoiled.error.reports:
            _table(spoiled.error.reports, times=False)
        return None
    if found is None:
        _meanwhile(data, settings, measured, numbers, top)
    return found


def _meanwhile(data: ActiveData, settings: LabSettings, measured: LSHGrid, numbers: Any, top: Any) -> None:
    """What is known before the times are: what every K and L finds and scans here."""
    cells, cell = measures.cells_of(measured, settings.grid_mode), settings.cell_of(measured)
    theory = measured.n > BY_THEORY
    told = (
        "by theory"
        if theory
        else f"mean over {measured.queries} queries and {counted(cell.draws, 'draw')} of functions"
    )
    queries = f"Of the LSH in use, {told}."
    frame.metrics(
        [
            ("Times", "not yet", "Nothing is shown for them before they are measured."),
            (f"Recall@{settings.k}, LSH", f"{cell.recall:.3f}", f"Share of the {settings.k} nearest found. {queries}"),
            ("Scanned by it", share_text(cell.cost), f"Share of the points that are candidates. {queries}"),
            ("Points", f"{measured.n:,}", "In which neighbors are searched."),
        ],
        numbers,
    )
    with top, stage.picture():
        figure = recall_cost(
            cells,
            current=settings.shape,
            frontier=measures.frontier(cells),
            target=settings.target,
            best=measures.least_cost(measured, settings),
        )
        live_chart(figure, key=f"lsh race cost@{data.key}", height=490, above=222, glide=False)
    top.caption(
        f"No time is measured here yet. Until then: what every K and L of {measures.MODES[settings.mode]} finds and "
        f"scans on these {measured.n:,} points{', by theory' if theory else ''}."
    )


def _speed(report: IndexReport | None) -> str:
    return "–" if report is None else f"{report.queries_per_second:,.0f}/s"


def _run(
    data: ActiveData,
    name: str,
    key: Hashable,
    seconds: float,
    label: str,
    function: Callable[..., Any],
    *args: Any,
    **named: Any,
) -> Any:
    """The result of ``key``: at once if quick, else when Run is pressed; None until then."""
    job = jobs.heavy_job(data, key, label, seconds, function, *args, asks=seconds > 5, only_quiet=True, **named)
    try:  # what is said beside the figures is of these very points and settings
        return jobs.result(data, name, job, waiting="Press Run to measure.", stale=None)[0]
    except OtherWorkError as error:
        raise SpoiledError(name, job.identity, error) from error


def _name(report: IndexReport) -> str:
    return f"{report.family}: {report.setting}" if report.setting else report.family


def _thrown_away(measured: Sequence[IndexReport | Timing]) -> str:
    disturbed = sum(one.disturbed for one in measured)
    return f" {disturbed} batches beside which other work ran were thrown away and run again." if disturbed else ""


# ---- all indexes ----


def lsh_contenders(settings: LabSettings, measured: LSHGrid) -> list[LSHConfig]:
    """Hash tables to enter: the cheapest of the grid for several recalls, and two with further buckets."""
    best = [cell for aim in AIMS if (cell := measured.best_cell(aim)) is not None]
    own = replace(settings.config, multi_probe=0)
    found = [replace(own, mode=cell.mode, functions=cell.functions, tables=cell.tables) for cell in best]
    usual = [config for config in found if config.mode == "and_or"]
    if usual and settings.hashing.probes:
        few = replace(usual[-1], tables=max(1, usual[-1].tables // 4))
        found += [replace(few, multi_probe=probes) for probes in (4, 16)]
    return list(dict.fromkeys(found))


def _all_indexes(
    data: ActiveData, points: LabPoints, settings: LabSettings, measured: LSHGrid, numbers: Any
) -> list[IndexReport] | None:
    measure = settings.hashing.distance
    vectors = measure.space(points.vectors)
    configs = lsh_contenders(settings, measured.first)  # of the very functions that are entered
    own = settings.config
    others = default_contenders(vectors, width=settings.width or settings.default_width, lsh=configs)
    entered = [*others, lsh_contender(own, "LSH in use")]
    key = ("lab race", points.key, measure.name, tuple(configs), own, settings.k)

    each = 1.2e-4 + 4e-7 * sum(c.tables * c.functions for c in [*configs, own])
    seconds = 0 if len(points) <= LIVE_POINTS else len(points) * each
    asked = (vectors, points.queries, settings.k)
    race = partial(compare_indexes, seconds=1.0)
    reports = _run(data, "race", key, seconds, "All indexes", race, *asked, contenders=entered)
    if reports is None:
        return None
    (exact,) = [report for report in reports if report.family == "exact scan"]
    good = [r for r in reports if r.family == "HNSW" and r.recall >= 0.9]
    spread = "Queries a second, one thread, the median of the rounds; on this machine."
    frame.metrics(
        [
            ("Exact scan", _speed(exact), f"{spread} It finds everything."),
            ("LSH, recall ≥ 0.9", _speed(answers.fastest_lsh(reports)), f"{spread} The fastest hash tables that do."),
            ("HNSW, recall ≥ 0.9", _speed(max(good, key=lambda r: r.queries_per_second, default=None)), spread),
            ("Points", f"{len(points):,}", f"{points.what}; {len(points.queries)} of them are the queries."),
        ],
        numbers,
    )
    figure = index_race_figure(
        [
            RacePoint(family=r.family, setting=r.setting or "all points", recall=r.recall,
                      queries_per_second=r.queries_per_second, slowest=r.slowest, fastest=r.fastest)
            for r in reports
        ],
        k=settings.k,
        families=FAMILIES,
    )  # fmt: skip
    with stage.picture():
        live_chart(figure, key=f"lsh race@{data.key}", height=480, above=228, glide=False)
    st.markdown(answers.race_verdict(reports, settings.k))
    st.caption(
        f"Up and to the right is better. {points.what}: {len(points):,} × {vectors.shape[1]}"
        f"{', scaled to length 1 for angles' if measure.is_angle else ''}; {len(points.queries)} queries in one batch, "
        f"one thread each, all asked in turns in one run on this machine: the median of {ROUNDS} rounds in changing "
        f"order, whiskers from the slowest to the fastest.{_thrown_away(reports)} LSH tables are the cheapest settings "
        f"{'by theory' if len(points) > BY_THEORY else 'of the heat map'} for several recalls, with the functions of "
        f"seed {settings.seed} alone."
    )
    _table(reports)
    return reports


def _table(reports: Sequence[IndexReport], *, times: bool = True) -> None:
    """A row a setting; without ``times`` all that holds on a busy machine too."""
    rows = [
        {
            "Index": _name(r),
            "Recall": r.recall,
            "95%": _ends(r),
            "Queries/s": r.queries_per_second,
            "Slowest": r.slowest,
            "Fastest": r.fastest,
            "Build (ms)": 1e3 * r.build_seconds,
            "MB": r.memory_bytes / 1e6,
            "Scanned": None if r.scanned is None else 100 * r.scanned,
        }
        for r in reports
    ]
    table = pl.DataFrame(rows, infer_schema_length=None)
    table = table if times else table.drop("Queries/s", "Slowest", "Fastest", "Build (ms)")
    columns: dict[str, Any] = {
        "Recall": _number("%.3f", "Share of what was asked for that is found; equally near points count as found."),
        "95%": st.column_config.TextColumn(help="Interval over queries, of this one build; it stays inside 0 to 1."),
        "Queries/s": _number("%,.0f", f"Median of {ROUNDS} rounds."),
        "Slowest": _number("%,.0f", "Queries a second of the slowest round."),
        "Fastest": _number("%,.0f", "Queries a second of the fastest round."),
        "Build (ms)": _number("%,.0f", "Once."),
        "MB": _number("%.2f", "Of the built index, vectors included where it needs them."),
        "Scanned": _number("%.1f%%", "Share of the points whose distance was computed, where the index can tell."),
    }
    columns = {name: one for name, one in columns.items() if name in table.columns}
    table_or_lines(table, "race", fitted(table, MAIN, columns), names=2, placeholder="–")


def _ends(report: IndexReport) -> str:
    found = report.interval
    return f"{found.low:.3f} to {found.high:.3f}" if np.isfinite(found.low) else ""


def _number(format_: str, words: str) -> Any:
    return st.column_config.NumberColumn(format=format_, help=words)


# ---- kd-tree ----


def _axes(points: LabPoints) -> list[int]:
    d = points.vectors.shape[1]
    return sorted({a for a in AXES if a < d} | {d})


def _kept(data: ActiveData, points: LabPoints) -> Bound:
    axes = _axes(points)
    return DIMENSIONS_KEPT.bind(data, default=axes[-1], among=axes)


def _decay(data: ActiveData, points: LabPoints, settings: LabSettings, _: LSHGrid, numbers: Any) -> KDTreeDecay | None:
    axes, kept = _axes(points), _kept(data, points)
    seconds = 6e-9 * len(points.queries) * len(points) * sum(axes)
    asked, key = (points.vectors, points.queries, settings.k), ("lab kd", points.key, settings.k)
    decay: KDTreeDecay | None = _run(data, "kd", key, seconds, "kd-tree", kd_tree_decay, *asked, dimensions=axes)
    if decay is None:
        return None
    chosen = kept.value
    at = decay.dimensions.tolist().index(chosen) if chosen in decay.dimensions else len(decay.dimensions) - 1
    tree, scan = decay.tree[at], decay.scan[at]
    each = f"A query, one thread, batch of {len(points.queries)}: median of {ROUNDS} rounds,"
    frame.metrics(
        [
            ("Dimensions kept", f"{chosen} of {axes[-1]}", f"They hold {decay.variance[at]:.0%} of the variance."),
            ("kd-tree", f"{tree.median:,.1f} µs", f"{each} {tree.low:,.1f} to {tree.high:,.1f}."),
            ("Exact scan", f"{scan.median:,.1f} µs", f"{each} {scan.low:,.1f} to {scan.high:,.1f}."),
        ],
        numbers,
    )
    times = {
        name: np.array([[t.median, t.low, t.high] for t in timings]).T
        for name, timings in (("kd-tree", decay.tree), ("exact scan", decay.scan))
    }
    with stage.picture():
        figure = decay_chart(decay.dimensions, times, current=chosen)
        live_chart(figure, key=f"lsh kd@{data.key}", height=480, above=228, glide=False)
    st.markdown(f"{answers.tree_against_scan(decay, at)}. {answers.crossing(decay)}")
    st.caption(
        "Both find the same neighbors. A kd-tree cuts space in halves and skips a half that lies beyond the nearest "
        "found so far; what it cannot skip it walks through. "
        f"{len(points.queries)} queries in one batch, one thread each, all in turns: the median of {ROUNDS} rounds, "
        f"whiskers from the shortest to the longest.{_thrown_away((*decay.tree, *decay.scan))}"
    )
    return decay


# ---- inner product ----


def _product(
    data: ActiveData, points: LabPoints, settings: LabSettings, _: LSHGrid, numbers: Any
) -> list[IndexReport] | None:
    spread = SPREAD.value(data)
    scale = np.exp(spread * np.random.default_rng(settings.seed).standard_normal((len(points), 1)))
    vectors = (points.raw * scale).astype(np.float32)
    lsh = LSHConfig(functions=min(settings.functions, 8), tables=32, seed=settings.seed)
    key = ("lab product", points.key, spread, lsh, settings.k)
    ways = inner_product_contenders(lsh=lsh)
    race = partial(compare_indexes, metric="inner_product", seconds=1.0)
    seconds = 0 if len(points) <= LIVE_POINTS else 6e-4 * len(points)
    asked = (vectors, points.queries, settings.k)
    reports = _run(data, "product", key, seconds, "Inner product", race, *asked, contenders=ways)
    if reports is None:
        return None
    length = np.linalg.norm(vectors, axis=1)
    raw = next(r for r in reports if r.setting == "exact, Euclidean" and r.family.startswith("raw"))
    added = next(r for r in reports if r.setting == "exact, Euclidean" and r.family.startswith("added"))
    own = max((r for r in reports if r.family == "HNSW, inner product"), key=lambda r: r.recall)
    frame.metrics(
        [
            (name, f"{r.recall:.3f}", f"{what} 95% interval over queries {_ends(r)}, of the one build.")
            for name, r, what in (
                ("The nearest", raw, f"Share of the {settings.k} largest inner products among the nearest vectors."),
                ("One coordinate added", added, "The same of an exact search behind one added coordinate."),
                ("HNSW, own metric", own, "The best of its settings, by its own inner product."),
            )
        ],
        numbers,
    )
    figure = recall_bars_figure(
        [_name(r) for r in reports],
        np.array([r.recall for r in reports]),
        np.array([(r.interval.low, r.interval.high) for r in reports]),
        np.array([1e6 / r.queries_per_second for r in reports]),
        k=settings.k,
    )
    with stage.picture():
        live_chart(figure, key=f"lsh product@{data.key}", height=480, above=228, glide=False)
    st.markdown(answers.product_verdict(reports))
    low, middle, high = np.quantile(length, [0.05, 0.5, 0.95])
    st.caption(
        f"Asked for are the {settings.k} largest inner products, not the nearest. Vectors as trained, not normalized; "
        f"lengths {low:.2g}, {middle:.2g}, {high:.2g} (5%, half, 95%). One added coordinate √(M² − ‖x‖²) gives all "
        "vectors one length M, so that nearest and largest are the same; an exact search stays exact by it, an "
        "approximate one has to show what it does (the hash tables keep the width that suits two points). "
        "Bars carry 95% intervals over queries, of the one build; hover for the median time."
    )
    return reports
