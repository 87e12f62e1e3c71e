"""The parts of the node2vec page: results or the stale picture, scores with bands, tables."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, jobs, large, maps, model_results, results, session
from pages.kit import seed_scores as of_seeds
from pages.kit.answer_words import signed
from pages.kit.controls import Labelling
from pages.kit.downloads import download
from pages.kit.jobs import Job, Sooner
from pages.kit.live_chart import ChartEvents, live_chart
from pages.kit.parameters import Scope
from pages.kit.session import ActiveData
from pages.kit.text import plain, plain_field
from recemb_core.arrays import AnyArray, Int64Array
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.evaluation import GroupScore, compare_with_control, seed_band
from recemb_core.evaluation.intervals import SeedBand
from recemb_core.evaluation.noise import LEVEL
from recemb_core.figures.item_map import item_map_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import MapPreview, UMAPConfig, preview_map
from recemb_core.progress import Progress

NODE2VEC_PAGE = Scope("node2vec")
SCORES = ("Homophily", "Structural")  # by groups, by roles
SMALLER = 0.7  # of points on one of two maps, where those of the usual size would hide each other
PREVIEW = "Preview: few walks, from the last map"


def base_of(config: Node2VecConfig) -> Node2VecConfig:
    """The same at p = q = 1, with which a setting is compared, and from whose map its own starts."""
    return replace(config, p=1.0, q=1.0)


@dataclass(frozen=True, eq=False)
class Shown:
    """What the page shows: vectors and map of ``config``, which is not what was asked for (``wanted``) until it is run.

    ``labellings`` are what the two scores go by: (groups, roles). Of a preview, ``before`` is the last exact result
    that was shown: its scores stand, greyed, until the exact ones are there.
    """

    data: ActiveData
    graph: ItemGraph
    umap: UMAPConfig
    labellings: tuple[Labelling, Labelling]
    wanted: Node2VecConfig
    config: Node2VecConfig
    vectors: ItemVectors
    positions: AnyArray
    before: Shown | None = None

    @property
    def preview(self) -> bool:
        """Whether this is a first look, and no result."""
        return self.before is not None

    @property
    def item(self) -> str:
        """The chosen one."""
        return session.chosen_item(self.data)

    def score(self, vectors: ItemVectors, by: Labelling) -> GroupScore:
        """Of any vectors of this graph."""
        return model_results.score(self.data, vectors, self.graph, by.name, by.values)

    def has(self, config: Node2VecConfig) -> bool:
        """Whether another setting is trained."""
        return model_results.has_model(self.data, config, graph=self.graph)

    def train(self, config: Node2VecConfig, report: Progress | None = None) -> ItemVectors:
        """The vectors of another setting, trained where they are not there."""
        return model_results.model_vectors(self.data, config, report, graph=self.graph)

    def nearest(self, vectors: ItemVectors) -> list[tuple[str, float]]:
        """The chosen item's neighbors by cosine."""
        return vectors.most_similar(self.item, k=min(10, max(1, len(self.graph) - 1)))


