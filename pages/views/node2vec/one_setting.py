"""The parts of the node2vec page: results or the stale picture, scores with bands, tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, jobs, maps, model_results, session
from pages.kit.controls import Labelling
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Scope
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.arrays import AnyArray
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.evaluation import SeedBand, compare_with_control, seed_band
from recemb_core.evaluation.noise import LEVEL, default_seeds
from recemb_core.figures.item_map import item_map_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
from recemb_core.progress import Progress

NODE2VEC_PAGE = Scope("node2vec")
Trained = tuple[Node2VecConfig, ItemVectors, AnyArray]


def results_or_stale(data: ActiveData, graph: ItemGraph, wanted: Node2VecConfig, umap: UMAPConfig) -> Trained | None:
    """Settings, vectors and map: the wanted ones, or the last shown, marked stale, until Run; None for none."""

    def run(config: Node2VecConfig, report: Progress) -> Trained:
        base = replace(config, p=1.0, q=1.0)
        anchor = model_results.node2vec_vectors(data, graph, base, report) if base != config else None
        vectors = model_results.node2vec_vectors(data, graph, config, report)
        return config, vectors, maps.map_positions(data, graph, vectors, umap, anchor, report)

    def ready(identity: tuple[str, Node2VecConfig]) -> Trained | None:
        fingerprint, config = identity
        base = replace(config, p=1.0, q=1.0)
        there = (
            fingerprint == graph.fingerprint
            and model_results.has_node2vec(data, graph, config)
            and maps.has_map(data, graph, config, umap, None if base == config else base)
        )
        return run(config, lambda fraction, stage: None) if there else None

    trained = model_results.has_node2vec(data, graph, wanted)
    seconds = 0.0 if trained else model_results.training_seconds(wanted, len(graph))
    job = Job(
        (graph.fingerprint, wanted),
        f"node2vec, p = {wanted.p:g}, q = {wanted.q:g}",
        seconds,
        lambda report: run(wanted, report),
        # A link to long settings is run when it is opened: there is nothing else to look at.
        asks=seconds > jobs.LIVE_SECONDS and jobs.shown_before(data, "node2vec"),
    )
    waiting = "Press Run to train these settings."
    return jobs.result(data, "node2vec", job, ready=ready, waiting=waiting, stale=_stale)[0]


def _stale(last: Trained) -> str:
    config = last[0]
    return f"The settings changed. You still see p = {config.p:g}, q = {config.q:g}, {config.dimensions} dimensions."


def map_section(
    data: ActiveData,
    graph: ItemGraph,
    config: Node2VecConfig,
    vectors: ItemVectors,
    positions: AnyArray,
    color: Labelling,
    roles: Labelling,
) -> None:
    """The map of one setting, the chosen item's neighbors, and what the lasso holds."""
    item = session.chosen_item(data)
    neighbors = vectors.most_similar(item, k=min(10, max(1, len(graph) - 1)))
    figure = item_map_figure(
        positions,
        graph.items.ids,
        data.titles,
        color_by=color.values,
        color_title=color.words,
        symbol_by=roles.values if roles.planted else None,
        symbol_title=roles.words,
        size=np.sqrt(graph.strength),
        chosen=item,
        highlighted=[other for other, _ in neighbors],
        title=f"node2vec map, p = {config.p:g}, q = {config.q:g}",
    )
    figure.update_layout(title_text=None)
    events = live_chart(figure, key=f"map@{data.key}", height=600, on_click=lambda item: session.pick(data, item))
    st.caption(
        "Click a point to choose it; lasso or box lists items. "
        "UMAP puts near vectors near each other as far as a plane allows; axes, and distances between far groups, mean "
        "nothing."
    )
    left, right = frame.side_by_side("neighbors-and-lasso", (3, 2), "22rem")
    with left:
        neighbor_table(data, graph, neighbors, color)
        downloads(data, vectors)
    with right:
        lasso_table(data, graph, events.selected, color)


