"""Import the heavy libraries and compile the numba kernels, so that the first real run does not wait for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np


def warm_up() -> None:
    """All of them; the compiled kernels stay in the process and in numba's disk cache."""
    for step in (warm_up_walks, warm_up_maps, warm_up_previews, warm_up_models, warm_up_lsh):
        step()


def _ring(directed: bool = False) -> Any:
    from recemb_core.item_graph import ItemGraph

    ring = np.arange(20)
    return ItemGraph.from_edges(ring, np.roll(ring, 1), directed=directed)


def warm_up_walks() -> None:
    """Walks of both orders and skip-gram on them, on a toy graph."""
    from recemb_core.embeddings import Node2VecConfig, train_node2vec

    for directed in (False, True):
        for q in (1.0, 2.0):
            train_node2vec(_ring(directed), Node2VecConfig(dimensions=4, num_walks=1, walk_length=5, q=q))


def warm_up_maps() -> None:
    """UMAP, from nothing and from places."""
    from recemb_core.embeddings import Node2VecConfig, train_node2vec
    from recemb_core.layouts import umap_layout

    vectors = train_node2vec(_ring(), Node2VecConfig(dimensions=4, num_walks=1, walk_length=5))
    umap_layout(vectors, start=umap_layout(vectors))


def warm_up_previews() -> None:
    """A preview of a map, on a directed graph and on one that is not."""
    from recemb_core.embeddings import Node2VecConfig, train_node2vec
    from recemb_core.layouts import preview_map

    for directed in (False, True):
        graph, config = _ring(directed), Node2VecConfig(dimensions=4, num_walks=1, walk_length=5)
        shown = train_node2vec(graph, config)
        for q in (1.0, 2.0):
            preview_map(replace(config, q=q), shown, np.eye(len(graph))[:, :2], graph=graph)


def warm_up_deep() -> None:
    """What the networks are written in."""
    import jax  # noqa: F401
    import optax  # noqa: F401


def warm_up_models() -> None:
    """gensim, which trains CBOW and trees, and the kernels of the models that are compared."""
    import gensim.models  # noqa: F401
    import polars as pl

    from recemb_core.embeddings import comparison_defaults, train_model
    from recemb_core.item_graph import build_item_graph
    from recemb_core.sequences import Sequences

    shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]], ordered=False)
    known: dict[str, Any] = {
        "graph": build_item_graph(shop),
        "side_info": pl.DataFrame({"kind": ["drink", "drink", "thing"]}),
    }
    for config in comparison_defaults(shop, **known).values():
        train_model(config, sequences=shop, **known)


def warm_up_lsh() -> None:
    """The kernels of the hash tables and of the grid over their settings."""
    from recemb_core.datasets.point_clouds import gaussian_points
    from recemb_core.neighbors import LSHConfig, LSHIndex, lsh_grid

    points = gaussian_points(30, 4)
    index = LSHIndex(LSHConfig(tables=2, functions=2)).build(points)
    index.query(points, 2)
    index.candidates(points)
    lsh_grid(points, np.arange(5), 2, tables=2, functions=2)


# --- a process that makes previews (recemb_core.processes.WorkerProcess) ---


def ready() -> None:
    """What it loads before the first one."""
    import faiss  # noqa: F401
    import umap  # noqa: F401

    import recemb_core.layouts  # noqa: F401


def at_leisure() -> list[Callable[[], None]]:
    """What it compiles."""
    return [warm_up_previews]


if __name__ == "__main__":
    warm_up()
