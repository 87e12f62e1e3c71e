"""The parts of the side-information page that every view needs, and the view of the attention weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import controls, frame, maps, model_results, navigation, results, session
from pages.kit.allowed import Options, Several
from pages.kit.answer_words import signed
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.model_controls import fields_of, model_config, model_controls
from pages.kit.model_jobs import Entry, entry
from pages.kit.parameters import Bound, Parameter, Scope
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain
from recemb_core.arrays import AnyArray, BoolArray, Float32Array, Float64Array
from recemb_core.embeddings import EGESConfig, EGESVectors
from recemb_core.evaluation.attention import AttentionTrend, attention_by_popularity
from recemb_core.figures.attention_bars import attention_bars_figure
from recemb_core.figures.attention_spread import attention_spread_figure
from recemb_core.figures.attention_trend import attention_trend_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Progress

OWN = "the item itself"
MORE_SEEDS = 4

SIDE_INFORMATION_PAGE = Scope("side_information")
FIELDS = Parameter(
    SIDE_INFORMATION_PAGE,
    "eges_fields",
    "Fields to learn from",
    Several(),
    help="Each field gives every item one more embedding, shared by all items with the same value.",
)
TREND = Parameter(
    SIDE_INFORMATION_PAGE,
    "trend",
    "Against popularity, the weight of",
    Options(shown=field_words),
    OWN,
    help="Whose weight the last chart shows against how often an item was seen.",
)


@dataclass(frozen=True, eq=False)
class Shown:
    """What the views draw: the trained EGES vectors of a graph, and the chosen item in them."""

    graph: ItemGraph
    config: EGESConfig
    vectors: EGESVectors
    row: int

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of the attention."""
        return (OWN, *self.vectors.field_names)

    @property
    def present(self) -> BoolArray:
        """Which item has which of them; every item has itself."""
        have = self.vectors.side.present
        return np.hstack([np.ones((len(have), 1), dtype=bool), have])


def eges_config(data: ActiveData, graph: ItemGraph) -> EGESConfig | None:
    """The settings in use, bound to the session and the link; None while no field is chosen."""
    fields, chosen = fields_of(data), _fields(data).value
    if not chosen:
        return None
    config: EGESConfig = model_config(data, graph, "EGES")
    kept = tuple(name for name in fields if name in chosen)
    return config if kept == fields else replace(config, fields=kept)


def _fields(data: ActiveData) -> Bound:
    return FIELDS.bind(data, default=list(fields_of(data)), among=fields_of(data))


def settings_controls(data: ActiveData, graph: ItemGraph) -> None:
    """What EGES is trained on and how."""
    _fields(data).draw()
    with st.expander("Walks and training"):
        model_controls(data, graph, "EGES")


def shown_model(data: ActiveData, graph: ItemGraph, config: EGESConfig) -> tuple[Entry, Shown | None]:
    """The model as far as it is there, with the last settings while new ones are not trained yet."""
    one = entry(data, graph, "EGES", "EGES", config)
    if one.state == "unavailable":
        st.error(one.message)
    if one.vectors is None:
        return one, None
    assert isinstance(one.vectors, EGESVectors)
    row = graph.items.row(session.chosen_item(data))
    return one, Shown(graph, one.config, one.vectors, row)


def without_fields(data: ActiveData) -> None:
    """What this page needs, and how to get it."""
    names = ", ".join(data.side_info.columns) if data.side_info is not None else ""
    st.info(
        f"**{data.title}** says nothing about its items{' but their ' + names if names else ''}. This page needs side "
        "information: a column or a second table with a category, a brand, a price … of each item."
    )
    left, right = st.columns(2)
    left.button(
        f"Show it on {session.bundled_title('complete_journey')}",
        type="primary",
        on_click=session.choose_data,
        args=("complete_journey",),
    )
    navigation.link("sequences", "Upload a log with its item table", right)


