"""GES against EGES: the chosen item's neighbors under both, how far they agree, and which predicts hidden edges."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, large, model_results, results
from pages.kit.jobs import Job, part
from pages.kit.live_chart import live_chart
from pages.kit.model_jobs import entry, training_jobs
from pages.kit.session import ActiveData
from pages.views.side_information.shown import COSINE, Shown, neighbor_frame
from recemb_core.arrays import AnyArray
from recemb_core.embeddings import EGESVectors, train_eges
from recemb_core.evaluation import compare_with_control, seed_band
from recemb_core.evaluation.agreement import overlap_at_k
from recemb_core.evaluation.intervals import share_interval
from recemb_core.evaluation.link_prediction import hide_edges, link_prediction_auc
from recemb_core.evaluation.noise import LEVEL
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure
from recemb_core.progress import Progress

K = 10
SHARE = 1 / 3
SEEDS = 3
NONE, GES, EGES = "no side information", "GES", "EGES"


def ges_section(data: ActiveData, shown: Shown) -> list[Job]:
    """Two lists of neighbors, agreement, and the test on hidden edges; what is left to train."""
    one = entry(data, shown.graph, GES, GES, replace(shown.config, attention=False))
    if one.vectors is None or one.state != "ready":
        st.info("GES with the same settings is being trained.")
        return training_jobs(data, shown.graph, [one])
    assert isinstance(one.vectors, EGESVectors)
    lists = {
        name: model_results.model_neighbors(data, config, K, graph=shown.graph)
        for name, config in ((GES, one.config), (EGES, shown.config))
    }
    _neighbors(data, shown, lists)
    _agreement(data, shown, lists)
    return _link_section(data, shown)


def _neighbors(data: ActiveData, shown: Shown, lists: dict[str, tuple[AnyArray, AnyArray]]) -> None:
    mine = shown.vectors.side.of(shown.row)
    both = set(lists[GES][0][shown.row]) & set(lists[EGES][0][shown.row])
    words = {GES: "every embedding weighs the same", EGES: "with the weights that attention learned"}
    for column, name in zip(frame.side_by_side("two-lists", (1, 1), "18rem"), lists, strict=True):
        rows, values = (part[shown.row] for part in lists[name])
        rows, values = rows[rows >= 0], values[rows >= 0]
        table = neighbor_frame(data, shown, rows, values, mine)
        marks = pl.Series("Both", [bool(row in both) for row in rows], dtype=pl.Boolean)
        column.markdown(f"**{name}**: {words[name]}")
        column.dataframe(table.with_columns(marks), hide_index=True, column_config=COSINE)


def _agreement(data: ActiveData, shown: Shown, lists: dict[str, tuple[AnyArray, AnyArray]]) -> None:
    n = len(shown.graph)
    by_item = overlap_at_k(lists[GES][0], lists[EGES][0])
    found = share_interval(by_item)
    uniform = shown.present / shown.present.sum(axis=1, keepdims=True)
    distance = np.abs(shown.vectors.attention - uniform).sum(axis=1) / 2
    mine = len(set(lists[GES][0][shown.row]) & set(lists[EGES][0][shown.row]) - {-1})
    st.markdown(
        f"The two share **{mine} of {K}** neighbors of this item. Over all {n:,} items the overlap of the {K} nearest "
        f"is **{found.value:.2f}** (95 % interval {found.low:.2f} to {found.high:.2f}; chance "
        f"{K / max(n - 1, 1):.3f}). Attention moved **{distance[shown.row]:.0%}** of this item's weight away from the "
        f"plain average (catalogue mean {distance.mean():.0%}).{large.search_words(data)}"
    )


def _key(shown: Shown) -> tuple[Any, ...]:
    return ("hidden third", shown.graph.fingerprint, shown.config)


def _link_section(data: ActiveData, shown: Shown) -> list[Job]:
    st.markdown("**Which of them foretells edges that it has not seen?**")
    values: dict[str, list[float]] | None = results.results(data).get(_key(shown))
    if values is None:
        st.caption(
            f"A third of the edges is hidden, the three are trained without them, and AUC is the probability that a "
            f"hidden edge scores above a pair that is no edge (0.5 is chance). {SEEDS} seeds of hiding and training."
        )
        seconds = model_results.model_seconds(data, shown.config, len(shown.graph)) * 3 * SEEDS
        measure = partial(_measure, data, shown)
        return [Job(_key(shown), "the test on hidden edges", seconds, measure, asks=True)]
    bands = {name: seed_band(found) for name, found in values.items()}
    lines = [ScoreLine(name, band.mean, band.low, band.high) for name, band in bands.items()]
    title = f"AUC on hidden edges (point: mean, whisker: range over {SEEDS} seeds)"
    live_chart(score_intervals_figure(lines, x_title=title, chance=0.5), key=f"hidden third@{data.key}", height=230)
    st.caption(auc_words(values))
    return []


def auc_words(values: dict[str, list[float]]) -> str:
    """What may be said of side information and of attention, from model → AUC of each seed's hidden edges."""
    # All three are tested on the same hidden edges of a seed, which move them together.
    test = compare_with_control({name: values[name] for name in (NONE, EGES)}, values[GES], paired=True)
    return (
        f"Side information changes the AUC by {-test.change[NONE]:+.3f} (GES against none, {test.verdict(NONE)}), "
        f"attention by {test.change[EGES]:+.3f} (EGES against GES, {test.verdict(EGES)}): Dunnett's test against GES, "
        f"paired by hidden edges, {LEVEL * 100:g} % for both together, {test.seeds} seeds; a difference under about "
        f"{test.detectable():.3f} would mostly not be seen. Hidden: a third of the edges, never an item's last one."
    )


def _measure(data: ActiveData, shown: Shown, report: Progress) -> None:
    config = shown.config
    models = {NONE: replace(config, fields=()), GES: replace(config, attention=False), EGES: config}
    assert data.side_info is not None
    side_info = data.side_info

    values: dict[str, list[float]] = {name: [] for name in models}
    seconds = model_results.model_seconds(data, config, len(shown.graph))
    for seed in range(SEEDS):
        split = hide_edges(shown.graph, share=SHARE, seed=seed)
        for number, (name, config) in enumerate(models.items()):
            done, words = seed * len(models) + number, f"{name}, {{stage}}, seed {seed + 1} of {SEEDS}"
            vectors = results.compute(
                data,
                (*_key(shown), name, seed),
                train_eges,
                split.graph,
                side_info,
                replace(config, seed=seed),
                seconds=seconds,
                progress=part(report, done, SEEDS * len(models), words),
                reports=True,
            )
            values[name].append(link_prediction_auc(vectors, split.hidden, split.non_edges))
    results.results(data).put(_key(shown), values)
