"""Maps that are drawn once: UMAP of vectors, the layout of a graph."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pages.kit import large, model_results, results
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.arrays import Float32Array, FloatArray
from recemb_core.brought import BroughtVectors
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig, graph_layout, sampled_layout, umap_layout
from recemb_core.progress import Progress

LAID_OUT = 2_000  # nodes of a large graph that are laid out by its edges


def model_map(
    data: ActiveData, config: Any, umap: UMAPConfig, progress: Progress | None = None, *, graph: ItemGraph | None = None
) -> Float32Array:
    """The UMAP positions of a model's vectors; see :func:`model_vectors`. Of brought ones: of items that have any."""
    vectors = model_results.model_vectors(data, config, progress, graph=graph)
    if isinstance(vectors, BroughtVectors):
        vectors = vectors.own()
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
    key = _map_key(data, graph, vectors.config, config, None if anchor is None else anchor.config)
    start = None if anchor is None else map_positions(data, graph, anchor, config, None, progress)
    return draw_umap(data, key, vectors, config, start, progress)


def draw_umap(
    data: ActiveData,
    key: Hashable,
    vectors: ItemVectors | FloatArray,
    config: UMAPConfig,
    start: Float32Array | None = None,
    progress: Progress | None = None,
) -> Float32Array:
    """The UMAP of some vectors, kept as ``key``."""
    words = "drawing the map (UMAP)"

    def tell(fraction: float, stage: str) -> None:
        if progress is not None:
            progress(fraction, words if stage in ("", "epochs") else f"{words}, {stage}")

    tell(0.0, "")
    sample = large.on_map(data)
    more: dict[str, Any] = {} if sample is None else {"sample": sample}
    found: Float32Array = results.compute(
        data,
        key,
        umap_layout if sample is None else sampled_layout,
        vectors,
        config,
        start=start,
        seconds=map_seconds(data, len(vectors)),
        progress=progress and tell,
        reports=True,
        **more,
    )
    return found


def map_seconds(data: ActiveData, n: int) -> float:
    """About how long a UMAP of n items takes, or of the sample that is drawn of large data."""
    return 1 + min(n, large.on_map(data) or n) / 1_000


def map_asks(data: ActiveData) -> bool | None:
    """Whether a map waits for its button, as a job takes it: that of a small sample of large data does not."""
    return False if (large.on_map(data) or large.LARGE + 1) <= large.LARGE else None


def _map_key(data: ActiveData, graph: ItemGraph | str, *configs: Any) -> tuple[Any, ...]:
    """Of positions; those of a sample are others for each size of it."""
    sample = large.on_map(data)
    return ("map", _hash(graph), *configs) if sample is None else ("map", _hash(graph), *configs, sample)


def _ready_map(
    data: ActiveData, graph: ItemGraph | str, vectors_config: Any, config: UMAPConfig, anchor: Node2VecConfig | None
) -> Float32Array | None:
    key = _map_key(data, graph, vectors_config, config, anchor)
    return results.ready(data, key, lambda: precomputed.load_map(graph, vectors_config, config, anchor))


def has_map(
    data: ActiveData, graph: ItemGraph | str, vectors_config: Any, config: UMAPConfig, anchor: Node2VecConfig | None
) -> bool:
    """Whether the map is there without running UMAP."""
    return _ready_map(data, graph, vectors_config, config, anchor) is not None


def _hash(source: ItemGraph | str) -> str:
    return source if isinstance(source, str) else source.fingerprint


def graph_positions(data: ActiveData, graph: ItemGraph, seed: int) -> Float32Array:
    """Force-directed positions of the graph's nodes; of a large graph around those of the most connected ones."""
    key = ("graph layout", graph.fingerprint, seed)
    ready = results.ready(data, key, lambda: precomputed.load_layout(graph, seed))
    if ready is None:
        most = LAID_OUT if len(graph) > large.LARGE else None
        seconds, what = 0.1 + min(len(graph), most or len(graph)) / 1_000, "the layout of the graph"
        ready = results.compute(data, key, graph_layout, graph, seed, seconds=seconds, what=what, most=most)
    return ready