def results_or_stale(
    data: ActiveData,
    graph: ItemGraph,
    wanted: Node2VecConfig,
    umap: UMAPConfig,
    labellings: tuple[Labelling, Labelling],
    *,
    previews: bool = False,
) -> Shown | None:
    """The wanted settings' vectors and map, or those last shown, marked stale, until Run; None for none.

    With ``previews``, what is not there yet is previewed from what is on the screen, where that is of the same items.
    """

    def run(config: Node2VecConfig, report: Progress) -> Shown:
        base, vectors = (
            model_results.model_vectors(data, one, report, graph=graph) for one in (base_of(config), config)
        )
        anchor = None if base_of(config) == config else base
        positions = maps.map_positions(data, graph, vectors, umap, anchor, report)
        return Shown(data, graph, umap, labellings, wanted, config, vectors, positions)

    def ready(identity: tuple[str, Node2VecConfig]) -> Shown | None:
        fingerprint, config = identity
        base = base_of(config)
        there = (
            fingerprint == graph.fingerprint
            and model_results.has_model(data, config, graph=graph)
            and maps.has_map(data, graph, config, umap, None if base == config else base)
        )
        return run(config, lambda fraction, stage: None) if there else None

    trained = model_results.has_model(data, wanted, graph=graph)
    seconds = 0.0 if trained else model_results.model_seconds(data, wanted, len(graph))
    job = Job(
        (graph.fingerprint, wanted),
        f"node2vec, p = {wanted.p:g}, q = {wanted.q:g}",
        seconds,
        lambda report: run(wanted, report),
        # A link to long settings is run when it is opened: there is nothing else to look at.
        asks=seconds > jobs.LIVE_SECONDS and jobs.shown_before(data, "node2vec"),
    )

    def preview(last: Shown, on_screen: MapPreview | None, report: Progress) -> MapPreview | None:
        if last.vectors.config == wanted:  # it is the map alone that changes
            return None
        start = on_screen if on_screen is not None and len(on_screen.vectors) == len(graph) else last
        given = (wanted, start.vectors, start.positions, umap)
        found: MapPreview = results.compute_once(preview_map, *given, graph=graph, progress=report, reports=True)
        return found

    def show(last: Shown, found: MapPreview) -> Shown:
        vectors, positions = found.vectors, found.positions
        return replace(last, wanted=wanted, config=wanted, vectors=vectors, positions=positions, before=last)

    waiting = "Press Run to train these settings."
    said = f"p = {wanted.p:g}, q = {wanted.q:g}, {wanted.dimensions} dimensions"
    words = f"You see a preview of {said}: few walks, from the last map."
    key = (graph.fingerprint, wanted, umap)
    sooner = Sooner(key, preview, show, words) if previews else None
    return jobs.result(data, "node2vec", job, ready=ready, waiting=waiting, stale=_stale, sooner=sooner)[0]


def _stale(last: Shown) -> str:
    config = last.config
    return f"The settings changed. You still see p = {config.p:g}, q = {config.q:g}, {config.dimensions} dimensions."


def rows_on_map(shown: Shown, near: Sequence[str] = ()) -> Int64Array:
    """Rows of the items that a map draws; of large data a sample, the chosen item and those near it."""
    items = shown.graph.items
    return large.drawn_rows(shown.data, shown.umap.seed, map(items.row, (shown.item, *near)))


def draw_map(
    shown: Shown,
    positions: AnyArray,
    color: Labelling,
    *,
    key: str,
    height: int,
    above: int | None = None,
    symbols: bool = False,
    limits: tuple[AnyArray, AnyArray] | None = None,
    **more: Any,
) -> ChartEvents:
    """A map of all items, or a sample; a click chooses one.

    Of several places for every item, ``frames`` are shown one at a time. One of two maps has the ``limits`` of both,
    and no legend.
    """
    data, graph, roles, frames = shown.data, shown.graph, shown.labellings[1], more.pop("frames", None)
    rows = rows_on_map(shown, more.get("highlighted", ()))
    figure = item_map_figure(
        np.asarray(positions)[rows],
        [graph.items[int(row)] for row in rows],
        [data.titles[int(row)] for row in rows],
        color_by=color.values[rows],
        color_title=color.words,
        symbol_by=roles.values[rows] if symbols or roles.planted else None,
        symbol_title=roles.words,
        size=np.sqrt(graph.strength[rows]),
        chosen=shown.item,
        shrunk=1.0 if limits is None else SMALLER,
        **more,
    )
    figure.update_layout(title_text=None)
    if limits is not None:
        low, high = limits
        view = {axis: [float(low[i]), float(high[i])] for i, axis in enumerate("xy")}
        axes = {f"{axis}axis": {"title": {"text": ""}, "showline": True, "mirror": True} for axis in "xy"}
        margin = {"l": 4, "r": 4, "b": 4}
        figure.update_layout(showlegend=False, margin=margin, meta={**figure.layout.meta, "view": view}, **axes)
    choose = lambda item: session.pick(data, item)  # noqa: E731
    badge = PREVIEW if shown.preview else ""
    return live_chart(
        figure, key=f"{key}@{data.key}", height=height, above=above, frames=frames, on_click=choose, badge=badge
    )


