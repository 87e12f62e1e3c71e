"""Import the heavy libraries and compile the numba kernels, so that the first real run does not wait for them."""

from __future__ import annotations

import numpy as np


def warm_up() -> None:
    """Train and lay out a toy graph; the compiled kernels stay in the process and in numba's disk cache."""
    from recemb_core.embeddings import Node2VecConfig, train_node2vec
    from recemb_core.item_graph import ItemGraph
    from recemb_core.layouts import umap_layout

    n = 20
    ring = np.arange(n)
    for directed in (False, True):
        graph = ItemGraph.from_edges(ring, np.roll(ring, 1), directed=directed)
        for q in (1.0, 2.0):
            vectors = train_node2vec(graph, Node2VecConfig(dimensions=4, num_walks=1, walk_length=5, q=q))
    umap_layout(vectors, start=umap_layout(vectors))


if __name__ == "__main__":
    warm_up()
