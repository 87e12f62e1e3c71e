"""Compute what the first pages show of the bundled data: vectors, maps, graph drawings, scores over seeds.

    make precomputed
    python data/build_precomputed.py sweeps      # only scores over seeds and sweeps of the node2vec page
    python data/build_precomputed.py models      # only the models of the Neighbors page
    python data/build_precomputed.py recall      # only the recall models of the Deep models page
    python data/build_precomputed.py networks    # only the embedding layer and pre-training of the Deep models page

Run it after a change to the walks, the trainer, the layouts, the defaults or the bundled data; a test fails until then.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recemb_core import precomputed
from recemb_core.datasets import Dataset, list_datasets, load_dataset
from recemb_core.deep.comparison import compare_networks, layer_defaults
from recemb_core.deep.features import feature_table
from recemb_core.deep.pretraining import before_and_after, compare_starts, pretraining_defaults
from recemb_core.deep.two_tower import TwoTowerConfig
from recemb_core.embeddings import (
    comparison_defaults,
    node2vec_defaults,
    train_model,
    train_node2vec,
    train_role_features,
    training_fingerprint,
)
from recemb_core.embeddings import default_graph as graph_of
from recemb_core.evaluation import group_score, strength_tiers
from recemb_core.evaluation.noise import default_seeds
from recemb_core.evaluation.ranking import next_item_cases
from recemb_core.item_graph import ItemGraph, communities
from recemb_core.layouts import UMAPConfig, graph_layout, umap_layout
from recemb_core.recall_comparison import (
    both_figures,
    cold_item_report,
    floor_scorer,
    recall_defaults,
    recall_fingerprint,
    train_recall_model,
)
from recemb_core.sequences import split_sessions
from recemb_core.sweeps import SweepConfig, save_sweep, sweep_base, sweep_cell

RECALL_SETS = ("complete_journey", "planted_shop")
# (dimensions, popularity power of negatives) and numbers of events on the Deep models page.
LAYERS = [(16, 0.75), (8, 0.75), (16, 1.0), (16, 0.0)]
PRETRAINING_EVENTS = [40_000]
# (p, q) of the page's opening and of its experiments.
BIASES = [(1.0, 1.0), (1.0, 20.0), (1.0, 0.05), (0.05, 20.0)]


def default_graph(data: Dataset) -> ItemGraph:
    """The graph that the pages walk by default."""
    if data.graph is not None:
        return data.graph
    assert data.sequences is not None
    return graph_of(data.sequences)


def build(name: str) -> None:
    """Drawing of the graph, vectors and maps of the node2vec page."""
    data = load_dataset(name)
    graph = default_graph(data)
    np.save(precomputed.layout_path(graph, 0), graph_layout(graph, 0))
    umap = UMAPConfig().for_size(len(graph))
    base_config = node2vec_defaults(len(graph))
    base = train_node2vec(graph, base_config)
    base_map = umap_layout(base, umap)
    for p, q in BIASES:
        config = replace(base_config, p=p, q=q)
        vectors = base if config == base_config else train_node2vec(graph, config)
        vectors.save(precomputed.vectors_path(graph, config))
        if config == base_config:
            np.save(precomputed.map_path(graph, config, umap, None), base_map)
        else:
            np.save(precomputed.map_path(graph, config, umap, base_config), umap_layout(vectors, umap, start=base_map))
    roles = train_role_features(graph)
    np.save(precomputed.map_path(graph, roles.config, umap, None), umap_layout(roles, umap))


def build_sweep(name: str) -> None:
    """Scores over seeds and the sweep of the node2vec page."""
    data = load_dataset(name)
    graph = default_graph(data)
    seeds = default_seeds(len(graph))
    labels = {
        "category" if "category" in data.labels else "community": data.labels.get("category", communities(graph, 0)),
        "role" if "role" in data.labels else "strength tier": data.labels.get("role", strength_tiers(graph)),
    }
    base_config = node2vec_defaults(len(graph))
    for p, q in BIASES:
        config = replace(base_config, p=p, q=q)
        runs = [train_node2vec(graph, replace(config, seed=seed)) for seed in range(seeds)]
        scores = {name: [group_score(run, groups).value for run in runs] for name, groups in labels.items()}
        precomputed.scores_path(graph, config).write_text(json.dumps(scores) + "\n")
        print(f"{name}: p={p:g} q={q:g}", {k: round(float(np.mean(v)), 3) for k, v in scores.items()}, flush=True)
    sweep = SweepConfig(seeds=seeds, base=base_config, umap=UMAPConfig().for_size(len(graph)))
    base = sweep_base(graph, sweep, labels, train_node2vec)
    cells = [sweep_cell(graph, sweep, labels, base, p, q, train_node2vec) for p, q in sweep.cells]
    save_sweep(precomputed.sweep_path(graph, sweep), cells, base)
    print(f"{name}: sweep of {len(cells)} cells, {seeds} seeds", flush=True)


def build_models(name: str) -> None:
    """Vectors and maps of the default models, on sessions as the pages cut them by default."""
    data = load_dataset(name)
    if data.sequences is None:
        return
    graph = default_graph(data)
    sequences = split_sessions(data.sequences, gap_minutes=60) if data.sequences.ordered else data.sequences
    umap = UMAPConfig().for_size(len(graph))
    for model, config in comparison_defaults(sequences, graph, data.side_info).items():
        known = {"sequences": sequences, "graph": graph, "side_info": data.side_info}
        key = training_fingerprint(config, **known)
        place = precomputed.vectors_path(key, config)
        vectors = train_model(config, **known)
        vectors.save(place)
        np.save(precomputed.map_path(key, config, umap, None), umap_layout(vectors, umap))
        print(f"{name}: {model}, {place.stat().st_size / 1e3:.0f} kB", flush=True)


def build_networks(name: str) -> None:
    """Scores, learning curves and maps that the Deep models page shows first, and after its experiments."""
    data = load_dataset(name)
    assert data.sequences is not None
    for dimensions, power in LAYERS:
        layers = layer_defaults(dimensions, power)
        table = feature_table(data.sequences, layers.features)
        compared = compare_networks(table, layers)
        compared.save(precomputed.networks_path(table.fingerprint, layers))
        print(f"{name}: d={dimensions}", {m.name: round(m.scores.auc, 3) for m in compared.models}, flush=True)
    umap = UMAPConfig().for_size(len(data.items))
    for events in PRETRAINING_EVENTS:
        config = pretraining_defaults(events)
        table = feature_table(data.sequences, config.features)
        report = compare_starts(data.sequences, config)
        report.save(precomputed.networks_path(table.fingerprint, config))
        for start in config.starts:
            maps = before_and_after(report.before[start], report.after[start], umap)
            np.save(precomputed.networks_map_path(table.fingerprint, config, start, umap), maps)
        print(f"{name}: starts on {events:,} events, {report.seconds:.0f} s", flush=True)


def build_recall(name: str) -> None:
    """The recall models of the Deep models page, their maps, rankings and cold items; ``recall`` alone builds these."""
    sequences = load_dataset(name).sequences
    assert sequences is not None
    if sequences.ordered:
        sequences = split_sessions(sequences, gap_minutes=60)  # as the page does by default
    cases, key = next_item_cases(sequences), recall_fingerprint(sequences)
    precomputed.save_rankings(key, None, both_figures(floor_scorer(cases), cases))
    for title, config in recall_defaults().items():
        # What is loaded has three digits; map and rankings are of exactly that.
        model = train_recall_model(cases.train, config).halved()
        model.save(precomputed.recall_path(key, config), half=True)
        precomputed.save_rankings(key, config, both_figures(model.scores, cases))
        umap = UMAPConfig().for_size(len(model))
        np.save(precomputed.map_path(key, config, umap, None), umap_layout(model.item_vectors, umap))
        size = precomputed.recall_path(key, config).stat().st_size
        print(f"{name}: {title}, {model.seconds:.1f} s, {size / 1e3:.0f} kB", flush=True)
    tower = recall_defaults()["Two-tower"]
    assert isinstance(tower, TwoTowerConfig)
    precomputed.save_cold(key, tower, cold_item_report(sequences, tower))


if __name__ == "__main__":
    precomputed.FOLDER.mkdir(exist_ok=True)
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    if not only:
        for old in precomputed.FOLDER.iterdir():
            old.unlink()
    if only in ("", "sweeps"):
        for kind in ("scores", "sweep"):
            for old in precomputed.FOLDER.glob(f"{kind}_*"):
                old.unlink()
    for info in list_datasets():
        if not only:
            build(info.name)
        if only in ("", "sweeps"):
            build_sweep(info.name)
        if only in ("", "models"):
            build_models(info.name)
    if only in ("", "networks"):
        for old in precomputed.FOLDER.glob("networks_*"):
            old.unlink()
        build_networks("complete_journey")
    if only in ("", "recall"):
        for kind in ("recall", "ranking", "cold"):
            for old in precomputed.FOLDER.glob(f"{kind}_*"):
                old.unlink()
        for name in RECALL_SETS:
            build_recall(name)