def score_metrics(
    data: ActiveData,
    graph: ItemGraph,
    config: Node2VecConfig,
    vectors: ItemVectors,
    groups: Labelling,
    roles: Labelling,
) -> None:
    """Both scores with the band that other seeds give, and what p = q = 1 gives."""
    base = replace(config, p=1.0, q=1.0)
    columns = frame.figure_columns("scores", 3, narrowest="12rem")
    places = {}
    for column, (name, by) in zip(columns, (("Homophily score", groups), ("Structural score", roles)), strict=False):
        score = model_results.score(data, vectors, graph, by.name, by.values)
        places[name] = column.empty()
        _metric(places[name], name, score.value, score.maximum, by, None)
    with columns[2]:
        st.metric(
            "Settings",
            f"p = {config.p:g}, q = {config.q:g}",
            help=f"{config.num_walks} walks of {config.walk_length} items from each item, window {config.window}, "
            f"{config.dimensions} dimensions, {config.epochs} epochs, seed {config.seed}.",
        )
    note = st.empty()
    runs = seed_scores(data, graph, config, groups, roles, note)
    if runs is None:
        return
    for name, by in (("Homophily score", groups), ("Structural score", roles)):
        score = model_results.score(data, vectors, graph, by.name, by.values)
        _metric(places[name], name, score.value, score.maximum, by, seed_band(runs[by.name]))
    against = seed_scores(data, graph, base, groups, roles, None) if base != config else None
    if against is not None:
        note.caption(change_words({by.name: (runs[by.name], against[by.name]) for by in (groups, roles)}))


def _metric(
    place: st.delta_generator.DeltaGenerator,
    name: str,
    value: float,
    maximum: float,
    by: Labelling,
    band: SeedBand | None,
) -> None:
    noise = "seed noise not measured yet"
    if band is not None:
        noise = f"seeds: {band.low:.2f} to {band.high:.2f} ({band.seeds})"
    place.metric(
        f"{name} by {by.words}",
        f"{value:.2f} of {maximum:.2f}",
        delta=noise,
        delta_color="off",
        delta_arrow="off",
        help=f"Share of an item's 5 nearest neighbors with its own {by.words}, minus chance, averaged over groups. "
        "0 is chance; the second number is the most that these group sizes allow.",
    )


def change_words(runs: dict[str, tuple[Sequence[float], Sequence[float]]]) -> str:
    """What may be said of a setting against p = q = 1, from labelling → (scores of its runs, scores at p = q = 1)."""
    told, seeds = [], 0
    for name, (here, base) in runs.items():
        test = compare_with_control({name: here}, base)
        seeds = test.seeds
        told.append(f"By {name}: {signed(test.change[name])} against p = q = 1, **{test.verdict(name)}**")
        if test.measured:
            told[-1] += f" (±{test.margin(name):.3f}; a change under {test.detectable():.3f} would mostly not be seen)"
    return ". ".join(told) + f". Rule: t test of the means of {seeds} seeds each, {LEVEL * 100:g} % for each score."


def signed(change: float) -> str:
    """A change with its sign and three decimals."""
    return f"{change:+.3f}".replace("-", "−")