def score_metrics(shown: Shown, note: Any) -> None:
    """Both scores with the band that other seeds give; of a preview, those before, greyed.

    ``note``: where it is said what p = q = 1 gives, and where the noise is measured.
    """
    config = shown.config
    *places, last = frame.figure_columns("scores", 3, narrowest="12rem")
    places = [place.empty() for place in places]
    exact = shown.before or shown
    noise = "seed noise not measured yet"
    if shown.preview:
        noise = f"still of p = {exact.config.p:g}, q = {exact.config.q:g}"
        st.html(GREYED)
    for place, title, by in zip(places, SCORES, shown.labellings, strict=True):
        _metric(place, title, exact, by, noise)
    last.metric(
        "Settings",
        f"p = {config.p:g}, q = {config.q:g}",
        help=f"{config.num_walks} walks of {config.walk_length} items from each item, window {config.window}, "
        f"{config.dimensions} dimensions, {config.epochs} epochs, seed {config.seed}.",
    )
    if shown.preview:
        note.caption("The scores of these settings follow with the exact result.")
        return
    runs = seed_scores(shown, config, note)
    if runs is None:
        return
    for place, title, by in zip(places, SCORES, shown.labellings, strict=True):
        band = seed_band(runs[by.name])
        _metric(place, title, shown, by, band_words(band))
    against = seed_scores(shown, base_of(config)) if base_of(config) != config else None
    if against is not None:
        note.caption(change_words({by.name: (runs[by.name], against[by.name]) for by in shown.labellings}))


def band_words(band: SeedBand) -> str:
    """The smallest and largest score of the seeds.

    >>> band_words(seed_band([0.941, 0.943]))
    '0.94 in all 2 seeds'
    """
    low, high = f"{band.low:.2f}", f"{band.high:.2f}"
    return f"{low} in all {band.seeds} seeds" if low == high else f"{low} to {high} in {band.seeds} seeds"


# Of the scores, which are not these settings' yet.
GREYED = "<style>.st-key-scores [data-testid=stMetric]:has([data-testid=stMetricDelta]) { opacity: .45; }</style>"


def _metric(place: Any, title: str, shown: Shown, by: Labelling, noise: str) -> None:
    score = shown.score(shown.vectors, by)
    place.metric(
        f"{title} score by {plain(by.words)}",
        f"{score.value:.2f} of {score.maximum:.2f}",
        delta=noise,
        delta_color="off",
        delta_arrow="off",
        help=f"Share of an item's 5 nearest neighbors with its own {plain(by.words)}, minus chance, averaged over "
        "groups. 0 is chance; the second number is the most that these group sizes allow."
        + large.scored_words(shown.data),
    )


def change_words(runs: dict[str, tuple[Sequence[float], Sequence[float]]]) -> str:
    """What may be said of a setting against p = q = 1, from labelling → (scores of its runs, scores at p = q = 1)."""
    told, seeds = [], 0
    for name, (here, base) in runs.items():
        test = compare_with_control({name: here}, base)
        seeds = test.seeds
        change = signed(test.change[name], ".3f")
        told.append(f"By {plain_field(name)}: {change} against p = q = 1, **{test.verdict(name)}**")
        if test.measured:
            told[-1] += f" (±{test.margin(name):.3f}; a change under {test.detectable():.3f} would mostly not be seen)"
    return ". ".join(told) + f". Rule: t test of the means of {seeds} seeds each, {LEVEL * 100:g}% for each score."


