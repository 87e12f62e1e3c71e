"""Vectors → 2-D positions by UMAP: one map, or a sweep of aligned maps."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from recemb_core.arrays import Float32Array, FloatArray, Int32Array, NumberArray
from recemb_core.embeddings.item_vectors import ItemVectors, rows_of
from recemb_core.layouts.graph import disc
from recemb_core.neighbors.base import unit_rows, without_own
from recemb_core.neighbors.exact import ExactIndex
from recemb_core.progress import Progress
from recemb_core.validation import UsageError, finite_rows, require

# Below this UMAP's neighbor graph is the complete graph and says nothing that a projection does not say.
SMALLEST_FOR_UMAP = 8
FROM_START = 60  # epochs from given positions
# (rows, k, metric) → (ids, distances), both (n, k), the row itself first at distance 0
Neighbors = Callable[[Float32Array, int, str], tuple[Int32Array, Float32Array]]


@dataclass(frozen=True, kw_only=True)
class UMAPConfig:
    """How the map is drawn.

    Attributes:
        n_neighbors: items that each item tries to stay near; small shows detail, large shows the whole.
            None: 30 for small sets, 15 for larger ones.
        min_dist: how closely points may pack, 0 to 1; larger spreads groups out. None: by size, so that the groups
            of a small set do not collapse into dots.
        repulsion: weight of pushing unrelated points apart; smaller keeps separate groups from drifting far away.
            None: by size.
        metric: what "near" means between vectors.
        n_epochs: optimisation rounds; None: UMAP's own choice by size, 60 for a warm start.
        seed: same seed, same vectors → same map.
    """

    n_neighbors: int | None = None
    min_dist: float | None = None
    repulsion: float | None = None
    metric: Literal["cosine", "euclidean"] = "cosine"
    n_epochs: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        require(
            self.n_neighbors is None or self.n_neighbors >= 2, "n_neighbors", self.n_neighbors, "at least 2, or None"
        )
        require(self.min_dist is None or 0 <= self.min_dist <= 1, "min_dist", self.min_dist, "from 0 to 1, or None")
        require(self.repulsion is None or self.repulsion >= 0, "repulsion", self.repulsion, "0 or more, or None")
        require(self.metric in ("cosine", "euclidean"), "metric", self.metric, "'cosine' or 'euclidean'")
        require(self.n_epochs is None or self.n_epochs >= 1, "n_epochs", self.n_epochs, "at least 1, or None")
        require(0 <= self.seed < 2**32, "seed", self.seed, "from 0 to 2^32 − 1")

    def for_size(self, n: int) -> UMAPConfig:
        """This config with every None of the drawing filled in for n items."""
        # Measured on the planted shop (176 items): against 15, 0.9, 0.1 the gap between neighbors on the map doubles,
        # and the shares of neighbors by category and role in the plane stay what they are in the vectors.
        neighbors, min_dist, repulsion = (30, 1.0, 0.5) if n < 500 else (15, 0.4, 0.5) if n < 5_000 else (15, 0.1, 1.0)
        return replace(
            self,
            n_neighbors=max(2, min(self.n_neighbors if self.n_neighbors is not None else neighbors, n - 1)),
            min_dist=self.min_dist if self.min_dist is not None else min_dist,
            repulsion=self.repulsion if self.repulsion is not None else repulsion,
        )


def umap_layout(
    vectors: ItemVectors | FloatArray,
    config: UMAPConfig | None = None,
    *,
    start: NumberArray | None = None,
    progress: Progress | None = None,
) -> Float32Array:
    """Positions of the items in the plane, float32 (n, 2), by UMAP on exact nearest neighbors.

    Near points have near vectors; distances between far groups, directions and the size of gaps mean nothing.
    Fewer than 8 items, or items that all coincide, are drawn without UMAP (principal axes, or a small disc).

    Args:
        vectors: (n, d), or ItemVectors.
        config: see :class:`UMAPConfig`.
        start: (n, 2) positions to start from, so that items whose neighbors did not change stay where they were.
        progress: called with (fraction done, stage) after every epoch; an exception raised in it ends the run.

    Raises:
        ValueError: vectors hold a NaN or infinity (the row is named), or ``start`` has another number of rows
            or holds such a value.

    References:
        McInnes, Healy, Melville, *UMAP* (2018), arXiv 1802.03426.

    >>> umap_layout(np.eye(3)).shape
    (3, 2)
    """
    with _told(progress):
        return _layout(vectors, config or UMAPConfig(), start, _umap)


def layout_from(
    vectors: ItemVectors | FloatArray,
    start: NumberArray,
    config: UMAPConfig,
    neighbors: Neighbors,
    progress: Progress | None = None,
) -> Float32Array:
    """:func:`umap_layout` from given positions, with a search of one's own.

    Where there is nothing to lay out (fewer than 8 items, or all coincide), ``start`` itself.
    """

    def draw(rows: Float32Array, config: UMAPConfig, start: NumberArray | None) -> Float32Array:
        from umap.umap_ import fuzzy_simplicial_set

        _prepare()
        config = config.for_size(len(rows))
        assert config.n_neighbors is not None
        assert start is not None
        ids, distances = neighbors(rows, config.n_neighbors, config.metric)
        random = np.random.RandomState(config.seed)
        graph, *_ = fuzzy_simplicial_set(
            rows, config.n_neighbors, random, "euclidean", knn_indices=ids, knn_dists=distances
        )
        return _from_start(graph, config, start)

    with _told(progress):
        return _layout(vectors, config, start, draw, small=np.asarray(start, dtype=np.float32))


def _layout(
    vectors: ItemVectors | FloatArray,
    config: UMAPConfig,
    start: NumberArray | None,
    draw: Callable[[Float32Array, UMAPConfig, NumberArray | None], Float32Array],
    small: Float32Array | None = None,
) -> Float32Array:
    """``draw`` of rows that are checked; ``small`` in the place of what is drawn without UMAP."""
    rows = np.asarray(rows_of(vectors), dtype=np.float32)
    if rows.ndim != 2:
        raise UsageError(f"vectors must be (n, d), not of shape {rows.shape}")
    finite_rows(rows)  # what is too large for float32 is infinite now
    if start is not None and np.shape(start) != (len(rows), 2):
        raise UsageError(f"start must be ({len(rows)}, 2), not {np.shape(start)}")
    if start is not None:
        finite_rows(start, "start", advice="give every item a place, or leave start out")
    if config.metric == "cosine":
        rows = unit_rows(rows)
    if len(rows) == 0 or np.ptp(rows, axis=0).max(initial=0.0) < 1e-6:
        return disc(len(rows)) if small is None else small
    if len(rows) < SMALLEST_FOR_UMAP:
        return _principal_axes(rows) if small is None else small
    return draw(rows, config, start)


def aligned_layouts(frames: Sequence[ItemVectors | FloatArray], config: UMAPConfig | None = None) -> Float32Array:
    """Maps of a sweep in which unmoved items stay where they are: float32 (frames, n, 2).

    Each frame is laid out on its own neighbor graph, starting from the frame before.

    >>> aligned_layouts([np.eye(3), np.eye(3)]).shape
    (2, 3, 2)
    """
    if len(frames) == 0:
        raise UsageError("aligned_layouts needs at least one frame")
    arrays = [rows_of(vectors, f"frames[{at}]") for at, vectors in enumerate(frames)]  # before the first is laid out
    layouts = [umap_layout(arrays[0], config)]
    for vectors in arrays[1:]:
        layouts.append(umap_layout(vectors, config, start=layouts[-1]))
    return np.stack(layouts)


def _umap(rows: Float32Array, config: UMAPConfig, start: NumberArray | None) -> Float32Array:
    # umap's import pulls tensorflow-free but heavy numba code: seconds, so never at module level.
    import umap

    _prepare()
    config = config.for_size(len(rows))
    assert config.n_neighbors is not None
    init = _principal_axes(rows) * 5
    flat = np.ptp(init, axis=0) == 0  # UMAP divides by each axis's extent
    init[:, flat] = np.random.default_rng(config.seed).normal(scale=0.01, size=(len(rows), flat.sum()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # n_jobs with a seed, no transform without a search index: both meant
        model = umap.UMAP(
            n_neighbors=config.n_neighbors,
            min_dist=config.min_dist,
            repulsion_strength=config.repulsion,
            metric="euclidean",  # rows are unit length under cosine: the same order, and it is only told the neighbors
            n_epochs=config.n_epochs,
            init=init,
            random_state=config.seed,
            n_jobs=1,
            precomputed_knn=(*exact_neighbors(rows, config.n_neighbors, config.metric), None),
            transform_mode="embedding" if start is None else "graph",
        ).fit(rows)
    if start is None:
        return np.asarray(model.embedding_, dtype=np.float32)
    return _from_start(model.graph_, config, start)


_REPORT: ContextVar[Progress | None] = ContextVar("report", default=None)


@contextmanager
def _told(progress: Progress | None) -> Iterator[None]:
    """Epochs of this thread are told to ``progress``."""
    before = _REPORT.set(progress)
    try:
        yield
    finally:
        _REPORT.reset(before)


def _epochs(epochs: Iterable[int], **_: Any) -> Iterator[int]:
    """In umap's loop in the place of its progress bar, which keeps its lock for ever when an exception ends it."""
    report, count = _REPORT.get(), len(list(epochs))
    for epoch in epochs:
        yield epoch
        if report is not None:
            report((epoch + 1) / count, "epochs")


