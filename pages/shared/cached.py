"""Results that are computed once: the only ``st.cache_*``, the one lock around heavy work, the warm-up."""

from __future__ import annotations

import dataclasses
import importlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages.shared.selection import ActiveData
from recemb_core import precomputed
from recemb_core.embeddings import ItemVectors, Node2VecConfig, Progress, train_node2vec
from recemb_core.evaluation import GroupScore, group_score
from recemb_core.item_graph import ItemGraph, communities
from recemb_core.layouts import UMAPConfig, graph_layout, umap_layout

BYTES_KEPT = 400_000_000


class Results:
    """A least-recently-used store of results under a byte budget; safe to use from several threads."""

    def __init__(self, budget: int = BYTES_KEPT) -> None:
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._budget, self._used, self._lock = budget, 0, threading.Lock()

    def get(self, key: Hashable) -> Any:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, value: Any) -> None:
        with self._lock:
            if key in self._kept:
                return
            size = _size(value)
            self._kept[key] = (value, size)
            self._used += size
            while self._used > self._budget and len(self._kept) > 1:
                self._used -= self._kept.popitem(last=False)[1][1]


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if dataclasses.is_dataclass(value):
        return sum(_size(getattr(value, f.name)) for f in dataclasses.fields(value)) + 200
    if isinstance(value, tuple | list):
        return sum(map(_size, value)) + 100
    return 100


@st.cache_resource(max_entries=1, show_spinner=False)
def _shared_results() -> Results:
    return Results()


@st.cache_resource(max_entries=1, show_spinner=False, scope="session")
def session_results() -> Results:
    """Results that only this session may see, and that go with it."""
    return Results()


@st.cache_resource(max_entries=1, show_spinner=False)
def heavy_lock() -> threading.Lock:
    """One training or UMAP run at a time in the whole process: jobs queue instead of fighting for the cores."""
    return threading.Lock()


def results(data: ActiveData) -> Results:
    """Where results of this data set live: an upload's in its own session, a bundled set's shared by all."""
    return session_results() if data.uploaded else _shared_results()


def remember(data: ActiveData, key: Hashable, make: Callable[[], Any]) -> Any:
    """The stored result of ``key``, or ``make()`` stored."""
    store = results(data)
    value = store.get(key)
    if value is None:
        value = make()
        store.put(key, value)
    return value


def remember_heavy(data: ActiveData, key: Hashable, make: Callable[[], Any], progress: Progress | None = None) -> Any:
    """Like :func:`remember`, under the lock; while another run has it, the wait is shown and can be stopped."""
    value = results(data).get(key)
    if value is not None:
        return value
    lock = heavy_lock()
    while not lock.acquire(timeout=0.2):
        if progress is not None:
            progress(0.0, "waiting for another run on this server to end")
    try:
        return remember(data, key, make)
    finally:
        lock.release()


def node2vec_vectors(
    data: ActiveData, graph: ItemGraph, config: Node2VecConfig, progress: Progress | None = None
) -> ItemVectors:
    """node2vec vectors of a graph: from the store, from the bundled file, or trained now."""
    key = ("node2vec", graph.fingerprint, config)
    ready = results(data).get(key) or precomputed.load_vectors(graph, config)
    if ready is not None:
        results(data).put(key, ready)
        return ready

    def train() -> ItemVectors:
        start = time.perf_counter()
        vectors = train_node2vec(graph, config, progress=progress)
        # Compiling, or a busy machine, makes a run look slow: come down by steps only.
        _speed()["work"] = max(_work(config, len(graph)) / (time.perf_counter() - start), 0.7 * _speed()["work"])
        return vectors

    return remember_heavy(data, key, train, progress)


def has_node2vec(data: ActiveData, graph: ItemGraph, config: Node2VecConfig) -> bool:
    """Whether the vectors are there without training."""
    stored = results(data).get(("node2vec", graph.fingerprint, config)) is not None
    return stored or precomputed.vectors_path(graph, config).exists()


