"""Maps that are drawn once: UMAP of vectors, the layout of a graph."""

from __future__ import annotations

from typing import Any

from pages.kit import model_results, results
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.arrays import Float32Array
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig, graph_layout, umap_layout
from recemb_core.progress import Progress


def model_map(
    data: ActiveData, config: Any, umap: UMAPConfig, progress: Progress | None = None, *, graph: ItemGraph | None = None
) -> Float32Array:
    """The UMAP positions of a model's vectors; see :func:`model_vectors`."""
    vectors = model_results.model_vectors(data, config, progress, graph=graph)
    return map_positions(data, model_results.source_of(data, config, graph), vectors, umap, None, progress)


def has_model_map(data: ActiveData, config: Any, umap: UMAPConfig, *, graph: ItemGraph | None = None) -> bool:
    """Whether a model's map is there without running UMAP."""
    return has_map(data, model_results.source_of(data, config, graph), config, umap, None)


def map_positions(
    data: ActiveData,
    graph: ItemGraph | str,
    vectors: ItemVectors,
    config: UMAPConfig,
    anchor: ItemVectors | None = None,
    progress: Progress | None = None,
) -> Float32Array:
    """UMAP positions; with an anchor, started from the anchor's map so that unmoved items stay where they were.

    ``graph`` is what the vectors were trained on, or the hash of it.
    """
    ready = _ready_map(data, graph, vectors.config, config, None if anchor is None else anchor.config)
    if ready is not None:
        return ready
    key = ("map", _hash(graph), vectors.config, config, None if anchor is None else anchor.config)
    start = None if anchor is None else map_positions(data, graph, anchor, config, None, progress)
    if progress is not None:
        progress(1.0, "drawing the map (UMAP)")
    return results.remember_heavy(data, key, lambda: umap_layout(vectors, config, start=start), progress)


def _ready_map(
    data: ActiveData, graph: ItemGraph | str, vectors_config: Any, config: UMAPConfig, anchor: Node2VecConfig | None
) -> Float32Array | None:
    key = ("map", _hash(graph), vectors_config, config, anchor)
    ready = results.results(data).get(key)
    if ready is None:
        ready = precomputed.load_map(graph, vectors_config, config, anchor)
        if ready is not None:
            results.results(data).put(key, ready)
    return ready


def has_map(
    data: ActiveData, graph: ItemGraph | str, vectors_config: Any, config: UMAPConfig, anchor: Node2VecConfig | None
) -> bool:
    """Whether the map is there without running UMAP."""
    return _ready_map(data, graph, vectors_config, config, anchor) is not None


def _hash(source: ItemGraph | str) -> str:
    return source if isinstance(source, str) else source.fingerprint


def graph_positions(data: ActiveData, graph: ItemGraph, seed: int) -> Float32Array:
    """Force-directed positions of the graph's nodes."""

    def make() -> Float32Array:
        ready = precomputed.load_layout(graph, seed)
        return graph_layout(graph, seed) if ready is None else ready

    return results.remember(data, ("graph layout", graph.fingerprint, seed), make)
