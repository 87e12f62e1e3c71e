"""How near a preview comes to the exact result, and in what part of its time.

    python -m benchmarks.previews [--seeds 3] [--only planted_shop …] [--moves q]

A move from one setting to another, on each data set: the share of an item's 10 nearest neighbors that are those of the
exact result, in the vectors (cosine) and on the map, of what was shown before, of the preview, and of the exact result
of another seed, which says how much of it is noise. On the planted shop the structural score too, whose best-sellers
gather at a large q. The last column is the time of the exact result, its map included, by that of the preview after it.
Means over seeds; the time a median.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.table import Row
from recemb_core.arrays import AnyArray, Float32Array
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import ItemVectors, Node2VecConfig, default_graph, node2vec_defaults, train_node2vec
from recemb_core.evaluation import group_score
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import preview_map, umap_layout
from recemb_core.neighbors.exact import Metric, nearest_others
from recemb_core.warm_up import warm_up_maps, warm_up_previews

K = 10
DATA = ("planted_shop", "les_miserables", "complete_journey")
WIDTHS = {"vectors": 13, "map": 10}  # of columns


def kept(rows: Float32Array, exact: Float32Array, metric: Metric) -> float:
    """Share of the exact result's neighbors."""
    pairs = zip(nearest_others(rows, K, metric), nearest_others(exact, K, metric), strict=True)
    return float(np.mean([len({*a} & {*b}) / K for a, b in pairs]))


def moves(config: Node2VecConfig) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What is moved: words, the setting before and after."""
    d = config.dimensions
    return [
        ("q from 1 to 20", {}, {"q": 20.0}),
        ("q from 20 to 1", {"q": 20.0}, {}),
        ("q from 1 to 2", {}, {"q": 2.0}),
        ("p from 1 to 0.05", {}, {"p": 0.05}),
        (f"window from {config.window} to 5", {}, {"window": 5}),
        (f"dimensions from {d} to {2 * d}", {}, {"dimensions": 2 * d}),
        (f"dimensions from {d} to {d // 2}", {}, {"dimensions": d // 2}),
    ]


def one(graph: ItemGraph, roles: AnyArray | None, config: Node2VecConfig, before: Any, after: Any) -> dict[str, float]:
    """The figures of one move and one seed."""
    first, second = replace(config, **before), replace(config, **after)
    base = umap_layout(train_node2vec(graph, config))

    def exact(setting: Node2VecConfig) -> tuple[ItemVectors, Float32Array]:
        vectors = train_node2vec(graph, setting)
        return vectors, base if setting == config else umap_layout(vectors, start=base)

    shown, places = exact(first)
    start = time.perf_counter()
    wanted = train_node2vec(graph, second)
    wanted_places = umap_layout(wanted, start=base)
    between = time.perf_counter()
    soon = preview_map(second, shown, places, graph=graph)
    end = time.perf_counter()
    if second == config:
        wanted_places = base
    other, other_places = exact(replace(second, seed=config.seed + 1_000))
    found = {"times": (between - start) / (end - between), "exact": between - start, "preview": end - between}
    compared = (("old", shown, places), ("soon", soon.vectors, soon.positions), ("seed", other, other_places))
    for name, vectors, map_ in compared:
        found[f"{name} vectors"] = kept(vectors.vectors, wanted.vectors, "cosine")
        found[f"{name} map"] = kept(map_, wanted_places, "euclidean")
        if roles is not None:
            found[f"{name} role"] = group_score(vectors, roles).value
    if roles is not None:
        found["role"] = group_score(wanted, roles).value
    return found


def graph_of(name: str) -> tuple[ItemGraph, AnyArray | None]:
    """The graph that the page walks, and the planted roles, where there are some."""
    data = load_dataset(name)
    return data.graph if data.graph is not None else default_graph(data.sequences), data.labels.get("role")  # type: ignore[arg-type]


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: what a preview costs beside the exact result, q from 1 to 20."""
    warm_up_maps()
    warm_up_previews()
    for name in DATA:
        graph, roles = graph_of(name)
        runs = [one(graph, roles, node2vec_defaults(len(graph), seed), {}, {"q": 20.0}) for seed in range(3)]
        soon, exact = ([run[which] for run in runs] for which in ("preview", "exact"))
        size = f"{name}, {len(graph):,} items"
        yield Row.of_turns(
            "preview of a moved q", size, "s", "exact result", soon, exact, less_is_better=True, over="seeds"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=DATA)
    parser.add_argument("--moves", default="", help="those whose words begin so")
    chosen = parser.parse_args()
    warm_up_maps()
    warm_up_previews()
    heads = [f"{'neighbors kept':34}", *(f"{f'{kind}: old':>{wide}}  preview   seed" for kind, wide in WIDTHS.items())]
    print(" ".join(heads), " times", flush=True)
    for name in chosen.only:
        graph, roles = graph_of(name)
        print(f"{name}, {len(graph):,} items")
        n = len(graph)
        for words, before, after in moves(node2vec_defaults(n)):
            if not words.startswith(chosen.moves):
                continue
            runs = [one(graph, roles, node2vec_defaults(n, seed), before, after) for seed in range(chosen.seeds)]
            mean = {key: statistics.mean(run[key] for run in runs) for key in runs[0]}
            times = statistics.median(run["times"] for run in runs)
            line = [f"  {words:32}"]
            for kind, width in WIDTHS.items():
                old, soon, seed = (mean[f"{which} {kind}"] for which in ("old", "soon", "seed"))
                line.append(f"{old:{width}.2f} {soon:8.2f} {seed:6.2f}")
            line.append(f"{times:6.1f}")
            if roles is not None:
                line.append(f"  structural: {mean['old role']:.2f} → {mean['soon role']:.2f} of {mean['role']:.2f}")
            print(" ".join(line), flush=True)


if __name__ == "__main__":
    main()