def _work(config: Node2VecConfig, n: int) -> float:
    """Multiplications of a training run, up to a factor: tokens × contexts × (1 + negatives) × (d and overhead)."""
    tokens = n * config.num_walks * config.walk_length * config.epochs
    return tokens * (config.window + 1) * (1 + config.negative) * (config.dimensions + 64)


@st.cache_resource(max_entries=1, show_spinner=False)
def _speed() -> dict[str, float]:
    return {"work": 2.5e9}  # a start; each run on this machine corrects it


def training_seconds(config: Node2VecConfig, n: int) -> float:
    """Estimated seconds of a training run, from the last one on this machine."""
    return _work(config, n) / _speed()["work"]


def map_positions(
    data: ActiveData,
    graph: ItemGraph,
    vectors: ItemVectors,
    config: UMAPConfig,
    anchor: ItemVectors | None = None,
    progress: Progress | None = None,
) -> npt.NDArray[np.float32]:
    """UMAP positions; with an anchor, started from the anchor's map so that unmoved items stay where they were."""
    ready = _ready_map(data, graph, vectors.config, config, None if anchor is None else anchor.config)
    if ready is not None:
        return ready
    key = ("map", graph.fingerprint, vectors.config, config, None if anchor is None else anchor.config)
    start = None if anchor is None else map_positions(data, graph, anchor, config, None, progress)
    if progress is not None:
        progress(1.0, "drawing the map (UMAP)")
    return remember_heavy(data, key, lambda: umap_layout(vectors, config, start=start), progress)


def _ready_map(
    data: ActiveData,
    graph: ItemGraph,
    vectors_config: Node2VecConfig,
    config: UMAPConfig,
    anchor: Node2VecConfig | None,
) -> npt.NDArray[np.float32] | None:
    key = ("map", graph.fingerprint, vectors_config, config, anchor)
    ready = results(data).get(key)
    if ready is None:
        ready = precomputed.load_map(graph, vectors_config, config, anchor)
        if ready is not None:
            results(data).put(key, ready)
    return ready


def has_map(
    data: ActiveData,
    graph: ItemGraph,
    vectors_config: Node2VecConfig,
    config: UMAPConfig,
    anchor: Node2VecConfig | None,
) -> bool:
    """Whether the map is there without running UMAP."""
    return _ready_map(data, graph, vectors_config, config, anchor) is not None


def graph_positions(data: ActiveData, graph: ItemGraph, seed: int) -> npt.NDArray[np.float32]:
    """Force-directed positions of the graph's nodes."""

    def make() -> npt.NDArray[np.float32]:
        ready = precomputed.load_layout(graph, seed)
        return graph_layout(graph, seed) if ready is None else ready

    return remember(data, ("graph layout", graph.fingerprint, seed), make)


def graph_communities(data: ActiveData, graph: ItemGraph, seed: int) -> npt.NDArray[np.int32]:
    """Louvain communities of the graph."""
    return remember(data, ("communities", graph.fingerprint, seed), lambda: communities(graph, seed))


def score(data: ActiveData, vectors: ItemVectors, graph: ItemGraph, by: str, groups: npt.NDArray) -> GroupScore:
    """Neighbor-share score of the vectors by a labelling named ``by``."""
    key = ("score", graph.fingerprint, vectors.config, by)
    return remember(data, key, lambda: group_score(vectors, groups))


@st.cache_resource(max_entries=1, show_spinner=False)
def warm_up() -> threading.Thread | None:
    """Import and compile what training and UMAP need, once a process, behind the first paint."""
    if os.environ.get("RECEMB_NO_WARM_UP"):
        return None
    # Imported here first: two threads that import a package with circular imports can each see it half made.
    for name in ("pandas", "scipy.sparse", "scipy.stats", "igraph", "faiss"):
        importlib.import_module(name)
    thread = threading.Thread(target=_warm, name="warm-up", daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    time.sleep(1.0)  # the first page is drawn before the compilers take the processor
    from recemb_core.warm_up import warm_up as run

    with heavy_lock():
        run()
