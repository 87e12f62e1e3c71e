"""A first look at the map that other settings will give: few rounds from the positions on the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recemb_core.arrays import Float32Array, Int32Array, NumberArray
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.registry import spec_of
from recemb_core.layouts.umap_map import UMAPConfig, as_umap, exact_neighbors, layout_from
from recemb_core.neighbors.exact import ExactIndex
from recemb_core.progress import Progress
from recemb_core.validation import UsageError

EPOCHS, FEWER = 20, 8  # of UMAP, and of many items; an exact map that starts from another takes 60
# Items. Of more, neighbors are fewer, and those in the nearest cells of a coarse grid, which are not all.
MANY, NEIGHBORS, PROBES = 5_000, 10, 4


@dataclass(frozen=True, eq=False)
class MapPreview:
    """What may be shown until the exact result is there.

    Attributes:
        vectors: near those of the settings asked for; their ``config`` is no model's.
        positions: float32 (n, 2), near the place where the exact map will have the items.
    """

    vectors: ItemVectors
    positions: Float32Array


def preview_map(
    config: Any,
    shown: ItemVectors,
    positions: NumberArray,
    umap: UMAPConfig | None = None,
    *,
    progress: Progress | None = None,
    **data: Any,
) -> MapPreview:
    """A preview of the vectors and the map of other settings, from those on the screen.

    Args:
        config: the settings asked for, of a model that has a preview (``ModelSpec.preview``).
        shown: the vectors on the screen, of the same items.
        positions: (n, 2), theirs.
        umap: how the map is drawn; its ``n_epochs`` is not used.
        progress: called with (fraction, stage); an exception raised in it ends the preview.
        data: what the model is trained on, by name: ``graph=``.

    Raises:
        ValueError: the model has no preview, its data is missing, or ``shown`` does not fit.

    >>> import networkx as nx
    >>> from recemb_core.embeddings import Node2VecConfig, train_node2vec
    >>> from recemb_core.item_graph import ItemGraph
    >>> from recemb_core.layouts import umap_layout
    >>> graph = ItemGraph.from_networkx(nx.karate_club_graph())
    >>> first = train_node2vec(graph, Node2VecConfig(dimensions=8, num_walks=4, walk_length=10))
    >>> soon = preview_map(replace(first.config, q=4.0), first, umap_layout(first), graph=graph)
    >>> soon.positions.shape, soon.vectors.config.of.q
    ((34, 2), 4.0)
    """
    spec = spec_of(config)
    if spec.preview is None:
        raise UsageError(f"{spec.name} has no preview; train it with train_model")
    missing = [need for need in spec.needs if data.get(need) is None]
    if missing:
        raise UsageError(f"a preview of {spec.name} needs {' and '.join(missing)}, and none is given")
    vectors = spec.preview(*(data[need] for need in spec.needs), config, shown, progress=progress)
    return MapPreview(vectors, preview_positions(vectors, positions, umap, progress=progress))


def preview_positions(
    vectors: ItemVectors,
    start: NumberArray,
    config: UMAPConfig | None = None,
    *,
    epochs: int | None = None,
    progress: Progress | None = None,
) -> Float32Array:
    """Positions of the items near ``start``, float32 (n, 2): UMAP on their new neighbors, for few rounds.

    Above 5,000 items there are at most 10 neighbors, looked for in a part of the items only: those in the 4 nearest of
    2 √n cells of a k-means grid. Below 8 items, and where all coincide, ``start`` itself.

    Args:
        vectors: of the items.
        start: (n, 2) positions on the screen.
        config: how the map is drawn.
        epochs: rounds; by default 20, and 8 above 5,000 items.
        progress: as above.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> three = ItemVectors(Vocabulary(["a", "b", "c"]), np.eye(3, dtype=np.float32))
    >>> preview_positions(three, np.zeros((3, 2))).tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    few = (config or UMAPConfig()).for_size(len(vectors))
    if len(vectors) > MANY:
        few = replace(few, n_neighbors=min(few.n_neighbors or NEIGHBORS, NEIGHBORS), n_epochs=epochs or FEWER)
    else:
        few = replace(few, n_epochs=epochs or EPOCHS)
    return layout_from(vectors, start, few, near_neighbors, progress)


def near_neighbors(rows: Float32Array, k: int, metric: str) -> tuple[Int32Array, Float32Array]:
    """Neighbors as UMAP wants them, of many items only those that a coarse grid finds."""
    n = len(rows)
    if n <= MANY:
        return exact_neighbors(rows, k, metric)
    import faiss

    cells = int(2 * np.sqrt(n))
    coarse = faiss.IndexFlatL2(rows.shape[1])
    index = faiss.IndexIVFFlat(coarse, rows.shape[1], cells)
    index.cp.niter, index.cp.max_points_per_centroid, index.cp.min_points_per_centroid, index.cp.seed = 4, 64, 1, 0
    index.train(rows)
    index.add(rows)
    index.nprobe = PROBES
    squared, ids = index.search(rows, k)
    distances = np.sqrt(np.maximum(squared, 0.0))
    short = (ids < 0).any(axis=1)  # its cells hold fewer than k
    if short.any():
        ids[short], distances[short] = ExactIndex("euclidean").build(rows).query(rows[short], k)
    return as_umap(ids.astype(np.int32), distances, metric)
