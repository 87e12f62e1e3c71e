"""Compute what the first pages show of the bundled data: vectors, maps, graph drawings, scores over seeds.

    make precomputed

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
from recemb_core.embeddings import node2vec_defaults, train_node2vec, train_role_features
from recemb_core.evaluation import group_score, strength_tiers
from recemb_core.item_graph import ItemGraph, backbone, build_item_graph, communities
from recemb_core.layouts import UMAPConfig, graph_layout, umap_layout
from recemb_core.sweeps import SweepConfig, save_sweep, sweep_base, sweep_cell

SEEDS = 5
# (p, q) of the page's opening and of its experiments.
BIASES = [(1.0, 1.0), (1.0, 20.0), (1.0, 0.05), (0.05, 20.0)]


def default_graph(data: Dataset) -> ItemGraph:
    """The graph that the pages walk by default."""
    if data.graph is not None:
        return data.graph
    assert data.sequences is not None
    graph = build_item_graph(data.sequences)
    return graph if graph.directed else backbone(graph, method="noise_corrected", edges_per_item=8)


def build(name: str) -> None:
    data = load_dataset(name)
    graph = default_graph(data)
    np.save(precomputed.layout_path(graph, 0), graph_layout(graph, 0))
    umap = UMAPConfig().for_size(len(graph))
    base_config = node2vec_defaults(len(graph))
    labels = {
        "category" if "category" in data.labels else "community": data.labels.get("category", communities(graph, 0)),
        "role" if "role" in data.labels else "strength tier": data.labels.get("role", strength_tiers(graph)),
    }
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
        runs = [vectors, *(train_node2vec(graph, replace(config, seed=seed)) for seed in range(1, SEEDS))]
        scores = {name: [group_score(run, groups).value for run in runs] for name, groups in labels.items()}
        precomputed.scores_path(graph, config).write_text(json.dumps(scores) + "\n")
        print(f"{name}: p={p:g} q={q:g}", {k: round(float(np.mean(v)), 3) for k, v in scores.items()}, flush=True)

    roles = train_role_features(graph)
    np.save(precomputed.map_path(graph, roles.config, umap, None), umap_layout(roles, umap))
    sweep = SweepConfig(base=base_config, umap=umap)
    sweep_from = sweep_base(graph, sweep, labels, train_node2vec)
    cells = [sweep_cell(graph, sweep, labels, sweep_from, p, q, train_node2vec) for p, q in sweep.cells]
    save_sweep(precomputed.sweep_path(graph, sweep), cells, sweep_from)
    print(f"{name}: sweep of {len(cells)} cells", flush=True)


if __name__ == "__main__":
    precomputed.FOLDER.mkdir(exist_ok=True)
    for old in precomputed.FOLDER.iterdir():
        old.unlink()
    for info in list_datasets():
        build(info.name)