def seed_scores(shown: Shown, config: Node2VecConfig, note: Any = None) -> dict[str, list[float]] | None:
    """Scores by labelling over seeds: bundled, measured now if quick, or on request (at ``note``); None: not known."""
    data, graph = shown.data, shown.graph
    ready = of_seeds.ready(data, graph, config, shown.labellings)
    if ready is not None:
        return ready
    job = of_seeds.job(data, graph, config)
    if not jobs.may_run(data, job):
        if note is not None:
            with note:
                jobs.run_button(data, "seed noise", [job], verb="Measure", names=job.label)
        return None
    with note if note is not None else nullcontext():
        if note is not None:
            jobs.perform(data, job)
        else:
            job.run(lambda fraction, stage: None)
    return of_seeds.ready(data, graph, config, shown.labellings)


def neighbor_table(shown: Shown, neighbors: list[tuple[str, float]], color: Labelling) -> None:
    """The chosen item's nearest items."""
    data, items = shown.data, shown.graph.items
    st.markdown(f"**Nearest to {plain(data.title_of(shown.item))}** (cosine)")
    rows = [items.row(other) for other, _ in neighbors]
    joined, weights = shown.graph.neighbors(items.row(shown.item))
    weight_of = dict(zip(joined.tolist(), weights.tolist(), strict=True))
    way = "from" if shown.graph.directed else "to"
    number = st.column_config.NumberColumn
    st.dataframe(
        {
            "Item": [data.titles[row] for row in rows],
            "Cosine": [score for _, score in neighbors],
            color.words.capitalize(): color.values[rows].astype(str),
            "Weight": [weight_of.get(row) for row in rows],
        },
        hide_index=True,
        placeholder="–",
        column_config={
            "Item": st.column_config.TextColumn(width=125),
            "Cosine": number(format="%.3f", width=60),
            "Weight": number(width=60, help=f"Weight of the edge {way} the chosen item; – where there is none."),
        },
    )


def lasso_table(shown: Shown, selected: tuple[str, ...], color: Labelling) -> None:
    """What the box or lasso holds, with its file."""
    graph = shown.graph
    st.markdown("**Selected on the map**")
    known = [item for item in selected if item in graph.items]
    if not known:
        st.caption("Draw a lasso or a box on the map to list items here and take them along as a file.")
        return
    rows = [graph.items.row(item) for item in known]
    words = color.words.capitalize()
    table = pl.DataFrame(
        {
            "Item": [shown.data.titles[row] for row in rows],
            "Id": known,
            f"{words} (color)" if words in ("Item", "Id", "Strength") else words: color.values[rows].astype(str),
            "Strength": graph.strength[rows],
        }
    )
    st.dataframe(table, hide_index=True, height=300)
    names = pl.Series("Item", [shown.data.names[row] for row in rows])
    download(f"CSV of {len(known)} items", "selected_items.csv", table.with_columns, names)


def downloads(shown: Shown) -> None:
    """The vectors as files."""
    from recemb_core.embeddings import exporting

    vectors = shown.vectors
    with st.popover("Download the vectors", icon=":material/download:"):
        download("word2vec text", "vectors.txt", exporting.word2vec_text, vectors, icon=None)
        download("npz (numpy, no pickle)", "vectors.npz", ItemVectors.to_bytes, vectors, icon=None)
        download("parquet", "vectors.parquet", exporting.vectors_parquet, vectors, icon=None)
        st.caption("For the Embedding Projector, a pair:")
        for part, name in enumerate(("vectors.tsv", "metadata.tsv")):
            download(name, name, _projector_part, vectors, shown.data.side_info, part, icon=None)


def _projector_part(vectors: ItemVectors, side_info: pl.DataFrame | None, part: int) -> bytes:
    from recemb_core.embeddings import exporting

    return exporting.projector_tsv(vectors, side_info)[part]