def seed_scores(
    data: ActiveData,
    graph: ItemGraph,
    config: Node2VecConfig,
    groups: Labelling,
    roles: Labelling,
    note: st.delta_generator.DeltaGenerator | None,
) -> dict[str, list[float]] | None:
    """Scores of both labellings over seeds: bundled, measured now if quick, or on request; None while unknown."""
    ready = precomputed.load_scores(graph, config) if config.seed == 0 else None  # they are of seeds 0, 1, 2 …
    if ready is not None and {groups.name, roles.name} <= set(ready):
        return ready
    seeds = default_seeds(len(graph))
    configs = [replace(config, seed=config.seed + i) for i in range(seeds)]
    todo = [c for c in configs if not model_results.has_node2vec(data, graph, c)]

    def run(report: Progress) -> list[ItemVectors]:
        found = []
        for done, c in enumerate(configs):
            tick = lambda fraction, stage, done=done: report(  # noqa: E731
                (done + fraction) / seeds, f"seed {done + 1} of {seeds}"
            )
            found.append(model_results.node2vec_vectors(data, graph, c, tick))
        return found

    identity = ("seed noise", graph.fingerprint, tuple(configs))
    each = model_results.training_seconds(config, len(graph))
    job = Job(identity, f"the noise of {seeds} seeds", each * len(todo), run, asks=each > jobs.LIVE_SECONDS)
    if todo and not jobs.may_run(data, job):
        if note is not None:
            with note:
                jobs.run_button(data, "seed noise", [job], verb="Measure", names=job.label)
        return None
    if todo and note is not None:
        with note:
            vectors = jobs.perform(data, job)
    else:
        vectors = run(lambda fraction, stage: None)
    return {
        by.name: [model_results.score(data, one, graph, by.name, by.values).value for one in vectors]
        for by in (groups, roles)
    }


def neighbor_table(data: ActiveData, graph: ItemGraph, neighbors: list[tuple[str, float]], color: Labelling) -> None:
    """The chosen item's nearest items."""
    item = session.chosen_item(data)
    st.markdown(f"**Nearest to {data.title_of(item)}** (cosine)")
    rows = [graph.items.row(other) for other, _ in neighbors]
    frame_ = pl.DataFrame(
        {
            "Item": [data.titles[row] for row in rows],
            "Cosine": [score for _, score in neighbors],
            color.words.capitalize(): [str(color.values[row]) for row in rows],
            "Weight": [_weight(graph, graph.items.row(item), row) for row in rows],
        }
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        frame_,
        hide_index=True,
        placeholder="–",
        column_config={
            "Item": st.column_config.TextColumn(width=125),
            "Cosine": number(format="%.3f", width=60),
            "Weight": number(width=60, help="Weight of the edge to the chosen item; – where there is no edge."),
        },
    )


def _weight(graph: ItemGraph, a: int, b: int) -> float | None:
    rows, weights = graph.neighbors(a)
    found = weights[rows == b]
    return float(found[0]) if len(found) else None


def lasso_table(data: ActiveData, graph: ItemGraph, selected: tuple[str, ...], color: Labelling) -> None:
    """What the box or lasso holds, with its file."""
    st.markdown("**Selected on the map**")
    known = [item for item in selected if item in graph.items]
    if not known:
        st.caption("Draw a lasso or a box on the map to list items here and take them along as a file.")
        return
    rows = [graph.items.row(item) for item in known]
    table = pl.DataFrame(
        {
            "Item": [data.titles[row] for row in rows],
            "Id": known,
            color.words.capitalize(): [str(color.values[row]) for row in rows],
            "Strength": [float(graph.strength[row]) for row in rows],
        }
    )
    st.dataframe(table, hide_index=True, height=300)
    st.download_button(
        f"CSV of {len(known)} items", table.write_csv(), "selected_items.csv", "text/csv", icon=":material/download:"
    )


def downloads(data: ActiveData, vectors: ItemVectors) -> None:
    """The vectors as files."""
    from recemb_core.embeddings import exporting

    with st.popover("Download the vectors", icon=":material/download:"):
        st.download_button("word2vec text", lambda: exporting.word2vec_text(vectors), "vectors.txt", on_click="ignore")
        st.download_button("npz (numpy, no pickle)", vectors.to_bytes, "vectors.npz", on_click="ignore")
        st.download_button("parquet", lambda: exporting.vectors_parquet(vectors), "vectors.parquet", on_click="ignore")
        st.caption("For the Embedding Projector, a pair:")
        pair = lambda part: lambda: exporting.projector_tsv(vectors, data.side_info)[part]  # noqa: E731
        st.download_button("vectors.tsv", pair(0), "vectors.tsv", on_click="ignore")
        st.download_button("metadata.tsv", pair(1), "metadata.tsv", on_click="ignore")