@lru_cache(maxsize=1)
def _prepare() -> None:
    """Have umap tell its epochs, and numba keep what umap would compile anew in every process: 8 s, else 0.2."""
    import umap
    from numba.core.caching import NullCache

    umap.layouts.tqdm = _epochs
    for function in (one for module in (umap.umap_, umap.layouts) for one in vars(module).values()):
        if isinstance(getattr(function, "_cache", None), NullCache):
            with suppress(RuntimeError):  # nowhere to write
                function.enable_caching()


def _from_start(graph: Any, config: UMAPConfig, start: NumberArray) -> Float32Array:
    """UMAP's optimisation from given positions: its own ``init`` would stretch them to a 10 × 10 square first."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, make_epochs_per_sample

    epochs = config.n_epochs if config.n_epochs is not None else FROM_START
    edges = graph.tocoo()
    heavy = edges.data >= edges.data.max() / epochs  # lighter ones would not be drawn once
    rng = np.random.default_rng(config.seed)
    # A breath of noise, because points that coincide neither attract nor repel each other.
    positions = np.asarray(start, dtype=np.float32)
    noise = rng.normal(scale=1e-4 * max(float(np.ptp(positions)), 1.0), size=positions.shape)
    positions = np.ascontiguousarray(positions + noise, dtype=np.float32)
    a, b = find_ab_params(1.0, config.min_dist)
    placed = optimize_layout_euclidean(
        positions,
        positions,
        edges.row[heavy],
        edges.col[heavy],
        epochs,
        len(positions),
        make_epochs_per_sample(edges.data[heavy], epochs),
        a,
        b,
        rng.integers(np.iinfo(np.int32).min + 1, np.iinfo(np.int32).max, 3),
        gamma=config.repulsion,
        initial_alpha=0.25,  # at 1, maps of unchanged vectors differ three times as much, for no better neighbors
        move_other=True,
    )
    return np.asarray(placed, dtype=np.float32)


def exact_neighbors(rows: Float32Array, k: int, metric: str) -> tuple[Int32Array, Float32Array]:
    """Exact neighbors as UMAP wants them: the row itself first at distance 0, then the others."""
    return as_umap(*ExactIndex("euclidean").build(rows).query(rows, k), metric)


def as_umap(ids: Int32Array, distances: Float32Array, metric: str) -> tuple[Int32Array, Float32Array]:
    """What a search gives for each row itself, in UMAP's form; ids and Euclidean distances (n, k)."""
    own = np.arange(len(ids))
    ids, distances = without_own(ids, distances, own)  # a duplicate may stand before the row itself
    ids, distances = (
        np.column_stack([own.astype(np.int32), ids]),
        np.column_stack([np.zeros(len(own), np.float32), distances]),
    )
    # Euclidean distance of unit rows is √(2(1 − cos)); UMAP is given the cosine distance itself.
    return ids, (distances**2 / 2 if metric == "cosine" else distances).astype(np.float32)


def _principal_axes(rows: Float32Array) -> Float32Array:
    """The first two principal coordinates, scaled to ±1, signs fixed so that the result repeats."""
    centered = rows - rows.mean(axis=0)
    left, size, _ = np.linalg.svd(centered.astype(np.float64), full_matrices=False)
    axes = np.zeros((len(rows), 2))
    found = min(2, len(size))
    axes[:, :found] = left[:, :found] * size[:found]
    for column in range(found):
        if axes[np.abs(axes[:, column]).argmax(), column] < 0:
            axes[:, column] *= -1
    return (axes / max(float(np.abs(axes).max()), 1e-12)).astype(np.float32)