def headline(shown: Shown, place: Any) -> None:
    """The numbers that matter about the chosen item."""
    weights, names, n = shown.vectors.attention, shown.names, len(shown.graph)
    mine, have = weights[shown.row], shown.present[shown.row]
    own = weights[:, 0]
    best = int(np.argmax(mine[1:])) + 1 if len(names) > 1 and have[1:].any() else 0
    frame.metrics(
        [
            (
                "Weight of the item itself",
                f"{mine[0]:.2f}",
                f"What its own clicks taught counts this much in its vector; the rest is side information. "
                f"Over the {n:,} items: mean {own.mean():.2f}, middle half {np.quantile(own, 0.25):.2f} to "
                f"{np.quantile(own, 0.75):.2f}.",
            ),
            (
                field_words(names[best]) if best else "Strongest field",
                f"{mine[best]:.2f}" if best else "none",
                "The field that counts most in this item. Over the items that have it, the mean is "
                f"{weights[shown.present[:, best], best].mean():.2f}.",
            ),
            (
                "Fields it has",
                f"{int(have[1:].sum())} of {len(names) - 1}",
                "A missing value has no embedding and no weight.",
            ),
            (
                "Plain average would be",
                f"{1 / have.sum():.2f}",
                "GES gives every embedding that the item has the same weight.",
            ),
        ],
        place,
    )


def counts_of(data: ActiveData, graph: ItemGraph) -> tuple[Float64Array, str]:
    """(popularity of each item, its unit)."""
    if data.sequences is not None:
        return np.maximum(data.sequences.counts.astype(np.float64), 1.0), "events"
    return np.maximum(graph.strength, 1e-9), "edge weight in all"


def seed_job(data: ActiveData, shown: Shown) -> Job:
    """Train with other seeds, so that the noise of the weights can be seen."""
    configs = other_seeds(shown.config)
    seconds = model_results.model_seconds(data, shown.config, len(shown.graph)) * len(configs)

    def run(report: Progress) -> None:
        for number, config in enumerate(configs):

            def tick(share: float, stage: str, done: int = number) -> None:
                report((done + share) / len(configs), f"{stage}, seed {done + 1} of {len(configs)}")

            model_results.model_vectors(data, config, tick, graph=shown.graph)

    identity = ("seeds", shown.graph.fingerprint, shown.config)
    return Job(identity, f"{len(configs)} more seeds: how sure are the weights?", seconds, run, asks=True)


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
        f"{field_words(name)} {values.min():.2f} to {values.max():.2f}"
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
        st.caption(f"Only {len(rows)} items have {field_words(names[j])}: too few to show against popularity.")
        return
    counts, unit = counts_of(data, shown.graph)
    weights = shown.vectors.attention[rows, j]
    trend = trend_of(data, shown, j)
    st.markdown(f"**Weight of {field_words(names[j])} against popularity** ({len(rows):,} items that have it)")
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
        f"{signed(found.high)} "
        f"over {found.n:,} items): {verdict}."
    )


def neighbor_frame(data: ActiveData, shown: Shown, rows: AnyArray, cosines: AnyArray, given: Any) -> pl.DataFrame:
    """A table of items with their cosine and what they share with given values by field."""
    shares = []
    for row in rows:
        has = shown.vectors.side.of(int(row))
        shares.append(
            ", ".join(field_words(name) for name, values in given.items() if set(values) & set(has.get(name, ())))
        )
    return pl.DataFrame({"Item": [data.titles[int(row)] for row in rows], "Cosine": cosines, "Shares": shares})


COSINE = {"Cosine": st.column_config.NumberColumn(format="%.3f")}


def map_job(data: ActiveData, shown: Shown) -> Job | None:
    """Draw the map where it is not there yet."""
    umap = controls.umap_config(data, len(shown.graph), draw=False)
    if maps.has_model_map(data, shown.config, umap, graph=shown.graph):
        return None
    return Job(
        ("map", shown.graph.fingerprint, shown.config, umap),
        "EGES map (UMAP)",
        2 + len(shown.graph) / 1_000,
        lambda report: maps.model_map(data, shown.config, umap, report, graph=shown.graph),
    )


def map_of(data: ActiveData, shown: Shown) -> Float32Array:
    """The map that is there."""
    umap = controls.umap_config(data, len(shown.graph), draw=False)
    return maps.model_map(data, shown.config, umap, graph=shown.graph)
