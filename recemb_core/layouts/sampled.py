"""A map of many items: a sample is laid out, the others are placed among it."""

from __future__ import annotations

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, FloatArray, Int64Array, NumberArray
from recemb_core.embeddings.item_vectors import ItemVectors, rows_of
from recemb_core.layouts.umap_map import UMAPConfig, umap_layout
from recemb_core.neighbors.exact import ExactIndex
from recemb_core.progress import Progress
from recemb_core.validation import is_whole, require

NEAR = 5  # items of the sample that place another one
SOFTNESS = 0.05  # of their weights, as in place_on_map
SMALLEST = 100  # a sample below this says little of the others


def sample_rows(n: int, most: int, seed: int = 0) -> Int64Array:
    """Rows drawn at random from n without repetition, in row order, int64 (min(n, most),).

    >>> sample_rows(3, 5).tolist(), len(sample_rows(1_000, 5))
    ([0, 1, 2], 5)
    """
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def sampled_layout(
    vectors: ItemVectors | FloatArray,
    config: UMAPConfig | None = None,
    *,
    sample: int = 3_000,
    start: NumberArray | None = None,
    progress: Progress | None = None,
) -> Float32Array:
    """Positions of all items in the plane, float32 (n, 2), by UMAP of a random sample of them.

    The sample (:func:`sample_rows` with the config's seed) is laid out by :func:`umap_layout`, whose time then does not
    grow with n. Any other item stands at Σ_i w_i y_i over its 5 nearest of the sample, w_i ∝ e^{cos_i / 0.05} (equal
    weights where the metric is Euclidean), as :func:`~recemb_core.layouts.placing.place_on_map` places one.

    Args:
        vectors: (n, d), or ItemVectors.
        config: see :class:`UMAPConfig`.
        sample: items that are laid out, at least 100; with n ≤ sample this is :func:`umap_layout`.
        start: (n, 2) positions to start from.
        progress: see :func:`umap_layout`.

    Raises:
        ValueError: as :func:`umap_layout`, or a sample below 100.

    >>> sampled_layout(np.random.default_rng(0).normal(size=(140, 4)), UMAPConfig(n_epochs=5), sample=100).shape
    (140, 2)
    """
    require(is_whole(sample) and sample >= SMALLEST, "sample", sample, f"a whole number, at least {SMALLEST}")
    config, every = config or UMAPConfig(), rows_of(vectors)
    rows = sample_rows(len(every), sample, config.seed)
    if len(rows) == len(every):
        return umap_layout(vectors, config, start=start, progress=progress)
    part = np.asarray(every[rows], dtype=np.float32)
    begin = None if start is None else np.asarray(start)[rows]
    drawn = umap_layout(part, config, start=begin, progress=progress)
    positions = np.empty((len(every), 2), dtype=np.float32)
    positions[rows] = drawn
    others = np.setdiff1d(np.arange(len(every)), rows, assume_unique=True)
    index = ExactIndex(config.metric).build(part)
    ids, distances = index.query(np.asarray(every[others], dtype=np.float32), min(NEAR, len(rows)))
    weights = _weights(distances) if config.metric == "cosine" else np.full(ids.shape, 1 / ids.shape[1])
    positions[others] = (weights[:, :, None] * drawn[ids]).sum(axis=1)
    return positions


def _weights(distances: Float32Array) -> Float64Array:
    """Of each found item in the mean of its row, from cosine distances."""
    near = np.exp((distances[:, :1] - distances).astype(np.float64) / SOFTNESS)
    return np.asarray(near / near.sum(axis=1, keepdims=True))
