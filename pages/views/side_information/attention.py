"""The view of the attention weights: of the chosen item, over the catalogue, against popularity, over seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import model_results, results, session
from pages.kit.allowed import Options
from pages.kit.answer_words import signed
from pages.kit.jobs import Job, part
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain, plain_field
from pages.views.side_information.shown import OWN, SIDE_INFORMATION_PAGE, Shown
from recemb_core.arrays import Float32Array, Float64Array
from recemb_core.embeddings import EGESConfig, EGESVectors
from recemb_core.evaluation.attention import AttentionTrend, attention_by_popularity
from recemb_core.figures.attention_bars import attention_bars_figure
from recemb_core.figures.attention_spread import attention_spread_figure
from recemb_core.figures.attention_trend import attention_trend_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Progress

MORE_SEEDS = 4

TREND = Parameter(
    SIDE_INFORMATION_PAGE,
    "trend",
    "Against popularity, the weight of",
    Options(shown=field_words),
    OWN,
    help="Whose weight the last chart shows against how often an item was seen.",
)


def counts_of(data: ActiveData, graph: ItemGraph) -> tuple[Float64Array, str]:
    """(popularity of each item, its unit)."""
    if data.sequences is not None:
        return np.maximum(data.sequences.counts.astype(np.float64), 1.0), "events"
    return np.maximum(graph.strength, 1e-9), "edge weight in all"


def seed_job(data: ActiveData, shown: Shown) -> Job:
    """Train with other seeds, so that the noise of the weights can be seen."""
    seconds = model_results.model_seconds(data, shown.config, len(shown.graph)) * MORE_SEEDS

    def run(report: Progress) -> None:
        for done, config in enumerate(other_seeds(shown.config)):
            tick = part(report, done, MORE_SEEDS, f"{{stage}}, seed {done + 1} of {MORE_SEEDS}")
            model_results.model_vectors(data, config, tick, graph=shown.graph)

    identity = ("seeds", shown.graph.fingerprint, shown.config)
    return Job(identity, f"{MORE_SEEDS} more seeds: how sure are the weights?", seconds, run, asks=True)


def other_seeds(config: EGESConfig) -> list[EGESConfig]:
    """The same settings with the seeds that follow."""
    return [replace(config, seed=(config.seed + step) % 2**32) for step in range(1, MORE_SEEDS + 1)]


def attention_over_seeds(data: ActiveData, shown: Shown) -> Float32Array | None:
    """(seeds, n, n_fields + 1) attention of the other seeds, once they are trained."""
    configs = other_seeds(shown.config)
    if not all(model_results.has_model(data, config, graph=shown.graph) for config in configs):
        return None
    found = [model_results.model_vectors(data, config, graph=shown.graph) for config in configs]
    return np.array([vectors.attention for vectors in found if isinstance(vectors, EGESVectors)])


def attention_section(data: ActiveData, shown: Shown, side: Any) -> list[Job]:
    """Bars of the chosen item, the catalogue, and a field against popularity; what is left to train."""
    side_info, names, present = shown.vectors.side, shown.names, shown.present
    seeds = attention_over_seeds(data, shown)
    mine = side_info.of(shown.row)
    title = data.titles[shown.row]
    values = [title, *(", ".join(mine.get(name, ())) for name in names[1:])]
    weights = shown.vectors.attention[shown.row]
    catalogue = np.array(
        [shown.vectors.attention[present[:, j], j].mean() if present[:, j].any() else 0 for j in range(len(names))]
    )
    st.markdown(f"**What makes the vector of {plain(title)}**")
    live_chart(
        attention_bars_figure(
            [field_words(name) for name in names],
            values,
            weights,
            catalogue,
            equal=1 / present[shown.row].sum(),
            low=None if seeds is None else np.minimum(seeds[:, shown.row].min(axis=0), weights),
            high=None if seeds is None else np.maximum(seeds[:, shown.row].max(axis=0), weights),
            seeds=MORE_SEEDS,
            title=title,
        ),
        key=f"attention bars@{data.key}",
        height=90 + 42 * len(names),
    )
    if seeds is not None:
        st.caption(seed_words(shown, seeds))
    st.markdown(f"**The whole catalogue** ({len(shown.graph):,} items)")
    live_chart(
        attention_spread_figure(
            [field_words(name) for name in names],
            shown.vectors.attention,
            present,
            chosen=shown.row,
            equal=1 / len(names) if present.all() else None,
        ),
        key=f"attention spread@{data.key}",
        height=90 + 58 * len(names),
    )
    trend_section(data, shown, side)
    return [] if seeds is not None else [seed_job(data, shown)]


def seed_words(shown: Shown, seeds: Float32Array) -> str:
    """How much of an item's weight is the seed's doing."""
    every = np.concatenate([shown.vectors.attention[None], seeds]).astype(np.float64)
    noise = float(np.sqrt(every.var(axis=0, ddof=1)[shown.present].mean()))
    means = every.mean(axis=0)
    between = [means[shown.present[:, j], j].std() for j in range(len(shown.names)) if shown.present[:, j].any()]
    kinds = ", ".join(
        f"{plain_field(name)} {values.min():.2f} to {values.max():.2f}"
        for j, name in enumerate(shown.names)
        if shown.present[:, j].any()
        for values in [every[:, shown.present[:, j], j].mean(axis=1)]
    )
    return (
        f"Whiskers: smallest and largest weight over {len(every)} seeds. A weight moves by {noise:.3f} from seed to "
        f"seed (standard deviation), while items differ by {float(np.mean(between)):.3f}. "
        f"Catalogue means over the seeds: {kinds}."
    )


def trend_section(data: ActiveData, shown: Shown, side: Any) -> None:
    """One field against popularity."""
    names, present = shown.names, shown.present
    j = names.index(TREND.draw(data, side, among=names))
    rows = np.flatnonzero(present[:, j])
    if len(rows) < 4:
        st.caption(f"Only {len(rows)} items have {plain_field(names[j])}: too few to show against popularity.")
        return
    counts, unit = counts_of(data, shown.graph)
    weights = shown.vectors.attention[rows, j]
    trend = trend_of(data, shown, j)
    st.markdown(f"**Weight of {plain_field(names[j])} against popularity** ({len(rows):,} items that have it)")
    chosen = np.flatnonzero(rows == shown.row)
    live_chart(
        attention_trend_figure(
            [shown.graph.items[int(row)] for row in rows],
            [data.titles[row] for row in rows],
            counts[rows],
            weights,
            trend,
            name=field_words(names[j]),
            unit=unit,
            chosen=int(chosen[0]) if len(chosen) else None,
        ),
        key=f"attention trend@{data.key}",
        height=380,
        on_click=lambda item: session.pick(data, item),
    )
    st.caption(f"{trend_words(trend)} Click a point to choose the item.")


def trend_of(data: ActiveData, shown: Shown, j: int) -> AttentionTrend:
    """A column of the attention against popularity, over the items that have it (4 or more)."""
    rows = np.flatnonzero(shown.present[:, j])
    counts, _ = counts_of(data, shown.graph)
    key = ("attention trend", data.fingerprint, shown.graph.fingerprint, shown.config, j)
    trend: AttentionTrend = results.remember(
        data, key, lambda: attention_by_popularity(shown.vectors.attention[rows, j], counts[rows])
    )
    return trend


def trend_words(trend: AttentionTrend) -> str:
    """The rank correlation with its interval, in a sentence."""
    found = trend.correlation
    verdict = "no trend beyond noise" if found.low <= 0 <= found.high else "it rises" if found.value > 0 else "it falls"
    return (
        f"Rank correlation with popularity {signed(found.value)} (95 % interval {signed(found.low)} to "
        f"{signed(found.high)} over {found.n:,} items): {verdict}."
    )
