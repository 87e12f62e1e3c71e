"""The LSH page's third view: every index on the same vectors, the kd-tree by dimensions, the inner product."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import jobs
from pages.kit.allowed import Options, Steps
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.text import sentence
from pages.views.lsh import answers
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
from recemb_core.figures.recall_bars import recall_bars_figure
from recemb_core.neighbors import LSHConfig
from recemb_core.neighbors.lsh.cells import LSHGrid
from recemb_core.timing import ROUNDS, OtherWorkError, Timing

LIVE_POINTS = 5_000  # compared without asking
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


def race_section(data: ActiveData, points: LabPoints, settings: LabSettings, measured: LSHGrid, part: str) -> Any:
    """One of the three comparisons; what it measured, None if nothing yet."""
    return {"kd": _decay, "product": _product, "all": _all_indexes}[part](data, points, settings, measured)


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
        st.warning(sentence(error))
        label, key = "Measure again", f"again {name}@{data.key}"
        allowed = (data, [job.identity])
        st.button(label, icon=":material/replay:", key=key, on_click=jobs.allow, args=allowed)
        if error.reports:
            _table(error.reports, times=False)
        return None


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
    data: ActiveData, points: LabPoints, settings: LabSettings, measured: LSHGrid
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
    st.markdown(answers.race_verdict(reports, settings.k))
    figure = index_race_figure(
        [
            RacePoint(family=r.family, setting=r.setting or "all points", recall=r.recall,
                      queries_per_second=r.queries_per_second, slowest=r.slowest, fastest=r.fastest)
            for r in reports
        ],
        k=settings.k,
        families=FAMILIES,
    )  # fmt: skip
    live_chart(figure, key=f"lsh race@{data.key}", height=460, glide=False)
    st.caption(
        f"Up and to the right is better. {points.what}: {len(points):,} × {vectors.shape[1]}"
        f"{', scaled to length 1 for angles' if measure.is_angle else ''}; {len(points.queries)} queries in one batch, "
        f"one thread each, all asked in turns in one run on this machine: the median of {ROUNDS} rounds in changing "
        f"order, whiskers from the slowest to the fastest.{_thrown_away(reports)} LSH tables are the cheapest settings "
        f"of the heat map for several recalls, with the functions of seed {settings.seed} alone."
    )
    _table(reports)
    return reports


def _table(reports: Sequence[IndexReport], *, times: bool = True) -> None:
    """A row a setting; without ``times`` all that holds on a busy machine too."""
    rows = [
        {
            "Index": _name(r),
            "Recall": r.recall,
            "95 %": _ends(r),
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
    st.dataframe(
        table if times else table.drop("Queries/s", "Slowest", "Fastest", "Build (ms)"),
        hide_index=True,
        placeholder="–",
        column_config={
            "Index": st.column_config.TextColumn(width=190),
            "Recall": _number("%.3f", "Share of what was asked for that is found; equally near points count as found."),
            "95 %": st.column_config.TextColumn(
                help="Interval over queries, of this one build; it stays inside 0 to 1."
            ),
            "Queries/s": _number("%,.0f", f"Median of {ROUNDS} rounds."),
            "Slowest": _number("%,.0f", "Queries a second of the slowest round."),
            "Fastest": _number("%,.0f", "Queries a second of the fastest round."),
            "Build (ms)": _number("%,.0f", "Once."),
            "MB": _number("%.2f", "Of the built index, vectors included where it needs them."),
            "Scanned": _number("%.1f %%", "Share of the points whose distance was computed, where the index can tell."),
        },
    )


def _ends(report: IndexReport) -> str:
    found = report.interval
    return f"{found.low:.3f} to {found.high:.3f}" if np.isfinite(found.low) else ""


def _number(format_: str, words: str) -> Any:
    return st.column_config.NumberColumn(format=format_, help=words)


# ---- kd-tree ----


def _decay(data: ActiveData, points: LabPoints, settings: LabSettings, _: LSHGrid) -> KDTreeDecay | None:
    d = points.vectors.shape[1]
    axes = sorted({a for a in AXES if a < d} | {d})
    kept = DIMENSIONS_KEPT.bind(data, default=d, among=axes)
    if len(axes) > 1:
        kept.draw()
    seconds = 6e-9 * len(points.queries) * len(points) * sum(axes)
    asked, key = (points.vectors, points.queries, settings.k), ("lab kd", points.key, settings.k)
    decay: KDTreeDecay | None = _run(data, "kd", key, seconds, "kd-tree", kd_tree_decay, *asked, dimensions=axes)
    if decay is None:
        return None
    chosen = kept.value
    at = decay.dimensions.tolist().index(chosen) if chosen in decay.dimensions else len(decay.dimensions) - 1
    st.markdown(f"{answers.tree_against_scan(decay, at)}. {answers.crossing(decay)}")
    times = {
        name: np.array([[t.median, t.low, t.high] for t in timings]).T
        for name, timings in (("kd-tree", decay.tree), ("exact scan", decay.scan))
    }
    live_chart(decay_chart(decay.dimensions, times, current=chosen), key=f"lsh kd@{data.key}", height=400, glide=False)
    st.caption(
        "Both find the same neighbors. A kd-tree cuts space in halves and skips a half that lies beyond the nearest "
        "found so far; what it cannot skip it walks through. "
        f"{len(points.queries)} queries in one batch, one thread each, all in turns: the median of {ROUNDS} rounds, "
        f"whiskers from the shortest to the longest.{_thrown_away((*decay.tree, *decay.scan))}"
    )
    return decay


# ---- inner product ----


def _product(data: ActiveData, points: LabPoints, settings: LabSettings, _: LSHGrid) -> list[IndexReport] | None:
    spread = SPREAD.draw(data)
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
    st.markdown(answers.product_verdict(reports))
    figure = recall_bars_figure(
        [_name(r) for r in reports],
        np.array([r.recall for r in reports]),
        np.array([(r.interval.low, r.interval.high) for r in reports]),
        np.array([1e6 / r.queries_per_second for r in reports]),
        k=settings.k,
    )
    live_chart(figure, key=f"lsh product@{data.key}", height=80 + 34 * len(reports), glide=False)
    low, middle, high = np.quantile(length, [0.05, 0.5, 0.95])
    st.caption(
        f"Asked for are the {settings.k} largest inner products, not the nearest. Vectors as trained, not normalized; "
        f"lengths {low:.2g}, {middle:.2g}, {high:.2g} (5 %, half, 95 %). One added coordinate √(M² − ‖x‖²) gives all "
        "vectors one length M, so that nearest and largest are the same; an exact search stays exact by it, an "
        "approximate one has to show what it does (the hash tables keep the width that suits two points). "
        "Bars carry 95 % intervals over queries, of the one build; hover for the median time."
    )
    return reports
