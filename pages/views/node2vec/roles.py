"""What structure looks like: node2vec's map beside that of a true role embedding; both leanings as features."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from pages.kit import frame, jobs, maps, model_results, results, stage
from pages.kit.allowed import Options
from pages.kit.controls import Labelling
from pages.kit.downloads import download
from pages.kit.jobs import Job
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.tables import table_or_lines
from pages.kit.text import field_words, plain
from pages.views.node2vec.one_setting import NODE2VEC_PAGE, SCORES, Shown, draw_map
from recemb_core.arrays import Float32Array
from recemb_core.embeddings import ItemVectors, RoleFeaturesConfig, train_role_features
from recemb_core.embeddings.role_features import concatenate
from recemb_core.evaluation.far_roles import far_roles_auc
from recemb_core.item_graph import ItemGraph

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


def role_vectors(data: ActiveData, graph: ItemGraph) -> ItemVectors:
    """The role embedding of the graph, computed once."""
    config = RoleFeaturesConfig()
    key, seconds = ("role features", graph.fingerprint, config), 0.1 + 2e-5 * graph.num_edges
    found: ItemVectors = results.compute(
        data, key, train_role_features, graph, config, seconds=seconds, what="role features"
    )
    return found


def roles_section(shown: Shown) -> None:
    """The two maps in the same colors, the four scores, what they say, and the features of both leanings."""
    data, config, (groups, roles) = shown.data, shown.config, shown.labellings
    models = {
        f"node2vec, p = {config.p:g}, q = {config.q:g}": shown.vectors,
        "Role features": role_vectors(data, shown.graph),
    }
    *_, second = models.values()
    positions = _role_positions(shown, second)
    if positions is None:
        return
    by = {"role": roles, "group": groups}
    color = by[ROLES_COLOR.value(data)]
    with stage.picture():
        columns = frame.side_by_side("roles-beside", (1, 1), "15rem")
        for column, (name, model), points, chart in zip(
            columns, models.items(), (shown.positions, positions), ("node2vec", "roles"), strict=True
        ):
            near = [other for other, _ in shown.nearest(model)]
            with column:
                st.markdown(f"**{name}**")
                draw_map(
                    shown, points, color, key=f"{chart} map", height=400, above=296, symbols=True, highlighted=near,
                    named=f"Map of {name}",
                )  # fmt: skip
    ROLES_COLOR.draw(data, format_func=lambda name: by[name].words)
    st.caption(
        "Thin rings: the 10 nearest of the chosen item in each embedding. Items that no feature tells apart have the "
        "same role vector; the map only spreads them out. Click a point to choose it."
    )
    table = scores_table(shown, models)
    number = st.column_config.NumberColumn(format="%.2f")
    table_or_lines(table, "roles", dict.fromkeys(table.columns[1:], number))
    st.markdown(_words(table, groups, roles))
    title = "Communities and roles together, as features"
    # With a state of its own it stays open while what is in it changes.
    with st.expander(title, icon=":material/join_inner:", key=f"features open@{data.key}", on_change="rerun"):
        _features(shown)


def _role_positions(shown: Shown, roles: ItemVectors) -> Float32Array | None:
    """The map of the role features; None: stopped before it was there."""
    data, graph, umap = shown.data, shown.graph, shown.umap
    draw = lambda report: maps.map_positions(data, graph, roles, umap, None, report)  # noqa: E731
    identity = ("role maps", graph.fingerprint, roles.config, umap)
    job = Job(identity, "the map of the role features", 1 + len(graph) / 1000, draw, asks=False)
    return jobs.result(
        data,
        "role maps",
        job,
        ready=lambda identity: (
            draw(None) if identity == job.identity and maps.has_map(data, graph, roles.config, umap, None) else None
        ),
        verb="Draw",
        waiting="The map of the role features is not drawn yet.",
    )[0]


def scores_table(shown: Shown, models: dict[str, ItemVectors]) -> pl.DataFrame:
    """Both scores of each model and the most that the group sizes allow; on a barbell the far pairs as well."""
    columns: dict[str, list[Any]] = {"Embedding": [*models, "most possible"]}
    for title, by in zip(SCORES, shown.labellings, strict=True):
        scores = [shown.score(model, by) for model in models.values()]
        columns[f"{title} score by {by.words}"] = [*(s.value for s in scores), scores[0].maximum]
    data, roles = shown.data, shown.labellings[1]
    sides = data.labels.get("side")
    if sides is not None and roles.planted and {"left", "right"} <= set(sides.tolist()):
        key = ("far roles", shown.graph.fingerprint)
        aucs = [
            results.remember(data, (*key, model.config), partial(far_roles_auc, model, roles.values, sides))
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
            "role features; chance is 50%."
        )
    return text


def _features(shown: Shown) -> None:
    """Both leanings of node2vec side by side as one table of features, made on request."""
    data, graph = shown.data, shown.graph
    halves = [replace(shown.config, p=p, q=q) for p, q in (HOMOPHILY, STRUCTURE)]
    st.markdown(
        f"The paper takes a small q for communities and a large one for roles: here q = {HOMOPHILY[1]:g} and q = "
        f"{STRUCTURE[1]:g} (p = 1). Side by side, each scaled to length 1, they are {2 * shown.config.dimensions} "
        "features an item for a deep model: cosine in them is the mean of the two cosines."
    )
    missing = [half for half in halves if not shown.has(half)]
    if missing:
        job = Job(
            ("both leanings", graph.fingerprint, *halves),
            "both leanings",
            sum(model_results.model_seconds(data, half, len(graph)) for half in missing),
            lambda report: [shown.train(half, report) for half in halves],
            asks=True,
        )
        if not jobs.may_run(data, job):
            jobs.run_button(data, "features", [job], verb="Train", names=job.label)
            return
        jobs.perform(data, job)
    joined = concatenate(*map(shown.train, halves))
    near = ", ".join(plain(data.title_of(other)) for other, _ in joined.most_similar(shown.item, k=5))
    st.markdown(f"Nearest to {plain(data.title_of(shown.item))} by both together: {near}.")
    for vectors, name in ((joined, "features"), (role_vectors(data, graph), "role_features")):
        with st.container(horizontal=True):
            _files(vectors, name)


def _files(vectors: ItemVectors, name: str) -> None:
    from recemb_core.embeddings import exporting

    for label, suffix, make in (
        ("word2vec text", "txt", exporting.word2vec_text),
        ("npz", "npz", ItemVectors.to_bytes),
        ("parquet", "parquet", exporting.vectors_parquet),
    ):
        words = field_words(name).capitalize()
        download(f"{words}: {label}", f"{name}.{suffix}", make, vectors, key=f"download {name} {suffix}")
