"""The view of the attention weights: of the chosen item, over the catalogue, against popularity, over seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from pages.kit import large, model_results, results, session, stage
from pages.kit.allowed import Options
from pages.kit.answer_words import paired, signed
from pages.kit.jobs import Job, part
from pages.kit.live_chart import live_chart
from pages.kit.model_controls import model_config
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import field_words, plain, plain_field
from pages.views.side_information.shown import (
    OWN,
    SIDE_INFORMATION_PAGE,
    Places,
    Shown,
    answered,
    fields_control,
    headline,
)
from recemb_core.arrays import Float32Array, Float64Array
from recemb_core.embeddings import EGESConfig, EGESVectors
from recemb_core.evaluation.attention import AttentionTrend, attention_by_popularity
from recemb_core.figures.attention_bars import attention_bars_figure
from recemb_core.figures.attention_spread import attention_spread_figure
from recemb_core.figures.attention_trend import attention_trend_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Progress

MORE_SEEDS = 4
BARS = 215  # pixels of the upper chart
ABOVE_TREND = 490  # pixels of the window around the lower one

TREND = Parameter(
    SIDE_INFORMATION_PAGE,
    "trend",
    "Below, the weight of",
    Options(shown=field_words),
    OWN,
    help="Whose weight the lower chart shows against how often an item was seen.",
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
    return Job(identity, f"{MORE_SEEDS} more seeds: how sure are the weights?", seconds, run, asks=True, extra=True)


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


def attention_view(data: ActiveData, shown: Shown, places: Places) -> list[Job]:
    """The chosen item's bars above a field against popularity; below, the catalogue. What is left to train."""
    headline(shown, places.numbers)
    with places.side:
        j = shown.names.index(TREND.draw(data, among=shown.names))
        stage.try_this(data, experiments(data, shown))
        fields_control(data)
    seeds = attention_over_seeds(data, shown)
    with places.main:
        with stage.picture():
            _bars(data, shown, seeds)
            trend = _trend(data, shown, j)
        st.caption(" ".join(filter(None, [trend, "" if seeds is None else seed_words(shown, seeds)])))
        st.subheader(f"The whole catalogue ({len(shown.graph):,} items)", anchor=False)
        names, present = shown.names, shown.present
        drawn = large.points(np.arange(len(present)), shown.row)
        live_chart(
            attention_spread_figure(
                [field_words(name) for name in names],
                shown.vectors.attention,
                present,
                chosen=shown.row,
                equal=1 / len(names) if present.all() else None,
                drawn=drawn,
            ),
            key=f"attention spread@{data.key}",
            height=90 + 58 * len(names),
        )
        if len(drawn) < len(present):
            st.caption(f"Shapes: of {len(drawn):,} items, drawn at random; means are of all.")
    return [] if seeds is not None else [seed_job(data, shown)]


def _bars(data: ActiveData, shown: Shown, seeds: Float32Array | None) -> None:
    """What the chosen item's vector is made of."""
    names, present = shown.names, shown.present
    mine, title = shown.vectors.side.of(shown.row), data.titles[shown.row]
    weights = shown.vectors.attention[shown.row]
    catalogue = [
        shown.vectors.attention[present[:, j], j].mean() if present[:, j].any() else 0 for j in range(len(names))
    ]
    st.markdown(f"What makes the vector of **{plain(title)}**")
    live_chart(
        attention_bars_figure(
            [field_words(name) for name in names],
            [title, *(", ".join(mine.get(name, ())) for name in names[1:])],
            weights,
            np.array(catalogue),
            equal=1 / present[shown.row].sum(),
            low=None if seeds is None else np.minimum(seeds[:, shown.row].min(axis=0), weights),
            high=None if seeds is None else np.maximum(seeds[:, shown.row].max(axis=0), weights),
            seeds=MORE_SEEDS,
            title=title,
        ),
        key=f"attention bars@{data.key}",
        height=BARS,
    )


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


