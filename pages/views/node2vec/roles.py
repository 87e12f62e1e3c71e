"""What structure looks like: node2vec's map beside that of a true role embedding; both leanings as features."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import jobs, maps, model_results, results, session
from pages.kit.allowed import Options
from pages.kit.controls import Labelling
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain
from pages.views.node2vec.one_setting import NODE2VEC_PAGE
from recemb_core.arrays import Float32Array
from recemb_core.embeddings import ItemVectors, Node2VecConfig, RoleFeaturesConfig, train_role_features
from recemb_core.embeddings.role_features import concatenate
from recemb_core.evaluation.far_roles import far_roles_auc
from recemb_core.figures.item_map import item_map_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
from recemb_core.progress import Progress

# (p, q) of the two halves: what the paper takes for communities, and for roles.
HOMOPHILY, STRUCTURE = (1.0, 0.05), (1.0, 20.0)
END_TO_END = "Same role at opposite ends (AUC)"


ROLES_COLOR = Parameter(
    NODE2VEC_PAGE,
    "roles_color",
    "Color by",
    Options(("role", "group"), row=True),
    "role",
    help="The same colors on both maps; shapes always show the role.",
)


def role_vectors(data: ActiveData, graph: ItemGraph, config: RoleFeaturesConfig | None = None) -> ItemVectors:
    """The role embedding of the graph, computed once."""
    config = config or RoleFeaturesConfig()
    key = ("role features", graph.fingerprint, config)
    return results.remember(data, key, lambda: train_role_features(graph, config))


def roles_section(
    data: ActiveData, graph: ItemGraph, vectors: ItemVectors, umap: UMAPConfig, groups: Labelling, roles: Labelling
) -> None:
    """The two maps in the same colors, the four scores, what they say, and the features of both leanings."""
    config: Node2VecConfig = vectors.config
    models = {f"node2vec, p = {config.p:g}, q = {config.q:g}": vectors, "Role features": role_vectors(data, graph)}
    positions = _positions(data, graph, models, umap)
    if positions is None:
        return
    by = {"role": roles, "group": groups}
    color = by[ROLES_COLOR.draw(data, format_func=lambda name: by[name].name)]
    item = session.chosen_item(data)
    columns = st.columns(2, gap="medium")
    for column, (name, model), points, chart in zip(
        columns, models.items(), positions, ("node2vec", "roles"), strict=True
    ):
        near = model.most_similar(item, k=min(10, max(1, len(graph) - 1)))
        figure = item_map_figure(
            points,
            graph.items.ids,
            data.titles,
            color_by=color.values,
            color_title=color.words,
            symbol_by=roles.values,
            symbol_title=roles.words,
            size=np.sqrt(graph.strength),
            chosen=item,
            highlighted=[other for other, _ in near],
            title=f"Map of {name}",
        )
        figure.update_layout(title_text=None)
        with column:
            st.markdown(f"**{name}**")
            live_chart(
                figure, key=f"{chart} map@{data.key}", height=460, on_click=lambda item: session.pick(data, item)
            )
    st.caption(
        "Thin rings: the 10 nearest of the chosen item in each embedding. Items that no feature tells apart have the "
        "same role vector; the map only spreads them out. Click a point to choose it."
    )
    table = scores_table(data, graph, models, groups, roles)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="%.2f")
            for name, kind in table.schema.items()
            if kind == pl.Float64
        },
    )
    st.markdown(_words(table, groups, roles))
    with st.expander("Communities and roles together, as features", icon=":material/join_inner:"):
        _features(data, graph, config)


def _positions(
    data: ActiveData, graph: ItemGraph, models: dict[str, ItemVectors], umap: UMAPConfig
) -> list[Float32Array] | None:
    """Both maps; node2vec's is the page's own, started from that of p = q = 1. None: stopped before they were there."""
    first, second = models.values()
    base = replace(first.config, p=1.0, q=1.0)
    same = base == first.config
    ready = maps.has_map(data, graph, second.config, umap, None) and maps.has_map(
        data, graph, first.config, umap, None if same else base
    )

    def run(report: Progress) -> list[Float32Array]:
        anchor = None if same else model_results.node2vec_vectors(data, graph, base, report)
        left = maps.map_positions(data, graph, first, umap, anchor, report)
        return [left, maps.map_positions(data, graph, second, umap, None, report)]

    job = Job(
        ("role maps", graph.fingerprint, first.config, second.config, umap),
        "both maps",
        1 + len(graph) / 500,
        run,
        asks=False,
    )
    return jobs.result(
        data,
        "role maps",
        job,
        ready=lambda identity: run(lambda fraction, stage: None) if ready and identity == job.identity else None,
        verb="Draw",
        waiting="The map of the role features is not drawn yet.",
    )[0]


def scores_table(
    data: ActiveData, graph: ItemGraph, models: dict[str, ItemVectors], groups: Labelling, roles: Labelling
) -> pl.DataFrame:
    """Both scores of each model and the most that the group sizes allow; on a barbell the far pairs as well."""
    columns: dict[str, list[Any]] = {"Embedding": [*models, "most possible"]}
    for title, by in (("Homophily", groups), ("Structural", roles)):
        scores = [model_results.score(data, model, graph, by.name, by.values) for model in models.values()]
        columns[f"{title} score by {by.words}"] = [*(s.value for s in scores), scores[0].maximum]
    sides = data.labels.get("side")
    if sides is not None and roles.planted and {"left", "right"} <= set(sides.tolist()):
        aucs = [
            results.remember(
                data, ("far roles", graph.fingerprint, model.config), partial(far_roles_auc, model, roles.values, sides)
            )
            for model in models.values()
        ]
        columns[END_TO_END] = [*aucs, 1.0]
    return pl.DataFrame(columns)


def _words(table: pl.DataFrame, groups: Labelling, roles: Labelling) -> str:
    homophily, structural = (table.columns[i] for i in (1, 2))
    walk, role, most = (dict(zip(table.columns, row, strict=True)) for row in table.iter_rows())
    text = (
        f"**What structure would look like**: items of one {roles.words} together, whatever their {groups.words}. "
        f"The role features read it off each item's surroundings (degree, egonet, clustering, then its neighbors' "
        f"means and sums; ReFeX, Henderson et al. 2011): structural score {role[structural]:.2f} of "
        f"{most[structural]:.2f}, homophily {role[homophily]:.2f}; node2vec here: {walk[structural]:.2f} and "
        f"{walk[homophily]:.2f}. Walks bring together what they pass together, so node2vec can gather a role only "
        "where its items are near each other in the graph; **items of one role that are far apart need role features**."
    )
    if END_TO_END in table.columns:
        text += (
            f" At the two ends of this graph, a same-{roles.words} pair has a higher cosine than a pair of two "
            f"{roles.words}s in {walk[END_TO_END]:.0%} of the cases with node2vec and in {role[END_TO_END]:.0%} with "
            "role features; chance is 50 %."
        )
    return text


def _features(data: ActiveData, graph: ItemGraph, config: Node2VecConfig) -> None:
    """Both leanings of node2vec side by side as one table of features, made on request."""
    halves = [replace(config, p=p, q=q) for p, q in (HOMOPHILY, STRUCTURE)]
    st.markdown(
        f"The paper takes a small q for communities and a large one for roles: here q = {HOMOPHILY[1]:g} and "
        f"q = {STRUCTURE[1]:g} (p = 1). "
        f"Side by side, each scaled to length 1, they are {2 * config.dimensions} features an item for a deep model: "
        "cosine in them is the mean of the two cosines."
    )
    missing = [half for half in halves if not model_results.has_node2vec(data, graph, half)]
    if missing:
        job = Job(
            ("both leanings", graph.fingerprint, *halves),
            "both leanings",
            sum(model_results.training_seconds(half, len(graph)) for half in missing),
            lambda report: [model_results.node2vec_vectors(data, graph, half, report) for half in halves],
            asks=True,
        )
        if not jobs.may_run(data, job):
            jobs.run_button(data, "features", [job], verb="Train", names=job.label)
            return
        jobs.perform(data, job)
    joined = concatenate(*(model_results.node2vec_vectors(data, graph, half) for half in halves))
    item = session.chosen_item(data)
    near = ", ".join(plain(data.title_of(other)) for other, _ in joined.most_similar(item, k=5))
    st.markdown(f"Nearest to {plain(data.title_of(item))} by both together: {near}.")
    with st.container(horizontal=True):
        _files(joined, "features")
    with st.container(horizontal=True):
        _files(role_vectors(data, graph), "role_features")


def _files(vectors: ItemVectors, name: str) -> None:
    from recemb_core.embeddings import exporting

    for label, suffix, make in (
        ("word2vec text", "txt", lambda: exporting.word2vec_text(vectors)),
        ("npz", "npz", vectors.to_bytes),
        ("parquet", "parquet", lambda: exporting.vectors_parquet(vectors)),
    ):
        st.download_button(
            f"{field_words(name).capitalize()}: {label}",
            make,
            f"{name}.{suffix}",
            on_click="ignore",
            icon=":material/download:",
            key=f"download {name} {suffix}",
        )
