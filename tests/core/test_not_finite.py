"""Whatever takes vectors refuses NaN and infinity in one sentence: how many rows, which is the first, what to do."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recemb_core
from recemb_core.bundles import Origin, bundle_files, bundle_zip, save_with_origin
from recemb_core.deep.average import history_average
from recemb_core.embeddings import EGESConfig, ItemVectors, train_eges
from recemb_core.embeddings.exporting import (
    neighbors_parquet,
    neighbors_table,
    projector_tsv,
    projector_zip,
    vectors_parquet,
    word2vec_binary,
    word2vec_text,
)
from recemb_core.embeddings.item_vectors import rows_of
from recemb_core.embeddings.role_features import concatenate
from recemb_core.evaluation import (
    agreement,
    analogies,
    cold_items,
    far_roles,
    homophily,
    kd_tree_decay,
    link_prediction,
    ranking,
)
from recemb_core.evaluation.analogy_study import report_both
from recemb_core.experiments import index_walks
from recemb_core.experiments.index_race import compare_indexes, default_contenders
from recemb_core.experiments.leaderboard import Query, history_scorer
from recemb_core.experiments.recall_indexes import compare_recall_indexes
from recemb_core.experiments.starts import start_from_vectors
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig, aligned_layouts, sampled_layout, umap_layout
from recemb_core.layouts.placing import place_on_map
from recemb_core.layouts.preview import preview_positions
from recemb_core.layouts.umap_map import exact_neighbors, layout_from
from recemb_core.neighbors import (
    AugmentedIndex,
    ExactIndex,
    FaissLSHIndex,
    HNSWConfig,
    HNSWIndex,
    KDTreeIndex,
    LSHConfig,
    LSHIndex,
    base,
    exact,
    hnsw_graph,
    inner_product,
    kd_tree_walk,
    lsh_cell,
    lsh_grid,
    truth,
)
from recemb_core.neighbors.lsh import cells, curve, explain, hashing, pairs
from recemb_core.neighbors.lsh.usual import opening_cell
from recemb_core.serving import RecallServer, SQLiteStore
from recemb_core.validation import finite_rows
from recemb_core.vocabulary import Vocabulary

N, D = 40, 4
GOOD = np.random.default_rng(0).normal(size=(N, D)).astype(np.float32)
NAMES = Vocabulary(f"item {i}" for i in range(N))
GRAPH = ItemGraph.from_edges(np.arange(N), (np.arange(N) + 1) % N, directed=False, items=NAMES)
ROWS = np.arange(5)
GROUPS = ["a", "b"] * (N // 2)


def spoilt(value: float, rows: tuple[int, ...] = (7, 9)) -> np.ndarray:
    bad = GOOD.copy()
    bad[list(rows), 1] = value
    return bad


def after(vectors: np.ndarray) -> ItemVectors:
    """Item vectors that turned bad after they were made."""
    made = ItemVectors(NAMES, GOOD.copy(), GOOD.copy())
    made.vectors[:] = vectors
    return made


def stored(tmp: Path) -> SQLiteStore:
    store = SQLiteStore(tmp / "vectors.db")
    store.publish("m", NAMES.ids, GOOD)
    return store


INDEXES: dict[str, Callable[[], Any]] = {
    **{f"ExactIndex {m}": lambda m=m: ExactIndex(m) for m in ("cosine", "euclidean", "inner_product")},
    **{f"HNSWIndex {m}": lambda m=m: HNSWIndex(HNSWConfig(metric=m)) for m in ("cosine", "euclidean", "inner_product")},
    **{f"LSHIndex {f}": lambda f=f: LSHIndex(LSHConfig(family=f)) for f in ("euclidean", "hyperplane")},
    "KDTreeIndex": KDTreeIndex,
    "FaissLSHIndex": FaissLSHIndex,
    "AugmentedIndex": lambda: AugmentedIndex(ExactIndex("euclidean")),
}
INDEX_METHODS = ("query", "search", "candidates", "add", "table_candidates")
PAIRS = np.array([[0, 1], [7, 9]])
SENTENCE = (
    r"must be finite, but (row|number) \d+ (holds|is) a NaN or infinity "
    r"\(.*the (only|first of \d+) such (row|number)s? of \d+\); \w+"
)
HISTORIES = [np.array([i]) for i in range(N)]
TARGETS = [np.array([(i + 1) % N]) for i in range(N)]
FUNCTIONS = hashing.draw_functions(D, family="euclidean", tables=2, functions=2, width=1.0, seed=0)
HOW: dict[str, Any] = {
    "family": "euclidean", "width": None, "modes": ("and_or",), "seed": 0, "draws": 1, "truth": None,
}  # fmt: skip

# What is called with the bad vectors, by module and name; several ways where there are several arguments.
WALKED = hnsw_graph.build_graph(GOOD)
ASKED = analogies.analogies({"kind": np.arange(N) // 2, "size": np.arange(N) % 2}, "size")
CALLS: dict[str, list[Callable[[np.ndarray], Any]]] = {
    "evaluation.analogies.arithmetic": [lambda x: analogies.arithmetic(x, [0, 1], [2])],
    "evaluation.analogies.measure_analogies": [lambda x: analogies.measure_analogies(x, ASKED)],
    "evaluation.analogy_study.report_both": [lambda x: report_both(x, ASKED)],
    "neighbors.base.unit_rows": [base.unit_rows],
    "neighbors.base.inner_products": [lambda x: base.inner_products(GOOD, x), lambda x: base.inner_products(x, GOOD)],
    "neighbors.base.distinct_rows": [base.distinct_rows],
    "neighbors.exact.nearest_others": [lambda x: exact.nearest_others(x, 3), lambda x: exact.nearest_others(x, 0)],
    "neighbors.truth.true_neighbors": [
        lambda x: truth.true_neighbors(x, ROWS, 3),
        lambda x: truth.true_neighbors(GOOD, x, 3),
    ],
    "neighbors.truth.split_queries": [lambda x: truth.split_queries(x, ROWS), lambda x: truth.split_queries(GOOD, x)],
    "experiments.index_walks.graph_effort": [
        lambda x: index_walks.graph_effort(replace(WALKED, vectors=x), ROWS, 3, 8)
    ],
    "experiments.index_walks.tree_effort": [
        lambda x: index_walks.tree_effort(x, kd_tree_walk.TreeOfCells(GOOD), ROWS, 3)
    ],
    "experiments.index_walks.bucket_effort": [
        lambda x: index_walks.bucket_effort(x, LSHIndex(LSHConfig()).build(GOOD), ROWS, 3)
    ],
    "neighbors.hnsw_graph.build_graph": [lambda x: hnsw_graph.build_graph(x)],
    "neighbors.hnsw_graph.HNSWGraph": [lambda x: replace(WALKED, vectors=x), lambda x: WALKED.walk(x[7], 3, 8)],
    "neighbors.kd_tree_walk.TreeOfCells": [
        lambda x: kd_tree_walk.TreeOfCells(x),
        lambda x: kd_tree_walk.TreeOfCells(GOOD).walk(x[7], 3),
    ],
    "neighbors.inner_product.augment_rows": [inner_product.augment_rows],
    "neighbors.inner_product.augment_queries": [lambda x: inner_product.augment_queries(x, 1.0)],
    "neighbors.base.checked_vectors": [lambda x: base.checked_vectors(x, None)],
    "neighbors.lsh.hashing.default_width": [hashing.default_width],
    "neighbors.lsh.hashing.width_in_use": [lambda x: hashing.width_in_use(x, "euclidean", None)],
    "neighbors.lsh.hashing.HashFunctions.positions": [FUNCTIONS.positions],
    "neighbors.lsh.hashing.HashFunctions.codes": [FUNCTIONS.codes],
    "neighbors.lsh.cells.Measurement": [
        lambda x: cells.Measurement(x, ROWS, 3, **HOW),
        lambda x: cells.Measurement(GOOD, x, 3, **HOW),
        lambda x: cells.Measurement(GOOD, x, 3, **HOW | {"truth": np.zeros((N, 3), np.int32)}),
    ],
    "neighbors.lsh.grid.lsh_cell": [
        lambda x: lsh_cell(x, ROWS, 3, LSHConfig(tables=2, functions=2), draws=2),
        lambda x: lsh_cell(GOOD, x, 3, LSHConfig(tables=2, functions=2), draws=2),
    ],
    "neighbors.lsh.grid.lsh_grid": [
        lambda x: lsh_grid(x, ROWS, 3, tables=2, functions=2),
        lambda x: lsh_grid(GOOD, x, 3, tables=2, functions=2),
    ],
    "neighbors.lsh.curve.distance_sample": [
        lambda x: curve.distance_sample(x, ROWS, 3, family="euclidean"),
        lambda x: curve.distance_sample(x, ROWS, 3, family="hyperplane"),
        lambda x: curve.distance_sample(GOOD, x, 3),
    ],
    "neighbors.lsh.pairs.pair_agreement": [lambda x: pairs.pair_agreement(x, PAIRS, family="hyperplane")],
    "neighbors.lsh.explain.explain_query": [
        lambda x: explain.explain_query(LSHIndex(LSHConfig(tables=2)).build(GOOD), x[7])
    ],
    "embeddings.item_vectors.ItemVectors": [
        lambda x: ItemVectors(NAMES, x),
        lambda x: ItemVectors(NAMES, GOOD, x),
        lambda x: after(x).most_similar("item 1"),
        lambda x: after(x).most_similar("item 1", score="in_out"),
        lambda x: after(x).nearest(3),
        lambda x: after(x).nearest(3, "in_out"),
        lambda x: after(x).to_bytes(),
    ],
    "embeddings.item_vectors.rows_of": [rows_of, lambda x: rows_of(after(x))],
    "embeddings.role_features.concatenate": [lambda x: concatenate(after(x), after(GOOD))],
    "deep.recall.RecallModel": [lambda x: replace(history_average(after(GOOD)), item_vectors=x)],
    "deep.average.history_average": [lambda x: history_average(after(x))],
    "evaluation.homophily.group_score": [
        lambda x: homophily.group_score(x, GROUPS),
        lambda x: homophily.group_score(after(x), GROUPS, metric="euclidean"),
    ],
    "evaluation.homophily.homophily_score": [lambda x: homophily.homophily_score(x, GRAPH)],
    "evaluation.homophily.structural_score": [lambda x: homophily.structural_score(x, GRAPH)],
    "evaluation.agreement.neighbor_agreement": [
        lambda x: agreement.neighbor_agreement(x, GOOD, 3),
        lambda x: agreement.neighbor_agreement(GOOD, after(x), 3),
    ],
    "evaluation.link_prediction.link_prediction_auc": [
        lambda x: link_prediction.link_prediction_auc(x, PAIRS, PAIRS),
        lambda x: link_prediction.link_prediction_auc(after(x), PAIRS, PAIRS, score="inner_product"),
    ],
    "evaluation.far_roles.far_roles_auc": [lambda x: far_roles.far_roles_auc(x, GROUPS, ["left"] * N)],
    "evaluation.cold_items.score_guesses": [
        lambda x: cold_items.score_guesses(GOOD[ROWS], x, GRAPH, ROWS),
        lambda x: cold_items.score_guesses(x, GOOD, GRAPH, np.arange(N)),
    ],
    "experiments.kd_tree_decay.principal_axes": [kd_tree_decay.principal_axes],
    "experiments.kd_tree_decay.kd_tree_decay": [lambda x: kd_tree_decay.kd_tree_decay(x, ROWS, 3, dimensions=[2])],
    "experiments.index_race.compare_indexes": [
        lambda x: compare_indexes(x, ROWS, 3),
        lambda x: compare_indexes(GOOD, x, 3),
    ],
    "experiments.index_race.default_contenders": [default_contenders],
    "evaluation.ranking.rank_next_items": [
        lambda x: ranking.rank_next_items(x, HISTORIES, TARGETS),
        lambda x: ranking.rank_next_items(after(x), HISTORIES, TARGETS, score="cosine"),
        lambda x: ranking.rank_next_items(GOOD, HISTORIES, TARGETS, user_vectors=x),
    ],
    "evaluation.ranking.mean_rows": [lambda x: ranking.mean_rows(x, HISTORIES)],
    "layouts.umap_map.layout_from": [lambda x: layout_from(x, GOOD[:, :2], UMAPConfig(), exact_neighbors)],
    "layouts.preview.preview_positions": [lambda x: preview_positions(after(x), GOOD[:, :2])],
    "experiments.leaderboard.measuring.history_scorer": [
        lambda x, score=score: history_scorer(after(x), Query(score=score)) for score in ("cosine", "in_out")
    ],
    "layouts.umap_map.umap_layout": [
        umap_layout,
        lambda x: umap_layout(after(x)),
        lambda x: umap_layout(GOOD, start=x[:, :2]),
    ],
    "layouts.sampled.sampled_layout": [
        sampled_layout,
        lambda x: sampled_layout(after(x)),
        lambda x: sampled_layout(np.tile(x, (5, 1)), sample=100),  # those that are placed, too
    ],
    "neighbors.lsh.usual.opening_cell": [lambda x: opening_cell(np.tile(x, (5, 1)))],
    "layouts.umap_map.aligned_layouts": [lambda x: aligned_layouts([GOOD, x])],
    "layouts.placing.place_on_map": [
        lambda x: place_on_map(GOOD[0], x, GOOD[:, :2]),
        lambda x: place_on_map(GOOD[0], GOOD, x[:, :2]),
        lambda x: place_on_map(x[7], GOOD, GOOD[:, :2]),
    ],
    "experiments.recall_indexes.compare_recall_indexes": [
        lambda x: compare_recall_indexes(x, GOOD, TARGETS),
        lambda x: compare_recall_indexes(GOOD, x, TARGETS),
    ],
    "embeddings.exporting.word2vec_text": [lambda x: word2vec_text(after(x))],
    "embeddings.exporting.word2vec_binary": [lambda x: word2vec_binary(after(x))],
    "embeddings.exporting.neighbors_table": [lambda x: neighbors_table(after(x))],
    "bundles.bundle.bundle_files": [lambda x: bundle_files(after(x), Origin(data="x"))],
    "bundles.bundle.bundle_zip": [lambda x: bundle_zip(after(x), Origin(data="x"))],
    "bundles.origin.save_with_origin": [lambda x: save_with_origin(os.devnull, after(x), Origin(data="x"))],
    "embeddings.exporting.neighbors_parquet": [lambda x: neighbors_parquet(after(x))],
    "embeddings.exporting.projector_zip": [lambda x: projector_zip(after(x))],
    "embeddings.exporting.projector_tsv": [lambda x: projector_tsv(after(x))],
    "embeddings.exporting.vectors_parquet": [lambda x: vectors_parquet(after(x))],
}
# Methods of indexes and stores, and what takes vectors that are no numbers to be checked.
ELSEWHERE = {
    "experiments.leaderboard.made_elsewhere.brought_query": "of brought vectors, which were checked when read",
    "experiments.leaderboard.made_elsewhere.brought_row": "of brought vectors, which were checked when read",
    "brought.rows.without_zeros": "of vectors of a file, after checked has seen them",
    "runs.handle.RunHandle": "keeps ItemVectors, whose init checks",
    "runs.spec.RunSpec": "its config is a config",
    "sweeps.indexes.measure_index": "by exact and other indexes, which are called below",
    "sweeps.measuring.Measured": "what was measured",
    "sweeps.structure.Structure": "graph and side information; it has its models trained",
    "sweeps.usual.opening_plan": "its config is a config",
    "sweeps.usual.usual_text": "its config is a config",
    "embeddings.preview.resized": "tables of ItemVectors, whose init checks",
    "layouts.preview.MapPreview": "what a preview gives",
    "experiments.leaderboard.entries.Entry": "its config is a config",
    "experiments.leaderboard.measuring.EntryRun": "what was measured",
    "experiments.leaderboard.vector_measures.measure_vectors": "of trained vectors, after history_scorer has seen them",
    "brought.rows.Rows": "what a file gave before rows.checked, whose test is test_brought",
    "brought.vectors.Brought": "of checked rows; what it gives is ItemVectors, whose init checks",
    "brought.vectors.BroughtVectors": "its init is that of ItemVectors",
    "bundles.card.card": "words about vectors that have been checked",
    "neighbors.base.NeighborIndex": "what an index is; the indexes are called below",
    "embeddings.reference.train_chunk": "what tests compare a kernel with",
    "embeddings.weight_forms.weight_case": "takes EGESVectors, whose init checks",
    "embeddings.window_steps.window_gradients": "of the tables that a WindowTrainer has made itself",
    **{
        f"neighbors.{module}.{name}": "below"
        for module, name in (
            ("exact", "ExactIndex"),
            ("kd_tree", "KDTreeIndex"),
            ("hnsw", "HNSWIndex"),
            ("lsh.index", "LSHIndex"),
            ("faiss_lsh", "FaissLSHIndex"),
            ("inner_product", "AugmentedIndex"),
        )
    },
    "serving.store.VectorStore": "what a store is; the stores are called below",
    "serving.sqlite.SQLiteStore": "below",
    "serving.redis.RedisStore": "checks by the same functions as SQLiteStore",
    "embeddings.eges.EGESVectors": "below",
    "deep.average.HistoryAverageConfig": "its vectors is a config",
    "experiments.starts.start_from_vectors": "below",
    "experiments.starts.narrowed": "takes ItemVectors, and checks",
    "experiments.starts.known_rows": "reads no number",
    "deep.average.train_history_average": "takes ItemVectors, whose methods check",
    "deep.registry.RecallSpec": "its item_vectors gives a config",
    "neighbors.base.distances_to_found": "inside of indexes, which have checked",
    "experiments.recall_models.train_recall_model": "takes ItemVectors, whose methods check",
    "experiments.index_race.IndexReport": "its queries is a number",
    "neighbors.lsh.cells.LSHGrid": "its queries is a number",
    "experiments.sweep.SweepBase": "holds ItemVectors",
    "experiments.sweep.cell_of_vectors": "takes ItemVectors",
    "experiments.sweep.SweepCell": "holds ItemVectors",
    "validation.finite_rows": "below",
    "experiments.staleness.tables.Table": "vectors of a trained model, whose init checks",
    "deep.youtube_dnn.user_vectors": "a function of jax inside the training",
    "deep.two_tower.user_vectors": "a function of jax inside the training",
}
TAKES_VECTORS = {"vectors", "points", "queries", "query", "frames", "item_vectors", "user_vectors"}


def takers() -> Iterator[str]:
    """Public functions and classes of the core, outside figures and readers, with an argument that holds vectors."""
    for found in pkgutil.walk_packages(recemb_core.__path__, "recemb_core."):
        if found.name.startswith(("recemb_core.figures", "recemb_core.readers")):
            continue
        module = importlib.import_module(found.name)
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != found.name:
                continue
            methods = [m for key, m in vars(thing).items() if key == "__init__" or not key.startswith("_")]
            parts = [thing] if inspect.isfunction(thing) else methods if inspect.isclass(thing) else []
            for part in parts:
                if inspect.isfunction(part) and TAKES_VECTORS & set(inspect.signature(part).parameters):
                    yield f"{found.name.removeprefix('recemb_core.')}.{name}"
                    break


def test_whatever_takes_vectors_is_in_the_table() -> None:
    named = {name.rsplit(".", 1)[0] for name in CALLS} | set(CALLS) | set(ELSEWHERE)  # methods name their class
    missing = sorted(set(takers()) - named)
    assert not missing, f"new takers of vectors: add them to CALLS (or say in ELSEWHERE why not): {missing}"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", CALLS)
def test_nan_and_infinity_are_refused(name: str, value: float) -> None:
    for call in CALLS[name]:
        with pytest.raises(ValueError, match=SENTENCE) as error:
            call(spoilt(value))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", INDEXES)
def test_indexes_refuse_at_building_and_at_asking(name: str) -> None:
    expected = r"must be finite, but row \d holds a NaN or infinity \(the (first of 2|only) such rows? of \d+\)"
    with pytest.raises(ValueError, match="vectors " + expected):
        INDEXES[name]().build(spoilt(np.nan))
    index = INDEXES[name]().build(GOOD)
    for method in INDEX_METHODS:
        if hasattr(index, method):
            arguments = (3,) if method in ("query", "search") else ()
            with pytest.raises(ValueError, match=expected):
                getattr(index, method)(spoilt(np.inf), *arguments)


def test_stores_servers_and_starts_of_networks_refuse(tmp_path: Path) -> None:
    store = stored(tmp_path)
    with pytest.raises(
        ValueError, match=r"item_vectors must be finite, but row 7 holds .*item 'item 7', the first of 2"
    ):
        store.publish("m", NAMES.ids, spoilt(np.nan))
    with pytest.raises(
        ValueError, match=r"user_vectors must be finite, but row 3 holds .*user 'u3', the only such row of 40"
    ):
        store.publish("m", NAMES.ids, GOOD, [f"u{i}" for i in range(N)], spoilt(np.nan, (3,)))
    with pytest.raises(ValueError, match="vector must be finite"):
        store.put("m", "item", "item 1", spoilt(np.nan)[7])
    with pytest.raises(ValueError, match="must be finite"):
        RecallServer(store, "m").top_for(spoilt(np.nan)[7])
    with pytest.raises(ValueError, match="must be finite"):
        start_from_vectors(None, {"embedding": GOOD}, spoilt(np.nan), 1.0)  # type: ignore[arg-type]
    store.close()


def test_the_first_item_is_named() -> None:
    sentence = (
        r"^vectors must be finite, but row 7 holds a NaN or infinity \(item 'item 7', the first of 2 such rows of 40\);"
        " leave such rows out, or train again with a smaller learning_rate$"
    )
    for call in (
        lambda: ItemVectors(NAMES, spoilt(np.nan)),
        lambda: umap_layout(after(spoilt(np.nan))),
        lambda: homophily.homophily_score(after(spoilt(np.nan)), GRAPH),
        lambda: ranking.rank_next_items(after(spoilt(np.nan)), HISTORIES, TARGETS),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()
    with pytest.raises(ValueError, match=r"number 1 is a NaN or infinity \(the only such number of 4\)"):
        finite_rows(spoilt(np.nan)[7])
    with pytest.raises(ValueError, match=r"frames\[1\] must be finite"):
        aligned_layouts([GOOD, spoilt(np.nan)])


def test_what_is_too_large_for_single_precision_is_refused_too() -> None:
    with pytest.raises(ValueError, match="must be finite"), np.errstate(over="ignore"):
        ExactIndex().build(GOOD.astype(np.float64) * 1e300)  # type: ignore[arg-type]


def test_side_vectors_and_attention_are_checked() -> None:
    import polars as pl

    side = pl.DataFrame({"kind": GROUPS})
    made = train_eges(GRAPH, side, EGESConfig(dimensions=4, num_walks=1, walk_length=5, epochs=1))
    for name in ("own_vectors", "side_vectors", "attention", "vectors", "output_vectors"):
        bad = getattr(made, name).copy()
        bad[1, 0] = np.nan
        with pytest.raises(ValueError, match=f"{name} must be finite, but row 1 holds"):
            replace(made, **{name: bad})