def _trend(data: ActiveData, shown: Shown, j: int) -> str:
    """One field against popularity; what is to be said of it."""
    names = shown.names
    rows = np.flatnonzero(shown.present[:, j])
    if len(rows) < 4:
        return f"Only {len(rows)} items have {plain_field(names[j])}: too few to show against popularity."
    counts, unit = counts_of(data, shown.graph)
    trend = trend_of(data, shown, j)
    chosen = np.flatnonzero(rows == shown.row)
    drawn = large.points(rows, shown.row)
    live_chart(
        attention_trend_figure(
            [shown.graph.items[int(row)] for row in rows],
            [data.titles[row] for row in rows],
            counts[rows],
            shown.vectors.attention[rows, j],
            trend,
            name=field_words(names[j]),
            unit=unit,
            chosen=int(chosen[0]) if len(chosen) else None,
            drawn=drawn,
        ),
        key=f"attention trend@{data.key}",
        height=230,
        above=ABOVE_TREND,
        on_click=lambda item: session.pick(data, item),
    )
    return (
        f"Below: the weight of {plain_field(names[j])} in the {len(rows):,} items that have it. "
        f"{trend_words(trend)}{large.points_words(len(drawn), len(rows))}"
    )


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
        f"Rank correlation with popularity {signed(found.value)} (95% interval {signed(found.low)} to "
        f"{signed(found.high)} over {found.n:,} items): {verdict}."
    )


# ---- questions ----

TREND_WAYS = ("It rises", "It falls", "No trend beyond noise")
AGAINST_PLAIN = ("More than the plain average", "Less", "No difference beyond noise")
WHO_GETS = ("Mostly the item itself", "Mostly the field that is left", "Both alike, within 0.05")


def experiments(data: ActiveData, shown: Shown) -> list[Experiment]:
    """Of this view."""
    own = {"trend": OWN}
    tries = [
        Experiment(
            "Its own embedding, beside those of its fields. **How much weight has it, on average over the items?**",
            AGAINST_PLAIN,
            answered(data, shown, lambda: against_plain(shown)),
            own,
        )
    ]
    if len(shown.graph) >= 4:
        question = "A popular item was trained by many pairs of its own. **Does its own weight rise with popularity?**"
        say = answered(data, shown, lambda: with_popularity(data, shown))
        tries.append(Experiment(question, TREND_WAYS, say, own))
    fields = data.side_fields
    if len(fields) > 1:
        question = f"Learn from {plain_field(fields[-1])} alone. **Who gets the weight of the other fields?**"
        say = answered(data, shown, lambda: who_gets(data, shown))
        tries.append(Experiment(question, WHO_GETS, say, {"eges_fields": [fields[-1]]}))
    return tries


def against_plain(shown: Shown) -> Verdict:
    """The items' own weight beside that of the plain average."""
    own, equal = shown.vectors.attention[:, 0], 1 / shown.present.sum(axis=1)
    gain = paired(own, equal)
    right = 2 if gain.low <= 0 <= gain.high else 0 if gain.value > 0 else 1
    fewer = "" if np.ptp(equal) == 0 else " (more where an item has fewer fields)"
    return Verdict(
        f"{own.mean():.2f} on average, where the plain average gives {equal.mean():.2f}{fewer}: "
        f"{signed(gain.value, '.3f')} (95%: "
        f"{signed(gain.low, '.3f')} to {signed(gain.high, '.3f')} over {gain.n:,} items; one seed).",
        right,
    )


def with_popularity(data: ActiveData, shown: Shown) -> Verdict:
    """The rank correlation of the items' own weight with popularity."""
    trend = trend_of(data, shown, 0)
    found = trend.correlation
    right = 2 if found.low <= 0 <= found.high else 0 if found.value > 0 else 1
    return Verdict(f"{trend_words(trend)} The lower chart shows every item (one seed).", right)


def who_gets(data: ActiveData, shown: Shown) -> Verdict:
    """Who has gained weight, with one field in place of all."""
    left, fields = shown.vectors.field_names[0], data.side_fields
    whole = replace(shown.config, fields=model_config(data, shown.graph, "EGES").fields)
    now = _means(shown.vectors, left)
    text = f"Now {now[0]:.2f} for the item itself and {now[1]:.2f} for {plain_field(left)}"
    if not model_results.has_model(data, whole, graph=shown.graph):
        return Verdict(f"{text}; with all fields it is not trained yet.")
    with_all = model_results.model_vectors(data, whole, graph=shown.graph)
    assert isinstance(with_all, EGESVectors)
    before = _means(with_all, left)
    own, field = now[0] - before[0], now[1] - before[1]
    return Verdict(
        f"{text}; with all {len(fields)} fields {before[0]:.2f} and {before[1]:.2f}: **{signed(own)}** and "
        f"**{signed(field)}**. Means over the items, one seed each; more seeds are a button below.",
        2 if abs(own - field) <= 0.05 else 0 if own > field else 1,
    )


def _means(vectors: EGESVectors, field: str) -> tuple[float, float]:
    """Mean weight of the items themselves, and of a field in the items that have it."""
    j = vectors.field_names.index(field)
    have = vectors.side.present[:, j]
    return float(vectors.attention[:, 0].mean()), float(vectors.attention[have, j + 1].mean()) if have.any() else 0.0
